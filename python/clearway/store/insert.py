"""Many rows a statement. A statement a row would let go of the interpreter's lock for each of them,
and wait for it again behind every other thread that computes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy.typing as npt

# From 128 rows on nothing is won. Three sizes, because SQLite compiles each once and keeps it.
ROWS_A_STATEMENT: Final = (128, 16, 1)


def insert_rows(
    connection: sqlite3.Connection, table: str, columns: Mapping[str, npt.NDArray[Any] | None]
) -> None:
    """columns: by name, arrays of one length (V<n> for bytes, objects where some are NULL); one
    that is NULL in every row is None, and costs nothing.

    Columns become Python's values a statement at a time: those of a whole group of blocks would be
    gone from the processor's caches before SQLite sees them.

    Inside a transaction. A row that the table refuses ends it (sqlite3.IntegrityError): to undo
    its own statement alone, SQLite would copy every page that the statement is about to change.
    """
    given = {name: column for name, column in columns.items() if column is not None}
    names, width = tuple(given), len(given)
    (count,) = {len(column) for column in given.values()}
    start = 0
    for rows in ROWS_A_STATEMENT:
        statement = _statement(table, names, rows)
        while start + rows <= count:
            values: list[Any] = [None] * (width * rows)
            for at, column in enumerate(given.values()):
                values[at::width] = column[start : start + rows].tolist()
            connection.execute(statement, values)
            start += rows


@cache
def _statement(table: str, names: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    places = ", ".join([row] * rows)
    return f"INSERT OR ROLLBACK INTO {table} ({', '.join(names)}) VALUES {places}"
