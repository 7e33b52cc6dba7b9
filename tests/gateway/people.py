"""People of a fraud team: each a principal with API keys of their own, on the node of a test."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearway.gateway.auth import create_api_key
from clearway.payment.records import Outcome
from clearway.risk.decide import Scorer
from clearway.risk.facts import Facts
from clearway.risk.features import FEATURES
from clearway.risk.scores import Scores
from tests.gateway.api import Api
from tests.gateway.conftest import serve

SCORE_BPS = 990
FAN_IN, AMOUNT_UNUSUAL = np.uint64(1 << 15), np.uint64(1 << 5)

MEMORY_AGE = FEATURES.index("memory_age")


class Suspicious:
    """The real scorer with a mind of its own: everything has to be looked at, while it stops."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.reasons = AMOUNT_UNUSUAL
        self.score_bps = SCORE_BPS
        self.stops = True

    def score(self, facts: Facts, reviewable: npt.NDArray[np.bool_]) -> Scores:
        scores = self.scorer.score(facts, reviewable)
        scores.outcome[:] = Outcome.REVIEW if self.stops else Outcome.ACCEPT
        scores.score_bps[:] = self.score_bps if self.stops else 0
        scores.reasons[:] = self.reasons if self.stops else 0
        scores.features[:, MEMORY_AGE] = 0.0  # too young for typologies, which have their own tests
        return scores

    def __getattr__(self, name: str) -> object:
        return getattr(self.scorer, name)


def serve_suspicious(data: Path, **settings: str) -> Iterator[Api]:
    for api in serve(data, review="400", decline="5000", **settings):
        api.node.rooms.scorer = Suspicious(api.node.scorer)  # type: ignore[assignment]
        yield api


TEAM = ("cases:read", "cases:write", "cases:decide")


def person(api: Api, name: str, scopes: Sequence[str] = TEAM) -> Api:
    """The API as this person's new key sees it."""
    text, _ = create_api_key(
        api.node.vault,
        principal=name,
        name=name,
        institution=api.node.institution,
        scopes=list(scopes),
        now_ns=time.time_ns(),
    )
    return api.with_token(text)


def cases_of(api: Api, account: str) -> list[dict[str, Any]]:
    answer = api.get("/v1/cases", account=account)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def act(api: Api, case: str, what: str, body: Any = None, **more: Any) -> dict[str, Any]:
    answer = api.post(f"/v1/cases/{case}/{what}", body, **more)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done
