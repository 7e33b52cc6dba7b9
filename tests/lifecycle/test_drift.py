"""Drift from the node's own second month: told, kept over a restart, made anew for a new model."""

from pathlib import Path

import numpy as np
import pytest

from clearway.lifecycle.drift import DriftWatch
from clearway.risk.features import FEATURES, Features
from clearway.risk.models.drift import ROWS_MIN, DriftMonitor, make_reference
from clearway.store.shadow import ShadowStore

DAY_NS = 86_400 * 10**9
MODEL, OTHER = b"m" * 32, b"o" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shadow.sqlite"


def payments(day: int, *, times: float = 1.0, n: int = 1_000) -> tuple[Features, np.ndarray, int]:
    rng = np.random.default_rng(day)
    features = rng.normal(size=(n, len(FEATURES))).astype(np.float32)
    features[:, FEATURES.index("memory_age")] = np.log2(1.0 + 86_400.0 * day)
    features[:, FEATURES.index("amount_log")] += times
    return (
        features,
        rng.exponential(60.0 * times, n).clip(0, 10_000).astype(np.uint16),
        day * DAY_NS,
    )


def play(watch: DriftWatch, days: range, *, times: float = 1.0) -> None:
    for day in days:
        watch.count(*payments(day, times=times))


def test_a_change_is_told_against_the_nodes_own_past(path: Path) -> None:
    store = ShadowStore(path)
    watch = DriftWatch(MODEL, None, store)
    play(watch, range(1, 45))
    assert watch.psi() == {}, "the past is not over yet"
    play(watch, range(45, 60))
    assert max(psi for name, psi in watch.psi()["own"].items() if name != "memory_age") < 0.02
    assert watch.alerts() == []
    play(watch, range(60, 110), times=2.0)
    [said] = watch.alerts()
    assert said.startswith("the risk score drifts from what it was in this node's second month")
    store.close()


def test_a_young_node_is_not_held_to_the_training_data(path: Path) -> None:
    features, score_bps, _ = payments(0, n=50_000)
    store = ShadowStore(path)
    training = DriftMonitor(make_reference(FEATURES, features, score_bps), FEATURES)
    watch = DriftWatch(MODEL, training, store)
    play(watch, range(14), times=4.0)
    assert watch.psi() == {"training": {}}
    play(watch, range(14, 28), times=4.0)
    [said] = watch.alerts()
    assert said.startswith("the risk score drifts from its training data")
    store.close()


def test_the_past_outlives_a_restart_and_belongs_to_its_model(path: Path) -> None:
    store = ShadowStore(path)
    play(DriftWatch(MODEL, None, store), range(30, 47))
    store.close()
    again = ShadowStore(path)
    watch = DriftWatch(MODEL, None, again)
    play(watch, range(47, 48 + ROWS_MIN // 1_000), times=4.0)
    assert len(watch.alerts()) == 1
    assert DriftWatch(OTHER, None, again).psi() == {}
    again.close()


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"score": {}}'])
def test_a_past_that_is_spoilt_is_made_again(path: Path, spoilt: str) -> None:
    store = ShadowStore(path)
    store.keep_past(MODEL, spoilt)
    watch = DriftWatch(MODEL, None, store)
    assert watch.psi() == {}
    play(watch, range(30, 46))
    assert store.past(MODEL) != spoilt
    assert set(watch.psi()) == {"own"}
    store.close()
