"""Features from fraud reports: nothing is known before its time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.risk.reports import DAY_NS, REPORT_FEATURES, find_reports
from tests.risk.rows import NOON_NS, payments, random_history

DELAY_NS = 7 * DAY_NS


def column(rows: np.ndarray, name: str) -> list[float]:
    values: list[float] = rows[:, REPORT_FEATURES.index(name)].tolist()
    return values


def test_a_report_counts_from_the_end_of_its_delay_on() -> None:
    days = np.array([0.0, 6.9, 7.0, 7.5, 9.5])
    rows = payments(time_ns=NOON_NS + (days * DAY_NS).astype(np.int64))
    labels = np.array([1, -1, -1, -1, -1], dtype=np.int8)
    found = find_reports(rows, labels, delay_ns=DELAY_NS)
    assert column(found, "payee_report_n") == [0, 0, 1, 1, 1]
    assert column(found, "payee_reports_2d") == [0, 0, 1, 1, 0]
    assert column(found, "payee_reports_7d") == [0, 0, 1, 1, 1]
    assert column(found, "payer_report_age_days") == [-1, -1, 0, 0.5, 2.5]


def test_unknown_labels_count_neither_way() -> None:
    rows = payments(time_ns=NOON_NS + np.array([0, 1, 2, 20]) * DAY_NS)
    known = find_reports(rows, np.array([1, 0, 0, -1], dtype=np.int8), delay_ns=DELAY_NS)
    less = find_reports(rows, np.array([1, -1, -1, -1], dtype=np.int8), delay_ns=DELAY_NS)
    assert column(known, "payer_report_share_28d")[3] < column(less, "payer_report_share_28d")[3]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 399))
def test_a_label_changes_nothing_before_its_delay_has_passed(seed: int, changed: int) -> None:
    rows = random_history(seed=seed, n=400, accounts=12)
    labels = np.random.default_rng(seed).integers(-1, 2, 400).astype(np.int8)
    other = labels.copy()
    other[changed] = (other[changed] + 2) % 3 - 1
    early = rows["time_ns"] < rows["time_ns"][changed] + DELAY_NS
    before = find_reports(rows, labels, delay_ns=DELAY_NS)[early]
    assert before.tobytes() == find_reports(rows, other, delay_ns=DELAY_NS)[early].tobytes()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_counts_are_those_of_counting_one_by_one(seed: int) -> None:
    rows = random_history(seed=seed, n=200, accounts=8)
    labels = np.random.default_rng(seed).integers(-1, 2, 200).astype(np.int8)
    found = find_reports(rows, labels, delay_ns=DELAY_NS)
    # Milliseconds are what is counted in; a report is rounded up, a question down.
    asked = (rows["time_ns"] - DELAY_NS) // 1_000_000
    stood = -(-rows["time_ns"] // 1_000_000)
    for i in range(200):
        same = (rows["payee"] == rows["payee"][i]) & (labels == 1)
        week = (stood <= asked[i]) & (stood > asked[i] - 7 * DAY_NS // 1_000_000)
        assert column(found, "payee_reports_7d")[i] == (same & week).sum()
        assert column(found, "payee_report_n")[i] == (same & (stood <= asked[i])).sum()
