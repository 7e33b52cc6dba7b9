"""A name as the comparison reads it: `parse_name` turns any text, in any script, into words.

Latin letters without accents, legal forms, titles and particles told apart from the words that
identify, and a second reading where a script has several (Han characters, scripts without vowels).
Nothing here knows a list: the same text always gives the same `Name`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from typing import Final

from anyascii import anyascii

from clearway.screening import words

TEXT_CHARS_MAX: Final = 512  # longer text is cut: the longest listed name has about 230 characters
TOKENS_MAX: Final = 24


class Kind(IntEnum):
    WORD = 0
    NUMBER = 1
    INITIAL = 2
    PARTICLE = 3
    TITLE = 4


IDENTIFYING: Final = (Kind.WORD, Kind.NUMBER)


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: a dictionary key per pair
class Token:
    """One word. `sound` is its rough pronunciation, `bones` the consonants of that, `rarity` how
    much it identifies: 1 for a word that no listed name has, about 0.2 for "al" or "company"."""

    text: str
    sound: str
    bones: str
    kind: Kind
    rarity: float
    vowelless: bool = False  # written without vowels: only its bones can be compared


@dataclass(frozen=True, slots=True)
class Name:
    """`tokens` stand in written order, given name first; `forms` are the legal-form classes."""

    text: str
    tokens: tuple[Token, ...]
    forms: frozenset[str]
    form_words: tuple[str, ...]
    organisation: bool
    vowelless: bool  # the script writes no vowels: only the bones can be compared
    syllables: str  # Han or Hangul characters as written, else ""
    compact: str  # the words written as one
    sounds: str  # the same for their sounds
    other_reading: Name | None = None


def parse_name(text: str) -> Name:
    """The name that `text` writes; an unreadable text gives a name without tokens.

    >>> [token.text for token in parse_name("PUTIN, Vladimir V.").tokens]
    ['vladimir', 'v', 'putin']
    >>> parse_name("Deutsche Bank AG").forms
    frozenset({'stock'})
    """
    text = text[:TEXT_CHARS_MAX].strip()
    if text.isascii():
        return _read(text, text, vowelless=False, syllables="")
    text = unicodedata.normalize("NFKC", text)
    vowelless = _VOWELLESS.search(text) is not None
    syllables = "".join(_SYLLABLE.findall(text))
    reading: Name | None = None
    for latin in _readings(text):
        other = reading
        reading = _read(text, latin, vowelless=vowelless, syllables=syllables, other=other)
    assert reading is not None, "invariant: every text has a reading"
    return reading


def readings_of(name: Name) -> list[Name]:
    """The name in every reading of its script, the most usual one first."""
    readings = [name]
    while (other := readings[-1].other_reading) is not None:
        readings.append(other)
    return readings


def identifying_words(name: Name) -> int:
    """How many words are neither initial, particle nor title."""
    return sum(token.kind in IDENTIFYING for token in name.tokens)


_SYLLABLE: Final = re.compile(r"[㐀-鿿豈-﫿가-힣]")
_HANGUL_FIRST: Final = re.compile(r"[가-힣]")
_HAN_RUN: Final = re.compile(r"[㐀-鿿豈-﫿]+")
_VOWELLESS: Final = re.compile(r"[֐-׿؀-ࣿ܀-ݏ฀-๿ក-៿ऀ-৿ﭐ-﷿ﹰ-ﻼ]")
_ARABIC_ARTICLE: Final = re.compile(r"\bال(?=\w{3})")
_CAPITAL_INSIDE: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _readings(text: str) -> list[str]:
    """Latin spellings of a text that is not ASCII, the most usual one last."""
    text = _ARABIC_ARTICLE.sub("al ", text)
    if not _SYLLABLE.search(text):
        return [anyascii(text)]
    tables = (words.HAN_JAPANESE, words.HAN_KOREAN, {}) if _HAN_RUN.search(text) else ({},)
    readings = []
    for table in tables:
        known = _HAN_RUN.sub(lambda run, table=table: _read_han(run.group(), table), text)  # type: ignore[misc]
        if table and known == text:
            continue
        latin = _CAPITAL_INSIDE.sub(" ", anyascii(known))
        if _HANGUL_FIRST.match(text):
            surname, _, given = latin.lower().partition(" ")
            latin = f"{words.KOREAN_SURNAMES.get(surname, surname)} {given}"
        readings.append(latin)
    return readings


def _read_han(run: str, table: dict[str, str]) -> str:
    """The run in the readings of `table`, longest first; unchanged if its start is not there."""
    spelled: list[str] = []
    at = 0
    while at < len(run):
        for size in (3, 2, 1):
            if (reading := table.get(run[at : at + size])) is not None:
                break
        else:
            if not at:
                return run
            reading, size = run[at], 1
        spelled.append(reading)
        at += size
    return f" {' '.join(spelled)} "


_APOSTROPHES: Final = str.maketrans("", "", "'’‘`´ʼʿʾ")
_DOTTED: Final = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?(?![a-z])")
_WORD: Final = re.compile(r"[a-z0-9]+")
_ENDS_SHORT_MAX: Final = 2  # a legal form of two letters counts only where forms stand


def _read(
    text: str, latin: str, *, vowelless: bool, syllables: str, other: Name | None = None
) -> Name:
    spelled = latin.lower().translate(_APOSTROPHES)
    if "." in spelled:
        spelled = _DOTTED.sub(lambda m: m.group().replace(".", ""), spelled)
    if "&" in spelled:
        spelled = spelled.replace("&", " and ")
    parts, form_words, forms = _take_forms(_spaced(spelled))
    organisation = bool(form_words) or not words.ORGANISATION_WORDS.isdisjoint(parts)
    comma = spelled.find(",")
    if comma >= 0 and not organisation and spelled.find(",", comma + 1) < 0:
        parts = _spaced(spelled[comma + 1 :]) + _spaced(spelled[:comma])
    if not parts:  # "CORP", "The Company": then the form is all there is to compare
        parts, form_words, forms = list(form_words), (), frozenset()
    parts = _numbers_read(parts)[:TOKENS_MAX]
    tokens = tuple([token_of(part, vowelless, organisation) for part in parts])
    return Name(
        text=text,
        tokens=tokens,
        forms=forms,
        form_words=form_words,
        organisation=organisation,
        vowelless=vowelless,
        syllables=syllables,
        compact="".join([token.text for token in tokens]),
        sounds="".join([token.sound for token in tokens]),
        other_reading=other,
    )


def _spaced(spelled: str) -> list[str]:
    parts = _WORD.findall(spelled)
    if not _ABBREVIATED.isdisjoint(parts):
        parts = [word for part in parts for word in words.ABBREVIATIONS.get(part, part).split()]
    return parts


_ABBREVIATED: Final = frozenset(words.ABBREVIATIONS)


def _take_forms(parts: list[str]) -> tuple[list[str], tuple[str, ...], frozenset[str]]:
    """The parts without legal forms, the forms' words, and their classes."""
    if _FORM_STARTS.isdisjoint(parts):
        return parts, (), frozenset()
    kept: list[str] = []
    taken: list[str] = []
    classes: set[str] = set()
    at = 0
    while at < len(parts):
        for phrase, form in _FORM_STARTS_WITH.get(parts[at], ()):
            size = len(phrase)
            if tuple(parts[at : at + size]) != phrase:
                continue
            if size > 1 or len(phrase[0]) > _ENDS_SHORT_MAX or _at_end(parts, at):
                taken.extend(phrase)
                classes.add(form)
                at += size
                break
        else:
            kept.append(parts[at])
            at += 1
    classes.discard("company")
    return kept, tuple(taken), frozenset(classes)


