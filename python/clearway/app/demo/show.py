"""What the demonstration looks like: steps while it runs, stories, one table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from clearway.app.bootstrap import Node
from clearway.app.demo.stories import Story
from clearway.app.what_if import MEASURES
from clearway.payment.money import format_amount
from clearway.payment.state import Status

if TYPE_CHECKING:
    from clearway.app.demo.run import Outcome

COLUMNS: Final = 96
REVIEWS_A_DAY: Final = 10  # in the what-if; the week has three or four times as many
_GREY: Final = "grey62"


@dataclass(frozen=True, slots=True)
class Step:
    progress: Progress
    task: TaskID

    def advance(self, done: int) -> None:
        self.progress.advance(self.task, done)

    def say(self, words: str) -> None:
        self.progress.update(self.task, words=words)


class Counted(ProgressColumn):
    """`25,683` of how many while it runs, and all of them at the end."""

    def render(self, task: Task) -> Text:
        total = f"{int(task.total or 0):,}"
        done = total if task.finished else f"{int(task.completed):,}/{total}"
        return Text(f"{done:>13}", "green" if task.finished else "")


class Seconds(ProgressColumn):
    def render(self, task: Task) -> Text:
        spent = task.finished_time if task.finished else task.elapsed
        return Text(f"{spent or 0.0:5.1f} s", _GREY)


class Steps:
    """One line a step: what it is, a bar, how many, how long."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, what: str, *, total: int) -> Iterator[Step]:
        task = self._progress.add_task(what, total=total, words="")
        try:
            yield Step(self._progress, task)
        finally:
            self._progress.update(task, completed=total)

    def stop(self) -> None:
        self._progress.stop()


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    progress = Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:<33}"),
        BarColumn(bar_width=8),
        Counted(),
        Seconds(),
        TextColumn(f"[{_GREY}]{{task.fields[words]}}"),
        console=console,
    )
    progress.start()
    try:
        yield Steps(progress)
    finally:
        progress.stop()


def title(console: Console) -> None:
    console.print()
    console.print("[bold]Clearway[/]: a week of payments on a node of its own", highlight=False)
    console.print()


def loaded(node: Node) -> str:
    """How many are listed, by which lists of when; and the day of the rates."""
    lists = node.screener.watchlist.lists
    listed = sum(len(part.entities) for part in lists)
    which = ", ".join(f"{part.name} {part.published}" for part in lists)
    return f"{listed:,} on {which}"


def outcome(console: Console, outcome: Outcome) -> None:
    for story in outcome.stories:
        _story(console, story)
    _table(console, outcome)
    _what_if(console, outcome)
    for problem in outcome.problems:
        console.print(f"[red]✗ {problem}[/]", highlight=False)


def keeping(console: Console, url: str, key: str, folder: str) -> None:
    console.print()
    for line in (
        f"The node serves at {url}, API key {key}",
        f"Its cases are at {url}/v1/case-queue, for a browser: any name, the API key as password.",
        f"Its data lies in {folder}; Ctrl-C ends the node and removes them.",
    ):
        console.print(line, highlight=False, soft_wrap=True)


def _story(console: Console, story: Story) -> None:
    mark = Text("✗ ", "red") if story.wrong else Text("✓ ", "green")
    console.print()
    console.print(mark + Text(story.title, "bold"))
    if story.text:
        console.print(Padding(Text(story.text), (0, 0, 0, 2)))
    if story.receipt:
        where = f"  {story.payment}  receipt {story.receipt}, checked offline"
        console.print(Text(where, _GREY), soft_wrap=True)


def _table(console: Console, outcome: Outcome) -> None:
    figures, fraud = outcome.figures, outcome.figures.fraud
    total = sum(figures.by_status.values())
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("payments", f"{total:,} between {figures.accounts:,} accounts")
    for status in Status:
        if count := figures.by_status.get(status.value):
            table.add_row(f"  {status.value}", f"{count:>8,}  {count / total:7.2%}")
    for place, (currency, value) in enumerate(_values(outcome)):
        table.add_row("" if place else "value settled", f"{value}  {currency}")
    table.add_row("  across currencies", f"{figures.cross_currency:>8,}  payments")
    table.add_row("fraud stopped", _eur(fraud.stopped, float(fraud.stopped_eur)))
    table.add_row("  by the model alone", f"{fraud.stopped_by_model:>8,}  payments")
    table.add_row(
        "  by a person's review", f"{fraud.stopped - fraud.stopped_by_model:>8,}  payments"
    )
    table.add_row("fraud missed", _eur(fraud.missed, float(fraud.missed_eur)))
    table.add_row("honest, declined", f"{fraud.false_positives:>8,}  of {fraud.honest:,} payments")
    table.add_row("honest, reviewed", f"{fraud.honest_reviewed:>8,}  payments, then approved")
    table.add_row("sanctions hits", f"{figures.sanctioned_payments:>8,}  payments")
    for payments, match in figures.sanctioned:
        matched = f"{match.matched_name} ({match.entity_id}, {match.score:.0%})"
        table.add_row("", f"{payments:>8,}  {matched}")
    p50, p99 = figures.latency_ms
    table.add_row("settlement latency", f"{p50:>8.1f}  ms at the median, {p99:.1f} ms at p99 (*)")
    table.add_row("payments per second", f"{outcome.payments_per_s:>8,}  in the days at full speed")
    table.add_row(
        "chain height", f"{figures.height:>8,}  blocks, {outcome.verification.entries:,} entries"
    )
    table.add_row("state root", figures.root)
    verified = (
        "[green]verified from genesis[/]" if outcome.verification.ok else "[red]NOT verified[/]"
    )
    table.add_row("", verified)
    table.add_row("total", f"{outcome.seconds:>8.1f}  s")
    console.print()
    console.print(table)
    console.print()
    note = "(*) on the live day, from the payer's request to durable"
    console.print(Text(note, _GREY))


def _what_if(console: Console, outcome: Outcome) -> None:
    """What `clearway what-if` would say of this week."""
    found = outcome.what_if
    measures = found["measures"]
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style=_GREY)
    table.add_column("", style="bold", no_wrap=True)
    for name in ("was", "would be", "change, nine in ten resamples"):
        table.add_column(name, justify="right")
    for name, words in MEASURES.items():
        one = measures[name]
        low, high = (f"{one[bound]:+,.0f}" for bound in ("low", "high"))
        table.add_row(words, f"{one['actual']:,.0f}", f"{one['other']:,.0f}", f"{low} to {high}")
    console.print()
    title = f"What if people could look at {REVIEWS_A_DAY} payments a day?"
    told = f"  {found['frauds']:,} frauds are known by feedback"
    console.print(Text(title, "bold") + Text(told, _GREY))
    console.print(table)
    console.print(Text("A person is taken to let one fraud in five pass, then as now.", _GREY))


def _values(outcome: Outcome) -> list[tuple[str, str]]:
    """(currency, amount), with the points below each other."""
    found = []
    for asset, minor in sorted(
        outcome.figures.settled_minor.items(), key=lambda item: item[0].number
    ):
        whole, point, cents = format_amount(minor, asset).partition(".")
        found.append((asset.currency, f"{int(whole):>12,}{point}{cents}".ljust(15)))
    return found


def _eur(payments: int, value_eur: float) -> str:
    return f"{payments:>8,}  payments worth {value_eur:,.2f} EUR"
