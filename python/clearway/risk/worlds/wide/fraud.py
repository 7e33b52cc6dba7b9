"""How people, companies and merchants are robbed in the wide world, beside the five schemes of the
other. Each function draws n cases of one scheme."""

import numpy as np

from clearway.risk.worlds.flows import EXACT, Flow, join, repeat_each, running, steps_of
from clearway.risk.worlds.wide.lookalikes import draw_runs
from clearway.risk.worlds.wide.stage import DAY_S, Stage


def draw_night_takeovers(s: Stage, n: int, scheme: int) -> Flow:
    """While its owner sleeps, an account pays one stranger after another."""
    victim, who = s.persons(n), repeat_each(s.rng.integers(4, 9, n))
    hour = np.mod(s.rng.normal(2.8, 1.0, n) - s.people.utc_h[victim], 24)
    start = np.floor(s.start(n) / DAY_S) * DAY_S + 3_600 * hour
    mules = s.neighbours(np.repeat(victim, 8)).reshape(n, 8)
    width = s.rng.integers(2, 9, n)
    return Flow.of(
        time_s=start[who] + running(s.rng.exponential(300, len(who)), who), payer=victim[who],
        payee=mules[who, s.rng.integers(0, 2**31, len(who)) % width[who]],
        eur=s.eur(180, len(who)) * s.people.level[victim[who]],
        rounding=s.roundness(len(who)), scheme=scheme, case=who,
    )  # fmt: skip


def draw_invoice_redirections(s: Stage, n: int, scheme: int) -> Flow:
    """A company pays a supplier's invoice to an account that is not the supplier's."""
    company = s.people.companies.pick_anywhere(s.rng, n)
    who = repeat_each(s.rng.choice([1, 1, 1, 2], n))
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * 9 * DAY_S * steps_of(np.bincount(who)),
        payer=company[who], payee=s.neighbours(company)[who], eur=s.eur(5_500, len(who)),
        purpose="SUPP", scheme=scheme, case=who,
    )  # fmt: skip


