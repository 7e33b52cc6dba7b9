"""From blocks to rows: what one group of blocks changes in the tables, in one transaction.

Order matters in three places. Payments go in before the acts that change them are looked at, so
that a hold may be made and ended in one group. Movements are booked in the order of their entries.
A status changes only by the table of payment/state.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clearway.payment.records import (
    ENVELOPE,
    HEAD,
    LEG,
    AccountFlag,
    BalanceFlag,
    ControlAct,
    End,
    Flag,
    Kind,
    Legs,
    Outcome,
    Role,
    opaque,
    parse_account_units,
    parse_sweep,
    set_u128,
    terms_hash_of,
    u128,
)
from clearway.payment.state import CODE_DECLINED, Act, Status, first_act, next_status
from clearway.store import schema
from clearway.store.acts import (
    Aimed,
    AimedPayment,
    Moved,
    Movements,
    act_row,
    change,
    open_one,
    single_legs,
    sweep_row,
)
from clearway.store.database import in_lists
from clearway.store.escrows import Escrows, escrow_key
from clearway.store.group import (
    IS_MOVE,
    NO_ACCOUNT,
    Bool,
    Group,
    Int64,
    Numbers,
    RecordedBlock,
    byte_column,
    byte_list,
    envelope_fields,
    minor_column,
    read_group,
    signed_column,
    time_column,
)
from clearway.store.insert import insert_rows
from clearway.store.mandates import end_mandate, record_mandate
from clearway.store.pending import Pending
from clearway.store.running import Running
from clearway.store.schema import sql_minor

_U64 = 2**64
_FLAG_CHANGES = {
    Kind.FREEZE: (int(AccountFlag.FROZEN), 0),
    Kind.UNFREEZE: (0, int(AccountFlag.FROZEN)),
    Kind.CLOSE_ACCOUNT: (int(AccountFlag.CLOSED), 0),
}
_CLOSED = int(AccountFlag.CLOSED)
CLOSING = np.uint16(Flag.CLOSING_PAYER | Flag.CLOSING_PAYEE)
_CONTROL_CHANGES: dict[int, tuple[int, int]] = {
    ControlAct.HOLD_BACK: (int(BalanceFlag.HELD_BACK), 0),
    ControlAct.LET_GO: (0, int(BalanceFlag.HELD_BACK)),
    ControlAct.ALLOW: (int(BalanceFlag.ALLOWED), 0),
    ControlAct.DISALLOW: (0, int(BalanceFlag.ALLOWED)),
}


def _first_statuses() -> list[str]:
    """Status by 4 × (0 done, 1 declined, 2 refused) + 2 × pending + review."""
    statuses = []
    for code in (0, CODE_DECLINED, CODE_DECLINED + 1):
        for pending in (False, True):
            for review in (False, True):
                act = first_act(code=code, pending=pending, review=review)
                status = next_status(Status.PENDING, act)
                assert status is not None, "invariant: a new payment has a first status"
                statuses.append(str(status))
    return statuses


_FIRST_STATUSES = np.array(_first_statuses(), object)


class Writer:
    """Applies groups to the tables on the given connection; keeps the running balances."""

    def __init__(self, connection: sqlite3.Connection, numbers: Numbers) -> None:
        self._connection = connection
        self._numbers = numbers
        self._running = Running(self._last_balance)
        self._escrows = Escrows(connection)
        self._pending = Pending(connection, numbers)
        self._parents: dict[int, int] | None = None  # by sub-account; read when first needed

    def forget(self) -> None:
        self._running.forget()
        self._parents = None

    def apply(self, blocks: Sequence[RecordedBlock], entries: int) -> int:
        """Inside the caller's transaction. entries: movements so far; returns them afterwards."""
        (accounts,) = self._connection.execute(schema.COUNT_ACCOUNTS).fetchone()
        group = read_group(blocks, self._numbers, accounts)
        self._insert_envelopes(group)
        payments = self._insert_payments(group)
        movements = Movements(self._numbers)
        self._pending.begin(group, _collect_moves(group, movements), movements)
        self._apply_acts(group, movements)
        self._insert_parties(group, payments)
        places = self._book(group, movements, entries)
        self._pending.book(group, movements, self._load_parents(), places, entries)
        self._insert_blocks(blocks, places, entries)
        return entries + 2 * len(places)

    # --- blocks, envelopes ----------------------------------------------------------------------

    def _insert_blocks(self, blocks: Sequence[RecordedBlock], places: Int64, entries: int) -> None:
        """places: of the legs that were booked, in order; each made two movements."""
        starts = np.array([block.height << schema.INDEX_BITS for block in blocks], np.int64)
        before = (entries + 2 * np.searchsorted(places, starts)).tolist()
        rows = [
            (b.height, b.time_ns, b.count, b.hash, b.header, first)
            for b, first in zip(blocks, before, strict=True)
        ]
        self._connection.executemany(schema.INSERT_BLOCK, rows)

    def _insert_envelopes(self, group: Group) -> None:
        rows, fields = envelope_fields(group)
        assert fields.dtype == ENVELOPE, "invariant: envelopes are read as envelopes"
        self._connection.executemany(
            schema.INSERT_ENVELOPE,
            zip(
                group.place[rows].tolist(),
                fields["institution"].tolist(),
                byte_list(fields["key"]),
                # A u64 in SQL's signed 64 bits: the same bits.
                fields["sequence"].astype(np.int64).tolist(),
                group.code[rows].tolist(),
                strict=True,
            ),
        )

    # --- payments -------------------------------------------------------------------------------

    def _insert_payments(self, group: Group) -> Int64:
        """The rows that are payments."""
        rows = self._faces(group, group.moves())
        if not len(rows):
            return rows
        heads: Any = opaque(group.heads)[rows].view(HEAD)
        payer, payee = group.payer[rows], group.payee[rows]
        columns: dict[str, npt.NDArray[Any] | None] = {
            "place": group.place[rows],
            "id": byte_column(heads["id"]),
            "institution": group.institution[rows],
            "kind": heads["kind"],
            "payer": payer,
            "payee": payee,
            "strangers": _strangers(heads, payer, payee),
            "asset": heads["asset"],
            "to_asset": _where(heads["to_asset"] != 0, heads["to_asset"]),
            "amount": minor_column(heads, "amount"),
            "to_amount": _where(heads["to_asset"] != 0, minor_column(heads, "to_amount")),
            "target": _where(heads["target"].any(axis=1), byte_column(heads["target"])),
            "purpose": heads["purpose"],
            "outcome": heads["outcome"],
            "expires_ns": _where(heads["expires_ns"] != 0, time_column(heads["expires_ns"])),
            "code": group.code[rows],
            "status": _first_status(heads, group.code[rows]),
            "legs": _legs_of(group, rows),
            "terms_hash": _terms_hashes(heads),
            "closes": _where((heads["flags"] & CLOSING) != 0, heads["flags"] & CLOSING),
        }
        insert_rows(self._connection, "payments", columns)
        return rows

    def _insert_parties(self, group: Group, rows: Int64) -> None:
        """After the acts, which open sub-accounts: what one of them paid or got is its parent's."""
        payer, payee, place = group.payer[rows], group.payee[rows], group.place[rows]
        # In order of the key, so that neighbours land on one page.
        account = np.concatenate([payer, payee[payer != payee]])
        places = np.concatenate([place, place[payer != payee]])
        settled, subs = self._settle(account)
        if subs is not None:
            pairs = np.concatenate([[account, places], [settled, places]], axis=1)
            account, places = np.unique(pairs, axis=1)
        order = np.lexsort((places, account))[np.count_nonzero(account == NO_ACCOUNT) :]
        columns = {"account": account[order], "place": places[order]}
        insert_rows(self._connection, "parties", columns)

    def _faces(self, group: Group, rows: Int64) -> Int64:
        """The rows that stay when a refusal that the ledger forgets shares its id with another
        payment (schema.FORGOTTEN_CODE_MAX). Both cases are rare, and cost nothing without them."""
        code = group.code[rows]
        forgotten = (code > 0) & (code <= schema.FORGOTTEN_CODE_MAX)
        (earlier,) = self._connection.execute(schema.ANY_FORGOTTEN).fetchone()
        if earlier:
            self._give_way(group, rows[~forgotten])
        if not forgotten.any():
            return rows
        lost = rows[forgotten]
        taken = self._taken(byte_list(group.heads["id"][lost]))
        taken.update(_keys(group, rows[~forgotten]))
        kept = ~forgotten
        for at, key in zip(np.flatnonzero(forgotten).tolist(), _keys(group, lost), strict=True):
            kept[at] = key not in taken
            taken.add(key)
        return rows[kept]

    def _give_way(self, group: Group, rows: Int64) -> None:
        """Deletes forgotten refusals whose id these remembered rows have."""
        new = set(_keys(group, rows))
        gone = [
            row
            for row in self._connection.execute(schema.SELECT_FORGOTTEN)
            if (row[2], row[1]) in new
        ]
        for place, _, _, payer, payee in gone:
            self._connection.execute(schema.DELETE_PAYMENT, (place,))
            parents = self._load_parents()
            for account in {payer, payee, parents.get(payer, payer), parents.get(payee, payee)}:
                self._connection.execute(schema.DELETE_PARTY, (account, place))

    def _taken(self, ids: list[bytes]) -> set[tuple[int, bytes]]:
        taken = set()
        for marks, part in in_lists(sorted(set(ids))):
            query = schema.SELECT_IDS.format(marks=marks)
            for id, institution in self._connection.execute(query, part):
                taken.add((institution, id))
        return taken

    # --- acts -----------------------------------------------------------------------------------

    def _apply_acts(self, group: Group, movements: Movements) -> None:
        """Everything that is not a new payment, entry by entry, in order."""
        acting = (group.kind != Kind.ENVELOPE) & ~IS_MOVE[group.kind] & ~group.duplicate
        refunds = (group.kind == Kind.REFUND) & (group.code == 0) & ~group.duplicate
        closing = IS_MOVE[group.kind] & (group.code == 0) & ~group.duplicate
        closing &= (group.heads["flags"] & CLOSING) != 0
        rows = np.flatnonzero(acting | refunds | closing).tolist()
        if not rows:
            return
        aimed = self._load_aimed(group, rows)
        acts: list[tuple[Any, ...]] = []
        for row in rows:
            kind = int(group.kind[row])
            if kind == Kind.SWEEP:
                acts.extend(self._sweep(group, row, aimed, movements))
            elif closing[row]:
                self._close(group, row)
            elif kind == Kind.REFUND:
                _refund(group, row, aimed)
            elif kind in (Kind.POST, Kind.VOID):
                acts.append(self._end_hold(group, row, aimed, movements))
            elif kind in (Kind.RELEASE, Kind.CANCEL):
                acts.append(self._escrows.act(group, row, aimed, movements))
            else:
                acts.append(self._administer(group, row))
        self._connection.executemany(schema.INSERT_ACT, acts)
        self._connection.executemany(
            schema.UPDATE_PAYMENT,
            [
                (str(one.status), one.captured, one.refunded, one.last, one.place)
                for lives in aimed.values()
                for one in lives
                if one.changed
            ],
        )

    def _load_aimed(self, group: Group, rows: list[int]) -> Aimed:
        """The payments that these rows aim at."""
        wanted: set[tuple[int, bytes]] = set()
        for row in rows:
            if group.kind[row] == Kind.SWEEP:
                wanted.update((key, id) for key, _what, id in parse_sweep(group.sweeps[row]))
            elif group.kind[row] in (Kind.POST, Kind.VOID, Kind.REFUND):
                wanted.add(_target(group, row))
            elif group.kind[row] in (Kind.RELEASE, Kind.CANCEL):
                wanted.add(escrow_key(group, row))
        aimed: Aimed = {}
        for marks, part in in_lists(sorted({id for _, id in wanted})):
            query = schema.SELECT_AIMED.format(marks=marks)
            for id, institution, place, amount, status, *rest in self._connection.execute(
                query, part
            ):
                one = AimedPayment(place, int(amount), Status(status), *rest)
                aimed.setdefault((institution, id), []).append(one)
        return aimed

    def _sweep(
        self, group: Group, row: int, aimed: Aimed, movements: Movements
    ) -> list[tuple[Any, ...]]:
        """The holds and escrows that ended by themselves, counted from 1."""
        acts = []
        for n, (institution, what, id) in enumerate(parse_sweep(group.sweeps[row]), 1):
            key = (institution, id)
            if what == End.HOLD_RELEASED:
                hold = open_one(aimed, key, escrow=False)
                change(hold, Act.EXPIRE, group.place[row])
                self._pending.end(row, hold, movements)
                self._reopen(hold)
                acts.append(sweep_row(group, row, n, key, hold))
            elif what in (End.ESCROW_RETURNED, End.ESCROW_PAID):
                paid = what == End.ESCROW_PAID
                acts.append(self._escrows.end(group, row, n, key, aimed, movements, paid=paid))
            elif what == End.MANDATE_ENDED:
                end_mandate(self._connection, institution, id, "ended")
        return acts

    def _end_hold(
        self, group: Group, row: int, aimed: Aimed, movements: Movements
    ) -> tuple[Any, ...]:
        """A capture or approval, a void or rejection; the latter two open what the hold closed."""
        if group.code[row] == 0:
            hold = open_one(aimed, _target(group, row), escrow=False)
            self._pending.end(row, hold, movements)
            if group.kind[row] == Kind.VOID:
                self._reopen(hold)
        return _end_hold(group, row, aimed, movements)

    def _close(self, group: Group, row: int) -> None:
        """The accounts that a new hold closes."""
        flags = int(group.heads["flags"][row])
        for flag, account in (
            (Flag.CLOSING_PAYER, group.payer[row]),
            (Flag.CLOSING_PAYEE, group.payee[row]),
        ):
            if flags & flag:
                self._connection.execute(schema.UPDATE_FLAGS, (_CLOSED, 0, int(account)))

    def _reopen(self, hold: AimedPayment) -> None:
        for flag, account in ((Flag.CLOSING_PAYER, hold.payer), (Flag.CLOSING_PAYEE, hold.payee)):
            if (hold.closes or 0) & flag:
                self._connection.execute(schema.UPDATE_FLAGS, (0, _CLOSED, account))

    def _administer(self, group: Group, row: int) -> tuple[Any, ...]:
        """Accounts, assets, keys, limits: the act's row; a success changes its table."""
        kind, done = Kind(int(group.kind[row])), group.code[row] == 0
        names_account = kind <= Kind.UNFREEZE or kind is Kind.CONTROL_ASSET
        account = int(group.payer[row]) if names_account and group.payer[row] >= 0 else None
        if done and kind is Kind.OPEN_ACCOUNT:
            self._open_account(group, row)
        elif done and kind in _FLAG_CHANGES:
            on, off = _FLAG_CHANGES[kind]
            self._connection.execute(schema.UPDATE_FLAGS, (on, off, account))
        elif done and kind in (Kind.MANDATE, Kind.REVOKE_MANDATE):
            record_mandate(self._connection, group, row)
        elif done and kind is Kind.REGISTER_ASSET:
            unit = group.units_of(row)
            code, scale = unit[:16].rstrip(b"\0").decode("ascii"), unit[16]
            number = int(group.heads["asset"][row])
            controls = int.from_bytes(unit[20:24], "little")
            self._connection.execute(schema.INSERT_ASSET, (number, code, scale, controls))
        elif done and kind is Kind.CONTROL_ASSET:
            act, asset = int(group.heads["purpose"][row]), int(group.heads["asset"][row])
            if act in _CONTROL_CHANGES:  # the others are of the asset, whoever holds it
                holder = self._load_parents().get(int(group.payer[row]), int(group.payer[row]))
                given = (holder, asset, *_CONTROL_CHANGES[act])
                self._connection.execute(schema.UPDATE_CONTROLS, given)
        return act_row(group, row, account=account)

    def _open_account(self, group: Group, row: int) -> None:
        owner, flags, assets = parse_account_units(group.units_of(row))
        self._connection.execute(
            schema.INSERT_ACCOUNT,
            (
                int(group.payer[row]),
                group.heads["payer"][row].tobytes(),
                int(group.institution[row]),
                owner if any(owner) else None,
                flags,
                json.dumps(assets),
                int(group.place[row]),
                int(group.payee[row]) if flags & AccountFlag.SUB else None,
            ),
        )
        if flags & AccountFlag.SUB:
            self._load_parents()[int(group.payer[row])] = int(group.payee[row])

    def _load_parents(self) -> dict[int, int]:
        if self._parents is None:
            self._parents = dict(self._connection.execute(schema.SELECT_PARENTS).fetchall())
        return self._parents

    def _settle(self, account: Int64) -> tuple[Int64, npt.NDArray[np.object_] | None]:
        """The accounts whose money moved, and which sub-accounts they moved for."""
        parents = self._load_parents()
        if not parents:
            return account, None
        subs = np.full(len(account), None, object)
        settled = account.copy()
        for at in np.flatnonzero(np.isin(account, list(parents))).tolist():
            subs[at] = int(account[at])
            settled[at] = parents[int(account[at])]
        return settled, subs

    # --- movements ------------------------------------------------------------------------------

    def _book(self, group: Group, movements: Movements, entries: int) -> Int64:
        """Places of the legs that moved something, in order."""
        moved = movements.in_order()
        place = group.place[moved.row]
        if not len(place):
            return place
        account = np.stack([moved.payer, moved.payee], axis=1).reshape(-1)
        account, subs = self._settle(account)
        # In order of the key, so that neighbours land on one page.
        order = np.lexsort((account, np.repeat(moved.asset, 2)))
        leg = order // 2
        account, asset, leaves = account[order], moved.asset[leg], order % 2 == 0
        amount, balance = self._running.apply(
            account, asset, moved.amount_lo[leg], moved.amount_hi[leg], leaves
        )
        role, payment = moved.role[leg], moved.payment[leg]
        columns: dict[str, npt.NDArray[Any] | None] = {
            "asset": asset,
            "account": account,
            "number": order + entries,
            "amount": signed_column(amount),
            "balance": signed_column(balance),
            "role": _where(role != Role.PRINCIPAL, role),
            "place": place[leg],
            "payment": _where(payment != place[leg], payment),
            "sub": None if subs is None else subs[order],
        }
        insert_rows(self._connection, "entries", columns)
        return place

    def _last_balance(self, account: int, asset: int) -> int:
        row = self._connection.execute(schema.SELECT_BALANCE, (account, asset)).fetchone()
        return 0 if row is None else int(row[0])


