"""The anomaly score: what is alone is found without labels, reproducibly, by our own walk."""

import numpy as np
import pytest

from clearway.risk.models.isolation import CAP_BPS, assume_calibration, fit_isolation
from clearway.risk.models.knots import parse_knots, read_knots
from clearway.risk.models.metrics import auc_roc
from clearway.risk.models.shap import Shap

RNG = np.random.default_rng(3)
CROWD = RNG.normal(size=(5_000, 6)).astype(np.float32)
ALONE = (RNG.choice([-1, 1], (50, 6)) * RNG.uniform(4, 8, (50, 6))).astype(np.float32)
ROWS = np.concatenate([CROWD, ALONE])
IS_ALONE = np.arange(len(ROWS)) >= len(CROWD)


def test_what_is_alone_scores_above_the_crowd() -> None:
    assert auc_roc(fit_isolation(ROWS, seed=1).raw_scores(ROWS), IS_ALONE) > 0.99


def test_one_strange_value_is_what_speaks_for_it() -> None:
    row = np.zeros((1, 6), dtype=np.float32)
    row[0, 4] = 9.0
    shap = Shap.of(fit_isolation(ROWS, seed=1))
    assert int(shap.contributions(row)[0].argmax()) == 4


def test_scores_are_path_lengths_as_the_paper_has_them() -> None:
    """2**raw is the paper's score: about a half for a row that is as deep as any in a random tree,
    well above it for one that is alone."""
    score = 2.0 ** fit_isolation(ROWS, seed=1).raw_scores(ROWS)
    assert 0.38 < np.median(score) < 0.5
    assert np.median(score[IS_ALONE]) > 0.6


def test_the_same_rows_and_seed_give_the_same_trees() -> None:
    one, two = (fit_isolation(ROWS, seed=7).to_json() for _ in range(2))
    assert one == two
    assert fit_isolation(ROWS, seed=8).to_json() != one


def test_rows_that_are_no_numbers_are_left_out() -> None:
    spoilt = np.concatenate([ROWS, np.full((3, 6), np.nan, np.float32)])
    assert np.isfinite(fit_isolation(spoilt, seed=1).raw_scores(spoilt)).all()
    with pytest.raises(ValueError, match="finite"):
        fit_isolation(np.full((9, 6), np.inf, np.float32), seed=1)


def test_rows_that_are_all_alike_make_leaves() -> None:
    alike = np.ones((400, 6), dtype=np.float32)
    raw = fit_isolation(alike, seed=1).raw_scores(alike)
    assert len(set(raw.tolist())) == 1


@pytest.mark.parametrize("prior_bps", [1, 50, 1_000])
def test_the_assumed_share_is_what_it_says_on_the_mean(prior_bps: int) -> None:
    raw = fit_isolation(ROWS, seed=1).raw_scores(ROWS)
    knots = parse_knots(assume_calibration(raw, prior_bps=prior_bps))
    said = read_knots(knots, raw).astype(float)
    assert said.mean() == pytest.approx(prior_bps, rel=0.25, abs=1.0)
    assert said.max() <= CAP_BPS


def test_an_assumed_share_has_its_bounds() -> None:
    for prior_bps in (0, 1_001):
        with pytest.raises(ValueError):
            assume_calibration(np.zeros(5), prior_bps=prior_bps)


def test_scores_that_are_all_alike_are_calibrated_to_the_assumed_share() -> None:
    knots = parse_knots(assume_calibration(np.full(500, -0.4), prior_bps=50))
    assert read_knots(knots, np.array([-0.4])).tolist() == [50]
