"""A seeded world of payments: how people, shops and companies pay, and how they are robbed.

It trains the model that ships, and feeds the demonstration. Everybody's past is unknown when the
world begins, as on a new node. What is easy to catch in a toy world is made hard here on purpose:
honest accounts also open and at once pay, pass money on, pay in bursts, at night, abroad, and buy
a car from a stranger; frauds also come in ordinary amounts, at noon, and slowly.
"""

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from clearway.risk.facts import Facts, ReferenceRates, load_rates_per_eur
from clearway.risk.memory.history import find_reports
from clearway.risk.worlds.flows import PURPOSES, Flow, join, spread
from clearway.risk.worlds.habits import HONEST
from clearway.risk.worlds.population import ASSETS, Population
from clearway.risk.worlds.schemes import SCHEMES, draw_frauds

START_NS: Final = 1_704_067_200_000_000_000  # Monday 2024-01-01, UTC
DAY_NS: Final = 86_400_000_000_000

PAYMENT: Final = np.dtype(
    [
        ("time_ns", "<i8"),
        ("payer", "<u4"),
        ("payee", "<u4"),
        ("amount_minor", "<i8"),
        ("asset", "u1"),  # index in ASSETS: the payer's own
        ("purpose", "u1"),  # index in PURPOSES
        ("is_fraud", "?"),
        ("scheme", "u1"),  # index in SCHEMES
        ("case", "<u4"),  # which fraud of its scheme
        ("habit", "u1"),  # index in HABITS: what an honest payment is
    ]
)
HABITS: Final = ("fraud", *(draw.__name__.removeprefix("draw_") for draw in HONEST))
OPENING_BALANCE: Final = np.dtype([("account", "<u4"), ("asset", "u1"), ("amount_minor", "<i8")])
__all__ = [
    "ASSETS", "DAY_NS", "HABITS", "PAYMENT", "PURPOSES", "SCHEMES", "START_NS", "World", "settle",
]  # fmt: skip

Payments = NDArray[np.void]


class World:
    """Payments of `customers` persons and `merchants` shops and companies over `days` days.

    customers: at least 50. merchants: at least 20. days: at least 1. A customer makes about 1.6
    payments a day, and about 0.6 % of all payments belong to a fraud. Same arguments, same bytes.

    >>> World(seed=1, customers=50, merchants=20, days=2).payments().dtype.names[:3]
    ('time_ns', 'payer', 'payee')
    """

    def __init__(self, seed: int, customers: int, merchants: int, days: int) -> None:
        self._seed, self._days = seed, days
        self.population = Population(np.random.default_rng([seed, 0]), customers, merchants, days)
        self._payments: Payments | None = None

    def payments(self) -> Payments:
        """PAYMENT[n] in the order of time; ties keep the order of their making."""
        if self._payments is None:
            rng = np.random.default_rng([self._seed, 1])
            honest = join([
                draw(rng, self.population, self._days).of_habit(number)
                for number, draw in enumerate(HONEST, start=1)
            ])  # fmt: skip
            frauds = draw_frauds(rng, self.population, self._days, n_honest=len(honest.time_s))
            self._payments = settle(rng, self.population, self._days, join([honest, frauds]))
        return self._payments

    def names(self) -> list[str]:
        """The name of each account."""
        return self.population.names(np.random.default_rng([self._seed, 2]))

    def opening_balances(self, spare: float = 1.1) -> NDArray[np.void]:
        """OPENING_BALANCE: for each account and asset that pays, what it ever sends times `spare`.

        Nothing that an account gets is counted on: the payment that was to bring it may be
        declined.
        """
        payments = self.payments()
        key = payments["payer"].astype(np.int64) * len(ASSETS) + payments["asset"]
        keys, place = np.unique(key, return_inverse=True)
        sent = np.bincount(place, weights=payments["amount_minor"].astype(np.float64))
        balances = np.zeros(len(keys), dtype=OPENING_BALANCE)
        balances["account"], balances["asset"] = keys // len(ASSETS), keys % len(ASSETS)
        balances["amount_minor"] = np.ceil(sent * spare / 100.0).astype(np.int64) * 100 + 10_000
        return balances

    def facts(self) -> NDArray[np.void]:
        """FACTS[n] of the payments, as the risk room sees them. Asset numbers start at 1."""
        payments = self.payments()
        return ReferenceRates(["", *ASSETS]).facts(
            payer=payments["payer"],
            payee=payments["payee"],
            amount_minor=payments["amount_minor"],
            asset=payments["asset"].astype(np.int64) + 1,
            time_ns=payments["time_ns"],
            purpose=payments["purpose"],
        )

    def reports(self, delay_ns: int) -> Facts:
        """Of every fraud, so much after it."""
        return find_reports(
            self.facts(), self.payments()["is_fraud"].astype(np.int8), delay_ns=delay_ns
        )


def settle(rng: Generator, people: Population, days: int, flow: Flow) -> Payments:
    """Amounts to the payer's currency and minor units; what is senseless or too late is dropped."""
    end_s = days * 86_400
    good = (flow.payer != flow.payee) & (flow.time_s >= 0) & (flow.time_s < end_s) & (flow.eur > 0)
    flow = flow.where(good)
    per_eur = load_rates_per_eur()
    rates = np.array([per_eur[code.partition("/")[0]] for code in ASSETS])
    scales = np.array([int(code.partition("/")[2]) for code in ASSETS])
    asset = people.asset[flow.payer]
    major = spread(rng, flow.eur * rates[asset], flow.rounding)
    payments = np.zeros(len(major), dtype=PAYMENT)
    payments["time_ns"] = START_NS + (flow.time_s * 1e9).astype(np.int64)
    payments["payer"], payments["payee"] = flow.payer, flow.payee
    payments["amount_minor"] = np.maximum(1, np.round(major * 10.0 ** scales[asset]))
    payments["asset"], payments["purpose"] = asset, flow.purpose
    payments["is_fraud"], payments["scheme"] = flow.scheme > 0, flow.scheme
    payments["case"], payments["habit"] = flow.case, flow.habit
    return payments[np.argsort(payments["time_ns"], kind="stable")]
