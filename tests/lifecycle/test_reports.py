"""What became known of payments is known to those after it, and again after any restart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from clearway.lifecycle.reports import tell_reports
from clearway.payment.batch import Placed
from clearway.store.feedback import Verdict
from tests.lifecycle.town import Town, build_town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = build_town(tmp_path)
    town.node.start()
    for id in ("alice", "bob", "carol"):
        town.open(id)
    town.fund("alice", 100_00)
    return town


def pay(town: Town, payer: str = "alice", payee: str = "bob") -> Placed:
    placed = town.pay(payer, payee, 1_00)
    assert isinstance(placed, Placed)
    return placed


def row(town: Town, id: str) -> np.void:
    account = town.node.book.account(town.address(id))
    assert account is not None
    remembered: np.void = town.node.scorer.state._accounts.rows[account.number]
    return remembered


def reports(town: Town, id: str) -> tuple[int, int]:
    """(as payer, as payee) that risk knows of."""
    return int(row(town, id)["robbed_n"]), int(row(town, id)["accused_n"])


def memory(town: Town) -> bytes:
    return town.node.scorer.state._accounts.rows.tobytes()


def test_a_report_is_known_to_the_next_payment_and_counted_once(town: Town) -> None:
    first = pay(town)
    town.say(first)
    town.say(first, Verdict.CHARGEBACK)
    assert reports(town, "bob") == (0, 0)
    pay(town)
    assert reports(town, "alice") == (1, 0)
    assert reports(town, "bob") == (0, 1)
    pay(town)
    assert reports(town, "bob") == (0, 1)
    town.node.stop()


def test_a_suspicion_that_proved_wrong_is_no_report_but_a_clearance(town: Town) -> None:
    placed = pay(town)
    town.say(placed, Verdict.HONEST)
    town.say(placed, Verdict.HONEST)
    pay(town)
    assert reports(town, "bob") == (0, 0)
    assert row(town, "bob")["trusted_count_90d"] == 1.0
    town.node.stop()


def test_a_clearance_ends_what_a_report_began(town: Town) -> None:
    town.say(pay(town))
    placed = pay(town)
    assert row(town, "bob")["blamed"] > 0.0
    town.say(placed, Verdict.HONEST)
    pay(town)
    assert row(town, "bob")["blamed"] == 0.0
    assert reports(town, "bob") == (0, 1)
    town.node.stop()


def test_of_words_that_contradict_each_other_the_last_holds(town: Town) -> None:
    placed = pay(town)
    for verdict, is_blamed in (
        (Verdict.FRAUD, True),
        (Verdict.HONEST, False),
        (Verdict.CHARGEBACK, True),
        (Verdict.FRAUD, True),  # says nothing new
        (Verdict.HONEST, False),
    ):
        town.say(placed, verdict)
        pay(town)
        assert (row(town, "bob")["blamed"] > 0.0) == is_blamed
    town.node.stop()


def test_a_payment_counts_once_as_reported_and_once_as_cleared(town: Town) -> None:
    """Whoever wavers about one payment makes it no two."""
    placed = pay(town)
    for verdict in (Verdict.FRAUD, Verdict.HONEST, Verdict.CHARGEBACK, Verdict.HONEST):
        town.say(placed, verdict)
        pay(town)
    assert reports(town, "bob") == (0, 1)
    assert reports(town, "alice") == (1, 0)
    assert row(town, "bob")["accused_count_30d"] <= 1.0
    assert 0.9 < row(town, "bob")["trusted_count_90d"] <= 1.0
    town.node.stop()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


SNAPSHOTS: dict[str, Callable[[Path], object]] = {
    "whole": lambda path: None,
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "one bit": flip,
    "a folder": put_a_folder_there,
}


@pytest.mark.parametrize("damage", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_the_same_is_known_after_a_restart(
    town: Town, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    for _ in range(2):
        placed = pay(town)
        pay(town, payee="carol")
        town.say(placed)
        pay(town)
    town.say(pay(town, payee="carol"))  # and nobody paid since
    served = memory(town)
    town.node.stop()
    damage(tmp_path / "data" / "features.bin")
    again = build_town(tmp_path, town.clock)
    again.keys = count(1_000)  # other payments than before
    again.node.start()
    assert memory(again) == served
    pay(again)
    assert reports(again, "carol") == (0, 1)
    assert reports(again, "alice") == (3, 0)
    again.node.stop()


def test_what_was_told_before_a_batch_that_stands_nowhere_is_told_of_the_next(town: Town) -> None:
    town.say(pay(town))
    rooms = town.node.rooms
    told = tell_reports(rooms.scorer, rooms.vault, rooms.book, rooms.reference)
    assert told == 1
    rooms.told_again = told  # as `forget` leaves it
    placed = pay(town)
    assert rooms.vault.told(placed.key, placed.sequence) == 1
    assert rooms.told_again is None
    town.node.stop()


def test_what_a_payment_came_with_is_known_after_a_restart(town: Town, tmp_path: Path) -> None:
    phone = np.array([7, 9], dtype=np.uint64).tobytes()
    payments = [town.payment(payer, "bob", 1_00) for payer in ("alice", "alice", "carol")]
    town.fund("carol", 5_00)
    for payment in payments:
        assert town.place(payment._replace(context=phone)).height
    town.say(town.place(town.payment("alice", "bob", 2_00)._replace(context=phone)))
    pay(town)
    devices = town.node.scorer.state._keyed["devices"].rows.tobytes()
    served = memory(town)
    town.node.stop()
    (tmp_path / "data" / "features.bin").unlink()
    again = build_town(tmp_path, town.clock)
    again.node.start()
    assert memory(again) == served
    table = again.node.scorer.state._keyed["devices"]
    assert table.rows.tobytes() == devices
    assert (table.n, int(table.rows["used_n"][1])) == (2, 4)
    assert table.rows["misused_count_30d"][1] == 1.0
    again.node.stop()


def test_a_context_is_erased_with_its_person(town: Town) -> None:
    placed = town.place(town.payment("alice", "bob", 1_00)._replace(context=bytes(15) + b"\x01"))
    vault = town.node.vault
    assert vault.contexts(placed.key, placed.sequence) == {0: bytes(15) + b"\x01"}
    vault.erase(town.address("alice"))
    assert vault.contexts(placed.key, placed.sequence) == {}
    town.node.stop()
