"""Habits that a few absurd amounts hardly move, and whom a report speaks against."""

import math

import numpy as np
import pytest

from clearway.risk.facts import CLEARED, CLEARED_AGAIN, REPORTED, REPORTED_AGAIN, Facts
from clearway.risk.features import Features
from clearway.risk.memory.state import FeatureState
from tests.risk.rows import DAY_NS, HOUR_NS, NOON_NS, feature, payments

PAYER, PAYEE = 1, 2


def features_of(*facts: Facts) -> Features:
    return FeatureState().stage(np.concatenate(facts))


def daily(eur: list[float], *, first_day: int = 0, payee: int = PAYEE, report: int = 0) -> Facts:
    """One event a day."""
    time_ns = NOON_NS + (first_day + np.arange(len(eur))) * DAY_NS
    return payments(eur=eur, time_ns=time_ns, payee=payee, report=report)


def test_a_spree_hardly_moves_the_habit_and_does_move_the_mean() -> None:
    calm, spree = [20.0, 30.0] * 20, [200.0] * 8
    last = features_of(daily(calm + spree))[-1:]
    assert feature(last, "amount_over_habit")[0] > math.log2(4)
    assert feature(last, "amount_over_usual")[0] < feature(last, "amount_over_habit")[0]
    assert feature(last, "amount_surprise")[0] > 10


def test_without_a_past_no_amount_is_a_surprise() -> None:
    first = features_of(payments(eur=1e9))
    assert feature(first, "amount_over_habit") == feature(first, "amount_surprise") == [0.0]


def test_an_excess_is_counted_beyond_twice_the_habit_and_up_to_a_limit() -> None:
    a_day_later = math.exp(-1 / 7)
    excess = feature(features_of(daily([99.0] * 10 + [400.0, 1e9, 99.0])), "payer_excess_7d")
    assert excess[10] == 0.0
    assert excess[11] == pytest.approx(2.0 * a_day_later, rel=1e-5)
    assert excess[12] == pytest.approx((excess[11] + 5.0) * a_day_later, rel=1e-5)
    assert feature(features_of(daily([99.0] * 10 + [190.0, 99.0])), "payer_excess_7d")[-1] == 0.0


def test_three_payments_are_needed_before_one_can_be_too_large() -> None:
    assert feature(features_of(daily([1.0, 1.0, 500.0, 1.0])), "payer_excess_7d")[-1] == 0.0
    assert feature(features_of(daily([1.0, 1.0, 1.0, 500.0, 1.0])), "payer_excess_7d")[-1] > 0.0


def test_the_payees_excess_is_told_from_the_payees_habit() -> None:
    to_payee = payments(payer=np.arange(10, 20), eur=10.0, time_ns=NOON_NS + np.arange(10))
    high = payments(payer=[30, 31], eur=[100.0, 10.0], time_ns=NOON_NS + HOUR_NS)
    excess = feature(features_of(to_payee, high), "payee_excess_30d")
    assert excess[-2] == 0.0
    assert excess[-1] == 5.0


def blame_after(reported_eur: float, habit: list[float]) -> float:
    """Of the payee, when that payment of a payer with this habit was reported."""
    news = daily([reported_eur], first_day=len(habit), report=1)
    later = daily([25.0], first_day=len(habit) + 1)
    return feature(features_of(daily(habit), news, later), "payee_blame")[-1]


def test_a_report_speaks_against_the_payee_when_the_payment_was_like_any_other() -> None:
    habit = [20.0, 30.0] * 10
    assert blame_after(25.0, habit) == pytest.approx(1.0, abs=0.01)
    assert blame_after(500.0, habit) < 0.01
    assert blame_after(25.0, [*habit, 500.0]) < 0.5, "another sign that it was the payer's card"


def test_blame_adds_up_until_a_payment_of_the_payee_is_cleared() -> None:
    habit = daily([25.0] * 10)
    news = [daily([25.0], first_day=10 + k, report=report) for k, report in enumerate([1, 1, 2, 1])]
    asked = [daily([25.0], first_day=10 + k) for k in range(5)]
    # Of one instant the payment stands first here: it does not know the news of its own day.
    events = [event for pair in zip(asked, [*news, news[-1][:0]], strict=True) for event in pair]
    features = features_of(habit, *events)
    paid = np.flatnonzero(np.concatenate([habit, *events])["report"] == 0)[10:]
    assert feature(features[paid], "payee_blame") == pytest.approx([0, 1, 2, 0, 1], abs=0.01)
    age = feature(features[paid], "payee_blame_age")
    assert age[0] == age[3] == -1.0
    assert age[2] == pytest.approx(math.log2(1 + 2 * 86_400))


def test_shares_are_of_what_became_known() -> None:
    habit = daily([25.0] * 10)
    time_ns = NOON_NS + 10 * DAY_NS
    known = payments(eur=25.0, time_ns=time_ns, report=[1, 2, 2, 2])
    now = payments(eur=25.0, time_ns=time_ns)
    last = features_of(habit, known, now)[-1:]
    assert feature(last, "payee_fraud_share_90d") == pytest.approx([1 / 5])
    assert feature(last, "payee_blamed_share_1d") == pytest.approx([1 / 5], abs=0.01)
    assert feature(last, "payee_reports_30d") == [1.0], "a clearance is no report"


def test_how_long_ago_a_payment_of_the_payee_was_last_cleared() -> None:
    cleared = payments(eur=25.0, report=2)
    features = features_of(
        payments(eur=25.0), cleared, payments(eur=25.0, time_ns=NOON_NS + HOUR_NS),
        payments(eur=25.0, time_ns=NOON_NS + HOUR_NS, payee=PAYEE + 1),
        payments(eur=25.0, time_ns=NOON_NS + DAY_NS, report=1),
        payments(eur=25.0, time_ns=NOON_NS - DAY_NS),
    )  # fmt: skip
    idle = feature(features, "payee_cleared_idle")
    assert idle[0] == -1.0
    assert idle[2] == pytest.approx(math.log2(1 + 3_600))
    assert idle[3] == -1.0, "another payee"
    assert idle[5] == 0.0, "a clock that goes back makes an age of nothing"


def test_a_report_of_a_payment_nobody_saw_blames_the_payee_alone() -> None:
    features = features_of(payments(eur=25.0, report=1), payments(eur=25.0))
    assert feature(features, "payee_blame")[-1] == 1.0
    assert np.isfinite(features).all()


def test_what_is_said_again_of_a_payment_moves_the_run_of_reports_and_no_tally() -> None:
    def after(*news: int) -> Features:
        told = [payments(eur=25.0, time_ns=NOON_NS + 9 * DAY_NS, report=[one]) for one in news]
        return features_of(daily([25.0] * 10), *told, daily([25.0], first_day=11))[-1:]

    once = after(REPORTED, CLEARED)
    wavered = after(REPORTED, CLEARED, REPORTED_AGAIN, CLEARED_AGAIN)
    assert wavered.tobytes() == once.tobytes()
    again = after(REPORTED, CLEARED, REPORTED_AGAIN)
    assert feature(again, "payee_blame") == pytest.approx([1.0], abs=0.1)
    for name in ("payee_reports_30d", "payer_reports_30d", "payee_fraud_share_90d"):
        assert feature(again, name) == feature(once, name)


@pytest.mark.parametrize("report", [5, 255])
def test_news_of_an_unknown_kind_move_nothing(report: int) -> None:
    unknown = features_of(payments(report=report), payments())[-1:]
    assert unknown.tobytes() == features_of(payments()).tobytes()
