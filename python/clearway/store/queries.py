"""The read side: every question is one or two statements on this thread's own connection."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from clearway.payment.ids import split_ids
from clearway.payment.records import HEADER, Kind, Outcome
from clearway.payment.state import Status
from clearway.store.balances import Span, balance_at, list_balances
from clearway.store.database import Database, in_lists
from clearway.store.rows import (
    AccountRow,
    ActRow,
    BalanceRow,
    BlockRow,
    Change,
    EntryRow,
    FlowRow,
    Found,
    MandateRow,
    PaymentRow,
)
from clearway.store.schema import INDEX_BITS, INT64_MAX, height_of, index_of, place_of

LIMIT_MAX = 1_000
HEIGHT_MAX = INT64_MAX >> INDEX_BITS
_U64 = 2**64

_PAYMENT = """
SELECT p.id, p.institution, p.kind, p.status, coalesce(p.first_status, p.status), p.code,
    a.address, b.address, p.strangers, p.asset, p.to_asset, p.amount, p.to_amount, p.captured,
    p.refunded, p.target, p.purpose, p.outcome, k.time_ns, p.expires_ns, p.place, v.place, v.key,
    v.sequence, p.last, p.legs, p.terms_hash
"""
_PAYMENT_JOINS = f"""
JOIN blocks k ON k.height = p.place >> {INDEX_BITS}
LEFT JOIN envelopes v
    ON v.place = (SELECT max(e.place) FROM envelopes e WHERE e.place < p.place)
LEFT JOIN accounts a ON a.number = p.payer
LEFT JOIN accounts b ON b.number = p.payee
"""
_ACT = """
SELECT c.place, c.n, k.time_ns, c.id, c.institution, c.kind, c.code, c.target, a.address, c.amount,
    c.captured, q.id, c.status, c.envelope, v.key, v.sequence
"""
_ACT_JOINS = f"""
JOIN blocks k ON k.height = c.place >> {INDEX_BITS}
LEFT JOIN envelopes v ON v.place = c.envelope
LEFT JOIN accounts a ON a.number = c.account
LEFT JOIN payments q ON q.place = c.payment
"""
_ACCOUNT = f"""
SELECT a.number, a.address, a.institution, a.owner, a.flags, coalesce(b.assets, a.assets),
    k.time_ns, a.place, a.parent
FROM accounts a JOIN blocks k ON k.height = a.place >> {INDEX_BITS}
LEFT JOIN accounts b ON b.number = a.parent
"""
# A refusal that the ledger forgot gives way to a later entry under the same id.
_FIRST_ACT = "ORDER BY c.code BETWEEN 1 AND 23, c.place LIMIT 1"


_MANDATE = f"""
SELECT m.id, m.institution, m.payer, m.payee, m.asset, m.payment_max, m.period_max, m.total_max,
    m.period_ns, m.start_ns, m.expires_ns, m.payments_max, m.flags, m.status, k.time_ns
