"""What is to be done about a case now, and by which request: read off its state and payments."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from clearway.gateway.case_parts import moment
from clearway.gateway.case_schemas import CaseDetail, CasePayment
from clearway.payment.state import Status


def render_next(case: CaseDetail) -> str:
    """HTML: a line for each thing, the most pressing first."""
    steps = [_waiting(case.payments), _step(case)]
    return "".join(f"<p>{step}</p>" for step in steps if step)


def _waiting(payments: Sequence[CasePayment]) -> str:
    """Money that goes back by itself, whatever becomes of the case."""
    held = [one for one in payments if one.status == Status.REVIEW]
    if not held:
        return ""
    who = "One payment waits" if len(held) == 1 else f"{len(held):,} payments wait"
    ends = [one.expires for one in held if isinstance(one.expires, str)]
    back = f" The first goes back by itself {moment(min(ends))}." if ends else ""
    return (
        f"{who} under review: let go by <code>POST /v1/payments/{{id}}/approve</code>, sent back by"
        f" <code>…/reject</code>.{back}"
    )


def _step(case: CaseDetail) -> str:
    path = f"<code>POST /v1/cases/{case.id}"
    if case.status == "open":
        return f"Nobody works on it: {path}/assign</code> gives it to somebody."
    if case.status == "assigned":
        return (
            f"{escape(case.assignee or '')} looks into it ({path}/notes</code>), and proposes how"
            " it ends, <code>fraud</code>, <code>honest</code> or <code>report</code>:"
            " <code>…/propose</code>."
        )
    if case.status == "proposed" and case.proposal is not None:
        return (
            f"Anybody but {escape(case.proposal.proposed_by)} agrees by {path}/confirm</code>,"
            " or gives it back by <code>…/return</code>."
        )
    return f"It is closed; {path}/reopen</code> opens it again."
