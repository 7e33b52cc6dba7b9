"""What the door refuses: its documented code and status, and nothing written anywhere."""

import time
from typing import Any

import pytest

from clearway.gateway.auth import KEY_FRESH_S, create_api_key
from clearway.payment.errors import CATALOGUE
from tests.gateway.api import Api, fresh


def expect(answer: Any, code: str) -> None:
    """A problem of this code, in the one shape, with the catalogue's status."""
    kind = CATALOGUE[code]
    body = answer.json()
    assert (body.get("code"), answer.status_code) == (code, kind.status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(body) == ["type", "title", "status", "detail", "code", "retryable", "request_id"]
    assert body["status"] == kind.status
    assert body["retryable"] is kind.retryable
    assert ("retry-after" in answer.headers) is kind.retryable


BODIES: dict[str, tuple[bytes, str]] = {
    "malformed JSON": (b'{"from":"a",', "request.malformed"),
    "not JSON at all": (b"\xff\xfe", "request.malformed"),
    "empty": (b"", "request.malformed"),
    "an array": (b"[]", "request.invalid"),
    "a bare NaN": (b'{"from":"a","to":"b","amount":NaN,"asset":"EUR/2"}', "request.malformed"),
    "an unknown field": (
        b'{"from":"a","to":"b","amount":"1","asset":"EUR/2","x":1}',
        "request.invalid",
    ),
    "a missing field": (b'{"from":"a","to":"b","amount":"1"}', "request.invalid"),
    "a number as amount": (
        b'{"from":"a","to":"b","amount":1,"asset":"EUR/2"}',
        "request.invalid",
    ),
    "a number as account": (
        b'{"from":1,"to":"b","amount":"1","asset":"EUR/2"}',
        "request.invalid",
    ),
    "an unknown capture": (
        b'{"from":"a","to":"b","amount":"1","asset":"EUR/2","capture":"later"}',
        "request.invalid",
    ),
    "a body too large": (b" " * 70_000, "request.too_large"),
}


@pytest.mark.parametrize(("body", "code"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read(api: Api, body: bytes, code: str) -> None:
    before = api.world()
    expect(api.post_raw("/v1/payments", body), code)
    assert api.world() == before


AMOUNTS = {
    "1.234": "amount.too_precise",
    "-1.00": "amount.not_positive",
    "0.00": "amount.not_positive",
    "0": "amount.not_positive",
    "NaN": "amount.malformed",
    "Infinity": "amount.malformed",
    "1e3": "amount.malformed",
    "1,00": "amount.malformed",
    " 1": "amount.malformed",
    "": "amount.malformed",
    "٣": "amount.malformed",
    "850705917302346158658436518579420528.64": "amount.too_large",
    "9" * 60: "amount.malformed",
}


@pytest.mark.parametrize(("amount", "code"), AMOUNTS.items(), ids=list(AMOUNTS))
def test_an_amount_that_is_none(api: Api, amount: str, code: str) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    before = api.world()
    expect(api.pay(payer, payee, amount), code)
    assert api.world() == before


def test_parties_and_assets_that_are_not_there(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    before = api.world()
    expect(api.pay(payer, "nobody", "1.00"), "account.unknown")
    expect(api.pay("nobody", payee, "1.00"), "account.unknown")
    expect(api.pay(payer, "spaces are no id", "1.00"), "account.unknown")
    expect(api.pay(payer, payer, "1.00"), "account.same")
    expect(api.pay(payer, payee, "1.00", asset="XXX/2"), "asset.unknown")
    expect(api.pay(payer, payee, "1.00", asset="EUR/3"), "asset.unknown")
    expect(api.pay(payer, payee, "1.00", asset="EUR"), "asset.unknown")
    expect(api.pay(payer, payee, "1.00", to_asset="XXX/2"), "asset.unknown")
    expect(api.pay(payer, payee, "1.00", asset="USD/2"), "account.asset_not_held")
    expect(api.pay(payer, payee, "1.00", expires_in_s=60), "request.invalid")
    assert api.world() == before


def test_a_closed_account_neither_pays_nor_is_paid(api: Api) -> None:
    payer, closed = api.account(funded="5.00"), api.account()
    assert api.post(f"/v1/accounts/{closed}/close").json()["status"] == "closed"
    before = api.world()
    expect(api.pay(payer, closed, "1.00"), "account.closed")
    expect(api.pay(closed, payer, "1.00"), "account.closed")
    assert api.world() == before


def test_a_quote_that_is_unknown_expired_or_for_something_else(api: Api) -> None:
    payer, payee = api.account("EUR/2", funded="50.00"), api.account("USD/2")
    asked = {"asset": "EUR/2", "to_asset": "USD/2", "amount": "10.00"}
    quote = api.post("/v1/quotes", asked).json()["id"]
    before = api.world()

    def pay(amount: str, quote: str) -> Any:
        return api.pay(payer, payee, amount, to_asset="USD/2", quote=quote)

    expect(pay("10.00", "qte_" + "0" * 32), "quote.unknown")
    expect(pay("10.00", "nonsense"), "quote.unknown")
    expect(pay("10.01", quote), "quote.differs")
    api.clock.pass_s(61)
    expect(pay("10.00", quote), "quote.expired")
    assert api.world() == before


def test_idempotency_keys_that_are_missing_or_malformed(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    body = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    before = api.world()
    auth = {"Authorization": f"Bearer {api.token}"}
    for path in ("/v1/payments", "/v1/accounts", "/v1/issuances", "/v1/redemptions", "/v1/faucet",
                 "/v1/quotes", f"/v1/accounts/{payer}/close"):  # fmt: skip
        expect(api.http.post(path, json=body, headers=auth), "idempotency.missing")
    expect(api.post("/v1/payments", body, key="two words"), "idempotency.malformed")
    expect(api.post("/v1/payments", body, key="x" * 256), "idempotency.malformed")
    assert api.world() == before


def test_keys_that_are_missing_wrong_revoked_or_too_weak(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    before = api.world()
    node = api.node
    text, key = create_api_key(
        node.vault,
        principal="dev",
        name="",
        institution=node.institution,
        scopes=["payments:read"],
        now_ns=node.clock(),
    )
    weak = api.with_token(text)
    expect(weak.pay(payer, payee, "1.00"), "auth.scope")
    expect(weak.post("/v1/accounts", {"assets": ["EUR/2"]}), "auth.scope")
    expect(weak.get("/v1/trial-balance"), "auth.scope")
    assert weak.get("/v1/payments").status_code == 200
    node.vault.revoke_api_key(key.id, node.clock())
    time.sleep(KEY_FRESH_S)
    expect(weak.get("/v1/payments"), "auth.revoked")
    expect(weak.pay(payer, payee, "1.00"), "auth.revoked")
    expect(api.with_token("").pay(payer, payee, "1.00"), "auth.missing")
    expect(api.with_token("cwk_wrong").pay(payer, payee, "1.00"), "auth.invalid")
    expect(api.with_token(api.token + "x").pay(payer, payee, "1.00"), "auth.invalid")
    assert api.world() == before


def test_an_account_is_not_opened_twice_or_wrongly(api: Api) -> None:
    there = api.account()
    before = api.world()
    expect(api.post("/v1/accounts", {"id": there, "assets": ["EUR/2"]}), "account.exists")
    expect(api.post("/v1/accounts", {"id": fresh("a"), "assets": ["XXX/2"]}), "asset.unknown")
    expect(api.post("/v1/accounts", {"id": fresh("a"), "assets": []}), "request.invalid")
    expect(api.post("/v1/accounts", {"id": "no spaces", "assets": ["EUR/2"]}), "request.invalid")
    twice = {"id": fresh("a"), "assets": ["EUR/2", "EUR/2"]}
    expect(api.post("/v1/accounts", twice), "request.invalid")
    assert api.world() == before


def test_things_that_are_not_there(api: Api) -> None:
    account = api.account()
    before = api.world()
    nobody = "pay_" + "0" * 32
    for path in (f"/v1/payments/{nobody}", "/v1/payments/x", f"/v1/payments/{nobody}/receipt"):
        expect(api.get(path), "payment.unknown")
    for act in ("capture", "void", "refund", "approve", "reject"):
        expect(api.post(f"/v1/payments/{nobody}/{act}"), "payment.unknown")
    expect(api.get("/v1/accounts/nobody"), "account.unknown")
    expect(api.get("/v1/accounts/nobody/balances"), "account.unknown")
    expect(api.get("/v1/payments", account="nobody"), "account.unknown")
    expect(api.get("/v1/payments", limit=0), "request.invalid")
    expect(api.get("/v1/payments", limit=501), "request.invalid")
    expect(api.get("/v1/payments", nonsense="1"), "request.invalid")
    expect(api.get("/v1/blocks/99999999"), "block.unknown")
    expect(api.get("/v1/blocks/first"), "block.unknown")
    expect(api.get("/v1/quotes/qte_x"), "quote.unknown")
    expect(api.get("/v1/nothing"), "request.unknown_route")
    expect(api.http.delete("/v1/payments"), "request.method")
    body = {"account": account, "amount": "1.00", "asset": "EUR/2", "nostro": account}
    expect(api.post("/v1/issuances", body), "account.same")
    expect(api.post("/v1/issuances", body | {"nostro": "nobody"}), "nostro.unknown")
    assert api.world() == before


def test_a_payment_that_is_settled_is_neither_captured_nor_voided_nor_judged(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "1.00").json()["id"]
    before = api.world()
    for act in ("capture", "void", "approve", "reject"):
        expect(api.post(f"/v1/payments/{payment}/{act}"), "payment.wrong_state")
    assert api.world() == before


def test_a_stream_from_an_event_that_is_none(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Last-Event-ID": "yesterday"}
    expect(api.http.get("/v1/events", headers=headers), "event.unknown")
