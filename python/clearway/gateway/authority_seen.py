"""How an account shows who may act for it, and a recovery under way."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from clearway.gateway.authority_schemas import Policy, PolicySigner, Recovery, SpendKey
from clearway.gateway.door import Ask
from clearway.gateway.times import format_time
from clearway.ledger.book import Policy as KeptPolicy
from clearway.payment.money import format_amount
from clearway.payment.policy import Member, MemberRole, parse_policy

DAY_NS = 86_400 * 10**9


def show_policy(ask: Ask, kept: KeptPolicy) -> Policy:
    """Who may act for the account, and what its spend keys used today."""
    found, today = parse_policy(kept.units), ask.door.node.clock() // DAY_NS
    used = {unit: used_minor for unit, used_minor, day in kept.spends if day == today}
    of_role: dict[int, list[tuple[int, Member]]] = {role: [] for role in MemberRole}
    for unit, member in enumerate(found.members, 1):
        of_role[member.role].append((unit, member))
    return Policy(
        signers=[
            PolicySigner(one.key.hex(), one.value, _expires(one))
            for _, one in of_role[MemberRole.SIGNER]
        ],
        threshold=found.threshold,
        spend_keys=[
            _spend_key(ask, one, used.get(unit, 0)) for unit, one in of_role[MemberRole.SPEND_KEY]
        ],
        guardians=[one.key.hex() for _, one in of_role[MemberRole.GUARDIAN]],
        guardians_threshold=found.guardians_threshold,
        recovery_delay_s=found.recovery_delay_ns // 10**9,
    )


def _spend_key(ask: Ask, one: Member, used_minor: int) -> SpendKey:
    asset = ask.door.directory.asset(one.asset)
    return SpendKey(
        one.key.hex(),
        asset.code,
        day_max=format_amount(one.value, asset),
        expires=_expires(one),
        used=format_amount(used_minor, asset),
    )


def _expires(one: Member) -> str | UnsetType:
    return format_time(one.expires_ns) if one.expires_ns else UNSET


def show_recovery(kept: KeptPolicy) -> Recovery | UnsetType:
    key = kept.recovery_key
    return UNSET if key is None else Recovery(key.hex(), format_time(kept.recover_at_ns))
