"""Columns of simulated payments before they have a currency, and how such columns are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from clearway.risk.worlds.population import Floats, Ints

# ISO 20022 external purpose codes where there is one; the number is the place in this list.
PURPOSES: Final = (
    "", "GDDS", "SALA", "SAVG", "RENT", "UBIL", "PHON", "SUBS", "INSU", "GIFT", "FAMI", "SUPP",
    "TRAD", "REFU",
)  # fmt: skip
EXACT, PRICE, ROUND = range(3)  # what people do to an amount before they pay it


@dataclass(frozen=True, slots=True)
class Flow:
    """n payments as columns: time_s since the world's start, accounts, euros, how the amount is
    rounded, purpose (place in PURPOSES), scheme (place in SCHEMES, 0 is honest), case (which fraud
    of its scheme it is a part of), habit (what honest people do; 0 in a fraud)."""

    time_s: Floats
    payer: Ints
    payee: Ints
    eur: Floats
    rounding: Ints
    purpose: Ints
    scheme: Ints
    case: Ints
    habit: Ints

    @classmethod
    def of(
        cls,
        *,
        time_s: Floats,
        payer: Ints,
        payee: Ints,
        eur: Floats,
        rounding: ArrayLike = EXACT,
        purpose: str | Ints = "",
        scheme: int = 0,
        case: ArrayLike = 0,
    ) -> "Flow":
        n = len(time_s)
        number = PURPOSES.index(purpose) if isinstance(purpose, str) else purpose
        return cls(
            time_s, payer, payee, eur,
            np.broadcast_to(np.asarray(rounding), n), np.broadcast_to(np.asarray(number), n),
            np.full(n, scheme), np.broadcast_to(np.asarray(case), n), np.zeros(n, dtype=np.int64),
        )  # fmt: skip

    def of_habit(self, number: int) -> "Flow":
        return replace(self, habit=np.full(len(self.habit), number))

    def where(self, mask: NDArray[np.bool_]) -> "Flow":
        return Flow(*(getattr(self, field.name)[mask] for field in fields(self)))


def join(flows: Sequence[Flow]) -> Flow:
    """All of them, one after another."""
    return Flow(
        *(np.concatenate([getattr(flow, field.name) for flow in flows]) for field in fields(Flow))
    )


def repeat_each(counts: Ints) -> Ints:
    """0 as often as counts[0] says, then 1 as often as counts[1] says, …"""
    return np.repeat(np.arange(len(counts)), counts)


def steps_of(counts: Ints) -> Ints:
    """0, 1, … counts[0] - 1, then 0, 1, … counts[1] - 1, …"""
    steps: Ints = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return steps


def running(gap: Floats, who: Ints) -> Floats:
    """Sums of the gaps within each case, the first payment of a case at 0."""
    total = np.cumsum(gap)
    first = np.searchsorted(who, who)
    return total - total[first]


# Weight of each local hour: shops by day, evenings out, the internet, and office hours without.
_HOURS: Final = np.array(
    [
        [0, 0, 0, 0, 0, 0, 1, 3, 6, 8, 9, 9, 9, 8, 8, 8, 9, 9, 7, 4, 1, 0, 0, 0],
        [2, 1, 0, 0, 0, 0, 0, 1, 2, 2, 2, 4, 6, 5, 2, 2, 3, 5, 8, 9, 9, 7, 5, 3],
        [3, 2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 5, 5, 5, 5, 6, 6, 7, 8, 8, 7, 5],
    ],
    dtype=np.float64,
)
NIGHT: Final = np.array([8, 9, 9, 9, 8, 6, 3] + [1] * 15 + [4, 6], dtype=np.float64)


def local_times(rng: Generator, day: Floats, utc_h: Floats, opening: Ints) -> Floats:
    """Seconds since the start for these local days; `opening` is the row of _HOURS."""
    cumulative = np.cumsum(_HOURS / _HOURS.sum(axis=1, keepdims=True), axis=1)
    hour = (rng.random(len(day))[:, None] > cumulative[opening]).sum(axis=1)
    seconds = (hour + rng.random(len(day)) - utc_h) * 3_600.0
    time_s: Floats = day * 86_400.0 + np.mod(seconds, 86_400.0)
    return time_s


def spread(rng: Generator, major: Floats, rounding: Ints) -> Floats:
    """Amounts as people make them: exact, like a price tag, or round."""
    cents = rng.choice([0.99, 0.95, 0.5, 0.0, 0.9], size=len(major))
    price = np.floor(major) + cents
    step = 10.0 ** np.floor(np.log10(np.maximum(major, 1e-2)))
    step *= rng.choice([0.5, 0.25, 0.1, 1.0], size=len(major), p=[0.35, 0.2, 0.35, 0.1])
    whole = np.maximum(np.round(major / step), 1.0) * step
    made: Floats = np.select([rounding == PRICE, rounding == ROUND], [price, whole], default=major)
    return made
