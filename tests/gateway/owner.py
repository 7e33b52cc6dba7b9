"""Somebody with a key of its own, an owner or a second person, and the two steps it takes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

from clearway.ledger.crypto import public_key, sign
from tests.gateway.api import Api, fresh

_seeds = itertools.count(1)


@dataclass(slots=True)
class Owner:
    """seed: 32 bytes of an Ed25519 key that the node never sees."""

    api: Api
    account: str
    seed: bytes

    @property
    def key(self) -> str:
        return public_key(self.seed).hex()

    def sign(self, preparation: Any) -> dict[str, str]:
        digest = bytes.fromhex(preparation["digest"])
        return {"key": self.key, "signature": sign(self.seed, digest).hex()}

    def prepare(self, path: str, body: Any, **query: Any) -> Any:
        answer = prepare(self.api, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, path: str, body: Any, preparation: Any, **fields: Any) -> httpx.Response:
        key = preparation["idempotency_key"]
        return self.api.post(path, signed(body, preparation, self) | fields, key=key)

    def do(self, path: str, body: Any) -> httpx.Response:
        return self.send(path, body, self.prepare(path, body))

    def payment(self, to: str, amount: str, **fields: Any) -> dict[str, Any]:
        return {"from": self.account, "to": to, "amount": amount, "asset": "EUR/2", **fields}

    def pay(self, to: str, amount: str, **fields: Any) -> Any:
        return self.do("/v1/payments", self.payment(to, amount, **fields)).json()


def signed(body: Any, preparation: Any, *people: Owner) -> Any:
    """What was prepared, as these people send it."""
    signatures = [one.sign(preparation) for one in people]
    return body | {"prepared": preparation["prepared"], "signatures": signatures}


def send_signed(api: Api, path: str, body: Any, *people: Owner) -> httpx.Response:
    """Prepared, signed by these people, and sent."""
    answer = prepare(api, path, body)
    assert answer.status_code == 200, answer.text
    prepared = answer.json()
    return api.post(path, signed(body, prepared, *people), key=prepared["idempotency_key"])


def prepare(api: Api, path: str, body: Any, **query: Any) -> httpx.Response:
    """Without an Idempotency-Key."""
    headers = {"Authorization": f"Bearer {api.token}"}
    return api.http.post(f"{path}/prepare", json=body, params=query, headers=headers)


def new_seed() -> bytes:
    return next(_seeds).to_bytes(32, "big")


def open_own(api: Api, *assets: str, funded: str | None = None, **fields: Any) -> Owner:
    owner = Owner(api, fresh("own-"), new_seed())
    held = list(assets or ("EUR/2",))
    body = {"id": owner.account, "assets": held, "owner_key": owner.key, **fields}
    opened = api.post("/v1/accounts", body)
    assert opened.status_code == 201, opened.text
    if funded is not None:
        api.fund(owner.account, funded, held[0])
    return owner
