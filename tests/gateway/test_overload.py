"""A full queue says so, at once, and nothing of what it refused was written."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clearway.lifecycle.batcher import Limits
from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.test_refused_before_ordering import expect

CLIENTS = 16
PAYMENTS = 160


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Api]:
    """Room for sixteen waiting payments: its start needs as many at once."""
    more = {"CLEARWAY_QUEUE_PAYMENTS_MAX": "16"}
    yield from serve(tmp_path, review="10000", decline="10000", **more)


def test_a_full_queue_refuses_and_the_same_key_succeeds_later(narrow: Api) -> None:
    payer, payee = narrow.account(funded="500.00"), narrow.account()
    narrow.node.batcher._limits = Limits(queue_rows_max=1, wait_us=20_000)
    keys = [fresh("key-") for _ in range(PAYMENTS)]

    def pay(key: str) -> Any:
        return narrow.pay(payer, payee, "1.00", key=key)

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = dict(zip(keys, clients.map(pay, keys), strict=True))
    full = [key for key, answer in answers.items() if answer.status_code != 201]
    assert full, "the queue was never full"
    for key in full:
        expect(answers[key], "capacity.full")
    paid = PAYMENTS - len(full)
    assert narrow.available(payee) == f"{paid}.00"
    listed = narrow.get("/v1/payments", account=payee, limit=500).json()["data"]
    assert len(listed) == paid
    assert {pay(key).json()["status"] for key in full} == {"settled"}
    assert narrow.available(payee) == f"{PAYMENTS}.00"


def test_a_node_that_is_not_ready_or_stops_says_so(narrow: Api) -> None:
    payer, payee = narrow.account(funded="5.00"), narrow.account()
    narrow.node._started = False
    expect(narrow.pay(payer, payee, "1.00"), "node.starting")
    expect(narrow.get("/v1/payments"), "node.starting")
    expect(narrow.http.get("/readyz"), "node.starting")
    assert narrow.http.get("/healthz").status_code == 200
    narrow.node._started = True
    assert narrow.pay(payer, payee, "1.00").json()["status"] == "settled"
