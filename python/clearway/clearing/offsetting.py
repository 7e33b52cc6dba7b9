"""Which waiting payments can go now: a queue and what its payers have, in; sets to release, out.

The gridlock resolution problem of Bech and Soramäki (Gridlock Resolution in Interbank Payment
Systems, Bank of Finland Discussion Papers 9/2001): the largest set of queued payments that leaves
nobody below zero, if of every payer the first ones are taken, in order. All payments are assumed
to go; the last one of somebody overdrawn is taken out, until nobody is. The answer does not depend
on whom one begins with: of two sets that can go the union can go as well.

What goes one by one is told apart from what goes only together, and pairs of parties that owe each
other from larger circles, as the procedures of TARGET2 do: a set that must stand whole should be
as small as it can be. Numbers only; who decides nothing here is the ledger, which checks all of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

RUN_MAX: Final = 64  # payments of one side that are looked at when two parties owe each other


class Waiting(NamedTuple):
    """One queued payment. payer, payee: numbers of purses (an account's money in one asset).
    debit_minor: amount and fee; credit_minor: what the payee gets. alone: it is in no net."""

    payer: int
    payee: int
    debit_minor: int
    credit_minor: int
    alone: bool = False


class Plan(NamedTuple):
    """Places in the queue. Steps in their order: one payment, or several that go together."""

    steps: list[list[int]]

    @property
    def released(self) -> list[int]:
        return [place for step in self.steps for place in step]


def plan(available_minor: Mapping[int, int], queue: Sequence[Waiting], *, net_max: int) -> Plan:
    """What can go now, nobody being below zero after any step.

    available_minor: by purse, of every payer and payee (missing: 0). queue: in the order in which
    each payer's payments must go. net_max: payments of one net. Every payment either goes, or none
    of its payer's later ones does. O(n log n) where one round is enough; each further round
    releases something.
    """
    desk = _Desk(available_minor, queue)
    steps: list[list[int]] = []
    while True:
        before = len(steps)
        desk.settle_singly(steps)
        while (pair := desk.find_pair(net_max)) is not None:
            desk.settle(pair)
            steps.append(pair)
            desk.settle_singly(steps)
        for net in desk.find_circles(net_max):
            desk.settle(net)
            steps.append(net)
        if len(steps) == before:
            return Plan(steps)


def missing_minor(available_minor: Mapping[int, int], queue: Sequence[Waiting]) -> dict[int, int]:
    """By purse: how much more its owner needs so that all of the queue can go together."""
    left = dict(available_minor)
    for one in queue:
        left[one.payer] = left.get(one.payer, 0) - one.debit_minor
        left[one.payee] = left.get(one.payee, 0) + one.credit_minor
    payers = {one.payer for one in queue}
    return {purse: -left[purse] for purse in sorted(payers) if left[purse] < 0}


class _Desk:
    """What is left of the queue and of the money while the plan is made."""

    def __init__(self, available_minor: Mapping[int, int], queue: Sequence[Waiting]) -> None:
        self.queue = queue
        self.left = dict(available_minor)  # minor units, by purse
        self.lanes: dict[int, list[int]] = {}  # places by payer, the next one last
        for place in range(len(queue) - 1, -1, -1):
            self.lanes.setdefault(queue[place].payer, []).append(place)
        heads = sorted(lane[-1] for lane in self.lanes.values())
        self._ready = [place for place in heads if self._covers(place)]
        # Whose payer changed since it was looked at for a pair. A heap may have a place twice, or
        # one that is nobody's next any more.
        self._fresh = heads

    def _covers(self, place: int) -> bool:
        one = self.queue[place]
        return self.left.get(one.payer, 0) >= one.debit_minor

    def _next_of(self, purse: int) -> int | None:
        lane = self.lanes.get(purse)
        return lane[-1] if lane else None

    # --- one by one -----------------------------------------------------------------------------

    def settle_singly(self, steps: list[list[int]]) -> None:
        """Everything that its payer can pay by now, in the order of the queue."""
        while self._ready:
            place = heapq.heappop(self._ready)
            if self._next_of(self.queue[place].payer) == place and self._covers(place):
                self.settle([place])
                steps.append([place])

    def settle(self, places: Iterable[int]) -> None:
        touched = set()
        for place in places:
            one = self.queue[place]
            assert self.lanes[one.payer].pop() == place, "invariant: a payer's payments go in order"
            self.left[one.payer] = self.left.get(one.payer, 0) - one.debit_minor
            self.left[one.payee] = self.left.get(one.payee, 0) + one.credit_minor
            touched |= {one.payer, one.payee}
        for purse in touched:
            head = self._next_of(purse)
            if head is not None:
                heapq.heappush(self._fresh, head)
                if self._covers(head):
                    heapq.heappush(self._ready, head)

    # --- two parties ----------------------------------------------------------------------------

    def find_pair(self, net_max: int) -> list[int] | None:
        """The first payments of two parties to each other, as many as can go together."""
        while self._fresh:
            place = heapq.heappop(self._fresh)
            purse, other = self.queue[place].payer, self.queue[place].payee
            head = self._next_of(other)
            if self._next_of(purse) != place or head is None or self.queue[head].payee != purse:
                continue
            runs = {purse: self._run(purse, other), other: self._run(other, purse)}
            pair = self._resolve(runs)
            if pair and len(pair) <= net_max:
                return pair
        return None

    def _run(self, payer: int, payee: int) -> list[int]:
        """The payer's next payments, as long as they are to this payee and may be netted."""
        run: list[int] = []
        for place in reversed(self.lanes[payer][-RUN_MAX:]):
            if self.queue[place].payee != payee or self.queue[place].alone:
                break
            run.append(place)
        return run

    # --- all parties ----------------------------------------------------------------------------

    def find_circles(self, net_max: int) -> list[list[int]]:
        """The largest set that can go together, in parts that have no party in common. A part of
        more than net_max payments is looked for among its first ones only."""
        circles = []
        for part in self._parts(self._resolve(self._lanes_of(None))):
            small = part if len(part) <= net_max else self._resolve(self._lanes_of(part[:net_max]))
            circles += [one for one in self._parts(small) if one]
        return circles

    def _lanes_of(self, places: Collection[int] | None) -> dict[int, list[int]]:
        """Each payer's next payments that may be netted, of these places only if given."""
        wanted = None if places is None else set(places)
        lanes: dict[int, list[int]] = {}
        for payer, lane in self.lanes.items():
            taken: list[int] = []
            for place in reversed(lane):
                if self.queue[place].alone or (wanted is not None and place not in wanted):
                    break
                taken.append(place)
            if taken:
                lanes[payer] = taken
        return lanes

    def _resolve(self, lanes: Mapping[int, list[int]]) -> list[int]:
        """Bech and Soramäki's algorithm. lanes: by payer, in order. The places that can go."""
        left: dict[int, int] = {}
        queue = self.queue
        for payer, lane in lanes.items():
            left[payer] = left.get(payer, 0) - sum(queue[place].debit_minor for place in lane)
            for place in lane:
                payee = queue[place].payee
                left[payee] = left.get(payee, 0) + queue[place].credit_minor
        for purse in left:
            left[purse] += self.left.get(purse, 0)
        taken = {payer: len(lane) for payer, lane in lanes.items()}
        short = [payer for payer in lanes if left[payer] < 0]
        while short:
            payer = short.pop()
            while left[payer] < 0 and taken[payer]:
                taken[payer] -= 1
                one = queue[lanes[payer][taken[payer]]]
                left[payer] += one.debit_minor
                left[one.payee] -= one.credit_minor
                if left[one.payee] < 0 and taken.get(one.payee):
                    short.append(one.payee)
        return sorted(place for payer, lane in lanes.items() for place in lane[: taken[payer]])

    def _parts(self, places: Sequence[int]) -> list[list[int]]:
        """Places by connected parties, each part in the order of the queue, the first one first."""
        root: dict[int, int] = {}

        def find(purse: int) -> int:
            while (up := root.setdefault(purse, purse)) != purse:
                root[purse] = purse = root[up]
            return purse

        for place in places:
            root[find(self.queue[place].payee)] = find(self.queue[place].payer)
        parts: dict[int, list[int]] = {}
        for place in places:
            parts.setdefault(find(self.queue[place].payer), []).append(place)
        return list(parts.values())
