"""Accounts that belong to a key outside the node: prepared here, signed there, sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from clearway.ledger.authorise import Meant, authorisation_digest, check_preparation
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.ledger.genesis import parse_genesis
from clearway.payment.records import Flag, Kind, view_heads
from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.owner import Owner, new_seed, open_own, prepare, signed
from tests.gateway.test_refused_before_ordering import expect

PAYMENTS = "/v1/payments"
EUR = 1


def address(api: Api, account: str) -> bytes:
    return bytes.fromhex(api.get(f"/v1/accounts/{account}").json()["address"][2:])


def head_of(preparation: Any) -> Any:
    return view_heads(bytes.fromhex(preparation["prepared"]["instruction"]) + bytes(64))[0]


def test_an_account_shows_whose_it_is(api: Api) -> None:
    owner, kept = open_own(api), api.account()
    assert api.get(f"/v1/accounts/{owner.account}").json()["owner_key"] == owner.key
    assert "owner_key" not in api.get(f"/v1/accounts/{kept}").json()
    sub = {"id": fresh("sub-"), "parent": owner.account, "owner_key": owner.key}
    assert api.post("/v1/accounts", sub).json()["code"] == "request.invalid"


def test_a_payment_is_prepared_signed_and_paid(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    body = owner.payment(payee, "12.34", reference="rent")
    before = api.world()
    prepared = owner.prepare(PAYMENTS, body)
    assert api.world() == before
    assert (prepared["account"], prepared["keys"]) == (owner.account, [owner.key])
    assert "of 12.34 EUR/2 from 0x" in prepared["text"]
    instruction = bytes.fromhex(prepared["prepared"]["instruction"])
    digest = authorisation_digest(api.node.book.chain_id, instruction, b"")
    assert prepared["digest"] == digest.hex()
    paid = owner.send(PAYMENTS, body, prepared)
    assert (paid.status_code, paid.json()["status"]) == (201, "settled")
    assert (paid.json()["reference"], api.available(payee)) == ("rent", "12.34")
    receipt = api.get(f"{PAYMENTS}/{paid.json()['id']}/receipt").json()
    assert bytes.fromhex(receipt["entry"])[:192] == instruction  # the ledger has what was signed
    found = api.get(PAYMENTS, idempotency_key=prepared["idempotency_key"]).json()["data"]
    assert [row["id"] for row in found] == [paid.json()["id"]]


def test_without_a_signature_nothing_leaves_and_nothing_is_written(api: Api) -> None:
    owner, payee, other = open_own(api, funded="20.00"), api.account(), api.account()
    before = api.world()
    expect(api.pay(owner.account, payee, "1.00"), "authorisation.missing")
    redeem = {"account": owner.account, "amount": "1.00", "asset": "EUR/2", "nostro": "nostro"}
    expect(api.post("/v1/redemptions", redeem), "authorisation.missing")
    line = json.dumps(owner.payment(payee, "1.00") | {"idempotency_key": fresh("line-")})
    uploaded = api.post_raw("/v1/payments/batch", line.encode()).json()
    assert (uploaded["status"], uploaded["error"]["code"]) == (403, "authorisation.missing")
    second = {"from": other, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    linked = {"payments": [owner.payment(payee, "1.00"), second]}
    expect(api.post("/v1/payments/linked", linked), "authorisation.missing")
    assert api.world() == before


def test_a_signature_that_is_not_the_owners_is_told_apart(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    thief = Owner(api, owner.account, new_seed())
    body = owner.payment(payee, "1.00")
    prepared = owner.prepare(PAYMENTS, body)
    before = api.world()
    expect(thief.send(PAYMENTS, body, prepared), "authorisation.key")
    right = owner.sign(prepared)
    for signature in (
        sign(owner.seed, bytes(32)).hex(),
        "00" * 64,
        thief.sign(prepared)["signature"],
    ):
        wrong = [right | {"signature": signature}]
        expect(owner.send(PAYMENTS, body, prepared, signatures=wrong), "authorisation.wrong")
    twice = owner.send(PAYMENTS, body, prepared, signatures=[right, right])
    expect(twice, "request.invalid")
    assert api.world() == before
    assert owner.send(PAYMENTS, body, prepared).json()["status"] == "settled"  # the key was unused


@pytest.fixture(scope="module")
def charging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A node whose institution takes half a per cent of every payment."""
    fee = {"CLEARWAY_FEE_DOMESTIC_BPS": "50"}
    yield from serve(tmp_path_factory.mktemp("charging"), review="10000", decline="10000", **fee)


