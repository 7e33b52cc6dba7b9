"""Fixtures of the ledger's tests."""

from __future__ import annotations

import pytest

from tests.ledger.town import Town


@pytest.fixture
def town() -> Town:
    """A hundred euros and dollars for everyone."""
    return Town.funded()
