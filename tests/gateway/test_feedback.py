"""Feedback: what became known of a payment afterwards, said once, read back, never changed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clearway.gateway.auth import create_api_key
from clearway.payment.ids import account_address, parse_payment
from tests.gateway.api import Api


def paid(api: Api) -> str:
    payer, payee = api.account(funded="5.00"), api.account()
    id: str = api.pay(payer, payee, "1.00").json()["id"]
    return id


def say(api: Api, payment: str, verdict: str = "confirmed_fraud", **more: Any) -> Any:
    key = more.pop("key", None)
    return api.post(f"/v1/payments/{payment}/feedback", {"verdict": verdict, **more}, key=key)


def said(api: Api, payment: str) -> list[Any]:
    listed: list[Any] = api.get(f"/v1/payments/{payment}/feedback").json()["data"]
    return listed


def test_what_is_said_is_read_back(api: Api) -> None:
    payment = paid(api)
    answer = say(api, payment, "chargeback", by="Visa", note="reason 10.4")
    assert answer.status_code == 201
    found = answer.json()
    assert found["payment"] == payment
    assert found["verdict"] == "chargeback"
    assert (found["by"], found["note"]) == ("Visa", "reason 10.4")
    assert found["known"] == found["created"]
    assert said(api, payment) == [found]


def test_nobody_has_said_anything_of_an_ordinary_payment(api: Api) -> None:
    assert said(api, paid(api)) == []


def test_the_same_twice_gets_the_same_answer(api: Api) -> None:
    payment = paid(api)
    first = say(api, payment, key="once")
    assert say(api, payment, key="once").json() == first.json()
    again = say(api, payment)  # under another key
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(said(api, payment)) == 1


def test_many_at_once_make_one_entry(api: Api) -> None:
    payment = paid(api)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: say(api, payment).json()["id"], range(16)))
    assert len(set(answers)) == 1


def test_a_changed_mind_is_a_new_entry(api: Api) -> None:
    payment = paid(api)
    for verdict in ("confirmed_fraud", "confirmed_honest", "confirmed_fraud"):
        assert say(api, payment, verdict).status_code == 201
    assert [row["verdict"] for row in said(api, payment)] == [
        "confirmed_fraud", "confirmed_honest", "confirmed_fraud",
    ]  # fmt: skip


def test_more_to_say_is_a_new_entry(api: Api) -> None:
    payment = paid(api)
    say(api, payment)
    say(api, payment, note="the victim called")
    assert [row.get("note") for row in said(api, payment)] == [None, "the victim called"]


def test_a_key_is_not_used_for_two_things(api: Api) -> None:
    payment = paid(api)
    say(api, payment, key="two")
    answer = say(api, payment, "confirmed_honest", key="two")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.body_differs")


def test_feedback_on_no_payment_is_refused_and_leaves_no_trace(api: Api) -> None:
    before = api.node.vault.feedback.after(0, limit=10_000)
    answer = say(api, "pay_" + "0" * 32)
    assert (answer.status_code, answer.json()["code"]) == (404, "payment.unknown")
    assert api.get("/v1/payments/pay_" + "0" * 32 + "/feedback").status_code == 404
    assert api.node.vault.feedback.after(0, limit=10_000) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"verdict": "maybe"},
        {"verdict": "confirmed_fraud", "known": "yesterday"},
        {"verdict": "confirmed_fraud", "known": "2001-01-01T00:00:00Z"},
        {"verdict": "confirmed_fraud", "known": "2261-01-01T00:00:00Z"},
        {"verdict": "confirmed_fraud", "note": "x" * 1_001},
        {"verdict": "confirmed_fraud", "more": 1},
        {"verdict": None},
    ],
)
def test_bad_feedback_is_refused_and_leaves_no_trace(api: Api, body: dict[str, Any]) -> None:
    payment = paid(api)
    answer = api.post(f"/v1/payments/{payment}/feedback", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert said(api, payment) == []


def test_it_may_have_become_known_with_the_payment(api: Api) -> None:
    payment = paid(api)
    created = api.get(f"/v1/payments/{payment}").json()["created"]
    assert say(api, payment, known=created).json()["known"] == created


def test_it_takes_a_scope_to_say_and_another_to_read(api: Api) -> None:
    payment = paid(api)
    text, _ = create_api_key(
        api.node.vault, principal="merchant", name="", institution=api.node.institution,
        scopes=["feedback:write"], now_ns=api.node.clock(),
    )  # fmt: skip
    merchant = api.with_token(text)
    assert say(merchant, payment).json()["by"].startswith("merchant (")
    assert merchant.get(f"/v1/payments/{payment}/feedback").json()["code"] == "auth.scope"


def test_it_stands_behind_the_ledgers_last_block(api: Api) -> None:
    """By position and by time: what learns from it takes blocks and feedback in one order."""
    table = api.node.vault.feedback
    last = max((one.number for one in table.after(0, limit=10_000)), default=0)
    first, second = paid(api), paid(api)
    for payment in (first, second):
        say(api, payment)
        paid(api)
    one, two = table.after(last, limit=10)
    assert [one.payment, two.payment] == [parse_payment(first), parse_payment(second)]
    assert one.payment_height < one.after_height < two.after_height < api.node.book.height
    assert table.behind(one.after_height, one.after_height, limit=10) == [one]
    assert table.behind(one.after_height + 1, api.node.book.height, limit=10) == [two]
    assert table.between(one.recorded_ns, two.recorded_ns, limit=10) == [one]
    row = api.node.book.block(one.payment_height).heads[one.payment_index]
    assert row["id"].tobytes() == parse_payment(first)
    assert api.node.vault.decision(one.key, one.sequence, one.envelope_index) is not None


def test_an_erased_payers_feedback_keeps_the_verdict_alone(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "1.00").json()["id"]
    say(api, payment, note="private")
    api.node.vault.erase(account_address(api.node.secret, payer))
    [row] = said(api, payment)
    assert row["verdict"] == "confirmed_fraud"
    assert "note" not in row
    assert "by" not in row


def test_who_said_what_stands_in_the_audit_log(api: Api) -> None:
    payment = paid(api)
    say(api, payment)
    found = (api.node.config.data / "audit.log").read_text()
    assert payment in found
    assert "payment.feedback" in found
