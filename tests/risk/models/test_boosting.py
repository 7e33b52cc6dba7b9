"""Forests of rare frauds: where their cuts lie, and which honest payments they are shown."""

import numpy as np
import pytest
from numpy.typing import NDArray

from clearway.risk.models.boosting import boost, chances

N = 200_000
LEVEL = 10.0  # what is above it is a fraud; a hair below it, honest payments are as many
FIRST = {"num_leaves": 4, "learning_rate": 0.2}


@pytest.fixture(scope="module")
def rows() -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """One in a thousand is above the level and a fraud; as many are honest and just below it."""
    rng = np.random.default_rng(3)
    amount = rng.normal(0.0, 1.0, N)
    amount[:200] = LEVEL + rng.exponential(0.5, 200)
    amount[200:400] = LEVEL - rng.exponential(0.5, 200)
    features = np.stack([amount, rng.normal(0.0, 1.0, N)], axis=1).astype(np.float32)
    return features, features[:, 0] > LEVEL


def test_a_long_history_blurs_no_level(
    rows: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    features, is_fraud = rows
    booster = boost(features, is_fraud, np.ones(N), parameters=FIRST, trees=40, seed=1)
    score = np.asarray(booster.predict(features))
    assert score[is_fraud].min() > score[~is_fraud].max()


def test_all_are_shown_where_they_are_few(
    rows: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    assert chances(*rows, honest_max=N, seed=1).tolist() == [1.0] * N


def test_honest_ones_that_look_like_frauds_are_shown_first(
    rows: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    features, is_large = rows
    is_fraud = is_large & (np.arange(N) % 2 == 0)
    chance = chances(features, is_fraud, honest_max=20_000, seed=1)
    assert (chance[is_fraud] == 1.0).all()
    assert 0.0 < chance.min() <= chance.max() <= 1.0
    assert 10_000 < chance[~is_fraud].sum() < 20_001
    assert chance[is_large & ~is_fraud].mean() > 3 * chance[~is_large].mean()


def test_who_is_drawn_stands_for_the_others(
    rows: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    """The mean of the probabilities stays that of the frauds."""
    features, is_fraud = rows
    blurred = is_fraud ^ (np.random.default_rng(4).random(N) < 0.01)
    chance = chances(features, blurred, honest_max=20_000, seed=1)
    booster = boost(features, blurred, chance, parameters=FIRST, trees=60, seed=1)
    said = float(np.asarray(booster.predict(features)).mean())
    assert said == pytest.approx(blurred.mean(), rel=0.1)