# --- columns of payments ------------------------------------------------------------------------


def _first_status(heads: Any, code: Any) -> npt.NDArray[np.object_]:
    pending = ((heads["flags"] & Flag.PENDING) != 0) | (heads["kind"] == Kind.ESCROW)
    review = heads["outcome"] == Outcome.REVIEW
    end = np.where(code == 0, 0, np.where(code == CODE_DECLINED, 1, 2))
    statuses: npt.NDArray[np.object_] = _FIRST_STATUSES[4 * end + 2 * pending + review]
    return statuses


def _strangers(heads: Any, payer: Int64, payee: Int64) -> npt.NDArray[np.object_] | None:
    """Both addresses of a payment with one that is no account."""
    return _sparse(
        (payer == NO_ACCOUNT) | (payee == NO_ACCOUNT),
        lambda row: heads["payer"][row].tobytes() + heads["payee"][row].tobytes(),
    )


def _legs_of(group: Group, rows: Int64) -> npt.NDArray[np.object_] | None:
    """The explicit legs of what moved or is held; the terms of every escrow."""
    given = (group.leg_count[rows] > 0) & (group.code[rows] == 0)
    given |= group.kind[rows] == Kind.ESCROW
    return _sparse(given, lambda row: group.units_of(int(rows[row])))


