"""So many reviews a day: never more, where they save most, the same whatever happens between."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.payment.records import REVIEW
from clearway.risk.memory.history import compute_features
from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.reviews import NO_PRICE, Reviews, Wanted, decide_in_order, to_euros
from clearway.risk.worlds.world import World
from tests.risk.rows import DAY_NS, HOUR_NS, NOON_NS

MIDNIGHT_NS = NOON_NS - 12 * HOUR_NS


def wanted(time_ns: NDArray[np.int64], saving_eur: NDArray[np.float64]) -> Wanted:
    return Wanted(time_ns, saving_eur, np.full(len(time_ns), -1, np.int8))


def some(seed: int, a_day: int = 60, days: int = 12) -> Wanted:
    """Savings as heavy-tailed as amounts are, most of them by day."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(a_day * days)
    hour = rng.choice(24, n, p=np.r_[np.full(8, 0.01), np.full(12, 0.07), np.full(4, 0.02)])
    time_ns = MIDNIGHT_NS + rng.integers(0, days, n) * DAY_NS + hour * HOUR_NS
    time_ns = np.sort(time_ns + rng.integers(0, HOUR_NS, n))
    return wanted(time_ns, np.exp(rng.normal(3.0, 1.5, n)))


def by_day(one: Wanted) -> NDArray[np.int64]:
    return (one.time_ns - MIDNIGHT_NS) // DAY_NS


def cut(whole: Wanted, *bounds: int) -> list[Wanted]:
    edges = [0, *bounds, len(whole)]
    return [wanted(whole.time_ns[a:b], whole.saving_eur[a:b]) for a, b in itertools.pairwise(edges)]


def first_come(one: Wanted, per_day: int) -> NDArray[np.bool_]:
    """So many of each day, in the order of time."""
    taken = np.zeros(len(one), np.bool_)
    for day in np.unique(by_day(one)):
        taken[np.flatnonzero(by_day(one) == day)[:per_day]] = True
    return taken


@pytest.mark.parametrize("per_day", [1, 7, 40])
@pytest.mark.parametrize("seed", range(10))
def test_there_are_never_more_a_day_and_most_of_them_are_used(seed: int, per_day: int) -> None:
    asked = some(seed)
    Reviews(per_day).take(asked)
    used = np.bincount(by_day(asked), weights=asked.taken == 1)
    assert used.max() <= per_day
    assert used.sum() >= 0.9 * per_day * len(used)


def test_time_that_goes_back_gives_no_further_reviews() -> None:
    asked = some(1)
    asked.time_ns[1::2] -= 2 * DAY_NS
    Reviews(5).take(asked)
    as_counted = (np.maximum.accumulate(asked.time_ns) - MIDNIGHT_NS) // DAY_NS
    assert np.bincount(as_counted, weights=asked.taken == 1).max() <= 5


def test_any_number_is_the_default_and_has_no_price() -> None:
    asked = some(2)
    assert not Reviews().take(asked).any()
    assert asked.taken.all()


def test_enough_for_all_is_as_any_number() -> None:
    asked = some(3, a_day=20)
    assert not Reviews(per_day=100).take(asked).any()
    assert asked.taken.all()


def test_what_nobody_can_tell_the_worth_of_comes_first_while_there_is_any() -> None:
    asked = some(4)
    asked.saving_eur[::20] = np.inf
    Reviews(10).take(asked)
    refused = np.isinf(asked.saving_eur) & (asked.taken == 0)
    for day in np.unique(by_day(asked)[refused]):
        earlier = by_day(asked) == day
        earlier[np.flatnonzero(refused & earlier)[0] :] = False
        assert asked.taken[earlier].sum() == 10, "there were none left"


@pytest.mark.parametrize("seed", [21, 22])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_scarce_reviews_save_more_than_first_come_first_served(seed: int, share: float) -> None:
    """On simulated worlds, in expectation and in the frauds that were there. The figures are in
    docs/decisions/024-scarce-reviews.md."""
    world = World(seed, customers=1_500, merchants=200, days=21)
    payments, facts = world.payments(), world.facts()
    score_bps = RiskModel.load_shipped().score_bps(compute_features(facts))
    free = CostPolicy()
    rows = np.flatnonzero(free.decide(score_bps, facts["amount_eur"]) == REVIEW)
    score_bps, facts, fraud = score_bps[rows], facts[rows], payments["is_fraud"][rows]
    eur = facts["amount_eur"]
    alone = free.cost_eur(free.decide_alone(score_bps, eur), eur, fraud)
    really = alone - free.cost_eur(np.full(len(eur), REVIEW, np.uint8), eur, fraud)

    per_day = int(len(rows) / 21 * share)
    policy = CostPolicy(reviews_per_day=per_day)
    outcome = decide_in_order(policy, score_bps, eur, facts["time_ns"])
    asked = wanted(facts["time_ns"], free.saving_eur(score_bps, eur))
    first = first_come(asked, per_day)
    assert asked.saving_eur[outcome == REVIEW].sum() > 1.1 * asked.saving_eur[first].sum()
    assert really[outcome == REVIEW].sum() > really[first].sum()


def test_batches_do_not_matter() -> None:
    whole = some(5)
    prices = Reviews(9).take(whole)
    parts = cut(whole, 1, 2, 9, 10, 200, 333)
    reviews = Reviews(9)
    assert np.concatenate([reviews.take(part) for part in parts]).tolist() == prices.tolist()
    assert np.concatenate([part.taken for part in parts]).tolist() == whole.taken.tolist()


def test_a_memory_that_was_kept_or_learned_again_decides_the_same() -> None:
    before, after = cut(some(6), 300)
    lived = Reviews(9)
    lived.take(before)
    lived.stand(before)
    learned = Reviews(9)
    learned.learn(before)
    assert learned.to_bytes() == lived.to_bytes()
    kept = Reviews(9, lived.to_bytes())
    answers = []
    for each in (lived, learned, kept):
        again = wanted(after.time_ns, after.saving_eur)
        answers.append((each.take(again).tolist(), again.taken.tolist()))
    assert answers[0] == answers[1] == answers[2]


def test_what_never_was_takes_nobodys_time() -> None:
    first, lost, last = cut(some(7), 100, 150)
    reviews, other = Reviews(9), Reviews(9)
    for each in (first, lost):
        reviews.take(each)
    reviews.go_back([first])
    other.take(first)
    again = wanted(last.time_ns, last.saving_eur)
    assert reviews.take(last).tolist() == other.take(again).tolist()
    assert last.taken.tolist() == again.taken.tolist()


def test_how_many_were_used_is_told_of_this_day_alone() -> None:
    reviews = Reviews(1)
    reviews.take(wanted(np.array([NOON_NS, NOON_NS + 1]), np.array([5.0, 6.0])))
    assert (reviews.used(NOON_NS + HOUR_NS), reviews.are_used_up(NOON_NS + HOUR_NS)) == (1, True)
    assert (reviews.used(NOON_NS + DAY_NS), reviews.are_used_up(NOON_NS + DAY_NS)) == (0, False)


@pytest.mark.parametrize("spoilt", [b"x", bytes(100_000)])
def test_what_is_no_memory_of_reviews_is_refused(spoilt: bytes) -> None:
    with pytest.raises(ValueError, match="bytes of reviews"):
        Reviews(1, spoilt)


def test_prices_are_whole_euros() -> None:
    said = to_euros(np.array([0.0, 0.001, 12.345, np.inf, 1e12]))
    assert said.tolist() == [0, 1, 13, NO_PRICE, NO_PRICE - 1]
