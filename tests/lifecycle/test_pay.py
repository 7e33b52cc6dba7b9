"""The journey through the real rooms and the real ledger, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.clearing.decision import commitments
from clearway.payment.decision import DecisionFlag
from clearway.payment.records import Flag, Outcome
from tests.lifecycle.town import Town, build_town, code, outcome, refusal_of, rows_of

REVIEWED, DECLINED = 777_00, 666_00


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    town.open("alice", name="Alice Example", assets=("EUR", "USD"))
    town.open("bob", name="Bob Example", assets=("EUR", "USD"))
    town.fund("alice", 1_000_000)
    town.verdicts.by_amount = {
        REVIEWED / 100: Outcome.REVIEW,
        DECLINED / 100: Outcome.DECLINE,
    }
    yield town
    town.node.stop()


def test_a_payment_settles_and_its_answer_is_durable(town: Town) -> None:
    paid = town.pay("alice", "bob", 12_34)
    assert (code(paid), outcome(paid)) == ("ok", Outcome.ACCEPT)
    assert town.balance("alice")[0] == 1_000_000 - 12_34
    assert town.balance("bob")[0] == 12_34
    assert town.node.book.height == paid.height
    assert paid.decision_flags == DecisionFlag.SCORED
    assert paid.model_id == town.node.scorer.model_id


def test_the_store_knows_when_the_batch_was_durable(town: Town) -> None:
    before_ns = town.clock.now_ns
    paid = town.pay("alice", "bob", 12_34)
    [kept] = town.node.vault.durable(1)
    assert (kept.key, kept.sequence) == (paid.key, paid.sequence)
    assert before_ns <= kept.asked_ns < paid.time_ns < kept.durable_ns <= town.clock.now_ns


def test_the_entry_commits_to_the_decision_in_the_vault(town: Town) -> None:
    paid = town.pay("alice", "bob", 12_34)
    row = town.node.vault.decision(paid.key, paid.sequence, paid.envelope_index)
    assert row is not None
    committed = commitments(np.array([row]))[0]
    assert committed.tobytes() == rows_of(paid)[0]["commitment"].tobytes()


def test_a_sanctioned_party_is_declined_on_the_ledger(town: Town) -> None:
    town.open("mallory", name="Nicolas MADURO MOROS")
    declined = town.pay("alice", "mallory", 12_34)
    assert (code(declined), outcome(declined)) == ("ledger.declined", Outcome.DECLINE)
    assert declined.decision_flags & DecisionFlag.PAYEE_SANCTIONED
    assert town.balance("mallory") == (0, 0, 0)


def test_money_is_not_issued_to_a_sanctioned_party(town: Town) -> None:
    town.open("mallory", name="Nicolas MADURO MOROS")
    height = town.node.book.height
    assert refusal_of(lambda: town.fund("mallory", 5_00)) == "policy.sanctions"
    assert town.node.book.height == height


def test_a_payment_that_risk_declines_has_no_hold_and_no_legs(town: Town) -> None:
    declined = town.pay("alice", "bob", DECLINED, hold_s=60)
    head = rows_of(declined)[0]
    assert code(declined) == "ledger.declined"
    assert (int(head["flags"]), int(head["expires_ns"]), int(head["units"])) == (0, 0, 0)


# --- review ---------------------------------------------------------------------------------------


def test_a_review_holds_the_money_until_it_is_approved(town: Town) -> None:
    reviewed = town.pay("alice", "bob", REVIEWED)
    assert (code(reviewed), outcome(reviewed)) == ("ok", Outcome.REVIEW)
    assert town.balance("alice") == (1_000_000, 0, REVIEWED)
    assert code(town.capture(reviewed)) == "ok"
    assert town.balance("alice") == (1_000_000 - REVIEWED, 0, 0)
    assert town.balance("bob") == (REVIEWED, 0, 0)


def test_a_rejected_review_gives_the_money_back(town: Town) -> None:
    reviewed = town.pay("alice", "bob", REVIEWED)
    assert code(town.void(reviewed)) == "ok"
    assert town.balance("alice") == (1_000_000, 0, 0)
    assert code(town.capture(reviewed)) == "hold.unknown"


def test_a_review_ends_at_its_deadline(town: Town) -> None:
    reviewed = town.pay("alice", "bob", REVIEWED)
    height = town.node.book.height
    town.clock.pass_s(24 * 3_600 + 1)
    assert town.wait_for_block(height + 1)
    assert town.balance("alice") == (1_000_000, 0, 0)
    assert code(town.capture(reviewed)) == "hold.unknown"


# --- manual capture -------------------------------------------------------------------------------


def test_a_part_of_a_hold_is_captured_and_the_rest_released(town: Town) -> None:
    held = town.pay("alice", "bob", 100_00, hold_s=60)
    assert int(rows_of(held)[0]["flags"]) == Flag.PENDING
    assert town.balance("alice") == (1_000_000, 0, 100_00)
    assert code(town.capture(held, 30_00)) == "ok"
    assert town.balance("alice") == (1_000_000 - 30_00, 0, 0)
    assert code(town.capture(held, 1_00)) == "hold.unknown"


def test_more_than_the_hold_is_not_captured(town: Town) -> None:
    held = town.pay("alice", "bob", 100_00, hold_s=60)
    assert code(town.capture(held, 100_01)) == "hold.exceeded"
    assert town.balance("alice") == (1_000_000, 0, 100_00)


def test_a_hold_that_is_due_ends_without_traffic(town: Town) -> None:
    town.pay("alice", "bob", 100_00, hold_s=60)
    height = town.node.book.height
    town.clock.pass_s(61)
    assert town.wait_for_block(height + 1)
    assert town.balance("alice") == (1_000_000, 0, 0)


# --- refusals and repeats -------------------------------------------------------------------------


def test_insufficient_funds_are_refused_by_the_ledger(town: Town) -> None:
    assert code(town.pay("alice", "bob", 1_000_001)) == "ledger.exceeds_available"
    assert town.balance("alice") == (1_000_000, 0, 0)


def test_an_account_that_nobody_knows_is_refused_before_ordering(town: Town) -> None:
    height = town.node.book.height
    assert refusal_of(lambda: town.pay("alice", "nobody", 1_00)) == "account.unknown"
    assert town.node.book.height == height


def test_the_same_key_is_answered_with_the_first_answer(town: Town) -> None:
    first = town.place(town.payment("alice", "bob", 12_34, key="once"))
    height = town.node.book.height
    assert town.place(town.payment("alice", "bob", 12_34, key="once")) == first
    assert town.node.book.height == height


def test_the_same_key_with_another_body_is_refused(town: Town) -> None:
    town.place(town.payment("alice", "bob", 12_34, key="once"))
    again = town.payment("alice", "bob", 12_35, key="once")
    assert refusal_of(lambda: town.place(again)) == "idempotency.body_differs"
    assert town.balance("bob")[0] == 12_34


def test_a_refund_goes_back_and_never_exceeds_the_payment(town: Town) -> None:
    paid = town.pay("alice", "bob", 100_00)
    assert code(town.refund(paid, 60_00)) == "ok"
    assert code(town.refund(paid, 40_01)) == "ledger.refund_exceeds_payment"
    assert code(town.refund(paid, 40_00)) == "ok"
    assert town.balance("bob")[0] == 0
