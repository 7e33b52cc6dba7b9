"""How money is laundered in the wide world. Nobody is robbed of it, so nobody reports it.

Each function draws n cases of one scheme. They are slow and fast, large and ordinary, in round and
in odd sums, through accounts opened for it and through accounts with a life of their own.
"""

import numpy as np

from clearway.risk.worlds.flows import PURPOSES, Flow, join, repeat_each, running, steps_of
from clearway.risk.worlds.population import Floats, Ints
from clearway.risk.worlds.wide.stage import DAY_S, Stage

SLEEP_DAYS = 95  # of an account that is sold after it was forgotten


def draw_layering(s: Stage, n: int, scheme: int) -> Flow:
    """A sum goes through three to seven accounts, of which each keeps a few percent."""
    members = _members(s, n, 9)
    return _pass_on(s, members, s.rng.integers(3, 8, n), s.eur(7_000, n, 0.9), scheme)


def draw_conduits(s: Stage, n: int, scheme: int) -> Flow:
    """An account that passes on whole thousands, again and again for days."""
    account = s.fresh(n, country=s.rng.integers(0, 5, n))  # where a thousand euros are a thousand
    who = repeat_each(s.rng.integers(4, 11, n))
    eur = 1_000.0 * s.rng.choice([1, 2, 2, 3, 5, 8], len(who))
    at = s.start(n)[who] + running(s.hours(14, len(who)), who)
    into = Flow.of(
        time_s=at, payer=s.persons_near(account[who]), payee=account[who],
        eur=eur * s.rng.uniform(1.0, 1.1, len(who)), scheme=scheme, case=who,
    )  # fmt: skip
    return join([into, Flow.of(
        time_s=at + s.hours(0.8, len(who)), payer=account[who], payee=s.neighbours(account[who]),
        eur=eur, scheme=scheme, case=who,
    )])  # fmt: skip


def draw_round_trips(s: Stage, n: int, scheme: int) -> Flow:
    """It comes back to where it started, by way of two to four others."""
    members, depth = _members(s, n, 9), s.rng.choice([3, 3, 4, 5], n)
    members[np.arange(n), depth] = members[:, 0]
    return _pass_on(s, members, depth, s.eur(12_000, n, 0.9), scheme)


def draw_mixing(s: Stage, n: int, scheme: int) -> Flow:
    """What came leaves in parts, mostly equal ones, and is gathered again days later."""
    mixer, start = s.fresh(n), s.start(n)
    total, parts = s.eur(9_000, n, 0.7), s.rng.integers(5, 16, n)
    who = repeat_each(parts)
    into = Flow.of(time_s=start, payer=_members(s, n, 1)[:, 0], payee=mixer, eur=total,
                   scheme=scheme, case=np.arange(n))  # fmt: skip
    one = s.neighbours(mixer[who])
    part = np.round(0.96 * total / parts, -1)[who]
    uneven = s.rng.random(n)[who] < 0.3
    eur = np.where(uneven, part * s.rng.uniform(0.6, 1.4, len(who)), part)
    at = (start + s.hours(2, n))[who] + running(s.hours(0.4, len(who)), who)
    out = Flow.of(time_s=at, payer=mixer[who], payee=one, eur=eur, scheme=scheme, case=who)
    back = Flow.of(
        time_s=at + s.hours(30, len(who)), payer=one, payee=s.neighbours(mixer)[who],
        eur=eur * 0.97, scheme=scheme, case=who,
    )  # fmt: skip
    return join([into, out, back])


def draw_smurfing(s: Stage, n: int, scheme: int) -> Flow:
    """A few people pay one account sums just below the reporting limit."""
    payee = s.either(0.6, s.fresh(n), s.people.companies.pick_anywhere(s.rng, n))
    who = repeat_each(s.rng.integers(4, 10, n))
    gang = s.people.persons.pick(s.rng, np.repeat(s.people.country[payee], 5)).reshape(n, 5)
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * s.rng.uniform(0.5, 6, n)[who] * DAY_S,
        payer=gang[who, s.rng.integers(0, 5, len(who))], payee=payee[who],
        eur=s.rng.uniform(7_800, 9_990, len(who)), rounding=s.roundness(len(who)),
        scheme=scheme, case=who,
    )  # fmt: skip


