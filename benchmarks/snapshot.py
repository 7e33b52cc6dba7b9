"""How long blocks wait while a snapshot is written. Prints JSON.

    python -m benchmarks.snapshot [ACCOUNTS] [ROWS]

One thread books blocks of ROWS transfers between ACCOUNTS accounts, each on disk before the next,
for some seconds by itself and then while another thread writes a snapshot. What is told is how long
the blocks took from stage to acknowledgement, and by how much resident memory grew at most. The
snapshot must restore to the root of its height.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

import clearway_kernel as kernel
from benchmarks.startup import resident_bytes
from clearway.app.bench.chain import SECOND_NS, Chain

ACCOUNTS: Final = 1_000_000
ROWS: Final = 256
ALONE_S: Final = 5.0


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    with tempfile.TemporaryDirectory(prefix="clearway-snapshot-") as name:
        folder = Path(name)
        chain = Chain.create(folder, accounts)
        chain.append_empty(after_ns=3_601 * SECOND_NS)
        print(json.dumps(measure(folder, chain, rows)))


def measure(folder: Path, chain: Chain, rows: int) -> dict[str, object]:
    load = Load(chain, rows)
    stop_s = time.perf_counter() + ALONE_S
    alone_s = load.run(lambda: time.perf_counter() >= stop_s)
    before_bytes = resident_bytes()

    written: list[int] = []
    writing = threading.Thread(target=lambda: written.append(chain.book.snapshot()))
    started = time.perf_counter()
    writing.start()
    during_s = load.run(lambda: not writing.is_alive())
    seconds = time.perf_counter() - started
    writing.join()

    (height,) = written
    root = chain.book.block(height).header[160:192]
    behind = chain.book.height - height
    restored = kernel.Ledger.restore(str(folder), f"snapshot-{height:016}.cws")
    assert restored.state_root == root, "invariant: a snapshot restores to the root of its height"
    return {
        "bench": "snapshot",
        "alone_ms": milliseconds(alone_s),
        "during_ms": milliseconds(during_s),
        "snapshot_seconds": round(seconds, 3),
        "blocks_during": behind,
        "grown_bytes": max(0, load.resident_bytes_max - before_bytes),
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "accounts": chain.accounts,
            "transfers_per_block": rows,
            "durable": True,
            "snapshot_bytes": (folder / f"snapshot-{height:016}.cws").stat().st_size,
        },
    }


class Load:
    """Blocks one after another; they are sealed outside what is measured."""

    def __init__(self, chain: Chain, rows: int) -> None:
        self.chain = chain
        self.rows = rows
        self.random = np.random.default_rng(1)
        self.resident_bytes_max = 0
        self._ready = chain.transfers(self.random, zipf=0)

    def run(self, is_over: Callable[[], bool]) -> list[float]:
        """Seconds of each block, at least one."""
        seconds = []
        while True:
            if len(self._ready) < self.rows:
                self._ready = self.chain.transfers(self.random, zipf=0)
            heads, self._ready = self._ready[: self.rows], self._ready[self.rows :]
            envelope = self.chain.seal(heads)
            started = time.perf_counter()
            self.chain.append(envelope)
            seconds.append(time.perf_counter() - started)
            self.resident_bytes_max = max(self.resident_bytes_max, resident_bytes())
            if is_over():
                return seconds


def milliseconds(seconds: list[float]) -> dict[str, float]:
    told = {"p50": 50, "p99": 99, "max": 100}
    found = {name: round(float(np.percentile(seconds, at)) * 1e3, 2) for name, at in told.items()}
    return {"blocks": len(seconds), **found}


if __name__ == "__main__":
    main()
