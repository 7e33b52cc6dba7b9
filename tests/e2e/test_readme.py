"""The README's walk-through runs as it stands there, against a real node."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.served import CLEARWAY, Served

BLOCK = re.compile(r"<!-- walk-through -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.mark.slow
def test_the_walk_through_of_the_readme_works(tmp_path: Path) -> None:
    script = BLOCK.search((ROOT / "README.md").read_text("utf-8"))
    assert script is not None, "README.md has no marked walk-through"
    served = Served(tmp_path / "clearway-data")
    try:
        text = script[1].replace("http://127.0.0.1:8420", served.url)
        text = text.replace(".venv/bin/clearway", str(CLEARWAY))
        ran = subprocess.run(
            ["sh", "-eux", "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
    finally:
        served.stop()
    assert ran.returncode == 0, ran.stderr
    assert "VERIFIED" in ran.stdout.splitlines()[-1]
    assert "NOT VERIFIED" not in ran.stdout
    assert '"status":"settled"' in ran.stdout
