"""Payments: pay, hold and capture, void, refund, approve and reject, and seeing them."""

from __future__ import annotations

from operator import attrgetter

from clearway.gateway import instructions
from clearway.gateway.auth import require_scope
from clearway.gateway.authorisation import authorise
from clearway.gateway.conditions import prepare_escrow
from clearway.gateway.door import Answer, Ask, Move, request_hash
from clearway.gateway.instructions import Private, seal_private
from clearway.gateway.mandates import prepare_pull
from clearway.gateway.payment_schemas import Payment, PaymentRequest
from clearway.gateway.render import (
    PaymentView,
    render_payment,
    result_code,
    view_placed,
    view_row,
)
from clearway.gateway.searches import marks_of
from clearway.gateway.times import SECOND_NS, parse_time
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import parse_payment, parse_quote
from clearway.payment.money import parse_amount
from clearway.payment.records import Flag, Kind, flags_of_head, u128, view_heads, with_flags
from clearway.payment.state import Act, Status, next_status
from clearway.payment.terms import parse_terms
from clearway.store.queue import Queued, State
from clearway.store.rows import PaymentRow

HOLD_NS = 7 * 86_400 * SECOND_NS  # of a manual capture that does not say
NO_QUOTE = bytes(16)
# Fields that came later count only where they are said, so that older keys still answer.
_LATER = ("sweep", "closes", "imported_at", "conditions", "mandate", "prepared", "priority")
_later_of = attrgetter(*_LATER)

# --- pay ----------------------------------------------------------------------------------------


def payment_hash(body: PaymentRequest) -> bytes:
    """The same for a single payment and for a line of an upload."""
    more: tuple[dict[str, object], ...] = ()
    later = _later_of(body)
    if any(later) or body.when_short != "refuse":
        said = {name: value for name, value in zip(_LATER, later, strict=True) if value}
        if body.when_short != "refuse":
            said["when_short"] = body.when_short
        more = (said,)
    return request_hash(
        b"payment", body.from_, body.to, body.amount, body.asset, body.to_asset, body.quote,
        body.reference, body.purpose, body.metadata, body.capture, body.expires_in_s, *more,
    )  # fmt: skip


def prepare_payment(ask: Ask, *, links: int = 0, may_wait: bool = False) -> Submission:
    """Everything that is checked before a payment is ordered; what is refused here wrote nothing.

    links: LINKED and NET, of one that is a member of a chain. may_wait: whether it comes by the
    door to the queue.

    Refuses request.invalid, asset.unknown, amount.*, account.same, account.unknown,
    account.closed, account.asset_not_held, rate.unknown, quote.unknown, quote.expired,
    quote.differs, quote.used, quote.in_use, authorisation.*.
    """
    submission = _build_payment(ask, may_wait=may_wait)
    if links:
        head = with_flags(submission.head, flags_of_head(submission.head) | links)
        submission = submission._replace(head=head)
    return authorise(ask, submission)


def _build_payment(ask: Ask, *, may_wait: bool) -> Submission:
    body: PaymentRequest = ask.body
    node, directory = ask.door.node, ask.door.directory
    asset = directory.asset_of_code(body.asset)
    amount_minor = parse_amount(body.amount, asset)
    to_asset = asset
    if body.to_asset is not None:
        to_asset = directory.asset_of_code(body.to_asset)
    if body.from_ == body.to:
        raise Refusal("account.same", account=body.to)
    if not may_wait:
        _check_waits_for_nothing(body)
    if body.conditions is not None:
        return prepare_escrow(ask, asset, amount_minor)
    if body.mandate is not None:
        return prepare_pull(ask, asset, amount_minor)
    hold_ns = 0 if may_wait else _hold_ns(body)
    flags, imported_ns = _flags(ask, body)
    payer = directory.open_address(body.from_)
    payee = directory.open_address(body.to)
    directory.check_held(payer, body.from_, asset)
    directory.check_held(payee, body.to, to_asset)
    crosses = to_asset is not asset
    quote = NO_QUOTE
    if body.quote is not None:
        promised = node.quotes.get(parse_quote(body.quote))
        node.quotes.check(
            promised, asset=asset.code, to_asset=to_asset.code, amount_minor=amount_minor
        )
        node.quote_uses.check(promised, ask.op_id)
        quote = promised.id
    elif crosses:
        node.rates.rate(asset.currency, to_asset.currency)
    private, details = seal_private(
        reference=body.reference, metadata=body.metadata, purpose=body.purpose, salt=ask.salt
    )
    head = instructions.pay(
        id=ask.op_id,
        payer=payer,
        payee=payee,
        asset=asset.number,
        amount_minor=amount_minor,
        to_asset=to_asset.number if crosses else 0,
        quote=quote,
        purpose=body.purpose,
        hold_ns=hold_ns,
        now_ns=ask.now_ns,
        details=details,
        flags=flags,
        imported_ns=imported_ns,
    )
    marks = marks_of(ask, body.metadata, payer, payee)
    return Submission(head, ask.request_hash, private, marks=marks)


