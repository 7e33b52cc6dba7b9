"""What people do with cases. The answer is the act's record in the log, the same for ever."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from clearway.cases.states import Decision
from clearway.gateway.case_schemas import CaseActSeen
from clearway.gateway.door import Answer, Ask
from clearway.gateway.times import format_time
from clearway.lifecycle.investigate import Desk
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_case, parse_case
from clearway.store.case_rows import ActRow, Op

Do = Callable[[Desk, Op, bytes], ActRow]


async def assign(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state, request.invalid for who could not work on it."""
    return await _act(
        ask,
        lambda desk, op, case: desk.assign(
            op, case, assignee=ask.body.assignee, check=partial(_check_person, ask)
        ),
    )


async def note(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state."""
    return await _act(ask, lambda desk, op, case: desk.note(op, case, text=ask.body.text))


async def propose(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state."""
    body = ask.body
    return await _act(
        ask,
        lambda desk, op, case: desk.propose(
            op, case, decision=Decision(body.decision), text=body.note
        ),
    )


async def confirm(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state, case.same_person, case.evidence_differs."""
    body = ask.body
    evidence = None if body.evidence is None else bytes.fromhex(body.evidence)
    return await _act(
        ask, lambda desk, op, case: desk.confirm(op, case, text=body.note, evidence=evidence)
    )


async def give_back(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state, case.same_person."""
    return await _act(ask, lambda desk, op, case: desk.give_back(op, case, text=ask.body.note))


async def reopen(ask: Ask) -> Answer:
    """Refuses case.unknown, case.wrong_state."""
    return await _act(ask, lambda desk, op, case: desk.reopen(op, case, text=ask.body.note))


async def _act(ask: Ask, do: Do) -> Answer:
    case = parse_case(ask.params["case"])
    node = ask.door.node

    def run() -> ActRow:
        if node.cases.store.case(ask.key.institution, case) is None:
            raise Refusal("case.unknown", case=ask.params["case"])
        op = Op(ask.op_id, ask.request_hash, ask.key.principal, ask.key.id, node.clock())
        return do(node.cases, op, case)

    return Answer(200, render_act(await ask.door.read(run)))


def _check_person(ask: Ask) -> None:
    """Refuses request.invalid for somebody who has no key that works on cases."""
    assignee: str = ask.body.assignee
    for key in ask.door.node.vault.api_keys():
        if key.principal == assignee and not key.revoked_ns and "cases:write" in key.scopes:
            return
    what = f"{assignee!r} has no API key with cases:write"
    raise Refusal("request.invalid", field="assignee", what=what)


def render_act(row: ActRow) -> CaseActSeen:
    return CaseActSeen(
        id=f"act_{row.n}",
        object="case_act",
        n=row.n,
        case=format_case(row.case),
        request=None if row.id is None else row.id.hex(),
        created=format_time(row.time_ns),
        time_ns=row.time_ns,
        by=row.who,
        api_key=row.key,
        act=row.act,  # type: ignore[arg-type]
        status=row.status,  # type: ignore[arg-type]
        facts=row.facts,
        previous=row.previous.hex(),
        hash=row.hash.hex(),
    )
