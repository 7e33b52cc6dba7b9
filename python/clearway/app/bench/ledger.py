"""`clearway bench ledger`: unsigned transfers in full blocks, durable, with hash chain and roots.

One envelope of 8,190 transfers is one block, staged, signed and committed with its own fsync. The
heads are packed before the clock starts; sealing the envelope (the institution's signature and the
hash over its entries) is inside.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from clearway.app.bench.chain import (
    BLOCK_NS,
    SEQUENCER_SEED,
    Chain,
    check_settled,
)
from clearway.ledger.book import sign_finality
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.records import Heads

ACCOUNTS = 10_000
BLOCKS = 120
WARM_UP_BLOCKS = 10


def run(
    *, as_json: bool, accounts: int = ACCOUNTS, zipf: float = 0.0, two_phase: bool = False
) -> dict[str, Any]:
    """rate_per_s: transfers over the whole of seal, stage, sign and commit. zipf: the exponent of
    the accounts' popularity, 0 for none; two_phase: every second block captures the one before."""
    with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
        chain = Chain.create(Path(folder), accounts)
        try:
            blocks = _blocks(chain, zipf=zipf, two_phase=two_phase)
            found = _measure(chain, blocks)
        finally:
            chain.book.close()
    found["conditions"] |= {"zipf": zipf, "two_phase": two_phase}
    if not as_json:
        print(f"ledger: {found['rate_per_s']:,} transfers per second")
        for phase, micros in found["phases_us"].items():
            print(f"  {phase:<12} {micros:8.3f} us per transfer")
    return found


def _blocks(chain: Chain, *, zipf: float, two_phase: bool) -> list[Heads]:
    random = np.random.default_rng(1)
    blocks: list[Heads] = []
    while len(blocks) < WARM_UP_BLOCKS + BLOCKS:
        blocks.append(chain.transfers(random, zipf=zipf, pending=two_phase))
        if two_phase:
            blocks.append(chain.posts(blocks[-1]))
    return blocks


def _measure(chain: Chain, blocks: list[Heads]) -> dict[str, Any]:
    book = chain.book
    spent = dict.fromkeys(("seal", "stage", "finality", "commit"), 0)
    latencies: list[float] = []
    parts = {"signatures": 0, "apply": 0, "roots": 0}
    began_cpu_s = time.process_time()
    for number, heads in enumerate(blocks):
        if number == WARM_UP_BLOCKS:
            spent = dict.fromkeys(spent, 0)
            parts = dict.fromkeys(parts, 0)
            latencies.clear()
            began_cpu_s = time.process_time()
        marks = [time.perf_counter_ns()]
        envelope = chain.seal(heads)
        marks.append(time.perf_counter_ns())
        block = book.stage(time_ns=book.time_ns + BLOCK_NS, envelopes=[envelope])
        marks.append(time.perf_counter_ns())
        finality = sign_finality(SEQUENCER_SEED, block.hash)
        marks.append(time.perf_counter_ns())
        book.commit(finality)
        marks.append(time.perf_counter_ns())
        for phase, start, stop in zip(spent, marks[:-1], marks[1:], strict=True):
            spent[phase] += stop - start
        latencies.append((marks[-1] - marks[0]) / 1e6)
        parts["signatures"] += block.signatures_ns
        parts["apply"] += block.apply_ns
        parts["roots"] += block.roots_ns
        check_settled(block)
    cpu_s = time.process_time() - began_cpu_s
    transfers = BLOCKS * BATCH_ROWS_MAX
    phases = {name: ns / 1e3 / transfers for name, ns in spent.items()}
    phases |= {f"stage.{name}": ns / 1e3 / transfers for name, ns in parts.items()}
    p50, p99, most = np.percentile(latencies, (50, 99, 100))
    return {
        "bench": "ledger",
        "rate_per_s": round(transfers * 1e9 / sum(spent.values())),
        "latency_ms": {
            "p50": round(float(p50), 2),
            "p99": round(float(p99), 2),
            "max": round(float(most), 2),
        },
        "phases_us": {name: round(micros, 4) for name, micros in phases.items()},
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "durable": True,
            "batch": BATCH_ROWS_MAX,
            "accounts": chain.accounts,
            "projections": False,
            "presigned": False,
            "signed_payments": False,
            "roots": True,
            "transfers": transfers,
            "cpu_us_per_transfer": round(cpu_s * 1e6 / transfers, 3),  # all threads together
        },
        "peers": [],
    }