FROM mandates m JOIN blocks k ON k.height = m.place >> {INDEX_BITS}
"""


class Queries:
    """Questions to the projections. Amounts in minor units; lists are newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reader(self) -> sqlite3.Connection:
        """This thread's read-only connection, for reports of their own; schema.py names tables."""
        return self._database.reader()

    # --- payments -------------------------------------------------------------------------------

    def payment(self, institution: int, id: bytes) -> PaymentRow | None:
        query = (
            f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS}"
            " WHERE p.id = ? AND p.institution = ? ORDER BY p.place LIMIT 1"
        )
        row = self.reader().execute(query, (id, institution)).fetchone()
        return None if row is None else _payment(row)

    def payments(
        self,
        *,
        institution: int,
        account: bytes | None = None,
        status: Status | None = None,
        limit: int,
        starting_after: bytes | None = None,
        heights: range | None = None,
    ) -> list[PaymentRow]:
        """Those that the institution ordered; with an account (its address), those from or to it
        or a sub-account of it, whoever ordered them. starting_after: id of the last payment seen.
        heights: of their own entries' blocks."""
        first, before = _places(heights)
        if starting_after is not None:
            before = min(before, self._place(institution, starting_after))
        given: list[Any] = []
        if account is not None:
            number = self._account_number(account)
            source = "parties q JOIN payments p ON p.place = q.place"
            where, order = "q.account = ? AND q.place >= ? AND q.place < ?", "q.place"
            given += [number, first, before]
        else:
            where, order = "p.place >= ? AND p.place < ? AND p.institution = ?", "p.place"
            source = "payments p"
            given += [first, before, institution]
        if status is not None:
            where += " AND p.status = ?"
            given.append(str(status))
            if status is not Status.SETTLED:
                where += " AND p.status <> 'settled'"  # what payments_open is an index of
        query = f"{_PAYMENT} FROM {source} {_PAYMENT_JOINS} WHERE {where} ORDER BY {order} DESC"
        rows = self.reader().execute(f"{query} LIMIT ?", (*given, min(limit, LIMIT_MAX)))
        return [_payment(row) for row in rows]

    def payments_by_id(self, institution: int, ids: Sequence[bytes]) -> dict[bytes, PaymentRow]:
        """Those of the ids that are payments; IN_LIST_MAX ids at most."""
        marks = ",".join("?" * len(ids))
        query = (
            f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS}"
            f" WHERE p.id IN ({marks}) AND p.institution = ? ORDER BY p.place DESC"
        )
        rows = map(_payment, self.reader().execute(query, (*ids, institution)))
        return {row.id: row for row in rows}  # the first of an id that was used twice

    def holds(
        self, institution: int, *, expires_before_ns: int = INT64_MAX, limit: int
    ) -> list[PaymentRow]:
        """Open holds and payments under review, the first to expire first."""
        query = (
            f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS}"
            " WHERE p.status IN ('held', 'review') AND p.status <> 'settled'"
            f" AND p.kind <> {int(Kind.ESCROW)}"
            " AND p.institution = ? AND p.expires_ns < ? ORDER BY p.expires_ns, p.place LIMIT ?"
        )
        rows = self.reader().execute(query, (institution, expires_before_ns, min(limit, LIMIT_MAX)))
        return [_payment(row) for row in rows]

    def decided_against(
        self, institution: int, *, after: int, upto: int, limit: int
    ) -> list[tuple[int, PaymentRow]]:
        """(place, payment) of those that were decided review or decline, in the order of the chain.
        after, upto: places."""
        query = (
            f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS} WHERE p.place > ? AND p.place <= ?"
            f" AND p.outcome >= {int(Outcome.REVIEW)} AND p.institution = ?"
            " ORDER BY p.place LIMIT ?"
        )
        given = (after, upto, institution, min(limit, LIMIT_MAX))
        rows = map(_payment, self.reader().execute(query, given))
        return [(place_of(row.height, row.index), row) for row in rows]

    def envelopes(self, *, after: int, upto: int, limit: int) -> list[tuple[int, bytes, int]]:
        """(place, key, sequence) of the envelopes whose entries lie after one place and up to
        another, in their order. The first may have begun before."""
        query = (
            "SELECT place, key, sequence FROM envelopes WHERE place <= ? AND place >="
            " coalesce((SELECT max(e.place) FROM envelopes e WHERE e.place <= ?), 0)"
            " ORDER BY place LIMIT ?"
        )
        rows = self.reader().execute(query, (upto, after, min(limit, LIMIT_MAX)))
        return [(place, key, sequence % _U64) for place, key, sequence in rows]

    def paid_at(self, institution: int, places: Sequence[int]) -> list[tuple[int, PaymentRow]]:
        """(place, payment) of those places at which a payment was accepted and booked."""
        found: list[tuple[int, PaymentRow]] = []
        for marks, part in in_lists(places):
            query = (
                f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS} WHERE p.place IN ({marks})"
                f" AND p.outcome = {int(Outcome.ACCEPT)} AND p.code = 0 AND p.institution = ?"
            )
            rows = map(_payment, self.reader().execute(query, (*part, institution)))
            found += [(place_of(row.height, row.index), row) for row in rows]
        return found

    def flows(self, account: int, *, heights: range, limit: int) -> list[FlowRow]:
        """Payments from or to an account (its number) or a sub-account of it, newest first, as a
        network of flows needs them."""
        first, before = _places(heights)
        query = (
            "SELECT p.id, p.payer, p.payee, p.asset, p.amount, p.captured, p.status, p.place"
            " FROM parties q JOIN payments p ON p.place = q.place"
            " WHERE q.account = ? AND q.place >= ? AND q.place < ? ORDER BY q.place DESC LIMIT ?"
        )
        given = (account, first, before, min(limit, LIMIT_MAX))
        return [_flow(row) for row in self.reader().execute(query, given)]

    def block_times(self, heights: Iterable[int]) -> dict[int, int]:
        """Nanoseconds by height, of those that are there."""
        reader = self.reader()
        found: dict[int, int] = {}
        for marks, part in in_lists(sorted(set(heights))):
            query = f"SELECT height, time_ns FROM blocks WHERE height IN ({marks})"
            found.update(reader.execute(query, part).fetchall())
        return found

    def payment_of_quote(self, institution: int, quote: bytes) -> bytes | None:
        """The id of the payment for which money was moved or held under a quote."""
        query = (
            "SELECT id FROM payments WHERE target = ? AND target IS NOT NULL AND institution = ?"
            f" AND kind = {int(Kind.PAYMENT)} AND to_asset IS NOT NULL AND code = 0"
            " ORDER BY place LIMIT 1"
        )
        row = self.reader().execute(query, (quote, institution)).fetchone()
        return None if row is None else bytes(row[0])

    def _place(self, institution: int, id: bytes) -> int:
        """0 for an id that is no payment: nothing comes after it."""
        query = "SELECT min(place) FROM payments WHERE id = ? AND institution = ?"
        (place,) = self.reader().execute(query, (id, institution)).fetchone()
        return place or 0

    # --- ids ------------------------------------------------------------------------------------

    def find(self, institution: int, id: bytes) -> Found | None:
        """The entry that first used an id, of any kind; for ever."""
        found = self.find_many(institution, id).get(id)
        return None if found is None else Found(*found)

    def find_many(self, institution: int, ids: bytes) -> dict[bytes, tuple[int, int, int]]:
        """ids: n × 16 bytes. Those that were used → (height, index, kind)."""
        # In order of the index, so that neighbours are found on one page.
        wanted = sorted(split_ids(ids))
        reader = self.reader()
        found: dict[bytes, tuple[int, int, int]] = {}
        for _, part in in_lists(wanted):
            for id, place, kind, _ in reader.execute(_uses(len(part)), (institution, *part)):
                found[id] = (height_of(place), index_of(place), kind)
        return found

    def act(self, institution: int, id: bytes) -> ActRow | None:
        query = f"{_ACT} FROM acts c {_ACT_JOINS} WHERE c.id = ? AND c.institution = ? {_FIRST_ACT}"
        row = self.reader().execute(query, (id, institution)).fetchone()
        return None if row is None else _act(row)

    def acts_on(self, institution: int, payment: bytes) -> list[ActRow]:
        """What changed a payment after its own entry, oldest first."""
        place = self._place(institution, payment)
        reader = self.reader()
        (last,) = reader.execute(
            "SELECT coalesce(max(last), 0) FROM payments WHERE place = ?", (place,)
        ).fetchone()
        query = (
            f"{_ACT} FROM acts c {_ACT_JOINS}"
            " WHERE c.payment = ? AND c.place BETWEEN ? AND ? ORDER BY c.place, c.n"
        )
        return [_act(row) for row in reader.execute(query, (place, place, last))]

    # --- changes --------------------------------------------------------------------------------

    def changes(
        self, after: tuple[int, int, int], limit: int, *, upto: int | None = None
    ) -> list[Change]:
        """Every status that a payment got after (height, index, n), oldest first. upto: a height.

        (0, 0, 0) is before all of them: genesis makes no payment.
        """
        height, index, n = after
        start = place_of(height, index)
        end = INT64_MAX if upto is None else place_of(upto + 1, 0) - 1
        limit = min(limit, LIMIT_MAX)
        reader = self.reader()
        made = reader.execute(
            f"{_PAYMENT} FROM payments p {_PAYMENT_JOINS}"
            " WHERE p.place > ? AND p.place <= ? ORDER BY p.place LIMIT ?",
            (start, end, limit),
        ).fetchall()
        changed = reader.execute(
            f"{_PAYMENT}, c.place, c.n, c.kind, c.status, coalesce(c.captured, c.amount, 0),"
            " l.time_ns FROM acts c"
            f" JOIN payments p ON p.place = c.payment {_PAYMENT_JOINS}"
            f" JOIN blocks l ON l.height = c.place >> {INDEX_BITS}"
            " WHERE (c.place > ? OR c.place = ? AND c.n > ?) AND c.place <= ?"
            " ORDER BY c.place, c.n LIMIT ?",
            (start, start, n, end, limit),
        ).fetchall()
        news = [_first_change(row) for row in made]
        later = [_later_change(row) for row in changed]
        merged = heapq.merge(news, later, key=lambda one: (one.height, one.index, one.n))
        return list(merged)[:limit]

    # --- mandates -------------------------------------------------------------------------------

    def mandate(self, institution: int, id: bytes) -> MandateRow | None:
        """The newest of this id that the institution recorded."""
        query = f"{_MANDATE} WHERE m.id = ? AND m.institution = ? ORDER BY m.place DESC LIMIT 1"
        row = self.reader().execute(query, (id, institution)).fetchone()
        return None if row is None else _mandate(row)

    def mandates(
        self, institution: int, *, limit: int, starting_after: bytes | None = None
    ) -> list[MandateRow]:
        before = INT64_MAX
        if starting_after is not None:
            query = "SELECT max(place) FROM mandates WHERE id = ? AND institution = ?"
            given = (starting_after, institution)
            before = self.reader().execute(query, given).fetchone()[0] or 0
        query = f"{_MANDATE} WHERE m.institution = ? AND m.place < ? ORDER BY m.place DESC LIMIT ?"
        rows = self.reader().execute(query, (institution, before, min(limit, LIMIT_MAX)))
        return [_mandate(row) for row in rows]

    # --- accounts -------------------------------------------------------------------------------

    def account(self, address: bytes) -> AccountRow | None:
        row = self.reader().execute(f"{_ACCOUNT} WHERE a.address = ?", (address,)).fetchone()
        return None if row is None else _account(row)

    def accounts(
        self, institution: int, *, limit: int, starting_after: bytes | None = None
    ) -> list[AccountRow]:
        before = INT64_MAX if starting_after is None else self._account_number(starting_after)
        rows = self.reader().execute(
            f"{_ACCOUNT} WHERE a.institution = ? AND a.number < ? ORDER BY a.number DESC LIMIT ?",
            (institution, before, min(limit, LIMIT_MAX)),
        )
        return [_account(row) for row in rows]

    def entries(
        self,
        address: bytes,
        *,
        limit: int,
        starting_after: int | None = None,
        asset: int | None = None,
        heights: range | None = None,
    ) -> list[EntryRow]:
        """Movements on an account, with those of its sub-accounts; on a sub-account its own.
        starting_after: number of the last one seen. heights: of the blocks that they were booked
        in."""
        account = self.account(address)
        if account is None:
            return []
        first, before = self._numbers(heights)
        query = f"""
            SELECT e.number, e.asset, e.amount, e.balance, coalesce(e.role, 0), k.time_ns, e.place,
                p.id, s.address
            FROM entries e
            LEFT JOIN accounts s ON s.number = e.sub
            JOIN blocks k ON k.height = e.place >> {INDEX_BITS}
            JOIN payments p ON p.place = coalesce(e.payment, e.place)
            WHERE e.account = ? AND e.asset = ? AND e.number >= ? AND e.number < ?
            {"" if account.parent is None else "AND e.sub = ?"}
            ORDER BY e.number DESC LIMIT ?
        """
        if starting_after is not None:
            before = min(before, starting_after)
        limit = min(limit, LIMIT_MAX)
        # Entries lie by account and asset, so each asset's newest are merged.
        assets = account.assets if asset is None else (asset,)
        reader, number = self.reader(), account.number
        sub = () if account.parent is None else (number,)
        settles_at = number if account.parent is None else account.parent
        rows = heapq.merge(
            *(
                reader.execute(query, (settles_at, one, first, before, *sub, limit))
                for one in assets
            ),
            key=lambda row: -row[0],
        )
        return [_entry(row) for row, _ in zip(rows, range(limit), strict=False)]

    def balances(
        self,
        address: bytes,
        *,
        limit: int,
        starting_after: tuple[int, int, int] | None = None,
        asset: int | None = None,
        heights: range | None = None,
    ) -> list[BalanceRow]:
        """What an account held after each entry that changed it, newest first; a sub-account has
        its parent's. starting_after: (height, index, asset) of the last one seen. heights: of the
        blocks of those entries."""
        account = self.account(address)
        if account is None:
            return []
        settles_at = account.number if account.parent is None else account.parent
        assets = account.assets if asset is None else (asset,)
        limit, reader = min(limit, LIMIT_MAX), self.reader()
        rows = (
            list_balances(reader, settles_at, one, self._span(heights, starting_after, one), limit)
            for one in assets
        )
        newest = heapq.merge(*rows, key=lambda row: (-row.height, -row.index, -row.asset))
        return list(islice(newest, limit))

    def _span(self, heights: range | None, after: tuple[int, int, int] | None, asset: int) -> Span:
        numbers, places = self._numbers(heights), _places(heights)
        if after is None:
            return Span(*numbers, *places)
        height, index, last = after
        _, number_before = self._numbers(range(height + 1))
        # Within an entry the assets are listed from the highest number on.
        place_before = place_of(height, index) + (asset < last)
        return Span(
            numbers[0], min(numbers[1], number_before), places[0], min(places[1], place_before)
        )

    def balances_at(self, address: bytes, height: int) -> list[tuple[int, int, int, int]]:
        """(asset, posted, pending_in, pending_out) in minor units after the block of this height;
        none for an account that was opened later."""
        account = self.account(address)
        if account is None or account.height > height:
            return []
        _, before = self._numbers(range(height + 1))
        settles_at = account.number if account.parent is None else account.parent
        _, place_before = _places(range(height + 1))
        reader = self.reader()
        return [
            (asset, *balance_at(reader, settles_at, asset, before, place_before - 1))
            for asset in account.assets
        ]

    def _numbers(self, heights: range | None) -> tuple[int, int]:
        """The numbers of the movements in blocks of these heights: from the first, below the
        second."""
        if heights is None:
            return 0, INT64_MAX
        query = "SELECT entries FROM blocks WHERE height >= ? ORDER BY height LIMIT 1"
        numbers = []
        for height in (heights.start, heights.stop):
            row = self.reader().execute(query, (min(height, INT64_MAX),)).fetchone()
            numbers.append(INT64_MAX if row is None else row[0])
        return numbers[0], numbers[1]

    def _account_number(self, address: bytes) -> int:
        query = "SELECT number FROM accounts WHERE address = ?"
        row = self.reader().execute(query, (address,)).fetchone()
        return -1 if row is None else row[0]

    # --- blocks and assets ----------------------------------------------------------------------

    def block(self, height: int) -> BlockRow | None:
        rows = self._blocks("height = ?", (height, 1))
        return rows[0] if rows else None

    def blocks(self, *, limit: int, before: int | None = None) -> list[BlockRow]:
        """before: a height."""
        top = INT64_MAX if before is None else before
        return self._blocks("height < ?", (top, min(limit, LIMIT_MAX)))

    def _blocks(self, where: str, given: Sequence[int]) -> list[BlockRow]:
        query = f"SELECT hash, header FROM blocks WHERE {where} ORDER BY height DESC LIMIT ?"
        return [_block(hash, header) for hash, header in self.reader().execute(query, given)]

    def height_from(self, time_ns: int) -> int:
        """The first height whose block is not before this time; one above the last for none."""
        query = "SELECT height FROM blocks WHERE time_ns >= ? ORDER BY time_ns LIMIT 1"
        reader = self.reader()
        row = reader.execute(query, (min(time_ns, INT64_MAX),)).fetchone()
        if row is None:
            row = reader.execute("SELECT coalesce(max(height), -1) + 1 FROM blocks").fetchone()
        height: int = row[0]
        return height

    def assets(self) -> list[tuple[int, str, int]]:
        """(number, code, scale)."""
        return (
            self.reader()
            .execute("SELECT number, code, scale FROM assets ORDER BY number")
            .fetchall()
        )


