"""Several blocks read as one table of columns, so that NumPy's cost a call is paid once a group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.records import (
    ENVELOPE,
    LEG,
    RESULT_DUPLICATE,
    Flag,
    Heads,
    Kind,
    Legs,
    Results,
    opaque,
)
from clearway.store.schema import INDEX_BITS, INT64_MAX, sql_minor

UNIT_BYTES = 64
NO_ACCOUNT = -1
_BALANCING = np.uint16(Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE)
IS_MOVE = np.zeros(256, np.bool_)
IS_MOVE[[Kind.PAYMENT, Kind.REFUND, Kind.ISSUE, Kind.REDEEM, Kind.ESCROW, Kind.CLAWBACK]] = True
IS_MOVE[Kind.PULL] = True
# Their one unit names the second person who signed.
WITHOUT_LEGS = (Kind.ISSUE, Kind.CLAWBACK)
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Numbers = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint32]]
"""Rows of 20-byte addresses → account numbers; the ledger's, because it numbers by creation."""


class RecordedBlock(Protocol):
    """A block as the ledger reads it back; ledger.book.Block is one."""

    @property
    def height(self) -> int: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def header(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def heads(self) -> Heads: ...
    @property
    def results(self) -> Results: ...
    @property
    def units(self) -> bytes: ...
    def entry(self, index: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Group:
    """n entries of consecutive blocks, in order.

    envelope: place of the entry's envelope, -1 without; institution: the envelope's, in genesis 0
    (of an account: its own). payer, payee: account numbers or NO_ACCOUNT. Its units are
    units[unit_start : unit_start + unit_count], the first leg_count of them legs.
    """

    heads: Heads
    results: Results
    units: Legs
    unit_start: Int64
    unit_count: Int64
    leg_count: Int64
    place: Int64
    kind: npt.NDArray[np.uint8]
    code: npt.NDArray[np.uint16]
    duplicate: Bool
    institution: Int64
    envelope: Int64
    payer: Int64
    payee: Int64
    sweeps: dict[int, bytes]  # row → the whole entry

    def moves(self) -> Int64:
        """The rows that become a payment (IS_MOVE), and are no duplicate."""
        return np.flatnonzero(IS_MOVE[self.kind] & ~self.duplicate)

    def units_of(self, row: int) -> bytes:
        start, count = int(self.unit_start[row]), int(self.unit_count[row])
        return self.units[start : start + count].tobytes()


def read_group(blocks: Sequence[RecordedBlock], numbers: Numbers, accounts: int) -> Group:
    """accounts: how many there were before these blocks."""
    heads = _join([block.heads for block in blocks])
    results = _join([block.results for block in blocks])
    _tell_what_moved(heads, results)
    kind = np.ascontiguousarray(heads["kind"])
    units = np.frombuffer(b"".join(block.units for block in blocks), LEG)
    # The head of a sweep or an envelope is not an entry's: its byte 193 counts no units.
    unit_count = np.where(kind > Kind.SWEEP, heads["units"], 0).astype(np.int64)
    place = np.concatenate(
        [np.arange(block.count) + (block.height << INDEX_BITS) for block in blocks]
    ).astype(np.int64)
    envelope, institution = _envelopes(heads, kind, place)
    code = np.ascontiguousarray(results["code"])
    duplicate = (results["flags"] & RESULT_DUPLICATE) != 0
    # The ledger may be ahead of these blocks; an account that came later is not one here.
    opening = (kind == Kind.OPEN_ACCOUNT) & (code == 0) & ~duplicate
    known = accounts + np.cumsum(opening)
    return Group(
        heads=heads,
        results=results,
        units=units,
        unit_start=np.cumsum(unit_count) - unit_count,
        unit_count=unit_count,
        leg_count=np.where(np.isin(kind, WITHOUT_LEGS), 0, unit_count),
        place=place,
        kind=kind,
        code=code,
        duplicate=duplicate,
        institution=institution,
        envelope=envelope,
        payer=_known(account_numbers(heads["payer"], numbers), known),
        payee=_known(account_numbers(heads["payee"], numbers), known),
        sweeps=_sweeps(blocks),
    )


def _join(parts: Sequence[npt.NDArray[np.void]]) -> npt.NDArray[np.void]:
    return np.concatenate([opaque(part) for part in parts]).view(parts[0].dtype)


def _tell_what_moved(heads: Heads, results: Results) -> None:
    """The amount of a balancing entry is the most; what it moved or holds stands in its result."""
    balancing = (heads["kind"] > Kind.SWEEP) & ((heads["flags"] & _BALANCING) != 0)
    moved = np.flatnonzero(balancing & (results["code"] == 0))
    for name in ("amount_lo", "amount_hi"):
        heads[name][moved] = results[name][moved]


def account_numbers(addresses: npt.NDArray[np.uint8], numbers: Numbers) -> Int64:
    if not len(addresses):
        return np.zeros(0, np.int64)
    found = numbers(np.ascontiguousarray(addresses)).astype(np.int64)
    found[found == NOT_AN_ACCOUNT] = NO_ACCOUNT
    return found


def _known(account: Int64, count: Int64) -> Int64:
    return np.where(account < count, account, NO_ACCOUNT)


def envelope_fields(group: Group) -> tuple[Int64, Any]:
    """The rows of the envelopes, and their fields as ENVELOPE[n]."""
    rows = np.flatnonzero(group.kind == Kind.ENVELOPE)
    return rows, _as_envelopes(group.heads[rows])


def _as_envelopes(heads: Heads) -> Any:
    raw = np.ascontiguousarray(heads).view(np.uint8).reshape(len(heads), heads.itemsize)
    return np.ascontiguousarray(raw[:, : ENVELOPE.itemsize]).view(ENVELOPE)[:, 0]


def _envelopes(heads: Heads, kind: npt.NDArray[np.uint8], place: Int64) -> tuple[Int64, Int64]:
    """Per row: place of its envelope (-1 in genesis and of a sweep) and its institution."""
    is_envelope = kind == Kind.ENVELOPE
    row = np.maximum.accumulate(np.where(is_envelope, np.arange(len(kind)), -1))
    # An envelope reaches to the end of its block at most.
    height = place >> INDEX_BITS
    inside = (row >= 0) & (height[np.maximum(row, 0)] == height)
    envelope = np.where(inside, place[np.maximum(row, 0)], -1)
    numbers = np.zeros(len(kind), np.int64)
    numbers[is_envelope] = _as_envelopes(heads[is_envelope])["institution"]
    own = np.where(kind == Kind.OPEN_ACCOUNT, heads["purpose"], 0)
    return envelope, np.where(inside, numbers[np.maximum(row, 0)], own).astype(np.int64)


def _sweeps(blocks: Sequence[RecordedBlock]) -> dict[int, bytes]:
    sweeps, row = {}, 0
    for block in blocks:
        if block.count and block.heads["kind"][0] == Kind.SWEEP:
            sweeps[row] = block.entry(0)
        row += block.count
    return sweeps


# --- columns for SQL ----------------------------------------------------------------------------


def byte_column(column: npt.NDArray[np.uint8]) -> npt.NDArray[np.void]:
    """uint8[n, k] → V<k>[n], whose elements become bytes objects."""
    rows = np.ascontiguousarray(column)
    return rows.view(f"V{rows.shape[1]}")[:, 0]


def byte_list(column: npt.NDArray[np.uint8]) -> list[bytes]:
    """uint8[n, k] → n bytes objects, at once."""
    listed: list[bytes] = byte_column(column).tolist()
    return listed


def minor_column(rows: Any, name: str) -> npt.NDArray[Any]:
    """The u128 field `name` of records, as SQL keeps it: int64, or objects where one may not
    fit."""
    low, high = rows[name + "_lo"], rows[name + "_hi"]
    if not high.any() and not (low > INT64_MAX).any():
        narrow: Int64 = low.astype(np.int64)
        return narrow
    both = zip(low.tolist(), high.tolist(), strict=True)
    return object_column([sql_minor(low_part | high_part << 64) for low_part, high_part in both])


def signed_column(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Signed amounts as int64, or as objects where one may not fit."""
    if column.dtype == np.int64:
        return column
    return object_column([sql_minor(value) for value in column.tolist()])


def time_column(column: npt.NDArray[np.uint64]) -> Int64:
    """Times an SQL integer cannot hold (after 2262) become the last one that it can."""
    return np.minimum(column, np.uint64(INT64_MAX)).astype(np.int64)


def object_column(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    column = np.empty(len(values), object)
    column[:] = values
    return column
