"""The network of a case as SVG: accounts as cards, money as curves from left to right."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Final

from clearway.cases.layout import Spot
from clearway.gateway.case_schemas import CaseNetwork, FlowEdge, FlowNode

CARD_W, CARD_H = 164, 54
GAP_X, GAP_Y, MARGIN = 116, 18, 34
LANE: Final = 36  # how far above the drawing a curve aims that goes over it
ABOVE: Final = 18  # how far such a curve, and what is written on it, comes out at the top
LABELS_MAX: Final = 14  # amounts written on curves; more would cover each other
_NAME_CHARS: Final = 18
_TIGHT_CHARS: Final = 16  # from here on a name is fitted to its card, whatever the font


def draw(network: CaseNetwork, spots: Sequence[Spot]) -> str:
    """spots: of the network's nodes, in their order."""
    if not network.nodes:
        return ""
    first = min(spot.column for spot in spots)
    columns = max(spot.column for spot in spots) - first + 1
    rows = max(spot.row for spot in spots) + 1
    width: float = 2 * MARGIN + columns * CARD_W + (columns - 1) * GAP_X
    height = 2 * MARGIN + rows * CARD_H + (rows - 1) * GAP_Y
    corner = {
        node.account: (
            MARGIN + (spot.column - first) * (CARD_W + GAP_X),
            MARGIN + spot.row * (CARD_H + GAP_Y),
        )
        for node, spot in zip(network.nodes, spots, strict=True)
    }
    around = (_around(corner[edge.from_][0], corner[edge.to][0]) for edge in network.edges)
    width = max([width, *(x + MARGIN for x in around if x is not None)])
    hubs = {node.account for node in network.nodes[1:] if node.hub}
    subject = network.nodes[0].account
    ranked = sorted(network.edges, key=lambda edge: _rank(edge, subject, hubs))
    plain = [edge for edge in network.edges if not hubs & {edge.from_, edge.to}]
    largest = max((Decimal(edge.value) for edge in plain or network.edges), default=Decimal(1))
    ports = _ports(ranked, corner)
    curves = [
        _curve(edge, corner, ports[at], largest, labelled=at < LABELS_MAX)
        for at, edge in reversed(list(enumerate(ranked)))
    ]
    lines = "".join(line for line, _ in curves)
    labels = "".join(label for _, label in curves)
    cards = "".join(
        _card(node, corner[node.account], subject=at == 0) for at, node in enumerate(network.nodes)
    )
    return (
        f'<svg class="flow" viewBox="0 {-ABOVE} {width:.0f} {height + ABOVE:.0f}" role="img"'
        f' style="max-width:{width:.0f}px" aria-label="The money\'s flow">'
        f"{_ARROWS}{lines}{cards}{labels}</svg>"
    )


def _arrow(kind: str) -> str:
    return (
        f'<marker id="to-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9"'
        ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="head {kind}" d="M0 0 8 4 0 8z"/></marker>'
    )


_ARROWS: Final = "<defs>" + "".join(map(_arrow, ("moved", "stopped", "alerted"))) + "</defs>"


def _rank(edge: FlowEdge, subject: str, hubs: set[str]) -> tuple[int, Decimal, str, str]:
    """What a reader wants to know first comes first: the payments of the case, what else its
    account did, what others did, and last what everybody does with a hub."""
    ends = {edge.from_, edge.to}
    kind = 0 if edge.alerts else 1 if subject in ends else 3 if hubs & ends else 2
    return kind, -Decimal(edge.value), edge.from_, edge.to


Ends = tuple[float, float]
"""How high a curve leaves its first card and reaches its second."""


def _ports(edges: Sequence[FlowEdge], corner: Mapping[str, tuple[float, float]]) -> list[Ends]:
    """Of each edge, so that curves on one side of a card leave each other room. They leave on the
    right; what goes to the right arrives on the left, and what goes back on the right."""
    sides: dict[tuple[str, bool], list[tuple[float, int, bool]]] = defaultdict(list)
    for at, edge in enumerate(edges):
        (from_x, from_y), (to_x, to_y) = corner[edge.from_], corner[edge.to]
        sides[edge.from_, True].append((to_y, at, True))
        sides[edge.to, to_x <= from_x].append((from_y, at, False))
    found: dict[tuple[int, bool], float] = {}
    for (account, _), ends in sides.items():
        step = min(9.0, (CARD_H - 14) / len(ends))
        top = corner[account][1] + CARD_H / 2 - step * (len(ends) - 1) / 2
        for place, (_, at, leaves) in enumerate(sorted(ends)):
            found[at, leaves] = top + step * place
    return [(found[at, True], found[at, False]) for at in range(len(edges))]


