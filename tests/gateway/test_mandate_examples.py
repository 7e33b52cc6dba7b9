"""The examples of docs/mandates.md on a node."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.gateway.api import Api
from tests.gateway.examples import names_in, request, shown_in

NAMES = names_in("mandates")
WAIT_S_MAX = 20.0


def grant(api: Api, name: str, people: dict[str, str]) -> Any:
    answer = api.post("/v1/mandates", request("mandates", name, people))
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown = shown_in("mandates.md")
    assert sorted(shown) == NAMES
    assert shown[name] == request("mandates", name)


def test_a_pull_within_its_bounds(api: Api) -> None:
    alice, company = api.account(funded="500.00"), api.account()
    mandate = grant(api, "pull_mandate", {"alice": alice, "power_company": company})
    paid = api.pay(alice, company, "88.20", mandate=mandate["id"]).json()
    assert paid["status"] == "settled"
    above = api.pay(alice, company, "31.81", mandate=mandate["id"]).json()
    assert above["error"]["code"] == "mandate.period_max"
    ended = api.post(f"/v1/mandates/{mandate['id']}/revoke", {"as": company})
    assert ended.json()["status"] == "revoked"
    after = api.pay(alice, company, "1.00", mandate=mandate["id"]).json()
    assert after["error"]["code"] == "mandate.unknown"
    assert (api.available(alice), api.available(company)) == ("411.80", "88.20")


def test_a_standing_order_is_paid_once_in_its_period(api: Api) -> None:
    alice, landlord = api.account(funded="2000.00"), api.account()
    mandate = grant(api, "standing_order", {"alice": alice, "landlord": landlord})
    deadline = time.monotonic() + WAIT_S_MAX
    while api.available(landlord) == "0.00" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (api.available(alice), api.available(landlord)) == ("1150.00", "850.00")
    again = api.pay(alice, landlord, "850.00", mandate=mandate["id"]).json()
    assert again["error"]["code"] == "mandate.period_max"
    other = api.pay(alice, landlord, "849.99", mandate=mandate["id"]).json()
    assert other["error"]["code"] == "mandate.differs"
    api.clock.pass_s(2_592_000)
    deadline = time.monotonic() + WAIT_S_MAX
    while api.available(landlord) == "850.00" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (api.available(alice), api.available(landlord)) == ("300.00", "1700.00")
    api.post(f"/v1/mandates/{mandate['id']}/revoke", {"as": alice})  # before another test's clock
