"""Memory of a node that keeps many accounts. Prints one JSON object.

    python -m benchmarks.memory [ACCOUNTS]

One process opens the accounts through the whole journey and stops. Others start on the same folder,
as after a restart, and their resident memory is read while they are ready and idle: while the id of
each opening is still remembered, and once none is. The opener's clock is an hour behind, so that
nobody has to wait for that.
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

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import load_config
from clearway.payment.batch import BATCH_ROWS_MAX, Columns
from clearway.payment.records import HEAD, Kind, pack_account_units

ACCOUNTS: Final = 1_000_000
VALID_NS: Final = 60 * 10**9
BEHIND_NS: Final = 3_600 * 10**9
READY_S_MAX: Final = 120
SETTLE_S: Final = 5


def main() -> None:
    if len(sys.argv) == 4:
        part, folder = PARTS[sys.argv[2]], Path(sys.argv[3])
        part(folder, int(sys.argv[1]))
        return
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS
    with tempfile.TemporaryDirectory(prefix="clearway-memory-") as made:
        folder = Path(made)
        _play("open", folder, accounts)
        remembered = measure(folder)
        _play("forget", folder, accounts)
        forgotten = measure(folder)
    conditions = {"cores": os.cpu_count(), "accounts": accounts, "assets_each": 1}
    found = {"ids_remembered": remembered, "ids_forgotten": forgotten, "conditions": conditions}
    print(json.dumps({"bench": "memory", **found}))


def _play(part: str, folder: Path, accounts: int) -> None:
    command = [sys.executable, "-m", "benchmarks.memory", str(accounts), part, str(folder)]
    subprocess.run(command, check=True)


def open_accounts(folder: Path, accounts: int) -> None:
    """Custodial accounts of one asset each, in full batches."""
    config = load_config(dev=True, data=folder)
    node = build_node(config, clock=lambda: time.time_ns() - BEHIND_NS)
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
    _stop(node)


def forget_ids(folder: Path, accounts: int) -> None:
    """Ids go with the first block after their time."""
    node = build_node(load_config(dev=True, data=folder))
    node.start()
    assert node.book.accounts_count > accounts, "invariant: the accounts are there"
    node.ordering.pass_time()
    node.projections.notify(node.book.height)
    _stop(node)


def _stop(node: Node) -> None:
    caught_up = node.projections.wait_for(node.book.height, READY_S_MAX)
    assert caught_up, "invariant: the projections follow"
    node.stop()


PARTS: Final = {"open": open_accounts, "forget": forget_ids}


def measure(folder: Path) -> dict[str, object]:
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
        "resident_mib": round(resident / 1024),
        "peak_mib": round(peak / 1024),
        "start_s": round(ready_s, 1),
    }


if __name__ == "__main__":
    main()
