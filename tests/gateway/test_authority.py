"""Accounts that several keys act for: set, used, rotated and recovered over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from clearway.payment.policy import Member, MemberRole, Policy, lack_of, pack_policy, parse_policy
from clearway.payment.records import Flag, Kind
from tests.gateway.api import Api
from tests.gateway.owner import Owner, new_seed, open_own, prepare, send_signed, signed
from tests.gateway.test_refused_before_ordering import expect

PAYMENTS = "/v1/payments"
DAY_S = 86_400


class Circle:
    """An account that belongs to Ada (2), Ben and Cem (1 each), of whom 3 are needed; a card for
    10.00 a day; Gus and Gia as guardians, who wait for two days."""

    def __init__(self, api: Api, funded: str = "50.00") -> None:
        self.api, first = api, open_own(api, funded=funded)
        self.account = first.account
        people = ("ada", "ben", "cem", "card", "gus", "gia", "new")
        self.people = {name: Owner(api, self.account, new_seed()) for name in people}
        self.path = f"/v1/accounts/{self.account}"
        answer = first.do(f"{self.path}/authority", {"policy": self.policy()})
        assert answer.status_code == 200, answer.text
        self.first, self.shown = first, answer.json()

    def key(self, name: str) -> str:
        return self.people[name].key

    def policy(self) -> dict[str, Any]:
        return {
            "signers": [
                {"key": self.key("ada"), "weight": 2},
                {"key": self.key("ben")},
                {"key": self.key("cem")},
            ],
            "threshold": 3,
            "spend_keys": [{"key": self.key("card"), "asset": "EUR/2", "day_max": "10.00"}],
            "guardians": [self.key("gus"), self.key("gia")],
            "guardians_threshold": 2,
            "recovery_delay_s": 2 * DAY_S,
        }

    def send(self, path: str, body: Any, *names: str) -> httpx.Response:
        return send_signed(self.api, path, body, *self.called(*names))

    def called(self, *names: str) -> list[Owner]:
        return [self.people[name] for name in names]

    def pay(self, to: str, amount: str, *names: str, **fields: Any) -> httpx.Response:
        return self.send(PAYMENTS, self.first.payment(to, amount, **fields), *names)

    def see(self) -> Any:
        return self.api.get(self.path).json()


def test_an_account_shows_who_may_act_for_it(api: Api) -> None:
    circle = Circle(api)
    shown = circle.see()
    assert shown == circle.shown
    assert "owner_key" not in shown
    assert "recovery" not in shown
    policy = circle.policy()
    policy["spend_keys"][0]["used"] = "0.00"
    assert shown["policy"] == policy | {"signers": [policy["signers"][0], *policy["signers"][1:]]}


def test_enough_signers_pay_in_any_order_and_too_few_do_not(api: Api) -> None:
    circle, payee = Circle(api), api.account()
    before = api.world()
    expect(circle.pay(payee, "1.00", "ada"), "authorisation.not_enough")
    short = circle.pay(payee, "1.00", "ben", "cem")
    expect(short, "authorisation.not_enough")
    assert "weigh 2 of 3" in short.json()["detail"]
    expect(circle.pay(payee, "1.00", "gus", "gia"), "authorisation.not_enough")
    expect(circle.pay(payee, "1.00", "ada", "card"), "authorisation.not_enough")
    expect(circle.pay(payee, "1.00", "ada", "ada"), "request.invalid")
    expect(circle.pay(payee, "1.00", "ada", "new"), "authorisation.key")
    assert api.world() == before
    for names in (("ada", "ben"), ("cem", "ada"), ("ben", "cem", "ada")):
        paid = circle.pay(payee, "1.00", *names)
        assert (paid.status_code, paid.json()["status"]) == (201, "settled")
    held = circle.pay(payee, "2.00", "ada", "ben", capture="manual").json()
    assert held["status"] == "held"
    assert api.post(f"{PAYMENTS}/{held['id']}/capture", {}).json()["status"] == "settled"
    assert api.available(payee) == "5.00"


def test_a_payment_is_simulated_as_if_all_had_signed(api: Api) -> None:
    circle, payee = Circle(api), api.account()
    before = api.world()
    body = circle.first.payment(payee, "50.00")
    simulated = api.post(f"{PAYMENTS}/simulate", body).json()
    assert (simulated["status"], simulated["as_signed_by"]) == ("settled", circle.account)
    short = api.post(f"{PAYMENTS}/simulate", circle.first.payment(payee, "50.01")).json()
    assert short["error"]["code"] == "ledger.exceeds_available"
    assert api.world() == before
    # What comes with signatures is held to them: Ben and Cem are not enough.
    few = prepare(api, PAYMENTS, body).json()
    sent = signed(body, few, *circle.called("ben", "cem"))
    expect(api.post(f"{PAYMENTS}/simulate", sent), "authorisation.not_enough")


def test_a_spend_key_pays_alone_within_its_day(api: Api) -> None:
    circle, payee = Circle(api), api.account()
    assert circle.pay(payee, "7.50", "card").json()["status"] == "settled"
    assert circle.see()["policy"]["spend_keys"][0]["used"] == "7.50"
    above = circle.pay(payee, "2.51", "card").json()
    assert above["error"]["code"] == "ledger.limit_day"
    assert circle.pay(payee, "2.50", "card").json()["status"] == "settled"
    api.clock.pass_s(DAY_S)
    assert circle.see()["policy"]["spend_keys"][0]["used"] == "0.00"
    assert circle.pay(payee, "10.00", "card").json()["status"] == "settled"
    mandate = {
        "from": circle.account, "to": payee, "asset": "EUR/2", "payment_max": "1.00",
        "period_max": "1.00", "total_max": "1.00", "period_s": 60,
        "until": "2036-12-31T00:00:00Z",
    }  # fmt: skip
    expect(circle.send("/v1/mandates", mandate, "card"), "authorisation.not_enough")
    assert circle.send("/v1/mandates", mandate, "ada", "ben").status_code == 201
    key = {"owner_key": circle.key("card")}
    expect(circle.send(f"{circle.path}/authority", key, "card"), "authorisation.not_enough")


def test_a_rotated_key_is_worth_nothing_whenever_it_signed(api: Api) -> None:
    owner, payee = open_own(api, funded="9.00"), api.account()
    body = owner.payment(payee, "1.00")
    early = owner.prepare(PAYMENTS, body)
    new = Owner(api, owner.account, new_seed())
    path = f"/v1/accounts/{owner.account}/authority"
    key = {"owner_key": new.key}
    prepared = owner.prepare(path, key)
    rotated = owner.send(path, key, prepared)
    assert (rotated.status_code, rotated.json()["owner_key"]) == (200, new.key)
    expect(owner.send(PAYMENTS, body, early), "authorisation.key")
    assert new.pay(payee, "1.00")["status"] == "settled"
    expect(owner.do(path, {"owner_key": owner.key}), "authorisation.key")
    assert owner.send(path, key, prepared).json() == rotated.json()  # done once, told again


def test_what_was_prepared_for_other_keys_is_not_signed(api: Api) -> None:
    """The node cannot put other keys beside a signed change."""
    owner, thief = open_own(api), new_seed()
    path = f"/v1/accounts/{owner.account}/authority"
    prepared = owner.prepare(path, {"owner_key": Owner(api, "", new_seed()).key})
    other = {"owner_key": Owner(api, "", thief).key}
    expect(owner.send(path, other, prepared), "authorisation.wrong")
    assert api.get(f"/v1/accounts/{owner.account}").json()["owner_key"] == owner.key


def test_the_words_name_every_key(api: Api) -> None:
    circle = Circle(api)
    answer = prepare(api, f"{circle.path}/authority", {"policy": circle.policy()}).json()
    for name in ("ada", "ben", "cem", "card", "gus", "gia"):
        assert circle.key(name) in answer["text"]
    assert "a policy of 6 keys" in answer["text"]
    assert "spends 10.00 EUR/2 a day" in answer["text"]
    assert set(answer["keys"]) == {circle.key(name) for name in ("ada", "ben", "cem")}


def test_an_account_that_the_institution_keeps_gets_a_policy_by_its_word(api: Api) -> None:
    account = api.account(funded="5.00")
    key = Owner(api, account, new_seed())
    path = f"/v1/accounts/{account}/authority"
    expect(prepare(api, path, {"owner_key": key.key}), "authorisation.needless")
    policy = {"signers": [{"key": key.key}], "threshold": 1}
    assert api.post(path, {"policy": policy}).json()["policy"]["threshold"] == 1
    expect(api.pay(account, api.account(), "1.00"), "authorisation.missing")
    expect(api.post(path, {"custodial": True}), "authorisation.missing")
    back = send_signed(api, path, {"custodial": True}, key)
    assert "policy" not in back.json()
    assert api.pay(account, api.account(), "1.00").json()["status"] == "settled"


def test_guardians_recover_a_lost_account_after_the_delay(api: Api) -> None:
    circle, payee = Circle(api), api.account()
    recoveries, key = f"{circle.path}/recoveries", {"owner_key": circle.key("new")}
    expect(api.post(f"{recoveries}/finish", {}), "recovery.none")
    expect(circle.send(recoveries, key, "gus"), "authorisation.not_enough")
    expect(circle.send(recoveries, key, "ada", "ben"), "authorisation.not_enough")
    begun = circle.send(recoveries, key, "gus", "gia").json()
    assert begun["recovery"]["owner_key"] == circle.key("new")
    assert circle.see()["recovery"] == begun["recovery"]
    expect(api.post(f"{recoveries}/finish", {}), "recovery.too_early")
    assert circle.pay(payee, "1.00", "ada", "ben").json()["status"] == "settled"
    api.clock.pass_s(2 * DAY_S)
    done = api.post(f"{recoveries}/finish", {}).json()
    assert done["owner_key"] == circle.key("new")
    assert "policy" not in done
    expect(circle.pay(payee, "1.00", "ada", "ben"), "authorisation.key")
    assert circle.pay(payee, "1.00", "new").json()["status"] == "settled"
    expect(api.post(recoveries, key), "authority.no_guardians")


def test_who_has_the_account_stops_a_recovery(api: Api) -> None:
    circle = Circle(api)
    recoveries, key = f"{circle.path}/recoveries", {"owner_key": circle.key("new")}
    assert circle.send(recoveries, key, "gia", "gus").status_code == 200
    expect(circle.send(f"{recoveries}/stop", {}, "gus", "gia"), "authorisation.not_enough")
    expect(circle.send(f"{recoveries}/stop", {}, "card"), "authorisation.not_enough")
    api.clock.pass_s(3 * DAY_S)
    stopped = circle.send(f"{recoveries}/stop", {}, "ada", "cem").json()
    assert "recovery" not in stopped
    expect(api.post(f"{recoveries}/finish", {}), "recovery.none")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"threshold": 5}, "do not reach the threshold"),
        ({"guardians": []}, "guardians"),
        ({"recovery_delay_s": 0}, "delay"),
        ({"signers": [{"key": "0" * 64}]}, "zero"),
    ],
)
def test_a_policy_that_does_not_hold_is_refused_before_ordering(
    api: Api, change: dict[str, Any], what: str
) -> None:
    circle = Circle(api)
    before = api.world()
    answer = prepare(api, f"{circle.path}/authority", {"policy": circle.policy() | change})
    expect(answer, "request.invalid")
    assert what in answer.json()["detail"]
    assert api.world() == before


def test_exactly_one_authority_is_named(api: Api) -> None:
    account = api.account()
    path = f"/v1/accounts/{account}/authority"
    for body in ({}, {"custodial": True, "owner_key": "ab" * 32}, {"owner_key": "0" * 64}):
        expect(api.post(path, body), "request.invalid")
    expect(api.post("/v1/accounts/nobody/authority", {"custodial": True}), "account.unknown")


def test_a_line_of_an_upload_is_signed_together(api: Api) -> None:
    circle, payee = Circle(api), api.account()
    lines = []
    for amount, names in (("1.00", ("ada", "ben")), ("2.00", ("card",)), ("3.00", ("ada",))):
        body = circle.first.payment(payee, amount)
        prepared = prepare(api, PAYMENTS, body).json()
        line = signed(body, prepared, *circle.called(*names))
        lines.append(line | {"idempotency_key": prepared["idempotency_key"]})
    uploaded = api.post_raw("/v1/payments/batch", "\n".join(map(json.dumps, lines)).encode())
    answers = [json.loads(line) for line in uploaded.text.splitlines()]
    assert [row["status"] for row in answers] == [201, 201, 403]
    assert api.available(payee) == "3.00"


def test_a_list_is_signed_together(api: Api) -> None:
    circle, payee, other = Circle(api), api.account(), api.account(funded="5.00")
    together = circle.first.payment(payee, "4.00")
    custodial = {"from": other, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    by_card = circle.first.payment(payee, "2.00")
    payments = [together, custodial, by_card]
    path = f"{PAYMENTS}/linked"
    listed = prepare(api, path, {"payments": payments}).json()["data"]
    assert listed[1] is None

    key = listed[0]["idempotency_key"]
    before = api.world()
    [ada, ben, card] = circle.called("ada", "ben", "card")
    short = [signed(together, listed[0], ada), custodial, signed(by_card, listed[2], card)]
    expect(api.post(path, {"payments": short}, key=key), "authorisation.not_enough")
    assert api.world() == before
    whole = [signed(together, listed[0], ben, ada), *short[1:]]
    paid = api.post(path, {"payments": whole}, key=key)
    assert paid.status_code == 201, paid.text
    assert [row["status"] for row in paid.json()["data"]] == ["settled"] * 3
    assert api.available(payee) == "7.00"
    again = api.post(path, {"payments": whole}, key=key)
    assert (again.status_code, again.content) == (201, paid.content)


# --- the door's rule is the ledger's --------------------------------------------------------------


def test_units_of_a_policy_read_back() -> None:
    members = (Member(b"a" * 32, MemberRole.SIGNER, 2), Member(b"b" * 32, 3, 2**100, 1, 5))
    policy = Policy(members, 2, 0, 0)
    assert parse_policy(pack_policy(policy)) == policy


def test_a_spend_key_closes_nothing() -> None:
    policy = Policy((Member(b"a" * 32, MemberRole.SPEND_KEY, 9, 1, 0),), 1)
    asked = {"kind": Kind.PAYMENT, "asset": 1, "now_ns": 7}
    assert lack_of(policy, [0], flags=Flag.SIGNED, **asked) is None
    assert lack_of(policy, [0], flags=Flag.CLOSING_PAYER, **asked) is not None
    late = Policy((policy.members[0]._replace(expires_ns=7),), 1)
    assert "has expired" in str(lack_of(late, [0], flags=0, **asked))
