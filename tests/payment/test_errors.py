"""The catalogue: every code can be rendered from its facts."""

from __future__ import annotations

import string

import pytest

from clearway.ledger.book import Book
from clearway.payment.errors import CATALOGUE, Refusal


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_renders_from_its_facts(code: str) -> None:
    kind = CATALOGUE[code]
    names = [name for _, name, _, _ in string.Formatter().parse(kind.detail) if name]
    refusal = Refusal(code, **dict.fromkeys(names, 7))
    assert refusal.detail
    assert str(refusal).startswith(code + ": ")
    assert 400 <= kind.status < 600


@pytest.mark.parametrize("code", sorted(Book.refusal_codes().values()))
def test_what_the_ledger_refused_is_not_retried_under_its_key(code: str) -> None:
    """The key keeps the answer for ever: also where another day would bring another one."""
    assert not CATALOGUE[code].retryable


LATER = {"idempotency.in_progress", "quote.in_use"}


def test_only_what_may_succeed_later_is_retryable() -> None:
    assert all(
        kind.retryable == (kind.status in (429, 503))
        for code, kind in CATALOGUE.items()
        if code not in LATER
    )
