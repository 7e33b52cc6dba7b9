"""Each kind of laundering, planted into ordinary payments, is found and named."""

import numpy as np
import pytest

from clearway.risk.laundering import (
    PATTERNS,
    find_patterns,
    make_graph,
    name_typologies,
    score_accounts,
)
from clearway.risk.laundering.aggregates import find_aggregates
from clearway.risk.laundering.graph import PaymentGraph
from clearway.risk.models.metrics import average_precision
from tests.risk.laundering.worlds import LaunderingWorld, make_world

ACCOUNTS, RINGS = 4_000, 24

# Average precision, well below what was measured with seed 5; chance gives about 0.04.
FLOORS = {
    "steps": {"fan_in": 0.6, "fan_out": 0.6, "cycle": 0.6, "bipartite": 0.8, "stack": 0.7,
              "scatter_gather": 0.7, "gather_scatter": 0.6, "random": 0.7, "mutual": 0.9},
    "once": {"fan_in": 0.2, "fan_out": 0.2, "cycle": 0.8, "bipartite": 0.8, "stack": 0.6,
             "scatter_gather": 0.8, "gather_scatter": 0.2, "random": 0.7, "mutual": 0.9},
    "days": {"fan_in": 0.3, "fan_out": 0.2, "cycle": 0.9, "bipartite": 0.7, "stack": 0.6,
             "scatter_gather": 0.8, "gather_scatter": 0.7, "random": 0.7, "mutual": 0.8},
    "hours": {"fan_in": 0.7, "fan_out": 0.7, "cycle": 0.9, "bipartite": 0.9, "stack": 0.8,
              "scatter_gather": 0.9, "gather_scatter": 0.8, "random": 0.8, "mutual": 0.9},
    "minutes": {"fan_in": 0.2, "fan_out": 0.2, "cycle": 0.4, "bipartite": 0.7, "stack": 0.5,
                "scatter_gather": 0.7, "gather_scatter": 0.6, "random": 0.5, "mutual": 0.7},
    "models": {"bipartite": 0.6, "stack": 0.6, "scatter_gather": 0.7, "gather_scatter": 0.2},
    "tills": {"fan_in": 0.3, "bipartite": 0.7, "stack": 0.6, "scatter_gather": 0.7},
    "trade": {"fan_in": 0.4, "cycle": 0.7, "stack": 0.8, "gather_scatter": 0.5, "random": 0.8},
    "mobile": {"bipartite": 0.7, "stack": 0.6, "scatter_gather": 0.6, "mutual": 0.3},
}  # fmt: skip
# What at least two in five of the planted accounts are called where each pattern is planted alone.
NAMES = {
    "steps": {"fan_in": "repeated_payments", "mutual": "mutual", "bipartite": "bipartite"},
    "once": {"cycle": "cycle", "mutual": "mutual", "scatter_gather": "scatter_gather"},
    "days": {"cycle": "cycle", "fan_in": "fan_in", "bipartite": "bipartite"},
    "hours": {"cycle": "cycle", "fan_out": "fan_out", "gather_scatter": "gather_scatter",
              "scatter_gather": "scatter_gather", "random": "layering", "fan_in": "fan_in"},
    "minutes": {"bipartite": "bipartite", "scatter_gather": "scatter_gather"},
}  # fmt: skip


def graph_of(world: LaunderingWorld, **changed: np.ndarray) -> PaymentGraph:
    parts = {name: getattr(world, name) for name in ("time", "payer", "payee", "amount")} | changed
    return make_graph(len(world.is_suspicious), **parts)


@pytest.mark.parametrize(
    ("kind", "pattern"), [(kind, pattern) for kind in FLOORS for pattern in FLOORS[kind]]
)
def test_planted_accounts_come_first(kind: str, pattern: str) -> None:
    world = make_world(kind, pattern, seed=5, accounts=ACCOUNTS, rings=RINGS)
    strengths = find_patterns(graph_of(world))
    found = average_precision(score_accounts(strengths), world.is_suspicious)
    assert found >= FLOORS[kind][pattern]
    if name := NAMES.get(kind, {}).get(pattern):
        named = np.array([name in words.split(";") for words in name_typologies(strengths)])
        assert named[world.is_suspicious].mean() >= 0.4
        assert named[~world.is_suspicious].mean() <= 0.1


@pytest.mark.parametrize("kind", ["days", "hours", "once"])
def test_with_nothing_planted_few_accounts_are_named(kind: str) -> None:
    world = make_world(kind, "cycle", seed=6, accounts=ACCOUNTS, rings=1)
    strengths = find_patterns(graph_of(world))
    assert (strengths.sum(axis=1) > 10.0).mean() <= 0.05


@pytest.mark.parametrize("kind", ["steps", "days", "hours"])
def test_units_of_time_and_amount_and_names_change_nothing(kind: str) -> None:
    world = make_world(kind, "mixed", seed=7, accounts=2_000, rings=12)
    rng = np.random.default_rng(7)
    renamed = rng.permutation(len(world.is_suspicious))
    plain = score_accounts(find_patterns(graph_of(world)))
    other = score_accounts(find_patterns(graph_of(
        world, time=world.time * 3_600 + 17, amount=world.amount * 4.0,
        payer=renamed[world.payer], payee=renamed[world.payee],
    )))  # fmt: skip
    assert np.allclose(other[renamed], plain, atol=1e-9)


