"""Who an account belongs to: another key, a policy, and recovery by guardians.

Each act is prepared, signed outside the node and sent again, as every act of an owner
(authorisation.py); the ledger decides by who has authority when it is applied.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from clearway.gateway import accounts
from clearway.gateway.authorisation import authorise
from clearway.gateway.authority_schemas import AuthorityRequest, Policy, PolicySigner, SpendKey
from clearway.gateway.door import Answer, Ask, Move, check_accepted
from clearway.gateway.instructions import seal_private
from clearway.gateway.times import SECOND_NS, parse_time
from clearway.payment.batch import VALID_NS, Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.money import parse_amount
from clearway.payment.policy import Member, MemberRole, pack_policy
from clearway.payment.policy import Policy as LedgerPolicy
from clearway.payment.records import Kind, pack_head, pack_key_reference

# --- acts ---------------------------------------------------------------------------------------


async def _prepare_authority(ask: Ask) -> Submission:
    """Refuses account.unknown, request.invalid, asset.unknown, amount.*, authorisation.*."""
    return await _prepare(ask, Kind.SET_AUTHORITY, _units(ask), "account.authority")


async def _prepare_proposal(ask: Ask) -> Submission:
    units = pack_key_reference(_key(ask.body.owner_key))
    return await _prepare(ask, Kind.PROPOSE_RECOVERY, units, "account.recovery")


async def _prepare_finish(ask: Ask) -> Submission:
    return await _prepare(ask, Kind.FINISH_RECOVERY, b"", "account.recovery_finish")


async def _prepare_stop(ask: Ask) -> Submission:
    return await _prepare(ask, Kind.STOP_RECOVERY, b"", "account.recovery_stop")


async def _prepare(ask: Ask, kind: Kind, units: bytes, act: str) -> Submission:
    account = ask.params["account"]
    address = ask.door.directory.address(account)
    row = ask.door.node.book.account(address)
    if row is None or row.institution != ask.key.institution:
        raise Refusal("account.unknown", account=account)
    if row.parent is not None:
        what = "a sub-account belongs to whom its parent does"
        raise Refusal("request.invalid", field="account", what=what)
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, salt=ask.salt)
    head = pack_head(
        kind=kind,
        id=ask.op_id,
        payer=address,
        created_ns=ask.now_ns,
        valid_until_ns=ask.now_ns + VALID_NS,
        details=details,
    )
    made = authorise(ask, Submission(head, ask.request_hash, private, units=units))
    await ask.door.record(ask, act, account="0x" + address.hex())
    return made


async def _answer(ask: Ask, placed: Placed) -> Answer:
    """The account as it is now; a repeated request shows what became of it since."""
    check_accepted(ask, placed, account=ask.params["account"])
    return await ask.door.read(accounts.see, ask)


SET = Move(_prepare_authority, _answer)
PROPOSE = Move(_prepare_proposal, _answer)
FINISH = Move(_prepare_finish, _answer)
STOP = Move(_prepare_stop, _answer)

# --- units --------------------------------------------------------------------------------------


def _units(ask: Ask) -> bytes:
    body: AuthorityRequest = ask.body
    given = [one for one in (body.owner_key, body.policy, body.custodial) if one is not UNSET]
    if len(given) != 1:
        what = "one of owner_key, policy and custodial"
        raise Refusal("request.invalid", field="body", what=what)
    if isinstance(body.owner_key, str):
        return pack_key_reference(_key(body.owner_key))
    if isinstance(body.policy, Policy):
        return _policy_units(ask, body.policy)
    return bytes(64)


def _key(text: str) -> bytes:
    key = bytes.fromhex(text)
    if not any(key):
        raise Refusal("request.invalid", field="owner_key", what="is no key")
    return key


def _policy_units(ask: Ask, policy: Policy) -> bytes:
    members = [
        *(_signer(one) for one in policy.signers),
        *(_spend_key(ask, one) for one in policy.spend_keys),
        *(Member(bytes.fromhex(key), MemberRole.GUARDIAN) for key in policy.guardians),
    ]
    units = pack_policy(
        LedgerPolicy(
            tuple(members),
            policy.threshold,
            policy.guardians_threshold,
            policy.recovery_delay_s * SECOND_NS,
        )
    )
    what = ask.door.node.book.fault_of_policy(units)
    if what is not None:
        raise Refusal("request.invalid", field="policy", what=what)
    return units


def _signer(one: PolicySigner) -> Member:
    key = bytes.fromhex(one.key)
    return Member(key, MemberRole.SIGNER, value=one.weight, expires_ns=_expires_ns(one.expires))


def _spend_key(ask: Ask, one: SpendKey) -> Member:
    if one.used is not UNSET:
        raise Refusal("request.invalid", field="used", what="is for answers")
    asset = ask.door.directory.asset_of_code(one.asset)
    return Member(
        bytes.fromhex(one.key),
        MemberRole.SPEND_KEY,
        value=parse_amount(one.day_max, asset),
        asset=asset.number,
        expires_ns=_expires_ns(one.expires),
    )


def _expires_ns(text: str | UnsetType) -> int:
    return 0 if isinstance(text, UnsetType) else parse_time(text, "expires")
