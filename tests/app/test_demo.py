"""The demonstration's numbers are what an independent reader of the blocks counts."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from clearway.app.demo import Outcome, play_demo, run
from clearway.app.demo.api import Api
from clearway.app.demo.clock import SimulatedClock
from clearway.app.demo.play import wait_for_noon
from clearway.app.demo.run import BEFORE_NS
from clearway.app.demo.stories import STORIES, Teller
from clearway.app.demo.town import Size, Town, last_week_ns
from clearway.app.serve import dev_api_key
from clearway.ledger.book import Block, Book
from clearway.ledger.genesis import load_genesis
from clearway.payment.records import Flag, Kind
from clearway.risk.worlds.world import DAY_NS

SMALL = Size(customers=300, merchants=60, days=2, live_s=1.5)
BY_CHANCE = ("A fraud ring caught", "A payment reviewed and approved")


def count_statuses(blocks: list[Block]) -> dict[str, int]:
    """What became of each payment, from the entries and results alone."""
    status: dict[bytes, str] = {}
    for block in blocks:
        for head, result in zip(block.heads, block.results, strict=True):
            kind, code = int(head["kind"]), int(result["code"])
            if kind == Kind.PAYMENT:
                held = bool(head["flags"] & Flag.PENDING)
                waits = "review" if head["outcome"] == 2 else "held"
                done = "declined" if code == 24 else "refused" if code else "settled"
                status[head["id"].tobytes()] = waits if held and not code else done
            elif kind in (Kind.POST, Kind.VOID) and code == 0:
                target = head["target"].tobytes()
                released = "voided" if status[target] == "held" else "declined"
                status[target] = "settled" if kind == Kind.POST else released
    return dict(Counter(status.values()))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, str, Path]:
    folder = tmp_path_factory.mktemp("demo")
    shown = io.StringIO()
    with play_demo(folder, SMALL, Console(file=shown, width=96)) as (outcome, _, _):
        pass
    return outcome, shown.getvalue(), folder


MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


@pytest.mark.parametrize("days", range(7))
@pytest.mark.parametrize("hours", [0, 3, 12, 23.99])
def test_the_week_that_is_played_is_the_last_whole_one(days: int, hours: float) -> None:
    now = MONDAY + timedelta(days=7 + days, hours=hours)
    assert last_week_ns(nanoseconds(now)) == nanoseconds(MONDAY)


@pytest.mark.parametrize(
    ("late_hours", "noon"), [(-9, 0), (0, 0), (11.9, 0), (12.1, 1), (35.9, 1), (36.1, 2)]
)
def test_stories_are_told_at_noon_however_slow_the_machine_was(
    late_hours: float, noon: int
) -> None:
    """late_hours: after the end of the week. noon: days from there to the noon of the stories."""
    end = MONDAY + timedelta(days=SMALL.days)
    clock = SimulatedClock(nanoseconds(end + timedelta(hours=late_hours)))
    wait_for_noon(nanoseconds(end), clock)
    told = datetime.fromtimestamp(clock() / 1e9, UTC)
    assert abs(told - end - timedelta(days=noon, hours=12)) < timedelta(minutes=1)


def test_no_story_depends_on_the_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Night, noon, the last minute of a day and a Sunday: the same node, the same end."""
    clock = SimulatedClock(last_week_ns(time.time_ns()) - BEFORE_NS)
    monkeypatch.setattr(run, "SimulatedClock", lambda _: clock)
    with play_demo(tmp_path, SMALL, Console(file=io.StringIO())) as (_, node, url):
        town = Town(node, SMALL, start_ns=last_week_ns(time.time_ns()))
        asked = [story for story in STORIES if story[0] not in BY_CHANCE]
        end_ns = town.start_ns + town.days * DAY_NS  # a Wednesday begins
        for days, hours in ((1, 3), (1, 12), (1, 23.99), (4, 2), (4, 15)):
            clock.jump(end_ns + int((days * 24 + hours) * 3_600) * 10**9)
            api = Api(url, dev_api_key(node))
            teller = Teller(node, town, api, None, name=f"told-{days}-{hours:.0f}")
            told = [play(teller, title) for title, play in asked]
            assert [(story.title, story.wrong) for story in told] == [
                (title, "") for title, _ in asked
            ]


def read_blocks(folder: Path) -> tuple[list[Block], str]:
    book = Book.open(folder / "chain", load_genesis(folder / "genesis.json"))
    try:
        return list(book.blocks(1)), book.state_root.hex()
    finally:
        book.close()


def test_the_json_agrees_with_the_blocks(played: tuple[Outcome, str, Path]) -> None:
    outcome, _, folder = played
    found = json.loads(json.dumps(outcome.as_json()))
    blocks, root = read_blocks(folder)
    assert found["by_status"] == count_statuses(blocks)
    assert found["payments"] == sum(found["by_status"].values())
    assert (found["height"], found["root"]) == (blocks[-1].height, root)
    assert found["verified"] is True


def test_the_value_settled_is_what_left_the_payers(played: tuple[Outcome, str, Path]) -> None:
    """Payments accepted at once, and what was captured of holds, by asset."""
    outcome, _, folder = played
    moved: Counter[int] = Counter()
    for block in read_blocks(folder)[0]:
        heads, done = block.heads, block.results["code"] == 0
        at_once = (heads["kind"] == Kind.PAYMENT) & (heads["flags"] & Flag.PENDING == 0)
        for row in np.flatnonzero(done & (at_once | (heads["kind"] == Kind.POST))):
            moved[int(heads["asset"][row])] += int(heads["amount_lo"][row])
    settled = {asset.number: minor for asset, minor in outcome.figures.settled_minor.items()}
    assert settled == dict(moved)


def test_listed_parties_are_named_and_never_paid(played: tuple[Outcome, str, Path]) -> None:
    outcome, shown, _ = played
    assert outcome.figures.sanctioned
    assert outcome.as_json()["screening_hits"] == outcome.figures.sanctioned_payments > 0
    for _, match in outcome.figures.sanctioned:
        assert match.entity_id in shown


def test_every_story_but_chance_ends_as_it_should(played: tuple[Outcome, str, Path]) -> None:
    """In so small a world no ring and no review is certain; everything else is."""
    outcome, shown, _ = played
    certain = [story for story in outcome.stories if story.title not in BY_CHANCE]
    assert [story.wrong for story in certain] == [""] * 4
    assert all(story.receipt for story in certain)
    assert "verified from genesis" in shown
    assert max(len(line) for line in shown.splitlines()) <= 96


def test_the_what_if_knows_the_frauds_that_were_reported(
    played: tuple[Outcome, str, Path],
) -> None:
    outcome, shown, _ = played
    fraud, found = outcome.figures.fraud, outcome.what_if
    assert found["frauds"] == fraud.stopped + fraud.missed > 0
    lost, saved = (found["measures"][name]["actual"] for name in ("lost_eur", "saved_eur"))
    worth = float(fraud.missed_eur + fraud.stopped_eur)
    assert lost + saved == pytest.approx(worth, rel=0.02), "risk weighs with rates of its own"
    assert lost >= float(fraud.missed_eur), "people are taken to let some pass"
    assert f"{lost:,.0f}" in shown
    assert f"{fraud.stopped + fraud.missed} frauds are known by feedback" in shown
    reviews = found["measures"]["reviews"]
    assert 0 < reviews["other"] <= reviews["actual"]


def test_the_clock_never_goes_back() -> None:
    clock = SimulatedClock(10**18)
    clock.run(1_000_000)
    before = clock()
    clock.jump(0)
    clock.run(1)
    assert clock() >= before
