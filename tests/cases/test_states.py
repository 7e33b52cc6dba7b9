"""The table of a case's states: walked wholly, in order and out of it."""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest

from clearway.cases.states import TRANSITIONS, CaseAct, CaseStatus, diagram, next_status, takes
from clearway.payment.errors import Refusal
from tests.conftest import ROOT

STEPS = list(product([None, *CaseStatus], CaseAct))


@pytest.mark.parametrize(("status", "act"), STEPS)
def test_a_step_is_in_the_table_or_refused(status: CaseStatus | None, act: CaseAct) -> None:
    if (status, act) in TRANSITIONS:
        assert next_status(status, act) is TRANSITIONS[status, act]
        return
    with pytest.raises(Refusal) as refused:
        next_status(status, act)
    assert refused.value.code == "case.wrong_state"


def test_every_state_is_reached_from_an_alert_and_leads_on() -> None:
    reached = {next_status(None, CaseAct.ALERT)}
    waiting = deque(reached)
    while waiting:
        status = waiting.popleft()
        steps = {after for (before, _), after in TRANSITIONS.items() if before is status}
        assert steps - {status}, f"{status} is a dead end"
        waiting.extend(steps - reached)
        reached |= steps
    assert reached == set(CaseStatus)


def test_only_a_confirmation_closes_and_only_a_proposal_is_confirmed() -> None:
    closing = {step for step, after in TRANSITIONS.items() if after is CaseStatus.CLOSED}
    assert closing == {(CaseStatus.PROPOSED, CaseAct.CONFIRM)}
    proposing = {before for (before, act) in TRANSITIONS if act is CaseAct.PROPOSE}
    assert proposing == {CaseStatus.ASSIGNED}


def test_what_two_people_look_at_takes_no_more_alerts() -> None:
    assert {status for status in CaseStatus if takes(status, CaseAct.ALERT)} == {
        CaseStatus.OPEN,
        CaseStatus.ASSIGNED,
    }


def test_the_page_shows_the_diagram_of_the_table() -> None:
    page = (ROOT / "docs" / "cases.md").read_text("utf-8")
    assert diagram() in page


@pytest.mark.parametrize(
    ("status", "act", "told"),
    [
        ("open", "propose", "a case that is open cannot be decided; it has to be assigned first"),
        ("closed", "note",
         "a case that is closed cannot be noted on; it has to be open, assigned or proposed first"),
        ("proposed", "assign",
         "a case that is proposed cannot be assigned; it has to be open or assigned first"),
        ("open", "reopen", "a case that is open cannot be reopened; it has to be closed first"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_has_to_come_first(status: str, act: str, told: str) -> None:
    with pytest.raises(Refusal) as refused:
        next_status(CaseStatus(status), CaseAct(act))
    assert refused.value.detail == told