def test_an_owner_signs_the_fee_of_his_payment(charging: Api) -> None:
    owner, payee = open_own(charging, funded="20.00"), charging.account()
    assert owner.pay(payee, "10.00")["status"] == "settled"
    assert (charging.available(owner.account), charging.available(payee)) == ("9.95", "10.00")


@pytest.mark.parametrize("bound_minor", [0, 4])
def test_an_owner_who_signs_a_smaller_fee_is_refused(charging: Api, bound_minor: int) -> None:
    owner, payee = open_own(charging, funded="20.00"), charging.account()
    body = owner.payment(payee, "10.00")
    prepared = owner.prepare(PAYMENTS, body)
    instruction = bytearray.fromhex(prepared["prepared"]["instruction"])
    assert instruction[80:96] == (5).to_bytes(16, "little")
    instruction[80:96] = bound_minor.to_bytes(16, "little")
    digest = authorisation_digest(charging.node.book.chain_id, bytes(instruction), b"")
    cheaper = {
        "idempotency_key": prepared["idempotency_key"],
        "prepared": prepared["prepared"] | {"instruction": instruction.hex()},
        "digest": digest.hex(),
    }
    before = charging.world()
    for path, sent in (
        (PAYMENTS, body),
        (f"{PAYMENTS}/simulate", body),
    ):
        refused = owner.send(path, sent, cheaper)
        expect(refused, "authorisation.differs")
        assert "fee" in refused.json()["detail"]
    assert charging.world() == before
    assert owner.send(PAYMENTS, body, prepared).json()["status"] == "settled"  # the key was unused


@pytest.mark.parametrize("name", ["to_amount_hi", "bound_hi"])
@pytest.mark.parametrize("high", [2**62, 2**64 - 1])
def test_a_price_above_every_amount_is_refused_before_ordering(
    api: Api, name: str, high: int
) -> None:
    """Such an entry would not decode, and would take its envelope with it."""
    owner, other, payee = open_own(api, funded="9.00"), api.account(), api.account("EUR/2", "USD/2")
    plain, crossed = owner.payment(payee, "1.00"), owner.payment(payee, "1.00", to_asset="USD/2")
    before = api.world()
    for body in (plain, crossed):
        changed = tampered(owner.prepare(PAYMENTS, body), **{name: high})
        expect(owner.send(PAYMENTS, body, changed), "request.invalid")
        expect(owner.send(f"{PAYMENTS}/simulate", body, changed), "request.invalid")
        line = signed(body, changed, owner) | {"idempotency_key": changed["idempotency_key"]}
        uploaded = api.post_raw("/v1/payments/batch", json.dumps(line).encode()).json()
        assert (uploaded["status"], uploaded["error"]["code"]) == (400, "request.invalid")
    fee = {"from": other, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    [first, _] = owner.prepare(LINKED, {"payments": [plain, fee]})["data"]
    first = tampered(first, **{name: high})
    linked = api.post(
        LINKED, {"payments": [signed(plain, first, owner), fee]}, key=first["idempotency_key"]
    )
    expect(linked, "request.invalid")
    assert api.world() == before
    assert owner.pay(payee, "1.00")["status"] == "settled"  # the node goes on


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "1.01"}, "amount_minor"),
        ({"reference": "other"}, "details"),
        ({"purpose": "SALA"}, "purpose"),
        ({"capture": "manual"}, "flags"),
    ],
)
def test_what_was_signed_is_the_request_and_no_other(
    api: Api, change: dict[str, str], field: str
) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    body = owner.payment(payee, "1.00")
    prepared = owner.prepare(PAYMENTS, body)
    refused = owner.send(PAYMENTS, body | change, prepared)
    expect(refused, "authorisation.differs")
    assert field in refused.json()["detail"]
    expect(
        owner.send(PAYMENTS, owner.payment(api.account(), "1.00"), prepared),
        "authorisation.differs",
    )
    key = api.post(PAYMENTS, signed(body, prepared, owner))
    expect(key, "authorisation.differs")
    assert "Idempotency-Key" in key.json()["detail"]
    assert api.available(payee) == "0.00"


