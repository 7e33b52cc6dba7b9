"""Conditional money on its way: remembered by the risk room, declined instead of reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.ledger.crypto import hash_bytes
from clearway.payment.batch import Submission
from clearway.payment.decision import DecisionFlag
from clearway.payment.records import Kind, Outcome, as_amounts, view_heads
from clearway.payment.terms import AskedBy, Party, Terms, pack_terms
from tests.lifecycle.test_resume import assert_memory_is_the_chains
from tests.lifecycle.town import ASSETS, SECOND_NS, Town, build_town, code

TERMS = Terms(release=AskedBy(Party.PAYEE))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    town.open("alice")
    town.open("bob")
    town.fund("alice", 1_000_00)
    yield town
    town.node.stop()


def escrow(town: Town, amount_minor: int) -> Submission:
    units = pack_terms(TERMS)
    low, high = as_amounts(hash_bytes("terms", units))
    return town.submission(
        Kind.ESCROW,
        units=units,
        asset=ASSETS["EUR"],
        amount_minor=amount_minor,
        to_amount_minor=low,
        bound_minor=high,
        payer=town.address("alice"),
        payee=town.address("bob"),
        expires_ns=town.clock.now_ns + 3_600 * SECOND_NS,
    )


def test_the_memory_of_risk_counts_what_was_put_aside(town: Town) -> None:
    town.pay("alice", "bob", 1_00)
    assert code(town.place(escrow(town, 20_00))) == "ok"
    town.pay("alice", "bob", 2_00)
    assert code(town.place(escrow(town, 30_00))) == "ok"
    assert_memory_is_the_chains(town)


def test_a_review_declines_and_says_why(town: Town) -> None:
    town.verdicts.by_amount[44.0] = Outcome.REVIEW
    placed = town.place(escrow(town, 44_00))
    assert code(placed) == "ledger.declined"
    assert placed.decision_flags & DecisionFlag.NO_REVIEW_OF_TERMS
    assert not placed.decision_flags & DecisionFlag.NO_HOLD_SIGNED
    # The instruction is the client's still: its deadline was not taken from it.
    assert view_heads(placed.head)[0]["expires_ns"] != 0
    assert town.balance("alice") == (1_000_00, 0, 0)


def test_a_rehearsal_is_what_ordering_answers(town: Town) -> None:
    for amount_minor, expected in ((20_00, "ok"), (2_000_00, "ledger.exceeds_available")):
        submission = escrow(town, amount_minor)
        height = town.node.book.height
        rehearsed = town.node.rehearse(submission, presume_signed=False)
        assert (code(rehearsed), town.node.book.height) == (expected, height)
        assert code(town.place(submission)) == expected
