"""A demonstration that is told to end leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SECONDS_MAX = 120.0


def _heed_interrupts() -> None:
    """As at a terminal: what a shell starts in the background inherits that they are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_its_folder_goes_with_it(tmp_path: Path, sign: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "clearway", "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=_heed_interrupts,
    )  # fmt: skip
    try:
        until = time.monotonic() + SECONDS_MAX
        while not list(tmp_path.glob("clearway-demo-*/keys.json")):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(sign)
        assert process.wait(SECONDS_MAX) == 130
    finally:
        process.kill()
        process.wait()
    assert list(tmp_path.glob("clearway-demo-*")) == []
