"""One SQLite file: one writer, and a reader of its own for every thread.

WAL, so that readers see the last committed state and never hold up the writer.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from clearway.payment.errors import Fault

BUSY_TIMEOUT_MS = 10_000
STATEMENTS_KEPT = 256
IN_LIST_MAX = 500  # values asked for in one statement
_PRIVATE_FILE = 0o600
Value = TypeVar("Value")

# Of bytes and None the sqlite3 module asks each time how they want to be adapted, and gets an
# AttributeError for an answer: 410 and 290 ns a value. Told that they stay as they are: 200, 120.
sqlite3.register_adapter(bytes, bytes.__bytes__)
sqlite3.register_adapter(type(None), lambda none: none)


class Database:
    """pragmas: settings of the writer, such as `synchronous=FULL`. schema: made where missing."""

    def __init__(self, path: Path, *, pragmas: Sequence[str], schema: str) -> None:
        self.path = path
        # SQLite gives -wal and -shm the mode of the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE))
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._readers_lock = threading.Lock()
        self._undone = 0
        self._writer = self._connect(pragmas)
        self._writer.executescript(schema)

    def _connect(self, pragmas: Sequence[str]) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_KEPT,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def reader(self) -> sqlite3.Connection:
        """This thread's own connection, for queries only."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect(("query_only=ON", "cache_size=-8192"))
            self._local.connection = connection
            self._keep_reader(connection)
        return connection

    def _keep_reader(self, connection: sqlite3.Connection) -> None:
        """Remembers it for `close`, and closes those of threads that ended."""
        with self._readers_lock:
            for thread, idle in self._readers:
                if not thread.is_alive():
                    idle.close()
            alive = [pair for pair in self._readers if pair[0].is_alive()]
            self._readers = [*alive, (threading.current_thread(), connection)]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer, alone; everything inside is committed together or not at all.

        Raises Fault node.disk_full without room, node.disk_failed when the disk failed: nothing was
        written then.
        """
        with self._lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    self._undone += 1
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
            except sqlite3.OperationalError as error:
                raise _fault(error) from error

    def version(self) -> tuple[int, int]:
        """Within a transaction. While it stays the same, what earlier transactions read and wrote
        still stands: no other connection wrote anything, and nothing was undone."""
        (others,) = self._writer.execute("PRAGMA data_version").fetchone()
        return others, self._undone

    def checkpoint(self) -> None:
        """Moves the write-ahead log into the file and empties it; waits for readers.

        Raises TimeoutError when a reader holds on for BUSY_TIMEOUT_MS.
        """
        with self._lock:
            try:
                busy, _, _ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                raise _fault(error) from error
        if busy:
            raise TimeoutError(f"readers hold {self.path}")

    def close(self) -> None:
        with self._readers_lock:
            for _, connection in self._readers:
                connection.close()
            self._readers.clear()
        self._local = threading.local()
        with self._lock:
            self._writer.close()


def in_lists(values: Sequence[Value]) -> Iterator[tuple[str, Sequence[Value]]]:
    """What one statement each asks for: the marks of `IN (…)`, and the values that they stand for.

    >>> list(in_lists("ab"))
    [('?,?', 'ab')]
    """
    for start in range(0, len(values), IN_LIST_MAX):
        part = values[start : start + IN_LIST_MAX]
        yield ",".join("?" * len(part)), part


def _fault(error: sqlite3.OperationalError) -> Fault:
    # What could not be written is rolled back and may be asked again; over a quota or a limit
    # SQLite calls it an error of writing.
    full = error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
    return Fault("node.disk_full" if full else "node.disk_failed")
