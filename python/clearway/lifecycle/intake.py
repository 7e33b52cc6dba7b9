"""What is offered to the queue: looked at as it comes, and answered, unless only money is missing.

Read beside queue.py, on whose thread all of this runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from clearway.lifecycle.batcher import ANSWER_S_MAX, Batcher
from clearway.lifecycle.covered import CODE_SHORT, Trial
from clearway.lifecycle.release import Entry, code_of, entry_of, settles_at
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.records import view_heads
from clearway.store.queue import Queued, State


class Offer(NamedTuple):
    """A payment in one asset that its institution signs. priority: 0 goes first."""

    submission: Submission
    priority: int
    until_ns: int
    answer: Future[Placed | Queued]


class Intake:
    def __init__(self, rooms: Rooms, batcher: Batcher) -> None:
        self._rooms = rooms
        self._batcher = batcher
        self._table = rooms.vault.queue
        self._numbers = itertools.count(self._table.next_number())
        self._last_ns = 0

    def sort_out(self, offers: Sequence[Offer]) -> list[tuple[Entry, Offer]]:
        """Those that lack nothing but money, if anything; the others are answered. Each is screened
        and scored here, as it comes, and once more when it is released."""
        fresh: list[tuple[Entry, Offer]] = []
        final: list[Offer] = []
        new = self._new(offers)
        for offer, answer in zip(new, self._ask(new), strict=True):
            if isinstance(answer, ClearwayError) or answer.height:  # its id was used before
                _put(offer, answer)
            elif code_of(answer) in (0, CODE_SHORT):
                fresh.append((entry_of(self._row(offer, answer), self._rooms), offer))
            else:
                final.append(offer)
        self._pay(final)
        return fresh

    def _new(self, offers: Sequence[Offer]) -> list[Offer]:
        """Without those that wait or waited; of several with one id the first."""
        ids = [offer.submission.head[16:32] for offer in offers]
        known = self._table.many(ids)
        new: dict[bytes, Offer] = {}
        for id, offer in zip(ids, offers, strict=True):
            row = known.get(id)
            if row is not None and row.state is not State.RELEASED:
                same = offer.submission.request_hash == row.request_hash
                _put(offer, row if same else Refusal("idempotency.body_differs"))
            elif id in new:
                _put(offer, Refusal("idempotency.in_progress"))
            else:
                new[id] = offer
        return list(new.values())

    def _ask(self, offers: Sequence[Offer]) -> list[Placed | ClearwayError]:
        """What the ledger would answer to each. One that is on its way by another door as well does
        not stop the others."""
        if not offers:
            return []
        columns = Columns.of([one.submission for one in offers])
        try:
            return self._batcher.place_trial(columns, Trial.ASK)
        except Refusal as refusal:
            if len(offers) == 1:
                return [refusal]
        half = len(offers) // 2
        return [*self._ask(offers[:half]), *self._ask(offers[half:])]

    def _pay(self, offers: Sequence[Offer]) -> None:
        """What no money would help goes to the ledger as any payment does."""
        if not offers:
            return
        columns = Columns.of([one.submission for one in offers])
        share = self._batcher.submit_columns(columns).result(ANSWER_S_MAX)
        for offer, answer in zip(offers, share.to_list(), strict=True):
            _put(offer, answer)

    def _row(self, offer: Offer, asked: Placed) -> Queued:
        head = view_heads(offer.submission.head)[0]
        payer, payee = head["payer"].tobytes(), head["payee"].tobytes()
        return Queued(
            number=next(self._numbers),
            id=head["id"].tobytes(),
            state=State.WAITING,
            payer=payer,
            payee=payee,
            payer_at=settles_at(self._rooms.book, payer).address,
            payee_at=settles_at(self._rooms.book, payee).address,
            priority=offer.priority,
            until_ns=offer.until_ns,
            created_ns=self._now_ns(),
            head=offer.submission.head,
            request_hash=offer.submission.request_hash,
            private=offer.submission.private,
            marks=offer.submission.marks,
            outcome=int(view_heads(asked.head)[0]["outcome"]),
            score_bps=asked.score_bps,
            reasons=asked.reasons,
            decision_flags=asked.decision_flags,
            model_id=asked.model_id,
            context=offer.submission.context,
        )

    def _now_ns(self) -> int:
        """Another one each time: lists are in this order."""
        self._last_ns = max(self._last_ns + 1, self._rooms.clock())
        return self._last_ns


def _put(offer: Offer, answer: Placed | Queued | ClearwayError) -> None:
    if isinstance(answer, ClearwayError):
        offer.answer.set_exception(answer)
    else:
        offer.answer.set_result(answer)
