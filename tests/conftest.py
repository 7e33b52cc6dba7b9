"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("CLEARWAY_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that read shared/ are deselected, not skipped, where it is absent."""
    if SHARED.is_dir():
        return
    kept = [item for item in items if item.get_closest_marker("shared") is None]
    gone = [item for item in items if item.get_closest_marker("shared") is not None]
    config.hook.pytest_deselected(items=gone)
    items[:] = kept


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and of suites that others wrote."""
    return SHARED
