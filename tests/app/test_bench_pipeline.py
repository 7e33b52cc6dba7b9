"""The bench of the pipeline measures payments that went all the way."""

from __future__ import annotations

import pytest

from clearway.app.bench import pipeline


def test_every_payment_is_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"CUSTOMERS": 200, "MERCHANTS": 40, "DAYS": 30, "BATCHES": 1, "WARM_UP_BATCHES": 0}
    for name, value in small.items():
        monkeypatch.setattr(pipeline, name, value)
    found = pipeline.run(as_json=True)
    conditions = found["conditions"]
    assert found["bench"] == "pipeline"
    assert found["rate_per_s"] > 0
    assert conditions["accepted"] + conditions["declined"] == conditions["payments"] > 1_000
    assert conditions["accepted"] > 0.9 * conditions["payments"]
    assert {"receive", "screen", "score", "clear", "order", "order.signatures"} <= set(
        found["phases_us"]
    )
    assert list(found["latency_ms"]) == ["p50", "p99", "max"]
