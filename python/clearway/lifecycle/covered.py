"""A batch that is ordered only if its payers can pay all of it: how queued payments are tried.

Read beside pay.py: the same phases, and one question to the ledger between them, whose answer
stays right because nothing else is decided or ordered meanwhile. What is not ordered stands
nowhere: its ids are free, and the rooms remember nothing of it.

(Ordered and refused, an id would be used up, and each attempt a mark in the payer's history.)
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Final

import numpy as np

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.line import Turn
from clearway.lifecycle.pay import (
    answers_of,
    book,
    clear,
    forget,
    keep,
    order,
    route,
    score,
    screen,
    tell,
)
from clearway.lifecycle.receive import receive
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import Answers
from clearway.payment.records import view_results
from clearway.ports.ordering import Ordered

CODE_SHORT: Final = 46  # ledger.exceeds_available
CODE_BROKEN: Final = 110  # chain.broken: of a net, whatever is wrong with one of its members
_WAITS: Final = np.array([CODE_SHORT, CODE_BROKEN], np.uint16)


class Trial(enum.Enum):
    ASK = "ask"  # only what the ledger would answer
    ORDER = "order"


def pay_if_covered(batch: PaymentBatch, rooms: Rooms, turn: Turn, trial: Trial) -> Answers:
    """Answers of height 0 are what the ledger would have said: nothing was ordered then. With
    Trial.ORDER that is so when a payer is short, or a net does not stand as a whole; any other
    refusal of a payment is ordered, and final. Faults: as `pay`.
    """
    receive(batch, rooms, queued=True)
    screen(batch, rooms)
    score(batch, rooms)
    route(batch, rooms)
    clear(batch, rooms)

    turn.take_next()
    turn.take_next()
    if not batch.envelope:
        return tell(batch, None, rooms)
    asked = rooms.ordering.rehearse(batch.envelope)
    if trial is Trial.ASK or _is_short(asked):
        forget(batch, rooms)
        return _as_asked(batch, asked, rooms)
    keep(batch, rooms)
    turn.let_follow()

    ordered = order(batch, rooms)
    book(batch, ordered, rooms)
    return tell(batch, ordered, rooms)


def _is_short(asked: Ordered) -> bool:
    return bool(np.isin(view_results(asked.results)["code"], _WAITS).any())


def _as_asked(batch: PaymentBatch, asked: Ordered, rooms: Rooms) -> Answers:
    row = np.full(len(batch.columns), -1)
    row[batch.origin] = np.arange(len(batch))
    return answers_of(batch, replace(asked, height=0, index=0), row, rooms)
