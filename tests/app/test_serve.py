"""What a node loads to serve: nothing that only learning and reading files need."""

from __future__ import annotations

import subprocess
import sys

ONLY_LEARNING = {"pyarrow", "lightgbm", "clearway.risk.models.train", "clearway.risk.offline.files"}


def test_a_node_serves_without_what_only_learning_needs() -> None:
    asked = f"import sys, clearway.app.serve; print({ONLY_LEARNING} & sys.modules.keys())"
    said = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, text=True
    ).stdout
    assert said.strip() == "set()"
