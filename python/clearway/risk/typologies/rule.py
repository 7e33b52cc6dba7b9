"""What a typology is: conditions on named features, all of which have to hold for one payment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["payer", "payee"]


@dataclass(frozen=True, slots=True)
class Level:
    """A number as the feature has it, and as a person says it."""

    value: float
    text: str


def eur(amount: float) -> Level:
    """Of features that are log2(1 + euros)."""
    return Level(math.log2(1.0 + amount), f"{amount:,.10g} EUR")


def minutes(count: float) -> Level:
    """Of features that are log2(1 + seconds), as are `hours` and `days`."""
    return _span(count, 60, "min")


def hours(count: float) -> Level:
    return _span(count, 3_600, "h")


def days(count: float) -> Level:
    return _span(count, 86_400, "d")


def events(count: float) -> Level:
    """Of features that are log2(1 + a count that nothing decays)."""
    return Level(math.log2(1.0 + count), f"{count:g}")


def times(factor: float) -> Level:
    """Of features that are log2 of a ratio."""
    return Level(math.log2(factor), f"{factor:g} times")


def _span(count: float, seconds: int, unit: str) -> Level:
    return Level(math.log2(1.0 + count * seconds), f"{count:g} {unit}")


@dataclass(frozen=True, slots=True)
class Condition:
    """low <= feature <= high. because: why this number and no other."""

    feature: str
    low: float
    high: float
    text: str
    because: str


def at_least(feature: str, level: Level | float, because: str) -> Condition:
    low = _level(level)
    return Condition(feature, low.value, math.inf, f"{feature} ≥ {low.text}", because)


def between(feature: str, low: Level | float, high: Level | float, because: str) -> Condition:
    """There is no `at most`: unknown and never are -1, which has to be asked for."""
    at, upto = _level(low), _level(high)
    text = f"{feature} {at.text} to {upto.text}"
    return Condition(feature, at.value, upto.value, text, because)


def yes(feature: str, because: str) -> Condition:
    return Condition(feature, 1.0, 1.0, feature, because)


def _level(of: Level | float) -> Level:
    return of if isinstance(of, Level) else Level(of, f"{of:g}")


FAMILIES: Final = ("laundering", "fraud")


@dataclass(frozen=True, slots=True)
class Typology:
    """bit: its place in a uint64, for ever. code: `family.name`. side: of a payment that fits, the
    account to look at. source: the published document. why: what an analyst reads beside the alert.
    advice: what to look at first. conditions: all of them; the rarest first, which is faster."""

    bit: int
    code: str
    name: str
    side: Side
    source: str
    why: str
    advice: str
    conditions: tuple[Condition, ...]

    @property
    def family(self) -> str:
        return self.code.partition(".")[0]
