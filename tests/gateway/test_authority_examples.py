"""The examples of docs/authority.md on a node."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.api import Api
from tests.gateway.examples import names_in, request, shown_in
from tests.gateway.owner import Owner, new_seed, send_signed
from tests.gateway.test_refused_before_ordering import expect

NAMES = names_in("authority")
PEOPLE = ("ada", "ben", "cem", "card", "gus", "gia", "new")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown = shown_in("authority.md")
    assert sorted(shown) == NAMES
    assert shown[name] == request("authority", name)


def test_the_page_from_its_first_to_its_last_example(api: Api) -> None:
    account, payee = api.account(funded="200.00"), api.account()
    people = {name: Owner(api, account, new_seed()) for name in PEOPLE}
    keys = {name: one.key for name, one in people.items()}
    path = f"/v1/accounts/{account}"

    def send(to: str, body: Any, *names: str) -> Any:
        return send_signed(api, to, body, *(people[name] for name in names))

    def payment(amount: str) -> dict[str, Any]:
        return {"from": account, "to": payee, "amount": amount, "asset": "EUR/2"}

    policy = request("authority", "policy", keys)
    set_ = api.post(f"{path}/authority", policy).json()
    assert set_["policy"]["spend_keys"][0]["expires"] == "2036-12-31T00:00:00.000000Z"
    assert send("/v1/payments", payment("80.00"), "ben", "ada").json()["status"] == "settled"
    assert send("/v1/payments", payment("50.00"), "card").json()["status"] == "settled"
    expect(send("/v1/payments", payment("1.00"), "ben", "cem"), "authorisation.not_enough")
    recovery = request("authority", "recovery", keys)
    assert send(f"{path}/recoveries", recovery, "gus", "gia").json()["recovery"]
    assert "recovery" not in send(f"{path}/recoveries/stop", {}, "cem", "ada").json()
    assert send(f"{path}/recoveries", recovery, "gia", "gus").json()["recovery"]
    api.clock.pass_s(172_800)
    done = api.post(f"{path}/recoveries/finish", {}).json()
    assert done["owner_key"] == keys["new"]
    same = request("authority", "owner_key", keys)
    assert send(f"{path}/authority", same, "new").json()["owner_key"] == keys["new"]
    back = send(f"{path}/authority", request("authority", "custodial"), "new").json()
    assert "owner_key" not in back
    assert api.pay(account, payee, "1.00").json()["status"] == "settled"
