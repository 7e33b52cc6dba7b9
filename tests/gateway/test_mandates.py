"""Mandates over HTTP, payments under them, and standing orders that the node pays."""

from __future__ import annotations

import time
from typing import Any

import httpx

from clearway.lifecycle.standing import StandingOrders
from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def grant(
    api: Api, payer: str, payee: str, key: str | None = None, **fields: Any
) -> httpx.Response:
    body: dict[str, Any] = {
        "from": payer,
        "to": payee,
        "asset": "EUR/2",
        "payment_max": "10.00",
        "period_max": "15.00",
        "total_max": "20.00",
        "period_s": 3_600,
        "until": "2199-01-01T00:00:00Z",
    }
    return api.post("/v1/mandates", body | fields, key=key)


def revoke(api: Api, granted: httpx.Response, party: str) -> None:
    """Also what ends a standing order's test: the next one turns the clock on and counts blocks."""
    path = f"/v1/mandates/{granted.json()['id']}/revoke"
    assert api.post(path, {"as": party}).json()["status"] == "revoked"


def pull(
    api: Api, payer: str, payee: str, amount: str, mandate: str, **more: Any
) -> httpx.Response:
    return api.pay(payer, payee, amount, mandate=mandate, **more)


def test_payments_under_a_mandate_stay_within_its_bounds(api: Api) -> None:
    payer, payee = api.account(funded="90.00"), api.account()
    granted = grant(api, payer, payee)
    assert granted.status_code == 201
    mandate = granted.json()
    assert (mandate["object"], mandate["status"], mandate["used_total"]) == (
        "mandate",
        "active",
        "0.00",
    )
    id = mandate["id"]
    paid = pull(api, payer, payee, "10.00", id).json()
    assert paid["status"] == "settled"
    assert api.get(f"/v1/payments/{paid['id']}").json() == paid
    refused = {
        "10.01": "mandate.payment_max",
        "5.01": "mandate.period_max",
    }
    for amount, code in refused.items():
        assert pull(api, payer, payee, amount, id).json()["error"]["code"] == code
    later = pull(api, payer, payee, "5.01", id, key="pull-of-this-hour").json()
    assert later["error"]["retryable"] is False  # its key keeps the answer in the next hour too
    assert pull(api, payer, payee, "5.00", id, reference="March").json()["reference"] == "March"
    assert api.get(f"/v1/mandates/{id}").json()["used_total"] == "15.00"
    api.clock.pass_s(3_600)
    assert pull(api, payer, payee, "5.01", id, key="pull-of-this-hour").json() == later
    assert api.get("/v1/mandates", limit=1).json()["data"][0]["id"] == id
    assert (api.available(payer), api.available(payee)) == ("75.00", "15.00")
    back = api.post(f"/v1/payments/{paid['id']}/refund", {"amount": "1.00"}).json()
    assert back["status"] == "settled"


def test_a_mandate_is_granted_once_and_revoked_once(api: Api) -> None:
    payer, payee, key = api.account(funded="90.00"), api.account(), fresh("key-")
    first = grant(api, payer, payee, key=key)
    id = first.json()["id"]
    pull(api, payer, payee, "1.00", id)
    assert grant(api, payer, payee, key=key).content == first.content
    stranger = api.account()
    expect(api.post(f"/v1/mandates/{id}/revoke", {"as": stranger}), "mandate.not_party")
    revoked = api.post(f"/v1/mandates/{id}/revoke", {"as": payee})
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    refused = pull(api, payer, payee, "1.00", id).json()
    assert refused["error"]["code"] == "mandate.unknown"
    assert api.get(f"/v1/mandates/{id}").json()["status"] == "revoked"


def test_what_is_no_mandate(api: Api) -> None:
    payer, payee = api.account(funded="90.00"), api.account()
    world = api.world()
    expect(grant(api, payer, payee, until="tomorrow"), "request.invalid")
    expect(grant(api, payer, payee, asset="USD/2"), "account.asset_not_held")
    expect(grant(api, payer, payer), "account.same")
    expect(api.get("/v1/mandates/mdt_0"), "mandate.unknown")
    expect(pull(api, payer, payee, "1.00", "mdt_0"), "mandate.unknown")
    some = "mdt_" + "0" * 32
    expect(pull(api, payer, payee, "1.00", some, capture="manual"), "request.invalid")
    assert api.world() == world
    expect(grant(api, payer, payee, period_max="1.00"), "mandate.bad_terms")


def wait_for_payments(api: Api, payee: str, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 20
    while True:
        data: list[dict[str, Any]] = api.get("/v1/payments", account=payee).json()["data"]
        if len(data) >= count or time.monotonic() > deadline:
            return data
        time.sleep(0.05)


def test_a_standing_order_is_paid_once_in_each_period(api: Api) -> None:
    payer, payee = api.account(funded="25.00"), api.account()
    order = {"fixed": True, "payments_max": 1, "period_max": "10.00", "total_max": "99.00"}
    granted = grant(api, payer, payee, **order)
    assert granted.status_code == 201
    [first] = wait_for_payments(api, payee, 1)
    assert (first["status"], first["amount"]) == ("settled", "10.00")
    api.clock.pass_s(3 * 3_600)  # two periods pass without a look, and are not made up for
    assert len(wait_for_payments(api, payee, 2)) == 2
    api.clock.pass_s(3_600)
    rows = wait_for_payments(api, payee, 3)
    assert [row["status"] for row in rows] == ["refused", "settled", "settled"]
    assert rows[0]["error"]["code"] == "ledger.exceeds_available"
    assert api.available(payee) == "20.00"
    revoke(api, granted, payer)


def test_a_restart_pays_no_standing_order_twice(api: Api) -> None:
    payer, payee = api.account(funded="25.00"), api.account()
    order = {"fixed": True, "period_max": "20.00"}  # two a period would be allowed
    granted = grant(api, payer, payee, **order)
    wait_for_payments(api, payee, 1)
    node = api.node
    again = StandingOrders(node.rooms, node.batcher, node.secret)
    again._is_paid = lambda mandate, period: False  # type: ignore[method-assign]
    again.pay_due()  # knows nothing of what was asked before; the ids do
    assert len(wait_for_payments(api, payee, 1)) == 1
    assert api.available(payee) == "10.00"
    revoke(api, granted, payer)
