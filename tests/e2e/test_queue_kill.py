"""kill -9 while the queue releases: nothing that waits is lost, nothing is paid twice."""

from __future__ import annotations

import random
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import Client, Served, small_list
from tests.e2e.test_kill import GONE, open_accounts

KILLS = 6
PAYMENTS = 40  # a round
PEOPLE = [f"q{number}" for number in range(12)]
WAIT_S_MAX = 60.0


def open_people(client: Client) -> None:
    open_accounts(client)  # of them a0 is rich
    for id in PEOPLE:
        body = {"id": id, "owner": {"name": f"Person {id}"}, "assets": ["EUR/2"]}
        assert client.send("POST", "/v1/accounts", body, key=f"open-{id}")[0] == 201


def queue_round(client: Client, rng: random.Random, round: int) -> dict[str, dict[str, Any]]:
    """Payments of people who have nothing, in circles and chains; by key."""
    asked = {}
    for number in range(PAYMENTS):
        payer, payee = rng.sample(PEOPLE, 2)
        cents = rng.randrange(1, 900)
        asked[f"r{round}-{number}"] = {
            "from": payer,
            "to": payee,
            "amount": f"{cents // 100}.{cents % 100:02d}",
            "asset": "EUR/2",
            "when_short": "queue",
            "priority": rng.choice(("urgent", "high", "normal")),
        }
    for key, body in asked.items():
        status, told = client.send("POST", "/v1/payments", body, key=key)
        assert status == 201, told
        assert told["status"] in ("pending", "settled")
    return asked


def give(served: Served, gifts: list[tuple[str, str]]) -> None:
    """Money to some, until the node is killed."""
    client = Client(served)
    try:
        for key, id in gifts:
            body = {"from": "a0", "to": id, "amount": "3.00", "asset": "EUR/2"}
            client.send("POST", "/v1/payments", body, key=key)
    except GONE:
        pass
    client.close()


def settled_all(client: Client) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < deadline:
        if client.send("GET", "/v1/payments?status=pending")[1]["data"] == []:
            return
        time.sleep(0.05)
    raise AssertionError("something still waits")


@pytest.mark.slow
def test_what_waits_is_paid_once_whatever_is_killed_when(tmp_path: Path) -> None:
    environment = small_list(tmp_path)
    rng = random.Random(16)
    asked: dict[str, dict[str, Any]] = {}
    gifts: list[tuple[str, str]] = []
    served = Served(tmp_path / "node", environment=environment)
    client = Client(served)
    open_people(client)
    for round in range(KILLS):
        asked |= queue_round(client, rng, round)
        client.close()
        mine = [(f"gift-{round}-{n}", rng.choice(PEOPLE)) for n in range(80)]
        gifts += mine
        giver = threading.Thread(target=give, args=(served, mine))
        giver.start()
        time.sleep(rng.uniform(0.02, 0.3))
        served.kill()
        giver.join()
        served = Served(tmp_path / "node", environment=environment)
        client = Client(served)

    for key, id in [*gifts, *((f"last-{id}", id) for id in PEOPLE)]:
        amount = "3.00" if key.startswith("gift") else "5000.00"
        body = {"from": "a0", "to": id, "amount": amount, "asset": "EUR/2"}
        status, told = client.send("POST", "/v1/payments", body, key=key)
        assert (status, told["status"]) == (201, "settled")
    settled_all(client)
    expected = dict.fromkeys(PEOPLE, Decimal(5_000))
    for _, id in gifts:
        expected[id] += Decimal(3)
    for key, body in asked.items():
        expected[body["from"]] -= Decimal(body["amount"])
        expected[body["to"]] += Decimal(body["amount"])
        rows = client.send("GET", f"/v1/payments?idempotency_key={key}")[1]["data"]
        assert [row["status"] for row in rows] == ["settled"], (key, rows)
    for id, amount in expected.items():
        [balance] = client.send("GET", f"/v1/accounts/{id}/balances")[1]["data"]
        assert Decimal(balance["posted"]) == amount, id
    assert client.send("GET", "/v1/trial-balance")[1]["balanced"] is True
    client.close()
    assert served.stop() == 0