def draw_travel_splitting(s: Stage, n: int, scheme: int) -> Flow:
    """A sum goes to one to three payees in parts just below the travel rule's thousand."""
    payer, who = s.persons(n), repeat_each(s.rng.integers(5, 13, n))
    payees = s.abroad(np.repeat(payer, 3)).reshape(n, 3)
    width = s.rng.integers(1, 4, n)
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * s.rng.uniform(0.5, 5, n)[who] * DAY_S,
        payer=payer[who], payee=payees[who, s.rng.integers(0, 2**31, len(who)) % width[who]],
        eur=s.rng.uniform(780, 999, len(who)), rounding=s.roundness(len(who), 0.3),
        scheme=scheme, case=who,
    )  # fmt: skip


def draw_corridors(s: Stage, n: int, scheme: int) -> Flow:
    """In parts to several countries, each part to somebody else."""
    payer, who = s.persons(n), repeat_each(s.rng.integers(4, 9, n))
    return Flow.of(
        time_s=s.start(n)[who] + s.rng.random(len(who)) * s.rng.uniform(1, 8, n)[who] * DAY_S,
        payer=payer[who], payee=s.abroad(payer[who]), eur=s.eur(900, len(who), 0.6),
        rounding=s.roundness(len(who)), scheme=scheme, case=who,
    )  # fmt: skip


def draw_funnels(s: Stage, n: int, scheme: int) -> Flow:
    """People of several countries pay into one account, which sends it on within hours."""
    account, who = s.fresh(n), repeat_each(s.rng.integers(5, 15, n))
    payer = s.people.persons.pick_anywhere(s.rng, len(who))
    at = s.start(n)[who] + s.rng.random(len(who)) * s.rng.uniform(1, 7, n)[who] * DAY_S
    eur = s.eur(1_000, len(who), 0.7).clip(150, 9_900)
    into = Flow.of(time_s=at, payer=payer, payee=account[who], eur=eur,
                   rounding=s.roundness(len(who)), scheme=scheme, case=who)  # fmt: skip
    out = Flow.of(
        time_s=at + s.hours(1, len(who)), payer=account[who], payee=s.abroad(account)[who],
        eur=eur * s.rng.uniform(0.85, 0.98, len(who)), rounding=s.roundness(len(who)),
        scheme=scheme, case=who,
    )  # fmt: skip
    return join([into, out])


def draw_mis_invoicing(s: Stage, n: int, scheme: int) -> Flow:
    """Partners across a border whose invoice is, once or twice, many times what invoices were."""
    buyer, seller, usual, cover = trade_partners(s, n)
    who = repeat_each(s.rng.integers(1, 3, n))
    return join([cover, Flow.of(
        time_s=s.start(n, 0.5 * s.days)[who] + s.hours(40, len(who)), payer=buyer[who],
        payee=seller[who], eur=usual[who] * s.rng.uniform(5, 16, len(who)),
        purpose="SUPP", scheme=scheme, case=who,
    )])  # fmt: skip


def trade_partners(s: Stage, n: int) -> tuple[Ints, Ints, Floats, Flow]:
    """Buyers, their sellers in another currency, usual amounts, and the honest invoices of a
    life."""
    buyer = s.neighbours(s.people.companies.pick_anywhere(s.rng, n))
    seller, usual = s.abroad(buyer), s.eur(3_500, n, 0.6)
    who = repeat_each(s.rng.poisson(s.days / 12.0, n))
    return buyer, seller, usual, Flow.of(
        time_s=s.start(len(who), 0), payer=buyer[who], payee=seller[who],
        eur=usual[who] * s.eur(1, len(who), 0.25), purpose="SUPP",
    )  # fmt: skip


def draw_device_farms(s: Stage, n: int, scheme: int) -> Flow:
    """Accounts led from one device: filled by one, and emptied in small payments for days."""
    owner, farm, flow = _farm(s, n, scheme, span_h=(24.0, 140.0))
    s.one_hand(farm, owner)
    return flow


