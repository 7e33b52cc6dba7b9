"""Linked payments on their way: a chain is carried whole, and left whole.

Its rows follow one another in a batch, LINKED to the next one each; one caller handed them in
together, so no batch splits them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import Placed
from clearway.payment.decision import DecisionFlag
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.records import ACCEPT, DECLINE, REVIEW, Flag, Heads, Kind

_LINKED, _IMPORTED = np.uint16(Flag.LINKED), np.uint16(Flag.IMPORTED)
_BALANCING = np.uint16(Flag.BALANCING_PAYER)
_NO_HOLD_LINKED = np.uint16(DecisionFlag.NO_HOLD_LINKED)


def chained(heads: Heads) -> npt.NDArray[np.bool_]:
    """Whether each row is a member of a chain of several."""
    linked: npt.NDArray[np.bool_] = (heads["flags"] & _LINKED) != 0
    after = np.zeros(len(heads), np.bool_)
    after[1:] = linked[:-1]
    return linked | after


def leave_whole(batch: PaymentBatch, rooms: Rooms) -> None:
    """When a member of a chain was refused before ordering, the others leave with its refusal, and
    the quotes that they had claimed are free again. Called before `drop_left`."""
    if not batch.left or not ((batch.heads["flags"] & _LINKED) != 0).any():
        return
    for rows in _chains(batch.heads):
        answers = [batch.left.get(int(batch.origin[row])) for row in rows]
        why = _refusal_of(answers)
        if why is None:
            continue
        for row, answer in zip(rows, answers, strict=True):
            if answer is None:
                batch.leave(row, why)
            quote = batch.quotes.pop(row, None)
            if quote is not None:
                rooms.quote_uses.settle(quote, booked=False)


def _chains(heads: Heads) -> list[list[int]]:
    """Rows of each chain of several, in order."""
    chains: list[list[int]] = []
    linked = ((heads["flags"] & _LINKED) != 0).tolist()
    for row in np.flatnonzero(chained(heads)).tolist():
        if row > 0 and linked[row - 1]:
            chains[-1].append(row)
        else:
            chains.append([row])
    return chains


def _refusal_of(answers: list[Placed | ClearwayError | None]) -> ClearwayError | None:
    """Why a chain cannot go on; None when it goes on, or all of it was answered before."""
    given = [answer for answer in answers if answer is not None]
    refusals = [answer for answer in given if isinstance(answer, ClearwayError)]
    if refusals:
        return refusals[0]
    if given and len(given) < len(answers):
        return Refusal("chain.broken")  # a member's id was used outside this chain
    return None


def refuse_priced_sweeps(batch: PaymentBatch, rooms: Rooms) -> None:
    """A fee needs legs, and what a sweep moves is known only when it moves."""
    if not rooms.fees.domestic_bps:
        return
    sweeps = (batch.heads["kind"] == Kind.PAYMENT) & ((batch.heads["flags"] & _BALANCING) != 0)
    for row in np.flatnonzero(sweeps).tolist():
        what = "this institution takes a fee, and a sweep cannot bear one"
        batch.leave(row, Refusal("request.invalid", field="sweep", what=what))


def settle_outcomes(
    batch: PaymentBatch, paid: npt.NDArray[np.intp], outcome: npt.NDArray[np.uint8]
) -> None:
    """Reviews that cannot be holds, in place. A member of a chain is declined, and the chain with
    it; what was imported happened already, so that only sanctions stop it."""
    flags = batch.heads["flags"][paid]
    linked = (outcome == REVIEW) & chained(batch.heads)[paid]
    batch.findings[paid[linked]] |= _NO_HOLD_LINKED
    outcome[linked] = DECLINE
    sanctioned = batch.findings[paid] & np.uint16(
        DecisionFlag.PAYER_SANCTIONED | DecisionFlag.PAYEE_SANCTIONED
    )
    outcome[((flags & _IMPORTED) != 0) & (sanctioned == 0)] = ACCEPT
