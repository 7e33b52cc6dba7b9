"""From a score to an outcome: whatever costs least, in expectation, for this amount."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.ports.model import SCORE_BPS_MAX, Model
from clearway.risk.facts import Facts
from clearway.risk.features import FEATURES, Features
from clearway.risk.guard import BUDGET_S, Guard
from clearway.risk.model import RiskModel
from clearway.risk.reasons import AMOUNT_LIMIT, MODEL_MISSING, WARMING_UP, find_reasons
from clearway.risk.rules import RulesModel
from clearway.risk.snapshot import AsOf
from clearway.risk.state import FeatureState

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

    def cost_eur(
        self,
        outcome: NDArray[np.uint8],
        amount_eur: NDArray[np.float64],
        is_fraud: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """What outcomes cost, float64[n], once the truth is known; `decide` weighs the same."""
        amount = np.maximum(np.fmin(amount_eur, 1e15), 0.0)
        accept = np.where(is_fraud, amount + self.fraud_case_eur, 0.0)
        review = self.review_eur + self.review_miss_share * accept
        decline = np.where(is_fraud, 0.0, self.refused_eur + self.refused_share * amount)
        cost: NDArray[np.float64] = np.select(
            [outcome == ACCEPT, outcome == REVIEW], [accept, review], decline
        )
        return cost


@dataclass(frozen=True, slots=True)
class Scores:
    """n answers: score_bps uint16[n]; outcome uint8[n], 1 accept, 2 review, 3 decline; reasons
    uint64[n], bits of reasons.CATALOGUE, 0 for what is accepted; features float32[n, k]. model_id:
    of the model that answered, NO_MODEL_ID when none did. amount_eur: as it was weighed."""

    score_bps: NDArray[np.uint16]
    outcome: NDArray[np.uint8]
    reasons: NDArray[np.uint64]
    features: Features
    model_id: bytes
    amount_eur: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RiskCounts:
    """Since the start. payments: decided, by what (`model`, `fallback`); misses: batches by why
    they had no answer of the model, see Guard; shadow: payments, by what became of them when a
    challenger is tried (`scored`, `failed`, `left_out`)."""

    model_id: bytes
    payments: Mapping[str, int]
    misses: Mapping[str, int]
    shadow: Mapping[str, int] = field(default_factory=dict)


Judged = tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint64]]
"""score_bps, outcome, reasons."""


class Scorer:
    """The whole room: memory, model and policy. Score, then commit or discard.

    When no model answers (there is none, it failed, or it was late; see guard.py), the batch is
    decided without: every row says so (`risk.model_missing`, model id of 32 zeros), has score 0,
    and goes to review above NO_MODEL_LIMIT_EUR or where a rule of data/fallback.json holds.

    In a ledger's first hour everybody is new and everything is sudden, so that what usually tells
    a fraud says nothing. Until WARM_UP_S all is accepted; the score is recorded as ever, and what
    would have been stopped says so (`risk.warming_up`).
    """

    def __init__(
        self,
        state: FeatureState,
        model: Model | None,
        policy: CostPolicy | None = None,
        *,
        budget_s: float = BUDGET_S,
    ) -> None:
        self.state = state
        self.guard: Guard[Judged] = Guard(budget_s)
        self.payments = {"model": 0, "fallback": 0}  # decided since the start, by what
        self._model = model
        self._policy = policy or CostPolicy()
        self._fallback = load_fallback()
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

    def use(self, model: Model) -> None:
        """From the next batch on; the one before has no part in it."""
        self._model = model

    def counts(self) -> RiskCounts:
        return RiskCounts(self.model_id, dict(self.payments), dict(self.guard.misses))

    def problems(self) -> list[str]:
        """Why the last batch was decided without a model, in words; empty when it was not."""
        if self._model is None:
            return ["no risk model is loaded; limits and rules decide"]
        return [f"{self.guard.problem}; limits and rules decide"] if self.guard.problem else []

    def score(self, facts: Facts) -> Scores:
        """Scores and stages FACTS[n]; `commit` or `discard` has to follow. Earlier batches may
        still wait for theirs; they are part of this one's past.

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
        model = self._model
        judged = None
        if model is not None:
            judge = partial(self._judge, model, facts["amount_eur"], features)
            judged = self.guard.ask(judge, is_bounded=model.is_bounded)
        if model is None or judged is None:
            self.payments["fallback"] += len(facts)
            judged = self._do_without(facts, features)
            return Scores(*judged, features, NO_MODEL_ID, facts["amount_eur"])
        self.payments["model"] += len(facts)
        return Scores(*judged, features, model.model_id, facts["amount_eur"])

    def _judge(self, model: Model, amount_eur: NDArray[np.float64], features: Features) -> Judged:
        """Whatever a plugged model raises or gets wrong counts as no answer."""
        score_bps = np.asarray(model.calibrate(model.raw_scores(features)))
        if score_bps.shape != (len(features),) or (score_bps > SCORE_BPS_MAX).any():
            raise ValueError("its scores are not one for each payment, 0 to 10,000")
        score_bps = score_bps.astype(np.uint16, casting="same_kind")
        outcome = self._policy.decide(score_bps, amount_eur)
        reasons = np.zeros(len(features), dtype=np.uint64)
        flagged = np.flatnonzero(outcome != ACCEPT)
        if len(flagged):
            reasons[flagged] = find_reasons(model.contributions(features[flagged]))
            _accept_early(flagged, outcome, reasons, features)
        return score_bps, outcome, reasons

    def _do_without(self, facts: Facts, features: Features) -> Judged:
        outcome = np.full(len(facts), ACCEPT, dtype=np.uint8)
        reasons = np.full(len(facts), MODEL_MISSING)
        ruled = np.flatnonzero(self._fallback.raw_scores(features) > self._fallback.base)
        if len(ruled):
            outcome[ruled] = REVIEW
            reasons[ruled] |= find_reasons(self._fallback.contributions(features[ruled]))
            _accept_early(ruled, outcome, reasons, features)
        above = ~(facts["amount_eur"] <= NO_MODEL_LIMIT_EUR)  # NaN is above
        outcome[above] = REVIEW
        reasons[above] |= AMOUNT_LIMIT
        return np.zeros(len(facts), dtype=np.uint16), outcome, reasons

    def commit(self, scores: Scores | None = None, *, height: int, index: int) -> None:
        """What was scored first stands on the chain; its last payment is (height, index).
        Whoever keeps several batches under way says which one this is, and is checked."""
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

    def tell(self, reports: Facts, *, number: int) -> None:
        """Payments that became known as frauds, from now on part of the past; see FeatureState."""
        with self._lock:
            self.state.tell(reports, number=number)

    def advance(self, facts: Facts, *, height: int, index: int) -> None:
        """Takes recorded payments in, without scoring them."""
        self.state.advance(facts, height=height, index=index)

    def save(self, path: Path) -> None:
        """See FeatureState.save."""
        self.state.save(path)


def _accept_early(
    flagged: NDArray[np.intp],
    outcome: NDArray[np.uint8],
    reasons: NDArray[np.uint64],
    features: Features,
) -> None:
    early = flagged[features[flagged, _MEMORY_AGE] < np.log2(1.0 + WARM_UP_S)]
    outcome[early] = ACCEPT
    reasons[early] |= WARMING_UP


def load_fallback() -> RulesModel:
    """The rules that ship, for when no model answers."""
    data = files("clearway.risk").joinpath("data/fallback.json").read_bytes()
    return RulesModel.of_bytes(data, source="fallback.json")
