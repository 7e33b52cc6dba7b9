"""kill -9 under load: what was acknowledged is there, what was not is found out by asking again."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import CLEARWAY, Client, Served, small_list

KILLS = 20
PAYERS = 4
ACCOUNTS = 8
FUNDED = Decimal("1000000.00")
LOAD_S = (0.1, 0.4)

GONE = (OSError, http.client.HTTPException)


@dataclass
class Load:
    """What clients asked, by idempotency key, and what they were told before the node died."""

    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def unknown(self) -> list[str]:
        return [key for key in self.asked if key not in self.told]


def payment(rng: random.Random) -> dict[str, Any]:
    payer, payee = rng.sample(range(ACCOUNTS), 2)
    manual = {"capture": "manual"} if rng.random() < 0.2 else {}
    cents = rng.randrange(1, 5_000)
    amount = f"{cents // 100}.{cents % 100:02d}"
    return {"from": f"a{payer}", "to": f"a{payee}", "amount": amount, "asset": "EUR/2", **manual}


def pay_until_killed(served: Served, load: Load, name: str, seed: str) -> None:
    rng = random.Random(seed)
    client = Client(served)
    number = 0
    try:
        while True:
            key, body = f"{name}-{number}", payment(rng)
            load.asked[key] = body
            load.told[key] = client.send_raw("POST", "/v1/payments", body, key=key)
            number += 1
    except GONE:
        client.close()


def open_accounts(client: Client) -> None:
    for number in range(ACCOUNTS):
        id = f"a{number}"
        body = {"id": id, "owner": {"name": f"Person {number}"}, "assets": ["EUR/2"]}
        assert client.send("POST", "/v1/accounts", body, key=f"open-{id}")[0] == 201
        fund = {"account": id, "amount": str(FUNDED), "asset": "EUR/2"}
        assert client.send("POST", "/v1/faucet", fund, key=f"fund-{id}")[0] == 201


@pytest.mark.slow
def test_what_was_acknowledged_survives_twenty_kills(tmp_path: Path) -> None:
    environment = small_list(tmp_path)
    data = tmp_path / "node"
    load = Load()
    rng = random.Random(20)

    served = Served(data, environment=environment)
    client = Client(served)
    open_accounts(client)
    client.close()
    for round in range(KILLS):
        before = set(load.told)
        threads = [
            threading.Thread(
                target=pay_until_killed, args=(served, load, f"r{round}-p{n}", f"{round} {n}")
            )
            for n in range(PAYERS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(*LOAD_S))
        served.kill()
        for thread in threads:
            thread.join()

        served = Served(data, environment=environment)
        client = Client(served)
        check_acknowledged(client, load, set(load.told) - before)
        ask_again(client, load)
        client.close()

    client = Client(served)
    assert len(load.told) > KILLS * PAYERS
    check_balances(client, load)
    client.close()
    assert served.stop() == 0
    verified = json.loads(
        subprocess.run(
            [CLEARWAY, "verify", "--data", data, "--json"], capture_output=True, check=True
        ).stdout
    )
    assert verified["ok"] is True


def check_acknowledged(client: Client, load: Load, keys: set[str]) -> None:
    """Each answer that was given is what the node shows after the restart."""
    for key in sorted(keys):
        status, data = load.told[key]
        assert status == 201, data
        told = json.loads(data)
        status, now = client.send("GET", f"/v1/payments/{told['id']}")
        assert status == 200, (key, told, now)
        for name in ("status", "from", "to", "amount", "amount_captured", "block"):
            assert now[name] == told[name], (key, name)
    for key in sorted(keys)[:20]:
        again = client.send_raw("POST", "/v1/payments", load.asked[key], key=key)
        assert again == load.told[key]


def ask_again(client: Client, load: Load) -> None:
    """An unknown outcome may be either; the same key finds out and never pays twice."""
    for key in load.unknown():
        status, data = client.send_raw("POST", "/v1/payments", load.asked[key], key=key)
        assert status == 201, data
        load.told[key] = status, data


def check_balances(client: Client, load: Load) -> None:
    posted = Counter({f"a{number}": FUNDED for number in range(ACCOUNTS)})
    held: Counter[str] = Counter()
    for status, data in load.told.values():
        assert status == 201
        told = json.loads(data)
        if told["status"] == "settled":
            posted[told["from"]] -= Decimal(told["amount"])
            posted[told["to"]] += Decimal(told["amount"])
        elif told["status"] in ("held", "review"):
            held[told["from"]] += Decimal(told["amount"])
    for id, expected in posted.items():
        status, balances = client.send("GET", f"/v1/accounts/{id}/balances")
        assert status == 200
        [balance] = balances["data"]
        assert Decimal(balance["posted"]) == expected, id
        assert Decimal(balance["pending_out"]) == held[id], id
        assert Decimal(balance["available"]) == expected - held[id], id
    assert client.send("GET", "/v1/trial-balance")[1]["balanced"] is True
