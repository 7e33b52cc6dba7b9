"""What a payment came from: a device and an address, known to risk and to nobody else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clearway.payment.ids import account_address, parse_payment
from tests.gateway.api import Api
from tests.gateway.test_queue import ask, wait_for


def devices(api: Api) -> int:
    """That risk knows of: from which something was paid."""
    return int(api.node.scorer.state._keyed["devices"].n - 1)


def test_a_device_is_remembered_and_shown_to_nobody(api: Api) -> None:
    payer, payee = api.account(funded="9.00"), api.account()
    before = devices(api)
    for device in ("phone", "phone", "tablet"):
        answer = api.pay(payer, payee, "1.00", context={"device": device, "address": "192.0.2.7"})
        assert answer.status_code == 201
        assert "context" not in answer.json()
    assert devices(api) - before == 2
    table = api.node.scorer.state._keyed["devices"]
    assert b"phone" not in table.ids.tobytes()
    assert len(np.unique(table.ids[table.n - 2 : table.n])) == 2


def test_another_context_under_the_same_key_is_another_request(api: Api) -> None:
    payer, payee = api.account(funded="9.00"), api.account()
    once: dict[str, Any] = {"context": {"device": "phone"}, "key": f"once-{payer}"}
    first = api.pay(payer, payee, "1.00", **once)
    assert api.pay(payer, payee, "1.00", **once).json() == first.json()
    other = api.pay(payer, payee, "1.00", **(once | {"context": {"device": "tablet"}}))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.body_differs")


@pytest.mark.parametrize(
    "context", [{"device": ""}, {"device": 5}, {"device": "x" * 201}, {"phone": "x"}, "phone", []]
)
def test_what_is_no_context_is_refused_and_leaves_no_trace(api: Api, context: object) -> None:
    payer, payee = api.account(funded="9.00"), api.account()
    before = devices(api)
    answer = api.pay(payer, payee, "1.00", context=context)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert devices(api) == before


def test_whoever_only_asks_leaves_no_trace_in_the_memory(api: Api) -> None:
    payer, payee = api.account(funded="9.00"), api.account()
    state = api.node.scorer.state
    before = devices(api), state._accounts.rows.tobytes()
    body = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    context = {"device": "a phone that asks", "address": "192.0.2.8"}
    answer = api.post("/v1/payments/simulate", {**body, "context": context})
    assert answer.status_code == 200
    assert (devices(api), state._accounts.rows.tobytes()) == before


def test_what_waited_comes_from_its_device_still(api: Api) -> None:
    payer, payee = api.account(), api.account()
    before = devices(api)
    waits = ask(api, payer, payee, "1.00", context={"device": "a phone", "address": "192.0.2.9"})
    assert (waits["status"], devices(api)) == ("pending", before)
    api.fund(payer, "1.00")
    wait_for(api, waits, "settled")
    assert devices(api) == before + 1


def test_what_an_erased_person_sent_waits_without_its_device(api: Api) -> None:
    payer, payee, queue = api.account(), api.account(), api.node.vault.queue
    before = devices(api)
    waits = ask(api, payer, payee, "1.00", context={"device": "a phone of an erased person"})
    kept = queue.find(parse_payment(waits["id"]))
    assert kept is not None
    assert len(kept.context) == 16
    api.node.vault.erase(account_address(api.node.secret, payer))
    assert queue.find(kept.id) == replace(kept, private=None, context=b"")
    api.fund(payer, "1.00")
    wait_for(api, waits, "settled")
    assert devices(api) == before
