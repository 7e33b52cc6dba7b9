"""kill -9 while standing orders are paid: each is paid once in its period, and none is lost."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.served import ACCEPT_ALL, Client, Served, small_list

KILLS = 3
PAYERS = 30
LOOKS_S = 2.5  # the runner looks once a second
PAID_S_MAX = 60.0


def open_account(client: Client, id: str) -> None:
    body = {"id": id, "owner": {"name": f"Person {id}"}, "assets": ["EUR/2"]}
    assert client.send("POST", "/v1/accounts", body, key=f"open-{id}")[0] == 201


def order(client: Client, payer: str, payee: str, start: datetime) -> None:
    """One euro an hour. Two an hour would be allowed, so that only the runner keeps it to one."""
    body = {
        "from": payer,
        "to": payee,
        "asset": "EUR/2",
        "payment_max": "1.00",
        "period_max": "2.00",
        "total_max": "99.00",
        "period_s": 3_600,
        "start": start.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "until": "2199-01-01T00:00:00Z",
        "fixed": True,
    }
    status, told = client.send("POST", "/v1/mandates", body, key=f"order-{payer}-{payee}")
    assert status == 201, told


def available(client: Client, id: str) -> Decimal:
    balances = client.send("GET", f"/v1/accounts/{id}/balances")[1]["data"]
    return next(Decimal(row["available"]) for row in balances)


def wait_for(client: Client, id: str, amount: int) -> Decimal:
    due_s = time.monotonic() + PAID_S_MAX
    while (found := available(client, id)) < amount:
        assert time.monotonic() < due_s, f"{found} of {amount} was paid"
    return found


@pytest.mark.slow
def test_a_killed_runner_pays_every_order_once(tmp_path: Path) -> None:
    environment = small_list(tmp_path) | ACCEPT_ALL
    served = Served(tmp_path / "node", environment=environment)
    try:
        client = Client(served)
        for number in range(PAYERS):
            open_account(client, f"payer{number}")
            fund = {"account": f"payer{number}", "amount": "100.00", "asset": "EUR/2"}
            assert client.send("POST", "/v1/faucet", fund, key=f"fund{number}")[0] == 201
        were_left = 0
        for round in range(KILLS):
            payee = f"payee{round}"
            open_account(client, payee)
            # They all become due together, a little after the last of them is there.
            start = datetime.now(UTC) + timedelta(seconds=5)
            for number in range(PAYERS):
                order(client, f"payer{number}", payee, start)
            wait_for(client, payee, 1 + round * 3)
            served.kill()
            client.close()

            served = Served(tmp_path / "node", environment=environment)
            client = Client(served)
            were_left += available(client, payee) < PAYERS
            wait_for(client, payee, PAYERS)
            time.sleep(LOOKS_S)
            for number in range(PAYERS):
                assert available(client, f"payer{number}") == 100 - (round + 1)
            assert available(client, payee) == PAYERS
        assert were_left > 0, "no kill came amid the orders"
        client.close()
        assert served.stop() == 0
    finally:
        if served.process.poll() is None:
            served.kill()
