"""Conditional money at the door: what is refused, told, repeated, proven, simulated and decided."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from clearway.gateway.auth import create_api_key
from clearway.gateway.openapi import describe_api
from clearway.gateway.pace import SIMULATIONS_PER_S_MAX, Pace
from clearway.gateway.routes import ROUTES
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.ledger.genesis import parse_genesis
from clearway.ledger.receipt import check_receipt
from clearway.ledger.terms import describe_terms
from clearway.payment.errors import Refusal
from tests.conftest import ROOT
from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.test_events import follow
from tests.gateway.test_explanation import LISTED
from tests.gateway.test_refused_before_ordering import expect

KEY = public_key(bytes([1]) * 32).hex()
SOON = {"expires_in_s": 600}


def open_one(api: Api, amount: str = "10.00", **conditions: Any) -> tuple[str, str, dict[str, Any]]:
    payer, payee = api.account(funded="100.00"), api.account()
    body = {"release": {"asked_by": "payee"}, **conditions}
    payment = api.pay(payer, payee, amount, **SOON, conditions=body).json()
    assert payment["status"] == "held", payment
    return payer, payee, payment


# --- refused before ordering ----------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no deadline": ({"conditions": {}}, "request.invalid"),
    "two deadlines": (
        {"conditions": {"until": "2090-01-01T00:00:00Z"}, **SOON},
        "request.invalid",
    ),
    "a deadline that is over": (
        {"conditions": {"until": "2020-01-01T00:00:00Z"}},
        "request.invalid",
    ),
    "a deadline that is no time": ({"conditions": {"until": "tomorrow"}}, "request.invalid"),
    "a time without a zone": ({"conditions": {"until": "2090-01-01T00:00:00"}}, "request.invalid"),
    "the 30th of February": ({"conditions": {"until": "2090-02-30T00:00:00Z"}}, "request.invalid"),
    "with manual capture": ({"capture": "manual", "conditions": {}, **SOON}, "request.invalid"),
    "with a sweep": ({"sweep": True, "conditions": {}, **SOON}, "request.invalid"),
    "closing an account": ({"closes": "from", "conditions": {}, **SOON}, "request.invalid"),
    "with another asset": ({"to_asset": "USD/2", "conditions": {}, **SOON}, "request.invalid"),
    "an empty condition": ({"conditions": {"release": {}}, **SOON}, "request.invalid"),
    "two kinds at once": (
        {"conditions": {"release": {"payee": "bob", "category": 5411}}, **SOON},
        "request.invalid",
    ),
    "at_least without of": (
        {"conditions": {"release": {"at_least": 1}}, **SOON},
        "request.invalid",
    ),
    "at least 2 of 1": (
        {"conditions": {"release": {"at_least": 2, "of": [{"asked_by": "payee"}]}}, **SOON},
        "request.invalid",
    ),
    "an unknown kind": (
        {"conditions": {"release": {"full_moon": True}}, **SOON},
        "request.invalid",
    ),
    "none of nothing": ({"conditions": {"release": {"any": []}}, **SOON}, "request.invalid"),
    "a key that is none": (
        {"conditions": {"release": {"approved_by": "ab"}}, **SOON},
        "request.invalid",
    ),
    "too many nodes": (
        {"conditions": {"release": {"all": [{"any": [{"asked_by": "payee"}]}] * 8}}, **SOON},
        "request.invalid",
    ),
    "an amount with too many decimals": (
        {"conditions": {"release": {"up_to": "1.234"}}, **SOON},
        "amount.too_precise",
    ),
    "a payee whom nobody knows": (
        {"conditions": {"release": {"payee": "nobody"}}, **SOON},
        "account.unknown",
    ),
    "a share for nobody": (
        {"conditions": {"split": [{"to": "nobody", "part": 1}], "of": 2}, **SOON},
        "account.unknown",
    ),
    "a split without its whole": (
        {"conditions": {"split": [{"to": "nobody", "part": 1}]}, **SOON},
        "request.invalid",
    ),
    "a delivery in no asset": (
        {
            "conditions": {
                "release": {"delivery": {"from": "a", "to": "b", "amount": "1", "asset": "XXX/2"}}
            },
            **SOON,
        },
        "asset.unknown",
    ),
    "no such field": (
        {"conditions": {"realease": {"asked_by": "payee"}}, **SOON},
        "request.invalid",
    ),
}


@pytest.mark.parametrize(("fields", "code"), BAD.values(), ids=BAD)
def test_conditions_that_cannot_be(api: Api, fields: dict[str, Any], code: str) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    before = api.world()
    expect(api.pay(payer, payee, "1.00", **fields), code)
    assert api.world() == before


def test_who_pays_or_is_paid_does_not_share(api: Api) -> None:
    payer, payee, other = api.account(funded="5.00"), api.account(), api.account("USD/2")
    for to, code in (
        (payer, "request.invalid"),
        (payee, "request.invalid"),
        (other, "account.asset_not_held"),
    ):
        shared = {"split": [{"to": to, "part": 1}], "of": 2}
        expect(api.pay(payer, payee, "1.00", **SOON, conditions=shared), code)


def test_nesting_without_end_is_no_bug(api: Api) -> None:
    deep = '{"any":[' * 5_000 + "]}" * 5_000
    head = '{"from":"a","to":"b","amount":"1","asset":"EUR/2","conditions":{"release":'
    text = head + deep + "}}"
    for path in ("/v1/payments", "/v1/payments/simulate"):
        expect(api.post_raw(path, text.encode()), "request.malformed")


WITNESSES: dict[str, Any] = {
    "none of the kinds": {"node": 0},
    "two of them": {"node": 0, "deliver": True, "preimage": "00"},
    "half a byte": {"node": 0, "preimage": "0"},
    "too long": {"node": 0, "preimage": "00" * 61},
    "no such node": {"node": 15, "preimage": "00"},
    "a short signature": {"node": 0, "approval": {"up_to": "1.00", "signature": "00"}},
    "not delivering": {"node": 0, "deliver": False},
}


@pytest.mark.parametrize("witness", WITNESSES.values(), ids=WITNESSES)
def test_witnesses_that_cannot_be(api: Api, witness: dict[str, Any]) -> None:
    _, _, payment = open_one(api)
    path = f"/v1/payments/{payment['id']}"
    expect(api.post(f"{path}/release", {"witnesses": [witness]}), "request.invalid")
    assert api.get(path).json()["amount_captured"] == "0.00"


def test_a_payment_without_conditions_is_not_released(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    held = api.pay(payer, payee, "1.00", capture="manual").json()
    for act in ("release", "cancel", "simulate"):
        expect(api.post(f"/v1/payments/{held['id']}/{act}"), "payment.wrong_state")
    expect(api.get(f"/v1/payments/{held['id']}/approval"), "payment.wrong_state")
    expect(api.post("/v1/payments/pay_" + "0" * 32 + "/release"), "payment.unknown")


def test_conditional_money_is_neither_captured_nor_voided(api: Api) -> None:
    _, _, payment = open_one(api)
    money = api.money()
    for act in ("capture", "void", "approve", "reject"):
        answer = api.post(f"/v1/payments/{payment['id']}/{act}")
        assert answer.status_code == 409, (act, answer.text)
    assert api.money() == money
    assert api.get(f"/v1/payments/{payment['id']}").json()["status"] == "held"


def test_conditions_come_in_uploads_and_in_linked_payments_too(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    base = {"from": payer, "to": payee, "asset": "EUR/2"}
    aside = {**base, "amount": "1.00", **SOON, "conditions": {"release": {"asked_by": "payee"}}}
    line = json.dumps({**aside, "idempotency_key": fresh("key-")})
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = api.http.post("/v1/payments/batch", content=line, headers=headers).json()
    assert answer["payment"]["conditions"]["release"]["asked_by"] == "payee"
    plain = {**base, "amount": "2.00"}
    linked = api.post("/v1/payments/linked", {"payments": [aside, plain]}).json()["data"]
    assert [payment["status"] for payment in linked] == ["held", "settled"]
    too_much = {**base, "amount": "20.00"}
    broken = api.post("/v1/payments/linked", {"payments": [aside, too_much]}).json()["data"]
    assert [payment["error"]["code"] for payment in broken] == [
        "chain.broken",
        "ledger.exceeds_available",
    ]
    netted = {"payments": [aside, plain], "net": True}
    expect(api.post("/v1/payments/linked", netted), "request.invalid")
    assert api.available(payer) == "6.00"


# --- told, repeated, proven -----------------------------------------------------------------------


def test_events_tell_every_release_and_the_end(api: Api) -> None:
    _, _, payment = open_one(api)
    path = f"/v1/payments/{payment['id']}"
    api.post(f"{path}/release", {"amount": "2.00"})
    api.post(f"{path}/release", {"amount": "3.00"})
    api.post(f"{path}/cancel")
    block = payment["block"]
    events = follow(api, f"{block['height'] - 1}-0-0", 4)
    told = [(event["type"], event["data"]["object"]["amount_captured"]) for event in events]
    assert told == [
        ("payment.held", "0.00"),
        ("payment.released", "2.00"),
        ("payment.released", "5.00"),
        ("payment.returned", "5.00"),
    ]
    assert events[1]["data"]["object"]["status"] == "held"
    assert events[0]["data"]["object"]["conditions"] == payment["conditions"]


def test_a_release_answers_the_same_for_ever(api: Api) -> None:
    _, payee, payment = open_one(api)
    path, key = f"/v1/payments/{payment['id']}", fresh("key-")
    first = api.post(f"{path}/release", {"amount": "2.00"}, key=key)
    refused_key = fresh("key-")
    refused = api.post(f"{path}/release", {"amount": "9.00"}, key=refused_key)
    expect(refused, "escrow.exceeded")
    assert api.post(f"{path}/release").json()["status"] == "settled"
    again = api.post(f"{path}/release", {"amount": "2.00"}, key=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.json()["amount_captured"] == "2.00"
    assert api.post(f"{path}/release", {"amount": "9.00"}, key=refused_key).content == (
        refused.content
    )
    expect(api.post(f"{path}/release", {"amount": "3.00"}, key=key), "idempotency.body_differs")
    assert api.available(payee) == "10.00"


def test_what_was_released_can_be_refunded_at_the_end(api: Api) -> None:
    payer, payee, payment = open_one(api)
    path = f"/v1/payments/{payment['id']}"
    api.post(f"{path}/release", {"amount": "4.00"})
    expect(api.post(f"{path}/refund"), "payment.wrong_state")  # more may be released
    assert api.post(f"{path}/cancel").json()["status"] == "returned"
    refund = api.post(f"{path}/refund", {"amount": "1.50"}).json()
    assert (refund["status"], refund["refund_of"]) == ("settled", payment["id"])
    assert (api.available(payee), api.available(payer)) == ("2.50", "97.50")
    assert api.get(path).json()["amount_refunded"] == "1.50"


def test_each_step_has_a_receipt_that_says_it(api: Api) -> None:
    payer, payee, payment = open_one(api, payer_may_cancel=True)
    path = f"/v1/payments/{payment['id']}"
    api.post(f"{path}/release", {"amount": "4.00"})
    api.post(f"{path}/cancel", {"as": payer})
    genesis = parse_genesis(api.get("/v1/genesis").content)
    receipts = [api.get(f"{path}/receipt", act=number).json() for number in range(3)]
    told = [check_receipt(receipt, genesis).tell() for receipt in receipts]
    id, addresses = (
        payment["id"][4:],
        [api.get(f"/v1/accounts/{name}").json()["address"] for name in (payer, payee)],
    )
    assert f"escrow {id} of 10.00 EUR/2 from {addresses[0]}" in told[0]
    assert "of 4.00 EUR/2" in told[1]
    assert f"out of escrow {id}" in told[1]
    assert f"of escrow {id}" in told[2]
    assert told[2].endswith("accepted")
    assets = {asset.number: asset for asset in genesis.assets}
    terms = describe_terms(bytes.fromhex(receipts[0]["entry"]), assets)
    said = payment["conditions"]["text"].replace(payer, addresses[0]).replace(payee, addresses[1])
    assert terms == said
    assert describe_terms(bytes.fromhex(receipts[1]["entry"]), assets) is None
    expect(api.get(f"{path}/receipt", act=3), "act.unknown")


# --- simulated ------------------------------------------------------------------------------------


def test_a_simulation_leaves_no_trace(api: Api) -> None:
    _, _, payment = open_one(api)
    before, root = api.world(), api.node.book.state_root
    answer = api.post(f"/v1/payments/{payment['id']}/simulate").json()
    assert answer["would_release"] is True
    assert answer["amount"] == "10.00"
    assert (api.world(), api.node.book.state_root) == (before, root)
    assert api.get(f"/v1/payments/{payment['id']}").json()["status"] == "held"


def test_a_simulation_agrees_with_what_happens(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    for amount in ("5.00", "5.01"):
        body = {"from": payer, "to": payee, "amount": amount, "asset": "EUR/2"}
        simulated = api.post("/v1/payments/simulate", body).json()
        happened = api.post("/v1/payments", body).json()
        assert simulated["status"] == happened["status"]
        assert simulated.get("error") == happened.get("error")
    payer, payee = api.account(funded="100.00"), api.account("USD/2")
    body = {"from": payer, "to": payee, "amount": "10.00", "asset": "EUR/2", "to_asset": "USD/2"}
    simulated = api.post("/v1/payments/simulate", body).json()
    assert simulated["to_amount"] == api.post("/v1/payments", body).json()["to_amount"]


def test_a_simulation_of_a_time_that_is_over(api: Api) -> None:
    _, _, payment = open_one(api)
    path = f"/v1/payments/{payment['id']}/simulate"
    expect(api.post(path, {"at": "2020-01-01T00:00:00Z"}), "request.invalid")


def test_a_key_simulates_so_often_a_second() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    for _ in range(SIMULATIONS_PER_S_MAX):
        pace.count("one")
    with pytest.raises(Refusal, match="simulations"):
        pace.count("one")
    pace.count("other")
    now[0] = 1.0
    pace.count("one")


def test_who_simulates_too_often_is_told_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both endpoints count together; other keys, and payments, are not held up by it."""
    now = [0.0]
    monkeypatch.setattr("clearway.gateway.door.Pace", lambda: Pace(lambda: now[0]))
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        payer, payee, payment = open_one(api)
        body = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
        asks = [(f"/v1/payments/{payment['id']}/simulate", {}), ("/v1/payments/simulate", body)]
        for number in range(SIMULATIONS_PER_S_MAX):
            assert api.post(*asks[number % 2]).status_code == 200
        before = api.node.book.height
        for ask in asks:
            expect(api.post(*ask), "capacity.simulations")
        assert api.node.book.height == before
        assert api.post("/v1/payments", body).json()["status"] == "settled"
        text, _ = create_api_key(
            api.node.vault,
            principal="other",
            name="",
            institution=1,
            scopes=["payments:write"],
            now_ns=api.node.clock(),
        )
        assert api.with_token(text).post(*asks[1]).status_code == 200
        now[0] = 1.0
        assert api.post(*asks[1]).status_code == 200


