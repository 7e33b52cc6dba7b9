"""What a typology is: conditions on named features, all of which have to hold for one payment."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from clearway.risk.typologies.sources import Source

Side = Literal["payer", "payee"]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a level is counted in. least, most: what it may be set to. as_feature: the number as
    features have it."""

    name: str
    least: float
    most: float
    as_feature: Callable[[float], float]


def _grown(number: float) -> float:
    return math.log2(1.0 + number)


def _seconds(each: float) -> Callable[[float], float]:
    return lambda count: _grown(count * each)


def _same(number: float) -> float:
    return number


EUR: Final = Unit("EUR", 0.0, 1e12, _grown)
HOURS: Final = Unit("h", 0.0, 87_600.0, _seconds(3_600.0))
DAYS: Final = Unit("d", 0.0, 3_650.0, _seconds(86_400.0))
COUNT: Final = Unit("", 0.0, 1e9, _grown)
TIMES: Final = Unit("times", 1e-6, 1e6, math.log2)
PLAIN: Final = Unit("", -1e6, 1e6, _same)
ABSENT: Final = Unit("never", -1.0, -1.0, _same)


@dataclass(frozen=True, slots=True)
class Level:
    """A number as a person says it. value: as the feature has it."""

    number: float
    unit: Unit = PLAIN

    @property
    def value(self) -> float:
        return self.unit.as_feature(self.number)

    @property
    def text(self) -> str:
        if self.unit is ABSENT:
            return ABSENT.name
        return f"{self.number:,.10g} {self.unit.name}".rstrip()


NEVER: Final = Level(-1.0, ABSENT)  # as features say that there was nothing yet


def eur(amount: float) -> Level:
    """Of features that are log2(1 + euros)."""
    return Level(amount, EUR)


def hours(count: float) -> Level:
    """Of features that are log2(1 + seconds), as are `days`."""
    return Level(count, HOURS)


def days(count: float) -> Level:
    return Level(count, DAYS)


def events(count: float) -> Level:
    """Of features that are log2(1 + a count that nothing decays)."""
    return Level(count, COUNT)


def times(factor: float) -> Level:
    """Of features that are log2 of a ratio."""
    return Level(factor, TIMES)


@dataclass(frozen=True, slots=True)
class Condition:
    """at_least <= feature <= at_most, where they are given. because: why these and no others.
    is_flag: the feature is 1 or 0, and has no level that could be another."""

    feature: str
    because: str
    at_least: Level
    at_most: Level | None = None
    is_flag: bool = False

    @property
    def low(self) -> float:
        return self.at_least.value

    @property
    def high(self) -> float:
        return math.inf if self.at_most is None else self.at_most.value

    @property
    def text(self) -> str:
        if self.is_flag:
            return self.feature
        if self.at_most is None:
            return f"{self.feature} ≥ {self.at_least.text}"
        if self.at_least == self.at_most:
            return f"{self.feature} = {self.at_least.text}"
        return f"{self.feature} {self.at_least.text} to {self.at_most.text}"


def at_least(feature: str, level: Level | float, because: str) -> Condition:
    return Condition(feature, because, _level(level))


def between(feature: str, low: Level | float, high: Level | float, because: str) -> Condition:
    """There is no `at most`: unknown and never are -1, which has to be asked for."""
    return Condition(feature, because, _level(low), _level(high))


def yes(feature: str, because: str) -> Condition:
    return Condition(feature, because, Level(1.0), Level(1.0), is_flag=True)


def _level(of: Level | float) -> Level:
    return of if isinstance(of, Level) else Level(of)


FAMILIES: Final = ("laundering", "fraud")


@dataclass(frozen=True, slots=True)
class Typology:
    """bit: its place in a uint64, for ever. code: `family.name`. side: of a payment that fits, the
    account to look at. sources: published documents. why: what an analyst reads beside the alert.
    advice: what to look at first. conditions: all of them; the rarest first, which is faster."""

    bit: int
    code: str
    name: str
    side: Side
    sources: tuple[Source, ...]
    why: str
    advice: str
    conditions: tuple[Condition, ...]

    @property
    def family(self) -> str:
        return self.code.partition(".")[0]

    @property
    def source(self) -> str:
        return "; ".join(each.text for each in self.sources)
