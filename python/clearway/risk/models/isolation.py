"""An anomaly score for where nothing is labelled: an isolation forest, as the forest that we walk.

Liu, Ting, Zhou, "Isolation-based anomaly detection" (2012): trees that split a small sample at
random until each row is alone. What is alone after few steps is unusual. The usual path length is
divided by what it is in a random tree; the raw score is its negative, summed over the trees, so
that the forest's compiled walk, its exact contributions and its file format serve here too.

Without labels nobody knows how likely a score is to be a fraud. The calibration assumes a share of
frauds and that they are the more unusual payments: of the most unusual share q it says prior / q,
at most CAP_BPS. The card says `calibration_is: assumed`.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import Features
from clearway.risk.models.forest import DEPTH_MAX, Forest

TREES: Final = 100
SAMPLE: Final = 256  # rows a tree, as the paper has it; 2**DEPTH_MAX, so that depth suffices
CAP_BPS: Final = 4_000  # nothing is declined on an assumption: below CostPolicy.decline_bps_min
_KNOTS: Final = 65
_EULER: Final = 0.5772156649015329


def fit_isolation(features: Features, *, seed: int, trees: int = TREES) -> Forest:
    """A forest whose raw scores rise with how unusual a row is, from -2 or so to 0. Rows with a
    value that is not finite are left out; ValueError when fewer than two are left."""
    rows = features[np.isfinite(features).all(axis=1)]
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} finite rows, needed 2")
    rng = np.random.default_rng(seed)
    size = min(SAMPLE, len(rows))
    unit = -1.0 / (trees * _path_length(size))
    return Forest.of_json([
        _split(rows[rng.choice(len(rows), size, replace=False)], rng, 0, unit)
        for _ in range(trees)
    ])  # fmt: skip


def _split(rows: Features, rng: np.random.Generator, depth: int, unit: float) -> list[Any]:
    low, high = rows.min(axis=0), rows.max(axis=0)
    varied = np.flatnonzero(low < high)
    if len(rows) == 1 or depth == DEPTH_MAX or not len(varied):
        return [unit * (depth + _path_length(len(rows))), len(rows)]
    asked = int(rng.choice(varied))
    threshold = np.float32(rng.uniform(low[asked], high[asked]))
    if not low[asked] <= threshold < high[asked]:
        threshold = low[asked]  # rounded out of the range
    right = rows[:, asked] > threshold
    return [
        asked,
        float(threshold),
        _split(rows[~right], rng, depth + 1, unit),
        _split(rows[right], rng, depth + 1, unit),
    ]


def _path_length(n: int) -> float:
    """Mean steps to one of n rows in a random tree, c(n) of the paper."""
    if n < 2:
        return 0.0
    return 2.0 * (math.log(n - 1) + _EULER) - 2.0 * (n - 1) / n if n > 2 else 1.0


def assume_calibration(raw: NDArray[np.float64], *, prior_bps: int) -> NDArray[np.float64]:
    """Knots float64[k, 2] of (raw score, basis points) over these raw scores: so that the mean is
    prior_bps, and the most unusual share q has min(CAP_BPS, a / q). prior_bps: 1 to CAP_BPS / 4."""
    if not 1 <= prior_bps <= CAP_BPS // 4:
        raise ValueError(f"an assumed share is 1 to {CAP_BPS // 4} basis points")
    share = np.geomspace(1.0, 1.0 / max(len(raw), 2), _KNOTS)
    knots = np.quantile(raw, 1.0 - share)
    bps = np.minimum(CAP_BPS, _scale(prior_bps) / share)
    kept = np.append(np.diff(knots) > 0, True)  # of equal raw scores the most unusual share
    if kept.sum() < 2:
        return np.array([[knots[-1] - 1.0, prior_bps], [knots[-1], prior_bps]], dtype=np.float64)
    return np.stack([knots[kept], np.round(bps[kept], 3)], axis=1)


def _scale(prior_bps: int) -> float:
    """a, by bisection: the mean of min(cap, a / q) over q from 0 to 1 is a (1 + ln(cap / a))."""
    low, high = 0.0, float(prior_bps)
    for _ in range(60):
        middle = (low + high) / 2.0
        mean = middle * (1.0 + math.log(CAP_BPS / middle))
        low, high = (middle, high) if mean < prior_bps else (low, middle)
    return high
