"""The wide world: World's own payments, and among them more schemes and more honest look-alikes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import Facts, ReferenceRates
from clearway.risk.memory.history import find_reports
from clearway.risk.worlds.flows import Flow, join
from clearway.risk.worlds.population import ASSETS
from clearway.risk.worlds.schemes import MULE, SCAM, STRUCTURING, TAKEOVER
from clearway.risk.worlds.wide.devices import draw_addresses, draw_devices
from clearway.risk.worlds.wide.fraud import FRAUD
from clearway.risk.worlds.wide.laundering import LAUNDERING
from clearway.risk.worlds.wide.lookalikes import LOOKALIKES
from clearway.risk.worlds.wide.stage import Stage
from clearway.risk.worlds.world import HABITS, SCHEMES, START_NS, Payments, World, settle

_DRAWS: Final = (*LAUNDERING, *FRAUD)
ALL_SCHEMES: Final = (*SCHEMES, *(draw.__name__.removeprefix("draw_") for draw in _DRAWS))
ALL_HABITS: Final = (
    *HABITS, *(draw.__name__.removeprefix("draw_") for draw in LOOKALIKES), "covers",
)  # fmt: skip
"""covers: what whoever deceives later does before it."""
COVER: Final = len(ALL_HABITS) - 1
# Customers and days per case of a scheme, and per honest look-alike of a habit.
_PER_CASE: Final = 24_000
_PER_LOOKALIKE: Final = 4_000
_UNREPORTED: Final = (
    MULE, STRUCTURING, *range(len(SCHEMES), len(SCHEMES) + len(LAUNDERING)),
)  # fmt: skip
_BY_THIEVES: Final = (TAKEOVER, ALL_SCHEMES.index("night_takeovers"))


class WideWorld:
    """As World, of the same arguments, with whose payments it begins. Same arguments, same bytes.

    Of each of the schemes after SCHEMES there are some cases, together somewhat more payments than
    of those; of the honest look-alikes of each kind six times as many as cases, and many accounts
    that are seen a few times. Payments carry devices, addresses and, as corridor, two currencies.
    """

    def __init__(self, seed: int, customers: int, merchants: int, days: int) -> None:
        world = World(seed, customers, merchants, days)
        ordinary = world.payments()  # before its population grows
        rng = np.random.default_rng([seed, 3])
        robbed = ordinary[np.isin(ordinary["scheme"], (TAKEOVER, SCAM))]
        self._stage = Stage(
            rng, world.population, days,
            robbed=robbed["payer"].astype(np.int64), robbed_s=(robbed["time_ns"] - START_NS) / 1e9,
        )  # fmt: skip
        flow = self._draw(customers * days)
        self._stage.finish()
        self.population = world.population
        added = settle(rng, self.population, days, flow)
        payments = np.concatenate([ordinary, added])
        self._payments: Payments = payments[np.argsort(payments["time_ns"], kind="stable")]
        self._facts = self._see(np.random.default_rng([seed, 4]))

    def payments(self) -> Payments:
        """PAYMENT[n] in the order of time; scheme: place in ALL_SCHEMES, habit: in ALL_HABITS."""
        return self._payments

    def facts(self) -> Facts:
        """FACTS[n] of the payments."""
        return self._facts

    def reports(self, delay_ns: int) -> Facts:
        """Of the frauds whose payer was robbed, so much later. Of laundering nobody tells."""
        told = self._payments["is_fraud"] & ~np.isin(self._payments["scheme"], _UNREPORTED)
        told &= ~self._stage.crook[self._payments["payer"]]
        return find_reports(self._facts, told.astype(np.int8), delay_ns=delay_ns)

    def _draw(self, customer_days: int) -> Flow:
        cases = max(2, round(customer_days / _PER_CASE))
        lookalikes = max(2, round(customer_days / _PER_LOOKALIKE))
        flows = [draw(self._stage, cases, len(SCHEMES) + k) for k, draw in enumerate(_DRAWS)]
        flows = [_covered(flow) for flow in flows]
        flows += [
            draw(self._stage, lookalikes).of_habit(len(HABITS) + k)
            for k, draw in enumerate(LOOKALIKES)
        ]
        return join(flows)

    def _see(self, rng: np.random.Generator) -> Facts:
        payments, people = self._payments, self.population
        facts = ReferenceRates(["", *ASSETS]).facts(
            payer=payments["payer"],
            payee=payments["payee"],
            amount_minor=payments["amount_minor"],
            asset=payments["asset"].astype(np.int64) + 1,
            to_asset=people.asset[payments["payee"]] + 1,
            time_ns=payments["time_ns"],
            purpose=payments["purpose"],
        )
        stolen = _numbered_cases(payments)
        facts["device"] = draw_devices(rng, people, payments, self._stage.device, stolen)
        facts["address"] = draw_addresses(rng, people, payments, self._stage.address, stolen)
        return facts


def without_devices(facts: Facts) -> Facts:
    """What a bank sees that knows no devices, no addresses and of no payee's currency."""
    bare = facts.copy()
    bare["device"] = bare["address"] = 0
    asset = facts["asset"].astype(np.uint64)
    bare["corridor"] = asset << np.uint64(32) | asset
    return bare


def _covered(flow: Flow) -> Flow:
    """With a habit for the honest part of a deceiver's life."""
    honest = flow.scheme == 0
    return join([flow.where(~honest), flow.where(honest).of_habit(COVER)])


def _numbered_cases(payments: Payments) -> NDArray[np.int64]:
    """Cases of thieves, numbered from 1 over all their schemes; 0 elsewhere."""
    by_thieves = np.isin(payments["scheme"], _BY_THIEVES)
    key = payments["scheme"].astype(np.int64) << 32 | payments["case"]
    number: NDArray[np.int64] = np.zeros(len(payments), dtype=np.int64)
    number[by_thieves] = 1 + np.unique(key[by_thieves], return_inverse=True)[1]
    return number
