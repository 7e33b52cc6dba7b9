"""Four more backgrounds, unlike those of worlds.py in kind, and how launderers move in them.

`models` is in the manner of AMLSim's own normal activity: a heavy-tailed graph in which each
account follows one model (fans in and out at an interval, periodical, mutual and forwarded
payments), so that honest fans, returns and hops are everywhere. `tills` is all but bipartite:
customers pay shops at price points on thirty days, shops pay suppliers, refunds come back. `trade`
is in the manner of IBM's AML worlds: a few hubs, salaries, bills, merchants, foreign accounts that
are seen once or twice. `mobile` is a wallet that grows: accounts arrive, pay in fits, cash in and
out at agents, in round amounts.

What was chosen of detectors was chosen with `models` and `tills`; `trade` and `mobile` were kept
aside until the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Background = tuple[
    NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How rings are planted. sizes: members, from and below. lasts: shares of the world's span,
    from and to. drawn: amounts are drawn from the world's own and tell nothing."""

    sizes: tuple[int, int]
    lasts: tuple[float, float]
    drawn: bool = False


def _models(rng: np.random.Generator, accounts: int) -> Background:
    """A year in days. Each account follows one model for a while, at an interval of its own."""
    fame = rng.pareto(1.1, accounts) + 0.3
    fame /= fame.sum()
    circle = 1 + np.minimum(rng.zipf(2.0, accounts), 30)
    model = rng.choice(5, accounts, p=[0.25, 0.2, 0.25, 0.15, 0.15])
    size = rng.lognormal(5.5, 0.8, accounts)
    rows: list[tuple[float, int, int, float]] = []
    for account in range(accounts):
        others = rng.choice(accounts, circle[account], p=fame)
        interval = int(rng.choice([3, 7, 14, 30, 60]))
        first = int(rng.integers(0, 300))
        rounds = min(int(rng.geometric(0.2)), (365 - first) // interval + 1)
        for at in first + interval * np.arange(rounds):
            rows += _turn(rng, int(model[account]), account, others, float(at), size[account])
    time, payer, payee, amount = (np.array(column) for column in zip(*rows, strict=True))
    return _joined([(np.minimum(time, 364), payer, payee, amount)])


def _turn(
    rng: np.random.Generator, model: int, account: int, others: NDArray[np.int64], at: float,
    size: float,
) -> list[tuple[float, int, int, float]]:  # fmt: skip
    """One round of one model: fan-out, fan-in, periodical, mutual, forward."""
    if model in (0, 1):
        pairs = [(account, int(b)) if model == 0 else (int(b), account) for b in others]
        return [(at + rng.integers(0, 2), a, b, size * rng.lognormal(0, 0.3)) for a, b in pairs]
    one, two = int(others[0]), int(others[-1])
    if model == 2:
        return [(at, account, int(rng.choice(others)), size * rng.lognormal(0, 0.1))]
    amount = size * rng.lognormal(0, 0.3)
    later = at + rng.integers(0, 4)
    if model == 3:
        return [(at, account, one, amount), (later, one, account, amount * rng.uniform(0.5, 1.0))]
    return [(at, one, account, amount), (later, account, two, amount * rng.uniform(0.8, 1.0))]


def _tills(rng: np.random.Generator, accounts: int) -> Background:
    """Thirty days. 80 % customers, 17 % shops, 3 % suppliers; a price list for each shop."""
    customers, shops = int(accounts * 0.8), int(accounts * 0.17)
    suppliers = accounts - customers - shops
    prices = np.array([4.99, 9.99, 14.99, 19.99, 29.99, 49.99, 79.0, 99.0, 149.0, 249.0])
    n = accounts * 9
    who, shop = _by_rank(rng, n, customers, 0.4), _by_rank(rng, n, shops, 0.9)
    lists = rng.integers(0, len(prices), (shops, 3))
    week = rng.choice(7, n, p=[0.1, 0.1, 0.12, 0.13, 0.18, 0.25, 0.12])
    when = np.minimum(29, rng.integers(0, 5, n) * 7 + week).astype(np.float64)
    listed: NDArray[np.float64] = prices[lists[shop, rng.integers(0, 3, n)]]
    price = listed * rng.integers(1, 3, n)
    parts: list[Background] = [(when, who, customers + shop, price)]
    back = rng.random(n) < 0.03
    late = np.minimum(29, when[back] + rng.integers(1, 6, int(back.sum())))
    parts.append((late, customers + shop[back], who[back], price[back]))
    n = shops * 6
    supplied = customers + rng.integers(0, shops, n)
    supplier = customers + shops + _by_rank(rng, n, suppliers, 0.7)
    parts.append((
        rng.integers(0, 30, n).astype(np.float64), supplied, supplier, rng.lognormal(5.5, 0.8, n),
    ))  # fmt: skip
    n = accounts * 2
    giver, friend = _by_rank(rng, n, customers, 0.3), rng.integers(0, customers, n)
    gift = rng.choice([5.0, 10, 20, 25, 50, 100], n)
    parts.append((rng.integers(0, 30, n).astype(np.float64), giver, friend, gift))
    return _joined(parts)


def _trade(rng: np.random.Generator, accounts: int) -> Background:
    """Eighteen days in minutes: hubs that pay and are paid by everybody, firms with staff and
    suppliers, households with bills, and a quarter of accounts abroad, each seen a time or two."""
    minutes = 18 * 1_440
    hubs, firms, abroad = 12, int(accounts * 0.12), int(accounts * 0.25)
    people = accounts - hubs - firms - abroad
    firm_0, people_0, abroad_0 = hubs, hubs + firms, hubs + firms + people

    def any_time(n: int) -> NDArray[np.float64]:
        day = rng.integers(0, 18, n).astype(np.float64)
        return day * 1_440 + rng.integers(480, 1_320, n)

    parts: list[Background] = []
    staff = people_0 + np.arange(people)
    employer = firm_0 + _by_rank(rng, people, firms, 1.0)
    wage = rng.lognormal(7.3, 0.5, people)
    for day in (0, 14):  # every two weeks
        parts.append((day * 1_440 + rng.uniform(0, 300, people), employer, staff, wage))
    n = people * 3
    at_hub = _by_rank(rng, n, hubs, 1.2)
    parts.append((any_time(n), people_0 + rng.integers(0, people, n), at_hub,
                  rng.lognormal(4.0, 1.3, n)))  # fmt: skip
    n = people * 2
    parts.append((any_time(n), people_0 + _by_rank(rng, n, people, 0.3),
                  firm_0 + _by_rank(rng, n, firms, 0.8), rng.lognormal(3.5, 1.0, n)))  # fmt: skip
    n = firms * 15
    buyer, seller = _by_rank(rng, n, firms, 0.6), _by_rank(rng, n, firms, 0.6)
    parts.append((any_time(n), firm_0 + buyer, firm_0 + seller, rng.lognormal(7.5, 1.5, n)))
    n = firms * 2
    parts.append((any_time(n), _by_rank(rng, n, hubs, 1.2), firm_0 + rng.integers(0, firms, n),
                  rng.lognormal(8.5, 1.0, n)))  # fmt: skip
    n = int(abroad * 1.5)
    outside = abroad_0 + rng.integers(0, abroad, n)
    inside = rng.integers(0, abroad_0, n)
    out = rng.random(n) < 0.5
    parts.append((any_time(n), np.where(out, inside, outside), np.where(out, outside, inside),
                  rng.lognormal(7.0, 1.5, n)))  # fmt: skip
    n = people
    parts.append((any_time(n), people_0 + rng.integers(0, people, n),
                  people_0 + rng.integers(0, people, n), rng.lognormal(4.5, 1.0, n)))  # fmt: skip
    return _joined([(np.minimum(t, minutes - 1), a, b, v) for t, a, b, v in parts])


def _mobile(rng: np.random.Generator, accounts: int) -> Background:
    """Ninety days in milliseconds: twice as much at the end as at the beginning, wallets that
    arrive and are used in fits, agents for cash in and out, small round amounts."""
    span = 90 * 86_400_000.0
    agents = int(accounts * 0.02)
    arrived = np.sqrt(rng.random(accounts)) * 0.9
    fits = np.minimum(rng.geometric(0.35, accounts), 12)
    owner = np.repeat(np.arange(agents, accounts), fits[agents:])
    begin = arrived[owner] + (1.0 - arrived[owner]) * rng.random(len(owner))
    of_fit = np.minimum(rng.geometric(0.4, len(owner)), 10)
    who = np.repeat(owner, of_fit)
    when = np.repeat(begin, of_fit) + rng.exponential(0.004, len(who))
    contacts = rng.integers(agents, accounts, (accounts, 5))
    kind = rng.random(len(who))
    other = contacts[who, rng.integers(0, 5, len(who))]
    stranger = agents + _by_rank(rng, len(who), accounts - agents, 0.5)
    other = np.where(kind < 0.35, _by_rank(rng, len(who), agents, 0.7), other)
    other = np.where(kind > 0.8, stranger, other)
    cash_in = kind < 0.15
    payer, payee = np.where(cash_in, other, who), np.where(cash_in, who, other)
    amount = rng.choice([10.0, 20, 50, 100, 200, 500, 1000], len(who),
                        p=[0.1, 0.2, 0.25, 0.25, 0.1, 0.07, 0.03])  # fmt: skip
    amount *= np.where(rng.random(len(who)) < 0.5, 1.0, rng.uniform(0.3, 1.7, len(who)))
    kept = when < 1.0
    return _joined([(when[kept] * span, payer[kept], payee[kept], amount[kept])])


def _by_rank(rng: np.random.Generator, n: int, among: int, exponent: float) -> NDArray[np.int64]:
    weight = (np.arange(among) + 2.0) ** -exponent
    drawn: NDArray[np.int64] = rng.choice(among, n, p=weight / weight.sum())
    return rng.permutation(among)[drawn]


def _joined(parts: list[Background]) -> Background:
    time, payer, payee, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    other = payer != payee
    return np.floor(time[other]), payer[other], payee[other], np.round(amount[other], 2)


OTHER_WORLDS: Final[dict[str, Callable[[np.random.Generator, int], Background]]] = {
    "models": _models, "tills": _tills, "trade": _trade, "mobile": _mobile,
}  # fmt: skip
STYLES: Final = {
    "models": Style(sizes=(4, 13), lasts=(0.01, 0.12)),
    "tills": Style(sizes=(6, 20), lasts=(0.1, 0.4), drawn=True),
    "trade": Style(sizes=(4, 17), lasts=(0.03, 0.35)),
    "mobile": Style(sizes=(5, 15), lasts=(0.02, 0.3), drawn=True),
}
