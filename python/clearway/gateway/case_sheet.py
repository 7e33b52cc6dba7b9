"""A case's network as a drawing: the largest accounts each on a card, many small ones on one."""

from __future__ import annotations

from clearway.cases.layout import Sheet, lay_out
from clearway.cases.network import Network, Node
from clearway.gateway.case_drawing import Card, Line, draw
from clearway.gateway.case_flows import render_edge
from clearway.gateway.case_schemas import CaseNetwork, FlowNode
from clearway.gateway.cases import eur_text
from clearway.gateway.door import Ask


def draw_network(ask: Ask, found: Network, network: CaseNetwork) -> str:
    """As HTML, with what it leaves off. network: what was found, rendered, its nodes in the same
    order."""
    sheet = lay_out(found.nodes, found.edges)
    seen = {node.account: one for node, one in zip(found.nodes, network.nodes, strict=True)}
    name = {number: one.account for number, one in seen.items()}
    name |= {number: _several(count) for number, count in sheet.folded.items()}
    cards = [
        _folded(node, sheet) if node.account in sheet.folded else _card(node, sheet, seen)
        for node in sheet.nodes
    ]
    lines = [Line(edge.payer, edge.payee, render_edge(ask, edge, name)) for edge in sheet.edges]
    html, undrawn = draw(cards, lines)
    return f'<div class="scroll drawn">{html}</div>{_legend(network.left_off, undrawn)}'


def _legend(accounts: int, flows: int) -> str:
    left_off = [
        (accounts, "accounts were found and"),
        (flows, "flows between other accounts"),
    ]
    said = "".join(
        f"<p>{count:,} more {what} are not drawn.</p>" for count, what in left_off if count
    )
    return (
        '<p class="legend"><span class="key moved"></span>moved '
        '<span class="key alerted"></span>of the case '
        '<span class="key stopped"></span>dashed: stopped or waiting. '
        f"Money runs from left to right; the wider, the more of it.</p>{said}"
    )


def _card(node: Node, sheet: Sheet, seen: dict[int, FlowNode]) -> Card:
    one = seen[node.account]
    return Card(
        number=node.account,
        spot=sheet.spots[node.account],
        kind="subject" if node.hop == 0 else "hub" if node.hub else "other",
        name=one.owner or one.account,
        under=one.account if one.owner else ("institution or hub" if one.hub else ""),
        received=one.received,
        sent=one.sent,
    )


def _folded(node: Node, sheet: Sheet) -> Card:
    return Card(
        number=node.account,
        spot=sheet.spots[node.account],
        kind="more",
        name=_several(sheet.folded[node.account]),
        under="with less money",
        received=eur_text(node.got_eur_minor),
        sent=eur_text(node.sent_eur_minor),
    )


def _several(count: int) -> str:
    return f"{count:,} more accounts"
