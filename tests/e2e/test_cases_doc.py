"""docs/cases.md is held to the node: its walk runs, its examples are the files."""

from __future__ import annotations

import pytest

from tests.e2e.served import Served
from tests.e2e.walks import run, walk_of
from tests.gateway.examples import names_in, request, shown_in

NAMES = names_in("cases")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown = shown_in("cases.md")
    assert sorted(shown) == NAMES
    assert shown[name] == request("cases", name)


def test_the_walk_works_as_it_stands(served: Served) -> None:
    ran = run(served, walk_of("cases.md"))
    assert ran.returncode == 0, ran.stderr
    assert '"code":"case.same_person"' in ran.stdout
    assert '"label":"confirmed_fraud"' in ran.stdout
    assert '"object":"case_log_check","ok":true' in ran.stdout
