"""What was pending in and out of every account, after each entry that changed it.

A hold or an escrow makes its legs pending; its end, or a part of it, ends what is pending. What was
posted stands in `entries`. A row here carries the number of the first movement after it, so that
each table tells what stood in the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np

from clearway.payment.records import LEG, Kind, u128
from clearway.store import schema
from clearway.store.acts import AimedPayment, Movements, PendingLeg
from clearway.store.group import Group, Int64, Numbers, account_numbers, object_column
from clearway.store.insert import insert_rows
from clearway.store.schema import sql_minor


class Pending:
    def __init__(self, connection: sqlite3.Connection, numbers: Numbers) -> None:
        self._connection = connection
        self._numbers = numbers

    def begin(self, group: Group, rows: Int64, movements: Movements) -> None:
        """What these new holds and escrows put aside."""
        for row in rows.tolist():
            if group.leg_count[row] and group.kind[row] != Kind.ESCROW:
                movements.pending += self._legs(row, group.units_of(row), sign=1)
            else:
                head = group.heads[row]
                payer, payee = int(group.payer[row]), int(group.payee[row])
                leg = PendingLeg(row, payer, payee, int(head["asset"]), u128(head, "amount"))
                movements.pending.append(leg)

    def end(self, row: int, hold: AimedPayment, movements: Movements) -> None:
        """Whatever of a hold is posted, all of it is pending no more."""
        if hold.legs is not None:
            movements.pending += self._legs(row, hold.legs, sign=-1)
        else:
            movements.pending.append(hold.pending_leg(row, -hold.amount_minor))

    def _legs(self, row: int, units: bytes, *, sign: int) -> list[PendingLeg]:
        legs = np.frombuffer(units, LEG)
        payers = account_numbers(legs["from"], self._numbers).tolist()
        payees = account_numbers(legs["to"], self._numbers).tolist()
        return [
            PendingLeg(row, payer, payee, int(leg["asset"]), sign * u128(leg, "amount"))
            for leg, payer, payee in zip(legs, payers, payees, strict=True)
        ]

    def book(
        self,
        group: Group,
        movements: Movements,
        parents: Mapping[int, int],
        booked: Int64,
        entries: int,
    ) -> None:
        """parents: by sub-account. booked: places of the legs that moved something in this group,
        in order, after `entries` movements before it."""
        if not movements.pending:
            return
        now: dict[tuple[int, int], list[int]] = {}
        after: dict[tuple[int, int, int], tuple[int, int]] = {}
        for leg in sorted(movements.pending, key=lambda leg: leg.row):
            for side, account in enumerate((leg.payee, leg.payer)):
                key = parents.get(account, account), leg.asset
                if key not in now:
                    now[key] = self._last(*key)
                now[key][side] += leg.amount_minor
                after[*key, leg.row] = (now[key][0], now[key][1])
        rows = sorted(after)  # by account, asset, and then row, which is the order of places
        account, asset, row = np.array(rows).T
        place = group.place[row]
        columns = {
            "account": account,
            "asset": asset,
            "place": place,
            "number": entries + 2 * np.searchsorted(booked, place, side="right"),
            "pending_in": object_column([sql_minor(after[key][0]) for key in rows]),
            "pending_out": object_column([sql_minor(after[key][1]) for key in rows]),
        }
        insert_rows(self._connection, "pending", columns)

    def _last(self, account: int, asset: int) -> list[int]:
        row: Any = self._connection.execute(schema.SELECT_PENDING, (account, asset)).fetchone()
        return [0, 0] if row is None else [int(row[0]), int(row[1])]
