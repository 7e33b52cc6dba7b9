"""Cases seen and listed: in the order of the queue, each with the words why it stands there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from msgspec import UNSET

from clearway.cases.triage import Standing, explain
from clearway.cases.typologies import FAMILIES
from clearway.gateway.case_acts import render_act
from clearway.gateway.case_matches import matches_of
from clearway.gateway.case_schemas import (
    Case,
    CaseActSeen,
    CaseAlert,
    CaseDetail,
    CaseEvidence,
    CaseNote,
    CasePayment,
    CaseReason,
    LogCheck,
    Proposal,
)
from clearway.gateway.door import CATCH_UP_S_MAX, Answer, Ask
from clearway.gateway.explanation import FINDINGS
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time
from clearway.lifecycle.alerts import is_typology, typology_text
from clearway.payment.errors import Refusal, either
from clearway.payment.ids import (
    format_alert,
    format_case,
    format_payment,
    parse_case,
    parse_payment,
)
from clearway.payment.money import format_amount
from clearway.payment.state import Status
from clearway.risk.reasons import CATALOGUE
from clearway.risk.typologies.registry import TYPOLOGIES
from clearway.store.case_queries import content_hash
from clearway.store.case_rows import CaseRow, KeptAlert
from clearway.store.rows import PaymentRow

REASON_TEXTS: Final = {
    **{reason.code: reason.internal for reason in CATALOGUE},
    **{typology.code: typology.why for typology in TYPOLOGIES},
    **{code: text for _, code, text in FINDINGS},
}


def find_case(ask: Ask) -> CaseRow:
    """With every alert of what was acknowledged before. Refuses case.unknown."""
    catch_up(ask)
    id = parse_case(ask.params["case"])
    found = ask.door.node.cases.store.case(ask.key.institution, id)
    if found is None:
        raise Refusal("case.unknown", case=ask.params["case"])
    return found


def catch_up(ask: Ask) -> None:
    ask.door.catch_up()
    node = ask.door.node
    node.cases.catch_up(node.projections.height, CATCH_UP_S_MAX)


# --- many -----------------------------------------------------------------------------------------


def list_cases(ask: Ask) -> Answer:
    """Refuses case.unknown, payment.unknown for what is no id of one; request.invalid for a
    typology that nobody knows."""
    cases, _, has_more = find_cases(ask)
    return Answer(200, Listing("list", cases, has_more))


def find_cases(ask: Ask) -> tuple[list[Case], list[bytes], bool]:
    """A page of what was asked for: the cases, the address of each, and whether there are more."""
    query, store = ask.query, ask.door.node.cases.store
    if query.typology is not None and not is_typology(query.typology):
        what = (
            f"{query.typology!r} is none: a family is {either(sorted(FAMILIES))}, and"
            " `clearway typologies` lists what is finer"
        )
        raise Refusal("request.invalid", field="typology", what=what)
    catch_up(ask)
    rows = store.cases(
        ask.key.institution,
        status=query.status,
        assignee=query.assignee,
        typology=query.typology,
        entity=None if query.account is None else ask.door.directory.address(query.account),
        payment=None if query.payment is None else parse_payment(query.payment),
        limit=query.limit + 1,
        starting_after=None if query.starting_after is None else parse_case(query.starting_after),
    )
    shown = rows[: query.limit]
    ask.door.directory.load_names(row.entity for row in shown)
    return _render(ask, shown), [row.entity for row in shown], len(rows) > query.limit


def _render(ask: Ask, rows: Sequence[CaseRow]) -> list[Case]:
    store = ask.door.node.cases.store
    numbers = [row.number for row in rows]
    largest, typologies = store.largest_alerts(numbers), store.typologies_of(numbers)
    total = store.queue_length(ask.key.institution)
    return [
        Case(**_fields(ask, row, largest[row.number], typologies[row.number], total))
        for row in rows
    ]


def _fields(
    ask: Ask,
    row: CaseRow,
    largest: tuple[int, int, int],
    typologies: list[str],
    total: int,
    waiting_ns: Sequence[int] = (),
) -> dict[str, Any]:
    """largest: of its alerts, as triage.Standing has it. total: of the queue. waiting_ns: until
    when each payment of it is held."""
    standing = replace(
        _standing(ask, row, largest, total),
        held=len(waiting_ns),
        held_until_ns=min(waiting_ns, default=0),
    )
    return {
        "id": format_case(row.id),
        "object": "case",
        "created": format_time(row.opened_ns),
        "status": row.status,
        "account": ask.door.directory.name(row.entity),
        "family": row.family,
        "typologies": typologies,
        "alerts": row.alerts,
        "expected_loss": eur_text(row.loss_eur_minor),
        "place": standing.place or None,
        "why": explain(standing),
        "assignee": row.assignee,
        "last_alert": format_time(row.last_ns),
        "due": format_time(row.due_ns),
        "overdue": row.overdue,
        "proposal": _proposal(ask, row),
        "follows": None if row.follows is None else format_case(row.follows),
    }


def _standing(ask: Ask, row: CaseRow, largest: tuple[int, int, int], total: int) -> Standing:
    node = ask.door.node
    queue = None if row.status == "closed" else node.cases.store.queue_place(row)
    before = None if queue is None else queue.before
    after = None if queue is None else queue.after
    return Standing(
        place=0 if queue is None else queue.place,
        total=total,
        family=row.family,
        alerts=row.alerts,
        expected_loss_eur_minor=row.loss_eur_minor,
        largest=largest,
        overdue=row.overdue,
        due_ns=row.due_ns,
        now_ns=node.clock(),
        before_minor=None if before is None else before.loss_eur_minor,
        after_minor=None if after is None else after.loss_eur_minor,
        before_overdue=before is not None and before.overdue,
        after_overdue=after is not None and after.overdue,
    )


def _proposal(ask: Ask, row: CaseRow) -> Proposal | None:
    if row.decision is None or row.proposed_by is None or row.evidence is None:
        return None
    confirmed = None
    if row.status == "closed":
        acts = ask.door.node.cases.store.acts_of(row)
        confirmed = next(act.who for act in reversed(acts) if act.act == "confirm")
    return Proposal(
        decision=row.decision,  # type: ignore[arg-type]
        proposed_by=row.proposed_by,
        evidence=row.evidence.hex(),
        confirmed_by=confirmed,
    )


def eur_text(amount_eur_minor: int) -> str:
    """
    >>> eur_text(123456)
    '1234.56'
    """
    return f"{amount_eur_minor // 100}.{amount_eur_minor % 100:02d}"


# --- one ------------------------------------------------------------------------------------------


def see_case(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    return Answer(200, case_detail(ask, find_case(ask)))


def case_detail(ask: Ask, row: CaseRow) -> CaseDetail:
    desk = ask.door.node.cases
    alerts = desk.store.alerts_of(row)
    typologies = sorted({kept.alert.typology for kept in alerts})
    heaviest = max((kept.alert for kept in alerts), key=lambda one: one.expected_loss_eur_minor)
    largest = (
        heaviest.score_bps,
        heaviest.amount_eur_minor,
        heaviest.expected_loss_eur_minor,
    )
    payments = desk.payments(alerts)
    ask.door.directory.load_names(
        address for one in payments.values() for address in (one.payer, one.payee)
    )
    labels = {label.payment: label.label for label in desk.store.labels_of(row)}
    follower = desk.store.follower(row.institution, row.id)
    return CaseDetail(
        **_fields(
            ask,
            row,
            largest,
            typologies,
            desk.store.queue_length(row.institution),
            [one.expires_ns for one in payments.values() if _waits(one)],
        ),
        owner=owners_of(ask, [row.entity]).get(row.entity),
        followed_by=None if follower is None else format_case(follower),
        matches=matches_of(ask, row, payments.values()),
        alert_list=[_alert(kept) for kept in alerts],
        payments=[_payment(ask, one, labels.get(one.id)) for one in payments.values()],
        notes=_notes(ask, row),
    )


def owners_of(ask: Ask, addresses: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
    """What clients said of the owners of these accounts, of those that have one."""
    records = ask.door.node.vault.accounts(addresses)
    return {
        address: json.loads(record.owner)
        for address, record in records.items()
        if record.owner is not None
    }


def _alert(kept: KeptAlert) -> CaseAlert:
    alert = kept.alert
    return CaseAlert(
        id=format_alert(alert.id),
        object="alert",
        created=format_time(alert.time_ns),
        typology=alert.typology,
        text=typology_text(alert.typology),
        score_bps=alert.score_bps,
        amount=eur_text(alert.amount_eur_minor),
        expected_loss=eur_text(alert.expected_loss_eur_minor),
        reasons=[CaseReason(code, REASON_TEXTS.get(code, code)) for code in alert.reasons],
        payment=None if alert.payment is None else format_payment(alert.payment),
        height=alert.height,
        index=alert.index,
        evidence=kept.evidence.hex(),
    )


def _payment(ask: Ask, row: PaymentRow, label: str | None) -> CasePayment:
    directory = ask.door.directory
    asset = directory.asset(row.asset)
    return CasePayment(
        id=format_payment(row.id),
        created=format_time(row.created_ns),
        status=str(row.status),
        from_=directory.name(row.payer),
        to=directory.name(row.payee),
        amount=format_amount(row.amount_minor, asset),
        asset=asset.code,
        label=label,
        expires=format_time(row.expires_ns) if _waits(row) else UNSET,
    )


def _waits(row: PaymentRow) -> bool:
    return row.status in (Status.HELD, Status.REVIEW) and row.expires_ns > 0


def _notes(ask: Ask, row: CaseRow) -> list[CaseNote]:
    desk = ask.door.node.cases
    acts = {act.n: act for act in desk.store.acts_of(row)}
    return [
        CaseNote(
            act=note.n,
            created=format_time(acts[note.n].time_ns),
            by=acts[note.n].who,
            kind=acts[note.n].act,  # type: ignore[arg-type]
            text=text,
        )
        for note, text in desk.notes(row)
        if note.n in acts
    ]


# --- its log and evidence -------------------------------------------------------------------------


def list_acts(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    row = find_case(ask)
    acts: list[CaseActSeen] = [render_act(act) for act in ask.door.node.cases.store.acts_of(row)]
    return Answer(200, Listing("list", acts, False))


def list_evidence(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    row = find_case(ask)
    data = [
        CaseEvidence(
            object="evidence",
            act=one.n,
            hash=one.hash.hex(),
            whole=content_hash(one.body) == one.hash,
            body=one.body.decode(),
        )
        for one in ask.door.node.cases.store.evidence_of(row)
    ]
    return Answer(200, Listing("list", data, False))


def check_log(ask: Ask) -> Answer:
    found = ask.door.node.cases.store.verify()
    return Answer(
        200,
        LogCheck(
            object="case_log_check",
            ok=found.ok,
            acts=found.acts,
            first_bad=found.first_bad,
            what=found.what,
        ),
    )
