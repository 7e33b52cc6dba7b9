"""Conditional money later: release, cancel, and the approval that an approver signs."""

from __future__ import annotations

from dataclasses import dataclass

from clearway.gateway.authorisation import authorise
from clearway.gateway.condition_schemas import (
    WITNESS_KINDS,
    ApprovalToSign,
    ReleaseRequest,
    Witness,
)
from clearway.gateway.directory import Directory
from clearway.gateway.door import Answer, Ask, Move
from clearway.gateway.instructions import seal_private
from clearway.gateway.payment_schemas import Payment
from clearway.gateway.payments import add_decision, find_row, private_of
from clearway.gateway.render import render_payment, result_code, view_row
from clearway.gateway.times import parse_time
from clearway.ledger.crypto import hash_bytes
from clearway.payment import witnesses as shown
from clearway.payment.batch import VALID_NS, Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment
from clearway.payment.money import Asset, format_amount, parse_amount
from clearway.payment.records import Kind, as_amounts, pack_head
from clearway.payment.state import Status
from clearway.payment.terms_text import render_time
from clearway.payment.witnesses import ApprovalMessage, pack_approval_message, pack_witnesses
from clearway.store.rows import PaymentRow

# --- release ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    """A release as its request asks for it. payer: of the escrow; asked_by, to: addresses."""

    row: PaymentRow
    asset: Asset
    amount_minor: int
    asked_by: bytes
    to: bytes
    witnesses: bytes


def find_escrow(ask: Ask, act: str) -> PaymentRow:
    """The payment in the path, which has conditions and is still held.

    Refuses payment.unknown, payment.wrong_state, escrow.expired.
    """
    row = find_row(ask)
    if row.kind != Kind.ESCROW:
        raise Refusal("payment.wrong_state", status=f"{row.status} without conditions", act=act)
    if row.status is Status.HELD:
        return row
    last = ask.door.node.projections.acts_on(row.institution, row.id)[-1:]
    if last and last[0].kind == Kind.SWEEP:
        raise Refusal("escrow.expired")
    raise Refusal("payment.wrong_state", status=row.status, act=act)


def read_release(ask: Ask, now_ns: int) -> Release:
    """What is asked for; where no amount is given, what is left or has accrued by then.

    Refuses as `find_escrow`, request.invalid, amount.*, account.unknown, account.closed,
    escrow.not_accrued.
    """
    row, body, directory = find_escrow(ask, "released"), ask.body, ask.door.directory
    asset = directory.asset(row.asset)
    if body.amount is not None:
        amount_minor = parse_amount(body.amount, asset)
    else:
        amount_minor = _all_that_is_left(ask, row, now_ns)
    return Release(
        row=row,
        asset=asset,
        amount_minor=amount_minor,
        asked_by=_address(directory, body.as_, row.payee),
        to=_address(directory, body.to, row.payee),
        witnesses=_pack_witnesses(body, asset),
    )


def _all_that_is_left(ask: Ask, row: PaymentRow, now_ns: int) -> int:
    """Of a stream: what has accrued of it."""
    escrow = ask.door.node.book.escrow(row.institution, row.id)
    if escrow is None:
        return row.amount_minor - row.captured_minor
    left_minor = escrow.accrued_minor(now_ns) - escrow.released_minor
    if left_minor <= 0:
        raise Refusal("escrow.not_accrued")
    return left_minor


def _address(directory: Directory, account: str | None, otherwise: bytes) -> bytes:
    return otherwise if account is None else directory.open_address(account)


def _pack_witnesses(body: ReleaseRequest, asset: Asset) -> bytes:
    packed = [
        _read_witness(witness, asset, f"witnesses[{n}]") for n, witness in enumerate(body.witnesses)
    ]
    return pack_witnesses(packed)


def _read_witness(said: Witness, asset: Asset, at: str) -> shown.Witness:
    given = [kind for (kind,) in WITNESS_KINDS if getattr(said, kind) is not None]
    if len(given) != 1:
        what = "a witness has a node and exactly one of preimage, approval, fact, deliver"
        raise Refusal("request.invalid", field=at, what=what)
    if said.preimage is not None:
        return shown.Secret(said.node, bytes.fromhex(said.preimage))
    if said.approval is not None:
        up_to_minor = parse_amount(said.approval.up_to, asset)
        return shown.Approval(said.node, up_to_minor, bytes.fromhex(said.approval.signature))
    if said.fact is not None:
        time_ns = parse_time(said.fact.time, f"{at}.fact.time")
        signature = bytes.fromhex(said.fact.signature)
        return shown.SignedFact(said.node, said.fact.value, time_ns, signature)
    return shown.Deliver(said.node)


