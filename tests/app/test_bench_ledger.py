"""The bench of the ledger measures blocks in which everything succeeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clearway.app.bench import ledger
from clearway.app.bench.chain import Chain


@pytest.mark.parametrize(
    "options", [{}, {"zipf": 1.0}, {"two_phase": True}, {"due_per_s": 1_000_000.0}]
)
def test_every_transfer_of_every_mix_settles(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, float]
) -> None:
    monkeypatch.setattr(ledger, "BLOCKS", 2)
    monkeypatch.setattr(ledger, "WARM_UP_BLOCKS", 2)
    found = ledger.run(as_json=True, accounts=100, **options)  # type: ignore[arg-type]
    assert found["rate_per_s"] > 0
    assert found["conditions"]["transfers"] == 2 * 8_190
    assert list(found["latency_ms"]) == ["p50", "p99", "max"]


def test_popular_accounts_are_as_popular_as_the_exponent_says(tmp_path: Path) -> None:
    chain = Chain.create(tmp_path, 1_000)
    chain.book.close()
    heads = chain.transfers(np.random.default_rng(1), zipf=1.0)
    _, counts = np.unique(heads["payer"], axis=0, return_counts=True)
    # Of 1,000 accounts at exponent 1 the first gets one in seven or so, most nearly none.
    assert 0.05 < counts.max() / len(heads) < 0.2
    assert np.median(counts) < 10
    assert not (heads["payer"] == heads["payee"]).all(axis=1).any()
