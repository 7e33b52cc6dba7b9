"""The same key with the same body is answered the same, for ever; with another it is refused."""

import threading
from pathlib import Path

import httpx
import pytest

from clearway.app.bootstrap import build_node
from clearway.app.config import parse_config
from clearway.app.serve import ServerThread, dev_api_key
from tests.gateway.api import Api, Clock, fresh
from tests.gateway.test_refused_before_ordering import expect


def test_every_post_that_moves_or_creates_is_answered_again(api: Api) -> None:
    payer, payee = api.account("EUR/2", "USD/2", funded="50.00"), api.account()
    payment = api.pay(payer, payee, "5.00").json()["id"]
    held = api.pay(payer, payee, "5.00", capture="manual").json()["id"]
    other = api.pay(payer, payee, "5.00", capture="manual").json()["id"]
    empty = api.account()
    money = {"account": payer, "amount": "1.00", "asset": "EUR/2"}
    posts = [
        ("/v1/accounts", {"id": fresh("a"), "assets": ["EUR/2"], "owner": {"name": "Ann Lee"}}),
        ("/v1/accounts", {"assets": ["EUR/2"], "metadata": {"b": "2", "a": "1"}}),
        ("/v1/faucet", money),
        ("/v1/issuances", money | {"nostro": "nostro", "reference": "wire 7"}),
        ("/v1/redemptions", money | {"nostro": "nostro"}),
        ("/v1/payments", {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}),
        ("/v1/payments", {"from": payer, "to": payee, "amount": "1000.00", "asset": "EUR/2"}),
        ("/v1/quotes", {"asset": "EUR/2", "to_asset": "USD/2", "amount": "1.00"}),
        (f"/v1/payments/{payment}/refund", {"amount": "1.00"}),
        (f"/v1/payments/{held}/capture", {"amount": "2.00"}),
        (f"/v1/payments/{other}/void", {}),
        (f"/v1/accounts/{empty}/freeze", {"note": "asked by court"}),
        (f"/v1/accounts/{empty}/unfreeze", {}),
        (f"/v1/accounts/{empty}/close", {}),
    ]
    keys = [fresh("key-") for _ in posts]
    first = [api.post(path, body, key=key) for (path, body), key in zip(posts, keys, strict=True)]
    assert {answer.status_code for answer in first} <= {200, 201}, [a.text for a in first]
    world = api.world()
    for (path, body), key, answer in zip(posts, keys, first, strict=True):
        again = api.post(path, body, key=key)
        assert (again.status_code, again.content) == (answer.status_code, answer.content), path
    assert api.world() == world


