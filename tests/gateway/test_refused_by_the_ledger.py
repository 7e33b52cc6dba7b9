"""What the ledger refuses after ordering: the key is used, the refusal stands, no money moves."""

from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def test_insufficient_funds(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    money = api.money()
    answer = api.pay(payer, payee, "5.01")
    payment = answer.json()
    assert answer.status_code == 201
    assert payment["status"] == "refused"
    assert payment["error"]["code"] == "ledger.exceeds_available"
    assert payment["legs"] == []
    assert payment["amount_captured"] == "0.00"
    assert api.money() == money
    assert (api.available(payer), api.available(payee)) == ("5.00", "0.00")
    assert api.get(f"/v1/payments/{payment['id']}").json() == payment


def test_what_is_held_is_not_available(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    assert api.pay(payer, payee, "4.00", capture="manual").json()["status"] == "held"
    refused = api.pay(payer, payee, "1.01").json()
    assert refused["error"]["code"] == "ledger.exceeds_available"
    assert api.pay(payer, payee, "1.00").json()["status"] == "settled"


def test_a_frozen_account_neither_pays_nor_is_paid(api: Api) -> None:
    frozen, other = api.account(funded="5.00"), api.account(funded="5.00")
    assert api.post(f"/v1/accounts/{frozen}/freeze").json()["status"] == "frozen"
    money = api.money()
    assert api.pay(frozen, other, "1.00").json()["error"]["code"] == "ledger.payer_frozen"
    assert api.pay(other, frozen, "1.00").json()["error"]["code"] == "ledger.payee_frozen"
    assert api.money() == money
    expect(api.post(f"/v1/accounts/{frozen}/freeze"), "account.already_frozen")
    assert api.post(f"/v1/accounts/{frozen}/unfreeze").json()["status"] == "open"
    expect(api.post(f"/v1/accounts/{frozen}/unfreeze"), "account.not_frozen")
    assert api.pay(frozen, other, "1.00").json()["status"] == "settled"


def test_a_capture_above_the_hold(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "3.00", capture="manual").json()["id"]
    money, key = api.money(), fresh("key-")
    refused = api.post(f"/v1/payments/{payment}/capture", {"amount": "3.01"}, key=key)
    expect(refused, "hold.exceeded")
    again = api.post(f"/v1/payments/{payment}/capture", {"amount": "3.01"}, key=key)
    assert (again.status_code, again.content) == (refused.status_code, refused.content)
    assert api.money() == money
    assert api.get(f"/v1/payments/{payment}").json()["status"] == "held"
    captured = api.post(f"/v1/payments/{payment}/capture", {"amount": "3.00"})
    assert captured.json()["status"] == "settled"


def test_a_hold_that_expired(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "3.00", capture="manual", expires_in_s=5).json()["id"]
    api.clock.pass_s(6)
    expect(api.post(f"/v1/payments/{payment}/capture"), "hold.expired")
    seen = api.get(f"/v1/payments/{payment}").json()
    assert seen["status"] == "returned"
    assert seen["amount_captured"] == "0.00"
    assert (api.available(payer), api.available(payee)) == ("5.00", "0.00")


def test_a_refund_above_the_payment(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account(funded="5.00")
    payment = api.pay(payer, payee, "3.00").json()["id"]
    assert api.post(f"/v1/payments/{payment}/refund", {"amount": "2.00"}).status_code == 201
    money = api.money()
    answer = api.post(f"/v1/payments/{payment}/refund", {"amount": "1.01"})
    assert answer.status_code == 201
    assert answer.json()["status"] == "refused"
    assert answer.json()["error"]["code"] == "ledger.refund_exceeds_payment"
    assert api.money() == money
    assert api.get(f"/v1/payments/{payment}").json()["amount_refunded"] == "2.00"
    rest = api.post(f"/v1/payments/{payment}/refund").json()
    assert (rest["status"], rest["amount"]) == ("settled", "1.00")
    expect(api.post(f"/v1/payments/{payment}/refund"), "ledger.refund_exceeds_payment")


def test_an_account_with_money_is_not_closed(api: Api) -> None:
    account = api.account(funded="5.00")
    expect(api.post(f"/v1/accounts/{account}/close"), "account.not_empty")
    assert api.get(f"/v1/accounts/{account}").json()["status"] == "open"
    body = {"account": account, "amount": "5.00", "asset": "EUR/2", "nostro": "nostro"}
    assert api.post("/v1/redemptions", body).json()["status"] == "settled"
    assert api.post(f"/v1/accounts/{account}/close").json()["status"] == "closed"
