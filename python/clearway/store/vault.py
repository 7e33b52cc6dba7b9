"""The vault: what must be durable before ordering and cannot be rebuilt from the chain.

Decisions in clear and private data of every batch (one transaction and one fsync a batch), when it
was durable, names and owners of accounts, API keys, quotes and answers, small settings. Rows of a
batch are found again by (envelope key, sequence, index in the envelope), which the ledger records.

Decisions are kept as they are committed to; private data and account records only encrypted under
their person's key (people.py). The file is mode 0600.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clearway.payment.decision import DECISION_BYTES, Decisions, view_decisions
from clearway.payment.errors import Fault
from clearway.payment.ids import ADDRESS_BYTES, MARK_BYTES
from clearway.store import feedback, people, queue
from clearway.store.database import Database, in_lists
from clearway.store.feedback import FeedbackTable
from clearway.store.people import People, open_row, seal_rows
from clearway.store.queue import QueueTable

HASH_BYTES = 32
_LAST = 2**63 - 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    count INTEGER NOT NULL,
    UNIQUE (key, sequence)
);
CREATE TABLE IF NOT EXISTS decisions (batch INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS request_hashes (batch INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS privates (batch INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS features (
    batch INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (batch, entry)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contexts (batch INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS told (batch INTEGER PRIMARY KEY, feedback INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS durable (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    asked_ns INTEGER NOT NULL,
    durable_ns INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (address BLOB PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS api_keys (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    principal TEXT NOT NULL,
    institution INTEGER NOT NULL,
    scopes TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    revoked_ns INTEGER NOT NULL,
    name TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (
    mark BLOB NOT NULL,
    batch INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    id BLOB NOT NULL,
    person BLOB NOT NULL,
    PRIMARY KEY (mark, batch, entry)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    id BLOB PRIMARY KEY,
    request_hash BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS quotes (id BLOB PRIMARY KEY, body BLOB NOT NULL);
"""
_KEY_CHECK = b"clearway vault 1"
# secure_delete overwrites what is deleted; FULL syncs every transaction before it is acknowledged.
_PRAGMAS = (
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "wal_autocheckpoint=4096",
)


class VaultError(Exception):
    """The vault cannot be read with this key."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of an API key. scopes: the gateway's names; revoked_ns: 0 while valid."""

    id: str
    principal: str
    institution: int
    scopes: frozenset[str]
    created_ns: int
    revoked_ns: int
    name: str


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What a client said of an account. owner, metadata: JSON, or None."""

    address: bytes
    id: str
    owner: bytes | None
    metadata: bytes | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What the vault keeps of one entry. decision: one DECISION row; private: None when there was
    none or its person was erased."""

    decision: np.void
    request_hash: bytes
    private: bytes | None


class Durable(NamedTuple):
    """When the batch of an envelope was on disk (durable_ns), and when its oldest entry was asked
    for (asked_ns, as its client says); both by the node's clock."""

    key: bytes
    sequence: int
    asked_ns: int
    durable_ns: int


Place = tuple[bytes, int, int]
"""Envelope key, sequence, index in the envelope."""


