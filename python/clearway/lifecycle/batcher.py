"""The micro-batcher: whatever arrived in the last milliseconds travels as one batch.

Bounded in count (batch.BATCH_ROWS_MAX rows), in bytes, in the time that a row waits for company,
and in what may queue; more is refused at once with capacity.full. Three threads carry batches in
turn (line.py). No loop waits for another's payments: answers are handed over once per batch.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.covered import Trial, pay_if_covered
from clearway.lifecycle.line import Line, Turn
from clearway.lifecycle.parcels import (
    Parcel,
    Share,
    Told,
    ToldMany,
    columns_of,
    hand_over,
    parcel_of,
    teller_of,
)
from clearway.lifecycle.pay import book, forget, pay, remember, tell
from clearway.lifecycle.resume import resolve
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import (
    BATCH_ROWS_MAX,
    Answers,
    Columns,
    Placed,
    Submission,
    check_heads,
)
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.payment.ids import format_payment, split_ids
from clearway.ports.ordering import Ordered

BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
THREADS: Final = 3  # one decides while one is kept and one is ordered
ANSWER_S_MAX: Final = 60.0  # that a caller without a loop waits
RESOLVE_PAUSE_S: Final = 0.05
IDLE_PAUSE_S: Final = 0.2
NEWCOMERS_AT_ONCE: Final = 8  # names; a few milliseconds

log = logging.getLogger("clearway.lifecycle")


@dataclass(frozen=True, slots=True)
class Limits:
    """queue_rows_max: payments that may wait. wait_us: how long the first of a batch waits for
    company, unless a loop tells that nobody else is coming."""

    queue_rows_max: int = 65_536
    wait_us: int = 2_000


class Batcher:
    """Takes submissions from any thread; `start` before, `stop` after."""

    def __init__(self, rooms: Rooms, limits: Limits) -> None:
        self._rooms = rooms
        self._limits = limits
        self._line = Line()
        self._queue: deque[Parcel] = deque()
        self._arrived = threading.Condition()
        self._running: set[bytes] = set()  # ids between submission and answer
        self._unknown: set[bytes] = set()  # ids whose answer from ordering never came
        self._closed: Fault | None = Fault("node.starting", what="the batcher is not started")
        self._paused: Fault | None = None
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._entered = 0
        self._watched = False  # whether a loop tells when its callers are complete
        self._complete = False
        self.waiting = 0  # rows in the queue

    # --- the doors' side ------------------------------------------------------------------------

    def submit(self, submission: Submission) -> asyncio.Future[Placed]:
        """As `submit_told`; the future gives Placed or raises what refused the payment."""
        future: asyncio.Future[Placed] = asyncio.get_running_loop().create_future()
        self.submit_told(submission, teller_of(future))
        return future

    def submit_told(self, submission: Submission, told: Told) -> None:
        """For a running event loop, where `told` is called once the answer is durable.

        Refuses at once: capacity.full, idempotency.in_progress. Faults at once: node.starting,
        node.stopping, node.disk_full, node.disk_failed, node.bug, payment.outcome_unknown.
        """
        self._enter(parcel_of(submission, told, asyncio.get_running_loop()))

    def place(self, submission: Submission, *, timeout_s: float = ANSWER_S_MAX) -> Placed:
        """As `submit` for callers without a loop: blocks until the answer is durable."""
        future: Future[Placed] = Future()
        self._enter(parcel_of(submission, teller_of(future), None))
        return future.result(timeout_s)

    def submit_columns(self, columns: Columns) -> Future[Share]:
        """Up to BATCH_ROWS_MAX rows at once, without an object per payment.

        Refuses as `submit_told` does, for all rows together, and request.invalid for a head that
        would not decode. Ids must be distinct.
        """
        check_heads(columns.heads)
        future: Future[Share] = Future()
        self._enter_columns(columns, teller_of(future), None)
        return future

    def submit_share(self, columns: Columns) -> asyncio.Future[Share]:
        """As `submit_columns`, for a running event loop and a door that packs heads itself."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Share] = loop.create_future()
        self._enter_columns(columns, teller_of(future), loop)
        return future

    def place_trial(self, columns: Columns, trial: Trial) -> list[Placed | ClearwayError]:
        """As `place`, for columns that are ordered, in a batch of their own, only if their payers
        can pay all of it; see lifecycle/covered.py for what the answers are if not.

        Refuses as `submit_columns`. TimeoutError: nobody knows yet.
        """
        check_heads(columns.heads)
        future: Future[Share] = Future()
        self._enter_columns(columns, teller_of(future), None, trial)
        return future.result(ANSWER_S_MAX).to_list()

    def _enter_columns(
        self,
        columns: Columns,
        told: ToldMany,
        loop: asyncio.AbstractEventLoop | None,
        trial: Trial | None = None,
    ) -> None:
        if not 1 <= len(columns) <= BATCH_ROWS_MAX:
            raise ValueError(f"1 to {BATCH_ROWS_MAX} rows, not {len(columns)}")
        ids = split_ids(columns.heads["id"].tobytes())
        if len(set(ids)) < len(ids):
            raise Refusal("request.invalid", field="id", what="used twice in one upload")
        size_bytes = sum(len(private or b"") for private in columns.privates or ())
        size_bytes += columns.heads.nbytes + columns.signatures.nbytes
        if trial is not None:
            size_bytes = BATCH_BYTES_MAX + 1  # nothing travels with it
        self._enter(Parcel(columns, ids, size_bytes, told, loop, trial))

    def unknown(self, id: bytes) -> bool:
        """Whether ordering never answered for this id, and the ledger does not tell yet."""
        return id in self._unknown

    @property
    def _shut(self) -> Fault | None:
        """Why nothing is accepted now."""
        return self._closed or self._paused

    def problems(self) -> list[str]:
        """Why nothing is accepted now; empty when it is."""
        shut = self._shut
        found = [str(shut)] if shut else []
        return found + (["ordering has not answered for a batch"] if self._unknown else [])

    def disk_fault(self) -> Fault | None:
        """node.disk_full or node.disk_failed when that is why nothing is accepted."""
        shut = self._shut
        return shut if shut and shut.code.startswith("node.disk_") else None

    def pause(self, fault: Fault) -> None:
        """Nothing is accepted until `resume`: there is no room."""
        self._paused = fault

    def resume(self) -> None:
        self._paused = None

    def _enter(self, parcel: Parcel) -> None:
        with self._arrived:
            shut = self._shut
            if shut:
                raise Fault(shut.code, **shut.facts)
            if self.waiting + parcel.height > self._limits.queue_rows_max:
                raise Refusal("capacity.full", limit=self._limits.queue_rows_max)
            self._check_free(parcel.ids)
            self._running.update(parcel.ids)
            self._queue.append(parcel)
            self._entered += 1
            self.waiting += parcel.height
            if parcel.loop is not None and not self._watched:
                self._watched, self._complete = True, False
                parcel.loop.call_soon(self._watch, parcel.loop, self._entered)
            # Who waits for company is woken by a full batch, not by each of its rows.
            if len(self._queue) == 1 or self.waiting >= BATCH_ROWS_MAX:
                self._arrived.notify()

    def _check_free(self, ids: Sequence[bytes]) -> None:
        """No other row has one of these ids and is not answered yet."""
        if self._running.isdisjoint(ids) and self._unknown.isdisjoint(ids):
            return
        first = next(id for id in ids if id in self._running or id in self._unknown)
        if first in self._unknown:
            raise Fault("payment.outcome_unknown", payment=format_payment(first))
        raise Refusal("idempotency.in_progress")

    def _watch(self, loop: asyncio.AbstractEventLoop, entered: int) -> None:
        """The loop has gone round once. While each round brings somebody, they go together; after
        one that brought nobody, they need not wait any longer."""
        with self._arrived:
            if self._entered != entered and self._queue:
                loop.call_soon(self._watch, loop, self._entered)
                return
            self._watched = False
            self._complete = True
            self._arrived.notify()

    # --- the threads' side ----------------------------------------------------------------------

    def start(self) -> None:
        self._closed, self._stopping = None, False
        self._threads = [
            threading.Thread(target=self._work, name=f"clearway-line-{n}", daemon=True)
            for n in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What waits is still answered; nothing more is accepted."""
        with self._arrived:
            self._closed = Fault("node.stopping")
            self._stopping = True
            self._arrived.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        while True:
            with self._line.turn() as turn:
                parcels = self._gather()
                if not parcels:
                    return
                answers = self._carry(parcels, turn)
            if answers is not None:
                self._deliver(parcels, answers)

    def _gather(self) -> list[Parcel]:
        """The next batch's parcels, in order of arrival; none when everything is done."""
        while not self._queue and not self._stopping:
            self._screen_newcomers()
            with self._arrived:
                if not self._queue and not self._stopping:
                    self._arrived.wait(IDLE_PAUSE_S)
        with self._arrived:
            if not self._stopping:
                self._wait_for_company()
            self._complete = False
            parcels: list[Parcel] = []
            rows = size_bytes = 0
            while self._queue:
                parcel = self._queue[0]
                rows += parcel.height
                size_bytes += parcel.size_bytes
                if parcels and (rows > BATCH_ROWS_MAX or size_bytes > BATCH_BYTES_MAX):
                    break
                parcels.append(self._queue.popleft())
                self.waiting -= parcel.height
            return parcels

    def _screen_newcomers(self) -> None:
        """Screens accounts that nobody has paid yet while there is nothing else to do, so that a
        sanctioned name is known soon after it came, and no payment has to wait for it."""
        self._rooms.parties.grow(self._rooms.book.accounts_count)
        parties = self._rooms.parties
        while not self._queue and not self._stopping and parties.sweep(NEWCOMERS_AT_ONCE):
            pass

    def _wait_for_company(self) -> None:
        deadline_ns = time.monotonic_ns() + self._limits.wait_us * 1_000
        while self.waiting < BATCH_ROWS_MAX and not self._stopping and not self._complete:
            left_ns = deadline_ns - time.monotonic_ns()
            if left_ns <= 0:
                return
            self._arrived.wait(left_ns / 1e9)

    def _carry(self, parcels: Sequence[Parcel], turn: Turn) -> Answers | ClearwayError | None:
        """None when the callers were told already that the outcome is unknown."""
        batch = PaymentBatch.of(columns_of(parcels))
        from_height = self._rooms.book.height + 1
        trial = parcels[0].trial
        try:
            if trial is not None:
                return pay_if_covered(batch, self._rooms, turn, trial)
            return pay(batch, self._rooms, turn)
        except Fault as fault:
            if fault.code == "payment.outcome_unknown":
                self._find_outcome(parcels, batch, from_height, fault)
                return None
            if fault.code == "node.disk_full":
                self.pause(fault)
            elif fault.code == "node.disk_failed":
                self._closed = fault
            self._recall(batch, from_height)
            return fault
        except Exception:  # a bug: the book may be in doubt, so nothing more is accepted
            log.exception("a batch failed; the node accepts nothing more")
            self._closed = Fault("node.bug")
            self._recall(batch, from_height)
            return self._closed

    def _deliver(self, parcels: Sequence[Parcel], answers: Answers | ClearwayError) -> None:
        with self._arrived:
            for parcel in parcels:
                self._running.difference_update(parcel.ids)
        hand_over(parcels, answers)

    # --- an answer that never came --------------------------------------------------------------

    def _find_outcome(
        self, parcels: Sequence[Parcel], batch: PaymentBatch, from_height: int, fault: Fault
    ) -> None:
        """Tells the callers that the outcome is unknown, then keeps the line standing until the
        ledger says what it is: nothing may overtake an envelope that may still be ordered."""
        ids = [id for parcel in parcels for id in parcel.ids]
        with self._arrived:
            self._unknown.update(ids)
        self._deliver(parcels, fault)
        outcome = self._ask_ledger(batch, from_height)
        if isinstance(outcome, Ordered):
            book(batch, outcome, self._rooms)
            tell(batch, outcome, self._rooms)
        elif outcome is False:
            forget(batch, self._rooms)
        else:
            return  # the ledger can say no more until the node is started again
        with self._arrived:
            self._unknown.difference_update(ids)

    def _ask_ledger(self, batch: PaymentBatch, from_height: int) -> Ordered | bool:
        rooms = self._rooms
        while True:
            outcome = self._look(batch, from_height)
            if outcome is not True:
                return outcome
            if rooms.ordering.problems() or self._stopping:
                self._closed = self._closed or Fault("node.disk_failed")
                return True
            if rooms.clock() > batch.valid_until_ns:
                try:
                    rooms.ordering.pass_time()
                except Fault as fault:
                    log.warning("ordering cannot let time pass: %s", fault)
            time.sleep(RESOLVE_PAUSE_S)

    def _look(self, batch: PaymentBatch, from_height: int) -> Ordered | bool:
        return resolve(
            self._rooms.book,
            key=self._rooms.key,
            sequence=batch.sequence,
            valid_until_ns=batch.valid_until_ns,
            from_height=from_height,
        )

    def _recall(self, batch: PaymentBatch, from_height: int) -> None:
        """A batch failed somewhere: what the rooms remember of it becomes what the ledger has. The
        one behind it goes on, and is remembered on top of that."""
        try:
            outcome = self._look(batch, from_height) if batch.envelope else False
            if isinstance(outcome, Ordered):
                remember(batch, outcome, self._rooms)
            forget(batch, self._rooms)
        except Exception:  # the next start makes the memory from the chain
            log.exception("the memory of a batch that failed is in doubt")
