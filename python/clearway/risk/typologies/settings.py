"""A bank's own levels of the typologies, and which of them it does not want, from a file.

    {"format": "clearway-typologies/1",
     "typologies": {"laundering.structuring_payer": {"amount_log": {"at_least": 4250}},
                    "fraud.night_burst": "off"}}

Numbers are in the units of docs/typologies.md; what is not named stays as shipped. Which features a
typology asks is what it is, and cannot be changed here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clearway.risk.errors import RiskFault
from clearway.risk.typologies.in_force import InForce
from clearway.risk.typologies.registry import SHIPPED, TYPOLOGIES
from clearway.risk.typologies.rule import Condition, Level, Typology

FORMAT: Final = "clearway-typologies/1"
OFF: Final = "off"
FILE_BYTES_MAX: Final = 2**20
PART: Final = ".part"  # of a file that is being written
PROBLEMS_MAX: Final = 20  # that are told at once
_CODES: Final = {one.code for one in TYPOLOGIES}


def load_in_force(path: Path | None) -> InForce:
    """As shipped without a file. Raises risk.typologies_format, which tells all that is wrong with
    it; OSError when it cannot be read."""
    if path is None:
        return SHIPPED
    with path.open("rb") as file:
        return parse_in_force(file.read(FILE_BYTES_MAX + 1), source=str(path))


def parse_in_force(data: bytes, *, source: str) -> InForce:
    """As `load_in_force`, from the file's bytes."""
    try:
        said = _typologies_of(data)
    except (ValueError, RecursionError) as error:
        raise RiskFault("risk.typologies_format", path=source, what=str(error)) from error
    problems = [f"there is no typology {code}" for code in said if code not in _CODES]
    kept = [
        one if one.code not in said else _with_levels(one, said[one.code], problems)
        for one in TYPOLOGIES
        if said.get(one.code) != OFF
    ]
    if problems:
        what = "; ".join(problems[:PROBLEMS_MAX])
        raise RiskFault("risk.typologies_format", path=source, what=what)
    return InForce.of(kept)


def levels_of(in_force: InForce) -> bytes:
    """All levels that are in force, as a file that says the same."""
    kept = {one.code: one for one in in_force.typologies}
    typologies = {
        one.code: _levels(kept[one.code]) if one.code in kept else OFF for one in TYPOLOGIES
    }
    document = {"format": FORMAT, "typologies": typologies}
    return json.dumps(document, indent=1).encode() + b"\n"


def _levels(one: Typology) -> dict[str, dict[str, float]]:
    return {
        condition.feature: {side: level.number for side, level in _sides(condition).items()}
        for condition in one.conditions
        if not condition.is_flag
    }


def keep_levels(folder: Path, in_force: InForce) -> None:
    """Under the digest that decisions carry, so that it can be told later what it stood for."""
    path = folder / f"{in_force.digest.hex()}.json"
    if path.exists():
        return
    folder.mkdir(exist_ok=True)
    part = path.with_suffix(PART)
    with part.open("wb") as file:
        file.write(levels_of(in_force))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _typologies_of(data: bytes) -> Mapping[str, Any]:
    if len(data) > FILE_BYTES_MAX:
        raise ValueError(f"more than {FILE_BYTES_MAX} bytes")
    document = json.loads(data, object_pairs_hook=_object)
    if not isinstance(document, dict) or document.keys() - {"about"} != {"format", "typologies"}:
        raise ValueError("has to be an object of `format`, `typologies` and, for people, `about`")
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']!r}, and has to be {FORMAT!r}")
    typologies = document["typologies"]
    if not isinstance(typologies, dict):
        raise ValueError("`typologies` has to be an object")
    return typologies


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that stands there twice nobody knows which one was meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name stands twice among {', '.join(name for name, _ in pairs)}")
    return found


def _with_levels(one: Typology, said: Any, problems: list[str]) -> Typology:
    if not isinstance(said, dict):
        problems.append(f"{one.code}: has to be {OFF!r} or an object of levels")
        return one
    by_feature = {c.feature: c for c in one.conditions if not c.is_flag}
    problems += [
        f"{one.code} has no level of {name}, but of {', '.join(by_feature)}"
        for name in said
        if name not in by_feature
    ]
    conditions = tuple(
        _with_level(
            condition, said[condition.feature], f"{one.code}, {condition.feature}", problems
        )
        if condition.feature in said and not condition.is_flag
        else condition
        for condition in one.conditions
    )
    return replace(one, conditions=conditions)


def _with_level(condition: Condition, said: Any, where: str, problems: list[str]) -> Condition:
    sides = _sides(condition)
    if not isinstance(said, dict) or not said or not said.keys() <= sides.keys():
        problems.append(f"{where}: has to be an object of {' and '.join(sides)}")
        return condition
    for side, number in said.items():
        try:
            sides[side] = _level(number, like=sides[side])
        except ValueError as error:
            problems.append(f"{where}: {side} {error}")
            return condition
    changed = replace(condition, at_least=sides["at_least"], at_most=sides.get("at_most"))
    if changed.low > changed.high:
        problems.append(f"{where}: at_least is above at_most")
    if changed == condition:
        return condition
    return replace(changed, because=f"a level of the bank's own; shipped as {condition.text}")


def _sides(condition: Condition) -> dict[str, Level]:
    levels = {"at_least": condition.at_least, "at_most": condition.at_most}
    return {side: level for side, level in levels.items() if level is not None}


def _level(number: Any, *, like: Level) -> Level:
    """A level that is not negative stays so: -1 is what features say where nothing is known."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"is {number!r}, which is no number")
    least = max(like.unit.least, 0.0) if like.number >= 0 else like.unit.least
    if not least <= number <= like.unit.most:  # which a NaN is not
        raise ValueError(f"has to be a number from {least:,.10g} to {like.unit.most:,.10g}")
    return Level(float(number), like.unit)
