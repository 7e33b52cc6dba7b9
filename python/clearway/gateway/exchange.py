"""Quotes, rates and routes."""

from __future__ import annotations

from clearway.gateway.door import Answer, Ask
from clearway.gateway.exchange_schemas import Quote, Rate, RouteInfo
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_quote, parse_quote
from clearway.payment.money import div_floor, format_amount, parse_amount
from clearway.routing.quotes import Quote as Promise

RATE_DECIMALS = 10


def make_quote(ask: Ask) -> Answer:
    """Refuses asset.unknown, amount.*, rate.unknown."""
    directory = ask.door.directory
    asset = directory.asset_of_code(ask.body.asset)
    to_asset = directory.asset_of_code(ask.body.to_asset)
    amount_minor = parse_amount(ask.body.amount, asset)
    promise = ask.door.node.quotes.create(
        ask.op_id, asset=asset, to_asset=to_asset, amount_minor=amount_minor
    )
    return Answer(201, _render(ask, promise))


def see_quote(ask: Ask) -> Answer:
    """Refuses quote.unknown."""
    return Answer(200, _render(ask, ask.door.node.quotes.get(parse_quote(ask.params["quote"]))))


def _render(ask: Ask, promise: Promise) -> Quote:
    asset = ask.door.directory.asset_of_code(promise.asset)
    to_asset = ask.door.directory.asset_of_code(promise.to_asset)
    return Quote(
        id=format_quote(promise.id),
        object="quote",
        created=format_time(promise.created_ns),
        expires=format_time(promise.expires_ns),
        asset=asset.code,
        to_asset=to_asset.code,
        amount=format_amount(promise.amount_minor, asset),
        to_amount=format_amount(promise.to_amount_minor, to_asset),
        fee=format_amount(promise.fee_minor, asset),
        rate=promise.rate_text,
        rate_date=promise.rate_date,
        spread_bps=promise.spread_bps,
    )


def list_rates(ask: Ask) -> Answer:
    """From the base (the euro unless said) to every currency of the rate book."""
    rates = ask.door.node.rates
    base = ask.query.base or "EUR"
    currencies = ["EUR", *(row.to_currency for row in rates.all())]
    if base not in currencies:
        raise Refusal("rate.unknown", from_asset=base, to_asset="EUR")
    data = []
    for currency in currencies:
        if currency == base:
            continue
        rate = rates.rate(base, currency)
        text = _decimal(rate.ratio.numerator, rate.ratio.denominator)
        data.append(Rate("rate", base, currency, text, rate.date.isoformat(), "ECB"))
    return Answer(200, Listing("list", data, False))


def _decimal(numerator: int, denominator: int) -> str:
    """For reading; amounts are computed from the fraction."""
    scaled = div_floor(numerator * 10**RATE_DECIMALS, denominator)
    whole, rest = divmod(scaled, 10**RATE_DECIMALS)
    return f"{whole}.{rest:0{RATE_DECIMALS}d}"


def list_routes(ask: Ask) -> Answer:
    """Refuses asset.unknown, amount.*, rate.unknown."""
    directory = ask.door.directory
    asset = directory.asset_of_code(ask.query.asset)
    to_asset = asset
    if ask.query.to_asset is not None:
        to_asset = directory.asset_of_code(ask.query.to_asset)
    amount_minor = parse_amount(ask.query.amount, asset)
    found = ask.door.node.routes.find(asset=asset, to_asset=to_asset, amount_minor=amount_minor)
    data = [
        RouteInfo(
            object="route",
            rail=route.rail,
            path=list(route.path),
            amount=format_amount(route.amount_minor, asset),
            to_amount=format_amount(route.to_amount_minor, to_asset),
            fee=format_amount(route.fee_minor, asset),
            cost=format_amount(route.cost_minor, asset),
        )
        for route in found
    ]
    return Answer(200, Listing("list", data, False))
