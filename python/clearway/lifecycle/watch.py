"""The thread that feeds cases: it follows the projections and turns what was stopped into alerts,
escalates cases whose deadline passed, and hands confirmed labels on.

It runs off the path of payments, reads what they wrote, and writes a file of its own. How far it
looked is kept in the transaction that keeps the alerts, and an alert's id follows from its payment;
so nothing is taken in twice or left out, whatever is killed when.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from clearway.cases.grouping import joins
from clearway.cases.states import CaseAct, CaseStatus, next_status
from clearway.cases.triage import due_ns
from clearway.lifecycle.alerts import SOURCE, find_alerts
from clearway.lifecycle.rooms import Rooms
from clearway.lifecycle.rounds import Rounds
from clearway.lifecycle.suspicious import suspicious
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_case
from clearway.store.case_rows import CaseRow, Change, Found, LabelRow, Op, Progress
from clearway.store.cases import NODE, CaseStore
from clearway.store.feedback import Feedback, Verdict
from clearway.store.schema import height_of, place_of

ALERTS_AT_ONCE: Final = 200
ESCALATIONS_AT_ONCE: Final = 100
LABELS_AT_ONCE: Final = 200
LOOK_S: Final = 1.0
SHARE_MAX: Final = 0.1  # of a processor, while there is more to look at
KEEP_S: Final = 60.0  # how much of the chain is looked at again after a kill, when it was quiet

log = logging.getLogger("clearway.lifecycle")


class Watch:
    """start before, stop after. deadline_ns: time for a decision. height: looked at up to here."""

    def __init__(self, rooms: Rooms, store: CaseStore, *, deadline_ns: int) -> None:
        self._rooms = rooms
        self._store = store
        self._deadline_ns = deadline_ns
        self.height = -1
        self._place = -1
        self._kept_s = 0.0
        self._changed = threading.Condition()
        self._awaited = 0  # threads in `wait_for`
        self.rounds = Rounds("cases", LOOK_S, self.look, self.escalate, self.tell_labels)

    def start(self) -> None:
        self._place = self._first_place()
        self._rooms.projections.listeners.append(lambda _height: self.rounds.ring())
        self.rounds.start()

    def stop(self) -> None:
        self.rounds.break_off()
        with self._changed:
            self._changed.notify_all()
        self.rounds.stop()
        try:
            self._keep_place()
        except Exception:  # the next start looks again at what was looked at since the last time
            log.exception("how far cases were looked after is not kept")

    def wait_for(self, height: int, timeout_s: float) -> bool:
        """Whether everything up to the block of this height was looked at within that time."""
        with self._changed:
            self._awaited += 1
            self._changed.notify_all()
            self.rounds.ring()
            self._changed.wait_for(
                lambda: self.height >= height or self.rounds.is_stopping, timeout_s
            )
            self._awaited -= 1
            return self.height >= height

    # --- the thread -----------------------------------------------------------------------------

    def _first_place(self) -> int:
        """Where it was, if the chain is still the one that it looked at; otherwise the beginning:
        a chain that was restored to an earlier block may go on differently."""
        progress = self._store.progress(SOURCE)
        if progress is None:
            return -1
        block = self._rooms.projections.block(progress.height)
        return progress.place if block is not None and block.hash == progress.hash else -1

    def look(self) -> None:
        """Takes in what the projections show and was not looked at yet."""
        while not self.rounds.is_stopping:
            began_s = time.thread_time()
            height = self._rooms.projections.height
            last = place_of(height + 1, 0) - 1
            rows, place = suspicious(
                self._rooms, after=self._place, upto=last, limit=ALERTS_AT_ONCE
            )
            if rows:
                self._take_in(find_alerts(rows, self._rooms), place)
            self._place = place
            if place == last:
                break
            self._rest(time.thread_time() - began_s)
        with self._changed:
            self.height = max(self.height, height_of(self._place + 1) - 1)
            self._changed.notify_all()
        if time.monotonic() - self._kept_s > KEEP_S:
            self._keep_place()

    def _rest(self, worked_s: float) -> None:
        """Under load the processors are needed for the payments: people look at cases later. Unless
        somebody waits for them just now."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.rounds.is_stopping or self._awaited > 0,
                worked_s * (1.0 / SHARE_MAX - 1.0),
            )

    def _take_in(self, found: list[Found], place: int) -> None:
        self._store.take_in(
            found,
            progress=self._progress(place),
            joins=self._joins,
            opens=self._opens,
            now_ns=self._rooms.clock(),
        )
        self._kept_s = time.monotonic()

    def _keep_place(self) -> None:
        if self._place >= 0:
            self._store.save_progress(self._progress(self._place))
            self._kept_s = time.monotonic()

    def _progress(self, place: int) -> Progress:
        height = height_of(place)
        block = self._rooms.projections.block(height)
        assert block is not None, "invariant: what was looked at is there"
        return Progress(SOURCE, place, height, block.hash)

    def _joins(self, found: Found, case: CaseRow) -> bool:
        return joins(found.alert, status=case.status, last_ns=case.last_ns, alerts=case.alerts)

    def _opens(self, found: Found) -> tuple[int, str]:
        alert = found.alert
        due = due_ns(opened_ns=alert.time_ns, deadline_ns=self._deadline_ns, family=alert.family)
        return due, next_status(None, CaseAct.ALERT)

    # --- deadlines, labels ----------------------------------------------------------------------

    def escalate(self) -> None:
        """Cases whose deadline passed go before all others, and their log says since when."""
        now_ns = self._rooms.clock()
        for case in self._store.due(now_ns, ESCALATIONS_AT_ONCE):
            op = Op(None, b"", NODE, "", now_ns)
            try:
                self._store.act(op, case.id, _escalated)
            except Refusal:
                continue  # it was closed, or escalated, a moment ago

    def tell_labels(self) -> None:
        """Every label becomes feedback of its payment; one that was told just before a kill is told
        again, and counts once."""
        for label in self._store.labels_untold(LABELS_AT_ONCE):
            self._tell(label)
            self._store.label_told(label)

    def _tell(self, label: LabelRow) -> None:
        rooms = self._rooms
        row = rooms.projections.payment(rooms.institution, label.payment)
        if row is None:
            log.warning("a label is for a payment that this chain does not have")
            return
        said = Feedback.of_payment(
            row,
            Verdict(label.label),
            known_ns=label.time_ns,
            by=label.who,
            note=f"case {format_case(label.case)}",
        )
        rooms.vault.feedback.add(
            said,
            now_ns=rooms.clock(),
            height=lambda: rooms.book.height,
            repeats=lambda last: (last.verdict, last.known_ns) == (said.verdict, said.known_ns),
        )


def _escalated(case: CaseRow) -> Change:
    if case.overdue:
        raise Refusal("case.wrong_state", status="overdue", act="escalated", first="in time")
    status = next_status(CaseStatus(case.status), CaseAct.ESCALATE)
    return Change(CaseAct.ESCALATE, status, {"overdue": True}, {"due_ns": str(case.due_ns)})
