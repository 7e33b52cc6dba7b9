"""What acts of a group change: payments that they aim at, movements that they book, their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearway.payment.records import LEG, Kind, Legs
from clearway.payment.state import Act, Status, next_status
from clearway.store.group import Group, Int64, Numbers, account_numbers
from clearway.store.schema import sql_minor

OPEN = (Status.HELD, Status.REVIEW)


@dataclass(frozen=True, slots=True)
class PendingLeg:
    """From here on amount_minor is pending from one account to another; below zero: no more. row:
    of the group; payer, payee: account numbers."""

    row: int
    payer: int
    payee: int
    asset: int
    amount_minor: int


@dataclass(slots=True)
class AimedPayment:
    """A payment that acts of this group change. legs: of an escrow its terms; payer, payee: account
    numbers; closes: the CLOSING flags of a hold that closed them."""

    place: int
    amount_minor: int
    status: Status
    kind: int
    captured: int | str | None
    refunded: int | str | None
    last: int | None
    legs: bytes | None
    payer: int
    payee: int
    closes: int | None
    asset: int
    changed: bool = False

    def pending_leg(self, row: int, amount_minor: int) -> PendingLeg:
        """Of a hold without legs, or an escrow."""
        return PendingLeg(row, self.payer, self.payee, self.asset, amount_minor)


Aimed = dict[tuple[int, bytes], list[AimedPayment]]
"""(institution, id) → its payments in order; more than one only after the ledger's window."""


class Moved(NamedTuple):
    """Legs that were booked, as columns. payer, payee: account numbers; row: of the group, to which
    each belongs; payment: the place of its payment."""

    payer: Int64
    payee: Int64
    asset: npt.NDArray[np.uint32]
    role: npt.NDArray[np.uint8]
    amount_lo: npt.NDArray[np.uint64]
    amount_hi: npt.NDArray[np.uint64]
    row: Int64
    payment: Int64

    def take(self, kept: Int64) -> Moved:
        return Moved._make(column[kept] for column in self)


class Movements:
    """What a group books, collected. pending: what begins and ends to be pending, not yet in
    order."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._parts: list[Moved] = []
        self.pending: list[PendingLeg] = []

    def add(self, part: Moved) -> None:
        self._parts.append(part)

    def add_legs(self, legs: Legs, rows: Int64, payments: Int64) -> None:
        self.add(
            Moved(
                payer=account_numbers(legs["from"], self._numbers),
                payee=account_numbers(legs["to"], self._numbers),
                asset=legs["asset"],
                role=legs["role"],
                amount_lo=legs["amount_lo"],
                amount_hi=legs["amount_hi"],
                row=rows,
                payment=payments,
            )
        )

    def in_order(self) -> Moved:
        """All of them in the order of their entries, without legs of zero: a post may book one,
        which moves nothing."""
        if not self._parts:
            self.add_legs(np.zeros(0, LEG), *np.zeros((2, 0), np.int64))
        moved = Moved._make(map(np.concatenate, zip(*self._parts, strict=True)))
        kept = np.flatnonzero((moved.amount_lo != 0) | (moved.amount_hi != 0))
        return moved.take(kept[np.argsort(moved.row[kept], kind="stable")])


def single_legs(heads: Any) -> Legs:
    legs = np.zeros(len(heads), LEG)
    legs["from"], legs["to"] = heads["payer"], heads["payee"]
    for name in ("asset", "amount_lo", "amount_hi"):
        legs[name] = heads[name]
    return legs


def act_row(
    group: Group,
    row: int,
    *,
    n: int = 0,
    target: bytes | None = None,
    account: int | None = None,
    amount_minor: int | None = None,
    captured_minor: int | None = None,
    changed: AimedPayment | None = None,
) -> tuple[Any, ...]:
    """One row of schema.ACT_COLUMNS. captured_minor: all that was captured by then, where that is
    not amount_minor."""
    return (
        int(group.place[row]),
        n,
        group.heads["id"][row].tobytes(),
        int(group.institution[row]),
        int(group.kind[row]),
        int(group.envelope[row]),
        target,
        account,
        None if amount_minor is None else sql_minor(amount_minor),
        None if captured_minor is None else sql_minor(captured_minor),
        int(group.code[row]),
        None if changed is None else str(changed.status),
        None if changed is None else changed.place,
    )


def open_one(aimed: Aimed, key: tuple[int, bytes], *, escrow: bool) -> AimedPayment:
    """The open hold or escrow under an id; the ledger lets there be one of each."""
    for payment in aimed.get(key, ()):
        if payment.status in OPEN and (payment.kind == Kind.ESCROW) is escrow:
            return payment
    raise AssertionError("invariant: what ends was recorded as open")


def sweep_row(
    group: Group,
    row: int,
    n: int,
    key: tuple[int, bytes],
    changed: AimedPayment,
    *,
    captured_minor: int | None = None,
) -> tuple[Any, ...]:
    """Row n (from 1) of a sweep: what ended by itself is an act of nobody. It has no id, and the
    institution is that of what ended."""
    fields = act_row(group, row, n=n, target=key[1], captured_minor=captured_minor, changed=changed)
    return (*fields[:2], None, key[0], *fields[4:])


def change(payment: AimedPayment, act: Act, place: Any) -> None:
    status = next_status(payment.status, act)
    assert status is not None, f"invariant: {act} follows {payment.status}"
    payment.status, payment.last, payment.changed = status, int(place), True
