"""Scarce reviews: which payments people look at, when they can look at so many a day.

A review has a price above its cost: what the last of the day's reviews is expected to save where it
saves most. It is taken where it saves more than that. The price is the bid price of revenue
management (Talluri, van Ryzin, "The theory and practice of revenue management", 2004, section
2.1.3), solved anew for each payment: at this price, as many reviews are expected to be wanted until
midnight UTC as are left. What is expected comes from the days before, by hour; on the first day
from what came so far. When none are left there is no price, and accept or decline decides.

All of it is counted payment by payment, from what stands on the ledger and beside it (time, score,
amount, outcome), so that a restart, or a replay, comes to the same prices. Batches do not matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.payment.records import REVIEW
from clearway.risk.compiled import REQUIRED, compiled
from clearway.risk.policy import CostPolicy

HOURS: Final = 24
BINS: Final = 64  # of savings, a third of an octave each: up to two million euros
DECAY: Final = 0.8  # of a day by the next one: the last five count
DAY_NS: Final = 86_400_000_000_000
HOUR_NS: Final = 3_600_000_000_000
NO_PRICE: Final = 2**16 - 1  # nobody could look
_BINS_AN_OCTAVE: Final = 3.0
UNDECIDED: Final = -1
_TIME, _BEGAN, _USED = range(3)  # places in `_State.clock`

Prices = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Wanted:
    """n payments that somebody should look at, in their order: when, what looking saves (infinite
    where nobody can tell, as without a model), and whether somebody will, int8[n], -1 for not
    decided yet."""

    time_ns: NDArray[np.int64]
    saving_eur: NDArray[np.float64]
    taken: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.time_ns)


NOTHING: Final = Wanted(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int8))


@dataclass(slots=True)
class _State:
    """clock: time of the last one wanted, when this day's first came, reviews taken this day.
    today: how many were wanted, by hour and saving; ahead: of the days before, from each hour until
    midnight; days: how many days these are, older ones for less."""

    clock: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    days: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    today: NDArray[np.float64] = field(default_factory=lambda: np.zeros((HOURS, BINS)))
    ahead: NDArray[np.float64] = field(default_factory=lambda: np.zeros((HOURS + 1, BINS)))

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.clock, self.days, self.today, self.ahead

    def copy(self) -> "_State":
        return _State(*(array.copy() for array in self.arrays()))

    def advance(self, wanted: Wanted, per_day: int) -> NDArray[np.float64]:
        """Takes them in, and fills `taken` where it is not decided; the price of each, euros."""
        price = np.zeros(len(wanted))
        decide_rows(
            np.require(wanted.time_ns, np.int64, REQUIRED),
            np.require(wanted.saving_eur, np.float64, REQUIRED),
            wanted.taken, per_day, *self.arrays(), price,
        )  # fmt: skip
        return price


class Reviews:
    """What was wanted and taken, as far as it stands, and as of what waits for its block. Callers
    guard it with a lock of their own. per_day: 0 for any number; then the price is 0. price_eur: of
    the last one that was wanted since the start.

    >>> reviews = Reviews(per_day=1)
    >>> wanted = Wanted(np.zeros(2, np.int64), np.array([5.0, 7.0]), np.full(2, -1, np.int8))
    >>> reviews.take(wanted).tolist(), wanted.taken.tolist()
    ([0.0, inf], [1, 0])
    """

    def __init__(self, per_day: int = 0, kept: bytes = b"") -> None:
        """kept: what `to_bytes` gave; anything else is refused with ValueError."""
        self.per_day = per_day
        self.price_eur = 0.0
        self._stands = _of_bytes(kept) if kept else _State()
        self._now = self._stands.copy()

    def take(self, wanted: Wanted) -> NDArray[np.float64]:
        """Decides, and fills `taken`; the price of each in euros. `stand` or `go_back` follows."""
        price = self._now.advance(wanted, self.per_day)
        self.price_eur = float(price[-1])
        return price

    def stand(self, wanted: Wanted) -> None:
        """What was taken first, of all that waits, stands on the ledger."""
        if len(wanted):  # seldom is anything wanted of a payment that comes alone
            self._stands.advance(wanted, self.per_day)

    def go_back(self, waiting: Iterable[Wanted]) -> None:
        """Only these wait for their block; others that were taken never were."""
        self._now = self._stands.copy()
        for wanted in waiting:
            self._now.advance(wanted, self.per_day)

    def learn(self, wanted: Wanted) -> None:
        """What was decided before; nothing waits."""
        self.stand(wanted)
        self._now.advance(wanted, self.per_day)

    def used(self, now_ns: int) -> int:
        """Reviews taken since midnight UTC."""
        clock = self._now.clock
        return int(clock[_USED]) if now_ns // DAY_NS <= clock[_TIME] // DAY_NS else 0

    def are_used_up(self, now_ns: int) -> bool:
        return 0 < self.per_day <= self.used(now_ns)

    def to_bytes(self) -> bytes:
        """What stands: STATE_BYTES."""
        return b"".join(array.tobytes() for array in self._stands.arrays())


STATE_BYTES: Final = sum(array.nbytes for array in _State().arrays())


def _of_bytes(kept: bytes) -> _State:
    if len(kept) != STATE_BYTES:
        raise ValueError(f"{len(kept)} bytes of reviews, needed {STATE_BYTES}")
    state, start = _State(), 0
    for array in state.arrays():
        part = kept[start : start + array.nbytes]
        array[...] = np.frombuffer(part, array.dtype).reshape(array.shape)
        start += array.nbytes
    return state


def decide_in_order(
    policy: CostPolicy,
    score_bps: NDArray[np.uint16],
    amount_eur: NDArray[np.float64],
    time_ns: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Outcomes uint8[n] of payments in the order of time, from an empty memory on."""
    outcome = policy.decide(score_bps, amount_eur)
    if policy.reviews_per_day:
        rows = np.flatnonzero(outcome == REVIEW)
        score_bps, amount_eur = score_bps[rows], amount_eur[rows]
        saving = policy.saving_eur(score_bps, amount_eur)
        wanted = Wanted(time_ns[rows], saving, np.full(len(rows), UNDECIDED, np.int8))
        Reviews(policy.reviews_per_day).take(wanted)
        alone = policy.decide_alone(score_bps, amount_eur)
        outcome[rows] = np.where(wanted.taken == 1, REVIEW, alone)
    return outcome


