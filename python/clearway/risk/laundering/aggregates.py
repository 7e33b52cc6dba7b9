"""Plain aggregates of each account: what a bank's data warehouse has anyway."""

from typing import Final

import numpy as np

from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph, Sequences

AGGREGATES: Final = (
    "got_n", "got_pairs", "got_sum", "got_mean", "got_most", "got_deviation", "got_days",
    "sent_n", "sent_pairs", "sent_sum", "sent_mean", "sent_most", "sent_deviation", "sent_days",
    "sum_ratio", "pair_ratio",
)  # fmt: skip


def find_aggregates(graph: PaymentGraph) -> Floats:
    """AGGREGATES float64[accounts, 16]: numbers and sums as ln(1 + x), amounts in units of the
    file's mean, `days` as the share of the file between first and last; 0 where there is none."""
    unit = max(float(graph.amount.mean()), 1e-12) if graph.payments else 1.0
    got = _side(graph, graph.got, graph.payee, graph.pair_payee, unit)
    sent = _side(graph, graph.sent, graph.payer, graph.pair_payer, unit)
    ratios = np.stack([got[:, 2] - sent[:, 2], got[:, 1] - sent[:, 1]], axis=1)
    return np.concatenate([got, sent, ratios], axis=1)


def _side(
    graph: PaymentGraph, side: Sequences, account: Ints, pair_account: Ints, unit: float
) -> Floats:
    accounts, count = graph.accounts, side.count
    amount = graph.amount / unit
    total = np.bincount(account, weights=amount, minlength=accounts)
    squares = np.bincount(account, weights=amount**2, minlength=accounts)
    mean = total / np.maximum(count, 1)
    most, length = np.zeros(accounts), np.zeros(accounts)
    np.maximum.at(most, account, amount)
    some = count > 0
    first, last = side.start[:-1][some], side.start[1:][some] - 1
    length[some] = graph.end[side.order[last]] - graph.begin[side.order[first]]
    deviation = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0))
    pairs = np.bincount(pair_account, minlength=accounts)
    logs = [np.log1p(value) for value in (count, pairs, total, mean, most, deviation)]
    return np.stack([*logs, length], axis=1)
