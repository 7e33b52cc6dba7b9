"""The payments of a file as a temporal multigraph, in a time and in amounts without units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sequences:
    """Payments by account, then by time: those of account a are order[start[a] : start[a + 1]].

    order: int64[n]. start: int64[accounts + 1].
    """

    order: Ints
    start: Ints

    @property
    def count(self) -> Ints:
        """int64[accounts]"""
        return np.diff(self.start)


@dataclass(frozen=True, slots=True)
class PaymentGraph:
    """n payments in the order of time among `accounts` accounts, m pairs of payer and payee.

    payer, payee: int64[n]. amount: float64[n], any unit.
    begin, end: float64[n], the share of the file's payments before the payment's instant, and up
    to its end. This is the clock of all detectors: the file's own pace is uniform on it, so nights,
    weekends and pay days make no bursts, and the unit of `time` does not matter.
    pair: int64[n], number of the payment's pair. pair_payer, pair_payee, pair_count: int64[m].
    sent, got: the sequences of payers and of payees.
    """

    accounts: int
    payer: Ints
    payee: Ints
    amount: Floats
    begin: Floats
    end: Floats
    pair: Ints
    pair_payer: Ints
    pair_payee: Ints
    pair_count: Ints
    sent: Sequences
    got: Sequences

    @property
    def payments(self) -> int:
        return len(self.payer)

    @property
    def partners(self) -> Ints:
        """int64[accounts]: how many an account pays, and how many pay it, together."""
        both = np.concatenate([self.pair_payer, self.pair_payee])
        return np.bincount(both, minlength=self.accounts)

    def at_both_ends(self, of_payment: Floats) -> Floats:
        """float64[accounts]: the most that a payment of the account has; values are at least 0."""
        most = np.zeros(self.accounts)
        np.maximum.at(most, self.payer, of_payment)
        np.maximum.at(most, self.payee, of_payment)
        return most


def make_graph(
    accounts: int, time: NDArray[Any], payer: Ints, payee: Ints, amount: Floats
) -> PaymentGraph:
    """Payments in the order of time, of an account to another, amounts finite and at least 0.

    >>> graph = make_graph(3, *np.array([[1, 1, 5], [0, 0, 1], [1, 2, 2]]), np.ones(3))
    >>> graph.begin.round(2).tolist(), graph.end.round(2).tolist()
    ([0.0, 0.0, 0.67], [0.67, 0.67, 1.0])
    """
    assert (payer != payee).all(), "invariant: a payment to oneself moves nothing"
    n = len(time)
    _, place, at_once = np.unique(time, return_inverse=True, return_counts=True)
    upto = np.cumsum(at_once)
    keys, pair, count = np.unique(payer * accounts + payee, return_inverse=True, return_counts=True)
    return PaymentGraph(
        accounts=accounts,
        payer=payer,
        payee=payee,
        amount=amount,
        begin=(upto - at_once)[place] / max(n, 1),
        end=upto[place] / max(n, 1),
        pair=pair,
        pair_payer=keys // max(accounts, 1),
        pair_payee=keys % max(accounts, 1),
        pair_count=count,
        sent=_sequences(payer, accounts),
        got=_sequences(payee, accounts),
    )


def _sequences(account: Ints, accounts: int) -> Sequences:
    order = np.argsort(account, kind="stable")
    return Sequences(order, np.searchsorted(account[order], np.arange(accounts + 1)))
