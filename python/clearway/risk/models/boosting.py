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


def boost(
    features: Features,
    is_fraud: NDArray[np.bool_],
    *,
    parameters: Mapping[str, Any],
    trees: int,
    honest_max: int,
    seed: int,
    weight: NDArray[np.float64] | None = None,
) -> lightgbm.Booster:
    """Of features float32[n, k], labels bool[n] and what each row counts float64[n] (1 each).

    Where there are more honest payments than honest_max, some are drawn and stand for all.
    """
    import lightgbm  # only learning needs it: a node starts without

    n_frauds = int(is_fraud.sum())
    n_honest = max(len(is_fraud) - n_frauds, 1)
    drawn = np.random.default_rng(seed).random(len(is_fraud))
    for_cuts = is_fraud | (drawn < max(_HONEST_MIN, _HONEST_PER_FRAUD * n_frauds) / n_honest)
    share = min(1.0, honest_max / n_honest)
    kept = is_fraud | (drawn < share)
    counts = np.where(is_fraud, 1.0, 1.0 / share) * (1.0 if weight is None else weight)
    settings = parameters_of(parameters) | {"seed": seed}
    cuts = lightgbm.Dataset(features[for_cuts], is_fraud[for_cuts], params=settings)
    data = lightgbm.Dataset(
        features[kept], is_fraud[kept], weight=counts[kept], reference=cuts, params=settings
    )
    return lightgbm.train(settings, data, num_boost_round=trees)


def parameters_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """LightGBM's, as `boost` will give them."""
    return {**_ALWAYS, **parameters}
