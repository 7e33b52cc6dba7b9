"""Isotonic calibration: it follows what no curve does, and is taken only where it surely helps."""

import numpy as np

from clearway.risk.models.calibration import fit_calibration
from clearway.risk.models.isotonic import choose, fit_isotonic
from clearway.risk.models.knots import parse_knots, read_knots
from clearway.risk.models.metrics import calibration_error

RNG = np.random.default_rng(6)
RAW = RNG.normal(-4.0, 2.0, 40_000)
SMOOTH = 1.0 / (1.0 + np.exp(-RAW))
STEPS = np.where(RAW < -5.0, 0.001, np.where(RAW < -1.0, 0.05, 0.4))  # as no curve has them


def test_it_follows_steps() -> None:
    fraud = RNG.random(len(RAW)) < STEPS
    knots = parse_knots(fit_isotonic(RAW, fraud))
    unseen = RNG.random(len(RAW)) < STEPS
    assert calibration_error(read_knots(knots, RAW) / 10_000, unseen) < 0.004


def test_it_is_chosen_for_steps_and_not_for_a_curve() -> None:
    for truth, expected in ((STEPS, True), (SMOOTH, False)):
        fraud = RNG.random(len(RAW)) < truth
        chosen, beta, isotonic = choose(
            RAW, fraud, usual=fit_calibration, other=fit_isotonic, seed=1
        )
        assert chosen is expected, (beta, isotonic)


def test_scores_that_mislead_get_one_share() -> None:
    raw = np.linspace(-5, 5, 4_000)
    fraud = np.random.default_rng(2).random(4_000) < 0.5 - raw / 20
    knots = parse_knots(fit_isotonic(raw, fraud))
    assert np.ptp(knots[:, 1]) < 500


def test_few_frauds_are_never_taken_for_certainty() -> None:
    raw = np.arange(200.0)
    knots = fit_isotonic(raw, raw >= 150)
    assert 0 < knots[0, 1] < knots[-1, 1] < 10_000


def test_scores_that_are_all_alike_are_calibrated() -> None:
    knots = fit_isotonic(np.zeros(500), np.arange(500) < 50)
    assert len(parse_knots(knots)) == 2
    assert abs(float(np.interp(0.0, knots[:, 0], knots[:, 1])) - 1_000) < 50


def test_without_two_kinds_of_truth_nothing_is_chosen() -> None:
    truth = np.zeros(100, np.bool_)
    chosen, *_ = choose(RAW[:100], truth, usual=fit_calibration, other=fit_isotonic, seed=1)
    assert not chosen
