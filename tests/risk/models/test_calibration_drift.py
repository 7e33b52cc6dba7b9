"""Frauds against what was said of them: a good model is left alone, one that is off is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.payment.records import DECLINE
from clearway.risk.memory.history import compute_features
from clearway.risk.models.calibration_drift import (
    DAY_NS,
    DELAY_DAYS,
    EXPECTED_MIN,
    WINDOW_DAYS,
    CalibrationDrift,
    ScoreTally,
    judge,
    window,
)
from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.worlds.world import World

MODEL, OTHER = b"m" * 32, b"o" * 32
TODAY = 20_000


def said_and_seen(
    seed: int, *, a_day: float, truth: float = 1.0, run: float = 1.0, days: int = 90
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sums and frauds of days on which a_day frauds or so are said. truth: frauds for each that was
    said; they come in runs of so many, on one day."""
    rng = np.random.default_rng(seed)
    expected = a_day * np.exp(rng.normal(0.0, 0.2, days))
    sums = np.stack([np.full(days, 5_000.0), expected, 0.97 * expected], axis=1)
    cases = rng.poisson(expected * truth / run)
    return sums, np.array([int(rng.geometric(1.0 / run, n).sum()) for n in cases])


def warns(sums: NDArray[np.float64], seen: NDArray[np.int64], last: int) -> bool:
    found = judge(sums[last - WINDOW_DAYS : last], seen[last - WINDOW_DAYS : last])
    return found is not None and found.alerts() != []


def looks(seeds: int, **world: float) -> NDArray[np.bool_]:
    """Whether each day's look warns, of many seeds."""
    found = []
    for seed in range(seeds):
        sums, seen = said_and_seen(seed, **world)  # type: ignore[arg-type]
        found += [warns(sums, seen, last) for last in range(WINDOW_DAYS, len(sums) + 1, 7)]
    return np.array(found)


@pytest.mark.parametrize("a_day", [2.0, 5.0, 30.0])
def test_a_good_model_is_left_alone(a_day: float) -> None:
    """Measured over 400 seeds: 1 look in 3,600 at two frauds a day, at five and thirty none."""
    assert looks(100, a_day=a_day).mean() <= 0.002
    assert looks(100, a_day=a_day, truth=1.1).mean() <= 0.002, "a tenth more costs nothing"


@pytest.mark.parametrize("a_day", [2.0, 5.0, 30.0])
def test_frauds_that_come_in_runs_are_no_alarm(a_day: float) -> None:
    """Runs of three: the days differ, and the interval knows it. Measured over 400 seeds: 18
    looks in 3,600 at two frauds a day, 1 at five, none at thirty."""
    assert looks(100, a_day=a_day, run=3.0).mean() <= 0.01


@pytest.mark.parametrize(
    ("truth", "a_day", "least"),
    [(0.5, 5.0, 0.7), (0.5, 30.0, 1.0), (2.0, 5.0, 0.95), (2.0, 30.0, 1.0)],
)
def test_scores_that_are_twice_too_high_or_too_low_warn(
    truth: float, a_day: float, least: float
) -> None:
    """least: share of single looks; a look follows every day."""
    assert looks(40, a_day=a_day, truth=truth).mean() >= least
    every = [said_and_seen(seed, a_day=a_day, truth=truth) for seed in range(40)]
    within = [any(warns(*one, last) for last in range(WINDOW_DAYS, 91)) for one in every]
    assert all(within), "two months of looks find each"


def test_the_worlds_own_model_is_calibrated_and_its_double_is_not() -> None:
    """What is declined follows from the scores, as in a node."""
    model, policy = RiskModel.load_shipped(), CostPolicy()
    world = World(9_011, customers=4_000, merchants=500, days=WINDOW_DAYS)
    facts, fraud = world.facts(), world.payments()["is_fraud"]
    score_bps = model.score_bps(compute_features(facts, world.reports(DELAY_DAYS * DAY_NS)))
    doubled = np.minimum(2 * score_bps.astype(np.uint32), 10_000).astype(np.uint16)
    assert not found_of(policy, score_bps, facts, fraud).alerts()
    assert found_of(policy, doubled, facts, fraud).alerts()


