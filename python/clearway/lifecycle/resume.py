"""After an interruption: what does the ledger say? Nothing is ever guessed.

`resolve` finds out what became of an envelope whose answer never came. `catch_up` brings the risk
room's memory to the head of the chain when a node starts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearway.ledger.book import Block, Book
from clearway.lifecycle.facts import SCORED, facts_of
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.records import ENVELOPE, Kind
from clearway.ports.ordering import Ordered
from clearway.risk.decide import Scorer
from clearway.risk.facts import ReferenceRates


def resolve(
    book: Book, *, key: bytes, sequence: int, valid_until_ns: int, from_height: int
) -> Ordered | bool:
    """Where the envelope stands; False when it can never stand anywhere; True when it still may.

    from_height: the first block that can hold it. The ledger refuses an envelope after its
    `valid_until_ns` and after a later sequence of the same key, so this comes to an end as soon as
    the ledger's time passes.
    """
    time_ns = book.time_ns  # read before the blocks: one more block then only delays the answer
    for block in book.blocks(from_height):
        for index, envelope in envelopes_of(block):
            if envelope["key"].tobytes() == key and int(envelope["sequence"]) == sequence:
                stop = index + 1 + int(envelope["count"])
                return Ordered(
                    height=block.height,
                    index=index + 1,
                    time_ns=block.time_ns,
                    results=block.results[index + 1 : stop].tobytes(),
                )
    return time_ns <= valid_until_ns


def envelopes_of(block: Block) -> Iterator[tuple[int, np.void]]:
    """(index in the block, ENVELOPE row) of every envelope."""
    for index in np.flatnonzero(block.heads["kind"] == Kind.ENVELOPE).tolist():
        yield index, np.frombuffer(block.heads[index].tobytes(), ENVELOPE, 1)[0]


def catch_up(book: Book, scorer: Scorer, reference: ReferenceRates) -> int:
    """Takes every payment after the memory's `as_of` in; returns how many. Every payment counts
    that stands in a block, whatever its result: scoring advanced over the same ones."""
    payments = 0
    as_of = scorer.as_of
    for block in book.blocks(max(as_of.height, 1)):
        heads = block.heads
        rows = np.flatnonzero(np.isin(heads["kind"], SCORED))
        if block.height == as_of.height:
            rows = rows[rows > as_of.index]
        if len(rows) == 0:
            continue
        paid = heads[rows]
        payer = book.account_numbers(np.ascontiguousarray(paid["payer"]))
        payee = book.account_numbers(np.ascontiguousarray(paid["payee"]))
        known = (payer != NOT_AN_ACCOUNT) & (payee != NOT_AN_ACCOUNT)
        facts = facts_of(paid[known], payer[known], payee[known], reference, book)
        scorer.advance(facts, height=block.height, index=int(rows[-1]))
        payments += len(facts)
    return payments