# --- rows ---------------------------------------------------------------------------------------


def _places(heights: range | None) -> tuple[int, int]:
    """Places in blocks of these heights: from the first, below the second."""
    if heights is None:
        return 0, INT64_MAX
    start, stop = (max(0, min(height, HEIGHT_MAX)) for height in (heights.start, heights.stop))
    return place_of(start, 0), place_of(stop, 0)


def _payment(row: Sequence[Any]) -> PaymentRow:
    (
        id, institution, kind, status, first_status, code, payer, payee,
        strangers, asset, to_asset, amount, to_amount, captured, refunded, target,
        purpose, outcome, time_ns, expires_ns, place, envelope, key, sequence, last, legs,
        terms_hash,
    ) = row  # fmt: skip
    amount_minor = int(amount)
    if captured is None:
        captured = amount_minor if status == Status.SETTLED else 0
    if last is None:
        last = place
    return PaymentRow(
        id=id,
        institution=institution,
        kind=kind,
        status=Status(status),
        first_status=Status(first_status),
        code=code,
        payer=payer if strangers is None else strangers[:20],
        payee=payee if strangers is None else strangers[20:],
        asset=asset,
        to_asset=to_asset or 0,
        amount_minor=amount_minor,
        to_amount_minor=int(to_amount or 0),
        captured_minor=int(captured),
        refunded_minor=int(refunded or 0),
        target=target,
        refund_of=target if kind == Kind.REFUND else None,
        purpose=purpose,
        outcome=outcome,
        created_ns=time_ns,
        expires_ns=expires_ns or 0,
        height=height_of(place),
        index=index_of(place),
        key=key,
        sequence=sequence % _U64,
        envelope_index=place - envelope - 1,
        last_height=height_of(last),
        last_index=index_of(last),
        legs=legs or b"",
        terms_hash=terms_hash or b"",
    )


