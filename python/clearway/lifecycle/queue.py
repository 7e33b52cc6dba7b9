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
from dataclasses import replace
from typing import Any, Final, NamedTuple

from clearway.clearing.offsetting import plan
from clearway.lifecycle.batcher import Batcher
from clearway.lifecycle.covered import Trial
from clearway.lifecycle.intake import Intake, Offer
from clearway.lifecycle.release import (
    Entry,
    QueueTotals,
    available_minor,
    blame,
    entry_of,
    first_chains,
    payments_of_now,
    positions_of,
    totals_of,
)
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import BATCH_ROWS_MAX, Placed, Submission
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.payment.ids import format_payment
from clearway.store.queue import Queued, State

WAITING_MAX: Final = 20_000
OFFERS_MAX: Final = 1_000  # that wait for the next pass
TRIES_MAX: Final = 8  # sets of one pass that the ledger would refuse
LOOK_S: Final = 1.0
REST: Final = 9  # times as long as a pass took, before the next one that only new money asks for
log = logging.getLogger("clearway.lifecycle")


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
        self._intake = Intake(rooms, batcher)
        self.listeners: list[Callable[[int], None]] = []  # called when there is an event
        self._waiting: dict[bytes, Entry] = {}
        self._doubt: set[bytes] = set()  # ids of which the ledger is asked before anything else
        self._offers: deque[Offer] = deque()
        self._cancels: deque[_Cancel] = deque()
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
            self._offers.append(Offer(submission, priority, until_ns, answer))
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
        return positions_of(self._still_waiting())

    def totals(self) -> list[QueueTotals]:
        """Per asset that somebody waits in."""
        return totals_of(self._rooms.book, self._still_waiting())

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

    def _take_in(self, offers: Sequence[Offer]) -> None:
        """Answers every offer: what can go goes, with whatever waited for it."""
        fresh = self._intake.sort_out(offers)
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

    def _keep(self, fresh: Sequence[tuple[Entry, Offer]]) -> None:
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
            entry.row = replace(row, private=None, marks=b"", context=b"")
            offer.answer.set_result(row)
        self._tell()

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
            answers = self._batcher.place_trial(columns, Trial.ORDER)
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


def _fail(offers: Iterable[Offer], cancels: Iterable[_Cancel], error: ClearwayError) -> None:
    """Tells it to everybody who has no answer yet."""
    waiting: list[Future[Any]] = [one.answer for one in offers]
    waiting += [one.answer for one in cancels]
    for answer in waiting:
        if not answer.done():
            answer.set_exception(error)