class Vault:
    """master_key: 32 bytes, from the node's encrypted key file. Raises VaultError for a wrong one.

    Every method may be called from any thread; writers wait for each other, readers for nobody.
    """

    def __init__(self, path: Path, master_key: bytes) -> None:
        self._people = People(master_key)
        self._durable: deque[Durable] = deque()  # noted, and not written yet
        schema = _SCHEMA + people.SCHEMA + queue.SCHEMA + feedback.SCHEMA
        self._database = Database(path, pragmas=_PRAGMAS, schema=schema)
        self.queue = QueueTable(self._database, self._people)
        self.feedback = FeedbackTable(self._database, self._people)
        with self._database.transaction() as writer:
            self._check_key(writer, AESGCM(master_key))

    def _check_key(self, writer: sqlite3.Connection, cipher: AESGCM) -> None:
        row = writer.execute("SELECT value FROM settings WHERE name = 'key check'").fetchone()
        if row is None:
            (sealed,) = seal_rows([(cipher, _KEY_CHECK, b"")])
            writer.execute("INSERT INTO settings VALUES ('key check', ?)", (sealed,))
        elif open_row(cipher, row[0], b"") != _KEY_CHECK:
            raise VaultError(f"{self._database.path} was written under another key")

    def close(self) -> None:
        with suppress(Fault):  # the disk failed: as after a kill
            self._write_noted()
        self._database.close()

    # --- batches --------------------------------------------------------------------------------

    def save_batch(
        self,
        *,
        key: bytes,
        sequence: int,
        decisions: bytes,
        request_hashes: bytes,
        privates: Sequence[bytes | None] | None = None,
        persons: bytes = b"",
        features: Mapping[int, bytes] | None = None,
        marks: Mapping[int, bytes] | None = None,
        told: int | None = None,
        contexts: Mapping[int, bytes] | None = None,
    ) -> None:
        """Everything that is known of an envelope's n entries, durable when this returns.

        key: of the envelope, 32 bytes. decisions: n DECISION rows; request_hashes: n × 32 bytes;
        privates: n texts or None; persons: n × 20 bytes, the address whose key seals each private.
        features: what risk looked at, of entries (by index) that it had something to say of.
        marks: of entries (by index) that have some, 16 bytes each; their persons must be given.
        told: number of the last feedback that risk had been told before it saw them, when there was
        any since the batch before.
        contexts: of entries (by index) that came with one, sealed as privates are.
        Raises Fault node.disk_failed, ValueError for columns of different lengths.
        """
        count = len(decisions) // DECISION_BYTES
        _check_columns(count, decisions, request_hashes, privates, persons)
        with self._database.transaction() as writer:
            self._insert_noted(writer)
            batch = writer.execute(
                "INSERT INTO batches (key, sequence, count) VALUES (?, ?, ?)",
                (key, sequence, count),
            ).lastrowid
            writer.execute("INSERT INTO decisions VALUES (?, ?)", (batch, decisions))
            writer.execute("INSERT INTO request_hashes VALUES (?, ?)", (batch, request_hashes))
            writer.executemany(
                "INSERT INTO features VALUES (?, ?, ?)",
                [(batch, index, data) for index, data in (features or {}).items()],
            )
            if privates is not None and any(private is not None for private in privates):
                data = self._seal_batch(writer, key, sequence, privates, persons)
                writer.execute("INSERT INTO privates VALUES (?, ?)", (batch, data))
            if contexts:
                said = [contexts.get(row) for row in range(count)]
                data = self._seal_batch(writer, key, sequence, said, persons, _context_of_said)
                writer.execute("INSERT INTO contexts VALUES (?, ?)", (batch, data))
            if told is not None:
                writer.execute("INSERT INTO told VALUES (?, ?)", (batch, told))
            if marks:
                rows = _mark_rows(batch, marks, decisions, persons)
                writer.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?)", rows)

    def marked(
        self, marks: Sequence[bytes], *, limit: int, before: tuple[int, int] | None = None
    ) -> list[tuple[tuple[int, int], bytes]]:
        """The entries that have all of these marks as (cursor, id), newest first. before: a
        cursor."""
        first, *others = marks
        joins = "".join(
            f" JOIN marks m{at} ON m{at}.mark = ? AND m{at}.batch = m.batch"
            f" AND m{at}.entry = m.entry"
            for at in range(len(others))
        )
        query = (
            f"SELECT m.batch, m.entry, m.id FROM marks m{joins}"
            " WHERE m.mark = ? AND (m.batch, m.entry) < (?, ?)"
            " ORDER BY m.batch DESC, m.entry DESC LIMIT ?"
        )
        given = (*others, first, *(before or (_LAST, _LAST)), limit)
        rows = self._database.reader().execute(query, given)
        return [((batch, entry), id) for batch, entry, id in rows]

    def mark_cursor(self, key: bytes, sequence: int, index: int) -> tuple[int, int]:
        """The cursor of the entry at this place; (0, 0), before all, when nothing was saved."""
        query = "SELECT number FROM batches WHERE key = ? AND sequence = ?"
        row = self._database.reader().execute(query, (key, sequence)).fetchone()
        return (0, 0) if row is None else (row[0], index)

    def note_durable(self, durable: Durable) -> None:
        """Kept with the next batch, so that it costs no sync of its own: a kill may lose those of
        the last batches."""
        self._durable.append(durable)

    def durable(self, limit: int) -> list[Durable]:
        """The newest first. Writes what is only noted yet. Raises Fault node.disk_failed."""
        self._write_noted()
        query = (
            "SELECT key, sequence, asked_ns, durable_ns FROM durable ORDER BY number DESC LIMIT ?"
        )
        return [Durable(*row) for row in self._database.reader().execute(query, (limit,))]

    def _write_noted(self) -> None:
        if self._durable:
            with self._database.transaction() as writer:
                self._insert_noted(writer)

    def _insert_noted(self, writer: sqlite3.Connection) -> None:
        noted = [self._durable.popleft() for _ in range(len(self._durable))]
        writer.executemany(
            "INSERT INTO durable (key, sequence, asked_ns, durable_ns) VALUES (?, ?, ?, ?)",
            noted,
        )

    def last_sequence(self, key: bytes) -> int:
        """The highest sequence saved under an envelope key, 0 for none."""
        query = "SELECT max(sequence) FROM batches WHERE key = ?"
        (last,) = self._database.reader().execute(query, (key,)).fetchone()
        return last or 0

    def decision(self, key: bytes, sequence: int, index: int) -> np.void | None:
        """One DECISION row; None when nothing was saved at this place."""
        data = self._batch_data("decisions", key, sequence)
        if data is None or not 0 <= index < len(data) // DECISION_BYTES:
            return None
        row: np.void = view_decisions(data)[index]
        return row

    def decisions(self, key: bytes, sequence: int) -> Decisions | None:
        """DECISION rows of a whole batch; None when nothing was saved under this envelope."""
        data = self._batch_data("decisions", key, sequence)
        return None if data is None else view_decisions(data)

    def features(self, key: bytes, sequence: int, index: int) -> bytes | None:
        """As risk saw the entry; None for one that it had nothing to say of."""
        query = (
            "SELECT data FROM batches JOIN features ON batch = number"
            " WHERE key = ? AND sequence = ? AND entry = ?"
        )
        row = self._database.reader().execute(query, (key, sequence, index)).fetchone()
        return None if row is None else bytes(row[0])

    def contexts(self, key: bytes, sequence: int) -> dict[int, bytes]:
        """As `save_batch` was given them, without those of persons who were erased since."""
        data = self._batch_data("contexts", key, sequence)
        if data is None:
            return {}
        sealed = _SealedBatch(data)
        rows = {i: row for i in range(sealed.count) if (row := sealed.row(i)) is not None}
        ciphers = self._people.ciphers(
            self._database.reader(), (person for person, _ in rows.values())
        )
        opened = {
            i: open_row(ciphers[person], row, _context_of_said(key, sequence, i))
            for i, (person, row) in rows.items()
            if person in ciphers
        }
        return {i: context for i, context in opened.items() if context is not None}

    def told(self, key: bytes, sequence: int) -> int | None:
        """As `save_batch` was given it."""
        query = (
            "SELECT feedback FROM batches JOIN told ON batch = number"
            " WHERE key = ? AND sequence = ?"
        )
        row = self._database.reader().execute(query, (key, sequence)).fetchone()
        return None if row is None else int(row[0])

    def request_hash(self, key: bytes, sequence: int, index: int) -> bytes | None:
        data = self._batch_data("request_hashes", key, sequence)
        if data is None or not 0 <= index < len(data) // HASH_BYTES:
            return None
        return data[HASH_BYTES * index : HASH_BYTES * (index + 1)]

    def private(self, key: bytes, sequence: int, index: int) -> bytes | None:
        """None when there was none, or when its person was erased."""
        return self.privates([(key, sequence, index)])[0]

    def privates(self, places: Sequence[Place]) -> list[bytes | None]:
        """The private data of many entries, in the order asked; each batch is read once."""
        batches: dict[tuple[bytes, int], _SealedBatch | None] = {}
        rows: list[tuple[bytes, bytes, bytes] | None] = []
        for key, sequence, index in places:
            if (key, sequence) not in batches:
                data = self._batch_data("privates", key, sequence)
                batches[key, sequence] = None if data is None else _SealedBatch(data)
            batch = batches[key, sequence]
            row = None if batch is None else batch.row(index)
            rows.append(None if row is None else (*row, _context(key, sequence, index)))
        ciphers = self._people.ciphers(
            self._database.reader(), (row[0] for row in rows if row is not None)
        )
        return [
            None
            if row is None or row[0] not in ciphers
            else open_row(ciphers[row[0]], row[1], row[2])
            for row in rows
        ]

    def rows(self, places: Sequence[Place]) -> list[Kept | None]:
        """Everything kept of many entries, in the order asked; None where nothing was saved."""
        data: dict[tuple[str, bytes, int], bytes | None] = {}
        found: list[Kept | None] = []
        for (key, sequence, index), private in zip(places, self.privates(places), strict=True):
            for table in ("decisions", "request_hashes"):
                if (table, key, sequence) not in data:
                    data[table, key, sequence] = self._batch_data(table, key, sequence)
            decisions = data["decisions", key, sequence]
            hashes = data["request_hashes", key, sequence]
            if decisions is None or hashes is None or not 0 <= index < len(hashes) // HASH_BYTES:
                found.append(None)
                continue
            hash = hashes[HASH_BYTES * index : HASH_BYTES * (index + 1)]
            found.append(Kept(view_decisions(decisions)[index], hash, private))
        return found

    def _batch_data(self, table: str, key: bytes, sequence: int) -> bytes | None:
        query = (
            f"SELECT data FROM batches JOIN {table} ON batch = number"
            " WHERE key = ? AND sequence = ?"
        )
        row = self._database.reader().execute(query, (key, sequence)).fetchone()
        return None if row is None else row[0]

    def _seal_batch(
        self,
        writer: sqlite3.Connection,
        key: bytes,
        sequence: int,
        privates: Sequence[bytes | None],
        persons: bytes,
        context: Callable[[bytes, int, int], bytes] | None = None,
    ) -> bytes:
        context = context or _context
        who: list[bytes] = np.frombuffer(persons, f"V{ADDRESS_BYTES}").tolist()
        given = [(i, private) for i, private in enumerate(privates) if private is not None]
        ciphers = self._people.ciphers_made(self._database, writer, [who[i] for i, _ in given])
        sealed = seal_rows(
            [(ciphers[who[i]], plain, context(key, sequence, i)) for i, plain in given]
        )
        rows = [b""] * len(privates)
        for (i, _), row in zip(given, sealed, strict=True):
            rows[i] = row
        return _SealedBatch.pack(persons, rows)

    # --- accounts -------------------------------------------------------------------------------

    def save_account(self, record: AccountRecord) -> None:
        """Replaces what was kept of the address. Durable when this returns."""
        self.save_accounts([record])

    def save_accounts(self, records: Sequence[AccountRecord]) -> None:
        with self._database.transaction() as writer:
            addresses = (record.address for record in records)
            ciphers = self._people.ciphers_made(self._database, writer, addresses)
            sealed = seal_rows(
                [
                    (ciphers[row.address], _pack_account(row), b"account" + row.address)
                    for row in records
                ]
            )
            writer.executemany(
                "INSERT INTO accounts VALUES (?, ?)"
                " ON CONFLICT (address) DO UPDATE SET sealed = excluded.sealed",
                [(row.address, data) for row, data in zip(records, sealed, strict=True)],
            )

    def account(self, address: bytes) -> AccountRecord | None:
        """None for an address that nothing was said of, and for an erased one."""
        return self.accounts([address]).get(address)

    def accounts(self, addresses: Sequence[bytes]) -> dict[bytes, AccountRecord]:
        """The records of those addresses that have one."""
        reader = self._database.reader()
        sealed: dict[bytes, bytes] = {}
        for marks, part in in_lists(addresses):
            query = f"SELECT address, sealed FROM accounts WHERE address IN ({marks})"
            sealed.update(reader.execute(query, part).fetchall())
        records = {}
        for address, cipher in self._people.ciphers(reader, sealed).items():
            data = open_row(cipher, sealed[address], b"account" + address)
            if data is not None:
                records[address] = _parse_account(address, data)
        return records

    def account_ids(self, addresses: Sequence[bytes]) -> dict[bytes, str]:
        """The clients' names of those addresses that have one."""
        return {address: record.id for address, record in self.accounts(addresses).items()}

    def erase(self, address: bytes) -> bool:
        """Deletes the key of the person behind an address, for good: the account's record and the
        private data of its payments can no longer be read by anybody. False when nothing was kept.

        When this returns, the key is in no page of the file and not in its write-ahead log.
        Raises Fault node.disk_failed, TimeoutError while another process reads on.
        """
        with self._database.transaction() as writer:
            erased = self._people.erase(writer, address)
            writer.execute("DELETE FROM accounts WHERE address = ?", (address,))
            writer.execute("DELETE FROM marks WHERE person = ?", (address,))
            self.queue.erase(writer, address)
            self.feedback.erase(writer, address)
        self._database.checkpoint()
        return erased

    # --- what others keep about a person --------------------------------------------------------

    def seal(self, person: bytes, plain: bytes, context: bytes) -> bytes:
        """For a file of somebody else's: nobody opens it once the person is erased. context: where
        it belongs; it opens nowhere else. Raises Fault node.disk_full, node.disk_failed."""
        with self._database.transaction() as writer:
            ciphers = self._people.ciphers_made(self._database, writer, (person,))
        [sealed] = seal_rows([(ciphers[person], plain, b"other" + context)])
        return sealed

    def unseal(self, rows: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes | None]:
        """Of (person, sealed, context), in the order asked; None where the person was erased."""
        ciphers = self._people.ciphers(self._database.reader(), (person for person, _, _ in rows))
        return [
            open_row(ciphers[person], sealed, b"other" + context) if person in ciphers else None
            for person, sealed, context in rows
        ]

    # --- API keys -------------------------------------------------------------------------------

    def add_api_key(self, hash: bytes, key: ApiKey) -> None:
        """hash: of the key's text, which is kept nowhere."""
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    hash,
                    key.id,
                    key.principal,
                    key.institution,
                    " ".join(sorted(key.scopes)),
                    key.created_ns,
                    key.revoked_ns,
                    key.name,
                ),
            )

    def api_key(self, hash: bytes) -> ApiKey | None:
        """Also a revoked one. What is compared is a hash, so timing tells nothing about a key."""
        query = f"SELECT {_API_KEY_COLUMNS} FROM api_keys WHERE hash = ?"
        row = self._database.reader().execute(query, (hash,)).fetchone()
        return None if row is None else _parse_api_key(row)

    def api_keys(self) -> list[ApiKey]:
        """All of them, oldest first."""
        query = f"SELECT {_API_KEY_COLUMNS} FROM api_keys ORDER BY created_ns, id"
        return [_parse_api_key(row) for row in self._database.reader().execute(query)]

    def revoke_api_key(self, id: str, now_ns: int) -> bool:
        """False when there is no such key or it was revoked before."""
        with self._database.transaction() as writer:
            changed = writer.execute(
                "UPDATE api_keys SET revoked_ns = ? WHERE id = ? AND revoked_ns = 0", (now_ns, id)
            )
            return changed.rowcount == 1

    # --- answers, quotes, settings --------------------------------------------------------------

    def save_answer(self, id: bytes, request_hash: bytes, body: bytes) -> None:
        """The answer of a POST that makes no entry, kept for ever; the first one stays."""
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT INTO answers VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (id, request_hash, body),
            )

    def answer(self, id: bytes) -> tuple[bytes, bytes] | None:
        """(request hash, body)."""
        query = "SELECT request_hash, body FROM answers WHERE id = ?"
        row: tuple[bytes, bytes] | None = self._database.reader().execute(query, (id,)).fetchone()
        return row

    def save_quote(self, id: bytes, body: bytes) -> None:
        """The first one under an id stays."""
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT INTO quotes VALUES (?, ?) ON CONFLICT (id) DO NOTHING", (id, body)
            )

    def quote(self, id: bytes) -> bytes | None:
        query = "SELECT body FROM quotes WHERE id = ?"
        row = self._database.reader().execute(query, (id,)).fetchone()
        return None if row is None else row[0]

    def save_setting(self, name: str, value: bytes) -> None:
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT INTO settings VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def setting(self, name: str) -> bytes | None:
        query = "SELECT value FROM settings WHERE name = ?"
        row = self._database.reader().execute(query, (name,)).fetchone()
        return None if row is None else row[0]


