"""Gather-scatter: one account is paid by several, and soon pays several others."""

import math
from typing import Final

import numpy as np

from clearway.risk.compiled import compiled
from clearway.risk.laundering.graph import PaymentGraph
from clearway.risk.laundering.stars import Stars, expand_runs
from clearway.risk.laundering.surprise import poisson_surprise

RUN_MAX: Final = 24  # payments on each side that are looked at
SIDE_MIN: Final = 2  # counterparties on each side
_SIDE_SURPRISE_MIN: Final = 1.0  # nats; below it a side is no run


def find_gathers(graph: PaymentGraph) -> Stars:
    """Null: payments in and payments out were thrown anywhere into the file, each on its own."""
    surprise, runs = _scan(
        graph.payer, graph.payee, graph.begin, graph.end,
        graph.got.order, graph.got.start, graph.sent.order, graph.sent.start,
    )  # fmt: skip
    centre_in, place_in = expand_runs(runs[:, 0], runs[:, 1])
    centre_out, place_out = expand_runs(runs[:, 2], runs[:, 3])
    members = (graph.payer[graph.got.order[place_in]], graph.payee[graph.sent.order[place_out]])
    return Stars(
        surprise,
        graph.got.count + graph.sent.count,
        np.concatenate([centre_in, centre_out]),
        np.concatenate(members),
    )


@compiled(
    "Tuple((float64[:], int64[:, :]))"
    "(int64[:], int64[:], float64[:], float64[:], int64[:], int64[:], int64[:], int64[:])"
)
def _scan(payer, payee, begin, end, in_order, in_start, out_order, out_start):  # type: ignore[no-untyped-def]
    """The least likely run of incoming payments with a run of outgoing ones that begins no earlier
    than its last. runs: first and last place in in_order, then in out_order; last -1: none."""
    accounts = len(in_start) - 1
    surprise = np.zeros(accounts)
    runs = np.zeros((accounts, 4), dtype=np.int64)
    runs[:, 1] = runs[:, 3] = -1
    for account in range(accounts):
        in_stop, out_stop = in_start[account + 1], out_start[account + 1]
        n_in, n_out = in_stop - in_start[account], out_stop - out_start[account]
        if n_in < SIDE_MIN or n_out < SIDE_MIN:
            continue
        for first in range(in_start[account], in_stop - 1):
            payers = 1
            out_first = out_start[account]
            for last in range(first + 1, min(in_stop, first + RUN_MAX)):
                a, b = in_order[first], in_order[last]
                payers += payer[b] != payer[in_order[last - 1]]
                mean = (n_in - 1) * (end[b] - begin[a])
                of_gather = poisson_surprise(payers - 1, mean)
                if payers < SIDE_MIN or of_gather <= _SIDE_SURPRISE_MIN:
                    continue
                low, high = out_first, out_stop  # the first outgoing payment not before b
                while low < high:
                    half = (low + high) // 2
                    if begin[out_order[half]] < begin[b]:
                        low = half + 1
                    else:
                        high = half
                out_first = low
                payees, previous = 0, -1
                for at in range(out_first, min(out_stop, out_first + RUN_MAX)):
                    c = out_order[at]
                    payees += payee[c] != previous
                    previous = payee[c]
                    of_scatter = poisson_surprise(payees, n_out * (end[c] - begin[b]))
                    if payees < SIDE_MIN or of_scatter <= _SIDE_SURPRISE_MIN:
                        continue
                    found = of_gather + of_scatter - math.log(n_in)
                    if found > surprise[account]:
                        surprise[account] = found
                        runs[account, 0], runs[account, 1] = first, last
                        runs[account, 2], runs[account, 3] = out_first, at
    return surprise, runs