def found_of(
    policy: CostPolicy,
    score_bps: NDArray[np.uint16],
    facts: NDArray[np.void],
    fraud: NDArray[np.bool_],
) -> CalibrationDrift:
    went_on = policy.decide(score_bps, facts["amount_eur"]) != DECLINE
    day = facts["time_ns"] // DAY_NS
    tally = ScoreTally()
    tally.count(facts["time_ns"][went_on], score_bps[went_on], MODEL)
    days, counts = np.unique(day[went_on & fraud], return_counts=True)
    frauds = {(int(a), MODEL): int(n) for a, n in zip(days, counts, strict=True)}
    found = tally.look(MODEL, int(day[0]) + WINDOW_DAYS + DELAY_DAYS, frauds)
    assert found is not None
    return found


# --- the tally ----------------------------------------------------------------------------------


def tally_of(day: int, payments: int = 1_000, bps: int = 1_000, model: bytes = MODEL) -> ScoreTally:
    tally = ScoreTally()
    add(tally, day, payments, bps, model)
    return tally


def add(tally: ScoreTally, day: int, payments: int, bps: int = 1_000, model: bytes = MODEL) -> None:
    time_ns = np.full(payments, day * DAY_NS + 5)
    tally.count(time_ns, np.full(payments, bps, np.uint16), model)


def test_it_says_nothing_while_little_is_expected() -> None:
    day = window(TODAY)[-1]
    assert tally_of(day, payments=int(EXPECTED_MIN * 10) - 1).look(MODEL, TODAY, {}) is None
    found = tally_of(day, payments=int(EXPECTED_MIN * 10)).look(MODEL, TODAY, {})
    assert found is not None
    assert (found.payments, found.expected, found.frauds) == (500, pytest.approx(50.0), 0)
    [warning] = found.alerts()
    assert warning.startswith("the risk score is no longer calibrated: 0 frauds")


@pytest.mark.parametrize("day", [TODAY - DELAY_DAYS, TODAY - DELAY_DAYS - WINDOW_DAYS - 1])
def test_what_is_too_young_or_too_old_does_not_count(day: int) -> None:
    assert tally_of(day).look(MODEL, TODAY, {}) is None


def test_every_model_has_its_own() -> None:
    tally = tally_of(TODAY - 10)
    add(tally, TODAY - 10, 2_000, model=OTHER)
    frauds = {(TODAY - 10, MODEL): 100, (TODAY - 10, OTHER): 7}
    found = [tally.look(model, TODAY, frauds) for model in (MODEL, OTHER)]
    assert [(one.payments, one.frauds) for one in found if one] == [(1_000, 100), (2_000, 7)]
    assert tally.look(b"x" * 32, TODAY, frauds) is None


def test_batches_over_midnight_count_for_both_days() -> None:
    tally = ScoreTally()
    midnight_ns = (TODAY - 10) * DAY_NS
    tally.count(midnight_ns + np.array([-1, 0, 1]), np.full(3, 500, np.uint16), MODEL)
    alone = tally_of(TODAY - 11, 1, 500)
    add(alone, TODAY - 10, 2, 500)
    assert tally.to_bytes() == alone.to_bytes()


def test_it_is_kept_and_what_is_old_is_forgotten() -> None:
    tally = tally_of(TODAY - 60)
    add(tally, TODAY - 20, 1_000)
    again = ScoreTally(tally.to_bytes())
    assert again.to_bytes() == tally.to_bytes()
    assert again.look(MODEL, TODAY, {}) == tally.look(MODEL, TODAY, {})
    assert tally.look(MODEL, TODAY - 40, {}) is None, "sixty days ago is forgotten"
    with pytest.raises(ValueError, match="buffer"):
        ScoreTally(b"short")