def draw_address_farms(s: Stage, n: int, scheme: int) -> Flow:
    """The same through emulated devices behind one network address, within hours."""
    owner, farm, flow = _farm(s, n, scheme, span_h=(1.0, 8.0))
    s.one_roof(farm, owner)
    return flow


def _farm(s: Stage, n: int, scheme: int, *, span_h: tuple[float, float]) -> tuple[Ints, Ints, Flow]:
    """Whose account each is, the accounts, and what they get and send."""
    owner = repeat_each(s.rng.integers(7, 19, n))
    farm, start = s.fresh(len(owner)), s.start(n)
    filled = s.eur(180, len(owner), 0.5)
    funds = Flow.of(
        time_s=start[owner] + s.rng.random(len(owner)) * 3_600, payer=s.fresh(n)[owner], payee=farm,
        eur=filled, rounding=s.roundness(len(owner)), scheme=scheme, case=owner,
    )  # fmt: skip
    which = repeat_each(s.rng.integers(1, 4, len(owner)))
    case = owner[which]
    wait = 7_200 + s.rng.random(len(which)) * 3_600 * s.rng.uniform(*span_h, n)[case]
    payee = s.either(0.6, s.fresh(n)[case], s.shops_near(farm[which]))
    spent = Flow.of(
        time_s=start[case] + wait, payer=farm[which], payee=payee,
        eur=filled[which] * s.rng.uniform(0.2, 0.5, len(which)),
        rounding=s.roundness(len(which)), scheme=scheme, case=case,
    )  # fmt: skip
    return owner, farm, join([funds, spent])


def draw_own_accounts(s: Stage, n: int, scheme: int) -> Flow:
    """One person with three to five accounts under other names, who moves money between them."""
    size = s.rng.integers(3, 6, n)
    owner = repeat_each(size)
    accounts, start = s.fresh(len(owner)), s.start(n)
    s.one_hand(accounts, owner)
    tried = Flow.of(
        time_s=start[owner] + s.rng.random(len(owner)) * 2 * DAY_S, payer=accounts,
        payee=s.shops_near(accounts), eur=s.eur(14, len(owner), 0.5), scheme=scheme, case=owner,
    )  # fmt: skip
    first = np.cumsum(size) - size
    eur, at = s.eur(2_000, n, 0.7), start + 3 * DAY_S + s.hours(30, n)
    came = Flow.of(time_s=at, payer=s.persons(n), payee=accounts[first], eur=eur,
                   scheme=scheme, case=np.arange(n))  # fmt: skip
    step = steps_of(size)
    moves = np.flatnonzero(step + 1 < size[owner])
    case = owner[moves]
    moved = Flow.of(
        time_s=at[case] + running(s.hours(6, len(moves)), case) + 1_200, payer=accounts[moves],
        payee=accounts[moves + 1], eur=eur[case] * 0.96 ** (1 + step[moves]),
        rounding=s.roundness(len(moves)), scheme=scheme, case=case,
    )  # fmt: skip
    return join([tried, came, moved])


def draw_sleepers(s: Stage, n: int, scheme: int) -> Flow:
    """Accounts that were forgotten for months: somebody else pays in, and takes it out. In a world
    too short to forget them in there are none."""
    if s.days < SLEEP_DAYS + 25:
        n = 0
    sleeper, cover = forgotten(s, n)
    at, eur, stranger = s.start(n, SLEEP_DAYS + 20), s.eur(3_500, n, 0.6), s.fresh(n)
    came = Flow.of(time_s=at, payer=stranger, payee=sleeper, eur=eur, rounding=s.roundness(n),
                   scheme=scheme, case=np.arange(n))  # fmt: skip
    who = repeat_each(s.rng.integers(1, 4, n))
    left = Flow.of(
        time_s=at[who] + s.hours(6, len(who), 1.2), payer=sleeper[who],
        payee=s.neighbours(sleeper[who]), eur=eur[who] * s.rng.uniform(0.3, 0.95, len(who)),
        rounding=s.roundness(len(who)), scheme=scheme, case=who,
    )  # fmt: skip
    return join([cover, came, left])


