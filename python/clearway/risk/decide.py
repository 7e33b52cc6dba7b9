"""From a score to an outcome: whatever costs least, in expectation, for this amount."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.ports.model import Model
from clearway.risk.facts import Facts
from clearway.risk.features import FEATURES, Features
from clearway.risk.model import RiskModel
from clearway.risk.reasons import AMOUNT_LIMIT, MODEL_MISSING, WARMING_UP, find_reasons
from clearway.risk.state import AsOf, FeatureState

NO_MODEL_ID: Final = bytes(32)
NO_MODEL_LIMIT_EUR: Final = 10_000.0  # without a model, a person looks at what is above
WARM_UP_S: Final = 3_600  # of ledger time since the first payment of all
_MEMORY_AGE: Final = FEATURES.index("memory_age")


@dataclass(frozen=True, slots=True)
class CostPolicy:
    """What each mistake costs, in euros; all of it belongs into a bank's own hands.

    fraud_case_eur: work and consequences of a fraud on top of the amount (a tested card is robbed
    later). refused_eur, refused_share: an honest payment refused. review_eur: an analyst's time.
    review_miss_share: of the frauds that an analyst lets go. Below review_bps_min nobody is
    bothered whatever the amount, because a probability that small is not known that well; and
    nobody is refused who is more likely honest than not (decline_bps_min).
    """

    fraud_case_eur: float = 40.0
    refused_eur: float = 15.0
    refused_share: float = 0.02
    review_eur: float = 6.0
    review_miss_share: float = 0.2
    review_bps_min: int = 400
    decline_bps_min: int = 5_000

    def decide(
        self, score_bps: NDArray[np.uint16], amount_eur: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Outcome uint8[n] of scores and amounts; a function of what is recorded, nothing else."""
        p = score_bps / 10_000.0
        amount = np.maximum(np.fmin(amount_eur, 1e15), 0.0)  # fmin takes the number beside NaN
        accept = p * (amount + self.fraud_case_eur)
        review = self.review_eur + self.review_miss_share * accept
        decline = (1.0 - p) * (self.refused_eur + self.refused_share * amount)
        decline = np.where(score_bps >= self.decline_bps_min, decline, np.inf)
        outcome = np.where(decline < review, DECLINE, REVIEW)
        keep = (accept <= np.minimum(review, decline)) | (score_bps < self.review_bps_min)
        return np.where(keep, ACCEPT, outcome)


@dataclass(frozen=True, slots=True)
class Scores:
    """n answers: score_bps uint16[n]; outcome uint8[n], 1 accept, 2 review, 3 decline; reasons
    uint64[n], bits of reasons.CATALOGUE, 0 for what is accepted; features float32[n, k]."""

    score_bps: NDArray[np.uint16]
    outcome: NDArray[np.uint8]
    reasons: NDArray[np.uint64]
    features: Features


class Scorer:
    """The whole room: memory, model and policy. Score, then commit or discard.

    Without a model (`model_id` is 32 zeros) it declares so on every row (`risk.model_missing`),
    scores 0, and sends what is above NO_MODEL_LIMIT_EUR to review.

    In a ledger's first hour everybody is new and everything is sudden, so that what usually tells
    a fraud says nothing. Until WARM_UP_S all is accepted; the score is recorded as ever, and what
    would have been stopped says so (`risk.warming_up`).
    """

    def __init__(
        self, state: FeatureState, model: Model | None, policy: CostPolicy | None = None
    ) -> None:
        self.state = state
        self._model = model
        self._policy = policy or CostPolicy()
        self._waiting: deque[Features] = deque()  # of the staged batches, oldest first
        # One batch may end while the next is staged: here and in the state both are the same ones.
        self._lock = Lock()

    @classmethod
    def load_shipped(cls) -> Self:
        """An empty memory and the model that comes with Clearway."""
        return cls(FeatureState(), RiskModel.load_shipped())

    @property
    def model(self) -> Model | None:
        """The one in force."""
        return self._model

    @property
    def model_id(self) -> bytes:
        return self._model.model_id if self._model else NO_MODEL_ID

    def score(self, facts: Facts) -> Scores:
        """Scores and stages FACTS[n]; `commit` or `discard` has to follow. One earlier batch may
        still wait for its own; it is part of this one's past.

        ValueError for an account number that is out of bounds. Nothing is staged when it raises.
        """
        with self._lock:
            features = self.state.stage(facts)
            self._waiting.append(features)
        try:
            return self._score(facts, features)
        except BaseException:
            self._discard(features)
            raise

    def _score(self, facts: Facts, features: Features) -> Scores:
        if self._model is None:
            return _apply_limit(facts, features)
        raw = self._model.raw_scores(features)
        score_bps = self._model.calibrate(raw)
        outcome = self._policy.decide(score_bps, facts["amount_eur"])
        reasons = np.zeros(len(facts), dtype=np.uint64)
        flagged = np.flatnonzero(outcome != ACCEPT)
        if len(flagged):
            reasons[flagged] = find_reasons(self._model.contributions(features[flagged]))
            early = flagged[features[flagged, _MEMORY_AGE] < np.log2(1.0 + WARM_UP_S)]
            outcome[early] = ACCEPT
            reasons[early] |= WARMING_UP
        return Scores(score_bps, outcome, reasons, features)

    def commit(self, scores: Scores | None = None, *, height: int, index: int) -> None:
        """What was scored first stands on the chain; its last payment is (height, index).
        Whoever keeps two batches under way says which one this is, and is checked."""
        with self._lock:
            assert self._waiting, "invariant: commit without score"
            first = scores is None or scores.features is self._waiting[0]
            assert first, "invariant: commit out of order"
            self.state.commit(height=height, index=index)
            self._waiting.popleft()

    def discard(self, scores: Scores | None = None) -> None:
        """What was scored, by default last, never happened; what was scored after it stays. Scores
        that do not wait (they were committed, or discarded before) are left alone."""
        self._discard(None if scores is None else scores.features)

    def _discard(self, features: Features | None) -> None:
        with self._lock:
            waiting = list(self._waiting)
            for place in reversed(range(len(waiting))):
                if features is None or waiting[place] is features:
                    del self._waiting[place]
                    self.state.discard(place)
                    return

    @property
    def as_of(self) -> AsOf:
        return self.state.as_of

    def advance(self, facts: Facts, *, height: int, index: int) -> None:
        """Takes recorded payments in, without scoring them."""
        self.state.advance(facts, height=height, index=index)

    def save(self, path: Path) -> None:
        """See FeatureState.save."""
        self.state.save(path)


def _apply_limit(facts: Facts, features: Features) -> Scores:
    above = ~(facts["amount_eur"] <= NO_MODEL_LIMIT_EUR)  # NaN is above
    return Scores(
        score_bps=np.zeros(len(facts), dtype=np.uint16),
        outcome=np.where(above, REVIEW, ACCEPT),
        reasons=np.where(above, MODEL_MISSING | AMOUNT_LIMIT, MODEL_MISSING),
        features=features,
    )
