"""Screens whole files for the command line: one name a row, or two names to compare."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clearway.payment.errors import Refusal
from clearway.screening.lists import BirthDate, parse_birth_date
from clearway.screening.names import parse_name
from clearway.screening.score import pair_probability
from clearway.screening.screen import Match, Screener

_PAIR_SAME_MIN: Final = 0.5


@dataclass(frozen=True, slots=True)
class FileScreened:
    """What came of a file."""

    rows: int
    hits: int


def screen_name(
    screener: Screener,
    name: str,
    *,
    birth_date: str | None = None,
    country: str | None = None,
    limit: int = 10,
) -> list[Match]:
    """The listed entities that `name` may mean, the most probable first.

    Raises request.invalid for a birth date that is not one.
    """
    born = _born("birth_date", birth_date)
    return screener.search(name, birth_date=born, country=country, limit=limit)


def screen_file(screener: Screener, source: Path, target: Path) -> FileScreened:
    """Reads `name[, birth_date, country]`, writes each row with `entity_id`, `matched_name`,
    `score` and `decision` ("hit" or "clear"): the most probable entity, which of a clear name is
    only the nearest one, and empty where nothing is near. Other columns are kept.

    Raises request.invalid for a file without the column `name`, a ragged row, a bad birth date;
    then nothing is written.
    """

    def verdict(line: int, row: dict[str, str]) -> tuple[bool, dict[str, str]]:
        born = _born(f"{source.name}, line {line}", row.get("birth_date"))
        found = screener.search(row["name"], birth_date=born, country=row.get("country"), limit=1)
        if not found:
            return False, {"score": _decimal(0.0), "decision": "clear"}
        best = found[0]
        return best.is_hit, {
            "entity_id": best.entity_id,
            "matched_name": best.matched_name,
            "score": _decimal(best.score),
            "decision": "hit" if best.is_hit else "clear",
        }

    added = ("entity_id", "matched_name", "score", "decision")
    return _rewrite(source, target, needed=("name",), added=added, answer=verdict)


def screen_pairs(source: Path, target: Path) -> FileScreened:
    """Reads `name1, name2`, writes each row with `score`: the probability that the two names are
    one name. `hits` counts those above one half. Other columns are kept.

    Raises request.invalid for a file without these columns or a ragged row; then nothing is
    written.
    """

    def same(_: int, row: dict[str, str]) -> tuple[bool, dict[str, str]]:
        score = pair_probability(parse_name(row["name1"]), parse_name(row["name2"]))
        return score >= _PAIR_SAME_MIN, {"score": _decimal(score)}

    return _rewrite(source, target, needed=("name1", "name2"), added=("score",), answer=same)


def _rewrite(
    source: Path,
    target: Path,
    *,
    needed: tuple[str, ...],
    added: tuple[str, ...],
    answer: Callable[[int, dict[str, str]], tuple[bool, dict[str, str]]],
) -> FileScreened:
    """Copies the rows of `source` with what `answer(line, row)` adds; `target` appears whole."""
    rows = hits = 0
    unfinished = target.with_name(f"{target.name}.part")
    try:
        with (
            source.open(encoding="utf-8-sig", newline="") as read,
            unfinished.open("w", encoding="utf-8", newline="") as written,
        ):
            reader = csv.DictReader(read, strict=True)
            columns = _columns(source.name, reader, needed)
            kept = [column for column in columns if column not in added]
            writer = csv.DictWriter(written, [*kept, *added], restval="", lineterminator="\n")
            writer.writeheader()
            for line, row in _whole_rows(source.name, reader):
                hit, cells = answer(line, row)
                writer.writerow({column: row[column] for column in kept} | cells)
                rows += 1
                hits += hit
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return FileScreened(rows, hits)


def _columns(file: str, reader: csv.DictReader[str], needed: tuple[str, ...]) -> list[str]:
    try:
        columns = list(reader.fieldnames or ())
    except (csv.Error, UnicodeDecodeError) as error:
        raise Refusal("request.invalid", field=file, what=f"not csv: {error}") from error
    for column in needed:
        if column not in columns:
            raise Refusal("request.invalid", field=file, what=f"there is no column {column!r}")
    return columns


def _whole_rows(file: str, reader: csv.DictReader[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                where = f"{file}, line {reader.line_num}"
                raise Refusal("request.invalid", field=where, what="the row has other columns")
            yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        where = f"{file}, line {reader.line_num}"
        raise Refusal("request.invalid", field=where, what=f"not csv: {error}") from error


def _born(field: str, text: str | None) -> BirthDate | None:
    if not text or not text.strip():
        return None
    born = parse_birth_date(text)
    if born is None:
        raise Refusal("request.invalid", field=field, what=f"{text!r} is not a birth date")
    return born


def _decimal(score: float) -> str:
    return f"{score:.6f}"
