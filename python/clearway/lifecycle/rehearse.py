"""What the ledger would answer to one instruction: its real entry, staged and taken back; and what
one would cost.

Nothing is screened, scored, kept or remembered; a simulation says what the book allows, not what
the deciding rooms would say.
"""

from __future__ import annotations

from typing import Final

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.pay import add_legs, route
from clearway.lifecycle.receive import check_bound, quote_of
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import HASH_BYTES, UNIT_BYTES, Columns, Placed, Submission
from clearway.payment.records import Flag, Kind, Outcome

# Above every sequence that was used; the envelope that carries it is never kept.
SEQUENCE: Final = 2**64 - 1


def price(head: bytes, rooms: Rooms) -> bytes:
    """The head with what the payee gets and the most that fees may take, as an owner signs it.

    Refuses quote.unknown, quote.expired, quote.differs, rate.unknown.
    """
    batch = PaymentBatch.of(Columns.of([Submission(head, request_hash=bytes(HASH_BYTES))]))
    _price(batch, rooms)
    return bytes(batch.heads[0].tobytes())


def rehearse(submission: Submission, rooms: Rooms, *, presume_signed: bool) -> Placed:
    """The entry as it would stand on the ledger now, with its result. presume_signed: as if its
    owner had signed it, where it is SIGNED.

    Refuses quote.unknown, quote.expired, quote.differs, rate.unknown, amount.not_positive,
    authorisation.differs.
    Faults: node.disk_failed.
    """
    batch = PaymentBatch.of(Columns.of([submission]))
    head = batch.heads[0]
    head["outcome"] = Outcome.ACCEPT
    _price(batch, rooms)
    add_legs(batch, rooms)
    for answer in batch.left.values():
        assert isinstance(answer, Exception), "invariant: nothing was answered before"
        raise answer
    units = batch.units.get(0, b"")
    head["units"] = len(units) // UNIT_BYTES
    envelope = rooms.book.seal(
        institution=rooms.institution,
        seed=rooms.seed,
        sequence=SEQUENCE,
        valid_until_ns=max(rooms.clock(), rooms.book.time_ns) + rooms.envelope_valid_ns,
        heads=batch.heads,
        units=units,
        signatures=submission.signature,
    )
    ordered = rooms.ordering.rehearse(envelope, presume_signed=presume_signed)
    return Placed(
        height=ordered.height,
        index=ordered.index,
        time_ns=ordered.time_ns,
        head=head.tobytes(),
        units=units,
        result=ordered.results,
        score_bps=0,
        reasons=0,
        model_id=b"",
        decision_flags=0,
        key=rooms.key,
        sequence=SEQUENCE,
        envelope_index=0,
    )


def _price(batch: PaymentBatch, rooms: Rooms) -> None:
    """Of a batch of one."""
    head = batch.heads[0]
    if head["kind"] == Kind.PAYMENT and head["to_asset"] != 0:
        batch.quotes[0] = quote_of(head, rooms)
    elif head["kind"] == Kind.PAYMENT and head["flags"] & Flag.SIGNED:
        check_bound(head, rooms)
    route(batch, rooms)
