"""What the issuer of an asset does: pause it, freeze or allow a holder, take money back.

An asset says when it is registered what its issuer may do; the ledger refuses the rest. An asset
that asks for two persons is prepared first, and signed by the second outside the node
(authorisation.py).
"""

from __future__ import annotations

from typing import Final

from clearway.gateway import instructions
from clearway.gateway.asset_schemas import IssuerAct
from clearway.gateway.authorisation import authorise
from clearway.gateway.door import Answer, Ask, Move, check_accepted
from clearway.gateway.instructions import seal_private
from clearway.gateway.payments import answer_placed
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.money import parse_amount
from clearway.payment.records import ControlAct, Kind

ACTS: Final = {
    "pause": ControlAct.PAUSE,
    "resume": ControlAct.RESUME,
    "freeze": ControlAct.HOLD_BACK,
    "unfreeze": ControlAct.LET_GO,
    "allow": ControlAct.ALLOW,
    "disallow": ControlAct.DISALLOW,
}


async def _prepare_act(ask: Ask) -> Submission:
    """Refuses asset.unknown, asset.second_person, authorisation.*, request.invalid, account.*."""
    body, directory = ask.body, ask.door.directory
    asset = directory.asset_of_code(body.asset)
    act = ACTS[body.act]
    if (act >= ControlAct.HOLD_BACK) != (body.account is not None):
        what = "is missing" if body.account is None else "belongs to acts on one holder only"
        raise Refusal("request.invalid", field="account", what=what)
    holder = bytes(20)
    if body.account is not None:
        holder = directory.open_address(body.account)
        directory.check_held(holder, body.account, asset)
    private, details = seal_private(
        by=ask.key.principal, api_key=ask.key.id, note=body.note, salt=ask.salt
    )
    head = instructions.control_asset(
        id=ask.op_id,
        asset=asset.number,
        act=act,
        holder=holder,
        now_ns=ask.now_ns,
        details=details,
    )
    submission = Submission(head=head, request_hash=ask.request_hash, private=private)
    submission = authorise(ask, submission)
    facts = {"asset": asset.code, **({"account": body.account} if body.account else {})}
    await ask.door.record(ask, f"asset.{body.act}", **facts)
    return submission


async def _answer_act(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    body = ask.body
    return Answer(200, IssuerAct("issuer_act", body.asset, body.act, body.account, placed.height))


async def _prepare_clawback(ask: Ask) -> Submission:
    """Refuses asset.unknown, asset.second_person, authorisation.*, amount.*, account.*."""
    body, directory = ask.body, ask.door.directory
    asset = directory.asset_of_code(body.asset)
    amount_minor = parse_amount(body.amount, asset)
    if body.from_ == body.to:
        raise Refusal("account.same", account=body.to)
    holder, taker = directory.open_address(body.from_), directory.open_address(body.to)
    directory.check_held(holder, body.from_, asset)
    directory.check_held(taker, body.to, asset)
    private, details = seal_private(
        by=ask.key.principal, api_key=ask.key.id, note=body.note, salt=ask.salt
    )
    head = instructions.fund(
        Kind.CLAWBACK,
        id=ask.op_id,
        payer=holder,
        payee=taker,
        asset=asset.number,
        amount_minor=amount_minor,
        now_ns=ask.now_ns,
        details=details,
    )
    submission = Submission(head=head, request_hash=ask.request_hash, private=private)
    submission = authorise(ask, submission)
    facts = {"asset": asset.code, "from": body.from_, "to": body.to, "amount": body.amount}
    await ask.door.record(ask, "asset.clawback", **facts)
    return submission


ACT = Move(_prepare_act, _answer_act)
CLAWBACK = Move(_prepare_clawback, answer_placed)
