"""The registry: who decides, who is tried, and that a spoilt file never comes into force."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.models.registry import Registry

DATA = files("clearway.risk").joinpath("data/model.json").read_bytes()
BY = "a test"


def clock() -> datetime:
    return datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", clock)


def added(registry: Registry, salt: int) -> str:
    """A model that differs from others by a blank at its end."""
    return registry.register(DATA + b" " * salt, {"seed": salt}, by=BY)


def code(caught: pytest.ExceptionInfo[RiskFault]) -> str:
    return caught.value.code


def test_at_first_there_is_nothing(registry: Registry) -> None:
    assert registry.entries() == []
    assert registry.roles().champion is None
    assert not registry.folder.exists()


def test_a_model_is_registered_once(registry: Registry) -> None:
    id = added(registry, 1)
    assert added(registry, 1) == id
    [entry] = registry.entries()
    assert (entry.id, entry.role, entry.card["seed"]) == (id, "registered", 1)
    assert entry.card["model_id"] == id
    assert entry.card["kind"] == "forest"
    assert registry.model(id).model_id.hex() == id
    assert [event.what for event in registry.roles().events] == ["registered"]


def test_one_decides_and_one_is_tried(registry: Registry) -> None:
    first, second = added(registry, 1), added(registry, 2)
    registry.promote(first, by=BY, why="the first")
    registry.challenge(second, by=BY)
    assert [entry.role for entry in registry.entries()] == ["champion", "challenger"]
    registry.promote(second, by=BY, why="it saves 1,000 EUR")
    roles = registry.roles()
    assert (roles.champion, roles.challenger) == (second, None)
    assert roles.events[-1].why == "it saves 1,000 EUR"
    assert roles.events[-1].at == "2026-11-26T12:00:00Z"


def test_after_a_champion_its_predecessor_decides_again(registry: Registry) -> None:
    ids = [added(registry, salt) for salt in (1, 2, 3)]
    for id in ids:
        registry.promote(id, by=BY, why="")
    registry.retire(ids[1], by=BY)
    registry.retire(ids[2], by=BY)
    assert registry.roles().champion == ids[0]
    registry.retire(ids[0], by=BY)
    assert registry.roles().champion is None
    assert {entry.role for entry in registry.entries()} == {"retired"}
    assert registry.model(ids[2]), "its file stays, to explain what it decided"


def test_a_retired_model_may_come_back(registry: Registry) -> None:
    id = added(registry, 1)
    registry.retire(id, by=BY)
    registry.challenge(id, by=BY)
    registry.promote(id, by=BY, why="")
    assert [entry.role for entry in registry.entries()] == ["champion"]


@pytest.mark.parametrize("damage", ["cut", "swapped", "with a card of its own"])
def test_a_spoilt_model_never_comes_into_force(registry: Registry, damage: str) -> None:
    good, bad = added(registry, 1), added(registry, 2)
    registry.promote(good, by=BY, why="")
    place = registry.folder / bad[:16]
    if damage == "cut":
        (place / "model.json").write_bytes(DATA[:1_000])
    else:
        (place / "model.json").write_bytes(DATA)
    if damage == "with a card of its own":
        card = json.loads((place / "card.json").read_text())
        card["model_id"] = Registry(registry.folder.parent / "x").register(DATA, {}, by=BY)
        (place / "card.json").write_text(json.dumps(card))
    for act in (registry.promote, registry.challenge):
        with pytest.raises(RiskFault) as caught:
            act(bad, by=BY, why="")
        assert code(caught) == "risk.model_corrupt"
    assert registry.roles().champion == good
    assert registry.roles().challenger is None


def test_what_is_no_model_is_not_registered(registry: Registry) -> None:
    with pytest.raises(RiskFault) as caught:
        registry.register(b"{}", {}, by=BY)
    assert code(caught) == "risk.model_format"
    assert registry.entries() == []


def test_a_few_digits_name_a_model(registry: Registry) -> None:
    id = added(registry, 1)
    assert registry.find(id[:6].upper()) == id
    for said in ("", "zz", id + "0"):
        with pytest.raises(RiskFault) as caught:
            registry.find(said)
        assert code(caught) == "risk.model_ambiguous"


def test_a_registry_that_cannot_be_read_is_said_to_be_so(registry: Registry) -> None:
    added(registry, 1)
    (registry.folder / "registry.json").write_text("{")
    with pytest.raises(RiskFault) as caught:
        registry.roles()
    assert code(caught) == "risk.registry_corrupt"


def test_two_processes_lose_no_act(registry: Registry) -> None:
    other = Registry(registry.folder, clock)
    before = registry.version()
    one, two = added(registry, 1), added(other, 2)
    assert {entry.id for entry in registry.entries()} == {one, two}
    assert registry.version() != before