def test_fans_that_are_told_three_times_count_less_than_three_patterns() -> None:
    strengths = np.zeros((3, len(PATTERNS)))
    for row, names in enumerate([
        ("fan_in",), ("fan_in", "fan_out", "structuring"), ("fan_in", "cycle", "bipartite"),
    ]):  # fmt: skip
        strengths[row, [PATTERNS.index(name) for name in names]] = 6.0
    assert score_accounts(strengths) == pytest.approx([6 / 16, 12 / 22, 18 / 28])


def test_a_pattern_that_names_a_fifth_of_all_is_a_custom() -> None:
    one, other = (fans_of(share) for share in (0.05, 0.3))
    fan_out = PATTERNS.index("fan_out")
    assert one[:, fan_out].max() > 8.0
    assert other[:, fan_out].max() < one[:, fan_out].max() / 2


def test_who_fans_out_again_and_again_is_less_suspicious_than_who_does_once() -> None:
    fan_out = PATTERNS.index("fan_out")
    rng = np.random.default_rng(1)
    n = 8_000
    payer, payee = rng.integers(0, 1_000, n), rng.integers(1_000, 2_000, n)
    at = np.concatenate([[300_000], np.arange(100_000, 900_000, 200_000)])
    centre = np.repeat([2_000, 2_001, 2_001, 2_001, 2_001], 12)  # once; four times
    time = np.append(rng.integers(0, 10**6, n), (at[:, None] + np.arange(12) * 400).ravel())
    order = np.argsort(time, kind="stable")
    strengths = find_patterns(make_graph(
        2_002, time[order], np.append(payer, centre)[order],
        np.append(payee, rng.permutation(1_000)[: len(centre)])[order],
        rng.lognormal(4, 1, len(time)),
    ))  # fmt: skip
    once, again = strengths[2_000:, fan_out]
    assert once > 8.0
    assert again < 2.5


def fans_of(share: float) -> np.ndarray:
    """Strengths where this share of 2,000 accounts is in a fan of 20 members, once."""
    rng = np.random.default_rng(1)
    payer, payee = rng.integers(0, 1_000, (2, 8_000))
    payee = np.where(payer == payee, payee + 1_000, payee)
    time = rng.integers(0, 10**6, 8_000)
    centres = np.repeat(np.arange(1_000, 1_000 + int(share * 2_000 / 20)), 20)
    members = rng.permutation(2_000)[: len(centres)]
    other = members != centres
    at = np.repeat(rng.integers(0, 990_000, len(centres) // 20), 20) + rng.integers(
        0, 10**4, len(centres)
    )
    time = np.concatenate([time, at[other]])
    order = np.argsort(time, kind="stable")
    return find_patterns(make_graph(
        2_000, time[order], np.concatenate([payer, centres[other]])[order],
        np.concatenate([payee, members[other]])[order], rng.lognormal(4, 1, len(time)),
    ))  # fmt: skip


def test_scores_lie_between_0_and_1_and_rise_with_evidence() -> None:
    strengths = np.zeros((4, len(PATTERNS)))
    strengths[1, 0], strengths[2, 3], strengths[3, :] = 1.0, 50.0, 1e6
    score = score_accounts(strengths)
    assert (np.diff(score) > 0).all()
    assert score[0] == 0.0
    assert score[-1] < 1.0


@pytest.mark.parametrize("accounts", [0, 1, 2])
def test_a_graph_without_payments_has_no_patterns(accounts: int) -> None:
    none = np.zeros(0, dtype=np.int64)
    graph = make_graph(accounts, none, none, none, np.zeros(0))
    assert find_patterns(graph).tolist() == [[0.0] * len(PATTERNS)] * accounts
    assert find_aggregates(graph).tolist() == [[0.0] * 16] * accounts


@pytest.mark.parametrize("amount", [0.0, 1.0])
@pytest.mark.parametrize("payments", [1, 2, 200])
def test_all_at_one_instant_or_all_alike_is_no_surprise(amount: float, payments: int) -> None:
    rng = np.random.default_rng(payments)
    payer = rng.integers(0, 50, payments)
    payee = (payer + rng.integers(1, 50, payments)) % 50
    graph = make_graph(50, np.zeros(payments), payer, payee, np.full(payments, amount))
    strengths = find_patterns(graph)
    assert np.isfinite(strengths).all()
    assert (strengths >= 0).all()
    assert score_accounts(strengths).max() < 0.7


def test_two_accounts_alone_are_scored() -> None:
    time = np.arange(6)
    payer = np.array([0, 1, 0, 1, 0, 1])
    graph = make_graph(2, time, payer, 1 - payer, np.full(6, 5.0))
    assert np.isfinite(find_patterns(graph)).all()
