"""From the ledger's records to JSON: one PaymentView, one renderer, for every door and event.

A view is made from a Placed (what ordering just did) or from a row of the projections; so a
payment looks the same in the answer that created it, in a list, and in an event. The answer that
created it depends on its entry alone, which never changes: replays give the same bytes for ever.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from clearway.gateway.condition_answers import show_conditions, words_of
from clearway.gateway.condition_schemas import ConditionsSeen
from clearway.gateway.directory import Directory
from clearway.gateway.instructions import Private
from clearway.gateway.payment_schemas import (
    Decision,
    Leg,
    LegRole,
    Outcome,
    Payment,
    Place,
    UploadAnswer,
)
from clearway.gateway.problems import line_problem
from clearway.gateway.schemas import LineProblem
from clearway.gateway.times import format_time
from clearway.payment.batch import Placed
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment
from clearway.payment.money import Asset, format_amount
from clearway.payment.records import Flag, Kind
from clearway.payment.records import Outcome as Decided
from clearway.payment.state import Status, first_status
from clearway.payment.terms_text import Words
from clearway.store.rows import PaymentRow

OUTCOMES: Final[tuple[Outcome, ...]] = ("accept", "accept", "review", "decline")
ROLES: Final[tuple[LegRole, ...]] = ("principal", "fee", "exchange")
LEG_BYTES = 64

# What a payment is seen by; version, purpose, bound, times and details are passed over.
_HEAD = struct.Struct("<xBHII4x16s16sQQQQ16x20s20s16xQ32xB63x")
_RESULT = struct.Struct("<2xH12xQQ")
_LEG = struct.Struct("<20s20sIB3xQQ")
_encoder = msgspec.json.Encoder()
# As plain ints: a comparison with an enum's member takes as long as all of them.
_PENDING, _REVIEW, _REFUND = int(Flag.PENDING), int(Decided.REVIEW), int(Kind.REFUND)
_BALANCING = int(Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE)
_ESCROW = int(Kind.ESCROW)
_WITHOUT_LEGS = (_ESCROW, int(Kind.ISSUE), int(Kind.CLAWBACK))  # their units say something else


def to_json(answer: object) -> bytes:
    return _encoder.encode(answer)


def to_lines(answers: list[UploadAnswer]) -> bytes:
    """NDJSON."""
    return _encoder.encode_lines(answers)


class PaymentView(msgspec.Struct):
    """A payment as of some point of the chain. Amounts in minor units, times in ns. terms: units
    of an escrow.

    Made by place, as Payment is: by name that takes five times as long, a tenth of the answer.
    """

    id: bytes
    status: Status
    code: int
    payer: bytes
    payee: bytes
    asset: int
    to_asset: int
    amount_minor: int
    to_amount_minor: int
    captured_minor: int
    refunded_minor: int
    refund_of: bytes | None
    created_ns: int
    expires_ns: int
    outcome: int
    legs: bytes
    height: int
    index: int
    private: Private
    terms: bytes = b""
    score_bps: int = 0
    reasons: int = 0
    model_id: bytes = b""
    decision_flags: int = 0


def view_placed(placed: Placed, private: Private) -> PaymentView:
    """The payment that an entry of kind 2, 5, 6, 7 or 16 made, as it was at that entry."""
    (
        kind, flags, asset, to_asset, id, target, amount_low, amount_high, to_low, to_high,
        payer, payee, expires_ns, outcome,
    ) = _HEAD.unpack(placed.head)  # fmt: skip
    (
        height, index, time_ns, _head, units, result, score_bps, reasons, model_id, decision_flags,
        _key, _sequence, _envelope_index,
    ) = placed  # fmt: skip
    code = result_code(result)
    amount_minor = amount_low | amount_high << 64
    if flags & _BALANCING and code == 0:
        amount_minor = _result_minor(result)
    escrow = kind == _ESCROW
    status = first_status(code, flags & _PENDING != 0 or escrow, outcome == _REVIEW)
    to_amount_minor = to_low | to_high << 64
    captured_minor = amount_minor if status is Status.SETTLED else 0
    refunded_minor = 0
    refund_of = target if kind == _REFUND else None
    legs = units if code == 0 and kind not in _WITHOUT_LEGS else b""
    terms = units if escrow else b""
    return PaymentView(
        id, status, code, payer, payee, asset, to_asset, amount_minor, to_amount_minor,
        captured_minor, refunded_minor, refund_of, time_ns, expires_ns, outcome, legs, height,
        index, private, terms, score_bps, reasons, model_id, decision_flags,
    )  # fmt: skip


def view_row(row: PaymentRow, private: Private) -> PaymentView:
    """A payment as the projections have it; the decision's clear values are added by who may."""
    escrow = row.kind == _ESCROW
    return PaymentView(
        id=row.id,
        status=Status(row.status),
        code=row.code,
        payer=row.payer,
        payee=row.payee,
        asset=row.asset,
        to_asset=row.to_asset,
        amount_minor=row.amount_minor,
        to_amount_minor=row.to_amount_minor,
        captured_minor=row.captured_minor,
        refunded_minor=row.refunded_minor,
        refund_of=row.refund_of,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        outcome=row.outcome,
        legs=b"" if escrow else row.legs,
        height=row.height,
        index=row.index,
        private=private,
        terms=row.legs if escrow else b"",
    )


