"""`clearway what-if` on a real node's data: the past under other rules and thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clearway.app.what_if import Other, what_if
from clearway.payment.batch import Placed
from clearway.risk.errors import RiskFault
from clearway.risk.rules import RulesModel
from tests.lifecycle.town import Town, build_town

RULES = {
    "format": "clearway-risk-rules/1", "base": -5.0,
    "rules": [{"name": "large", "weight": 1.0, "if": [["amount_log", ">", 8.0]]}],
}  # fmt: skip


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Alice paid 1 euro ten times, then 500, which was a fraud, and 300, which was not."""
    town = build_town(tmp_path)
    town.node.start()
    for id in ("alice", "bob"):
        town.open(id)
    town.fund("alice", 2_000_00)
    for _ in range(10):
        town.pay("alice", "bob", 1_00)
    fraud = town.pay("alice", "bob", 500_00)
    town.pay("alice", "bob", 300_00)
    assert isinstance(fraud, Placed)
    town.say(fraud)
    return town


def measures(found: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (one["actual"], one["other"]) for name, one in found["measures"].items()}


def test_rules_would_have_stopped_what_a_running_node_let_go(town: Town, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES))
    height = town.node.book.height
    found, words = what_if(town.node.config.data, Other(rules=rules))
    assert (found["payments"], found["frauds"], found["differently"]) == (12, 1, 2)
    said = measures(found)
    assert said["lost_eur"] == (500.0, 100.0)  # one in five is let go by whoever looks at it
    assert said["saved_eur"] == (0.0, 400.0)
    assert said["false_positives"] == (0.0, 1.0)
    assert said["reviews"] == (0.0, 2.0)
    assert "12 payments, 1 of them known frauds; 2 would have been decided differently" in words
    assert town.node.book.height == height, "the node was left alone"
    town.node.stop()


def test_the_same_rules_models_and_thresholds_change_nothing(town: Town) -> None:
    town.node.stop()
    found, _ = what_if(town.node.config.data, Other())
    assert found["differently"] == 0
    assert all(one["change"] == 0 for one in found["measures"].values())


def test_what_is_no_file_of_rules_is_refused_before_anything_is_copied(
    town: Town, tmp_path: Path
) -> None:
    town.node.stop()
    rules = tmp_path / "rules.json"
    rules.write_text("{}")
    with pytest.raises(RiskFault) as caught:
        what_if(town.node.config.data, Other(rules=rules))
    assert caught.value.code == "risk.model_format"


def test_a_chain_without_payments_has_nothing_to_look_at(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    town.node.stop()
    with pytest.raises(ValueError, match="no payments"):
        what_if(town.node.config.data, Other())


def test_the_example_is_a_file_of_rules() -> None:
    assert RulesModel.load(Path("examples/what_if_rules.json")).rules
