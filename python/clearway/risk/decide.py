"""From a score to an outcome: whatever costs least, in expectation, for this amount."""

from collections import deque
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, REVIEW
from clearway.ports.model import SCORE_BPS_MAX, Model
from clearway.risk.facts import Facts
from clearway.risk.features import Features, is_early
from clearway.risk.guard import BUDGET_S, Guard
from clearway.risk.memory.snapshot import AsOf
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.calibration_drift import CalibrationDrift, Day, Frauds, ScoreTally
from clearway.risk.models.model import RiskModel
from clearway.risk.models.rules import RulesModel
from clearway.risk.policy import CostPolicy
from clearway.risk.ration import Ration
from clearway.risk.reasons import (
    AMOUNT_LIMIT,
    MODEL_MISSING,
    WARMING_UP,
    find_reasons,
)
from clearway.risk.reviews import NOTHING, STATE_BYTES, Wanted
from clearway.risk.scores import NO_MODEL_ID, Decided, RiskCounts, Scores

NO_MODEL_LIMIT_EUR: Final = 10_000.0  # without a model, a person looks at what is above


Judged = tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint64]]
"""score_bps, outcome, reasons."""


@dataclass(slots=True)
class _Waiting:
    """A batch that is staged."""

    features: Features
    time_ns: NDArray[np.int64]
    wanted: Wanted = NOTHING


