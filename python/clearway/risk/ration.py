"""Gives out reviews to a batch, and says what becomes of the payments that get none."""

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.risk.models.rules import RulesModel
from clearway.risk.policy import CostPolicy
from clearway.risk.reasons import REVIEWS_SCARCE, WARMING_UP
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
        self._apply_rules(scores)
        asked = scores.outcome == REVIEW
        rows = np.flatnonzero(asked if reviewable is None else asked & reviewable)
        if len(rows) == 0:
            return NOTHING
        saving = self._saving(rows, scores, scores.amount_eur)
        wanted = Wanted(time_ns[rows], saving, np.full(len(rows), UNDECIDED, np.int8))
        scores.review_price[rows] = to_euros(self.reviews.take(wanted))
        self._decide_alone(rows[wanted.taken == 0], scores)
        return wanted

    def _apply_rules(self, scores: Scores) -> None:
        """Sends what a rule alone asks for to a person."""
        if self._rules is None:
            return
        holds = self._rules.raw_scores(scores.features) > self._rules.base
        scores.outcome[holds & (scores.outcome == ACCEPT)] = REVIEW

    def _saving(
        self, rows: NDArray[np.intp], said: Scores | Decided, amount_eur: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of a review of each of these, all of which somebody asked for; a function of what stands
        on record alone, so that the past played again comes to the same. Without a model nobody can
        tell, and what cost and score would have let pass, a rule asked for: both infinite."""
        if said.model_id == NO_MODEL_ID:
            return np.full(len(rows), np.inf)
        score_bps, eur = said.score_bps[rows], amount_eur[rows]
        passes = self._policy.decide(score_bps, eur) == ACCEPT
        passes |= said.reasons[rows] & WARMING_UP != 0
        return np.where(passes, np.inf, self._policy.saving_eur(score_bps, eur))

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
            saving = self._saving(rows, decided, amount_eur)
            self.reviews.learn(Wanted(time_ns[rows], saving, reviewed[rows].astype(np.int8)))
