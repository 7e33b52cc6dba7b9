"""How the simulated world is robbed: five schemes, and the mule rings behind three of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from clearway.risk.worlds.flows import (
    EXACT,
    NIGHT,
    PURPOSES,
    ROUND,
    Flow,
    join,
    local_times,
    repeat_each,
    running,
    steps_of,
)
from clearway.risk.worlds.population import Floats, Ints, Population

SCHEMES: Final = (
    "honest",
    "account_takeover",  # somebody else pays from the victim's account
    "authorised_scam",  # the victim is talked into paying
    "mule_ring",  # what was stolen is passed on, fast and in parts
    "card_testing",  # many accounts are tried with tiny amounts, the good ones are then used
    "structuring",  # a large sum in parts just below the reporting limit
)
HONEST, TAKEOVER, SCAM, MULE, TESTING, STRUCTURING = range(6)
FRAUD_SHARE: Final = 0.006  # of all payments
# Share of the fraudulent payments, and payments that one case makes on average (forwards included).
_CASES: Final = {TAKEOVER: (0.30, 4.2), SCAM: (0.34, 4.6), TESTING: (0.26, 44.0),
                 STRUCTURING: (0.10, 6.0)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rings:
    """Mule accounts in rings. `mules[r]` is a row of 8, repeated when a ring has fewer."""

    mules: Ints
    collectors: Ints  # two per ring


def draw_frauds(rng: Generator, people: Population, days: int, n_honest: int) -> Flow:
    """Frauds worth FRAUD_SHARE of the payments; at least one case of each scheme."""
    cases = {
        scheme: max(1, round(n_honest * FRAUD_SHARE * share / size))
        for scheme, (share, size) in _CASES.items()
    }
    rings = _draw_rings(rng, people, n=max(1, (cases[TAKEOVER] + cases[SCAM]) // 14))
    stolen = join(
        [
            draw_takeovers(rng, people, days, cases[TAKEOVER], rings),
            draw_scams(rng, people, days, cases[SCAM], rings),
        ]
    )
    return join(
        [
            stolen,
            draw_forwards(rng, people, stolen, rings),
            draw_testing(rng, people, days, cases[TESTING]),
            draw_structuring(rng, people, days, cases[STRUCTURING], rings),
        ]
    )


def _draw_rings(rng: Generator, people: Population, n: int) -> Rings:
    """Half of the mules opened their account for it; the others lead an ordinary life as well."""
    persons = people.persons.accounts
    young = persons[people.opened_day[persons] > 0]
    young = young if len(young) else persons
    size = rng.integers(1, 9, n)
    opened_for_it = rng.random((n, 8)) < 0.5
    mules = np.where(opened_for_it, rng.choice(young, (n, 8)), rng.choice(persons, (n, 8)))
    place = np.arange(8)[None, :] % size[:, None]
    return Rings(np.take_along_axis(mules, place, axis=1), rng.choice(persons, (n, 2)))


def _when(rng: Generator, people: Population, payer: Ints, days: int, night: float) -> Floats:
    """Local time of day as honest people have it, or, as often as `night` says, as sleepers do."""
    day = np.floor(rng.random(len(payer)) * days)
    time_s = local_times(rng, day, people.utc_h[payer], np.full(len(payer), 2))
    hour = rng.choice(24, size=len(payer), p=NIGHT / NIGHT.sum()) + rng.random(len(payer))
    dark = day * 86_400 + np.mod(hour - people.utc_h[payer], 24) * 3_600
    return np.where(rng.random(len(payer)) < night, dark, time_s)


def draw_takeovers(rng: Generator, people: Population, days: int, cases: int, rings: Rings) -> Flow:
    """A victim's account pays mules: some thieves empty it at once, others stay inconspicuous."""
    victim = rng.choice(people.persons.accounts, size=cases)
    start = _when(rng, people, victim, days, night=0.35)
    who = repeat_each(1 + rng.geometric(0.5, cases).clip(1, 7))
    slow = rng.random(cases) < 0.3
    gap = rng.exponential(np.where(slow, 12_000.0, 400.0)[who])
    time_s = start[who] + running(gap, who)
    ring = rng.integers(0, len(rings.mules), cases)
    which = np.where(rng.random(len(who)) < 0.5, 0, rng.integers(0, 8, len(who)))
    mule = rings.mules[ring[who], which]
    shop = people.shops.pick_anywhere(rng, len(who), skew=2.5)
    payee = np.where(rng.random(len(who)) < 0.22, shop, mule)
    mood = rng.random(cases)[who]
    income = people.income_eur[victim[who]]
    eur = np.select(
        [mood < 0.4, mood < 0.75],
        [income * rng.uniform(0.1, 1.2, len(who)), income * rng.uniform(0.02, 0.2, len(who))],
        np.exp(rng.normal(3.4, 0.7, len(who))),
    )
    return Flow.of(
        time_s=time_s, payer=victim[who], payee=payee, eur=eur,
        rounding=np.where(rng.random(len(who)) < 0.5, ROUND, EXACT),
        purpose=draw_purposes(rng, len(who)), scheme=TAKEOVER, case=who,
    )  # fmt: skip


