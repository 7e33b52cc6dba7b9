"""Node, Go and Chromium, where they are installed: what is missing is skipped, and said."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

VERIFY = ROOT / "verify"
SECONDS_MAX = 600


def need(tool: str, *, major: int = 0, minor: int = 0) -> str:
    """The path of a tool, at least of this version. Skips the test otherwise."""
    path = shutil.which(tool) or (f"/usr/local/go/bin/{tool}" if tool == "go" else None)
    if path is None or not Path(path).exists():
        pytest.skip(f"{tool} is not installed")
    version = subprocess.run(
        [path, "version" if tool == "go" else "--version"], capture_output=True, text=True
    ).stdout
    found = re.search(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < (major, minor):
        pytest.skip(f"{tool} {major}.{minor} or newer is needed, {version.strip()!r} is installed")
    return path


def run(
    *command: str | Path, folder: Path = VERIFY, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )


@cache
def javascript() -> Path:
    """The folder of the verifier in JavaScript, its packages installed as its lock file says."""
    need("node", major=18)
    npm, folder = need("npm"), VERIFY / "js"
    lock, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        done = run(npm, "ci", "--ignore-scripts", folder=folder)
        assert done.returncode == 0, done.stderr
        installed.touch()
    return folder


@cache
def go_program(folder: Path) -> Path:
    """The verifier in Go, built into `folder`."""
    program = folder / "clearway-verify"
    go = need("go", major=1, minor=19)
    done = run(go, "build", "-o", program, "./cmd/clearway-verify", folder=VERIFY / "go")
    assert done.returncode == 0, done.stderr
    return program