def _check_waits_for_nothing(body: PaymentRequest) -> None:
    """Refuses request.invalid."""
    _check_field(body.when_short == "refuse", "when_short", "only a payment by itself can wait")
    _check_field(body.priority is None, "priority", "goes with when_short: queue")


def _hold_ns(body: PaymentRequest) -> int:
    if body.capture == "automatic":
        if body.expires_in_s is not None:
            what = "only a manual capture expires"
            raise Refusal("request.invalid", field="expires_in_s", what=what)
        return 0
    return HOLD_NS if body.expires_in_s is None else body.expires_in_s * SECOND_NS


def _flags(ask: Ask, body: PaymentRequest) -> tuple[int, int]:
    """The flags of sweep, closes and imported_at, and the time of an import. Refuses
    request.invalid, auth.scope."""
    flags, imported_ns = 0, 0
    if body.sweep:
        _check_field(body.to_asset is None, "sweep", "a sweep stays in its asset")
        flags |= Flag.BALANCING_PAYER
    if body.closes is not None:
        _check_field(body.capture == "manual", "closes", "only a manual capture closes an account")
        flags |= Flag.CLOSING_PAYER if body.closes == "from" else Flag.CLOSING_PAYEE
    if body.imported_at is not None:
        require_scope(ask.key, "ledger:import")
        _check_field(body.capture == "automatic", "imported_at", "a hold cannot be imported")
        imported_ns = parse_time(body.imported_at, "imported_at")
        past = 0 < imported_ns < ask.door.node.clock()
        _check_field(past, "imported_at", "is not in the past")
        flags |= Flag.IMPORTED
    return flags, imported_ns


def _check_field(right: bool, field: str, what: str) -> None:
    if not right:
        raise Refusal("request.invalid", field=field, what=what)


def render_placed(ask: Ask, placed: Placed) -> Payment:
    """The payment as its entry made it. What was said beside it is the request's own words, and a
    repeated request has the same."""
    body = ask.body
    private = Private(
        reference=getattr(body, "reference", None), metadata=getattr(body, "metadata", None)
    )
    view = view_placed(placed, private)
    return render_payment(view, ask.door.directory, decisions=ask.decisions)


async def _prepare_payment(ask: Ask) -> Submission:
    return prepare_payment(ask)


async def answer_placed(ask: Ask, placed: Placed) -> Answer:
    """201 with the new payment, whether it settled or not."""
    return Answer(201, render_placed(ask, placed))


PAY = Move(_prepare_payment, answer_placed)

# --- what happens to a payment later ------------------------------------------------------------


def find_row(ask: Ask) -> PaymentRow:
    """The payment in the path, as of now. Refuses payment.unknown, payment.wrong_state while it
    waits in the queue."""
    text = ask.params["payment"]
    id = parse_payment(text)
    queued = find_queued(ask, id)  # first: what leaves it is on the ledger by then
    ask.door.catch_up()
    row = ask.door.node.projections.payment(ask.key.institution, id)
    if row is None and queued is not None:
        raise Refusal("payment.wrong_state", status=queued.status, act="changed or proven")
    if row is None:
        raise Refusal("payment.unknown", payment=text)
    return row


def find_queued(ask: Ask, id: bytes) -> Queued | None:
    """A payment that waits, or ended waiting."""
    node = ask.door.node
    if not node.vault.queue.in_use or ask.key.institution != node.institution:
        return None
    row = node.vault.queue.find(id)
    return None if row is None or row.state is State.RELEASED else row


def _require(row: PaymentRow, status: Status, act: str) -> None:
    """Refuses hold.expired, payment.wrong_state."""
    if row.status == Status.RETURNED:
        raise Refusal("hold.expired")
    if row.status != status:
        raise Refusal("payment.wrong_state", status=row.status, act=act)


def _submission(ask: Ask, head: bytes, private: bytes) -> Submission:
    return Submission(head=head, request_hash=ask.request_hash, private=private)


async def _prepare_capture(ask: Ask) -> Submission:
    row = await ask.door.read(find_row, ask)
    asset = ask.door.directory.asset(row.asset)
    amount_minor = row.amount_minor
    if ask.body.amount is not None:
        amount_minor = parse_amount(ask.body.amount, asset)
    _require(row, Status.HELD, "captured")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id)
    head = instructions.capture(
        id=ask.op_id,
        payment=row,
        amount_minor=amount_minor,
        now_ns=ask.door.node.clock(),
        details=details,
    )
    return _submission(ask, head, private)


async def _prepare_void(ask: Ask) -> Submission:
    row = await ask.door.read(find_row, ask)
    _require(row, Status.HELD, "voided")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id)
    head = instructions.void(
        id=ask.op_id, payment=row, now_ns=ask.door.node.clock(), details=details
    )
    return _submission(ask, head, private)


