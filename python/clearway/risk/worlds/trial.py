"""How much a fraud team saves: a model's outcomes on simulated payments, scheme by scheme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.ports.model import SCORE_BPS_MAX, Model
from clearway.risk.facts import Facts
from clearway.risk.memory.history import DAY_NS, compute_features
from clearway.risk.models.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.policy import CostPolicy
from clearway.risk.typologies.registry import SHIPPED
from clearway.risk.what_if import Comparison, compare
from clearway.risk.worlds.plain_rules import HABIT, HABIT_TIMES, RULES, level_of, stop_above

REPORT_DAYS: Final = 7  # until a fraud is reported, and not before it
WARM_UP_DAYS: Final = 30  # first days of a world, in which everybody is a stranger: not judged
AS_MANY_ALERTS: Final = "{}, as many alerts"
BOOTSTRAP_SEED: Final = 1


class Played(Protocol):
    """A world as World is one."""

    def payments(self) -> NDArray[np.void]: ...
    def facts(self) -> Facts: ...
    def reports(self, delay_ns: int) -> Facts: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """n payments with their truth and what was said of them.

    payer, case: numbers that no two worlds share (a case is one of its scheme). scheme, habit: as
    in PAYMENT. score_bps: the model's. named: whether a typology fits, which stops nothing, but
    makes an alert. levels: float64[n] of each of RULES.
    """

    time_ns: NDArray[np.int64]
    payer: NDArray[np.uint32]
    amount_eur: NDArray[np.float64]
    scheme: NDArray[np.uint8]
    case: NDArray[np.int64]
    habit: NDArray[np.uint8]
    score_bps: NDArray[np.uint16]
    named: NDArray[np.bool_]
    levels: Mapping[str, NDArray[np.float64]]

    @property
    def is_fraud(self) -> NDArray[np.bool_]:
        fraud: NDArray[np.bool_] = self.scheme > 0
        return fraud

    @classmethod
    def of(cls, worlds: Sequence[Played], model: Model) -> Self:
        """All payments of the worlds after their first WARM_UP_DAYS, scored as serving would."""
        parts = [_play(world, model, number) for number, world in enumerate(worlds)]
        names = [field.name for field in fields(cls) if field.name != "levels"]
        return cls(
            **{name: np.concatenate([part[name] for part in parts]) for name in names},
            levels={rule: np.concatenate([part[rule] for part in parts]) for rule in RULES},
        )


def _play(world: Played, model: Model, number: int) -> dict[str, NDArray[np.generic]]:
    payments, facts = world.payments(), world.facts()
    features = compute_features(facts, world.reports(REPORT_DAYS * DAY_NS))
    first = np.searchsorted(payments["time_ns"], payments["time_ns"][0] + WARM_UP_DAYS * DAY_NS)
    payments, facts, features = payments[first:], facts[first:], features[first:]
    return {
        "time_ns": payments["time_ns"],
        "payer": payments["payer"] + np.uint32(number << 24),
        "amount_eur": facts["amount_eur"],
        "scheme": payments["scheme"],
        "case": payments["case"].astype(np.int64) + (number << 32),
        "habit": payments["habit"],
        "score_bps": np.asarray(model.calibrate(model.raw_scores(features)), dtype=np.uint16),
        "named": SHIPPED.find(features) != 0,
        **{rule: levels(features) for rule, levels in RULES.items()},
    }


@dataclass(frozen=True, slots=True)
class SchemeFound:
    """Of one scheme. reviewed, declined: shares of its payments. cases_found: cases with one of
    them; cases_named: with an alert of a typology, stopped or not. value_eur: at risk; saved_eur:
    declined, or reviewed and not let go. passed, hours: medians over the cases found, payments and
    time before the first that was stopped."""

    payments: int
    cases: int
    reviewed: float
    declined: float
    cases_found: int
    cases_named: int
    value_eur: float
    saved_eur: float
    passed: float | None
    hours: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a policy does to all payments. level: of the rule, None for the model. stopped: all that
    are not accepted; false_positive_rate: share of the honest ones that are stopped; found: share
    of the frauds. saved_share: of the money at risk. cost_eur: CostPolicy's."""

    level: float | None
    stopped: int
    false_positive_rate: float
    found: float
    saved_eur: float
    saved_share: float
    cost_eur: float


