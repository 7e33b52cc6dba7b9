"""Drift: nothing is said of the same payments, and what moved is named."""

import json

import numpy as np
import pytest

from clearway.risk.models.drift import (
    PSI_ALERT,
    ROWS_MIN,
    Bins,
    DriftMonitor,
    OwnPast,
    calibration_z,
    make_reference,
)

NAMES = ("amount", "new", "age")


def rows(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    columns = (rng.normal(shift, 1.0, n), rng.random(n) < 0.2, np.full(n, -1.0))
    return np.stack(columns, axis=1).astype(np.float32)


def scores(n: int, seed: int, times: float = 1.0) -> np.ndarray:
    drawn = np.random.default_rng(seed).exponential(60.0 * times, n)
    return drawn.clip(0, 10_000).astype(np.uint16)


REFERENCE = json.loads(json.dumps(make_reference(NAMES, rows(50_000, 1), scores(50_000, 1))))


def monitored(features: np.ndarray, score_bps: np.ndarray) -> DriftMonitor:
    monitor = DriftMonitor(REFERENCE, NAMES)
    for start in range(0, len(features), 1_000):
        part = slice(start, start + 1_000)
        monitor.count(features[part], score_bps[part])
    return monitor


def alert(monitor: DriftMonitor) -> list[str]:
    return monitor.alert("its training data", PSI_ALERT)


def test_payments_like_those_of_the_training_do_not_drift() -> None:
    monitor = monitored(rows(20_000, 2), scores(20_000, 2))
    assert max(monitor.psi().values()) < 0.02
    assert alert(monitor) == []


def test_features_that_moved_are_counted_and_warn_only_where_the_score_moves_too() -> None:
    moved = rows(20_000, 2, shift=1.0)
    monitor = monitored(moved, scores(20_000, 2))
    psi = monitor.psi()
    assert next(iter(psi)) == "amount"
    assert psi["amount"] > PSI_ALERT > psi["score"]
    assert alert(monitor) == []
    [said] = alert(monitored(moved, scores(20_000, 2, times=4.0)))
    assert said.startswith("the risk score drifts from its training data (PSI ")
    assert "features: amount" in said


def test_too_few_payments_say_nothing() -> None:
    monitor = monitored(rows(ROWS_MIN - 1, 2, shift=5.0), scores(ROWS_MIN - 1, 2))
    assert monitor.psi() == {}
    assert alert(monitor) == []


def test_what_was_long_ago_does_not_hide_what_is_now() -> None:
    score_bps = np.concatenate([scores(200_000, 2), scores(45_000, 3, times=4.0)])
    assert alert(monitored(rows(len(score_bps), 2), score_bps))


def test_what_is_no_number_is_counted() -> None:
    features = rows(10_000, 2)
    features[:6_000, 0] = np.nan
    features[6_000:8_000, 0] = np.inf
    assert monitored(features, scores(10_000, 2)).psi()["amount"] > PSI_ALERT


def test_psi_is_what_the_formula_says() -> None:
    bins = Bins([1.0], [0.5, 0.5])
    assert bins.psi(np.array([80, 20])) == pytest.approx(
        0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5)
    )


def test_features_that_came_later_are_not_looked_at() -> None:
    features = np.concatenate([np.full((9_000, 1), 5.0, np.float32), rows(9_000, 2)], axis=1)
    monitor = DriftMonitor(REFERENCE, ("later", *NAMES))
    monitor.count(features, scores(9_000, 2))
    assert set(monitor.psi()) == {*NAMES, "score"}
    assert alert(monitor) == []


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {name: REFERENCE[name] for name in NAMES},
        {**REFERENCE, "amount": {}},
        {**REFERENCE, "amount": {"edges": [2, 1], "shares": [0.1, 0.2, 0.7]}},
        {**REFERENCE, "amount": {"edges": [1, 2], "shares": [0.5]}},
        {**REFERENCE, "amount": {"edges": "x", "shares": [0.5]}},
    ],
)
def test_what_is_no_reference_is_refused(reference: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        DriftMonitor(reference, NAMES)


DAY_NS = 86_400 * 10**9


def of_day(day: int, n: int = 1_000) -> tuple[np.ndarray, np.ndarray, int]:
    """Amounts that say the day."""
    return np.full((n, 1), day, np.float32), scores(n, day), day * DAY_NS


def test_a_nodes_own_past_is_a_sample_of_half_a_month() -> None:
    past = OwnPast(["amount"])
    made = {day: past.take(*of_day(day, 5_000)) for day in range(30, 47)}
    assert [day for day, reference in made.items() if reference is not None] == [45, 46]
    reference = made[45]
    assert reference is not None
    edges = reference["amount"]["edges"]
    assert (min(edges), max(edges)) == (31, 44)
    monitor = DriftMonitor(reference, ["amount"])
    for day in range(30, 45):
        monitor.count(*of_day(day)[:2])
    assert max(monitor.psi().values()) < 0.02, "each of these days is in it as much"


def test_too_few_payments_make_no_past_until_there_are_enough() -> None:
    past = OwnPast(["amount"])
    made = [past.take(*of_day(day, 100)) is not None for day in range(30, 90)]
    assert made.index(True) == ROWS_MIN // 100


def test_calibration_z_is_small_when_the_probabilities_are_right() -> None:
    rng = np.random.default_rng(4)
    p = rng.random(5_000) * 0.3
    right = rng.random(5_000) < p
    assert abs(calibration_z(p, right)) < 3
    assert calibration_z(p / 3, right) > 10
    assert calibration_z(np.minimum(3 * p, 0.99), right) < -10
    assert calibration_z(np.zeros(10), np.zeros(10, np.bool_)) == 0.0