async def _prepare_approve(ask: Ask) -> Submission:
    row = await ask.door.read(find_row, ask)
    _require(row, Status.REVIEW, "approved")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, note=ask.body.note)
    head = instructions.capture(
        id=ask.op_id,
        payment=row,
        amount_minor=row.amount_minor,
        now_ns=ask.door.node.clock(),
        details=details,
    )
    await ask.door.record(ask, "payment.approve", payment=ask.params["payment"])
    return _submission(ask, head, private)


async def _prepare_reject(ask: Ask) -> Submission:
    row = await ask.door.read(find_row, ask)
    _require(row, Status.REVIEW, "rejected")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, note=ask.body.note)
    head = instructions.void(
        id=ask.op_id, payment=row, now_ns=ask.door.node.clock(), details=details
    )
    await ask.door.record(ask, "payment.reject", payment=ask.params["payment"])
    return _submission(ask, head, private)


async def _answer_act(ask: Ask, placed: Placed) -> Answer:
    """200 with the payment as the act left it, and the same for ever: what was refunded later is
    not in it. A refusal by the ledger is its problem, with the key used."""
    code = result_code(placed.result)
    if code:
        raise await ask.door.read(_act_refusal, ask, code)
    return Answer(200, await ask.door.read(_render_act, ask, placed))


def _act_refusal(ask: Ask, code: int) -> Refusal:
    """A block ends due holds before anything else, so its captures find no hold; what the client
    should know is that it expired."""
    name = ask.door.directory.refusal(code)
    if name == "hold.unknown" and find_row(ask).status == Status.RETURNED:
        name = "hold.expired"
    return Refusal(name)


_ACTS = {
    (Kind.POST, Status.HELD): Act.CAPTURE,
    (Kind.POST, Status.REVIEW): Act.APPROVE,
    (Kind.VOID, Status.HELD): Act.VOID,
    (Kind.VOID, Status.REVIEW): Act.REJECT,
}


def _render_act(ask: Ask, placed: Placed) -> Payment:
    row = find_row(ask)
    head = view_heads(placed.head)[0]
    first = Status(row.first_status)
    status = next_status(first, _ACTS[Kind(int(head["kind"])), first])
    assert status is not None, "invariant: the table has every act on a hold"
    view = view_row(row, private_of(ask, row))
    view.status = status
    view.captured_minor = u128(head, "amount")
    view.refunded_minor = 0
    return render_payment(view, ask.door.directory, decisions=ask.decisions)


CAPTURE = Move(_prepare_capture, _answer_act)
VOID = Move(_prepare_void, _answer_act)
APPROVE = Move(_prepare_approve, _answer_act)
REJECT = Move(_prepare_reject, _answer_act)


async def _prepare_refund(ask: Ask) -> Submission:
    return await ask.door.read(_refund, ask)


def _refund(ask: Ask) -> Submission:
    row = find_row(ask)
    node = ask.door.node
    asset = ask.door.directory.asset(row.asset)
    left_minor = row.captured_minor - row.refunded_minor
    if ask.body.amount is not None:
        amount_minor = parse_amount(ask.body.amount, asset)
    else:
        amount_minor = left_minor
    if not _may_be_refunded(row):
        raise Refusal("payment.wrong_state", status=row.status, act="refunded")
    if amount_minor == 0:
        raise Refusal("ledger.refund_exceeds_payment")
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    head = instructions.refund(
        id=ask.op_id,
        payment=row,
        amount_minor=amount_minor,
        book=node.book,
        now_ns=ask.now_ns,
        details=details,
    )
    return authorise(ask, _submission(ask, head, private))


def _may_be_refunded(row: PaymentRow) -> bool:
    """Conditional money only when it has ended, and its payee got it."""
    if row.kind == Kind.ESCROW:
        paid = row.status != Status.HELD and row.captured_minor > 0
        return paid and not parse_terms(row.legs).free_payee
    return row.kind in (Kind.PAYMENT, Kind.PULL) and row.captured_minor > 0


REFUND = Move(_prepare_refund, answer_placed)

# --- seeing them --------------------------------------------------------------------------------


def private_of(ask: Ask, row: PaymentRow) -> Private:
    vault = ask.door.node.vault
    return instructions.parse_private(vault.private(row.key, row.sequence, row.envelope_index))


def render_row(ask: Ask, row: PaymentRow) -> Payment:
    view = view_row(row, private_of(ask, row))
    if ask.decisions:
        add_decision(ask, row, view)
    return render_payment(view, ask.door.directory, decisions=ask.decisions)


def add_decision(ask: Ask, row: PaymentRow, view: PaymentView) -> None:
    """Fills what the vault keeps of the decision."""
    decision = ask.door.node.vault.decision(row.key, row.sequence, row.envelope_index)
    if decision is not None:
        view.score_bps = int(decision["score_bps"])
        view.reasons = int(decision["reasons"])
        view.decision_flags = int(decision["flags"])
        view.model_id = decision["model_id"].tobytes()