@dataclass(frozen=True, slots=True)
class Rival:
    """A rule beside the model. rule: of RULES; name: with how its level was set. What it does, what
    the model does instead, and which share it saves of each scheme."""

    name: str
    rule: str
    totals: Totals
    model_instead: Comparison
    saved_share_by_scheme: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a trial. honest: by habit, payments and shares (reviewed, declined)."""

    payments: int
    frauds: int
    auc_roc: float
    average_precision: float
    calibration_error: float
    model: Totals
    schemes: Mapping[int, SchemeFound]
    honest: Mapping[int, tuple[int, float, float]]
    rivals: tuple[Rival, ...]


def judge(trial: Trial, policy: CostPolicy) -> Verdict:
    """What the model does, and beside it each rule at as many alerts (reviewed or declined), at as
    many reviews, at as many honest payments stopped, and the habit rule as it is usually written.
    """
    outcome = policy.decide(trial.score_bps, trial.amount_eur)
    probability = trial.score_bps / SCORE_BPS_MAX
    schemes = [int(number) for number in np.unique(trial.scheme[trial.is_fraud])]
    habits = [int(number) for number in np.unique(trial.habit[~trial.is_fraud])]
    return Verdict(
        payments=len(trial.scheme),
        frauds=int(trial.is_fraud.sum()),
        auc_roc=auc_roc(trial.score_bps, trial.is_fraud),
        average_precision=average_precision(trial.score_bps, trial.is_fraud),
        calibration_error=calibration_error(probability, trial.is_fraud),
        model=_totals(trial, outcome, policy, level=None),
        schemes={number: _scheme(trial, outcome, number, policy) for number in schemes},
        honest={number: _honest(trial, outcome, number) for number in habits},
        rivals=tuple(
            _rival(trial, outcome, name, rule, level, policy)
            for name, rule, level in _levels(trial, outcome)
        ),
    )


def _levels(trial: Trial, outcome: NDArray[np.uint8]) -> list[tuple[str, str, float]]:
    """(name, rule, level) of each rival."""
    stopped, honest = outcome != ACCEPT, ~trial.is_fraud
    everybody = np.ones_like(honest)
    equal = (
        (AS_MANY_ALERTS, everybody, stopped),
        ("{}, as many reviews", everybody, outcome == REVIEW),
        ("{}, as many honest stopped", honest, stopped & honest),
    )
    found = [
        (name.format(rule), rule, level_of(levels[among], at_most=int(like.sum())))
        for rule, levels in trial.levels.items()
        for name, among, like in equal
    ]
    return [*found, (f"{HABIT}, as usual", HABIT, HABIT_TIMES)]


def _rival(
    trial: Trial,
    outcome: NDArray[np.uint8],
    name: str,
    rule: str,
    level: float,
    policy: CostPolicy,
) -> Rival:
    other = stop_above(trial.levels[rule], level)
    saved = _saved(trial, other, policy)
    return Rival(
        name=name,
        rule=rule,
        totals=_totals(trial, other, policy, level=level),
        model_instead=compare(
            actual=other, other=outcome, amount_eur=trial.amount_eur, is_fraud=trial.is_fraud,
            payer=trial.payer, policy=policy, seed=BOOTSTRAP_SEED,
        ),
        saved_share_by_scheme={
            int(number): _share(saved, trial.amount_eur, trial.scheme == number)
            for number in np.unique(trial.scheme[trial.is_fraud])
        },
    )  # fmt: skip


def _totals(
    trial: Trial, outcome: NDArray[np.uint8], policy: CostPolicy, *, level: float | None
) -> Totals:
    stopped, saved = outcome != ACCEPT, _saved(trial, outcome, policy)
    return Totals(
        level=level,
        stopped=int(stopped.sum()),
        false_positive_rate=float(stopped[~trial.is_fraud].mean()),
        found=float(stopped[trial.is_fraud].mean()),
        saved_eur=float(saved.sum()),
        saved_share=_share(saved, trial.amount_eur, trial.is_fraud),
        cost_eur=float(policy.cost_eur(outcome, trial.amount_eur, trial.is_fraud).sum()),
    )


def _scheme(
    trial: Trial, outcome: NDArray[np.uint8], number: int, policy: CostPolicy
) -> SchemeFound:
    mine = trial.scheme == number
    decided, time_ns = outcome[mine], trial.time_ns[mine]
    cases, case = np.unique(trial.case[mine], return_inverse=True)
    passed, hours = _until_stopped(case, time_ns, decided != ACCEPT)
    return SchemeFound(
        payments=int(mine.sum()),
        cases=len(cases),
        reviewed=float((decided == REVIEW).mean()),
        declined=float((decided == DECLINE).mean()),
        cases_found=len(passed),
        cases_named=len(np.unique(case[trial.named[mine]])),
        value_eur=float(trial.amount_eur[mine].sum()),
        saved_eur=float(_saved(trial, outcome, policy)[mine].sum()),
        passed=float(np.median(passed)) if len(passed) else None,
        hours=float(np.median(hours)) if len(hours) else None,
    )


def _until_stopped(
    case: NDArray[np.intp], time_ns: NDArray[np.int64], stopped: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of each case with a stopped payment: payments before the first, and hours since the case's
    own first. Payments are in the order of time; case: int[n], 0 to the number of cases."""
    order = np.argsort(case, kind="stable")
    starts = np.flatnonzero(np.diff(case[order], prepend=-1))
    place = np.arange(len(order))
    first = np.minimum.reduceat(np.where(stopped[order], place, len(order)), starts)
    ends = np.append(starts[1:], len(order))
    found = first < ends
    waited_ns = time_ns[order][first[found]] - time_ns[order][starts[found]]
    return (first - starts)[found], waited_ns / 3.6e12


def _honest(trial: Trial, outcome: NDArray[np.uint8], habit: int) -> tuple[int, float, float]:
    mine = outcome[~trial.is_fraud & (trial.habit == habit)]
    return len(mine), float((mine == REVIEW).mean()), float((mine == DECLINE).mean())


def _saved(trial: Trial, outcome: NDArray[np.uint8], policy: CostPolicy) -> NDArray[np.float64]:
    kept = np.select([outcome == ACCEPT, outcome == REVIEW], [0.0, 1.0 - policy.review_miss_share],
                     1.0)  # fmt: skip
    return np.where(trial.is_fraud, kept * trial.amount_eur, 0.0)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    return float(part[mask].sum() / whole[mask].sum())
