"""The short way of single payments keeps HTTP/1.1's rules, and answers as every other way does."""

import http.client
import json
import socket
from typing import Any

import pytest

from clearway.gateway.door import BODY_BYTES_MAX
from clearway.payment.ids import account_address
from tests.gateway.api import Api, fresh


def request(
    api: Api, body: bytes, key: str, *, version: str = "1.1", more: str = "", target: str = ""
) -> bytes:
    head = (
        f"POST {target or '/v1/payments'} HTTP/{version}\r\nhost: x\r\n"
        f"authorization: Bearer {api.token}\r\nidempotency-key: {key}\r\n"
        f"content-length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def connect(api: Api) -> socket.socket:
    url = api.http.base_url
    return socket.create_connection((url.host, url.port or 80), timeout=20)


def read(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer, and not a byte more than it."""
    response = http.client.HTTPResponse(connection, method="POST")
    # Unbuffered, so that nothing of the next answer is taken.
    response.fp = socket.SocketIO(connection, "r")  # type: ignore[assignment]
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return response.status, headers, response.read()


def payment(api: Api, amount: str = "1.00", **more: Any) -> bytes:
    payer, payee = api.account(funded="100.00"), api.account()
    body = {"from": payer, "to": payee, "amount": amount, "asset": "EUR/2", **more}
    return json.dumps(body).encode()


def test_a_body_may_come_in_pieces(api: Api) -> None:
    body, key = payment(api), fresh("wire-")
    with connect(api) as connection:
        for byte in request(api, body, key):
            connection.sendall(bytes([byte]))
        status, headers, answer = read(connection)
        assert (status, json.loads(answer)["status"]) == (201, "settled")
        assert headers["content-type"] == "application/json"
        connection.sendall(request(api, body, key))
        assert read(connection) == (status, headers, answer)


def test_requests_sent_at_once_are_answered_in_their_order(api: Api) -> None:
    body = payment(api)
    keys = [fresh("wire-") for _ in range(4)]
    asked = [request(api, body, key) for key in (*keys, keys[0])]
    with connect(api) as connection:
        connection.sendall(b"".join(asked))
        answers = [read(connection) for _ in asked]
    assert [status for status, _, _ in answers] == [201] * 5
    ids = [json.loads(answer)["id"] for _, _, answer in answers]
    assert len(set(ids)) == 4
    assert answers[4] == answers[0]


@pytest.mark.parametrize(
    ("version", "more"), [("1.0", ""), ("1.1", "connection: close\r\n"), ("1.0", "x: y\r\n")]
)
def test_a_connection_ends_where_it_was_asked_to(api: Api, version: str, more: str) -> None:
    with connect(api) as connection:
        connection.sendall(request(api, payment(api), fresh("wire-"), version=version, more=more))
        status, headers, _ = read(connection)
        assert (status, headers["connection"]) == (201, "close")
        assert connection.recv(1) == b""


def test_who_expects_to_be_asked_is_asked(api: Api) -> None:
    body = payment(api)
    asked = request(api, body, fresh("wire-"), more="expect: 100-continue\r\n")
    with connect(api) as connection:
        connection.sendall(asked[: -len(body)])
        assert connection.recv(64) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read(connection)[0] == 201


def test_a_body_too_large_is_refused_and_the_connection_ends(api: Api) -> None:
    before = api.world()
    with connect(api) as connection:
        connection.sendall(request(api, b"[" * (BODY_BYTES_MAX + 1), fresh("wire-")))
        status, headers, answer = read(connection)
    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(answer)["code"] == "request.too_large"
    assert api.world() == before


def test_a_refusal_leaves_the_connection_open(api: Api) -> None:
    body = payment(api)
    with connect(api) as connection:
        for bad, status in ((b"{", 400), (b"", 400), (b"[]", 400)):
            connection.sendall(request(api, bad, fresh("wire-")))
            assert read(connection)[0] == status
        connection.sendall(request(api, body, fresh("wire-")))
        assert read(connection)[0] == 201


def test_both_ways_give_the_same_answers(api: Api) -> None:
    """A target with a query goes through ASGI."""
    for body in (payment(api), payment(api, "500.00"), payment(api, "1.001"), b"[1"):
        key = fresh("wire-")
        with connect(api) as connection:
            connection.sendall(request(api, body, key))
            short = read(connection)
            connection.sendall(request(api, body, key, target="/v1/payments?"))
            long = read(connection)
        if short[0] != 201:
            for _, headers, _ in (short, long):
                del headers["x-request-id"]
            texts = [json.loads(answer) for _, _, answer in (short, long)]
            assert texts[0].pop("request_id") != texts[1].pop("request_id")
            assert (short[:2], texts[0]) == (long[:2], texts[1])
        else:
            assert short == long


def test_a_client_that_leaves_is_answered_when_it_asks_again(api: Api) -> None:
    body, key = payment(api), fresh("wire-")
    with connect(api) as connection:
        connection.sendall(request(api, body, key))
    with connect(api) as connection:
        status = 409
        while status == 409:
            connection.sendall(request(api, body, key))
            status, _, answer = read(connection)
        assert (status, json.loads(answer)["status"]) == (201, "settled")


def test_a_bug_in_one_payment_is_its_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that come together are checked together, and each is answered for itself."""

    def fail(secret: bytes, account: str) -> bytes:
        assert not account.startswith("broken"), "invariant: for this test"
        return account_address(secret, account)

    monkeypatch.setattr("clearway.gateway.directory.account_address", fail)
    good, broken = payment(api), payment(api, to=fresh("broken-"))
    bodies = [good, broken, good, b"{", good]
    connections = [connect(api) for _ in bodies]
    for connection, body in zip(connections, bodies, strict=True):
        connection.sendall(request(api, body, fresh("wire-")))
    answers = [read(connection) for connection in connections]
    assert [status for status, _, _ in answers] == [201, 500, 201, 400, 201]
    assert json.loads(answers[1][2])["code"] == "node.bug"
    for connection in connections:
        connection.close()
