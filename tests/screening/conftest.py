"""The shipped list, loaded once."""

from __future__ import annotations

import pytest

from clearway.screening import Screener, Watchlist


@pytest.fixture(scope="session")
def screener() -> Screener:
    return Screener(Watchlist.shipped())
