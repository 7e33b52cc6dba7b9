"""`clearway bench screening`: how fast new names and known parties are screened.

Quality needs labelled names that do not ship; `python -m benchmarks.screening` measures it.
"""

from __future__ import annotations

import os
import time

import numpy as np

from clearway.risk.worlds.world import World
from clearway.screening import Party, PartyScreen, Screener, Watchlist

NAMES = 2_000
ACCOUNTS = 1_000_000
CHECK_ROWS = 4_096
CHECK_ROUNDS = 500


def run(*, as_json: bool) -> dict[str, object]:
    """Searches per second on one core, names new to the screener, and cached checks per second."""
    started = time.perf_counter()
    screener = Screener(Watchlist.shipped())
    screener.search("Alice Example")
    load_s = time.perf_counter() - started
    took_ns, hits = _search(screener)
    figures: dict[str, object] = {
        "bench": "screening",
        "rate_per_s": round(len(took_ns) / (took_ns.sum() / 1e9)),
        "latency_ms": {
            "p50": round(float(np.percentile(took_ns, 50)) / 1e6, 3),
            "p99": round(float(np.percentile(took_ns, 99)) / 1e6, 3),
            "max": round(float(took_ns.max()) / 1e6, 3),
        },
        "phases_us": {"cached_check": round(_check_cached(screener) * 1e6, 4)},
        "conditions": {
            "cores": os.cpu_count(),
            "threads": 1,
            "names": len(took_ns),
            "hits": hits,
            "accounts": ACCOUNTS,
            "load_s": round(load_s, 2),
        },
        "peers": [],
    }
    if not as_json:
        for name, value in figures.items():
            print(f"{name:>12}  {value}")
    return figures


def _search(screener: Screener) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """ns per search, and how many were hits. Every name is searched once: nothing is cached."""
    names = list(dict.fromkeys(World(seed=7, customers=4_000, merchants=200, days=1).names()))
    took, hits = [], 0
    for name in names[:NAMES]:
        started = time.perf_counter_ns()
        hits += screener.hit(Party(name)) is not None
        took.append(time.perf_counter_ns() - started)
    return np.array(took, np.int64), hits


def _check_cached(screener: Screener) -> float:
    """Seconds per party whose verdict is known under the active list."""
    parties = PartyScreen(screener, lambda numbers: [None] * len(numbers), accounts=ACCOUNTS)
    numbers = np.random.default_rng(1).integers(0, ACCOUNTS, CHECK_ROWS).astype(np.uint32)
    parties.check(numbers)
    started = time.perf_counter()
    for _ in range(CHECK_ROUNDS):
        parties.check(numbers)
    return (time.perf_counter() - started) / (CHECK_ROUNDS * CHECK_ROWS)
