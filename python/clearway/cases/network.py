"""Where the money came from and where it went: accounts and flows around one account.

Steps go from account to account, both ways, and are bounded. An account with more payments in the
time than FLOWS_PER_ACCOUNT_MAX is a hub (a shop, an employer, a fees account): it is shown, but
nothing is followed through it, because everybody is two steps from everybody else there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

HOPS_MAX: Final = 4
NODES_MAX: Final = 120
FLOWS_PER_ACCOUNT_MAX: Final = 200


class Flow(NamedTuple):
    """One payment between two accounts (their numbers). moved: the payee has the money."""

    id: bytes
    payer: int
    payee: int
    asset: int
    amount_minor: int
    amount_eur_minor: int
    status: str
    time_ns: int
    moved: bool


@dataclass(slots=True)
class Edge:
    """All payments from one account to another in one asset. moved, stopped: what settled, and
    what did not, in minor units; eur_minor: both, in euro cents, for comparing."""

    payer: int
    payee: int
    asset: int
    count: int = 0
    alerts: int = 0
    moved_minor: int = 0
    stopped_minor: int = 0
    eur_minor: int = 0
    first_ns: int = 0
    last_ns: int = 0


@dataclass(slots=True)
class Node:
    """hop: steps from the account of the case. hub: it was not looked through. got_minor,
    sent_minor: what settled along the edges shown, in euro cents."""

    account: int
    hop: int
    hub: bool = False
    got_eur_minor: int = 0
    sent_eur_minor: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """nodes, edges: in the order they were found, the account of the case first. flows: payments of
    that account, the newest first. left_off: accounts that were found and are not shown."""

    nodes: list[Node]
    edges: list[Edge]
    flows: list[Flow]
    left_off: int


Look = Callable[[Sequence[int], int], Sequence[Sequence[Flow]]]
"""(accounts, limit) → of each its newest payments within the time that is looked at, newest
first."""


def explore(
    start: int,
    look: Look,
    *,
    alerted: Iterable[Flow],
    is_house: Callable[[int], bool],
    hops: int,
    nodes_max: int = NODES_MAX,
) -> Network:
    """start: the case's account. alerted: the payments of the case, which are shown however old
    they are."""
    of_case = {flow.id: flow for flow in alerted}
    nodes = {start: Node(start, 0)}
    seen: dict[bytes, Flow] = {}
    own: list[Flow] = []
    frontier, left_off = [start], set[int]()
    for hop in range(1, min(hops, HOPS_MAX) + 1):
        found: dict[bytes, Flow] = {}
        open_ones = [account for account in frontier if not nodes[account].hub]
        looked = look(open_ones, FLOWS_PER_ACCOUNT_MAX)
        for account, flows in zip(open_ones, looked, strict=True):
            if account == start:
                own = _with_alerted(flows, of_case)
                found.update((flow.id, flow) for flow in own)
            elif len(flows) >= FLOWS_PER_ACCOUNT_MAX:
                nodes[account].hub = True
            else:
                found.update((flow.id, flow) for flow in flows)
        ranked = _others(found.values(), nodes, of_case)
        room = max(0, nodes_max - len(nodes))
        left_off.update(ranked[room:])
        frontier = ranked[:room]
        nodes.update((one, Node(one, hop, hub=is_house(one))) for one in frontier)
        seen.update(found)
        if not frontier:
            break
    edges = _edges(seen.values(), nodes, of_case)
    _tell_turnover(nodes, seen.values())
    return Network(list(nodes.values()), edges, own, len(left_off - nodes.keys()))


def _with_alerted(flows: Sequence[Flow], of_case: dict[bytes, Flow]) -> list[Flow]:
    """Newest first."""
    known = {flow.id for flow in flows}
    older = [flow for id, flow in of_case.items() if id not in known]
    return sorted([*flows, *older], key=lambda flow: -flow.time_ns)


def _others(flows: Iterable[Flow], nodes: dict[int, Node], of_case: dict[bytes, Flow]) -> list[int]:
    """Accounts that are not shown yet: those of alerted payments first, then the most money."""
    weight: dict[int, tuple[bool, int]] = {}
    for flow in flows:
        for account in (flow.payer, flow.payee):
            if account not in nodes:
                alerted, eur_minor = weight.get(account, (False, 0))
                alerted = alerted or flow.id in of_case
                weight[account] = (alerted, eur_minor + flow.amount_eur_minor)
    return sorted(weight, key=lambda one: (not weight[one][0], -weight[one][1], one))


def _edges(flows: Iterable[Flow], nodes: dict[int, Node], of_case: dict[bytes, Flow]) -> list[Edge]:
    edges: dict[tuple[int, int, int], Edge] = {}
    for flow in sorted(flows, key=lambda flow: flow.time_ns):
        if flow.payer not in nodes or flow.payee not in nodes:
            continue
        key = (flow.payer, flow.payee, flow.asset)
        edge = edges.setdefault(key, Edge(*key, first_ns=flow.time_ns))
        edge.count += 1
        edge.alerts += flow.id in of_case
        edge.eur_minor += flow.amount_eur_minor
        edge.last_ns = flow.time_ns
        if flow.moved:
            edge.moved_minor += flow.amount_minor
        else:
            edge.stopped_minor += flow.amount_minor
    return list(edges.values())


def _tell_turnover(nodes: dict[int, Node], flows: Iterable[Flow]) -> None:
    for flow in flows:
        if flow.moved and flow.payer in nodes and flow.payee in nodes:
            nodes[flow.payer].sent_eur_minor += flow.amount_eur_minor
            nodes[flow.payee].got_eur_minor += flow.amount_eur_minor
