"""Honest people who do what criminals do: each function draws about n of them.

A typology's precision means something only where they live too. What several of them share with
devices and addresses (families, offices, new telephones) is in `devices.py`.
"""

from typing import Final

import numpy as np

from clearway.risk.worlds.flows import EXACT, Flow, join, repeat_each, running, steps_of
from clearway.risk.worlds.population import Ints
from clearway.risk.worlds.wide.laundering import SLEEP_DAYS, forgotten, trade_partners
from clearway.risk.worlds.wide.stage import DAY_S, Stage


def draw_payrolls(s: Stage, n: int) -> Flow:
    """Small employers, who now and then hire somebody, whose account may be new."""
    runs, employer, month, member = draw_runs(s, n)
    hired = (month == s.rng.integers(1, max(2, s.days // 30), n)[employer]) & (member == 0)
    newcomer = runs.where(hired)
    someone = s.either(0.5, s.neighbours(newcomer.payer), s.persons_near(newcomer.payer))
    return join([runs, Flow.of(
        time_s=newcomer.time_s + 600, payer=newcomer.payer, payee=someone, eur=newcomer.eur,
        purpose="SALA",
    )])  # fmt: skip


def draw_runs(s: Stage, n: int) -> tuple[Flow, Ints, Ints, Ints]:
    """n employers who pay 6 to 14 people every 30 days; of each payment its employer (0 to n), its
    run and its place among the staff."""
    size = s.rng.integers(6, 15, n)
    of, place = repeat_each(size), steps_of(size)
    employer = s.fresh(n, country=s.rng.choice(s.people.country, n))
    staff = s.persons_near(employer[of])
    months = max(1, s.days // 30)
    row, month = np.tile(np.arange(len(of)), months), np.repeat(np.arange(months), len(of))
    payday = s.rng.uniform(0, 28, n)
    flow = Flow.of(
        time_s=(month * 30 + payday[of[row]]) * DAY_S + place[row] * 45.0,
        payer=employer[of[row]], payee=staff[row],
        eur=s.people.income_eur[staff[row]] * s.rng.normal(1, 0.02, len(row)), purpose="SALA",
    )  # fmt: skip
    return flow, of[row], month, place[row]


def draw_savings_circles(s: Stage, n: int) -> Flow:
    """Eight to fourteen friends pay the same sum to one of them, who hands all of it to the member
    whose turn it is, every fortnight."""
    size = s.rng.integers(8, 15, n)
    of, place = repeat_each(size), steps_of(size)
    organiser = s.persons(n)
    member, share = s.persons_near(organiser[of]), np.round(s.eur(80, n, 0.5), -1) + 10
    rounds = s.days // 14
    row, turn = np.tile(np.arange(len(of)), rounds), np.repeat(np.arange(rounds), len(of))
    due = turn * 14 * DAY_S + s.rng.uniform(0, 14 * DAY_S, n)[of[row]]
    paid_in = Flow.of(
        time_s=due + s.rng.random(len(row)) * DAY_S, payer=member[row], payee=organiser[of[row]],
        eur=share[of[row]], rounding=EXACT,
    )  # fmt: skip
    handed = place[row] == turn % size[of[row]]
    circle = of[row[handed]]
    pot = Flow.of(
        time_s=due[handed] + DAY_S + s.hours(1, len(circle)), payer=organiser[circle],
        payee=member[row[handed]], eur=share[circle] * size[circle],
    )  # fmt: skip
    return join([paid_in, pot])


def draw_treasuries(s: Stage, n: int) -> Flow:
    """Groups of three or four companies whose treasurer sends money round: up, across and back."""
    size = s.rng.integers(3, 5, n)
    group = np.array([s.neighbours(s.people.companies.pick_anywhere(s.rng, n)) for _ in range(4)]).T
    sweep = repeat_each(s.rng.poisson(s.days / 20.0, n) + 1)
    who = repeat_each(size[sweep])
    of, step = sweep[who], steps_of(size[sweep])
    eur = s.eur(15_000, len(sweep), 0.8)
    return Flow.of(
        time_s=s.start(len(sweep), 0)[who] + running(s.hours(4, len(who)), who),
        payer=group[of, step], payee=group[of, (step + 1) % size[of]],
        eur=eur[who] * 0.99**step, rounding=s.roundness(len(who), 0.7),
    )  # fmt: skip


def draw_seasons(s: Stage, n: int) -> Flow:
    """Trade across a border, and before Christmas an order of twice to six times the usual."""
    buyer, seller, usual, invoices = trade_partners(s, 2 * n)
    who = repeat_each(s.rng.integers(0, 3, 2 * n))
    return join([invoices, Flow.of(
        time_s=s.start(len(who), 0.5 * s.days), payer=buyer[who], payee=seller[who],
        eur=usual[who] * s.rng.uniform(2, 6, len(who)), purpose="SUPP",
    )])  # fmt: skip


def draw_ticket_sales(s: Stage, n: int) -> Flow:
    """A new club sells tickets, and a new charity collects coins, all within a day or two."""
    seller, who = s.fresh(n), repeat_each(s.rng.integers(20, 150, n))
    is_charity = s.rng.random(n) < 0.4
    price = np.where(is_charity, np.round(s.rng.uniform(1, 5, n)), np.round(s.eur(45, n, 0.6)))
    sales = Flow.of(
        time_s=s.start(n)[who] + s.hours(14, len(who), 0.9), payer=s.persons_near(seller[who]),
        payee=seller[who], eur=price[who], rounding=EXACT,
    )  # fmt: skip
    hall = Flow.of(
        time_s=s.start(n, 0.3 * s.days), payer=seller, payee=s.shops_near(seller),
        eur=0.5 * price * np.bincount(who, minlength=n), purpose="GDDS",
    )  # fmt: skip
    return join([sales, hall])


def draw_returners(s: Stage, n: int) -> Flow:
    """Who was away for months comes back and buys a car; deposits that end after months."""
    if s.days < SLEEP_DAYS + 25:
        n = 0
    owner, before = forgotten(s, n)
    at, eur = s.start(n, SLEEP_DAYS + 20), s.eur(4_000, n)
    came = Flow.of(time_s=at, payer=s.people.companies.pick(s.rng, s.people.country[owner]),
                   payee=owner, eur=eur, purpose="SAVG")  # fmt: skip
    spends = s.rng.random(n) < 0.6
    car = Flow.of(
        time_s=at[spends] + s.hours(60, int(spends.sum())), payer=owner[spends],
        payee=s.people.companies.pick(s.rng, s.people.country[owner[spends]]),
        eur=eur[spends] * s.rng.uniform(0.5, 0.98, int(spends.sum())), rounding=2,
    )  # fmt: skip
    return join([before, came, car])


def draw_students(s: Stage, n: int) -> Flow:
    """A first account: parents pay in; deposit, rent, a bicycle and furniture go out in days."""
    student = s.fresh(n, country=s.rng.choice(s.people.country, n))
    start, eur = s.start(n), s.eur(1_900, n, 0.4)
    parents = Flow.of(time_s=start, payer=s.persons_near(student), payee=student, eur=eur,
                      rounding=2)  # fmt: skip
    who = repeat_each(s.rng.integers(3, 9, n))
    payee = s.either(0.35, s.persons_near(student[who]), s.shops_near(student[who]))
    spent = Flow.of(
        time_s=start[who] + s.hours(20, len(who)), payer=student[who], payee=payee,
        eur=eur[who] * s.rng.uniform(0.03, 0.3, len(who)), rounding=s.roundness(len(who)),
    )  # fmt: skip
    return join([parents, spent])


def draw_legacies(s: Stage, n: int) -> Flow:
    """A house is sold or an uncle has died: one large sum, and everybody gets a part."""
    heir, start, total = s.persons(n), s.start(n), s.eur(30_000, n, 0.8)
    came = Flow.of(
        time_s=start, payer=s.people.companies.pick(s.rng, s.people.country[heir]), payee=heir,
        eur=total,
    )  # fmt: skip
    parts = s.rng.integers(3, 9, n)
    who = repeat_each(parts)
    given = Flow.of(
        time_s=start[who] + s.hours(30, len(who)), payer=heir[who], payee=s.persons_near(heir[who]),
        eur=0.7 * (total / parts)[who] * s.rng.choice([0.5, 1.0, 1.0, 1.5], len(who)), rounding=2,
    )  # fmt: skip
    return join([came, given])


def draw_families_abroad(s: Stage, n: int) -> Flow:
    """Money home every month, to relatives in two to four countries, from the first month on."""
    sender = s.persons(n)
    relatives = s.abroad(np.repeat(sender, 4)).reshape(n, 4)
    width = s.rng.integers(2, 5, n)
    who = repeat_each(width * max(1, s.days // 30))
    step = steps_of(np.bincount(who, minlength=n))
    usual = s.eur(350, n, 0.5)
    return Flow.of(
        time_s=(step // width[who] * 30 + s.rng.uniform(0, 26, n)[who]) * DAY_S
        + s.hours(18, len(who)),
        payer=sender[who], payee=relatives[who, step % width[who]],
        eur=usual[who] * s.eur(1, len(who), 0.25), rounding=2, purpose="FAMI",
    )  # fmt: skip


def draw_hosts(s: Stage, n: int) -> Flow:
    """Guests from several countries pay for a flat; the cleaner and the owner are paid at once."""
    host, who = s.persons(n), repeat_each(s.rng.poisson(s.days / 5.0, n) + 2)
    guest = s.people.persons.pick_anywhere(s.rng, len(who))
    at, eur = s.start(len(who), 0), s.eur(420, len(who), 0.5)
    paid = Flow.of(time_s=at, payer=guest, payee=host[who], eur=eur, purpose="RENT")
    owner = s.persons_near(host)
    on = s.rng.random(len(who)) < 0.7
    return join([paid, Flow.of(
        time_s=at[on] + s.hours(3, int(on.sum())), payer=host[who[on]], payee=owner[who[on]],
        eur=0.8 * eur[on], purpose="RENT",
    )])  # fmt: skip


def draw_freelancers(s: Stage, n: int) -> Flow:
    """Craftsmen and freelancers who are paid 800 to 1,000 every week by the same few customers."""
    customer, who = s.persons(n), repeat_each(s.rng.integers(3, 14, n))
    worker, wage = s.persons_near(customer), s.rng.uniform(790, 1_000, n)
    return Flow.of(
        time_s=s.start(n, 0)[who] + 7 * DAY_S * steps_of(np.bincount(who, minlength=n))
        + s.hours(5, len(who)),
        payer=customer[who], payee=worker[who], eur=wage[who], rounding=1,
    )  # fmt: skip


def draw_new_accounts_of_suppliers(s: Stage, n: int) -> Flow:
    """A supplier has changed banks: the same invoices go to an account that nobody knew."""
    company = s.people.companies.pick_anywhere(s.rng, n)
    who = repeat_each(s.rng.integers(2, 7, n))
    return Flow.of(
        time_s=s.start(n)[who] + 12 * DAY_S * steps_of(np.bincount(who, minlength=n))
        + s.hours(30, len(who)),
        payer=company[who], payee=s.neighbours(company)[who], eur=s.eur(4_500, n)[who],
        purpose="SUPP",
    )  # fmt: skip


def draw_returns(s: Stage, n: int) -> Flow:
    """Who orders three sizes sends two of them back, a few times a year."""
    customer, who = s.persons(n), repeat_each(s.rng.integers(2, 7, n))
    shop = s.shops_near(customer)[who]
    at, eur = s.start(n)[who] + s.rng.random(len(who)) * 45 * DAY_S, s.eur(90, len(who), 0.4)
    bought = Flow.of(time_s=at, payer=customer[who], payee=shop, eur=eur, purpose="GDDS")
    return join([bought, Flow.of(
        time_s=at + s.hours(150, len(who), 0.4), payer=shop, payee=customer[who],
        eur=eur * s.rng.choice([1.0, 0.67, 0.33], len(who)), purpose="REFU",
    )])  # fmt: skip


def draw_equal_shares(s: Stage, n: int) -> Flow:
    """A club's prize or a first dividend: it comes at once, and all get the same."""
    club, start, parts = s.persons(n), s.start(n), s.rng.integers(4, 14, n)
    who, share = repeat_each(parts), np.round(s.eur(120, n, 0.8), -1) + 10
    came = Flow.of(
        time_s=start, payer=s.people.companies.pick(s.rng, s.people.country[club]), payee=club,
        eur=share * parts,
    )  # fmt: skip
    return join([came, Flow.of(
        time_s=start[who] + s.hours(20, n)[who] + s.rng.exponential(300, len(who)),
        payer=club[who], payee=s.persons_near(club[who]), eur=share[who],
    )])  # fmt: skip


def draw_moves(s: Stage, n: int) -> Flow:
    """A new flat: a kitchen, a bed and a lamp from shops where one never was, in two days."""
    person, who = s.persons(n), repeat_each(s.rng.integers(4, 10, n))
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * 2 * DAY_S, payer=person[who],
        payee=s.shops_near(person[who]), eur=s.eur(330, len(who), 0.7), rounding=1, purpose="GDDS",
    )  # fmt: skip


def draw_outsiders(s: Stage, n: int) -> Flow:
    """Craftsmen, holiday flats, sellers of used things, relatives: a hundred times n accounts that
    are seen a few times in a life. Most payees that are new to their payer are new to the bank."""
    one = s.fresh(_OUTSIDERS * n, country=s.rng.choice(s.people.country, _OUTSIDERS * n))
    who = repeat_each(s.rng.geometric(0.4, len(one)))
    first, again = s.start(len(one), 0), s.rng.choice([0.02, 3.0, 30.0], len(one))
    partner = s.either(0.85, s.persons_near(one), s.persons(len(one)))
    usual = s.eur(90, len(one), 1.3)
    came = Flow.of(
        time_s=first[who] + again[who] * DAY_S * steps_of(np.bincount(who)) + s.hours(4, len(who)),
        payer=s.either(0.6, partner[who], s.persons_near(one[who])), payee=one[who],
        eur=usual[who] * s.eur(1, len(who), 0.4), rounding=s.roundness(len(who)),
    )  # fmt: skip
    payers = repeat_each(s.rng.choice([0, 0, 1, 2, 5], len(one)))
    left = Flow.of(
        time_s=first[payers] + s.hours(60, len(payers), 1.8) * s.rng.choice([1, -1], len(payers)),
        payer=one[payers],
        payee=s.either(0.5, s.persons_near(one[payers]), s.shops_near(one[payers])),
        eur=usual[payers] * s.eur(0.7, len(payers), 0.8), rounding=s.roundness(len(payers)),
    )  # fmt: skip
    return join([came, left])


_OUTSIDERS: Final = 100
LOOKALIKES = (
    draw_outsiders,
    draw_payrolls,
    draw_savings_circles,
    draw_treasuries,
    draw_seasons,
    draw_ticket_sales,
    draw_returners,
    draw_students,
    draw_legacies,
    draw_families_abroad,
    draw_hosts,
    draw_freelancers,
    draw_new_accounts_of_suppliers,
    draw_returns,
    draw_equal_shares,
    draw_moves,
)
