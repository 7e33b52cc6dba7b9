"""Linked payments: 2 to 100 of them in one request, all or nothing; netted, if asked.

One Idempotency-Key stands for the list. Each payment has an id of its own that follows from it.
"""

from __future__ import annotations

from clearway.gateway.authorisation import draft_one
from clearway.gateway.door import Answer, Ask, request_hash
from clearway.gateway.payment_checks import prepare_payment
from clearway.gateway.payment_schemas import LinkedRequest, PaymentRequest
from clearway.gateway.payments import render_placed
from clearway.gateway.schemas import Listing
from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.ids import member_id
from clearway.payment.records import Flag


async def pay_linked(ask: Ask) -> Answer:
    """201 with every payment, whether they settled or not.

    Refuses as a single payment does, for the first that is refused, named in `field` where a field
    is at fault; nothing was written then.
    """
    body: LinkedRequest = ask.body
    members = [_member(ask, number) for number in range(len(body.payments))]
    batcher = ask.door.node.batcher
    try:
        columns = Columns.of(_chain(members, net=body.net))
    except Refusal as refusal:
        placed = await _first_answers(members)
        if placed is None:
            raise refusal from None
    else:
        share = await batcher.submit_share(columns)
        placed = [_placed(answer) for answer in share.to_list()]
    ask.request_id = "req_" + ask.op_id.hex()
    data = [render_placed(one, entry) for one, entry in zip(members, placed, strict=True)]
    return Answer(201, Listing("list", data, False))


async def draft_linked(ask: Ask) -> Answer:
    """What the owners of the list's payments sign; null for a payment that nobody has to sign."""
    body: LinkedRequest = ask.body
    members = [_member(ask, number) for number in range(len(body.payments))]
    chain = _chain(members, net=body.net)
    data = [draft_one(one, submission) for one, submission in zip(members, chain, strict=True)]
    return Answer(200, Listing("list", data, False))


def _member(ask: Ask, number: int) -> Ask:
    return Ask(
        ask.door,
        ask.key,
        ask.request_id,
        body=ask.body.payments[number],
        query=ask.query,
        op_id=member_id(ask.door.node.secret, ask.op_id, number),
        request_hash=request_hash(b"linked", ask.request_hash.hex(), number),
        idempotency_key=ask.idempotency_key,
        is_draft=ask.is_draft,
    )


def _chain(members: list[Ask], *, net: bool) -> list[Submission]:
    last = len(members) - 1
    chain = []
    for number, member in enumerate(members):
        if net:
            _check_may_be_netted(member.body, number)
        links = (Flag.LINKED if number < last else 0) | (Flag.NET if net else 0)
        chain.append(prepare_payment(member, links=links))
    return chain


def _check_may_be_netted(body: PaymentRequest, number: int) -> None:
    if body.capture == "manual" or body.sweep or body.conditions is not None:
        what = "what is netted is paid at once, and whole"
        raise Refusal("request.invalid", field=f"payments[{number}]", what=what)


async def _first_answers(members: list[Ask]) -> list[Placed] | None:
    """What a list that was sent before was answered; None for a new one."""
    node = members[0].door.node
    placed = [await node.replay(one.op_id, one.request_hash) for one in members]
    known = [one for one in placed if one is not None]
    return known if len(known) == len(members) else None


def _placed(answer: Placed | ClearwayError) -> Placed:
    if isinstance(answer, ClearwayError):
        raise answer
    return answer
