"""Worlds of ordinary payments with one kind of laundering planted in each, to measure detectors.

Nine worlds differ in everything a detector might lean on; four are in other_worlds.py. Here are
`steps` (as AMLSim's published samples: whole steps, a pair pays once, launderers pay in bursts,
some plans are cut off by the end of the file), `once` (the same background, no bursts), `days`
(seconds over two months, wages, shops, friends, rents, log-normal amounts), `hours` (whole hours,
businesses that pay each other again and again) and `minutes` (ten days, amounts of all sizes,
launderers who take their time). Planted amounts lie within the world's own, so that no amount
betrays anybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.risk.laundering.other_worlds import OTHER_WORLDS, STYLES, Background

Hops = list[tuple[int, int, float, float]]  # payer, payee, when in [0, 1], share of the sum


@dataclass(frozen=True, slots=True)
class LaunderingWorld:
    """n payments in the order of time among `accounts` accounts; is_suspicious: bool[accounts].

    time: integers in the world's own unit. amount: in major units.
    """

    time: NDArray[np.int64]
    payer: NDArray[np.int64]
    payee: NDArray[np.int64]
    amount: NDArray[np.float64]
    is_suspicious: NDArray[np.bool_]


def make_world(
    kind: str, pattern: str, *, seed: int, accounts: int = 10_000, rings: int = 60
) -> LaunderingWorld:
    """One of WORLDS with `rings` of one of PATTERNS; `mixed` plants them in turn."""
    rng = np.random.default_rng([seed, *kind.encode(), *pattern.encode()])
    time, payer, payee, amount = WORLDS[kind](rng, accounts)
    span = int(time.max()) + 1
    suspicious = np.zeros(accounts, dtype=np.bool_)
    rows: list[tuple[int, int, int, float]] = []
    names = sorted(PATTERNS)
    for ring in range(rings):
        name = names[ring % len(names)] if pattern == "mixed" else pattern
        size = int(rng.integers(*STYLES[kind].sizes if kind in STYLES else (4, 11)))
        members = rng.choice(accounts, size, replace=False)
        suspicious[members] = True
        hops = [(members[a], members[b], when, share) for a, b, when, share in
                PATTERNS[name](rng, size)]  # fmt: skip
        rows += _plant(rng, kind, hops, span, amount)
    t, a, b, v = (np.array(column) for column in zip(*rows, strict=True))
    time, payer, payee, amount = (
        np.concatenate(both) for both in ((time, t), (payer, a), (payee, b), (amount, v))
    )
    order = np.argsort(time, kind="stable")
    names_of = rng.permutation(accounts)
    shown = np.zeros(accounts, dtype=np.bool_)
    shown[names_of] = suspicious
    return LaunderingWorld(
        time[order].astype(np.int64), names_of[payer[order]], names_of[payee[order]],
        amount[order], shown,
    )  # fmt: skip


def _plant(
    rng: np.random.Generator, kind: str, hops: Hops, span: int, ordinary: NDArray[np.float64]
) -> list[tuple[int, int, int, float]]:
    """Hops as payments. In `steps` each hop is a burst of one to five drawn amounts at one step,
    the pair also pays once in the ordinary way, and what falls behind the end is cut off."""
    if kind == "steps":
        begin, apart = rng.uniform(0.0, 0.9) * span, rng.uniform(0.15, 0.3) * span
        places = {when: k for k, when in enumerate(sorted({hop[2] for hop in hops}))}
        rows = []
        for payer, payee, when, _ in hops:
            if rng.random() < 0.8:
                rows.append((int(rng.integers(span)), payer, payee, float(rng.choice(ordinary))))
            at = int(begin + places[when] * apart / max(1.0, len(places) / 4))
            if at < span:
                rows += [(at, payer, payee, float(rng.choice(ordinary)))
                         for _ in range(int(rng.integers(1, 6)))]  # fmt: skip
        return rows
    lasts = span * rng.uniform(*LASTS[kind])
    begin = rng.uniform(0.0, span - lasts)
    if kind in STYLES and STYLES[kind].drawn:
        return [(int(begin + when * lasts), payer, payee, float(rng.choice(ordinary)))
                for payer, payee, when, _ in hops]  # fmt: skip
    total = float(np.quantile(ordinary, rng.uniform(0.6, 0.95)))
    smallest = float(np.quantile(ordinary, 0.1))
    return [
        (int(begin + when * lasts), payer, payee,
         round(max(smallest * rng.uniform(1, 2), total * share * rng.uniform(0.95, 1.0)), 2))
        for payer, payee, when, share in hops
    ]  # fmt: skip


# --- the patterns -------------------------------------------------------------------------------


def _fan_in(rng: np.random.Generator, size: int) -> Hops:
    return [(k, 0, rng.random(), rng.uniform(0.3, 1.0)) for k in range(1, size)]


def _fan_out(rng: np.random.Generator, size: int) -> Hops:
    return [(0, k, rng.random(), rng.uniform(0.3, 1.0)) for k in range(1, size)]


def _cycle(rng: np.random.Generator, size: int) -> Hops:
    times = np.sort(rng.random(size))
    return [(k, (k + 1) % size, times[k], 0.98**k) for k in range(size)]


def _bipartite(rng: np.random.Generator, size: int) -> Hops:
    left = size // 2
    return [(a, b, rng.random(), rng.uniform(0.3, 1.0))
            for a in range(left) for b in range(left, size)]  # fmt: skip


def _stack(rng: np.random.Generator, size: int) -> Hops:
    edges = np.array_split(np.arange(size), 3)
    return [(a, b, (layer + rng.random()) / 2, rng.uniform(0.4, 1.0))
            for layer in range(2) for a in edges[layer] for b in edges[layer + 1]]  # fmt: skip


def _scatter_gather(rng: np.random.Generator, size: int) -> Hops:
    shares = rng.uniform(0.5, 1.0, size)
    return [
        hop for k in range(1, size - 1)
        for hop in ((0, k, rng.random() / 2, shares[k]),
                    (k, size - 1, 0.5 + rng.random() / 2, 0.97 * shares[k]))
    ]  # fmt: skip


def _gather_scatter(rng: np.random.Generator, size: int) -> Hops:
    half = (size + 1) // 2
    gather = [(k, 0, rng.random() / 2, rng.uniform(0.5, 1.0)) for k in range(1, half)]
    return gather + [(0, k, 0.5 + rng.random() / 2, rng.uniform(0.5, 1.0))
                     for k in range(half, size)]  # fmt: skip


def _random(rng: np.random.Generator, size: int) -> Hops:
    """A walk of the money through the members, who may come again."""
    path, hops = [0], []
    for when in np.sort(rng.random(size + 2)):
        to = int(rng.choice([k for k in range(size) if k != path[-1]]))
        hops.append((path[-1], to, float(when), 0.98 ** len(path)))
        path.append(to)
    missed = [k for k in range(size) if k not in path]
    return hops + [(path[-1], k, 1.0, 0.5) for k in missed]


def _mutual(rng: np.random.Generator, size: int) -> Hops:
    hops: Hops = []
    for k in range(0, size - size % 2, 2):
        times = np.sort(rng.random(4))
        hops += [(k + n % 2, k + (n + 1) % 2, times[n], 0.98**n) for n in range(4)]
    return hops + ([(size - 1, 0, 0.9, 0.6), (0, size - 1, 1.0, 0.6)] if size % 2 else [])


PATTERNS: Final[dict[str, Callable[[np.random.Generator, int], Hops]]] = {
    "fan_in": _fan_in, "fan_out": _fan_out, "cycle": _cycle, "bipartite": _bipartite,
    "stack": _stack, "scatter_gather": _scatter_gather, "gather_scatter": _gather_scatter,
    "random": _random, "mutual": _mutual,
}  # fmt: skip

# --- the backgrounds ----------------------------------------------------------------------------


def _steps(rng: np.random.Generator, accounts: int) -> Background:
    """A scale-free graph whose edges are paid once each, more in the middle than at the ends."""
    n = accounts * 6
    payer = _zipf(rng, n, accounts, 0.35)
    payee = _zipf(rng, n, accounts, 0.55)
    pair = np.unique(np.stack([payer, payee], axis=1)[payer != payee], axis=0)
    time = np.floor(rng.beta(1.7, 1.9, len(pair)) * 150)
    return time, pair[:, 0], pair[:, 1], np.round(rng.uniform(100, 600, len(pair)), 2)


def _days(rng: np.random.Generator, accounts: int) -> Background:
    """Sixty days in seconds: wages, rents, shops by habit, friends who pay each other back."""
    persons, shops = int(accounts * 0.85), int(accounts * 0.12)
    firms = accounts - persons - shops
    day, parts = 86_400.0, []
    people = np.arange(persons)
    firm = persons + shops + _zipf(rng, persons, firms, 0.8)
    wage = rng.lognormal(7.6, 0.4, persons)
    landlord = rng.integers(0, persons, persons)
    for month in range(2):
        when = (month * 30 + 27) * day + rng.uniform(0, 8 * 3_600, persons)
        parts.append((when, firm, people, wage))
        due = (month * 30 + 2) * day + rng.uniform(0, 3 * day, persons)
        rents = rng.random(persons) < 0.4
        parts.append((due[rents], people[rents], landlord[rents], (wage * 0.3)[rents]))
    habits = persons + _zipf(rng, persons * 4, shops, 0.8).reshape(persons, 4)
    n = persons * 6
    who = _zipf(rng, n, persons, 0.3)
    where = np.where(
        rng.random(n) < 0.7,
        habits[who, rng.integers(0, 4, n)],
        persons + _zipf(rng, n, shops, 0.8),
    )
    parts.append((_daily(rng, n, 60), who, where, rng.lognormal(3.4, 1.0, n)))
    friends = rng.integers(0, persons, (persons, 3))
    n = persons * 2
    who = rng.integers(0, persons, n)
    friend = friends[who, rng.integers(0, 3, n)]
    back = rng.random(n) < 0.3
    parts.append((
        _daily(rng, n, 60), np.where(back, friend, who), np.where(back, who, friend),
        np.round(rng.lognormal(3.8, 1.1, n), 0) + 1,
    ))  # fmt: skip
    n = shops * 8
    parts.append((
        _daily(rng, n, 60), persons + rng.integers(0, shops, n),
        persons + shops + _zipf(rng, n, firms, 0.6), rng.lognormal(7.0, 1.0, n),
    ))  # fmt: skip
    return _joined(parts)


def _minutes(rng: np.random.Generator, accounts: int) -> Background:
    """Ten days in minutes: few payees each, taken by fame, amounts from cents to millions."""
    n_payees = 1 + np.minimum(rng.zipf(1.7, accounts), 60)
    a = np.repeat(np.arange(accounts), n_payees)
    fame = rng.pareto(1.2, accounts) + 0.2
    b = rng.choice(accounts, len(a), p=fame / fame.sum())
    row = np.repeat(np.arange(len(a)), np.minimum(rng.geometric(0.5, len(a)), 20))
    amount = rng.lognormal(6, 2, len(a))[row] * rng.lognormal(0, 0.3, len(row))
    return _joined([(rng.random(len(row)) * 14_400, a[row], b[row], amount)])


def _hours(rng: np.random.Generator, accounts: int) -> Background:
    """Two thousand hours: businesses with a few partners each, regular invoices, some new ones."""
    n_partners = 1 + np.minimum(rng.zipf(1.8, accounts), 40)
    a = np.repeat(np.arange(accounts), n_partners)
    b = _zipf(rng, len(a), accounts, 0.6)
    size = rng.lognormal(6.0, 1.2, len(a))
    often = np.minimum(rng.geometric(0.35, len(a)), 30)
    row = np.repeat(np.arange(len(a)), often)
    spread = rng.random(len(row))
    amount = size[row] * np.where(rng.random(len(row)) < 0.4, 1.0, rng.lognormal(0, 0.4, len(row)))
    return _joined([(np.floor(spread * 2_000), a[row], b[row], amount)])


WORLDS: Final[dict[str, Callable[[np.random.Generator, int], Background]]] = {
    "steps": _steps, "once": _steps, "days": _days, "hours": _hours,
    "minutes": _minutes, **OTHER_WORLDS,
}  # fmt: skip
LASTS: Final = {"once": (0.04, 0.15), "days": (0.02, 0.08), "hours": (0.005, 0.04),
               "minutes": (0.1, 0.4),
               **{kind: style.lasts for kind, style in STYLES.items()}}  # of the span  # fmt: skip


def _zipf(rng: np.random.Generator, n: int, among: int, exponent: float) -> NDArray[np.int64]:
    weight = (np.arange(among) + 3.0) ** -exponent
    drawn = rng.choice(among, n, p=weight / weight.sum())
    popular: NDArray[np.int64] = rng.permutation(among)[drawn]
    return popular


def _daily(rng: np.random.Generator, n: int, days: int) -> NDArray[np.float64]:
    hour = np.clip(rng.normal(14, 4, n), 0, 23.99)
    return (rng.integers(0, days, n) * 24 + hour) * 3_600.0


def _joined(parts: list[Background]) -> Background:
    time, payer, payee, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    other = payer != payee
    return np.floor(time[other]), payer[other], payee[other], np.round(amount[other], 2)
