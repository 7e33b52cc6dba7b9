"""Reads sanctions lists: OFAC's SDN files (csv) and the UN consolidated list (xml).

Strict: a file that is not what its name says is refused whole, with the file, the line and what is
wrong, because a list that was half read would clear people who are listed. `shipped_lists` gives
the OFAC lists that come with the package, `load_folder` the lists of a folder that replaces them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from clearway.payment.errors import Refusal
from clearway.screening.countries import country_code

FILE_BYTES_MAX: Final = 256 << 20
_BIRTH_YEARS_CIRCA: Final = 2  # "circa 1961" is read as 1959 to 1963


class BadList(Refusal):
    """A list file that cannot be read whole. Facts: `file`, `line` (0: the file), `what`."""

    def __init__(self, file: str, line: int, what: str) -> None:
        where = f"{file}, line {line}" if line else file
        super().__init__("request.invalid", field=where, what=what, file=file, line=line)


class NameQuality(StrEnum):
    PRIMARY = "primary"
    ALIAS = "alias"
    WEAK = "weak"  # OFAC's a.k.a. in remarks, the UN's quality "Low": many people are called so


class EntityKind(StrEnum):
    INDIVIDUAL = "individual"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


@dataclass(frozen=True, slots=True)
class ListedName:
    text: str
    quality: NameQuality


@dataclass(frozen=True, slots=True)
class BirthDate:
    """The days between which somebody was born: one day, a year, or a stated range."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Entity:
    """One listed person, organisation, vessel or aircraft."""

    entity_id: str
    list_name: str
    kind: EntityKind
    names: tuple[ListedName, ...]
    programmes: tuple[str, ...]
    birth_dates: tuple[BirthDate, ...]
    countries: frozenset[str]  # ISO 3166 alpha-2: nationality, birth, address, flag


@dataclass(frozen=True, slots=True)
class SanctionsList:
    """One list at one moment. `version` is a hash of the files' bytes: the same on every node."""

    name: str
    published: str  # ISO date, as exact as the source is
    version: bytes  # 32 bytes
    entities: tuple[Entity, ...]
    orphans: int  # alias and address rows of entities that are not on the list; they are left out


def shipped_lists() -> tuple[SanctionsList, ...]:
    """The OFAC list that comes with the package, as of the date in data/origin.json."""
    folder = files("clearway.screening") / "data"
    origin = json.loads((folder / "origin.json").read_text("utf-8"))
    texts = {}
    for name in _OFAC_FILES:
        packed = (folder / f"ofac_{name}.csv.xz").read_bytes()
        texts[name] = (f"ofac_{name}.csv", lzma.decompress(packed))
    return (_read_ofac(texts, published=origin["published"]),)


def load_folder(path: Path) -> tuple[SanctionsList, ...]:
    """The lists of a folder: `sdn.csv`, `alt.csv` and `add.csv` (or `ofac_sdn.csv` …), each also as
    `.csv.xz`, and any UN consolidated list as `*.xml`. At least one list must be there.

    Raises BadList.
    """
    if not path.is_dir():
        raise BadList(str(path), 0, "there is no such folder")
    lists = []
    found = {name: _find(path, name) for name in _OFAC_FILES}
    if found["sdn"] is not None:
        texts = {name: (file.name, _bytes_of(file)) for name, file in found.items() if file}
        lists.append(_read_ofac(texts, published=_modified(found["sdn"])))
    elif any(found.values()):
        raise BadList(str(path), 0, "alt.csv or add.csv is there, sdn.csv is not")
    lists.extend(_read_un(file.name, _bytes_of(file)) for file in sorted(path.glob("*.xml")))
    if not lists:
        raise BadList(str(path), 0, "there is neither sdn.csv nor an xml file")
    return tuple(lists)


def _find(path: Path, name: str) -> Path | None:
    candidates = [
        path / f"{prefix}{name}.csv{end}" for prefix in ("", "ofac_") for end in ("", ".xz")
    ]
    present = [candidate for candidate in candidates if candidate.is_file()]
    if len(present) > 1:
        raise BadList(str(path), 0, f"{present[0].name} and {present[1].name} are both there")
    return present[0] if present else None


def _bytes_of(file: Path) -> bytes:
    if file.stat().st_size > FILE_BYTES_MAX:
        raise BadList(file.name, 0, f"a list may have {FILE_BYTES_MAX} bytes")
    content = file.read_bytes()
    if file.suffix == ".xz":
        try:
            content = lzma.decompress(content)
        except lzma.LZMAError as error:
            raise BadList(file.name, 0, f"not an xz file: {error}") from error
    return content


