"""A model that fails, answers nonsense or is late: the batch is decided without it, and says so."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.payment.records import Outcome
from clearway.risk import NO_MODEL_ID, FeatureState, RiskModel, Scorer, reasons_of
from clearway.risk.features import Features
from clearway.risk.scores import Scores
from tests.risk.rows import payments, random_history

BUDGET_S = 0.05


class Plugged:
    """A model of somebody else's: it does whatever a test says."""

    model_id = b"p" * 32
    base = 0.0

    def __init__(self, *, is_bounded: bool) -> None:
        self.is_bounded = is_bounded
        self.error: Exception | None = None
        self.scores: NDArray[np.generic] | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked = 0

    def raw_scores(self, features: Features) -> NDArray[np.float64]:
        self.asked += 1
        assert self.may_answer.wait(30)
        if self.error is not None:
            raise self.error
        return np.zeros(len(features))

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        if self.scores is not None:
            return self.scores  # type: ignore[return-value]
        return np.full(len(raw), 30, dtype=np.uint16)

    def contributions(self, features: Features) -> NDArray[np.float64]:
        return np.zeros(features.shape)


@pytest.fixture(params=[True, False], ids=["bounded", "aside"])
def plugged(request: pytest.FixtureRequest) -> Plugged:
    return Plugged(is_bounded=request.param)


@pytest.fixture
def slow() -> Iterator[Plugged]:
    model = Plugged(is_bounded=False)
    yield model
    model.may_answer.set()


def scored(scorer: Scorer, seed: int = 1) -> Scores:
    scores = scorer.score(random_history(seed, 40))
    scorer.commit(scores, height=seed, index=40)
    return scores


def decided_without(scores: Scores) -> bool:
    named = [{reason.code for reason in reasons_of(int(bits))} for bits in scores.reasons]
    told = [("risk.model_missing" in codes) for codes in named]
    assert len(set(told)) == 1, "a batch is decided by one or the other"
    assert told[0] == (scores.model_id == NO_MODEL_ID)
    return told[0]


def test_a_model_that_answers_decides(plugged: Plugged) -> None:
    scorer = Scorer(FeatureState(), plugged)
    scores = scored(scorer)
    assert not decided_without(scores)
    assert scores.model_id == plugged.model_id
    assert scores.score_bps.tolist() == [30] * 40
    assert scorer.problems() == []
    assert scorer.payments == {"model": 40, "fallback": 0}


def test_a_model_that_raises_is_done_without_until_it_answers(plugged: Plugged) -> None:
    scorer = Scorer(FeatureState(), plugged)
    plugged.error = RuntimeError("weights are gone")
    assert decided_without(scored(scorer, 1))
    [problem] = scorer.problems()
    assert "RuntimeError" in problem
    assert scorer.guard.misses["failed"] == 1
    plugged.error = None
    assert not decided_without(scored(scorer, 2))
    assert scorer.problems() == []
    assert scorer.payments == {"model": 40, "fallback": 40}


@pytest.mark.parametrize(
    "nonsense",
    [
        np.full(40, 10_001, np.uint16),
        np.full(39, 30, np.uint16),
        np.full((40, 1), 30, np.uint16),
        np.full(40, -1),
        np.full(40, 30.5),
        np.full(40, np.nan),
        np.array(["30"] * 40),
    ],
    ids=lambda scores: f"{scores.dtype} {scores.flat[0]} {scores.shape}",
)
def test_a_model_that_answers_nonsense_is_done_without(
    plugged: Plugged, nonsense: NDArray[np.generic]
) -> None:
    scorer = Scorer(FeatureState(), plugged)
    plugged.scores = nonsense
    assert decided_without(scored(scorer))
    assert scorer.guard.misses["failed"] == 1


def test_a_model_that_is_late_is_not_waited_for(slow: Plugged) -> None:
    scorer = Scorer(FeatureState(), slow, budget_s=BUDGET_S)
    slow.may_answer.clear()
    assert decided_without(scored(scorer, 1))
    assert scorer.guard.misses["late"] == 1
    # It is still at it, so nobody waits for it again.
    assert decided_without(scored(scorer, 2))
    assert decided_without(scored(scorer, 3))
    assert slow.asked == 1
    assert scorer.guard.misses["busy"] == 2
    assert scorer.problems()
    slow.may_answer.set()
    assert scorer.guard._aside is not None
    scorer.guard._aside.result(30)
    assert not decided_without(scored(scorer, 4))
    assert scorer.problems() == []


def test_a_bounded_model_that_is_slow_is_counted_and_used() -> None:
    plugged = Plugged(is_bounded=True)
    scorer = Scorer(FeatureState(), plugged, budget_s=0.0)
    assert not decided_without(scored(scorer))
    assert scorer.guard.misses["slow"] == 1


def test_the_memory_moves_on_with_a_model_and_without(slow: Plugged) -> None:
    one, two = Scorer(FeatureState(), slow, budget_s=BUDGET_S), Scorer(FeatureState(), None)
    slow.may_answer.clear()
    for seed in (1, 2, 3):
        assert scored(one, seed).features.tobytes() == scored(two, seed).features.tobytes()


def test_without_a_model_large_amounts_are_looked_at(plugged: Plugged) -> None:
    scorer = Scorer(FeatureState(), plugged)
    plugged.error = ValueError("no")
    scores = scorer.score(payments(eur=[9_999.0, 10_001.0]))
    assert scores.outcome.tolist() == [Outcome.ACCEPT, Outcome.REVIEW]


def test_a_scorer_without_a_model_says_so() -> None:
    assert Scorer(FeatureState(), None).problems()


def test_another_model_decides_from_the_next_batch_on(plugged: Plugged) -> None:
    scorer = Scorer(FeatureState(), RiskModel.load_shipped())
    assert scored(scorer, 1).model_id == RiskModel.load_shipped().model_id
    scorer.use(plugged)
    assert scored(scorer, 2).model_id == plugged.model_id
