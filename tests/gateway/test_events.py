"""Events: every change once, in the chain's order, the same however often they are followed."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx

from tests.gateway.api import Api


def follow(api: Api, last: str | None, count: int) -> list[dict[str, Any]]:
    """The next `count` events after `last`."""
    return list(_events(api, last, count))


def _events(api: Api, last: str | None, count: int) -> Iterator[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {api.token}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    with httpx.stream(
        "GET", f"{api.http.base_url}/v1/events", headers=headers, timeout=20
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        fields: dict[str, str] = {}
        for row in answer.iter_lines():
            if row and not row.startswith(":"):
                name, _, value = row.partition(": ")
                fields[name] = value
            elif fields:
                event = json.loads(fields["data"])
                assert (event["id"], event["type"]) == (fields["id"], fields["event"])
                yield event
                fields = {}
                count -= 1
                if count == 0:
                    return


def test_what_happens_is_told_in_order_and_can_be_resumed(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    mark = api.get("/v1/payments", limit=1).json()["data"][0]["block"]
    after = f"{mark['height']}-{mark['index']}-0"
    paid = api.pay(payer, payee, "1.00").json()
    held = api.pay(payer, payee, "9.00", capture="manual").json()
    captured = api.post(f"/v1/payments/{held['id']}/capture", {"amount": "4.00"}).json()
    refund = api.post(f"/v1/payments/{held['id']}/refund", {"amount": "1.00"}).json()
    refused = api.pay(payer, payee, "5000.00").json()
    events = follow(api, after, 5)
    assert [event["type"] for event in events] == [
        "payment.settled", "payment.held", "payment.settled", "payment.settled", "payment.refused",
    ]  # fmt: skip
    # The body is the payment as of the event: the capture knows nothing of the later refund.
    bodies = [_without_decision(event["data"]["object"]) for event in events]
    expected = [_without_decision(body) for body in (paid, held, captured, refund, refused)]
    assert bodies == expected
    assert list(events[0]) == ["id", "object", "type", "created", "data"]
    assert follow(api, events[1]["id"], 3) == events[2:]
    assert follow(api, after, 5) == events


def _without_decision(payment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payment.items() if name != "decision"}


def test_zero_is_the_beginning(api: Api) -> None:
    first = follow(api, "0", 3)
    assert first == follow(api, "0", 3)
    places = [tuple(int(part) for part in event["id"].split("-")) for event in first]
    assert places == sorted(places)
    assert places[0][0] <= 2


def test_without_an_id_it_is_from_now(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    heard: list[dict[str, Any]] = []
    listener = threading.Thread(target=lambda: heard.extend(follow(api, None, 1)))
    listener.start()
    while listener.is_alive() and not heard:
        paid = api.pay(payer, payee, "1.00").json()["id"]
        listener.join(0.2)
    assert heard[0]["type"] == "payment.settled"
    assert heard[0]["data"]["object"]["from"] == payer
    assert paid


def test_an_ended_hold_is_told(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    held = api.pay(payer, payee, "9.00", capture="manual", expires_in_s=60).json()
    place = f"{held['block']['height']}-{held['block']['index']}-0"
    api.clock.pass_s(61)
    [ended] = follow(api, place, 1)
    assert ended["type"] == "payment.returned"
    assert ended["data"]["object"]["id"] == held["id"]
    assert ended["id"].split("-")[2] == "1"
