"""The shapes of conditional money: what a payment's `conditions` say, and how they are shown.

A condition is an object with exactly one of the fields of CONDITION_KINDS (`at_least` comes with
`of`). The struct below lets msgspec decode it; openapi.py describes it as the choice that it is.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.fields import Amount, AssetCode, Key, Request, Signature, Signed, Time
from clearway.payment.terms import CHILDREN_MAX, PREIMAGE_BYTES_MAX

CONDITION_KINDS: Final[tuple[tuple[str, ...], ...]] = (
    ("all",), ("any",), ("at_least", "of"), ("after",), ("before",), ("preimage",),
    ("approved_by",), ("fact",), ("delivery",), ("payee",), ("category",), ("asked_by",),
    ("up_to",),
)  # fmt: skip
WITNESS_KINDS: Final = (("preimage",), ("approval",), ("fact",), ("deliver",))

Account = Annotated[str, Meta(max_length=64, description="An account's id.", examples=["bob"])]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="32 bytes in hex.")]
Subject = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{32}$",
        description="What a fact is about: 16 bytes in hex, agreed with the oracle.",
    ),
]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
NodeNumber = Annotated[int, Meta(ge=0, le=14, description="As shown in the payment's conditions.")]


class Preimage(Request, frozen=True):
    """A secret of `length` bytes whose SHA-256 is `sha256`."""

    sha256: Sha256
    length: Annotated[int, Meta(ge=1, le=PREIMAGE_BYTES_MAX)] = 32


class Fact(Request, frozen=True):
    """A signed statement of an oracle, made since the payment was opened."""

    oracle: Key
    subject: Subject
    is_: Literal["equal", "at_least", "at_most"] = field(name="is")
    value: Whole


class Delivery(Request, frozen=True):
    """`from` gives `to` this, in the same ledger entry as the release of everything."""

    from_: Account = field(name="from")
    to: Account
    amount: Amount
    asset: AssetCode


class Stream(Request, frozen=True):
    """Accrues `amount` every `per_s` seconds since `start`, which is now unless said."""

    amount: Amount
    per_s: Annotated[int, Meta(ge=1, le=366 * 86_400)] = 1
    start: Time | None = None


class SplitShare(Request, frozen=True):
    to: Account
    part: Annotated[int, Meta(ge=1, le=2**32 - 1)]


class WaterfallShare(Request, frozen=True):
    to: Account
    up_to: Amount


Children = Annotated[list["Condition"], Meta(min_length=1, max_length=CHILDREN_MAX)]


class Condition(Request, frozen=True, omit_defaults=True):
    """Exactly one kind."""

    all: Children | None = None
    any: Children | None = None
    at_least: Annotated[int, Meta(ge=1, le=CHILDREN_MAX)] | None = None
    of: Children | None = None
    after: Time | None = None
    before: Time | None = None
    preimage: Preimage | None = None
    approved_by: Key | None = None
    fact: Fact | None = None
    delivery: Delivery | None = None
    payee: Account | None = None
    category: Annotated[int, Meta(ge=1, le=9_999)] | None = None
    asked_by: Literal["payer", "payee"] | None = None
    up_to: Amount | None = None


class Conditions(Request, frozen=True, omit_defaults=True):
    """`of`: the whole that the parts of `split` are of. The payee gets the rest of a split or
    waterfall. Without `release` nothing moves before the deadline, which is `until`, or the
    payment's `expires_in_s`."""

    until: Time | None = None
    release: Condition | None = None
    at_deadline: Literal["return", "pay"] = "return"
    payer_may_cancel: bool = False
    stream: Stream | None = None
    split: Annotated[list[SplitShare], Meta(min_length=1, max_length=CHILDREN_MAX)] | None = None
    of: Annotated[int, Meta(ge=1, le=2**32 - 1)] | None = None
    waterfall: (
        Annotated[list[WaterfallShare], Meta(min_length=1, max_length=CHILDREN_MAX)] | None
    ) = None
    spend_with_any_payee: bool = False


# --- how they are shown -------------------------------------------------------------------------


