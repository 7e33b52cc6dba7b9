"""Beside the payments: a challenger scores what was decided, drift is counted, nothing waits."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.lifecycle.shadow import Seen, Shadow
from clearway.risk import NO_MODEL_ID, FeatureState, RiskModel, Scorer
from clearway.risk.decide import load_fallback
from clearway.risk.features import FEATURES
from clearway.risk.models.drift import ROWS_MIN, DriftMonitor, make_reference
from clearway.store.shadow import SHADOW, ShadowStore
from tests.risk.rows import random_history

CHALLENGER = load_fallback()
KEY = b"k" * 32


@pytest.fixture
def store(tmp_path: Path) -> ShadowStore:
    return ShadowStore(tmp_path / "shadow.sqlite")


@pytest.fixture
def shadow(store: ShadowStore) -> Iterator[Shadow]:
    one = Shadow(store)
    yield one
    one.stop()


def batch(sequence: int = 1, n: int = 50, *, model: RiskModel | None = None) -> Seen:
    model = model or RiskModel.load_shipped()
    scores = Scorer(FeatureState(), model).score(random_history(sequence, n))
    return Seen(KEY, sequence, 1_000 * sequence, np.arange(n) * 2, scores)


def test_a_challenger_scores_what_was_decided(shadow: Shadow, tmp_path: Path) -> None:
    shadow.try_out(CHALLENGER)
    shadow.start()
    batches = [batch(sequence) for sequence in (1, 2)]
    for seen in batches:
        shadow.see(seen)
    shadow.stop()
    again = ShadowStore(tmp_path / "shadow.sqlite")
    read = again.read(batches[0].scores.model_id, CHALLENGER.model_id)
    again.close()
    assert [(place, time_ns) for place, time_ns, _ in read] == [
        ((KEY, 1), 1_000),
        ((KEY, 2), 2_000),
    ]
    for seen, (_, _, rows) in zip(batches, read, strict=True):
        assert rows["entry"].tolist() == seen.entries.tolist()
        assert rows["champion_bps"].tolist() == seen.scores.score_bps.tolist()
        expected = CHALLENGER.calibrate(CHALLENGER.raw_scores(seen.scores.features))
        assert rows["challenger_bps"].tolist() == expected.tolist()
        assert rows["amount_eur"].tolist() == seen.scores.amount_eur.tolist()
    assert shadow.counts == {"scored": 100}


def test_without_a_challenger_nothing_is_kept(shadow: Shadow, tmp_path: Path) -> None:
    shadow.start()
    assert not shadow.is_wanted
    shadow.see(batch())
    shadow.stop()
    assert not shadow.counts


class Failing:
    model_id = b"f" * 32
    base = 0.0
    is_bounded = True

    def raw_scores(self, features: np.ndarray) -> np.ndarray:
        raise RuntimeError("a bug in a challenger")

    def calibrate(self, raw: np.ndarray) -> np.ndarray:
        return raw


def test_a_challenger_that_fails_is_said_to_and_harms_nobody(shadow: Shadow) -> None:
    shadow.try_out(Failing())  # type: ignore[arg-type]
    shadow.start()
    shadow.see(batch())
    shadow.stop()
    assert shadow.counts == {"failed": 50}
    assert shadow.alerts() == ["the challenger fails; see the log"]
    shadow.try_out(CHALLENGER)
    assert shadow.alerts() == []


class Slow(Failing):
    def __init__(self) -> None:
        self.may_answer, self.asked = threading.Event(), threading.Event()

    def raw_scores(self, features: np.ndarray) -> np.ndarray:
        self.asked.set()
        assert self.may_answer.wait(30)
        raise RuntimeError("late")


def test_a_challenger_that_is_slow_is_spared_what_it_cannot_take(shadow: Shadow) -> None:
    slow = Slow()
    shadow.try_out(slow)  # type: ignore[arg-type]
    shadow.start()
    seen = batch()
    shadow.see(seen)
    assert slow.asked.wait(30)
    for _ in range(64 + 5):
        shadow.see(seen)  # returns at once
    assert shadow.counts["left_out"] == 5 * 50
    slow.may_answer.set()
    shadow.try_out(None)


def test_what_no_model_decided_is_not_compared(shadow: Shadow) -> None:
    scores = Scorer(FeatureState(), None).score(random_history(1, 50))
    assert scores.model_id == NO_MODEL_ID
    shadow.try_out(CHALLENGER)
    shadow.start()
    shadow.see(Seen(KEY, 1, 1, np.arange(50), scores))
    shadow.stop()
    assert not shadow.counts


def test_drift_is_counted_of_what_the_champion_scored(shadow: Shadow) -> None:
    model = RiskModel.load_shipped()
    first = batch(n=200).scores
    reference = make_reference(FEATURES, first.features, first.score_bps)
    shadow.monitor(model, DriftMonitor(reference, FEATURES))
    shadow.start()
    for sequence in range(2, 2 + ROWS_MIN // 200 + 1):
        seen = batch(sequence, 200)
        seen.scores.features[:, FEATURES.index("memory_age")] = np.log2(1 + 20 * 86_400)
        shadow.see(seen)
    shadow.stop()
    assert set(shadow.psi()["training"]) == {*FEATURES, "score"}


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    store = ShadowStore(tmp_path / "small.sqlite", rows_max=250)
    for sequence in range(1, 8):
        store.add(
            champion=b"a", challenger=b"b", key=KEY, sequence=sequence, time_ns=sequence,
            rows=np.zeros(100, SHADOW),
        )  # fmt: skip
    assert [place for place, _, _ in store.read(b"a", b"b")] == [(KEY, 6), (KEY, 7)]
    assert store.read(b"a", b"other") == []
    store.close()
