"""An issuer's acts over HTTP. XTS/2 of a dev node has every control but the second person."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from clearway.app.api_keys import create_key
from tests.gateway.api import Api

XTS = "XTS/2"
PAGE = Path(__file__).parents[2] / "docs" / "issuer.md"


def act(api: Api, act: str, account: str | None = None, asset: str = XTS) -> Any:
    body = {"asset": asset, "act": act} | ({"account": account} if account else {})
    return api.post("/v1/issuer-acts", body)


def holder(api: Api, *, amount: str | None = None) -> str:
    """An account that may hold XTS/2, with some of it."""
    account = api.account(XTS)
    assert act(api, "allow", account).status_code == 200
    if amount is not None:
        api.fund(account, amount, XTS)
    return account


def pay(api: Api, payer: str, payee: str, amount: str = "1.00") -> Any:
    return api.pay(payer, payee, amount, asset=XTS).json()


def test_every_holder_sees_what_the_issuer_may_do(api: Api) -> None:
    rows = {row["code"]: row for row in api.get("/v1/assets").json()["data"]}
    assert rows[XTS]["controls"] == ["mint_burn", "freeze", "allow_list", "clawback", "pause"]
    assert (rows[XTS]["issuer"], rows[XTS]["paused"]) == (1, False)
    assert (rows["EUR/2"]["controls"], rows["EUR/2"]["issuer"]) == ([], None)


def test_who_is_not_allowed_receives_nothing(api: Api) -> None:
    payer, stranger = holder(api, amount="10.00"), api.account(XTS)
    refused = pay(api, payer, stranger)
    assert (refused["status"], refused["error"]["code"]) == ("refused", "asset.not_allowed")
    assert act(api, "allow", stranger).json()["account"] == stranger
    assert pay(api, payer, stranger)["status"] == "settled"
    assert act(api, "disallow", stranger).status_code == 200
    assert pay(api, payer, stranger)["error"]["code"] == "asset.not_allowed"


def test_a_frozen_holder_neither_pays_nor_receives_and_sees_why(api: Api) -> None:
    payer, payee = holder(api, amount="10.00"), holder(api)
    assert act(api, "freeze", payer).status_code == 200
    row = api.get(f"/v1/accounts/{payer}/balances").json()["data"][0]
    assert (row["allowed"], row["frozen"]) == (True, True)
    assert pay(api, payer, payee)["error"]["code"] == "asset.held_back"
    assert act(api, "unfreeze", payer).status_code == 200
    assert pay(api, payer, payee)["status"] == "settled"


def test_a_pause_stops_the_asset_and_no_other(api: Api) -> None:
    payer, payee = holder(api, amount="10.00"), holder(api)
    euros, other = api.account(funded="5.00"), api.account()
    try:
        assert act(api, "pause").json()["block"] > 0
        assert [row["paused"] for row in api.get("/v1/assets").json()["data"]].count(True) == 1
        assert pay(api, payer, payee)["error"]["code"] == "asset.paused"
        assert api.pay(euros, other, "1.00").json()["status"] == "settled"
        again = act(api, "pause")
        assert (again.status_code, again.json()["code"]) == (409, "asset.control_unchanged")
    finally:
        assert act(api, "resume").status_code == 200
    assert pay(api, payer, payee)["status"] == "settled"


def test_a_clawback_is_a_payment_with_a_receipt(api: Api) -> None:
    victim, thief = holder(api), holder(api, amount="10.00")
    body = {"asset": XTS, "from": thief, "to": victim, "amount": "7.50", "note": "court order 12"}
    taken = api.post("/v1/clawbacks", body)
    assert (taken.status_code, taken.json()["status"]) == (201, "settled")
    assert (api.available(thief, XTS), api.available(victim, XTS)) == ("2.50", "7.50")
    receipt = api.get(f"/v1/payments/{taken.json()['id']}/receipt")
    assert receipt.status_code == 200
    entries = api.get(f"/v1/accounts/{thief}/entries").json()["data"]
    assert (entries[0]["amount"], entries[0]["balance_after"]) == ("-7.50", "2.50")


def test_the_ledger_refuses_what_was_not_declared(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    body = {"asset": "EUR/2", "from": payer, "to": payee, "amount": "1.00"}
    refused = api.post("/v1/clawbacks", body).json()
    assert (refused["status"], refused["error"]["code"]) == ("refused", "asset.not_issuer")
    assert act(api, "freeze", payer, "EUR/2").json()["code"] == "asset.not_issuer"
    assert api.available(payer) == "5.00"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"asset": XTS, "act": "freeze"}, "request.invalid"),
        ({"asset": XTS, "act": "pause", "account": "nobody"}, "request.invalid"),
        ({"asset": XTS, "act": "print"}, "request.invalid"),
        ({"asset": "XYZ/2", "act": "pause"}, "asset.unknown"),
        ({"asset": XTS, "act": "freeze", "account": "nobody"}, "account.unknown"),
    ],
)
def test_what_is_refused_before_ordering_writes_nothing(
    api: Api, body: dict[str, str], code: str
) -> None:
    before = api.world()
    assert api.post("/v1/issuer-acts", body).json()["code"] == code
    assert api.world() == before


def test_the_requests_of_the_page_are_taken(api: Api) -> None:
    alice, bob = holder(api, amount="10.00"), holder(api)
    acts, clawbacks = PAGE.read_text().split("`POST /v1/clawbacks`")
    done = []
    for path, text in (("/v1/issuer-acts", acts), ("/v1/clawbacks", clawbacks)):
        for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            named = block.replace('"alice"', f'"{alice}"').replace('"bob"', f'"{bob}"')
            done.append(api.post(path, json.loads(named)).status_code)
    # The first is so already: who holds the asset here was allowed before.
    assert done == [409, 200, 200, 200, 200, 200, 201]


def test_a_key_needs_the_scope(api: Api) -> None:
    key = create_key(api.node.config.data, scopes=["payments:write"], principal="shop", name="shop")
    poor = api.with_token(str(key["key"]))
    assert act(poor, "pause").json()["code"] == "auth.scope"
