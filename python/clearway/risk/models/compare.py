"""Champion against challenger on the same payments: who would have cost the bank less, and is it
safe to change?

Each model's scores become outcomes by the same policy, each outcome has a price, and the difference
is taken payment by payment, so that what both get right or wrong alike cancels. The interval is a
paired bootstrap (Efron, Tibshirani 1993, chapter 13), with Poisson weights in place of draws with
replacement, so that only payments on which the prices differ have to be drawn at all.

A challenger is better when the whole interval is above zero. Guardrails come before that: it may
not stop many more honest payments, nor say probabilities that are worse. That it stops more frauds
is no objection: a champion that knows a bank's frauds badly has few alerts.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE
from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.models.drift import calibration_z
from clearway.risk.models.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.policy import CostPolicy
from clearway.risk.reviews import decide_in_order

FRAUDS_MIN: Final = 20
DRAWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Guardrail:
    """How much worse a challenger may be. Rates are shares of honest payments, stopped (alerts) or
    declined: at most the champion's times `more` plus the slack. calibration_slack: of the expected
    calibration error."""

    more: float = 1.25
    alert_slack: float = 0.001
    decline_slack: float = 0.0005
    calibration_slack: float = 0.002
    calibration_enough: float = 0.01  # nobody is refused for an error below it


@dataclass(frozen=True, slots=True)
class Judged:
    """n payments in the order of time: what both models said uint16[n], euros float64[n], truth
    bool[n], ns since 1970."""

    champion_bps: NDArray[np.uint16]
    challenger_bps: NDArray[np.uint16]
    amount_eur: NDArray[np.float64]
    is_fraud: NDArray[np.bool_]
    time_ns: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Side:
    """One model on these payments. cost_eur: by the policy, of all; calibration_z: see drift.py;
    alerts and declines: shares of all; honest_stopped and honest_declined: of honest payments."""

    cost_eur: float
    average_precision: float
    auc_roc: float
    calibration_error: float
    calibration_z: float
    alerts: float
    declines: float
    honest_stopped: float
    honest_declined: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """saved_eur: champion's cost less the challenger's, with the 95 % interval low_eur to high_eur;
    objections: why the challenger may not be promoted, empty when it may."""

    payments: int
    frauds: int
    champion: Side
    challenger: Side
    saved_eur: float
    low_eur: float
    high_eur: float
    objections: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"objections": list(self.objections)}


def compare(
    judged: Judged,
    policy: CostPolicy,
    *,
    guardrail: Guardrail | None = None,
    seed: int = 1,
) -> Comparison:
    """ValueError when there are fewer than FRAUDS_MIN frauds, or no honest payment."""
    frauds = int(judged.is_fraud.sum())
    if frauds < FRAUDS_MIN or frauds == len(judged.is_fraud):
        honest = len(judged.is_fraud) - frauds
        raise ValueError(
            f"{frauds} frauds and {honest} honest payments are known, needed {FRAUDS_MIN} and 1"
        )
    champion, cost = _side(judged, judged.champion_bps, policy)
    challenger, other_cost = _side(judged, judged.challenger_bps, policy)
    low, high = _interval(cost - other_cost, seed)
    objections = _objections(champion, challenger, guardrail or Guardrail())
    if low <= 0:
        objections.append(f"it saves {low:,.0f} to {high:,.0f} EUR: that is not surely above zero")
    return Comparison(
        payments=len(judged.is_fraud),
        frauds=frauds,
        champion=champion,
        challenger=challenger,
        saved_eur=float((cost - other_cost).sum()),
        low_eur=low,
        high_eur=high,
        objections=tuple(objections),
    )


def _side(
    judged: Judged, score_bps: NDArray[np.uint16], policy: CostPolicy
) -> tuple[Side, NDArray[np.float64]]:
    """The side, and its cost payment by payment."""
    outcome = decide_in_order(policy, score_bps, judged.amount_eur, judged.time_ns)
    cost = policy.cost_eur(outcome, judged.amount_eur, judged.is_fraud)
    honest = ~judged.is_fraud
    return Side(
        cost_eur=float(cost.sum()),
        average_precision=average_precision(score_bps, judged.is_fraud),
        auc_roc=auc_roc(score_bps, judged.is_fraud),
        calibration_error=calibration_error(score_bps / SCORE_BPS_MAX, judged.is_fraud),
        calibration_z=calibration_z(score_bps / SCORE_BPS_MAX, judged.is_fraud),
        alerts=float((outcome != ACCEPT).mean()),
        declines=float((outcome == DECLINE).mean()),
        honest_stopped=float((outcome[honest] != ACCEPT).mean()),
        honest_declined=float((outcome[honest] == DECLINE).mean()),
    ), cost


def _interval(gained: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """95 % of the sum under resampling; payments on which both cost the same add nothing."""
    differing = gained[gained != 0]
    if not len(differing):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    sums = [float(rng.poisson(1.0, len(differing)) @ differing) for _ in range(DRAWS)]
    low, high = np.quantile(sums, [0.025, 0.975])
    return float(low), float(high)


def _objections(champion: Side, challenger: Side, rail: Guardrail) -> list[str]:
    found = []
    for what, had, has, slack in (
        ("stopped", champion.honest_stopped, challenger.honest_stopped, rail.alert_slack),
        ("declined", champion.honest_declined, challenger.honest_declined, rail.decline_slack),
    ):
        if has > had * rail.more + slack:
            found.append(f"honest payments {what} rise from {had:.3%} to {has:.3%}")
    had, has = champion.calibration_error, challenger.calibration_error
    if has > max(rail.calibration_enough, had + rail.calibration_slack):
        found.append(f"its calibration error is {has:.4f}, the champion's {had:.4f}")
    return found
