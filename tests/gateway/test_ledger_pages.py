"""Accounts, blocks, receipts, rates: what a reader gets."""

import itertools
import json
from typing import Any

import httpx
import pytest

from clearway.ledger.block_range import check_range
from clearway.ledger.book import Book
from clearway.ledger.genesis import parse_genesis
from clearway.ledger.receipt import ReceiptError, check_receipt
from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def test_an_account_as_its_client_said_it(api: Api) -> None:
    id = fresh("Ann_Lee-")
    body: dict[str, Any] = {
        "id": id,
        "owner": {"name": "Ann Lee", "country": "IE", "birth_date": "1980-02-29"},
        "assets": ["EUR/2", "JPY/0"],
        "metadata": {"tier": "gold"},
        "category": 5411,
    }
    opened = api.post("/v1/accounts", body)
    account = opened.json()
    assert opened.status_code == 201
    assert list(account) == [
        "id", "object", "created", "status", "address", "owner", "category", "assets", "metadata",
    ]  # fmt: skip
    assert account | body == account
    assert (account["object"], account["status"]) == ("account", "open")
    assert len(account["address"]) == 42
    assert api.get(f"/v1/accounts/{id}").json() == account
    assert api.get("/v1/accounts", limit=1).json()["data"] == [account]
    balances = api.get(f"/v1/accounts/{id}/balances").json()["data"]
    zeros = {"pending_in": "0", "pending_out": "0", "available": "0", "posted": "0"}
    assert balances[1] == {"asset": "JPY/0", **zeros}


def test_an_account_without_a_name_gets_one(api: Api) -> None:
    account = api.post("/v1/accounts", {"assets": ["EUR/2"]}).json()
    assert account["id"].startswith("acc_")
    assert account["owner"] is None
    assert account["category"] is None
    assert account["metadata"] == {}


