"""Who gives reviews out comes to the same prices after a restart, whatever asked for a review."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.ports.model import Model
from clearway.risk import NO_MODEL_ID, CostPolicy, FeatureState, Scorer
from clearway.risk.facts import Facts
from clearway.risk.models.rules import FORMAT, RulesModel
from clearway.risk.reasons import REVIEWS_SCARCE, WARMING_UP
from clearway.risk.scores import Decided, Scores
from tests.risk.rows import random_history

PER_DAY = 6
ROWS = 64
POLICY = CostPolicy(reviews_per_day=PER_DAY)


def rules(base: float, name: str, weight: float, *condition: Any) -> RulesModel:
    rule = {"name": name, "weight": weight, "if": [list(condition)]}
    data = json.dumps({"format": FORMAT, "base": base, "rules": [rule]}).encode()
    return RulesModel.of_bytes(data, source="test")


MODEL = rules(-2.0, "large", -1.0, "amount_log", ">", 8.0)  # one in eight, or too few to bother
ASKS = rules(-9.0, "large", 1.0, "amount_log", ">", 8.0)  # would save much, but passes by itself


def scorer(model: Model | None) -> Scorer:
    return Scorer(FeatureState(), model, POLICY, rules=ASKS)


def live(scorer: Scorer, facts: Facts, height: int) -> Scores:
    scores = scorer.score(facts)
    scorer.commit(scores, height=height, index=0)
    return scores


def on_record(scores: Scores) -> Decided:
    return Decided(
        scores.score_bps, scores.outcome, scores.reasons,
        scores.outcome != DECLINE, scores.model_id,
    )  # fmt: skip


def test_the_past_played_again_gives_the_prices_of_the_past_lived() -> None:
    history = random_history(3, 20 * ROWS, days=12)
    history["report"] = 0
    parts = np.split(history, 20)
    lived, again = scorer(MODEL), scorer(MODEL)
    ruled = 0
    for height, part in enumerate(parts[:-1], start=1):
        if height == 9:  # for a moment there is none
            lived.use(None)  # type: ignore[arg-type]
        scores = live(lived, part, height)
        again.advance(part, height=height, index=0, decided=on_record(scores))
        passes = POLICY.decide(scores.score_bps, part["amount_eur"]) == ACCEPT
        ruled += int(((scores.outcome == REVIEW) & passes).sum())
        if height == 1:
            assert (scores.reasons & WARMING_UP != 0).any()
        if height == 9:
            assert scores.model_id == NO_MODEL_ID
            lived.use(MODEL)
    assert ruled > PER_DAY, "a rule alone asked for some of them"
    scores, said = (live(each, parts[-1], height=20) for each in (lived, again))
    assert scores.review_price.tolist() == said.review_price.tolist()
    assert scores.outcome.tolist() == said.outcome.tolist()
    assert len(set(scores.review_price.tolist())) > 3, "and there are prices"
    assert (scores.reasons & REVIEWS_SCARCE != 0).any()
