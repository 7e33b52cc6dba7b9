"""Prometheus text, written by hand: a few counters and gauges need no library.

Counters live in this process; what the ledger knows is read from it when asked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import isinf

from clearway.gateway.node import Node
from clearway.risk.models.calibration_drift import CalibrationDrift
from clearway.risk.scores import RiskCounts
from clearway.store.vault import Durable

SETTLED_BATCHES = 1_000  # the last ones, for the quantiles
BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Metrics:
    """Counted on the loop's thread alone, so no lock."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.streams = 0
        self._pay_buckets = [0] * (len(BUCKETS_S) + 1)
        self._pay_seconds = 0.0

    def count(self, method: str, path: str, status: int) -> None:
        """path: as in the route table, never as asked: a label per id would have no bound."""
        self.answers[method, path, status] += 1

    def observe_payment(self, seconds: float) -> None:
        self._pay_buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self._pay_seconds += seconds

    def render(self, node: Node, durable: Sequence[Durable]) -> str:
        """durable: the store's last SETTLED_BATCHES."""
        return "\n".join(self._lines(node, durable)) + "\n"

    def _lines(self, node: Node, durable: Sequence[Durable]) -> Iterator[str]:
        yield from _head("clearway_requests_total", "counter", "Answers by route and status.")
        for (method, path, status), number in sorted(self.answers.items()):
            labels = f'method="{method}",path="{path}",status="{status}"'
            yield f"clearway_requests_total{{{labels}}} {number}"
        name = "clearway_payment_seconds"
        yield from _head(name, "histogram", "From request to durable answer of POST /v1/payments.")
        total = 0
        for bound, number in zip((*BUCKETS_S, "+Inf"), self._pay_buckets, strict=True):
            total += number
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._pay_seconds:.6f}"
        yield f"{name}_count {total}"
        yield from _settlement(durable)
        yield from _risk(node.risk_counts())
        yield from _drift(node.drift())
        yield from _calibration(node.calibration())
        name = "clearway_round_failing"
        help = "1 for what looks once in a while and failed at its last turn."
        yield from _head(name, "gauge", help)
        for of, failing in node.rounds_failing().items():
            yield f'{name}{{of="{of}"}} {int(failing)}'
        name = "clearway_typologies_info"
        yield from _head(name, "gauge", "1 for the levels of typologies in force.")
        yield f'{name}{{digest="{node.typologies_digest.hex()}"}} 1'
        book, projections = node.book, node.projections
        gauges = (
            ("clearway_block_height", "Height of the last block.", book.height),
            ("clearway_accounts", "Accounts on the ledger.", book.accounts_count),
            ("clearway_holds", "Open holds.", book.holds_count),
            ("clearway_projection_height", "Height the read side shows.", projections.height),
            ("clearway_projection_lag_blocks", "Blocks not yet shown.", projections.lag()),
            (
                "clearway_cases_height",
                "Height that alerts were looked for.",
                node.cases.watch.height,
            ),
            ("clearway_queue_payments", "Payments waiting for a batch.", node.batcher.waiting),
            ("clearway_event_streams", "Open event streams.", self.streams),
            ("clearway_ready", "1 when the node serves.", int(not node.readiness())),
        )
        for gauge, help, value in gauges:
            yield from _head(gauge, "gauge", help)
            yield f"{gauge} {value}"


def _risk(counts: RiskCounts) -> Iterator[str]:
    name = "clearway_risk_model_info"
    yield from _head(name, "gauge", "1 for the model in force; zeros when there is none.")
    yield f'{name}{{model_id="{counts.model_id.hex()}"}} 1'
    name = "clearway_risk_payments_total"
    yield from _head(name, "counter", "Payments decided by a model, or without one.")
    for by, number in sorted(counts.payments.items()):
        yield f'{name}{{by="{by}"}} {number}'
    name = "clearway_risk_model_misses_total"
    yield from _head(name, "counter", "Batches that the model failed, was late or slow with.")
    for why in ("busy", "failed", "late", "slow"):
        yield f'{name}{{why="{why}"}} {counts.misses.get(why, 0)}'
    name = "clearway_risk_reviews_today"
    yield from _head(name, "gauge", "Reviews given out since midnight UTC.")
    yield f"{name} {counts.reviews}"
    name = "clearway_risk_review_price_eur"
    yield from _head(name, "gauge", "What the last review wanted had to save above its cost.")
    price = counts.review_price_eur
    yield f"{name} {'+Inf' if isinf(price) else f'{price:.2f}'}"
    name = "clearway_risk_unreviewed_total"
    yield from _head(name, "counter", "Payments there was no review for, by what became of them.")
    for became, number in sorted(counts.unreviewed.items()):
        yield f'{name}{{became="{became}"}} {number}'
    name = "clearway_risk_shadow_payments_total"
    yield from _head(name, "counter", "Payments that a challenger scored, failed, or was spared.")
    for what in ("failed", "left_out", "scored"):
        yield f'{name}{{what="{what}"}} {counts.shadow.get(what, 0)}'


def _drift(psi: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    name = "clearway_risk_psi"
    help = "Drift of features and score, against the training data or the node's own second month."
    yield from _head(name, "gauge", help)
    for then, columns in psi.items():
        for column, value in columns.items():
            yield f'{name}{{of="{column}",against="{then}"}} {value:.4f}'


def _calibration(found: CalibrationDrift | None) -> Iterator[str]:
    name = "clearway_risk_calibration"
    help = "Frauds over those that the scores said, and its 99 % interval."
    yield from _head(name, "gauge", help)
    if found is not None:
        for what in ("expected", "frauds", "ratio", "low", "high", "z"):
            yield f'{name}{{of="{what}"}} {getattr(found, what):.4f}'


def _settlement(durable: Sequence[Durable]) -> Iterator[str]:
    """As the store has it: from the oldest request of a batch to when the batch was on disk."""
    name = "clearway_settlement_seconds"
    help = f"From a batch's oldest request to durable, of the last {SETTLED_BATCHES} batches."
    yield from _head(name, "gauge", help)
    waits_ns = sorted(row.durable_ns - row.asked_ns for row in durable)
    for quantile in (0.5, 0.99) if waits_ns else ():
        wait_ns = waits_ns[min(int(quantile * len(waits_ns)), len(waits_ns) - 1)]
        yield f'{name}{{quantile="{quantile}"}} {wait_ns / 1e9:.6f}'


def _head(name: str, kind: str, help: str) -> tuple[str, str]:
    return f"# HELP {name} {help}", f"# TYPE {name} {kind}"
