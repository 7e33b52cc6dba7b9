"""A whole history at once: a label is known after its delay, and the future never."""

import numpy as np
import pytest

from clearway.risk.facts import Facts
from clearway.risk.features import Features
from clearway.risk.memory.history import (
    DAY_NS,
    Labels,
    compute_features,
    find_clearances,
    find_reports,
)
from tests.risk.rows import NOON_NS, feature, payments, random_history

DELAY_NS = 7 * DAY_NS
N = 4_000
PAYMENTS = random_history(seed=4, n=N, accounts=40)
PAYMENTS["report"] = 0
LABELS = np.random.default_rng(4).choice(np.array([0, 1, -1], np.int8), N, p=[0.7, 0.1, 0.2])
NOW = N // 2  # what is asked for: this payment


def features_of(facts: Facts, labels: Labels) -> Features:
    news = [find(facts, labels, delay_ns=DELAY_NS) for find in (find_reports, find_clearances)]
    return compute_features(facts, np.concatenate(news))


BEFORE = features_of(PAYMENTS, LABELS)[: NOW + 1]


def test_labels_that_are_not_known_yet_change_nothing() -> None:
    unknown = PAYMENTS["time_ns"] + DELAY_NS > PAYMENTS["time_ns"][NOW]
    for value in (-1, 0, 1):
        labels = np.where(unknown, np.int8(value), LABELS)
        assert features_of(PAYMENTS, labels)[: NOW + 1].tobytes() == BEFORE.tobytes()


def test_labels_that_are_known_do_change_something() -> None:
    known = PAYMENTS["time_ns"] + DELAY_NS <= PAYMENTS["time_ns"][NOW]
    labels = np.where(known, np.int8(0), LABELS)
    assert features_of(PAYMENTS, labels)[: NOW + 1].tobytes() != BEFORE.tobytes()


def test_the_future_in_another_order_changes_nothing() -> None:
    order = np.arange(N)
    order[NOW + 1 :] = np.random.default_rng(5).permutation(order[NOW + 1 :])
    facts, labels = PAYMENTS[order], LABELS[order]
    facts["time_ns"] = PAYMENTS["time_ns"]
    assert features_of(facts, labels)[: NOW + 1].tobytes() == BEFORE.tobytes()


@pytest.mark.parametrize(("early_ns", "known"), [(0, True), (1, False)])
def test_a_label_is_known_when_its_delay_has_passed_and_not_before(
    early_ns: int, known: bool
) -> None:
    asked_ns = NOON_NS + DELAY_NS - early_ns
    facts = payments(time_ns=[NOON_NS, asked_ns])
    fraud = features_of(facts, np.array([1, -1], np.int8))
    assert (feature(fraud, "payee_blame")[1] > 0) == known
    assert feature(fraud, "payee_reports_7d")[1] == float(known)


def test_reports_among_the_payments_have_no_row() -> None:
    mixed = random_history(seed=4, n=600, accounts=40)
    paid = mixed["report"] == 0
    assert not paid.all()
    features = compute_features(mixed)
    assert len(features) == paid.sum()
    assert features.tobytes() == compute_features(mixed[paid], mixed[~paid]).tobytes()
