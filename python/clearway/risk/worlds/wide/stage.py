"""Where the additional stories play: who can act in them, on which day, and with whose device."""

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from clearway.risk.worlds.flows import EXACT, ROUND
from clearway.risk.worlds.population import ASSETS, COUNTRIES, Floats, Ints, Population

DAY_S: Final = 86_400.0
FRESH_MAX: Final = 200_000  # accounts that stories may open in one world
_ASSET_OF: Final = np.array([ASSETS.index(country.asset) for country in COUNTRIES])
_UTC_H: Final = np.array([country.utc_h for country in COUNTRIES])


class Stage:
    """The population of a world, and after it accounts that nobody has seen: `fresh` gives them out
    one after another, each once.

    device, address: int64[accounts], of accounts that one hand leads; 0 where everybody has an own.
    crook: bool[accounts], of those who report nothing that they pay. robbed, robbed_s: int64[m]
    accounts and float64[m] seconds, of whom the world robs anyhow.
    """

    def __init__(
        self, rng: Generator, people: Population, days: int, *, robbed: Ints, robbed_s: Floats
    ) -> None:
        self.rng, self.people, self.days = rng, people, days
        self.robbed, self.robbed_s = robbed, robbed_s
        self._next = len(people)
        self._hands = 0
        people.enlarge(rng, FRESH_MAX)
        self.device: Ints = np.zeros(len(people), dtype=np.int64)
        self.address: Ints = np.zeros(len(people), dtype=np.int64)
        self.crook: NDArray[np.bool_] = np.zeros(len(people), dtype=np.bool_)

    def fresh(self, n: int, *, country: Ints | None = None) -> Ints:
        """n accounts that were never used, of these countries."""
        first, self._next = self._next, self._next + n
        assert self._next <= len(self.people), "invariant: no fresh accounts are left"
        made: Ints = np.arange(first, self._next)
        if country is not None:
            self.people.country[made] = country
            self.people.asset[made], self.people.utc_h[made] = _ASSET_OF[country], _UTC_H[country]
        return made

    def finish(self) -> None:
        """Nobody else is needed: those who were never given out are gone."""
        self.people.shorten(self._next)
        self.device, self.address = self.device[: self._next], self.address[: self._next]

    def neighbours(self, accounts: Ints) -> Ints:
        """For each of them a fresh account of the same country."""
        return self.fresh(len(accounts), country=self.people.country[accounts])

    def abroad(self, accounts: Ints) -> Ints:
        """For each of them a fresh account in a country of another currency."""
        country = self.rng.integers(0, len(COUNTRIES), (64, len(accounts)))
        other = _ASSET_OF[country] != self.people.asset[accounts]
        return self.fresh(
            len(accounts), country=country[other.argmax(axis=0), range(len(accounts))]
        )

    def persons(self, n: int) -> Ints:
        chosen: Ints = self.rng.choice(self.people.persons.accounts, size=n)
        return chosen

    def persons_near(self, accounts: Ints) -> Ints:
        return self.people.persons.pick(self.rng, self.people.country[accounts])

    def shops_near(self, accounts: Ints) -> Ints:
        return self.people.shops.pick(self.rng, self.people.country[accounts], skew=2.0)

    def either(self, share: float, one: Ints, other: Ints) -> Ints:
        """Element by element: `one` as often as `share` says."""
        return np.where(self.rng.random(len(one)) < share, one, other)

    def one_hand(self, of_accounts: Ints, groups: Ints) -> None:
        """The accounts of a group pay with one device from now on and always did."""
        self.device[of_accounts] = self._new_hands(groups)

    def one_roof(self, of_accounts: Ints, groups: Ints) -> None:
        """The accounts of a group pay from one network address."""
        self.address[of_accounts] = self._new_hands(groups)

    def _new_hands(self, groups: Ints) -> Ints:
        first, self._hands = self._hands, self._hands + int(groups.max(initial=-1)) + 1
        return 1 + first + groups

    def start(self, n: int, first_day: float = 3.0, last_day: float | None = None) -> Floats:
        """Seconds since the world's start, n times, most of them by day."""
        last = self.days if last_day is None else last_day
        day = np.floor(self.rng.uniform(min(first_day, last), last, n))
        times: Floats = day * DAY_S + self.rng.normal(13.0, 3.5, n).clip(0, 23.9) * 3_600
        return times

    def hours(self, median: float, n: int, sigma: float = 1.0) -> Floats:
        """Seconds: that many hours or so, now and then many more."""
        drawn: Floats = 3_600 * self.rng.lognormal(np.log(median), sigma, n)
        return drawn

    def eur(self, median: float, n: int, sigma: float = 0.6) -> Floats:
        drawn: Floats = self.rng.lognormal(np.log(median), sigma, n)
        return drawn

    def roundness(self, n: int, share: float = 0.5) -> Ints:
        """How amounts are rounded: so many of them are round."""
        return np.where(self.rng.random(n) < share, ROUND, EXACT)
