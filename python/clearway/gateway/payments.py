"""Payments: pay, hold and capture, void, refund, approve and reject, and seeing them."""

from __future__ import annotations

from collections.abc import Sequence

from clearway.gateway import instructions
from clearway.gateway.authorisation import authorise
from clearway.gateway.door import Answer, Ask, Move
from clearway.gateway.instructions import Private, seal_private
from clearway.gateway.payment_checks import prepare_payment
from clearway.gateway.payment_schemas import Payment
from clearway.gateway.render import (
    PaymentView,
    render_payment,
    result_code,
    view_placed,
    view_row,
)
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import parse_payment
from clearway.payment.money import parse_amount
from clearway.payment.records import Kind, u128, view_heads
from clearway.payment.state import Act, Status, next_status
from clearway.payment.terms import parse_terms
from clearway.store.queue import Queued, State
from clearway.store.rows import PaymentRow

# --- pay ----------------------------------------------------------------------------------------


def render_placed(ask: Ask, placed: Placed) -> Payment:
    """The payment as its entry made it. What was said beside it is the request's own words, and a
    repeated request has the same."""
    [payment] = render_all([(ask, placed)])
    return payment


def render_all(answers: Sequence[tuple[Ask, Placed]]) -> list[Payment]:
    """As `render_placed`, many at once."""
    return [
        render_payment(
            view_placed(placed, _said(ask.body)), ask.door.directory, decisions=ask.decisions
        )
        for ask, placed in answers
    ]


def _said(body: object) -> Private:
    return Private(getattr(body, "reference", None), getattr(body, "metadata", None))


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
