"""Fan-in and fan-out: many new counterparties of one account within a time that is short for it."""

import math
from typing import Final

import numpy as np

from clearway.risk.compiled import compiled
from clearway.risk.laundering.bursts import sure_bursts
from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph, Sequences
from clearway.risk.laundering.stars import Stars, expand_runs
from clearway.risk.laundering.surprise import poisson_surprise, poisson_surprises

RUN_MAX: Final = 64  # payments of one fan that are looked at
BRIEF: Final = 0.2  # of the file: pairs that pay for longer (wages, rents) are no part of a fan
LASTING: Final = -1  # in place of the counterparty of a pair that is not brief


def find_fan_in(graph: PaymentGraph) -> Stars:
    return _find(graph, graph.got, graph.payer)


def find_fan_out(graph: PaymentGraph) -> Stars:
    return _find(graph, graph.sent, graph.payee)


def find_burst_fans(graph: PaymentGraph, bursts: Floats) -> tuple[Stars, Stars]:
    """Pairs that pay in bursts, where they meet: at a payee (fan-in), at a payer (fan-out).

    bursts: surprise of each pair, float64[m]. Null: such pairs are thrown among all pairs, so that
    an account has them as often as it has partners.
    """
    burst = np.flatnonzero(sure_bursts(bursts) > 0.0)
    share = len(burst) / max(len(bursts), 1)
    sides = (graph.pair_payee, graph.pair_payer)
    fans = []
    for centre, member in (sides, sides[::-1]):
        degree = np.bincount(centre, minlength=graph.accounts)
        met = np.bincount(centre[burst], minlength=graph.accounts)
        surprise = np.where(met > 1, poisson_surprises(met, share * degree), 0.0)
        several = burst[met[centre[burst]] > 1]
        fans.append(Stars(surprise, degree, centre[several], member[several]))
    return fans[0], fans[1]


def _find(graph: PaymentGraph, side: Sequences, other: Ints) -> Stars:
    order, others = side.order, brief_others(graph, other)
    surprise, first, last = _scan(side.start, graph.begin[order], graph.end[order], others[order])
    centre, place = expand_runs(first, last)
    payment = order[place]
    part = others[payment] != LASTING
    return Stars(surprise, side.count, centre[part], other[payment[part]])


def brief_others(graph: PaymentGraph, other: Ints) -> Ints:
    """int64[n]: the counterparty of each payment, LASTING in place of one of a pair that lasts."""
    brief = _length_of_pairs(graph)[graph.pair] <= BRIEF
    return np.where(brief, other, LASTING)


def _length_of_pairs(graph: PaymentGraph) -> Floats:
    first = np.ones(len(graph.pair_count))
    last = np.zeros(len(graph.pair_count))
    np.minimum.at(first, graph.pair, graph.begin)
    np.maximum.at(last, graph.pair, graph.end)
    return last - first


@compiled("boolean(int64[:], int64, int64)")
def is_seen(seen, different, other):  # type: ignore[no-untyped-def]
    """Whether a counterparty is one of the first `different` of a run."""
    known = False
    for k in range(different):
        known = known or seen[k] == other
    return known


@compiled("Tuple((float64[:], int64[:], int64[:]))(int64[:], float64[:], float64[:], int64[:])")
def _scan(start, begin, end, other):  # type: ignore[no-untyped-def]
    """The account's brief pairs were thrown anywhere into the file: the least likely run of them,
    by the number of different counterparties, times the number of payments it could begin with."""
    accounts = len(start) - 1
    surprise = np.zeros(accounts)
    best_first = np.zeros(accounts, dtype=np.int64)
    best_last = np.full(accounts, -1, dtype=np.int64)
    seen = np.zeros(RUN_MAX, dtype=np.int64)
    for account in range(accounts):
        count = 0
        for at in range(start[account], start[account + 1]):
            count += other[at] != LASTING
        for first in range(start[account], start[account + 1] - 1):
            if other[first] == LASTING:
                continue
            seen[0] = other[first]
            different = 1
            for last in range(first + 1, min(start[account + 1], first + RUN_MAX)):
                if other[last] == LASTING or is_seen(seen, different, other[last]):
                    continue
                seen[different] = other[last]
                different += 1
                mean = (count - 1) * (end[last] - begin[first])
                found = poisson_surprise(different - 1, mean) - math.log(count)
                if found > surprise[account]:
                    surprise[account] = found
                    best_first[account], best_last[account] = first, last
    return surprise, best_first, best_last
