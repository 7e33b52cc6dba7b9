"""What can go now: compared with every possible set on small queues; its laws on larger ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.clearing.offsetting import Plan, Waiting, missing_minor, plan

NET_MAX = 1_000


def owe(payer: int, payee: int, amount_minor: int, *, fee_minor: int = 0) -> Waiting:
    return Waiting(payer, payee, amount_minor + fee_minor, amount_minor)


@st.composite
def queues(draw: st.DrawFn, payments_max: int = 12, parties: int = 4) -> list[Waiting]:
    party = st.integers(0, parties - 1)
    pairs = st.tuples(party, party).filter(lambda pair: pair[0] != pair[1])
    rows = st.tuples(pairs, st.integers(1, 60), st.integers(0, 2))
    drawn = draw(st.lists(rows, max_size=payments_max))
    return [owe(*pair, amount, fee_minor=fee) for pair, amount, fee in drawn]


monies = st.fixed_dictionaries({party: st.integers(0, 50) for party in range(4)})


def after(available: dict[int, int], queue: Sequence[Waiting], places: Sequence[int]) -> list[int]:
    left = dict(available)
    for place in places:
        left[queue[place].payer] -= queue[place].debit_minor
        left[queue[place].payee] += queue[place].credit_minor
    return [left[party] for party in sorted(left)]


def lanes_of(queue: Sequence[Waiting]) -> list[list[int]]:
    lanes: dict[int, list[int]] = {}
    for place, one in enumerate(queue):
        lanes.setdefault(one.payer, []).append(place)
    return list(lanes.values())


def every_set(queue: Sequence[Waiting]) -> list[list[int]]:
    """Every choice of first payments of each payer."""
    firsts = [[lane[:count] for count in range(len(lane) + 1)] for lane in lanes_of(queue)]
    return [sorted(itertools.chain(*choice)) for choice in itertools.product(*firsts)]


@given(monies, queues())
def test_no_set_that_can_go_is_larger(available: dict[int, int], queue: list[Waiting]) -> None:
    possible = [
        one for one in every_set(queue) if min(after(available, queue, one), default=0) >= 0
    ]
    released = sorted(plan(available, queue, net_max=NET_MAX).released)
    assert released == max(possible, key=len)
    assert all(set(one) <= set(released) for one in possible)


@given(monies, queues(payments_max=40))
def test_nobody_is_below_zero_after_any_step(
    available: dict[int, int], queue: list[Waiting]
) -> None:
    gone: list[int] = []
    for step in plan(available, queue, net_max=NET_MAX).steps:
        gone += step
        assert min(after(available, queue, gone)) >= 0
    assert len(gone) == len(set(gone))


@given(monies, queues(payments_max=40))
def test_nobody_is_overtaken_by_a_later_payment_of_the_same_payer(
    available: dict[int, int], queue: list[Waiting]
) -> None:
    released = plan(available, queue, net_max=NET_MAX).released
    for lane in lanes_of(queue):
        gone = [place for place in released if place in lane]
        assert gone == lane[: len(gone)]


@given(monies, queues(payments_max=30), queues(payments_max=6))
def test_more_payments_at_the_end_release_no_less(
    available: dict[int, int], queue: list[Waiting], more: list[Waiting]
) -> None:
    before = set(plan(available, queue, net_max=NET_MAX).released)
    assert before <= set(plan(available, [*queue, *more], net_max=NET_MAX).released)


@given(monies, queues(payments_max=30), st.integers(0, 3), st.integers(1, 40))
def test_more_money_releases_no_less(
    available: dict[int, int], queue: list[Waiting], party: int, more_minor: int
) -> None:
    before = set(plan(available, queue, net_max=NET_MAX).released)
    richer = available | {party: available[party] + more_minor}
    assert before <= set(plan(richer, queue, net_max=NET_MAX).released)


@given(monies, queues(payments_max=30), st.randoms(use_true_random=False))
def test_the_same_queue_has_the_same_plan(
    available: dict[int, int], queue: list[Waiting], order: random.Random
) -> None:
    shuffled = list(available.items())
    order.shuffle(shuffled)
    once = plan(available, queue, net_max=NET_MAX)
    assert once == plan(dict(shuffled), list(queue), net_max=NET_MAX)


@given(monies, queues(payments_max=30))
def test_with_what_is_missing_all_of_it_goes(
    available: dict[int, int], queue: list[Waiting]
) -> None:
    missing = missing_minor(available, queue)
    richer = {party: held + missing.get(party, 0) for party, held in available.items()}
    assert len(plan(richer, queue, net_max=NET_MAX).released) == len(queue)


@given(monies, queues(payments_max=30), st.integers(2, 5))
def test_no_net_is_larger_than_it_may_be(
    available: dict[int, int], queue: list[Waiting], net_max: int
) -> None:
    found = plan(available, queue, net_max=net_max)
    assert all(len(step) <= net_max for step in found.steps)
    gone: list[int] = []
    for step in found.steps:
        gone += step
        assert min(after(available, queue, gone)) >= 0


def steps(available: dict[int, int], *queue: Waiting, net_max: int = NET_MAX) -> Plan:
    return plan(available, queue, net_max=net_max)


@pytest.mark.parametrize(
    ("available", "queue", "expected"),
    [
        ({0: 10}, [owe(0, 1, 10), owe(1, 2, 10)], [[0], [1]]),
        ({0: 9}, [owe(0, 1, 10), owe(1, 2, 10)], []),
        ({}, [owe(0, 1, 10), owe(1, 0, 10)], [[0, 1]]),
        ({0: 3}, [owe(0, 1, 10), owe(1, 0, 7)], [[0, 1]]),
        ({0: 2}, [owe(0, 1, 10), owe(1, 0, 7)], []),
        ({}, [owe(0, 1, 5), owe(1, 2, 5), owe(2, 0, 5)], [[0, 1, 2]]),
        # Two circles without a common party are two nets.
        ({}, [owe(0, 1, 5), owe(1, 2, 5), owe(2, 0, 5), owe(3, 4, 1), owe(4, 5, 1), owe(5, 3, 1)],
         [[0, 1, 2], [3, 4, 5]]),
        # The large payment comes first, and nothing of its payer passes it.
        ({0: 5}, [owe(0, 1, 100), owe(0, 1, 5)], []),
        # A fee is needed as well, and does not come back.
        ({}, [owe(0, 1, 10, fee_minor=1), owe(1, 0, 10)], []),
        ({0: 1}, [owe(0, 1, 10, fee_minor=1), owe(1, 0, 10)], [[0, 1]]),
    ],
)  # fmt: skip
def test_examples(
    available: dict[int, int], queue: list[Waiting], expected: list[list[int]]
) -> None:
    assert steps(available, *queue).steps == expected


def test_a_payment_that_is_in_no_net_goes_by_itself_or_waits() -> None:
    queue = [owe(0, 1, 10)._replace(alone=True), owe(1, 0, 10)]
    assert steps({}, *queue).steps == []
    assert steps({0: 10}, *queue).steps == [[0], [1]]
    assert steps({0: 0, 1: 10}, *queue).steps == [[1], [0]]


@pytest.mark.parametrize("parties", [3, 100, 5_000])
def test_ten_thousand_payments_are_planned(parties: int) -> None:
    """In one round, or in many: what is left cannot go, and what goes leaves nobody below zero."""
    chance = random.Random(parties)
    queue = []
    for _ in range(10_000):
        payer, payee = chance.sample(range(parties), 2)
        queue.append(owe(payer, payee, chance.randint(1, 1_000)))
    available = {party: chance.randint(0, 3_000) for party in range(parties)}
    released = plan(available, queue, net_max=8_190).released
    gone = set(released)
    left = after(available, queue, released)
    assert min(left) >= 0
    rest = [one for place, one in enumerate(queue) if place not in gone]
    assert plan(dict(enumerate(left)), rest, net_max=8_190).steps == []


def test_a_circle_larger_than_a_net_waits_and_a_smaller_one_within_goes() -> None:
    circle = [owe(party, (party + 1) % 5, 5) for party in range(5)]
    assert steps({}, *circle, net_max=4).steps == []
    # The first three of the part close a circle of their own.
    both = [owe(0, 1, 5), owe(1, 2, 5), owe(2, 0, 5), owe(2, 3, 5), owe(3, 4, 5), owe(4, 2, 5)]
    assert steps({}, *both, net_max=4).steps == [[0, 1, 2], [3, 4, 5]]
