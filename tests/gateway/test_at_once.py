"""Two requests at the same moment for one thing: exactly one of them gets it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearway.payment.errors import CATALOGUE
from clearway.payment.ids import account_address
from clearway.store.projections import Projections
from tests.gateway.api import Api, fresh
from tests.gateway.conftest import serve
from tests.gateway.test_refused_before_ordering import expect
from tests.ordering.engines import Answer, Unreliable

ROUNDS = 25
CLIENTS = 4


def at_once(acts: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Every act in a thread of its own, let go at one moment."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def open_as(api: Api, id: str, owner: str, key: str) -> Callable[[], httpx.Response]:
    body = {"id": id, "owner": {"name": owner}, "assets": ["EUR/2"]}
    return lambda: api.post("/v1/accounts", body, key=key)


def test_two_that_open_one_account_have_one_winner(api: Api) -> None:
    for _ in range(ROUNDS):
        id, keys = fresh("same-"), [fresh("key-") for _ in range(CLIENTS)]
        owners = [f"Owner {n} of {id}" for n in range(CLIENTS)]
        height = api.node.book.height
        answers = at_once(
            [open_as(api, id, owner, key) for owner, key in zip(owners, keys, strict=True)]
        )
        [won] = [n for n, answer in enumerate(answers) if answer.status_code == 201]
        for n, answer in enumerate(answers):
            if n != won:
                code = answer.json()["code"]
                assert code in ("account.exists", "idempotency.in_progress")
                expect(answer, code)
        assert api.node.book.height == height + 1, "the others made no entry"
        # The winner's words are kept everywhere, and its key answers as before.
        shown = api.get(f"/v1/accounts/{id}").json()
        assert shown["owner"] == {"name": owners[won]}
        kept = api.node.vault.account(account_address(api.node.secret, id))
        assert kept is not None
        assert owners[won].encode() in (kept.owner or b"")
        for n, (owner, key) in enumerate(zip(owners, keys, strict=True)):
            again = open_as(api, id, owner, key)()
            if n == won:
                assert (again.status_code, again.content) == (201, answers[won].content)
            else:
                expect(again, "account.exists")
        listed = api.get("/v1/accounts", limit=500).json()["data"]
        assert [row["owner"] for row in listed if row["id"] == id] == [{"name": owners[won]}]


def test_the_read_side_made_again_shows_the_same_accounts(tmp_path: Path) -> None:
    for api in serve(tmp_path / "data", review="10000", decline="10000"):
        for _ in range(5):
            id = fresh("same-")
            at_once([open_as(api, id, f"Owner {n}", fresh("key-")) for n in range(CLIENTS)])
        node = api.node
        assert node.projections.wait_for(node.book.height, 10)
        fields = ("number", "address", "institution", "flags")
        before = rows(node.projections, node.institution, fields)
        again = Projections(tmp_path / "again.sqlite", numbers=node.book.account_numbers)
        again.start(node.book)
        assert again.wait_for(node.book.height, 10)
        assert rows(again, node.institution, fields) == before
        again.stop()


def rows(projections: Projections, institution: int, fields: tuple[str, ...]) -> list[Any]:
    found = projections.accounts(institution, limit=500)
    return [tuple(getattr(row, field) for field in fields) for row in found]


@pytest.fixture
def unsure(tmp_path: Path) -> Iterator[tuple[Api, Unreliable]]:
    for api in serve(tmp_path, review="10000", decline="10000"):
        engine = Unreliable(api.node.ordering)
        api.node.rooms.ordering = engine
        yield api, engine


class LateBody:
    """A POST /v1/accounts whose headers are there, and whose body is still to come."""

    def __init__(self, api: Api, *, key: str) -> None:
        self._connection = http.client.HTTPConnection(api.http.base_url.netloc.decode())
        self._connection.putrequest("POST", "/v1/accounts")
        self._connection.putheader("Authorization", f"Bearer {api.token}")
        self._connection.putheader("Idempotency-Key", key)
        self._connection.putheader("Transfer-Encoding", "chunked")
        self._connection.endheaders()
        time.sleep(0.2)  # the door's first checks happen meanwhile; later ones would refuse more

    def send(self, body: dict[str, Any]) -> tuple[int, Any]:
        text = json.dumps(body).encode()
        self._connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))
        response = self._connection.getresponse()
        answer = response.status, json.loads(response.read())
        self._connection.close()
        return answer


def test_an_opening_of_unknown_outcome_keeps_its_name(unsure: tuple[Api, Unreliable]) -> None:
    """Its envelope may still come; another's words must not stand in the vault when it does."""
    api, engine = unsure
    engine.next_answers = [Answer.DELAYED]
    id = fresh("same-")
    late = LateBody(api, key="key-second")  # admitted while the node was sure of everything
    expect(open_as(api, id, "First", "key-first")(), "payment.outcome_unknown")
    status, problem = late.send({"id": id, "owner": {"name": "Second"}, "assets": ["EUR/2"]})
    assert (status, problem["code"]) == (409, "idempotency.in_progress")
    engine.deliver()
    deadline = time.monotonic() + 10
    while open_as(api, id, "First", "key-first")().status_code != 201:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    expect(open_as(api, id, "Second", "key-second")(), "account.exists")
    assert api.get(f"/v1/accounts/{id}").json()["owner"] == {"name": "First"}


def test_two_payments_with_one_quote_have_one_winner(api: Api) -> None:
    payer, payee = api.account("EUR/2", funded="5000.00"), api.account("USD/2")
    asked = {"asset": "EUR/2", "to_asset": "USD/2", "amount": "10.00"}
    for _ in range(ROUNDS):
        quote = api.post("/v1/quotes", asked).json()["id"]
        height, keys = api.node.book.height, [fresh("key-") for _ in range(CLIENTS)]

        def pay(key: str, quote: str = quote) -> httpx.Response:
            return api.pay(payer, payee, "10.00", to_asset="USD/2", quote=quote, key=key)

        answers = at_once([lambda key=key: pay(key) for key in keys])  # type: ignore[misc]
        [won] = [n for n, answer in enumerate(answers) if answer.status_code == 201]
        for n, answer in enumerate(answers):
            if n != won:
                code = answer.json()["code"]
                assert code in ("quote.used", "quote.in_use")
                expect(answer, code)
                assert answer.json()["retryable"] == CATALOGUE[code].retryable
        assert api.node.book.height == height + 1, "the others made no entry"
        for n, key in enumerate(keys):
            if n == won:
                assert pay(key).content == answers[won].content
            else:
                expect(pay(key), "quote.used")
