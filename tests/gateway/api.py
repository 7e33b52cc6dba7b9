"""A client of one node for the tests: every POST gets a key of its own unless one is given."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from clearway.app.bootstrap import Node

_numbers = itertools.count(1)


@dataclass(slots=True)
class Clock:
    """Real time and what a test has added to it."""

    added_ns: int = 0

    def __call__(self) -> int:
        import time

        return time.time_ns() + self.added_ns

    def pass_s(self, seconds: float) -> None:
        self.added_ns += int(seconds * 1e9)


def fresh(prefix: str) -> str:
    return f"{prefix}{next(_numbers)}"


@dataclass(slots=True)
class Api:
    http: httpx.Client
    node: Node
    clock: Clock
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    def with_token(self, token: str) -> Api:
        return Api(self.http, self.node, self.clock, token)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query, headers=self._auth())

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        headers = self._auth() | {"Idempotency-Key": key or fresh("key-")}
        return self.http.post(path, json={} if body is None else body, headers=headers)

    def post_raw(self, path: str, body: bytes, *, key: str | None = None) -> httpx.Response:
        headers = self._auth() | {"Idempotency-Key": key or fresh("key-")}
        return self.http.post(path, content=body, headers=headers)

    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    # --- situations -----------------------------------------------------------------------------

    def account(self, *assets: str, funded: str | None = None, **fields: Any) -> str:
        """A new account, with `funded` of its first asset; its id."""
        id = fields.pop("id", None) or fresh("acc-")
        body = {"id": id, "assets": list(assets or ("EUR/2",)), **fields}
        assert self.post("/v1/accounts", body).status_code == 201
        if funded is not None:
            self.fund(id, funded, body["assets"][0])
        return id

    def fund(self, account: str, amount: str, asset: str = "EUR/2") -> Any:
        """From the faucet; the payment that brings it."""
        answer = self.post("/v1/faucet", {"account": account, "amount": amount, "asset": asset})
        assert answer.json()["status"] == "settled", answer.text
        return answer.json()

    def pay(self, payer: str, payee: str, amount: str, **fields: Any) -> httpx.Response:
        key = fields.pop("key", None)
        body = {"from": payer, "to": payee, "amount": amount, "asset": "EUR/2", **fields}
        return self.post("/v1/payments", body, key=key)

    def available(self, account: str, asset: str = "EUR/2") -> str:
        rows = self.get(f"/v1/accounts/{account}/balances").json()["data"]
        found: str = next(row["available"] for row in rows if row["asset"] == asset)
        return found

    def money(self) -> Any:
        """All sums of the book."""
        return self.get("/v1/trial-balance").json()["data"]

    def world(self) -> Any:
        """What a refusal before ordering must leave as it was."""
        payments = self.get("/v1/payments", limit=500).json()["data"]
        accounts = self.get("/v1/accounts", limit=500).json()["data"]
        return self.node.book.height, self.money(), [row["id"] for row in payments], accounts
