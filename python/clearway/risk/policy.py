"""What each outcome costs in expectation, and so which is the cheapest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW

_AMOUNT_EUR_MAX = 1e15


@dataclass(frozen=True, slots=True)
class CostPolicy:
    """What each mistake costs, in euros; all of it belongs into a bank's own hands.

    fraud_case_eur: work and consequences of a fraud on top of the amount (a tested card is robbed
    later). refused_eur, refused_share: an honest payment refused. review_eur: an analyst's time.
    review_miss_share: of the frauds that an analyst lets go. Below review_bps_min nobody is
    bothered whatever the amount, because a probability that small is not known that well; and
    nobody is refused who is more likely honest than not (decline_bps_min). reviews_per_day: so
    many can be looked at, 0 for any number; `decide` knows nothing of it, see reviews.py.
    """

    fraud_case_eur: float = 40.0
    refused_eur: float = 15.0
    refused_share: float = 0.02
    review_eur: float = 6.0
    review_miss_share: float = 0.2
    review_bps_min: int = 700
    decline_bps_min: int = 5_000
    reviews_per_day: int = 0

    def decide(
        self, score_bps: NDArray[np.uint16], amount_eur: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Outcome uint8[n] of scores and amounts; a function of what is recorded, nothing else."""
        accept, review, decline = self._expected_eur(score_bps, amount_eur)
        outcome = np.where(decline < review, DECLINE, REVIEW)
        keep = (accept <= np.minimum(review, decline)) | (score_bps < self.review_bps_min)
        return np.where(keep, ACCEPT, outcome)

    def decide_alone(
        self, score_bps: NDArray[np.uint16], amount_eur: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Likewise, where nobody can look: accept or decline."""
        accept, _, decline = self._expected_eur(score_bps, amount_eur)
        return np.where(accept <= decline, ACCEPT, DECLINE)

    def saving_eur(
        self, score_bps: NDArray[np.uint16], amount_eur: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What looking saves in expectation, float64[n]: against the cheaper of the other two, the
        analyst's time taken off; at least 0."""
        accept, review, decline = self._expected_eur(score_bps, amount_eur)
        saving: NDArray[np.float64] = np.maximum(np.minimum(accept, decline) - review, 0.0)
        return saving

    def _expected_eur(
        self, score_bps: NDArray[np.uint16], amount_eur: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Of accept, review, decline; the last infinite where it is not allowed."""
        p = score_bps / 10_000.0
        amount = _bounded(amount_eur)
        accept = p * (amount + self.fraud_case_eur)
        review = self.review_eur + self.review_miss_share * accept
        decline = (1.0 - p) * (self.refused_eur + self.refused_share * amount)
        return accept, review, np.where(score_bps >= self.decline_bps_min, decline, np.inf)

    def cost_eur(
        self,
        outcome: NDArray[np.uint8],
        amount_eur: NDArray[np.float64],
        is_fraud: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """What outcomes cost, float64[n], once the truth is known; `decide` weighs the same."""
        amount = _bounded(amount_eur)
        accept = np.where(is_fraud, amount + self.fraud_case_eur, 0.0)
        review = self.review_eur + self.review_miss_share * accept
        decline = np.where(is_fraud, 0.0, self.refused_eur + self.refused_share * amount)
        cost: NDArray[np.float64] = np.select(
            [outcome == ACCEPT, outcome == REVIEW], [accept, review], decline
        )
        return cost


def _bounded(amount_eur: NDArray[np.float64]) -> NDArray[np.float64]:
    """fmin takes the number beside NaN."""
    amount: NDArray[np.float64] = np.maximum(np.fmin(amount_eur, _AMOUNT_EUR_MAX), 0.0)
    return amount
