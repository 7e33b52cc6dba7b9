"""Mandates in the tables: granted, revoked, ended."""

from __future__ import annotations

import sqlite3
from typing import Final

from clearway.payment.records import Kind, parse_mandate_unit, u128
from clearway.store.group import Group
from clearway.store.schema import INT64_MAX, sql_minor

INSERT: Final = f"INSERT INTO mandates VALUES ({', '.join('?' * 15)})"
END: Final = "UPDATE mandates SET status = ? WHERE id = ? AND institution = ? AND status = 'active'"


def record_mandate(connection: sqlite3.Connection, group: Group, row: int) -> None:
    """A mandate that was granted or revoked."""
    head = group.heads[row]
    if group.kind[row] == Kind.REVOKE_MANDATE:
        end_mandate(connection, int(head["purpose"]), head["target"].tobytes(), "revoked")
        return
    terms = parse_mandate_unit(group.units_of(row))
    bounds = [sql_minor(u128(head, name)) for name in ("amount", "to_amount", "bound")]
    times = (terms.period_ns, terms.start_ns, int(head["expires_ns"]))
    connection.execute(
        INSERT,
        (
            int(group.place[row]),
            head["id"].tobytes(),
            int(group.institution[row]),
            head["payer"].tobytes(),
            head["payee"].tobytes(),
            int(head["asset"]),
            *bounds,
            *(min(time_ns, INT64_MAX) for time_ns in times),
            terms.payments_max,
            terms.flags,
            "active",
        ),
    )


def end_mandate(connection: sqlite3.Connection, institution: int, id: bytes, status: str) -> None:
    connection.execute(END, (status, id, institution))