def _modified(file: Path) -> str:
    """OFAC's files carry no date of their own."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()


# OFAC

_OFAC_FILES: Final = {"sdn": 12, "alt": 5, "add": 6}  # columns
_OFAC_NULL: Final = "-0-"
_OFAC_END: Final = "\x1a"
_OFAC_KINDS: Final = {_OFAC_NULL: EntityKind.ENTITY, **{kind.value: kind for kind in EntityKind}}


def _read_ofac(texts: dict[str, tuple[str, bytes]], *, published: str) -> SanctionsList:
    aliases: dict[str, list[ListedName]] = {}
    countries: dict[str, set[str]] = {}
    if "alt" in texts:
        for line, row in _ofac_rows(*texts["alt"], columns=_OFAC_FILES["alt"]):
            if not row[3]:
                raise BadList(texts["alt"][0], line, "the alias is empty")
            aliases.setdefault(row[0], []).append(ListedName(row[3], NameQuality.ALIAS))
    if "add" in texts:
        for _, row in _ofac_rows(*texts["add"], columns=_OFAC_FILES["add"]):
            if (code := country_code(row[4])) is not None:
                countries.setdefault(row[0], set()).add(code)
    entities: dict[str, Entity] = {}
    sdn_file = texts["sdn"][0]
    for line, row in _ofac_rows(*texts["sdn"], columns=_OFAC_FILES["sdn"]):
        number = row[0]
        if number in entities:
            raise BadList(sdn_file, line, f"entity {number} is there twice")
        entities[number] = _ofac_entity(
            sdn_file, line, row, aliases.pop(number, []), countries.pop(number, set())
        )
    if not entities:
        raise BadList(sdn_file, 0, "there is no entity in it")
    return SanctionsList(
        name="OFAC SDN",
        published=published,
        version=_version({name: content for name, (_, content) in texts.items()}),
        entities=tuple(entities.values()),
        orphans=len(aliases) + len(countries),
    )


def _ofac_rows(file: str, content: bytes, *, columns: int) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadList(file, 0, f"not UTF-8: {error.reason} at byte {error.start}") from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        for row in reader:
            if row and row[0] == _OFAC_END:
                return
            if reader.line_num == 1 and row and not row[0].isdigit():
                continue  # some copies have a heading
            if len(row) != columns:
                raise BadList(
                    file, reader.line_num, f"{columns} columns are expected, here are {len(row)}"
                )
            if not row[0].isdigit():
                raise BadList(file, reader.line_num, f"{row[0]!r} is not an entity number")
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise BadList(file, reader.line_num, f"not csv: {error}") from error


_AKA: Final = re.compile(r"[afn]\.k\.a\. '([^;]+)'")
_BORN: Final = re.compile(r"DOB ([^;]+?)(?:[;.]|\Z)")
_PLACE: Final = re.compile(r"POB ([^;]+?)(?:[;.]|\Z)")
_NATION: Final = re.compile(r"(?:nationality|citizen) ([^;]+?)(?:[;.]|\Z)")


def _ofac_entity(
    file: str, line: int, row: list[str], aliases: list[ListedName], countries: set[str]
) -> Entity:
    number, name, kind, programme, remarks = row[0], row[1], row[2], row[3], row[11]
    if not name or name == _OFAC_NULL:
        raise BadList(file, line, "the name is empty")
    if kind not in _OFAC_KINDS:
        raise BadList(file, line, f"{kind!r} is not a kind of entity")
    names = [ListedName(name, NameQuality.PRIMARY), *aliases]
    names += [ListedName(weak, NameQuality.WEAK) for weak in _AKA.findall(remarks)]
    places = [place.rsplit(",", 1)[-1] for place in _PLACE.findall(remarks)]
    for place in (*places, *_NATION.findall(remarks), row[9]):
        if (code := country_code(place)) is not None:
            countries.add(code)
    return Entity(
        entity_id=f"OFAC-{number}",
        list_name="OFAC SDN",
        kind=_OFAC_KINDS[kind],
        names=tuple(dict.fromkeys(names)),
        programmes=tuple(programme.split("] [")) if programme != _OFAC_NULL else (),
        birth_dates=tuple(
            born for text in _BORN.findall(remarks) if (born := parse_birth_date(text)) is not None
        ),
        countries=frozenset(countries),
    )


_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_DAY_WRITTEN: Final = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4})")
_MONTH_WRITTEN: Final = re.compile(r"([A-Za-z]{3}) (\d{4})")
_YEAR: Final = re.compile(r"\d{4}")
_RANGE: Final = re.compile(r"(.+?)(?: to |-)(.*\d{4})")


def parse_birth_date(text: str) -> BirthDate | None:
    """The days that `1964-07-18`, `1964-07`, `1964`, `18 Jul 1964`, `circa 1964` or `1960 to 1964`
    means; None for any other text.

    >>> parse_birth_date("Jul 1964")
    BirthDate(first=datetime.date(1964, 7, 1), last=datetime.date(1964, 7, 31))
    """
    text = text.strip()
    try:
        if text.startswith("circa "):
            around = parse_birth_date(text.removeprefix("circa "))
            return around and BirthDate(
                date(around.first.year - _BIRTH_YEARS_CIRCA, 1, 1),
                date(around.last.year + _BIRTH_YEARS_CIRCA, 12, 31),
            )
        if match := _DAY.fullmatch(text):
            day = date(int(match[1]), int(match[2]), int(match[3]))
            return BirthDate(day, day)
        if match := _DAY_WRITTEN.fullmatch(text):
            day = date(int(match[3]), _MONTHS[match[2].lower()], int(match[1]))
            return BirthDate(day, day)
        if match := _MONTH.fullmatch(text):
            return _month(int(match[1]), int(match[2]))
        if match := _MONTH_WRITTEN.fullmatch(text):
            return _month(int(match[2]), _MONTHS[match[1].lower()])
        if _YEAR.fullmatch(text):
            return BirthDate(date(int(text), 1, 1), date(int(text), 12, 31))
        if match := _RANGE.fullmatch(text):
            first, last = parse_birth_date(match[1]), parse_birth_date(match[2])
            return first and last and BirthDate(first.first, max(first.last, last.last))
    except (ValueError, KeyError):  # the 31st of February, the month "Foo"
        return None
    return None


def _month(year: int, month: int) -> BirthDate:
    after = date(year + month // 12, month % 12 + 1, 1)
    return BirthDate(date(year, month, 1), after - timedelta(days=1))


# United Nations


def _read_un(file: str, content: bytes) -> SanctionsList:
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise BadList(file, error.position[0], f"not xml: {error}") from error
    if root.tag != "CONSOLIDATED_LIST":
        raise BadList(file, 0, f"the root is {root.tag!r}, not CONSOLIDATED_LIST")
    entities: dict[str, Entity] = {}
    for tag, kind in (("INDIVIDUAL", EntityKind.INDIVIDUAL), ("ENTITY", EntityKind.ENTITY)):
        for element in root.iter(tag):
            entity = _un_entity(file, element, kind)
            if entity.entity_id in entities:
                raise BadList(file, 0, f"{entity.entity_id} is there twice")
            entities[entity.entity_id] = entity
    if not entities:
        raise BadList(file, 0, "there is no entity in it")
    return SanctionsList(
        name="UN Consolidated",
        published=root.get("dateGenerated", "")[:10],
        version=_version({"un": content}),
        entities=tuple(entities.values()),
        orphans=0,
    )


def _un_entity(file: str, element: ElementTree.Element, kind: EntityKind) -> Entity:
    reference = _text(element, "REFERENCE_NUMBER")
    if not reference:
        raise BadList(file, 0, f"DATAID {_text(element, 'DATAID')!r} has no REFERENCE_NUMBER")
    parts = (_text(element, f"{which}_NAME") for which in ("FIRST", "SECOND", "THIRD", "FOURTH"))
    name = " ".join(part for part in parts if part and part.casefold() != "na")
    if not name:
        raise BadList(file, 0, f"{reference} has no name")
    names = [ListedName(name, NameQuality.PRIMARY)]
    if original := _text(element, "NAME_ORIGINAL_SCRIPT"):
        names.append(ListedName(original, NameQuality.PRIMARY))
    for alias in element.iterfind(f"{kind.name}_ALIAS"):
        weak = _text(alias, "QUALITY").casefold() == "low"
        quality = NameQuality.WEAK if weak else NameQuality.ALIAS
        texts = map(str.strip, _text(alias, "ALIAS_NAME").split(";"))
        names.extend(ListedName(text, quality) for text in texts if text)
    born = (_un_birth_date(birth) for birth in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH"))
    countries = (country_code(found.text or "") for found in _un_countries(element))
    return Entity(
        entity_id=f"UN-{reference}",
        list_name="UN Consolidated",
        kind=kind,
        names=tuple(dict.fromkeys(names)),
        programmes=(_text(element, "UN_LIST_TYPE"),),
        birth_dates=tuple(found for found in born if found is not None),
        countries=frozenset(code for code in countries if code is not None),
    )


def _un_countries(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    yield from element.iterfind("NATIONALITY/VALUE")
    for tag in ("INDIVIDUAL_PLACE_OF_BIRTH", "INDIVIDUAL_ADDRESS", "ENTITY_ADDRESS"):
        yield from element.iterfind(f"{tag}/COUNTRY")


def _un_birth_date(element: ElementTree.Element) -> BirthDate | None:
    kind = _text(element, "TYPE_OF_DATE")
    if kind == "BETWEEN":
        return parse_birth_date(f"{_text(element, 'FROM_YEAR')} to {_text(element, 'TO_YEAR')}")
    stated = _text(element, "DATE") or _text(element, "YEAR")
    return parse_birth_date(f"circa {stated}" if kind == "APPROXIMATELY" else stated)


def _text(element: ElementTree.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _version(contents: dict[str, bytes]) -> bytes:
    """SHA-256 over the files' own SHA-256 digests, so that `sha256sum` can check it by hand."""
    lines = [f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents)]
    return hashlib.sha256("".join(lines).encode("ascii")).digest()
