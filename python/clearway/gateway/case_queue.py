"""The queue of cases as a page: what a fraud team opens in the morning, the most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

from starlette.types import Receive, Scope, Send

from clearway.cases.typologies import FAMILIES, family_name
from clearway.gateway.case_parts import document, grouped, moment, section, send_page, table
from clearway.gateway.case_schemas import Case, CasesQuery
from clearway.gateway.cases import find_cases, owners_of
from clearway.gateway.door import Ask
from clearway.gateway.times import format_time
from clearway.lifecycle.alerts import typology_text

_HEAD: Final = ("Place", "Who", "What", "Expected loss", "Due", "State")
_VIEWS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("All", {}),
    *((name, {"typology": family}) for family, name in FAMILIES.items()),
    ("Wait for a second person", {"status": "proposed"}),
    ("Closed", {"status": "closed"}),
)


async def serve(ask: Ask, _scope: Scope, _receive: Receive, send: Send) -> None:
    """Refuses as the list of cases does."""
    await send_page(ask, send, lambda: make_page(ask))


def make_page(ask: Ask) -> str:
    cases, addresses, has_more = find_cases(ask)
    owners = owners_of(ask, addresses)
    names = {
        case.account: str(owners.get(address, {}).get("name") or case.account)
        for case, address in zip(cases, addresses, strict=True)
    }
    node = ask.door.node
    waiting = node.cases.store.queue_length(ask.key.institution)
    parts = (
        _header(node.genesis.name, format_time(node.clock()), waiting, ask.key.principal),
        _views(ask.query),
        _cases(cases, names),
        _next(ask.query, cases) if has_more else "",
    )
    return document("Cases", parts)


def _header(institution: str, now: str, waiting: int, principal: str) -> str:
    count = f"{waiting:,} case waits" if waiting == 1 else f"{waiting:,} cases wait"
    return (
        f'<header><div class="brand"><b>Clearway</b> {escape(institution)}'
        f"<span>{escape(principal)} · as of {moment(now)}</span></div>"
        f'<div class="title"><h1>Cases</h1><span class="chip">{count}</span></div>'
        f'<p class="ids">Those whose deadline has passed first, then by what is expected to be '
        f"lost.</p></header>"
    )


def _views(query: CasesQuery) -> str:
    asked = {"typology": query.typology, "status": query.status}
    links = ""
    for name, view in _VIEWS:
        here = all(asked[key] == view.get(key) for key in asked)
        current = ' aria-current="page"' if here else ""
        links += f'<a href="case-queue{_query(view)}"{current}>{escape(name)}</a>'
    return f'<nav class="views">{links}</nav>'


def _cases(cases: Sequence[Case], names: Mapping[str, str]) -> str:
    if not cases:
        return section("Queue", '<p class="none">No case is here.</p>')
    return section("Queue", table("queue", _HEAD, [_row(case, names) for case in cases]))


def _row(case: Case, names: Mapping[str, str]) -> tuple[str, ...]:
    texts = "".join(f"<li>{escape(typology_text(code))}</li>" for code in case.typologies[:3])
    alerts = "1 alert" if case.alerts == 1 else f"{case.alerts:,} alerts"
    late = " late" if case.overdue else ""
    who = f'<a href="cases/{case.id}/page">{escape(names[case.account])}</a>'
    state = f'<span class="chip {case.status}">{escape(case.status)}</span>'
    return (
        "–" if case.place is None else f"{case.place:,}",
        f"{who}<br><small>{escape(case.account)}</small>",
        f"<b>{escape(family_name(case.family))}</b> <small>{alerts}</small><ul>{texts}</ul>",
        f'<span class="num">{grouped(case.expected_loss)} EUR</span>',
        f'<span class="due{late}">{moment(case.due)}</span>',
        f"{state}<br><small>{escape(case.assignee or 'nobody yet')}</small>",
    )


def _next(query: CasesQuery, cases: Sequence[Case]) -> str:
    asked = {
        "status": query.status,
        "assignee": query.assignee,
        "typology": query.typology,
        "account": query.account,
        "payment": query.payment,
        "limit": str(query.limit),
        "starting_after": cases[-1].id,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return (
        f'<nav class="views"><a href="case-queue{_query(given)}">Further down the queue</a></nav>'
    )


def _query(values: Mapping[str, str]) -> str:
    return f"?{escape(urlencode(values))}" if values else ""
