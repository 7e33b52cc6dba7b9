"""The compiled forest says what LightGBM says, to the bit."""

from typing import Any

import lightgbm
import numpy as np
import pytest

from clearway.risk.forest import Forest

RNG = np.random.default_rng(7)
X = RNG.normal(size=(3_000, 12)).astype(np.float32)
X[:, 3] = np.round(X[:, 3])  # ties, on thresholds too
Y = (X[:, 0] * X[:, 1] + X[:, 3] + RNG.normal(size=3_000)) > 1


def train(**parameters: Any) -> lightgbm.Booster:
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "max_depth": 5}
    return lightgbm.train({**settings, **parameters}, lightgbm.Dataset(X, Y), 30)


BOOSTER = train()
FOREST = Forest.of_lightgbm(BOOSTER.dump_model())


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 3_000])
def test_raw_scores_are_lightgbms_to_the_bit(rows: int) -> None:
    expected = BOOSTER.predict(X[:rows], raw_score=True, num_threads=1)
    assert FOREST.raw_scores(X[:rows]).tobytes() == np.asarray(expected).tobytes()


def test_no_rows_have_no_scores() -> None:
    assert FOREST.raw_scores(X[:0]).shape == (0,)


def test_a_forest_survives_its_own_json() -> None:
    again = Forest.of_json(FOREST.to_json())
    assert again.raw_scores(X).tobytes() == FOREST.raw_scores(X).tobytes()
    assert again.contributions(X).tobytes() == FOREST.contributions(X).tobytes()


def test_contributions_sum_to_the_score_less_what_is_expected_of_anybody() -> None:
    expected = FOREST.value[:, 1].sum()
    total = FOREST.contributions(X).sum(axis=1)
    np.testing.assert_allclose(total + expected, FOREST.raw_scores(X), atol=1e-9)


def test_on_high_scores_contributions_and_treeshap_name_the_same_features() -> None:
    high = X[np.argsort(-FOREST.raw_scores(X))[:300]]
    shap = np.asarray(BOOSTER.predict(high, pred_contrib=True, num_threads=1))[:, :-1]
    first = FOREST.contributions(high).argmax(axis=1)
    top_three = np.argsort(-shap, axis=1)[:, :3]
    assert (top_three == first[:, None]).any(axis=1).mean() > 0.9


def test_what_the_walk_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        Forest.of_lightgbm(train(max_depth=12, num_leaves=400, min_data_in_leaf=2).dump_model())
    with pytest.raises(ValueError, match="Zero"):
        Forest.of_lightgbm(train(zero_as_missing=True).dump_model())
    categorical = lightgbm.Dataset(X, Y, categorical_feature=[3])
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "max_depth": 3}, categorical, 5)
    with pytest.raises(ValueError, match="split"):
        Forest.of_lightgbm(booster.dump_model())
    with pytest.raises(ValueError, match="trees"):
        Forest.of_json([])
