"""Many rows a statement. A statement a row would let go of the interpreter's lock for each of them,
and wait for it again behind every other thread that computes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

# From 128 rows on nothing is won. Three sizes, because SQLite compiles each once and keeps it.
ROWS_A_STATEMENT: Final = (128, 16, 1)


def insert_rows(
    connection: sqlite3.Connection, table: str, columns: Mapping[str, Sequence[Any] | None]
) -> None:
    """columns: by name, all of one length; one that is NULL in every row is None, and costs
    nothing.

    Inside a transaction. A row that the table refuses ends it (sqlite3.IntegrityError): to undo
    its own statement alone, SQLite would copy every page that the statement is about to change.
    """
    given = {name: column for name, column in columns.items() if column is not None}
    width = len(given)
    values: list[Any] = [None] * (width * len(next(iter(given.values()))))
    for at, column in enumerate(given.values()):
        values[at::width] = column
    start = 0
    for rows in ROWS_A_STATEMENT:
        statement, size = _statement(table, tuple(given), rows), rows * width
        while start + size <= len(values):
            connection.execute(statement, values[start : start + size])
            start += size


@cache
def _statement(table: str, names: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    places = ", ".join([row] * rows)
    return f"INSERT OR ROLLBACK INTO {table} ({', '.join(names)}) VALUES {places}"
