"""The tour: build a node, play a week, tell six stories, give feedback, verify from genesis, ask
what fewer reviews would have cost."""

from __future__ import annotations

import dataclasses
import json
import logging
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import Config, load_config
from clearway.app.demo import show
from clearway.app.demo.api import Api
from clearway.app.demo.clock import SimulatedClock
from clearway.app.demo.feedback import find_verdicts, give_feedback
from clearway.app.demo.figures import Figures, measure
from clearway.app.demo.play import (
    Played,
    fund_accounts,
    open_accounts,
    play_history,
    play_live,
    wait_for_noon,
)
from clearway.app.demo.stories import STORIES, Story, Teller, tell_stories
from clearway.app.demo.town import Size, Town, last_week_ns
from clearway.app.serve import ServerThread, dev_api_key
from clearway.app.what_if import Other, what_if_of
from clearway.ledger.verify import Verification, verify_chain
from clearway.risk.worlds.world import DAY_NS

BEFORE_NS: Final = 2 * 3_600 * 10**9  # accounts are opened and funded before the week begins
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Outcome:
    """what_if: as `what-if --json` answers for show.REVIEWS_A_DAY. problems: what did not turn out
    as it should; empty for exit code 0."""

    figures: Figures
    stories: list[Story]
    verification: Verification
    what_if: dict[str, Any]
    history_payments: int
    history_s: float
    rate: int
    seconds: float
    problems: list[str]

    @property
    def payments_per_s(self) -> int:
        """Of the part that was played as fast as it goes."""
        return round(self.history_payments / self.history_s)

    def as_json(self) -> dict[str, Any]:
        """The object of `demo --json`; values in euros."""
        figures, fraud = self.figures, self.figures.fraud
        return {
            "payments": sum(figures.by_status.values()),
            "by_status": figures.by_status,
            "payments_per_s": self.payments_per_s,
            "settlement_ms": {
                "p50": round(figures.latency_ms[0], 2),
                "p99": round(figures.latency_ms[1], 2),
            },
            "fraud": {
                "value_stopped": round(float(fraud.stopped_eur), 2),
                "value_missed": round(float(fraud.missed_eur), 2),
                "false_positives": fraud.false_positives,
            },
            "screening_hits": figures.sanctioned_payments,
            "height": figures.height,
            "root": figures.root,
            "verified": self.verification.ok,
            "seconds": round(self.seconds, 1),
        }


def run_demo(*, keep: bool, as_json: bool) -> int:
    """The command: 0 when the chain verifies and every story ended as it should."""
    logging.getLogger("clearway").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the folder goes then, too
    # With --json, what people read goes to the other stream.
    console = Console(stderr=as_json, width=None if Console().is_terminal else show.COLUMNS)
    with (
        tempfile.TemporaryDirectory(prefix="clearway-demo-") as folder,
        play_demo(Path(folder), Size(), console) as (outcome, node, url),
    ):
        if keep:
            show.keeping(console, url, dev_api_key(node), folder)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
    if as_json:
        print(json.dumps(outcome.as_json()), flush=True)
    return 1 if outcome.problems else 0


@contextmanager
def play_demo(folder: Path, size: Size, console: Console) -> Iterator[tuple[Outcome, Node, str]]:
    """Plays everything; the node serves at the url until the block ends."""
    began = time.perf_counter()
    show.title(console)
    monday_ns = last_week_ns(time.time_ns())
    clock = SimulatedClock(monday_ns - BEFORE_NS)
    with show.steps(console) as steps:
        with steps.step("Sanctions lists, rates, risk model", total=1) as step:
            node = build_node(_config(folder), clock=clock)
            node.start()
            step.say(show.loaded(node))
        try:
            town = Town(node, size, start_ns=monday_ns)
            with ServerThread(node) as url:
                played = _play(node, town, clock, size, steps)
                wait_for_noon(town.start_ns + town.days * DAY_NS, clock)
                api = Api(url, dev_api_key(node))
                teller = Teller(node, town, api, played.left_open)
                with steps.step("Six stories over HTTP", total=len(STORIES)) as step:
                    stories = tell_stories(teller, step.advance)
                figures = measure(node, town, rate=played.rate)
                verdicts = find_verdicts(town, figures.rows)
                with steps.step("Feedback of the fraud team", total=len(verdicts)) as step:
                    give_feedback(api, verdicts, step.advance)
                with steps.step("What if, with fewer reviews", total=len(figures.rows)):
                    other = what_if_of(node, Other(reviews_per_day=show.REVIEWS_A_DAY))
                with steps.step("Recompute the chain from genesis", total=1) as step:
                    verification = verify_chain(folder / "chain", node.genesis)
                    step.say(f"{verification.entries:,} entries")
                outcome = Outcome(
                    figures=figures,
                    stories=stories,
                    verification=verification,
                    what_if=other,
                    history_payments=town.live_from,
                    history_s=played.history_s,
                    rate=played.rate,
                    seconds=time.perf_counter() - began,
                    problems=_problems(figures, stories, verification),
                )
                steps.stop()
                show.outcome(console, outcome)
                yield outcome, node, url
        finally:
            node.stop()


def _config(folder: Path) -> Config:
    """Simulated seconds pass thousands of times faster than the node's deadlines are meant for.
    Nothing is written outside the folder, whatever the environment says."""
    database = f"sqlite:///{folder / 'projections.sqlite'}"
    config = load_config(dev=True, data=folder, database=database)
    return dataclasses.replace(
        config, envelope_valid_s=_DAY_S, quote_valid_s=_DAY_S, review_deadline_s=30 * _DAY_S
    )


def _play(node: Node, town: Town, clock: SimulatedClock, size: Size, steps: show.Steps) -> Played:
    played = Played()
    with steps.step("Accounts opened", total=town.count) as step:
        open_accounts(node, town, step.advance)
    with steps.step("Owners screened, accounts funded", total=town.fundings_count) as step:
        fund_accounts(node, town, step.advance)
    clock.jump(town.start_ns)
    with steps.step(f"{town.days - 1} days at full speed", total=town.live_from) as step:
        play_history(node, town, clock, played, step.advance)
    with steps.step("The last day, live", total=len(town.payments) - town.live_from) as step:
        play_live(node, town, clock, played, step.advance, seconds=size.live_s)
        step.say(f"a day in {DAY_NS / 1e9 / played.rate:.0f} s")
    return played


def _problems(figures: Figures, stories: list[Story], verification: Verification) -> list[str]:
    problems = [f"{story.title}: {story.wrong}" for story in stories if story.wrong]
    if not verification.ok:
        problems.append(f"the chain does not verify: {verification.what}")
    elif (verification.height, verification.root.hex()) != (figures.height, figures.root):
        problems.append("the recomputed chain ends at another root than the node's")
    return problems
