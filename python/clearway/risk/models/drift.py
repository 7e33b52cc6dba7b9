"""Whether today's payments look like those that a model was trained on, or those of a month ago.

Population stability index (PSI) of each feature and of the score: the quantiles of then are bins,
and PSI is the sum over bins of (now - then) * ln(now / then). Below 0.1 nothing has changed, above
0.25 a model should be looked at (Siddiqi, "Credit risk scorecards", 2006, p. 136). The score alone
warns: of a hundred features many lie elsewhere in any bank than in the training data, ages always.
What drifts is no fault of the node: payments go on, and somebody is told.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clearway.risk.features import Features
from clearway.risk.models.calibration_drift import DAY_NS

PSI_ALERT: Final = 0.25  # of the score, against the training data
OWN_PSI_ALERT: Final = 0.05  # of the score, against the node's own past; decision 019
TRAINING_FROM_DAYS: Final = 14  # that a node remembers before it is held to training data
OWN_FROM_DAYS: Final = 30  # and before its own past begins to count
OWN_DAYS: Final = 15  # that the bins of its past are of
ROWS_MIN: Final = 5_000  # below it chance alone moves the shares of a tenth
WINDOW_ROWS: Final = 20_000
_QUANTILES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SHARE_MIN: Final = 1e-4  # an empty bin counts as this, so that PSI stays finite
SCORE: Final = "score"


class Bins:
    """Bins of one column: from edge to edge, a value on an edge counts below it; what is no number
    counts as the largest."""

    def __init__(self, edges: ArrayLike, shares: ArrayLike) -> None:
        self.edges = np.array(edges, dtype=np.float64)
        self.shares = np.array(shares, dtype=np.float64)
        rising = bool((np.diff(self.edges) > 0).all())
        if not rising or self.shares.shape != (len(self.edges) + 1,):
            raise ValueError("bins need rising edges, and a share each")

    @classmethod
    def of(cls, values: NDArray[Any]) -> Self:
        """The quantiles of the finite values, as far as they differ."""
        finite = values[np.isfinite(values)].astype(np.float64)
        edges = np.unique(np.quantile(finite, _QUANTILES)) if len(finite) else np.zeros(0)
        edges = np.unique([float(f"{edge:.6g}") for edge in edges])
        bins = cls(edges, np.zeros(len(edges) + 1))
        bins.shares = np.round(bins.count(values) / max(len(values), 1), 6)
        return bins

    def count(self, values: NDArray[Any]) -> NDArray[np.int64]:
        place = np.searchsorted(self.edges, values, side="left")
        return np.bincount(place, minlength=len(self.edges) + 1).astype(np.int64)

    def psi(self, counts: NDArray[np.int64]) -> float:
        now = np.maximum(counts / max(int(counts.sum()), 1), _SHARE_MIN)
        then = np.maximum(self.shares, _SHARE_MIN)
        return float(((now - then) * np.log(now / then)).sum())


def make_reference(
    names: Sequence[str], features: Features, score_bps: NDArray[np.uint16]
) -> dict[str, Any]:
    """What a card keeps of the rows that a model was judged on: bins of each feature and the
    score."""
    columns = {name: features[:, k] for k, name in enumerate(names)} | {SCORE: score_bps}
    bins = {name: Bins.of(values) for name, values in columns.items()}
    return {
        name: {"edges": one.edges.tolist(), "shares": one.shares.tolist()}
        for name, one in bins.items()
    }


class DriftMonitor:
    """Counts what a node scores into a card's bins. One thread counts, any may read.

    A window of WINDOW_ROWS and the one before it are looked at together, so that what was a month
    ago does not hide what is today."""

    def __init__(self, reference: Mapping[str, Any], names: Sequence[str]) -> None:
        """names: of the features' columns; those that the reference does not have came later, and
        are not looked at. ValueError, KeyError, TypeError for what is no reference."""
        self._columns = [k for k, name in enumerate(names) if name in reference]
        self._names = (*(names[k] for k in self._columns), SCORE)
        self._bins = [
            Bins(reference[name]["edges"], reference[name]["shares"]) for name in self._names
        ]
        self._now = self._empty()
        self._before = self._empty()

    def _empty(self) -> list[NDArray[np.int64]]:
        return [np.zeros(len(bins.shares), np.int64) for bins in self._bins]

    def count(self, features: Features, score_bps: NDArray[np.uint16]) -> None:
        """Takes float32[n, k] and their scores in."""
        if int(self._now[-1].sum()) >= WINDOW_ROWS:
            self._before, self._now = self._now, self._empty()
        columns: list[NDArray[Any]] = [*(features[:, k] for k in self._columns), score_bps]
        for bins, counts, values in zip(self._bins, self._now, columns, strict=True):
            counts += bins.count(values)

    @property
    def rows(self) -> int:
        return int(self._now[-1].sum() + self._before[-1].sum())

    def psi(self) -> dict[str, float]:
        """By feature and `score`, largest first; empty while fewer than ROWS_MIN were seen."""
        if self.rows < ROWS_MIN:
            return {}
        found = {
            name: bins.psi(now + before)
            for name, bins, now, before in zip(
                self._names, self._bins, self._now, self._before, strict=True
            )
        }
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def alert(self, then: str, psi_alert: float) -> list[str]:
        """That the score drifted so far from `then`, and what did most, in words."""
        found = self.psi()
        score = found.pop(SCORE, 0.0)
        if score < psi_alert:
            return []
        most = ", ".join(f"{name} {psi:.2f}" for name, psi in list(found.items())[:3])
        return [f"the risk score drifts from {then} (PSI {score:.2f}; features: {most})"]


class OwnPast:
    """A sample of what a node scored in OWN_DAYS: 2 * WINDOW_ROWS rows, each payment as likely as
    any other (Vitter, "Random sampling with a reservoir", 1985, algorithm R)."""

    def __init__(self, names: Sequence[str]) -> None:
        """names: of the features' columns."""
        self._names = tuple(names)
        self._rng = np.random.default_rng(1)
        self._features = np.zeros((2 * WINDOW_ROWS, len(self._names)), np.float32)
        self._score_bps = np.zeros(2 * WINDOW_ROWS, np.uint16)
        self._seen = 0
        self._began_ns = 0

    def take(
        self, features: Features, score_bps: NDArray[np.uint16], time_ns: int
    ) -> dict[str, Any] | None:
        """float32[n, k] and their scores, of one instant; the reference once the days are over and
        there is enough to tell it from."""
        self._began_ns = self._began_ns or time_ns
        is_over = time_ns - self._began_ns >= OWN_DAYS * DAY_NS
        if is_over and self._seen >= ROWS_MIN:
            kept = min(self._seen, len(self._features))
            return make_reference(self._names, self._features[:kept], self._score_bps[:kept])
        number = self._seen + np.arange(len(features))
        place = np.where(number < len(self._features), number, self._rng.integers(0, number + 1))
        stays = place < len(self._features)
        self._features[place[stays]] = features[stays]
        self._score_bps[place[stays]] = score_bps[stays]
        self._seen += len(features)
        return None


def calibration_z(probability: NDArray[np.float64], is_fraud: NDArray[np.bool_]) -> float:
    """How many standard deviations the frauds lie from what was said: within 2 or so when the
    probabilities are right on the mean, above when there is more fraud than was said. 0 where
    nothing was uncertain. (Cox, "Two further applications of a model for binary regression", 1958:
    calibration in the large.)"""
    spread = float((probability * (1.0 - probability)).sum())
    return float((is_fraud - probability).sum() / np.sqrt(spread)) if spread > 0.0 else 0.0
