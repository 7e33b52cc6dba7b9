"""The shapes of rates, routes and quotes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from clearway.gateway.fields import Amount, AssetCode, Request, Time


class QuoteRequest(Request, frozen=True):
    """In a payment's words: the payer gives `amount` of `asset`, the payee gets `to_asset`."""

    asset: AssetCode
    to_asset: AssetCode
    amount: Amount


class RatesQuery(Request, frozen=True):
    base: Annotated[str, Meta(max_length=16)] | None = None


class RoutesQuery(Request, frozen=True):
    asset: AssetCode
    amount: Amount
    to_asset: AssetCode | None = None


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
