"""Money in and out: every unit on the ledger stands against a named nostro account."""

from __future__ import annotations

from clearway.gateway import instructions
from clearway.gateway.authorisation import authorise
from clearway.gateway.door import Ask, Move
from clearway.gateway.instructions import seal_private
from clearway.gateway.payments import answer_placed
from clearway.payment.batch import Submission
from clearway.payment.errors import Refusal
from clearway.payment.money import parse_amount
from clearway.payment.records import Kind


async def _prepare_issue(ask: Ask) -> Submission:
    return _fund(ask, Kind.ISSUE, ask.body.nostro)


async def _prepare_redeem(ask: Ask) -> Submission:
    return _fund(ask, Kind.REDEEM, ask.body.nostro)


async def _prepare_faucet(ask: Ask) -> Submission:
    asset = ask.door.directory.asset_of_code(ask.body.asset)
    return _fund(ask, Kind.ISSUE, ask.door.directory.nostro_of(asset))


def _fund(ask: Ask, kind: Kind, nostro: str) -> Submission:
    """Refuses asset.unknown, amount.*, account.same, nostro.unknown, account.unknown,
    account.closed, account.asset_not_held, authorisation.*, asset.second_person."""
    body, directory = ask.body, ask.door.directory
    asset = directory.asset_of_code(body.asset)
    amount_minor = parse_amount(body.amount, asset)
    if body.account == nostro:
        raise Refusal("account.same", account=nostro)
    outside = directory.nostro(nostro)
    inside = directory.open_address(body.account)
    directory.check_held(inside, body.account, asset)
    directory.check_held(outside, nostro, asset)
    payer, payee = (outside, inside) if kind is Kind.ISSUE else (inside, outside)
    private, details = seal_private(
        reference=getattr(body, "reference", None),
        by=ask.key.principal,
        api_key=ask.key.id,
        salt=ask.salt,
    )
    head = instructions.fund(
        kind,
        id=ask.op_id,
        payer=payer,
        payee=payee,
        asset=asset.number,
        amount_minor=amount_minor,
        now_ns=ask.now_ns,
        details=details,
    )
    submission = Submission(head=head, request_hash=ask.request_hash, private=private)
    return authorise(ask, submission)


ISSUE = Move(_prepare_issue, answer_placed)
REDEEM = Move(_prepare_redeem, answer_placed)
FAUCET = Move(_prepare_faucet, answer_placed)
