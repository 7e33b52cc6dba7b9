"""What an account held, and what was pending in and out of it, after each entry of the past.

Posted balances lie in `entries` by the numbers of movements, pending ones in `pending` by places; a
row of either finds what stood in the other by one look at an index.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

from clearway.store.rows import BalanceRow
from clearway.store.schema import INDEX_BITS, height_of, index_of

_POSTED: Final = """
SELECT balance FROM entries WHERE account = :account AND asset = :asset AND number < {before}
    ORDER BY number DESC LIMIT 1
"""
_PENDING: Final = """
SELECT {column} FROM pending WHERE account = :account AND asset = :asset AND place <= {place}
    ORDER BY place DESC LIMIT 1
"""
_MOVED: Final = f"""
SELECT e.place, k.time_ns, e.balance, ({_PENDING.format(column="pending_in", place="e.place")}),
    ({_PENDING.format(column="pending_out", place="e.place")})
FROM entries e JOIN blocks k ON k.height = e.place >> {INDEX_BITS}
WHERE e.account = :account AND e.asset = :asset
    AND e.number >= :number_first AND e.number < :number_before AND e.place < :place_before
ORDER BY e.number DESC
"""
_PUT_ASIDE: Final = f"""
SELECT p.place, k.time_ns, ({_POSTED.format(before="p.number")}), p.pending_in, p.pending_out
FROM pending p JOIN blocks k ON k.height = p.place >> {INDEX_BITS}
WHERE p.account = :account AND p.asset = :asset
    AND p.place >= :place_first AND p.place < :place_before
ORDER BY p.place DESC
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the chain is asked for, by movements and by places: from the first, below the
    second."""

    number_first: int
    number_before: int
    place_first: int
    place_before: int


def list_balances(
    reader: sqlite3.Connection, account: int, asset: int, span: Span, limit: int
) -> list[BalanceRow]:
    """Newest first, at most limit of them: one after each entry that changed something."""
    given = {"account": account, "asset": asset, **asdict(span)}
    with (
        closing(reader.execute(_MOVED, given)) as moved,
        closing(reader.execute(_PUT_ASIDE, given)) as put_aside,
    ):
        return [_balance(asset, row) for row in islice(_by_place(moved, put_aside), limit)]


def balance_at(
    reader: sqlite3.Connection, account: int, asset: int, number_before: int, place: int
) -> tuple[int, int, int]:
    """(posted, pending_in, pending_out) in minor units before the movement of this number and after
    the entry at this place."""
    query = (
        f"SELECT ({_POSTED.format(before=':before')}),"
        f" ({_PENDING.format(column='pending_in', place=':place')}),"
        f" ({_PENDING.format(column='pending_out', place=':place')})"
    )
    given = {"account": account, "asset": asset, "before": number_before, "place": place}
    posted, pending_in, pending_out = reader.execute(query, given).fetchone()
    return int(posted or 0), int(pending_in or 0), int(pending_out or 0)


def _by_place(moved: Iterator[Any], put_aside: Iterator[Any]) -> Iterator[Any]:
    """The last of each entry: what moved comes from the last movement on."""
    before = None
    for row in heapq.merge(moved, put_aside, key=lambda row: -row[0]):
        if row[0] != before:
            yield row
        before = row[0]


def _balance(asset: int, row: Any) -> BalanceRow:
    place, time_ns, posted, pending_in, pending_out = row
    return BalanceRow(
        height=height_of(place),
        index=index_of(place),
        time_ns=time_ns,
        asset=asset,
        posted_minor=int(posted or 0),
        pending_in_minor=int(pending_in or 0),
        pending_out_minor=int(pending_out or 0),
    )
