"""Linked payments on their way: carried whole, left whole, never tied to a stranger's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.payment.batch import BATCH_ROWS_MAX, Columns, Placed, Submission
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.records import Flag, with_flags
from tests.lifecycle.gate import Gate
from tests.lifecycle.town import Town, build_town, code


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    for name in ("alice", "bob", "carol"):
        town.open(name)
    town.fund("alice", 1_000_00)
    town.fund("bob", 1_000_00)
    yield town
    town.node.stop()


def linked(*submissions: Submission) -> Columns:
    last = len(submissions) - 1
    return Columns.of(
        [
            one._replace(head=with_flags(one.head, Flag.LINKED if at < last else 0))
            for at, one in enumerate(submissions)
        ]
    )


def place(town: Town, columns: Columns) -> list[Placed | ClearwayError]:
    share = town.node.batcher.submit_columns(columns).result(30)
    return [share[row] for row in range(len(columns))]


def codes(answers: list[Placed | ClearwayError]) -> list[str]:
    return [one.code if isinstance(one, ClearwayError) else code(one) for one in answers]


def test_a_member_that_cannot_be_ordered_takes_the_others_with_it(town: Town) -> None:
    height = town.node.book.height
    answers = place(
        town,
        linked(
            town.payment("alice", "bob", 1_00),
            town.payment("alice", "nobody", 1_00),
            town.payment("alice", "carol", 1_00),
        ),
    )
    assert codes(answers) == ["account.unknown"] * 3
    assert town.node.book.height == height


def test_a_sanctioned_member_stops_all_of_them(town: Town) -> None:
    town.open("mallory", name="Nicolas MADURO MOROS")
    before = town.balances()
    answers = place(
        town,
        linked(
            town.payment("alice", "bob", 1_00),
            town.payment("alice", "mallory", 1_00),
            town.payment("alice", "carol", 1_00),
        ),
    )
    assert codes(answers) == ["chain.broken", "ledger.declined", "chain.broken"]
    assert town.balances() == before


def test_a_used_id_in_a_new_chain_stops_it(town: Town) -> None:
    first = town.payment("alice", "bob", 1_00)
    assert code(town.place(first)) == "ok"
    height = town.node.book.height
    answers = place(town, linked(town.payment("alice", "bob", 2_00), first))
    assert codes(answers) == ["chain.broken", "ok"]
    assert town.node.book.height == height


def test_an_upload_may_not_end_within_a_chain(town: Town) -> None:
    """Its last row would be tied to the first of whoever comes next."""
    one = town.payment("alice", "bob", 1_00)
    open_end = Columns.of([one._replace(head=with_flags(one.head, Flag.LINKED))])
    with pytest.raises(Refusal, match=r"request\.invalid"):
        town.node.batcher.submit_columns(open_end)


def test_a_chain_that_does_not_fit_waits_for_the_next_batch(town: Town) -> None:
    gate = Gate(town.node)
    batcher = town.node.batcher
    first = batcher.submit_columns(Columns.of([town.payment("alice", "bob", 1)]))
    assert gate.entered.wait(10)
    second = batcher.submit_columns(Columns.of([town.payment("alice", "bob", 1)]))
    full = [town.payment("bob", "carol", 1) for _ in range(BATCH_ROWS_MAX - 1)]
    many = batcher.submit_columns(Columns.of(full))
    chain = batcher.submit_columns(
        linked(town.payment("alice", "bob", 1_00), town.payment("alice", "carol", 1_00))
    )
    gate.open.set()
    placed = [share for share in (first.result(30), second.result(30)) if share]
    assert len(placed) == 2
    last = many.result(60)[BATCH_ROWS_MAX - 2]
    members = [chain.result(60)[row] for row in range(2)]
    assert isinstance(last, Placed)
    assert codes(members) == ["ok", "ok"]
    assert all(isinstance(one, Placed) and one.height > last.height for one in members)