def _result_minor(result: bytes) -> int:
    _code, low, high = _RESULT.unpack(result)
    return int(low) | int(high) << 64


def result_code(result: bytes) -> int:
    code: int = _RESULT.unpack(result)[0]
    return code


def render_payment(view: PaymentView, directory: Directory, *, decisions: bool) -> Payment:
    """decisions: the reader has decisions:read."""
    asset = directory.asset(view.asset)
    to_asset = directory.asset(view.to_asset) if view.to_asset else None
    status, private = view.status, view.private
    payer, payee = directory.name(view.payer), directory.name(view.payee)
    amount = format_amount(view.amount_minor, asset)
    whole = view.captured_minor == view.amount_minor
    captured = amount if whole else format_amount(view.captured_minor, asset)
    refunded = format_amount(view.refunded_minor, asset)
    decision = _decision(view, directory) if decisions else Decision(OUTCOMES[view.outcome])
    legs = _legs(view, directory, payer, payee, asset, amount)
    to_amount = UNSET if to_asset is None else format_amount(view.to_amount_minor, to_asset)
    to_code = UNSET if to_asset is None else to_asset.code
    refund_of = UNSET if view.refund_of is None else format_payment(view.refund_of)
    held = status is Status.HELD or status is Status.REVIEW
    expires = format_time(view.expires_ns) if held and view.expires_ns else UNSET
    conditions = _conditions(view, directory) if view.terms else UNSET
    queue = UNSET
    error = ledger_problem(view.code, directory) if view.code else UNSET
    return Payment(
        format_payment(view.id), "payment", format_time(view.created_ns), status, payer, payee,
        amount, asset.code, captured, refunded, private.reference, private.metadata or {},
        decision, legs, Place(view.height, view.index), to_amount, to_code, refund_of, expires,
        conditions, queue, error,
    )  # fmt: skip


def _conditions(view: PaymentView, directory: Directory) -> ConditionsSeen | UnsetType:
    return show_conditions(view.terms, escrow_words(view, directory), directory)


def escrow_words(payment: PaymentView | PaymentRow, directory: Directory) -> Words:
    """Who and what the terms of this payment speak of."""
    return words_of(
        payer=payment.payer,
        payee=payment.payee,
        asset=payment.asset,
        deadline_ns=payment.expires_ns,
        directory=directory,
    )


def ledger_problem(code: int, directory: Directory) -> LineProblem:
    return line_problem(Refusal(directory.refusal(code)))


def _decision(view: PaymentView, directory: Directory) -> Decision:
    reasons = directory.reason_names(view.reasons, view.decision_flags)
    return Decision(OUTCOMES[view.outcome], view.score_bps, reasons, view.model_id.hex())


def _legs(
    view: PaymentView, directory: Directory, payer: str, payee: str, asset: Asset, amount: str
) -> list[Leg]:
    if view.code or view.terms:
        return []  # what was refused moves nothing; what conditional money moves, releases say
    if not view.legs:
        # docs/format.md: without units, one principal leg from payer to payee.
        return [Leg(payer, payee, asset.code, amount, "principal")]
    legs = []
    for giver, taker, number, role, low, high in _LEG.iter_unpack(view.legs):
        leg_asset = directory.asset(number)
        amount = format_amount(low | high << 64, leg_asset)
        legs.append(
            Leg(directory.name(giver), directory.name(taker), leg_asset.code, amount, ROLES[role])
        )
    return legs
