"""The catalogue of reasons: closed, complete, and silent towards the suspected."""

import numpy as np
import pytest

from clearway.ports.model import ROUNDING
from clearway.risk.features import FEATURES
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.model import RiskModel
from clearway.risk.reasons import (
    AMOUNT_LIMIT,
    CATALOGUE,
    MODEL_MISSING,
    REASONS_MAX,
    account_for,
    find_reasons,
    reasons_of,
)
from tests.risk.rows import random_history

# Whoever changes this list has reused a number. Only add.
CODES_FOR_EVER = {
    0: "risk.model_missing", 1: "risk.amount_limit", 2: "risk.new_payee",
    3: "risk.velocity_payer", 4: "risk.turnover_payer", 5: "risk.amount_unusual",
    6: "risk.amount_round", 7: "risk.time_unusual", 8: "risk.payer_history_thin",
    9: "risk.fan_out", 10: "risk.purpose_unusual", 11: "risk.pass_through",
    12: "risk.structuring", 13: "risk.velocity_payee", 14: "risk.payee_history_thin",
    15: "risk.fan_in", 16: "risk.payee_amount_unusual", 17: "risk.payee_passes_on",
    18: "risk.warming_up", 19: "risk.payer_reported", 20: "risk.payee_reported",
    21: "risk.near_accused", 22: "risk.cycle", 23: "risk.shared_devices", 24: "risk.device_new",
    25: "risk.velocity_device", 26: "risk.device_reported", 27: "risk.corridor_unusual",
    28: "risk.reviews_scarce",
}  # fmt: skip


def test_numbers_and_codes_never_change() -> None:
    assert {reason.bit: reason.code for reason in CATALOGUE} == CODES_FOR_EVER


def test_each_feature_speaks_for_exactly_one_reason() -> None:
    spoken = [name for reason in CATALOGUE for name in reason.features]
    assert sorted(spoken) == sorted(FEATURES)


def test_the_customers_words_tip_nobody_off() -> None:
    telling = (
        "fraud",
        "suspect",
        "mule",
        "launder",
        "report",
        "limit",
        "risk",
        "criminal",
        "police",
    )
    for reason in CATALOGUE:
        assert not any(word in reason.customer.lower() for word in telling), reason.code


def test_what_speaks_against_a_party_and_what_against_nobody_reads_the_same() -> None:
    words = {reason.code: reason.customer for reason in CATALOGUE}
    assert words["risk.pass_through"] == words["risk.structuring"] == words["risk.model_missing"]
    assert words["risk.payee_passes_on"] == words["risk.new_payee"] == words["risk.fan_in"]


def contributions(**of: float) -> np.ndarray:
    row = np.zeros((1, len(FEATURES)))
    for name, value in of.items():
        row[0, FEATURES.index(name)] = value
    return row


def codes(row: np.ndarray) -> list[str]:
    return [reason.code for reason in reasons_of(int(find_reasons(row)[0]))]


def test_features_of_one_reason_speak_together() -> None:
    row = contributions(payer_count_5m=0.3, payer_count_1h=0.3, payee_new=0.5, hour=0.01)
    assert codes(row) == ["risk.new_payee", "risk.velocity_payer"]


def test_what_lowers_the_score_is_no_reason() -> None:
    assert codes(contributions(payee_new=-2.0, hour=1.0)) == ["risk.time_unusual"]
    assert codes(contributions(payee_new=-2.0)) == []


def test_no_more_than_the_strongest_are_given() -> None:
    assert len(codes(np.ones((1, len(FEATURES))))) <= REASONS_MAX


def test_a_score_is_its_base_its_reasons_and_the_rest() -> None:
    model = RiskModel.load_shipped()
    features = FeatureState().stage(random_history(seed=3, n=300))
    bits = find_reasons(model.contributions(features))
    for row, mask in zip(features, bits.tolist(), strict=True):
        account = account_for(model, row[None], mask)
        assert set(account.parts) == {reason.code for reason in reasons_of(mask)}
        assert all(part > 0 for part in account.parts.values())
        total = account.base + sum(account.parts.values()) + account.others
        assert total == pytest.approx(float(model.raw_scores(row[None])[0]), abs=ROUNDING)


def test_what_no_model_said_has_no_parts() -> None:
    model = RiskModel.load_shipped()
    row = np.zeros((1, len(FEATURES)), np.float32)
    account = account_for(model, row, int(MODEL_MISSING | AMOUNT_LIMIT))
    assert account.parts == {}
