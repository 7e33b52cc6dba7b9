"""Assets, nostro accounts and signing keys over HTTP, and acts that two persons make."""

from __future__ import annotations

from typing import Any

import pytest

from clearway.app.api_keys import create_key
from clearway.ledger.crypto import public_key, sign
from tests.gateway.api import Api, fresh
from tests.gateway.owner import Owner, new_seed, prepare
from tests.gateway.test_refused_before_ordering import expect

_codes = (f"T{first}{second}/3" for first in "ABCDEFGH" for second in "ABCDEFGHIJ")
ALL = ["mint_burn", "freeze", "allow_list", "clawback", "pause", "two_person"]


def register(api: Api, *controls: str) -> str:
    code = next(_codes)
    answer = api.post("/v1/assets", {"code": code, "controls": list(controls)})
    assert answer.status_code == 201, answer.text
    return code


def open_nostro(api: Api, code: str) -> str:
    id = fresh("nostro-")
    opened = api.post("/v1/nostro-accounts", {"id": id, "assets": [code]})
    assert (opened.status_code, opened.json()["assets"]) == (201, [code]), opened.text
    return id


def register_key(api: Api, seed: bytes, *purposes: str) -> Any:
    body = {"key": public_key(seed).hex(), "purposes": list(purposes)}
    return api.post("/v1/signing-keys", body)


def second_person(api: Api) -> Owner:
    seed = new_seed()
    assert register_key(api, seed, "issue").status_code == 201
    return Owner(api, "", seed)


def send(person: Owner, path: str, body: Any, preparation: Any, **fields: Any) -> Any:
    signed = {"prepared": preparation["prepared"], "second": person.sign(preparation)}
    return person.api.post(path, body | signed | fields, key=preparation["idempotency_key"])


def do(person: Owner, path: str, body: Any) -> Any:
    return send(person, path, body, person.prepare(path, body))


# --- assets -------------------------------------------------------------------------------------


def test_a_registered_asset_is_seen_issued_and_paid(api: Api) -> None:
    key = fresh("key-")
    code = next(_codes)
    body = {"code": code, "controls": ["pause", "freeze"]}
    asset = api.post("/v1/assets", body, key=key)
    assert asset.status_code == 201
    assert asset.json() == {
        "object": "asset", "code": code, "scale": 3, "number": asset.json()["number"],
        "controls": ["freeze", "pause"], "issuer": 1, "paused": False,
    }  # fmt: skip
    assert api.get("/v1/assets").json()["data"][-1] == asset.json()
    nostro, payer, payee = open_nostro(api, code), api.account(code), api.account(code)
    money = {"account": payer, "amount": "5.125", "asset": code, "nostro": nostro}
    assert api.post("/v1/issuances", money).json()["status"] == "settled"
    paid = api.pay(payer, payee, "0.125", asset=code).json()
    assert (paid["status"], paid["amount"]) == ("settled", "0.125")
    assert api.post("/v1/redemptions", money | {"amount": "1.000"}).json()["status"] == "settled"
    assert api.available(payer, code) == "4.000"
    assert (
        api.post("/v1/assets", body, key=key).json() == asset.json()
    )  # the first answer, for ever
    expect(api.post("/v1/assets", body), "asset.code_taken")


@pytest.mark.parametrize(
    "body",
    [
        {"code": "gold"},
        {"code": "GLD/31"},
        {"code": "GLD/3", "controls": ["print"]},
        {"code": "GLD/3", "issuer": 1},
        {"code": "GLD/3", "controls": ["pause"], "issuer": 0},
        {"controls": []},
    ],
)
def test_what_is_no_asset_is_refused_before_ordering(api: Api, body: Any) -> None:
    before = api.world()
    expect(api.post("/v1/assets", body), "request.invalid")
    assert api.world() == before


def test_registering_needs_a_scope_of_its_own(api: Api) -> None:
    key = create_key(
        api.node.config.data,
        scopes=["assets:control", "issuances:write", "accounts:write"],
        principal="treasury",
        name="treasury",
    )
    poor = api.with_token(str(key["key"]))
    for path in (
        "/v1/assets", "/v1/nostro-accounts", "/v1/operating-accounts", "/v1/signing-keys",
    ):  # fmt: skip
        expect(poor.post(path, {}), "auth.scope")
    expect(poor.post(f"/v1/signing-keys/{'0' * 64}/revoke"), "auth.scope")
    expect(set_limit(poor, "0" * 64, "1", "2"), "auth.scope")


