"""Rules from a file: closed operators, weights that add up, and nothing that is executed."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearway.risk.decide import load_fallback
from clearway.risk.errors import RiskFault
from clearway.risk.models.rules import OPERATORS, RulesModel

FEATURES = ("amount", "count", "age")


def document(**changed: Any) -> dict[str, Any]:
    rule = {"name": "much, often", "weight": 3.0, "if": [["amount", ">", 10], ["count", ">=", 2]]}
    old = {"name": "old", "weight": -1.0, "if": [["age", "!=", 0]]}
    whole = {"format": "clearway-risk-rules/1", "base": -5.0, "rules": [rule, old]}
    return whole | changed


def parse(document: Any) -> RulesModel:
    return RulesModel.of_bytes(json.dumps(document).encode(), source="r", features=FEATURES)


def rows(*values: tuple[float, float, float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_the_weights_of_rules_that_hold_are_added() -> None:
    model = parse(document())
    raw = model.raw_scores(rows((11, 2, 0), (11, 1, 0), (10, 2, 0), (11, 2, 1)))
    assert raw.tolist() == [-2.0, -5.0, -5.0, -3.0]
    said = model.calibrate(raw)
    assert said[0] == round(10_000 / (1 + math.exp(2.0)))


def test_each_feature_that_a_rule_asks_has_an_equal_part() -> None:
    model = parse(document())
    parts = model.contributions(rows((11, 2, 1), (1, 1, 0)))
    assert parts.tolist() == [[1.5, 1.5, -1.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_what_is_missing_fulfils_no_condition(operator: str) -> None:
    rule = {"name": "any", "weight": 1.0, "if": [["amount", operator, 0]]}
    model = parse(document(base=0.0, rules=[rule]))
    assert model.raw_scores(rows((math.nan, 0, 0))).tolist() == [0.0]


def test_the_model_is_named_by_its_bytes() -> None:
    data = json.dumps(document()).encode()
    model = RulesModel.of_bytes(data, source="r", features=FEATURES)
    assert model.model_id == hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    "broken",
    [
        {"format": "other/1"},
        {"base": "0"},
        {"base": True},
        {"base": math.nan},
        {"rules": [{"name": "a", "weight": 1, "if": []}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["nothing", ">", 1]]}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["amount", "is", 1]]}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["amount", ">", "__import__('os')"]]}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["amount", ">"]]}]},
        {"rules": [{"name": "a", "weight": 99, "if": [["amount", ">", 1]]}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["amount", ">", 1]] * 17}]},
        {"rules": [{"name": "a", "if": [["amount", ">", 1]]}]},
        {"rules": [{"name": "a", "weight": 1, "then": 1, "if": [["amount", ">", 1]]}]},
        {"rules": [{"name": "a", "weight": 1, "if": [["amount", ">", 1]]}] * 201},
        {"rules": None},
    ],
)
def test_what_is_no_file_of_rules_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(RiskFault) as caught:
        parse(document(**broken))
    assert caught.value.code == "risk.model_format"


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b" " * (2**20 + 1), b"[" * 10**5])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(RiskFault):
        RulesModel.of_bytes(data, source="r", features=FEATURES)


def test_a_file_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"format": "clearway-risk-rules/1", "base": 0, "rules": []}))
    assert RulesModel.load(path).rules == ()


def test_the_rules_that_ship_ask_of_features_that_are_there() -> None:
    assert len(load_fallback().rules) == 4