def _curve(
    edge: FlowEdge,
    corner: Mapping[str, tuple[float, float]],
    ends: Ends,
    largest: Decimal,
    *,
    labelled: bool,
) -> tuple[str, str]:
    """(the curve, its label)."""
    from_x, to_x = corner[edge.from_][0], corner[edge.to][0]
    start_y, end_y = ends
    start_x, end_x = from_x + CARD_W, to_x - 2
    out = _around(from_x, to_x)
    if to_x - from_x > CARD_W + GAP_X:  # past a column: over the top of it
        bend, lane = (end_x - start_x) / 4, -LANE
        path = f"M{start_x:.0f} {start_y:.1f}C{start_x + bend:.0f} {lane} "
        path += f"{end_x - bend:.0f} {lane} {end_x:.0f} {end_y:.1f}"
        label_x, label_y = (start_x + end_x) / 2, (start_y + end_y) / 8 + 0.75 * lane + 4
    elif out is None:
        bend = (end_x - start_x) / 2
        path = f"M{start_x:.0f} {start_y:.1f}C{start_x + bend:.0f} {start_y:.1f} "
        path += f"{end_x - bend:.0f} {end_y:.1f} {end_x:.0f} {end_y:.1f}"
        label_x, label_y = (start_x + end_x) / 2, (start_y + end_y) / 2
    else:  # back, or within a column: out to the right and around
        end_x = to_x + CARD_W + 2
        path = f"M{start_x:.0f} {start_y:.1f}C{out:.0f} {start_y:.1f} {out:.0f} {end_y:.1f} "
        path += f"{end_x:.0f} {end_y:.1f}"
        label_x, label_y = out - 6, (start_y + end_y) / 2
    weight = min(1.0, float(Decimal(edge.value) / largest)) if largest else 0.0
    kind = "alerted" if edge.alerts else "moved" if Decimal(edge.moved) else "stopped"
    stroke = 1.2 + 5.5 * math.sqrt(weight)
    title = escape(_sentence(edge))
    dashed = " dashed" if not Decimal(edge.moved) else ""
    line = (
        f'<path class="edge {kind}{dashed}" d="{path}" stroke-width="{stroke:.1f}"'
        f' marker-end="url(#to-{kind})"><title>{title}</title></path>'
    )
    if not labelled:
        return line, ""
    text = escape(_amount(edge))
    return line, (f'<text class="sum {kind}" x="{label_x:.0f}" y="{label_y - 4:.0f}">{text}</text>')


def _around(from_x: float, to_x: float) -> float | None:
    """Where a curve turns that goes back, or stays within a column; None for one to the right."""
    return None if to_x > from_x else from_x + CARD_W + 30 + (from_x - to_x) / 6


def _amount(edge: FlowEdge) -> str:
    total = Decimal(edge.moved) + Decimal(edge.stopped)
    times = f" × {edge.payments}" if edge.payments > 1 else ""
    return f"{total:,f} {edge.asset.partition('/')[0]}{times}"


def _sentence(edge: FlowEdge) -> str:
    currency = edge.asset.partition("/")[0]
    payments = f"{edge.payments} payments" if edge.payments > 1 else "one payment"
    said = f"{edge.from_} → {edge.to}: {payments}"
    if Decimal(edge.moved):
        said += f", {Decimal(edge.moved):,f} {currency} moved"
    if Decimal(edge.stopped):
        said += f", {Decimal(edge.stopped):,f} {currency} stopped or waiting"
    return said + (f"; {edge.alerts} of the case" if edge.alerts else "")


def _card(node: FlowNode, corner: tuple[float, float], *, subject: bool) -> str:
    x, y = corner
    kind = "subject" if subject else "hub" if node.hub else "other"
    name = node.owner or node.account
    under = node.account if node.owner else ("institution or hub" if node.hub else "")
    turnover = f"in {_short(node.received)} · out {_short(node.sent)} EUR"
    return (
        f'<g class="card {kind}"><rect x="{x:.0f}" y="{y:.1f}" width="{CARD_W}" height="{CARD_H}"'
        f' rx="8"/><text class="name" x="{x + 12:.0f}" y="{y + 19:.1f}"{_fitted(name)}>'
        f"{escape(_cut(name))}</text>"
        f'<text class="under" x="{x + 12:.0f}" y="{y + 32:.1f}">{escape(_cut(under))}</text>'
        f'<text class="turn" x="{x + 12:.0f}" y="{y + 46:.1f}">{escape(turnover)}</text></g>'
    )


def _fitted(name: str) -> str:
    if len(name) < _TIGHT_CHARS:
        return ""
    return f' textLength="{CARD_W - 24}" lengthAdjust="spacingAndGlyphs"'


def _cut(text: str) -> str:
    return text if len(text) <= _NAME_CHARS else text[: _NAME_CHARS - 1] + "…"


def _short(amount: str) -> str:
    """
    >>> _short("1234.60"), _short("2500000.00"), _short("0.00")
    ('1,235', '2.5 m', '0')
    """
    value = float(amount)
    return f"{value / 1e6:,.1f} m" if value >= 1e6 else f"{value:,.0f}"
