"""After an interruption: what does the ledger say? Nothing is ever guessed.

`resolve` finds out what became of an envelope whose answer never came. `catch_up` brings the risk
room's memory to the head of the chain when a node starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearway.ledger.book import Block, Book
from clearway.lifecycle.facts import SCORED, facts_of
from clearway.lifecycle.reports import tell_reports
from clearway.lifecycle.reviewable import find_reviewable
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.decision import Decisions
from clearway.payment.records import DECLINE, ENVELOPE, Kind
from clearway.ports.ordering import Ordered
from clearway.risk.decide import Scorer
from clearway.risk.facts import Facts, ReferenceRates
from clearway.risk.memory.snapshot import AsOf
from clearway.risk.scores import Decided
from clearway.store.vault import Vault


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one envelope brought that is scored. facts: of the n payments of known parties; rows:
    where they stand in the block; index: of the last that is scored. place: key and sequence of the
    envelope, and where each payment stands in it. decisions: of the payments, None when the vault
    does not have them; reviewable: bool[n], see reviewable.py."""

    block: Block
    rows: npt.NDArray[np.int64]
    facts: Facts
    index: int
    key: bytes
    sequence: int
    envelope_index: npt.NDArray[np.int64]
    decisions: Decisions | None
    reviewable: npt.NDArray[np.bool_]

    @property
    def outcome(self) -> npt.NDArray[np.uint8]:
        """As it stands on the ledger."""
        outcome: npt.NDArray[np.uint8] = self.block.heads["outcome"][self.rows]
        return outcome


def recorded(
    book: Book, reference: ReferenceRates, vault: Vault, as_of: AsOf
) -> Iterator[Recorded]:
    """Everything scored after as_of, in the order of the chain. Every payment counts that stands in
    a block, whatever its result: scoring advanced over the same ones."""
    for block in book.blocks(max(as_of.height, 1)):
        scored = np.isin(block.heads["kind"], SCORED)
        if block.height == as_of.height:
            scored[: as_of.index + 1] = False
        for index, envelope in envelopes_of(block):
            first, count = index + 1, int(envelope["count"])
            rows = first + np.flatnonzero(scored[first : first + count])
            if len(rows) == 0:
                continue
            payer = book.account_numbers(block.heads["payer"][rows])
            payee = book.account_numbers(block.heads["payee"][rows])
            known = (payer != NOT_AN_ACCOUNT) & (payee != NOT_AN_ACCOUNT)
            payer, payee = payer[known], payee[known]
            key, sequence = envelope["key"].tobytes(), int(envelope["sequence"])
            at = rows[known] - first
            said = vault.contexts(key, sequence)
            contexts = {row: said[place] for row, place in enumerate(at.tolist()) if place in said}
            kept = vault.decisions(key, sequence)
            decisions = None if kept is None else kept[at]
            findings = np.zeros(len(at), np.uint16) if kept is None else kept["flags"][at]
            heads = block.heads[first : first + count]
            yield Recorded(
                block=block,
                rows=rows[known],
                facts=facts_of(block.heads, rows[known], payer, payee, reference, book, contexts),
                index=int(rows[-1]),
                key=key,
                sequence=sequence,
                envelope_index=at,
                decisions=decisions,
                reviewable=find_reviewable(heads, at, findings).possible,
            )


def catch_up(book: Book, scorer: Scorer, reference: ReferenceRates, vault: Vault) -> int:
    """Takes every payment after the memory's `as_of` in; returns how many. What was known of frauds
    before them is told before them again."""
    payments = 0
    for part in recorded(book, reference, vault, scorer.as_of):
        tell_known(part, book, scorer, reference, vault)
        scorer.advance(
            part.facts, height=part.block.height, index=part.index, decided=_decided(part)
        )
        payments += len(part.facts)
    return payments


def _decided(part: Recorded) -> Decided | None:
    kept = part.decisions
    if kept is None or len(kept) == 0:
        return None
    stood = part.block.results["code"][part.rows] == 0
    went_on = (part.outcome != DECLINE) & stood
    model_id = kept["model_id"][0].tobytes()
    return Decided(kept["score_bps"], part.outcome, kept["reasons"], went_on, model_id)


def tell_known(
    part: Recorded, book: Book, scorer: Scorer, reference: ReferenceRates, vault: Vault
) -> None:
    """What was known of frauds before these payments, and was not told yet."""
    told = vault.told(part.key, part.sequence)
    if told is not None:
        tell_reports(scorer, vault, book, reference, upto=told)
