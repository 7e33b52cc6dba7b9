"""A network of flows as a drawing reads: money runs from left to right, the case in the middle.

An account stands one column left of whom it pays, counted from the case's account; one that both
gets and gives stands where more of its money speaks for. Whoever deals with the case's account
itself stays on the side that this says, whatever else it does, and next to it by a payment of the
case. Within a column accounts lie near those they deal with, and where there are many the smaller
are one card. No chance is in it: the same network gives the same drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from clearway.cases.folding import fold
from clearway.cases.network import Edge, Node

PASSES: Final = 6
COLUMNS_MIN: Final = 2  # either side has room for these, however near everybody is


class Spot(NamedTuple):
    """column: 0 is the case's account, below zero is where money came from. row: from 0, with room
    so that columns are centred on each other; in steps of half a row."""

    column: int
    row: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn. folded: of each card that stands for several accounts, how many; its number in
    nodes and edges is below zero, which no account's is."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    spots: Mapping[int, Spot]
    folded: Mapping[int, int]


def lay_out(nodes: Sequence[Node], edges: Sequence[Edge]) -> Sheet:
    """The case's account is the first of the nodes."""
    if not nodes:
        return Sheet([], [], {}, {})
    found = fold(nodes, edges, _columns(nodes, edges))
    return Sheet(found.nodes, found.edges, _spots(found.edges, found.columns), found.folded)


def _spots(edges: Sequence[Edge], columns: Mapping[int, int]) -> dict[int, Spot]:
    order: dict[int, list[int]] = defaultdict(list)
    for account, column in columns.items():
        order[column].append(account)
    neighbours: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        neighbours[edge.payer].append(edge.payee)
        neighbours[edge.payee].append(edge.payer)
    spots = _centred(order)
    for _ in range(PASSES):
        for accounts in order.values():
            accounts.sort(
                key=lambda one: (one < 0, _middle(one, neighbours, spots), spots[one].row)
            )
        spots = _centred(order)
    return spots


def _columns(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[int, int]:
    """Hop by hop, so that every account is first placed by those nearer to the case; then by all
    whom it deals with, as long as that moves anything."""
    start, hops = nodes[0].account, max(node.hop for node in nodes)
    most = max(hops, COLUMNS_MIN)
    found = {start: 0}
    for hop in range(1, hops + 1):
        fresh = [node.account for node in nodes if node.hop == hop]
        found |= dict(_pulled(fresh, found, edges, most))
    side = {node.account: found[node.account] for node in nodes if node.hop == 1}
    near = {one for edge in edges if edge.alerts for one in (edge.payer, edge.payee)} & side.keys()
    others = [node.account for node in nodes[1:] if node.account not in near]
    for _ in range(PASSES):
        pulled = _pulled(others, found, edges, most)
        moved = found | {one: at for one, at in pulled if one not in side or at * side[one] > 0}
        if moved == found:
            break
        found = moved
    return found


def _pulled(
    accounts: Sequence[int], found: dict[int, int], edges: Sequence[Edge], most: int
) -> list[tuple[int, int]]:
    """(account, the column that most of its money speaks for), `most` from the middle at most."""
    pull: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for edge in edges:
        if edge.payee in found:
            pull[edge.payer][max(-most, found[edge.payee] - 1)] += edge.eur_minor
        if edge.payer in found:
            pull[edge.payee][min(most, found[edge.payer] + 1)] += edge.eur_minor
    placed = []
    for account in sorted(accounts):
        wanted = pull[account] or {most: 0}
        placed.append((account, max(wanted, key=lambda column: (wanted[column], column))))
    return placed


def _centred(order: dict[int, list[int]]) -> dict[int, Spot]:
    rows = max(len(accounts) for accounts in order.values())
    return {
        account: Spot(column, (rows - len(accounts)) / 2 + at)
        for column, accounts in order.items()
        for at, account in enumerate(accounts)
    }


def _middle(account: int, neighbours: dict[int, list[int]], spots: dict[int, Spot]) -> float:
    near = [spots[one].row for one in neighbours[account]]
    return sum(near) / len(near) if near else spots[account].row
