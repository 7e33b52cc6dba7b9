"""The states of a case, as a table that drives the code, the diagram and the tests.

python -m clearway.cases.states      # the diagram of docs/cases.md
"""

from __future__ import annotations

import enum
from typing import Final

from clearway.payment.errors import Refusal, either


class CaseStatus(enum.StrEnum):
    OPEN = "open"  # nobody looks at it yet
    ASSIGNED = "assigned"
    PROPOSED = "proposed"  # one person has decided; a second one has to agree
    CLOSED = "closed"


class CaseAct(enum.StrEnum):
    ALERT = "alert"  # one more alert joins it
    ASSIGN = "assign"
    NOTE = "note"
    PROPOSE = "propose"
    CONFIRM = "confirm"
    RETURN = "return"  # the second person disagrees
    ESCALATE = "escalate"  # its deadline has passed
    REOPEN = "reopen"


class Decision(enum.StrEnum):
    FRAUD = "fraud"
    HONEST = "honest"
    REPORT = "report"  # suspicious: the authority has to be told


# A proposed case takes no more alerts, so that what is confirmed is what was proposed; the next
# alert opens a case that follows it. Nor does a closed one: two people ended it, and only a person
# opens it again.
TRANSITIONS: Final[dict[tuple[CaseStatus | None, CaseAct], CaseStatus]] = {
    (None, CaseAct.ALERT): CaseStatus.OPEN,
    (CaseStatus.OPEN, CaseAct.ALERT): CaseStatus.OPEN,
    (CaseStatus.OPEN, CaseAct.ASSIGN): CaseStatus.ASSIGNED,
    (CaseStatus.OPEN, CaseAct.NOTE): CaseStatus.OPEN,
    (CaseStatus.OPEN, CaseAct.ESCALATE): CaseStatus.OPEN,
    (CaseStatus.ASSIGNED, CaseAct.ALERT): CaseStatus.ASSIGNED,
    (CaseStatus.ASSIGNED, CaseAct.ASSIGN): CaseStatus.ASSIGNED,
    (CaseStatus.ASSIGNED, CaseAct.NOTE): CaseStatus.ASSIGNED,
    (CaseStatus.ASSIGNED, CaseAct.PROPOSE): CaseStatus.PROPOSED,
    (CaseStatus.ASSIGNED, CaseAct.ESCALATE): CaseStatus.ASSIGNED,
    (CaseStatus.PROPOSED, CaseAct.NOTE): CaseStatus.PROPOSED,
    (CaseStatus.PROPOSED, CaseAct.CONFIRM): CaseStatus.CLOSED,
    (CaseStatus.PROPOSED, CaseAct.RETURN): CaseStatus.ASSIGNED,
    (CaseStatus.PROPOSED, CaseAct.ESCALATE): CaseStatus.PROPOSED,
    (CaseStatus.CLOSED, CaseAct.REOPEN): CaseStatus.OPEN,
}
_DONE: Final = {
    CaseAct.ALERT: "joined by an alert",
    CaseAct.ASSIGN: "assigned",
    CaseAct.NOTE: "noted on",
    CaseAct.PROPOSE: "decided",
    CaseAct.CONFIRM: "confirmed",
    CaseAct.RETURN: "returned",
    CaseAct.ESCALATE: "escalated",
    CaseAct.REOPEN: "reopened",
}


def takes(status: CaseStatus, act: CaseAct) -> bool:
    return (status, act) in TRANSITIONS


def next_status(status: CaseStatus | None, act: CaseAct) -> CaseStatus:
    """Refuses case.wrong_state."""
    found = TRANSITIONS.get((status, act))
    if found is None:
        first = either([before for before, one in TRANSITIONS if one is act and before])
        raise Refusal("case.wrong_state", status=status, act=_DONE[act], first=first)
    return found


def diagram() -> str:
    """Mermaid."""
    lines = ["stateDiagram-v2"]
    for (before, act), after in TRANSITIONS.items():
        lines.append(f"    {before or '[*]'} --> {after}: {act}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())
