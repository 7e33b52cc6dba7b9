"""The walks that pages of docs/ show, run as they stand against a node."""

from __future__ import annotations

import re
import subprocess

from tests.conftest import ROOT
from tests.e2e.served import CLEARWAY, Served

_WALK = re.compile(r"<!-- walk-through -->\n```sh\n(.*?)```", re.DOTALL)


def walk_of(page: str) -> str:
    script = _WALK.search((ROOT / "docs" / page).read_text("utf-8"))
    assert script is not None, f"docs/{page} has no marked walk-through"
    return script[1]


def run(served: Served, text: str) -> subprocess.CompletedProcess[str]:
    """In the folder that the node's data folder lies in."""
    text = text.replace("http://127.0.0.1:8420", served.url)
    text = text.replace(".venv/bin/clearway", str(CLEARWAY))
    return subprocess.run(
        ["sh", "-eux", "-c", text],
        cwd=served.data.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
