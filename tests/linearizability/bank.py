"""A bank of few accounts that many clients use while its node is killed again and again.

Every client records what it asked and what it was told. It asks again, under the same key, whenever
an answer does not come; some clients also hang up at once, so that a key is asked about while its
first request is still on the way.
"""

from __future__ import annotations

import http.client
import itertools
import random
import threading
import time
import traceback
from typing import Any

from tests.e2e.served import Client, Served
from tests.linearizability.history import ABSENT, REFUSED, SETTLED, Operation

ACCOUNTS = 4
FUNDED_MINOR = 10_000
PAID_MINOR_MAX = 6_000  # so that many payments find too little
IMPATIENT_SHARE = 0.1
IMPATIENCE_S = 0.004
PAUSE_S = 0.02  # of a client between two operations: the checker's time grows with their number
RETRY_S = 0.02
GONE = (OSError, http.client.HTTPException)


class Bank:
    """What is known of one stretch of operations, which are checked together."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.credit_minor = 0  # all the euros there are
        self.begin("")

    def begin(self, name: str) -> None:
        """name: goes into the stretch's keys."""
        self.name = name
        self.history: list[Operation] = []
        self.faults: list[str] = []
        self.keys = itertools.count()
        self.key_last = -1
        self.closing = threading.Event()

    def key(self, number: int) -> str:
        return f"{self.name}-{number}"


class Customer:
    """One client: one thread, one operation at a time."""

    def __init__(self, bank: Bank, number: int) -> None:
        self._bank = bank
        self._number = number
        self._random = random.Random(f"{bank.name} {number}")
        self._served = bank.served
        self._client = Client(bank.served)

    def run(self) -> None:
        try:
            while not self._bank.closing.is_set():
                self._operate()
                time.sleep(self._random.uniform(0, 2 * PAUSE_S))
        except Exception:
            self._bank.faults.append(f"client {self._number}: {traceback.format_exc()}")
            self._bank.closing.set()

    def leave(self) -> None:
        self._client.close()

    def _operate(self) -> None:
        chance = self._random.random()
        if chance < 0.5:
            self.pay()
        elif chance < 0.85:
            self.read_balance(self._random.randrange(ACCOUNTS))
        elif chance < 0.95 and self._bank.key_last >= 0:
            self.find(self._random.randint(0, self._bank.key_last))
        else:
            self.read_trial_balance()

    # --- operations -----------------------------------------------------------------------------

    def pay(self) -> None:
        """Asks until the outcome is known."""
        number = next(self._bank.keys)
        self._bank.key_last = max(self._bank.key_last, number)
        payer, payee = self._random.sample(range(ACCOUNTS), 2)
        minor = self._random.randint(1, PAID_MINOR_MAX)
        body = {
            "from": f"a{payer}", "to": f"a{payee}", "amount": _text(minor), "asset": "EUR/2",
        }  # fmt: skip
        key = self._bank.key(number)
        call_ns = time.monotonic_ns()
        if self._random.random() < IMPATIENT_SHARE:
            self._ask_and_hang_up(body, key)
        status, answer = self._ask("POST", "/v1/payments", body, key=key, retry=True)
        assert status == 201, answer
        self._record(
            "pay", call_ns, _outcome(answer), key=number, payer=payer, payee=payee, minor=minor
        )

    def read_balance(self, account: int) -> None:
        call_ns = time.monotonic_ns()
        status, answer = self._ask("GET", f"/v1/accounts/a{account}/balances")
        if status == 200:
            [row] = answer["data"]
            assert row["posted"] == row["available"], answer
            self._record("balance", call_ns, _minor(row["posted"]), account=account)

    def find(self, number: int) -> None:
        call_ns = time.monotonic_ns()
        status, answer = self._ask("GET", f"/v1/payments?idempotency_key={self._bank.key(number)}")
        if status == 200:
            found = _outcome(answer["data"][0]) if answer["data"] else ABSENT
            self._record("find", call_ns, found, key=number)

    def read_trial_balance(self) -> None:
        status, answer = self._ask("GET", "/v1/trial-balance")
        if status == 200:
            assert answer["balanced"] is True, answer
            assert _credit_minor(answer) == self._bank.credit_minor, answer

    def _record(self, do: str, call_ns: int, answer: int, **facts: int) -> None:
        self._bank.history.append(
            Operation(self._number, call_ns, time.monotonic_ns(), do, answer, **facts)
        )

    # --- asking a node that may be gone ---------------------------------------------------------

    def _ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None,
        retry: bool = False,
    ) -> tuple[int, Any]:  # fmt: skip
        """Without `retry`, status 0 for a question that was not answered."""
        while True:
            try:
                if self._served is not self._bank.served:
                    self._client.close()
                    self._served = self._bank.served
                    self._client = Client(self._served)
                status, answer = self._client.send(method, path, body, key=key)
            except GONE:
                self._client.close()
                status, answer = 0, None
            busy = status in (0, 409, 429, 503)
            if not busy or not retry:
                return (0 if busy else status), answer
            time.sleep(RETRY_S)

    def _ask_and_hang_up(self, body: Any, key: str) -> None:
        client = Client(self._served)
        client._connection.timeout = IMPATIENCE_S
        try:
            client.send("POST", "/v1/payments", body, key=key)
        except GONE:
            pass
        finally:
            client.close()


def open_bank(bank: Bank) -> None:
    client = Client(bank.served)
    for number in range(ACCOUNTS):
        account = {"id": f"a{number}", "assets": ["EUR/2"]}
        assert client.send("POST", "/v1/accounts", account, key=f"open-{number}")[0] == 201
        money = {"account": f"a{number}", "amount": _text(FUNDED_MINOR), "asset": "EUR/2"}
        status, answer = client.send("POST", "/v1/faucet", money, key=f"fund-{number}")
        assert (status, answer["status"]) == (201, "settled")
    bank.credit_minor = _credit_minor(client.send("GET", "/v1/trial-balance")[1])
    client.close()


def _credit_minor(trial_balance: Any) -> int:
    [row] = [row for row in trial_balance["data"] if row["asset"] == "EUR/2"]
    return _minor(row["credit"])


def _outcome(payment: Any) -> int:
    if payment["status"] == "settled":
        return SETTLED
    assert payment["status"] == "refused", payment
    assert payment["error"]["code"] == "ledger.exceeds_available", payment
    return REFUSED


def _text(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _minor(text: str) -> int:
    return int(text.replace(".", ""))
