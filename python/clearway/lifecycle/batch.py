"""PaymentBatch: what one turn of the journey carries, as columns that each phase fills."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from clearway.payment.batch import BATCH_ROWS_MAX, Columns, Placed
from clearway.payment.decision import DECISION, Decisions
from clearway.payment.errors import ClearwayError
from clearway.payment.records import HEAD, Heads, Kind, opaque
from clearway.risk.scores import Scores
from clearway.routing.quotes import Quote


@dataclass(slots=True)
class PaymentBatch:
    """n instructions of any kind. Columns have n rows, dicts have the rows that need an entry.

    A row that needs no ordering (refused before it, or answered before) gets its answer with
    `leave` and is gone after `drop_left`; `origin` tells which row of `columns` each one was.
    """

    columns: Columns
    heads: Heads
    origin: npt.NDArray[np.int64]
    units: dict[int, bytes]  # legs, and what account entries bring with them; 64 bytes each
    left: dict[int, Placed | ClearwayError] = field(default_factory=dict)  # by row of `columns`
    # receive
    payer: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    payee: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    quotes: dict[int, Quote] = field(default_factory=dict)
    # screen and score
    findings: npt.NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, np.uint16))
    scores: Scores | None = None  # of the rows of kinds facts.SCORED, in order
    told: int | None = None  # the last feedback that they know of, if there was any since the last
    # route
    fees: dict[int, int] = field(default_factory=dict)
    # clear
    decisions: Decisions = field(default_factory=lambda: np.zeros(0, DECISION))
    sequence: int = 0
    valid_until_ns: int = 0
    envelope: bytes = b""  # empty when no row is left to order

    def __len__(self) -> int:
        return len(self.heads)

    @classmethod
    def of(cls, columns: Columns) -> PaymentBatch:
        """Heads are copied: phases write into them, and a door may read its own again."""
        if len(columns) > BATCH_ROWS_MAX:
            raise ValueError(f"a batch has at most {BATCH_ROWS_MAX} rows, not {len(columns)}")
        heads = opaque(columns.heads).copy().view(HEAD)
        return cls(columns, heads, np.arange(len(columns)), dict(columns.units))

    def rows_of(self, *kinds: Kind) -> npt.NDArray[np.intp]:
        rows: npt.NDArray[np.intp] = _is_one_of(kinds)[self.heads["kind"]].nonzero()[0]
        return rows

    def leave(self, row: int, answer: Placed | ClearwayError) -> None:
        self.left[int(self.origin[row])] = answer

    def drop_left(self) -> None:
        """Closes the gaps of the rows that left. Payments may leave before they are scored only:
        the scores are theirs in order."""
        if not self.left:
            return
        kept = np.flatnonzero(~np.isin(self.origin, list(self.left)))
        if len(kept) == len(self):
            return
        self.heads, self.origin = opaque(self.heads)[kept].view(HEAD), self.origin[kept]
        self.payer, self.payee = self.payer[kept], self.payee[kept]
        if len(self.findings):
            self.findings = self.findings[kept]
        place = {old: new for new, old in enumerate(kept.tolist())}
        self.units = {place[row]: value for row, value in self.units.items() if row in place}
        self.quotes = {place[row]: value for row, value in self.quotes.items() if row in place}
        self.fees = {place[row]: value for row, value in self.fees.items() if row in place}


@cache
def _is_one_of(kinds: tuple[Kind, ...]) -> npt.NDArray[np.bool_]:
    """By kind, so that asking costs one look-up a row: np.isin costs 20 µs whatever the batch."""
    table = np.zeros(256, np.bool_)
    table[list(kinds)] = True
    return table
