"""What honest people of the simulated world do with their money, one function a habit."""

from typing import Final

import numpy as np
from numpy.random import Generator

from clearway.risk.worlds.flows import PURPOSES, Flow, join, local_times, repeat_each
from clearway.risk.worlds.population import Floats, Ints, Population


def draw_purchases(rng: Generator, people: Population, days: int) -> Flow:
    """Shopping, most of it where one always shops; one in ten days it is somewhere else."""
    persons = people.persons.accounts
    habits = people.shops.pick(rng, np.repeat(people.country[persons], 8), skew=2.0)
    count = rng.poisson(people.activity[persons] * np.maximum(days - people.opened_day[persons], 0))
    who = repeat_each(count)
    payer = persons[who]
    kind = rng.random(len(payer))
    favourite = habits[who * 8 + np.floor(8 * rng.random(len(payer)) ** 2.2).astype(np.int64)]
    local = people.shops.pick(rng, people.country[payer], skew=2.5)
    payee = np.where(kind < 0.70, favourite, local)
    away = kind > 0.94
    payee[away] = people.shops.pick_anywhere(rng, int(away.sum()), skew=2.5)
    eur = people.ticket_eur[payee] * people.level[payer] * np.exp(rng.normal(0, 0.6, len(payer)))
    return Flow.of(
        time_s=open_times(rng, people, payer, days, people.opening[payee]),
        payer=payer, payee=payee, eur=eur, rounding=np.where(rng.random(len(payer)) < 0.4, 1, 0),
        purpose="GDDS",
    )  # fmt: skip


def draw_trips(rng: Generator, people: Population, days: int) -> Flow:
    """A few days abroad: many new shops at odd hours. Also: one evening out, ten small payments."""
    trips = rng.choice(people.persons.accounts, size=max(1, int(len(people) * days * 0.0022)))
    who = repeat_each(rng.poisson(14, len(trips)))
    start = rng.random(len(trips)) * days
    length = np.where(rng.random(len(trips)) < 0.6, rng.uniform(2, 10, len(trips)), 0.15)
    there = rng.integers(0, 12, len(trips))
    day = start[who] + rng.random(len(who)) * length[who]
    payee = people.shops.pick(rng, there[who], skew=1.5)
    eur = people.ticket_eur[payee] * np.exp(rng.normal(-0.3, 0.8, len(who)))
    return Flow.of(time_s=day * 86_400, payer=trips[who], payee=payee, eur=eur, purpose="GDDS")


def draw_wages(rng: Generator, people: Population, days: int) -> Flow:
    """Monthly runs of each employer, with part of it sent on at once to a savings account."""
    employed = people.persons.accounts[rng.random(len(people.persons.accounts)) < 0.75]
    employer = people.companies.pick(rng, people.country[employed])
    payday = rng.integers(0, 30, len(people))
    who, day = monthly(rng, len(employed), days, payday[employer])
    run_s = rng.uniform(3_600 * 5, 3_600 * 11, len(people))
    time_s = day * 86_400.0 + run_s[employer[who]] + rng.exponential(120, len(who))
    eur = people.income_eur[employed[who]] * rng.normal(1.0, 0.03, len(who)).clip(0.8, 1.2)
    wages = Flow.of(
        time_s=time_s, payer=employer[who], payee=employed[who], eur=eur, purpose="SALA"
    )
    saver = rng.random(len(employed)) < 0.15
    savings = rng.choice(people.persons.accounts, size=len(employed))
    on = saver[who] & (rng.random(len(who)) < 0.9)
    moved = Flow.of(
        time_s=time_s[on] + rng.lognormal(8.0, 1.2, int(on.sum())),
        payer=employed[who[on]], payee=savings[who[on]],
        eur=eur[on] * rng.uniform(0.1, 0.9, int(on.sum())),
        rounding=2, purpose="SAVG",
    )  # fmt: skip
    return join([wages, moved])


