"""The examples of docs/linked.md on a node: fees in any asset, by a sponsor, a net settlement."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.api import Api
from tests.gateway.examples import names_in, request, shown_in

NAMES = names_in("linked")


def send(api: Api, name: str, people: dict[str, str]) -> httpx.Response:
    return api.post("/v1/payments/linked", request("linked", name, people))


def statuses(answer: httpx.Response) -> list[str]:
    return [row["status"] for row in answer.json()["data"]]


def fees_of(api: Api, asset: str) -> float:
    return float(api.available("fees", asset))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown = shown_in("linked.md")
    assert sorted(shown) == NAMES
    assert shown[name] == request("linked", name)


def test_a_fee_in_another_asset_than_the_payment(api: Api) -> None:
    alice, bob = api.account("EUR/2", "USD/2", funded="40.00"), api.account()
    before = fees_of(api, "USD/2")
    poor = send(api, "fee_in_another_asset", {"alice": alice, "bob": bob})
    assert statuses(poor) == ["refused", "refused"]  # she has no dollars yet
    assert api.available(alice) == "40.00"
    api.fund(alice, "1.00", "USD/2")
    paid = send(api, "fee_in_another_asset", {"alice": alice, "bob": bob})
    assert statuses(paid) == ["settled", "settled"]
    assert (api.available(alice), api.available(alice, "USD/2")) == ("0.00", "0.75")
    assert api.available(bob) == "40.00"
    assert fees_of(api, "USD/2") == pytest.approx(before + 0.25)


def test_a_sponsor_pays_the_fee_or_nothing_happens(api: Api) -> None:
    alice, bob, sponsor = api.account(funded="80.00"), api.account(), api.account(funded="0.15")
    people = {"alice": alice, "bob": bob, "sponsor": sponsor}
    assert statuses(send(api, "fee_by_a_sponsor", people)) == ["settled", "settled"]
    assert statuses(send(api, "fee_by_a_sponsor", people)) == ["refused", "refused"]
    assert [api.available(one) for one in (alice, bob, sponsor)] == ["40.00", "40.00", "0.05"]


def test_a_net_settlement_needs_the_net_only(api: Api) -> None:
    alice, bob, carol = api.account(funded="30.00"), api.account(), api.account()
    people = {"alice": alice, "bob": bob, "carol": carol}
    assert statuses(send(api, "net_settlement", people)) == ["settled"] * 3
    assert [api.available(one) for one in (alice, bob, carol)] == ["0.00", "20.00", "10.00"]
