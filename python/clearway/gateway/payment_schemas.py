"""The shapes of payments: alone, linked and uploaded; waiting, explained and simulated; events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.condition_schemas import Conditions, ConditionsSeen
from clearway.gateway.fields import (
    Amount,
    AssetCode,
    Hash,
    Metadata,
    MetadataKey,
    MetadataValue,
    Reference,
    Request,
    Signed,
    Time,
)
from clearway.gateway.schemas import LineProblem, Problem, SpanQuery
from clearway.payment.state import Status

HOLD_S_MAX = 30 * 86_400
LINKED_MAX = 100
METADATA_FIELDS_MAX = 8
Purpose = Annotated[
    str, Meta(pattern="^[A-Z]{4}$", description="ISO 20022 category purpose.", examples=["SALA"])
]
Outcome = Literal["accept", "review", "decline"]
LegRole = Literal["principal", "fee", "exchange"]


# --- what clients send ------------------------------------------------------------------------

_SWEEP = "`amount` is the most: what moves is all that is available, up to it."
_CLOSES = (
    "With a manual capture: the account is closed from now on; it is open again when the payment is"
    " voided or expires, and stays closed when it is captured."
)
_IMPORTED_AT = (
    "When it happened in the system that it comes from; later for each import. Needs the scope"
    " ledger:import."
)
_WHEN_SHORT = (
    "What happens if the payer cannot cover the payment: it is refused, or it waits in the queue"
    " until he can, by himself or together with others who wait (docs/queue.md)."
)
_PRIORITY = "Which of the payer's waiting payments goes first; `normal` without it."
_DEVICE = "What tells the payer's device from others, such as an app's installation id."
_ADDRESS = "The network address that the payer comes from."
_EXPIRES = (
    "How long a manual capture holds the money (without it a week), or a payment with `when_short:"
    " queue` may wait for it (without it a day)."
)


class PaymentContext(Request, frozen=True):
    """Risk remembers what an account is used with, as keyed hashes, sealed for the payer's person:
    a device that is new to it, or one that many accounts share, speaks against a payment."""

    device: Annotated[str, Meta(min_length=1, max_length=200, description=_DEVICE)] | None = None
    address: Annotated[str, Meta(min_length=1, max_length=64, description=_ADDRESS)] | None = None


class PaymentRequest(Signed, frozen=True):
    from_: str = field(name="from")
    to: str
    amount: Amount
    asset: AssetCode
    to_asset: AssetCode | None = None
    quote: Annotated[str, Meta(max_length=64)] | None = None
    reference: Reference | None = None
    purpose: Purpose | None = None
    metadata: Metadata | None = None
    capture: Literal["automatic", "manual"] = "automatic"
    expires_in_s: Annotated[int, Meta(ge=1, le=HOLD_S_MAX, description=_EXPIRES)] | None = None
    sweep: Annotated[bool, Meta(description=_SWEEP)] = False
    closes: Annotated[Literal["from", "to"], Meta(description=_CLOSES)] | None = None
    imported_at: Annotated[Time, Meta(description=_IMPORTED_AT)] | None = None
    conditions: Conditions | None = None
    mandate: Annotated[str, Meta(max_length=64)] | None = None
    when_short: Annotated[Literal["refuse", "queue"], Meta(description=_WHEN_SHORT)] = "refuse"
    priority: Annotated[Literal["urgent", "high", "normal"], Meta(description=_PRIORITY)] | None = (
        None
    )
    context: PaymentContext | None = None


class LinkedRequest(Request, frozen=True):
    """All of them, or none. `net`: each party gives or gets its sum, so that payments go through
    together which could not one after another."""

    payments: Annotated[list[PaymentRequest], Meta(min_length=2, max_length=LINKED_MAX)]
    net: bool = False


class UploadLine(PaymentRequest, kw_only=True, frozen=True):
    idempotency_key: str | None = None


class AmountRequest(Request, frozen=True):
    """Without an amount: all that is left."""

    amount: Amount | None = None


class RefundRequest(Signed, frozen=True):
    """Without an amount: all that is left."""

    amount: Amount | None = None


# --- queries ----------------------------------------------------------------------------------

_METADATA = "metadata[field]=value; of several fields, the payments that have all of them."


class PaymentsQuery(SpanQuery, frozen=True):
    metadata: (
        Annotated[
            dict[MetadataKey, MetadataValue],
            Meta(min_length=1, max_length=METADATA_FIELDS_MAX, description=_METADATA),
        ]
        | None
    ) = None
    account: Annotated[str, Meta(max_length=64)] | None = None
    status: Status | None = None
    idempotency_key: Annotated[str, Meta(max_length=255)] | None = None


# --- what clients get -------------------------------------------------------------------------


class Leg(Struct, frozen=True):
    from_: str = field(name="from")
    to: str
    asset: str
    amount: str
    role: LegRole


class Decision(Struct, frozen=True):
    """score_bps, reasons and model_id are opened to decisions:read only."""

    outcome: Outcome
    score_bps: int | UnsetType = UNSET
    reasons: list[str] | UnsetType = UNSET
    model_id: str | UnsetType = UNSET


class Place(Struct, frozen=True):
    height: int
    index: int


class QueuePlace(Struct, frozen=True):
    """Why and how a pending payment waits. `position`: which of its payer's waiting payments in its
    asset it is, from 1."""

    reason: str
    priority: str
    position: int | UnsetType = UNSET


class QueueInfo(Struct, frozen=True):
    """What waits in one asset. `missing`: what the payers lack, all together, so that all of it
    could go at once as one net."""

    object: Literal["queue"]
    asset: str
    count: int
    amount: str
    missing: str
    oldest: Time


class Payment(Struct, frozen=True):
    id: str
    object: Literal["payment"]
    created: Time
    status: Status
    from_: str = field(name="from")
    to: str
    amount: str
    asset: str
    amount_captured: str
    amount_refunded: str
    reference: str | None
    metadata: dict[str, str]
    decision: Decision
    legs: list[Leg]
    block: Place | None
    to_amount: str | UnsetType = UNSET
    to_asset: str | UnsetType = UNSET
    refund_of: str | UnsetType = UNSET
    expires: Time | UnsetType = UNSET
    conditions: ConditionsSeen | UnsetType = UNSET
    queue: QueuePlace | UnsetType = UNSET
    error: LineProblem | UnsetType = UNSET


class PaymentSimulation(Struct, frozen=True):
    """What the ledger would answer to this payment now, were it let through; nothing was written.
    Names, risk and review are not looked at. `as_signed_by`: the account whose owner is taken to
    have signed it."""

    object: Literal["simulation"]
    status: Status
    amount: str
    asset: str
    text: str
    to_amount: str | UnsetType = UNSET
    to_asset: str | UnsetType = UNSET
    conditions: ConditionsSeen | UnsetType = UNSET
    error: LineProblem | UnsetType = UNSET
    as_signed_by: str | UnsetType = UNSET


class UploadAnswer(Struct, frozen=True):
    line: int
    status: int
    payment: Payment | UnsetType = UNSET
    error: Problem | UnsetType = UNSET


class ScoreParts(Struct, frozen=True):
    """What a score is made of, in log-odds before calibration: `base`, the `part` of each reason
    and `others`, all features that no given reason has, add up to `raw`."""

    raw: float
    base: float
    others: float


class Explanation(Struct, frozen=True):
    """`text` is for the customer. What follows it needs decisions:read. `review_price_eur`: what a
    review had to save above its cost, where they are scarce; null when the day's were used up."""

    object: Literal["explanation"]
    payment: str
    status: Status
    text: str
    outcome: str | UnsetType = UNSET
    score_bps: int | UnsetType = UNSET
    score: ScoreParts | UnsetType = UNSET
    reasons: list[dict[str, Any]] | UnsetType = UNSET
    review_price_eur: int | UnsetType | None = UNSET
    model_id: str | UnsetType = UNSET
    typologies: list[dict[str, str]] | UnsetType = UNSET
    typologies_digest: str | UnsetType = UNSET
    features_hash: Hash | UnsetType = UNSET
    list_version: str | UnsetType = UNSET
    matches: list[dict[str, Any]] | UnsetType = UNSET
    decided_by: list[dict[str, Any]] | UnsetType = UNSET
    commitment: Hash | UnsetType = UNSET


class EventData(Struct, frozen=True):
    """The payment as of the event."""

    object: Payment


class Event(Struct, frozen=True):
    id: str
    object: Literal["event"]
    type: str
    created: Time
    data: EventData
