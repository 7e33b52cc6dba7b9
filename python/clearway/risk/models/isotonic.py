"""A second calibration, for scores that no smooth curve fits: isotonic regression, and the choice.

Pool adjacent violators (Ayer et al., 1955): the rising steps with the least squared error. It can
follow any shape, and overfits where there are few frauds; so it is taken only if it says unseen
payments surely better than beta calibration does: by the log loss over FOLDS parts, one after
another left out, and by more than a standard error of the difference.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.models.knots import Knots

FOLDS: Final = 5
_BINS_MAX: Final = 256  # of equally many rows; finer steps are noise
_SURE: Final = 1e-6  # a share that no step goes below or above: nothing is certain

Fit = Callable[[NDArray[np.float64], NDArray[np.bool_]], Knots]


def fit_isotonic(raw: NDArray[np.float64], is_fraud: NDArray[np.bool_]) -> Knots:
    """Knots float64[k, 2] of (raw score, basis points): each step's mean raw score and share."""
    order = np.argsort(raw, kind="stable")
    parts = np.array_split(order, min(_BINS_MAX, max(2, len(raw) // 50)))
    blocks: list[list[float]] = []  # rows, sum of raw scores, frauds
    for part in parts:
        blocks.append([float(len(part)), float(raw[part].sum()), float(is_fraud[part].sum())])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][0] >= blocks[-1][2] * blocks[-2][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    rows, sums, frauds = np.array(blocks).T
    if len(blocks) == 1:  # nothing rises: one share for all
        rows, sums, frauds = rows.repeat(2), sums.repeat(2), frauds.repeat(2)
        sums[1] += rows[1]
    share = ((frauds + 0.5) / (rows + 1.0)).clip(_SURE, 1.0 - _SURE)  # Jeffreys: never 0, never 1
    knots = np.stack([sums / rows, np.round(SCORE_BPS_MAX * np.maximum.accumulate(share), 3)], 1)
    knots = knots[np.append(np.diff(knots[:, 0]) > 0, True)]
    return knots if len(knots) > 1 else np.stack([knots[0], knots[0] + np.array([1.0, 0.0])])


def choose(
    raw: NDArray[np.float64], is_fraud: NDArray[np.bool_], *, usual: Fit, other: Fit, seed: int
) -> tuple[bool, float, float]:
    """Whether `other` is surely better on rows that it did not see, and both mean log losses."""
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(raw))
    losses = np.zeros((2, len(raw)))
    for left_out in range(FOLDS):
        unseen = fold == left_out
        if not unseen.any() or is_fraud[~unseen].all() or not is_fraud[~unseen].any():
            return False, float("nan"), float("nan")
        for side, fit in enumerate((usual, other)):
            knots = fit(raw[~unseen], is_fraud[~unseen])
            losses[side, unseen] = _log_loss(knots, raw[unseen], is_fraud[unseen])
    gained = losses[0] - losses[1]
    error = float(gained.std() / np.sqrt(len(gained)))
    first, second = (float(row.mean()) for row in losses)
    return bool(gained.mean() > error), first, second


def _log_loss(
    knots: Knots, raw: NDArray[np.float64], is_fraud: NDArray[np.bool_]
) -> NDArray[np.float64]:
    p = (np.interp(raw, knots[:, 0], knots[:, 1]) / SCORE_BPS_MAX).clip(_SURE, 1.0 - _SURE)
    return -np.log(np.where(is_fraud, p, 1.0 - p))
