"""A clock that is put back: payments go on, nothing ages, a start finds the same memory."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from clearway.payment.batch import Placed
from clearway.payment.records import view_heads
from tests.lifecycle.town import Town, build_town, code

HOUR_S = 3_600.0


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = build_town(tmp_path)
    town.node.start()
    for id in ("alice", "bob"):
        town.open(id)
    town.fund("alice", 100_00)
    town.clock.pass_s(10 * HOUR_S)
    return town


def pay(town: Town) -> Placed:
    placed = town.pay("alice", "bob", 1_00)
    assert isinstance(placed, Placed)
    return placed


def memory(town: Town) -> bytes:
    return town.node.scorer.state._accounts.rows.tobytes()


def seen(town: Town) -> np.void:
    account = town.node.book.account(town.address("alice"))
    assert account is not None
    row: np.void = town.node.scorer.state._accounts.rows[account.number]
    return row


def test_payments_go_on_and_nothing_ages(town: Town) -> None:
    """Hours, a month, and again forward."""
    told: list[int] = []
    for hours in (0.0, -5.0, 1.0, -20.0, -30 * 24.0, 3.0, 32 * 24.0):
        town.clock.pass_s(hours * HOUR_S)
        placed = pay(town)
        assert code(placed) == "ok"
        told.append(int(view_heads(placed.head)[0]["created_ns"]))
        assert seen(town)["sent_n"] == len(told)
    assert told == sorted(told)
    assert town.node.book.time_ns >= told[-1]
    numbers = [seen(town)[name] for name in seen(town).dtype.names or ()]
    assert all(np.isfinite(number).all() for number in numbers)
    town.node.stop()


@pytest.mark.parametrize("keeps_snapshot", [True, False])
def test_a_start_at_an_earlier_hour_finds_the_same_memory(
    town: Town, tmp_path: Path, keeps_snapshot: bool
) -> None:
    for hours in (0.0, -2.0, 0.5):
        town.clock.pass_s(hours * HOUR_S)
        town.say(pay(town))
    pay(town)
    served = memory(town)
    town.node.stop()
    if not keeps_snapshot:
        (tmp_path / "data" / "features.bin").unlink()
    town.clock.pass_s(-8 * HOUR_S)
    again = build_town(tmp_path, town.clock)
    again.keys = count(1_000)  # other payments than before
    again.node.start()
    assert memory(again) == served
    blocks = again.node.book.time_ns
    assert code(pay(again)) == "ok"
    assert blocks < again.node.book.time_ns < blocks + 1_000
    again.node.stop()
