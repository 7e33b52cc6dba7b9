"""Risk: microseconds per payment, and how well on card payments. Prints one JSON object.

    python -m benchmarks.risk [SHARED_FOLDER]
    python -m benchmarks.risk --entities N      # processor time and memory among N accounts

Rates are those of `clearway bench risk`. The quality figures need the shared folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import card_fraud
from clearway.app.bench.risk import run
from clearway.risk import FACTS, FeatureState, RiskModel
from clearway.risk.features import FEATURES

_BATCH: Final = 4_096
_BEGIN_NS: Final = 1_750_075_200_000_000_000


def main() -> None:
    if sys.argv[1:2] == ["--entities"]:
        print(json.dumps(_among(int(sys.argv[2]))))
        return
    shared = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    figures = run(as_json=True) | {"import_s": _import_s()}
    if shared is not None:
        figures["card_fraud"] = card_fraud.measure(shared)
    print(json.dumps(figures))


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
    for start in range(0, payments, _BATCH):
        begin = time.process_time()
        features = state.stage(facts[start : start + _BATCH])
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
        "conditions": {"batch": _BATCH, "threads": 1, "features": len(FEATURES)},
    }


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
