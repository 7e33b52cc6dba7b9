"""A request that comes again while its first is on the way is told so, and never a final answer."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.test_refused_before_ordering import expect
from tests.lifecycle.gate import Gate


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[tuple[Api, Gate]]:
    for api in serve(tmp_path, review="10000", decline="10000"):
        gate = Gate(api.node)
        gate.open.set()
        yield api, gate
        gate.open.set()


def acts(api: Api) -> dict[str, Callable[[str], httpx.Response]]:
    """Everything that moves or creates, ready to be asked under a key."""
    payer, payee = api.account(funded="100.00"), api.account()
    settled = api.pay(payer, payee, "10.00").json()["id"]
    to_capture, to_void = (
        api.pay(payer, payee, "10.00", capture="manual").json()["id"] for _ in range(2)
    )
    account = {"id": fresh("acc-"), "assets": ["EUR/2"]}
    return {
        "payment": lambda key: api.pay(payer, payee, "1.00", key=key),
        "hold": lambda key: api.pay(payer, payee, "1.00", capture="manual", key=key),
        "refused": lambda key: api.pay(payer, payee, "5000.00", key=key),
        "refund": lambda key: api.post(f"/v1/payments/{settled}/refund", key=key),
        "capture": lambda key: api.post(f"/v1/payments/{to_capture}/capture", key=key),
        "void": lambda key: api.post(f"/v1/payments/{to_void}/void", key=key),
        "account": lambda key: api.post("/v1/accounts", account, key=key),
    }


def test_a_repeat_in_flight_is_never_given_a_final_answer(gated: tuple[Api, Gate]) -> None:
    api, gate = gated
    for name, ask in acts(api).items():
        key, first = fresh("flight-"), []
        gate.open.clear()
        gate.entered.clear()
        asking = threading.Thread(
            target=lambda ask=ask, key=key, first=first: first.append(ask(key))
        )
        asking.start()
        assert gate.entered.wait(20), name
        for _ in range(3):
            repeat = ask(key)
            expect(repeat, "idempotency.in_progress")
            assert repeat.headers["retry-after"], name
        gate.open.set()
        asking.join()
        assert first[0].status_code in (200, 201), (name, first[0].text)
        again = ask(key)
        assert (again.status_code, again.content) == (first[0].status_code, first[0].content), name
