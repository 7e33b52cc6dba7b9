"""Mandates: what a payer allows a payee to be paid again and again; payments under them."""

from __future__ import annotations

from clearway.gateway.authorisation import authorise
from clearway.gateway.door import Answer, Ask, Move, check_accepted
from clearway.gateway.instructions import seal_private
from clearway.gateway.mandate_schemas import MandateRequest, MandateSeen
from clearway.gateway.schemas import Listing
from clearway.gateway.times import SECOND_NS, format_time, parse_time
from clearway.payment.batch import VALID_NS, Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import parse_prefixed
from clearway.payment.money import Asset, format_amount, parse_amount
from clearway.payment.records import (
    MANDATE_FIXED,
    Kind,
    MandateTerms,
    pack_head,
    pack_mandate_unit,
)
from clearway.store.rows import MandateRow

PREFIX = "mdt_"


def parse_mandate(text: str) -> bytes:
    """Refuses mandate.unknown."""
    id = parse_prefixed(text, PREFIX)
    if id is None:
        raise Refusal("mandate.unknown")
    return id


# --- grant and revoke -----------------------------------------------------------------------------


async def _prepare_grant(ask: Ask) -> Submission:
    body: MandateRequest = ask.body
    directory = ask.door.directory
    asset = directory.asset_of_code(body.asset)
    if body.from_ == body.to:
        raise Refusal("account.same", account=body.to)
    payer, payee = directory.open_address(body.from_), directory.open_address(body.to)
    directory.check_held(payer, body.from_, asset)
    directory.check_held(payee, body.to, asset)
    now_ns = ask.now_ns
    start_ns = now_ns if body.start is None else parse_time(body.start, "start")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    terms = MandateTerms(
        period_ns=body.period_s * SECOND_NS,
        start_ns=start_ns,
        payments_max=body.payments_max or 0,
        flags=MANDATE_FIXED if body.fixed else 0,
    )
    head = pack_head(
        kind=Kind.MANDATE,
        id=ask.op_id,
        payer=payer,
        payee=payee,
        asset=asset.number,
        amount_minor=parse_amount(body.payment_max, asset),
        to_amount_minor=parse_amount(body.period_max, asset),
        bound_minor=parse_amount(body.total_max, asset),
        expires_ns=parse_time(body.until, "until"),
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
        units=1,
    )
    granted = Submission(head, ask.request_hash, private, units=pack_mandate_unit(terms))
    return authorise(ask, granted)


async def _answer_grant(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    return Answer(201, await ask.door.read(_granted, ask))


def _granted(ask: Ask) -> MandateSeen:
    """As it was granted, and the same for ever."""
    return _show(ask, _find(ask, ask.op_id), as_granted=True)


async def _prepare_revoke(ask: Ask) -> Submission:
    row = await ask.door.read(lambda: _find(ask, parse_mandate(ask.params["mandate"])))
    directory, now_ns = ask.door.directory, ask.now_ns
    asker = row.payer if ask.body.as_ is None else directory.open_address(ask.body.as_)
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    head = pack_head(
        kind=Kind.REVOKE_MANDATE,
        id=ask.op_id,
        target=row.id,
        purpose=row.institution,
        payer=asker,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )
    return authorise(ask, Submission(head, ask.request_hash, private))


async def _answer_revoke(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    id = parse_mandate(ask.params["mandate"])
    return Answer(200, await ask.door.read(lambda: _show(ask, _find(ask, id), as_granted=False)))


GRANT = Move(_prepare_grant, _answer_grant)
REVOKE = Move(_prepare_revoke, _answer_revoke)

# --- seeing them ----------------------------------------------------------------------------------


def _find(ask: Ask, id: bytes) -> MandateRow:
    """Refuses mandate.unknown."""
    ask.door.catch_up()
    row = ask.door.node.projections.mandate(ask.key.institution, id)
    if row is None:
        raise Refusal("mandate.unknown")
    return row


def see(ask: Ask) -> Answer:
    row = _find(ask, parse_mandate(ask.params["mandate"]))
    return Answer(200, _show(ask, row, as_granted=False))


def list_mandates(ask: Ask) -> Answer:
    query = ask.query
    ask.door.catch_up()
    after = query.starting_after
    rows = ask.door.node.projections.mandates(
        ask.key.institution,
        limit=query.limit + 1,
        starting_after=None if after is None else parse_mandate(after),
    )
    data = [_show(ask, row, as_granted=False) for row in rows[: query.limit]]
    return Answer(200, Listing("list", data, len(rows) > query.limit))


def _show(ask: Ask, row: MandateRow, *, as_granted: bool) -> MandateSeen:
    directory = ask.door.directory
    asset = directory.asset(row.asset)
    live = None if as_granted else ask.door.node.book.mandate(row.institution, row.id)
    return MandateSeen(
        id=PREFIX + row.id.hex(),
        object="mandate",
        created=format_time(row.created_ns),
        status="active" if as_granted else row.status,
        from_=directory.name(row.payer),
        to=directory.name(row.payee),
        asset=asset.code,
        payment_max=format_amount(row.payment_minor_max, asset),
        period_max=format_amount(row.period_minor_max, asset),
        total_max=format_amount(row.total_minor_max, asset),
        period_s=row.period_ns // SECOND_NS,
        start=format_time(row.start_ns),
        until=format_time(row.expires_ns),
        payments_max=row.payments_max or None,
        fixed=bool(row.flags & MANDATE_FIXED),
        used_total=format_amount(live.used_total_minor if live else 0, asset),
    )


# --- payments under them --------------------------------------------------------------------------


def prepare_pull(ask: Ask, asset: Asset, amount_minor: int) -> Submission:
    """A payment with `mandate`. Refuses request.invalid, mandate.unknown, account.*."""
    body, node, directory = ask.body, ask.door.node, ask.door.directory
    plain = body.to_asset is None and body.quote is None and body.capture == "automatic"
    if not plain or body.sweep or body.imported_at or body.purpose:
        what = "a payment under a mandate is plain: one asset, at once, without a purpose"
        raise Refusal("request.invalid", field="mandate", what=what)
    private, details = seal_private(reference=body.reference, metadata=body.metadata)
    now_ns = node.clock()
    head = pack_head(
        kind=Kind.PULL,
        id=ask.op_id,
        target=parse_mandate(body.mandate),
        purpose=ask.key.institution,
        payer=directory.open_address(body.from_),
        payee=directory.open_address(body.to),
        asset=asset.number,
        amount_minor=amount_minor,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )
    return Submission(head, ask.request_hash, private)
