"""The shapes of assets: registering one, issuing it, what its issuer does, and who signs."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.fields import (
    AccountId,
    Amount,
    AssetCode,
    Key,
    Reference,
    Request,
    Seconded,
    Signed,
)
from clearway.payment.records import ACCOUNT_ASSETS_MAX

ControlName = Literal["mint_burn", "freeze", "allow_list", "clawback", "pause", "two_person"]
KeyPurpose = Literal["pay", "issue", "compliance", "govern", "import"]


# --- what clients send ------------------------------------------------------------------------


class AssetRequest(Request, frozen=True):
    """`code` carries the scale: XAU/3 has three decimals. `controls`: what its issuer may do, for
    ever. `issuer`: an institution's number, this one's unless said."""

    code: AssetCode
    controls: Annotated[list[ControlName], Meta(max_length=6)] = field(default_factory=list)
    issuer: Annotated[int, Meta(ge=1, le=2**32 - 1)] | None = None


class NostroRequest(Request, frozen=True):
    """An account that money enters and leaves by, and that may be below zero."""

    id: AccountId
    assets: Annotated[list[AssetCode], Meta(min_length=1, max_length=ACCOUNT_ASSETS_MAX)]


class OperatingRequest(Request, frozen=True):
    """An account of this institution's own for an asset that was registered after genesis: fees in
    it go to the one, exchanges of it through the other."""

    role: Literal["fees", "liquidity"]
    asset: AssetCode


class SigningKeyRequest(Request, frozen=True):
    """A key of this institution that is held outside the node, such as a second person's, which
    needs `issue`. It counts from the next block."""

    key: Key
    purposes: Annotated[list[KeyPurpose], Meta(min_length=1, max_length=5)]


class LimitRequest(Request, frozen=True):
    """The most that what a key signs may take of an asset: in one payment, and in a day (UTC)."""

    asset: AssetCode
    payment_max: Amount
    day_max: Amount


class IssuanceRequest(Seconded, frozen=True):
    account: str
    amount: Amount
    asset: AssetCode
    nostro: str
    reference: Reference | None = None


class RedemptionRequest(Signed, frozen=True):
    account: str
    amount: Amount
    asset: AssetCode
    nostro: str
    reference: Reference | None = None


class FaucetRequest(Request, frozen=True):
    account: str
    amount: Amount
    asset: AssetCode


class IssuerActRequest(Seconded, frozen=True):
    """`account`: the holder, for freeze, unfreeze, allow and disallow."""

    asset: AssetCode
    act: Literal["pause", "resume", "freeze", "unfreeze", "allow", "disallow"]
    account: str | None = None
    note: Annotated[str, Meta(max_length=1_000)] | None = None


class ClawbackRequest(Seconded, frozen=True):
    asset: AssetCode
    from_: str = field(name="from")
    to: str
    amount: Amount
    note: Annotated[str, Meta(max_length=1_000)] | None = None


# --- what clients get -------------------------------------------------------------------------


class AssetInfo(Struct, frozen=True):
    object: Literal["asset"]
    code: str
    scale: int
    number: int
    controls: list[str]
    issuer: int | None
    paused: bool


class SigningKey(Struct, frozen=True):
    """`activation_height`: the first block in which it counts; `revoked_height`: the last."""

    object: Literal["signing_key"]
    key: str
    institution: int
    purposes: list[str]
    activation_height: int
    revoked_height: int | None


class KeyLimit(Struct, frozen=True):
    """`used`, on `day`: shown by the list, once the key has taken something."""

    object: Literal["limit"]
    key: str
    asset: str
    payment_max: str
    day_max: str
    used: str | UnsetType = UNSET
    day: str | UnsetType = UNSET


class IssuerAct(Struct, frozen=True):
    object: Literal["issuer_act"]
    asset: str
    act: str
    account: str | None
    block: int
