"""Guilt by association: who else pays a collector, and whom else a distributor pays."""

from typing import Final

import numpy as np

from clearway.risk.laundering.bursts import sure_bursts
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.laundering.surprise import calibrate

SURE: Final = 3.0  # nats of evidence at which a centre is sure to 1 - 1/e
OTHER_ROLE: Final = 0.3  # of it that also passes the other way: a collector pays on
RARE: Final = 50.0  # one account in so many launders, before anything is known


def weigh_association(graph: PaymentGraph, bursts: Floats) -> Floats:
    """Strength of each account, from the company it keeps.

    bursts: surprise of each pair, float64[m]. An account that has got in bursts is a collector;
    some of its other payers may belong to it although they have not paid in bursts yet. Which, is
    not known: each is suspect by one part in their number, less if he pays many anyway. Where most
    accounts keep such company, it says little.
    """
    evidence = sure_bursts(bursts)
    payer, payee = graph.pair_payer, graph.pair_payee
    n_payees = np.bincount(payer, minlength=graph.accounts)
    n_payers = np.bincount(payee, minlength=graph.accounts)
    collects, spreads = (
        1.0 - np.exp(-np.bincount(side, weights=evidence, minlength=graph.accounts) / SURE)
        for side in (payee, payer)
    )
    to_payer = (collects + OTHER_ROLE * spreads)[payee] / n_payers[payee]
    to_payee = (spreads + OTHER_ROLE * collects)[payer] / n_payees[payer]
    to_payer /= np.sqrt(n_payees[payer] / max(float(n_payees.mean()), 1e-12))
    to_payee /= np.sqrt(n_payers[payee] / max(float(n_payers.mean()), 1e-12))
    share = np.bincount(payer, weights=to_payer, minlength=graph.accounts)
    share += np.bincount(payee, weights=to_payee, minlength=graph.accounts)
    return calibrate(np.log1p(RARE * share))
