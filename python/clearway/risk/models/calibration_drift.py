"""Whether there are as many frauds as the scores said, once it is known.

Counted are payments that were not declined, as in training: of one that was, nobody can know what
it would have been. Score and amount alone decide that, so that among the others as many are frauds
as their probabilities say, if these are right. What nobody reported for DELAY_DAYS was honest; so
what a review finds has to be told (docs/operations.md), or it looks as if too much had been said.

What is looked at is observed over expected, of the last WINDOW_DAYS whose truth is known. Frauds
come in runs, so days differ more than chance alone would have it; the interval is widened by how
much they do (the dispersion of quasi-likelihood: McCullagh, Nelder, "Generalized linear models",
1989, section 4.5). A warning needs the whole interval beyond RATIO_MAX, either way: with many
payments a deviation that costs nothing is surely there. What drifts is no fault of the node.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX

DAY_NS: Final = 86_400_000_000_000
DELAY_DAYS: Final = 7  # until silence is honesty
WINDOW_DAYS: Final = 28
RATIO_MAX: Final = 1.25  # a quarter more frauds than was said, or a quarter too high a score
SURE: Final = 2.58  # standard deviations: 99 % lie within
EXPECTED_MIN: Final = 50.0  # frauds; where fewer are expected, nothing is said
PART_EXPECTED: Final = 5.0
_DAYS_KEPT: Final = DELAY_DAYS + WINDOW_DAYS + 1
_SUMS: Final = np.dtype(
    [("day", "<i8"), ("model_id", "V32"), ("payments", "<i8"), ("expected", "<f8"),
     ("variance", "<f8")]
)  # fmt: skip

Day = int  # since 1970, UTC
Frauds = Mapping[tuple[Day, bytes], int]
"""Of each day's payments that were not declined, by the model that scored them."""


@dataclass(frozen=True, slots=True)
class CalibrationDrift:
    """payments: not declined, whose truth is known; expected: frauds by what the model said; ratio:
    observed over expected, in the interval low to high; z: deviations from 1."""

    payments: int
    expected: float
    frauds: int
    ratio: float
    low: float
    high: float
    z: float

    def alerts(self) -> list[str]:
        """In words; empty while it may be as it was said."""
        if self.high >= 1.0 / RATIO_MAX and self.low <= RATIO_MAX:
            return []
        seen = f"{self.frauds} frauds where {self.expected:.0f} were said"
        ratio = f"ratio {self.ratio:.2f}, {self.low:.2f} to {self.high:.2f}"
        return [f"the risk score is no longer calibrated: {seen} ({ratio})"]


class ScoreTally:
    """What was said of payments that were not declined, by day and model; part of the room's
    memory. Callers guard it with a lock of their own."""

    def __init__(self, kept: bytes = b"") -> None:
        """kept: what `to_bytes` gave; ValueError for what cannot be that."""
        self._sums: dict[tuple[Day, bytes], NDArray[np.float64]] = {}
        for row in np.frombuffer(kept, _SUMS):
            sums = np.array([row["payments"], row["expected"], row["variance"]])
            self._sums[int(row["day"]), row["model_id"].tobytes()] = sums

    def count(
        self, time_ns: NDArray[np.int64], score_bps: NDArray[np.uint16], model_id: bytes
    ) -> None:
        """Takes n payments in that were not declined."""
        days = time_ns // DAY_NS
        p = score_bps / SCORE_BPS_MAX
        if len(days) and (days == days[0]).all():  # np.unique is dear where payments come singly
            self._add(int(days[0]), p, model_id)
            return
        for day in np.unique(days).tolist():
            self._add(day, p[days == day], model_id)

    def _add(self, day: Day, said: NDArray[np.float64], model_id: bytes) -> None:
        key = (day, model_id)
        if key not in self._sums:
            self._forget(max(day, *(kept for kept, _ in self._sums), 0) - _DAYS_KEPT)
            self._sums[key] = np.zeros(3)
        expected = said.sum()
        self._sums[key] += len(said), expected, expected - said @ said

    def _forget(self, last: Day) -> None:
        self._sums = {key: sums for key, sums in self._sums.items() if key[0] > last}

    def look(self, model_id: bytes, today: Day, frauds: Frauds) -> CalibrationDrift | None:
        """Of one model; None where less than EXPECTED_MIN is expected."""
        days = window(today)
        sums = [self._sums.get((day, model_id), np.zeros(3)) for day in days]
        observed = [frauds.get((day, model_id), 0) for day in days]
        return judge(np.array(sums), np.array(observed))

    def to_bytes(self) -> bytes:
        rows = np.zeros(len(self._sums), _SUMS)
        for row, ((day, model_id), sums) in zip(rows, sorted(self._sums.items()), strict=True):
            row["day"], row["model_id"] = day, np.void(model_id)
            row["payments"], row["expected"], row["variance"] = sums
        return rows.tobytes()


def window(today: Day) -> Sequence[Day]:
    """The whole days whose truth is known, oldest first."""
    return range(today - DELAY_DAYS - WINDOW_DAYS, today - DELAY_DAYS)


def judge(sums: NDArray[np.float64], observed: NDArray[np.int64]) -> CalibrationDrift | None:
    """sums: payments, expected frauds and their variance of each day, float64[n_days, 3]; observed:
    frauds, int64[n_days]."""
    payments, expected, variance = sums.sum(axis=0).tolist()
    frauds = int(observed.sum())
    if expected < EXPECTED_MIN:
        return None
    ratio = frauds / expected
    spread = np.sqrt(_dispersion(sums, observed, ratio) * max(variance, frauds)) / expected
    return CalibrationDrift(
        payments=int(payments),
        expected=expected,
        frauds=frauds,
        ratio=ratio,
        low=max(ratio - SURE * float(spread), 0.0),
        high=ratio + SURE * float(spread),
        z=(ratio - 1.0) / float(spread),
    )


def _dispersion(sums: NDArray[np.float64], observed: NDArray[np.int64], ratio: float) -> float:
    """How many times chance's variance the days have around the ratio that they share; at least 1.
    Days of little are put together, so that each part expects PART_EXPECTED or so."""
    some = sums[:, 1] > 0.0
    said, seen = sums[some, 1], observed[some]
    number = np.unique(np.cumsum(said) // PART_EXPECTED, return_inverse=True)[1]
    expected = ratio * np.bincount(number, weights=said)
    apart = np.bincount(number, weights=seen) - expected
    if ratio == 0.0 or len(expected) < 2:
        return 1.0
    return max(1.0, float((apart**2 / expected).sum() / (len(expected) - 1)))
