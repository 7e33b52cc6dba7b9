"""Uploads: a line in, a line out, in order, of any length, also to a client that reads late."""

import json
import threading
from collections.abc import Iterator
from typing import Any

from tests.gateway.api import Api, fresh

LINES = 3_000


def line(payer: str, payee: str, amount: str, key: str | None, **more: Any) -> bytes:
    body = {"from": payer, "to": payee, "amount": amount, "asset": "EUR/2", **more}
    if key is not None:
        body["idempotency_key"] = key
    return json.dumps(body).encode() + b"\n"


def upload(api: Api, content: bytes | Iterator[bytes]) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/x-ndjson"}
    answer = api.http.post("/v1/payments/batch", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(row) for row in answer.text.splitlines()]


def test_answers_come_in_the_order_of_the_lines_good_and_bad(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    keys = [fresh("up-") for _ in range(3)]
    rows = upload(
        api,
        line(payer, payee, "1.00", keys[0])
        + b'{"from": \n'
        + line(payer, payee, "1.005", keys[1])
        + b"\n"
        + line(payer, "nobody", "1.00", keys[1])
        + line(payer, payee, "1.00", None)
        + line(payer, payee, "500.00", keys[1])
        + b'{"from":"' + b"x" * 70_000 + b'"}\n'
        + line(payer, payee, "1.00", keys[0])
        + line(payer, payee, "3.00", keys[0])
        + line(payer, payee, "2.00", keys[2]).rstrip(b"\n"),
    )  # fmt: skip
    assert [row["line"] for row in rows] == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]
    said = [row["error"]["code"] if "error" in row else row["payment"]["status"] for row in rows]
    assert said == [
        "settled", "request.malformed", "amount.too_precise", "account.unknown",
        "idempotency.missing", "refused", "request.too_large", "settled",
        "idempotency.body_differs", "settled",
    ]  # fmt: skip
    assert [row["status"] for row in rows] == [201, 400, 400, 404, 400, 201, 413, 201, 422, 201]
    assert rows[7]["payment"] == rows[0]["payment"]
    assert api.available(payee) == "3.00"


def test_a_line_is_refused_as_a_payment_by_itself_is(api: Api) -> None:
    payer, payee, closed = api.account(funded="9.00"), api.account(), api.account()
    assert api.post(f"/v1/accounts/{closed}/close").status_code == 200
    good = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    odd: list[dict[str, Any]] = [
        {"to": "nobody"}, {"from": "nobody"}, {"to": closed}, {"from": closed, "to": "nobody"},
        {"to": payer}, {"amount": "0"}, {"amount": "1.001"}, {"asset": "XXX/2"},
        {"to_asset": "XXX/2"}, {"to_asset": "USD/2"}, {"asset": "USD/2"}, {"quote": "qte_none"},
        {"when_short": "queue"}, {"priority": "high"}, {"expires_in_s": 5}, {"closes": "to"},
        {"mandate": "none"}, {"conditions": {}}, {"purpose": "sala"}, {"x": 1}, {"amount": 1},
        {"imported_at": "tomorrow"}, {"sweep": True, "to_asset": "USD/2"},
        {"prepared": {"instruction": "00" * 192, "salt": "00" * 16}},
    ]  # fmt: skip
    before = api.world()
    waits = odd.index({"when_short": "queue"})  # which an upload does not
    paid = odd[:waits] + odd[waits + 1 :]
    alone = [api.post("/v1/payments", good | more).json() for more in paid]
    lines = [json.dumps(good | more | {"idempotency_key": fresh("up-")}) for more in odd]
    rows = upload(api, "\n".join(lines).encode())
    assert api.world() == before
    assert rows.pop(waits)["error"]["code"] == "request.invalid"
    said = [{**row["error"], "request_id": ""} for row in rows]
    assert said == [{**body, "request_id": ""} for body in alone]
    assert {body["code"] for body in alone} > {"account.unknown", "account.closed", "account.same"}


def test_an_upload_and_a_single_payment_share_their_keys(api: Api) -> None:
    payer, payee = api.account(funded="100.00"), api.account()
    key = fresh("up-")
    [row] = upload(api, line(payer, payee, "1.00", key, reference="a"))
    assert api.pay(payer, payee, "1.00", reference="a", key=key).json() == row["payment"]
    [again] = upload(api, line(payer, payee, "1.00", key, reference="a"))
    assert again == row


def test_an_upload_is_streamed_both_ways(api: Api) -> None:
    """The second line is sent only after the first was answered."""
    payer, payee = api.account(funded="100.00"), api.account()
    answered = threading.Event()

    def lines() -> Iterator[bytes]:
        yield line(payer, payee, "1.00", fresh("up-"))
        answered.wait(10)
        yield line(payer, payee, "2.00", fresh("up-"))

    # httpx reads only after it has written, so this speaks HTTP itself.
    from http.client import HTTPConnection

    url = api.http.base_url
    connection = HTTPConnection(url.host, url.port, timeout=20)
    connection.putrequest("POST", "/v1/payments/batch")
    connection.putheader("Authorization", f"Bearer {api.token}")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    sent = lines()
    _send_chunk(connection, next(sent))
    response = connection.response_class(connection.sock, method="POST")
    response.begin()
    first = json.loads(response.readline())
    answered.set()
    _send_chunk(connection, next(sent))
    _send_chunk(connection, b"")
    second = json.loads(response.readline())
    connection.close()
    amounts = [row["payment"]["amount"] for row in (first, second)]
    assert amounts == ["1.00", "2.00"]


def _send_chunk(connection: Any, data: bytes) -> None:
    connection.send(b"%x\r\n%s\r\n" % (len(data), data))


def test_a_client_that_reads_late_is_not_stuck(api: Api) -> None:
    """More answers than sockets hold: they wait in a file until the client has sent everything."""
    payer, payee = api.account(funded="100000.00"), api.account()
    reference = "r" * 140
    content = b"".join(
        line(payer, payee, "0.01", fresh("up-"), reference=reference) for _ in range(LINES)
    )
    rows = upload(api, content)
    assert [row["line"] for row in rows] == list(range(1, LINES + 1))
    assert {row["payment"]["status"] for row in rows} == {"settled"}
    assert api.available(payee) == "30.00"