class ConditionSeen(Struct, frozen=True):
    """A condition as it was given, with its number (`node`) and in words (`text`)."""

    node: int
    text: str
    all: list[ConditionSeen] | UnsetType = UNSET
    any: list[ConditionSeen] | UnsetType = UNSET
    at_least: int | UnsetType = UNSET
    of: list[ConditionSeen] | UnsetType = UNSET
    after: Time | UnsetType = UNSET
    before: Time | UnsetType = UNSET
    preimage: Preimage | UnsetType = UNSET
    approved_by: Key | UnsetType = UNSET
    fact: Fact | UnsetType = UNSET
    delivery: Delivery | UnsetType = UNSET
    payee: str | UnsetType = UNSET
    category: int | UnsetType = UNSET
    asked_by: Literal["payer", "payee"] | UnsetType = UNSET
    up_to: str | UnsetType = UNSET


class StreamSeen(Struct, frozen=True):
    """`per_s` is a fraction only in terms that came another way than through this interface."""

    amount: Amount
    per_s: int | float
    start: Time


class ConditionsSeen(Struct, frozen=True):
    """The terms as they stand on the ledger; `text` says the whole in plain English."""

    text: str
    until: Time
    at_deadline: Literal["return", "pay"]
    payer_may_cancel: bool
    spend_with_any_payee: bool
    release: ConditionSeen | UnsetType = UNSET
    stream: StreamSeen | UnsetType = UNSET
    split: list[SplitShare] | UnsetType = UNSET
    of: int | UnsetType = UNSET
    waterfall: list[WaterfallShare] | UnsetType = UNSET


# --- release, cancel, simulate, approval ---------------------------------------------------------


class ApprovalWitness(Request, frozen=True):
    """As `clearway signer approve` prints it. `up_to` is what was signed."""

    up_to: Amount
    signature: Signature


class FactWitness(Request, frozen=True):
    """As `clearway signer fact` prints it."""

    value: Whole
    time: Time
    signature: Signature


class Witness(Request, frozen=True):
    """Shows that one condition is met: exactly one kind beside `node`."""

    node: NodeNumber
    preimage: (
        Annotated[str, Meta(pattern="^(?:[0-9a-f]{2}){1,60}$", description="The secret, in hex.")]
        | None
    ) = None
    approval: ApprovalWitness | None = None
    fact: FactWitness | None = None
    deliver: Literal[True] | None = None


Witnesses = Annotated[list[Witness], Meta(max_length=15)]


class ReleaseRequest(Signed, frozen=True):
    """`amount`: all that is left unless said, or all that has accrued of a stream. `to`: the payee
    unless said. `as`: who asks, the payee unless said."""

    amount: Amount | None = None
    to: Account | None = None
    as_: Account | None = field(name="as", default=None)
    witnesses: Witnesses = field(default_factory=list)


class CancelRequest(Signed, frozen=True):
    """`as`: who cancels, the payee unless said."""

    as_: Account | None = field(name="as", default=None)


class SimulateRequest(ReleaseRequest, kw_only=True, frozen=True):
    """`at`: as of when, now unless said."""

    at: Time | None = None


class NodeState(Struct, frozen=True):
    node: int
    text: str
    met: bool


class ReleaseSimulation(Struct, frozen=True):
    """What the ledger would answer to this release; nothing was written. `code`: the first
    refusal. `as_signed_by`: the account whose owner is taken to have signed it."""

    object: Literal["simulation"]
    would_release: bool
    amount: str
    nodes: list[NodeState]
    text: str
    code: str | UnsetType = UNSET
    as_signed_by: str | UnsetType = UNSET


class ApprovalQuery(Request, frozen=True):
    """`up_to`: how much may have been released in all, the whole unless said. `to`: the payee
    unless said."""

    up_to: Amount | None = None
    to: Account | None = None


class ApprovalToSign(Struct, frozen=True):
    """`digest` is what an approver signs; it is H[approve] of `message` (docs/format.md)."""

    object: Literal["approval"]
    payment: str
    to: str
    up_to: str
    digest: str
    message: str
    text: str
