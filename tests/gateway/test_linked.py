"""Linked and netted payments: all of them or none, under one Idempotency-Key."""

from __future__ import annotations

from typing import Any

import httpx

from clearway.payment.ids import parse_payment
from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def body_of(payer: str, payee: str, amount: str, **fields: Any) -> dict[str, Any]:
    return {"from": payer, "to": payee, "amount": amount, "asset": "EUR/2", **fields}


def pay_linked(
    api: Api, *payments: dict[str, Any], net: bool = False, key: str | None = None
) -> httpx.Response:
    return api.post("/v1/payments/linked", {"payments": list(payments), "net": net}, key=key)


def statuses(answer: httpx.Response) -> list[tuple[str, str | None]]:
    return [(row["status"], row.get("error", {}).get("code")) for row in answer.json()["data"]]


def test_all_of_them(api: Api) -> None:
    payer, shop, state = api.account(funded="10.00"), api.account(), api.account()
    answer = pay_linked(
        api,
        body_of(payer, shop, "8.10", reference="goods"),
        body_of(shop, state, "1.29", reference="tax", capture="manual"),
    )
    assert answer.status_code == 201
    assert statuses(answer) == [("settled", None), ("held", None)]
    assert [row["reference"] for row in answer.json()["data"]] == ["goods", "tax"]
    places = [row["block"] for row in answer.json()["data"]]
    assert places[0]["height"] == places[1]["height"]
    assert places[0]["index"] + 1 == places[1]["index"]
    assert (api.available(payer), api.available(shop)) == ("1.90", "6.81")
    for row in answer.json()["data"]:
        assert api.get(f"/v1/payments/{row['id']}").json() == row


def test_or_none(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    money = api.money()
    answer = pay_linked(
        api,
        body_of(payer, payee, "4.00"),
        body_of(payer, payee, "6.01"),
        body_of(payer, payee, "1.00"),
    )
    assert answer.status_code == 201
    assert statuses(answer) == [
        ("refused", "chain.broken"),
        ("refused", "ledger.exceeds_available"),
        ("refused", "chain.broken"),
    ]
    assert api.money() == money
    assert api.available(payer) == "10.00"


def test_a_refusal_before_ordering_is_that_of_the_list(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    world, key = api.world(), fresh("key-")
    good = body_of(payer, payee, "4.00")
    expect(pay_linked(api, good, body_of(payer, "nobody", "1.00"), key=key), "account.unknown")
    expect(pay_linked(api, good, body_of(payer, payee, "1.001"), key=key), "amount.too_precise")
    expect(pay_linked(api, good, key=key), "request.invalid")
    expect(pay_linked(api, *[good] * 101, key=key), "request.invalid")
    assert api.world() == world
    assert statuses(pay_linked(api, good, good, key=key)) == [("settled", None)] * 2


def test_the_same_key_gives_the_same_answer(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    key, rows = fresh("key-"), [body_of(payer, payee, "4.00"), body_of(payer, payee, "5.00")]
    first = pay_linked(api, *rows, key=key)
    again = pay_linked(api, *rows, key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    expect(pay_linked(api, *reversed(rows), key=key), "idempotency.body_differs")
    expect(pay_linked(api, *rows, net=True, key=key), "idempotency.body_differs")
    closed = api.account(funded="1.00")
    key, rows = fresh("key-"), [body_of(closed, payee, "0.50"), body_of(closed, payee, "0.50")]
    first = pay_linked(api, *rows, key=key)
    assert api.post(f"/v1/accounts/{closed}/close").status_code == 200
    again = pay_linked(api, *rows, key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_a_gridlock_is_settled_net(api: Api) -> None:
    """Each owes more than it has, and in no order could they pay one by one."""
    a, b, c = (api.account(funded="1.00") for _ in range(3))
    rows = [body_of(a, b, "50.00"), body_of(b, c, "50.50"), body_of(c, a, "49.75")]
    assert {code for _, code in statuses(pay_linked(api, *rows))} == {
        "chain.broken",
        "ledger.exceeds_available",
    }
    answer = pay_linked(api, *rows, net=True)
    assert statuses(answer) == [("settled", None)] * 3
    assert [api.available(one) for one in (a, b, c)] == ["0.75", "0.50", "1.75"]


def test_a_net_that_takes_too_much(api: Api) -> None:
    a, b = api.account(funded="1.00"), api.account(funded="1.00")
    money = api.money()
    answer = pay_linked(api, body_of(a, b, "5.00"), body_of(b, a, "3.99"), net=True)
    assert statuses(answer) == [
        ("refused", "chain.broken"),
        ("refused", "ledger.exceeds_available"),
    ]
    assert api.money() == money


def test_what_waits_or_sweeps_is_not_netted(api: Api) -> None:
    a, b = api.account(funded="1.00"), api.account(funded="1.00")
    world, good = api.world(), body_of(a, b, "0.10")
    held, swept = body_of(a, b, "0.10", capture="manual"), body_of(a, b, "0.10", sweep=True)
    expect(pay_linked(api, good, held, net=True), "request.invalid")
    expect(pay_linked(api, swept, good, net=True), "request.invalid")
    assert api.world() == world


def test_a_review_in_a_list_stops_all_of_it(careful: Api) -> None:
    payer, payee = careful.account(funded="9000000.00"), careful.account()
    money = careful.money()
    unusual = body_of(payer, payee, "8500000.00")
    answer = pay_linked(careful, unusual, body_of(payer, payee, "0.01"))
    assert statuses(answer) == [
        ("declined", "ledger.declined"),
        ("refused", "chain.broken"),
    ]
    assert "no_hold_linked" in answer.json()["data"][0]["decision"]["reasons"]
    assert careful.money() == money


def test_a_list_of_a_hundred_stays_in_one_block(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    answer = pay_linked(api, *[body_of(payer, payee, "0.01")] * 100)
    assert statuses(answer) == [("settled", None)] * 100
    assert len({row["block"]["height"] for row in answer.json()["data"]}) == 1
    assert len({parse_payment(row["id"]) for row in answer.json()["data"]}) == 100
    assert (api.available(payer), api.available(payee)) == ("9.00", "1.00")
