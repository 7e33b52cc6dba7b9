"""Finds the few names worth comparing among tens of thousands: the candidates of a query.

A name is a candidate when each identifying word of the shorter name has a counterpart within a few
letters in the longer one, or when the whole texts are nearly the same (written together, written
apart). The same index serves both directions: a party against the listed names, and a changed list
entry against the parties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from clearway.screening import words
from clearway.screening.names import IDENTIFYING, Kind, Name, Token, readings_of, token_of
from clearway.screening.score import distance_between

Numbers = npt.NDArray[np.int32]
Lookup = tuple[Numbers, npt.NDArray[np.float32]]

# How many edits make a counterpart, by the letters of the shorter word. Beyond two, `score` calls
# it another word; short words have too many neighbours to allow as much.
_EDITS_BY_LETTERS: Final = (0.0, 0.6, 0.6, 1.0, 1.0, 1.6, 2.1)
_BONES_EQUAL_MIN: Final = 3
_BONES_EDITED_MIN: Final = 4
_MASKS_AT_ONCE: Final = 1 << 16
_WHOLE_EDITS_MAX: Final = 2
_WHOLE_LETTERS_MIN: Final = 6
_GLUED_LETTERS_MIN: Final = 7
_LOOKUPS_CACHED_MAX: Final = 4096


class Vocabulary:
    """The distinct words of many names, each with a dense number. It only grows."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._numbers: dict[tuple[str, bool], int] = {}

    def number_of(self, token: Token) -> int:
        """The token's number; a new word gets the next one."""
        key = (token.text, token.vowelless)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.tokens)
            self.tokens.append(token)
        return number

    def find(self, text: str) -> int | None:
        """The number of a word written in full."""
        return self._numbers.get((text, False))


