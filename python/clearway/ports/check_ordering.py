"""The suite that every ordering engine must pass.

    check_ordering(case)

raises AssertionError, naming the rule, for an engine that breaks one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from clearway.payment.records import RESULT, view_results
from clearway.ports.ordering import Ordering

SEQUENCE_USED = 7  # docs/format.md


class OrderingCase(Protocol):
    """An engine on a ledger of its own, and what the suite needs to look behind it."""

    ordering: Ordering

    def seal(self, payments: int) -> bytes:
        """A new envelope with so many entries that the ledger accepts, under the next sequence."""

    def hold(self, seconds: float) -> bytes:
        """An envelope with one hold that ends after so long by the ledger's time."""

    def holds_count(self) -> int: ...
    def height(self) -> int: ...
    def ledger_time_ns(self) -> int: ...
    def pass_clock(self, seconds: float) -> None: ...


def check_ordering(case: OrderingCase) -> None:
    """Runs every rule on one engine, one after another."""
    for rule in RULES:
        rule(case)


def an_envelope_stands_in_a_block_when_order_returns(case: OrderingCase) -> None:
    ordered = case.ordering.order(case.seal(3))
    assert ordered.height == case.height(), "the block is the ledger's head"
    assert len(ordered.results) == 3 * RESULT.itemsize, "one result for each payment"
    assert not view_results(ordered.results)["code"].any(), "accepted payments have code 0"
    assert ordered.index == 1, "payments come after their envelope"
    assert ordered.durable_ns >= ordered.time_ns, "durable after the time on the block"


def blocks_and_their_times_grow(case: OrderingCase) -> None:
    first, second = (case.ordering.order(case.seal(1)) for _ in range(2))
    assert second.height > first.height, "heights grow"
    assert second.time_ns > first.time_ns, "times grow, even when the clock stands"


def an_envelope_is_applied_once(case: OrderingCase) -> None:
    envelope = case.seal(2)
    case.ordering.order(envelope)
    again = view_results(case.ordering.order(envelope).results)
    assert set(again["code"].tolist()) == {SEQUENCE_USED}, "the second time its sequence is used"


def a_sweep_comes_first_and_shifts_the_payments(case: OrderingCase) -> None:
    case.ordering.order(case.hold(5))
    case.pass_clock(6)
    ordered = case.ordering.order(case.seal(1))
    assert ordered.index == 2, "sweep, envelope, payment"
    assert case.holds_count() == 0, "the hold that was due has ended"


def time_passes_without_payments(case: OrderingCase) -> None:
    case.ordering.order(case.hold(5))
    before_ns = case.ledger_time_ns()
    case.pass_clock(6)
    case.ordering.pass_time()
    assert case.ledger_time_ns() >= before_ns + 5 * 10**9, "the ledger's time reaches the clock's"
    assert case.holds_count() == 0, "the hold that was due has ended"


def a_rehearsal_leaves_no_trace(case: OrderingCase) -> None:
    envelope, height = case.seal(2), case.height()
    rehearsed = case.ordering.rehearse(envelope)
    assert case.height() == height, "no block came of it"
    ordered = case.ordering.order(envelope)
    assert rehearsed.results == ordered.results, "it is what the ledger answers then"
    assert (rehearsed.height, rehearsed.index) == (ordered.height, ordered.index), "and where"


def nothing_is_wrong_with_a_sound_engine(case: OrderingCase) -> None:
    assert case.ordering.problems() == [], "no problems"


RULES: tuple[Callable[[OrderingCase], None], ...] = (
    an_envelope_stands_in_a_block_when_order_returns,
    blocks_and_their_times_grow,
    an_envelope_is_applied_once,
    a_sweep_comes_first_and_shifts_the_payments,
    time_passes_without_payments,
    a_rehearsal_leaves_no_trace,
    nothing_is_wrong_with_a_sound_engine,
)