def draw_payroll_diversions(s: Stage, n: int, scheme: int) -> Flow:
    """In the run of a small employer one wage goes to an account that is not the employee's."""
    runs, employer, month, member = draw_runs(s, n)
    last = s.rng.integers(1, max(2, s.days // 30), n)
    whom = np.floor(s.rng.random(n) * np.bincount(employer[month == 0], minlength=n))
    robbed = (month == last[employer]) & (member == whom[employer])
    honest = runs.where(~robbed)
    taken = runs.where(robbed)
    return join([honest, Flow.of(
        time_s=taken.time_s, payer=taken.payer, payee=s.neighbours(taken.payer), eur=taken.eur,
        purpose="SALA", scheme=scheme, case=employer[robbed],
    )])  # fmt: skip


def draw_micro_charges(s: Stage, n: int, scheme: int) -> Flow:
    """A new merchant takes the same trifle from many, who do not look at it."""
    merchant, who = s.fresh(n), repeat_each(s.rng.integers(30, 120, n))
    price = np.round(s.rng.uniform(0.5, 4.0, n), 2)
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * s.rng.uniform(1, 9, n)[who] * 3_600,
        payer=s.persons_near(merchant[who]), payee=merchant[who], eur=price[who],
        rounding=EXACT, purpose="SUBS", scheme=scheme, case=who,
    )  # fmt: skip


def draw_merchant_bust_outs(s: Stage, n: int, scheme: int) -> Flow:
    """After some weeks of small sales, a merchant sells a lot at once and delivers nothing."""
    merchant, start = s.fresh(n), s.start(n, 20)
    early = repeat_each(s.rng.integers(3, 20, n))
    cover = Flow.of(
        time_s=start[early] - s.rng.random(len(early)) * 18 * DAY_S,
        payer=s.persons_near(merchant[early]), payee=merchant[early],
        eur=s.eur(45, len(early), 0.5), purpose="GDDS",
    )  # fmt: skip
    who = repeat_each(s.rng.integers(15, 60, n))
    return join([cover, Flow.of(
        time_s=start[who] + s.rng.random(len(who)) * s.rng.uniform(0.4, 3, n)[who] * DAY_S,
        payer=s.persons_near(merchant[who]), payee=merchant[who],
        eur=s.eur(230, n, 0.4)[who] * s.eur(1, len(who), 0.3), rounding=1, purpose="GDDS",
        scheme=scheme, case=who,
    )])  # fmt: skip


def draw_bust_outs(s: Stage, n: int, scheme: int) -> Flow:
    """A made-up person lives quietly for two months, then buys on credit wherever it can."""
    person, habit = s.fresh(n), repeat_each(s.rng.integers(15, 40, n))
    s.crook[person] = True  # it is the lender who is robbed
    shops = s.shops_near(np.repeat(person, 6)).reshape(n, 6)
    start, quiet = s.start(n, 0.6 * s.days), s.rng.uniform(0.3, 0.58, n) * s.days * DAY_S
    cover = Flow.of(
        time_s=start[habit] - s.rng.random(len(habit)) * quiet[habit], payer=person[habit],
        payee=shops[habit, s.rng.integers(0, 6, len(habit))], eur=s.eur(35, len(habit), 0.5),
        purpose="GDDS",
    )  # fmt: skip
    who = repeat_each(s.rng.integers(6, 16, n))
    payee = s.either(
        0.5, s.shops_near(person[who]), s.people.companies.pick_anywhere(s.rng, len(who))
    )
    return join([cover, Flow.of(
        time_s=start[who] + s.rng.random(len(who)) * s.rng.uniform(0.3, 2, n)[who] * DAY_S,
        payer=person[who], payee=payee, eur=s.eur(550, len(who), 0.5),
        purpose="GDDS", scheme=scheme, case=who,
    )])  # fmt: skip


def draw_refund_abuse(s: Stage, n: int, scheme: int) -> Flow:
    """What a customer bought and kept is paid back, again and again."""
    customer, who = s.persons(n), repeat_each(s.rng.integers(5, 13, n))
    shops = s.shops_near(np.repeat(customer, 3)).reshape(n, 3)
    shop = shops[who, s.rng.integers(0, 2**31, len(who)) % s.rng.integers(1, 4, n)[who]]
    bought = s.start(n)[who] + s.rng.random(len(who)) * 25 * DAY_S
    eur = s.eur(110, len(who), 0.4)
    cover = Flow.of(time_s=bought, payer=customer[who], payee=shop, eur=eur, purpose="GDDS")
    return join([cover, Flow.of(
        time_s=bought + s.hours(70, len(who), 0.6), payer=shop, payee=customer[who], eur=eur,
        purpose="REFU", scheme=scheme, case=who,
    )])  # fmt: skip


def draw_pyramids(s: Stage, n: int, scheme: int) -> Flow:
    """Members pay in the same sum; who came early is paid out of it."""
    operator, count = s.fresh(n), s.rng.integers(12, 40, n)
    s.crook[operator] = True
    who, step = repeat_each(count), steps_of(count)
    member, contribution = s.persons_near(operator[who]), np.round(s.eur(160, n, 0.5), -1)
    joined = s.start(n)[who] + running(s.hours(2.5, len(who)), who)
    paid_in = Flow.of(time_s=joined, payer=member, payee=operator[who], eur=contribution[who],
                      scheme=scheme, case=who)  # fmt: skip
    out = np.flatnonzero(step > 0)
    early = member[out - step[out] + step[out] // 2]
    paid_out = Flow.of(
        time_s=joined[out] + s.hours(0.4, len(out)), payer=operator[who[out]], payee=early,
        eur=contribution[who[out]] * 0.75, scheme=scheme, case=who[out],
    )  # fmt: skip
    return join([paid_in, paid_out])


def draw_scams_abroad(s: Stage, n: int, scheme: int) -> Flow:
    """A gang in one country calls people in another: on that way, more is stolen than paid."""
    gang = repeat_each(s.rng.integers(12, 30, n))
    home = s.persons(n)
    mules = s.fresh(8 * n, country=np.repeat(s.people.country[s.abroad(home)], 8)).reshape(n, 8)
    victim = s.persons_near(home[gang])
    who = repeat_each(s.rng.choice([1, 1, 2, 3], len(gang)))
    at = (s.start(n, 3, 0.7 * s.days)[gang] + s.rng.random(len(gang)) * 30 * DAY_S)[who]
    return Flow.of(
        time_s=at + running(s.hours(20, len(who)), who), payer=victim[who],
        payee=mules[gang, s.rng.integers(0, 8, len(gang))][who], eur=s.eur(900, len(who), 0.7),
        rounding=s.roundness(len(who), 0.7), scheme=scheme, case=who,
    )  # fmt: skip


def draw_recoveries(s: Stage, n: int, scheme: int) -> Flow:
    """Who was robbed is called by somebody who promises, for a fee, to get the money back."""
    robbed = s.rng.integers(0, len(s.robbed), n)
    who = repeat_each(s.rng.choice([1, 1, 2, 3], n))
    victim, told_s = s.robbed[robbed], s.robbed_s[robbed] + 7 * DAY_S
    return Flow.of(
        time_s=(told_s + s.hours(130, n, 0.7))[who] + running(s.hours(30, len(who)), who),
        payer=victim[who], payee=s.neighbours(victim)[who], eur=s.eur(500, len(who), 0.5),
        rounding=s.roundness(len(who), 0.7), scheme=scheme, case=who,
    )  # fmt: skip


FRAUD = (
    draw_night_takeovers,
    draw_invoice_redirections,
    draw_payroll_diversions,
    draw_micro_charges,
    draw_merchant_bust_outs,
    draw_bust_outs,
    draw_refund_abuse,
    draw_pyramids,
    draw_scams_abroad,
    draw_recoveries,
)
