"""What releases, cancels and deadlines move: conditional money in the projections.

The ledger says how much was released or went back (the results); who got which part follows from
the terms, and whether there was a delivery from what the release brought with it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearway.payment.records import (
    LEG,
    AccountFlag,
    BalanceFlag,
    Control,
    Kind,
    Role,
    pack_leg,
    terms_hash_of,
    u128,
)
from clearway.payment.state import Act
from clearway.payment.terms import Delivery, Terms, parse_terms, share_out, walk
from clearway.payment.witnesses import Deliver, parse_witnesses
from clearway.store import schema
from clearway.store.acts import (
    Aimed,
    AimedPayment,
    Movements,
    act_row,
    change,
    open_one,
    sweep_row,
)
from clearway.store.group import Group
from clearway.store.schema import sql_minor

# As plain ints, as the columns are.
_BARRED = int(AccountFlag.CLOSED | AccountFlag.FROZEN)
_NEED_NO_LEAVE = int(AccountFlag.NOSTRO | AccountFlag.OPERATING)
_ALLOW_LIST = int(Control.ALLOW_LIST)
_HELD_BACK, _ALLOWED = int(BalanceFlag.HELD_BACK), int(BalanceFlag.ALLOWED)


def escrow_key(group: Group, row: int) -> tuple[int, bytes]:
    """(institution, id) of the escrow that a release or cancel aims at."""
    head = group.heads[row]
    return int(head["purpose"]), head["target"].tobytes()


@dataclass(frozen=True, slots=True)
class Contract:
    """An escrow as its own entry made it."""

    payer: bytes
    payee: bytes
    asset: int
    terms_hash: bytes
    terms: Terms


class Escrows:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def act(self, group: Group, row: int, aimed: Aimed, movements: Movements) -> tuple[Any, ...]:
        """A release or a cancel, by the account that asked for it."""
        key = escrow_key(group, row)
        account = int(group.payer[row])
        if group.code[row] != 0:
            return act_row(group, row, target=key[1], account=account)
        one = open_one(aimed, key, escrow=True)
        contract = self._contract(one)
        released_minor = int(one.captured or 0)
        moved_minor = u128(group.results[row], "amount")
        if group.kind[row] == Kind.RELEASE:
            legs = _delivery(group, row, one, contract, moved_minor)
            payee = group.heads["payee"][row].tobytes()
            legs += _release(contract, payee, released_minor, moved_minor)
            released_minor += moved_minor
            ended_minor, done = moved_minor, released_minor == one.amount_minor
            change(one, Act.RELEASE_ALL if done else Act.RELEASE, group.place[row])
        else:  # the result tells what went back; what had accrued was paid before
            ended_minor = one.amount_minor - released_minor
            accrued_minor = ended_minor - moved_minor
            legs = _release(contract, contract.payee, released_minor, accrued_minor)
            released_minor += accrued_minor
            change(one, Act.CANCEL if moved_minor else Act.RELEASE_ALL, group.place[row])
        movements.pending.append(one.pending_leg(row, -ended_minor))
        one.captured = sql_minor(released_minor)
        _book(movements, legs, row, one)
        return act_row(
            group,
            row,
            target=key[1],
            account=account,
            amount_minor=moved_minor,
            captured_minor=released_minor,
            changed=one,
        )

    def end(
        self,
        group: Group,
        row: int,
        n: int,
        key: tuple[int, bytes],
        aimed: Aimed,
        movements: Movements,
        *,
        paid: bool,
    ) -> tuple[Any, ...]:
        """Row n of a sweep: the deadline returned what was left, or paid it."""
        one = open_one(aimed, key, escrow=True)
        released_minor = int(one.captured or 0)
        left_minor = one.amount_minor - released_minor
        movements.pending.append(one.pending_leg(row, -left_minor))
        if paid:
            contract = self._contract(one)
            parts, rest_minor = share_out(
                contract.terms, released_minor=released_minor, amount_minor=left_minor
            )
            legs = b""
            for share, part_minor in zip(contract.terms.shares, parts, strict=True):
                if self._is_barred(share.to, contract.asset):
                    rest_minor += part_minor  # nothing may go there: the payee gets it
                else:
                    legs += _leg(contract, share.to, part_minor)
            _book(movements, legs + _leg(contract, contract.payee, rest_minor), row, one)
            released_minor = one.amount_minor
            one.captured = sql_minor(released_minor)
        change(one, Act.RELEASE_ALL if paid else Act.EXPIRE, group.place[row])
        return sweep_row(group, row, n, key, one, captured_minor=released_minor)

    def _contract(self, one: AimedPayment) -> Contract:
        row = self._connection.execute(schema.SELECT_CONTRACT, (one.place,)).fetchone()
        assert row is not None, "invariant: the parties of an escrow are accounts"
        assert one.legs is not None, "invariant: an escrow has terms"
        payer, payee, asset, terms_hash = row
        return Contract(payer, payee, asset, terms_hash, parse_terms(one.legs))

    def _is_barred(self, address: bytes, asset: int) -> bool:
        """Whether nothing may go there now: closed or frozen, or barred by the asset's issuer. What
        came before is applied already: the sweep is first in its block, and holds end first."""
        given = (address, asset)
        row = self._connection.execute(schema.SELECT_STANDING, given).fetchone()
        assert row is not None, "invariant: who shares has an account"
        account, controls, balance = row
        listed = controls & _ALLOW_LIST and not account & _NEED_NO_LEAVE
        return bool(
            account & _BARRED or balance & _HELD_BACK or (listed and not balance & _ALLOWED)
        )


def _release(contract: Contract, payee: bytes, released_minor: int, amount_minor: int) -> bytes:
    """The legs of a release: the shares' in their order, then the payee's."""
    parts, rest_minor = share_out(
        contract.terms, released_minor=released_minor, amount_minor=amount_minor
    )
    legs = [
        _leg(contract, share.to, part_minor)
        for share, part_minor in zip(contract.terms.shares, parts, strict=True)
    ]
    return b"".join([*legs, _leg(contract, payee, rest_minor)])


def _leg(contract: Contract, to: bytes, amount_minor: int) -> bytes:
    return pack_leg(
        payer=contract.payer,
        payee=to,
        asset=contract.asset,
        role=Role.PRINCIPAL,
        amount_minor=amount_minor,
    )


def _delivery(
    group: Group, row: int, one: AimedPayment, contract: Contract, amount_minor: int
) -> bytes:
    """The other side of a delivery against payment, where the release makes that condition true
    (docs/format.md, node 16)."""
    nodes = list(walk(contract.terms.release))
    head = group.heads[row]
    for witness in parse_witnesses(group.units_of(row)):
        node = nodes[witness.node]
        if not isinstance(witness, Deliver) or not isinstance(node, Delivery):
            continue
        whole = not int(one.captured or 0) and amount_minor == one.amount_minor
        asked = head["payer"].tobytes() == node.from_
        if whole and asked and terms_hash_of(head) == contract.terms_hash:
            return pack_leg(
                payer=node.from_,
                payee=node.to,
                asset=node.asset,
                role=Role.EXCHANGE,
                amount_minor=node.amount_minor,
            )
    return b""


def _book(movements: Movements, legs: bytes, row: int, one: AimedPayment) -> None:
    booked = np.frombuffer(legs, LEG)
    rows = np.full(len(booked), row, np.int64)
    movements.add_legs(booked, rows, np.full(len(booked), one.place, np.int64))