def test_the_same_request_may_be_written_differently(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    key = fresh("key-")
    one = b'{"from":"%s","to":"%s","amount":"1.00","asset":"EUR/2"}'
    other = b'{ "asset": "EUR/2", "amount": "1.00",\n "to": "%s", "from": "%s" }'
    first = api.post_raw("/v1/payments", one % (payer.encode(), payee.encode()), key=key)
    again = api.post_raw("/v1/payments", other % (payee.encode(), payer.encode()), key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)


def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    key = fresh("key-")
    assert api.pay(payer, payee, "1.00", key=key).status_code == 201
    world = api.world()
    expect(api.pay(payer, payee, "2.00", key=key), "idempotency.body_differs")
    expect(api.pay(payer, payee, "1.00", reference="x", key=key), "idempotency.body_differs")
    account = {"id": fresh("a"), "assets": ["EUR/2"]}
    expect(api.post("/v1/accounts", account, key=key), "idempotency.body_differs")
    quote = fresh("key-")
    asked = {"asset": "EUR/2", "to_asset": "USD/2", "amount": "1.00"}
    assert api.post("/v1/quotes", asked, key=quote).status_code == 201
    asked["amount"] = "2.00"
    expect(api.post("/v1/quotes", asked, key=quote), "idempotency.body_differs")
    assert api.world() == world


def test_a_refusal_before_ordering_leaves_the_key_unused(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    key = fresh("key-")
    expect(api.pay(payer, payee, "1.001", key=key), "amount.too_precise")
    assert api.pay(payer, payee, "1.00", key=key).json()["status"] == "settled"


def test_an_answer_stands_after_the_account_was_closed(api: Api) -> None:
    payer, payee = api.account(funded="1.00"), api.account()
    key = fresh("key-")
    first = api.pay(payer, payee, "1.00", key=key)
    assert api.post(f"/v1/accounts/{payer}/close").status_code == 200
    again = api.pay(payer, payee, "1.00", key=key)
    assert (again.status_code, again.content) == (201, first.content)
    expect(api.pay(payer, payee, "2.00", key=key), "idempotency.body_differs")


def test_a_payment_is_found_by_its_key(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    key = fresh("key-")
    payment = api.pay(payer, payee, "1.00", key=key).json()
    found = api.get("/v1/payments", idempotency_key=key).json()
    assert found == {"object": "list", "data": [payment], "has_more": False}
    assert api.get("/v1/payments", idempotency_key=fresh("unused-")).json()["data"] == []
    elsewhere = api.get("/v1/payments", idempotency_key=key, status="held").json()
    assert elsewhere["data"] == []


def test_many_at_once_with_one_key_pay_once(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    key, answers = fresh("key-"), []

    def pay() -> None:
        while (answer := api.pay(payer, payee, "1.00", key=key)).status_code == 409:
            expect(answer, "idempotency.in_progress")
        answers.append(answer)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert api.available(payee) == "1.00"


def test_answers_stand_after_a_restart_and_after_the_window(tmp_path: Path) -> None:
    """The ledger forgets an id when it can no longer be valid; the read side never does."""
    clock = Clock()
    config = parse_config({}, dev=True, data=tmp_path)

    def serve(act: object) -> httpx.Response:
        node = build_node(config, clock=clock)
        token = dev_api_key(node)
        node.start()
        try:
            with ServerThread(node) as url, httpx.Client(base_url=url, timeout=30) as http:
                return act(Api(http, node, clock, token))  # type: ignore[operator, no-any-return]
        finally:
            node.stop()

    def first(api: Api) -> httpx.Response:
        for id in ("ann", "bob"):
            account = {"id": id, "assets": ["EUR/2"]}
            assert api.post("/v1/accounts", account, key=f"open {id}"[5:]).status_code == 201
        money = {"account": "ann", "amount": "9.00", "asset": "EUR/2"}
        assert api.post("/v1/faucet", money, key="fund").status_code == 201
        return api.pay("ann", "bob", "1.00", reference="rent", key="rent-1")

    def again(api: Api) -> httpx.Response:
        expect(api.pay("ann", "bob", "2.00", key="rent-1"), "idempotency.body_differs")
        answer = api.pay("ann", "bob", "1.00", reference="rent", key="rent-1")
        assert api.available("bob") == "1.00"
        return answer

    answer = serve(first)
    after_restart = serve(again)
    assert (after_restart.status_code, after_restart.content) == (201, answer.content)
    clock.pass_s(48 * 3_600)
    much_later = serve(again)
    assert (much_later.status_code, much_later.content) == (201, answer.content)


@pytest.mark.parametrize("path", ["/v1/payments", "/v1/accounts"])
def test_a_key_belongs_to_its_principal_not_to_its_api_key(api: Api, path: str) -> None:
    from clearway.gateway.auth import SCOPES, create_api_key

    def token(principal: str) -> str:
        return create_api_key(
            api.node.vault,
            principal=principal,
            name="",
            institution=api.node.institution,
            scopes=sorted(SCOPES),
            now_ns=api.node.clock(),
        )[0]

    payer, payee = api.account(funded="50.00"), api.account()
    bodies = {
        "/v1/payments": {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"},
        "/v1/accounts": {"assets": ["EUR/2"]},
    }
    key = fresh("key-")
    old, rotated, stranger = (api.with_token(token(name)) for name in ("shop", "shop", "other"))
    first = old.post(path, bodies[path], key=key).json()
    assert rotated.post(path, bodies[path], key=key).json() == first
    assert stranger.post(path, bodies[path], key=key).json()["id"] != first["id"]
