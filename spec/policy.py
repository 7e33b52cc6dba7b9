"""Policies: who may act for an account that has more than one key, and who has signed an entry.

A policy is a head and up to 15 members: signers with weights, guardians, and spend keys. What its
units say is checked once, by kind 22; `check_authorisation` and `check_spender` are code 38 of all
that the owner of an account signs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from spec.codes import refuse_if
from spec.ed25519 import verify
from spec.hashing import ZERO32, hash_bytes
from spec.records import (
    AMOUNT_MINOR_MAX,
    CLOSING,
    MEMBER,
    POLICY,
    SIGNATURE_BYTES,
    SIGNERS_MAX,
    AccountFlag,
    DecodeError,
    Entry,
    Flag,
    Kind,
    Role,
    unpack,
)
from spec.scene import Scene
from spec.state import U32_MAX, Account, Spend, State, change_slot

OP: Final = 1
DELAY_NS_MAX: Final = 366 * 86_400 * 10**9


class MemberRole(IntEnum):
    SIGNER = 1
    GUARDIAN = 2
    SPEND_KEY = 3


@dataclass(frozen=True, slots=True)
class Member:
    """`value`: a signer's weight; the most that a spend key may move on a day."""

    key: bytes
    role: int
    asset: int
    expires_ns: int
    value: int

    def has_expired(self, now_ns: int) -> bool:
        return 0 < self.expires_ns <= now_ns


@dataclass(frozen=True, slots=True)
class Policy:
    threshold: int
    guardians_threshold: int
    recovery_delay_ns: int
    members: tuple[Member, ...]


class BadPolicy(ValueError):
    """Units that are no policy."""


def bad_if(broken: bool, what: str) -> None:
    if broken:
        raise BadPolicy(what)


def parse_policy(units: tuple[bytes, ...]) -> Policy:
    """The policy that units say, or BadPolicy."""
    try:
        head = unpack(POLICY, units[0])
        members = tuple(Member(**unpack(MEMBER, unit)) for unit in units[1:])
    except DecodeError as error:
        raise BadPolicy(str(error)) from error
    bad_if(head["op"] != OP or head["members"] != len(members), "the head is of no such policy")
    bad_if(not 1 <= len(members) <= SIGNERS_MAX, "members")
    for member in members:
        check_member(member)
    bad_if(len({member.key for member in members}) != len(members), "a key stands twice")
    # Only who does not expire counts here, or an account could be left to nobody by time alone.
    lasting = [member for member in members if member.expires_ns == 0]
    weight = sum(member.value for member in lasting if member.role == MemberRole.SIGNER)
    guardians = sum(member.role == MemberRole.GUARDIAN for member in lasting)
    has_guardians = any(member.role == MemberRole.GUARDIAN for member in members)
    bad_if(not 1 <= head["threshold"] <= weight, "the signers do not reach the threshold")
    bad_if(head["guardians_threshold"] > guardians, "the guardians do not reach theirs")
    bad_if((head["guardians_threshold"] > 0) != has_guardians, "guardians")
    delay_ns = head["recovery_delay_ns"]
    bad_if((delay_ns > 0) != has_guardians or delay_ns > DELAY_NS_MAX, "the delay of a recovery")
    return Policy(head["threshold"], head["guardians_threshold"], delay_ns, members)


def check_member(member: Member) -> None:
    bad_if(member.key == ZERO32, "a key is zero")
    if member.role == MemberRole.SIGNER:
        bad_if(not 1 <= member.value <= U32_MAX, "a weight")
    elif member.role == MemberRole.GUARDIAN:
        bad_if(member.value != 0, "a guardian has no value")
    elif member.role == MemberRole.SPEND_KEY:
        bad_if(not 1 <= member.value <= AMOUNT_MINOR_MAX, "the most of a day")
    else:
        raise BadPolicy("a role")
    bad_if((member.asset != 0) != (member.role == MemberRole.SPEND_KEY), "an asset")


def policy_hash(units: tuple[bytes, ...]) -> bytes:
    return hash_bytes("policy", b"".join(units))


# --- who has signed -------------------------------------------------------------------------


def check_authorisation(state: State, entry: Entry, account: Account, scene: Scene) -> None:
    """Code 38: whoever the account belongs to has signed. A spend key is nobody here."""
    spend = check_signed(state, entry, account, scene)
    refuse_if(spend is not None, "ledger.bad_authorisation")


def check_spender(state: State, entry: Entry, payer: Account, scene: Scene) -> Spend | None:
    """Code 38 of what a spend key may sign too; the row of that key when it did."""
    spend = check_signed(state, entry, payer, scene)
    closes = bool(entry.flags & CLOSING)
    refuse_if(spend is not None and closes, "ledger.bad_authorisation")
    return spend


