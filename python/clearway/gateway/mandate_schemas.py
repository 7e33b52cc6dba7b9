"""The shapes of mandates and standing orders."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from clearway.gateway.fields import Amount, AssetCode, Signed, Time


class MandateRequest(Signed, frozen=True):
    """What `to` may be paid by `from` without being asked again. `fixed`: a standing order, every
    payment is exactly `payment_max`, and the node pays one in each period."""

    from_: str = field(name="from")
    to: str
    asset: AssetCode
    payment_max: Amount
    period_max: Amount
    total_max: Amount
    period_s: Annotated[int, Meta(ge=1, le=10 * 366 * 86_400)]
    until: Time
    start: Time | None = None
    payments_max: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    fixed: bool = False


class RevokeRequest(Signed, frozen=True):
    """`as`: who revokes, payer or payee; the payer without it."""

    as_: str | None = field(default=None, name="as")


class MandateSeen(Struct, frozen=True):
    """`used_total` counts while the mandate is active."""

    id: str
    object: Literal["mandate"]
    created: Time
    status: Literal["active", "revoked", "ended"]
    from_: str = field(name="from")
    to: str
    asset: str
    payment_max: str
    period_max: str
    total_max: str
    period_s: int
    start: Time
    until: Time
    payments_max: int | None
    fixed: bool
    used_total: str