# --- decided --------------------------------------------------------------------------------------


def test_what_a_person_should_look_at_is_declined(careful: Api) -> None:
    payer, payee = careful.account(funded="9000000.00"), careful.account()
    conditions = {"release": {"asked_by": "payee"}}
    payment = careful.pay(payer, payee, "8500000.00", **SOON, conditions=conditions).json()
    assert payment["status"] == "declined"
    assert "no_review_of_conditions" in payment["decision"]["reasons"]
    assert careful.available(payer) == "9000000.00"
    assert payment["conditions"]["text"]
    explained = careful.get(f"/v1/payments/{payment['id']}/explanation").json()
    assert "no_review_of_conditions" in [reason["code"] for reason in explained["reasons"]]
    assert "review" not in explained["text"]


@pytest.mark.parametrize("listed", ["payee", "share", "delivery"])
def test_a_sanctioned_receiver_is_declined(api: Api, listed: str) -> None:
    bad = api.account("EUR/2", "USD/2", owner={"name": LISTED, "country": "CU"})
    payer, payee = api.account(funded="5.00"), api.account("EUR/2", "USD/2")
    conditions: dict[str, Any] = {"release": {"asked_by": "payee"}}
    if listed == "share":
        conditions["split"], conditions["of"] = [{"to": bad, "part": 1}], 2
    elif listed == "delivery":
        goods = {"from": payee, "to": bad, "amount": "1.00", "asset": "USD/2"}
        conditions["release"] = {"delivery": goods}
    to = bad if listed == "payee" else payee
    payment = api.pay(payer, to, "1.00", **SOON, conditions=conditions).json()
    assert payment["status"] == "declined"
    expected = "payee_sanctioned" if listed == "payee" else "share_sanctioned"
    assert payment["decision"]["reasons"][0] == expected
    assert api.available(payer) == "5.00"