def _flow(row: Sequence[Any]) -> FlowRow:
    id, payer, payee, asset, amount, captured, status, place = row
    amount_minor = int(amount)
    if captured is None:
        captured = amount_minor if status == Status.SETTLED else 0
    return FlowRow(id, payer, payee, asset, amount_minor, int(captured), status, height_of(place))


def _as_of(payment: PaymentRow, status: Status, captured_minor: int, place: int) -> PaymentRow:
    return PaymentRow(
        **{
            **{name: getattr(payment, name) for name in PaymentRow.__slots__},
            "status": status,
            "captured_minor": captured_minor,
            # A refund comes after a payment's last status.
            "refunded_minor": 0,
            "last_height": height_of(place),
            "last_index": index_of(place),
        }
    )


def _first_change(row: Sequence[Any]) -> Change:
    now = _payment(row)
    status = now.first_status
    captured_minor = now.amount_minor if status is Status.SETTLED else 0
    then = _as_of(now, status, captured_minor, place_of(now.height, now.index))
    return Change(now.height, now.index, 0, now.created_ns, status, now.kind, then)


def _later_change(row: Sequence[Any]) -> Change:
    *payment, place, n, kind, status_text, captured, time_ns = row
    status = Status(status_text)
    then = _as_of(_payment(payment), status, int(captured), place)
    return Change(height_of(place), index_of(place), n, time_ns, status, kind, then)


