"""Sub-accounts over HTTP: further addresses of an account, whose money is the account's."""

from __future__ import annotations

from typing import Any

from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def opened(api: Api, parent: str, **fields: Any) -> str:
    id = fresh("sub-")
    answer = api.post("/v1/accounts", {"id": id, "parent": parent, **fields})
    assert answer.status_code == 201, answer.text
    return id


def entries(api: Api, account: str) -> list[tuple[str, str, str | None]]:
    rows = api.get(f"/v1/accounts/{account}/entries").json()["data"]
    return [(row["amount"], row["balance_after"], row.get("sub_account")) for row in rows]


def test_a_sub_account_is_shown_with_its_parent(api: Api) -> None:
    parent = api.account("EUR/2", "USD/2", owner={"name": "Ann Example", "country": "FI"})
    body = {"id": fresh("sub-"), "parent": parent, "metadata": {"invoice": "7"}}
    made = api.post("/v1/accounts", body)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["parent"], shown["assets"]) == (parent, ["EUR/2", "USD/2"])
    seen = api.get(f"/v1/accounts/{body['id']}").json()
    assert seen["owner"] == {"name": "Ann Example", "country": "FI"}
    assert {**seen, "owner": shown["owner"]} == shown
    assert "parent" not in api.get(f"/v1/accounts/{parent}").json()


def test_what_a_sub_account_gets_and_gives_is_its_parents(api: Api) -> None:
    payer, parent = api.account(funded="10.00"), api.account(funded="1.00")
    sub = opened(api, parent)
    assert api.pay(payer, sub, "3.00").json()["status"] == "settled"
    assert api.pay(sub, payer, "0.50").json()["status"] == "settled"
    assert api.available(parent) == api.available(sub) == "3.50"
    own = [("-0.50", "3.50", sub), ("3.00", "4.00", sub)]
    assert entries(api, sub) == own
    assert entries(api, parent) == [*own, ("1.00", "1.00", None)]


def test_payments_of_a_sub_account_are_listed_with_its_parents(api: Api) -> None:
    payer, parent = api.account(funded="10.00"), api.account(funded="1.00")
    sub, other = opened(api, parent), opened(api, parent)
    made = [
        api.pay(payer, sub, "3.00").json()["id"],
        api.pay(parent, payer, "0.50").json()["id"],
        api.pay(other, payer, "99.00").json()["id"],  # refused
        api.pay(parent, sub, "1.00").json()["id"],  # refused: both are the parent's money
        api.pay(payer, other, "1.00", capture="manual").json()["id"],
    ]
    made.reverse()
    assert payments_of(api, parent)[: len(made)] == made
    assert len(payments_of(api, parent)) == len(made) + 1  # its own money
    assert payments_of(api, parent, status="refused") == made[1:3]
    assert payments_of(api, sub) == [made[1], made[4]]
    paged = [
        payments_of(api, parent, limit=1, starting_after=id)[0] for id in made[: len(made) - 1]
    ]
    assert paged == made[1:]


def test_what_waits_on_a_sub_account_is_listed_with_its_parents(api: Api) -> None:
    payee, parent = api.account(), api.account()
    sub = opened(api, parent)
    waits = api.pay(sub, payee, "3.00", when_short="queue").json()
    behind = api.pay(parent, payee, "1.00", when_short="queue").json()
    assert [one["queue"]["position"] for one in (waits, behind)] == [1, 2]
    assert payments_of(api, parent) == [behind["id"], waits["id"]]
    assert payments_of(api, sub, status="pending") == [waits["id"]]
    for one in (waits, behind):
        assert api.post(f"/v1/payments/{one['id']}/void").json()["status"] == "voided"


def payments_of(api: Api, account: str, **query: Any) -> list[str]:
    rows = api.get("/v1/payments", account=account, **query).json()["data"]
    return [row["id"] for row in rows]


def test_a_payment_between_a_parent_and_its_sub_account_is_refused(api: Api) -> None:
    parent = api.account(funded="1.00")
    payment = api.pay(parent, opened(api, parent), "1.00").json()
    assert (payment["status"], payment["error"]["code"]) == ("refused", "ledger.same_account")


def test_a_sub_account_is_frozen_with_its_parent(api: Api) -> None:
    parent = api.account(funded="1.00")
    sub = opened(api, parent)
    api.post(f"/v1/accounts/{parent}/freeze")
    assert api.get(f"/v1/accounts/{sub}").json()["status"] == "frozen"
    api.post(f"/v1/accounts/{parent}/unfreeze")
    assert api.post(f"/v1/accounts/{sub}/close").json()["status"] == "closed"
    assert api.get(f"/v1/accounts/{parent}").json()["status"] == "open"


def test_bad_sub_accounts(api: Api) -> None:
    parent = api.account()
    for fields in ({"assets": ["EUR/2"]}, {"owner": {"name": "Ann"}}):
        expect(api.post("/v1/accounts", {"parent": parent, **fields}), "request.invalid")
    expect(api.post("/v1/accounts", {"assets": []}), "request.invalid")
    expect(api.post("/v1/accounts", {"parent": "nobody"}), "account.unknown")
    below = {"parent": opened(api, parent)}
    expect(api.post("/v1/accounts", below), "account.bad_parent")
