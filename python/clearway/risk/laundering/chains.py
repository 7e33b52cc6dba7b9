"""Layering chains: surprising hops that follow each other."""

from typing import Final

import numpy as np
from numba import float64, int64

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.laundering.hops import Hops
from clearway.risk.laundering.surprise import calibrate, strength

HOP_COST: Final = 5.0  # nats; what a hop must have to be a link of a chain, and loses in it


def weigh_chains(graph: PaymentGraph, hops: Hops) -> Floats:
    """Strength of each account on a chain."""
    of_payment: Floats = _best_chains(hops.to, hops.surprise, HOP_COST)
    return strength(calibrate(graph.at_both_ends(of_payment)))


@compiled(float64[:](int64[:, :], float64[:, :], float64))
def _best_chains(to, surprise, cost):  # type: ignore[no-untyped-def]
    """Of each payment the best chain through it: the sum of its hops' surprise beyond `cost`, by
    dynamic programming in the order of payments, once forwards and once backwards."""
    n, kept = to.shape
    before, after = np.zeros(n), np.zeros(n)
    for k in range(n):
        for slot in range(kept):
            out, gain = to[k, slot], surprise[k, slot] - cost
            if out > k and gain > 0.0:
                before[out] = max(before[out], before[k] + gain)
    for k in range(n - 1, -1, -1):
        for slot in range(kept):
            out, gain = to[k, slot], surprise[k, slot] - cost
            if out > k and gain > 0.0:
                after[k] = max(after[k], after[out] + gain)
    return before + after
