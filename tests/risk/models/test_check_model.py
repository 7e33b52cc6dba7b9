"""Every kind of model passes the suite, and the suite catches what is no model."""

import json
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.ports.check_model import check_model
from clearway.ports.model import Model
from clearway.risk.decide import load_fallback
from clearway.risk.features import FEATURES, meanings_of
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.isolation import assume_calibration, fit_isolation
from clearway.risk.models.load import parse_model
from clearway.risk.models.logistic import OnlineLogistic
from clearway.risk.models.model import FORMAT
from tests.risk.rows import random_history

ROWS = FeatureState().stage(random_history(seed=8, n=3_000))
TRUTH = np.random.default_rng(8).random(len(ROWS)) < 0.1


@dataclass
class Case:
    """A model of a file that ships or was just made."""

    data: bytes

    def __post_init__(self) -> None:
        self.model: Model = self.again()

    def rows(self, n: int) -> NDArray[np.float32]:
        return ROWS[:n].copy()

    def again(self) -> Model:
        return parse_model(self.data, source="test")

    def other(self) -> Model:
        return parse_model(self.data + b"\n", source="test")


def shipped() -> bytes:
    return files("clearway.risk").joinpath("data/model.json").read_bytes()


def isolation() -> bytes:
    forest = fit_isolation(ROWS, seed=1)
    knots = assume_calibration(forest.raw_scores(ROWS), prior_bps=50)
    document = {
        "format": FORMAT, "features": meanings_of(np.arange(len(FEATURES))),
        "calibration": knots.tolist(), "trees": forest.to_json(),
    }  # fmt: skip
    return json.dumps(document).encode()


def logistic() -> bytes:
    learner = OnlineLogistic()
    learner.learn(ROWS, TRUTH)
    return learner.snapshot()


def rules() -> bytes:
    assert load_fallback().rules
    return files("clearway.risk").joinpath("data/fallback.json").read_bytes()


@pytest.mark.parametrize("make", [shipped, isolation, logistic, rules])
def test_a_model_of_each_kind_passes(make: Callable[[], bytes]) -> None:
    check_model(Case(make()))


class Spoilt:
    """A sound model with one thing changed."""

    def __init__(self, sound: Model, **changed: Any) -> None:
        self._sound, self._changed = sound, changed

    def __getattr__(self, name: str) -> Any:
        return self._changed.get(name, getattr(self._sound, name))


CASE = Case(shipped())
SOUND = CASE.model
RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("one raw score a row", {"raw_scores": lambda rows: SOUND.raw_scores(rows)[:-1]}),
        ("finite", {"raw_scores": lambda rows: np.full(len(rows), np.nan)}),
        ("uint16", {"calibrate": lambda raw: SOUND.calibrate(raw) / 10_000}),
        ("at most", {"calibrate": lambda raw: np.full(len(raw), 20_000, np.uint16)}),
        ("rise", {"calibrate": lambda raw: 10_000 - SOUND.calibrate(raw)}),
        ("add up", {"contributions": lambda rows: SOUND.contributions(rows) * 1.001}),
        ("add up", {"base": SOUND.base + 0.01}),
        ("its own", {"raw_scores": lambda rows: SOUND.raw_scores(rows) - len(rows) * 1e-12}),
        ("finite score", {"raw_scores": lambda rows: SOUND.raw_scores(rows) + rows[:, 0] * 0}),
        ("id", {"model_id": bytes(32)}),
        ("id", {"model_id": b"short"}),
        ("id", {"model_id": b"x" * 32}),
    ],
)
def test_what_is_no_model_is_caught(rule: str, changed: dict[str, Any]) -> None:
    spoilt = replace(CASE)
    spoilt.model = Spoilt(SOUND, **changed)  # type: ignore[assignment]
    with pytest.raises(AssertionError, match=rule):
        check_model(spoilt)


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(__file__).parents[3] / "examples" / "add_model.py"
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "it passes the suite"
    assert said[1].endswith("outcome 1")
    assert said[2].endswith("outcome 3")
