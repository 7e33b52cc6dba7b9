"""Private data is encrypted per person, so that deleting one key erases the person.

A person is the account that the data belongs to (its 20-byte address). Each has an AES-256-GCM key
of its own, wrapped by the vault's master key. Whoever deletes it makes every ciphertext of that
person unreadable, also those in old batches and backups of batches.

The table of keys is made so that a deleted key is gone from the file: rows are appended and
overwritten in place by zeros of the same size, and never deleted, because a B-tree that moves
cells leaves copies of them in the unused part of its pages.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clearway.store.database import Database, in_lists

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    number INTEGER PRIMARY KEY,
    person BLOB NOT NULL UNIQUE,
    wrapped BLOB NOT NULL
);
"""
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
CIPHERS_KEPT_MAX = 65_536
_ERASED = bytes(WRAPPED_BYTES)


class People:
    """Keys of persons. Every method takes the connection that its transaction runs on."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)
        # By wrapped key, so that a key erased by another process is not used from here.
        self._ciphers: dict[bytes, AESGCM] = {}
        self._known: dict[bytes, AESGCM] = {}  # by person, as the writer's table is at `_version`
        self._version = (-1, -1)

    def ciphers(
        self, connection: sqlite3.Connection, people: Iterable[bytes]
    ) -> dict[bytes, AESGCM]:
        """The ciphers of those who have a key."""
        found = {}
        for marks, part in in_lists(list(set(people))):
            query = f"SELECT person, wrapped FROM people WHERE person IN ({marks})"
            for person, wrapped in connection.execute(query, part):
                if wrapped != _ERASED:
                    found[person] = self._unwrap(person, wrapped)
        return found

    def ciphers_made(
        self, database: Database, connection: sqlite3.Connection, people: Iterable[bytes]
    ) -> dict[bytes, AESGCM]:
        """The ciphers of all of them, in a transaction of the writer; who has no key gets one."""
        version = database.version()
        if version != self._version or len(self._known) >= CIPHERS_KEPT_MAX:
            self._known.clear()  # another process may have erased somebody
            self._version = version
        asked = set(people)
        found = {person: self._known[person] for person in asked & self._known.keys()}
        found.update(self.ciphers(connection, asked - found.keys()))
        # Sorted, so that the same batch makes the same rows.
        for person in sorted(asked - found.keys()):
            nonce, key = os.urandom(NONCE_BYTES), os.urandom(KEY_BYTES)
            wrapped = nonce + self._master.encrypt(nonce, key, person)
            connection.execute(
                "INSERT INTO people (person, wrapped) VALUES (?, ?)"
                " ON CONFLICT (person) DO UPDATE SET wrapped = excluded.wrapped",
                (person, wrapped),
            )
            found[person] = self._unwrap(person, wrapped)
        self._known.update(found)
        return found

    def erase(self, connection: sqlite3.Connection, person: bytes) -> bool:
        """Overwrites the key; False when there was none."""
        row = connection.execute(
            "SELECT wrapped FROM people WHERE person = ?", (person,)
        ).fetchone()
        if row is None or row[0] == _ERASED:
            return False
        self._ciphers.pop(row[0], None)
        self._known.pop(person, None)
        connection.execute("UPDATE people SET wrapped = ? WHERE person = ?", (_ERASED, person))
        return True

    def _unwrap(self, person: bytes, wrapped: bytes) -> AESGCM:
        cipher = self._ciphers.get(wrapped)
        if cipher is None:
            key = self._master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person)
            cipher = AESGCM(key)
            if len(self._ciphers) >= CIPHERS_KEPT_MAX:
                self._ciphers.clear()  # a rare full reload is cheaper than an order of use
            self._ciphers[wrapped] = cipher
        return cipher


def seal_rows(
    rows: Sequence[tuple[AESGCM, bytes, bytes]],
) -> list[bytes]:
    """(cipher, plain text, context) → nonce ‖ ciphertext ‖ tag. The context is not stored: a row
    that was moved to another place does not open there."""
    random = os.urandom(NONCE_BYTES * len(rows))
    nonces = [random[at : at + NONCE_BYTES] for at in range(0, len(random), NONCE_BYTES)]
    return [
        nonce + cipher.encrypt(nonce, plain, context)
        for nonce, (cipher, plain, context) in zip(nonces, rows, strict=True)
    ]


def open_row(cipher: AESGCM, sealed: bytes, context: bytes) -> bytes | None:
    """None when it was sealed under a key that was erased since."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except InvalidTag:
        return None