def test_a_nostro_account_stands_for_the_outside(api: Api) -> None:
    nostro = open_nostro(api, "EUR/2")
    again = api.post("/v1/nostro-accounts", {"id": nostro, "assets": ["EUR/2"]})
    expect(again, "account.exists")
    expect(
        api.post("/v1/nostro-accounts", {"id": fresh("n-"), "assets": ["NIL/2"]}), "asset.unknown"
    )
    account = api.account()
    money = {"account": account, "amount": "7.00", "asset": "EUR/2", "nostro": nostro}
    assert api.post("/v1/issuances", money).json()["status"] == "settled"
    assert api.available(nostro) == "-7.00"
    refused = api.pay(account, nostro, "1.00").json()
    assert refused["error"]["code"] == "ledger.nostro_misused"


def operating(api: Api, role: str, asset: str) -> Any:
    return api.post("/v1/operating-accounts", {"role": role, "asset": asset})


def test_an_asset_of_later_is_exchanged_and_bears_fees(api: Api) -> None:
    code = "NZD/2"  # has a reference rate, and is not in genesis
    number = api.post("/v1/assets", {"code": code}).json()["number"]
    nostro = open_nostro(api, code)
    payer, payee = api.account("EUR/2", code, funded="500.00"), api.account("EUR/2", code)
    exchange = {"asset": "EUR/2", "to_asset": code}
    refused = api.pay(payer, payee, "100.00", **exchange).json()
    assert refused["error"]["code"] == "ledger.asset_not_held"
    opened = {role: operating(api, role, code) for role in ("fees", "liquidity")}
    for role, answer in opened.items():
        assert (answer.status_code, answer.json()["id"]) == (201, f"{role}-{number}"), answer.text
        expect(operating(api, role, code), "account.exists")
    funds = {"account": f"liquidity-{number}", "amount": "9000.00", "asset": code, "nostro": nostro}
    assert api.post("/v1/issuances", funds).json()["status"] == "settled"
    there = api.pay(payer, payee, "100.00", **exchange).json()
    assert (there["status"], there["legs"][0]["to"]) == ("settled", "liquidity"), there
    assert there["legs"][1]["from"] == f"liquidity-{number}"
    back = api.pay(payee, payer, "50.00", asset=code, to_asset="EUR/2").json()
    assert back["status"] == "settled"
    assert [leg["to"] for leg in back["legs"]][::2] == [f"liquidity-{number}", f"fees-{number}"]
    fee = back["legs"][2]["amount"]
    assert api.available(f"fees-{number}", code) == fee != "0.00"
    refund = api.post(f"/v1/payments/{there['id']}/refund", {"amount": "10.00"}).json()
    assert refund["status"] == "settled", refund


def test_an_operating_account_is_not_anybodys(api: Api) -> None:
    """Whoever has taken its name gets no money by that."""
    code = "THB/2"
    number = api.post("/v1/assets", {"code": code}).json()["number"]
    taken = api.account(code, id=f"fees-{number}")
    expect(operating(api, "fees", code), "account.exists")
    assert api.node.rooms.house(number).fees == api.node.rooms.house(1).fees
    assert taken
    for role in ("fees", "liquidity"):
        expect(operating(api, role, "EUR/2"), "account.exists")
    expect(operating(api, "fees", "NIL/2"), "asset.unknown")
    expect(operating(api, "nostro", code), "request.invalid")


# --- keys ---------------------------------------------------------------------------------------


def test_a_key_is_registered_listed_and_revoked(api: Api) -> None:
    seed = new_seed()
    registered = register_key(api, seed, "issue", "compliance")
    key = registered.json()
    assert (registered.status_code, key["purposes"]) == (201, ["issue", "compliance"])
    assert key["activation_height"] == api.node.book.height
    assert (key["institution"], key["revoked_height"]) == (1, None)
    assert api.get("/v1/signing-keys").json()["data"][-1] == key
    expect(register_key(api, seed, "issue"), "key.exists")
    revoke = f"/v1/signing-keys/{key['key']}/revoke"
    assert api.post(revoke).json()["revoked_height"] == api.node.book.height
    expect(api.post(revoke), "key.already_revoked")
    expect(api.post(f"/v1/signing-keys/{'0' * 64}/revoke"), "key.unknown")


