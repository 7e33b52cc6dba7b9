"""The states of a payment, as a table that drives the code, the diagram and the tests.

`unknown` is what a client is told while the answer of ordering is missing; it never stands on the
ledger, and the resolver replaces it by what the ledger says.
"""

from __future__ import annotations

import enum
from functools import lru_cache


class Status(enum.StrEnum):
    PENDING = "pending"
    HELD = "held"
    REVIEW = "review"
    SETTLED = "settled"
    DECLINED = "declined"
    REFUSED = "refused"
    VOIDED = "voided"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class Act(enum.StrEnum):
    SETTLE = "settle"
    HOLD = "hold"
    REVIEW = "review"
    DECLINE = "decline"
    REFUSE = "refuse"
    CAPTURE = "capture"
    VOID = "void"
    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"
    RELEASE = "release"  # a part of conditional money
    RELEASE_ALL = "release_all"  # what was left of it
    CANCEL = "cancel"


# An approved payment settles when its capture was automatic; a manual one would need a second hold,
# so manual capture under review is approved by capturing it: APPROVE books the full amount.
TRANSITIONS: dict[tuple[Status, Act], Status] = {
    (Status.PENDING, Act.SETTLE): Status.SETTLED,
    (Status.PENDING, Act.HOLD): Status.HELD,
    (Status.PENDING, Act.REVIEW): Status.REVIEW,
    (Status.PENDING, Act.DECLINE): Status.DECLINED,
    (Status.PENDING, Act.REFUSE): Status.REFUSED,
    (Status.PENDING, Act.VOID): Status.VOIDED,  # while it waits in the queue
    (Status.PENDING, Act.EXPIRE): Status.REFUSED,
    (Status.HELD, Act.CAPTURE): Status.SETTLED,
    (Status.HELD, Act.VOID): Status.VOIDED,
    (Status.HELD, Act.EXPIRE): Status.RETURNED,
    (Status.HELD, Act.RELEASE): Status.HELD,
    (Status.HELD, Act.RELEASE_ALL): Status.SETTLED,
    (Status.HELD, Act.CANCEL): Status.RETURNED,
    (Status.REVIEW, Act.APPROVE): Status.SETTLED,
    (Status.REVIEW, Act.REJECT): Status.DECLINED,
    (Status.REVIEW, Act.EXPIRE): Status.RETURNED,
}
FINAL = frozenset({Status.SETTLED, Status.DECLINED, Status.REFUSED, Status.VOIDED, Status.RETURNED})


def next_status(status: Status, act: Act) -> Status | None:
    """None when the table has no such step."""
    return TRANSITIONS.get((status, act))


CODE_DECLINED = 24  # docs/format.md: ledger.declined


def first_act(*, code: int, pending: bool, review: bool) -> Act:
    """What a new payment's entry did, from its result code, PENDING flag and outcome."""
    if code == CODE_DECLINED:
        return Act.DECLINE
    if code != 0:
        return Act.REFUSE
    if not pending:
        return Act.SETTLE
    return Act.REVIEW if review else Act.HOLD


@lru_cache(1_024)
def first_status(code: int, pending: bool, review: bool) -> Status:
    """A new payment's status, from what `first_act` needs; asked for every answer."""
    status = next_status(Status.PENDING, first_act(code=code, pending=pending, review=review))
    assert status is not None, "invariant: a new payment has a first status"
    return status