# --- records as bytes ---------------------------------------------------------------------------


class _SealedBatch:
    """count u32 ‖ ends u32[count + 1] ‖ persons count × 20 ‖ sealed rows; an empty row is none."""

    def __init__(self, data: bytes) -> None:
        (self.count,) = struct.unpack_from("<I", data)
        self._data = data
        self._persons_at = 4 + 4 * (self.count + 1)
        self._rows_at = self._persons_at + ADDRESS_BYTES * self.count

    @staticmethod
    def pack(persons: bytes, rows: Sequence[bytes]) -> bytes:
        """rows: sealed; one for each person, empty for none."""
        ends = np.zeros(len(rows) + 1, np.int64)
        ends[1:] = np.cumsum([len(row) for row in rows])
        assert ends[-1] < 2**32, "invariant: a batch's private data are bounded by its bytes"
        head = struct.pack("<I", len(rows)) + ends.astype("<u4").tobytes()
        return b"".join((head, persons, *rows))

    def row(self, index: int) -> tuple[bytes, bytes] | None:
        """(person, sealed)."""
        if not 0 <= index < self.count:
            return None
        start, end = struct.unpack_from("<II", self._data, 4 + 4 * index)
        if start == end:
            return None
        person_at = self._persons_at + ADDRESS_BYTES * index
        person = self._data[person_at : person_at + ADDRESS_BYTES]
        return person, self._data[self._rows_at + start : self._rows_at + end]


