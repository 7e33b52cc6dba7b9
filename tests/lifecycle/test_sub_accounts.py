"""A sub-account's payments are its parent's past, for whoever scores and for whoever catches up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clearway.payment.records import AccountFlag, Kind, pack_account_units
from tests.lifecycle.town import Town, build_town, code


def open_below(town: Town, id: str, parent: str) -> None:
    units = pack_account_units(flags=AccountFlag.SUB)
    opening = town.submission(
        Kind.OPEN_ACCOUNT, units=units, payer=town.address(id), payee=town.address(parent)
    )
    assert code(town.place(opening)) == "ok"


def number(town: Town, id: str) -> int:
    account = town.node.book.account(town.address(id))
    assert account is not None
    return account.number


def past(town: Town, id: str) -> tuple[int, int, int]:
    """What risk remembers of an account: payments sent and got, and how many it knows of those
    whom it paid."""
    row = town.node.scorer.state._accounts.rows[number(town, id)]
    return int(row["sent_n"]), int(row["got_n"]), int(np.count_nonzero(row["peer"]))


def play(town: Town, *, bobs: str) -> None:
    """Bob gets and gives under another address each time, or always under his own."""
    for at, amount_minor in enumerate((10_00, 25_00, 3_00)):
        there = f"{bobs}{at}" if bobs == "sub" else bobs
        assert code(town.pay("alice", there, amount_minor)) == "ok"
        assert code(town.pay(there, "alice", amount_minor // 2)) == "ok"


def start(folder: Path) -> Town:
    town = build_town(folder)
    town.node.start()
    for id in ("alice", "bob"):
        town.open(id)
    for at in range(3):
        open_below(town, f"sub{at}", "bob")
    town.fund("alice", 100_00)
    return town


def test_a_sub_account_has_no_past_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    towns = [start(tmp_path / name) for name in ("one", "other")]
    play(towns[0], bobs="sub")
    play(towns[1], bobs="bob")
    for town in towns:
        assert (past(town, "bob"), past(town, "alice")) == ((3, 3, 1), (3, 3, 1))
        assert [past(town, f"sub{at}") for at in range(3)] == [(0, 0, 0)] * 3
    for town in towns:
        town.node.stop()


def test_it_is_the_same_past_when_it_is_made_again(tmp_path: Path) -> None:
    town = start(tmp_path)
    play(town, bobs="sub")
    served = town.node.scorer.state._accounts.rows.tobytes()
    town.node.stop()
    (tmp_path / "data" / "features.bin").unlink()
    again = build_town(tmp_path, town.clock)
    again.node.start()
    assert again.node.scorer.state._accounts.rows.tobytes() == served
    again.node.stop()