def _act(row: Sequence[Any]) -> ActRow:
    (
        place, n, time_ns, id, institution, kind, code, target, account, amount,
        captured, payment, status, envelope, key, sequence,
    ) = row  # fmt: skip
    ordered = envelope >= 0
    return ActRow(
        height=height_of(place),
        index=index_of(place),
        n=n,
        time_ns=time_ns,
        id=id,
        institution=institution,
        kind=kind,
        code=code,
        target=target,
        account=account,
        amount_minor=int(amount or 0),
        captured_minor=int(amount or 0) if captured is None else int(captured),
        payment=payment,
        status=None if status is None else Status(status),
        key=key if ordered else b"",
        sequence=sequence % _U64 if ordered else 0,
        envelope_index=place - envelope - 1 if ordered else 0,
    )


def _mandate(row: Sequence[Any]) -> MandateRow:
    most = (int(amount) for amount in row[5:8])
    return MandateRow(*row[:5], *most, *row[8:])


def _account(row: Sequence[Any]) -> AccountRow:
    number, address, institution, owner, flags, assets, time_ns, place, parent = row
    return AccountRow(
        number=number,
        address=address,
        institution=institution,
        owner=owner,
        flags=flags,
        assets=tuple(json.loads(assets)),
        opened_ns=time_ns,
        height=height_of(place),
        index=index_of(place),
        parent=parent,
    )


