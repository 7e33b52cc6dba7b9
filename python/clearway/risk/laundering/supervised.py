"""With labels: a forest over what the pattern finders and the aggregates say, cross-fitted."""

from typing import Final

import numpy as np

from clearway.risk.laundering.files import Labels
from clearway.risk.laundering.graph import Floats

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
    """Chance that each account is suspicious, float64[accounts].

    features: float64[accounts, k]. No account is scored by a forest that has seen its own label:
    labelled ones by the forest of the other folds, the rest by the mean of all. Needs
    SUSPICIOUS_MIN accounts of either label.
    """
    import lightgbm  # only learning needs it

    known = np.flatnonzero(labels >= 0)
    fold = np.full(len(labels), -1)
    rng = np.random.default_rng(_SEED)
    for label in (0, 1):  # each fold has its part of the few
        rows = rng.permutation(known[labels[known] == label])
        fold[rows] = np.arange(len(rows)) % FOLDS
    score = np.zeros(len(labels))
    for number in range(FOLDS):
        fit = known[fold[known] != number]
        data = lightgbm.Dataset(features[fit], labels[fit])
        forest = lightgbm.train(_LIGHTGBM, data, num_boost_round=_TREES)
        mine, rest = np.flatnonzero(fold == number), np.flatnonzero(fold < 0)
        for rows, weight in ((mine, 1.0), (rest, 1.0 / FOLDS)):
            if len(rows):
                score[rows] += weight * np.asarray(forest.predict(features[rows], num_threads=1))
    return score
