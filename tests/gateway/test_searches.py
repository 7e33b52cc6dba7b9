"""Lists by time, by height and by metadata, and balances as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from tests.gateway.api import Api, fresh
from tests.gateway.test_refused_before_ordering import expect


def amounts(api: Api, path: str, **query: object) -> list[str]:
    answer = api.get(path, **query)
    assert answer.status_code == 200, answer.text
    return [row["amount"] for row in answer.json()["data"]]


def paid(api: Api, payer: str, payee: str, *sums: str) -> list[dict[str, object]]:
    """One payment a sum, in blocks of their own."""
    return [api.pay(payer, payee, one).json() for one in sums]


def height(payment: dict[str, object]) -> int:
    block = payment["block"]
    assert isinstance(block, dict)
    return int(block["height"])


def test_payments_and_entries_of_some_blocks(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    first, second, third = paid(api, payer, payee, "1.00", "2.00", "3.00")
    of_payee = f"/v1/accounts/{payee}/entries"
    middle = {"from": height(first) + 1, "to": height(second)}
    assert amounts(api, "/v1/payments", account=payee, **middle) == ["2.00"]
    assert amounts(api, of_payee, **middle) == ["2.00"]
    upward = {"from": height(second)}
    assert amounts(api, "/v1/payments", account=payee, **upward) == ["3.00", "2.00"]
    assert amounts(api, of_payee, **upward) == ["3.00", "2.00"]
    assert amounts(api, "/v1/payments", account=payee, to=height(second)) == ["2.00", "1.00"]
    assert amounts(api, of_payee, to=height(second)) == ["2.00", "1.00"]
    mine = amounts(api, "/v1/payments", **{"from": height(third), "to": height(third)})
    assert mine == ["3.00"]
    none = {"from": height(third), "to": height(first)}
    assert amounts(api, "/v1/payments", account=payee, **none) == []
    assert amounts(api, of_payee, **none) == []


def test_payments_and_entries_of_some_time(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    _, second, _ = paid(api, payer, payee, "1.00", "2.00", "3.00")
    block = api.get(f"/v1/blocks/{height(second)}").json()["time"]
    of_payee = f"/v1/accounts/{payee}/entries"
    assert second["created"] == block
    at_once = {"from": block[:-1] + "Z"}
    # Answers show microseconds, and the block's time has nanoseconds beyond them.
    assert amounts(api, "/v1/payments", account=payee, **at_once) == ["3.00", "2.00"]
    assert amounts(api, of_payee, **at_once) == ["3.00", "2.00"]
    assert amounts(api, of_payee, to=block) == ["1.00"]
    assert amounts(api, of_payee, **{"from": "2199-01-01T00:00:00Z"}) == []
    assert amounts(api, of_payee, to="1999-01-01T01:00:00+01:00") == []


def test_pages_go_on_within_some_blocks(api: Api) -> None:
    payer, payee = api.account(funded="10.00"), api.account()
    made = paid(api, payer, payee, "1.00", "2.00", "3.00")
    span = {"from": height(made[0]), "to": height(made[2]), "account": payee}
    page = api.get("/v1/payments", limit=2, **span).json()
    assert ([row["amount"] for row in page["data"]], page["has_more"]) == (["3.00", "2.00"], True)
    rest = amounts(api, "/v1/payments", starting_after=page["data"][-1]["id"], **span)
    assert rest == ["1.00"]


def test_entries_of_one_asset(api: Api) -> None:
    account = api.account("EUR/2", "USD/2", funded="4.00")
    api.fund(account, "5.00", "USD/2")
    assert amounts(api, f"/v1/accounts/{account}/entries", asset="USD/2") == ["5.00"]


def test_payments_by_what_the_client_said(api: Api) -> None:
    payer, payee, other = api.account(funded="90.00"), api.account(), api.account()
    order = fresh("order-")
    for to, amount, metadata in (
        (payee, "1.00", {"order": order}),
        (other, "2.00", {"order": order, "line": "7"}),
        (payee, "3.00", {"order": order + "x"}),
        (payee, "99.00", {"order": order}),  # refused, and found all the same
        (payee, "4.00", {"line": order}),
    ):
        api.pay(payer, to, amount, metadata=metadata)
    by_order = {"metadata[order]": order}
    assert amounts(api, "/v1/payments", **by_order) == ["99.00", "2.00", "1.00"]
    assert amounts(api, "/v1/payments", account=payee, **by_order) == ["99.00", "1.00"]
    assert amounts(api, "/v1/payments", account=payer, **by_order) == ["99.00", "2.00", "1.00"]
    assert amounts(api, "/v1/payments", **{"metadata[order]": "nothing"}) == []
    page = api.get("/v1/payments", limit=2, **by_order).json()
    assert ([row["amount"] for row in page["data"]], page["has_more"]) == (["99.00", "2.00"], True)
    rest = amounts(api, "/v1/payments", starting_after=page["data"][-1]["id"], **by_order)
    assert rest == ["1.00"]


def test_several_fields_and_filters_are_looked_for_together(api: Api) -> None:
    payer, payee = api.account(funded="50.00"), api.account()
    order = fresh("order-")
    for amount, metadata in (
        ("1.00", {"order": order, "line": "1", "shop": "a"}),
        ("2.00", {"order": order, "line": "2"}),
        ("3.00", {"order": order, "line": "1"}),
        ("99.00", {"order": order, "line": "1"}),  # refused
    ):
        api.pay(payer, payee, amount, metadata=metadata)
    both = {"metadata[order]": order, "metadata[line]": "1"}
    assert amounts(api, "/v1/payments", **both) == ["99.00", "3.00", "1.00"]
    assert amounts(api, "/v1/payments", account=payee, **both) == ["99.00", "3.00", "1.00"]
    assert amounts(api, "/v1/payments", status="settled", **both) == ["3.00", "1.00"]
    three = {**both, "metadata[shop]": "a"}
    assert amounts(api, "/v1/payments", **three) == ["1.00"]
    assert amounts(api, "/v1/payments", **{**both, "metadata[shop]": "b"}) == []
    first = api.get("/v1/payments", **three).json()["data"][0]
    height = str(first["block"]["height"])
    assert amounts(api, "/v1/payments", to=height, **both) == ["1.00"]
    after = {"starting_after": first["id"], "limit": 1}
    assert amounts(api, "/v1/payments", **both, **after) == []


def test_a_search_that_looks_at_too_much_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee, order = api.account(funded="9.00"), api.account(), fresh("order-")
    for _ in range(5):
        api.pay(payer, payee, "1.00", metadata={"order": order})
    monkeypatch.setattr("clearway.gateway.searches.MATCHES_AT_ONCE", 2)
    monkeypatch.setattr("clearway.gateway.searches.MATCHES_MAX", 4)
    held = api.get("/v1/payments", status="held", **{"metadata[order]": order})
    expect(held, "request.invalid")
    assert len(amounts(api, "/v1/payments", limit=3, **{"metadata[order]": order})) == 3


def test_a_parent_finds_what_its_sub_account_got(api: Api) -> None:
    payer, parent = api.account(funded="50.00"), api.account()
    sub, order = fresh("sub-"), fresh("order-")
    assert api.post("/v1/accounts", {"id": sub, "parent": parent}).status_code == 201
    api.pay(payer, sub, "1.00", metadata={"order": order})
    for account in (payer, parent, sub):
        found = amounts(api, "/v1/payments", account=account, **{"metadata[order]": order})
        assert found == ["1.00"]


def test_a_linked_payment_is_found_too(api: Api) -> None:
    payer, payee, order = api.account(funded="9.00"), api.account(), fresh("order-")
    one = {"from": payer, "to": payee, "amount": "1.00", "asset": "EUR/2"}
    rows = [{**one, "metadata": {"order": order}}, {**one, "metadata": {"order": order}}]
    assert api.post("/v1/payments/linked", {"payments": rows}).status_code == 201
    assert amounts(api, "/v1/payments", **{"metadata[order]": order}) == ["1.00", "1.00"]


def test_no_clear_text_is_in_the_index_and_erasing_a_person_empties_it(api: Api) -> None:
    payer, payee, order = api.account(funded="9.00"), api.account(), fresh("order-")
    api.pay(payer, payee, "1.00", metadata={"secret-field": order})
    vault = api.node.vault
    rows = vault._database.reader().execute("SELECT * FROM marks").fetchall()
    assert rows
    assert not any(order in str(row) or "secret-field" in str(row) for row in rows)
    assert vault.erase(_address(api, payer))
    assert amounts(api, "/v1/payments", **{"metadata[secret-field]": order}) == []


def _address(api: Api, account: str) -> bytes:
    return bytes.fromhex(api.get(f"/v1/accounts/{account}").json()["address"][2:])


def test_balances_as_they_were(api: Api) -> None:
    account, payee = api.account("EUR/2", "USD/2"), api.account()
    funded = api.fund(account, "10.00")
    first, second = paid(api, account, payee, "1.00", "2.00")
    path = f"/v1/accounts/{account}/balances"
    then = api.get(path, at=height(first)).json()["data"]
    nothing = {"pending_in": "0.00", "pending_out": "0.00"}
    assert then == [
        {"asset": "EUR/2", "posted": "9.00", **nothing, "available": "9.00"},
        {"asset": "USD/2", "posted": "0.00", **nothing, "available": "0.00"},
    ]
    assert posted(api, path, str(height(first) - 1)) == "10.00"
    assert posted(api, path, str(height(second))) == "7.00"
    assert posted(api, path, "2199-01-01T00:00:00Z") == "7.00"
    assert posted(api, path, str(second["created"])) == "9.00"  # its block is a little later
    assert posted(api, path, str(height(funded))) == "10.00"
    assert posted(api, path, str(height(funded) - 1)) == "0.00"  # it was open by then
    assert api.get(path, at="2001-01-01T00:00:00Z").json()["data"] == []


def test_what_was_pending_stands_in_the_past(api: Api) -> None:
    payer, payee = api.account("EUR/2", "USD/2", funded="10.00"), api.account()
    held = api.pay(payer, payee, "4.00", capture="manual").json()
    captured = api.post(f"/v1/payments/{held['id']}/capture", {"amount": "1.50"}).json()
    assert captured["status"] == "settled"
    balances = api.get(f"/v1/accounts/{payer}/balances", at=height(held)).json()["data"]
    assert balances[0] == {
        "asset": "EUR/2", "posted": "10.00", "pending_in": "0.00", "pending_out": "4.00",
        "available": "6.00",
    }  # fmt: skip
    history = f"/v1/accounts/{payee}/history"
    rows = api.get(history).json()["data"]
    amounts = [(row["posted"], row["pending_in"], row["available"]) for row in rows]
    assert amounts == [("1.50", "0.00", "1.50"), ("0.00", "4.00", "0.00")]
    assert (rows[1]["object"], rows[1]["block"]) == ("balance", height(held))
    assert rows[1]["created"] == held["created"]
    assert api.get(history, to=height(held)).json()["data"] == rows[1:]
    assert api.get(history, to="2001-01-01T00:00:00Z").json()["data"] == []
    assert api.get(history, **{"from": "2001-01-01T00:00:00Z"}).json()["data"] == rows
    assert api.get(f"/v1/accounts/{payer}/history", asset="USD/2").json()["data"] == []
    page = api.get(history, limit=1).json()
    assert (page["data"], page["has_more"]) == (rows[:1], True)
    rest = api.get(history, limit=1, starting_after=rows[0]["id"]).json()
    assert (rest["data"], rest["has_more"]) == (rows[1:], False)
    for wrong in ("ent_1", "bal_1_1", "bal_1_1_x", "bal_1_1_1_1"):
        expect(api.get(history, starting_after=wrong), "request.invalid")
    expect(api.get("/v1/accounts/nobody/history"), "account.unknown")


def posted(api: Api, path: str, at: str) -> str:
    [euro, _] = api.get(path, at=at).json()["data"]
    assert euro["asset"] == "EUR/2"
    return str(euro["posted"])


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/payments", {"from": "yesterday"}),
        ("/v1/payments", {"to": "9" * 13}),
        ("/v1/payments", {"to": "-1"}),
        ("/v1/payments", {f"metadata[{n}]": "1" for n in range(9)}),
        ("/v1/payments", {"metadata": "1"}),
        ("/v1/payments", {"status[a]": "held"}),
    ],
)
def test_what_cannot_be_asked(api: Api, path: str, query: dict[str, str]) -> None:
    expect(api.get(path, **query), "request.invalid")


# --- what the database does -----------------------------------------------------------------------


def plans(connection: sqlite3.Connection, act: Callable[[], object]) -> list[str]:
    """How the statements of an act are run."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    act()
    connection.set_trace_callback(None)
    assert statements
    return [row[3] for one in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")]


def test_every_question_uses_an_index(api: Api) -> None:
    """A scan would read a million payments; a temporary tree would sort them."""
    payer, payee = api.account(funded="10.00"), api.account()
    payment = api.pay(payer, payee, "1.00", metadata={"order": "1"}).json()
    assert api.get(f"/v1/payments/{payment['id']}").status_code == 200
    projections, vault = api.node.projections, api.node.vault
    address, span = _address(api, payer), range(1, 9)
    questions: list[Callable[[], object]] = [
        lambda: projections.payments(institution=1, heights=span, limit=50),
        lambda: projections.payments(institution=1, account=address, heights=span, limit=50),
        lambda: projections.entries(address, heights=span, limit=50),
        lambda: projections.balances_at(address, 5),
        lambda: projections.balances(address, heights=span, starting_after=(7, 1, 1), limit=50),
        lambda: projections.height_from(5),
        lambda: projections.payments_by_id(1, [bytes(16)] * 50),
    ]
    found = [plan for ask in questions for plan in plans(projections.reader(), ask)]
    reader = vault._database.reader()
    found += plans(reader, lambda: vault.marked([bytes(16)], limit=50))
    found += plans(reader, lambda: vault.marked([bytes(16)], limit=50, before=(9, 9)))
    found += plans(reader, lambda: vault.marked([bytes(16)] * 3, limit=50))
    found = [plan for plan in found if "SCALAR SUBQUERY" not in plan]  # whose plans are here too
    assert [plan for plan in found if not plan.startswith("SEARCH")] == [
        "USE TEMP B-TREE FOR ORDER BY",
    ]
