"""Which case comes first, and why it stands where it stands, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clearway.cases.grouping import DAY_NS
from clearway.cases.typologies import is_sanctions

BPS: Final = 10_000
# What an alert of a documented typology is taken to be worth at least, whatever the model says of
# its payment: in the trade one in twenty is true. docs/typologies.md shows what each has measured.
TYPOLOGY_BPS: Final = 500
SANCTIONS_NS: Final = DAY_NS  # a match is looked at the same day


def expected_loss_minor(*, score_bps: int, amount_eur_minor: int, typology: str) -> int:
    """What is lost, on average, if nobody looks: probability times amount, in euro cents. A
    sanctions match counts in full: the fine does not ask for probabilities.

    >>> expected_loss_minor(score_bps=990, amount_eur_minor=156_456, typology="fraud.payer")
    15489
    """
    probability_bps = BPS if is_sanctions(typology) else score_bps
    return amount_eur_minor * probability_bps // BPS


def due_ns(*, opened_ns: int, deadline_ns: int, family: str) -> int:
    """When a decision has to be there."""
    return opened_ns + (min(deadline_ns, SANCTIONS_NS) if is_sanctions(family) else deadline_ns)


@dataclass(frozen=True, slots=True)
class Standing:
    """A case in the queue of `total` open ones. place: from 1; 0 for a closed case. alerts: how
    many; largest: of them, as (score_bps, amount and expected loss in euro cents). before_minor,
    after_minor: expected loss of its neighbours, None where there is none. held: payments whose
    money still waits for a person, the first until held_until_ns."""

    place: int
    total: int
    family: str
    alerts: int
    expected_loss_eur_minor: int
    largest: tuple[int, int, int]
    overdue: bool
    due_ns: int
    now_ns: int
    before_minor: int | None = None
    after_minor: int | None = None
    before_overdue: bool = False
    after_overdue: bool = False
    held: int = 0
    held_until_ns: int = 0


def explain(case: Standing) -> list[str]:
    """Why the case stands where it does: sentences, the weightiest first.

    >>> case = Standing(1, 1, "fraud", 1, 15489, (990, 156_456, 15489), False, 3 * DAY_NS, 0)
    >>> for sentence in explain(case): print(sentence)
    First and only case of the queue.
    One alert: 9.9 % of 1,564.56 EUR make an expected loss of 154.89 EUR.
    It is due in 3 days.
    """
    if not case.place:
        return ["It is closed, and stands in the queue no more."]
    return [_place(case), _loss(case), *_neighbours(case), *_held(case), _due(case)]


def _place(case: Standing) -> str:
    if case.total == 1:
        return "First and only case of the queue."
    return f"Place {case.place:,} of {case.total:,}: overdue first, then by expected loss."


def _loss(case: Standing) -> str:
    score_bps, amount_minor, loss_minor = case.largest
    loss = euros(case.expected_loss_eur_minor)
    if is_sanctions(case.family):
        share = f"a sanctions match counts in full, {euros(amount_minor)}"
    else:
        share = f"{percent(score_bps)} of {euros(amount_minor)}"
    if case.alerts == 1:
        verb = ", which makes" if is_sanctions(case.family) else " make"
        return f"One alert: {share}{verb} an expected loss of {loss}."
    return (
        f"{case.alerts:,} alerts add up to an expected loss of {loss}; the largest is "
        f"{euros(loss_minor)} ({share})."
    )


def _neighbours(case: Standing) -> Sequence[str]:
    said = []
    if case.overdue and case.after_minor is not None and not case.after_overdue:
        said.append("Cases whose deadline has not passed stand behind it, whatever they expect.")
    if case.before_minor is not None and case.before_overdue and not case.overdue:
        said.append("The case before it is overdue, which goes first whatever it expects.")
    elif case.before_minor is not None and case.after_minor is not None:
        said.append(
            f"The case before it expects {euros(case.before_minor)}, the one after it "
            f"{euros(case.after_minor)}."
        )
    elif case.before_minor is not None:
        said.append(f"The case before it expects {euros(case.before_minor)}.")
    elif case.after_minor is not None:
        said.append(f"The next case expects {euros(case.after_minor)}.")
    return said


def _held(case: Standing) -> Sequence[str]:
    """It does not move a case in the queue, and tells whoever opens it what can still be saved."""
    if not case.held:
        return []
    left = _span(max(0, case.held_until_ns - case.now_ns))
    if case.held == 1:
        return [f"The money of one payment is still held, and goes back by itself in {left}."]
    return [f"The money of {case.held:,} payments is still held; the first goes back in {left}."]


def _due(case: Standing) -> str:
    left_ns = case.due_ns - case.now_ns
    if left_ns <= 0:
        return f"Its deadline passed {_span(-left_ns)} ago."
    return f"It is due in {_span(left_ns)}."


def _span(span_ns: int) -> str:
    """
    >>> _span(3 * DAY_NS), _span(7_200 * 10**9), _span(0)
    ('3 days', '2 hours', '0 minutes')
    """
    for unit_ns, name in ((DAY_NS, "day"), (3_600 * 10**9, "hour"), (60 * 10**9, "minute")):
        count = span_ns // unit_ns
        if count >= 2 or name == "minute":
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    raise AssertionError("invariant: minutes are the last unit")


def euros(amount_minor: int) -> str:
    """
    >>> euros(123_456_789)
    '1,234,567.89 EUR'
    """
    sign, cents = ("-" if amount_minor < 0 else ""), abs(amount_minor)
    return f"{sign}{cents // 100:,}.{cents % 100:02d} EUR"


def percent(bps: int) -> str:
    """
    >>> percent(990), percent(10_000)
    ('9.9 %', '100 %')
    """
    return f"{bps / 100:.1f}".removesuffix(".0") + " %"
