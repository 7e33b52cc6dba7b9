"""What was decided review or decline becomes an alert, and so does what fits a typology, though it
was paid; with what was known as evidence.

The only place where the rooms risk and screening, whose words these are, meet the room of cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from clearway.cases import typologies as cases
from clearway.cases.evidence import pack_evidence
from clearway.cases.triage import BPS, TYPOLOGY_BPS, expected_loss_minor
from clearway.cases.typologies import Side
from clearway.ledger.book import Book
from clearway.lifecycle.rooms import Rooms
from clearway.payment.alert import Alert, alert_id
from clearway.payment.decision import DecisionFlag
from clearway.payment.ids import format_alert, format_payment
from clearway.payment.records import Outcome
from clearway.risk.features import FEATURES
from clearway.risk.reasons import reasons_of
from clearway.risk.typologies import registry as typologies
from clearway.store.case_rows import Found
from clearway.store.rows import PaymentRow
from clearway.store.vault import Kept

SOURCE: Final = "decision"
EVIDENCE_VERSION: Final = 1
EUR_MINOR_MAX: Final = 2.0**50  # sums over a case stay within 64 bits
_FLAGS: Final = (
    (DecisionFlag.PAYER_SANCTIONED, "payer_sanctioned"),
    (DecisionFlag.PAYEE_SANCTIONED, "payee_sanctioned"),
    (DecisionFlag.SHARE_SANCTIONED, "share_sanctioned"),
    (DecisionFlag.NO_HOLD_SIGNED, "no_hold_signed"),
    (DecisionFlag.NO_HOLD_LINKED, "no_hold_linked"),
    (DecisionFlag.NO_REVIEW_OF_TERMS, "no_review_of_conditions"),
)


def find_alerts(rows: Sequence[PaymentRow], rooms: Rooms) -> list[Found]:
    """Of these payments, in their order: one for each account and family that there is something
    to say of."""
    places = [(row.key, row.sequence, row.envelope_index) for row in rows]
    kept = rooms.vault.rows(places)
    cents = amounts_eur_minor(
        [row.amount_minor for row in rows], [row.asset for row in rows], rooms
    )
    return [
        found
        for row, one, amount in zip(rows, kept, cents, strict=True)
        for found in _found(row, one, amount, rooms)
    ]


def amounts_eur_minor(
    amounts_minor: Sequence[int], assets: Sequence[int], rooms: Rooms
) -> list[int]:
    """Euro cents by risk's fixed table: for comparing cases, never for paying anybody."""
    if not amounts_minor:
        return []
    nobody = np.zeros(len(assets), np.int64)
    facts = rooms.reference.facts(
        payer=nobody,
        payee=nobody,
        amount_minor=[float(amount) for amount in amounts_minor],
        asset=list(assets),
        time_ns=nobody,
    )
    cents = np.rint(np.fmin(facts["amount_eur"] * 100, EUR_MINOR_MAX))
    found: list[int] = cents.astype(np.int64).tolist()
    return found


def settling_address(address: bytes, book: Book) -> bytes:
    """Of a sub-account its parent: the money is his, and so is the suspicion."""
    account = book.account(address)
    if account is None or account.parent is None:
        return address
    parent = book.account_at(account.parent)
    return address if parent is None else parent.address


def typology_text(code: str) -> str:
    """What an analyst reads beside an alert."""
    documented = typologies.typology_of(code)
    return cases.typology_text(code) if documented is None else documented.why


def is_typology(code: str) -> bool:
    """A family, or one of its typologies: a documented one, or one of the broad ones."""
    return cases.is_known(code) or typologies.typology_of(code) is not None


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """Of one account, in one family. source: see alert_id."""

    source: str
    typology: str
    side: Side
    reasons: tuple[str, ...]


