"""What the features are that typologies ask, in words, and what their levels are counted in."""

from __future__ import annotations

from typing import Final

from clearway.risk.features.declared import DECLARED
from clearway.risk.typologies.registry import TYPOLOGIES
from clearway.risk.typologies.rule import PLAIN, Condition

UNITS: Final = {"EUR": "euros", "h": "time", "d": "time", "times": "ratio", "": "number"}
# Parts of names of features whose levels have no unit; the others are counts.
WITHOUT_UNIT: Final = (
    ("amount_of_got", "share of 1; 0.5 is as much as came"),
    ("share", "share of 1"),
    ("surge", "share of 1"),
    ("taint", "share of 1"),
    ("deviation", "standard deviations"),
    ("rush", "doublings of the pace"),
    ("cycle", "number"),
    ("hops", "number"),
    ("amount_round", "number"),
    ("purpose_new", "1 or 0"),
)


def glossary() -> str:
    """Rows of a table."""
    asked = {each.feature: each for one in TYPOLOGIES for each in one.conditions}
    return "\n".join(
        f"| `{one.name}` | {one.words} | {_counted_in(asked[one.name])} |"
        for one in DECLARED
        if one.name in asked
    )


def _counted_in(asked: Condition) -> str:
    if asked.is_flag:
        return "yes or no"
    level = asked.at_most or asked.at_least
    if level.unit is not PLAIN:
        return UNITS[level.unit.name]
    found = (what for part, what in WITHOUT_UNIT if part in asked.feature)
    return next(found, "count that fades")
