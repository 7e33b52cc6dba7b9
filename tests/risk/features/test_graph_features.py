"""Devices, reports and the graph: what each says, by example."""

import math

import numpy as np
import pytest

from clearway.risk.features import FEATURES
from clearway.risk.memory.history import compute_features, find_reports
from clearway.risk.memory.state import FeatureState
from tests.risk.rows import DAY_NS, HOUR_NS, NOON_NS, feature, payments

UNKNOWN = [name for name in FEATURES if name.startswith(("device_", "address_", "corridor_"))]


def test_what_was_not_said_is_unknown_and_never_nothing() -> None:
    features = FeatureState().stage(payments(time_ns=NOON_NS + np.arange(9) * HOUR_NS))
    for name in UNKNOWN:
        assert set(feature(features, name)) == {-1.0}, name


def test_a_device_is_new_to_an_account_until_it_was_used() -> None:
    rows = payments(device=[7, 7, 8, 7], time_ns=NOON_NS + np.arange(4) * HOUR_NS)
    features = FeatureState().stage(rows)
    assert feature(features, "device_new") == [1.0, 0.0, 1.0, 0.0]
    assert feature(features, "device_idle")[1] == pytest.approx(math.log2(3_601))


def test_accounts_of_one_device_are_kin_and_so_are_those_of_a_chain_of_devices() -> None:
    rows = payments(payer=[1, 2, 2, 3, 9, 1], payee=5, device=[7, 7, 8, 8, 6, 0])
    features = FeatureState().stage(rows)
    assert feature(features, "payer_kin") == pytest.approx(
        [math.log2(1 + n) for n in (1, 1, 2, 1, 1, 3)]
    )
    state = FeatureState()
    state.stage(rows)
    assert feature(state.stage(payments(payer=1, payee=[3, 9])), "pair_kin") == [1.0, 0.0]


def test_kinship_that_is_discarded_never_was() -> None:
    state, fresh = FeatureState(), FeatureState()
    state.stage(payments(payer=[1, 2, 3], payee=5, device=7))
    state.discard()
    after = payments(payer=[1, 2], payee=3, device=[0, 9])
    assert state.stage(after).tobytes() == fresh.stage(after).tobytes()


def test_a_payment_that_brings_the_money_back_closes_a_cycle() -> None:
    rows = payments(payer=[1, 2, 3, 2], payee=[2, 3, 1, 1], time_ns=NOON_NS + np.arange(4))
    assert feature(FeatureState().stage(rows), "cycle") == [0.0, 0.0, 3.0, 2.0]
    late = payments(payer=[1, 2], payee=[2, 1], time_ns=[NOON_NS, NOON_NS + 31 * DAY_NS])
    assert feature(FeatureState().stage(late), "cycle") == [0.0, 0.0]


def test_a_report_counts_from_its_own_time_on_for_both_sides() -> None:
    times = NOON_NS + np.array([0, 1, 2, 3]) * DAY_NS
    rows = payments(time_ns=times, report=[0, 0, 1, 0], eur=[20, 20, 20, 900])
    features = FeatureState().stage(rows)
    assert feature(features, "payee_reports_7d")[:2] == [0.0, 0.0]
    assert feature(features, "payee_reports_7d")[3] == pytest.approx(math.exp(-1 / 7), rel=1e-6)
    assert feature(features, "payer_report_idle")[3] == pytest.approx(math.log2(1 + 86_400))
    assert feature(features, "payer_report_deviation")[3] > 5
    assert features[2].tolist() == [0.0] * len(FEATURES), "a report has no features"
    assert feature(features, "payer_count_1d")[3] < 0.2, "and is no payment"


def test_who_was_paid_by_an_accused_one_is_near_and_tainted() -> None:
    rows = payments(
        payer=[1, 1, 2, 3, 4], payee=[2, 2, 3, 4, 5], report=[0, 1, 0, 0, 0],
        eur=100.0, time_ns=NOON_NS + np.arange(5) * HOUR_NS,
    )  # fmt: skip
    state = FeatureState()
    features = state.stage(rows)
    assert feature(features, "payer_hops")[2:] == [0.0, 1.0, 2.0]
    assert feature(features, "payee_hops")[2:] == [-1.0, -1.0, -1.0]
    assert 0.9 < feature(features, "payer_taint")[3] <= 1.0
    later = state.stage(payments(payer=2, payee=9, time_ns=NOON_NS + 40 * DAY_NS))
    assert feature(later, "payer_hops") == [-1.0], "no longer than thirty days"


def test_different_payees_are_counted_once_each() -> None:
    rows = payments(payee=[2, 3, 2, 4], time_ns=NOON_NS + np.arange(4) * HOUR_NS)
    assert feature(FeatureState().stage(rows), "payer_payees_1d") == [0.0, 1.0, 2.0, 2.0]


def test_a_history_knows_a_label_once_its_delay_has_passed_and_not_before() -> None:
    rows = payments(time_ns=NOON_NS + np.array([0, 6, 7, 8]) * DAY_NS)
    labels = np.array([1, 0, 0, -1], dtype=np.int8)
    reports = find_reports(rows, labels, delay_ns=7 * DAY_NS)
    features = compute_features(rows, reports)
    assert feature(features, "payee_report_idle")[:3] == [-1.0, -1.0, 0.0]
    blanked = labels.copy()
    blanked[2:] = 1  # not known to anybody in this history
    again = compute_features(rows, find_reports(rows, blanked, delay_ns=7 * DAY_NS))
    assert again.tobytes() == features.tobytes()
