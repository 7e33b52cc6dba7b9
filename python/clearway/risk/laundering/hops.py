"""Hops: money that comes into an account and soon leaves it, all of it or much of it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph
from clearway.risk.laundering.surprise import calibrate, strength

AHEAD_MAX: Final = 24  # outgoing payments after an incoming one that are looked at
KEPT: Final = 4  # of them the most surprising are kept
LOSS_MAX: Final = 0.25  # what may stay with the account, of what came in
GAIN_MAX: Final = 0.005
LOSS_MIN: Final = 0.01  # amounts that are closer are not more alike


@dataclass(frozen=True, slots=True)
class Hops:
    """to: int64[n, KEPT], payments that may be the way on of each payment, -1 none.
    surprise: float64[n, KEPT], of such a one following."""

    to: Ints
    surprise: Floats

    @property
    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """Each hop's two payments and its surprise."""
        payment, slot = np.nonzero(self.to >= 0)
        return payment, self.to[payment, slot], self.surprise[payment, slot]


def find_hops(graph: PaymentGraph) -> Hops:
    """Each payment's KEPT least likely ways on.

    Null: the account's payments were thrown anywhere into the file, their amounts drawn from the
    file's. As soon: the account's payments times the time between are expected. As soon and as
    alike: that times the share of the file's amounts between the two. The less likely one counts.
    """
    to, surprise = _scan(
        graph.payee, graph.begin, graph.end, graph.amount, np.sort(graph.amount),
        graph.sent.order, graph.sent.start,
    )  # fmt: skip
    return Hops(to, surprise)


def weigh_hops(graph: PaymentGraph, hops: Hops) -> Floats:
    """Pass-through: strength of each account in the middle or at an end of a hop."""
    before, after, surprise = hops.pairs
    middle = graph.payee[before]
    tries = graph.got.count[middle]
    beyond = np.maximum(0.0, surprise - np.log(np.maximum(tries, 1)))
    of_payment = np.zeros(graph.payments)
    np.maximum.at(of_payment, before, beyond)
    np.maximum.at(of_payment, after, beyond)
    return strength(calibrate(graph.at_both_ends(of_payment)))


@compiled(
    "Tuple((int64[:, :], float64[:, :]))"
    "(int64[:], float64[:], float64[:], float64[:], float64[:], int64[:], int64[:])"
)
def _scan(payee, begin, end, amount, amounts, out_order, out_start):  # type: ignore[no-untyped-def]
    n = len(payee)
    to = np.full((n, KEPT), -1, dtype=np.int64)
    surprise = np.zeros((n, KEPT))
    for k in range(n):
        low, stop = out_start[payee[k]], out_start[payee[k] + 1]
        count, high = stop - low, stop
        while low < high:  # to the first outgoing payment not before k
            half = (low + high) // 2
            if begin[out_order[half]] < begin[k]:
                low = half + 1
            else:
                high = half
        most = amount[k] * (1.0 + GAIN_MAX)
        below_most = np.searchsorted(amounts, most, side="right")
        for at in range(low, min(stop, low + AHEAD_MAX)):
            out = out_order[at]
            mean = count * (end[out] - begin[k])
            found = -math.log(-math.expm1(-mean))
            if amount[k] * (1.0 - LOSS_MAX) <= amount[out] <= most:
                least = min(amount[out], amount[k] * (1.0 - LOSS_MIN))
                share = (below_most - np.searchsorted(amounts, least)) / n
                found = max(found, -math.log(-math.expm1(-mean * share)))
            worst = 0
            for slot in range(1, KEPT):
                if surprise[k, slot] < surprise[k, worst] or to[k, slot] < 0 <= to[k, worst]:
                    worst = slot
            if to[k, worst] < 0 or found > surprise[k, worst]:
                to[k, worst], surprise[k, worst] = out, found
    return to, surprise
