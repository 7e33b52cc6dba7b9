"""The queue: payments whose payers were short wait here, and go as soon as they can.

One thread does all of it, in passes: it takes new payments in, ends what was cancelled or waited
too long, and releases what clearing/offsetting.py says can go: by itself, or several as one net.
The ledger has the last word. A set that it would refuse was planned on money that is not there any
more; it is not ordered, and what is left is planned again.

A payment's id on the ledger is the one that its client got, so that it is paid once, whatever is
killed when: after a restart the ledger is asked first which of them it has.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from clearway.clearing.offsetting import missing_minor, plan
from clearway.lifecycle.batcher import Batcher
from clearway.lifecycle.covered import CODE_SHORT, Trial
from clearway.lifecycle.release import (
    Entry,
    available_minor,
    blame,
    code_of,
    entry_of,
    first_chains,
    payments_of_now,
    settles_at,
)
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import BATCH_ROWS_MAX, Columns, Placed, Submission
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.payment.ids import format_payment
from clearway.payment.records import view_heads
from clearway.store.queue import Queued, State

WAITING_MAX: Final = 20_000
OFFERS_MAX: Final = 1_000  # that wait for the next pass
TRIES_MAX: Final = 8  # sets of one pass that the ledger would refuse
LOOK_S: Final = 1.0
REST: Final = 9  # times as long as a pass took, before the next one that only new money asks for
ANSWER_S_MAX: Final = 60.0
log = logging.getLogger("clearway.lifecycle")


@dataclass(frozen=True, slots=True)
class QueueTotals:
    """What waits in one asset. missing_minor: what its payers lack, all together, so that all of it
    could go as one net."""

    asset: int
    count: int
    amount_minor: int
    missing_minor: int
    oldest_ns: int


class _Offer(NamedTuple):
    submission: Submission
    priority: int
    until_ns: int
    answer: Future[Placed | Queued]


class _Cancel(NamedTuple):
    id: bytes
    by: bytes
    answer: Future[Queued | None]


class PaymentQueue:
    """`start` before, `stop` after; every other method from any thread."""

    def __init__(self, rooms: Rooms, batcher: Batcher) -> None:
        self._rooms = rooms
        self._batcher = batcher
        self._table = rooms.vault.queue
        self._table.height = lambda: rooms.book.height
        self.listeners: list[Callable[[int], None]] = []  # called when there is an event
        self._waiting: dict[bytes, Entry] = {}
        self._doubt: set[bytes] = set()  # ids of which the ledger is asked before anything else
        self._offers: deque[_Offer] = deque()
        self._cancels: deque[_Cancel] = deque()
        self._next_number = 1
        self._last_ns = 0
        self._planned_for: dict[int, int] | None = None  # the money of a pass that released nothing
        self._inbox = threading.Condition()
        self._has_news = False  # there may be new money
        self._stopping = True
        self._thread = threading.Thread(target=self._run, name="clearway-queue", daemon=True)

    # --- the doors' side ------------------------------------------------------------------------

    def offer(
        self, submission: Submission, *, priority: int, until_ns: int
    ) -> Future[Placed | Queued]:
        """Pays now if it can be, and otherwise keeps it waiting until `until_ns`; priority: 0 goes
        first. submission: a payment in one asset that its institution signs.

        The future gives Placed (the ledger has it) or Queued (it waits, and that is durable).
        Refuses capacity.full, idempotency.*; Faults as Batcher.submit_told, also in the future.
        """
        answer: Future[Placed | Queued] = Future()
        with self._inbox:
            self._check_open()
            if len(self._offers) >= OFFERS_MAX:
                raise Refusal("capacity.full", limit=OFFERS_MAX)
            self._offers.append(_Offer(submission, priority, until_ns, answer))
            self._inbox.notify()
        return answer

    def cancel(self, id: bytes, *, by: bytes) -> Future[Queued | None]:
        """The future gives the payment as it ended, or None when it waits no more. by: id of the
        request. Refuses capacity.full; Faults as `offer`."""
        answer: Future[Queued | None] = Future()
        with self._inbox:
            self._check_open()
            if len(self._cancels) >= OFFERS_MAX:
                raise Refusal("capacity.full", limit=OFFERS_MAX)
            self._cancels.append(_Cancel(id, by, answer))
            self._inbox.notify()
        return answer

    def _check_open(self) -> None:
        if self._stopping:
            raise Fault("node.stopping")

    def positions(self) -> dict[bytes, int]:
        """By id: which of its payer's waiting payments in its asset it is, from 1."""
        counts: dict[int, int] = {}
        found = {}
        for entry in sorted(self._still_waiting(), key=lambda one: one.rank):
            counts[entry.due.payer] = counts.get(entry.due.payer, 0) + 1
            found[entry.row.id] = counts[entry.due.payer]
        return found

    def totals(self) -> list[QueueTotals]:
        """Per asset that somebody waits in."""
        by_asset: dict[int, list[Entry]] = {}
        for entry in self._still_waiting():
            by_asset.setdefault(entry.row.asset, []).append(entry)
        totals = []
        for asset, entries in sorted(by_asset.items()):
            missing = missing_minor(
                available_minor(self._rooms.book, entries), [one.due for one in entries]
            )
            totals.append(
                QueueTotals(
                    asset=asset,
                    count=len(entries),
                    amount_minor=sum(one.due.credit_minor for one in entries),
                    missing_minor=sum(missing.values()),
                    oldest_ns=min(one.row.created_ns for one in entries),
                )
            )
        return totals

    def _still_waiting(self) -> list[Entry]:
        """Without those that the ledger took a moment ago."""
        waiting = self._waiting.copy()
        ids = b"".join(waiting)
        taken = self._rooms.book.remembered_heights(self._rooms.institution, ids).tolist()
        return [one for one, height in zip(waiting.values(), taken, strict=True) if not height]

    # --- the thread -----------------------------------------------------------------------------

    def start(self) -> None:
        """What the file says waits again; what the ledger has of it, the first pass finds out."""
        self._waiting = {row.id: entry_of(row, self._rooms) for row in self._table.waiting()}
        self._doubt = set(self._waiting)
        self._next_number = self._table.next_number()
        self._stopping = False
        self._rooms.projections.listeners.append(self._ring)
        self._thread.start()

    def stop(self) -> None:
        """The pass that runs is finished; who still waits for an answer is told node.stopping."""
        with self._inbox:
            self._stopping = True
            self._inbox.notify()
        if self._thread.is_alive():
            self._thread.join()
        _fail(self._offers, self._cancels, Fault("node.stopping"))

    def _ring(self, _height: int) -> None:
        if self._waiting:
            with self._inbox:
                self._has_news = True
                self._inbox.notify()

    def _run(self) -> None:
        rested_s = 0.0
        while not self._stopping:
            self._wait_for_work(rested_s)
            started_s = time.monotonic()
            try:
                self._look()
            except Exception:  # one look failed; the next may not
                log.exception("the queue was not looked at")
            rested_s = time.monotonic() + REST * (time.monotonic() - started_s)

    def _wait_for_work(self, rested_s: float) -> None:
        """Whoever asks is served at once; new money may come with every block, and is looked at
        when this thread has rested."""
        with self._inbox:
            self._inbox.wait_for(lambda: self._is_asked() or self._has_news, LOOK_S)
            rest_s = max(0.0, min(LOOK_S, rested_s - time.monotonic()))
            self._inbox.wait_for(self._is_asked, rest_s)
            self._has_news = False

    def _is_asked(self) -> bool:
        return self._stopping or bool(self._offers or self._cancels)

    def _look(self) -> None:
        """One pass. Raises Fault when the node cannot write: everything waits on."""
        with self._inbox:
            offers, cancels = list(self._offers), list(self._cancels)
            self._offers.clear()
            self._cancels.clear()
        try:
            self._find_what_the_ledger_has()
            for cancel in cancels:
                cancel.answer.set_result(self._void(cancel))
            self._expire()
            self._take_in(offers)
        except BaseException as error:
            failure = error if isinstance(error, ClearwayError) else Fault("node.bug")
            if isinstance(error, TimeoutError):
                failure = Fault("payment.outcome_unknown", payment="of the queue")
            _fail(offers, cancels, failure)
            raise

    def _find_what_the_ledger_has(self) -> None:
        """Of those whose release was never answered."""
        known = [id for id in self._doubt if not self._batcher.unknown(id)]
        if not known:
            return
        places = self._rooms.replay.find_many(b"".join(known))
        self._end([self._waiting[id] for id in known if id in places], State.RELEASED)
        self._doubt.difference_update(known)

    def _end(self, entries: Sequence[Entry], state: State, *, by: bytes | None = None) -> None:
        if entries:
            self._table.end([one.row for one in entries], state, self._rooms.clock(), by=by)
            for one in entries:
                del self._waiting[one.row.id]
            self._planned_for = None
            self._tell()

    def _void(self, cancel: _Cancel) -> Queued | None:
        entry = self._waiting.get(cancel.id)
        if entry is None:
            return None
        if cancel.id in self._doubt:
            raise Fault("payment.outcome_unknown", payment=format_payment(cancel.id))
        self._end([entry], State.VOIDED, by=cancel.by)
        return replace(entry.row, state=State.VOIDED, ended_by=cancel.by)

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener(self._rooms.book.height)

    def _expire(self) -> None:
        now_ns = self._rooms.clock()
        late = [one for one in self._waiting.values() if one.row.until_ns <= now_ns]
        self._end([one for one in late if one.row.id not in self._doubt], State.EXPIRED)

    # --- what comes -----------------------------------------------------------------------------

    def _take_in(self, offers: Sequence[_Offer]) -> None:
        """Answers every offer: what can go goes, with whatever waited for it."""
        fresh = self._sort_out(offers)
        released: dict[bytes, Placed] = {}
        try:
            self._release([entry for entry, _ in fresh], released)
        finally:  # what the ledger took by then, it took
            for entry, offer in fresh:
                if entry.row.id in released:
                    offer.answer.set_result(released[entry.row.id])
        rest = [(entry, one) for entry, one in fresh if entry.row.id not in released]
        room = WAITING_MAX - len(self._waiting)
        for _, offer in rest[room:]:
            offer.answer.set_exception(Refusal("capacity.full", limit=WAITING_MAX))
        self._keep(rest[:room])

    def _keep(self, fresh: Sequence[tuple[Entry, _Offer]]) -> None:
        """They wait from now on. What is private is in the file alone, where it can be erased."""
        if not fresh:
            return
        self._waiting.update((entry.row.id, entry) for entry, _ in fresh)
        positions = self.positions()
        rows = [replace(entry.row, position=positions[entry.row.id]) for entry, _ in fresh]
        try:
            self._table.add(rows, self._rooms.clock())
        except BaseException:
            for row in rows:
                del self._waiting[row.id]
            raise
        for row, (entry, offer) in zip(rows, fresh, strict=True):
            entry.row = replace(row, private=None, marks=b"")
            offer.answer.set_result(row)
        self._tell()

    def _sort_out(self, offers: Sequence[_Offer]) -> list[tuple[Entry, _Offer]]:
        """Those that lack nothing but money, if anything; the others are answered. Each is screened
        and scored here, as it comes, and once more when it is released."""
        new: dict[bytes, _Offer] = {}
        for offer in offers:
            id = offer.submission.head[16:32]
            known = self._table.find(id)
            if known is not None and known.state is not State.RELEASED:
                _answer_again(offer, known)
            elif id in new:
                offer.answer.set_exception(Refusal("idempotency.in_progress"))
            else:
                new[id] = offer
        if not new:
            return []
        asked = self._ask(list(new.values()))
        fresh: list[tuple[Entry, _Offer]] = []
        final: list[_Offer] = []
        for offer, answer in zip(new.values(), asked, strict=True):
            if isinstance(answer, ClearwayError):
                offer.answer.set_exception(answer)
            elif answer.height:
                offer.answer.set_result(answer)  # its id was used before
            elif code_of(answer) in (0, CODE_SHORT):
                fresh.append((entry_of(self._row(offer, answer), self._rooms), offer))
            else:
                final.append(offer)
        self._pay(final)
        return fresh

    def _ask(self, offers: Sequence[_Offer]) -> list[Placed | ClearwayError]:
        """What the ledger would answer to each. One that is on its way by another door as well does
        not stop the others."""
        try:
            return self._try(Columns.of([one.submission for one in offers]), Trial.ASK)
        except Refusal as refusal:
            if len(offers) == 1:
                return [refusal]
        half = len(offers) // 2
        return [*self._ask(offers[:half]), *self._ask(offers[half:])]

    def _pay(self, offers: Sequence[_Offer]) -> None:
        """What no money would help goes to the ledger as any payment does."""
        if not offers:
            return
        columns = Columns.of([one.submission for one in offers])
        share = self._batcher.submit_columns(columns).result(ANSWER_S_MAX)
        for offer, answer in zip(offers, share.to_list(), strict=True):
            if isinstance(answer, ClearwayError):
                offer.answer.set_exception(answer)
            else:
                offer.answer.set_result(answer)

    def _row(self, offer: _Offer, asked: Placed) -> Queued:
        head = view_heads(offer.submission.head)[0]
        payer, payee = head["payer"].tobytes(), head["payee"].tobytes()
        number, self._next_number = self._next_number, self._next_number + 1
        return Queued(
            number=number,
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
        )

    def _now_ns(self) -> int:
        """Another one each time: lists are in this order."""
        self._last_ns = max(self._last_ns + 1, self._rooms.clock())
        return self._last_ns

    # --- what goes ------------------------------------------------------------------------------

    def _release(self, fresh: Sequence[Entry], released: dict[bytes, Placed]) -> None:
        """Puts what the ledger takes, of those that wait and of the new ones, in `released`."""
        blocked = {self._waiting[id].due.payer for id in self._doubt}  # payers, for this pass
        left = {one.row.id: one for one in [*self._waiting.values(), *fresh]}
        tries = 0
        while left and tries < TRIES_MAX:
            queue = [one for one in left.values() if one.due.payer not in blocked]
            queue.sort(key=lambda one: one.rank)
            available = available_minor(self._rooms.book, queue)
            if available == self._planned_for and not fresh and not blocked:
                break
            steps = plan(available, [one.due for one in queue], net_max=BATCH_ROWS_MAX).steps
            if not steps:
                self._planned_for = None if fresh or blocked else available
                break
            chains = first_chains([[queue[place] for place in step] for step in steps])
            before = len(released)
            self._order(chains, blocked, released)
            tries += len(released) == before
            left = {id: one for id, one in left.items() if id not in released}

    def _order(
        self,
        chains: Sequence[Sequence[Entry]],
        blocked: set[int],
        released: dict[bytes, Placed],
    ) -> None:
        """Puts the chains on the ledger, all of them, or none if it would refuse one: whose money
        was not there after all is blocked then."""
        entries = [entry for chain in chains for entry in chain]
        try:
            columns = payments_of_now(chains, self._table, self._rooms.clock())
            answers = self._try(columns, Trial.ORDER)
        except Refusal as refusal:  # too much is under way, or one of them is by another door
            log.warning("the queue waits: %s", refusal)
            blocked.update(one.due.payer for one in entries)
            return
        except (Fault, TimeoutError):
            self._doubt.update(one.row.id for one in entries if one.row.id in self._waiting)
            raise
        gone = {
            entry.row.id: answer
            for entry, answer in zip(entries, answers, strict=True)
            if isinstance(answer, Placed) and answer.height
        }
        released.update(gone)
        ended = [self._waiting[id] for id in gone if id in self._waiting]
        try:
            self._end(ended, State.RELEASED)
        except Fault:
            self._doubt.update(one.row.id for one in ended)
            raise
        if len(gone) < len(entries):
            short, unclear = blame(chains, answers)
            blocked |= short
            self._doubt |= unclear & self._waiting.keys()

    def _try(self, columns: Columns, trial: Trial) -> list[Placed | ClearwayError]:
        """Refuses as Batcher.submit_trial. TimeoutError: nobody knows yet."""
        return self._batcher.submit_trial(columns, trial).result(ANSWER_S_MAX).to_list()


def _fail(offers: Iterable[_Offer], cancels: Iterable[_Cancel], error: ClearwayError) -> None:
    """Tells it to everybody who has no answer yet."""
    for offer in offers:
        if not offer.answer.done():
            offer.answer.set_exception(error)
    for cancel in cancels:
        if not cancel.answer.done():
            cancel.answer.set_exception(error)


def _answer_again(offer: _Offer, row: Queued) -> None:
    if offer.submission.request_hash == row.request_hash:
        offer.answer.set_result(row)
    else:
        offer.answer.set_exception(Refusal("idempotency.body_differs"))
