"""What clients send and get, as msgspec structs: the decoder, the encoder and the OpenAPI page.

Every request refuses unknown fields, so that a misspelt one is found at once. Amounts are decimal
text; a JSON number is the wrong type. Fields that may be missing in an answer are UNSET.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.authority_schemas import Policy, Recovery
from clearway.gateway.condition_schemas import Conditions, ConditionsSeen
from clearway.gateway.fields import (
    AccountId,
    Amount,
    AssetCode,
    Hash,
    Key,
    Prepared,
    Request,
    Seconded,
    Signed,
    Time,
)
from clearway.payment.records import ACCOUNT_ASSETS_MAX
from clearway.payment.state import Status

Item = TypeVar("Item")

ITEMS_PER_PAGE_MAX = 500
HOLD_S_MAX = 30 * 86_400
LINKED_MAX = 100
PREPARED_S_MAX = 86_400

Reference = Annotated[str, Meta(max_length=140, description="Shown to both sides.")]
Purpose = Annotated[
    str, Meta(pattern="^[A-Z]{4}$", description="ISO 20022 category purpose.", examples=["SALA"])
]
MetadataKey = Annotated[str, Meta(max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=1_024)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=50)]
Category = Annotated[
    int,
    Meta(ge=1, le=9_999, description="Merchant category code, ISO 18245.", examples=[5411]),
]
Outcome = Literal["accept", "review", "decline"]
LegRole = Literal["principal", "fee", "exchange"]
AccountStatus = Literal["open", "frozen", "closed"]


# --- what clients send ------------------------------------------------------------------------


class Owner(Request, frozen=True):
    """Who stands behind an account; kept encrypted beside the ledger, never on it."""

    name: Annotated[str, Meta(min_length=1, max_length=140)]
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    birth_date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    kind: Literal["person", "business"] | None = None
    address: Annotated[str, Meta(max_length=500)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None


class AccountRequest(Request, frozen=True):
    assets: Annotated[list[AssetCode], Meta(max_length=ACCOUNT_ASSETS_MAX)] = field(
        default_factory=list
    )
    id: AccountId | None = None
    owner: Owner | None = None
    metadata: Metadata | None = None
    category: Category | None = None
    parent: Annotated[
        AccountId | None,
        Meta(
            description="Makes a sub-account: a further address of this account, whose owner,"
            " assets and balances are the parent's. Needs no `assets` and no `owner`."
        ),
    ] = None
    owner_key: (
        Annotated[
            Key,
            Meta(
                description="Makes a self-custody account: only what this key has signed leaves it."
            ),
        ]
        | UnsetType
    ) = UNSET


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
_EXPIRES = (
    "How long a manual capture holds the money (without it a week), or a payment with `when_short:"
    " queue` may wait for it (without it a day)."
)


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


class ReviewRequest(Request, frozen=True):
    note: Annotated[str, Meta(max_length=1_000)] | None = None


class EmptyRequest(Request, frozen=True):
    """No fields."""


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


ControlName = Literal["mint_burn", "freeze", "allow_list", "clawback", "pause", "two_person"]
KeyPurpose = Literal["pay", "issue", "compliance", "govern", "import"]


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


class SigningKeyRequest(Request, frozen=True):
    """A key of this institution that is held outside the node, such as a second person's, which
    needs `issue`. It counts from the next block."""

    key: Key
    purposes: Annotated[list[KeyPurpose], Meta(min_length=1, max_length=5)]


class QuoteRequest(Request, frozen=True):
    """In a payment's words: the payer gives `amount` of `asset`, the payee gets `to_asset`."""

    asset: AssetCode
    to_asset: AssetCode
    amount: Amount


# --- queries ----------------------------------------------------------------------------------

Limit = Annotated[int, Meta(ge=1, le=ITEMS_PER_PAGE_MAX)]


_FROM = "The first block: a height, or a time (RFC 3339)."
_TO = "The last block: a height, or a time (RFC 3339)."
_AT = "What was posted after the block of this height, or at this time (RFC 3339)."
METADATA_FIELDS_MAX = 8
_METADATA = "metadata[field]=value; of several fields, the payments that have all of them."


class NoQuery(Request, frozen=True):
    """No parameters."""


class PageQuery(Request, frozen=True):
    limit: Limit = 50
    starting_after: Annotated[str, Meta(max_length=128)] | None = None


class PrepareQuery(Request, frozen=True):
    valid_for_s: Annotated[
        int,
        Meta(ge=1, le=PREPARED_S_MAX, description="How long what is signed may wait, seconds."),
    ] = 600


class SpanQuery(PageQuery, frozen=True):
    from_: Annotated[str, Meta(max_length=40, description=_FROM)] | None = field(
        default=None, name="from"
    )
    to: Annotated[str, Meta(max_length=40, description=_TO)] | None = None


class EntriesQuery(SpanQuery, frozen=True):
    asset: AssetCode | None = None


class BalancesQuery(Request, frozen=True):
    at: Annotated[str, Meta(max_length=40, description=_AT)] | None = None


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


class ReceiptQuery(Request, frozen=True):
    """`act`: 0 for the payment's own entry, n for the n-th that changed it (capture, release …)."""

    act: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class RatesQuery(Request, frozen=True):
    base: Annotated[str, Meta(max_length=16)] | None = None


class RoutesQuery(Request, frozen=True):
    asset: AssetCode
    amount: Amount
    to_asset: AssetCode | None = None


# --- what clients get -------------------------------------------------------------------------


