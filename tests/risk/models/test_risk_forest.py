"""The compiled forest says what LightGBM says, to the bit."""

from typing import Any

import lightgbm
import numpy as np
import pytest

from clearway.risk.models.forest import Forest

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
    assert again.cover.tobytes() == FOREST.cover.tobytes()


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


@pytest.mark.parametrize(
    "tree",
    [
        [0, 0.5, [1.0, 3]],
        [0, 0.5, [1.0, 3], [1.0, 0]],  # a leaf that nothing came to
        [0, 0.5, [1.0, 3], [1.0, -4]],
        [0, 0.5, [float("nan"), 3], [1.0, 4]],
        [0, float("inf"), [1.0, 3], [1.0, 4]],
        [0, 0.5, [float("inf"), 3], [1.0, 4]],
        [0, 0.5, ["x", 3], [1.0, 4]],
        [300, 0.5, [1.0, 3], [1.0, 4]],
    ],
)
def test_what_is_no_tree_is_refused(tree: list[Any]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Forest.of_json([tree])
