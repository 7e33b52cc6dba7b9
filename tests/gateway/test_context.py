"""What a payment came from: a device and an address, known to risk and to nobody else."""

from typing import Any

import numpy as np
import pytest

from tests.gateway.api import Api


def devices(api: Api) -> int:
    return api.node.scorer.state._keyed["devices"].n - 1


def test_a_device_is_remembered_and_shown_to_nobody(api: Api) -> None:
    payer, payee = api.account(funded="9.00"), api.account()
    before = devices(api)
    for device in ("phone", "phone", "tablet"):
        answer = api.pay(payer, payee, "1.00", context={"device": device, "address": "192.0.2.7"})
        assert answer.status_code == 201
        assert "context" not in answer.json()
    assert devices(api) - before == 2
    ids = api.node.scorer.state._keyed["devices"].ids
    assert b"phone" not in ids.tobytes()
    assert len(np.unique(ids[before + 1 : before + 3])) == 2


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
