"""The language of declarations: values of a payment, and the parts of the past that they rest on.

A `Value` is an expression of the compiled pass, together with the `Part`s that have to be
remembered for it. Values combine with + - * / and the functions below, and their parts with them;
what no declared feature rests on is not kept.

>>> amount = Value("amount")
>>> ratio = amount / (1 + amount)
>>> ratio.code
'(amount / (1.0 + amount))'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clearway.risk.facts import PAID

UNKNOWN: Final = "-1.0"  # what a feature says of an entity that the payment does not name


@dataclass(frozen=True, slots=True)
class Window:
    """What is `seconds` old counts 1/e: windows are decayed, not cut. One number remembers one,
    where a cut one needs a queue, and it has no edge for a fraudster to wait for."""

    name: str
    seconds: float


FIVE_MINUTES: Final = Window("5m", 300.0)
HOUR: Final = Window("1h", 3_600.0)
DAY: Final = Window("1d", 86_400.0)
THREE_DAYS: Final = Window("3d", 259_200.0)
WEEK: Final = Window("7d", 604_800.0)
MONTH: Final = Window("30d", 2_592_000.0)
QUARTER: Final = Window("90d", 7_776_000.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of an entity's row: dtype as NumPy writes it, `n` of them."""

    name: str
    dtype: str
    n: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the past, and the lines of the pass that read and move it.

    cells: in the rows of `table`. before: once an event, before features are read. after: once the
    event becomes the past, if it is `on`. needs: parts whose lines come first.
    unless: the entity without which `after` has nothing to move. again: also on a report, or a
    clearance, of what was reported, or cleared, before.
    """

    name: str
    table: str = ""
    cells: tuple[Cell, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs: tuple[Part, ...] = ()
    on: int = PAID
    unless: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of float64 and what it rests on. entities: those that have to be known."""

    code: str
    parts: tuple[Part, ...] = ()
    entities: frozenset[str] = frozenset()

    def __add__(self, other: Value | float) -> Value:
        return _join(self, "+", _value(other))

    def __radd__(self, other: float) -> Value:
        return _join(_value(other), "+", self)

    def __sub__(self, other: Value | float) -> Value:
        return _join(self, "-", _value(other))

    def __mul__(self, other: Value | float) -> Value:
        return _join(self, "*", _value(other))

    def __rmul__(self, other: float) -> Value:
        return _join(_value(other), "*", self)

    def __truediv__(self, other: Value | float) -> Value:
        return _join(self, "/", _value(other))


def _value(of: Value | float) -> Value:
    return of if isinstance(of, Value) else Value(repr(float(of)))


def _join(left: Value, sign: str, right: Value) -> Value:
    return Value(
        f"({left.code} {sign} {right.code})",
        left.parts + right.parts,
        left.entities | right.entities,
    )


def log(value: Value) -> Value:
    """log2(1 + value), for what is never below 0."""
    return Value(f"log2_1p({value.code})", value.parts, value.entities)


@dataclass(frozen=True, slots=True)
class Feature:
    """One column. words: what it says, for a person who never saw the code."""

    name: str
    value: Value
    words: str
