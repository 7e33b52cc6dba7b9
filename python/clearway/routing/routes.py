"""The ways a payment can take, with what each costs: today the ledger itself is the one rail.

Within one asset the money moves directly; between two it goes through the liquidity account at
the quoted rate. Outside rails join this list when their room is built.
"""

from __future__ import annotations

from dataclasses import dataclass

from clearway.payment.fees import FeeSchedule
from clearway.payment.money import Asset, share_bps
from clearway.routing.quotes import Quotes

RAIL_LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Route:
    """path: asset codes from payer to payee. cost_minor: fee and spread together, in `asset`."""

    rail: str
    path: tuple[str, ...]
    amount_minor: int
    to_amount_minor: int
    fee_minor: int
    cost_minor: int


class Routes:
    """Lists routes, the cheapest first."""

    def __init__(self, *, quotes: Quotes, fees: FeeSchedule, spread_bps: int) -> None:
        self._quotes = quotes
        self._fees = fees
        self._spread_bps = spread_bps

    def find(self, *, asset: Asset, to_asset: Asset, amount_minor: int) -> list[Route]:
        """Refuses rate.unknown, amount.not_positive."""
        if asset.number == to_asset.number:
            fee = self._fees.fee_minor(amount_minor, cross=False)
            return [Route(RAIL_LEDGER, (asset.code,), amount_minor, amount_minor, fee, fee)]
        price = self._quotes.price(
            bytes(16), asset=asset, to_asset=to_asset, amount_minor=amount_minor
        )
        spread = share_bps(amount_minor, self._spread_bps)
        return [
            Route(
                rail=RAIL_LEDGER,
                path=(asset.code, to_asset.code),
                amount_minor=amount_minor,
                to_amount_minor=price.to_amount_minor,
                fee_minor=price.fee_minor,
                cost_minor=price.fee_minor + spread,
            )
        ]