_FORM_STARTS_WITH: Final[dict[str, list[tuple[tuple[str, ...], str]]]] = {}
for _phrase, _form in sorted(words.LEGAL_FORMS.items(), key=lambda item: -len(item[0])):
    _FORM_STARTS_WITH.setdefault(_phrase[0], []).append((_phrase, _form))
_FORM_STARTS: Final = frozenset(_FORM_STARTS_WITH)


def _at_end(parts: list[str], at: int) -> bool:
    """A short form counts as the last word, before another form, or ("AO", "OY") as the first."""
    if at == 0:
        return parts[0] in ("ao", "oy") and len(parts) > 1
    return all((part,) in words.LEGAL_FORMS for part in parts[at + 1 :])


def _numbers_read(parts: list[str]) -> list[str]:
    """Number words as digits: forty four -> 44."""
    if _NUMBER_WORDS.isdisjoint(parts):
        return parts
    read: list[str] = []
    tens = 0
    for part in parts:
        number = words.NUMBERS.get(part)
        if number is None and tens and len(part) == 1 and part.isdigit():
            number = int(part)
        if number is None:
            read.append(part)
            tens = 0
        elif tens and 0 < number < 10:
            read[-1] = str(tens + number)
            tens = 0
        else:
            read.append(str(number))
            tens = number if number in range(20, 100, 10) else 0
    return read


