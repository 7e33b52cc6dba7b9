"""A quote: for this much of one asset, so much of another, until then.

It is durable before anybody is told of it, and it is checked twice: at the door, and again when
the payment is about to be ordered, because time passes in between.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

from clearway.payment.errors import Refusal
from clearway.payment.fees import FeeSchedule
from clearway.payment.ids import format_quote
from clearway.payment.money import Asset, div_floor
from clearway.routing.rates import Rates, minor_ratio

CACHED_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class Quote:
    """The payer gives `amount_minor` of `asset` and `fee_minor`; the payee gets `to_amount_minor`.

    rate: major units of `to_asset` for one of `asset` before the spread, as numerator and
    denominator; rate_date: the day the European Central Bank published it.
    """

    id: bytes
    asset: str
    to_asset: str
    amount_minor: int
    to_amount_minor: int
    fee_minor: int
    rate: tuple[int, int]
    rate_date: str
    spread_bps: int
    created_ns: int
    expires_ns: int

    @property
    def rate_text(self) -> str:
        """The rate with ten decimals, for reading; amounts are computed from the fraction."""
        scaled = div_floor(self.rate[0] * 10**10, self.rate[1])
        return f"{scaled // 10**10}.{scaled % 10**10:010d}"


class QuoteStore(Protocol):
    """The vault's part in this."""

    def save_quote(self, id: bytes, body: bytes) -> None: ...
    def quote(self, id: bytes) -> bytes | None: ...


class Quotes:
    """Makes, keeps and checks quotes. May be used from several threads."""

    def __init__(
        self,
        *,
        rates: Rates,
        fees: FeeSchedule,
        spread_bps: int,
        valid_ns: int,
        store: QuoteStore,
        clock: Callable[[], int],
    ) -> None:
        self._rates = rates
        self._fees = fees
        self._spread_bps = spread_bps
        self._valid_ns = valid_ns
        self._store = store
        self._clock = clock
        self._cached: dict[bytes, Quote] = {}

    def create(self, id: bytes, *, asset: Asset, to_asset: Asset, amount_minor: int) -> Quote:
        """Durable when it returns. `id` is 16 bytes; the same id gives the first quote again.

        Refuses rate.unknown, amount.not_positive when nothing would be left for the payee.
        """
        body = self._store.quote(id)
        if body is None:
            quote = self.price(id, asset=asset, to_asset=to_asset, amount_minor=amount_minor)
            self._store.save_quote(id, _pack(quote))
        return self.get(id)

    def price(self, id: bytes, *, asset: Asset, to_asset: Asset, amount_minor: int) -> Quote:
        """What `create` would promise now, without a promise. Refuses as `create` does.

        The payee's amount is rounded down: the remainder stays with the liquidity account.
        """
        if asset.number == to_asset.number:
            raise Refusal("rate.unknown", from_asset=asset.code, to_asset=to_asset.code)
        rate = self._rates.rate(asset.currency, to_asset.currency)
        after_spread = minor_ratio(rate, asset, to_asset) * Fraction(
            10_000 - self._spread_bps, 10_000
        )
        to_amount_minor = div_floor(amount_minor * after_spread.numerator, after_spread.denominator)
        if to_amount_minor == 0:
            raise Refusal("amount.not_positive")
        now_ns = self._clock()
        return Quote(
            id=id,
            asset=asset.code,
            to_asset=to_asset.code,
            amount_minor=amount_minor,
            to_amount_minor=to_amount_minor,
            fee_minor=self._fees.fee_minor(amount_minor, cross=True),
            rate=(rate.ratio.numerator, rate.ratio.denominator),
            rate_date=rate.date.isoformat(),
            spread_bps=self._spread_bps,
            created_ns=now_ns,
            expires_ns=now_ns + self._valid_ns,
        )

    def get(self, id: bytes) -> Quote:
        """Refuses quote.unknown."""
        quote = self._cached.get(id)
        if quote is None:
            body = self._store.quote(id)
            if body is None:
                raise Refusal("quote.unknown", quote=format_quote(id))
            quote = _unpack(body)
            if len(self._cached) >= CACHED_MAX:
                self._cached.clear()
            self._cached[id] = quote
        return quote

    def check(self, quote: Quote, *, asset: str, to_asset: str, amount_minor: int) -> None:
        """Refuses quote.expired, quote.differs."""
        if quote.expires_ns <= self._clock():
            ended = datetime.datetime.fromtimestamp(quote.expires_ns // 10**9, datetime.UTC)
            raise Refusal("quote.expired", quote=format_quote(quote.id), expired=ended.isoformat())
        promised = (quote.asset, quote.to_asset, quote.amount_minor)
        if promised != (asset, to_asset, amount_minor):
            what = f"{quote.amount_minor} minor units of {quote.asset} into {quote.to_asset}"
            raise Refusal("quote.differs", quote=format_quote(quote.id), what=what)


def _pack(quote: Quote) -> bytes:
    return json.dumps({**dataclasses.asdict(quote), "id": quote.id.hex()}).encode()


def _unpack(body: bytes) -> Quote:
    fields = json.loads(body)
    numerator, denominator = fields["rate"]
    return Quote(**{**fields, "id": bytes.fromhex(fields["id"]), "rate": (numerator, denominator)})
