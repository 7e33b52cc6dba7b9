"""`clearway what-if` on a real node's data: the past under other rules and thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clearway.app.what_if import Other, what_if
from clearway.payment.batch import Placed
from clearway.payment.records import Outcome
from clearway.risk.errors import RiskFault
from clearway.risk.models.rules import RulesModel
from clearway.risk.typologies.registry import SHIPPED
from clearway.risk.typologies.settings import load_in_force
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
    assert found["unsaid"] == 0, "nothing was stopped"
    assert "nobody has said" not in words
    assert [line.split()[1:4] for line in words.splitlines() if line.startswith("reviews")] == [
        ["0", "2", "+2"]
    ]
    assert town.node.book.height == height, "the node was left alone"
    town.node.stop()


def test_the_same_rules_models_and_thresholds_change_nothing(town: Town) -> None:
    town.node.stop()
    found, _ = what_if(town.node.config.data, Other())
    assert found["differently"] == 0
    assert all(one["change"] == 0 for one in found["measures"].values())


def test_it_says_of_how_much_that_was_stopped_nothing_is_known(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    for id in ("alice", "bob"):
        town.open(id)
    town.fund("alice", 2_000_00)
    town.verdicts.by_amount[1_000.0] = Outcome.DECLINE
    town.pay("alice", "bob", 1_000_00)
    town.node.stop()
    found, words = what_if(town.node.config.data, Other())
    assert words.splitlines()[-1].startswith("Nothing else was tried. Give --rules, ")
    assert found["unsaid"] == 1
    assert "nobody has said what they were: 1." in words


def test_what_is_no_file_of_rules_is_refused_before_anything_is_copied(
    town: Town, tmp_path: Path
) -> None:
    town.node.stop()
    rules = tmp_path / "rules.json"
    rules.write_text("{}")
    with pytest.raises(RiskFault) as caught:
        what_if(town.node.config.data, Other(rules=rules))
    assert caught.value.code == "risk.model_format"


def test_other_levels_find_other_payments_and_decide_nothing(tmp_path: Path) -> None:
    """Four sums just below 5,000, the last of which was a fraud: below the shipped level."""
    town = build_town(tmp_path)
    town.node.start()
    for id in ("alice", "bob", "carol"):
        town.open(id)
    town.fund("alice", 100_000_00)
    town.pay("alice", "carol", 1_00)
    town.clock.pass_s(2 * 3_600)
    for _ in range(3):
        town.pay("alice", "bob", 9_500_00)
        town.clock.pass_s(5 * 3_600)
    fraud = town.pay("alice", "bob", 4_900_00)
    assert isinstance(fraud, Placed)
    town.say(fraud)
    levels = tmp_path / "levels.json"
    said = {"laundering.structuring_payer": {"amount_log": {"at_least": 4_250}}}
    levels.write_text(json.dumps({"format": "clearway-typologies/1", "typologies": said}))
    found, words = what_if(town.node.config.data, Other(typologies=levels))
    town.node.stop()
    assert found["differently"] == 0
    by_code = {one["code"]: (one["actual"], one["other"]) for one in found["typologies"]}
    actual, other = by_code["laundering.structuring_payer"]
    assert (actual["payments"], actual["frauds"], actual["precision"]) == (1, 0, 0.0)
    assert (other["payments"], other["frauds"], other["precision"]) == (2, 1, 0.5)
    assert other["frauds_eur"] == 4_900.0
    assert "Typologies decide nothing." in words
    [line] = [line for line in words.splitlines() if line.startswith("laundering.structuring_")]
    told = " ".join(line.split())
    assert told.endswith(" 1, 0, 0% 2, 1, 50% +1 (+0 to +3) +1 (+0 to +3)")
    assert words.endswith("0 others find what they found")


def test_the_levels_in_force_find_what_was_found(town: Town, tmp_path: Path) -> None:
    town.node.stop()
    levels = tmp_path / "levels.json"
    levels.write_text('{"format": "clearway-typologies/1", "typologies": {}}')
    found, _ = what_if(town.node.config.data, Other(typologies=levels))
    assert all(one["actual"] == one["other"] for one in found["typologies"])


def test_what_is_no_file_of_levels_is_refused_before_anything_is_copied(
    town: Town, tmp_path: Path
) -> None:
    town.node.stop()
    levels = tmp_path / "levels.json"
    levels.write_text("{}")
    with pytest.raises(RiskFault) as caught:
        what_if(town.node.config.data, Other(typologies=levels))
    assert caught.value.code == "risk.typologies_format"


def test_a_chain_without_payments_has_nothing_to_look_at(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    town.node.stop()
    with pytest.raises(ValueError, match="no payments"):
        what_if(town.node.config.data, Other())


def test_the_examples_are_files_of_rules_and_of_levels() -> None:
    assert RulesModel.load(Path("examples/what_if_rules.json")).rules
    own = load_in_force(Path("examples/typologies.json"))
    assert own.digest != SHIPPED.digest
