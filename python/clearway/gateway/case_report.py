"""A case's report to the authority, drafted from what the case and the ledger say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from clearway.cases.network import Flow
from clearway.cases.report import (
    LOCAL,
    TRANSACTIONS_MAX,
    Amounts,
    Finding,
    Party,
    Report,
    Transaction,
    action_text,
    is_ready,
    missing_fields,
    reason_text,
)
from clearway.gateway.case_matches import matches_of
from clearway.gateway.case_schemas import CaseMatch, CaseReport
from clearway.gateway.cases import REASON_TEXTS, eur_text, find_case, owners_of
from clearway.gateway.door import Answer, Ask
from clearway.gateway.times import format_time
from clearway.lifecycle.alerts import typology_text
from clearway.payment.ids import format_case, format_payment
from clearway.payment.money import format_amount
from clearway.payment.records import AccountFlag
from clearway.store.case_rows import CaseRow, KeptAlert

REPORT_CODE: Final = "STR"  # goAML: a suspicious transaction report
ELECTRONIC: Final = "E"
HOUSE: Final = AccountFlag.NOSTRO | AccountFlag.OPERATING  # whose owner is the institution


def see_report(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    row = find_case(ask)
    found = CaseReport(object="report_draft", case=format_case(row.id), report=draft(ask, row))
    return Answer(200, found)


def draft(ask: Ask, row: CaseRow) -> Report:
    desk = ask.door.node.cases
    alerts = desk.store.alerts_of(row)
    flows = desk.network(row, alerts, hops=1).flows
    of_case = {kept.alert.payment for kept in alerts}
    # Those that alerts are about first, so that what is left off is what is only linked.
    ranked = sorted(flows, key=lambda flow: (flow.id not in of_case, -flow.time_ns))
    shown = sorted(ranked[:TRANSACTIONS_MAX], key=lambda flow: flow.time_ns)
    suspicious = [flow for flow in shown if flow.id in of_case]
    payments = desk.payments(alerts).values()
    listed = {one.account: _listed(one) for one in matches_of(ask, row, payments)}
    parties = _parties(ask, row, shown, listed)
    names = {party.account: party.account_name or party.account for party in parties}
    transactions = [_transaction(ask, flow, names, flow.id in of_case) for flow in shown]
    decided_by, conclusion = _decision(ask, row)
    missing = missing_fields(
        decision=row.decision, is_confirmed=row.status == "closed", parties=parties
    )
    return Report(
        report_code=REPORT_CODE,
        submission_code=ELECTRONIC,
        entity_reference=format_case(row.id),
        currency_code_local=LOCAL,
        reason=reason_text(row.family, list(map(_finding, alerts)), conclusion, parties),
        action=action_text(transactions),
        report_indicators=sorted({kept.alert.typology for kept in alerts}),
        detected=format_time(row.opened_ns),
        first=format_time(suspicious[0].time_ns) if suspicious else None,
        last=format_time(suspicious[-1].time_ns) if suspicious else None,
        decided_by=decided_by,
        parties=parties,
        amounts=list(_amounts(ask, suspicious)),
        transactions=transactions,
        ready=is_ready(missing),
        missing=missing,
    )


def _finding(kept: KeptAlert) -> Finding:
    alert = kept.alert
    reasons = [REASON_TEXTS.get(code, code) for code in alert.reasons]
    text = typology_text(alert.typology)
    return Finding(alert.typology, text, alert.score_bps, alert.amount_eur_minor, reasons)


def _decision(ask: Ask, row: CaseRow) -> tuple[list[str], str | None]:
    """Who decided, and the words of the last proposal that still stands."""
    if row.decision is None:
        return [], None
    desk = ask.door.node.cases
    acts = desk.store.acts_of(row)
    last = max(act.n for act in acts if act.act == "propose")
    by = [act.who for act in acts if act.n >= last and act.act in ("propose", "confirm")]
    [text] = [text for note, text in desk.notes(row) if note.n == last]
    return by, text


def _listed(match: CaseMatch) -> str:
    programmes = f", {', '.join(match.programmes)}" if match.programmes else ""
    return (
        f"taken for {match.matched_name}, entry {match.entity_id} of {match.list_name}{programmes} "
        f"({match.score * 100:.0f} % probable)"
    )


def _parties(
    ask: Ask, row: CaseRow, flows: Sequence[Flow], listed: Mapping[str, str]
) -> list[Party]:
    """The account that the case is about first. listed: whom accounts are taken for."""
    book, directory = ask.door.node.book, ask.door.directory
    numbers = dict.fromkeys(number for flow in flows for number in (flow.payer, flow.payee))
    accounts = [one for number in numbers if (one := book.account_at(number)) is not None]
    addresses = list(dict.fromkeys([row.entity, *(one.address for one in accounts)]))
    house = {one.address for one in accounts if one.flags & HOUSE}
    directory.load_names(addresses)
    owners, name = owners_of(ask, addresses), ask.door.node.genesis.name
    return [
        Party(
            account=directory.name(address),
            account_name=name if address in house else owners.get(address, {}).get("name"),
            country_code=owners.get(address, {}).get("country"),
            is_suspected=address == row.entity,
            comments=listed.get(directory.name(address)),
            is_house=address in house,
        )
        for address in addresses
    ]


def _transaction(ask: Ask, flow: Flow, names: dict[str, str], is_suspicious: bool) -> Transaction:
    directory, book = ask.door.directory, ask.door.node.book
    payer, payee = book.account_at(flow.payer), book.account_at(flow.payee)
    assert payer is not None, "invariant: flows are between accounts"
    assert payee is not None, "invariant: flows are between accounts"
    from_account, to_account = directory.name(payer.address), directory.name(payee.address)
    asset = directory.asset(flow.asset)
    return Transaction(
        transactionnumber=format_payment(flow.id),
        date_transaction=format_time(flow.time_ns),
        transaction_description=f"Payment from {names[from_account]} to {names[to_account]}",
        transaction_is_suspicious=is_suspicious,
        transaction_status=str(flow.status),
        amount_local=eur_text(flow.amount_eur_minor),
        amount=format_amount(flow.amount_minor, asset),
        currency_code=asset.currency,
        from_account=from_account,
        to_account=to_account,
    )


def _amounts(ask: Ask, flows: Iterable[Flow]) -> Iterable[Amounts]:
    by_asset: dict[int, list[Flow]] = {}
    for flow in flows:
        by_asset.setdefault(flow.asset, []).append(flow)
    for number, found in sorted(by_asset.items()):
        asset = ask.door.directory.asset(number)
        total = sum(flow.amount_minor for flow in found)
        settled = sum(flow.amount_minor for flow in found if flow.moved)
        yield Amounts(
            currency_code=asset.currency,
            transactions=len(found),
            total=format_amount(total, asset),
            settled=format_amount(settled, asset),
            stopped=format_amount(total - settled, asset),
        )
