"""docs/tigerbeetle.md: our side of its tables is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clearway.gateway.account_schemas import AccountRequest, BalancesQuery, EntriesQuery
from clearway.gateway.payment_schemas import PaymentRequest, PaymentsQuery
from clearway.gateway.routes import ROUTES
from clearway.payment.errors import CATALOGUE
from clearway.payment.records import AccountFlag, Flag

PAGE = (Path(__file__).parents[2] / "docs" / "tigerbeetle.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
TERMS = [term for row in ROWS for term in re.findall(r"`([^`]+)`", row[1])]
FLAGS = {flag.name for flag in Flag} | {flag.name for flag in AccountFlag}
FIELDS = {
    field
    for shape in (AccountRequest, BalancesQuery, EntriesQuery, PaymentRequest, PaymentsQuery)
    for field in shape.__struct_encode_fields__
} | {"metadata[field]", "balance_after"}
OPERATIONS = {f"{route.method} {route.path}" for route in ROUTES}


@pytest.mark.parametrize("term", sorted(set(TERMS)))
def test_a_term_of_ours_is_in_the_code(term: str) -> None:
    if term.isupper():
        assert term in FLAGS
    elif "." in term:
        assert term in CATALOGUE
    elif " " in term:
        assert term in OPERATIONS
    else:
        assert term in FIELDS


def test_every_flag_of_an_entry_is_told() -> None:
    told = set(re.findall(r"`([A-Z_]+)`", PAGE))
    assert {flag.name for flag in Flag} - told == {"SIGNED"}


def test_every_refusal_of_chains_holds_and_imports_is_told() -> None:
    kinds = ("chain.", "import.", "hold.")
    wanted = {code for code in CATALOGUE if code.startswith(kinds)}
    assert wanted - set(TERMS) == {"hold.legs_differ"}


def test_no_word_of_theirs_stands_twice_in_a_table() -> None:
    for table in PAGE.split("\n## "):
        theirs = [
            word
            for line in table.splitlines()
            if line.startswith("| `")
            for word in re.findall(r"`(\w+)`", line.split(" | ")[0])
        ]
        assert sorted(theirs) == sorted(set(theirs)) or "Fields" in table
