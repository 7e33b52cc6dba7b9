"""One file, one writer, a reader for each thread."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from clearway.payment.errors import Fault
from clearway.store.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS things (x INTEGER)"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "d.db", pragmas=("journal_mode=WAL",), schema=SCHEMA)


def test_a_reader_sees_only_what_was_committed(database: Database) -> None:
    count = "SELECT count(*) FROM things"
    with database.transaction() as writer:
        writer.execute("INSERT INTO things VALUES (1)")
        assert database.reader().execute(count).fetchone() == (0,)
    assert database.reader().execute(count).fetchone() == (1,)
    database.close()


def test_a_failure_inside_undoes_everything(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as writer:
            writer.execute("INSERT INTO things VALUES (1)")
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert database.reader().execute("SELECT count(*) FROM things").fetchone() == (0,)
    database.close()


def test_a_full_disk_is_a_fault_that_changes_nothing(database: Database) -> None:
    with database.transaction() as writer:
        writer.execute("PRAGMA max_page_count = 3")
    with (
        pytest.raises(Fault, match="disk_full"),
        database.transaction() as writer,
    ):
        writer.executemany("INSERT INTO things VALUES (?)", [(i,) for i in range(10_000)])
    assert database.reader().execute("SELECT count(*) FROM things").fetchone() == (0,)
    database.close()


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError):
        database.reader().execute("INSERT INTO things VALUES (1)")
    database.close()


def test_readers_of_threads_that_ended_are_closed(database: Database) -> None:
    for _ in range(5):
        thread = threading.Thread(target=database.reader)
        thread.start()
        thread.join()
    database.reader()
    assert len(database._readers) == 1
    database.close()
