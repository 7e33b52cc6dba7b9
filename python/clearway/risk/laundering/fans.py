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
        no_habit = np.zeros(graph.accounts)
        fans.append(Stars(surprise, no_habit, degree, centre[several], member[several]))
    return fans[0], fans[1]


def _find(graph: PaymentGraph, side: Sequences, other: Ints) -> Stars:
    order, others = side.order, brief_others(graph, other)
    surprise, habit, first, last = _scan(
        side.start, graph.begin[order], graph.end[order], others[order]
    )
    centre, place = expand_runs(first, last)
    payment = order[place]
    part = others[payment] != LASTING
    return Stars(surprise, habit, side.count, centre[part], other[payment[part]])


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


@compiled("Tuple((float64, int64, int64))(float64[:], float64[:], int64[:], int64, int64, int64)")
def _best_run(begin, end, other, low, stop, count):  # type: ignore[no-untyped-def]
    """The account's `count` brief payments were thrown anywhere into the file: the least likely run
    of them from place `low` to before `stop`, by the number of different counterparties, times the
    number of payments it could begin with. Its first and last place, -1: none."""
    surprise, best_first, best_last = 0.0, 0, -1
    seen = np.zeros(RUN_MAX, dtype=np.int64)
    for first in range(low, stop - 1):
        if other[first] == LASTING:
            continue
        seen[0] = other[first]
        different = 1
        for last in range(first + 1, min(stop, first + RUN_MAX)):
            if other[last] == LASTING or is_seen(seen, different, other[last]):
                continue
            seen[different] = other[last]
            different += 1
            mean = (count - 1) * (end[last] - begin[first])
            found = poisson_surprise(different - 1, mean) - math.log(count)
            if found > surprise:
                surprise, best_first, best_last = found, first, last
    return surprise, best_first, best_last


@compiled(
    "Tuple((float64[:], float64[:], int64[:], int64[:]))"
    "(int64[:], float64[:], float64[:], int64[:])"
)
def _scan(start, begin, end, other):  # type: ignore[no-untyped-def]
    """Surprise of each account's least likely run, of the next one wholly before or after it (what
    an account does again is its habit), and the first and last place of the former."""
    accounts = len(start) - 1
    surprise, habit = np.zeros(accounts), np.zeros(accounts)
    first = np.zeros(accounts, dtype=np.int64)
    last = np.full(accounts, -1, dtype=np.int64)
    for account in range(accounts):
        low, stop = start[account], start[account + 1]
        count = 0
        for at in range(low, stop):
            count += other[at] != LASTING
        found, best_first, best_last = _best_run(begin, end, other, low, stop, count)
        if best_last < 0:
            continue
        before, _, _ = _best_run(begin, end, other, low, best_first, count)
        after, _, _ = _best_run(begin, end, other, best_last + 1, stop, count)
        surprise[account], habit[account] = found, max(before, after)
        first[account], last[account] = best_first, best_last
    return surprise, habit, first, last
