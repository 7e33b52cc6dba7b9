"""The model that ships: what it is, what it says, and what is not taken for it."""

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from clearway.risk.errors import CATALOGUE, RiskFault
from clearway.risk.features import MEANINGS
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.models.model import RiskModel
from clearway.risk.models.train import sample_world
from clearway.risk.worlds.wide.world import WideWorld
from clearway.risk.worlds.world import World
from tests.risk.rows import random_history

DATA = Path(str(files("clearway.risk").joinpath("data")))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped model and its card, where they may be spoilt."""
    for name in ("model.json", "card.json"):
        shutil.copy(DATA / name, tmp_path / name)
    return tmp_path / "model.json"


def code_of_loading(path: Path) -> str:
    with pytest.raises(RiskFault) as caught:
        RiskModel.load(path)
    assert caught.value.code in CATALOGUE
    return caught.value.code


def test_the_model_is_named_by_the_hash_of_its_file() -> None:
    model = RiskModel.load_shipped()
    assert model.model_id == hashlib.sha256((DATA / "model.json").read_bytes()).digest()
    assert (DATA / "model.json").stat().st_size <= 400_000


def test_scores_are_whole_basis_points() -> None:
    features = FeatureState().stage(random_history(seed=2, n=2_000))
    scores = RiskModel.load_shipped().score_bps(features)
    assert scores.dtype == np.uint16
    assert scores.max() <= 10_000


def test_it_finds_frauds_in_worlds_that_it_never_saw() -> None:
    samples = sample_world(World(seed=777, customers=2_500, merchants=300, days=20))
    scores = RiskModel.load_shipped().score_bps(samples.features)
    assert auc_roc(scores, samples.is_fraud) > 0.95
    assert average_precision(scores, samples.is_fraud) > 0.5
    assert calibration_error(scores / 10_000, samples.is_fraud) < 0.01


@pytest.mark.parametrize("has_devices", [True, False])
def test_it_finds_the_schemes_of_wide_worlds(has_devices: bool) -> None:
    """Also where a bank knows neither devices nor addresses."""
    world = WideWorld(seed=778, customers=800, merchants=130, days=130)
    samples = sample_world(world, has_devices=has_devices)
    scores = RiskModel.load_shipped().score_bps(samples.features)
    assert average_precision(scores, samples.is_fraud) > 0.8
    assert calibration_error(scores / 10_000, samples.is_fraud) < 0.01


def test_its_calibration_rises_without_long_ties() -> None:
    model = RiskModel.load_shipped()
    raw = np.linspace(model.knots[0, 0], model.knots[-1, 0], 10_000)
    scores = model.calibrate(raw).astype(int)
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] > 9_000


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "grown"])
def test_a_spoilt_file_is_refused(copied: Path, damage: str) -> None:
    data = bytearray(copied.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    spoilt = {"cut": data[:-1], "flip": data, "empty": b"", "grown": data + b" "}[damage]
    copied.write_bytes(spoilt)
    assert code_of_loading(copied) == "risk.model_corrupt"


def test_a_model_without_a_card_is_refused(copied: Path) -> None:
    copied.with_name("card.json").unlink()
    assert code_of_loading(copied) == "risk.model_unknown"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other/1"},
        {"features": ["only_one"]},
        {"features": {"amount_log": "0123456789abcdef"}},
        {"features": {"of_another_clearway": MEANINGS[0]}},
        {"trees": []},
        {"trees": [[200, 0.5, [1.0, 3], [2.0, 4]]]},
        {"trees": [[300, 0.5, [1.0, 3], [2.0, 4]]]},
        {"trees": [[-1, 0.5, [1.0, 3], [2.0, 4]]]},
        {"trees": [[0, 0.5, [1.0, 3]]]},
        {"trees": [[0, 0.5, [1.0, 0], [2.0, 4]]]},
        {"trees": [[0, 0.5, [1e999, 3], [2.0, 4]]]},
        {"calibration": [[0, 0]]},
        {"calibration": [[0, 5], [1, 4]]},
        {"calibration": [[0, 0], [1, 20_000]]},
        {"calibration": None},
    ],
)
def test_a_vouched_for_model_that_makes_no_sense_is_refused(
    copied: Path, change: dict[str, object]
) -> None:
    data = json.dumps({**json.loads(copied.read_bytes()), **change}).encode()
    copied.write_bytes(data)
    card = json.dumps({"model_id": hashlib.sha256(data).hexdigest()})
    copied.with_name("card.json").write_text(card)
    assert code_of_loading(copied) == "risk.model_format"