class Scorer:
    """The whole room: memory, model and policy. Score, then commit or discard.

    When no model answers (there is none, it failed, or it was late; see guard.py), the batch is
    decided without: every row says so (`risk.model_missing`, model id of 32 zeros), has score 0,
    and goes to review above NO_MODEL_LIMIT_EUR or where a rule of data/fallback.json holds.

    In a ledger's first hour everybody is new and everything is sudden, so that what usually tells
    a fraud says nothing. While `is_early` all is accepted; the score is recorded as ever, and what
    would have been stopped says so (`risk.warming_up`).

    Where the policy bounds the reviews of a day, what there is no review for is accepted or
    declined, whichever costs less, and says so (`risk.reviews_scarce`); without a model it is
    declined, because nothing speaks for it. See reviews.py.
    """

    def __init__(
        self,
        state: FeatureState,
        model: Model | None,
        policy: CostPolicy | None = None,
        *,
        rules: RulesModel | None = None,
        budget_s: float = BUDGET_S,
    ) -> None:
        """rules: where one holds, a person has to look, whatever the model says."""
        self.state = state
        self.guard: Guard[Judged] = Guard(budget_s)
        self.payments = {"model": 0, "fallback": 0}  # decided since the start, by what
        self._model = model
        self._policy = policy or CostPolicy()
        self._fallback = load_fallback()
        self._ration = Ration(self._policy, rules, state.beside[:STATE_BYTES])
        self._tally = ScoreTally(state.beside[STATE_BYTES:])
        self._waiting: deque[_Waiting] = deque()  # the staged batches, oldest first
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

    def counts(self, now_ns: int = 0) -> RiskCounts:
        """now_ns: of whose day the reviews are."""
        return RiskCounts(
            self.model_id,
            dict(self.payments),
            dict(self.guard.misses),
            reviews=self._ration.reviews.used(now_ns),
            review_price_eur=self._ration.reviews.price_eur,
            unreviewed=dict(self._ration.unreviewed),
        )

    def problems(self) -> list[str]:
        """Why the last batch was decided without a model, in words; empty when it was not."""
        if self._model is None:
            return ["no risk model is loaded; limits and rules decide"]
        return [f"{self.guard.problem}; limits and rules decide"] if self.guard.problem else []

    def scarcity(self, now_ns: int) -> list[str]:
        """That nobody can look at anything until midnight, in words; empty when somebody can."""
        reviews = self._ration.reviews
        if not reviews.are_used_up(now_ns):
            return []
        used_up = f"the day's {reviews.per_day} reviews are used up"
        return [f"{used_up}; until midnight UTC expected cost accepts or declines"]

    def score(self, facts: Facts, reviewable: NDArray[np.bool_] | None = None) -> Scores:
        """Scores and stages FACTS[n]; `commit` or `discard` has to follow. Earlier batches may
        still wait for theirs; they are part of this one's past. reviewable: bool[n], whether a
        review is possible at all, by default it is; one that is not takes nobody's time.

        ValueError for an account number that is out of bounds. Nothing is staged when it raises.
        """
        with self._lock:
            waiting = _Waiting(self.state.stage(facts), facts["time_ns"])
            self._waiting.append(waiting)
        try:
            scores = self._score(facts, waiting.features)
            with self._lock:
                waiting.wanted = self._ration.give_out(scores, waiting.time_ns, reviewable)
        except BaseException:
            self._discard(waiting.features)
            raise
        return scores

    def _score(self, facts: Facts, features: Features) -> Scores:
        model = self._model
        price = np.zeros(len(facts), np.uint16)
        judged = None
        if model is not None:
            judge = partial(self._judge, model, facts["amount_eur"], features)
            judged = self.guard.ask(judge, is_bounded=model.is_bounded)
        if model is None or judged is None:
            self.payments["fallback"] += len(facts)
            judged = self._do_without(facts, features)
            return Scores(*judged, features, NO_MODEL_ID, facts["amount_eur"], price)
        self.payments["model"] += len(facts)
        return Scores(*judged, features, model.model_id, facts["amount_eur"], price)

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

    def commit(
        self,
        scores: Scores | None = None,
        *,
        height: int,
        index: int,
        went_on: NDArray[np.bool_] | None = None,
    ) -> None:
        """What was scored first stands on the chain; its last payment is (height, index).
        Whoever keeps several batches under way says which one this is, and is checked. went_on:
        bool[n], which were booked and not declined; they count for `calibration`."""
        with self._lock:
            assert self._waiting, "invariant: commit without score"
            first = scores is None or scores.features is self._waiting[0].features
            assert first, "invariant: commit out of order"
            self.state.commit(height=height, index=index)
            waiting = self._waiting.popleft()
            self._ration.reviews.stand(waiting.wanted)
            if scores is not None and went_on is not None:
                self._count(waiting.time_ns, scores.score_bps, scores.model_id, went_on)

    def _count(
        self,
        time_ns: NDArray[np.int64],
        score_bps: NDArray[np.uint16],
        model_id: bytes,
        went_on: NDArray[np.bool_],
    ) -> None:
        if model_id != NO_MODEL_ID:
            self._tally.count(time_ns[went_on], score_bps[went_on], model_id)

    def calibration(self, today: Day, frauds: Frauds) -> CalibrationDrift | None:
        """Of the model in force; see calibration_drift.py."""
        with self._lock:
            return self._tally.look(self.model_id, today, frauds)

    def discard(self, scores: Scores | None = None) -> None:
        """What was scored, by default last, never happened; what was scored after it stays. Scores
        that do not wait (they were committed, or discarded before) are left alone."""
        self._discard(None if scores is None else scores.features)

    def _discard(self, features: Features | None) -> None:
        with self._lock:
            waiting = list(self._waiting)
            for place in reversed(range(len(waiting))):
                if features is None or waiting[place].features is features:
                    del self._waiting[place]
                    self.state.discard(place)
                    self._ration.reviews.go_back(one.wanted for one in self._waiting)
                    return

    @property
    def as_of(self) -> AsOf:
        return self.state.as_of

    def tell(self, reports: Facts, *, number: int) -> None:
        """Payments that became known as frauds, from now on part of the past; see FeatureState."""
        with self._lock:
            self.state.tell(reports, number=number)

    def advance(
        self, facts: Facts, *, height: int, index: int, decided: Decided | None = None
    ) -> None:
        """Takes recorded payments in, without scoring them. decided: what is on record of them."""
        self.state.advance(facts, height=height, index=index)
        if decided is None:
            return
        with self._lock:
            self._ration.recall(decided, facts["time_ns"], facts["amount_eur"])
            self._count(facts["time_ns"], decided.score_bps, decided.model_id, decided.went_on)

    def save(self, path: Path) -> None:
        """See FeatureState.save."""
        with self._lock:
            self.state.beside = self._ration.reviews.to_bytes() + self._tally.to_bytes()
        self.state.save(path)


def _accept_early(
    flagged: NDArray[np.intp],
    outcome: NDArray[np.uint8],
    reasons: NDArray[np.uint64],
    features: Features,
) -> None:
    early = flagged[is_early(features[flagged])]
    outcome[early] = ACCEPT
    reasons[early] |= WARMING_UP


def load_fallback() -> RulesModel:
    """The rules that ship, for when no model answers."""
    data = files("clearway.risk").joinpath("data/fallback.json").read_bytes()
    return RulesModel.of_bytes(data, source="fallback.json")
