"""With labels: a forest over what the pattern finders and the aggregates say, cross-fitted and
calibrated across the same folds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.laundering.files import Labels
from clearway.risk.laundering.graph import Floats
from clearway.risk.models.calibration import choose_calibration

FOLDS: Final = 5
SUSPICIOUS_MIN: Final = 20  # labelled accounts of each kind that learning needs
_SEED: Final = 1
_TREES: Final = 150
_LIGHTGBM: Final = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20,
    "lambda_l2": 5.0, "feature_fraction": 0.6, "bagging_fraction": 0.8, "bagging_freq": 1,
    "verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": _SEED,
}  # fmt: skip


def fit_and_score(features: Floats, labels: Labels) -> Floats:
    """Probability that each account is suspicious, float64[accounts].

    features: float64[accounts, k]. No account is scored by a forest that has seen its own label,
    nor calibrated by a curve that has: labelled ones by those of the other folds, the rest by the
    mean of all forests and the curve of all. The probability is right as far as the labelled
    accounts stand for the rest. Needs SUSPICIOUS_MIN accounts of either label.
    """
    import lightgbm  # only learning needs it

    known = np.flatnonzero(labels >= 0)
    fold = np.full(len(labels), -1)
    rng = np.random.default_rng(_SEED)
    for label in (0, 1):  # each fold has its part of the few
        rows = rng.permutation(known[labels[known] == label])
        fold[rows] = np.arange(len(rows)) % FOLDS
    raw = np.zeros(len(labels))
    for number in range(FOLDS):
        fit = known[fold[known] != number]
        data = lightgbm.Dataset(features[fit], labels[fit])
        forest = lightgbm.train(_LIGHTGBM, data, num_boost_round=_TREES)
        mine, rest = np.flatnonzero(fold == number), np.flatnonzero(fold < 0)
        for rows, weight in ((mine, 1.0), (rest, 1.0 / FOLDS)):
            if len(rows):
                found = forest.predict(features[rows], raw_score=True, num_threads=1)
                raw[rows] += weight * np.asarray(found)
    probability = np.zeros(len(labels))
    for number in range(-1, FOLDS):  # -1: those without a label, which all others calibrate
        seen, mine = known[fold[known] != number], fold == number
        probability[mine] = _calibrate(raw[mine], raw[seen], labels[seen] == 1)
    return probability


def _calibrate(raw: Floats, seen: Floats, is_suspicious: NDArray[np.bool_]) -> Floats:
    """Probabilities of raw scores, by beta calibration or, where surely better, isotonic."""
    knots, _ = choose_calibration(seen, is_suspicious, seed=_SEED)
    probability: Floats = np.interp(raw, knots[:, 0], knots[:, 1]) / SCORE_BPS_MAX
    return probability
