"""Payments and balances are strictly serialisable, whatever happens to the node.

One run kills the node KILLS times; `make bank` goes on for BANK_ROUNDS such stretches, each of
which begins with the balances that the one before ended with.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.served import ACCEPT_ALL, CLEARWAY, Served, small_list
from tests.linearizability.bank import ACCOUNTS, FUNDED_MINOR, Bank, Customer, open_bank
from tests.linearizability.history import SETTLED, Operation, check, checker

ROUNDS = int(os.environ.get("BANK_ROUNDS", "1"))
CUSTOMERS = 6
KILLS = 5
LOAD_S = (0.5, 3.0)


@pytest.mark.slow
def test_a_bank_that_is_killed_is_strictly_serialisable(tmp_path: Path) -> None:
    checker(tmp_path)  # where there is no Go, nothing is started
    environment = small_list(tmp_path) | ACCEPT_ALL
    bank = Bank(Served(tmp_path / "node", environment=environment))
    try:
        open_bank(bank)
        balances = [FUNDED_MINOR] * ACCOUNTS
        for round in range(ROUNDS):
            bank.begin(f"round{round}")
            play(bank, environment)
            folder = tmp_path / bank.name
            folder.mkdir()
            verdict, said = check(folder, balances, bank.history)
            assert verdict == 0, f"{said}, see {folder}"
            print(f"round {round}: {said}")
            balances = last_balances(bank.history)
            assert sum(balances) == ACCOUNTS * FUNDED_MINOR
        assert bank.served.stop() == 0
    finally:
        if bank.served.process.poll() is None:
            bank.served.kill()
    verified = subprocess.run(
        [CLEARWAY, "verify", "--data", tmp_path / "node", "--json"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert json.loads(verified)["ok"] is True


def play(bank: Bank, environment: dict[str, str]) -> None:
    """Kills under load; at the end, with nobody else about, everything is read once more."""
    chance = random.Random(f"{bank.name} kills")
    customers = [Customer(bank, number) for number in range(CUSTOMERS)]
    threads = [threading.Thread(target=customer.run) for customer in customers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            if bank.closing.wait(chance.uniform(*LOAD_S)):
                break  # a client saw what must not be
            bank.served.kill()
            bank.served = Served(bank.served.data, environment=environment)
        bank.closing.wait(chance.uniform(*LOAD_S))
    finally:
        bank.closing.set()
        for thread in threads:
            thread.join(60)
    assert not bank.faults, "\n".join(bank.faults)
    auditor = Customer(bank, CUSTOMERS)
    for number in range(bank.key_last + 1):
        auditor.find(number)
    for account in range(ACCOUNTS):
        auditor.read_balance(account)
    auditor.read_trial_balance()
    for customer in (*customers, auditor):
        customer.leave()
    settled = sum(row.do == "pay" and row.answer == SETTLED for row in bank.history)
    assert settled > 10 * KILLS, "the bank was used"


def last_balances(history: list[Operation]) -> list[int]:
    last = {row.account: row.answer for row in history if row.do == "balance"}
    return [last[account] or 0 for account in range(ACCOUNTS)]


# --- the checker itself ---------------------------------------------------------------------------


class Told:
    """Writes a history by hand: operations one after another, or together."""

    def __init__(self) -> None:
        self._time = count(1)
        self.history: list[Operation] = []

    def pay(self, key: int, minor: int, answer: int | None, *, ends: bool = True) -> None:
        """From account 0 to account 1."""
        call_ns, return_ns = next(self._time), next(self._time)
        self.history.append(
            Operation(
                0, call_ns, return_ns if ends else 10**9, "pay", answer,
                key=key, payer=0, payee=1, minor=minor,
            )
        )  # fmt: skip

    def balance(self, account: int, minor: int) -> None:
        call_ns, return_ns = next(self._time), next(self._time)
        self.history.append(Operation(1, call_ns, return_ns, "balance", minor, account=account))

    def find(self, key: int, answer: int) -> None:
        call_ns, return_ns = next(self._time), next(self._time)
        self.history.append(Operation(2, call_ns, return_ns, "find", answer, key=key))


def verdict(tmp_path: Path, told: Told) -> int:
    folder = tmp_path / "told"
    folder.mkdir()
    return check(folder, [100, 0], told.history)[0]


def test_the_checker_accepts_what_some_order_explains(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 60, 1)
    told.balance(0, 40)
    told.pay(1, 60, 2)
    told.find(1, 2)
    told.pay(2, 30, 1, ends=False)  # on its way while it is read: both readings are right
    told.balance(0, 40)
    told.balance(0, 10)
    told.find(2, 1)
    told.pay(3, 5, None)  # nobody knows, and it did not happen
    told.balance(1, 90)
    assert verdict(tmp_path, told) == 0


def test_the_checker_refuses_a_stale_reading(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 60, 1)
    told.balance(0, 100)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_a_lost_update(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 30, 1)
    told.pay(1, 20, 1)
    told.balance(0, 80)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_a_reading_that_was_taken_back(tmp_path: Path) -> None:
    """What a node shows before it is on disk: seen, then gone, and paid later."""
    told = Told()
    told.pay(0, 60, 1, ends=False)
    told.balance(0, 40)
    told.balance(0, 100)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_half_a_payment(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 60, 1, ends=False)
    told.balance(0, 40)
    told.balance(1, 0)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_a_key_that_paid_twice(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 20, 1)
    told.balance(1, 40)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_a_payment_that_was_acknowledged_and_is_absent(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 20, 1)
    told.find(0, 0)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_money_that_was_not_there(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 101, 1)
    assert verdict(tmp_path, told) == 1


def test_the_checker_refuses_a_refusal_without_a_cause(tmp_path: Path) -> None:
    told = Told()
    told.pay(0, 100, 2)
    assert verdict(tmp_path, told) == 1
