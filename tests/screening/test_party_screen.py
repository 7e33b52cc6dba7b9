"""The verdict on every account, through list changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from clearway.screening import Party, PartyScreen, Screener, Watchlist
from clearway.screening.lists import Entity, EntityKind, ListedName, NameQuality, load_folder
from clearway.screening.screen import SWEEP_WINDOW

Names = list[str | None]


class Owners:
    """The accounts' owners, and who was asked for."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.asked: list[int] = []

    def __call__(self, numbers: Sequence[int]) -> list[Party | None]:
        self.asked.extend(numbers)
        names = (self.names[number] for number in numbers)
        return [None if name is None else Party(name) for name in names]


def numbers(*values: int) -> npt.NDArray[np.uint32]:
    return np.array(values, dtype=np.uint32)


def listed(watchlist: Watchlist, *added: Entity, without: str = "") -> Watchlist:
    """The watchlist with other entities, as a new version."""
    (ofac,) = watchlist.lists
    kept = tuple(entity for entity in ofac.entities if entity.entity_id != without)
    return Watchlist((replace(ofac, entities=kept + added, version=bytes(31) + b"\1"),))


def person(entity_id: str, name: str) -> Entity:
    return Entity(
        entity_id=entity_id,
        list_name="OFAC SDN",
        kind=EntityKind.INDIVIDUAL,
        names=(ListedName(name, NameQuality.PRIMARY),),
        programmes=("TEST",),
        birth_dates=(),
        countries=frozenset(),
    )


def test_who_is_listed_is_a_hit_and_who_is_not_is_clear(screener: Screener) -> None:
    owners = Owners(["Alice Example", "Ramzan Kadirov", None])
    screen = PartyScreen(screener, owners, accounts=3)
    assert screen.check(numbers(0, 1, 2, 1)).tolist() == [0, 1, 0, 1]
    match = screen.match_of(1)
    assert match is not None
    assert match.entity_id == "OFAC-23343"
    assert screen.match_of(0) is None


def test_a_party_is_screened_once(screener: Screener) -> None:
    owners = Owners(["Alice Example", "Bob Example"])
    screen = PartyScreen(screener, owners, accounts=2)
    for _ in range(3):
        screen.check(numbers(0, 1, 0))
    assert owners.asked == [0, 1]


def test_an_account_beyond_the_known_ones_makes_room(screener: Screener) -> None:
    screen = PartyScreen(screener, lambda asked: [Party("Ramzan Kadirov")] * len(asked))
    assert screen.check(numbers(1_000_000)).tolist() == [1]


def test_a_sweep_warms_who_was_never_paid_up_to_its_limit(screener: Screener) -> None:
    owners = Owners([f"Example {n}" for n in range(5)])
    screen = PartyScreen(screener, owners, accounts=5)
    screen.check(numbers(2))
    assert [screen.sweep(3), screen.sweep(3), screen.sweep(3)] == [3, 1, 0]
    assert owners.asked == [2, 0, 1, 3, 4]


def test_a_sweep_reaches_everybody_once_and_who_was_forgotten_again(screener: Screener) -> None:
    accounts = SWEEP_WINDOW + 3
    asked: list[int] = []

    def owners(numbers: Sequence[int]) -> list[Party | None]:
        asked.extend(numbers)
        return [None] * len(numbers)

    screen = PartyScreen(screener, owners, accounts=accounts)
    while screen.sweep(10_000):
        pass
    assert asked == list(range(accounts))
    screen.forget(7)
    assert (screen.sweep(10_000), screen.sweep(10_000)) == (1, 0)


def test_a_new_owner_is_screened_anew(screener: Screener) -> None:
    owners = Owners(["Alice Example"])
    screen = PartyScreen(screener, owners, accounts=1)
    assert screen.check(numbers(0)).tolist() == [0]
    owners.names[0] = "Ramzan Kadirov"
    screen.forget(0)
    assert screen.check(numbers(0)).tolist() == [1]


