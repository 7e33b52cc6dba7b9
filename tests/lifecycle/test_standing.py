"""Standing orders across a restart: what was paid is not paid again, what is due still is."""

from __future__ import annotations

import time
from pathlib import Path

from clearway.payment.records import MANDATE_FIXED, Kind, MandateTerms, pack_mandate_unit
from tests.lifecycle.town import Clock, Town, build_town, code

DAY_NS = 86_400 * 10**9


def order(town: Town) -> str:
    """Ten euros a day from alice to bob, twice a day at most, so that only ids keep it to one."""
    head = town.submission(
        Kind.MANDATE,
        payer=town.address("alice"),
        payee=town.address("bob"),
        asset=1,
        amount_minor=10_00,
        to_amount_minor=20_00,
        bound_minor=99_00,
        expires_ns=town.node.clock() + 30 * DAY_NS,
        units=1,
    )
    terms = MandateTerms(DAY_NS, town.node.clock() - 1, 2, MANDATE_FIXED)
    return code(town.place(head._replace(units=pack_mandate_unit(terms))))


def wait_for_balance(town: Town, amount_minor: int) -> int:
    deadline = time.monotonic() + 20
    while town.balance("bob")[0] < amount_minor and time.monotonic() < deadline:
        time.sleep(0.02)
    return town.balance("bob")[0]


def test_a_restart_pays_once_a_period(tmp_path: Path) -> None:
    clock = Clock()
    town = build_town(tmp_path, clock)
    town.node.start()
    town.open("alice")
    town.open("bob")
    town.fund("alice", 100_00)
    assert order(town) == "ok"
    assert wait_for_balance(town, 10_00) == 10_00
    town.node.stop()

    again = build_town(tmp_path, clock)
    again.node.start()
    time.sleep(2.5)  # two looks
    assert again.balance("bob")[0] == 10_00
    clock.pass_s(86_400)
    assert wait_for_balance(again, 20_00) == 20_00
    again.node.stop()
