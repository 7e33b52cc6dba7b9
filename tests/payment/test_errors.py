"""The catalogue: every code can be rendered from its facts."""

from __future__ import annotations

import string

import pytest

from clearway.payment.errors import CATALOGUE, Refusal


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_renders_from_its_facts(code: str) -> None:
    kind = CATALOGUE[code]
    names = [name for _, name, _, _ in string.Formatter().parse(kind.detail) if name]
    refusal = Refusal(code, **dict.fromkeys(names, 7))
    assert refusal.detail
    assert str(refusal).startswith(code + ": ")
    assert 400 <= kind.status < 600


LATER = {
    "idempotency.in_progress",
    "ledger.limit_day",
    "mandate.period_max",
    "envelope.expired",
    "quote.in_use",
    "asset.paused",
    "escrow.not_accrued",
    "escrow.unmet",
}


def test_only_what_may_succeed_later_is_retryable() -> None:
    assert all(
        kind.retryable == (kind.status in (429, 503))
        for code, kind in CATALOGUE.items()
        if code not in LATER
    )
