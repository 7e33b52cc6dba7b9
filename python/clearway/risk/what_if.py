"""What other rules, models and thresholds would have cost, against what was decided.

Both sides are judged alike, by what became known of each payment: a fraud that is accepted loses
its amount, one that is declined saves it, one that is reviewed is let go as often as the policy
says that analysts do. Of a payment of which nothing bad is known it is taken that it was honest.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, REVIEW
from clearway.risk.policy import CostPolicy

MEASURES: Final = (
    "lost_eur", "saved_eur", "false_positives", "false_positive_eur", "reviews", "cost_eur",
)  # fmt: skip
RESAMPLES: Final = 1_000
INTERVAL: Final = (5.0, 95.0)  # percentiles: nine in ten resamples lie between
_AT_ONCE: Final = 10_000_000  # numbers drawn at a time


@dataclass(frozen=True, slots=True)
class Measure:
    """actual, other: totals under what was decided and under what would have been. change: other
    less actual; low, high: its interval."""

    actual: float
    other: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """n payments, so many of them known frauds, so many decided differently; MEASURES."""

    payments: int
    frauds: int
    differently: int
    measures: Mapping[str, Measure]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def compare(
    *,
    actual: NDArray[np.uint8],
    other: NDArray[np.uint8],
    amount_eur: NDArray[np.float64],
    is_fraud: NDArray[np.bool_],
    payer: NDArray[np.uint32],
    policy: CostPolicy,
    seed: int,
) -> Comparison:
    """actual, other: outcomes uint8[n]. The intervals resample payers, not payments (a bootstrap of
    clusters): frauds on one account come together, and are no independent evidence."""
    sides = [
        _measures(outcome, amount_eur, is_fraud, policy) for outcome in (actual, other)
    ]  # float64[6, n] each
    change = sides[1] - sides[0]
    low, high = interval(change, payer, np.random.default_rng(seed))
    totals = [side.sum(axis=1) for side in sides]
    measures = {
        name: Measure(
            *(round(float(value), 2) for value in (totals[0][k], totals[1][k], change[k].sum(),
                                                   low[k], high[k]))
        )
        for k, name in enumerate(MEASURES)
    }  # fmt: skip
    return Comparison(len(actual), int(is_fraud.sum()), int((actual != other).sum()), measures)


def _measures(
    outcome: NDArray[np.uint8],
    eur: NDArray[np.float64],
    is_fraud: NDArray[np.bool_],
    policy: CostPolicy,
) -> NDArray[np.float64]:
    """MEASURES of each payment, float64[6, n]."""
    gone = np.select([outcome == ACCEPT, outcome == REVIEW], [1.0, policy.review_miss_share], 0.0)
    lost = np.where(is_fraud, gone * eur, 0.0)
    saved = np.where(is_fraud, eur, 0.0) - lost
    reviewed = outcome == REVIEW
    cost = policy.cost_eur(outcome, eur, is_fraud)
    stopped = ~is_fraud & (outcome != ACCEPT)
    return np.stack([lost, saved, stopped, np.where(stopped, eur, 0.0), reviewed, cost])


def interval(
    change: NDArray[np.float64], payer: NDArray[np.uint32], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Percentiles INTERVAL of the totals of change, float64[m, n], over resampled payers, as
    float64[2, m]. A payer without a change adds nothing to any resample; each other one comes as
    often as a Poisson variable of mean 1 says, which is how often it comes when very many are drawn
    with replacement."""
    changed = (change != 0).any(axis=0)
    _, place = np.unique(payer[changed], return_inverse=True)
    by_payer = np.stack([np.bincount(place, weights=row[changed]) for row in change])
    moving = by_payer[:, (by_payer != 0).any(axis=0)]
    if moving.shape[1] == 0:
        return np.zeros((2, len(change)))
    step = max(1, _AT_ONCE // moving.shape[1])
    totals = np.concatenate([
        rng.poisson(1.0, (min(step, RESAMPLES - start), moving.shape[1])) @ moving.T
        for start in range(0, RESAMPLES, step)
    ])  # fmt: skip
    found: NDArray[np.float64] = np.percentile(totals, INTERVAL, axis=0)
    return found
