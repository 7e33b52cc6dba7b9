"""Payments that became known as frauds, or as honest, told to the risk room between two batches.

A batch keeps the number of the last feedback that its features knew of, so that the memory can be
made again from the chain and the vault in the very order in which it was made.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clearway.ledger.book import Book
from clearway.lifecycle.facts import facts_of
from clearway.payment.records import HEAD
from clearway.risk.decide import Scorer
from clearway.risk.facts import (
    CLEARED,
    CLEARED_AGAIN,
    REPORTED,
    REPORTED_AGAIN,
    Facts,
    ReferenceRates,
)
from clearway.store.feedback import Feedback, FeedbackTable
from clearway.store.vault import Vault

AT_ONCE: Final = 1_000


def tell_reports(
    scorer: Scorer,
    vault: Vault,
    book: Book,
    reference: ReferenceRates,
    *,
    upto: int | None = None,
) -> int | None:
    """Tells what was said since the last time, all of it or up to a number; the number of the last
    one, or None when there was nothing."""
    feedback = vault.feedback
    last = feedback.last_number if upto is None else upto
    if scorer.state.told >= last:
        return None
    while scorer.state.told < last:
        said = feedback.after(scorer.state.told, limit=min(AT_ONCE, last - scorer.state.told))
        known = [one for one in said if _is_news(one, feedback)]
        scorer.tell(_facts_of(known, vault, book, reference), number=said[-1].number)
    return last


def _is_news(one: Feedback, feedback: FeedbackTable) -> bool:
    """A chargeback of a payment that is known as a fraud is none. Another verdict than the last is:
    the report that it takes back stays counted, but ends the payee's run of them."""
    earlier = feedback.before(one)
    return earlier is None or earlier.verdict.is_fraud != one.verdict.is_fraud


def _kind(one: Feedback, feedback: FeedbackTable) -> int:
    """A report that was taken back and is given again is no second one: the tallies have it, and it
    only begins the payee's run once more. With clearances it is the same."""
    is_fraud = one.verdict.is_fraud
    is_known = any(said.is_fraud == is_fraud for said in feedback.verdicts_before(one))
    if is_fraud:
        return REPORTED_AGAIN if is_known else REPORTED
    return CLEARED_AGAIN if is_known else CLEARED


def _facts_of(news: list[Feedback], vault: Vault, book: Book, reference: ReferenceRates) -> Facts:
    entries = [book.entry(one.payment_height, one.payment_index)[: HEAD.itemsize] for one in news]
    heads = np.frombuffer(b"".join(entries), dtype=HEAD)
    payer = book.account_numbers(np.ascontiguousarray(heads["payer"]))
    payee = book.account_numbers(np.ascontiguousarray(heads["payee"]))
    contexts = {}
    for row, one in enumerate(news):
        said = vault.contexts(one.key, one.sequence)
        if one.envelope_index in said:
            contexts[row] = said[one.envelope_index]
    rows = np.arange(len(heads))
    facts = facts_of(heads, rows, payer, payee, reference, book, contexts)
    facts["time_ns"] = [one.recorded_ns for one in news]
    facts["report"] = [_kind(one, vault.feedback) for one in news]
    return facts
