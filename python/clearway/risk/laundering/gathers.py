"""Gather-scatter: one account is paid by several, and soon pays several others."""

import math
from typing import Final

import numpy as np

from clearway.risk.compiled import compiled
from clearway.risk.laundering.fans import LASTING, brief_others, is_seen
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.laundering.stars import Stars, expand_runs
from clearway.risk.laundering.structuring import ALIKE, are_alike, count_alike, share_alike
from clearway.risk.laundering.surprise import poisson_surprise

RUN_MAX: Final = 24  # payments on each side that are looked at
SIDE_MIN: Final = 2  # counterparties on each side
_SIDE_SURPRISE_MIN: Final = 1.0  # nats; below it a side is no run


def find_gathers(graph: PaymentGraph) -> Stars:
    """Null: payments in and payments out were thrown anywhere into the file, each on its own."""
    return _find(graph, np.ones(graph.payments))


def find_structured_gathers(graph: PaymentGraph) -> Stars:
    """The same among payments in and out that are alike in amount; null as in structuring.py."""
    return _find(graph, graph.amount)


def _find(graph: PaymentGraph, amount: Floats) -> Stars:
    """amount: float64[n], what has to be alike."""
    got, sent = graph.got, graph.sent
    payer, payee = brief_others(graph, graph.payer), brief_others(graph, graph.payee)
    surprise, runs = _scan(
        payer[got.order], graph.begin[got.order], graph.end[got.order], amount[got.order],
        payee[sent.order], graph.begin[sent.order], graph.end[sent.order], amount[sent.order],
        got.start, sent.start, amount[np.lexsort((amount, graph.payee))],
        amount[np.lexsort((amount, graph.payer))], np.sort(amount),
    )  # fmt: skip
    centre_in, place_in = expand_runs(runs[:, 0], runs[:, 1])
    centre_out, place_out = expand_runs(runs[:, 2], runs[:, 3])
    centre = np.concatenate([centre_in, centre_out])
    payment = np.concatenate([got.order[place_in], sent.order[place_out]])
    member = np.concatenate([payer[got.order[place_in]], payee[sent.order[place_out]]])
    part = member != LASTING
    part &= are_alike(amount[payment], amount[got.order[runs[centre, 0]]])
    no_habit = np.zeros(graph.accounts)
    return Stars(surprise, no_habit, got.count + sent.count, centre[part], member[part])


@compiled(
    "Tuple((float64, int64))(int64[:], float64[:], float64[:], int64, int64, int64, float64,"
    " float64, float64, float64, int64, int64)"
)
def _best_scatter(  # type: ignore[no-untyped-def]
    payee, end, amount, first, stop, brief, since, least, most, of_file, own, own_alike
):  # fmt: skip
    """The least likely run of outgoing payments from place `first`, and its last place (-1: none);
    brief: how many the account has before `stop` to payees who do not last."""
    seen = np.zeros(RUN_MAX, dtype=np.int64)
    different, best, best_last = 0, 0.0, -1
    for at in range(first, min(stop, first + RUN_MAX)):
        left_out = payee[at] == LASTING or amount[at] < least or amount[at] > most
        if left_out or is_seen(seen, different, payee[at]):
            continue
        seen[different] = payee[at]
        different += 1
        if different < SIDE_MIN:
            continue
        share = share_alike(of_file, own, own_alike, different)
        found = poisson_surprise(different, brief * (end[at] - since) * share)
        if found > max(best, _SIDE_SURPRISE_MIN):
            best, best_last = found, at
    return best, best_last


@compiled(
    "Tuple((float64[:], int64[:, :]))(int64[:], float64[:], float64[:], float64[:], int64[:],"
    " float64[:], float64[:], float64[:], int64[:], int64[:], float64[:], float64[:], float64[:])"
)
def _scan(  # type: ignore[no-untyped-def]
    payer, in_begin, in_end, in_amount, payee, out_begin, out_end, out_amount, in_start, out_start,
    in_amounts, out_amounts, amounts,
):  # fmt: skip
    """The least likely run of incoming payments with a run of outgoing ones that begins no earlier
    than its last, times the payments that either could begin with. All are by account, then by
    time, in_amounts and out_amounts by amount. runs: first and last place of each; last -1: none.
    """
    accounts = len(in_start) - 1
    surprise = np.zeros(accounts)
    runs = np.zeros((accounts, 4), dtype=np.int64)
    runs[:, 1] = runs[:, 3] = -1
    seen = np.zeros(RUN_MAX, dtype=np.int64)
    for account in range(accounts):
        in_first, in_stop = in_start[account], in_start[account + 1]
        out_first, out_stop = out_start[account], out_start[account + 1]
        n_in = np.sum(payer[in_first:in_stop] != LASTING)
        n_out = np.sum(payee[out_first:out_stop] != LASTING)
        if n_in < SIDE_MIN or n_out < SIDE_MIN:
            continue
        tries = math.log(float(n_in * n_out))
        for first in range(in_first, in_stop - 1):
            if payer[first] == LASTING:
                continue
            least, most = in_amount[first] / ALIKE, in_amount[first] * ALIKE
            of_file = count_alike(amounts, least, most) / len(amounts)
            in_alike = count_alike(in_amounts[in_first:in_stop], least, most)
            out_alike = count_alike(out_amounts[out_first:out_stop], least, most)
            seen[0], different = payer[first], 1
            for last in range(first + 1, min(in_stop, first + RUN_MAX)):
                left_out = (
                    payer[last] == LASTING or in_amount[last] < least or in_amount[last] > most
                )
                if left_out or is_seen(seen, different, payer[last]):
                    continue
                seen[different] = payer[last]
                different += 1
                share = share_alike(of_file, in_stop - in_first, in_alike, different)
                mean = (n_in - 1) * (in_end[last] - in_begin[first]) * share
                of_gather = poisson_surprise(different - 1, mean)
                if of_gather <= _SIDE_SURPRISE_MIN:
                    continue
                after = out_first + np.searchsorted(out_begin[out_first:out_stop], in_begin[last])
                of_scatter, scatter_last = _best_scatter(
                    payee, out_end, out_amount, after, out_stop, n_out, in_begin[last],
                    least, most, of_file, out_stop - out_first, out_alike,
                )  # fmt: skip
                found = of_gather + of_scatter - tries
                if scatter_last >= 0 and found > surprise[account]:
                    surprise[account] = found
                    runs[account, 0], runs[account, 1] = first, last
                    runs[account, 2], runs[account, 3] = after, scatter_last
    return surprise, runs
