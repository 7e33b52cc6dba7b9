"""Scarce reviews where people look: the explanation, the metrics, /readyz."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.api import Api
from tests.gateway.conftest import serve
from tests.gateway.test_degraded import metric
from tests.lifecycle.test_scarce_reviews import DAY_S, make_model


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    settings = {
        "CLEARWAY_MODEL": str(make_model(tmp_path / "model")),
        "CLEARWAY_REVIEWS_PER_DAY": "1",
    }
    yield from serve(tmp_path / "node", review="400", decline="5000", **settings)


def test_a_payment_that_nobody_could_look_at_says_so_everywhere(api: Api) -> None:
    payer, payee = api.account(funded="5000.00"), api.account()
    api.pay(payer, payee, "1.00")
    api.clock.pass_s(DAY_S)
    first, second = (api.pay(payer, payee, "500.00").json() for _ in range(2))
    assert [one["status"] for one in (first, second)] == ["review", "settled"]

    told = [api.get(f"/v1/payments/{one['id']}/explanation").json() for one in (first, second)]
    assert "review_price_eur" not in told[0], "the first of a day is free"
    assert told[1]["review_price_eur"] is None
    assert told[1]["reasons"][-1]["code"] == "risk.reviews_scarce"
    assert told[1]["outcome"] == "accept"

    ready = api.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["warnings"][0].startswith("the day's 1 reviews are used up")
    assert metric(api, "clearway_risk_reviews_today") == 1
    assert "clearway_risk_review_price_eur +Inf\n" in api.get("/metrics").text
    assert metric(api, 'clearway_risk_unreviewed_total{became="accept"}') == 1
