"""Screens parties against the active lists: one name (`Screener`), or every party of a batch
(`PartyScreen`), where who is known to be clear costs one array lookup.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from clearway.screening.countries import country_code
from clearway.screening.index import NameIndex, Vocabulary
from clearway.screening.lists import (
    BirthDate,
    Entity,
    EntityKind,
    ListedName,
    NameQuality,
    SanctionsList,
    load_folder,
    shipped_lists,
)
from clearway.screening.names import Name, identifying_words, parse_name, readings_of
from clearway.screening.score import LISTED, LISTED_WEAK_WORD, Evidence, compare, probability

# About 1 in 100 unlisted names is then a hit, and 97 of 100 listed names with a typo are:
# `benchmarks/screening.py` measures the whole curve.
SCORE_HIT: Final = 0.6

_CANDIDATES_MAX: Final = 16
_CLOSENESS_MIN: Final = 0.55
_CLOSENESS_MIN_ONE_WORD: Final = 0.3  # "Maduro" must find Nicolas Maduro Moros

# Log-odds for what is known beside the name. A judgement, not a fit: no labelled data has it. A
# birth date that differs makes a common name harmless and leaves a rare one a hit, because listed
# dates are often guesses; people move, so a country says little.
_BORN_SAME_DAY: Final = 3.0
_BORN_CONSISTENT: Final = 1.0
_BORN_APART: Final = -4.0
_BORN_APART_DAYS_MIN: Final = 366
_COUNTRY_SAME: Final = 0.5
_COUNTRY_OTHER: Final = -1.0


@dataclass(frozen=True, slots=True)
class Watchlist:
    """Every list that is in force, as one version."""

    lists: tuple[SanctionsList, ...]

    @classmethod
    def shipped(cls) -> Watchlist:
        """The OFAC list that comes with the package."""
        return cls(shipped_lists())

    @classmethod
    def from_folder(cls, path: Path) -> Watchlist:
        """The lists of a folder, which replace the shipped ones. Raises BadList."""
        return cls(load_folder(path))

    @property
    def version(self) -> bytes:
        """32 bytes: the same wherever the same files are in force."""
        content = hashlib.sha256()
        for part in sorted(self.lists, key=lambda part: part.name):
            content.update(part.name.encode() + b"\0" + part.version)
        return content.digest()

    def entities(self) -> Iterator[Entity]:
        for part in self.lists:
            yield from part.entities


@dataclass(frozen=True, slots=True)
class Match:
    """A listed entity that a name may mean. `score` is a probability, 0..1."""

    entity_id: str
    matched_name: str
    list_name: str
    score: float
    programmes: tuple[str, ...]
    kind: EntityKind
    quality: NameQuality
    evidence: Evidence

    @property
    def is_hit(self) -> bool:
        return self.score >= SCORE_HIT


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a payment names. `country` is an ISO code or a name; both extras may be unknown."""

    name: str
    birth_date: BirthDate | None = None
    country: str | None = None


