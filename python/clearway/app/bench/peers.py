"""Another ledger measured in the same run, by its own benchmark, where it is installed.

TigerBeetle: `tigerbeetle` on the PATH, or the file that `--peers` names. Its `benchmark` command
starts a replica on a file of its own and a client beside it, each with its share of the same cores.
Nothing of it is part of Clearway.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

ON_PATH: Final = "tigerbeetle"
TRANSFERS: Final = 2_000_000
SECONDS_MAX: Final = 300
_RATE = re.compile(r"^load accepted = (\d+) tx/s$", re.MULTILINE)
_LATENCY = re.compile(r"^batch latency p(\d+) += (\d+) ms$", re.MULTILINE)


class PeerError(Exception):
    """The peer did not run, or said something else than its rate."""


def measure_peers(binary: str, *, accounts: int) -> list[dict[str, Any]]:
    """One row for each peer that is installed: what it is, its rate, and what it was asked.
    binary: a name on the PATH, or a file.

    Raises PeerError, also when a file that is named is not there.
    """
    found = shutil.which(binary)
    if found is None and binary != ON_PATH:
        raise PeerError(f"{binary} cannot be measured: there is no such program")
    return [] if found is None else [_measure_tigerbeetle(found, accounts)]


def _measure_tigerbeetle(binary: str, accounts: int) -> dict[str, Any]:
    version = _run([binary, "version"], folder=None).strip()
    asked = [f"--account-count={accounts}", f"--transfer-count={TRANSFERS}"]
    with tempfile.TemporaryDirectory(prefix="clearway-peer-") as folder:
        file = f"--file={Path(folder) / 'benchmark.tigerbeetle'}"
        said = _run([binary, "benchmark", *asked, "--query-count=1", file], folder=folder)
    rate = _RATE.search(said)
    if rate is None:
        raise PeerError(f"{binary} names no rate: {said[-500:]!r}")
    return {
        "name": "tigerbeetle",
        "version": version,
        "rate_per_s": int(rate[1]),
        "latency_ms": {f"p{percent}": int(ms) for percent, ms in _LATENCY.findall(said)},
        "conditions": {
            "command": "tigerbeetle benchmark",
            "accounts": accounts,
            "transfers": TRANSFERS,
            "durable": True,
        },
    }


def _run(command: list[str], *, folder: str | None) -> str:
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_MAX,
        )
    except subprocess.CalledProcessError as error:
        raise PeerError(f"{command[0]} ended with {error.returncode}: {error.stdout}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"{command[0]} cannot be measured: {error}") from error
    return ran.stdout
