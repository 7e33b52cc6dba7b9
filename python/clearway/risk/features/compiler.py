"""From the declarations to the one pass over the payments.

`make features` writes `generated.py`, a module of plain Python that Numba compiles and anybody can
read. It is checked in, so that a change of a declaration shows in review as what it does; a test
holds it to the declarations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from clearway.risk.facts import CLEARED, CLEARED_AGAIN, PAID, REPORTED, REPORTED_AGAIN
from clearway.risk.features.declared import DECLARED
from clearway.risk.features.language import UNKNOWN, Feature, Part
from clearway.risk.features.past import TABLES

TARGET: Final = Path(__file__).with_name("generated.py")
_ROWS: Final = tuple((table, row) for table, rows in TABLES.items() for row in rows)


def compile_features(features: Iterable[Feature] = DECLARED) -> str:
    """The text of the generated module."""
    features = tuple(features)
    names = [feature.name for feature in features]
    assert len(set(names)) == len(names), "a feature's name is its own"
    parts = _in_order(part for feature in features for part in feature.value.parts)
    body = "".join(_body(features, parts))
    identity = hashlib.sha256(body.encode()).hexdigest()
    return "".join((_HEAD, f'IDENTITY: Final = "{identity}"\n\n', body))


def _in_order(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Each part once, after what it needs."""
    found: dict[str, Part] = {}

    def visit(part: Part) -> None:
        if part.name in found:
            assert found[part.name] == part, f"two parts are called {part.name}"
            return
        for need in part.needs:
            visit(need)
        found[part.name] = part

    for part in parts:
        visit(part)
    return tuple(found.values())


def _body(features: tuple[Feature, ...], parts: tuple[Part, ...]) -> Iterator[str]:
    yield "FEATURES: Final = (\n"
    yield from (f'    "{feature.name}",\n' for feature in features)
    yield ")\n\nMEANINGS: Final = (\n"
    yield from (f'    "{_meaning(feature)}",\n' for feature in features)
    yield ")\n\n"
    for table in TABLES:
        yield from _dtype(table, parts)
    yield from _signature()
    yield _indent(8, _OPENING)
    for part in parts:
        yield _indent(8, part.before)
    yield _indent(8, ("if out.shape[0] > 0 and fact.report != 0:", "    out[i, :] = 0.0"))
    yield _indent(8, ("elif out.shape[0] > 0:",))
    for place, feature in enumerate(features):
        yield from _written(place, feature)
    yield _indent(8, (f"if fact.report == {PAID}:  # the payment becomes the past",))
    yield from _after(part for part in parts if part.on == PAID)
    for on, again, what in (
        (REPORTED, REPORTED_AGAIN, "a fraud"),
        (CLEARED, CLEARED_AGAIN, "honest"),
    ):
        moved = [part for part in parts if part.on == on]
        yield _indent(8, (f"elif fact.report == {on}:  # one in the past is known now as {what}",))
        yield from _after(moved)
        yield _indent(8, (f"elif fact.report == {again}:  # as {what} once more",))
        yield from _after(part for part in moved if part.again)
    yield _indent(4, (f"n_touched[{k}] = n_{table}" for k, table in enumerate(TABLES)))


def _meaning(feature: Feature) -> str:
    """Changes whenever what the feature says may change, and not with the features beside it."""
    said = [repr((part.cells, part.before, part.after)) for part in _in_order(feature.value.parts)]
    code = _written_as(feature)
    return hashlib.sha256("\n".join((*_OPENING, *said, code)).encode()).hexdigest()[:16]


def _dtype(table: str, parts: tuple[Part, ...]) -> Iterator[str]:
    """Rows of the table; wide fields first, so that all are aligned."""
    cells = {cell.name: cell for part in parts if part.table == table for cell in part.cells}
    wide = sorted(cells.values(), key=lambda cell: -int(cell.dtype[-1]))
    yield f"{table.upper()}: Final = np.dtype(\n    [\n"
    if table != "accounts":
        yield '        ("id", "<u8"),\n'
    for cell in wide:
        n = f", {cell.n}" if cell.n > 1 else ""
        yield f'        ("{cell.name}", "{cell.dtype}"{n}),\n'
    yield "    ]\n)\n"


def _written(place: int, feature: Feature) -> Iterator[str]:
    words = (f"# {feature.name}: {feature.words}", f"out[i, {place}] = {_written_as(feature)}")
    yield _indent(12, words)


def _written_as(feature: Feature) -> str:
    code = feature.value.code
    for entity in sorted(feature.value.entities):
        code = f"({code} if fact.{entity} != 0 else {UNKNOWN})"
    return code


