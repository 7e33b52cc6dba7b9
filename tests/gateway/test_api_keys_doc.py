"""docs/api-keys.md lists the scopes of the code, in its words."""

import re
from pathlib import Path

from clearway.gateway.auth import SCOPES
from clearway.gateway.routes import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "api-keys.md"


def test_the_page_lists_every_scope() -> None:
    rows = re.findall(r"^\| `([a-z:]+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert dict(rows) == SCOPES


def test_every_route_needs_a_scope_that_exists() -> None:
    assert {route.scope for route in ROUTES} - {""} == set(SCOPES) - {
        "ledger:import",  # a field of a payment
    }
