"""Payments that wait for their payer's money: asked, shown, cancelled (docs/queue.md).

Until the ledger has it, a queued payment is a row of the vault; from then on it is a payment like
any other, under the same id.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from msgspec import UNSET

from clearway.gateway.door import Answer, Ask
from clearway.gateway.instructions import Private, parse_private
from clearway.gateway.payment_checks import prepare_payment
from clearway.gateway.payment_schemas import (
    Decision,
    Payment,
    PaymentRequest,
    QueueInfo,
    QueuePlace,
)
from clearway.gateway.payments import (
    VOID,
    find_queued,
    render_placed,
)
from clearway.gateway.problems import line_problem
from clearway.gateway.render import OUTCOMES, to_json
from clearway.gateway.schemas import Listing
from clearway.gateway.times import SECOND_NS, format_time
from clearway.payment.batch import Placed
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment, parse_payment
from clearway.payment.money import format_amount
from clearway.store.queue import Queued, State

WAIT_NS: Final = 24 * 3_600 * SECOND_NS  # of a payment that does not say
PRIORITIES: Final = ("urgent", "high", "normal")

# --- pay, or wait ---------------------------------------------------------------------------------


async def pay_or_wait(ask: Ask) -> bytes:
    """The JSON of the payment, that was paid or waits; the same again for a repeated request.

    Refuses as a payment does before ordering, request.invalid for what cannot wait, capacity.full.
    """
    node = ask.door.node
    known = await ask.door.read(node.vault.queue.find, ask.op_id)
    if known is not None:
        return _first_answer(ask, known)
    try:
        priority, until_ns = _terms(ask)
        submission = prepare_payment(ask, may_wait=True)
    except Refusal:
        placed = await node.replay(ask.op_id, ask.request_hash)
        if placed is None:
            raise
        return to_json(render_placed(ask, placed))
    offered = node.queue.offer(submission, priority=priority, until_ns=until_ns)
    answer = await asyncio.wrap_future(offered)
    if isinstance(answer, Placed):
        return to_json(render_placed(ask, answer))
    return _first_answer(ask, answer)


def _first_answer(ask: Ask, row: Queued) -> bytes:
    """The payment as it was when it began to wait, whatever became of it; in the request's own
    words, which a repeated request has too. Refuses idempotency.body_differs."""
    if row.request_hash != ask.request_hash:
        raise Refusal("idempotency.body_differs")
    first = replace(row, state=State.WAITING)
    said = Private(reference=ask.body.reference, metadata=ask.body.metadata)
    return to_json(render_queued(ask, first, position=row.position, private=said))


def _terms(ask: Ask) -> tuple[int, int]:
    """Priority and deadline. Refuses request.invalid."""
    body: PaymentRequest = ask.body
    plain = body.to_asset is None and body.quote is None and body.capture == "automatic"
    special = body.sweep or body.imported_at or body.conditions or body.mandate or body.prepared
    if not plain or special:
        what = "only a payment that is paid at once, in one asset, by its institution can wait"
        raise Refusal("request.invalid", field="when_short", what=what)
    priority = PRIORITIES.index(body.priority or "normal")
    wait_ns = WAIT_NS if body.expires_in_s is None else body.expires_in_s * SECOND_NS
    return priority, ask.door.node.clock() + wait_ns


# --- seeing it -----------------------------------------------------------------------------------


def render_queued(
    ask: Ask,
    row: Queued,
    *,
    position: int | None = None,
    decisions: bool | None = None,
    private: Private | None = None,
) -> Payment:
    """The payment as the queue has it, or had it when it ended there. decisions: whether the reader
    sees the decision's clear values; as the key says, if not given. private: as the row has it, if
    not given."""
    directory = ask.door.directory
    asset = directory.asset(row.asset)
    private = parse_private(row.private) if private is None else private
    waits = row.state is State.WAITING
    queue = QueuePlace(
        reason="ledger.exceeds_available",
        priority=PRIORITIES[row.priority],
        position=UNSET if position is None else position,
    )
    decision = Decision(OUTCOMES[row.outcome])
    if ask.decisions if decisions is None else decisions:
        reasons = directory.reason_names(row.reasons, row.decision_flags)
        decision = Decision(OUTCOMES[row.outcome], row.score_bps, reasons, row.model_id.hex())
    return Payment(
        id=format_payment(row.id),
        object="payment",
        created=format_time(row.created_ns),
        status=row.status,
        from_=directory.name(row.payer),
        to=directory.name(row.payee),
        amount=format_amount(row.amount_minor, asset),
        asset=asset.code,
        amount_captured=format_amount(0, asset),
        amount_refunded=format_amount(0, asset),
        reference=private.reference,
        metadata=private.metadata or {},
        decision=decision,
        legs=[],
        block=None,
        expires=format_time(row.until_ns) if waits else UNSET,
        queue=queue if waits else UNSET,
        error=line_problem(Refusal("queue.expired")) if row.state is State.EXPIRED else UNSET,
    )


def show_queue(ask: Ask) -> Answer:
    """What waits, by asset."""
    node, directory = ask.door.node, ask.door.directory
    data = []
    for one in node.queue.totals():
        asset = directory.asset(one.asset)
        data.append(
            QueueInfo(
                object="queue",
                asset=asset.code,
                count=one.count,
                amount=format_amount(one.amount_minor, asset),
                missing=format_amount(one.missing_minor, asset),
                oldest=format_time(one.oldest_ns),
            )
        )
    return Answer(200, Listing("list", data, False))


# --- cancelling -----------------------------------------------------------------------------------


async def void(ask: Ask) -> Answer:
    """Ends a payment that waits, or what was held; 200 with it.

    Refuses payment.unknown, payment.wrong_state, hold.expired.
    """
    id = parse_payment(ask.params["payment"])
    row: Any = await ask.door.read(find_queued, ask, id)
    if row is None:
        return await ask.door.run_move(ask, VOID)
    if row.state is State.WAITING:
        ended = await asyncio.wrap_future(ask.door.node.queue.cancel(id, by=ask.op_id))
        if ended is None:
            return await ask.door.run_move(ask, VOID)  # it was released a moment ago
        row = replace(row, ended_by=ended.ended_by)
    if row.ended_by != ask.op_id:
        raise Refusal("payment.wrong_state", status=row.status, act="voided")
    return Answer(200, render_queued(ask, replace(row, state=State.VOIDED)))
