"""For which payments a review is possible at all: the money can be held, and nothing else decides.

Others cost no analyst's time whatever their score, before ordering and when the past is played
again: the flags of the heads and the findings of the screen are what both know.
"""

from __future__ import annotations

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


def has_no_hold(heads: Heads) -> npt.NDArray[np.bool_]:
    """Whether each row's owner signed, and signed no hold."""
    without: npt.NDArray[np.bool_] = (heads["flags"] & (_SIGNED | _PENDING)) == _SIGNED
    return without & ~has_terms(heads)


def has_terms(heads: Heads) -> npt.NDArray[np.bool_]:
    """Whether each row is an escrow or is pulled: the ledger has no review of one."""
    terms: npt.NDArray[np.bool_] = (heads["kind"] == _ESCROW) | (heads["kind"] == _PULL)
    return terms


def find_reviewable(
    heads: Heads, rows: npt.NDArray[np.intp], findings: npt.NDArray[np.uint16]
) -> npt.NDArray[np.bool_]:
    """bool[n] of the `rows` of a batch; heads: of all of it, findings: uint16[n] DecisionFlags."""
    paid = heads[rows]
    decided = (findings & SANCTIONED != 0) | (paid["flags"] & _IMPORTED != 0)
    possible: npt.NDArray[np.bool_]
    possible = ~(decided | has_no_hold(paid) | has_terms(paid) | chained(heads)[rows])
    return possible