class NameIndex:
    """An immutable index over rows of words.

    `numbers` holds the words of all rows one after the other, `starts` (one longer than there are
    rows) where each row's words begin.
    """

    def __init__(self, vocabulary: Vocabulary, numbers: Numbers, starts: Numbers) -> None:
        self._vocabulary = vocabulary
        self._tokens = tokens = vocabulary.tokens[:]
        self._numbers, self._starts = numbers, starts
        self.rows = len(starts) - 1
        lengths = np.diff(starts)
        row_of = np.repeat(np.arange(self.rows, dtype=np.int32), lengths)
        order = np.argsort(numbers, kind="stable")
        self._posted = row_of[order]
        self._posted_starts = np.searchsorted(numbers[order], np.arange(len(tokens) + 1))

        identifying = np.array([token.kind in IDENTIFYING for token in tokens], dtype=bool)
        rarity = np.array([token.rarity for token in tokens], dtype=np.float32)
        counts = np.bincount(row_of[identifying[numbers]], minlength=self.rows)
        self._words = np.maximum(counts, 1).astype(np.uint8)
        counted = identifying[numbers] | (counts == 0)[row_of]  # "The The" has no other words
        weights = np.where(counted, rarity[numbers], 0.0)
        self._rarity = np.bincount(row_of, weights, self.rows).astype(np.float32)

        self._texts = _Texts([token.text for token in tokens])
        self._sounds = _Texts([token.sound for token in tokens])
        self._vowelless = np.array([token.vowelless for token in tokens], dtype=bool)
        self._rows_vowelless = np.zeros(self.rows, dtype=bool)
        self._rows_vowelless[row_of[self._vowelless[numbers]]] = True
        self._any_vowelless = bool(self._vowelless.any())
        self._lookups: dict[Token, Lookup] = {}

    @classmethod
    def of(cls, names: Iterable[Name]) -> NameIndex:
        """An index whose rows are the names, each one reading."""
        vocabulary = Vocabulary()
        numbers: list[int] = []
        starts = [0]
        for name in names:
            numbers.extend([vocabulary.number_of(token) for token in name.tokens])
            starts.append(len(numbers))
        return cls(vocabulary, np.array(numbers, np.int32), np.array(starts, np.int32))

    def candidates(self, name: Name, *, closeness_min: float) -> list[tuple[int, float]]:
        """The rows that may be the same name and how close they are, the closest first.

        Closeness is the share of the two names' words, by rarity, that is common to both, 0..1; it
        is the same whichever of the two names is the row.
        """
        found: dict[int, float] = {}
        for reading in readings_of(name):
            for spelling in self._spellings(reading.tokens):
                for row, closeness in self._by_words(spelling, closeness_min):
                    if closeness > found.get(row, 0.0):
                        found[row] = closeness
            for row in self._by_whole(reading):
                found[row] = 1.0
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def identifying_words(self, row: int) -> int:
        return int(self._words[row])

    def _by_words(
        self, tokens: Sequence[Token], closeness_min: float
    ) -> Iterator[tuple[int, float]]:
        identifying = [token for token in tokens if token.kind in IDENTIFYING] or tokens
        if not identifying:
            return iter(())
        lookups = [self._lookup(token) for token in identifying]
        matched = np.zeros(self.rows, dtype=np.uint8)
        for rows, _ in lookups:
            matched[rows] += np.uint8(1)
        likely = np.flatnonzero(matched >= np.minimum(self._words, len(identifying)))
        common = np.zeros(len(likely), dtype=np.float32)
        for rows, rarity in lookups:
            if len(rows):
                at = np.minimum(np.searchsorted(rows, likely), len(rows) - 1)
                common += np.where(rows[at] == likely, rarity[at], np.float32(0))
        total = np.float32(sum(token.rarity for token in identifying))
        closeness = 2 * common / (self._rarity[likely] + total)
        close = closeness >= closeness_min
        return zip(likely[close].tolist(), closeness[close].tolist(), strict=True)

    def _lookup(self, token: Token) -> Lookup:
        known = self._lookups.get(token)
        if known is None:
            if len(self._lookups) >= _LOOKUPS_CACHED_MAX:
                self._lookups.clear()
            known = self._lookups[token] = self._look_up(token)
        return known

    def _look_up(self, token: Token) -> Lookup:
        """The rows with a word like `token`, and the rarity that the two words have in common."""
        scored = []
        for number in self._similar_words(token):
            other = self._tokens[number]
            edits = distance_between(token, other)
            one, two = len(token.text), len(other.text)
            if edits <= _EDITS_BY_LETTERS[min(one, two, len(_EDITS_BY_LETTERS) - 1)]:
                alike = 1.0 - edits / max(one, two)
                scored.append((alike * (token.rarity + other.rarity) / 2, number))
        if not scored:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        scored.sort(reverse=True)  # a row with several such words counts with the best of them
        parts = [self._rows_with(number) for _, number in scored]
        rows, first = np.unique(np.concatenate(parts), return_index=True)
        common = np.repeat([value for value, _ in scored], [len(part) for part in parts])
        return rows, common[first].astype(np.float32)

    def _rows_with(self, number: int) -> Numbers:
        return self._posted[self._posted_starts[number] : self._posted_starts[number + 1]]

    def _similar_words(self, token: Token) -> set[int]:
        similar: set[int] = set()
        for text in (token.text, *words.NICKNAMES.get(token.text, ())):
            if (number := self._vocabulary.find(text)) is not None and number < len(self._tokens):
                similar.add(number)
        if token.kind is Kind.NUMBER:
            return similar
        if len(token.bones) >= _BONES_EQUAL_MIN:
            similar.update(self._by_bones.get(token.bones, ()))
        # `distance_between` counts a difference in sound half an edit more than one in letters.
        edits = _EDITS_BY_LETTERS[min(len(token.text), len(_EDITS_BY_LETTERS) - 1)]
        similar.update(self._texts.within(token.text, int(edits)))
        similar.update(self._sounds.within(token.sound, int(edits - 0.5)))
        if token.vowelless or self._any_vowelless:
            edits = int(len(token.bones) >= _BONES_EDITED_MIN)
            others = self._vowelless != token.vowelless
            similar.update(self._bones.within(token.bones, edits, among=others))
        return similar

    @cached_property
    def _by_bones(self) -> dict[str, list[int]]:
        table: dict[str, list[int]] = {}
        for number, token in enumerate(self._tokens):
            table.setdefault(token.bones, []).append(number)
        return table

    @cached_property
    def _bones(self) -> _Texts:
        return _Texts([token.bones for token in self._tokens])

    def _spellings(self, tokens: tuple[Token, ...]) -> list[Sequence[Token]]:
        """The words as written; with two neighbours as one; without a legal form glued to one."""
        spellings: list[Sequence[Token]] = [tokens]
        for at, token in enumerate(tokens):
            if at and self._vocabulary.find(tokens[at - 1].text + token.text) is not None:
                joined = token_of(tokens[at - 1].text + token.text)
                spellings.append((*tokens[: at - 1], joined, *tokens[at + 1 :]))
            if len(token.text) >= _GLUED_LETTERS_MIN:
                spellings.extend(
                    (*tokens[:at], token_of(bare), *tokens[at + 1 :])
                    for bare in _without_form(token.text)
                )
        return spellings

    def _by_whole(self, name: Name) -> Iterator[int]:
        """The rows that are nearly the same text when written without spaces."""
        if len(name.sounds) >= _WHOLE_LETTERS_MIN:
            yield from self._row_sounds.within(name.sounds, _WHOLE_EDITS_MAX)
        if name.vowelless or self._any_vowelless:
            bones = "".join([token.bones for token in name.tokens])
            if len(bones) >= _WHOLE_LETTERS_MIN:
                others = self._rows_vowelless != name.vowelless
                yield from self._row_bones.within(bones, _WHOLE_EDITS_MAX, among=others)

    @cached_property
    def _row_sounds(self) -> _Texts:
        return _Texts(self._joined([token.sound for token in self._tokens]))

    @cached_property
    def _row_bones(self) -> _Texts:
        return _Texts(self._joined([token.bones for token in self._tokens]))

    def _joined(self, texts: list[str]) -> list[str]:
        spelled = [texts[number] for number in self._numbers.tolist()]
        starts = self._starts.tolist()
        return ["".join(spelled[a:b]) for a, b in pairwise(starts)]