def to_euros(price_eur: NDArray[np.float64]) -> Prices:
    """Rounded up, so that a price is never 0 by rounding; NO_PRICE when it is infinite, and a euro
    less for whatever else is as large."""
    most = np.where(np.isinf(price_eur), NO_PRICE, NO_PRICE - 1)
    euros: Prices = np.minimum(np.ceil(price_eur), most).astype(np.uint16)
    return euros


# --- compiled -----------------------------------------------------------------------------------


@compiled(
    types.void(
        types.int64[::1], types.float64[::1], types.int8[::1], types.int64, types.int64[::1],
        types.float64[::1], types.float64[:, ::1], types.float64[:, ::1], types.float64[::1],
    )
)  # fmt: skip
def decide_rows(
    time_ns: Any, saving_eur: Any, taken: Any, per_day: int,
    clock: Any, days: Any, today: Any, ahead: Any, price_eur: Any,
) -> None:  # fmt: skip
    """One payment after another: the day, the price, the decision, the count. Time does not go
    back: what is dated earlier than the one before it counts as of that one."""
    for i in range(len(time_ns)):
        now_ns = max(time_ns[i], clock[_TIME])
        if now_ns // DAY_NS != clock[_TIME] // DAY_NS:
            if today.sum() > 0.0:  # a day on which nothing was wanted says nothing
                days[0] = days[0] * DECAY + 1.0
                ahead *= DECAY
                for b in range(BINS):
                    later = 0.0
                    for hour in range(HOURS - 1, -1, -1):
                        later += today[hour, b]
                        ahead[hour, b] += later
                today[:, :] = 0.0
            clock[_USED] = 0
            clock[_BEGAN] = now_ns
        clock[_TIME] = now_ns
        hour = (now_ns % DAY_NS) // HOUR_NS
        passed = (now_ns % HOUR_NS) / HOUR_NS  # of the hour
        left = per_day - clock[_USED]
        price = 0.0
        if per_day > 0 and left <= 0:
            price = np.inf
        elif per_day > 0:
            scale = (DAY_NS - now_ns % DAY_NS) / max(now_ns - clock[_BEGAN], HOUR_NS)
            above = 0.0  # expected until midnight, with a larger saving
            for b in range(BINS - 1, -1, -1):
                if days[0] > 0.0:
                    later = ahead[hour + 1, b]
                    expected = (later + (ahead[hour, b] - later) * (1.0 - passed)) / days[0]
                else:
                    expected = today[:, b].sum() * scale
                if above + expected > left:
                    level = b + 1.0 - (left - above) / expected
                    price = 2.0 ** (level / _BINS_AN_OCTAVE) - 1.0
                    break
                above += expected
        price_eur[i] = price
        if taken[i] < 0:
            taken[i] = saving_eur[i] > price or (price == 0.0)
        clock[_USED] += taken[i]
        if np.isfinite(saving_eur[i]):
            b = int(_BINS_AN_OCTAVE * np.log2(1.0 + saving_eur[i]))
            today[hour, min(b, BINS - 1)] += 1.0
