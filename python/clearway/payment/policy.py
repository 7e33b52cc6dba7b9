"""Policies: who may act for an account that has more than one key (docs/format.md, Authority)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from clearway.payment.records import Flag, Kind

MEMBERS_MAX: Final = 15
DELAY_NS_MAX: Final = 366 * 86_400 * 10**9
WEIGHT_MAX: Final = 2**32 - 1
SPENDABLE: Final = frozenset((Kind.PAYMENT, Kind.REFUND, Kind.REDEEM, Kind.ESCROW))
_HEAD = struct.Struct("<BBBxIQ48x")
_MEMBER = struct.Struct("<32sB3xIQQQ")
_OP = 1
_LOW = 2**64 - 1
_CLOSING = Flag.CLOSING_PAYER | Flag.CLOSING_PAYEE


class MemberRole(IntEnum):
    SIGNER = 1
    GUARDIAN = 2
    SPEND_KEY = 3


class Member(NamedTuple):
    """key 32 bytes. value: a signer's weight, or the most of `asset` that a spend key may move on a
    day, in minor units. expires_ns: 0 never."""

    key: bytes
    role: int
    value: int = 0
    asset: int = 0
    expires_ns: int = 0

    def has_expired(self, now_ns: int) -> bool:
        return 0 < self.expires_ns <= now_ns


class Policy(NamedTuple):
    members: tuple[Member, ...]
    threshold: int
    guardians_threshold: int = 0
    recovery_delay_ns: int = 0


def pack_policy(policy: Policy) -> bytes:
    """The units of a policy; the kernel's `check_policy` says whether it is one."""
    head = _HEAD.pack(
        _OP,
        len(policy.members),
        policy.guardians_threshold,
        policy.threshold,
        policy.recovery_delay_ns,
    )
    return head + b"".join(
        _MEMBER.pack(
            one.key, one.role, one.asset, one.expires_ns, one.value & _LOW, one.value >> 64
        )
        for one in policy.members
    )


def parse_policy(units: bytes) -> Policy:
    """What units say that the ledger has, or that it may refuse."""
    _op, _count, guardians_threshold, threshold, delay_ns = _HEAD.unpack_from(units)
    members = [
        Member(key, role, low | high << 64, asset, expires_ns)
        for key, role, asset, expires_ns, low, high in _MEMBER.iter_unpack(units[_HEAD.size :])
    ]
    return Policy(tuple(members), threshold, guardians_threshold, delay_ns)


def may_sign(member: Member, kind: int, asset: int) -> bool:
    """Whether the member has any part in an entry of this kind and asset."""
    if member.role == MemberRole.GUARDIAN:
        return kind == Kind.PROPOSE_RECOVERY
    if member.role == MemberRole.SPEND_KEY:
        return kind in SPENDABLE and member.asset == asset
    return kind != Kind.PROPOSE_RECOVERY


def lack_of(
    policy: Policy, places: Sequence[int], *, kind: int, asset: int, flags: int, now_ns: int
) -> str | None:
    """What keeps the members in these places from signing an entry together, as the ledger would
    refuse it with ledger.bad_authorisation; None when nothing does."""
    members = [policy.members[place] for place in places]
    for one in members:
        if one.has_expired(now_ns):
            return f"{one.key.hex()} has expired"
        if not may_sign(one, kind, asset):
            return f"{one.key.hex()} has no part in it"
    if kind == Kind.PROPOSE_RECOVERY:
        lacking = policy.guardians_threshold - len(members)
        return f"{lacking} more of the guardians must sign" if lacking > 0 else None
    if any(one.role == MemberRole.SPEND_KEY for one in members):
        if len(members) > 1:
            return "a spend key signs alone"
        return "a spend key closes no account" if flags & _CLOSING else None
    weight = sum(one.value for one in members)
    if weight < policy.threshold:
        return f"the signatures weigh {weight} of {policy.threshold}"
    return None
