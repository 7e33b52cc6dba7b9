"""What a row usually pays or gets in euros, told so that a few absurd amounts hardly move it.

The mean of logarithms in past.py follows every amount. During a spree of frauds it soon calls them
usual; here each step is cut at some multiples of the usual distance.
"""

from __future__ import annotations

from typing import Final

from clearway.risk.features.language import Cell, Part, Value, Window
from clearway.risk.features.past import Side

_STEP_MAX: Final = 2.5  # usual distances; what lies further off counts as this
_EXCESS_FROM: Final = 2.0  # times the usual amount; below it there is no excess
_EXCESS_MAX: Final = 5.0
_PAST_MIN: Final = 3  # events before an amount can be too large for them


def _habit(side: Side) -> Part:
    """Mean, and mean distance from it, with steps cut (Huber's way). One euro stands beside each
    where they divide."""
    usual, spread = (f"{side.role.writer}.{side.role.name}_{what}" for what in ("usual", "spread"))
    return side.part(
        f"habit of {side.role.name}",
        cells=(Cell(f"{side.role.name}_usual", "<f4"), Cell(f"{side.role.name}_spread", "<f4")),
        after=(
            f"if {side.role.writer}.{side.role.name}_n == 1:",
            f"    {usual} = amount",
            f"    {spread} = 0.5 * amount",
            "else:",
            f"    step_max = {_STEP_MAX} * {spread} + 1.0",
            f"    step = min(max(amount - {usual}, -step_max), step_max)",
            f"    {usual} += {side.role.name}_weight * step",
            f"    {spread} += {side.role.name}_weight * (abs(step) - {spread})",
        ),
        needs=(side.weight(),),
    )


def over_habit(side: Side) -> Value:
    """log2 of the amount over the habitual one; 0 without a past."""
    row, role = side.row, side.role.name
    code = f"(amount_log - log2_1p({row}.{role}_usual) if {row}.{role}_n > 0 else 0.0)"
    return side.value(code, side.ever(), _habit(side))


def surprise(side: Side) -> Value:
    """Usual distances of the amount from the habitual one; 0 without a past."""
    row, role = side.row, side.role.name
    name = f"{row}_{role}_surprise"
    told = Part(
        name,
        before=(
            f"{name} = 0.0",
            f"if {row}.{role}_n > 0:",
            f"    {name} = (amount - {row}.{role}_usual) / (1.0 + {row}.{role}_spread)",
        ),
        needs=(side.ever(), _habit(side)),
    )
    return side.value(name, told)


def excess(side: Side, window: Window) -> Value:
    """Of the role's events: how many times the habitual amount they were, beyond twice."""
    writer, role = side.role.writer, side.role.name
    name = f"{writer}_{role}_excess"
    told = Part(
        name,
        before=(
            f"{name} = 0.0",
            f"if {writer}.{role}_n >= {_PAST_MIN}:",
            f"    times = amount / (1.0 + {writer}.{role}_usual)",
            f"    {name} = min(max(times - {_EXCESS_FROM}, 0.0), {_EXCESS_MAX})",
        ),
        needs=(side.ever(), _habit(side)),
    )
    return side.tally("excess", Value(name, (told,)), window)
