"""What all pattern finders say of each account, together."""

from typing import Final

import numpy as np

from clearway.risk.laundering.association import weigh_association
from clearway.risk.laundering.bursts import find_bursts, weigh_bursts
from clearway.risk.laundering.chains import weigh_chains
from clearway.risk.laundering.cycles import weigh_cycles
from clearway.risk.laundering.fans import find_burst_fans, find_fan_in, find_fan_out
from clearway.risk.laundering.gathers import find_gathers, find_structured_gathers
from clearway.risk.laundering.graph import Floats, PaymentGraph
from clearway.risk.laundering.hops import find_hops, weigh_hops
from clearway.risk.laundering.stars import weigh_stars
from clearway.risk.laundering.structuring import find_structured_in, find_structured_out
from clearway.risk.laundering.ties import weigh_bipartite, weigh_scatter_gather

PATTERNS: Final = (
    "repeated_payments", "fan_in", "fan_out", "structuring", "gather_scatter", "pass_through",
    "layering", "mutual", "cycle", "scatter_gather", "bipartite", "association",
)  # fmt: skip
FANS: Final = tuple(
    PATTERNS.index(name) for name in ("fan_in", "fan_out", "structuring", "gather_scatter")
)
TOLD_AGAIN: Final = 0.5  # of a fan's evidence counts when another one has told it
CUSTOM: Final = 0.1  # of all accounts; a pattern that names more is a custom
NAMED_MIN: Final = 2.5  # nats of strength from which a pattern is named
HALF: Final = 10.0  # nats that make a score of one half


def find_patterns(graph: PaymentGraph) -> Floats:
    """Strength in nats of each of PATTERNS at each account, float64[accounts, patterns]."""
    if not graph.payments:
        return np.zeros((graph.accounts, len(PATTERNS)))
    bursts = find_bursts(graph)
    hops = find_hops(graph)
    burst_in, burst_out = find_burst_fans(graph, bursts)
    mutual, cycle = weigh_cycles(graph, hops)
    stars = (
        (find_fan_in(graph), burst_in),
        (find_fan_out(graph), burst_out),
        (find_structured_in(graph), find_structured_out(graph)),
        (find_gathers(graph), find_structured_gathers(graph)),
    )
    partners = graph.partners
    columns = (
        weigh_bursts(graph, bursts),
        *(np.max([weigh_stars(one, partners) for one in pair], axis=0) for pair in stars),
        weigh_hops(graph, hops),
        weigh_chains(graph, hops),
        mutual,
        cycle,
        weigh_scatter_gather(graph, hops),
        weigh_bipartite(graph),
        weigh_association(graph, bursts),
    )
    strengths = np.stack(columns, axis=1)
    with_habits = strengths.copy()
    for fan, pair in zip(FANS, stars, strict=True):
        both = [weigh_stars(one, partners, habits_too=True) for one in pair]
        with_habits[:, fan] = np.max(both, axis=0)
    return _temper(strengths, with_habits)


def _temper(strengths: Floats, with_habits: Floats) -> Floats:
    """A pattern that names many accounts is a custom of the file as far as it names more than
    CUSTOM of them, and says less of each: half if it names 1.4 times as many, a quarter if twice.

    A launderer's pattern is seen once; shops, employers and clubs make fans by the thousand, most
    of them again and again: with_habits has theirs too.
    """
    named = (with_habits >= NAMED_MIN).mean(axis=0)
    tempered: Floats = strengths * (CUSTOM / np.maximum(named, CUSTOM)) ** 2
    return tempered


def score_accounts(strengths: Floats) -> Floats:
    """float64[accounts] in [0, 1): more evidence of any kind, a higher score.

    Fans, structuring and gather-scatter look at the same payments: the strongest of them counts in
    full.
    """
    fans = strengths[:, FANS]
    again = (1.0 - TOLD_AGAIN) * (fans.sum(axis=1) - fans.max(axis=1))
    total = strengths.sum(axis=1) - again
    score: Floats = total / (total + HALF)
    return score


def name_typologies(strengths: Floats) -> list[str]:
    """The patterns of each account from NAMED_MIN nats, strongest first, joined by `;`.

    >>> name_typologies(np.array([[9.0, 0, 0, 0, 0, 0, 0, 12.0, 0, 0, 0, 0.5]]))
    ['mutual;repeated_payments']
    """
    order = np.argsort(-strengths, axis=1, kind="stable")
    return [
        ";".join(PATTERNS[k] for k in ranked if row[k] >= NAMED_MIN)
        for ranked, row in zip(order.tolist(), strengths.tolist(), strict=True)
    ]