def check_signed(state: State, entry: Entry, account: Account, scene: Scene) -> Spend | None:
    """The owner signs, a custodial account's does not, and under a policy its members do."""
    is_signed = bool(entry.flags & Flag.SIGNED)
    if account.has(AccountFlag.POLICY):
        return check_members(state, entry, account, scene)
    refuse_if(is_signed != (account.owner != ZERO32), "ledger.bad_authorisation")
    if is_signed:
        valid = entry.signers == 0 and verify(
            account.owner, message_of(entry, scene.chain_id), entry.signature
        )
        refuse_if(not valid, "ledger.bad_authorisation")
    return None


def check_members(state: State, entry: Entry, account: Account, scene: Scene) -> Spend | None:
    """Signers who together have the threshold's weight; or one spend key alone, in its asset."""
    signed = members_who_signed(state, entry, account, scene)
    roles = {member.role for _, member in signed}
    if roles == {MemberRole.SIGNER}:
        weight = sum(member.value for _, member in signed)
        threshold = policy_of(state, account.settles_at()).threshold
        refuse_if(weight < threshold, "ledger.bad_authorisation")
        return None
    refuse_if(roles != {MemberRole.SPEND_KEY} or len(signed) != 1, "ledger.bad_authorisation")
    [(place, member)] = signed
    refuse_if(member.asset != entry.asset, "ledger.bad_authorisation")
    [spend] = [row for row in state.spends_of(account.settles_at()) if row.unit == place + 1]
    return spend


def check_guardians(state: State, entry: Entry, account: Account, scene: Scene) -> None:
    """Code 38 of a proposal: enough guardians, and nobody else."""
    signed = members_who_signed(state, entry, account, scene)
    alone = all(member.role == MemberRole.GUARDIAN for _, member in signed)
    enough = len(signed) >= policy_of(state, account.settles_at()).guardians_threshold
    refuse_if(not alone or not enough, "ledger.bad_authorisation")


def members_who_signed(
    state: State, entry: Entry, account: Account, scene: Scene
) -> list[tuple[int, Member]]:
    """The members that `signers` names, with their places. Every one of them has signed, and none
    has expired."""
    members = policy_of(state, account.settles_at()).members
    named = [place for place in range(SIGNERS_MAX) if entry.signers >> place & 1]
    refuse_if(not named or named[-1] >= len(members), "ledger.bad_authorisation")
    message = message_of(entry, scene.chain_id)
    for at, place in enumerate(named):
        signature = entry.signature[SIGNATURE_BYTES * at : SIGNATURE_BYTES * (at + 1)]
        refuse_if(members[place].has_expired(scene.now_ns), "ledger.bad_authorisation")
        valid = verify(members[place].key, message, signature)
        refuse_if(not valid, "ledger.bad_authorisation")
    return [(place, members[place]) for place in named]


def policy_of(state: State, number: int) -> Policy:
    """Of the account that settles, by its number."""
    row = state.find_policy(number)
    assert row is not None, "invariant: an account with POLICY has one"
    return parse_policy(row.units)


def message_of(entry: Entry, chain_id: bytes) -> bytes:
    """What everyone who signs an entry signs."""
    instruction_hash = hash_bytes("instruction", entry.instruction())
    return hash_bytes("authorise", chain_id + instruction_hash + entry.signed_units())


# --- what a spend key moves -----------------------------------------------------------------


def spent_minor_after(spend: Spend, entry: Entry, scene: Scene, amount_minor: int) -> int:
    """What the key would have moved today: the amount, and the fees that the payer gives."""
    return scene.of_today(spend.used_minor, spend.day) + amount_minor + fees_minor(entry)


def fees_minor(entry: Entry) -> int:
    if entry.kind != Kind.PAYMENT:
        return 0
    given = (leg for leg in entry.legs() if leg.payer == entry.payer and leg.role == Role.FEE)
    return sum(leg.amount_minor for leg in given)


def check_spend(
    state: State, spend: Spend | None, entry: Entry, scene: Scene, amount_minor: int
) -> None:
    """Code 40 of a spend key."""
    if spend is None:
        return
    day_minor_max = policy_of(state, spend.account).members[spend.unit - 1].value
    used_minor = spent_minor_after(spend, entry, scene, amount_minor)
    refuse_if(used_minor > day_minor_max, "ledger.limit_day")


def use_spend(
    state: State, spend: Spend | None, entry: Entry, scene: Scene, amount_minor: int
) -> None:
    if spend is not None:
        used_minor = spent_minor_after(spend, entry, scene, amount_minor)
        used = replace(spend, used_minor=used_minor, day=scene.today())
        change_slot(state.spends, spend, used)