_NUMBER_WORDS: Final = frozenset(words.NUMBERS)
_ORDINAL: Final = re.compile(r"(\d+)(?:st|nd|rd|th)\Z")
_DIGIT_INSIDE: Final = re.compile(r"(?<=[a-z])[013456789](?=[a-z])")
_LEET: Final = dict(zip("013456789", "oieasgtbg", strict=True))


@lru_cache(maxsize=1 << 17)
def token_of(part: str, vowelless: bool = False, organisation: bool = False) -> Token:
    """The token that one word makes. Digits inside letters are read as the letters they imitate."""
    if not part.isalpha():
        part = _ORDINAL.sub(r"\1", part)
        part = _DIGIT_INSIDE.sub(lambda m: _LEET[m.group()], part)
    kind = Kind.WORD
    if not part.isalpha():
        kind = Kind.NUMBER
    elif len(part) == 1 and not (organisation and part in words.PARTICLES):
        kind = Kind.INITIAL
    elif part in words.PARTICLES:
        part, kind = words.PARTICLES[part], Kind.PARTICLE
    elif part in words.TITLES:
        kind = Kind.TITLE
    sound = _sound_of(part)
    bones = _bones_of(part if vowelless else sound, vowelless)
    rarity = _RARITY_OF_KIND[kind] * _rarity_of(part, sound)
    if kind is Kind.NUMBER:
        rarity *= min(len(part), _NUMBER_DIGITS_RARE) / _NUMBER_DIGITS_RARE
    return Token(part, sound, bones, kind, rarity, vowelless)


_RARITY_OF_KIND: Final = {
    Kind.WORD: 1.0,
    Kind.NUMBER: 1.0,
    Kind.INITIAL: 0.5,
    Kind.PARTICLE: 0.25,
    Kind.TITLE: 0.3,
}
_NUMBER_DIGITS_RARE: Final = 4  # 11420 names a company, 2 only its second ship
_ENTITIES_COUNTED: Final = 11_443  # listed entities behind data/word_counts.csv
_GIVEN_NAME_COUNT_MIN: Final = 60  # given names are common even where no listed person has them


def _rarity_of(part: str, sound: str) -> float:
    count = _sound_counts().get(sound, 0)
    if part in words.NICKNAMES:
        count = max(count, _GIVEN_NAME_COUNT_MIN)
    return 1.0 - 0.9 * math.log1p(count) / math.log(_ENTITIES_COUNTED)


@lru_cache(maxsize=1)
def _sound_counts() -> dict[str, int]:
    """How many listed entities have a word of this sound.

    A fixed table, not the active list's own counts: a score must not change because other entities
    were listed, or a list update would touch every party.
    """
    counts: dict[str, int] = {}
    table = files("clearway.screening") / "data" / "word_counts.csv"
    for line in table.read_text("ascii").splitlines():
        word, count = line.split(",")
        sound = _sound_of(word)
        counts[sound] = counts.get(sound, 0) + int(count)
    return counts


# In order. Digraphs of English, French, German, Polish and Russian spellings come to one letter.
_SOUNDS: Final = (
    ("q", "k"), ("shch", "s"), ("tsch", "q"), ("tch", "q"), ("sch", "s"), ("dzh", "j"), ("dj", "j"),
    ("sh", "s"), ("ch", "q"), ("zh", "j"), ("ph", "f"), ("kh", "k"), ("gh", "g"), ("th", "t"),
    ("dh", "d"), ("bh", "b"), ("ck", "k"), ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"),
    ("q", "c"), ("x", "ks"), ("w", "v"), ("tz", "z"),
    ("ts", "z"), ("ou", "u"), ("oo", "u"), ("eo", "o"), ("eu", "u"), ("ee", "i"), ("ie", "i"),
    ("ei", "e"), ("ey", "e"), ("ej", "e"), ("ai", "e"), ("ay", "e"), ("ae", "e"), ("yj", "i"),
    ("ij", "i"), ("iy", "i"), ("y", "i"), ("o", "u"),
)  # fmt: skip
_TWICE: Final = re.compile(r"(.)\1+")


def _sound_of(part: str) -> str:
    for spelling, sound in _SOUNDS:
        if spelling in part:
            part = part.replace(spelling, sound)
    return _TWICE.sub(r"\1", part)


_SOFT: Final = str.maketrans("bdgzvcj", "ptksfss", "aeiou")
_SOFT_VOWELLESS: Final = str.maketrans("bdgzvcjq", "ptksfssk", "aeiouyw")


def _bones_of(part: str, vowelless: bool) -> str:
    if vowelless:
        head, part = part[:1], _sound_of(part[:1] + part[1:].replace("w", "").replace("y", ""))
        part = ("f" if head == "w" else "") + part.translate(_SOFT_VOWELLESS)
    return part.translate(_SOFT)