def draw_bills(rng: Generator, people: Population, days: int) -> Flow:
    """Rent, power, telephone and subscriptions: the same amount to the same payee every month."""
    persons = people.persons.accounts
    flows = []
    for share, purpose, low, high in (
        (0.60, "RENT", 0.2, 0.4),
        (0.80, "UBIL", 0.01, 0.06),
        (0.80, "PHON", 0.005, 0.02),
        (0.70, "SUBS", 0.003, 0.012),
        (0.40, "INSU", 0.01, 0.05),
    ):
        payer = persons[rng.random(len(persons)) < share]
        country = people.country[payer]
        payee = people.billers.pick(rng, country)
        if purpose == "RENT":
            private = rng.random(len(payer)) < 0.5
            payee[private] = people.persons.pick(rng, country[private])
        if purpose == "SUBS":
            payee = people.shops.pick_anywhere(rng, len(payer), skew=3.0)
        amount = people.income_eur[payer] * rng.uniform(low, high, len(payer))
        who, day = monthly(rng, len(payer), days, rng.integers(0, 30, len(payer)) // 2)
        flows.append(
            Flow.of(
                time_s=day * 86_400.0 + rng.uniform(0, 86_400, len(who)),
                payer=payer[who], payee=payee[who], eur=amount[who],
                rounding=1, purpose=purpose,
            )
        )  # fmt: skip
    return join(flows)


def draw_friends(rng: Generator, people: Population, days: int) -> Flow:
    """Between persons: friends again and again, and now and then the seller of a used bicycle."""
    persons = people.persons.accounts
    country = people.country[persons]
    friends = people.persons.pick(rng, np.repeat(country, 6))
    who = repeat_each(rng.poisson(0.22 * days, len(persons)))
    payer = persons[who]
    payee = friends[who * 6 + np.floor(6 * rng.random(len(who)) ** 1.6).astype(np.int64)]
    stranger = rng.random(len(who)) < 0.16
    payee[stranger] = people.persons.pick(rng, country[who[stranger]])
    eur = np.exp(rng.normal(3.3, 1.1, len(who))) * people.level[payer]
    eur[stranger] *= rng.choice([1.0, 3.0, 8.0], size=int(stranger.sum()), p=[0.5, 0.35, 0.15])
    return Flow.of(
        time_s=open_times(rng, people, payer, days, np.full(len(who), 2)),
        payer=payer, payee=payee, eur=eur, rounding=np.where(rng.random(len(who)) < 0.65, 2, 0),
        purpose=np.where(rng.random(len(who)) < 0.3, PURPOSES.index("GIFT"), 0),
    )  # fmt: skip


def draw_remittances(rng: Generator, people: Population, days: int) -> Flow:
    """Money sent home across a border, every two weeks or so."""
    persons = people.persons.accounts
    sender = persons[rng.random(len(persons)) < 0.06]
    family = people.persons.pick(rng, rng.choice([3, 8, 10, 11, 7, 0], size=len(sender)))
    who = repeat_each(rng.poisson(days / 14.0, len(sender)))
    usual = np.exp(rng.normal(5.3, 0.6, len(sender)))
    return Flow.of(
        time_s=open_times(rng, people, sender[who], days, np.full(len(who), 1)),
        payer=sender[who], payee=family[who], eur=usual[who] * rng.lognormal(0, 0.25, len(who)),
        rounding=2, purpose="FAMI",
    )  # fmt: skip


def draw_big_tickets(rng: Generator, people: Population, days: int) -> Flow:
    """A car, a deposit, a kitchen: far above the payer's usual amounts, to somebody new."""
    payer = rng.choice(people.persons.accounts, size=max(1, int(len(people) * days * 0.0011)))
    payee = people.companies.pick(rng, people.country[payer])
    private = rng.random(len(payer)) < 0.4
    payee[private] = people.persons.pick(rng, people.country[payer[private]])
    eur = people.income_eur[payer] * np.exp(rng.normal(0.6, 0.8, len(payer)))
    first = rng.random(len(payer)) < 0.25  # a token of good faith some days before
    time_s = open_times(rng, people, payer, days, np.full(len(payer), 0))
    token = Flow.of(
        time_s=time_s[first] - rng.uniform(1_800, 4 * 86_400, int(first.sum())),
        payer=payer[first], payee=payee[first], eur=eur[first] * 0.1, rounding=2,
    )  # fmt: skip
    return join([token, Flow.of(time_s=time_s, payer=payer, payee=payee, eur=eur, rounding=2)])


def draw_collections(rng: Generator, people: Population, days: int) -> Flow:
    """A birthday present, a club's bus: one person collects from many, then pays for all."""
    n = max(1, int(len(people) * days * 0.0009))
    organiser = rng.choice(people.persons.accounts, size=n)
    start = rng.random(n) * days * 86_400
    share = np.exp(rng.normal(3.2, 0.6, n))
    givers = rng.integers(4, 26, n)
    who = repeat_each(givers)
    gifts = Flow.of(
        time_s=start[who] + rng.exponential(0.4 * 86_400, len(who)),
        payer=people.persons.pick(rng, people.country[organiser[who]]), payee=organiser[who],
        eur=share[who], rounding=2, purpose="GIFT",
    )  # fmt: skip
    collected = share * givers.astype(float)
    bill = Flow.of(
        time_s=start + rng.lognormal(11.0, 0.8, n), payer=organiser,
        payee=people.shops.pick(rng, people.country[organiser]), eur=0.95 * collected,
        purpose="GDDS",
    )  # fmt: skip
    return join([gifts, bill])


def draw_openings(rng: Generator, people: Population, days: int) -> Flow:
    """New accounts: their owner's first money comes from an old account, and is soon spent."""
    young = people.persons.accounts[people.opened_day[people.persons.accounts] > 0]
    old = rng.choice(people.persons.accounts, size=len(young))
    start = people.opened_day[young] * 86_400 + rng.exponential(2 * 3_600, len(young))
    eur = people.income_eur[young] * np.exp(rng.normal(-0.7, 0.9, len(young)))
    seed = Flow.of(time_s=start, payer=old, payee=young, eur=eur, rounding=2)
    hasty = rng.random(len(young)) < 0.35
    m = int(hasty.sum())
    onward = Flow.of(
        time_s=start[hasty] + rng.lognormal(8.5, 1.3, m),
        payer=young[hasty], payee=people.persons.pick(rng, people.country[young[hasty]]),
        eur=eur[hasty] * rng.uniform(0.2, 0.95, m), rounding=np.where(rng.random(m) < 0.5, 2, 0),
    )  # fmt: skip
    return join([seed, onward])


def draw_trade(rng: Generator, people: Population, days: int) -> Flow:
    """Between companies: invoices with a heavy tail, some of them near 10,000, some of them new."""
    companies = people.companies.accounts
    country = people.country[companies]
    suppliers = people.companies.pick(rng, np.repeat(country, 10))
    who = repeat_each(rng.poisson(1.3 * days, len(companies)))
    payee = suppliers[who * 10 + np.floor(10 * rng.random(len(who)) ** 1.5).astype(np.int64)]
    new = rng.random(len(who)) < 0.12
    payee[new] = people.companies.pick_anywhere(rng, int(new.sum()))
    eur = np.exp(rng.normal(6.9, 1.5, len(who))).clip(5, 400_000)
    retainer = rng.random(len(who)) < 0.02
    eur[retainer] = rng.uniform(8_000, 10_000, int(retainer.sum()))
    return Flow.of(
        time_s=open_times(rng, people, companies[who], days, np.full(len(who), 0)),
        payer=companies[who], payee=payee, eur=eur, purpose="SUPP",
    )  # fmt: skip


def draw_payouts(rng: Generator, people: Population, days: int) -> Flow:
    """Marketplaces and payroll bureaus: every morning, hundreds of payments within minutes."""
    n = len(people.marketplaces.accounts) * days
    sizes = rng.integers(20, 20 + max(20, len(people.persons.accounts) // 60), n)
    who = repeat_each(sizes)
    market = np.repeat(people.marketplaces.accounts, days)[who]
    day = np.tile(np.arange(days), len(people.marketplaces.accounts))[who]
    sellers = np.concatenate([people.persons.accounts[::3], people.shops.accounts[::2]])
    payee = sellers[(rng.random(len(who)) ** 1.5 * len(sellers)).astype(np.int64)]
    return Flow.of(
        time_s=day * 86_400 + 6 * 3_600 + 60.0 * (market % 240) + rng.exponential(90, len(who)),
        payer=market, payee=payee, eur=np.exp(rng.normal(4.0, 1.0, len(who))), purpose="TRAD",
    )  # fmt: skip


def draw_machines(rng: Generator, people: Population, days: int) -> Flow:
    """Programs that pay programs, persons and shops: hundreds in minutes, at any hour, from the
    first second of an account's life; tiny amounts, always the same one, or an exchange's."""
    machines = people.machines.accounts
    everyone = np.arange(len(people))
    n = max(4, int(len(people.persons.accounts) * days * 0.0006))
    sizes = np.exp(rng.normal(4.2, 1.0, n)).astype(np.int64).clip(5, 2_000)
    who = repeat_each(sizes)
    start = rng.random(n) * days * 86_400
    seconds = np.exp(rng.normal(5.0, 1.6, n)).clip(1, 20_000)
    among = rng.choice([2, 40, 400], size=n, p=[0.4, 0.4, 0.2])  # a pair, a circle, a crowd
    base = rng.integers(0, len(people), n)
    is_machine = rng.random(n) < 0.5
    payer_place = base[who] + rng.integers(0, 2**31, len(who)) % among[who]
    payer = np.where(
        is_machine[who], machines[payer_place % len(machines)], everyone[payer_place % len(people)]
    )
    hop = 1 + rng.integers(0, 2**31, len(who)) % among[who]
    payee = (payer + hop) % len(people)
    usual = np.exp(rng.normal(2.0, 2.2, n)).clip(0.01, 5_000)
    fixed = rng.random(n) < 0.4
    eur = usual[who] * np.where(fixed[who], 1.0, np.exp(rng.normal(0, 0.7, len(who))))
    style = rng.choice([0, 0, 2], size=n)
    return Flow.of(
        time_s=start[who] + rng.random(len(who)) * seconds[who], payer=payer, payee=payee, eur=eur,
        rounding=style[who],
    )  # fmt: skip


def draw_refunds(rng: Generator, people: Population, days: int) -> Flow:
    """Shops pay back, some days later."""
    n = max(1, int(len(people.persons.accounts) * days * 0.02))
    shop = people.shops.pick_anywhere(rng, n, skew=2.5)
    return Flow.of(
        time_s=rng.random(n) * days * 86_400, payer=shop,
        payee=people.persons.pick(rng, people.country[shop]),
        eur=people.ticket_eur[shop] * np.exp(rng.normal(0.2, 0.7, n)), purpose="REFU", rounding=1,
    )  # fmt: skip


HONEST: Final = (
    draw_purchases,
    draw_trips,
    draw_wages,
    draw_bills,
    draw_friends,
    draw_remittances,
    draw_big_tickets,
    draw_collections,
    draw_openings,
    draw_trade,
    draw_payouts,
    draw_machines,
    draw_refunds,
)


def open_times(rng: Generator, people: Population, payer: Ints, days: int, opening: Ints) -> Floats:
    """Seconds since the start: any day from the payer's opening on, at its local hours."""
    first = np.minimum(people.opened_day[payer], days - 0.01)
    day = np.floor(first + rng.random(len(payer)) * (days - first))
    return local_times(rng, day, people.utc_h[payer], opening)


def monthly(rng: Generator, n: int, days: int, day_of_month: Ints) -> tuple[Ints, Ints]:
    """(who, day) of everything that is due once in 30 days within the world's days."""
    months = (days + 29) // 30
    who = np.tile(np.arange(n), months)
    day = np.repeat(np.arange(months), n) * 30 + np.tile(day_of_month % 30, months)
    due = day < days
    return who[due], day[due]
