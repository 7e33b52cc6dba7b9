"""A node whose people can look at two payments a day, and whose model takes one in eight payments
for a fraud: a review saves the more, the larger the payment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.app.what_if import Other, what_if
from clearway.payment.batch import Columns, Placed
from clearway.payment.records import Flag, Outcome, view_heads
from clearway.risk.models.rules import FORMAT
from clearway.risk.reasons import reasons_of
from clearway.risk.reviews import NO_PRICE
from tests.lifecycle.town import SECOND_NS, Town, build_town, outcome

DAY_S = 86_400
EUROS = (200, 900, 20, 700, 150, 2_000, 400, 300, 100, 1_500)


def make_model(folder: Path) -> Path:
    """A model.json with its card: probability 1 in 8, and payments of 3,000 euros are frauds."""
    data = json.dumps({
        "format": FORMAT, "base": -2.0,
        "rules": [{"name": "huge", "weight": 9.0, "if": [["amount_log", ">", 11.5]]}],
    }).encode()  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "model.json").write_bytes(data)
    card = {"model_id": hashlib.sha256(data).hexdigest(), "kind": "rules"}
    (folder / "card.json").write_text(json.dumps(card))
    return folder / "model.json"


def build(folder: Path, town: Town | None = None, per_day: int = 2) -> Town:
    folder.mkdir(exist_ok=True)
    built = build_town(
        folder,
        town.clock if town else None,
        CLEARWAY_MODEL=str(make_model(folder / "model")),
        CLEARWAY_REVIEWS_PER_DAY=str(per_day),
    )
    if town is not None:
        built.keys = town.keys
    built.node.start()
    return built


def settle_in(town: Town) -> Town:
    """People, money, and an hour; then it is past the next midnight, UTC, and at no time at which
    what is expected is a whole number: the node's threads ask the clock too, and turn it on."""
    for id in ("alice", "bob"):
        town.open(id)
    town.fund("alice", 1_000_000_00)
    town.pay("alice", "bob", 1_00)
    town.clock.pass_s(DAY_S + 700 - town.clock.now_ns // SECOND_NS % DAY_S)
    return town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = settle_in(build(tmp_path / "one"))
    yield town
    town.node.stop()


def pay(town: Town, eur: int, then_s: int = 1_800) -> Placed:
    """And some time passes."""
    placed = town.pay("alice", "bob", eur * 100)
    town.clock.pass_s(then_s)
    return placed


def decision(town: Town, placed: Placed) -> np.void:
    row = town.node.vault.decision(placed.key, placed.sequence, placed.envelope_index)
    assert row is not None
    return row


def told(town: Town, placed: Placed) -> tuple[Outcome, int, list[str]]:
    """Outcome, price in euros, and the reasons that are about the room itself."""
    row = decision(town, placed)
    codes = [reason.code for reason in reasons_of(int(row["reasons"])) if not reason.features]
    return outcome(placed), int(row["review_price"]), codes


def test_no_more_than_two_a_day_and_every_other_says_so(town: Town) -> None:
    for _ in range(3):
        placed = [pay(town, eur) for eur in EUROS]
        said = [told(town, one) for one in placed]
        reviewed = [outcome is Outcome.REVIEW for outcome, _, _ in said]
        assert sum(reviewed) == 2
        for (became, price, codes), is_reviewed, eur in zip(said, reviewed, EUROS, strict=True):
            if eur > 20 and not is_reviewed:
                assert (became, codes) == (Outcome.ACCEPT, ["risk.reviews_scarce"])
                assert price > 0
        assert said[2] == (Outcome.ACCEPT, 0, []), "nobody had to look at 20 euros"
        town.clock.pass_s(DAY_S - 1_800 * len(EUROS))
    assert [eur for eur, one in zip(EUROS, reviewed, strict=True) if one] != [200, 900], (
        "by the third day it is known what may still come"
    )


def test_when_they_are_used_up_expected_cost_decides_and_the_node_says_so(town: Town) -> None:
    town.clock.pass_s(23 * 3_600 - 700)  # little can come any more
    assert town.node.warnings() == []
    assert [outcome(pay(town, 500, 60)) for _ in range(2)] == [Outcome.REVIEW] * 2
    [warning] = town.node.warnings()
    assert warning.startswith("the day's 2 reviews are used up")
    assert town.node.degraded() == []
    assert told(town, pay(town, 5_000, 60))[0] is Outcome.DECLINE  # surely a fraud
    assert told(town, pay(town, 500, 60)) == (Outcome.ACCEPT, NO_PRICE, ["risk.reviews_scarce"])
    counts = town.node.risk_counts()
    assert (counts.reviews, counts.unreviewed) == (2, {"accept": 1, "decline": 0})
    town.clock.pass_s(3_600)
    assert town.node.warnings() == []
    assert outcome(pay(town, 500)) is Outcome.REVIEW


@pytest.mark.parametrize("keeps_snapshot", [True, False])
def test_a_restart_in_the_middle_of_a_day_changes_no_outcome(
    town: Town, tmp_path: Path, keeps_snapshot: bool
) -> None:
    other = settle_in(build(tmp_path / "two"))
    said: list[list[tuple[Outcome, int, list[str]]]] = [[], []]
    for day in range(3):
        for place, eur in enumerate(EUROS):
            if (day, place) in ((0, 3), (1, 1), (2, 7)):
                other.node.stop()
                if not keeps_snapshot:
                    (tmp_path / "two/data/features.bin").unlink()
                other = build(tmp_path / "two", other)
            for each, answers in zip((town, other), said, strict=True):
                answers.append(told(each, pay(each, eur)))
        for each in (town, other):
            each.clock.pass_s(DAY_S - 1_800 * len(EUROS))
    assert said[0] == said[1]
    assert {outcome for outcome, _, _ in said[0]} == {Outcome.ACCEPT, Outcome.REVIEW}
    assert sum(price > 0 for _, price, _ in said[0]) > 10
    other.node.stop()


def test_what_if_comes_to_the_same_and_tells_reviews_under_another_bound(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARWAY_REVIEWS_PER_DAY", "2")
    monkeypatch.setenv("CLEARWAY_MODEL", str(town.node.config.model))
    for _ in range(2):
        for eur in EUROS:
            pay(town, eur)
        town.clock.pass_s(DAY_S - 1_800 * len(EUROS))
    data = town.node.config.data
    found, _ = what_if(data, Other())
    assert found["differently"] == 0
    assert found["measures"]["reviews"]["actual"] == 4
    assert what_if(data, Other(reviews_per_day=0))[0]["measures"]["reviews"]["other"] == 18
    assert what_if(data, Other(reviews_per_day=1))[0]["measures"]["reviews"]["other"] == 2
    rules = data.parent / "rules.json"
    small = {"name": "small", "weight": 1.0, "if": [["amount_log", "<", 5.0]]}
    rules.write_text(json.dumps({"format": FORMAT, "base": -9.0, "rules": [small]}))
    found, _ = what_if(data, Other(rules=rules))
    assert found["differently"] > 0, "what a rule asks for comes before what is worth more"
    assert found["measures"]["reviews"]["other"] == 5, "with the first payment of all"
    assert 4 < what_if(data, Other(reviews_per_day=5))[0]["measures"]["reviews"]["other"] <= 10


def test_what_cannot_be_reviewed_takes_nobodys_time(town: Town) -> None:
    """A linked payment is declined where a person would have to look."""
    first = town.payment("alice", "bob", 500_00)
    head = view_heads(first.head).copy()
    head["flags"] |= np.uint16(Flag.LINKED)
    linked = first._replace(head=head.tobytes())
    columns = Columns.of([linked, town.payment("alice", "bob", 500_00)])
    share = town.node.batcher.submit_columns(columns).result(20)
    assert [outcome(share[row]) for row in range(2)] == [Outcome.DECLINE] * 2
    assert town.node.risk_counts().reviews == 0
    assert told(town, pay(town, 500)) == (Outcome.REVIEW, 0, [])
