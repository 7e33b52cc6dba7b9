"""Payments that wait, over HTTP: asked, seen, listed, followed, cancelled, released."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearway.store.queue import State
from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.examples import names_in, request, shown_in
from tests.gateway.test_events import follow
from tests.gateway.test_refused_before_ordering import expect

NAMES = names_in("queue")
WAIT_S_MAX = 20.0


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Api]:
    """A node of its own, so that nothing else waits on it."""
    yield from serve(tmp_path / "node", review="10000", decline="10000")


def ask(api: Api, payer: str, payee: str, amount: str, **fields: Any) -> Any:
    answer = api.pay(payer, payee, amount, when_short="queue", **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def see(api: Api, payment: Any) -> Any:
    return api.get(f"/v1/payments/{payment['id']}").json()


def wait_for(api: Api, payment: Any, status: str) -> Any:
    deadline = time.monotonic() + WAIT_S_MAX
    while (seen := see(api, payment))["status"] != status and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen["status"] == status
    return seen


def ids(api: Api, **query: Any) -> list[str]:
    return [row["id"] for row in api.get("/v1/payments", **query).json()["data"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown = shown_in("queue.md")
    assert sorted(shown) == NAMES
    assert shown[name] == request("queue", name)


def test_the_examples_wait_and_the_urgent_one_goes_first(api: Api) -> None:
    alice, bob, carol = api.account(), api.account(), api.account()
    people = {"alice": alice, "bob": bob, "carol": carol}
    large, urgent = (
        api.post("/v1/payments", request("queue", name, people)).json()
        for name in ("wait_for_money", "urgent_for_an_hour")
    )
    assert (large["status"], urgent["status"]) == ("pending", "pending")
    assert see(api, urgent)["queue"]["position"] == 1
    assert see(api, large)["queue"]["position"] == 2
    api.fund(alice, "120.00")
    wait_for(api, urgent, "settled")
    assert see(api, large)["queue"]["position"] == 1
    assert (api.available(bob), api.available(carol)) == ("0.00", "120.00")
    assert api.post(f"/v1/payments/{large['id']}/void").json()["status"] == "voided"


def test_what_waits_says_why(api: Api) -> None:
    payer, payee = api.account(), api.account()
    waits = ask(
        api, payer, payee, "10.00", reference="rent", metadata={"flat": "4"}, priority="high"
    )
    expires = waits.pop("expires")
    assert waits["created"] < expires
    decision = waits.pop("decision")
    assert decision["outcome"] == "accept"
    assert waits == {
        "id": waits["id"],
        "object": "payment",
        "created": waits["created"],
        "status": "pending",
        "from": payer,
        "to": payee,
        "amount": "10.00",
        "asset": "EUR/2",
        "amount_captured": "0.00",
        "amount_refunded": "0.00",
        "reference": "rent",
        "metadata": {"flat": "4"},
        "legs": [],
        "block": None,
        "queue": {"reason": "ledger.exceeds_available", "priority": "high", "position": 1},
    }
    api.fund(payer, "10.00")
    settled = wait_for(api, waits, "settled")
    assert (settled["reference"], settled["metadata"]) == ("rent", {"flat": "4"})
    assert "queue" not in settled
    assert waits["id"] in ids(api, **{"metadata[flat]": "4", "account": payer})
    receipt = api.get(f"/v1/payments/{waits['id']}/receipt").json()
    assert receipt["object"] == "receipt"


def test_a_circle_settles_without_money(api: Api) -> None:
    circle = [api.account() for _ in range(4)]
    payments = [ask(api, payer, circle[(n + 1) % 4], "250.00") for n, payer in enumerate(circle)]
    assert [one["status"] for one in payments] == ["pending"] * 3 + ["settled"]
    heights = {wait_for(api, one, "settled")["block"]["height"] for one in payments}
    assert len(heights) == 1
    assert [api.available(one) for one in circle] == ["0.00"] * 4


def test_the_first_answer_stands(api: Api) -> None:
    payer, payee, key = api.account(), api.account(), fresh("queue-")
    first = ask(api, payer, payee, "10.00", key=key)
    assert ask(api, payer, payee, "10.00", key=key) == first
    expect(api.pay(payer, payee, "10.00", key=key), "idempotency.body_differs")
    expect(api.pay(payer, payee, "11.00", when_short="queue", key=key), "idempotency.body_differs")
    api.fund(payer, "20.00")
    wait_for(api, first, "settled")
    assert ask(api, payer, payee, "10.00", key=key) == first
    assert api.available(payee) == "10.00"
    assert ids(api, idempotency_key=key) == [first["id"]]


def test_a_covered_payment_answers_the_same_again(api: Api) -> None:
    payer, payee, key = api.account(funded="10.00"), api.account(), fresh("queue-")
    first = ask(api, payer, payee, "10.00", key=key)
    assert first["status"] == "settled"
    assert ask(api, payer, payee, "10.00", key=key) == first


def test_it_is_cancelled_once(api: Api) -> None:
    payer, payee, key = api.account(), api.account(), fresh("void-")
    waits = ask(api, payer, payee, "10.00")
    path = f"/v1/payments/{waits['id']}/void"
    voided = api.post(path, key=key)
    assert (voided.status_code, voided.json()["status"]) == (200, "voided")
    assert api.post(path, key=key).json() == voided.json()
    expect(api.post(path), "payment.wrong_state")
    assert see(api, waits)["status"] == "voided"
    api.fund(payer, "10.00")
    time.sleep(0.3)
    assert api.available(payer) == "10.00"


def test_the_first_answer_of_a_cancellation_has_all_that_the_second_has(api: Api) -> None:
    said = {"reference": "rent", "metadata": {"flat": "4"}}
    waits = ask(api, api.account(), api.account(), "10.00", **said)
    path, key = f"/v1/payments/{waits['id']}/void", fresh("void-")
    voided = api.post(path, key=key).json()
    assert {name: voided[name] for name in said} == said
    assert api.post(path, key=key).json() == voided
    assert see(api, waits) == voided


def test_holds_are_voided_as_before(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    held = api.pay(payer, payee, "10.00", capture="manual").json()
    assert api.post(f"/v1/payments/{held['id']}/void").json()["status"] == "voided"
    expect(api.post(f"/v1/payments/pay_{'0' * 32}/void"), "payment.unknown")


def test_what_waits_too_long_is_refused(node: Api) -> None:
    payer, payee = node.account(), node.account()
    waits = ask(node, payer, payee, "10.00", expires_in_s=60)
    node.clock.pass_s(61)
    ended = wait_for(node, waits, "refused")
    assert ended["error"]["code"] == "queue.expired"
    expect(node.post(f"/v1/payments/{waits['id']}/void"), "payment.wrong_state")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"when_short": "queue", "capture": "manual"}, "when_short"),
        ({"when_short": "queue", "sweep": True}, "when_short"),
        ({"when_short": "queue", "to_asset": "USD/2"}, "when_short"),
        ({"when_short": "queue", "closes": "from"}, "closes"),
        ({"priority": "urgent"}, "priority"),
        ({"expires_in_s": 60}, "expires_in_s"),
        ({"when_short": "refuse", "priority": "normal"}, "priority"),
    ],
)
def test_what_cannot_wait(api: Api, fields: dict[str, Any], field: str) -> None:
    payer, payee = api.account(), api.account()
    answer = api.pay(payer, payee, "10.00", **fields)
    expect(answer, "request.invalid")
    assert answer.json()["detail"].startswith(field)
    assert ids(api, account=payer) == []


def test_in_lists_and_uploads_nothing_waits(api: Api) -> None:
    payer, payee = api.account(), api.account()
    body = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2", "when_short": "queue"}
    expect(api.post("/v1/payments/linked", {"payments": [body, body]}), "request.invalid")


def test_nothing_else_happens_to_what_waits(api: Api) -> None:
    waits = ask(api, api.account(), api.account(), "10.00")
    for act in ("capture", "refund", "approve", "reject"):
        expect(api.post(f"/v1/payments/{waits['id']}/{act}"), "payment.wrong_state")
    expect(api.get(f"/v1/payments/{waits['id']}/receipt"), "payment.wrong_state")
    assert api.post(f"/v1/payments/{waits['id']}/void").json()["status"] == "voided"


def test_lists_have_both_in_one_order(node: Api) -> None:
    payer, payee, rich = node.account(), node.account(), node.account(funded="100.00")
    made = []
    for n in range(4):
        made.append(ask(node, payer, payee, f"{n + 1}.00")["id"])
        made.append(node.pay(rich, payee, "1.00").json()["id"])
    made.reverse()
    assert ids(node, account=payee) == made
    assert ids(node, status="pending") == made[1::2]
    assert ids(node, status="pending", account=rich) == []
    assert ids(node, account=payee, status="settled") == made[0::2]
    paged: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = node.get("/v1/payments", account=payee, limit=3, **more).json()
        paged += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        more = {"starting_after": paged[-1]}
    assert paged == made
    voided = made[1]
    node.post(f"/v1/payments/{voided}/void")
    assert ids(node, account=payee) == made
    assert ids(node, status="voided") == [voided]
    assert ids(node, status="pending") == made[3::2]


def test_between_the_queue_and_the_ledger_it_is_unknown_and_no_bug(
    node: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore to before its release: the queue has let it go, the ledger is without."""
    waits = ask(node, node.account(), node.account(), "10.00")
    [row] = node.node.vault.queue.waiting()
    node.node.vault.queue.end([row], State.RELEASED, node.clock())
    expect(node.get(f"/v1/payments/{waits['id']}"), "payment.unknown")
    expect(node.post(f"/v1/payments/{waits['id']}/void"), "payment.unknown")
    assert ids(node, status="pending") == []


