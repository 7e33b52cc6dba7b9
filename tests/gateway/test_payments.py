"""Payments in the exact shape of the interface, and what happens to them later."""

import re
from typing import Any

from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect

SHAPE = [
    "id", "object", "created", "status", "from", "to", "amount", "asset", "amount_captured",
    "amount_refunded", "reference", "metadata", "decision", "legs", "block",
]  # fmt: skip


def test_a_payment_settles_and_looks_the_same_everywhere(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    said = {"reference": "Rent März", "metadata": {"flat": "7"}, "purpose": "RENT"}
    answer = api.pay(payer, payee, "12.5", **said)
    payment = answer.json()
    assert answer.status_code == 201
    assert list(payment) == SHAPE
    assert re.fullmatch(r"pay_[0-9a-f]{32}", payment["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", payment["created"])
    assert (payment["object"], payment["status"]) == ("payment", "settled")
    assert (payment["amount"], payment["asset"]) == ("12.50", "EUR/2")
    assert (payment["amount_captured"], payment["amount_refunded"]) == ("12.50", "0.00")
    assert (payment["reference"], payment["metadata"]) == ("Rent März", {"flat": "7"})
    assert payment["decision"]["outcome"] == "accept"
    leg = {"from": payer, "to": payee, "asset": "EUR/2", "amount": "12.50", "role": "principal"}
    assert payment["legs"] == [leg]
    assert api.get(f"/v1/payments/{payment['id']}").json() == payment
    listed = api.get("/v1/payments", account=payer, status="settled").json()
    assert listed["data"][0] == payment
    block = api.get(f"/v1/blocks/{payment['block']['height']}").json()
    assert block["count"] > payment["block"]["index"]


def test_amounts_have_exactly_the_scale_of_their_asset(api: Api) -> None:
    payer, payee = api.account("JPY/0", funded="1000"), api.account("JPY/0")
    payment = api.pay(payer, payee, "7", asset="JPY/0").json()
    assert (payment["amount"], payment["amount_captured"]) == ("7", "7")
    expect(api.pay(payer, payee, "7.0", asset="JPY/0"), "amount.too_precise")


def test_a_hold_is_captured_in_part_and_the_rest_is_released(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    held = api.pay(payer, payee, "8.00", capture="manual").json()
    assert (held["status"], held["amount_captured"]) == ("held", "0.00")
    assert "expires" in held
    assert api.available(payer) == "2.00"
    path, key = f"/v1/payments/{held['id']}/capture", fresh("key-")
    captured = api.post(path, {"amount": "3.00"}, key=key)
    assert captured.status_code == 200
    assert captured.json()["id"] == held["id"]
    assert (captured.json()["status"], captured.json()["amount_captured"]) == ("settled", "3.00")
    assert (api.available(payer), api.available(payee)) == ("7.00", "3.00")
    assert api.post(path, {"amount": "3.00"}, key=key).content == captured.content
    expect(api.post(path, {"amount": "2.00"}, key=key), "idempotency.body_differs")
    expect(api.post(path, {"amount": "3.00"}), "payment.wrong_state")


def test_a_hold_is_voided(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    held = api.pay(payer, payee, "8.00", capture="manual").json()["id"]
    voided = api.post(f"/v1/payments/{held}/void")
    assert (voided.status_code, voided.json()["status"]) == (200, "voided")
    assert api.available(payer) == "10.00"
    expect(api.post(f"/v1/payments/{held}/capture"), "payment.wrong_state")


def test_an_empty_body_captures_everything(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    held = api.pay(payer, payee, "8.00", capture="manual").json()["id"]
    captured = api.post_raw(f"/v1/payments/{held}/capture", b"")
    assert captured.json()["amount_captured"] == "8.00"


def test_a_refund_is_a_payment_of_its_own(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    payment = api.pay(payer, payee, "8.00").json()
    key = fresh("key-")
    refund = api.post(f"/v1/payments/{payment['id']}/refund", {"amount": "3.00"}, key=key)
    body = refund.json()
    assert refund.status_code == 201
    assert body["refund_of"] == payment["id"]
    assert (body["from"], body["to"], body["amount"]) == (payee, payer, "3.00")
    assert api.get(f"/v1/payments/{payment['id']}").json()["amount_refunded"] == "3.00"
    again = api.post(f"/v1/payments/{payment['id']}/refund", {"amount": "3.00"}, key=key)
    assert again.content == refund.content
    expect(api.post(f"/v1/payments/{body['id']}/refund"), "payment.wrong_state")


def test_a_payment_into_another_asset_at_a_quote(api: Api) -> None:
    payer, payee = api.account("EUR/2", funded="1000.00"), api.account("USD/2")
    quote = api.post("/v1/quotes", {"asset": "EUR/2", "to_asset": "USD/2", "amount": "100.00"})
    assert quote.status_code == 201
    promised = quote.json()
    assert api.get(f"/v1/quotes/{promised['id']}").json() == promised
    payment = api.pay(payer, payee, "100.00", to_asset="USD/2", quote=promised["id"]).json()
    assert payment["status"] == "settled"
    assert (payment["to_amount"], payment["to_asset"]) == (promised["to_amount"], "USD/2")
    assert [leg["role"] for leg in payment["legs"]] == ["exchange", "principal", "fee"]
    assert api.available(payee, "USD/2") == promised["to_amount"]
    spent = 1000_00 - 100_00 - _cents(promised["fee"])
    assert _cents(api.available(payer)) == spent
    refund = api.post(f"/v1/payments/{payment['id']}/refund").json()
    assert (refund["status"], refund["to_amount"]) == ("settled", "100.00"), refund
    assert api.available(payee, "USD/2") == "0.00"
    assert _cents(api.available(payer)) == spent + 100_00


def test_a_cross_currency_hold_is_captured_in_part_and_refunded(api: Api) -> None:
    payer, payee = api.account("EUR/2", funded="1000.00"), api.account("JPY/0")
    fields = {"to_asset": "JPY/0", "capture": "manual"}
    held = api.pay(payer, payee, "100.00", **fields).json()
    assert held["status"] == "held", held
    captured = api.post(f"/v1/payments/{held['id']}/capture", {"amount": "33.33"}).json()
    assert (captured["status"], captured["amount_captured"]) == ("settled", "33.33")
    for amount in ("11.11", "11.11", "11.11"):
        refund = api.post(f"/v1/payments/{held['id']}/refund", {"amount": amount}).json()
        assert refund["status"] == "settled", refund
    assert api.available(payee, "JPY/0") == "0"
    seen = api.get(f"/v1/payments/{held['id']}").json()
    assert seen["amount_refunded"] == "33.33"


def _cents(text: str) -> int:
    return int(text.replace(".", ""))


# --- review -------------------------------------------------------------------------------------


def _review(api: Api) -> tuple[str, str, dict[str, Any]]:
    payer, payee = api.account(funded="9000000.00"), api.account()
    payment = api.pay(payer, payee, "8500000.00").json()
    assert payment["status"] == "review", payment
    return payer, payee, payment


def test_a_review_holds_the_money_until_somebody_approves(careful: Api) -> None:
    payer, payee, payment = _review(careful)
    assert payment["decision"]["outcome"] == "review"
    assert "expires" in payment
    assert (careful.available(payer), careful.available(payee)) == ("500000.00", "0.00")
    path = f"/v1/payments/{payment['id']}"
    expect(careful.post(f"{path}/capture"), "payment.wrong_state")
    key = fresh("key-")
    approved = careful.post(f"{path}/approve", {"note": "known landlord"}, key=key)
    assert (approved.status_code, approved.json()["status"]) == (200, "settled")
    assert careful.available(payee) == "8500000.00"
    again = careful.post(f"{path}/approve", {"note": "known landlord"}, key=key)
    assert again.content == approved.content
    [decided] = careful.get(f"{path}/explanation").json()["decided_by"]
    assert (decided["by"], decided["note"]) == ("dev", "known landlord")
    latest = careful.node.audit.records(limit=1)[-1]
    assert (latest.what, latest.facts) == ("payment.approve", {"payment": payment["id"]})


def test_a_review_is_rejected(careful: Api) -> None:
    payer, _, payment = _review(careful)
    rejected = careful.post(f"/v1/payments/{payment['id']}/reject")
    assert (rejected.status_code, rejected.json()["status"]) == (200, "declined")
    assert careful.available(payer) == "9000000.00"
    expect(careful.post(f"/v1/payments/{payment['id']}/approve"), "payment.wrong_state")


def test_a_review_that_nobody_decides_ends(careful: Api) -> None:
    payer, _, payment = _review(careful)
    careful.clock.pass_s(86_401)
    expect(careful.post(f"/v1/payments/{payment['id']}/approve"), "hold.expired")
    assert careful.get(f"/v1/payments/{payment['id']}").json()["status"] == "returned"
    assert careful.available(payer) == "9000000.00"
