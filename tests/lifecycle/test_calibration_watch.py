"""A node whose model takes one payment in eight for a fraud, and what its people say of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.payment.batch import Columns, Placed
from clearway.payment.records import Outcome
from clearway.store.feedback import Verdict
from tests.lifecycle.test_scarce_reviews import DAY_S, build, settle_in
from tests.lifecycle.town import Town, outcome

A_DAY, DAYS, DELAY_DAYS = 160, 4, 7
PAYMENTS = A_DAY * DAYS + 1  # and the first one
EXPECTED = PAYMENTS * 0.1192


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = settle_in(build(tmp_path / "one"))
    yield town
    town.node.stop()


def four_days(town: Town, then_days: int = DELAY_DAYS) -> list[Placed]:
    """Payments of ten euros, which nobody has to look at; then some days pass."""
    placed = []
    for _ in range(DAYS):
        columns = Columns.of([town.payment("alice", "bob", 10_00) for _ in range(A_DAY)])
        share = town.node.batcher.submit_columns(columns).result(20)
        placed += [one for row in range(A_DAY) if isinstance(one := share[row], Placed)]
        town.clock.pass_s(DAY_S)
    town.clock.pass_s(then_days * DAY_S)
    return placed


def look(town: Town) -> list[str]:
    town.node.calibration_watch.look()
    return town.node.calibration_watch.alerts()


def test_as_many_frauds_as_were_said_are_no_warning(town: Town) -> None:
    for placed in four_days(town)[::8]:
        town.say(placed)
    assert look(town) == []
    found = town.node.calibration()
    assert found is not None
    assert (found.payments, found.frauds) == (PAYMENTS, A_DAY * DAYS // 8)
    assert found.expected == pytest.approx(EXPECTED, rel=1e-3)
    assert found.low < 1.0 < found.high


def test_silence_about_what_was_said_to_be_frauds_warns(town: Town) -> None:
    placed = four_days(town)
    town.say(placed[0])
    [warning] = look(town)
    assert warning in town.node.warnings()
    assert f"1 frauds where {EXPECTED:.0f} were said" in warning
    assert town.node.degraded() == []
    for one in placed[8::8]:  # it was only late
        town.say(one)
    assert look(town) == []


def test_nothing_is_said_before_silence_is_honesty(town: Town) -> None:
    four_days(town, then_days=0)
    assert look(town) == []
    assert town.node.calibration() is None
    town.clock.pass_s(DELAY_DAYS * DAY_S)
    assert len(look(town)) == 1


def test_the_last_word_counts_and_once(town: Town) -> None:
    placed = four_days(town)[:80]
    for one in placed:
        town.say(one)
        town.say(one, Verdict.CHARGEBACK)
    look(town)
    found = town.node.calibration()
    assert found is not None
    assert found.frauds == 80
    for one in placed[:30]:
        town.say(one, Verdict.HONEST)
    look(town)
    found = town.node.calibration()
    assert found is not None
    assert found.frauds == 50


def test_what_was_declined_does_not_count(town: Town) -> None:
    declined = town.pay("alice", "bob", 5_000_00)
    assert outcome(declined) is Outcome.DECLINE
    for one in [declined, *four_days(town)[::8]]:
        town.say(one)
    look(town)
    found = town.node.calibration()
    assert found is not None
    assert (found.payments, found.frauds) == (PAYMENTS, A_DAY * DAYS // 8)


@pytest.mark.parametrize("keeps_snapshot", [True, False])
def test_a_restart_changes_nothing(tmp_path: Path, keeps_snapshot: bool) -> None:
    town = settle_in(build(tmp_path / "two"))
    for placed in four_days(town)[::8]:
        town.say(placed)
    look(town)
    found = town.node.calibration()
    town.node.stop()
    if not keeps_snapshot:
        (tmp_path / "two/data/features.bin").unlink()
    again = build(tmp_path / "two", town)
    look(again)
    assert again.node.calibration() == found
    again.node.stop()