def test_a_node_keeps_its_own_keys(api: Api) -> None:
    for own in api.node.own_keys:
        refused = api.post(f"/v1/signing-keys/{own.hex()}/revoke")
        expect(refused, "request.invalid")
    payer, payee = api.account(funded="1.00"), api.account()
    assert api.pay(payer, payee, "1.00").json()["status"] == "settled"
    body = {"key": "00" * 32, "purposes": ["sequence"]}
    expect(api.post("/v1/signing-keys", body), "request.invalid")


def set_limit(api: Api, key: str, payment_max: str, day_max: str, asset: str = "EUR/2") -> Any:
    body = {"asset": asset, "payment_max": payment_max, "day_max": day_max}
    return api.post(f"/v1/signing-keys/{key}/limits", body)


def test_a_limit_is_set_seen_changed_and_kept(api: Api) -> None:
    code = register(api)  # of its own, so that nobody else meets the limit
    nostro, payer, payee = open_nostro(api, code), api.account(code), api.account(code)
    money = {"account": payer, "amount": "90.000", "asset": code, "nostro": nostro}
    assert api.post("/v1/issuances", money).json()["status"] == "settled"
    key = api.node.rooms.key.hex()
    limit = set_limit(api, key, "5", "8.000", code)
    shown = {
        "object": "limit", "key": key, "asset": code, "payment_max": "5.000", "day_max": "8.000",
    }  # fmt: skip
    assert (limit.status_code, limit.json()) == (201, shown), limit.text
    path = f"/v1/signing-keys/{key}/limits"
    assert api.get(path).json()["data"][-1] == shown
    [record] = api.node.audit.records(limit=1)
    assert (record.what, record.facts["key"]) == ("key.limit", key)
    sums = ("5.001", "5", "3.001")
    answers = [api.pay(payer, payee, amount, asset=code).json() for amount in sums]
    assert [one.get("error", {}).get("code") for one in answers] == [
        "ledger.limit_payment", None, "ledger.limit_day",
    ]  # fmt: skip
    seen = api.get(path).json()["data"][-1]
    day = answers[1]["created"][:10]
    assert seen == shown | {"used": "5.000", "day": day}
    assert set_limit(api, key, "5.5", "9.5", code).status_code == 201
    assert api.pay(payer, payee, "4.5", asset=code).json()["status"] == "settled"
    assert api.get(path).json()["data"][-1]["used"] == "9.500"


def test_a_limit_that_cannot_be_is_refused_before_ordering(api: Api) -> None:
    key = register_key(api, new_seed(), "pay").json()["key"]
    before = api.world()
    expect(set_limit(api, "00" * 32, "1", "2"), "key.unknown")
    expect(set_limit(api, key, "1", "2", "NIL/2"), "asset.unknown")
    expect(set_limit(api, key, "0", "2"), "amount.not_positive")
    expect(set_limit(api, key, "1", "2.001"), "amount.too_precise")
    expect(set_limit(api, key, "3", "2"), "request.invalid")
    expect(api.get(f"/v1/signing-keys/{'0' * 64}/limits"), "key.unknown")
    assert api.world() == before
    assert api.get(f"/v1/signing-keys/{key}/limits").json()["data"] == []


def test_governance_stands_in_the_audit_log(api: Api) -> None:
    code = register(api, "pause")
    [record] = api.node.audit.records(limit=1)
    assert (record.what, record.facts) == ("asset.register", {"asset": code})


# --- two persons --------------------------------------------------------------------------------