def release_submission(ask: Ask, release: Release, id: bytes) -> Submission:
    """The entry of a release. It names the terms, so that whoever delivers is bound to them."""
    row, now_ns = release.row, ask.now_ns
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    hash_low, hash_high = as_amounts(row.terms_hash)
    head = pack_head(
        kind=Kind.RELEASE,
        id=id,
        target=row.id,
        purpose=row.institution,
        asset=row.asset,
        amount_minor=release.amount_minor,
        to_amount_minor=hash_low,
        bound_minor=hash_high,
        payer=release.asked_by,
        payee=release.to,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )
    return Submission(
        head=head, request_hash=ask.request_hash, private=private, units=release.witnesses
    )


async def _prepare_release(ask: Ask) -> Submission:
    return await ask.door.read(_release, ask)


def _release(ask: Ask) -> Submission:
    release = read_release(ask, ask.now_ns)
    return authorise(ask, release_submission(ask, release, ask.op_id))


# --- cancel -------------------------------------------------------------------------------------


async def _prepare_cancel(ask: Ask) -> Submission:
    return await ask.door.read(_cancel, ask)


def _cancel(ask: Ask) -> Submission:
    """Refuses as `find_escrow`, account.unknown, account.closed."""
    row, now_ns = find_escrow(ask, "cancelled"), ask.now_ns
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    head = pack_head(
        kind=Kind.CANCEL,
        id=ask.op_id,
        target=row.id,
        purpose=row.institution,
        payer=_address(ask.door.directory, ask.body.as_, row.payee),
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )
    cancel = Submission(head=head, request_hash=ask.request_hash, private=private)
    return authorise(ask, cancel)


# --- the answer to both -------------------------------------------------------------------------


async def _answer_act(ask: Ask, placed: Placed) -> Answer:
    """200 with the payment as the act left it, and the same for ever; or the ledger's refusal."""
    code = result_code(placed.result)
    if code:
        raise await ask.door.read(_act_refusal, ask, code)
    return Answer(200, await ask.door.read(_render_act, ask))


def _act_refusal(ask: Ask, code: int) -> Refusal:
    """A block ends what is due before anything else, so that a late release finds nothing; what
    the client should know is that the deadline has passed."""
    name = ask.door.directory.refusal(code)
    if name == "escrow.unknown":
        find_escrow(ask, "released")
    return Refusal(name)


def _render_act(ask: Ask) -> Payment:
    row = find_row(ask)
    act = ask.door.node.projections.act(ask.key.institution, ask.op_id)
    assert act is not None, "invariant: the projections show what was answered"
    assert act.status is not None, "invariant: what the ledger accepted changed the payment"
    view = view_row(row, private_of(ask, row))
    view.status = act.status
    view.captured_minor = act.captured_minor
    view.refunded_minor = 0
    if ask.decisions:
        add_decision(ask, row, view)
    return render_payment(view, ask.door.directory, decisions=ask.decisions)


RELEASE = Move(_prepare_release, _answer_act)
CANCEL = Move(_prepare_cancel, _answer_act)

# --- what approvers sign ------------------------------------------------------------------------


def show_approval(ask: Ask) -> Answer:
    """Refuses as `find_escrow`, amount.*, account.unknown, account.closed."""
    row, query, directory = find_escrow(ask, "released"), ask.query, ask.door.directory
    asset = directory.asset(row.asset)
    up_to_minor = row.amount_minor
    if query.up_to is not None:
        up_to_minor = parse_amount(query.up_to, asset)
    to = _address(directory, query.to, row.payee)
    message = pack_approval_message(
        ApprovalMessage(
            chain_id=ask.door.node.book.chain_id,
            terms_hash=row.terms_hash,
            institution=row.institution,
            opened_ns=row.created_ns,
            id=row.id,
            up_to_minor=up_to_minor,
            to=to,
        )
    )
    up_to, payment = format_amount(up_to_minor, asset), format_payment(row.id)
    text = (
        f"Approves releasing up to {up_to} {asset.code} in all to {directory.name(to)}, of the "
        f"{format_amount(row.amount_minor, asset)} {asset.code} that {directory.name(row.payer)} "
        f"put aside on {render_time(row.created_ns)} ({payment})."
    )
    digest = hash_bytes("approve", message).hex()
    answer = ApprovalToSign(
        "approval", payment, directory.name(to), up_to, digest, message.hex(), text
    )
    return Answer(200, answer)
