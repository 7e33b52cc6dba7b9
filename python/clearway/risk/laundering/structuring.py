"""Structuring: payments alike in amount, with different counterparties, soon after each other."""

import math
from typing import Final

import numpy as np
from numba import float64, int64
from numpy.typing import NDArray

from clearway.risk.compiled import compiled
from clearway.risk.laundering.fans import LASTING, brief_others, is_seen
from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph, Sequences
from clearway.risk.laundering.stars import Stars, expand_runs
from clearway.risk.laundering.surprise import poisson_surprise

RUN_MAX: Final = 64  # payments of one run that are looked at
ALIKE: Final = 2.0  # amounts are alike from the first one's half to its double
PRIOR: Final = 3.0  # payments' worth of the file's amounts in an account's own


def find_structured_in(graph: PaymentGraph) -> Stars:
    return _find(graph, graph.got, graph.payee, graph.payer)


def find_structured_out(graph: PaymentGraph) -> Stars:
    return _find(graph, graph.sent, graph.payer, graph.payee)


def _find(graph: PaymentGraph, side: Sequences, account: Ints, other: Ints) -> Stars:
    """Null: the account's payments were thrown anywhere into the file, their amounts drawn from
    the file's, or from the account's outside the run (with PRIOR of the file's) where those are
    more often like the run's: a shop with one price surprises nobody."""
    order, amount = side.order, graph.amount
    by_amount = np.lexsort((amount, account))
    surprise, habit, first, last = _scan(
        side.start, graph.begin[order], graph.end[order], brief_others(graph, other)[order],
        amount[order], amount[by_amount], np.sort(amount),
    )  # fmt: skip
    centre, place = expand_runs(first, last)
    payment = order[place]
    part = are_alike(amount[payment], amount[order[first[centre]]])
    part &= brief_others(graph, other)[payment] != LASTING
    return Stars(surprise, habit, side.count, centre[part], other[payment[part]])


def are_alike(amount: Floats, first: Floats) -> NDArray[np.bool_]:
    """bool[r]: amounts that are like those of the first payments of their runs."""
    return (amount >= first / ALIKE) & (amount <= first * ALIKE)


@compiled(int64(float64[:], float64, float64))
def count_alike(amounts, least, most):  # type: ignore[no-untyped-def]
    """How many of rising amounts lie from `least` to `most`."""
    return np.searchsorted(amounts, most, side="right") - np.searchsorted(amounts, least)


@compiled(float64(float64, int64, int64, int64))
def share_alike(of_file, own, own_alike, different):  # type: ignore[no-untyped-def]
    """The share of amounts like those of a run of `different` payments: of_file, or of the
    account's `own` payments outside the run, whichever is more."""
    outside, outside_alike = max(0, own - different), max(0, own_alike - different)
    return max(of_file, (outside_alike + PRIOR * of_file) / (outside + PRIOR))


@compiled(
    "Tuple((float64, int64, int64))(float64[:], float64[:], int64[:], float64[:], float64[:],"
    " float64[:], int64, int64)"
)
def _best_run(  # type: ignore[no-untyped-def]
    begin, end, other, amount, own_amounts, amounts, low, stop
):  # fmt: skip
    """The least likely run from place `low` to before `stop` that begins with a payment and has
    only amounts like its, by the number of different counterparties, times the number of the
    account's payments, own_amounts, it could begin with. Its first and last place, -1: none."""
    surprise, best_first, best_last = 0.0, 0, -1
    own = len(own_amounts)
    seen = np.zeros(RUN_MAX, dtype=np.int64)
    for first in range(low, stop - 1):
        if other[first] == LASTING:
            continue
        least, most = amount[first] / ALIKE, amount[first] * ALIKE
        of_file = count_alike(amounts, least, most) / len(amounts)
        own_alike = count_alike(own_amounts, least, most)
        seen[0] = other[first]
        different = 1
        for last in range(first + 1, min(stop, first + RUN_MAX)):
            left_out = other[last] == LASTING or amount[last] < least or amount[last] > most
            if left_out or is_seen(seen, different, other[last]):
                continue
            seen[different] = other[last]
            different += 1
            share = share_alike(of_file, own, own_alike, different)
            mean = (own - 1) * (end[last] - begin[first]) * share
            found = poisson_surprise(different - 1, mean) - math.log(own)
            if found > surprise:
                surprise, best_first, best_last = found, first, last
    return surprise, best_first, best_last


@compiled(
    "Tuple((float64[:], float64[:], int64[:], int64[:]))"
    "(int64[:], float64[:], float64[:], int64[:], float64[:], float64[:], float64[:])"
)
def _scan(start, begin, end, other, amount, own_amounts, amounts):  # type: ignore[no-untyped-def]
    """As in fans.py: surprise of the least likely run, of the next one, first and last place."""
    accounts = len(start) - 1
    surprise, habit = np.zeros(accounts), np.zeros(accounts)
    first = np.zeros(accounts, dtype=np.int64)
    last = np.full(accounts, -1, dtype=np.int64)
    for account in range(accounts):
        low, stop = start[account], start[account + 1]
        own = own_amounts[low:stop]
        found, best_first, best_last = _best_run(begin, end, other, amount, own, amounts, low, stop)
        if best_last < 0:
            continue
        before, _, _ = _best_run(begin, end, other, amount, own, amounts, low, best_first)
        after, _, _ = _best_run(begin, end, other, amount, own, amounts, best_last + 1, stop)
        surprise[account], habit[account] = found, max(before, after)
        first[account], last[account] = best_first, best_last
    return surprise, habit, first, last