def test_purpose_bound_money_is_not_spent_with_a_sanctioned_payee(api: Api) -> None:
    bad = api.account(owner={"name": LISTED, "country": "CU"})
    _, _, payment = open_one(api, spend_with_any_payee=True)
    path, key = f"/v1/payments/{payment['id']}", fresh("key-")
    expect(api.post(f"{path}/release", {"to": bad}, key=key), "policy.sanctions")
    assert api.get(path).json()["amount_captured"] == "0.00"


# --- described ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def valid() -> Callable[[str, Any], bool]:
    """Whether a value is of a schema of the OpenAPI page."""
    components = describe_api(ROUTES, version="0")["components"]

    def check(name: str, value: Any) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        return Draft202012Validator(schema).is_valid(value)

    return check


def test_openapi_describes_the_examples_exactly(valid: Callable[[str, Any], bool]) -> None:
    for path in sorted((ROOT / "examples" / "conditions").glob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        assert valid("PaymentRequest", body), path.name
        body["conditions"].setdefault("release", {})["full_moon"] = True
        assert not valid("PaymentRequest", body), path.name
    assert not valid("Condition", {})
    assert not valid("Condition", {"payee": "bob", "category": 5411})
    assert not valid("Condition", {"at_least": 1})
    assert not valid("Condition", {"all": []})
    assert valid("Witness", {"node": 0, "deliver": True})
    assert not valid("Witness", {"node": 0})


def test_openapi_describes_the_answers(api: Api, valid: Callable[[str, Any], bool]) -> None:
    _, _, payment = open_one(
        api, release={"any": [{"approved_by": KEY}, {"all": [{"asked_by": "payee"}]}]}
    )
    path = f"/v1/payments/{payment['id']}"
    assert valid("Payment", payment)
    assert valid("ReleaseSimulation", api.post(f"{path}/simulate").json())
    assert valid("ApprovalToSign", api.get(f"{path}/approval").json())
    body = {"from": "x", "to": payment["to"], "amount": "1", "asset": "EUR/2"}
    simulated = api.post("/v1/payments/simulate", body | {"from": payment["from"]}).json()
    assert valid("PaymentSimulation", simulated)


# --- what users of comparable systems met ---------------------------------------------------------


def test_insufficient_funds_are_a_typed_answer_never_500(api: Api) -> None:
    """Rafiki #698, #922: at opening, and at the delivery inside a release."""
    payer, payee = api.account(funded="5.00"), api.account("EUR/2", "USD/2")
    api.account("USD/2")
    conditions: dict[str, Any] = {"release": {"asked_by": "payee"}}
    poor = api.pay(payer, payee, "5.01", **SOON, conditions=conditions)
    assert poor.status_code == 201
    assert (poor.json()["status"], poor.json()["error"]["code"]) == (
        "refused",
        "ledger.exceeds_available",
    )
    buyer = api.account("EUR/2", "USD/2", funded="5.00")
    goods = {"from": payee, "to": buyer, "amount": "1.00", "asset": "USD/2"}
    escrow = api.pay(buyer, payee, "5.00", **SOON, conditions={"release": {"delivery": goods}})
    path = f"/v1/payments/{escrow.json()['id']}"
    simulated = api.post(f"{path}/simulate", {"witnesses": [{"node": 0, "deliver": True}]})
    assert simulated.json()["code"] == "ledger.exceeds_available"
    expect(
        api.post(f"{path}/release", {"witnesses": [{"node": 0, "deliver": True}]}),
        "ledger.exceeds_available",
    )


def test_what_is_put_aside_counts_as_held(api: Api) -> None:
    """Blnk #181: an escrow's money is not available to anything else, until it comes back."""
    payer, payee, payment = open_one(api, amount="60.00")
    assert api.available(payer) == "40.00"
    for refused in (
        api.pay(payer, payee, "40.01"),
        api.pay(payer, payee, "40.01", capture="manual"),
        api.pay(payer, payee, "40.01", **SOON, conditions={"release": {"asked_by": "payee"}}),
    ):
        assert refused.json()["error"]["code"] == "ledger.exceeds_available"
    expect(api.post(f"/v1/accounts/{payer}/close"), "account.not_empty")
    assert api.post(f"/v1/payments/{payment['id']}/cancel").json()["status"] == "returned"
    assert api.available(payer) == "100.00"


@pytest.mark.parametrize("ended", ["released", "cancelled"])
def test_what_has_ended_never_moves_again(api: Api, ended: str) -> None:
    """Blnk #182, #195: no act leads out of an end."""
    _, _, payment = open_one(api)
    path = f"/v1/payments/{payment['id']}"
    assert api.post(f"{path}/{'release' if ended == 'released' else 'cancel'}").status_code == 200
    money = api.money()
    for act in ("release", "cancel", "simulate", "capture", "void", "approve", "reject"):
        answer = api.post(f"{path}/{act}")
        assert answer.status_code == 409, (act, answer.text)
    assert api.money() == money


def test_an_answer_does_not_depend_on_when_it_is_asked(api: Api) -> None:
    """Formance #1520, #1500: a release that depends on a balance (a delivery) says, simulated and
    done, what the ledger says, before and after the balance is there, and is decided once."""
    buyer, seller = api.account("EUR/2", "USD/2", funded="5.00"), api.account("USD/2", "EUR/2")
    goods = {"from": seller, "to": buyer, "amount": "3.00", "asset": "USD/2"}
    payment = api.pay(buyer, seller, "5.00", **SOON, conditions={"release": {"delivery": goods}})
    path = f"/v1/payments/{payment.json()['id']}"
    body, key = {"witnesses": [{"node": 0, "deliver": True}]}, fresh("key-")
    for _ in range(3):
        assert api.post(f"{path}/simulate", body).json()["code"] == "ledger.exceeds_available"
    first = api.post(f"{path}/release", body, key=key)
    expect(first, "ledger.exceeds_available")
    api.fund(seller, "3.00", "USD/2")
    for _ in range(3):
        assert api.post(f"{path}/simulate", body).json()["would_release"] is True
    assert api.post(f"{path}/release", body, key=key).content == first.content
    assert api.available(seller, "USD/2") == "3.00"
    assert api.post(f"{path}/release", body).json()["status"] == "settled"
    assert (api.available(seller, "USD/2"), api.available(buyer, "USD/2")) == ("0.00", "3.00")


def test_an_approval_shows_what_is_signed(api: Api) -> None:
    _, payee, payment = open_one(api, release={"approved_by": KEY})
    asked = api.get(f"/v1/payments/{payment['id']}/approval", up_to="2.50").json()
    assert asked["text"].startswith(f"Approves releasing up to 2.50 EUR/2 in all to {payee}")
    assert hash_bytes("approve", bytes.fromhex(asked["message"])).hex() == asked["digest"]
    signature = sign(bytes([1]) * 32, bytes.fromhex(asked["digest"])).hex()
    witness = {"node": 0, "approval": {"up_to": "2.50", "signature": signature}}
    for amount, code in (("2.51", "escrow.unmet"), ("2.50", None), ("0.01", "escrow.unmet")):
        answer = api.post(
            f"/v1/payments/{payment['id']}/release", {"amount": amount, "witnesses": [witness]}
        )
        if code is None:
            assert answer.json()["amount_captured"] == "2.50"
        else:
            expect(answer, code)
