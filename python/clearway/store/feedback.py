"""What became known of payments afterwards, in the vault's file: confirmed frauds, chargebacks, and
suspicions that proved wrong. Entries are added and never changed: the last one of a payment holds.

Each has a place in the order of events, behind the last block that the ledger had then, so that
whatever learns from it can take blocks and feedback in one order again. Who said it and the note
are sealed under the payer's key (people.py).
"""

from __future__ import annotations

import enum
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from clearway.store.database import Database
from clearway.store.people import People, open_row, seal_rows
from clearway.store.rows import PaymentRow

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY,
    payment BLOB NOT NULL,
    institution INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    known_ns INTEGER NOT NULL,
    recorded_ns INTEGER NOT NULL,
    after_height INTEGER NOT NULL,
    payment_height INTEGER NOT NULL,
    payment_index INTEGER NOT NULL,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    envelope_index INTEGER NOT NULL,
    payer BLOB NOT NULL,
    sealed BLOB
);
CREATE INDEX IF NOT EXISTS feedback_payment ON feedback (payment, number);
CREATE INDEX IF NOT EXISTS feedback_recorded ON feedback (recorded_ns, number);
CREATE INDEX IF NOT EXISTS feedback_height ON feedback (after_height, number);
"""
LIMIT_MAX: Final = 10_000


class Verdict(enum.StrEnum):
    FRAUD = "confirmed_fraud"
    HONEST = "confirmed_honest"
    CHARGEBACK = "chargeback"

    @property
    def is_fraud(self) -> bool:
        return self is not Verdict.HONEST


@dataclass(frozen=True, slots=True)
class Feedback:
    """One entry. number: order of arrival. known_ns: when it became known to whoever said it;
    recorded_ns: when it was said here, behind block after_height. payment_height, payment_index:
    where the payment stands; key, sequence, envelope_index: where the vault keeps its decision.
    by, note: in the words of whoever said it, None if the payer was erased."""

    payment: bytes
    institution: int
    verdict: Verdict
    known_ns: int
    payment_height: int
    payment_index: int
    key: bytes
    sequence: int
    envelope_index: int
    payer: bytes
    by: str | None
    note: str | None
    number: int = 0
    recorded_ns: int = 0
    after_height: int = 0

    @classmethod
    def of_payment(
        cls, row: PaymentRow, verdict: Verdict, *, known_ns: int, by: str | None, note: str | None
    ) -> Self:
        """An entry that is to be added."""
        return cls(
            payment=row.id,
            institution=row.institution,
            verdict=verdict,
            known_ns=known_ns,
            payment_height=row.height,
            payment_index=row.index,
            key=row.key,
            sequence=row.sequence,
            envelope_index=row.envelope_index,
            payer=row.payer,
            by=by,
            note=note,
        )


_STORED: Final = (
    "number", "payment", "institution", "verdict", "known_ns", "recorded_ns", "after_height",
    "payment_height", "payment_index", "key", "sequence", "envelope_index", "payer",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_STORED)}, sealed FROM feedback"


class FeedbackTable:
    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people
        with database.transaction() as writer:
            (last,) = writer.execute("SELECT max(number) FROM feedback").fetchone()
        self.last_number = last or 0  # of the newest entry, 0 for none

    def add(
        self,
        said: Feedback,
        *,
        now_ns: int,
        height: Callable[[], int],
        repeats: Callable[[Feedback], bool],
    ) -> Feedback:
        """The entry as it stands, durable when this returns. When the payment's last one already
        says so (`repeats`), that one. height: of the ledger's last block; asked while nobody else
        adds, so that numbers and heights rise together. Raises Fault node.disk_full,
        node.disk_failed."""
        with self._database.transaction() as writer:
            last = self._last(writer, said.institution, said.payment)
            if last is not None and repeats(last):
                return last
            ciphers = self._people.ciphers_made(self._database, writer, [said.payer])
            plain = json.dumps([said.by, said.note]).encode()
            [sealed] = seal_rows([(ciphers[said.payer], plain, b"feedback" + said.payment)])
            columns = [name for name in _STORED if name not in _GIVEN_HERE]
            names = ", ".join([*columns, *_GIVEN_HERE[1:], "sealed"])
            marks = ", ".join("?" * (len(columns) + len(_GIVEN_HERE)))
            values = [getattr(said, name) for name in columns]
            number = writer.execute(
                f"INSERT INTO feedback ({names}) VALUES ({marks})",
                (*map(_plain, values), now_ns, height(), sealed),
            ).lastrowid
            [added] = self._rows(writer, f"{_SELECT} WHERE number = ?", (number,))
        self.last_number = max(self.last_number, added.number)
        return added

    def _last(
        self, connection: sqlite3.Connection, institution: int, payment: bytes
    ) -> Feedback | None:
        query = f"{_SELECT} WHERE payment = ? AND institution = ? ORDER BY number DESC LIMIT 1"
        rows = self._rows(connection, query, (payment, institution))
        return rows[0] if rows else None

    def erase(self, writer: sqlite3.Connection, person: bytes) -> None:
        """What is private of a payer's payments, in the caller's transaction; verdicts stay."""
        writer.execute("UPDATE feedback SET sealed = NULL WHERE payer = ?", (person,))

    # --- reading --------------------------------------------------------------------------------

    def last_before(self, recorded_ns: int) -> int:
        """The number of the last entry that was recorded before then, 0 for none."""
        query = "SELECT coalesce(max(number), 0) FROM feedback WHERE recorded_ns < ?"
        (number,) = self._database.reader().execute(query, (recorded_ns,)).fetchone()
        return int(number)

    def of(self, institution: int, payment: bytes) -> list[Feedback]:
        """All entries of a payment, oldest first."""
        query = f"{_SELECT} WHERE payment = ? AND institution = ? ORDER BY number LIMIT ?"
        return self._read(query, (payment, institution, LIMIT_MAX))

    def before(self, one: Feedback) -> Feedback | None:
        """What was said of the same payment last; None when it was nothing."""
        query = (
            f"{_SELECT} WHERE payment = ? AND institution = ? AND number < ?"
            " ORDER BY number DESC LIMIT 1"
        )
        found = self._read(query, (one.payment, one.institution, one.number))
        return found[0] if found else None

    def verdicts_before(self, one: Feedback) -> set[Verdict]:
        """All that was said of the same payment before."""
        query = (
            "SELECT DISTINCT verdict FROM feedback"
            " WHERE payment = ? AND institution = ? AND number < ?"
        )
        given = (one.payment, one.institution, one.number)
        return {Verdict(verdict) for (verdict,) in self._database.reader().execute(query, given)}

    def after(self, number: int, *, limit: int) -> list[Feedback]:
        """In the order of arrival; number: of the last one seen, 0 for none."""
        return self._read(f"{_SELECT} WHERE number > ? ORDER BY number LIMIT ?", (number, limit))

    def every(self) -> Iterator[Feedback]:
        """All there is, in the order of arrival."""
        number = 0
        while page := self.after(number, limit=LIMIT_MAX):
            yield from page
            number = page[-1].number

    def last_words(self) -> dict[bytes, bool]:
        """Whether each payment was a fraud, by its last entry."""
        return {one.payment: one.verdict.is_fraud for one in self.every()}

    def between(self, from_ns: int, to_ns: int, *, limit: int) -> list[Feedback]:
        """Recorded from from_ns to before to_ns, in the order of arrival."""
        query = f"{_SELECT} WHERE recorded_ns >= ? AND recorded_ns < ? ORDER BY number LIMIT ?"
        return self._read(query, (from_ns, to_ns, limit))

    def behind(self, first_height: int, last_height: int, *, limit: int) -> list[Feedback]:
        """Said behind blocks first_height to last_height, in the order of arrival."""
        query = f"{_SELECT} WHERE after_height >= ? AND after_height <= ? ORDER BY number LIMIT ?"
        return self._read(query, (first_height, last_height, limit))

    def _read(self, query: str, given: tuple[Any, ...]) -> list[Feedback]:
        return self._rows(self._database.reader(), query, given)

    def _rows(
        self, connection: sqlite3.Connection, query: str, given: tuple[Any, ...]
    ) -> list[Feedback]:
        found = connection.execute(query, given).fetchall()
        ciphers = self._people.ciphers(connection, (row[12] for row in found if row[13]))
        feedback = []
        for *stored, sealed in found:
            fields = dict(zip(_STORED, stored, strict=True))
            plain = None
            if sealed is not None and fields["payer"] in ciphers:
                context = b"feedback" + fields["payment"]
                plain = open_row(ciphers[fields["payer"]], sealed, context)
            by, note = (None, None) if plain is None else json.loads(plain)
            fields["verdict"] = Verdict(fields["verdict"])
            feedback.append(Feedback(**fields, by=by, note=note))
        return feedback


_GIVEN_HERE: Final = ("number", "recorded_ns", "after_height")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Verdict) else value
