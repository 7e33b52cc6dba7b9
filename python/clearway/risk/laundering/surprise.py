"""How surprising something is: minus the logarithm of its chance under a null model, in nats."""

import math
from typing import Final

import numpy as np
from numba import float64, int64

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import Floats, Ints

BULK: Final = (0.5, 0.9)  # between these quantiles stands the ordinary: launderers are fewer
HABIT_MAX: Final = 12.0  # nats; one coincidence in a file has about that many, a habit no more
COMMON: Final = math.log(1.0 / (1.0 - BULK[1]))  # nats that a tenth has under a true null
DOUBTED: Final = 0.9
CLASS_MIN: Final = 400  # accounts that share a null, when nulls are by degree


@compiled(float64(int64, float64))
def poisson_surprise(k, mean):  # type: ignore[no-untyped-def]
    """-ln P(at least k), 0 when k is not above the mean.

    The tail's first term times the geometric series that bounds the rest: exact to a few per cent
    where it matters, far above the mean.
    """
    if k <= mean or k <= 0:
        return 0.0
    mean = max(mean, 1e-12)
    first = -mean + k * math.log(mean) - math.lgamma(k + 1.0)
    return max(0.0, -(first - math.log1p(-mean / (k + 1.0))))


@compiled(float64[:](int64[:], float64[:]))
def poisson_surprises(k, mean):  # type: ignore[no-untyped-def]
    found = np.zeros(len(k))
    for row in range(len(k)):
        found[row] = poisson_surprise(k[row], mean[row])
    return found


@compiled(float64[:](int64[:], float64[:], float64))
def uncertain_surprises(k, mean, shape):  # type: ignore[no-untyped-def]
    """As poisson_surprise, float64[n], where the mean is a guess: gamma-distributed about `mean`
    with this shape, which makes the count negative binomial. Twice of little is as surprising as
    before; twice of many is not."""
    found = np.zeros(len(k))
    for row in range(len(k)):
        times, about = float(k[row]), max(mean[row], 1e-12)
        if times <= about:
            continue
        odds = about / (shape + about)
        first = math.lgamma(times + shape) - math.lgamma(shape) - math.lgamma(times + 1.0)
        first += times * math.log(odds) - shape * math.log1p(about / shape)
        ratio = min((times + shape) / (times + 1.0) * odds, 0.95)
        found[row] = max(0.0, math.log1p(-ratio) - first)
    return found


def calibrate(surprise: Floats, *, tail_min: float = 0.0) -> Floats:
    """Surprise as this file's own bulk has it; never more than the null model said.

    A tenth of all has more than ln 10 nats under a true null. Where the upper tenth begins higher,
    what it begins with is worth ln 10, and what lies above is scaled by how fast the bulk below
    falls off. So a habit of the file (friends who pay each other back) is no news. A file in which
    more than a tenth launder has more in its upper tenth than any habit: HABIT_MAX bounds that.
    An upper tenth that begins below tail_min nats is taken at the null's word.

    >>> calibrate(np.array([0.0] * 99 + [30.0])).max().item()
    30.0
    >>> calibrate(np.linspace(0.0, 10.0, 101)).max().round(1).item()
    2.7
    """
    if not len(surprise):
        return surprise
    tail = min(float(np.quantile(surprise, BULK[1])), HABIT_MAX)
    if tail <= tail_min:
        return surprise
    share = max(BULK[0], 1.0 - float((surprise > 0.0).mean()))
    low = float(np.quantile(surprise, share)) if share == BULK[0] else surprise[surprise > 0].min()
    expected = math.log((1.0 - share) / (1.0 - BULK[1]))
    scale = min(1.0, expected / max(tail - low, 1e-9)) if expected > 0.05 else 1.0
    above = np.minimum(surprise, COMMON + scale * (surprise - tail))
    below = np.minimum(surprise, surprise * (COMMON / tail))
    return np.where(surprise > tail, above, below)


def calibrate_by_degree(surprise: Floats, degree: Ints) -> Floats:
    """`calibrate` among accounts of like degree: a hub is compared with hubs.

    Classes are doublings of the degree, joined until each has CLASS_MIN accounts.
    """
    doubling = np.floor(np.log2(np.maximum(degree, 1))).astype(np.int64)
    class_of, current, members = [], 0, 0
    for count in np.bincount(doubling).tolist():
        class_of.append(current)
        members += count
        if members >= CLASS_MIN:
            current, members = current + 1, 0
    if members:
        class_of = [min(number, max(current - 1, 0)) for number in class_of]
    classes = np.array(class_of, dtype=np.int64)[doubling]
    found = np.zeros(len(surprise))
    for number in np.unique(classes):
        here = classes == number
        found[here] = calibrate(surprise[here])
    return found


def strength(surprise: Floats) -> Floats:
    """Surprise times the chance that it is none of the null's: 1 - n exp(-s) / rank.

    The tail's false discovery rate (Benjamini and Hochberg 1995; Efron, Large-Scale Inference,
    2010, chapter 4). A file with nothing in it has its most surprising account too: it keeps
    little here, so that detectors that found nothing add no noise to those that did. DOUBTED of
    what is probably false is taken, not all: the rest still orders the accounts.

    >>> strength(np.array([0.0, 0.5, 1.0, 9.0])).round(2).tolist()
    [0.0, 0.14, 0.34, 9.0]
    """
    order = np.argsort(-surprise, kind="stable")
    falling = surprise[order]
    rank = np.searchsorted(-falling, -falling, side="right")  # ties share the last one's
    false = np.minimum(1.0, len(falling) * np.exp(-falling) / np.maximum(rank, 1))
    false = np.minimum.accumulate(false[::-1])[::-1]
    found = np.zeros(len(surprise))
    found[order] = (1.0 - DOUBTED * false) * falling
    return found


def sum_above_chance(of: Ints, surprise: Floats, accounts: int) -> Floats:
    """Per account, the surprise of its parts beyond ln(number of its parts).

    With k parts one of exp(-ln k) is due by chance: a hub with a thousand pairs is not surprising
    for the strangest of them.
    """
    count = np.maximum(np.bincount(of, minlength=accounts), 1)
    beyond = np.maximum(0.0, surprise - np.log(count)[of])
    total: Floats = np.bincount(of, weights=beyond, minlength=accounts).astype(np.float64)
    return total
