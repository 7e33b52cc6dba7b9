"""Beside the payments: what became known of them, held against what was said.

Feedback names a payment; the vault has who scored it and what was decided, the ledger when it was
made. That never changes, so each payment is looked up once. Looking costs no payment anything: a
thread of its own does it once a minute, a page of feedback at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clearway.ledger.book import Book
from clearway.lifecycle.rounds import Rounds
from clearway.payment.decision import DecisionFlag
from clearway.payment.records import DECLINE, created_ns_of_head
from clearway.risk.decide import Scorer
from clearway.risk.models.calibration_drift import DAY_NS, CalibrationDrift, Day, window
from clearway.risk.scores import NO_MODEL_ID
from clearway.store.feedback import Feedback
from clearway.store.vault import Vault

LOOK_S: Final = 60.0
AT_ONCE: Final = 1_000


@dataclass(slots=True)
class _Said:
    """day: of the payment; is_fraud: by its last feedback."""

    day: Day
    model_id: bytes
    is_fraud: bool


class CalibrationWatch:
    """start before, stop after. found: of the model in force, as of the last look; None while too
    little is known. clock: ns since 1970, UTC."""

    def __init__(self, scorer: Scorer, vault: Vault, book: Book, clock: Callable[[], int]) -> None:
        self.found: CalibrationDrift | None = None
        self._scorer = scorer
        self._vault = vault
        self._book = book
        self._clock = clock
        self._number: int | None = None  # of the last feedback seen
        self._said: dict[bytes, _Said] = {}
        self.rounds = Rounds("calibration", LOOK_S, self.look, is_due=True)

    def start(self) -> None:
        self.rounds.start()

    def stop(self) -> None:
        self.rounds.stop()

    def alerts(self) -> list[str]:
        found = self.found
        return [] if found is None else found.alerts()

    def look(self) -> None:
        """Takes in what was said since the last look, and judges."""
        today = self._clock() // DAY_NS
        first = window(today)[0]
        feedback = self._vault.feedback
        if self._number is None:  # earlier feedback is of earlier payments
            self._number = feedback.last_before(first * DAY_NS)
        while page := feedback.after(self._number, limit=AT_ONCE):
            for one in page:
                self._take(one)
            self._number = page[-1].number
            if self.rounds.is_stopping:
                return
        self._said = {id: said for id, said in self._said.items() if said.day >= first}
        frauds = Counter((said.day, said.model_id) for said in self._said.values() if said.is_fraud)
        self.found = self._scorer.calibration(today, frauds)

    def _take(self, one: Feedback) -> None:
        known = self._said.get(one.payment)
        if known is not None:
            known.is_fraud = one.verdict.is_fraud
        elif one.verdict.is_fraud:
            said = self._look_up(one)
            if said is not None:
                self._said[one.payment] = said

    def _look_up(self, one: Feedback) -> _Said | None:
        """None for a payment that was declined, or that no model scored."""
        decision = self._vault.decision(one.key, one.sequence, one.envelope_index)
        if decision is None or decision["outcome"] == DECLINE:
            return None
        model_id = decision["model_id"].tobytes()
        if not decision["flags"] & DecisionFlag.SCORED or model_id == NO_MODEL_ID:
            return None
        head = self._book.entry(one.payment_height, one.payment_index)
        return _Said(created_ns_of_head(head) // DAY_NS, model_id, is_fraud=True)
