"""Promotion is by test: a challenger surely cheaper, and not worse in what the rails guard."""

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.risk.models.compare import Comparison, Judged, compare
from clearway.risk.policy import CostPolicy

N = 60_000
RNG = np.random.default_rng(5)
TRUTH = 1.0 / (1.0 + np.exp(-(RNG.normal(-9.0, 4.0, N))))  # probability of fraud
IS_FRAUD = RNG.random(N) < TRUTH
EUR = RNG.lognormal(4.0, 1.2, N)


def said(probability: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.rint(10_000 * probability).astype(np.uint16)


def noisy(spread: float, seed: int) -> NDArray[np.float64]:
    """A model that knows less: it sees the log-odds through noise, and is calibrated for that."""
    odds = np.log(TRUTH / (1 - TRUTH))
    seen = odds + np.random.default_rng(seed).normal(0, spread, N)
    order = np.argsort(seen)
    probability = np.empty(N)
    for part in np.array_split(order, 6_000):
        probability[part] = TRUTH[part].mean()
    return probability


def judge(champion: NDArray[np.float64], challenger: NDArray[np.float64]) -> Comparison:
    judged = Judged(said(champion), said(challenger), EUR, IS_FRAUD, np.arange(N))
    return compare(judged, CostPolicy())


def test_one_that_knows_more_may_be_promoted() -> None:
    found = judge(noisy(1.0, 1), noisy(0.1, 2))
    assert found.objections == ()
    assert 0 < found.low_eur < found.saved_eur < found.high_eur
    assert found.challenger.average_precision > found.champion.average_precision
    assert abs(found.challenger.calibration_z) < 4  # its probabilities are right


def test_one_that_knows_less_may_not() -> None:
    found = judge(noisy(0.2, 1), noisy(4.0, 2))
    assert found.high_eur < 0
    assert any("not surely above zero" in objection for objection in found.objections)


def test_one_that_is_the_same_may_not() -> None:
    same = noisy(1.0, 1)
    found = judge(same, same)
    assert (found.saved_eur, found.low_eur, found.high_eur) == (0.0, 0.0, 0.0)
    assert len(found.objections) == 1


def test_one_that_stops_many_more_may_not() -> None:
    shy, eager = noisy(0.5, 1), np.minimum(noisy(0.5, 1) * 8, 1.0)
    found = judge(shy, eager)
    assert any("payments stopped rise" in objection for objection in found.objections)
    assert any("payments declined rise" in objection for objection in found.objections)
    assert any("calibration" in objection for objection in found.objections)


def test_that_more_frauds_are_stopped_is_no_objection() -> None:
    """A champion that hardly knows this bank's frauds stops next to nobody."""
    blind = np.full(N, TRUTH.mean())
    sure = np.where(IS_FRAUD, 0.99, 0.001)
    found = judge(blind, sure)
    assert found.challenger.alerts > 10 * found.champion.alerts + 0.01
    assert found.challenger.honest_stopped == 0
    assert found.objections == ()


def test_a_lucky_streak_is_not_enough() -> None:
    """One large fraud that only the challenger stops, and small losses everywhere else."""
    champion = noisy(0.5, 1)
    challenger = champion.copy()
    lucky = int(np.flatnonzero(IS_FRAUD & (champion < 0.03))[0])
    eur = EUR.copy()
    eur[lucky] = 5_000.0
    challenger[lucky] = 0.9
    missed = np.flatnonzero(IS_FRAUD & (champion > 0.2))[:60]
    challenger[missed] = 0.001
    judged = Judged(said(champion), said(challenger), eur, IS_FRAUD, np.arange(N))
    found = compare(judged, CostPolicy())
    assert found.low_eur <= 0
    assert found.objections


def test_the_same_payments_and_seed_give_the_same_interval() -> None:
    one, two = (judge(noisy(2.0, 1), noisy(1.0, 2)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("is_fraud", [np.zeros(N, np.bool_), np.ones(N, np.bool_)])
def test_without_enough_labels_nothing_is_concluded(is_fraud: NDArray[np.bool_]) -> None:
    scores = said(noisy(1.0, 1))
    with pytest.raises(ValueError, match="frauds"):
        compare(Judged(scores, scores, EUR, is_fraud, np.arange(N)), CostPolicy())


@pytest.mark.parametrize(
    ("outcome", "is_fraud", "cost"),
    [
        (ACCEPT, False, 0.0),
        (ACCEPT, True, 140.0),  # the amount, and the work of a fraud
        (REVIEW, False, 6.0),
        (REVIEW, True, 6.0 + 0.2 * 140.0),
        (DECLINE, False, 15.0 + 0.02 * 100.0),
        (DECLINE, True, 0.0),
    ],
)
def test_what_an_outcome_costs(outcome: int, is_fraud: bool, cost: float) -> None:
    found = CostPolicy().cost_eur(
        np.array([outcome], np.uint8), np.array([100.0]), np.array([is_fraud])
    )
    assert found.tolist() == [pytest.approx(cost)]


def test_the_policy_takes_what_costs_least_in_expectation() -> None:
    """`decide` and `cost_eur` are one policy: no other outcome is cheaper on the mean."""
    policy = CostPolicy(review_bps_min=0, decline_bps_min=0)
    scores = np.arange(0, 10_001, 7, dtype=np.uint16)
    for eur in (5.0, 80.0, 3_000.0):
        amounts = np.full(len(scores), eur)
        taken = policy.decide(scores, amounts)
        p = scores / 10_000

        def mean_cost(
            outcome: NDArray[np.uint8],
            p: NDArray[np.float64] = p,
            amounts: NDArray[np.float64] = amounts,
        ) -> NDArray[np.float64]:
            fraud, honest = (
                policy.cost_eur(outcome, amounts, np.full(len(p), truth)) for truth in (True, False)
            )
            return p * fraud + (1 - p) * honest

        for other in (ACCEPT, REVIEW, DECLINE):
            rest = mean_cost(np.full(len(scores), other, np.uint8))
            assert (mean_cost(taken) <= rest + 1e-9).all()


def test_what_people_cannot_look_at_is_no_review_of_either_model() -> None:
    day_ns = 86_400_000_000_000
    judged = Judged(
        said(noisy(1.0, 1)), said(noisy(0.1, 2)), EUR, IS_FRAUD, np.arange(N) * (10 * day_ns // N)
    )
    free, scarce = (compare(judged, CostPolicy(reviews_per_day=n)) for n in (0, 20))
    for name in ("champion", "challenger"):
        without, within = getattr(free, name), getattr(scarce, name)
        assert round((within.alerts - within.declines) * N) <= 20 * 10
        assert within.alerts < without.alerts
        assert within.cost_eur > without.cost_eur
