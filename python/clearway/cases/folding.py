"""Accounts that a drawing has no room for: the smaller ones of a column become one card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clearway.cases.network import Edge, Node

NEAR_ROWS_MAX: Final = 9  # cards in a column beside the case's account, or in its own
FAR_ROWS_MAX: Final = 6  # and in one further out


@dataclass(frozen=True, slots=True)
class Folding:
    """columns: of each node, in their order. folded: of each card that stands for several accounts,
    how many; such a card's number is below zero. What its accounts pay each other is not in edges.
    """

    nodes: list[Node]
    edges: list[Edge]
    columns: dict[int, int]
    folded: dict[int, int]


def fold(nodes: Sequence[Node], edges: Sequence[Edge], columns: Mapping[int, int]) -> Folding:
    """nodes: the case's account first. columns: of each account, 0 that of the case's account."""
    ranked = [nodes[0], *_ranked(nodes[1:], edges)]
    members: dict[int, list[Node]] = defaultdict(list)
    for node in ranked:
        members[columns[node.account]].append(node)
    card: dict[int, int] = {}
    folded: dict[int, int] = {}
    sums: list[tuple[Node, int]] = []
    for column, accounts in sorted(members.items()):
        rows_max = NEAR_ROWS_MAX if abs(column) <= 1 else FAR_ROWS_MAX
        if len(accounts) > rows_max:
            rest = accounts[rows_max - 1 :]
            one = _sum(-1 - len(folded), rest)
            card.update((node.account, one.account) for node in rest)
            folded[one.account] = len(rest)
            sums.append((one, column))
    kept = [node for node in nodes if node.account not in card]
    placed = {node.account: columns[node.account] for node in kept}
    placed.update((node.account, column) for node, column in sums)
    return Folding([*kept, *(node for node, _ in sums)], _joined(edges, card), placed, folded)


def _ranked(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """Those of the case's payments first, then who deals with its account, then by money."""
    weight: dict[int, tuple[bool, int]] = {}
    for edge in edges:
        for account in (edge.payer, edge.payee):
            alerted, eur_minor = weight.get(account, (False, 0))
            weight[account] = (alerted or edge.alerts > 0, eur_minor + edge.eur_minor)
    none = (False, 0)
    return sorted(
        nodes,
        key=lambda node: (
            not weight.get(node.account, none)[0],
            node.hop,
            -weight.get(node.account, none)[1],
            node.account,
        ),
    )


def _sum(account: int, nodes: Sequence[Node]) -> Node:
    return Node(
        account,
        hop=min(node.hop for node in nodes),
        got_eur_minor=sum(node.got_eur_minor for node in nodes),
        sent_eur_minor=sum(node.sent_eur_minor for node in nodes),
    )


def _joined(edges: Sequence[Edge], card: Mapping[int, int]) -> list[Edge]:
    """card: of each account that is folded, the number of its card."""
    found: dict[tuple[int, int, int], Edge] = {}
    for edge in edges:
        payer, payee = card.get(edge.payer, edge.payer), card.get(edge.payee, edge.payee)
        if payer == payee:
            continue
        key = (payer, payee, edge.asset)
        one = found.setdefault(key, Edge(*key, first_ns=edge.first_ns, last_ns=edge.last_ns))
        one.count += edge.count
        one.alerts += edge.alerts
        one.moved_minor += edge.moved_minor
        one.stopped_minor += edge.stopped_minor
        one.eur_minor += edge.eur_minor
        one.first_ns = min(one.first_ns, edge.first_ns)
        one.last_ns = max(one.last_ns, edge.last_ns)
    return list(found.values())
