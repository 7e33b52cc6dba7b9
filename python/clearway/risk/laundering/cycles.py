"""Cycles and mutual payments: money that comes back to where it started, hop after hop."""

import math
from typing import Final

import numpy as np

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.laundering.hops import Hops
from clearway.risk.laundering.surprise import calibrate, strength

HOPS_MAX: Final = 10
STEPS_MAX: Final = 600  # hops tried from one first payment
FREE_HOPS: Final = 4  # after so many only surprising hops are followed
FOLLOWED_MIN: Final = 2.0  # nats
HOP_COST: Final = 3.0  # nats; what hops were chosen for, and is no news in a cycle


def weigh_cycles(graph: PaymentGraph, hops: Hops) -> tuple[Floats, Floats]:
    """Strength of each account in a mutual pair (back after two hops), and in a longer cycle."""
    best = _scan(graph.payer, graph.payee, hops.to, hops.surprise, graph.got.count)
    degree = graph.sent.count + graph.got.count
    hub = np.maximum(0.0, np.log(np.maximum(degree, 1) / max(float(degree.mean()), 1.0)))
    mutual, longer = (graph.at_both_ends(best[:, which].copy()) for which in (0, 1))
    return strength(calibrate(mutual)), strength(calibrate(np.maximum(0.0, longer - hub)))


@compiled("float64[:, :](int64[:], int64[:], int64[:, :], float64[:, :], int64[:])")
def _scan(payer, payee, to, surprise, got_count):  # type: ignore[no-untyped-def]
    """Surprise of the best cycle through each payment, float64[n, 2]: of two hops, of more.

    Null: the last payment of a walk goes to anybody, as often as he is paid. From one first payment
    so many walks of this length were tried, and an account has so many first payments.
    """
    n, kept = to.shape
    best = np.zeros((n, 2))
    path = np.zeros(HOPS_MAX, dtype=np.int64)
    slot = np.zeros(HOPS_MAX, dtype=np.int64)
    gained = np.zeros(HOPS_MAX)
    walks = np.zeros(HOPS_MAX + 1)
    per_account = max(1.0, n / max(1, len(got_count)))
    for first in range(n):
        start = payer[first]
        if got_count[start] == 0:
            continue
        walks[:] = 0.0
        path[0], slot[0], depth, steps = first, 0, 0, 0
        while depth >= 0 and steps < STEPS_MAX:
            if slot[depth] >= kept or depth + 1 >= HOPS_MAX:
                depth -= 1
                continue
            here, taken = path[depth], slot[depth]
            slot[depth] += 1
            out, of_hop = to[here, taken], surprise[here, taken]
            if out < 0 or (depth >= FREE_HOPS and of_hop < FOLLOWED_MIN):
                continue
            steps += 1
            walks[depth] += 1.0
            gain = gained[depth] + max(0.0, of_hop - HOP_COST)
            if payee[out] == start:
                closed = -math.log(-math.expm1(-walks[depth] * got_count[start] / n))
                found = gain + closed - math.log((depth + 2) * per_account)
                which = min(depth, 1)
                for k in range(depth + 1):
                    best[path[k], which] = max(best[path[k], which], found)
                best[out, which] = max(best[out, which], found)
                continue
            met = False
            for k in range(1, depth + 1):
                met = met or payer[path[k]] == payee[out]
            if not met:
                depth += 1
                path[depth], slot[depth], gained[depth] = out, 0, gain
    return best
