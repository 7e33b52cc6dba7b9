"""Why a payment went as it did, in two voices.

The customer's wording follows from the status and the ledger's own refusal alone: a payment that
was stopped for fraud, for sanctions or for a random check reads the same. Telling somebody that he
is suspected is an offence in most places (tipping off, such as POCA 2002 s. 333A in the UK).
The full reasons need decisions:read.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from msgspec import UNSET, UnsetType

from clearway.gateway import instructions
from clearway.gateway.door import Answer, Ask
from clearway.gateway.node import Node
from clearway.gateway.payment_schemas import Explanation, ScoreParts
from clearway.gateway.payments import find_row
from clearway.gateway.render import OUTCOMES
from clearway.payment.decision import DecisionFlag
from clearway.payment.errors import CATALOGUE
from clearway.payment.ids import format_payment
from clearway.payment.records import Kind
from clearway.payment.state import Status
from clearway.risk.features import FEATURES
from clearway.risk.reasons import Reason, account_for, reasons_of
from clearway.risk.reviews import NO_PRICE
from clearway.risk.typologies.registry import typologies_of
from clearway.store.rows import PaymentRow

CUSTOMER_TEXTS: Final[dict[Status, str]] = {
    Status.PENDING: "The payment is on its way.",
    Status.HELD: "The amount is reserved and has not been paid yet.",
    Status.REVIEW: "The payment is being checked, which happens from time to time. The amount is "
    "reserved meanwhile. You need not do anything.",
    Status.SETTLED: "The payment was made.",
    Status.DECLINED: "The payment was declined, and no money was moved. We cannot say more about "
    "it here; if you have questions, contact us and name the payment's id.",
    Status.REFUSED: "The payment could not be made, and no money was moved: {detail}.",
    Status.VOIDED: "The reservation was released, and no money was moved.",
    Status.RETURNED: "The reservation ended by itself, and no money was moved.",
    Status.UNKNOWN: "We do not know yet whether the payment was made. Please ask again soon.",
}
CONDITIONAL_TEXTS: Final[dict[Status, str]] = {
    Status.HELD: "The amount is reserved, and is paid as the conditions say. What is left at the "
    "deadline goes where they say.",
    Status.SETTLED: "All of the amount was paid, as the conditions say.",
    Status.RETURNED: "What had not been paid went back: the deadline passed, or it was cancelled.",
}
FINDINGS: Final[tuple[tuple[DecisionFlag, str, str], ...]] = (
    (DecisionFlag.PAYER_SANCTIONED, "payer_sanctioned", "The payer matches a sanctions list."),
    (DecisionFlag.PAYEE_SANCTIONED, "payee_sanctioned", "The payee matches a sanctions list."),
    (
        DecisionFlag.NO_HOLD_SIGNED,
        "no_hold_signed",
        "A review needs a hold, and the owner had signed none.",
    ),
    (
        DecisionFlag.NO_HOLD_LINKED,
        "no_hold_linked",
        "A review needs a hold, and this payment stands or falls with others at once.",
    ),
    (
        DecisionFlag.SHARE_SANCTIONED,
        "share_sanctioned",
        "An account that would get a share or a delivery matches a sanctions list.",
    ),
    (
        DecisionFlag.NO_REVIEW_OF_TERMS,
        "no_review_of_conditions",
        "A person should have looked at it, and payments with conditions have no review.",
    ),
)


def explain(ask: Ask) -> Answer:
    """Refuses payment.unknown."""
    row = find_row(ask)
    text = customer_text(row, ask)
    inner = _full_reasons(ask, row) if ask.decisions else {}
    payment = format_payment(row.id)
    return Answer(200, Explanation("explanation", payment, row.status, text, **inner))


def customer_text(row: PaymentRow, ask: Ask) -> str:
    detail = CATALOGUE[ask.door.directory.refusal(row.code)].detail if row.code else ""
    texts = CUSTOMER_TEXTS | (CONDITIONAL_TEXTS if row.kind == Kind.ESCROW else {})
    return texts[Status(row.status)].format(detail=detail)


def _full_reasons(ask: Ask, row: PaymentRow) -> dict[str, Any]:
    node = ask.door.node
    decision = node.vault.decision(*_place(row))
    if decision is None:
        return {"outcome": OUTCOMES[row.outcome]}
    flags = int(decision["flags"])
    reasons: list[dict[str, Any]] = [
        {"code": code, "text": text} for flag, code, text in FINDINGS if flags & flag
    ]
    found, score = _scored(node, decision, node.vault.features(*_place(row)))
    return {
        "outcome": OUTCOMES[int(decision["outcome"])],
        "score_bps": int(decision["score_bps"]),
        "score": score,
        "reasons": reasons + found,
        "review_price_eur": _review_price(int(decision["review_price"])),
        "model_id": decision["model_id"].tobytes().hex(),
        "typologies": [
            {"code": one.code, "text": one.why}
            for one in typologies_of(int(decision["typologies"]))
        ],
        "typologies_digest": decision["typologies_digest"].tobytes().hex(),
        "features_hash": decision["features_hash"].tobytes().hex(),
        "list_version": decision["list_version"].tobytes().hex(),
        "matches": _matches(ask, row, flags),
        "decided_by": _decided_by(ask, row),
        "commitment": _commitment(ask, row),
    }


def _review_price(eur: int) -> int | UnsetType | None:
    if eur == 0:
        return UNSET
    return None if eur == NO_PRICE else eur


def _scored(
    node: Node, decision: np.void, kept: bytes | None
) -> tuple[list[dict[str, Any]], ScoreParts | UnsetType]:
    """The reasons in words, each with the values that it looked at (features_hash is over the row
    they are of) and its part of the score; and what the score is made of besides. Parts are told
    while the node has the model that decided."""
    bits = int(decision["reasons"])
    values: dict[str, float] = {}
    parts: dict[str, float] = {}
    score: ScoreParts | UnsetType = UNSET
    row = np.zeros(0, "<f4") if kept is None else np.frombuffer(kept, "<f4")
    if len(row) == len(FEATURES):  # else it was kept by a release with other features
        values = dict(zip(FEATURES, row.tolist(), strict=True))
        model = node.model(decision["model_id"].tobytes())
        if model is not None:
            account = account_for(model, row[None], bits)
            parts = account.parts
            score = ScoreParts(account.raw, account.base, account.others)
    reasons = [_reason(reason, values, parts) for reason in reasons_of(bits)]
    return reasons, score


def _reason(reason: Reason, values: dict[str, float], parts: dict[str, float]) -> dict[str, Any]:
    found = {name: round(values[name], 4) for name in reason.features if name in values}
    said: dict[str, Any] = {"code": reason.code, "text": reason.internal, "values": found}
    return said | ({"part": parts[reason.code]} if reason.code in parts else {})


def _place(row: PaymentRow) -> tuple[bytes, int, int]:
    return row.key, row.sequence, row.envelope_index


def _matches(ask: Ask, row: PaymentRow, flags: int) -> list[dict[str, Any]]:
    """Whom the sanctioned parties were taken for, under the list of today."""
    sides = (
        ("payer", row.payer, DecisionFlag.PAYER_SANCTIONED),
        ("payee", row.payee, DecisionFlag.PAYEE_SANCTIONED),
    )
    found = []
    for side, address, flag in sides:
        if not flags & flag:
            continue
        [number] = ask.door.node.book.account_numbers(address)
        match = ask.door.node.parties.match_of(int(number))
        if match is not None:
            found.append(
                {
                    "party": side,
                    "entity_id": match.entity_id,
                    "matched_name": match.matched_name,
                    "score": round(match.score, 4),
                }
            )
    return found


def _decided_by(ask: Ask, row: PaymentRow) -> list[dict[str, Any]]:
    """The people who captured, voided, approved or rejected, with what they noted."""
    node = ask.door.node
    decided = []
    for act in node.projections.acts_on(row.institution, row.id):
        if act.code:
            continue
        private = instructions.parse_private(
            node.vault.private(act.key, act.sequence, act.envelope_index)
        )
        decided.append({"by": private.by, "api_key": private.api_key, "note": private.note})
    return decided


def _commitment(ask: Ask, row: PaymentRow) -> str:
    """What stands on the chain for the decision: H[decision] of the row in the vault."""
    head = ask.door.node.book.block(row.height).heads[row.index]
    return np.asarray(head["commitment"]).tobytes().hex()
