"""The network of a case as SVG: accounts as cards, money as curves from left to right."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final, Literal

from clearway.cases.layout import Spot
from clearway.gateway.case_schemas import FlowEdge

CARD_W, CARD_H = 164, 54
GAP_X, GAP_Y, MARGIN = 132, 18, 34
PADDING: Final = 12  # within a card, left and right of what is written on it
LANE: Final = 36  # how far above the drawing a curve aims that goes over it
ABOVE: Final = 18  # how far such a curve, and what is written on it, comes out at the top
LINES_MAX: Final = 40  # curves; of more no one can be followed
LABELS_MAX: Final = 24
LABEL_H, CHAR_W = 15, 6.8  # of what is written on a curve
LABEL_SPOTS: Final = (0.5, 0.66, 0.34)  # where on a curve there may be room for it
_NAME_CHARS: Final = 18
_TIGHT_CHARS: Final = 16  # from here on a name is fitted to its card, whatever the font


@dataclass(frozen=True, slots=True)
class Card:
    """An account, or several (`more`). number: by which lines know it. under: a second line.
    received, sent: EUR, in decimals."""

    number: int
    spot: Spot
    kind: Literal["subject", "hub", "other", "more"]
    name: str
    under: str
    received: str
    sent: str


@dataclass(frozen=True, slots=True)
class Line:
    """payer, payee: numbers of cards."""

    payer: int
    payee: int
    flow: FlowEdge


Corner = tuple[float, float]
"""Left and top of a card."""


def draw(cards: Sequence[Card], lines: Sequence[Line]) -> tuple[str, int]:
    """(HTML: SVG, and a mark where the account of the case stands, with which a narrow window
    begins; how many of the lines are not drawn). cards: with one that is the subject."""
    first = min(card.spot.column for card in cards)
    columns = max(card.spot.column for card in cards) - first + 1
    rows = max(card.spot.row for card in cards) + 1
    width: float = 2 * MARGIN + columns * CARD_W + (columns - 1) * GAP_X
    height = 2 * MARGIN + rows * CARD_H + (rows - 1) * GAP_Y
    corner = {
        card.number: (
            MARGIN + (card.spot.column - first) * (CARD_W + GAP_X),
            MARGIN + card.spot.row * (CARD_H + GAP_Y),
        )
        for card in cards
    }
    around = (_around(corner[line.payer][0], corner[line.payee][0]) for line in lines)
    width = max([width, *(x + MARGIN for x in around if x is not None)])
    wide = {card.number for card in cards if card.kind in ("hub", "more")}
    [subject] = (card.number for card in cards if card.kind == "subject")
    drawn = _most_telling(lines, subject, wide)
    plain = [line for line in drawn if not wide & {line.payer, line.payee}]
    largest = max((Decimal(line.flow.value) for line in plain or drawn), default=Decimal(1))
    curves = [
        _curve(line, corner, ends) for line, ends in zip(drawn, _ports(drawn, corner), strict=True)
    ]
    paths = [_path(line, curve, largest) for line, curve in zip(drawn, curves, strict=True)]
    middle = (corner[subject][0] + CARD_W / 2) / width
    html = (
        f'<div class="sheet" style="--full:{width:.0f}px">'
        f'<i class="start" style="left:{middle:.1%}"></i>'
        f'<svg class="flow" viewBox="0 {-ABOVE} {width:.0f} {height + ABOVE:.0f}" role="img"'
        f' aria-label="The money\'s flow">{_ARROWS}{"".join(reversed(paths))}'
        f"{''.join(_card(card, corner[card.number]) for card in cards)}"
        f"{_labels(drawn, curves, corner.values())}</svg></div>"
    )
    return html, len(lines) - len(drawn)


def _arrow(kind: str) -> str:
    return (
        f'<marker id="to-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9"'
        ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="head {kind}" d="M0 0 8 4 0 8z"/></marker>'
    )


_ARROWS: Final = "<defs>" + "".join(map(_arrow, ("moved", "stopped", "alerted"))) + "</defs>"


def _most_telling(lines: Sequence[Line], subject: int, wide: set[int]) -> list[Line]:
    """What a reader wants to know first comes first: the payments of the case, what else its
    account did, what others did, and last what everybody does with a card that is `wide`. Of others
    as many as there is room for."""

    def rank(line: Line) -> tuple[int, Decimal, int, int]:
        ends = {line.payer, line.payee}
        kind = 0 if line.flow.alerts else 1 if subject in ends else 3 if wide & ends else 2
        return kind, -Decimal(line.flow.value), line.payer, line.payee

    ranked = sorted(lines, key=rank)
    return [line for at, line in enumerate(ranked) if at < LINES_MAX or rank(line)[0] < 2]


Ends = tuple[float, float]
"""How high a curve leaves its first card and reaches its second."""


def _ports(lines: Sequence[Line], corner: Mapping[int, Corner]) -> list[Ends]:
    """Of each line, so that curves on one side of a card leave each other room. They leave on the
    right; what goes to the right arrives on the left, and what goes back on the right."""
    sides: dict[tuple[int, bool], list[tuple[float, int, bool]]] = defaultdict(list)
    for at, line in enumerate(lines):
        (from_x, from_y), (to_x, to_y) = corner[line.payer], corner[line.payee]
        sides[line.payer, True].append((to_y, at, True))
        sides[line.payee, to_x <= from_x].append((from_y, at, False))
    found: dict[tuple[int, bool], float] = {}
    for (number, _), ends in sides.items():
        step = min(9.0, (CARD_H - 14) / len(ends))
        top = corner[number][1] + CARD_H / 2 - step * (len(ends) - 1) / 2
        for place, (_, at, leaves) in enumerate(sorted(ends)):
            found[at, leaves] = top + step * place
    return [(found[at, True], found[at, False]) for at in range(len(lines))]


Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]
"""A cubic Bézier curve: begin, two handles, end."""


def _curve(line: Line, corner: Mapping[int, Corner], ends: Ends) -> Curve:
    from_x, to_x = corner[line.payer][0], corner[line.payee][0]
    start_y, end_y = ends
    start_x, end_x = from_x + CARD_W, to_x - 2
    out = _around(from_x, to_x)
    if out is not None:  # back, or within a column: out to the right and around
        return (start_x, start_y), (out, start_y), (out, end_y), (to_x + CARD_W + 2, end_y)
    if to_x - from_x > CARD_W + GAP_X:  # past a column: over the top of it
        bend = (end_x - start_x) / 4
        return (start_x, start_y), (start_x + bend, -LANE), (end_x - bend, -LANE), (end_x, end_y)
    half = (start_x + end_x) / 2
    return (start_x, start_y), (half, start_y), (half, end_y), (end_x, end_y)


def _around(from_x: float, to_x: float) -> float | None:
    """Where a curve turns that goes back, or stays within a column; None for one to the right."""
    return None if to_x > from_x else from_x + CARD_W + 30 + (from_x - to_x) / 6


def _path(line: Line, curve: Curve, largest: Decimal) -> str:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve
    path = f"M{x0:.0f} {y0:.1f}C{x1:.0f} {y1:.1f} {x2:.0f} {y2:.1f} {x3:.0f} {y3:.1f}"
    weight = min(1.0, float(Decimal(line.flow.value) / largest)) if largest else 0.0
    stroke = 1.2 + 5.5 * math.sqrt(weight)
    kind = _kind(line.flow)
    dashed = " dashed" if not Decimal(line.flow.moved) else ""
    return (
        f'<path class="edge {kind}{dashed}" d="{path}" stroke-width="{stroke:.1f}"'
        f' marker-end="url(#to-{kind})"><title>{escape(_sentence(line.flow))}</title></path>'
    )


def _labels(lines: Sequence[Line], curves: Sequence[Curve], corners: Iterable[Corner]) -> str:
    """Sums on the curves, as far as none covers another or a card; lines: the most telling
    first."""
    inner = CARD_W - 2 * PADDING
    taken: list[Box] = [(x + PADDING, y, inner, CARD_H) for x, y in corners]
    found: list[str] = []
    for line, curve in zip(lines, curves, strict=True):
        text = _amount(line.flow)
        width = CHAR_W * len(text)
        for share in LABEL_SPOTS:
            x, y = _point(curve, share)
            box = (x - width / 2, y - LABEL_H / 2, width, LABEL_H)
            if len(found) < LABELS_MAX and not any(_covers(box, other) for other in taken):
                taken.append(box)
                kind = f"sum {_kind(line.flow)}"
                found.append(
                    f'<text class="{kind}" x="{x:.0f}" y="{y + 4:.0f}">{escape(text)}</text>'
                )
                break
    return "".join(found)


Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def _covers(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _point(curve: Curve, share: float) -> Point:
    """share: 0 is where it begins, 1 where it ends."""
    rest = 1 - share
    weights = (rest**3, 3 * rest * rest * share, 3 * rest * share * share, share**3)
    x, y = (
        sum(weight * point[axis] for weight, point in zip(weights, curve, strict=True))
        for axis in (0, 1)
    )
    return x, y


def _kind(flow: FlowEdge) -> str:
    return "alerted" if flow.alerts else "moved" if Decimal(flow.moved) else "stopped"


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


def _card(card: Card, corner: Corner) -> str:
    x, y = corner
    turnover = f"in {_short(card.received)} · out {_short(card.sent)} EUR"
    return (
        f'<g class="card {card.kind}"><rect x="{x:.0f}" y="{y:.1f}" width="{CARD_W}"'
        f' height="{CARD_H}" rx="8"/>'
        f'<text class="name" x="{x + PADDING:.0f}" y="{y + 19:.1f}"{_fitted(card.name)}>'
        f"{escape(_cut(card.name))}</text>"
        f'<text class="under" x="{x + PADDING:.0f}" y="{y + 32:.1f}">'
        f"{escape(_cut(card.under))}</text>"
        f'<text class="turn" x="{x + PADDING:.0f}" y="{y + 46:.1f}">{escape(turnover)}</text></g>'
    )


def _fitted(name: str) -> str:
    if len(name) < _TIGHT_CHARS:
        return ""
    return f' textLength="{CARD_W - 2 * PADDING}" lengthAdjust="spacingAndGlyphs"'


def _cut(text: str) -> str:
    return text if len(text) <= _NAME_CHARS else text[: _NAME_CHARS - 1] + "…"


def _short(amount: str) -> str:
    """
    >>> _short("1234.60"), _short("225441.00"), _short("2500000.00"), _short("0.00")
    ('1,235', '225 k', '2.5 m', '0')
    """
    value = float(amount)
    if value >= 999_500:
        return f"{value / 1e6:,.1f} m"
    return f"{value / 1e3:,.0f} k" if value >= 99_999.5 else f"{value:,.0f}"