def _entry(row: Sequence[Any]) -> EntryRow:
    number, asset, amount, balance, role, time_ns, place, payment, sub = row
    return EntryRow(
        number=number,
        asset=asset,
        amount_minor=int(amount),
        balance_after_minor=int(balance),
        role=role,
        time_ns=time_ns,
        height=height_of(place),
        index=index_of(place),
        payment=payment,
        sub=sub,
    )


@cache
def _uses(count: int) -> str:
    """The uses of `count` ids, those that give way first: forgotten refusals, acts, payments, and
    each from the last to the first. Binds the institution, then the ids."""
    ids = ", ".join(f"(?{number})" for number in range(2, count + 2))
    # Joined as they come; of `IN (…)` SQLite would first make a table, once for each of the two.
    wanted, where = "wanted CROSS JOIN", "USING (id) WHERE institution = ?1"
    return (
        f"WITH wanted (id) AS (VALUES {ids})"
        f" SELECT id, place, kind, code NOT BETWEEN 1 AND 23 AS rank FROM {wanted} acts {where}"
        f" UNION ALL SELECT id, place, kind, 2 FROM {wanted} payments {where}"
        " ORDER BY rank, place DESC"
    )


def _block(hash: bytes, header: bytes) -> BlockRow:
    fields = np.frombuffer(header, HEADER)[0]
    return BlockRow(
        height=int(fields["height"]),
        time_ns=int(fields["time_ns"]),
        count=int(fields["count"]),
        hash=hash,
        previous=bytes(fields["previous"]),
        transactions_root=bytes(fields["transactions_root"]),
        results_root=bytes(fields["results_root"]),
        state_root=bytes(fields["state_root"]),
    )
