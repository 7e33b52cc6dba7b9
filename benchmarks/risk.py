"""Risk: microseconds per payment, and how well on card payments. Prints one JSON object.

    python -m benchmarks.risk [SHARED_FOLDER]
    python -m benchmarks.risk --entities N      # processor time and memory among N accounts

Rates need nothing but the package: a simulated week, its accounts scattered over a memory of a
million. The quality figures need the shared folder.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import card_fraud
from clearway.risk import FACTS, FeatureState, RiskModel, Scorer
from clearway.risk.features import FEATURES
from clearway.risk.world import World

_ACCOUNTS: Final = 1_000_000
_BATCHES: Final = (1, 256, 4_096)
_BEGIN_NS: Final = 1_750_075_200_000_000_000


def main() -> None:
    if sys.argv[1:2] == ["--entities"]:
        print(json.dumps(_among(int(sys.argv[2]))))
        return
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    print(json.dumps(measure(shared)))


def measure(shared: Path | None = None) -> dict[str, Any]:
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
    figures: dict[str, Any] = {
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
            "import_s": _import_s(),
        },
        "peers": _peers(),
    }
    if shared is not None:
        figures["card_fraud"] = card_fraud.measure(shared)
    return figures


def _among(entities: int, payments: int = 400_000) -> dict[str, Any]:
    """Everybody has paid once; then payments between any two, half of them from some device."""
    rng = np.random.default_rng(1)
    facts = np.zeros(payments, dtype=FACTS)
    facts["payer"], facts["payee"] = rng.integers(0, entities, (2, payments))
    facts["amount_major"] = facts["amount_eur"] = np.round(np.exp(rng.normal(3.5, 2, payments)), 2)
    facts["time_ns"] = _BEGIN_NS + np.arange(payments) * 1_000_000
    facts["corridor"] = 7
    facts["device"] = rng.integers(0, 2, payments) * rng.integers(1, entities // 2 + 2, payments)
    first = np.zeros(entities // 2, dtype=FACTS)
    first["payer"] = np.arange(entities // 2)
    first["payee"] = first["payer"] + entities // 2
    first["amount_eur"], first["time_ns"] = 10.0, _BEGIN_NS - 10**11
    state, model = FeatureState(), RiskModel.load_shipped()
    for start in range(0, len(first), 65_536):
        state.advance(first[start : start + 65_536], height=1, index=start)
    took_s = {"features": 0.0, "score": 0.0}
    for start in range(0, payments, _BATCHES[-1]):
        begin = time.process_time()
        features = state.stage(facts[start : start + _BATCHES[-1]])
        state.commit(height=2, index=start)
        middle = time.process_time()
        model.score_bps(features)
        took_s["features"] += middle - begin
        took_s["score"] += time.process_time() - middle
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    cpu_us = {name: round(seconds / payments * 1e6, 3) for name, seconds in took_s.items()}
    return {
        "bench": "risk",
        "entities": entities,
        "cpu_us": cpu_us,
        "peak_mib": round(peak_mib),
        "conditions": {"batch": _BATCHES[-1], "threads": 1, "features": len(FEATURES)},
    }


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


def _import_s() -> dict[str, float]:
    """Seconds to import the room in a new process: from Numba's cache, and compiling anew."""
    code = (
        "import time, numba, numpy; t = time.perf_counter();"
        "import clearway.risk; print(time.perf_counter() - t)"
    )

    def run(**environment: str) -> float:
        out = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return round(float(out.stdout), 2)

    run()
    with tempfile.TemporaryDirectory() as folder:
        return {"cold": run(NUMBA_CACHE_DIR=folder), "cached": run(NUMBA_CACHE_DIR=folder)}


if __name__ == "__main__":
    main()