def _suspicions(row: PaymentRow, kept: Kept | None) -> list[_Suspicion]:
    """What the decision itself says first; documented typologies make it finer, or stand alone.

    Without a kept row (a vault older than its chain), the outcome on the chain is all there is."""
    codes, hits = _codes(kept), typologies.typologies_of(_bits(kept))
    found: dict[tuple[str, Side], _Suspicion] = {}
    if row.outcome >= Outcome.REVIEW:
        broad = cases.typology_of(codes)
        family = broad.code.partition(".")[0]
        found[family, broad.side] = _Suspicion(SOURCE, broad.code, broad.side, tuple(codes))
    for hit in hits:
        key = hit.family, hit.side
        before = found.get(key)
        if before is None:
            source = f"typology.{hit.family}.{hit.side}"
            found[key] = _Suspicion(source, hit.code, hit.side, (hit.code,))
        else:
            is_broad = typologies.typology_of(before.typology) is None
            typology = hit.code if is_broad else before.typology
            found[key] = replace(before, typology=typology, reasons=(*before.reasons, hit.code))
    return list(found.values())


def _codes(kept: Kept | None) -> list[str]:
    if kept is None:
        return []
    flags = int(kept.decision["flags"])
    codes = [name for flag, name in _FLAGS if flags & flag]
    return codes + [reason.code for reason in reasons_of(int(kept.decision["reasons"]))]


def _bits(kept: Kept | None) -> int:
    return 0 if kept is None else int(kept.decision["typologies"])


def _found(
    row: PaymentRow, kept: Kept | None, amount_eur_minor: int, rooms: Rooms
) -> Iterator[Found]:
    scored_bps = 0 if kept is None else int(kept.decision["score_bps"])
    for one in _suspicions(row, kept):
        is_documented = typologies.typology_of(one.typology) is not None
        score_bps = max(scored_bps, TYPOLOGY_BPS) if is_documented else scored_bps
        side = row.payer if one.side == "payer" else row.payee
        alert = Alert(
            id=alert_id(one.source, row.id),
            payment=row.id,
            entity=settling_address(side, rooms.book),
            typology=one.typology,
            score_bps=BPS if cases.is_sanctions(one.typology) else score_bps,
            amount_eur_minor=amount_eur_minor,
            expected_loss_eur_minor=expected_loss_minor(
                score_bps=score_bps, amount_eur_minor=amount_eur_minor, typology=one.typology
            ),
            reasons=one.reasons,
            height=row.height,
            index=row.index,
            time_ns=row.created_ns,
        )
        yield Found(row.institution, alert, pack_evidence(_evidence(alert, row, kept, rooms)))


def _evidence(alert: Alert, row: PaymentRow, kept: Kept | None, rooms: Rooms) -> dict[str, Any]:
    """decision: the row that the chain commits to (docs/format.md, Decisions), with its salt, so
    that anyone who has it can check that this is what was decided, when, and by which model."""
    facts: dict[str, Any] = {
        "version": EVIDENCE_VERSION,
        "alert": format_alert(alert.id),
        "typology": alert.typology,
        "score_bps": alert.score_bps,
        "reasons": list(alert.reasons),
        "payment": format_payment(row.id),
        "payer": row.payer.hex(),
        "payee": row.payee.hex(),
        "asset": rooms.assets[row.asset].code if row.asset in rooms.assets else str(row.asset),
        "amount_minor": str(row.amount_minor),
        "amount_eur_minor": str(alert.amount_eur_minor),
        "outcome": Outcome(row.outcome).name.lower(),
        "ledger_code": row.code,
        "block": {"height": row.height, "index": row.index, "time_ns": row.created_ns},
    }
    if kept is not None:
        facts["decision"] = kept.decision.tobytes().hex()
        facts["typologies_digest"] = kept.decision["typologies_digest"].tobytes().hex()
        features = rooms.vault.features(row.key, row.sequence, row.envelope_index)
        if features is not None:
            facts["features"] = _features(features)
    return facts


def _features(data: bytes) -> dict[str, str] | str:
    """By name, as the shortest text that gives the same number; as bytes where another release
    with other features decided."""
    values = np.frombuffer(data, "<f4")
    if len(values) != len(FEATURES):
        return data.hex()
    return {name: str(value) for name, value in zip(FEATURES, values, strict=True)}
