"""The shapes of who an account belongs to: a key, or a policy with its members."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.fields import Amount, AssetCode, Key, Request, Signed, Time
from clearway.payment.policy import DELAY_NS_MAX, MEMBERS_MAX, WEIGHT_MAX

Weight = Annotated[int, Meta(ge=1, le=WEIGHT_MAX)]


class PolicySigner(Request, frozen=True, omit_defaults=True):
    """Signers act together, when their weights reach the threshold. `expires`: never without it."""

    key: Key
    weight: Weight = 1
    expires: Time | UnsetType = UNSET


class SpendKey(Request, frozen=True, omit_defaults=True):
    """A key that pays alone, `day_max` of one asset a day (of UTC) with its fees: payments, holds,
    conditional money, refunds and redemptions, and nothing else. `used`, shown only: today."""

    key: Key
    asset: AssetCode
    day_max: Amount
    expires: Time | UnsetType = UNSET
    used: Amount | UnsetType = UNSET


class Policy(Request, frozen=True, omit_defaults=True):
    """At most 15 keys, each once. Guardians may name a new key for the account, and nothing else:
    `guardians_threshold` of them, and `recovery_delay_s` before it counts."""

    signers: Annotated[list[PolicySigner], Meta(min_length=1, max_length=MEMBERS_MAX)]
    threshold: Weight
    spend_keys: Annotated[list[SpendKey], Meta(max_length=MEMBERS_MAX)] = field(
        default_factory=list
    )
    guardians: Annotated[list[Key], Meta(max_length=MEMBERS_MAX)] = field(default_factory=list)
    guardians_threshold: Annotated[int, Meta(ge=0, le=MEMBERS_MAX)] = 0
    recovery_delay_s: Annotated[int, Meta(ge=0, le=DELAY_NS_MAX // 10**9)] = 0


class AuthorityRequest(Signed, frozen=True):
    """Exactly one of them: one key, a policy, or back to the institution's keeping. Signed by
    whoever the account belongs to until now; nobody signs for one that the institution keeps."""

    owner_key: Key | UnsetType = UNSET
    policy: Policy | UnsetType = UNSET
    custodial: Literal[True] | UnsetType = UNSET


class RecoveryRequest(Signed, frozen=True):
    """The key that the account is to have; signed by its guardians."""

    owner_key: Key


class StopRequest(Signed, frozen=True):
    """Signed by whoever the account belongs to; guardians cannot."""


class Recovery(Struct, frozen=True):
    """Under way: from `possible` on it may be finished, unless it is stopped."""

    owner_key: str
    possible: Time