def test_a_preparation_ends(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    body = owner.payment(payee, "1.00")
    prepared = owner.prepare(PAYMENTS, body, valid_for_s=30)
    sent = owner.prepare(PAYMENTS, body, valid_for_s=30)
    paid = owner.send(PAYMENTS, body, sent)
    api.clock.pass_s(31)
    expect(owner.send(PAYMENTS, body, prepared), "authorisation.expired")
    assert owner.send(PAYMENTS, body, sent).json() == paid.json()  # its key answers for ever
    expect(prepare(api, PAYMENTS, body, valid_for_s=86_401), "request.invalid")
    assert api.available(payee) == "1.00"


def test_many_are_signed_at_once_and_sent_in_any_order_as_often_as_one_likes(api: Api) -> None:
    owner, payee, chance = open_own(api, funded="20.00"), api.account(), Random(5)
    ready = []
    for cents in range(1, 21):
        body = owner.payment(payee, f"0.{cents:02}")
        ready.append((body, owner.prepare(PAYMENTS, body, valid_for_s=86_400)))
    answers: dict[str, Any] = {}
    for _ in range(3):
        chance.shuffle(ready)
        for body, prepared in ready:
            paid = owner.send(PAYMENTS, body, prepared)
            assert paid.status_code == 201
            assert answers.setdefault(body["amount"], paid.json()) == paid.json()
    lines = [
        json.dumps(signed(body, one, owner) | {"idempotency_key": one["idempotency_key"]})
        for body, one in ready
    ]
    uploaded = api.post_raw("/v1/payments/batch", "\n".join(lines).encode()).text.splitlines()
    for line, (body, _) in zip(uploaded, ready, strict=True):
        assert json.loads(line)["payment"] == answers[body["amount"]]
    assert api.available(payee) == "2.10"
    api.clock.pass_s(90_000)
    body, prepared = ready[0]
    assert owner.send(PAYMENTS, body, prepared).json() == answers[body["amount"]]
    other = owner.send(PAYMENTS, body, prepared | {"idempotency_key": fresh("key-")})
    expect(other, "authorisation.differs")
    assert api.available(payee) == "2.10"


def test_a_key_that_was_used_takes_no_other_signed_payment(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    key = fresh("order-")
    first = api.http.post(
        f"{PAYMENTS}/prepare",
        json=owner.payment(payee, "1.00"),
        headers={"Authorization": f"Bearer {api.token}", "Idempotency-Key": key},
    ).json()
    again = api.http.post(
        f"{PAYMENTS}/prepare",
        json=owner.payment(payee, "1.00"),
        headers={"Authorization": f"Bearer {api.token}", "Idempotency-Key": key},
    ).json()
    assert first["idempotency_key"] == again["idempotency_key"] == key
    assert first["digest"] != again["digest"]
    body = owner.payment(payee, "1.00")
    assert owner.send(PAYMENTS, body, first).json()["status"] == "settled"
    expect(owner.send(PAYMENTS, body, again), "idempotency.body_differs")
    assert api.available(payee) == "1.00"


def test_signed_payments_are_screened_and_scored(careful: Api) -> None:
    """A review holds the money, which the owner did not sign: such a payment is declined."""
    owner, payee = open_own(careful, funded="9000000.00"), careful.account()
    declined = owner.pay(payee, "8500000.00")
    assert declined["status"] == "declined", declined
    assert "no_hold_signed" in declined["decision"]["reasons"]
    held = owner.pay(payee, "8500000.00", capture="manual")
    assert held["status"] == "review"
    name = {"name": "Vladimir Vladimirovich PUTIN", "country": "RU"}
    listed = careful.account(owner=name)
    stopped = owner.pay(listed, "1.00")
    assert stopped["status"] == "declined"
    assert "payee_sanctioned" in stopped["decision"]["reasons"]


def test_a_hold_a_refund_a_sub_account_and_money_out(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account()
    held = owner.pay(payee, "5.00", capture="manual", expires_in_s=60)
    assert held["status"] == "held"
    captured = api.post(f"{PAYMENTS}/{held['id']}/capture", {"amount": "4.00"})
    assert captured.json()["amount_captured"] == "4.00"
    got = api.pay(payee, owner.account, "3.00").json()
    expect(api.post(f"{PAYMENTS}/{got['id']}/refund"), "authorisation.missing")
    back = owner.do(f"{PAYMENTS}/{got['id']}/refund", {"amount": "1.00"})
    assert (back.status_code, back.json()["refund_of"]) == (201, got["id"])
    sub = fresh("sub-")
    assert api.post("/v1/accounts", {"id": sub, "parent": owner.account}).status_code == 201
    expect(api.pay(sub, payee, "1.00"), "authorisation.missing")
    assert Owner(api, sub, owner.seed).pay(payee, "1.00")["status"] == "settled"
    out = {"account": owner.account, "amount": "2.00", "asset": "EUR/2", "nostro": "nostro"}
    assert owner.do("/v1/redemptions", out).json()["status"] == "settled"
    assert api.available(owner.account) == "15.00"


SIMULATE = f"{PAYMENTS}/simulate"


def test_a_payment_is_simulated_as_if_its_owner_signed(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account("EUR/2", "USD/2")
    before = api.world()
    enough = api.post(SIMULATE, owner.payment(payee, "20.00")).json()
    assert (enough["status"], enough["as_signed_by"]) == ("settled", owner.account)
    short = api.post(SIMULATE, owner.payment(payee, "20.01")).json()
    assert short["error"]["code"] == "ledger.exceeds_available"
    crossed = api.post(SIMULATE, owner.payment(payee, "5.00", to_asset="USD/2")).json()
    assert crossed["status"] == "settled", crossed
    kept = {"from": payee, "to": owner.account, "amount": "1.00", "asset": "EUR/2"}
    assert "as_signed_by" not in api.post(SIMULATE, kept).json()
    assert api.world() == before
    # What does come signed is looked at.
    body = owner.payment(payee, "20.00")
    prepared = owner.prepare(PAYMENTS, body)
    assert "as_signed_by" not in owner.send(SIMULATE, body, prepared).json()
    thief = Owner(api, owner.account, new_seed())
    expect(thief.send(SIMULATE, body, prepared), "authorisation.key")
    assert api.world() == before


def test_a_charged_payment_is_simulated_with_its_fee(charging: Api) -> None:
    owner, payee = open_own(charging, funded="20.00"), charging.account()
    assert charging.post(SIMULATE, owner.payment(payee, "19.90")).json()["status"] == "settled"
    short = charging.post(SIMULATE, owner.payment(payee, "19.91")).json()
    assert short["error"]["code"] == "ledger.exceeds_available"


def test_a_release_is_simulated_as_if_its_owner_signed(api: Api) -> None:
    owner, seller = open_own(api, funded="20.00"), open_own(api)
    approver = new_seed()
    approved = {"approved_by": public_key(approver).hex()}
    both = {"at_least": 2, "of": [{"asked_by": "payee"}, approved]}
    conditions = {"release": both, "until": "2199-01-01T00:00:00Z"}
    body = owner.payment(seller.account, "10.00", conditions=conditions)
    simulated = api.post(SIMULATE, body).json()
    assert (simulated["status"], simulated["as_signed_by"]) == ("held", owner.account), simulated
    escrow = owner.do(PAYMENTS, body).json()
    path = f"{PAYMENTS}/{escrow['id']}"
    before = api.world()
    unmet = api.post(f"{path}/simulate", {"amount": "4.00"}).json()
    assert (unmet["code"], unmet["as_signed_by"]) == ("escrow.unmet", seller.account)
    approval = api.get(f"{path}/approval").json()
    signature = sign(approver, bytes.fromhex(approval["digest"])).hex()

    def release(signature: str) -> Any:
        given = {"node": 2, "approval": {"up_to": "10.00", "signature": signature}}
        return {"amount": "4.00", "witnesses": [given]}

    would = api.post(f"{path}/simulate", release(signature)).json()
    assert would["would_release"] is True, would
    # An approver's signature is never taken for granted.
    assert api.post(f"{path}/simulate", release("00" * 64)).json()["code"] == "escrow.unmet"
    assert api.world() == before
    prepared = seller.prepare(f"{path}/release", release(signature))
    signed = seller.send(f"{path}/simulate", release(signature), prepared).json()
    assert (signed["would_release"], "as_signed_by" in signed) == (True, False)
    thief = Owner(api, seller.account, new_seed())
    expect(thief.send(f"{path}/simulate", release(signature), prepared), "authorisation.key")
    released = seller.send(f"{path}/release", release(signature), prepared)
    assert released.json()["amount_captured"] == "4.00"


def test_conditional_money_of_an_owner(api: Api) -> None:
    owner, seller = open_own(api, funded="20.00"), open_own(api)
    conditions = {"release": {"asked_by": "payee"}, "until": "2199-01-01T00:00:00Z"}
    body = owner.payment(seller.account, "10.00", conditions=conditions)
    prepared = owner.prepare(PAYMENTS, body)
    assert "may send what is left back" in prepared["text"]
    escrow = owner.send(PAYMENTS, body, prepared).json()
    assert escrow["status"] == "held"
    release = f"{PAYMENTS}/{escrow['id']}/release"
    expect(api.post(release, {"amount": "4.00"}), "authorisation.missing")
    assert seller.do(release, {"amount": "4.00"}).json()["amount_captured"] == "4.00"
    cancel = f"{PAYMENTS}/{escrow['id']}/cancel"
    expect(api.post(cancel), "authorisation.missing")
    assert seller.do(cancel, {}).json()["status"] == "returned"
    assert (api.available(owner.account), api.available(seller.account)) == ("16.00", "4.00")


def test_a_mandate_is_signed_once_and_its_pulls_never(api: Api) -> None:
    owner, company = open_own(api, funded="20.00"), api.account()
    body = {
        "from": owner.account, "to": company, "asset": "EUR/2", "payment_max": "5.00",
        "period_max": "5.00", "total_max": "9.00", "period_s": 60, "until": "2199-01-01T00:00:00Z",
    }  # fmt: skip
    expect(api.post("/v1/mandates", body), "authorisation.missing")
    prepared = owner.prepare("/v1/mandates", body)
    assert "5.00 in 60 s, 9.00 in all" in prepared["text"]
    weekly = owner.send("/v1/mandates", body | {"period_s": 1}, prepared)
    expect(weekly, "authorisation.wrong")  # the period is signed, too
    mandate = owner.send("/v1/mandates", body, prepared).json()
    pulled = api.pay(owner.account, company, "5.00", mandate=mandate["id"]).json()
    assert pulled["status"] == "settled"
    revoke = f"/v1/mandates/{mandate['id']}/revoke"
    expect(api.post(revoke), "authorisation.missing")
    assert owner.do(revoke, {}).json()["status"] == "revoked"
    assert api.available(company) == "5.00"


def test_another_currency_is_signed_with_its_price(api: Api) -> None:
    owner, payee = open_own(api, funded="20.00"), api.account("USD/2")
    quoted = {"asset": "EUR/2", "to_asset": "USD/2", "amount": "10.00"}
    quote = api.post("/v1/quotes", quoted).json()
    body = owner.payment(payee, "10.00", to_asset="USD/2", quote=quote["id"])
    prepared = owner.prepare(PAYMENTS, body)
    assert quote["to_amount"] in prepared["text"]
    paid = owner.send(PAYMENTS, body, prepared).json()
    assert (paid["status"], paid["to_amount"]) == ("settled", quote["to_amount"])


LINKED = "/v1/payments/linked"


def send_linked(owner: Owner, payments: list[Any], **more: Any) -> Any:
    """Prepared, each of the owner's payments signed, and sent."""
    listed = owner.prepare(LINKED, {"payments": payments, **more})["data"]
    members = [
        payment if one is None else signed(payment, one, owner)
        for payment, one in zip(payments, listed, strict=True)
    ]
    [key] = {one["idempotency_key"] for one in listed if one is not None}
    return owner.api.post(LINKED, {"payments": members, **more}, key=key)


def test_an_owner_pays_the_fee_in_another_asset(api: Api) -> None:
    owner, payee = open_own(api, "EUR/2", "USD/2", funded="40.00"), api.account()
    payments = [
        owner.payment(payee, "40.00"),
        owner.payment("fees", "0.25", asset="USD/2", reference="fee"),
    ]
    poor = send_linked(owner, payments).json()["data"]
    assert [row["status"] for row in poor] == ["refused", "refused"]
    assert api.available(owner.account) == "40.00"
    api.fund(owner.account, "1.00", "USD/2")
    paid = send_linked(owner, payments).json()["data"]
    assert [row["status"] for row in paid] == ["settled", "settled"]
    assert api.available(owner.account, "USD/2") == "0.75"
    expect(api.post(LINKED, {"payments": payments}), "authorisation.missing")


def test_a_sponsor_pays_the_fee_of_an_owner_or_nothing_happens(api: Api) -> None:
    owner, payee, sponsor = open_own(api, funded="40.00"), api.account(), api.account(funded="0.15")
    payments = [
        owner.payment(payee, "20.00"),
        {"from": sponsor, "to": "fees", "amount": "0.10", "asset": "EUR/2"},
    ]
    listed = owner.prepare(LINKED, {"payments": payments})["data"]
    assert [one is None for one in listed] == [False, True]
    assert [row["status"] for row in send_linked(owner, payments).json()["data"]] == ["settled"] * 2
    assert [row["status"] for row in send_linked(owner, payments).json()["data"]] == ["refused"] * 2
    assert [api.available(one) for one in (owner.account, payee, sponsor)] == [
        "20.00",
        "20.00",
        "0.05",
    ]


def test_a_signed_member_stands_in_its_chain_alone(api: Api) -> None:
    """It was signed as linked, so that it is no payment of its own, and in no other list."""
    owner, payee, sponsor = open_own(api, funded="40.00"), api.account(), api.account(funded="9.00")
    fee = {"from": sponsor, "to": "fees", "amount": "0.10", "asset": "EUR/2"}
    payments = [owner.payment(payee, "20.00"), fee]
    [one, _] = owner.prepare(LINKED, {"payments": payments})["data"]
    expect(owner.send(PAYMENTS, payments[0], one), "authorisation.differs")
    member = signed(payments[0], one, owner)
    last = api.post(LINKED, {"payments": [fee, member]}, key=one["idempotency_key"])
    expect(last, "authorisation.differs")
    net = api.post(LINKED, {"payments": [member, fee], "net": True}, key=one["idempotency_key"])
    expect(net, "authorisation.differs")
    assert api.available(payee) == "0.00"


def test_nobody_prepares_what_needs_no_signature(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    body = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    expect(prepare(api, PAYMENTS, body), "authorisation.needless")
    owner = open_own(api)
    prepared = owner.prepare(PAYMENTS, owner.payment(payee, "1.00"))
    expect(owner.send(PAYMENTS, body, prepared), "authorisation.needless")
    expect(prepare(api, PAYMENTS, body | {"prepared": prepared["prepared"]}), "request.invalid")


# --- a node that is not trusted ------------------------------------------------------------------


def tampered(preparation: Any, **fields: Any) -> Any:
    """As by a node that wants something else signed, and makes everything else agree with it."""
    instruction = bytearray.fromhex(preparation["prepared"]["instruction"])
    head = view_heads(instruction + bytes(64)).copy()[0]
    for name, value in fields.items():
        head[name] = value
    instruction = head.tobytes()[:192]
    digest = authorisation_digest(bytes.fromhex(preparation["chain_id"]), instruction, b"")
    prepared = preparation["prepared"] | {"instruction": instruction.hex()}
    return preparation | {"prepared": prepared, "digest": digest.hex()}


def test_an_owner_notices_a_preparation_that_is_not_what_was_meant(api: Api) -> None:
    owner, payee, thief = open_own(api, funded="20.00"), api.account(), api.account()
    answer = owner.prepare(PAYMENTS, owner.payment(payee, "12.34", reference="rent"))
    chain_id = parse_genesis(api.get("/v1/genesis").content).chain_id()
    meant = Meant(
        payer=address(api, owner.account),
        payee=address(api, payee),
        asset=EUR,
        amount_minor=1_234,
        reference="rent",
    )

    def check(one: Any) -> bytes:
        return check_preparation(one, meant, chain_id=chain_id, now_ns=api.clock())

    assert check(answer).hex() == answer["digest"]
    lies = {
        "amount": {"amount_lo": 1_235},
        "payee": {"payee": list(address(api, thief))},
        "payer": {"payer": list(address(api, thief))},
        "asset": {"asset": 2},
        "to_asset": {"to_asset": 2},
        "fee": {"bound_lo": 1},
        "kind": {"kind": Kind.ESCROW},
        "flags": {"flags": Flag.SIGNED | Flag.BALANCING_PAYER},
        "valid_until": {"valid_until_ns": api.clock() + 90_000 * 10**9},
        "expires": {"expires_ns": 1},
        "target": {"target": [1] * 16},
        "purpose": {"purpose": 7},
        "details": {"details": [1] * 32},
    }
    for name, fields in lies.items():
        with pytest.raises(ValueError, match=f"^{name}:"):
            check(tampered(answer, **fields))
    other = json.dumps({"reference": "other", "salt": "00"})
    lie = tampered(answer, details=list(hash_bytes("details", other.encode())))
    with pytest.raises(ValueError, match=r"^reference:"):
        check(lie | {"private": other})
    with pytest.raises(ValueError, match=r"^digest:"):
        check(answer | {"digest": "00" * 32})
    with pytest.raises(ValueError, match=r"^chain_id:"):
        check(answer | {"chain_id": "00" * 32})
    with pytest.raises(ValueError, match="not an answer"):
        check({"prepared": {}})
