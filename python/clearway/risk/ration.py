"""Gives out reviews to a batch, and says what becomes of the payments that get none."""

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.risk.models.rules import RulesModel
from clearway.risk.policy import CostPolicy
from clearway.risk.reasons import REVIEWS_SCARCE
from clearway.risk.reviews import NOTHING, UNDECIDED, Reviews, Wanted, to_euros
from clearway.risk.scores import NO_MODEL_ID, Decided, Scores


class Ration:
    """reviews: the memory; unreviewed: payments that got no review since the start, by what became
    of them. rules: where one holds, a person has to look. Callers guard it with a lock."""

    def __init__(self, policy: CostPolicy, rules: RulesModel | None, kept: bytes) -> None:
        """kept: see Reviews."""
        self.reviews = Reviews(policy.reviews_per_day, kept)
        self.unreviewed = {"accept": 0, "decline": 0}
        self._policy = policy
        self._rules = rules

    def give_out(
        self, scores: Scores, time_ns: NDArray[np.int64], reviewable: NDArray[np.bool_] | None
    ) -> Wanted:
        """Changes the scores in place. Where a review is wanted and there is none: accept or
        decline, whichever costs less; without a model, decline. What a rule asks for is not
        weighed: it comes first, as long as there are reviews."""
        ruled = self._apply_rules(scores)
        asked = scores.outcome == REVIEW
        rows = np.flatnonzero(asked if reviewable is None else asked & reviewable)
        if len(rows) == 0:
            return NOTHING
        saving = self._saving(rows, scores.score_bps, scores.amount_eur, scores.model_id)
        if ruled is not None:
            saving[ruled[rows]] = np.inf
        wanted = Wanted(time_ns[rows], saving, np.full(len(rows), UNDECIDED, np.int8))
        scores.review_price[rows] = to_euros(self.reviews.take(wanted))
        self._decide_alone(rows[wanted.taken == 0], scores)
        return wanted

    def _apply_rules(self, scores: Scores) -> NDArray[np.bool_] | None:
        """Which of the payments a rule alone sends to a person, bool[n]; None without rules."""
        if self._rules is None:
            return None
        holds = self._rules.raw_scores(scores.features) > self._rules.base
        ruled: NDArray[np.bool_] = holds & (scores.outcome == ACCEPT)
        scores.outcome[ruled] = REVIEW
        return ruled

    def _saving(
        self,
        rows: NDArray[np.intp],
        score_bps: NDArray[np.uint16],
        amount_eur: NDArray[np.float64],
        model_id: bytes,
    ) -> NDArray[np.float64]:
        """Of a review; nobody can tell without a model."""
        if model_id == NO_MODEL_ID:
            return np.full(len(rows), np.inf)
        return self._policy.saving_eur(score_bps[rows], amount_eur[rows])

    def _decide_alone(self, rows: NDArray[np.intp], scores: Scores) -> None:
        if len(rows) == 0:
            return
        outcome = np.full(len(rows), DECLINE, np.uint8)
        if scores.model_id != NO_MODEL_ID:
            outcome = self._policy.decide_alone(scores.score_bps[rows], scores.amount_eur[rows])
        scores.outcome[rows] = outcome
        scores.reasons[rows] |= REVIEWS_SCARCE
        declined = int((outcome == DECLINE).sum())
        self.unreviewed["decline"] += declined
        self.unreviewed["accept"] += len(rows) - declined

    def recall(
        self, decided: Decided, time_ns: NDArray[np.int64], amount_eur: NDArray[np.float64]
    ) -> None:
        """Learns again from what is on record: every review wanted was given out, or is named."""
        reviewed = decided.outcome == REVIEW
        rows = np.flatnonzero(reviewed | (decided.reasons & REVIEWS_SCARCE != 0))
        if len(rows):
            saving = self._saving(rows, decided.score_bps, amount_eur, decided.model_id)
            self.reviews.learn(Wanted(time_ns[rows], saving, reviewed[rows].astype(np.int8)))
