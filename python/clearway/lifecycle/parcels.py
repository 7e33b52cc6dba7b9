"""Parcels: what each caller brings to a batch, and how its part of the answers gets back to it.

No loop waits for another's payments: answers are handed over once per batch.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from clearway.lifecycle.covered import Trial
from clearway.payment.batch import Answers, Columns, Placed, Submission
from clearway.payment.errors import ClearwayError

log = logging.getLogger("clearway.lifecycle")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Share:
    """A bulk request's part of the answers: row i of its columns is `share[i]`."""

    answers: Answers
    start: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> Placed | ClearwayError:
        return self.answers[self.start + row]

    def to_list(self) -> list[Placed | ClearwayError]:
        return self.answers.to_list(self.start, self.start + self.count)


Told = Callable[[Placed | ClearwayError], None]
ToldMany = Callable[[Share | ClearwayError], None]


class Parcel(NamedTuple):
    """One caller's rows, waiting: a single submission or columns.

    told: called with the Placed or the Share, or with what went wrong; on the thread of `loop`, or
    without one on the line's. trial: for rows that are ordered only if they are covered.
    """

    rows: Submission | Columns
    ids: Sequence[bytes]
    size_bytes: int
    told: Callable[[Any], None]
    loop: asyncio.AbstractEventLoop | None
    trial: Trial | None = None

    @property
    def height(self) -> int:
        """How many rows."""
        return len(self.ids)


def parcel_of(submission: Submission, told: Told, loop: asyncio.AbstractEventLoop | None) -> Parcel:
    size_bytes = len(submission.head) + len(submission.private or b"") + len(submission.units)
    return Parcel(submission, (submission.head[16:32],), size_bytes, told, loop)


def teller_of(
    future: Future[Answer] | asyncio.Future[Answer],
) -> Callable[[Answer | ClearwayError], None]:
    def told(answer: Answer | ClearwayError) -> None:
        if future.done():  # cancelled: the client went away
            return
        if isinstance(answer, ClearwayError):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    return told


def columns_of(parcels: Sequence[Parcel]) -> Columns:
    """The parcels' rows in order; runs of single submissions are packed together."""
    parts: list[Columns] = []
    singles: list[Submission] = []
    for parcel in parcels:
        if isinstance(parcel.rows, Submission):
            singles.append(parcel.rows)
            continue
        if singles:
            parts.append(Columns.of(singles))
            singles = []
        parts.append(parcel.rows)
    if singles:
        parts.append(Columns.of(singles))
    return Columns.join(parts)


def hand_over(parcels: Sequence[Parcel], answers: Answers | ClearwayError) -> None:
    """To each caller its part of a batch's answers, or what went wrong with all of it. Each loop is
    woken once, however many of its callers there are."""
    wake: dict[asyncio.AbstractEventLoop, list[tuple[Callable[[Any], None], Any]]] = {}
    listed: list[Placed | ClearwayError] = []
    start = 0
    for parcel in parcels:
        answer: Placed | Share | ClearwayError
        if isinstance(answers, ClearwayError):
            answer = answers
        elif isinstance(parcel.rows, Columns):
            answer = Share(answers, start, parcel.height)
        else:
            listed = listed or answers.to_list()
            answer = listed[start]
        if parcel.loop is None:
            parcel.told(answer)
        else:
            wake.setdefault(parcel.loop, []).append((parcel.told, answer))
        start += parcel.height
    for loop, pairs in wake.items():
        try:
            loop.call_soon_threadsafe(_tell, pairs)
        except RuntimeError:  # the loop is closed: whoever asked is gone
            log.info("%d answers had no loop to go to", len(pairs))


def _tell(pairs: Sequence[tuple[Callable[[Any], None], Any]]) -> None:
    for told, answer in pairs:
        try:
            told(answer)
        except Exception:
            log.exception("one of a batch could not be told")
