"""The online learner is river's, weight by weight; what it leaves behind is a file with a hash."""

import json
from typing import Any

import numpy as np
import pytest
from river import compose, linear_model, optim, preprocessing

from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES
from clearway.risk.models.logistic import RATE, LogisticModel, OnlineLogistic
from clearway.risk.models.metrics import auc_roc

RNG = np.random.default_rng(11)
K = len(FEATURES)
ROWS = RNG.normal(1.0, 3.0, size=(2_000, K)).astype(np.float32)
ROWS[:, 1] = 7.0  # never varies
TRUTH = ROWS[:, 0] - ROWS[:, 2] + RNG.normal(size=2_000) > 4
NAMES = [f"f{k}" for k in range(K)]


def taught(rows: np.ndarray = ROWS, truth: np.ndarray = TRUTH) -> OnlineLogistic:
    learner = OnlineLogistic()
    learner.learn(rows, truth)
    return learner


def test_it_is_rivers_logistic_regression_weight_by_weight() -> None:
    scaler = preprocessing.StandardScaler()
    regression = linear_model.LogisticRegression(optim.SGD(RATE), intercept_lr=RATE)
    peer = compose.Pipeline(scaler, regression)
    learner = OnlineLogistic()
    for start in range(0, len(ROWS), 500):
        part = slice(start, start + 500)
        for row, is_fraud in zip(ROWS[part].tolist(), TRUTH[part].tolist(), strict=True):
            peer.learn_one(dict(zip(NAMES, row, strict=True)), is_fraud)
        learner.learn(ROWS[part], TRUTH[part])
        expected = [regression.weights[name] for name in NAMES]
        np.testing.assert_allclose(learner.weights, expected, rtol=1e-9, atol=1e-12)
        assert learner.intercept[0] == pytest.approx(regression.intercept, rel=1e-9)
    model = LogisticModel.of_bytes(learner.snapshot(), source="test")
    raw = model.raw_scores(ROWS[:50])
    for row, said in zip(ROWS[:50].tolist(), raw.tolist(), strict=True):
        probability = peer.predict_proba_one(dict(zip(NAMES, row, strict=True)))[True]
        assert 1 / (1 + np.exp(-said)) == pytest.approx(probability, rel=1e-9)


def test_it_learns() -> None:
    model = LogisticModel.of_bytes(taught().snapshot(), source="test")
    assert auc_roc(model.raw_scores(ROWS), TRUTH) > 0.9


def test_the_same_rows_give_the_same_bytes_in_whatever_parts() -> None:
    parts = OnlineLogistic()
    for row, is_fraud in zip(ROWS, TRUTH, strict=True):
        parts.learn(row[None], np.array([is_fraud]))
    assert parts.snapshot() == taught().snapshot()


def test_what_is_no_number_teaches_nothing_of_its_feature() -> None:
    spoilt = ROWS.copy()
    spoilt[::3, 5] = np.nan
    spoilt[1::3, 5] = np.inf
    learner = taught(spoilt)
    assert np.isfinite(learner.weights).all()
    assert learner.mean[5] == pytest.approx(1.0, abs=1.0)


def test_amounts_that_are_absurd_do_not_run_away() -> None:
    absurd = ROWS.copy()
    absurd[100, 3] = 3e38
    assert np.isfinite(taught(absurd).weights).all()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other/1"},
        {"features": ["one"]},
        {"features": {FEATURES[0]: "0123456789abcdef"}},
        {"weights": [1.0]},
        {"weights": [float("nan")] * K},
        {"scale": [-1.0] * K},
        {"base": float("inf")},
        {"base": None},
        {"calibration": [[0, 1]]},
        {"mean": "x"},
    ],
)
def test_what_is_no_model_is_refused(change: dict[str, Any]) -> None:
    data = json.dumps(json.loads(taught().snapshot()) | change).encode()
    with pytest.raises(RiskFault) as caught:
        LogisticModel.of_bytes(data, source="test")
    assert caught.value.code == "risk.model_format"