def draw_scams(rng: Generator, people: Population, days: int, cases: int, rings: Rings) -> Flow:
    """Goods that never come (small, once), a false bank clerk (large, at once), a false investment
    (growing, for weeks): paid by the victim, in daylight, as the victim always pays."""
    victim = rng.choice(people.persons.accounts, size=cases)
    kind = rng.choice(3, size=cases, p=[0.45, 0.33, 0.22])
    few, many = rng.integers(1, 4, cases), rng.integers(3, 8, cases)
    count = np.select([kind == 0, kind == 1], [np.ones(cases, dtype=np.int64), few], many)
    who = repeat_each(count)
    step = steps_of(count)
    gap = np.where(kind[who] == 2, rng.exponential(4 * 86_400, len(who)),
                   rng.exponential(1_800, len(who)))  # fmt: skip
    start = _when(rng, people, victim, days, night=0.0)
    time_s = start[who] + running(gap, who)
    income = people.income_eur[victim[who]]
    small = np.exp(rng.normal(4.6, 0.8, cases))
    large = people.income_eur[victim] * rng.uniform(0.2, 2.0, cases)
    begin = people.income_eur[victim] * rng.uniform(0.05, 0.4, cases)
    base = np.select([kind == 0, kind == 1], [small, large], begin)
    eur = base[who] * np.where(kind[who] == 2, 1.5**step, rng.uniform(0.6, 1.1, len(who)))
    ring = rng.integers(0, len(rings.mules), cases)
    payee = rings.mules[ring, rng.integers(0, 8, cases)][who]
    return Flow.of(
        time_s=time_s, payer=victim[who], payee=payee, eur=np.minimum(eur, 12 * income),
        rounding=np.where(rng.random(len(who)) < 0.7, ROUND, EXACT),
        purpose=draw_purposes(rng, len(who)), scheme=SCAM, case=who,
    )  # fmt: skip


def draw_forwards(rng: Generator, people: Population, stolen: Flow, rings: Rings) -> Flow:
    """Mules send most of what came to a collector, most of them within the hour; collectors to
    somebody abroad. Shops that were paid with stolen money forward nothing."""
    ring_of = np.full(len(people), -1)
    ring_of[rings.mules] = np.arange(len(rings.mules))[:, None]
    into = stolen.where((ring_of[stolen.payee] >= 0) & (rng.random(len(stolen.payee)) < 0.85))
    n = len(into.payee)
    ring = ring_of[into.payee]
    direct = rng.random(n) < 0.3
    collector = rings.collectors[ring, rng.integers(0, 2, n)]
    abroad = people.persons.pick_anywhere(rng, n)
    first = Flow.of(
        time_s=into.time_s + rng.lognormal(7.6, 1.5, n), payer=into.payee,
        payee=np.where(direct, abroad, collector), eur=into.eur * rng.uniform(0.75, 0.98, n),
        rounding=np.where(rng.random(n) < 0.6, ROUND, EXACT),
        purpose=draw_purposes(rng, n), scheme=MULE, case=ring,
    )  # fmt: skip
    on = ~direct & (rng.random(n) < 0.6)
    m = int(on.sum())
    second = Flow.of(
        time_s=first.time_s[on] + rng.lognormal(8.5, 1.5, m), payer=collector[on],
        payee=people.persons.pick_anywhere(rng, m), eur=first.eur[on] * rng.uniform(0.9, 1.0, m),
        rounding=np.where(rng.random(m) < 0.6, ROUND, EXACT),
        purpose=draw_purposes(rng, m), scheme=MULE, case=ring[on],
    )  # fmt: skip
    return join([first, second])


def draw_testing(rng: Generator, people: Population, days: int, cases: int) -> Flow:
    """At one shop, accounts that never bought there pay a trifle each; some are robbed later."""
    shop = people.shops.pick_anywhere(rng, cases)
    start = rng.random(cases) * days * 86_400
    who = repeat_each(rng.integers(12, 60, cases))
    victim = rng.choice(people.persons.accounts, size=len(who))
    tries = Flow.of(
        time_s=start[who] + rng.random(len(who)) * rng.uniform(300, 5_400, cases)[who],
        payer=victim, payee=shop[who], eur=rng.uniform(0.5, 4.0, len(who)), purpose="GDDS",
        rounding=np.where(rng.random(len(who)) < 0.4, 1, 0), scheme=TESTING, case=who,
    )  # fmt: skip
    used = rng.random(len(who)) < 0.25
    m = int(used.sum())
    purchases = Flow.of(
        time_s=tries.time_s[used] + rng.exponential(14 * 3_600, m), payer=victim[used],
        payee=people.shops.pick_anywhere(rng, m, skew=2.5), eur=np.exp(rng.normal(5.2, 0.7, m)),
        purpose="GDDS", scheme=TESTING, case=who[used],
    )  # fmt: skip
    return join([tries, purchases])


def draw_structuring(
    rng: Generator, people: Population, days: int, cases: int, rings: Rings
) -> Flow:
    """One payer, a few days, several payments just below 10,000, to one or a few mules."""
    payer = np.where(
        rng.random(cases) < 0.5,
        rng.choice(people.companies.accounts, size=cases),
        rng.choice(people.persons.accounts, size=cases),
    )
    who = repeat_each(rng.integers(3, 10, cases))
    start = rng.random(cases) * days * 86_400
    ring = rng.integers(0, len(rings.mules), cases)
    width = rng.integers(1, 4, cases)
    payee = rings.mules[ring[who], rng.integers(0, 2**31, len(who)) % width[who]]
    return Flow.of(
        time_s=start[who] + rng.random(len(who)) * rng.uniform(0.2, 6.0, cases)[who] * 86_400,
        payer=payer[who], payee=payee, eur=rng.uniform(8_300, 9_990, len(who)),
        rounding=np.where(rng.random(len(who)) < 0.6, ROUND, EXACT), scheme=STRUCTURING, case=who,
    )  # fmt: skip


def draw_purposes(rng: Generator, n: int) -> Ints:
    return np.where(rng.random(n) < 0.35, rng.choice([1, 9, 10, 11], size=n), PURPOSES.index(""))
