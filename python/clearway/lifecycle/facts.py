"""What the risk room is told about payments: the same for serving and for catching up.

An escrow is scored as the payment that it is about to be; what is released of it later is not
scored again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from clearway.ledger.book import Book
from clearway.payment.records import Heads, Kind
from clearway.risk.facts import Facts, ReferenceRates

SCORED = (Kind.PAYMENT, Kind.ESCROW, Kind.PULL)


def facts_of(
    heads: Heads,
    rows: npt.NDArray[np.intp],
    payer: npt.NDArray[np.uint32],
    payee: npt.NDArray[np.uint32],
    reference: ReferenceRates,
    book: Book,
    contexts: Mapping[int, bytes] | None = None,
) -> Facts:
    """FACTS[n] of these n rows of heads, of kinds SCORED, and of their account numbers. What a
    sub-account does is its parent's past: the money is his, and a new address must not look like a
    new person. contexts: of those of the n that have one (batch.Submission)."""
    facts = reference.facts(
        payer=book.settling_numbers(np.ascontiguousarray(payer)),
        payee=book.settling_numbers(np.ascontiguousarray(payee)),
        amount_minor=heads["amount_lo"][rows] + heads["amount_hi"][rows] * 2.0**64,
        asset=heads["asset"][rows],
        time_ns=heads["created_ns"][rows].astype(np.int64),
        purpose=heads["purpose"][rows],
        to_asset=heads["to_asset"][rows],
    )
    for row, context in (contexts or {}).items():
        facts["device"][row], facts["address"][row] = np.frombuffer(context, np.uint64)
    return facts
