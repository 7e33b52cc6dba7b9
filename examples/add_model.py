"""A risk model of your own: one class that has the shape of `clearway.ports.model.Model`.

    python examples/add_model.py

It passes the suite that every model must pass, decides payments, and explains itself. This one
knows two things: how far an amount is from what the payer usually sends, and whether the payee is
new to it. A model that is read from a file of one of the known kinds needs no class at all: see
`clearway models`, and docs/decisions/019-models.md.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearway.ports.check_model import check_model
from clearway.risk import FACTS, FeatureState, Scorer
from clearway.risk.features import FEATURES

DEVIATION, NEW = FEATURES.index("amount_deviation"), FEATURES.index("payee_new")


@dataclass(frozen=True)
class TwoThings:
    """The log-odds are `base`, plus `per_deviation` for each deviation up to 10, plus `new`."""

    model_id: bytes
    base: float
    per_deviation: float
    new: float
    is_bounded: bool = True  # NumPy on a batch: nothing here waits

    @classmethod
    def of_bytes(cls, data: bytes) -> "TwoThings":
        """The file's hash is the model's name: it stands in every decision that it makes."""
        return cls(hashlib.sha256(data).digest(), **json.loads(data))

    def raw_scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        parts = self.contributions(features)
        return self.base + parts[:, DEVIATION] + parts[:, NEW]

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        return np.rint(10_000 / (1 + np.exp(-raw.clip(-50, 50)))).astype(np.uint16)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        parts = np.zeros(features.shape)
        deviation = np.nan_to_num(features[:, DEVIATION], nan=0.0).clip(0, 10)
        parts[:, DEVIATION] = self.per_deviation * deviation
        parts[:, NEW] = self.new * (features[:, NEW] == 1)
        return parts


class Case:
    """What the suite needs: rows, and the file once more."""

    data = b'{"base": -6.0, "per_deviation": 0.5, "new": 1.5}'

    def __init__(self) -> None:
        self.model = TwoThings.of_bytes(self.data)

    def rows(self, n: int) -> NDArray[np.float32]:
        return np.random.default_rng(n).normal(size=(n, len(FEATURES))).astype(np.float32)

    def again(self) -> TwoThings:
        return TwoThings.of_bytes(self.data)

    def other(self) -> TwoThings:
        return TwoThings.of_bytes(self.data + b" ")


def main() -> None:
    check_model(Case())
    print("it passes the suite")

    day_ns = 86_400 * 10**9
    facts = np.zeros(31, dtype=FACTS)  # a month of ordinary payments, then one that is not
    facts["payer"], facts["payee"] = 1, 2
    facts["amount_eur"] = facts["amount_major"] = 20.0 + np.arange(31) % 3
    facts["time_ns"] = 20_000 * day_ns + np.arange(31) * day_ns
    facts[-1]["payee"], facts[-1]["amount_eur"], facts[-1]["amount_major"] = 3, 900.0, 900.0

    scores = Scorer(FeatureState(), Case().model).score(facts)
    for name, k in (("ordinary", -2), ("unusual", -1)):
        print(f"{name}: {scores.score_bps[k]} basis points, outcome {scores.outcome[k]}")


if __name__ == "__main__":
    main()