def test_entries_carry_the_balance_after_them(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    first = api.pay(payer, payee, "2.50").json()
    second = api.pay(payer, payee, "1.00").json()
    entries = api.get(f"/v1/accounts/{payer}/entries").json()
    rows = [(row["amount"], row["balance_after"]) for row in entries["data"]]
    assert rows == [("-1.00", "6.50"), ("-2.50", "7.50"), ("10.00", "10.00")]
    assert [row["payment"] for row in entries["data"][:2]] == [second["id"], first["id"]]
    assert list(entries["data"][0]) == [
        "id", "object", "created", "payment", "asset", "amount", "balance_after", "block",
    ]  # fmt: skip
    page = api.get(f"/v1/accounts/{payer}/entries", limit=2).json()
    assert page["has_more"] is True
    rest = api.get(f"/v1/accounts/{payer}/entries", starting_after=page["data"][-1]["id"]).json()
    assert page["data"] + rest["data"] == entries["data"]
    assert rest["has_more"] is False


def test_payments_are_paged_newest_first(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    paid = [api.pay(payer, payee, "1.00").json()["id"] for _ in range(5)]
    seen: list[str] = []
    query: dict[str, Any] = {"account": payee, "limit": 2}
    while True:
        page = api.get("/v1/payments", **query).json()
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        query["starting_after"] = seen[-1]
    assert seen == paid[::-1]


def test_a_receipt_is_checked_with_the_genesis_alone(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    payment = api.pay(payer, payee, "2.50").json()
    receipt = api.get(f"/v1/payments/{payment['id']}/receipt").json()
    assert list(receipt) == [
        "object", "version", "chain_id", "entry", "result", "index", "size",
        "entry_path", "result_path", "header", "finality",
    ]  # fmt: skip
    genesis = parse_genesis(api.get("/v1/genesis").content)
    checked = check_receipt(receipt, genesis)
    assert checked.height == payment["block"]["height"]
    assert checked.index == payment["block"]["index"]
    assert checked.entry["amount"] == "2.50"
    assert checked.entry["id"] == payment["id"].removeprefix("pay_")
    for field in ("entry", "result", "header"):
        flipped = json.loads(json.dumps(receipt))
        flipped[field] = f"{int(flipped[field], 16) ^ 1:0{len(flipped[field])}x}"
        with pytest.raises(ReceiptError):
            check_receipt(flipped, genesis)


def test_blocks_are_linked_and_the_book_is_balanced(api: Api) -> None:
    blocks = api.get("/v1/blocks", limit=10).json()["data"]
    assert list(blocks[0]) == [
        "height", "time", "hash", "previous", "transactions_root", "results_root", "state_root",
        "count",
    ]  # fmt: skip
    for newer, older in itertools.pairwise(blocks):
        assert newer["height"] == older["height"] + 1
        assert newer["previous"] == older["hash"]
    assert api.get(f"/v1/blocks/{blocks[0]['height']}").json() == blocks[0]
    balance = api.get("/v1/trial-balance").json()
    assert balance["balanced"] is True
    assert {row["total"].strip("0.") for row in balance["data"]} == {""}


def test_a_trial_balance_is_of_one_block(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the next block comes between its sums and its answer."""
    payer, payee = api.account(funded="5.00"), api.account()
    read_sums = Book.trial_balance

    def read_and_pay(book: Book) -> Any:
        sums = read_sums(book)
        assert api.pay(payer, payee, "1.00").json()["status"] == "settled"
        return sums

    height = api.node.book.height
    monkeypatch.setattr(Book, "trial_balance", read_and_pay)
    seen = api.get("/v1/trial-balance").json()
    assert api.node.book.height > height
    block = api.get(f"/v1/blocks/{height}").json()
    assert (seen["height"], seen["state_root"]) == (height, block["state_root"])


def test_rates_and_routes(api: Api) -> None:
    rates = {row["to"]: row["rate"] for row in api.get("/v1/rates").json()["data"]}
    assert float(rates["USD"]) > 0
    back = {row["to"]: row["rate"] for row in api.get("/v1/rates", base="USD").json()["data"]}
    assert abs(float(back["EUR"]) * float(rates["USD"]) - 1) < 1e-8
    expect(api.get("/v1/rates", base="XXX"), "rate.unknown")
    query = {"asset": "EUR/2", "to_asset": "USD/2", "amount": "100.00"}
    [route] = api.get("/v1/routes", **query).json()["data"]
    assert (route["rail"], route["path"]) == ("ledger", ["EUR/2", "USD/2"])
    [straight] = api.get("/v1/routes", asset="EUR/2", amount="100.00").json()["data"]
    assert (straight["path"], straight["to_amount"]) == (["EUR/2"], "100.00")


def test_health_readiness_and_metrics_need_no_key(api: Api) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert api.http.get(path).status_code == 200, path
    text = api.http.get("/metrics").text
    values = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    assert float(values["clearway_block_height"]) == api.node.book.height
    assert float(values["clearway_ready"]) == 1
    assert float(values["clearway_payment_seconds_count"]) > 0
    assert float(values["clearway_projection_lag_blocks"]) >= 0
    kept = sorted(row.durable_ns - row.asked_ns for row in api.node.vault.durable(1_000))
    p50_s = float(values['clearway_settlement_seconds{quantile="0.5"}'])
    assert kept[0] / 1e9 - 1e-6 <= p50_s <= kept[-1] / 1e9 + 1e-6


def test_answers_carry_a_request_id(api: Api) -> None:
    answers: list[httpx.Response] = [api.get("/v1/assets"), api.get("/v1/nothing")]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert answers[1].json()["request_id"] in ids


def test_money_leaves_against_the_nostro_account(api: Api) -> None:
    account = api.account(funded="10.00")
    body = {"account": account, "amount": "4.00", "asset": "EUR/2", "nostro": "nostro"}
    out = api.post("/v1/redemptions", body)
    assert (out.status_code, out.json()["status"]) == (201, "settled")
    assert (out.json()["from"], out.json()["to"]) == (account, "nostro")
    assert api.available(account) == "6.00"
    too_much = api.post("/v1/redemptions", body | {"amount": "6.01"}).json()
    assert too_much["error"]["code"] == "ledger.exceeds_available"


def test_raw_blocks_put_together_are_a_range_that_checks(api: Api) -> None:
    api.pay(api.account(funded="10.00"), api.account(), "2.50")
    newest = api.get("/v1/blocks", limit=1).json()["data"][0]
    heights = range(min(3, newest["height"]) + 1)
    answers = [api.get(f"/v1/blocks/{height}/raw") for height in heights]
    assert {answer.headers["content-type"] for answer in answers} == {"application/octet-stream"}
    genesis = parse_genesis(api.get("/v1/genesis").content)
    found = check_range(b"".join(answer.content for answer in answers), genesis)
    assert (found.first, found.last, found.anchored) == (0, heights[-1], True)
    newest_alone = check_range(api.get(f"/v1/blocks/{newest['height']}/raw").content, genesis)
    assert newest_alone.block_hash.hex() == newest["hash"]
    for height in (str(newest["height"] + 1000), "-1", "x"):
        expect(api.get(f"/v1/blocks/{height}/raw"), "block.unknown")
