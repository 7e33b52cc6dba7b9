"""What each group of features says, by example; and what senseless input does to them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.risk.facts import Facts
from clearway.risk.features import FEATURES, Features
from clearway.risk.features.exact import decay, log2_1p
from clearway.risk.features.graph import PEERS
from clearway.risk.memory.state import FeatureState
from tests.risk.rows import DAY_NS, HOUR_NS, NOON_NS, feature, payments, random_history


def features_of(facts: Facts) -> Features:
    return FeatureState().stage(facts)


@given(st.floats(0, 1e15))
def test_the_exact_logarithm_is_the_logarithm(value: float) -> None:
    assert log2_1p(value) == pytest.approx(math.log2(1 + value), abs=1e-9)


@given(st.floats(0, 50))
def test_the_exact_decay_is_the_exponential(age: float) -> None:
    assert decay(age) == pytest.approx(math.exp(-age), abs=1e-8)


def test_an_accounts_first_payment_knows_nothing_of_it() -> None:
    first = features_of(payments(eur=100.0))
    for name in ("payer_age", "payer_idle", "payer_got_idle", "payee_age", "pair_idle"):
        assert feature(first, name) == [-1.0]
    for name in ("payer_count_30d", "payer_sum_30d", "payee_count_30d", "amount_deviation"):
        assert feature(first, name) == [0.0]
    assert feature(first, "payee_new") == [1.0]
    assert feature(first, "amount_log") == pytest.approx([math.log2(101)])


def test_counts_fade_with_the_age_of_each_payment() -> None:
    hour = features_of(payments(time_ns=NOON_NS + np.array([0, HOUR_NS])))
    assert feature(hour, "payer_count_1h")[1] == pytest.approx(math.exp(-1), rel=1e-6)
    assert feature(hour, "payer_count_5m")[1] == pytest.approx(math.exp(-12), rel=1e-4)
    assert feature(hour, "payee_count_1h")[1] == pytest.approx(math.exp(-1), rel=1e-6)


def test_a_row_sees_the_rows_before_it_in_its_own_batch() -> None:
    burst = features_of(payments(time_ns=np.full(5, NOON_NS)))
    assert feature(burst, "payer_count_5m") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert feature(burst, "payee_new") == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_an_amount_is_held_against_the_payers_own_past() -> None:
    eur = np.full(30, 20.0)
    eur[-1] = 2_000.0
    last = features_of(payments(eur=eur, time_ns=NOON_NS + np.arange(30) * DAY_NS))[-1:]
    assert feature(last, "amount_over_usual")[0] == pytest.approx(math.log2(2_001 / 21), abs=1e-4)
    assert feature(last, "amount_over_max")[0] == pytest.approx(math.log2(2_001 / 21), abs=1e-4)
    assert feature(last, "amount_deviation")[0] > 10


@pytest.mark.parametrize(("eur", "roundness"), [(17.3, 0), (20, 1), (300, 2), (5_000, 3), (0, 0)])
def test_round_amounts(eur: float, roundness: int) -> None:
    assert feature(features_of(payments(eur=eur)), "amount_round") == [roundness]


def test_a_payee_is_new_again_once_sixteen_others_were_paid_since() -> None:
    payees = [2, *range(10, 10 + PEERS), 2]
    rows = payments(payee=payees, time_ns=NOON_NS + np.arange(len(payees)) * HOUR_NS)
    assert feature(features_of(rows), "payee_new")[-1] == 1.0
    rows = np.delete(rows, 1)
    assert feature(features_of(rows), "payee_new")[-1] == 0.0


def test_the_pair_remembers_how_often_and_how_long_ago() -> None:
    last = features_of(payments(time_ns=NOON_NS + np.array([0, 1, 2]) * HOUR_NS))[-1:]
    assert feature(last, "pair_n") == pytest.approx([math.log2(3)])
    assert feature(last, "pair_idle") == pytest.approx([math.log2(3_601)])
    back = features_of(payments(payer=[1, 2], payee=[2, 1]))
    assert feature(back, "pair_reverse") == [0.0, 1.0]


def test_money_that_is_sent_on_within_minutes_is_seen_on_payer_and_payee() -> None:
    into, onward, later = (1, 2), (2, 3), (4, 2)
    rows = payments(
        payer=[into[0], onward[0], later[0]],
        payee=[into[1], onward[1], later[1]],
        eur=[1_000.0, 950.0, 800.0],
        time_ns=NOON_NS + np.array([0, 5, 60]) * 60_000_000_000,
    )
    features = features_of(rows)
    assert feature(features, "amount_of_got_1h")[0] > 0.99
    assert 0.45 < feature(features, "amount_of_got_1h")[1] < 0.55
    assert feature(features, "payer_got_idle")[1] == pytest.approx(math.log2(301))
    assert feature(features, "payee_passed_share")[2] > 0.85


def test_many_first_payments_to_one_payee_are_a_fan_in() -> None:
    features = features_of(payments(payer=np.arange(10, 30), payee=5))
    assert feature(features, "payee_new_1d")[-1] == pytest.approx(19, rel=1e-3)
    regular = features_of(payments(payer=np.full(20, 10), payee=5))
    assert feature(regular, "payee_new_1d")[-1] == pytest.approx(1, rel=1e-3)


def test_payments_just_below_the_limit_are_counted_on_both_sides() -> None:
    features = features_of(payments(eur=[9_500.0, 9_900.0, 10_000.0, 50.0]))
    assert feature(features, "payer_limit_7d") == [0.0, 1.0, 2.0, 2.0]
    assert feature(features, "payee_limit_7d") == [0.0, 1.0, 2.0, 2.0]


def test_the_time_of_day_is_unusual_when_the_payer_never_pays_then() -> None:
    noons = NOON_NS + np.arange(20) * DAY_NS
    rows = payments(time_ns=np.append(noons, noons[-1] + 15 * HOUR_NS))
    share = feature(features_of(rows), "payer_hour_share")
    assert share[-2] == pytest.approx(1.0)
    assert share[-1] == 0.0
    assert feature(features_of(rows), "hour")[-1] == 3.0


def test_a_purpose_is_new_once() -> None:
    features = features_of(payments(purpose=[7, 7, 8]))
    assert feature(features, "purpose_new") == [1.0, 0.0, 1.0]


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("eur", [NAN, -5.0, 0.0, -INF])
def test_an_amount_that_is_none_counts_as_nothing(eur: float) -> None:
    features = features_of(payments(eur=[eur, 10.0]))
    assert feature(features, "amount_log")[0] == 0.0
    assert feature(features, "payer_sum_1h")[1] == 0.0
    assert feature(features, "payer_count_1h")[1] == 1.0


@pytest.mark.parametrize("eur", [1e15, 1e30, INF])
def test_an_absurd_amount_counts_as_the_largest(eur: float) -> None:
    features = features_of(payments(eur=[eur, 10.0]))
    assert feature(features, "amount_log")[0] == pytest.approx(math.log2(1e15))
    assert np.isfinite(features).all()


def test_a_clock_that_goes_back_ages_nothing() -> None:
    rows = payments(time_ns=[NOON_NS, NOON_NS - 5 * HOUR_NS, NOON_NS])
    features = features_of(rows)
    assert feature(features, "payer_idle") == [-1.0, 0.0, 0.0]
    assert feature(features, "payer_count_5m") == [0.0, 1.0, 2.0]


wild_time = st.integers(-(2**63), 2**63 - 1)
wild_amount = st.floats(allow_nan=True, allow_infinity=True)
wild_row = st.tuples(st.integers(0, 5), st.integers(0, 5), wild_amount, wild_time)


@settings(max_examples=200, deadline=None)
@given(st.lists(wild_row, min_size=1, max_size=12))
def test_whatever_comes_every_feature_stays_finite(rows: list[tuple[int, int, float, int]]) -> None:
    payer, payee, eur, time_ns = map(list, zip(*rows, strict=True))
    with np.errstate(invalid="ignore"):
        features = features_of(payments(payer=payer, payee=payee, eur=eur, time_ns=time_ns))
    assert np.isfinite(features).all()


def test_every_feature_varies_on_a_history() -> None:
    features = features_of(random_history(seed=3, n=4_000))
    constant = [name for name in FEATURES if np.ptp(feature(features, name)) == 0]
    assert constant == []
