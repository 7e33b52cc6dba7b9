"""Ties: two accounts with more third ones between them than chance gives."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph, Sequences
from clearway.risk.laundering.hops import Hops
from clearway.risk.laundering.surprise import COMMON, calibrate, strength, uncertain_surprises

SHAPE: Final = 2.0  # of the gamma distribution of what is expected: within a factor of about 2
NEAR: Final = 4  # payments of a third account that are next to each other


@dataclass(frozen=True, slots=True)
class _Ties:
    """int64[t]: the account `middle` ties `a` to `b`; undirected ones are tied b to a as well."""

    a: Ints
    b: Ints
    middle: Ints
    directed: bool


def weigh_scatter_gather(graph: PaymentGraph, hops: Hops) -> Floats:
    """Strength of each account: a pays b by way of several, who pass it on."""
    before, after, _ = hops.pairs
    ties = _Ties(graph.payer[before], graph.payee[after], graph.payee[before], directed=True)
    return _weigh(graph, ties)


def weigh_bipartite(graph: PaymentGraph) -> Floats:
    """Strength of each account: several pay the same several, about the same time.

    Two payers are tied by a payee, two payees by a payer; both layers show.
    """
    return _weigh(graph, _neighbours(graph.got, graph.payee, graph.payer)) + _weigh(
        graph, _neighbours(graph.sent, graph.payer, graph.payee)
    )


def _neighbours(side: Sequences, middle: Ints, other: Ints) -> _Ties:
    a, b = [], []
    for ahead in range(1, NEAR + 1):
        early, late = side.order[:-ahead], side.order[ahead:]
        same = middle[early] == middle[late]
        a.append(early[same])
        b.append(late[same])
    first, second = np.concatenate(a), np.concatenate(b)
    one, two = other[first], other[second]
    return _Ties(np.minimum(one, two), np.maximum(one, two), middle[first], directed=False)


def _weigh(graph: PaymentGraph, ties: _Ties) -> Floats:
    """Null: as many ties as there are, between accounts as often as they have any (a configuration
    model); how many to expect is known roughly, because famous accounts share more than chance
    gives them. Each account might be tied to any other, so ln(accounts) nats are due by chance.
    After that few accounts have any: a tenth with less than COMMON nats is no habit, and does not
    scale down the rings above it."""
    accounts = graph.accounts
    other = (ties.a != ties.b) & (ties.a != ties.middle) & (ties.b != ties.middle)
    key = ties.a[other] * accounts + ties.b[other]
    order = np.lexsort((ties.middle[other], key))
    key, middle = key[order], ties.middle[other][order]
    new_key = np.append(True, key[1:] != key[:-1])[: len(key)]
    new = new_key | np.append(True, middle[1:] != middle[:-1])[: len(key)]
    key, middle, pair = key[new], middle[new], (np.cumsum(new_key) - 1)[new]
    a, b = key // max(accounts, 1), key % max(accounts, 1)
    starts, stops = np.bincount(a, minlength=accounts), np.bincount(b, minlength=accounts)
    if ties.directed:
        weight = starts[a], stops[b], max(len(key), 1)
    else:
        weight = (starts + stops)[a], (starts + stops)[b], max(2 * len(key), 1)
    count = np.bincount(pair)
    lead = np.flatnonzero(np.append(True, pair[1:] != pair[:-1])[: len(pair)])
    mean = (weight[0] * weight[1] / weight[2])[lead]
    surprise = np.where(count > 1, uncertain_surprises(count, mean, SHAPE), 0.0)
    beyond = np.maximum(0.0, surprise - np.log(max(accounts, 1)))[pair]
    found = np.zeros(accounts)
    for account in (a, b, middle):
        np.maximum.at(found, account, beyond)
    return strength(calibrate(found, tail_min=COMMON))
