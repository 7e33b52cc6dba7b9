"""How good a score is, by the usual definitions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def auc_roc(scores: ArrayLike, is_fraud: ArrayLike) -> float:
    """Probability that a fraud scores above an honest payment, ties counting half.

    >>> auc_roc([1, 2, 2, 3], [0, 0, 1, 1])
    0.875
    """
    s, y = _pair(scores, is_fraud)
    _, place, counts = np.unique(s, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    n_fraud = int(y.sum())
    n_pairs = n_fraud * (len(y) - n_fraud)
    return float((rank[y].sum() - n_fraud * (n_fraud + 1) / 2.0) / n_pairs)


def average_precision(scores: ArrayLike, is_fraud: ArrayLike) -> float:
    """Mean precision over the frauds, from the highest score down; ties are taken together.

    >>> average_precision([3, 2, 1], [1, 0, 1])
    0.8333333333333333
    """
    s, y = _pair(scores, is_fraud)
    order = np.argsort(-s, kind="stable")
    found = np.cumsum(y[order])
    last_of_tie = np.append(np.diff(s[order]) != 0, True)
    found_at = found[last_of_tie]
    seen_at = np.flatnonzero(last_of_tie) + 1
    gained = np.diff(found_at, prepend=0)
    return float((gained * found_at / seen_at).sum() / y.sum())


def calibration_error(probability: ArrayLike, is_fraud: ArrayLike, bins: int = 15) -> float:
    """Mean gap between said and found, over bins of equally many payments (ECE)."""
    p, y = _pair(probability, is_fraud)
    order = np.argsort(p, kind="stable")
    gaps = [
        abs(float(p[part].mean() - y[part].mean())) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return sum(gaps) / len(p)


def _pair(scores: ArrayLike, is_fraud: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(is_fraud, dtype=np.bool_)
    assert 0 < y.sum() < len(y) == len(s), "invariant: scores need frauds and honest payments"
    return s, y
