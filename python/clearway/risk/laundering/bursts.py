"""Repeated payments: somebody pays the same payee more often, or faster in a row, than is usual."""

import math
from typing import Final

import numpy as np
from numba import float64, int64

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph
from clearway.risk.laundering.surprise import (
    calibrate,
    poisson_surprise,
    strength,
    sum_above_chance,
)

SURE_MIN: Final = 3.0  # nats of strength that make a pair a burst
RUN_MAX: Final = 32  # payments of one run that are looked at


def find_bursts(graph: PaymentGraph) -> Floats:
    """Surprise of each pair, float64[m]: of its number of payments, and of their haste.

    Number: payments went to payees by chance, as often as payer and payee have payments at all
    (the configuration model), or the pair repeats as half of the payer's or the payee's pairs do.
    Haste: the pair's payments were thrown anywhere into the file.
    """
    return calibrate(_surprise_of_number(graph) + _surprise_of_haste(graph))


def weigh_bursts(graph: PaymentGraph, bursts: Floats) -> Floats:
    """Strength of each account, float64[accounts], from its pairs on both sides."""
    sides = (graph.pair_payer, graph.pair_payee)
    both = sum(sum_above_chance(side, bursts, graph.accounts) for side in sides)
    return strength(calibrate(np.asarray(both)))


def sure_bursts(bursts: Floats) -> Floats:
    """Strength of each pair, float64[m], 0 below SURE_MIN: what may tell on others."""
    found = strength(bursts)
    return np.where(found >= SURE_MIN, found, 0.0)


def _surprise_of_number(graph: PaymentGraph) -> Floats:
    """Repeats are geometric: each further payment is as unlikely as the one before it."""
    extra = (graph.pair_count - 1).astype(np.float64)
    payer, payee = graph.pair_payer, graph.pair_payee
    by_chance = graph.sent.count[payer] / max(graph.payments, 1) * graph.got.count[payee]
    habit = np.minimum(
        _median_of(payer, extra, graph.accounts)[payer],
        _median_of(payee, extra, graph.accounts)[payee],
    )
    odds = np.maximum(np.maximum(by_chance, habit), 1e-12)
    found: Floats = extra * np.log1p(1.0 / odds)
    return found


def _median_of(account: Ints, value: Floats, accounts: int) -> Floats:
    """Lower median of each account's values, 0 where there are none."""
    order = np.lexsort((value, account))
    start = np.searchsorted(account[order], np.arange(accounts + 1))
    count = np.diff(start)
    median = np.zeros(accounts)
    some = count > 0
    median[some] = value[order][(start[:-1] + (count - 1) // 2)[some]]
    return median


def _surprise_of_haste(graph: PaymentGraph) -> Floats:
    order = np.argsort(graph.pair, kind="stable")
    start = np.concatenate([[0], np.cumsum(graph.pair_count)])
    haste: Floats = _scan_pairs(start, graph.begin[order], graph.end[order])
    return haste


@compiled(float64[:](int64[:], float64[:], float64[:]))
def _scan_pairs(start, begin, end):  # type: ignore[no-untyped-def]
    """A scan statistic: the least likely run, times the number of payments it could begin with."""
    surprise = np.zeros(len(start) - 1)
    for pair in range(len(start) - 1):
        count = start[pair + 1] - start[pair]
        for first in range(start[pair], start[pair + 1] - 1):
            for last in range(first + 1, min(start[pair + 1], first + RUN_MAX)):
                mean = (count - 1) * (end[last] - begin[first])
                found = poisson_surprise(last - first, mean) - math.log(count)
                surprise[pair] = max(surprise[pair], found)
    return surprise
