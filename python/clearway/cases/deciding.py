"""Who may decide what: the four eyes, and what a decision means for the payments of the case."""

from __future__ import annotations

from typing import Final

from clearway.cases.states import Decision
from clearway.payment.errors import Refusal

# A report says that there is suspicion, which is what a detector is to find; whether it was proven
# is known to a court, years later.
LABELS: Final = {
    Decision.FRAUD: "confirmed_fraud",
    Decision.HONEST: "confirmed_honest",
    Decision.REPORT: "confirmed_fraud",
}


def check_second_person(*, proposed_by: str, who: str) -> None:
    """The principal counts, not the key: one person with two keys is still one person.
    Refuses case.same_person."""
    if who == proposed_by:
        raise Refusal("case.same_person", who=who)


def check_evidence(*, proposed: bytes, seen: bytes | None) -> None:
    """seen: hash of the evidence that the second person looked at, if they say so. Refuses
    case.evidence_differs."""
    if seen is not None and seen != proposed:
        raise Refusal("case.evidence_differs", evidence=proposed.hex())


def label_of(decision: str) -> str:
    """What the case's payments teach the models."""
    return LABELS[Decision(decision)]
