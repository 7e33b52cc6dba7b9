"""For which payments a review is possible at all: the money can be held, and nothing else decides.

Others cost no analyst's time whatever their score, before ordering and when the past is played
again: the flags of the heads and the findings of the screen are what both know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearway.lifecycle.chains import chained
from clearway.payment.decision import DecisionFlag
from clearway.payment.records import Flag, Heads, Kind

SANCTIONED = np.uint16(
    DecisionFlag.PAYER_SANCTIONED | DecisionFlag.PAYEE_SANCTIONED | DecisionFlag.SHARE_SANCTIONED
)
_SIGNED, _PENDING, _IMPORTED = (
    np.uint16(flag) for flag in (Flag.SIGNED, Flag.PENDING, Flag.IMPORTED)
)
_ESCROW, _PULL = np.uint8(Kind.ESCROW), np.uint8(Kind.PULL)


@dataclass(frozen=True, slots=True)
class Reviewable:
    """Of n payments, bool[n] each. no_hold: its owner signed, and signed no hold; terms: it is an
    escrow or is pulled, and the ledger has no review of one; possible: somebody can look at it."""

    no_hold: npt.NDArray[np.bool_]
    terms: npt.NDArray[np.bool_]
    possible: npt.NDArray[np.bool_]


def find_reviewable(
    heads: Heads, rows: npt.NDArray[np.intp], findings: npt.NDArray[np.uint16]
) -> Reviewable:
    """Of the `rows` of a batch; heads: of all of it, findings: uint16[n] DecisionFlags. Only the
    columns asked for are read: to copy whole heads would take longer than all the rest."""
    flags, kind = heads["flags"][rows], heads["kind"][rows]
    terms = (kind == _ESCROW) | (kind == _PULL)
    no_hold = ((flags & (_SIGNED | _PENDING)) == _SIGNED) & ~terms
    decided = (findings & SANCTIONED != 0) | (flags & _IMPORTED != 0)
    return Reviewable(no_hold, terms, ~(decided | no_hold | terms | chained(heads)[rows]))
