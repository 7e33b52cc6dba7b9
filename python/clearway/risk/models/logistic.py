"""A logistic regression that learns payment by payment, and the models that it leaves behind.

The learner is river's `StandardScaler() | LogisticRegression(SGD(0.01))` in compiled code: the same
weights after the same rows (tests/risk/models/test_logistic.py). There it takes 36 us to learn a
row of 48 features and 8 us to score one, here 0.3 and 0.8 us in batches.

A learner changes with every row; a Model never does. `snapshot` gives the bytes of a model file,
named by their hash, so that a decision can always be traced to the weights that made it.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.compiled import REQUIRED, compiled
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features, columns_of, meanings_of
from clearway.risk.models.knots import parse_knots, read_knots

FORMAT: Final = "clearway-risk-logistic/1"
RATE: Final = 0.01  # of the weights and of the intercept
FAR: Final = 50.0  # deviations; what is further out counts as this far
_SIGMOID: Final = np.linspace(-16.0, 16.0, 257)


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A Model (ports/model.py). mean, scale, weights: float64[k]; a feature counts as deviations
    from its mean, and one that is no number not at all. Therefore `weight * deviations` is its
    exact part, and `base` the score of a row of means (the Shapley value of a linear model)."""

    model_id: bytes
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    base: float
    knots: NDArray[np.float64]
    is_bounded: bool = True

    @classmethod
    def of_bytes(cls, data: bytes, *, source: str) -> Self:
        """Parses a model file. Raises risk.model_format."""
        try:
            document: dict[str, Any] = json.loads(data)
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']}, needed {FORMAT}")
            columns = columns_of(document["features"])
            mean, scale, weights = rows = np.zeros((3, len(FEATURES)))
            for row, name in zip(rows, ("mean", "scale", "weights"), strict=True):
                said = np.array(document[name], dtype=np.float64)
                if said.shape != columns.shape or not np.isfinite(said).all():
                    raise ValueError("needs one finite number a feature")
                row[columns] = said
            if (scale < 0).any() or not np.isfinite(float(document["base"])):
                raise ValueError("a scale below zero, or a base that is not finite")
            knots = parse_knots(document["calibration"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise RiskFault("risk.model_format", path=source, what=str(error)) from error
        base = float(document["base"])
        return cls(hashlib.sha256(data).digest(), mean, scale, weights, base, knots)

    def raw_scores(self, features: Features) -> NDArray[np.float64]:
        """Log-odds float64[n] of float32[n, k]."""
        raw: NDArray[np.float64] = self.base + self.contributions(features).sum(axis=1)
        return raw

    def contributions(self, features: Features) -> NDArray[np.float64]:
        """float64[n, k]; with `base` a row's sum is its raw score."""
        away = np.where(np.isfinite(features), features, self.mean) - self.mean
        parts: NDArray[np.float64] = np.divide(
            away, self.scale, out=np.zeros(features.shape), where=self.scale > 0
        )
        return parts.clip(-FAR, FAR) * self.weights

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Basis points uint16[n] of raw scores."""
        return read_knots(self.knots, raw)


class OnlineLogistic:
    """The learner. Learns rows in their order; the same rows give the same weights."""

    def __init__(self, features: int = len(FEATURES)) -> None:
        self.rows = 0
        self.mean = np.zeros(features)
        self.variance = np.zeros(features)
        self.weights = np.zeros(features)
        self.intercept = np.zeros(1)

    def learn(self, features: Features, is_fraud: NDArray[np.bool_]) -> None:
        """Rows float32[n, k] with their truth bool[n]. A value that is not finite teaches nothing
        of its feature and counts as the mean."""
        learn_rows(
            np.require(features, np.float32, REQUIRED), np.require(is_fraud, np.bool_, REQUIRED),
            self.rows, self.mean, self.variance, self.weights, self.intercept,
        )  # fmt: skip
        self.rows += len(features)

    def snapshot(self, knots: NDArray[np.float64] | None = None) -> bytes:
        """A model file of the weights as they are. knots: of a calibration of their raw scores;
        without it the log-odds are taken at their word."""
        if knots is None:
            bps = SCORE_BPS_MAX / (1.0 + np.exp(-_SIGMOID))
            knots = np.stack([_SIGMOID, np.round(bps, 3)], axis=1)
        document = {
            "format": FORMAT, "features": meanings_of(np.arange(len(FEATURES))),
            "rows": self.rows, "mean": self.mean.tolist(),
            "scale": np.sqrt(self.variance).tolist(), "weights": self.weights.tolist(),
            "base": float(self.intercept[0]), "calibration": knots.tolist(),
        }  # fmt: skip
        return json.dumps(document, separators=(",", ":")).encode()


@compiled(
    types.void(
        types.float32[:, ::1], types.bool_[::1], types.int64, types.float64[::1],
        types.float64[::1], types.float64[::1], types.float64[::1],
    )
)  # fmt: skip
def learn_rows(
    features: Any, is_fraud: Any, rows: int, mean: Any, variance: Any, weights: Any, intercept: Any
) -> None:
    """Welford's running mean and population variance, then one step down the gradient."""
    deviations = np.zeros(features.shape[1])
    for i in range(features.shape[0]):
        raw = intercept[0]
        for k in range(features.shape[1]):
            value = np.float64(features[i, k])
            if not np.isfinite(value):
                value = mean[k]
            before = mean[k]
            mean[k] += (value - before) / (rows + i + 1)
            variance[k] += ((value - before) * (value - mean[k]) - variance[k]) / (rows + i + 1)
            deviations[k] = 0.0
            if variance[k] > 0.0:
                away = (value - mean[k]) / np.sqrt(variance[k])
                deviations[k] = min(max(away, -FAR), FAR)
            raw += weights[k] * deviations[k]
        wrong = 1.0 / (1.0 + np.exp(-raw)) - is_fraud[i]
        intercept[0] -= RATE * wrong
        for k in range(features.shape[1]):
            weights[k] -= RATE * wrong * deviations[k]