_context = struct.Struct("<32sQI").pack
"""What a sealed row is bound to: envelope key, sequence, index in the envelope."""


def _context_of_said(key: bytes, sequence: int, index: int) -> bytes:
    """Of contexts, which must not open in the place of what is private of the same entry."""
    return b"context" + _context(key, sequence, index)


def _mark_rows(
    batch: int | None, marks: Mapping[int, bytes], decisions: bytes, persons: bytes
) -> list[tuple[bytes, int | None, int, bytes, bytes]]:
    ids = view_decisions(decisions)["id"]
    return [
        (
            packed[at : at + MARK_BYTES],
            batch,
            entry,
            ids[entry].tobytes(),
            persons[entry * ADDRESS_BYTES : (entry + 1) * ADDRESS_BYTES],
        )
        for entry, packed in marks.items()
        for at in range(0, len(packed), MARK_BYTES)
    ]


def _check_columns(
    count: int,
    decisions: bytes,
    request_hashes: bytes,
    privates: Sequence[bytes | None] | None,
    persons: bytes,
) -> None:
    if len(decisions) != count * DECISION_BYTES or len(request_hashes) != count * HASH_BYTES:
        raise ValueError("decisions and request_hashes must have one row an entry")
    if privates is not None and (len(privates) != count or len(persons) != count * ADDRESS_BYTES):
        raise ValueError("privates and persons must have one row an entry")


def _pack_account(record: AccountRecord) -> bytes:
    texts = (record.owner, record.metadata)
    fields = [record.id, *(None if text is None else text.decode() for text in texts)]
    return json.dumps(fields).encode()


def _parse_account(address: bytes, data: bytes) -> AccountRecord:
    id, *texts = json.loads(data)
    owner, metadata = (None if text is None else text.encode() for text in texts)
    return AccountRecord(address=address, id=id, owner=owner, metadata=metadata)


_API_KEY_COLUMNS = "id, principal, institution, scopes, created_ns, revoked_ns, name"


def _parse_api_key(row: tuple[Any, ...]) -> ApiKey:
    id, principal, institution, scopes, created_ns, revoked_ns, name = row
    return ApiKey(
        id=id,
        principal=principal,
        institution=institution,
        scopes=frozenset(scopes.split()),
        created_ns=created_ns,
        revoked_ns=revoked_ns,
        name=name,
    )