def _terms_hashes(heads: Any) -> npt.NDArray[np.object_] | None:
    return _sparse(heads["kind"] == Kind.ESCROW, lambda row: terms_hash_of(heads[row]))


def _sparse(given: Bool, value: Callable[[int], bytes]) -> npt.NDArray[np.object_] | None:
    """A column of values where given, None for one without any."""
    column = np.full(len(given), None, object)
    places = np.flatnonzero(given).tolist()
    for row in places:
        column[row] = value(row)
    return column if places else None


def _where(given: Bool, column: npt.NDArray[Any]) -> npt.NDArray[np.object_] | None:
    """The column where given and NULL elsewhere, None for one without any."""
    if not given.any():
        return None
    column = column.astype(object)
    column[~given] = None
    return column


# --- legs ---------------------------------------------------------------------------------------


def _collect_moves(group: Group, movements: Movements) -> Int64:
    """The legs of what was booked at once: explicit ones, or the one from payer to payee. Returns
    the rows that put aside instead: holds and escrows."""
    rows = group.moves()
    rows = rows[group.code[rows] == 0]
    aside = (group.heads["flags"][rows] & Flag.PENDING) != 0
    aside |= group.kind[rows] == Kind.ESCROW
    put_aside: Int64 = rows[aside]
    rows = rows[~aside]
    plain = rows[group.leg_count[rows] == 0]
    if len(plain):
        movements.add(
            Moved(
                payer=group.payer[plain],
                payee=group.payee[plain],
                asset=group.heads["asset"][plain],
                role=np.zeros(len(plain), np.uint8),
                amount_lo=group.heads["amount_lo"][plain],
                amount_hi=group.heads["amount_hi"][plain],
                row=plain,
                payment=group.place[plain],
            )
        )
    given = rows[group.leg_count[rows] > 0]
    if len(given):
        counts = group.leg_count[given]
        first = np.repeat(np.cumsum(counts) - counts, counts)
        at = np.repeat(group.unit_start[given], counts) + np.arange(counts.sum()) - first
        owner = np.repeat(given, counts)
        movements.add_legs(group.units[at], owner, group.place[owner])
    return put_aside