def test_a_new_entry_makes_hits_of_the_parties_it_names_and_of_nobody_else(
    screener: Screener,
) -> None:
    owners = Owners(["Alice Exemplar", "Zimurinda Mwangachuchu", "Bob Example", "Carol Sample"])
    screen = PartyScreen(screener, owners, accounts=4)
    before = screen.version
    assert not screen.check(numbers(0, 1, 2, 3)).any()
    owners.asked.clear()
    new = listed(screener.watchlist, person("OFAC-1", "MWANGACHUCHU, Zimurindo"))
    assert screen.replace(new).tolist() == [1]
    assert screen.version == new.version != before
    assert 0 not in owners.asked
    assert 2 not in owners.asked
    assert screen.check(numbers(0, 1, 2)).tolist() == [0, 1, 0]
    match = screen.match_of(1)
    assert match is not None
    assert match.entity_id == "OFAC-1"


def test_a_removed_entry_clears_its_party(screener: Screener) -> None:
    screen = PartyScreen(screener, Owners(["Ramzan Kadirov"]), accounts=1)
    assert screen.check(numbers(0)).tolist() == [1]
    newly_hit = screen.replace(listed(screener.watchlist, without="OFAC-23343"))
    assert newly_hit.tolist() == []
    assert screen.check(numbers(0)).tolist() == [0]
    assert screen.match_of(0) is None


def test_who_was_never_screened_is_screened_under_the_new_list(screener: Screener) -> None:
    owners = Owners(["Zimurinda Mwangachuchu"])
    screen = PartyScreen(screener, owners, accounts=1)
    new = listed(screener.watchlist, person("OFAC-1", "MWANGACHUCHU, Zimurinda"))
    assert screen.replace(new).tolist() == []
    assert screen.check(numbers(0)).tolist() == [1]


def test_an_arabic_party_is_touched_by_a_latin_entry(screener: Screener) -> None:
    screen = PartyScreen(screener, Owners(["Alice Example", "عبد الفتاح خليل الزغبي"]), accounts=2)
    assert not screen.check(numbers(0, 1)).any()
    new = listed(screener.watchlist, person("OFAC-1", "AL-ZOGHBI, Abd al-Fattah Khalil"))
    assert screen.replace(new).tolist() == [1]


@pytest.mark.shared
def test_a_real_list_update_gives_what_screening_everybody_again_would(
    shared: Path, tmp_path: Path
) -> None:
    """A tenth of OFAC's list of 2021 replaced by that of 2023, over parties of both and neither."""
    old, new = (some_of(shared / "data" / "sanctions", tmp_path, year) for year in ("_2021", ""))
    entities = [*old.entities(), *new.entities()]
    names: Names = [entity.names[-1].text for entity in entities[::2]]
    names += [f"{given} {family}" for given in GIVEN for family in FAMILY]
    everyone = np.arange(len(names), dtype=np.uint32)

    owners = Owners(names)
    screen = PartyScreen(Screener(old), owners, accounts=len(names))
    before = screen.check(everyone)
    owners.asked.clear()
    newly_hit = screen.replace(new)
    asked = set(owners.asked)
    after = screen.check(everyone)

    fresh = PartyScreen(Screener(new), Owners(names), accounts=len(names)).check(everyone)
    assert after.tolist() == fresh.tolist()
    assert newly_hit.tolist() == np.flatnonzero(after > before).tolist()
    assert len(newly_hit) > 100
    innocent = set(range(len(names) - len(GIVEN) * len(FAMILY), len(names)))
    assert len(asked & innocent) < len(innocent) / 4


def some_of(folder: Path, scratch: Path, year: str) -> Watchlist:
    """Every tenth entity of the list of that year."""
    path = scratch / f"list{year}"
    path.mkdir()
    for name in ("sdn", "alt"):
        (path / f"{name}.csv").write_bytes((folder / f"ofac_{name}{year}.csv").read_bytes())
    (ofac,) = load_folder(path)
    kept = tuple(entity for entity in ofac.entities if int(entity.entity_id[5:]) % 10 == 0)
    return Watchlist((replace(ofac, entities=kept),))


GIVEN = ("James", "Mary", "Robert", "Anna", "Olga", "Ivan", "Carlos", "Fatima", "Ahmed", "Mei")
FAMILY = ("Smith", "Garcia", "Ivanova", "Petrov", "Mueller", "Khan", "Hussain", "Lopez", "Chen")
