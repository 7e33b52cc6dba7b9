"""The shapes of accounts: opening one, whose it is, what it holds and what went through it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from clearway.gateway.authority_schemas import Policy, Recovery
from clearway.gateway.fields import AccountId, AssetCode, Key, Metadata, Request, Time
from clearway.gateway.schemas import SpanQuery
from clearway.payment.records import ACCOUNT_ASSETS_MAX

Category = Annotated[
    int,
    Meta(ge=1, le=9_999, description="Merchant category code, ISO 18245.", examples=[5411]),
]
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


# --- queries ----------------------------------------------------------------------------------

_AT = "What it held after the block of this height, or at this time (RFC 3339)."


class EntriesQuery(SpanQuery, frozen=True):
    asset: AssetCode | None = None


class BalancesQuery(Request, frozen=True):
    at: Annotated[str, Meta(max_length=40, description=_AT)] | None = None


# --- what clients get -------------------------------------------------------------------------


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
    """`allowed` and `frozen` are of now, and left out of what was at some time (`at`)."""

    asset: str
    posted: str
    pending_in: str
    pending_out: str
    available: str
    allowed: bool | UnsetType = UNSET
    frozen: bool | UnsetType = UNSET


class PastBalance(Struct, frozen=True):
    """What an account held, and what was pending, after an entry of this block changed it."""

    id: str
    object: Literal["balance"]
    created: Time
    asset: str
    posted: str
    pending_in: str
    pending_out: str
    available: str
    block: int


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
