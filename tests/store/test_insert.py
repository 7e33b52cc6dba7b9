"""Rows go in many a statement; what a table refuses takes its whole transaction with it."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from clearway.store.database import Database
from clearway.store.insert import ROWS_A_STATEMENT, insert_rows

SCHEMA = "CREATE TABLE things (number INTEGER PRIMARY KEY, name TEXT, weight)"
MOST = ROWS_A_STATEMENT[0]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "things.sqlite", pragmas=("journal_mode=WAL",), schema=SCHEMA)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, MOST - 1, MOST, 2 * MOST + 33])
def test_every_row_is_there_however_many_there_are(database: Database, count: int) -> None:
    numbers = np.arange(count)
    names = np.array([f"thing {number}" for number in numbers], object)

    with database.transaction() as connection:
        insert_rows(connection, "things", {"number": numbers, "name": names, "weight": None})

    found = database.reader().execute("SELECT * FROM things ORDER BY number").fetchall()
    assert found == [(number, f"thing {number}", None) for number in range(count)]


def test_columns_of_different_lengths_are_an_error(database: Database) -> None:
    with pytest.raises(ValueError), database.transaction() as connection:
        insert_rows(connection, "things", {"number": np.arange(2), "name": np.array(["one"])})


def test_a_refused_row_leaves_nothing_of_its_transaction(database: Database) -> None:
    def insert_one_twice() -> None:
        with database.transaction() as connection:
            insert_rows(connection, "things", {"number": np.array([7])})
            insert_rows(connection, "things", {"number": np.append(np.arange(100, 100 + MOST), 7)})

    with pytest.raises(sqlite3.IntegrityError):
        insert_one_twice()
    assert database.reader().execute("SELECT count(*) FROM things").fetchone() == (0,)
    with database.transaction() as connection:
        insert_rows(connection, "things", {"number": np.array([8])})
    assert database.reader().execute("SELECT number FROM things").fetchall() == [(8,)]
