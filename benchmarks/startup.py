"""How a ledger starts: from a snapshot of many accounts, and from its log alone. Prints JSON.

    python -m benchmarks.startup [ACCOUNTS] [BLOCKS]

One process opens ACCOUNTS accounts of one asset each, books BLOCKS blocks of 8,190 transfers
between them and writes a snapshot. A second one opens the folder with the snapshot, a third without
it. Each is asked how long it took and by how much its resident memory grew. Files are in the page
cache, as after a restart of the process, not of the machine.
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
from typing import Final

import numpy as np

import clearway_kernel as kernel
from clearway.app.bench.chain import SECOND_NS, Chain
from clearway.payment.batch import BATCH_ROWS_MAX

ACCOUNTS: Final = 1_000_000
BLOCKS: Final = 120
HOUR_NS: Final = 3_601 * SECOND_NS


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "open":
        print(json.dumps(open_again(Path(sys.argv[2]))))
        return
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    blocks = int(sys.argv[2]) if len(sys.argv) > 2 else BLOCKS
    with tempfile.TemporaryDirectory(prefix="clearway-startup-") as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-c", f"{_MAKE}({name!r}, {accounts}, {blocks})"], check=True
        )
        snapshot = opened(folder)
        for file in folder.glob("snapshot-*"):
            file.unlink()
        log = opened(folder)
        log_bytes = sum(file.stat().st_size for file in folder.glob("*.log"))
    transfers = blocks * BATCH_ROWS_MAX
    print(
        json.dumps(
            {
                "bench": "startup",
                "from_snapshot": snapshot,
                "from_log": log,
                # An account is opened and funded.
                "entries_per_s": round((2 * accounts + transfers) / log["seconds"]),
                "bytes_per_account": round(snapshot["grown_bytes"] / accounts, 1),
                "conditions": {
                    "cores": len(os.sched_getaffinity(0)),
                    "accounts": accounts,
                    "transfers": transfers,
                    "log_bytes": log_bytes,
                    "page_cache": "warm",
                },
            }
        )
    )


_MAKE: Final = "from benchmarks.startup import make; make"


def make(name: str, accounts: int, blocks: int) -> None:
    """The chain to be opened. A block's ids are forgotten by the next, so that memory and snapshot
    are of the accounts."""
    chain = Chain.create(Path(name), accounts)
    try:
        random = np.random.default_rng(1)
        for _ in range(blocks):
            chain.append(chain.seal(chain.transfers(random, zipf=0)))
        # The ids of what was booked would be counted as memory of the accounts.
        chain.append_empty(after_ns=HOUR_NS)
        chain.book.snapshot()
    finally:
        chain.book.close()


def open_again(folder: Path) -> dict[str, float]:
    before = resident_bytes()
    started = time.perf_counter()
    ledger = kernel.Ledger.open(str(folder))
    seconds = time.perf_counter() - started
    grown = resident_bytes() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    ledger.close()
    return {"seconds": round(seconds, 3), "grown_bytes": grown, "peak_bytes": peak}


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def opened(folder: Path) -> dict[str, float]:
    """What a fresh process says."""
    command = [sys.executable, "-m", "benchmarks.startup", "open", str(folder)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told: dict[str, float] = json.loads(found)
    return told


if __name__ == "__main__":
    main()
