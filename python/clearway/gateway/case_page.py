"""A case as one page: read on a screen, printed for a file, kept without the node.

It asks nothing of any network and runs no script; its policy says so to the browser. Whatever a
client wrote is escaped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Final

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from clearway.cases.report import Report
from clearway.cases.typologies import family_name
from clearway.gateway.case_acts import render_act
from clearway.gateway.case_alerts import render_alerts
from clearway.gateway.case_flows import render_network, timeline
from clearway.gateway.case_next import render_next
from clearway.gateway.case_parts import (
    document,
    grouped,
    moment,
    more,
    paragraphs,
    section,
    send_page,
    table,
    text,
)
from clearway.gateway.case_report import draft
from clearway.gateway.case_schemas import (
    CaseActSeen,
    CaseDetail,
    CaseMatch,
    CaseNetwork,
    CasePayment,
    Moment,
    RelatedCase,
)
from clearway.gateway.case_sheet import draw_network
from clearway.gateway.cases import case_detail, find_case
from clearway.gateway.door import Ask
from clearway.gateway.times import format_time

HOPS: Final = 2
MOMENTS_MAX: Final = 60
PAYMENTS_MAX: Final = 30
RELATED_MAX: Final = 10
ACTS_MAX: Final = 60
_DECISIONS: Final = {
    "fraud": "Fraud",
    "honest": "Honest",
    "report": "Suspicious: report to the authority",
}


async def serve(ask: Ask, _scope: Scope, _receive: Receive, send: Send) -> None:
    """Refuses case.unknown."""
    await send_page(ask, send, lambda: make_page(ask))


def make_page(ask: Ask) -> str:
    row = find_case(ask)
    desk = ask.door.node.cases
    alerts = desk.store.alerts_of(row)
    found = desk.network(row, alerts, hops=HOPS)
    network = render_network(ask, row, found, HOPS)
    return render(
        case_detail(ask, row),
        network=network,
        drawing=draw_network(ask, found, network),
        moments=timeline(ask, row, alerts, found),
        acts=[render_act(act) for act in desk.store.acts_of(row)],
        report=draft(ask, row) if row.decision == "report" else None,
        now=format_time(ask.door.node.clock()),
        institution=ask.door.node.genesis.name,
    )


def render(
    case: CaseDetail,
    *,
    network: CaseNetwork,
    drawing: str,
    moments: Sequence[Moment],
    acts: Sequence[CaseActSeen],
    report: Report | None,
    now: str,
    institution: str,
) -> str:
    """drawing: HTML. report: of a case that is to be reported. now, institution: of whom and when
    this is a picture."""
    owners = {node.account: node.owner for node in network.nodes if node.owner}
    title = f"{family_name(case.family)}: {_person(case)}"
    parts = (
        _header(case, title, now, institution),
        _facts(case),
        section("What to do now", render_next(case)),
        section("Why it stands here", paragraphs(case.why)),
        _listed(case.matches, owners),
        _decision(case),
        section("The money's flow", _flow(network, drawing), wide=True),
        section("Alerts", render_alerts(case.alert_list)),
        section("Payments of the case", _payments(case.payments, owners)),
        _related(network.cases, owners),
        section("Timeline", _timeline(moments, owners)),
        section("Notes", _notes(case)),
        _report(report),
        section("Log", _log(acts)),
        _footer(case),
    )
    return document(title, parts)


# --- the head -------------------------------------------------------------------------------------


def _person(case: CaseDetail) -> str:
    owner = case.owner or {}
    return str(owner.get("name") or case.account)


def _header(case: CaseDetail, title: str, now: str, institution: str) -> str:
    owner = case.owner or {}
    country = f", {owner['country']}" if owner.get("country") else ""
    status = f"{case.status}{', overdue' if case.overdue else ''}"
    tone = "late" if case.overdue else case.status
    return (
        f'<header><div class="brand"><b>Clearway</b> {escape(institution)}'
        f"<span>as of {moment(now)}</span></div>"
        f'<p class="secret">Confidential. Telling the person concerned that they are suspected is '
        f"an offence in most places.</p>"
        f'<div class="title"><h1>{escape(title)}</h1>'
        f'<span class="chip {tone}">{escape(status)}</span></div>'
        f'<p class="ids">Account <b>{escape(case.account)}</b>{escape(country)} · '
        f"<code>{case.id}</code></p></header>"
    )


def _facts(case: CaseDetail) -> str:
    place = "closed" if case.place is None else f"No. {case.place:,}"
    facts = (
        ("Expected loss", f"{grouped(case.expected_loss)} EUR", "loss"),
        ("Place in the queue", place, ""),
        ("Due", moment(case.due), "late" if case.overdue else ""),
        ("Alerts", f"{case.alerts:,}", ""),
        ("Assigned to", case.assignee or "nobody yet", ""),
        ("Opened", moment(case.created), ""),
    )
    cells = "".join(
        f'<div class="{tone}"><dt>{name}</dt><dd>{text(value)}</dd></div>'
        for name, value, tone in facts
    )
    return f'<dl class="facts">{cells}</dl>{_links(case)}'


def _links(case: CaseDetail) -> str:
    said = []
    if case.follows:
        said.append(f"It follows the earlier case <code>{case.follows}</code>.")
    if case.followed_by:
        said.append(f"A later case follows it: <code>{case.followed_by}</code>.")
    return f'<p class="links">{" ".join(said)}</p>' if said else ""


def _listed(matches: Sequence[CaseMatch], owners: Mapping[str, str]) -> str:
    if not matches:
        return ""
    head = ("Account", "On the list as", "Entry", "Programmes", "Same person")
    rows = [
        (
            _named(one.account, owners),
            f"<b>{escape(one.matched_name)}</b>",
            f"{escape(one.entity_id)}<br><small>{escape(one.list_name)}</small>",
            escape(", ".join(one.programmes)),
            f'<span class="num">{one.score * 100:.0f} %</span> probable',
        )
        for one in matches
    ]
    return section("Who is on a sanctions list", table("listed", head, rows))


def _decision(case: CaseDetail) -> str:
    proposal = case.proposal
    if proposal is None:
        return ""
    if proposal.confirmed_by is None:
        second = "A second person has not confirmed it yet."
    else:
        second = f"Confirmed by <b>{escape(proposal.confirmed_by)}</b>."
    notes = [note for note in case.notes if note.kind in ("propose", "confirm")][-2:]
    quotes = "".join(
        f"<blockquote>{_note_text(note.text)}<cite>{escape(note.by)}</cite></blockquote>"
        for note in notes
    )
    return (
        f'<section class="decision {proposal.decision}"><h2>Decision</h2>'
        f'<p class="verdict">{escape(_DECISIONS[proposal.decision])}</p>'
        f"<p>Proposed by <b>{escape(proposal.proposed_by)}</b>. {second}</p>{quotes}"
        f'<p class="hash">It stands on evidence <code>{proposal.evidence}</code></p></section>'
    )


# --- the body -------------------------------------------------------------------------------------


def _flow(network: CaseNetwork, drawing: str) -> str:
    if not network.edges:
        return '<p class="none">No payments between accounts were found around these alerts.</p>'
    return drawing


def _related(cases: Sequence[RelatedCase], owners: Mapping[str, str]) -> str:
    if not cases:
        return ""
    head = ("Account", "Case", "Alerts", "Expected loss", "State")
    rows = [
        (
            _named(one.account, owners),
            f"{escape(family_name(one.family))}<br><code>{one.case}</code>",
            f'<span class="num">{one.alerts:,}</span>',
            f'<span class="num">{grouped(one.expected_loss)} EUR</span>',
            f'<span class="chip {one.status}">{escape(one.status)}</span>',
        )
        for one in cases[:RELATED_MAX]
    ]
    body = table("related", head, rows) + more(len(cases), RELATED_MAX, "cases")
    return section("Other open cases of accounts in this flow", body)


def _payments(payments: Sequence[CasePayment], owners: Mapping[str, str]) -> str:
    if not payments:
        return '<p class="none">The alerts are about no single payment.</p>'
    head = ("Time", "From", "To", "Amount", "Status", "Label")
    rows = [
        (
            f"{moment(one.created)}<br><code>{one.id}</code>",
            _named(one.from_, owners),
            _named(one.to, owners),
            f'<span class="num">{grouped(one.amount)} {one.asset.partition("/")[0]}</span>',
            _status(one),
            escape((one.label or "").replace("_", " ")),
        )
        for one in payments[:PAYMENTS_MAX]
    ]
    return table("payments", head, rows) + more(len(payments), PAYMENTS_MAX, "payments")


def _named(account: str, owners: Mapping[str, str]) -> str:
    owner = owners.get(account)
    if owner is None:
        return escape(account)
    return f"{escape(owner)}<br><small>{escape(account)}</small>"


def _status(payment: CasePayment) -> str:
    chip = f'<span class="chip {payment.status}">{escape(payment.status)}</span>'
    if isinstance(payment.expires, str):
        chip += f"<br><small>goes back {moment(payment.expires)}</small>"
    return chip


def _timeline(moments: Sequence[Moment], owners: Mapping[str, str]) -> str:
    """The newest MOMENTS_MAX that say something of the case; the account's other payments only as
    far as there is room."""
    told = _once_a_day(moments)
    own = [one for one in told if one.kind != "payment" or one.in_case is True]
    room = max(0, MOMENTS_MAX - len(own))
    others = [one for one in told if one.kind == "payment" and one.in_case is not True]
    kept = {id(one) for one in [*own[-MOMENTS_MAX:], *(others[-room:] if room else [])]}
    shown = [one for one in told if id(one) in kept]
    days = groupby(shown, key=lambda one: one.time[:10])
    lists = ""
    for day, group in days:
        lines = "".join(_moment_line(one, owners) for one in group)
        lists += f'<h3>{day}</h3><ol class="times">{lines}</ol>'
    return lists + more(len(told), len(shown), "moments")


def _once_a_day(moments: Sequence[Moment]) -> list[Moment]:
    """Alerts of one day that say the same are one, where the first of them stands."""
    alike: dict[tuple[str, str], list[Moment]] = defaultdict(list)
    for one in moments:
        if one.kind == "alert":
            alike[one.time[:10], one.text].append(one)
    found = []
    for one in moments:
        group = alike.get((one.time[:10], one.text), [one])
        if one is group[0]:
            found.append(one if len(group) == 1 else _several(group))
    return found


def _several(alerts: Sequence[Moment]) -> Moment:
    last = alerts[-1].time[11:19]
    text = f"{alerts[0].text} ({len(alerts):,} alerts, the last at {last})"
    return replace(alerts[0], text=text)


def _moment_line(moment: Moment, owners: Mapping[str, str]) -> str:
    tone: str = moment.kind
    if moment.kind == "payment":
        tone += f" {moment.direction}" + (" in-case" if moment.in_case is True else "")
    text = moment.text
    if isinstance(moment.counterparty, str):
        owner = owners.get(moment.counterparty, moment.counterparty)
        text = text.replace(moment.counterparty, owner, 1)
    return f'<li class="{tone}"><time>{moment.time[11:19]}</time><p>{escape(text)}</p></li>'


def _notes(case: CaseDetail) -> str:
    if not case.notes:
        return '<p class="none">Nobody has written a note.</p>'
    return "".join(
        f"<blockquote>{_note_text(note.text)}<cite>{escape(note.by)}, {moment(note.created)}"
        f"{'' if note.kind == 'note' else f' ({note.kind})'}</cite></blockquote>"
        for note in case.notes
    )


def _note_text(text: str | None) -> str:
    if text is None:
        return '<p class="none">Erased with the person it was about.</p>'
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def _report(report: Report | None) -> str:
    if report is None:
        return ""
    amounts = [
        (
            escape(one.currency_code),
            f'<span class="num">{one.transactions:,}</span>',
            *(f'<span class="num">{grouped(sum)}</span>' for sum in (one.total, one.settled)),
            f'<span class="num">{grouped(one.stopped)}</span>',
        )
        for one in report.amounts
    ]
    missing = "".join(
        f"<li>{escape(one.what)} <code>{escape(one.field)}</code></li>" for one in report.missing
    )
    head = ("Currency", "Payments", "Together", "Settled", "Stopped or waiting")
    return section(
        "Report to the authority: draft",
        paragraphs(report.reason.splitlines())
        + f"<p>{escape(report.action)}</p>"
        + table("amounts", head, amounts)
        + f'<h3 class="gap">Missing before it is filed</h3><ul>{missing}</ul>',
    )


def _log(acts: Sequence[CaseActSeen]) -> str:
    head = ("No.", "Time", "Who", "Act", "Hash, and what it is linked to")
    rows = [
        (
            f'<span class="num">{act.n:,}</span>',
            moment(act.created),
            escape(act.by)
            + (f"<br><small>key {escape(act.api_key)}</small>" if act.api_key else ""),
            escape(act.act),
            f"<code>{act.hash}</code><br><code class=dim>{act.previous}</code>",
        )
        for act in acts[-ACTS_MAX:]
    ]
    return table("log", head, rows) + more(len(acts), ACTS_MAX, "records")


def _footer(case: CaseDetail) -> str:
    return (
        "<footer>Every record is linked to the one before it by its SHA-256; "
        f"<code>GET /v1/cases/{case.id}/evidence</code> gives the bytes of the evidence, and "
        "<code>GET /v1/case-log</code> reads the whole log again. Amounts in EUR of other "
        "currencies are by a fixed table, for comparing only.</footer>"
    )
