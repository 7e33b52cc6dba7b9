"""A decision as bytes: what was known and concluded about one entry before it was ordered.

The chain holds only `H[decision](row)`. The row itself stays in the vault; whoever may read it can
show that it is the one the chain commits to, because the salt stands in it.
"""

from __future__ import annotations

import enum

import numpy as np
import numpy.typing as npt

VERSION = 1


class DecisionFlag(enum.IntFlag):
    """What the deciding rooms did and found. SCORED: score_bps, reasons and features_hash count."""

    SCORED = 1
    PAYER_SANCTIONED = 2
    PAYEE_SANCTIONED = 4
    NO_HOLD_SIGNED = 8  # the owner signed no hold, so a review had to become a decline
    NO_REVIEW_OF_TERMS = 16  # conditional money has no review, so it had to become a decline
    SHARE_SANCTIONED = 32
    NO_HOLD_LINKED = 64  # so of a payment that stands or falls with others


DECISION = np.dtype(
    [
        ("version", "u1"),
        ("outcome", "u1"),  # records.Outcome
        ("score_bps", "<u2"),  # probability of fraud, 0 to 10,000
        ("flags", "<u2"),
        # Euros above its cost that a review had to save, where one was wanted; 65,535: none was
        # left that day. 0 where none was wanted, or enough were left.
        ("review_price", "<u2"),
        ("reasons", "<u8"),  # bits of clearway.risk
        ("id", "u1", 16),  # of the entry
        ("model_id", "u1", 32),
        ("features_hash", "u1", 32),  # H[features] of the row of features
        ("list_version", "u1", 32),
        ("salt", "u1", 32),
        ("typologies", "<u8"),  # bits of clearway.risk.typologies; they had no part in the outcome
        ("typologies_digest", "u1", 24),  # of the levels that they were looked for at; 0 if none
    ]
)
DECISION_BYTES = 192
assert DECISION.itemsize == DECISION_BYTES

Decisions = npt.NDArray[np.void]


def view_decisions(buffer: bytes | bytearray | memoryview) -> Decisions:
    return np.frombuffer(buffer, dtype=DECISION)
