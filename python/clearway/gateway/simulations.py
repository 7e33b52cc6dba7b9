"""What would happen: a payment or a release asked of the ledger and taken back.

The ledger itself answers (its real entry, staged and discarded), and its evaluator says which
conditions hold; nothing here decides a second time. Each simulation takes the writer's time, so
that a key may ask for few a second (pace.py), and no more run at once than there are readers.
"""

from __future__ import annotations

import os
from typing import Final

from msgspec import UNSET, UnsetType

from clearway.gateway.authorisation import authorise, signer_of
from clearway.gateway.condition_schemas import NodeState, ReleaseSimulation
from clearway.gateway.door import Answer, Ask
from clearway.gateway.instructions import NOTHING_PRIVATE
from clearway.gateway.payment_checks import prepare_payment
from clearway.gateway.payment_schemas import Payment, PaymentSimulation
from clearway.gateway.releases import Release, read_release, release_submission
from clearway.gateway.render import escrow_words, render_payment, result_code, view_placed
from clearway.gateway.times import parse_time
from clearway.ledger.terms import evaluate_terms
from clearway.payment.batch import Submission
from clearway.payment.errors import CATALOGUE, Refusal
from clearway.payment.ids import ID_BYTES
from clearway.payment.money import format_amount
from clearway.payment.records import Flag, flags_of_head
from clearway.payment.state import Status
from clearway.payment.terms import parse_terms
from clearway.payment.terms_text import render_nodes

# Refusals that time may lift or bring; with `at`, they are looked at as of then.
OF_TIME: Final = ("escrow.expired", "escrow.not_accrued", "escrow.unmet")

ID_AT: Final = 16  # in an instruction
NO_HASH: Final = bytes(32)  # nobody asks for a simulation again

# --- a payment ----------------------------------------------------------------------------------

_TEXTS: Final = {
    Status.SETTLED: "Would be paid at once.",
    Status.HELD: "Would be held.",
}


def simulate_payment(ask: Ask) -> Answer:
    """Refuses as a payment does before ordering, and capacity.simulations."""
    ask.door.simulations.count(ask.key.id)
    ask.op_id, ask.request_hash, ask.is_simulation = _id(ask), NO_HASH, True
    submission = prepare_payment(ask)
    presumed = _presumed_signer(ask, submission)
    placed = ask.door.node.rehearse(submission, presume_signed=presumed is not UNSET)
    view = view_placed(placed, NOTHING_PRIVATE)
    payment = render_payment(view, ask.door.directory, decisions=False)
    return Answer(
        200,
        PaymentSimulation(
            object="simulation",
            status=payment.status,
            amount=payment.amount,
            asset=payment.asset,
            text=_payment_text(payment),
            to_amount=payment.to_amount,
            to_asset=payment.to_asset,
            conditions=payment.conditions,
            error=payment.error,
            as_signed_by=presumed,
        ),
    )


def _id(ask: Ask) -> bytes:
    """What was signed is simulated under the id that it has."""
    if ask.body.prepared is UNSET:
        return os.urandom(ID_BYTES)
    return bytes.fromhex(ask.body.prepared.instruction)[ID_AT : ID_AT + ID_BYTES]


def _presumed_signer(ask: Ask, submission: Submission) -> str | UnsetType:
    """The account whose owner is taken to have signed: what comes signed is looked at."""
    signed = flags_of_head(submission.head) & Flag.SIGNED
    if not signed or ask.body.prepared is not UNSET:
        return UNSET
    signer = signer_of(ask, submission.head)
    return UNSET if signer is None or signer.account is None else signer.account


def _payment_text(payment: Payment) -> str:
    if payment.error is not UNSET:
        return f"Would be refused: {payment.error.detail}."
    terms = "" if payment.conditions is UNSET else f" {payment.conditions.text}"
    return _TEXTS[payment.status] + terms


# --- a release ----------------------------------------------------------------------------------


def simulate_release(ask: Ask) -> Answer:
    """Refuses as a release does before ordering, request.invalid for an `at` that is over, and
    capacity.simulations."""
    ask.door.simulations.count(ask.key.id)
    node, directory = ask.door.node, ask.door.directory
    at_ns = None if ask.body.at is None else parse_time(ask.body.at, "at")
    if at_ns is not None and at_ns < node.clock():
        raise Refusal("request.invalid", field="at", what="that time is over")
    ask.request_hash, ask.is_simulation = NO_HASH, True
    release = read_release(ask, node.clock() if at_ns is None else at_ns)
    submission = authorise(ask, release_submission(ask, release, _id(ask)))
    presumed = _presumed_signer(ask, submission)
    placed = node.rehearse(submission, presume_signed=presumed is not UNSET)
    code = result_code(placed.result)
    name = directory.refusal(code) if code else None
    met = _met(ask, release, placed.time_ns if at_ns is None else at_ns)
    if at_ns is not None and (name is None or name in OF_TIME):
        name = _refusal_of_time(ask, release, at_ns, met)
    amount = format_amount(release.amount_minor, release.asset)
    if name is None:
        text = f"Would release {amount} {release.asset.code} to {directory.name(release.to)}."
    else:
        text = f"Would be refused: {CATALOGUE[name].detail}."
    words = escrow_words(release.row, directory)
    texts = render_nodes(parse_terms(release.row.legs), words)
    nodes = [NodeState(n, *state) for n, state in enumerate(zip(texts, met, strict=True))]
    answer = ReleaseSimulation(
        "simulation", name is None, amount, nodes, text, name or UNSET, presumed
    )
    return Answer(200, answer)


def _met(ask: Ask, release: Release, now_ns: int) -> list[bool]:
    """Of each condition, by the ledger's evaluator. Witnesses that are for no condition, which the
    ledger refuses, show nothing here."""
    row, book = release.row, ask.door.node.book
    payee = book.account(release.to)

    def evaluate(witnesses: bytes) -> list[bool]:
        return evaluate_terms(
            row.legs,
            witnesses,
            chain_id=book.chain_id,
            institution=row.institution,
            id=row.id,
            opened_ns=row.created_ns,
            payer=row.payer,
            payee=row.payee,
            escrow_minor=row.amount_minor,
            released_minor=row.captured_minor,
            now_ns=now_ns,
            asked_by=release.asked_by,
            names_terms=True,
            to=release.to,
            to_category=0 if payee is None else payee.category,
            amount_minor=release.amount_minor,
        )

    try:
        return evaluate(release.witnesses)
    except ValueError:
        return evaluate(b"")


def _refusal_of_time(ask: Ask, release: Release, at_ns: int, met: list[bool]) -> str | None:
    """The first of OF_TIME that holds at a later time, in the ledger's order."""
    row = release.row
    escrow = ask.door.node.book.escrow(row.institution, row.id)
    if escrow is None or escrow.expires_ns <= at_ns:
        return "escrow.expired"
    if release.amount_minor > escrow.accrued_minor(at_ns) - escrow.released_minor:
        return "escrow.not_accrued"
    return None if met and met[0] else "escrow.unmet"
