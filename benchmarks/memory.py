"""Memory of a node that keeps many accounts. Prints one JSON object.

    python -m benchmarks.memory [ACCOUNTS]

One process opens the accounts through the whole journey and stops; a second one starts on the same
folder, as after a restart, and its resident memory is read while it is ready and idle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from clearway.app.bootstrap import build_node
from clearway.app.config import load_config
from clearway.payment.batch import BATCH_ROWS_MAX, Columns
from clearway.payment.records import HEAD, Kind, pack_account_units

ACCOUNTS: Final = 1_000_000
VALID_NS: Final = 5 * 10**9  # so that the window of remembered ids is short at the restart
READY_S_MAX: Final = 120
SETTLE_S: Final = 5


def main() -> None:
    if len(sys.argv) == 3:
        open_accounts(Path(sys.argv[2]), int(sys.argv[1]))
        return
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    with tempfile.TemporaryDirectory(prefix="clearway-memory-") as folder:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(accounts), folder], check=True
        )
        print(json.dumps(measure(Path(folder), accounts)))


def open_accounts(folder: Path, accounts: int) -> None:
    """Custodial accounts of one asset each, in full batches."""
    node = build_node(load_config(dev=True, data=folder))
    node.start()
    unit = pack_account_units(owner=bytes(32), assets=[1])
    for start in range(0, accounts, BATCH_ROWS_MAX):
        rows = min(BATCH_ROWS_MAX, accounts - start)
        heads = np.zeros(rows, HEAD)
        heads["version"], heads["kind"] = 1, Kind.OPEN_ACCOUNT
        numbers = np.arange(start + 1, start + rows + 1, dtype="<u8")
        heads["id"][:, :8] = numbers.view(np.uint8).reshape(rows, 8)
        heads["payer"][:, :8] = heads["id"][:, :8]
        heads["valid_until_ns"] = node.clock() + VALID_NS
        blank = np.zeros((rows, 64), np.uint8)
        columns = Columns(heads, blank[:, :32], blank, units=dict.fromkeys(range(rows), unit))
        codes = node.batcher.submit_columns(columns).result().answers.results["code"]
        assert not codes.any(), f"invariant: every account is opened, {np.unique(codes)}"
    node.projections.wait_for(node.book.height, READY_S_MAX)
    node.stop()


def measure(folder: Path, accounts: int) -> dict[str, object]:
    started = time.monotonic()
    up = [sys.executable, "-m", "clearway", "up", "--dev", "--port", "0"]
    node = subprocess.Popen([*up, "--data", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert node.stdout is not None
        while "listening" not in node.stdout.readline():
            assert node.poll() is None, "invariant: the node starts"
        ready_s = time.monotonic() - started
        time.sleep(SETTLE_S)
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{node.pid}/status").read_text().splitlines()
        )
    finally:
        node.terminate()
        node.wait()
    resident, peak = (int(status[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return {
        "bench": "memory",
        "resident_mib": round(resident / 1024),
        "peak_mib": round(peak / 1024),
        "start_s": round(ready_s, 1),
        "conditions": {"cores": os.cpu_count(), "accounts": accounts, "assets_each": 1},
    }


if __name__ == "__main__":
    main()
