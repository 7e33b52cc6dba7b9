"""What a model saves, scheme by scheme, and the plain rules beside it."""

import numpy as np
import pytest

from clearway.risk.features import FEATURES
from clearway.risk.memory.history import DAY_NS
from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.worlds.plain_rules import (
    RULES,
    amount_levels,
    habit_levels,
    level_of,
    stop_above,
)
from clearway.risk.worlds.trial import WARM_UP_DAYS, Trial, judge
from clearway.risk.worlds.world import SCHEMES, World

HOUR_NS = 3_600 * 10**9
LOW, MIDDLE, HIGH = 0, 2_000, 9_900  # basis points: of 100 euros accepted, reviewed, declined


def trial(*rows: tuple[int, int, int, float]) -> Trial:
    """Payments an hour apart as (scheme, case, score, euros), each of another payer."""
    scheme, case, score, eur = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Trial(
        time_ns=np.arange(n, dtype=np.int64) * HOUR_NS,
        payer=np.arange(n, dtype=np.uint32),
        amount_eur=eur.astype(np.float64),
        scheme=scheme.astype(np.uint8),
        case=case.astype(np.int64),
        habit=np.where(scheme == 0, 3, 0).astype(np.uint8),
        score_bps=score.astype(np.uint16),
        named=eur < 100.0,
        levels={name: eur.astype(np.float64) for name in RULES},
    )


def test_a_scheme_is_told_by_its_payments_its_cases_and_its_money() -> None:
    found = judge(
        trial(
            (0, 0, HIGH, 100), (0, 0, LOW, 100),
            (2, 7, LOW, 100), (2, 7, MIDDLE, 100), (2, 8, LOW, 100), (2, 7, HIGH, 100),
            (1, 0, LOW, 99),
        ),
        CostPolicy(),
    )  # fmt: skip
    scheme = found.schemes[2]
    assert (scheme.payments, scheme.cases, scheme.cases_found) == (4, 2, 1)
    assert (scheme.reviewed, scheme.declined) == (0.25, 0.25)
    assert (scheme.value_eur, scheme.saved_eur) == (400.0, 80.0 + 100.0)
    assert (scheme.passed, scheme.hours) == (1.0, 1.0)
    assert found.model.false_positive_rate == 0.5
    assert found.honest == {3: (2, 0.0, 0.5)}
    # Three frauds accepted, an honest payment refused, one fraud looked at and let go by a fifth.
    assert found.model.cost_eur == pytest.approx(2 * 140 + 139 + (15 + 0.02 * 100) + 6 + 0.2 * 140)
    assert (scheme.cases_named, found.schemes[1].cases_named) == (0, 1)


def test_a_scheme_that_nothing_stops_is_said_so() -> None:
    found = judge(trial((0, 0, LOW, 10), (1, 0, LOW, 500), (1, 0, LOW, 500)), CostPolicy())
    scheme = found.schemes[1]
    assert (scheme.cases_found, scheme.saved_eur, scheme.passed, scheme.hours) == (0, 0, None, None)


def test_rules_are_judged_at_as_many_alerts_and_at_as_many_honest_payments_stopped() -> None:
    rows = [(0, 0, LOW, 10.0 * k) for k in range(1, 9)]
    rows += [(0, 0, HIGH, 95.0), (1, 0, HIGH, 85.0), (1, 1, HIGH, 5.0)]
    found = judge(trial(*rows), CostPolicy())
    rivals = {rival.name: rival for rival in found.rivals}
    assert found.model.stopped == 3
    alerts = rivals["amount, as many alerts"]
    assert (alerts.totals.stopped, alerts.totals.level) == (3, 80.0)
    assert rivals["amount, as many reviews"].totals.stopped == 0  # the model declines all three
    honest = rivals["amount, as many honest stopped"].totals
    assert honest.false_positive_rate == found.model.false_positive_rate
    assert (honest.level, honest.found) == (95.0, 0.0)
    assert alerts.saved_share_by_scheme[1] == pytest.approx(0.8 * 85 / 90)
    saved = alerts.model_instead.measures["saved_eur"]
    assert saved.change == pytest.approx(found.model.saved_eur - alerts.totals.saved_eur)
    assert saved.low <= saved.change <= saved.high


def test_rules_ask_for_the_amount_or_for_a_new_payee_and_the_habit() -> None:
    features = np.zeros((3, len(FEATURES)), dtype=np.float32)
    for name, values in {
        "amount_log": (np.log2(101), np.log2(101), np.log2(11)),
        "amount_over_usual": (2.0, 2.0, 0.0),
        "payee_new": (1, 0, 1),
        "payer_sent_n": (3, 3, 0),
    }.items():
        features[:, FEATURES.index(name)] = values
    assert amount_levels(features) == pytest.approx([100, 100, 10])
    assert habit_levels(features).tolist() == [4.0, -np.inf, -np.inf]
    assert stop_above(habit_levels(features), 3.0).tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("at_most", "level"), [(0, np.inf), (1, 5.0), (2, 5.0), (3, 3.0), (4, 1.0), (9, 1.0)]
)
def test_a_level_is_reached_at_most_so_often(at_most: int, level: float) -> None:
    assert level_of(np.array([1.0, 5.0, 3.0, 3.0]), at_most=at_most) == level


def test_worlds_are_played_after_their_first_weeks_and_share_no_payer() -> None:
    worlds = [World(seed, 200, 40, WARM_UP_DAYS + 5) for seed in (8, 9)]
    played = Trial.of(worlds, RiskModel.load_shipped())
    first_ns = [world.payments()["time_ns"][0] for world in worlds]
    assert played.time_ns.min() >= min(first_ns) + WARM_UP_DAYS * DAY_NS
    half = int(np.flatnonzero(np.diff(played.payer.astype(np.int64) >> 24))[0]) + 1
    assert not set(played.payer[:half]) & set(played.payer[half:])
    assert ((played.case > 0) | (played.scheme > 0) | (played.habit > 0)).all()
    assert set(played.scheme) <= set(range(len(SCHEMES)))
