"""Queries with a known answer, for measuring and for fitting: listed names as people spoil them,
names in their own script, aliases, and names of people and companies that are on no list.

`data/unlisted_names.csv` was generated once with Faker 40 (MIT) in 38 locales, seed 20230224. Even
rows and entities are for fitting, odd ones for measuring, so that no figure is of what was fitted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from clearway.screening.lists import Entity, EntityKind, NameQuality, SanctionsList
from clearway.screening.names import parse_name

FITTING: Final = 0
MEASURING: Final = 1
_UNLISTED: Final = Path(__file__).parent / "data" / "unlisted_names.csv"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked, how it came about, and the entity that it means ("" for none)."""

    text: str
    how: str
    entity_id: str
    hidden_name: str = ""  # a listed name that the search must do without


def unlisted_queries(half: int) -> list[Query]:
    with _UNLISTED.open(encoding="utf-8", newline="") as stream:
        names = [row["name"] for row in csv.DictReader(stream)]
    return [Query(name, "unlisted", "") for name in names[half::2]]


def spoiled_queries(
    entities: list[Entity], half: int, *, count: int, random: Random
) -> list[Query]:
    """Listed names of people and organisations, of two words or more, spoiled in one way each."""
    names = list(_searchable(entities[half::2]))
    queries = []
    for entity, text in random.sample(names, count):
        how = random.choice(_WAYS)
        spoiled = _spoil(text, how, person=entity.kind is EntityKind.INDIVIDUAL, random=random)
        queries.append(Query(spoiled, how, entity.entity_id))
    return queries


def alias_queries(entities: list[Entity], half: int, *, count: int, random: Random) -> list[Query]:
    """Aliases that must be found through the entity's other names: the alias itself is hidden.
    Many resemble no other name, so that no search by name can find all."""
    aliases = [
        Query(listed.text, "alias", entity.entity_id, hidden_name=listed.text)
        for entity in entities[half::2]
        for listed in entity.names
        if listed.quality is NameQuality.ALIAS and len(parse_name(listed.text).tokens) > 1
    ]
    return random.sample(aliases, count)


def script_queries(entities: list[Entity], half: int) -> list[Query]:
    """Names that a list gives in their own script, to be found through their Latin spelling."""
    return [
        Query(listed.text, "script", entity.entity_id, hidden_name=listed.text)
        for entity in entities[half::2]
        for listed in entity.names
        if is_other_script(listed.text)
    ]


def without_other_scripts(part: SanctionsList) -> SanctionsList:
    entities = tuple(
        replace(e, names=tuple(name for name in e.names if not is_other_script(name.text)))
        for e in part.entities
    )
    return replace(part, entities=entities)


def is_other_script(text: str) -> bool:
    return all(character > "ɏ" for character in text if character.isalpha())


def _searchable(entities: list[Entity]) -> Iterator[tuple[Entity, str]]:
    for entity in entities:
        if entity.kind in (EntityKind.INDIVIDUAL, EntityKind.ENTITY):
            for listed in entity.names:
                if (
                    listed.quality is not NameQuality.WEAK
                    and len(parse_name(listed.text).tokens) > 1
                ):
                    yield entity, listed.text


_WAYS: Final = (
    "exact", "one typo", "two typos", "word dropped", "word dropped and typo", "order",
    "joined", "split", "initial", "transliteration", "title",
)  # fmt: skip
_SPELLINGS: Final = (
    ("y", "i"), ("i", "y"), ("ei", "ey"), ("ey", "ei"), ("kh", "h"), ("ou", "u"), ("u", "ou"),
    ("q", "k"), ("k", "q"), ("w", "v"), ("v", "w"), ("ss", "s"), ("mm", "m"), ("ll", "l"),
    ("ee", "i"), ("i", "ee"), ("j", "zh"), ("sh", "ch"), ("o", "u"), ("u", "o"), ("e", "a"),
    ("ph", "f"), ("z", "s"), ("dj", "j"), ("x", "ks"),
)  # fmt: skip


def _spoil(text: str, way: str, *, person: bool, random: Random) -> str:
    if person and text.count(",") == 1:
        last, first = text.split(",")
        text = f"{first.strip()} {last.strip()}"
    text = text.lower()
    parts = text.split()
    match way:
        case "one typo":
            return _typo(text, random)
        case "two typos":
            return _typo(_typo(text, random), random)
        case "word dropped" | "word dropped and typo" if len(parts) > 2:
            parts.pop(random.randrange(1, len(parts) - 1))
            shorter = " ".join(parts)
            return shorter if way == "word dropped" else _typo(shorter, random)
        case "order":
            return " ".join(parts[-1:] + parts[:-1])
        case "joined" if len(parts) > 1:
            at = random.randrange(len(parts) - 1)
            return " ".join([*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]])
        case "split":
            at = max(range(len(parts)), key=lambda i: len(parts[i]))
            if len(parts[at]) >= 6:
                cut = random.randrange(2, len(parts[at]) - 2)
                parts[at] = f"{parts[at][:cut]} {parts[at][cut:]}"
            return " ".join(parts)
        case "initial" if len(parts) > 2:
            at = random.randrange(1, len(parts) - 1)
            parts[at] = f"{parts[at][0]}."
            return " ".join(parts)
        case "transliteration":
            possible = [pair for pair in _SPELLINGS if pair[0] in text]
            for spelled, otherwise in random.sample(possible, min(2, len(possible))):
                text = text.replace(spelled, otherwise, 1)
            return text
        case "title" if person:
            return f"{random.choice(('mr', 'dr', 'haji'))} {text}"
    return text


def _typo(text: str, random: Random) -> str:
    places = [at for at, character in enumerate(text) if character.isalpha()][1:]
    if len(places) < 3:
        return text
    at = random.choice(places)
    letter = random.choice("abcdefghijklmnoprstuvyz")
    match random.randrange(4):
        case 0:
            return text[:at] + letter + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + letter + text[at:]
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
