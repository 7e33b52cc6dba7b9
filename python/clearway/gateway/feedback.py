"""What became known of a payment afterwards: said, and read back.

An entry is never changed. Whoever says the same of a payment again gets the entry that is there; a
changed mind is a new entry, and the last one holds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from clearway.gateway.door import Answer, Ask
from clearway.gateway.fields import Request, Time
from clearway.gateway.payments import find_row
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time, parse_time
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment
from clearway.store import feedback as store
from clearway.store.rows import PaymentRow

VerdictName = Literal["confirmed_fraud", "confirmed_honest", "chargeback"]
_KNOWN = "When it became known: not before the payment, and not in the future. RFC 3339; now."


class FeedbackRequest(Request, frozen=True, kw_only=True):
    verdict: VerdictName
    known: Annotated[str, Meta(max_length=40, description=_KNOWN)] | UnsetType = UNSET
    by: Annotated[str, Meta(max_length=200, description="Who says so.")] | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=1_000)] | UnsetType = UNSET


class Feedback(Struct, frozen=True):
    """`by` and `note` are missing where none was given, and after the payer was erased."""

    id: str
    object: Literal["feedback"]
    created: Time
    payment: str
    verdict: VerdictName
    known: Time
    by: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


def give(ask: Ask) -> Answer:
    """Refuses payment.unknown, payment.wrong_state while it waits in the queue, request.invalid
    for a time before the payment or in the future."""
    row, node = find_row(ask), ask.door.node
    body: FeedbackRequest = ask.body
    now_ns = node.clock()
    known_ns = now_ns if body.known is UNSET else _parse_known(body.known, row, now_ns)
    said = store.Feedback.of_payment(
        row,
        store.Verdict(body.verdict),
        known_ns=known_ns,
        by=f"{ask.key.principal} ({ask.key.id})" if body.by is UNSET else body.by,
        note=None if body.note is UNSET else body.note,
    )
    node.audit.append(
        who=f"{ask.key.principal} ({ask.key.id})",
        what="payment.feedback",
        facts={"payment": format_payment(row.id), "verdict": body.verdict},
    )
    added = node.vault.feedback.add(
        said,
        now_ns=now_ns,
        height=lambda: node.book.height,
        repeats=lambda last: _repeats(body, last, known_ns),
    )
    return Answer(201, _render(added))


def _parse_known(text: str, row: PaymentRow, now_ns: int) -> int:
    known_ns = parse_time(text, "known")
    if known_ns < row.created_ns // 1_000 * 1_000:  # answers show microseconds
        raise Refusal("request.invalid", field="known", what="this is before the payment")
    if known_ns > now_ns:
        raise Refusal("request.invalid", field="known", what="this is in the future")
    return known_ns


def _repeats(body: FeedbackRequest, last: store.Feedback, known_ns: int) -> bool:
    """Whether all that is said now was said by the payment's last entry."""
    return (
        last.verdict == body.verdict
        and (body.known is UNSET or last.known_ns == known_ns)
        and body.by in (UNSET, last.by)
        and body.note in (UNSET, last.note)
    )


def list_feedback(ask: Ask) -> Answer:
    """All that was said of a payment, oldest first. Refuses payment.unknown."""
    row = find_row(ask)
    found = ask.door.node.vault.feedback.of(row.institution, row.id)
    return Answer(200, Listing("list", [_render(one) for one in found], False))


def _render(one: store.Feedback) -> Feedback:
    return Feedback(
        id=f"fbk_{one.number}",
        object="feedback",
        created=format_time(one.recorded_ns),
        payment=format_payment(one.payment),
        verdict=one.verdict.value,
        known=format_time(one.known_ns),
        by=UNSET if one.by is None else one.by,
        note=UNSET if one.note is None else one.note,
    )
