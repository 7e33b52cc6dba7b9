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
ACCOUNTS_PER_S_MIN: Final = 10_000  # that it opens; among millions it needs its time
_RATE = re.compile(r"^load accepted = (\d+) tx/s$", re.MULTILINE)
_LATENCY = re.compile(r"^batch latency p(\d+) += (\d+) ms$", re.MULTILINE)


class PeerError(ValueError):
    """The peer is not there, did not run, or said something else than its rate."""


def find_peers(binary: str) -> list[str]:
    """The programs that are installed. binary: a name on the PATH, or a file.

    Raises PeerError when a file that is named is not there.
    """
    found = shutil.which(binary)
    if found is None and binary != ON_PATH:
        raise PeerError(f"{binary} cannot be measured: there is no such program")
    return [] if found is None else [found]


def measure_peer(binary: str, *, accounts: int) -> dict[str, Any]:
    """What the peer is, its rate, and what it was asked; or instead of a rate its `error`, for what
    was measured before it still holds."""
    row = {"name": ON_PATH, "conditions": _conditions(accounts)}
    try:
        return row | _measure_tigerbeetle(binary, accounts)
    except PeerError as error:
        return row | {"error": str(error)}


def _conditions(accounts: int) -> dict[str, Any]:
    return {
        "command": "tigerbeetle benchmark",
        "accounts": accounts,
        "transfers": TRANSFERS,
        "durable": True,
    }


def _measure_tigerbeetle(binary: str, accounts: int) -> dict[str, Any]:
    version = _run([binary, "version"], folder=None).strip()
    asked = [f"--account-count={accounts}", f"--transfer-count={TRANSFERS}"]
    with tempfile.TemporaryDirectory(prefix="clearway-peer-") as folder:
        file = f"--file={Path(folder) / 'benchmark.tigerbeetle'}"
        seconds_max = SECONDS_MAX + accounts // ACCOUNTS_PER_S_MIN
        command = [binary, "benchmark", *asked, "--query-count=1", file]
        said = _run(command, folder=folder, seconds_max=seconds_max)
    rate = _RATE.search(said)
    if rate is None:
        raise PeerError(f"{binary} names no rate: {said[-500:]!r}")
    return {
        "version": version,
        "rate_per_s": int(rate[1]),
        "latency_ms": {f"p{percent}": int(ms) for percent, ms in _LATENCY.findall(said)},
    }


def _run(command: list[str], *, folder: str | None, seconds_max: int = SECONDS_MAX) -> str:
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds_max,
        )
    except subprocess.CalledProcessError as error:
        raise PeerError(f"{command[0]} ended with {error.returncode}: {error.stdout}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"{command[0]} cannot be measured: {error}") from error
    return ran.stdout
