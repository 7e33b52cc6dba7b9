"""What clients send and get, as msgspec structs: the decoder, the encoder and the OpenAPI page.

Here are the shapes that every subject has; the others stand in files of their own, `…_schemas.py`.

Every request refuses unknown fields, so that a misspelt one is found at once. Amounts are decimal
text; a JSON number is the wrong type. Fields that may be missing in an answer are UNSET.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.fields import Hash, Prepared, Request, Time

Item = TypeVar("Item")
ITEMS_PER_PAGE_MAX = 500
PREPARED_S_MAX = 86_400


# --- what clients send ------------------------------------------------------------------------


class EmptyRequest(Request, frozen=True):
    """No fields."""


class ReviewRequest(Request, frozen=True):
    note: Annotated[str, Meta(max_length=1_000)] | None = None


# --- queries ----------------------------------------------------------------------------------

Limit = Annotated[int, Meta(ge=1, le=ITEMS_PER_PAGE_MAX)]
_FROM = "The first block: a height, or a time (RFC 3339)."
_TO = "The last block: a height, or a time (RFC 3339)."


class NoQuery(Request, frozen=True):
    """No parameters."""


class PageQuery(Request, frozen=True):
    limit: Limit = 50
    starting_after: Annotated[str, Meta(max_length=128)] | None = None


class SpanQuery(PageQuery, frozen=True):
    from_: Annotated[str, Meta(max_length=40, description=_FROM)] | None = field(
        default=None, name="from"
    )
    to: Annotated[str, Meta(max_length=40, description=_TO)] | None = None


class PrepareQuery(Request, frozen=True):
    valid_for_s: Annotated[
        int,
        Meta(ge=1, le=PREPARED_S_MAX, description="How long what is signed may wait, seconds."),
    ] = 600


# --- what clients get -------------------------------------------------------------------------


class Listing(Struct, Generic[Item], frozen=True):
    object: Literal["list"]
    data: list[Item]
    has_more: bool


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


class Health(Struct, frozen=True):
    status: str
    height: int | UnsetType = UNSET
