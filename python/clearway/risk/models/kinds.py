"""The kinds of model that are trained: how each is fitted and calibrated, as the bytes of its file.

forest: boosted trees, the default. logistic: what a learner has seen payment by payment, so that it
is small and read by everybody. isolation: how unusual a payment is, for what nobody has labelled.
Each is fitted on the first part of the payments, and calibrated on the next.
"""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import FEATURES, Features, meanings_of
from clearway.risk.features.declared import LEARNED
from clearway.risk.models.boosting import boost, chances, parameters_of
from clearway.risk.models.calibration import choose_calibration
from clearway.risk.models.forest import Forest
from clearway.risk.models.isolation import SAMPLE, assume_calibration, fit_isolation
from clearway.risk.models.isolation import TREES as ISOLATION_TREES
from clearway.risk.models.knots import Knots
from clearway.risk.models.logistic import FAR, RATE, LogisticModel, OnlineLogistic
from clearway.risk.models.model import FORMAT

HONEST_MAX: Final = 1_000_000  # of the honest payments to fit on; the rest is drawn from by weight
TREES: Final = 150
ASSUMED_BPS: Final = 50  # of all payments are frauds, where nobody knows better

_PARAMETERS: Final = {
    "num_leaves": 31, "max_depth": 6, "learning_rate": 0.12, "min_data_in_leaf": 40,
    "lambda_l2": 2.0, "feature_fraction": 0.6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Samples:
    """n payments to learn from or to be judged by: features, euros float64[n], truth bool[n]."""

    features: Features
    amount_eur: NDArray[np.float64]
    is_fraud: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fitted:
    """data: a model file; card: what its card says of how it was made."""

    data: bytes
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """fit: of the parts to fit and to calibrate on, and a seed. needs_labels: whether it learns
    from them at all."""

    fit: Callable[[Samples, Samples, int], Fitted]
    needs_labels: bool = True


def train_forest(fit: Samples, calibrate: Samples, seed: int) -> Fitted:
    """Gradient-boosted trees."""
    import lightgbm

    forest = fit_forest(fit.features, fit.is_fraud, seed=seed)
    knots, calibration = choose_calibration(
        forest.raw_scores(calibrate.features), calibrate.is_fraud, seed=seed
    )
    versions = {"lightgbm": lightgbm.__version__} | _versions()
    return Fitted(
        _forest_file(forest, knots),
        {
            "kind": "forest", "calibration": calibration,
            "parameters": {**parameters_of(_PARAMETERS), "trees": TREES}, "versions": versions,
        },
    )  # fmt: skip


def fit_forest(features: Features, is_fraud: NDArray[np.bool_], *, seed: int) -> Forest:
    """A gradient-boosted forest; where there are many honest payments, some stand for all."""
    learned = features[:, :LEARNED]
    chance = chances(learned, is_fraud, honest_max=HONEST_MAX, seed=seed)
    booster = boost(learned, is_fraud, chance, parameters=_PARAMETERS, trees=TREES, seed=seed)
    return Forest.of_lightgbm(booster.dump_model())


def train_logistic(fit: Samples, calibrate: Samples, seed: int) -> Fitted:
    """Learns the rows once, in the order of time; the seed only parts what calibrations are
    compared on."""
    learner = OnlineLogistic()
    learner.learn(_learned(fit.features), fit.is_fraud)
    uncalibrated = LogisticModel.of_bytes(learner.snapshot(), source="the learner")
    knots, calibration = choose_calibration(
        uncalibrated.raw_scores(calibrate.features), calibrate.is_fraud, seed=seed
    )
    return Fitted(
        learner.snapshot(knots),
        {
            "kind": "logistic", "calibration": calibration,
            "parameters": {"rate": RATE, "far": FAR, "passes": 1}, "versions": _versions(),
        },
    )  # fmt: skip


def _learned(features: Features) -> Features:
    """A feature that is constant has no weight."""
    rows = features.copy()
    rows[:, LEARNED:] = 0.0
    return rows


def train_isolation(fit: Samples, calibrate: Samples, seed: int) -> Fitted:
    """Looks at no label. How likely a score is a fraud is assumed: that ASSUMED_BPS of all payments
    are, and that they are the more unusual ones."""
    forest = fit_isolation(fit.features[:, :LEARNED], seed=seed)
    raw = forest.raw_scores(calibrate.features)
    return Fitted(
        _forest_file(forest, assume_calibration(raw, prior_bps=ASSUMED_BPS)),
        {
            "kind": "isolation",
            "calibration": {"kind": "assumed", "prior_bps": ASSUMED_BPS},
            "parameters": {"trees": ISOLATION_TREES, "sample": SAMPLE}, "versions": _versions(),
        },
    )  # fmt: skip


def _forest_file(forest: Forest, knots: Knots) -> bytes:
    asked = forest.asked()
    local = np.zeros(len(FEATURES), dtype=np.intp)
    local[asked] = np.arange(len(asked))
    document = {
        "format": FORMAT,
        "features": meanings_of(asked),
        "calibration": knots.tolist(),
        "trees": forest.renumbered(local).to_json(),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _versions() -> dict[str, str]:
    return {"numpy": np.__version__, "python": platform.python_version()}


KINDS: Final[Mapping[str, Kind]] = {
    "forest": Kind(train_forest),
    "logistic": Kind(train_logistic),
    "isolation": Kind(train_isolation, needs_labels=False),
}
