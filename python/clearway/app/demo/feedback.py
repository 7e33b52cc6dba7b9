"""What a fraud team finds out of a week's payments, told to the node as it would tell: each
verdict is a call of the REST interface. Only now does the node learn what the simulator knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from clearway.app.demo.api import Api
from clearway.app.demo.figures import Row
from clearway.app.demo.town import Town
from clearway.payment.ids import format_payment
from clearway.payment.records import Outcome
from clearway.payment.state import Status

CALLERS: Final = 4  # people of the fraud team
_REPORTED: Final = ("confirmed_fraud", "the customer reported it")
_STOPPED: Final = ("confirmed_fraud", "the customer knew nothing of it")
_HONEST: Final = ("confirmed_honest", "the customer made it")

Verdict = tuple[str, str]
"""Verdict and note."""


def find_verdicts(town: Town, rows: Sequence[Row]) -> dict[bytes, Verdict]:
    """By payment: every fraud, and whatever else was stopped or looked at. What is not of the
    town, the stories, nobody asked about; a listed party's payment is no matter of fraud."""
    verdicts = {}
    for row in rows:
        if row.id not in town.number_of:
            continue
        if town.is_fraud(row.id):
            verdicts[row.id] = _STOPPED if row.status is Status.DECLINED else _REPORTED
        elif row.outcome != Outcome.ACCEPT:
            verdicts[row.id] = _HONEST
    return verdicts


def give_feedback(api: Api, verdicts: dict[bytes, Verdict], advance: Callable[[int], None]) -> None:
    """Raises ApiError."""

    def give(said: tuple[bytes, Verdict]) -> None:
        payment = format_payment(said[0])
        verdict, note = said[1]
        body = {"verdict": verdict, "by": "fraud team", "note": note}
        api.post(f"/v1/payments/{payment}/feedback", body, key=f"feedback-{payment}")

    with ThreadPoolExecutor(CALLERS) as people:
        for _ in people.map(give, verdicts.items()):
            advance(1)