def test_one_person_alone_issues_nothing(api: Api) -> None:
    code = register(api, *ALL)
    nostro, holder = open_nostro(api, code), api.account(code)
    second_person(api)
    money = {"account": holder, "amount": "5.000", "asset": code, "nostro": nostro}
    before = api.world()
    expect(api.post("/v1/issuances", money), "asset.second_person")
    for act in ({"act": "pause"}, {"act": "allow", "account": holder}):
        expect(api.post("/v1/issuer-acts", {"asset": code, **act}), "asset.second_person")
    assert api.world() == before
    taken = {"asset": code, "from": holder, "to": api.account(code), "amount": "1.000"}
    before = api.world()
    audited = api.node.audit.records(limit=1)
    expect(api.post("/v1/clawbacks", taken), "asset.second_person")
    assert api.world() == before
    assert api.node.audit.records(limit=1) == audited


def test_two_persons_issue_control_and_claw_back(api: Api) -> None:
    code, second = register(api, *ALL), second_person(api)
    nostro, holder, victim = open_nostro(api, code), api.account(code), api.account(code)
    for account in (holder, victim):
        allow = {"asset": code, "act": "allow", "account": account}
        assert do(second, "/v1/issuer-acts", allow).status_code == 200
    money = {"account": holder, "amount": "5.000", "asset": code, "nostro": nostro}
    before = api.world()
    prepared = second.prepare("/v1/issuances", money)
    assert (second.key in prepared["keys"], prepared["account"]) == (True, None)
    assert f"issue {prepared['prepared']['instruction'][32:64]} of 5.000 {code}" in prepared["text"]
    assert api.world() == before
    issued = send(second, "/v1/issuances", money, prepared)
    assert (issued.status_code, issued.json()["status"]) == (201, "settled"), issued.text
    assert api.available(holder, code) == "5.000"
    assert api.pay(holder, victim, "1.000", asset=code).json()["status"] == "settled"
    taken = {"asset": code, "from": holder, "to": victim, "amount": "2.500", "note": "order 12"}
    assert do(second, "/v1/clawbacks", taken).json()["status"] == "settled"
    assert do(second, "/v1/issuer-acts", {"asset": code, "act": "pause"}).status_code == 200
    paused = api.pay(holder, victim, "1.000", asset=code).json()
    assert paused["error"]["code"] == "asset.paused"
    assert do(second, "/v1/issuer-acts", {"asset": code, "act": "resume"}).status_code == 200
    # Money goes out by one person: the ledger asks for no second one there.
    out = money | {"amount": "1.000"}
    assert api.post("/v1/redemptions", out).json()["status"] == "settled"
    receipt = api.get(f"/v1/payments/{issued.json()['id']}/receipt").json()
    assert second.key in receipt["entry"]  # the ledger has who it was


def test_who_may_be_the_second_person(api: Api) -> None:
    code, second = register(api, *ALL), second_person(api)
    nostro, holder = open_nostro(api, code), api.account(code)
    money = {"account": holder, "amount": "5.000", "asset": code, "nostro": nostro}
    prepared = second.prepare("/v1/issuances", money)
    stranger = Owner(api, "", new_seed())
    payer_only = Owner(api, "", new_seed())
    assert register_key(api, payer_only.seed, "pay").status_code == 201
    node = Owner(api, "", api.node.rooms.seed)
    revoked = second_person(api)
    assert api.post(f"/v1/signing-keys/{revoked.key}/revoke").status_code == 200
    before = api.world()
    for person in (stranger, payer_only, node, revoked):
        assert person.key not in prepared["keys"]
        expect(send(person, "/v1/issuances", money, prepared), "asset.second_person")
    wrong = {"key": second.key, "signature": sign(second.seed, bytes(32)).hex()}
    expect(send(second, "/v1/issuances", money, prepared, second=wrong), "authorisation.wrong")
    more = money | {"amount": "6.000"}
    expect(send(second, "/v1/issuances", more, prepared), "authorisation.differs")
    late = second.prepare("/v1/issuances", money, valid_for_s=10)
    assert api.world() == before
    api.clock.pass_s(11)
    expect(send(second, "/v1/issuances", money, late), "authorisation.expired")


def test_an_asset_of_one_person_takes_no_second(api: Api) -> None:
    code = register(api, "pause")
    expect(
        prepare(api, "/v1/issuer-acts", {"asset": code, "act": "pause"}), "authorisation.needless"
    )
    for act in ("pause", "resume"):
        body = {"asset": code, "act": act}
        assert api.post("/v1/issuer-acts", body).status_code == 200
