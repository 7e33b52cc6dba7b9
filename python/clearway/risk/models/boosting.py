"""Boosted trees for payments of which one in a hundred or fewer is a fraud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import Features

if TYPE_CHECKING:
    import lightgbm

# LightGBM cuts a feature where equally many rows lie. Among all payments the last cut may lie below
# most of what tells a fraud, and the longer the history, the coarser it gets there. So cuts are
# found among the frauds and so many honest payments for each, and there are many of them.
_CUTS: Final = 2_047
_HONEST_PER_FRAUD: Final = 5
_HONEST_MIN: Final = 10_000
# One thread and a fixed order: LightGBM is reproducible to the bit only then. Boosting starts at
# even odds instead of the base rate, where gradients of so rare a class are all but flat.
_ALWAYS: Final = {
    "objective": "binary", "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": _CUTS,
    "boost_from_average": False, "verbose": -1, "num_threads": 1, "deterministic": True,
    "force_col_wise": True,
}  # fmt: skip
_FIRST: Final = {"num_leaves": 8, "learning_rate": 0.1, "lambda_l2": 5.0, "feature_fraction": 0.5}
_FIRST_TREES: Final = 60
_BY_LOOKS: Final = 0.75  # of those drawn; the others are drawn evenly


def boost(
    features: Features,
    is_fraud: NDArray[np.bool_],
    chance: NDArray[np.float64],
    *,
    parameters: Mapping[str, Any],
    trees: int,
    seed: int,
    weight: NDArray[np.float64] | None = None,
) -> lightgbm.Booster:
    """Of features float32[n, k], labels bool[n], the chance of each row to be learned from
    float64[n] (see chances), and what it counts float64[n] (1 each). A row that is learned from
    stands for all of its chance."""
    import lightgbm  # only learning needs it: a node starts without

    drawn = np.random.default_rng(seed).random(len(is_fraud))
    n_frauds = int(is_fraud.sum())
    n_for_cuts = max(_HONEST_MIN, _HONEST_PER_FRAUD * n_frauds)
    for_cuts = is_fraud | (drawn < n_for_cuts / max(len(is_fraud) - n_frauds, 1))
    kept = drawn < chance
    counts = 1.0 / chance if weight is None else weight / chance
    settings = parameters_of(parameters) | {"seed": seed}
    cuts = lightgbm.Dataset(features[for_cuts], is_fraud[for_cuts], params=settings)
    data = lightgbm.Dataset(
        features[kept], is_fraud[kept], weight=counts[kept], reference=cuts, params=settings
    )
    return lightgbm.train(settings, data, num_boost_round=trees)


def chances(
    features: Features, is_fraud: NDArray[np.bool_], *, honest_max: int, seed: int
) -> NDArray[np.float64]:
    """Of each of n rows to be learned from, in (0, 1]: 1 of a fraud, and of all where no more than
    about honest_max are honest. Else honest ones are drawn, the likelier the more they look like
    frauds to a first, small forest: at them the others have the most to learn."""
    n_honest = int((~is_fraud).sum())
    if n_honest <= honest_max:
        return np.ones(len(is_fraud))
    share = honest_max / n_honest
    first = boost(
        features, is_fraud, np.where(is_fraud, 1.0, 0.5 * share),
        parameters=_FIRST, trees=_FIRST_TREES, seed=seed,
    )  # fmt: skip
    looks = np.sqrt(np.asarray(first.predict(features, num_threads=1)))
    drawn = _BY_LOOKS * looks / looks[~is_fraud].mean() + (1.0 - _BY_LOOKS)
    return np.where(is_fraud, 1.0, np.minimum(1.0, share * drawn))


def parameters_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """LightGBM's, as `boost` will give them."""
    return {**_ALWAYS, **parameters}
