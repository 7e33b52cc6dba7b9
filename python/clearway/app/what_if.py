"""`clearway what-if`: the ledger's own history under other rules, another model, other thresholds.

It works on a copy, so that the node may go on paying meanwhile. Features are computed again from
the chain, with every report where it was told; sanctions decide as they did.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node, policy_of
from clearway.app.config import load_node_config
from clearway.app.past import copied_node, play_past
from clearway.lifecycle.resume import Recorded
from clearway.lifecycle.reviewable import SANCTIONED
from clearway.payment.records import ACCEPT, DECLINE, REVIEW, Flag
from clearway.ports.model import Model
from clearway.risk.decide import Scorer
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.load import load_model
from clearway.risk.models.rules import RulesModel
from clearway.risk.policy import CostPolicy
from clearway.risk.scores import Scores
from clearway.risk.typologies.effect import ANY, Effect, Fits, compare_fits
from clearway.risk.typologies.in_force import InForce
from clearway.risk.typologies.settings import load_in_force
from clearway.risk.what_if import Comparison, compare

SEED: Final = 1
_DECLINED: Final = 24  # ledger.declined, docs/format.md
_STOOD: Final = (0, _DECLINED)  # refused payments moved nothing, and would not have
MEASURES: Final = {
    "lost_eur": "lost to frauds, euros", "saved_eur": "frauds stopped, euros",
    "false_positives": "honest payments stopped", "false_positive_eur": "their amounts, euros",
    "reviews": "reviews", "cost_eur": "cost of all mistakes and reviews, euros",
}  # fmt: skip
_COUNTS: Final = frozenset({"false_positives", "reviews"})


@dataclass(frozen=True, slots=True)
class Other:
    """What is to be tried. rules: a file of rules; where one holds, a person has to look.
    typologies: a file of their levels; they decide nothing, and find other payments."""

    rules: Path | None = None
    model: Path | None = None
    typologies: Path | None = None
    review_bps_min: int | None = None
    decline_bps_min: int | None = None
    reviews_per_day: int | None = None


def what_if(data: Path | None, other: Other) -> tuple[dict[str, Any], str]:
    """Raises ConfigError for a folder without a node, ValueError for a chain without payments;
    RiskFault for a model, rules or levels that are none."""
    config = load_node_config(data)
    tried = _load(other)
    with copied_node(config) as node:
        answer, text = _tell(*_compare(node, other, tried))
    if other == Other():
        text += "\nNothing else was tried. Give --rules, --model, --typologies, --review-bps-min, "
        text += "--decline-bps-min or --reviews-per-day."
    return answer, text


def what_if_of(node: Node, other: Other) -> dict[str, Any]:
    """Of a node of this process that pays nothing meanwhile. Raises as `what_if` does."""
    return _tell(*_compare(node, other, _load(other)))[0]


class _Tried(NamedTuple):
    rules: RulesModel | None
    model: Model | None
    typologies: InForce | None


def _load(other: Other) -> _Tried:
    return _Tried(
        RulesModel.load(other.rules) if other.rules else None,
        load_model(other.model) if other.model else None,
        load_in_force(other.typologies) if other.typologies else None,
    )


def _compare(node: Node, other: Other, tried: _Tried) -> tuple[Comparison, list[Effect], int]:
    """The effects on typologies are told where other levels are tried; last, of how many payments
    that were stopped nothing is known."""
    policy = _policy(node, other)
    model = tried.model or node.scorer.model
    scorer = Scorer(FeatureState(), model, policy, rules=tried.rules)
    in_force = tried.typologies or node.rooms.typologies
    parts = [_decide(part, scores, in_force) for part, scores in play_past(node, scorer)]
    if not parts:
        raise ValueError("there are no payments to look at")
    columns = _Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    said = node.vault.feedback.last_words()
    is_fraud = np.array([said.get(id, False) for id in columns.id.tolist()], dtype=np.bool_)
    is_said = np.array([id in said for id in columns.id.tolist()], dtype=np.bool_)
    unsaid = int((~is_said & (columns.actual != ACCEPT)).sum())
    comparison = compare(
        actual=columns.actual,
        other=columns.other,
        amount_eur=columns.amount_eur,
        is_fraud=is_fraud,
        payer=columns.payer,
        policy=policy,
        seed=SEED,
    )
    if tried.typologies is None:
        return comparison, [], unsaid
    effects = compare_fits(
        actual=columns.fitted,
        other=columns.would_fit,
        amount_eur=columns.amount_eur,
        is_fraud=is_fraud,
        payer=columns.payer,
        seed=SEED,
    )
    return comparison, effects, unsaid


class _Columns(NamedTuple):
    """Of payments that moved or would have moved money: what the ledger refused is left out."""

    id: npt.NDArray[np.void]
    payer: npt.NDArray[np.uint32]
    amount_eur: npt.NDArray[np.float64]
    actual: npt.NDArray[np.uint8]
    other: npt.NDArray[np.uint8]
    fitted: npt.NDArray[np.uint64]
    would_fit: npt.NDArray[np.uint64]


def _policy(node: Node, other: Other) -> CostPolicy:
    own = policy_of(node.config)
    review, decline, per_day = other.review_bps_min, other.decline_bps_min, other.reviews_per_day
    return replace(
        own,
        review_bps_min=own.review_bps_min if review is None else review,
        decline_bps_min=own.decline_bps_min if decline is None else decline,
        reviews_per_day=own.reviews_per_day if per_day is None else per_day,
    )


def _decide(part: Recorded, scores: Scores, typologies: InForce) -> _Columns:
    other = scores.outcome.copy()
    other[~part.reviewable & (other == REVIEW)] = DECLINE
    fitted = np.zeros(len(other), np.uint64)
    heads = part.block.heads[part.rows]
    other[heads["flags"] & np.uint16(Flag.IMPORTED) != 0] = ACCEPT  # it happened elsewhere
    if part.decisions is not None:
        other[part.decisions["flags"] & SANCTIONED != 0] = DECLINE
        fitted = part.decisions["typologies"]
    stood = np.isin(part.block.results["code"][part.rows], _STOOD)
    return _Columns(
        id=np.ascontiguousarray(heads["id"][stood]).view("V16")[:, 0],
        payer=part.facts["payer"][stood],
        amount_eur=part.facts["amount_eur"][stood],
        actual=heads["outcome"][stood],
        other=other[stood],
        fitted=fitted[stood],
        would_fit=typologies.find(scores.features)[stood],
    )


def _tell(found: Comparison, effects: list[Effect], unsaid: int) -> tuple[dict[str, Any], str]:
    lines = [
        (
            f"{found.payments:,} payments, {found.frauds:,} of them known frauds; "
            f"{found.differently:,} would have been decided differently"
        ),
        f"{'':<40}{'was':>16}{'would be':>16}{'change':>16}   nine in ten resamples",
    ]
    for name, words in MEASURES.items():
        one = found.measures[name]
        digits = 0 if name in _COUNTS else 2
        lines.append(
            f"{words:<40}{one.actual:>16,.{digits}f}{one.other:>16,.{digits}f}"
            f"{one.change:>+16,.{digits}f}   {one.low:+,.{digits}f} to {one.high:+,.{digits}f}"
        )
    if unsaid:
        lines.append(
            f"Stopped payments of which nobody has said what they were: {unsaid:,}. They count as "
            "honest until their cases are closed, or feedback comes."
        )
    if not effects:
        return {"ok": True, **found.as_json(), "unsaid": unsaid}, "\n".join(lines)
    lines += _fits_in_words(effects)
    told = {"typologies": [asdict(effect) for effect in effects]}
    return {"ok": True, **found.as_json(), "unsaid": unsaid, **told}, "\n".join(lines)


def _fits_in_words(effects: list[Effect]) -> list[str]:
    """All together, and those that find more or fewer."""
    moved = [one for one in effects if one.code == ANY or one.is_changed]
    lines = [
        "",
        "Typologies decide nothing. Payments that fit, known frauds among them, and their share:",
        f"{'':<34}{'was':>21}{'would be':>21}{'fits':>25}{'frauds':>25}",
    ]
    lines += [
        f"{one.code:<34}{_of(one.actual):>21}{_of(one.other):>21}"
        f"{_change(one.actual.payments, one.other.payments, one.payments_change):>25}"
        f"{_change(one.actual.frauds, one.other.frauds, one.frauds_change):>25}"
        for one in moved
    ]
    return [*lines, f"{len(effects) - len(moved)} others find what they found"]


def _of(fits: Fits) -> str:
    share = "–" if fits.precision is None else f"{fits.precision:.0%}"
    return f"{fits.payments:,}, {fits.frauds:,}, {share}"


def _change(was: int, would_be: int, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{would_be - was:+,} ({low:+,.0f} to {high:+,.0f})"
