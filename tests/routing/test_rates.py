"""The rate book and the quotes made from it."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest

from clearway.payment.errors import Refusal
from clearway.payment.fees import FeeSchedule
from clearway.payment.money import Asset
from clearway.routing.quotes import Quotes
from clearway.routing.rates import Rates, load_rates
from clearway.routing.routes import Routes

EUR, USD, JPY = Asset(1, "EUR/2", 2), Asset(2, "USD/2", 2), Asset(3, "JPY/0", 0)
DAY = datetime.date(2026, 10, 30)
FEES = FeeSchedule(domestic_bps=0, cross_bps=10)


class Memory:
    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    def save_quote(self, id: bytes, body: bytes) -> None:
        self.rows.setdefault(id, body)

    def quote(self, id: bytes) -> bytes | None:
        return self.rows.get(id)


class Clock:
    now_ns = 1_000

    def __call__(self) -> int:
        return self.now_ns


def make_quotes(store: Memory | None = None, clock: Clock | None = None) -> Quotes:
    rates = Rates({"USD": Fraction("1.1172"), "JPY": Fraction("175.68")}, DAY)
    return Quotes(
        rates=rates,
        fees=FEES,
        spread_bps=25,
        valid_ns=60,
        store=store or Memory(),
        clock=clock or Clock(),
    )


def test_the_packaged_file_has_real_rates_and_their_day() -> None:
    rates = load_rates()
    assert rates.date >= DAY
    assert {"USD", "GBP", "JPY", "CHF", "INR"} <= {rate.to_currency for rate in rates.all()}
    assert Fraction(1, 2) < rates.rate("EUR", "USD").ratio < 2


def test_rates_cross_through_the_euro_without_rounding() -> None:
    rates = Rates({"USD": Fraction("1.1172"), "JPY": Fraction("175.68")}, DAY)
    there, back = rates.rate("USD", "JPY"), rates.rate("JPY", "USD")
    assert there.ratio * back.ratio == 1
    assert there.ratio == Fraction("175.68") / Fraction("1.1172")


def test_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(Refusal, match=r"rate\.unknown"):
        load_rates().rate("EUR", "XXX")


def test_the_payees_amount_is_rounded_down_after_the_spread() -> None:
    quote = make_quotes().price(bytes(16), asset=EUR, to_asset=JPY, amount_minor=12_34)
    exact = Fraction("12.34") * Fraction("175.68") * Fraction(9_975, 10_000)
    assert quote.to_amount_minor == int(exact) < exact
    assert quote.fee_minor == 2  # 1.234 cents, rounded up


def test_the_same_id_gives_the_first_quote_again() -> None:
    clock, store = Clock(), Memory()
    quotes = make_quotes(store, clock)
    first = quotes.create(bytes(16), asset=EUR, to_asset=USD, amount_minor=100_00)
    clock.now_ns += 5
    assert quotes.create(bytes(16), asset=EUR, to_asset=USD, amount_minor=999_00) == first
    assert make_quotes(store).get(bytes(16)) == first


def test_a_quote_is_good_until_its_end_and_for_what_it_says() -> None:
    clock = Clock()
    quotes = make_quotes(clock=clock)
    quote = quotes.create(bytes(16), asset=EUR, to_asset=USD, amount_minor=100_00)
    quotes.check(quote, asset="EUR/2", to_asset="USD/2", amount_minor=100_00)
    for asset, to_asset, amount in (
        ("EUR/2", "USD/2", 100_01),
        ("USD/2", "EUR/2", 100_00),
        ("EUR/2", "JPY/0", 100_00),
    ):
        with pytest.raises(Refusal, match=r"quote\.differs"):
            quotes.check(quote, asset=asset, to_asset=to_asset, amount_minor=amount)
    clock.now_ns = quote.expires_ns
    with pytest.raises(Refusal, match=r"quote\.expired"):
        quotes.check(quote, asset="EUR/2", to_asset="USD/2", amount_minor=100_00)


def test_a_quote_into_the_same_asset_is_refused() -> None:
    with pytest.raises(Refusal, match=r"rate\.unknown"):
        make_quotes().price(bytes(16), asset=EUR, to_asset=EUR, amount_minor=1)


def test_the_rate_is_shown_with_ten_decimals() -> None:
    quote = make_quotes().price(bytes(16), asset=EUR, to_asset=USD, amount_minor=100)
    assert quote.rate_text == "1.1172000000"


def test_routes_say_what_they_cost() -> None:
    routes = Routes(quotes=make_quotes(), fees=FEES, spread_bps=25)
    [direct] = routes.find(asset=EUR, to_asset=EUR, amount_minor=100_00)
    assert (direct.path, direct.cost_minor) == (("EUR/2",), 0)
    [crossed] = routes.find(asset=EUR, to_asset=USD, amount_minor=100_00)
    assert (crossed.path, crossed.cost_minor) == (("EUR/2", "USD/2"), 10 + 25)
