"""Who lives in the simulated world: countries, persons, shops, companies, and their habits."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ASSETS: Final = ("EUR/2", "USD/2", "GBP/2", "JPY/0", "INR/2", "CHF/2", "BRL/2", "MXN/2")
KINDS: Final = ("person", "shop", "company", "biller", "marketplace", "machine")
PERSON, SHOP, COMPANY, BILLER, MARKETPLACE, MACHINE = range(6)
# Shares of the merchants; what is left are shops.
_KIND_SHARES: Final = ((COMPANY, 0.14), (BILLER, 0.05), (MARKETPLACE, 0.02), (MACHINE, 0.02))
# Of a Population, one element an account.
_COLUMNS: Final = ("country", "kind", "asset", "utc_h", "income_eur", "level", "ticket_eur",
                   "opening", "activity", "opened_day")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """utc_h: hours ahead of UTC. income_eur: median monthly. cultures: where names come from."""

    code: str
    asset: str
    share: float
    utc_h: float
    income_eur: float
    cultures: tuple[str, ...]


COUNTRIES: Final = (
    Country("DE", "EUR/2", 0.16, 1, 2400, ("german", "german", "german", "turkish", "polish")),
    Country("FR", "EUR/2", 0.13, 1, 2200, ("french", "french", "french", "vietnamese")),
    Country("ES", "EUR/2", 0.09, 1, 1800, ("spanish",)),
    Country("IT", "EUR/2", 0.09, 1, 1900, ("italian",)),
    Country("NL", "EUR/2", 0.06, 1, 2700, ("dutch", "dutch", "dutch", "turkish")),
    Country("US", "USD/2", 0.17, -6, 3400, ("english", "english", "mexican", "vietnamese")),
    Country("GB", "GBP/2", 0.12, 0, 2600, ("english", "english", "indian", "nigerian", "polish")),
    Country("JP", "JPY/0", 0.05, 9, 2000, ("japanese",)),
    Country("IN", "INR/2", 0.06, 5.5, 500, ("indian",)),
    Country("CH", "CHF/2", 0.03, 1, 5200, ("german", "french", "italian")),
    Country("BR", "BRL/2", 0.02, -3, 600, ("brazilian",)),
    Country("MX", "MXN/2", 0.02, -6, 650, ("mexican",)),
)


class Pool:
    """Accounts to choose from by country; a country without any is served by the whole pool."""

    def __init__(self, accounts: Ints, country: Ints) -> None:
        order = np.argsort(country[accounts], kind="stable")
        self.accounts = accounts[order]
        bounds = np.searchsorted(country[self.accounts], np.arange(len(COUNTRIES) + 1))
        self._start, self._size = bounds[:-1], np.diff(bounds)
        self._start = np.where(self._size > 0, self._start, 0)
        self._size = np.where(self._size > 0, self._size, len(accounts))

    def pick(self, rng: Generator, country: Ints, skew: float = 1.0) -> Ints:
        """One account per element of `country`; a higher skew makes few of them popular."""
        place = np.floor(rng.random(len(country)) ** skew * self._size[country]).astype(np.int64)
        chosen: Ints = self.accounts[self._start[country] + place]
        return chosen

    def pick_anywhere(self, rng: Generator, n: int, skew: float = 1.0) -> Ints:
        return self.accounts[np.floor(rng.random(n) ** skew * len(self.accounts)).astype(np.int64)]


class Population:
    """The accounts of a world, numbered densely: first the persons, then everybody else."""

    def __init__(self, rng: Generator, customers: int, merchants: int, days: int) -> None:
        n = customers + merchants
        shares = np.array([country.share for country in COUNTRIES])
        self.country: Ints = rng.choice(len(COUNTRIES), size=n, p=shares / shares.sum())
        self.kind: Ints = np.full(n, SHOP)
        self.kind[:customers] = PERSON
        start = customers
        for kind, share in _KIND_SHARES:
            end = start + max(1, round(share * merchants))
            self.kind[start:end] = kind
            start = end
        assert start < n, "invariant: a world needs at least 8 merchants"
        asset_of = np.array([ASSETS.index(country.asset) for country in COUNTRIES])
        self.asset: Ints = asset_of[self.country]
        self.utc_h: Floats = np.array([country.utc_h for country in COUNTRIES])[self.country]
        median = np.array([country.income_eur for country in COUNTRIES])[self.country]
        self.income_eur: Floats = median * np.exp(rng.normal(0.0, 0.45, n))
        self.level: Floats = (median / 2400.0) ** 0.6  # of prices
        self.ticket_eur: Floats = 22.0 * np.exp(rng.normal(0.0, 0.9, n))  # a shop's median sale
        self.opening: Ints = rng.choice(3, size=n, p=[0.55, 0.25, 0.2])  # day, evening, online
        self.activity: Floats = rng.gamma(1.6, 0.6, n)  # purchases a day
        # Some accounts open while we look; all the others are only new to us.
        young = rng.random(n) < 0.15
        self.opened_day: Floats = np.where(young, rng.random(n) * days, 0.0)
        self.persons = self._pool(PERSON)
        self.shops = self._pool(SHOP)
        self.companies = self._pool(COMPANY)
        self.billers = self._pool(BILLER)
        self.marketplaces = self._pool(MARKETPLACE)
        self.machines = self._pool(MACHINE)

    def __len__(self) -> int:
        return len(self.kind)

    def enlarge(self, rng: Generator, n: int) -> None:
        """Room for n further persons, who are in no pool: nobody meets them by chance."""
        of = rng.choice(self.persons.accounts, size=n)  # whom each resembles
        for name in _COLUMNS:
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, column[of]]))

    def shorten(self, n: int) -> None:
        """The first n accounts are all there are."""
        for name in _COLUMNS:
            setattr(self, name, getattr(self, name)[:n])

    def _pool(self, kind: int) -> Pool:
        return Pool(np.flatnonzero(self.kind == kind), self.country)

    def names(self, rng: Generator) -> list[str]:
        """A name for each account, from lists of common given and family names."""
        text = files("clearway.risk").joinpath("data/names.json").read_text("utf-8")
        lists: dict[str, dict[str, list[str]]] = json.loads(text)
        draws = rng.integers(0, 2**31, size=(len(self), 3)).tolist()
        names = []
        for number, (a, b, c) in enumerate(draws):
            country = COUNTRIES[self.country[number]]
            if self.kind[number] == PERSON:
                culture = lists[country.cultures[a % len(country.cultures)]]
            else:
                culture = lists["shop" if self.kind[number] == SHOP else "company"]
            given, family = culture["given"], culture["family"]
            name = f"{given[b % len(given)]} {family[c % len(family)]}"
            names.append(name if self.kind[number] == PERSON else f"{name} {country.code}")
        return names