# --- acts ---------------------------------------------------------------------------------------


def _keys(group: Group, rows: Int64) -> list[tuple[int, bytes]]:
    """(institution, id) of each."""
    ids = byte_list(group.heads["id"][rows])
    return list(zip(group.institution[rows].tolist(), ids, strict=True))


def _target(group: Group, row: int) -> tuple[int, bytes]:
    return int(group.institution[row]), group.heads["target"][row].tobytes()


def _end_hold(group: Group, row: int, aimed: Aimed, movements: Movements) -> tuple[Any, ...]:
    """A capture or approval, a void or rejection."""
    key = _target(group, row)
    posts = group.kind[row] == Kind.POST
    amount_minor = u128(group.results[row], "amount") if posts else None
    if group.code[row] != 0:
        return act_row(group, row, target=key[1], amount_minor=amount_minor)
    hold = open_one(aimed, key, escrow=False)
    reviewed = hold.status is Status.REVIEW
    if amount_minor is None:
        change(hold, Act.REJECT if reviewed else Act.VOID, group.place[row])
    else:
        change(hold, Act.APPROVE if reviewed else Act.CAPTURE, group.place[row])
        if amount_minor != hold.amount_minor:
            hold.captured = sql_minor(amount_minor)
        legs = _posted_legs(group, row, hold, amount_minor)
        payments = np.full(len(legs), hold.place, np.int64)
        movements.add_legs(legs, np.full(len(legs), row, np.int64), payments)
    return act_row(group, row, target=key[1], amount_minor=amount_minor, changed=hold)


def _posted_legs(group: Group, row: int, hold: AimedPayment, amount_minor: int) -> Legs:
    """docs/format.md, Post: the legs given, or the hold's whole, or its only one in part."""
    given = group.units_of(row)
    if given:
        return np.frombuffer(given, LEG)
    if hold.legs is None:
        # The entry names the hold's payer, payee and asset, and its amount is what is captured.
        return single_legs(group.heads[row : row + 1])
    legs = np.frombuffer(hold.legs, LEG).copy()
    if len(legs) == 1:
        set_u128(legs[0], "amount", amount_minor)
    return legs


def _refund(group: Group, row: int, aimed: Aimed) -> None:
    """The payment that was refunded counts what its payer got back, in its own asset."""
    head = group.heads[row]
    lives = aimed.get(_target(group, row))
    if not lives:
        return  # the ledger checks the amount alone; the payment may be another institution's
    refunded = lives[0]
    back_minor = u128(head, "to_amount" if head["to_asset"] else "amount")
    refunded.refunded = sql_minor(int(refunded.refunded or 0) + back_minor)
    refunded.last, refunded.changed = int(group.place[row]), True
