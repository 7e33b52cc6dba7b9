"""A spoilt model is refused, at a start and while a node runs; what was in force stays in force."""

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from clearway.app.model_desk import ModelDesk
from clearway.lifecycle.shadow import Shadow
from clearway.risk.decide import Scorer
from clearway.risk.features import FEATURES
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.model import RiskModel
from clearway.risk.models.registry import Registry
from clearway.risk.policy import CostPolicy
from clearway.store.shadow import ShadowStore

SHIPPED = RiskModel.load_shipped()
MODEL = Path(str(files("clearway.risk").joinpath("data/model.json"))).read_bytes()
OTHER = MODEL + b"\n"  # the same forest in another file: another model


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def vouch_for_itself(path: Path) -> None:
    """Somebody puts another model in its place, with a card that is right."""
    path.write_bytes(MODEL)
    card = path.with_name("card.json")
    said = json.loads(card.read_text())
    card.write_text(json.dumps({**said, "model_id": SHIPPED.model_id.hex()}))


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(OTHER[: len(OTHER) // 2]),
    "one bit": flip,
    "of another": lambda path: path.write_bytes(MODEL),
    "of another, with a card that is right": vouch_for_itself,
    "gone": Path.unlink,
    "all gone": lambda path: shutil.rmtree(path.parent),
    "a folder": put_a_folder_there,
    "no card": lambda path: path.with_name("card.json").unlink(),
    "a card of nothing": lambda path: path.with_name("card.json").write_text("[]"),
    "a card of bytes": lambda path: path.with_name("card.json").write_bytes(b"\xff\xfe"),
    "a card too deep": lambda path: path.with_name("card.json").write_text("[" * 100_000),
}
damaged = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """In which OTHER is the champion."""
    registry = Registry(tmp_path / "models")
    registry.promote(registry.register(OTHER, {}, by="t"), by="t", why="")
    return registry


def champion_file(registry: Registry) -> Path:
    champion = registry.roles().champion
    assert champion is not None
    return registry.folder / champion[:16] / "model.json"


def fresh(registry: Registry) -> Registry:
    """As another process has it, which has read no model yet."""
    return Registry(registry.folder)


@damaged
def test_a_node_starts_with_the_shipped_model_and_says_why(
    registry: Registry, damage: Callable[[Path], object]
) -> None:
    damage(champion_file(registry))
    desk = ModelDesk(fresh(registry), None)
    model = desk.open()
    assert model is not None
    assert model.model_id == SHIPPED.model_id
    assert len(desk.problems) == 1
    assert desk.problems[0].startswith("the champion is refused (")


@damaged
def test_a_pinned_model_is_no_exception(
    tmp_path: Path, registry: Registry, damage: Callable[[Path], object]
) -> None:
    shutil.copytree(champion_file(registry).parent, tmp_path / "pinned")
    damage(tmp_path / "pinned" / "model.json")
    desk = ModelDesk(Registry(tmp_path / "empty"), tmp_path / "pinned" / "model.json")
    model = desk.open()
    assert model is not None
    if damage is vouch_for_itself:  # a file that is named by its path alone is what its card says
        assert desk.problems == []
    else:
        assert desk.problems[0].startswith("CLEARWAY_MODEL is refused (")
    assert model.model_id == SHIPPED.model_id


@pytest.fixture
def shadow(tmp_path: Path) -> Shadow:
    return Shadow(ShadowStore(tmp_path / "shadow.sqlite"))


def a_scorer(desk: ModelDesk) -> Scorer:
    policy = CostPolicy(review_bps_min=400, decline_bps_min=5_000)
    return Scorer(FeatureState(), desk.open(), policy, budget_s=1.0)


@damaged
def test_what_decides_stays_when_its_successor_is_spoilt(
    registry: Registry, shadow: Shadow, damage: Callable[[Path], object]
) -> None:
    """Another process promotes, and before the node looks, the file is spoilt."""
    path = champion_file(registry)
    retired = registry.roles().champion
    assert retired is not None
    registry.retire(retired, by="t")
    desk = ModelDesk(fresh(registry), None)
    scorer = a_scorer(desk)
    desk.refresh(scorer, shadow)
    assert scorer.model_id == SHIPPED.model_id
    assert desk.problems == []

    registry.promote(retired, by="t", why="")
    saved = shutil.copytree(path.parent, path.parent.with_name("saved"))
    damage(path)
    desk.refresh(scorer, shadow)
    assert scorer.model_id == SHIPPED.model_id
    assert desk.problems[0].startswith("the champion is refused (")

    shutil.rmtree(path.parent, ignore_errors=True)
    shutil.copytree(saved, path.parent)
    registry.promote(retired, by="t", why="mended")
    desk.refresh(scorer, shadow)
    assert scorer.model_id.hex() == retired
    assert desk.problems == []


@damaged
def test_what_decides_is_not_read_again(
    registry: Registry, shadow: Shadow, damage: Callable[[Path], object]
) -> None:
    desk = ModelDesk(fresh(registry), None)
    scorer = a_scorer(desk)
    champion = scorer.model_id
    features = np.random.default_rng(1).random((4, len(FEATURES)), np.float32)
    assert scorer.model is not None
    before = scorer.model.raw_scores(features)
    damage(champion_file(registry))
    registry.register(MODEL + b"  ", {}, by="t")  # there is news
    desk.refresh(scorer, shadow)
    assert scorer.model_id == champion
    assert scorer.model.raw_scores(features).tolist() == before.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "{}", "\x00", "[" * 100_000,
        '{"champion": 5, "challenger": null, "events": []}',
        '{"champion": null, "challenger": ["x"], "events": []}',
        '{"champion": null, "challenger": null, "events": [{"model": 5}]}',
        '{"champion": null, "challenger": null, "events": 7}',
        '{"champion": "../../etc", "challenger": null, "events": []}',
        '{"champion": "", "challenger": "\\u0000", "events": []}',
    ],
)  # fmt: skip
def test_a_registry_of_nonsense_changes_nothing(
    registry: Registry, shadow: Shadow, text: str
) -> None:
    desk = ModelDesk(fresh(registry), None)
    scorer = a_scorer(desk)
    champion = scorer.model_id
    (registry.folder / "registry.json").write_text(text)
    desk.refresh(scorer, shadow)
    assert scorer.model_id == champion
    assert "is refused (" in desk.problems[0]
    again = ModelDesk(fresh(registry), None)
    model = again.open()
    assert model is not None
    assert model.model_id == SHIPPED.model_id
    assert "is refused (" in again.problems[0]