def test_a_release_while_a_list_is_read_is_in_it(
    node: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee, key = node.account(), node.account(), fresh("queue-")
    waits = ask(node, payer, payee, "10.00", key=key)
    queue = node.node.vault.queue
    page = queue.page

    def release_then_read(**query: Any) -> Any:
        if queue.waiting():
            node.fund(payer, "10.00")
            wait_for(node, waits, "settled")
        return page(**query)

    monkeypatch.setattr(queue, "page", release_then_read)
    assert waits["id"] in ids(node, account=payee)
    assert ids(node, idempotency_key=key) == [waits["id"]]


def test_operators_see_what_waits_by_asset(node: Api) -> None:
    assert node.get("/v1/queue").json()["data"] == []
    alice, bob, carol = node.account(), node.account(), node.account(funded="5.00")
    first = ask(node, alice, bob, "30.00")
    ask(node, bob, carol, "20.00")
    ask(node, carol, alice, "25.00", priority="high")
    [row] = node.get("/v1/queue").json()["data"]
    assert row == {
        "object": "queue",
        "asset": "EUR/2",
        "count": 3,
        "amount": "75.00",
        "missing": "5.00",
        "oldest": first["created"],
    }
    node.fund(alice, "5.00")
    wait_for(node, first, "settled")
    assert node.get("/v1/queue").json()["data"] == []
    assert [node.available(one) for one in (alice, bob, carol)] == ["0.00", "10.00", "0.00"]


def test_events_tell_of_waiting_and_of_each_end(node: Api) -> None:
    payer, payee = node.account(), node.account()
    last = follow(node, "0", 1)  # the node's own money is the first
    waits = ask(node, payer, payee, "10.00")
    cancelled = ask(node, payer, payee, "11.00")
    node.post(f"/v1/payments/{cancelled['id']}/void")
    late = ask(node, payer, payee, "12.00", priority="normal", expires_in_s=60)
    node.fund(payer, "10.00")
    wait_for(node, waits, "settled")
    node.clock.pass_s(61)
    wait_for(node, late, "refused")
    events = [
        event
        for event in follow(node, last[0]["id"], count_of_events(node) - 1)
        if event["data"]["object"]["from"] == payer
    ]
    told = [(event["type"], event["data"]["object"]["id"]) for event in events]
    assert told == [
        ("payment.pending", waits["id"]),
        ("payment.pending", cancelled["id"]),
        ("payment.voided", cancelled["id"]),
        ("payment.pending", late["id"]),
        ("payment.settled", waits["id"]),
        ("payment.refused", late["id"]),
    ]
    assert [event["data"]["object"]["status"] for event in events] == [
        kind.removeprefix("payment.") for kind, _ in told
    ]
    again = follow(node, events[1]["id"], 2)
    assert [event["id"] for event in again] == [event["id"] for event in events[2:4]]


def count_of_events(api: Api) -> int:
    """Of the ledger and of the queue."""
    node = api.node
    assert node.projections.wait_for(node.book.height, 10)
    booked = node.projections.changes((0, 0, 0), 1_000)
    return len(booked) + len(node.vault.queue.changes((0, 0), node.book.height, 1_000))


def test_a_key_without_the_right_cannot_see_the_queue(api: Api) -> None:
    expect(api.with_token("nothing").get("/v1/queue"), "auth.invalid")
