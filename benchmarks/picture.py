"""A picture of lines, as SVG without anything to load."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 60, 45, 20, 90
INKS = ("#1b7f5c", "#b7791f", "#b3261e")


@dataclass(frozen=True, slots=True)
class Axis:
    """least, most: at its two ends; ticks: places and what stands there; is_log: least above 0."""

    least: float
    most: float
    ticks: Sequence[tuple[float, str]]
    name: str
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands, from 0 to 1; one that is outside stands at the end."""
        value = min(max(value, self.least), self.most)
        if self.is_log:
            return math.log(value / self.least) / math.log(self.most / self.least)
        return (value - self.least) / (self.most - self.least)


def draw_lines(
    title: str, lines: Mapping[str, Sequence[tuple[float, float]]], *, x: Axis, y: Axis
) -> str:
    """One line a name, which stands at its end."""

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * x.share(value)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * y.share(value)

    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" role="img"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for value, text in y.ticks:
        parts.append(f'<path d="M{LEFT} {up(value):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, up(value) + 4, text, anchor="end"))
    for value, text in x.ticks:
        parts.append(_text(across(value), HEIGHT - BOTTOM + 16, text, anchor="middle"))
    for (name, points), ink in zip(lines.items(), INKS, strict=False):
        places = [(across(right), up(top)) for right, top in points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"/>')
        parts.append(_text(places[-1][0] + 6, places[-1][1] + 4, name, ink=ink))
    parts.append(_text(LEFT, HEIGHT - 8, x.name))
    parts.append(_text(LEFT, 13, y.name))
    return "\n".join(parts) + "\n</svg>\n"


def _text(x: float, y: float, text: str, *, anchor: str = "start", ink: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}">{text}</text>'
