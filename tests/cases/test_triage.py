"""Which case comes first, and the words that say why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearway.cases.deciding import check_second_person, label_of
from clearway.cases.grouping import ALERTS_PER_CASE_MAX, DAY_NS, JOIN_NS, joins
from clearway.cases.states import CaseStatus, Decision
from clearway.cases.triage import Standing, due_ns, expected_loss_minor, explain
from clearway.cases.typologies import TYPOLOGIES, typology_of
from clearway.payment.alert import Alert, alert_id
from clearway.payment.errors import Refusal

ALERT = Alert(
    id=alert_id("test", b"1"),
    payment=bytes(16),
    entity=bytes(20),
    typology="laundering.mule",
    score_bps=4_000,
    amount_eur_minor=10_000,
    expected_loss_eur_minor=4_000,
    reasons=("risk.fan_in",),
    height=1,
    index=1,
    time_ns=100 * DAY_NS,
)
STANDING = Standing(
    place=3,
    total=41,
    family="fraud",
    alerts=2,
    expected_loss_eur_minor=81_240,
    largest=(8_310, 84_236, 70_000),
    overdue=False,
    due_ns=20 * DAY_NS,
    now_ns=8 * DAY_NS,
    before_minor=90_000,
    after_minor=64_000,
)


@pytest.mark.parametrize(
    ("status", "days", "alerts", "joined"),
    [
        (CaseStatus.OPEN, 0, 1, True),
        (CaseStatus.ASSIGNED, 29, 1, True),
        (CaseStatus.OPEN, 30, 1, True),
        (CaseStatus.OPEN, 31, 1, False),
        (CaseStatus.OPEN, -31, 1, False),  # a record imported from long ago
        (CaseStatus.OPEN, 1, ALERTS_PER_CASE_MAX - 1, True),
        (CaseStatus.OPEN, 1, ALERTS_PER_CASE_MAX, False),
        (CaseStatus.PROPOSED, 0, 1, False),
        (CaseStatus.CLOSED, 0, 1, False),
    ],
)
def test_an_alert_joins_the_open_case_of_its_days(
    status: CaseStatus, days: int, alerts: int, joined: bool
) -> None:
    assert JOIN_NS == 30 * DAY_NS
    last_ns = ALERT.time_ns - days * DAY_NS
    assert joins(ALERT, status=status, last_ns=last_ns, alerts=alerts) is joined


def test_the_loss_is_what_is_likely_and_a_sanctions_match_counts_in_full() -> None:
    given = {"score_bps": 250, "amount_eur_minor": 100_000}
    assert expected_loss_minor(**given, typology="fraud.payer") == 2_500
    assert expected_loss_minor(**given, typology="sanctions.payee") == 100_000
    assert due_ns(opened_ns=0, deadline_ns=30 * DAY_NS, family="fraud") == 30 * DAY_NS
    assert due_ns(opened_ns=0, deadline_ns=30 * DAY_NS, family="sanctions") == DAY_NS
    assert due_ns(opened_ns=0, deadline_ns=3_600, family="sanctions") == 3_600


@pytest.mark.parametrize("typology", TYPOLOGIES, ids=lambda one: one.code)
def test_a_typology_follows_from_each_of_its_signs(typology: object) -> None:
    for sign in typology.signs:  # type: ignore[attr-defined]
        assert typology_of(["risk.amount_round", sign]) is typology


def test_what_is_certain_comes_before_what_is_likely() -> None:
    codes = ["payee_sanctioned", "risk.fan_in", "risk.structuring"]
    assert typology_of(codes).code == "sanctions.payee"
    assert typology_of(codes[1:]).code == "laundering.structuring"
    assert typology_of(["risk.amount_unusual"]).code == "fraud.payer"


def test_a_place_in_the_queue_says_why() -> None:
    assert " ".join(explain(STANDING)) == (
        "Place 3 of 41: overdue first, then by expected loss. "
        "2 alerts add up to an expected loss of 812.40 EUR; the largest is 700.00 EUR "
        "(83.1 % of 842.36 EUR). "
        "The case before it expects 900.00 EUR, the one after it 640.00 EUR. "
        "It is due in 12 days."
    )


def test_a_deadline_that_passed_goes_first_and_says_so() -> None:
    late = replace(STANDING, overdue=True, due_ns=5 * DAY_NS, before_minor=None, place=1)
    assert explain(late)[2:] == [
        "Cases whose deadline has not passed stand behind it, whatever they expect.",
        "The next case expects 640.00 EUR.",
        "Its deadline passed 3 days ago.",
    ]
    behind = replace(STANDING, before_minor=10, before_overdue=True)
    assert "The case before it is overdue, which goes first whatever it expects." in explain(behind)


def test_a_sanctions_match_says_why_it_counts_in_full() -> None:
    match = replace(STANDING, family="sanctions", alerts=1, largest=(10_000, 81_240, 81_240))
    assert explain(match)[1] == (
        "One alert: a sanctions match counts in full, 812.40 EUR, which makes an expected loss of "
        "812.40 EUR."
    )


def test_money_that_is_still_held_is_told_and_moves_nothing() -> None:
    one = replace(STANDING, held=1, held_until_ns=STANDING.now_ns + 5 * 3_600 * 10**9)
    told = "The money of one payment is still held, and goes back by itself in 5 hours."
    assert [text for text in explain(one) if text not in explain(STANDING)] == [told]
    two = replace(one, held=2)
    assert "The money of 2 payments is still held; the first goes back in 5 hours." in explain(two)


def test_a_closed_case_stands_nowhere() -> None:
    assert explain(replace(STANDING, place=0)) == ["It is closed, and stands in the queue no more."]


def test_one_person_is_not_two() -> None:
    check_second_person(proposed_by="ann", who="ben")
    with pytest.raises(Refusal) as refused:
        check_second_person(proposed_by="ann", who="ann")
    assert refused.value.code == "case.same_person"


def test_every_decision_has_its_label() -> None:
    assert {str(one): label_of(one) for one in Decision} == {
        "fraud": "confirmed_fraud",
        "honest": "confirmed_honest",
        "report": "confirmed_fraud",
    }