class Problem(Struct, frozen=True):
    """RFC 9457 problem details; docs/errors.md lists the codes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    request_id: str


class LineProblem(Struct, frozen=True):
    """The error of one line of an upload, or of a payment that the ledger refused."""

    code: str
    title: str
    detail: str
    retryable: bool


class Account(Struct, frozen=True):
    id: str
    object: Literal["account"]
    created: Time
    status: AccountStatus
    address: str
    owner: dict[str, Any] | None
    category: int | None
    assets: list[str]
    metadata: dict[str, str]
    parent: str | UnsetType = UNSET
    owner_key: str | UnsetType = UNSET
    policy: Policy | UnsetType = UNSET
    recovery: Recovery | UnsetType = UNSET


class Balance(Struct, frozen=True):
    """What was posted at some time (`at`) comes without what was pending then."""

    asset: str
    posted: str
    pending_in: str | UnsetType = UNSET
    pending_out: str | UnsetType = UNSET
    available: str | UnsetType = UNSET
    allowed: bool | UnsetType = UNSET
    frozen: bool | UnsetType = UNSET


class Entry(Struct, frozen=True):
    id: str
    object: Literal["entry"]
    created: Time
    payment: str | None
    asset: str
    amount: str
    balance_after: str
    block: int
    sub_account: str | UnsetType = UNSET


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


class Preparation(Struct, frozen=True):
    """What is signed before the same request is sent with `prepared` and the signatures, under
    this Idempotency-Key and by the same API key. Nothing was written.

    keys: who may sign. digest: what they sign,
    H[authorise] over chain_id and the hash of the instruction (docs/format.md). private: what the
    instruction's `details` commits to, H[details] of this text. units: what the entry carries
    beside the instruction, in hex. text: the instruction in words, decoded from its bytes.
    """

    object: Literal["preparation"]
    idempotency_key: str
    account: str | None
    keys: list[str]
    expires: Time
    chain_id: Hash
    digest: Hash
    prepared: Prepared
    private: str
    units: str
    text: str


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


class PaymentSimulation(Struct, frozen=True):
    """What the ledger would answer to this payment now, were it let through; nothing was written.
    Names, risk and review are not looked at."""

    object: Literal["simulation"]
    status: Status
    amount: str
    asset: str
    text: str
    to_amount: str | UnsetType = UNSET
    to_asset: str | UnsetType = UNSET
    conditions: ConditionsSeen | UnsetType = UNSET
    error: LineProblem | UnsetType = UNSET


class UploadAnswer(Struct, frozen=True):
    line: int
    status: int
    payment: Payment | UnsetType = UNSET
    error: Problem | UnsetType = UNSET


class Explanation(Struct, frozen=True):
    """`text` is for the customer. What follows it needs decisions:read."""

    object: Literal["explanation"]
    payment: str
    status: Status
    text: str
    outcome: str | UnsetType = UNSET
    score_bps: int | UnsetType = UNSET
    reasons: list[dict[str, Any]] | UnsetType = UNSET
    model_id: str | UnsetType = UNSET
    features_hash: Hash | UnsetType = UNSET
    list_version: str | UnsetType = UNSET
    matches: list[dict[str, Any]] | UnsetType = UNSET
    decided_by: list[dict[str, Any]] | UnsetType = UNSET
    commitment: Hash | UnsetType = UNSET


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


class IssuerAct(Struct, frozen=True):
    object: Literal["issuer_act"]
    asset: str
    act: str
    account: str | None
    block: int


class Quote(Struct, frozen=True):
    """`fee` comes on top of `amount`; both are in `asset`. `rate` is before the spread."""

    id: str
    object: Literal["quote"]
    created: Time
    expires: Time
    asset: str
    to_asset: str
    amount: str
    to_amount: str
    fee: str
    rate: str
    rate_date: str
    spread_bps: int


class Rate(Struct, frozen=True):
    """Major units of the currency `to` for one of the currency `from_`."""

    object: Literal["rate"]
    from_: str = field(name="from")
    to: str
    rate: str
    date: str
    source: str


class RouteInfo(Struct, frozen=True):
    """`cost` is fee and spread together, in the payer's asset."""

    object: Literal["route"]
    rail: str
    path: list[str]
    amount: str
    to_amount: str
    fee: str
    cost: str


class BlockInfo(Struct, frozen=True):
    height: int
    time: Time
    hash: Hash
    previous: Hash
    transactions_root: Hash
    results_root: Hash
    state_root: Hash
    count: int


class AssetTotals(Struct, frozen=True):
    asset: str
    credit: str
    debit: str
    total: str
    pending_in: str
    pending_out: str


class TrialBalance(Struct, frozen=True):
    """Per asset the sum of all balances above zero, of all below, and both together: zero."""

    object: Literal["trial_balance"]
    height: int
    state_root: Hash
    balanced: bool
    data: list[AssetTotals]


class Finality(Struct, frozen=True):
    kind: str
    key: str
    signature: str


class Receipt(Struct, frozen=True):
    object: Literal["receipt"]
    version: int
    chain_id: Hash
    entry: str
    result: str
    index: int
    size: int
    entry_path: list[str]
    result_path: list[str]
    header: str
    finality: Finality | None


RawBlock = Annotated[
    str,
    Meta(
        description="Bytes: a record of the block log, docs/format.md.",
        extra_json_schema={"format": "binary"},
    ),
]


class Health(Struct, frozen=True):
    status: str
    height: int | UnsetType = UNSET


class Listing(Struct, Generic[Item], frozen=True):
    object: Literal["list"]
    data: list[Item]
    has_more: bool


class EventData(Struct, frozen=True):
    """The payment as of the event."""

    object: Payment


class Event(Struct, frozen=True):
    id: str
    object: Literal["event"]
    type: str
    created: Time
    data: EventData
