"""An ordering engine whose answers come late, or never: what a network can do to us."""

from __future__ import annotations

import enum
import threading

from clearway.payment.errors import Fault
from clearway.ports.ordering import Ordered, Ordering


class Answer(enum.Enum):
    """What becomes of the next envelope. LATE: ordered, but nobody says so. LOST: not ordered.
    DELAYED: ordered only when `deliver` is called, long after the answer was given up."""

    PROMPT = enum.auto()
    LATE = enum.auto()
    LOST = enum.auto()
    DELAYED = enum.auto()


class Unreliable:
    """Wraps a sound engine; `next_answers` are used up one by one."""

    def __init__(self, engine: Ordering) -> None:
        self._engine = engine
        self.next_answers: list[Answer] = []
        self._delayed: list[bytes] = []
        self.asked = threading.Event()

    def order(self, envelope: bytes) -> Ordered:
        answer = self.next_answers.pop(0) if self.next_answers else Answer.PROMPT
        if answer is Answer.PROMPT:
            return self._engine.order(envelope)
        if answer is Answer.LATE:
            self._engine.order(envelope)
        if answer is Answer.DELAYED:
            self._delayed.append(envelope)
        self.asked.set()
        raise Fault("payment.outcome_unknown", payment="of this envelope")

    def deliver(self) -> None:
        while self._delayed:
            self._engine.order(self._delayed.pop(0))

    def rehearse(self, envelope: bytes, *, presume_signed: bool = False) -> Ordered:
        return self._engine.rehearse(envelope, presume_signed=presume_signed)

    def pass_time(self) -> None:
        self._engine.pass_time()

    def problems(self) -> list[str]:
        return self._engine.problems()
