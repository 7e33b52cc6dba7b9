"""Payments that sweep, close an account, or happened elsewhere before."""

from __future__ import annotations

import time

from clearway.gateway.auth import create_api_key
from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect

# --- sweep ----------------------------------------------------------------------------------------


def test_a_sweep_moves_what_is_there(api: Api) -> None:
    payer, payee = api.account(funded="7.30"), api.account()
    key = fresh("key-")
    part = api.pay(payer, payee, "3.00", sweep=True).json()
    assert (part["status"], part["amount"]) == ("settled", "3.00")
    rest = api.pay(payer, payee, "1000.00", sweep=True, key=key)
    payment = rest.json()
    assert (payment["status"], payment["amount"]) == ("settled", "4.30")
    assert payment["amount_captured"] == "4.30"
    assert payment["legs"][0]["amount"] == "4.30"
    assert api.get(f"/v1/payments/{payment['id']}").json() == payment
    assert api.pay(payer, payee, "1000.00", sweep=True, key=key).content == rest.content
    assert (api.available(payer), api.available(payee)) == ("0.00", "7.30")
    entries = api.get(f"/v1/accounts/{payer}/entries").json()["data"]
    assert [row["amount"] for row in entries] == ["-4.30", "-3.00", "7.30"]
    back = api.post(f"/v1/payments/{payment['id']}/refund").json()
    assert (back["status"], back["amount"]) == ("settled", "4.30")


def test_a_sweep_of_nothing_is_refused(api: Api) -> None:
    payment = api.pay(api.account(), api.account(), "5.00", sweep=True).json()
    assert payment["error"]["code"] == "ledger.exceeds_available"
    assert payment["amount"] == "5.00"


def test_a_held_sweep_is_captured(api: Api) -> None:
    payer, payee = api.account(funded="7.30"), api.account()
    payment = api.pay(payer, payee, "99.00", sweep=True, capture="manual").json()
    assert (payment["status"], payment["amount"]) == ("held", "7.30")
    captured = api.post(f"/v1/payments/{payment['id']}/capture").json()
    assert (captured["status"], captured["amount_captured"]) == ("settled", "7.30")
    assert api.available(payee) == "7.30"


def test_a_swept_payment_under_review_is_held(careful: Api) -> None:
    payer, payee = careful.account(funded="8400000.00"), careful.account()
    payment = careful.pay(payer, payee, "8500000.00", sweep=True).json()
    assert (payment["status"], payment["amount"]) == ("review", "8400000.00")
    approved = careful.post(f"/v1/payments/{payment['id']}/approve").json()
    assert (approved["status"], approved["amount_captured"]) == ("settled", "8400000.00")


def test_a_sweep_stays_in_its_asset(api: Api) -> None:
    payer, payee = api.account(funded="1.00"), api.account("USD/2")
    expect(api.pay(payer, payee, "1.00", to_asset="USD/2", sweep=True), "request.invalid")


# --- closes ---------------------------------------------------------------------------------------


def test_a_capture_closes_the_payer(api: Api) -> None:
    payer, payee = api.account(funded="7.30"), api.account()
    payment = api.pay(payer, payee, "7.30", capture="manual", closes="from").json()
    assert api.get(f"/v1/accounts/{payer}").json()["status"] == "closed"
    expect(api.pay(payee, payer, "0.10"), "account.closed")
    captured = api.post(f"/v1/payments/{payment['id']}/capture").json()
    assert captured["status"] == "settled"
    assert api.get(f"/v1/accounts/{payer}").json()["status"] == "closed"


def test_a_void_opens_it_again(api: Api) -> None:
    payer, payee = api.account(funded="7.30"), api.account()
    payment = api.pay(payer, payee, "7.30", capture="manual", closes="to").json()
    assert api.get(f"/v1/accounts/{payee}").json()["status"] == "closed"
    assert api.post(f"/v1/payments/{payment['id']}/void").status_code == 200
    assert api.get(f"/v1/accounts/{payee}").json()["status"] == "open"
    assert api.pay(payer, payee, "7.30").json()["status"] == "settled"


def test_only_a_manual_capture_closes(api: Api) -> None:
    payer, payee = api.account(funded="1.00"), api.account()
    expect(api.pay(payer, payee, "1.00", closes="from"), "request.invalid")


# --- imported_at ----------------------------------------------------------------------------------


def test_imports_come_in_their_order(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    first = api.pay(payer, payee, "1.00", imported_at="2019-03-04T05:06:07Z").json()
    assert first["status"] == "settled"
    same = api.pay(payer, payee, "1.00", imported_at="2019-03-04T05:06:07Z").json()
    assert same["error"]["code"] == "import.time_differs"
    later = api.pay(payer, payee, "1.00", imported_at="2019-03-04T06:06:07.5+01:00").json()
    assert later["status"] == "settled"
    assert api.available(payee) == "2.00"


def test_imports_are_of_the_past(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    expect(api.pay(payer, payee, "1.00", imported_at="2199-01-01T00:00:00Z"), "request.invalid")
    expect(api.pay(payer, payee, "1.00", imported_at="yesterday"), "request.invalid")
    held = api.pay(payer, payee, "1.00", imported_at="2019-01-01T00:00:00Z", capture="manual")
    expect(held, "request.invalid")


def test_imports_need_their_scope(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    text, _ = create_api_key(
        api.node.vault,
        principal="shop",
        name="",
        institution=1,
        scopes=["payments:write"],
        now_ns=time.time_ns(),
    )
    shop = api.with_token(text)
    expect(shop.pay(payer, payee, "1.00", imported_at="2019-05-01T00:00:00Z"), "auth.scope")
    assert shop.pay(payer, payee, "1.00").json()["status"] == "settled"


def test_what_was_imported_is_not_reviewed(careful: Api) -> None:
    """It happened already: there is nothing to hold."""
    payer, payee = careful.account(funded="9000000.00"), careful.account()
    imported = careful.pay(payer, payee, "8500000.00", imported_at="2019-05-01T00:00:00Z")
    payment = imported.json()
    assert (payment["status"], payment["decision"]["outcome"]) == ("settled", "accept")
