"""Projections: the chain as tables that can be asked, always rebuildable from the chain.

A thread of its own follows the ledger and applies what came in groups of blocks, one transaction a
group, together with the height it leads to; so whatever happens, the tables are those of some
height. Nothing is lost when they are: synchronous=NORMAL, and `rebuild` starts again from block 0
with the same result. Questions (queries.py) have connections of their own and never wait for it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from clearway.payment.errors import Fault
from clearway.payment.records import HEADER
from clearway.store import schema
from clearway.store.database import Database
from clearway.store.group import Numbers, RecordedBlock
from clearway.store.queries import Queries
from clearway.store.writer import Writer

GROUP_ROWS_MAX = 32_768
GROUP_BLOCKS_MAX = 512
# Groups start at least this far apart, so that small blocks under load share a transaction: each
# writes the pages of all accounts that it touches, 18 µs a payment in groups of 450 and 13 in
# groups of 1,100. The first after a pause is applied at once, and whoever waits for a height ends
# the pause.
GROUP_PAUSE_S = 0.25
ROOM_PAUSE_S = 0.5
_BEFORE_GENESIS = bytes(32)
_PRAGMAS = (
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "secure_delete=OFF",
    "cache_size=-65536",
    "wal_autocheckpoint=8192",
    "temp_store=MEMORY",
)


class BlockSource(Protocol):
    """The ledger, as far as it is followed; ledger.book.Book is one."""

    @property
    def height(self) -> int: ...
    def block(self, height: int) -> RecordedBlock: ...


class Projections(Queries):
    """numbers: the ledger's account numbers of addresses (Book.account_numbers).

    height: of the last block applied, -1 before genesis. listeners: called with the height after
    each group, on the projections' thread. failure: what ended the thread, None while all is well.
    """

    def __init__(self, path: Path, numbers: Numbers) -> None:
        database = Database(path, pragmas=_PRAGMAS, schema="")
        super().__init__(database)
        self.listeners: list[Callable[[int], None]] = []
        self.failure: BaseException | None = None
        self.is_full = False  # there is no room; the tables stay as they are until there is
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # for those who wait for a height
        self._work = threading.Condition(lock)  # for the thread
        self._announced = -1
        self._waiting = 0
        self._group_started_s = 0.0
        self._pausing = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        with database.transaction() as connection:
            self._writer = Writer(connection, numbers)
            if not _is_current(connection):
                _make_tables(connection)
            self._read_progress(connection)

    def _read_progress(self, connection: sqlite3.Connection) -> None:
        query = "SELECT height, hash, entries FROM progress"
        row = connection.execute(query).fetchone()
        self.height: int = row[0]
        self._hash: bytes = row[1]
        self._entries: int = row[2]

    # --- following ------------------------------------------------------------------------------

    def start(self, source: BlockSource) -> None:
        """Follows the ledger until `stop`. Tables of another chain are rebuilt."""
        if self.height > source.height or (
            self.height >= 0 and source.block(self.height).hash != self._hash
        ):
            self.rebuild()
        self._stopping = False
        self.failure = None
        self.notify(source.height)
        self._thread = threading.Thread(
            target=self._follow, args=(source,), name="projections", daemon=True
        )
        self._thread.start()

    def notify(self, height: int) -> None:
        """The ledger has a block of this height. Only wakes the thread."""
        with self._work:
            self._announced = max(self._announced, height)
            if not self._pausing:
                self._work.notify()

    def stop(self) -> None:
        """Ends the thread after its group, and closes every connection."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            self._work.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._database.close()

    def wait_for(self, height: int, timeout_s: float) -> bool:
        """Whether the tables show the block of this height within that time; at once when they
        cannot, because there is no room."""
        if self.height >= height:
            return True
        with self._changed:
            self._waiting += 1
            self._work.notify()
            try:
                self._changed.wait_for(
                    lambda: (
                        self.height >= height
                        or self._stopping
                        or self.is_full
                        or self.failure is not None
                    ),
                    timeout_s,
                )
            finally:
                self._waiting -= 1
            return self.height >= height

    def lag(self) -> int:
        """Blocks that were announced and are not applied yet."""
        return max(0, self._announced - self.height)

    def _follow(self, source: BlockSource) -> None:
        try:
            while self._wait_for_work():
                for group in _groups(source, self.height + 1, self._announced):
                    self._apply_when_room(group)
                    if self._stopping:
                        break
        except BaseException as error:
            with self._changed:
                self.failure = error
                self._changed.notify_all()

    def _apply_when_room(self, group: Sequence[RecordedBlock]) -> None:
        while not self._stopping:
            try:
                self.apply(group)
            except Fault as fault:
                if fault.code != "node.disk_full":
                    raise
                with self._work:
                    self.is_full = True
                    self._changed.notify_all()
                    self._work.wait_for(lambda: self._stopping, ROOM_PAUSE_S)
            else:
                self.is_full = False
                return

    def _wait_for_work(self) -> bool:
        """False when stopping."""
        with self._work:
            self._work.wait_for(lambda: self._stopping or self._announced > self.height)
            if self._announced - self.height < GROUP_BLOCKS_MAX:
                pause_s = self._group_started_s + GROUP_PAUSE_S - time.monotonic()
                self._pausing = True
                self._work.wait_for(lambda: self._stopping or self._waiting > 0, pause_s)
                self._pausing = False
            self._group_started_s = time.monotonic()
            return not self._stopping

    # --- applying -------------------------------------------------------------------------------

    def apply(self, blocks: Sequence[RecordedBlock]) -> None:
        """The next blocks of the chain, in one transaction.

        Raises Fault node.disk_full, node.disk_failed: nothing was applied then. Called by one
        thread at a time.
        """
        self._check_chain(blocks)
        last = blocks[-1]
        try:
            with self._database.transaction() as connection:
                entries = self._writer.apply(blocks, self._entries)
                connection.execute(schema.UPDATE_PROGRESS, (last.height, last.hash, entries))
        except BaseException:
            self._writer.forget()
            raise
        with self._changed:
            self.height, self._hash, self._entries = last.height, last.hash, entries
            self._announced = max(self._announced, last.height)
            self._changed.notify_all()
        for listener in list(self.listeners):
            listener(last.height)

    def rebuild(self) -> None:
        """Empties the tables; following, or `apply`, fills them again from block 0."""
        with self._database.transaction() as connection:
            _make_tables(connection)
            self._writer.forget()
            with self._changed:
                self._read_progress(connection)

    def _check_chain(self, blocks: Sequence[RecordedBlock]) -> None:
        height, hash = self.height, self._hash
        for block in blocks:
            previous = bytes(np.frombuffer(block.header, HEADER)[0]["previous"])
            assert block.height == height + 1, "invariant: blocks are applied in order"
            assert previous == hash, "invariant: blocks are of one chain"
            height, hash = block.height, block.hash


def _groups(source: BlockSource, start: int, end: int) -> Iterator[list[RecordedBlock]]:
    """The blocks from start to end, in groups bounded by blocks and by entries."""
    group: list[RecordedBlock] = []
    rows = 0
    for height in range(start, end + 1):
        block = source.block(height)
        group.append(block)
        rows += block.count
        if rows >= GROUP_ROWS_MAX or len(group) == GROUP_BLOCKS_MAX:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _is_current(connection: sqlite3.Connection) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'progress'"
    (there,) = connection.execute(query).fetchone()
    if not there:
        return False
    (version,) = connection.execute("SELECT schema_version FROM progress").fetchone()
    return bool(version == schema.SCHEMA_VERSION)


def _make_tables(connection: sqlite3.Connection) -> None:
    for name in schema.TABLE_NAMES:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in schema.TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO progress VALUES (1, ?, -1, ?, 0)", (schema.SCHEMA_VERSION, _BEFORE_GENESIS)
    )
