"""The queue of payments whose payers were short, in the vault's file: durable, until the ledger
has them or they end. What a client said in private is sealed under the payer's key (people.py).

Every change has a place in the order of events: behind the last block that the ledger had then. It
is taken and written under one lock with those who read events (`news`), so that nobody who follows
has passed it when it becomes visible.
"""

from __future__ import annotations

import enum
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clearway.payment.records import u128, view_heads
from clearway.payment.state import Status
from clearway.store.database import Database, in_lists
from clearway.store.people import People, open_row, seal_rows

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS queued (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL,
    payer BLOB NOT NULL,
    payee BLOB NOT NULL,
    payer_at BLOB NOT NULL,
    payee_at BLOB NOT NULL,
    priority INTEGER NOT NULL,
    until_ns INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    head BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    sealed BLOB,
    marks BLOB NOT NULL,
    outcome INTEGER NOT NULL,
    score_bps INTEGER NOT NULL,
    reasons INTEGER NOT NULL,
    decision_flags INTEGER NOT NULL,
    model_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    ended_by BLOB
);
CREATE TABLE IF NOT EXISTS queued_contexts (payment INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS queued_state ON queued (state, number);
CREATE INDEX IF NOT EXISTS queued_payer ON queued (payer_at, number);
CREATE INDEX IF NOT EXISTS queued_payee ON queued (payee_at, number);
CREATE TABLE IF NOT EXISTS queue_changes (
    n INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL,
    state TEXT NOT NULL,
    height INTEGER NOT NULL,
    time_ns INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS queue_changes_height ON queue_changes (height, n);
"""
LIMIT_MAX: Final = 1_000
_REASONS_BITS = 64
_PRIVATE, _CONTEXT = b"queued", b"queued context"  # sealed for the place where they stand


class State(enum.StrEnum):
    WAITING = "waiting"
    RELEASED = "released"  # the ledger has it, whatever became of it there
    VOIDED = "voided"
    EXPIRED = "expired"


STATUSES: Final = {
    State.WAITING: Status.PENDING,
    State.VOIDED: Status.VOIDED,
    State.EXPIRED: Status.REFUSED,
}
"""Of what the ledger does not have."""


@dataclass(frozen=True, slots=True)
class Queued:
    """One payment. number: order of arrival. payer_at, payee_at: the accounts that payer and payee
    settle to, if they are sub-accounts. priority: 0 goes first. head: as it was asked.
    outcome to model_id: what was decided when it was accepted; private: None if erased; position:
    in its payer's line when it began to wait; ended_by: id of the request that cancelled it;
    context: as a Submission has it, empty if erased."""

    number: int
    id: bytes
    state: State
    payer: bytes
    payee: bytes
    payer_at: bytes
    payee_at: bytes
    priority: int
    until_ns: int
    created_ns: int
    head: bytes
    request_hash: bytes
    private: bytes | None
    marks: bytes
    outcome: int
    score_bps: int
    reasons: int
    decision_flags: int
    model_id: bytes
    position: int = 0
    ended_by: bytes | None = None
    context: bytes = b""

    @property
    def status(self) -> Status:
        return STATUSES[self.state]

    @property
    def asset(self) -> int:
        return int(view_heads(self.head)[0]["asset"])

    @property
    def amount_minor(self) -> int:
        return u128(view_heads(self.head)[0], "amount")


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What became of a payment, as an event: behind block `height`, the n-th of the queue; the
    payment as it was then."""

    n: int
    height: int
    time_ns: int
    payment: Queued


_COLUMNS: Final = tuple(
    "sealed" if f.name == "private" else f.name for f in fields(Queued) if f.name != "context"
)
_SELECT: Final = (
    "SELECT "
    + ", ".join(f"q.{name}" for name in _COLUMNS)
    + ", (SELECT c.sealed FROM queued_contexts c WHERE c.payment = q.number)"
)
_NOTHING: Final = {"sealed": "NULL", "marks": "x''"}
_SELECT_PUBLIC: Final = (
    "SELECT " + ", ".join(_NOTHING.get(c, f"q.{c}") for c in _COLUMNS) + ", NULL"
)
_INSERT: Final = f"INSERT INTO queued VALUES ({', '.join('?' * len(_COLUMNS))})"


class QueueTable:
    """height: of the ledger's last block that is durable; told when the ledger is there. news:
    while it is held no change is written, so that who reads events misses none."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people
        self.news = threading.Lock()
        self.height: Callable[[], int] = lambda: 0
        self.in_use = self.next_number() > 1  # whether anything ever waited here

    # --- writing --------------------------------------------------------------------------------

    def add(self, payments: Sequence[Queued], now_ns: int) -> None:
        """They wait from now on; durable when this returns. Raises Fault node.disk_full,
        node.disk_failed."""
        with self.news, self._database.transaction() as writer:
            sealed = self._seal(writer, payments, _PRIVATE, lambda one: one.private)
            writer.executemany(_INSERT, [_values(one, sealed.get(one.id)) for one in payments])
            contexts = self._seal(writer, payments, _CONTEXT, lambda one: one.context or None)
            writer.executemany(
                "INSERT INTO queued_contexts VALUES (?, ?)",
                [(one.number, contexts[one.id]) for one in payments if one.id in contexts],
            )
            self._record(writer, payments, State.WAITING, now_ns)
            self.in_use = True

    def _seal(
        self,
        writer: sqlite3.Connection,
        payments: Sequence[Queued],
        what: bytes,
        plain_of: Callable[[Queued], bytes | None],
    ) -> dict[bytes, bytes]:
        """By id, of those that have it."""
        plain = [(one, text) for one in payments if (text := plain_of(one)) is not None]
        payers = {one.payer for one, _ in plain}
        ciphers = self._people.ciphers_made(self._database, writer, payers)
        sealed = seal_rows([(ciphers[one.payer], text, what + one.id) for one, text in plain])
        return {one.id: row for (one, _), row in zip(plain, sealed, strict=True)}

    def end(
        self,
        payments: Sequence[Queued],
        state: State,
        now_ns: int,
        *,
        by: bytes | None = None,
    ) -> None:
        """They wait no more; durable when this returns. What the ledger has is an event already.
        by: id of the request that cancelled them."""
        with self.news, self._database.transaction() as writer:
            writer.executemany(
                "UPDATE queued SET state = ?, ended_by = ? WHERE number = ?",
                [(str(state), by, one.number) for one in payments],
            )
            if state is not State.RELEASED:
                self._record(writer, payments, state, now_ns)

    def _record(
        self, writer: sqlite3.Connection, payments: Sequence[Queued], state: State, now_ns: int
    ) -> None:
        height = self.height()
        writer.executemany(
            "INSERT INTO queue_changes (payment, state, height, time_ns) VALUES (?, ?, ?, ?)",
            [(one.number, str(state), height, now_ns) for one in payments],
        )

    def erase(self, writer: sqlite3.Connection, person: bytes) -> None:
        """What is private of a payer's payments, in the caller's transaction."""
        own = "SELECT number FROM queued WHERE payer = ?"
        writer.execute(f"DELETE FROM queued_contexts WHERE payment IN ({own})", (person,))
        query = "UPDATE queued SET sealed = NULL, marks = x'' WHERE payer = ?"
        writer.execute(query, (person,))

    # --- reading --------------------------------------------------------------------------------

    def waiting(self) -> list[Queued]:
        """All of them, in order of arrival. Who keeps them in memory gets nothing private with
        them (private None, no marks, no context): it stays in the file, where it can be erased."""
        return self._read("WHERE q.state = 'waiting' ORDER BY q.number", (), select=_SELECT_PUBLIC)

    def find(self, id: bytes) -> Queued | None:
        found = self._read("WHERE q.id = ?", (id,))
        return found[0] if found else None

    def known(self, ids: Sequence[bytes]) -> set[bytes]:
        """Those of the ids that wait or waited here."""
        found: set[bytes] = set()
        for marks, part in in_lists(ids):
            query = f"SELECT id FROM queued WHERE id IN ({marks})"
            found.update(id for (id,) in self._database.reader().execute(query, part))
        return found

    def next_number(self) -> int:
        query = "SELECT coalesce(max(number), 0) + 1 FROM queued"
        (number,) = self._database.reader().execute(query).fetchone()
        return int(number)

    def page(
        self,
        *,
        states: Iterable[State],
        account: bytes | None = None,
        before_ns: int,
        limit: int,
    ) -> list[Queued]:
        """The newest first, that came before a time; from or to an account or a sub-account of it,
        if given."""
        wanted = [str(state) for state in states]
        marks = ",".join("?" * len(wanted))
        where = f"WHERE q.state IN ({marks}) AND q.created_ns < ?"
        given: list[Any] = [*wanted, before_ns]
        if account is not None:
            where += " AND ? IN (q.payer, q.payee, q.payer_at, q.payee_at)"
            given.append(account)
        return self._read(
            f"{where} ORDER BY q.created_ns DESC, q.number DESC LIMIT ?",
            (*given, min(limit, LIMIT_MAX)),
        )

    def changes(self, after: tuple[int, int], upto: int, limit: int) -> list[QueueChange]:
        """after: (height, n). upto: the last height. The oldest first."""
        query = (
            "SELECT c.n, c.height, c.time_ns, c.state, q.id FROM queue_changes c"
            " JOIN queued q ON q.number = c.payment"
            " WHERE (c.height, c.n) > (?, ?) AND c.height <= ? ORDER BY c.height, c.n LIMIT ?"
        )
        rows = self._database.reader().execute(query, (*after, upto, limit)).fetchall()
        payments = self.many([row[4] for row in rows])
        return [
            QueueChange(n, height, time_ns, replace(payments[id], state=State(state)))
            for n, height, time_ns, state, id in rows
        ]

    def last_change(self) -> int:
        """The number of the newest change, 0 for none."""
        query = "SELECT coalesce(max(n), 0) FROM queue_changes"
        (n,) = self._database.reader().execute(query).fetchone()
        return int(n)

    def many(self, ids: Sequence[bytes]) -> dict[bytes, Queued]:
        """By id, those that are here."""
        found: dict[bytes, Queued] = {}
        for marks, part in in_lists(ids):
            found.update((one.id, one) for one in self._read(f"WHERE q.id IN ({marks})", part))
        return found

    def _read(self, where: str, given: Sequence[Any], *, select: str = _SELECT) -> list[Queued]:
        reader = self._database.reader()
        rows = [
            dict(zip((*_COLUMNS, "said"), row, strict=True))
            for row in reader.execute(f"{select} FROM queued q {where}", given)
        ]
        people = (row["payer"] for row in rows if row["sealed"] or row["said"])
        ciphers = self._people.ciphers(reader, people)
        found = []
        for row in rows:
            sealed, said, cipher = row.pop("sealed"), row.pop("said"), ciphers.get(row["payer"])
            opened = _open(cipher, sealed, _PRIVATE + row["id"])
            context = _open(cipher, said, _CONTEXT + row["id"]) or b""
            row["state"] = State(row["state"])
            row["reasons"] %= 2**_REASONS_BITS
            found.append(Queued(**row, private=opened, context=context))
        return found


def _open(cipher: AESGCM | None, sealed: bytes | None, where: bytes) -> bytes | None:
    return None if not sealed or cipher is None else open_row(cipher, sealed, where)


def _values(one: Queued, sealed: bytes | None) -> list[Any]:
    """In the order of the columns."""
    values = {name: getattr(one, name) for name in _COLUMNS if name != "sealed"}
    values |= {"sealed": sealed, "reasons": _signed(one.reasons)}
    return [values[name] for name in _COLUMNS]


def _signed(bits: int) -> int:
    """64 bits as SQL's signed integer has them."""
    return bits - 2**_REASONS_BITS if bits >= 2 ** (_REASONS_BITS - 1) else bits
