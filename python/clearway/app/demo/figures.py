"""The demonstration's figures: read from the projections, the blocks and the vault, never counted
beside them. Only who was a fraud comes from the simulator, by payment id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.demo.town import Town
from clearway.lifecycle.resume import envelopes_of
from clearway.payment.decision import DecisionFlag
from clearway.payment.money import Asset
from clearway.payment.records import Kind, Outcome
from clearway.payment.state import Status
from clearway.screening import Match

CATCH_UP_S: Final = 60.0
_SANCTIONED: Final = DecisionFlag.PAYER_SANCTIONED | DecisionFlag.PAYEE_SANCTIONED
_QUERY: Final = (
    "SELECT p.id, p.status, p.outcome, p.asset, p.amount, p.captured, coalesce(p.to_asset, 0),"
    " p.payer, p.payee, e.key, e.sequence, p.place - e.place - 1"
    " FROM payments p JOIN envelopes e ON e.place ="
    " (SELECT max(v.place) FROM envelopes v WHERE v.place < p.place)"
    " WHERE p.kind = ? ORDER BY p.place"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One payment as the projections have it now. Account numbers; amounts in minor units."""

    id: bytes
    status: Status
    outcome: int
    asset: int
    amount_minor: int
    captured_minor: int
    to_asset: int
    payer: int
    payee: int
    place: tuple[bytes, int, int]  # in the vault


@dataclass(frozen=True, slots=True)
class Fraud:
    """Counts of payments, and what they are worth in euros at the rate book's day."""

    stopped: int
    stopped_by_model: int  # declined at once; a person rejected the others in review
    missed: int
    stopped_eur: Fraction
    missed_eur: Fraction
    false_positives: int  # honest payments that were declined
    honest_reviewed: int  # honest payments that a person had to look at
    honest: int


@dataclass(frozen=True, slots=True)
class Figures:
    rows: list[Row]
    by_status: dict[str, int]
    settled_minor: dict[Asset, int]
    cross_currency: int
    fraud: Fraud
    sanctioned: list[tuple[int, Match]]  # payments stopped for it, and who it was taken for
    sanctioned_payments: int
    latency_ms: tuple[float, float]
    accounts: int
    height: int
    root: str


def measure(node: Node, town: Town, *, rate: int) -> Figures:
    """rate: how fast simulated time ran during the last day."""
    if not node.projections.wait_for(node.book.height, CATCH_UP_S):
        raise TimeoutError("the projections did not catch up with the chain")
    rows = read_rows(node)
    assets = {asset.number: asset for asset in node.book.assets()}
    flags = _decision_flags(node, rows)
    sanctioned = [row for row in rows if flags[row.id] & _SANCTIONED]
    settled: dict[Asset, int] = {}
    for row in rows:
        if row.status is Status.SETTLED:
            asset = assets[row.asset]
            settled[asset] = settled.get(asset, 0) + row.captured_minor
    (accounts,) = node.projections.reader().execute("SELECT count(*) FROM accounts").fetchone()
    return Figures(
        rows=rows,
        by_status=dict(Counter(row.status.value for row in rows)),
        settled_minor=settled,
        cross_currency=sum(1 for row in rows if row.to_asset and row.status is Status.SETTLED),
        fraud=_fraud(node, town, rows, {row.id for row in sanctioned}, assets),
        sanctioned=_matches(node, sanctioned),
        sanctioned_payments=len(sanctioned),
        latency_ms=_latency_ms(node, town, rate),
        accounts=accounts,
        height=node.book.height,
        root=node.book.state_root.hex(),
    )


def read_rows(node: Node) -> list[Row]:
    """Every payment on the ledger, in order."""
    return [
        Row(
            id=id,
            status=Status(status),
            outcome=outcome,
            asset=asset,
            amount_minor=int(amount),
            captured_minor=_captured(status, amount, captured),
            to_asset=to_asset,
            payer=payer,
            payee=payee,
            place=(key, sequence, index),
        )
        for id, status, outcome, asset, amount, captured, to_asset, payer, payee, key,
        sequence, index in node.projections.reader().execute(_QUERY, (int(Kind.PAYMENT),))
    ]  # fmt: skip


def eur_of(node: Node, amount_minor: int, asset: Asset) -> Fraction:
    """Worth in euros at the rate book's day."""
    major = Fraction(amount_minor, 10**asset.scale)
    return (
        major if asset.currency == "EUR" else major * node.rates.rate(asset.currency, "EUR").ratio
    )


# --- the parts ----------------------------------------------------------------------------------


def _captured(status: str, amount: object, captured: object) -> int:
    """The projections keep NULL for all of a settled payment and for nothing of another."""
    if captured is not None:
        return int(str(captured))
    return int(str(amount)) if status == Status.SETTLED else 0


def _decision_flags(node: Node, rows: list[Row]) -> dict[bytes, int]:
    kept = node.vault.rows([row.place for row in rows])
    return {
        row.id: int(each.decision["flags"]) if each is not None else 0
        for row, each in zip(rows, kept, strict=True)
    }


def _fraud(
    node: Node, town: Town, rows: list[Row], sanctioned: set[bytes], assets: dict[int, Asset]
) -> Fraud:
    stopped = by_model = missed = false_positives = honest_reviewed = honest = 0
    stopped_eur = missed_eur = Fraction(0)
    for row in rows:
        fraud = town.is_fraud(row.id)
        declined = row.status is Status.DECLINED
        if fraud and declined:
            stopped += 1
            by_model += row.outcome == Outcome.DECLINE
            stopped_eur += eur_of(node, row.amount_minor, assets[row.asset])
        elif fraud and row.status is Status.SETTLED:
            missed += 1
            missed_eur += eur_of(node, row.captured_minor, assets[row.asset])
        elif not fraud:
            honest += 1
            honest_reviewed += row.outcome == Outcome.REVIEW
            false_positives += declined and row.id not in sanctioned
    return Fraud(
        stopped, by_model, missed, stopped_eur, missed_eur, false_positives, honest_reviewed, honest
    )


def _matches(node: Node, sanctioned: list[Row]) -> list[tuple[int, Match]]:
    found: list[tuple[int, Match]] = []
    parties = Counter(number for row in sanctioned for number in (row.payer, row.payee))
    for number, payments in sorted(parties.items()):
        match = node.parties.match_of(number)
        if match is not None:
            found.append((payments, match))
    return found


def _latency_ms(node: Node, town: Town, rate: int) -> tuple[float, float]:
    """p50 and p99 of the live day: from the moment a payment was asked for, as the ledger has it,
    to when its batch was on disk, as the vault has it, in real milliseconds."""
    live_from_ns = int(town.payments["time_ns"][town.live_from])
    until_ns = int(town.payments["time_ns"][-1])
    kept = node.vault.durable(node.book.height)
    durable_ns = {(row.key, row.sequence): row.durable_ns for row in kept}
    waits = []
    for block in node.book.blocks(1):
        for index, envelope in envelopes_of(block):
            heads = block.heads[index + 1 : index + 1 + int(envelope["count"])]
            created = heads["created_ns"]
            live = (heads["kind"] == Kind.PAYMENT) & (created >= live_from_ns)
            live &= created <= until_ns
            if live.any():
                until_durable_ns = durable_ns[envelope["key"].tobytes(), int(envelope["sequence"])]
                waits.append(until_durable_ns - created[live].astype(np.int64))
    p50, p99 = np.percentile(np.concatenate(waits) / rate / 1e6, (50, 99))
    return float(p50), float(p99)
