"""kill -9 while payments are stopped and cases are worked on: every alert once, every act once."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import ACCEPT_ALL, Client, Served, small_list
from tests.e2e.test_kill import GONE

KILLS = 5
LISTED = [f"listed{number}" for number in range(4)]
PAYMENTS = 60  # a round
NOTES = 40


def prepare(client: Client) -> None:
    bodies: list[dict[str, Any]] = [{"id": "payer", "assets": ["EUR/2"]}]
    bodies += [
        {"id": id, "owner": {"name": "Aerocaribbean Airlines"}, "assets": ["EUR/2"]}
        for id in LISTED
    ]
    for body in bodies:
        assert client.send("POST", "/v1/accounts", body, key=f"open-{body['id']}")[0] == 201
    fund = {"account": "payer", "amount": "100000.00", "asset": "EUR/2"}
    assert client.send("POST", "/v1/faucet", fund, key="fund")[0] == 201
    for id in LISTED:
        assert pay(client, f"first-{id}", id) == "declined"


def pay(client: Client, key: str, payee: str) -> str:
    body = {"from": "payer", "to": payee, "amount": "3.00", "asset": "EUR/2"}
    status, told = client.send("POST", "/v1/payments", body, key=key)
    assert status == 201, told
    found: str = told["status"]
    return found


def until_gone(served: Served, asked: list[tuple[str, str, Any]]) -> None:
    client = Client(served)
    try:
        for key, path, body in asked:
            client.send("POST", path, body, key=key)
    except GONE:
        pass
    client.close()


@pytest.mark.slow
def test_every_alert_and_every_act_counts_once(tmp_path: Path) -> None:
    environment = small_list(tmp_path) | ACCEPT_ALL
    rng = random.Random(21)
    served = Served(tmp_path / "node", environment=environment)
    client = Client(served)
    prepare(client)
    cases = [client.send("GET", f"/v1/cases?account={id}")[1]["data"][0]["id"] for id in LISTED]
    paid: dict[str, str] = {f"first-{id}": id for id in LISTED}
    notes: list[tuple[str, str, Any]] = []
    for round in range(KILLS):
        payments = {f"pay-{round}-{n}": rng.choice(LISTED) for n in range(PAYMENTS)}
        paid |= payments
        written = [
            (f"note-{round}-{n}", f"/v1/cases/{rng.choice(cases)}/notes", {"text": f"{round} {n}"})
            for n in range(NOTES)
        ]
        notes += written
        orders = [
            (key, "/v1/payments", {"from": "payer", "to": id, "amount": "3.00", "asset": "EUR/2"})
            for key, id in payments.items()
        ]
        client.close()
        workers = [
            threading.Thread(target=until_gone, args=(served, asked)) for asked in (orders, written)
        ]
        for worker in workers:
            worker.start()
        time.sleep(rng.uniform(0.05, 0.3))
        served.kill()
        for worker in workers:
            worker.join()
        served = Served(tmp_path / "node", environment=environment)
        client = Client(served)

    # What was not answered is asked again; what was, is the same.
    for key, id in paid.items():
        assert pay(client, key, id) == "declined"
    for key, path, body in notes:
        assert client.send("POST", path, body, key=key)[0] == 200
    alerts: list[str] = []
    texts: list[str] = []
    for id in LISTED:
        for case in client.send("GET", f"/v1/cases?account={id}")[1]["data"]:
            seen = client.send("GET", f"/v1/cases/{case['id']}")[1]
            assert seen["alerts"] == len(seen["alert_list"])
            alerts += [alert["payment"] for alert in seen["alert_list"]]
            texts += [note["text"] for note in seen["notes"]]
    declined = []
    for key in paid:
        declined += client.send("GET", f"/v1/payments?idempotency_key={key}")[1]["data"]
    assert sorted(alerts) == sorted(payment["id"] for payment in declined)
    assert len(alerts) == len(set(alerts)) == len(paid)
    assert sorted(texts) == sorted(body["text"] for _, _, body in notes)
    assert client.send("GET", "/v1/case-log")[1]["ok"] is True
    client.close()
    assert served.stop() == 0