def _after(parts: Iterable[Part]) -> Iterator[str]:
    wrote = False
    for part in parts:
        if part.after and part.unless:
            yield _indent(12, (f"if fact.{part.unless} != 0:",))
        yield _indent(16 if part.unless else 12, part.after)
        wrote = wrote or bool(part.after)
    if not wrote:
        yield _indent(12, ("pass",))


def _indent(columns: int, lines: Iterable[str]) -> str:
    return "".join(f"{' ' * columns}{line}\n" for line in _with_journal(lines))


def _with_journal(lines: Iterable[str]) -> Iterator[str]:
    """`touch TABLE ROW` notes a row before it is changed; rows that the payment names are noted."""
    for line in lines:
        margin = " " * (len(line) - len(line.lstrip()))
        if line.lstrip().startswith("touch "):
            _, table, row = line.split()
            yield from (margin + noted for noted in _note(table, row))
        else:
            yield line


_HEAD: Final = '''"""Written by compiler.py from declared.py; `make features` writes it anew."""

# ruff: noqa: E501, C901
import math
from typing import Any, Final

import numpy as np
from numba import from_dtype, types

from clearway.risk.compiled import compiled
from clearway.risk.facts import FACTS
from clearway.risk.features.exact import decay, log2_1p

AMOUNT_EUR_MAX: Final = 1e15  # above it counts as this; NaN and what is not above zero as nothing
TIME_NS_MAX: Final = 4_294_967_295_000_000_000  # the last second that 32 bits hold, in 2106
'''

_FACTS: Final = "\n_facts = from_dtype(FACTS)[::1]\n"
_OPENING: Final = (
    "time_ns = min(max(fact.time_ns, 0), TIME_NS_MAX)",
    "time_s = np.uint32(time_ns // 1_000_000_000)",
    "day_s = (time_ns // 1_000_000_000) % 86_400",
    "amount = fact.amount_eur",
    "if not amount > 0.0:",
    "    amount = 0.0",
    "amount = min(amount, AMOUNT_EUR_MAX)",
    "amount_log = log2_1p(amount)",
    "major = fact.amount_major",
)


def _signature() -> Iterator[str]:
    """Four arrays a table: its rows, when each was last touched, and the journal of this batch."""
    yield _FACTS
    yield from (f"_{table} = from_dtype({table.upper()})[::1]\n" for table in TABLES)
    arrays = "".join(
        f"    _{table}, types.uint32[::1], types.uint32[::1], _{table},\n" for table in TABLES
    )
    yield (
        "\n\n@compiled(types.void(\n    _facts, types.int32[:, ::1], types.int64, types.uint32,\n"
        f"{arrays}    types.int64[::1], types.float32[:, ::1],\n))  # fmt: skip\n"
    )
    yield "def advance_rows(\n    facts: Any, numbers: Any, began_ns: int, batch: int,\n"
    yield from (
        f"    {table}: Any, {table}_batch: Any, {table}_touched: Any, {table}_before: Any,\n"
        for table in TABLES
    )
    yield "    n_touched: Any, out: Any,\n) -> None:\n"
    yield _DOCSTRING
    yield _indent(4, (f"n_{table} = 0" for table in TABLES))
    yield _indent(4, ("for i in range(facts.shape[0]):",))
    yield _indent(8, ("fact = facts[i]",))
    for place, (table, row) in enumerate(_ROWS):
        number = f"fact.{row}" if table == "accounts" else f"numbers[{place - 2}, i]"
        yield _indent(8, _touched(table, row, number))


def _touched(table: str, row: str, number: str) -> tuple[str, ...]:
    named = f"{row}_number"
    return f"{named} = {number}", *_note(table, named), f"{row} = {table}[{named}]"


def _note(table: str, number: str) -> tuple[str, ...]:
    return (
        f"if {table}_batch[{number}] != batch:",
        f"    {table}_batch[{number}] = batch",
        f"    {table}_touched[n_{table}] = {number}",
        f"    {table}_before[n_{table}] = {table}[{number}]",
        f"    n_{table} += 1",
    )


_DOCSTRING: Final = '''    """Features of n events in their order; each sees every event before it.

    facts: FACTS[n]. numbers: int32[3, n], rows of device, address and corridor, 0 for unknown.
    began_ns: time of the first payment of all. batch: a number that no batch before it had.
    A table is its rows; the batch that last touched each; and, of those touched in this one, their
    numbers and how they were before, in `n_touched` (int64, one a table).
    out: float32[n, len(FEATURES)], or float32[0, …] when only the past has to move on. The row of
    a report is 0.
    """
'''


def write() -> None:
    TARGET.write_text(compile_features(), "utf-8")
