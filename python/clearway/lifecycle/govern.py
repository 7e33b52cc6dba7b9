"""Governance: what is registered on the ledger, one act at a time, under a key of its own.

The key that signs payments may not do it. Each act goes the way of every instruction, in an
envelope by itself, between those of the line.
"""

from __future__ import annotations

from dataclasses import replace

from clearway.ledger.book import Book
from clearway.ledger.crypto import public_key
from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.line import Line
from clearway.lifecycle.pay import pay
from clearway.lifecycle.phases import PhaseClock
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import ClearwayError
from clearway.store.vault import Vault


class Governor:
    """seed: 32 bytes of a key with purpose GOVERN. `place` may be called from any thread."""

    def __init__(self, rooms: Rooms, *, seed: bytes) -> None:
        key = public_key(seed)
        self._rooms = replace(
            rooms,
            seed=seed,
            key=key,
            sequence=last_sequence(rooms.book, rooms.vault, key),
            phases=PhaseClock(),  # the line's is the line's
        )
        self._line = Line()

    def place(self, submission: Submission) -> Placed:
        """Blocks until the act is durable, or was refused. An id that was used is answered again.

        Refuses idempotency.body_differs. Faults: node.disk_full, node.disk_failed,
        payment.outcome_unknown.
        """
        with self._line.turn() as turn:
            answers = pay(PaymentBatch.of(Columns.of([submission])), self._rooms, turn)
        answer = answers[0]
        if isinstance(answer, ClearwayError):
            raise answer
        return answer


def last_sequence(book: Book, vault: Vault, key: bytes) -> int:
    """Of the envelopes that this key has signed, whether they came to the ledger or not."""
    booked = next((row[5] for row in book.keys() if row[0] == key), 0)  # noqa: SIM118
    return max(booked, vault.last_sequence(key))
