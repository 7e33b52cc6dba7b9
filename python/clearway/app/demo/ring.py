"""Finds, in what the simulator knows, the mule ring whose money was stopped most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.demo.figures import Row, eur_of
from clearway.app.demo.town import Town
from clearway.payment.state import Status
from clearway.risk.reasons import reasons_of
from clearway.risk.worlds.schemes import MULE, SCAM, TAKEOVER

REASONS_SHOWN: Final = 2


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring's payments on the ledger: paid in by victims, passed on by `accounts` mules."""

    accounts: int
    payments: int
    stopped: int
    stopped_eur: Fraction
    value_eur: Fraction
    example: Row  # the dearest of those that were stopped
    reasons: list[str]


def find_ring(node: Node, town: Town, rows: Sequence[Row]) -> Ring | None:
    """None when nothing of any ring was stopped."""
    by_id = {row.id: row for row in rows}
    assets = {asset.number: asset for asset in node.book.assets()}
    best: tuple[Fraction, Ring] | None = None
    for numbers in _rings(town):
        ring_rows = [by_id[id] for id in _ids(town, numbers) if id in by_id]
        stopped = [row for row in ring_rows if row.status is Status.DECLINED]
        if len(stopped) < 2:
            continue
        worth = {row.id: eur_of(node, row.amount_minor, assets[row.asset]) for row in ring_rows}
        stopped_eur = sum((worth[row.id] for row in stopped), Fraction(0))
        ring = Ring(
            accounts=len(_mules(town, numbers)),
            payments=len(ring_rows),
            stopped=len(stopped),
            stopped_eur=stopped_eur,
            value_eur=sum(worth.values(), Fraction(0)),
            example=max(stopped, key=lambda row: worth[row.id]),
            reasons=_reasons(node, stopped),
        )
        if best is None or stopped_eur > best[0]:
            best = stopped_eur, ring
    return best[1] if best else None


def _rings(town: Town) -> list[list[int]]:
    """Payment numbers by ring: payments of mules, and those of victims to mules, joined wherever
    they share the account that got or passed on the money."""
    payments = town.payments
    passed = np.flatnonzero(payments["scheme"] == MULE)
    mules = set(payments["payer"][passed].tolist())
    paid_in = np.flatnonzero(np.isin(payments["scheme"], (TAKEOVER, SCAM)))
    paid_in = paid_in[np.isin(payments["payee"][paid_in], list(mules))]
    leader: dict[int, int] = {}

    def find(account: int) -> int:
        while leader.setdefault(account, account) != account:
            account = leader[account]
        return account

    for number in passed.tolist():
        payer, payee = int(payments["payer"][number]), int(payments["payee"][number])
        if payee in mules:  # a mule pays its collector, who passes on in turn
            leader[find(payer)] = find(payee)
    rings: dict[int, list[int]] = {}
    for number in paid_in.tolist():
        rings.setdefault(find(int(payments["payee"][number])), []).append(number)
    for number in passed.tolist():
        rings.setdefault(find(int(payments["payer"][number])), []).append(number)
    return list(rings.values())


def _ids(town: Town, numbers: Sequence[int]) -> list[bytes]:
    return [town.heads["id"][number].tobytes() for number in numbers]


def _mules(town: Town, numbers: Sequence[int]) -> set[int]:
    payments = town.payments[np.array(numbers)]
    return set(payments["payer"][payments["scheme"] == MULE].tolist())


def _reasons(node: Node, stopped: Sequence[Row]) -> list[str]:
    kept = node.vault.rows([row.place for row in stopped])
    counts = Counter(
        reason.internal
        for each in kept
        if each is not None
        for reason in reasons_of(int(each.decision["reasons"]))
    )
    return [words for words, _ in counts.most_common(REASONS_SHOWN)]