class _Texts:
    """Many short ASCII texts, searched for those a few edits away from a given one.

    Cheap tests on whole columns leave a few hundred for the exact distance: the letters that occur,
    the length, and that the first or the last letter is right.
    """

    def __init__(self, texts: list[str]) -> None:
        lengths = np.array([len(text) for text in texts], dtype=np.int16)
        self._places = np.argsort(lengths, kind="stable")  # shortest first: a length is a slice
        texts = [texts[place] for place in self._places.tolist()]
        self._starts: list[int] = np.cumsum([0, *np.bincount(lengths)]).tolist()
        self._texts = np.array(texts, dtype=object)
        self._letters = _letters_of_all(texts, lengths[self._places])
        self._first = np.array([ord(text[0]) if text else 0 for text in texts], dtype=np.uint8)
        self._last = np.array([ord(text[-1]) if text else 0 for text in texts], dtype=np.uint8)

    def within(
        self, text: str, edits: int, *, among: npt.NDArray[np.bool_] | None = None
    ) -> list[int]:
        """The places of the texts at most `edits` edits away from `text`."""
        if not text:
            return []
        longest = len(self._starts) - 1
        low = self._starts[min(max(len(text) - edits, 0), longest)]
        high = self._starts[min(len(text) + edits + 1, longest)]
        ends = (self._first[low:high] == ord(text[0])) | (self._last[low:high] == ord(text[-1]))
        near = np.flatnonzero(ends) + low
        if among is not None:
            near = near[among[self._places[near]]]
        letters = np.bitwise_count(self._letters[near] ^ np.uint64(_letters_of(text)))
        near = near[letters <= 2 * edits]
        if not len(near):
            return []
        distances = cdist(
            [text],
            self._texts[near].tolist(),
            scorer=OSA.distance,
            score_cutoff=edits,
            dtype=np.uint8,
        )
        places: list[int] = self._places[near[distances[0] <= edits]].tolist()
        return places


def _letters_of(text: str) -> int:
    """Bits for the letters that occur (low half) and that occur twice (high half): one edit changes
    at most two of them."""
    mask = 0
    for character in text:
        bit = 1 << (ord(character) & 31)
        mask |= bit << 32 if mask & bit else bit
    return mask


def _letters_of_all(texts: list[str], lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """`_letters_of` each text, in columns."""
    masks = np.zeros(len(texts), dtype=np.uint64)
    for start in range(0, len(texts), _MASKS_AT_ONCE):
        part = slice(start, start + _MASKS_AT_ONCE)
        letters = np.frombuffer("".join(texts[part]).encode("ascii"), np.uint8) & 31
        size = len(masks[part])
        owners = np.repeat(np.arange(size), lengths[part])
        counts = np.bincount(owners * 32 + letters, minlength=size * 32).reshape(size, 32)
        once = np.packbits(counts >= 1, axis=1, bitorder="little").view("<u4")[:, 0]
        twice = np.packbits(counts >= 2, axis=1, bitorder="little").view("<u4")[:, 0]
        masks[part] = once.astype(np.uint64) | twice.astype(np.uint64) << np.uint64(32)
    return masks


_FORMS_GLUED: Final = (
    "jsc", "ojsc", "pjsc", "cjsc", "llc", "ltd", "ooo", "oao", "zao", "pao", "gmbh", "inc", "corp",
    "limited", "company",
)  # fmt: skip


def _without_form(text: str) -> list[str]:
    bare = []
    for form in _FORMS_GLUED:
        if len(text) - len(form) >= 4:
            if text.startswith(form):
                bare.append(text[len(form) :])
            if text.endswith(form):
                bare.append(text[: -len(form)])
    return bare
