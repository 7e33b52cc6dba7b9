"""`clearway bench risk`: what scoring a payment costs, in batches and alone.

A simulated week, its accounts scattered over a memory of a million. Quality needs data that does
not ship; `python -m benchmarks.risk SHARED_FOLDER` measures it.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk import FeatureState, RiskModel, Scorer
from clearway.risk.features import FEATURES
from clearway.risk.worlds.world import World

_ACCOUNTS: Final = 1_000_000
_BATCHES: Final = (1, 256, 4_096)


def run(*, as_json: bool) -> dict[str, object]:
    """Scored payments per second on one core, in batches; alone, how long one takes."""
    facts = _scattered_week()
    model = RiskModel.load_shipped()
    phases: dict[str, float] = {}
    latencies: NDArray[np.float64] = np.zeros(0)
    for batch in _BATCHES:
        n = min(len(facts), 200 * batch + 4_096)
        features_us, score_us = _time_batches(model, facts, n, batch)
        phases[f"features_batch_{batch}"] = round(float(features_us.sum()) / n, 3)
        phases[f"score_batch_{batch}"] = round(float(score_us.sum()) / n, 3)
        if batch == 1:
            latencies = score_us / 1_000.0
    state = FeatureState(_ACCOUNTS)
    state.advance(facts, height=1, index=0)
    features = state.stage(facts[: _BATCHES[-1]])
    forest_us = _best_us(lambda: model.forest.raw_scores(features)) / len(features)
    explain_us = _best_us(lambda: model.contributions(features)) / len(features)
    p50, p99 = np.percentile(latencies, [50, 99])
    figures: dict[str, object] = {
        "bench": "risk",
        "rate_per_s": round(1e6 / phases[f"score_batch_{_BATCHES[-1]}"]),
        "latency_ms": {
            "p50": round(float(p50), 4),
            "p99": round(float(p99), 4),
            "max": round(float(latencies.max()), 4),
        },
        "phases_us": {
            **phases,
            "forest_alone_batch_4096": round(forest_us, 3),
            "reasons_per_stopped_payment": round(explain_us, 3),
        },
        "conditions": {
            "cores": os.cpu_count(),
            "threads": 1,
            "machine": platform.processor() or platform.machine(),
            "batch": _BATCHES[-1],
            "accounts": _ACCOUNTS,
            "payments": len(facts),
            "score_is": "features, forest, calibration, decision, reasons, commit",
        },
        "peers": _peers(),
    }
    if not as_json:
        for name, value in figures.items():
            print(f"{name:>12}  {value}")
    return figures


def _scattered_week() -> NDArray[np.void]:
    """A simulated week, its accounts thrown over a million rows: memory is cold as in service."""
    facts = World(seed=5, customers=20_000, merchants=1_500, days=7).facts()
    place = np.random.default_rng(5).permutation(_ACCOUNTS).astype(np.uint32)
    facts["payer"], facts["payee"] = place[facts["payer"]], place[facts["payee"]]
    return facts


def _time_batches(
    model: RiskModel, facts: NDArray[np.void], n: int, batch: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Microseconds of each batch: features with commit, and the whole score with commit. The
    memory has seen the week before, so that it is not the first touch that is measured."""
    state, scorer = FeatureState(_ACCOUNTS), Scorer(FeatureState(_ACCOUNTS), model)
    state.advance(facts, height=1, index=0)
    scorer.state.advance(facts, height=1, index=0)
    again = facts[:n].copy()
    again["time_ns"] += 7 * 86_400 * 10**9
    took = np.zeros((2, (n + batch - 1) // batch))
    for k, start in enumerate(range(0, n, batch)):
        rows = again[start : start + batch]
        begin = time.perf_counter_ns()
        state.stage(rows)
        state.commit(height=2, index=start)
        middle = time.perf_counter_ns()
        scorer.score(rows)
        scorer.commit(height=2, index=start)
        took[:, k] = middle - begin, time.perf_counter_ns() - middle
    return took[0] / 1_000.0, took[1] / 1_000.0


def _best_us(act: Callable[[], object], times: int = 15) -> float:
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter_ns()
        act()
        best = min(best, (time.perf_counter_ns() - begin) / 1_000.0)
    return best


def _peers() -> list[dict[str, Any]]:
    """LightGBM's own predictor, one thread, on a forest of the same size."""
    import lightgbm

    rng = np.random.default_rng(1)
    x = rng.normal(size=(4_096, len(FEATURES))).astype(np.float32)
    y = x[:, 0] * x[:, 1] + x[:, 2] + rng.normal(size=len(x)) > 1
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 31, "max_depth": 6, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(x, y),
        150,
    )
    each_us = _best_us(lambda: booster.predict(x, num_threads=1)) / len(x)
    return [{"name": "LightGBM predict, forest alone", "rate_per_s": round(1e6 / each_us)}]