def forgotten(s: Stage, n: int) -> tuple[Ints, Flow]:
    """Accounts that were used in the first three weeks alone, and that."""
    account = s.fresh(n)
    got, spent = (repeat_each(s.rng.integers(low, 4 * low, n)) for low in (1, 5))
    return account, join([
        Flow.of(time_s=s.start(len(got), 0, 20), payer=s.persons_near(account[got]),
                payee=account[got], eur=s.eur(150, len(got))),
        Flow.of(time_s=s.start(len(spent), 0, 20), payer=account[spent],
                payee=s.shops_near(account[spent]), eur=s.eur(25, len(spent)), purpose="GDDS"),
    ])  # fmt: skip


def draw_gathering(s: Stage, n: int, scheme: int) -> Flow:
    """Many pay a mule within a day or so, and it leaves as one sum."""
    mule, count = s.fresh(n), s.rng.integers(5, 17, n)
    who, start, span_s = repeat_each(count), s.start(n), s.rng.uniform(2, 30, n) * 3_600
    eur = s.eur(350, len(who), 0.5)
    into = Flow.of(
        time_s=start[who] + s.rng.random(len(who)) * span_s[who], payer=s.persons_near(mule[who]),
        payee=mule[who], eur=eur, rounding=s.roundness(len(who)), scheme=scheme, case=who,
    )  # fmt: skip
    out = Flow.of(
        time_s=start + span_s + s.hours(1, n), payer=mule, payee=s.abroad(mule),
        eur=np.bincount(who, weights=eur, minlength=n) * s.rng.uniform(0.8, 0.98, n),
        rounding=s.roundness(n), scheme=scheme, case=np.arange(n),
    )  # fmt: skip
    return join([into, out])


def draw_scattering(s: Stage, n: int, scheme: int) -> Flow:
    """One large sum comes, and leaves in many parts within a day or two."""
    mule, start, total = s.fresh(n), s.start(n), s.eur(6_500, n)
    parts = s.rng.integers(5, 15, n)
    who = repeat_each(parts)
    into = Flow.of(time_s=start, payer=_members(s, n, 1)[:, 0], payee=mule, eur=total,
                   scheme=scheme, case=np.arange(n))  # fmt: skip
    out = Flow.of(
        time_s=start[who] + s.hours(1, n)[who] + running(s.hours(0.7, len(who)), who),
        payer=mule[who], payee=s.either(0.6, s.neighbours(mule[who]), s.persons_near(mule[who])),
        eur=0.95 * (total / parts)[who] * s.rng.uniform(0.5, 1.5, len(who)),
        rounding=s.roundness(len(who)), scheme=scheme, case=who,
    )  # fmt: skip
    return join([into, out])


def _members(s: Stage, n: int, width: int) -> Ints:
    """int64[n, width]: accounts opened for it, and as many of persons with a life of their own."""
    country = s.rng.choice(s.people.country, n)
    who = repeat_each(np.full(n, width))
    opened = s.fresh(n * width, country=country[who])
    return s.either(0.55, opened, s.people.persons.pick(s.rng, country[who])).reshape(n, width)


def _pass_on(s: Stage, members: Ints, depth: Ints, eur: Floats, scheme: int) -> Flow:
    """From each member to the next, `depth` times."""
    n = len(depth)
    who, step = repeat_each(depth), steps_of(depth)
    pace_h = s.rng.choice([0.3, 2.0, 20.0], n)[who]
    kept = np.exp(-running(s.rng.uniform(0.01, 0.08, len(who)), who))
    return Flow.of(
        time_s=s.start(n)[who] + running(pace_h * s.hours(1, len(who)), who),
        payer=members[who, step], payee=members[who, step + 1], eur=eur[who] * kept,
        rounding=s.roundness(len(who)), scheme=scheme, case=who,
        purpose=np.where(s.rng.random(n)[who] < 0.3, PURPOSES.index("SUPP"), 0),
    )  # fmt: skip


LAUNDERING = (
    draw_layering,
    draw_conduits,
    draw_round_trips,
    draw_mixing,
    draw_smurfing,
    draw_travel_splitting,
    draw_corridors,
    draw_funnels,
    draw_mis_invoicing,
    draw_device_farms,
    draw_address_farms,
    draw_own_accounts,
    draw_sleepers,
    draw_gathering,
    draw_scattering,
)