class Screener:
    """Searches one watchlist. Immutable, apart from its cache of word lookups."""

    def __init__(self, watchlist: Watchlist) -> None:
        self.watchlist = watchlist
        self._names: list[Name] = []
        self._listed: list[tuple[Entity, ListedName, bool]] = []
        for entity in watchlist.entities():
            for listed in entity.names:
                weak = listed.quality is NameQuality.WEAK
                for reading in readings_of(parse_name(listed.text)):
                    self._names.append(reading)
                    self._listed.append((entity, listed, weak and identifying_words(reading) == 1))
        self._index = NameIndex.of(self._names)

    def search(
        self,
        name: str,
        *,
        birth_date: BirthDate | None = None,
        country: str | None = None,
        limit: int = 10,
    ) -> list[Match]:
        """The listed entities that `name` may mean, the most probable first; `is_hit` tells which
        count.

        >>> Screener(Watchlist.shipped()).search("Ramzan Kadirov")[0].entity_id
        'OFAC-23343'
        """
        query = parse_name(name)
        place = country_code(country) if country else None
        best: dict[str, Match] = {}
        closeness_min = _closeness_min(identifying_words(query))
        rows = self._index.candidates(query, closeness_min=closeness_min)
        for row, _ in rows[: max(_CANDIDATES_MAX, 4 * limit)]:
            match = self._match(query, row, birth_date, place)
            known = best.get(match.entity_id)
            if known is None or match.score > known.score:
                best[match.entity_id] = match
        ordered = sorted(best.values(), key=lambda match: (-match.score, match.entity_id))
        return ordered[:limit]

    def hit(self, party: Party) -> Match | None:
        """The most probable entity if it is a hit, else None: the party is clear."""
        found = self.search(party.name, birth_date=party.birth_date, country=party.country, limit=1)
        return found[0] if found and found[0].is_hit else None

    def _match(
        self, query: Name, row: int, birth_date: BirthDate | None, country: str | None
    ) -> Match:
        entity, listed, weak_word = self._listed[row]
        evidence = compare(query, self._names[row])
        log_odds = LISTED.log_odds(evidence)
        if weak_word:
            log_odds += LISTED_WEAK_WORD
        if birth_date is not None and entity.birth_dates:
            log_odds += max(_birth_evidence(birth_date, listed) for listed in entity.birth_dates)
        if country is not None and entity.countries:
            log_odds += _COUNTRY_SAME if country in entity.countries else _COUNTRY_OTHER
        return Match(
            entity_id=entity.entity_id,
            matched_name=listed.text,
            list_name=entity.list_name,
            score=probability(log_odds),
            programmes=entity.programmes,
            kind=entity.kind,
            quality=listed.quality,
            evidence=evidence,
        )


def _closeness_min(words_asked: int) -> float:
    return _CLOSENESS_MIN if words_asked > 1 else _CLOSENESS_MIN_ONE_WORD


def _birth_evidence(one: BirthDate, other: BirthDate) -> float:
    apart_days = (max(one.first, other.first) - min(one.last, other.last)).days
    if apart_days >= _BORN_APART_DAYS_MIN:
        return _BORN_APART
    if apart_days > 0:
        return 0.0
    same_day = one == other and one.first == one.last
    return _BORN_SAME_DAY if same_day else _BORN_CONSISTENT


NamesOf = Callable[[Sequence[int]], Sequence[Party | None]]
AccountNumbers = npt.NDArray[np.uint32]

ACCOUNTS_MAX: Final = 1 << 28
SWEEP_WINDOW: Final = 65_536  # accounts that one sweep looks at, at once
_ACCOUNTS_GROW_MIN: Final = 1 << 16


