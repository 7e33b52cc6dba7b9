"""The state machine is a table; every pair outside it is refused."""

from __future__ import annotations

import itertools

from clearway.payment.state import FINAL, TRANSITIONS, Act, Status, next_status


def test_what_the_table_does_not_list_never_happens() -> None:
    for status, act in itertools.product(Status, Act):
        assert next_status(status, act) == TRANSITIONS.get((status, act))


def test_nothing_leaves_a_final_state() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in FINAL]


def test_every_state_that_stands_on_the_ledger_can_be_reached() -> None:
    reached = {Status.PENDING} | set(TRANSITIONS.values())
    assert reached == set(Status) - {Status.UNKNOWN}


def test_voided_rejected_and_expired_can_never_settle() -> None:
    for status in (Status.VOIDED, Status.DECLINED, Status.RETURNED):
        assert all(next_status(status, act) is None for act in Act)