class PartyScreen:
    """The verdict on every account's owner under the active lists.

    A party is clear only if it was screened under the active version: a new one is screened inline
    by `check`; `replace` screens again those whom the difference between two versions touches and
    carries all others over; `sweep` warms the rest. Not thread-safe: the batch's thread owns it.
    """

    def __init__(self, screener: Screener, names_of: NamesOf, *, accounts: int = 0) -> None:
        """`names_of` gives the parties of account numbers, None for an account without an owner."""
        self._screener = screener
        self._names_of = names_of
        self._generation = 1
        # generation << 1 | hit; 0: never screened.
        self._verdicts = np.zeros(max(accounts, _ACCOUNTS_GROW_MIN), dtype=np.uint32)
        self._accounts = accounts
        self._swept = 0  # every account below was screened by a sweep or before it
        self._matches: dict[int, Match] = {}
        self._vocabulary = Vocabulary()  # of the parties' names, so that they can be searched too
        self._words = array("i")
        self._word_starts = array("i", [0])
        self._row_accounts = array("I")

    @property
    def version(self) -> bytes:
        """The active watchlist's version, 32 bytes."""
        return self._screener.watchlist.version

    @property
    def screener(self) -> Screener:
        return self._screener

    def check(self, numbers: AccountNumbers) -> npt.NDArray[np.uint8]:
        """uint8[n]: 0 clear, 1 hit, for account numbers uint32[n]. Screens whoever is unknown."""
        try:
            verdicts = self._verdicts[numbers]
        except IndexError:
            self.grow(int(numbers.max()) + 1)
            verdicts = self._verdicts[numbers]
        known = verdicts >= np.uint32(self._generation << 1)
        if not known.all():
            self._screen(np.unique(numbers[~known]).tolist())
            verdicts = self._verdicts[numbers]
        return (verdicts & np.uint32(1)).astype(np.uint8)

    def match_of(self, number: int) -> Match | None:
        """Why the account is a hit; None if it is clear or unknown."""
        return self._matches.get(number)

    def grow(self, accounts: int) -> None:
        """There are now so many accounts, numbered from 0."""
        if accounts > ACCOUNTS_MAX:
            raise ValueError(f"{accounts} accounts; {ACCOUNTS_MAX} are the most")
        self._accounts = max(self._accounts, accounts)
        if accounts > len(self._verdicts):
            verdicts = np.zeros(
                min(max(accounts, 2 * len(self._verdicts)), ACCOUNTS_MAX), np.uint32
            )
            verdicts[: len(self._verdicts)] = self._verdicts
            self._verdicts = verdicts

    def forget(self, number: int) -> None:
        """The account's owner changed: the next check screens it anew."""
        self._verdicts[number] = 0
        self._swept = min(self._swept, number)
        self._matches.pop(number, None)

    def sweep(self, limit: int) -> int:
        """Screens up to `limit` accounts that nobody has paid yet; how many there were."""
        while self._swept < self._accounts:
            stop = min(self._swept + SWEEP_WINDOW, self._accounts)
            unknown = np.flatnonzero(self._verdicts[self._swept : stop] == 0)[:limit]
            if len(unknown):
                self._screen((unknown + self._swept).tolist())
                return len(unknown)
            self._swept = stop
        return 0

    def replace(self, lists: Watchlist | Screener) -> AccountNumbers:
        """Makes other lists the active ones. Screens again only the parties whom an added, changed
        or removed entry touches; returns the accounts that became hits, in order.

        A `Screener` that another thread has built spares this one a second.
        """
        screener = lists if isinstance(lists, Screener) else Screener(lists)
        before = {entity.entity_id: entity for entity in self._screener.watchlist.entities()}
        after = {entity.entity_id: entity for entity in screener.watchlist.entities()}
        changed = {entity_id for entity_id in before if after.get(entity_id) != before[entity_id]}
        added = [entity for key, entity in after.items() if before.get(key) != entity]
        touched = {number for number, match in self._matches.items() if match.entity_id in changed}
        touched.update(self._touched_by(added))
        hits_before = set(self._matches)

        self._screener = screener
        self._generation += 1
        known = self._verdicts != 0
        self._verdicts[known] = self._verdicts[known] & 1 | np.uint32(self._generation << 1)
        self._screen(sorted(touched))
        return np.array(sorted(self._matches.keys() - hits_before), dtype=np.uint32)

    def _touched_by(self, entities: Sequence[Entity]) -> set[int]:
        """The accounts whose owner's name is near one of the entities' names."""
        texts = {listed.text for entity in entities for listed in entity.names}
        if len(texts) >= len(self._row_accounts):  # then to screen everybody is less work
            return set(np.flatnonzero(self._verdicts).tolist())
        index = NameIndex(
            self._vocabulary,
            np.array(self._words, dtype=np.int32),
            np.array(self._word_starts, dtype=np.int32),
        )
        touched: set[int] = set()
        for text in texts:
            rows = index.candidates(parse_name(text), closeness_min=_CLOSENESS_MIN_ONE_WORD)
            touched.update(
                self._row_accounts[row]
                for row, closeness in rows
                if closeness >= _closeness_min(index.identifying_words(row))
            )
        return {number for number in touched if self._verdicts[number]}

    def _screen(self, numbers: list[int]) -> None:
        for number, party in zip(numbers, self._names_of(numbers), strict=True):
            match = self._screener.hit(party) if party is not None else None
            if party is not None and not self._verdicts[number]:
                self._remember(number, party.name)
            if match is not None:
                self._matches[number] = match
            else:
                self._matches.pop(number, None)
            self._verdicts[number] = self._generation << 1 | (match is not None)

    def _remember(self, number: int, name: str) -> None:
        for reading in readings_of(parse_name(name)):
            self._words.extend(self._vocabulary.number_of(token) for token in reading.tokens)
            self._word_starts.append(len(self._words))
            self._row_accounts.append(number)
