"""The null models, and each finder on the smallest case that a reader can check by hand."""

import doctest
import math
from importlib import import_module

import numpy as np
import pytest
from scipy import stats

from clearway.risk.laundering.bursts import find_bursts
from clearway.risk.laundering.fans import find_burst_fans, find_fan_in, find_fan_out
from clearway.risk.laundering.gathers import find_gathers, find_structured_gathers
from clearway.risk.laundering.graph import PaymentGraph, make_graph
from clearway.risk.laundering.hops import KEPT, find_hops
from clearway.risk.laundering.stars import Stars, weigh_stars
from clearway.risk.laundering.structuring import find_structured_in
from clearway.risk.laundering.surprise import (
    COMMON,
    calibrate,
    calibrate_by_degree,
    poisson_surprise,
    strength,
    uncertain_surprises,
)


@pytest.mark.parametrize("module", ["graph", "layouts", "score", "stars", "surprise"])
def test_the_examples_run(module: str) -> None:
    found = doctest.testmod(import_module(f"clearway.risk.laundering.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize("mean", [1e-6, 0.01, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("times", [2, 3, 6])
def test_surprise_is_minus_the_logarithm_of_the_poisson_tail(mean: float, times: int) -> None:
    k = math.ceil(mean * times) + 1
    exact = -stats.poisson.logsf(k - 1, mean)
    assert poisson_surprise(k, mean) == pytest.approx(exact, rel=0.06, abs=0.15)


@pytest.mark.parametrize("shape", [0.5, 2.0, 20.0])
@pytest.mark.parametrize("mean", [1e-6, 0.01, 0.5, 3.0])
@pytest.mark.parametrize("times", [2, 3, 6])
def test_a_guessed_mean_makes_the_tail_negative_binomial(
    shape: float, mean: float, times: int
) -> None:
    k = math.ceil(mean * times) + 1
    exact = -stats.nbinom.logsf(k - 1, shape, shape / (shape + mean))
    found = uncertain_surprises(np.array([k]), np.array([mean]), shape)
    assert found[0] == pytest.approx(exact, rel=0.12, abs=0.3)
    assert found[0] <= poisson_surprise(k, mean) + 0.1
    assert uncertain_surprises(np.array([1, 0]), np.array([1.0, 0.5]), shape).tolist() == [0, 0]


def test_what_is_not_above_the_mean_is_no_surprise() -> None:
    assert poisson_surprise(3, 3.0) == 0.0
    assert poisson_surprise(0, 0.0) == 0.0


def test_a_true_null_keeps_its_surprise_and_a_habit_loses_it() -> None:
    rng = np.random.default_rng(1)
    null = rng.exponential(size=10_000)
    assert calibrate(null)[null < 5] == pytest.approx(null[null < 5], abs=0.3)
    habit = calibrate(null * 4.0)
    assert np.quantile(habit, 0.99) == pytest.approx(math.log(100), abs=0.5)


def test_where_more_than_a_tenth_launder_they_still_stand_out() -> None:
    surprise = np.append(np.zeros(800), np.full(200, 60.0))
    assert calibrate(surprise).max() > 10.0


def test_a_tenth_that_is_no_more_surprising_than_chance_takes_nothing_from_rings_above_it() -> None:
    """Of ties few have any; the band between none and the upper tenth says nothing of the rest."""
    surprise = np.concatenate([np.zeros(8_850), np.linspace(0.1, 1.8, 150), np.full(1_000, 1.8)])
    surprise[-50:] = 30.0
    assert calibrate(surprise).max() < 10.0
    assert calibrate(surprise, tail_min=COMMON).max() == 30.0
    assert calibrate(surprise * 3.0, tail_min=COMMON).max() < 40.0


def test_hubs_are_compared_with_hubs() -> None:
    surprise = np.concatenate([np.zeros(9_500), np.full(500, 12.0)])
    degree = np.concatenate([np.full(9_500, 4), np.full(500, 400)])
    assert calibrate(surprise).max() == 12.0
    assert calibrate_by_degree(surprise, degree).max() < 3.0


def test_the_most_surprising_of_nothing_keeps_little() -> None:
    rng = np.random.default_rng(2)
    null = rng.exponential(size=10_000)
    planted = np.append(null, np.full(50, 15.0))
    assert strength(null).mean() < 0.15
    assert strength(planted)[-50:].min() > 14.0


def among_others(*rows: tuple[int, int, int, float]) -> PaymentGraph:
    """The rows (time, payer, payee, amount) of accounts 0 to 19, among 2,000 others' payments of
    1 to 1,000 at the times 0 to 999, in which 0 to 19 also pay and are paid twice each."""
    rng = np.random.default_rng(3)
    payer = np.concatenate([rng.integers(20, 500, 2_000), np.arange(20), np.arange(20)])
    payee = np.concatenate([rng.integers(500, 900, 2_000), rng.integers(500, 900, 40)])
    back = np.repeat(np.arange(20), 2)
    payer = np.concatenate([payer, rng.integers(20, 500, 40)])
    payee = np.concatenate([payee, back])
    time = rng.integers(0, 1_000, len(payer))
    amount = rng.uniform(1, 1_000, len(payer)).round(2)
    added = np.array(rows)
    time = np.concatenate([time, added[:, 0]])
    order = np.argsort(time, kind="stable")
    return make_graph(
        900, time[order], np.concatenate([payer, added[:, 1].astype(int)])[order],
        np.concatenate([payee, added[:, 2].astype(int)])[order],
        np.concatenate([amount, added[:, 3]])[order],
    )  # fmt: skip


def test_five_payments_of_a_pair_at_once_are_a_burst() -> None:
    graph = among_others(*[(500, 0, 1, 100.0 + k) for k in range(5)])
    bursts = find_bursts(graph)
    best = int(np.argmax(bursts))
    assert (graph.pair_payer[best], graph.pair_payee[best]) == (0, 1)
    assert bursts[best] > 20


def test_a_fan_in_names_its_centre_and_its_payers() -> None:
    graph = among_others(*[(500 + k, k, 0, 100.0) for k in range(1, 9)])
    fans = find_fan_in(graph)
    assert np.argmax(fans.surprise) == 0
    assert set(range(1, 9)) <= set(fans.member[fans.centre == 0])


def test_a_fan_out_is_a_fan_in_turned_round() -> None:
    graph = among_others(*[(500 + k, 0, k, 100.0) for k in range(1, 9)])
    fans = find_fan_out(graph)
    assert np.argmax(fans.surprise) == 0
    assert set(range(1, 9)) <= set(fans.member[fans.centre == 0])


def test_payments_alike_are_structuring_and_a_shop_with_one_price_is_not() -> None:
    alike = [(20 * k, k, 0, 300.0 + k) for k in range(1, 9)]
    unlike = [(20 * k, k, 0, 900.0 / 3.0**k) for k in range(1, 9)]
    prices = [(100 * (k % 10), k, 0, 300.0) for k in range(1, 20)]

    def surprise(rows: list[tuple[int, int, int, float]]) -> float:
        return float(find_structured_in(among_others(*rows)).surprise[0])

    assert surprise(alike) > surprise(unlike) + 2
    assert surprise(alike) > surprise(prices) + 2
    stars = find_structured_in(among_others(*alike))
    assert set(range(1, 9)) <= set(stars.member[stars.centre == 0])


def test_bursts_that_meet_at_one_account_are_a_fan() -> None:
    rows = [(100 * k, k, 0, 50.0) for k in range(1, 5) for _ in range(4)]
    rows += [(300, 10, 11, 50.0)] * 4
    graph = among_others(*rows)
    into, out_of = find_burst_fans(graph, find_bursts(graph))
    assert np.argmax(into.surprise) == 0
    assert set(into.member[into.centre == 0]) == {1, 2, 3, 4}
    assert into.surprise[11] == out_of.surprise[10] == 0.0


def test_wages_that_come_again_are_no_fan() -> None:
    once = among_others(*[(300 + k, 0, k, 100.0) for k in range(1, 15)])
    again = among_others(*[(t + k, 0, k, 100.0) for t in (300, 800) for k in range(1, 15)])
    assert find_fan_out(once).surprise[0] > 10
    assert find_fan_out(again).surprise[0] < 3


def test_gathering_before_scattering_counts_and_the_other_way_round_does_not() -> None:
    into = [(500 + k, k, 0, 100.0) for k in range(1, 6)]
    out_of = [(510 + k, 0, k, 100.0) for k in range(6, 11)]
    gathers = find_gathers(among_others(*into, *out_of))
    assert np.argmax(gathers.surprise) == 0
    assert set(range(1, 11)) <= set(gathers.member[gathers.centre == 0])
    before = [(490 + k, 0, k, 100.0) for k in range(6, 11)]
    assert find_gathers(among_others(*into, *before)).surprise[0] < gathers.surprise[0] / 2


def test_gathering_and_scattering_alike_amounts_is_more_surprising() -> None:
    def surprise(amounts: list[float]) -> float:
        into = [(400 + 20 * k, k, 0, amounts[k - 1]) for k in range(1, 5)]
        out_of = [(500 + 20 * k, 0, k, amounts[k - 1]) for k in range(5, 9)]
        stars = find_structured_gathers(among_others(*into, *out_of))
        if amounts[0] == amounts[1]:
            assert np.argmax(stars.surprise) == 0
            assert set(range(1, 9)) <= set(stars.member[stars.centre == 0])
        return float(stars.surprise[0])

    assert surprise([300.0] * 8) > surprise([900.0 / 2.5**k for k in range(8)]) + 4


def test_wages_that_come_again_are_no_scattering() -> None:
    into = [(500 + k, k, 0, 100.0) for k in range(1, 6)]
    once = [(510 + k, 0, k, 100.0) for k in range(6, 11)]
    again = [(at + k, 0, k, 100.0) for at in (110, 510) for k in range(6, 11)]
    scattered, paid = (find_gathers(among_others(*into, *out_of)) for out_of in (once, again))
    assert set(range(6, 11)) <= set(scattered.member[scattered.centre == 0])
    assert not set(range(6, 11)) & set(paid.member[paid.centre == 0])
    assert paid.surprise[0] < scattered.surprise[0] - 5


def test_a_hub_is_in_a_star_by_chance_and_is_less_sure_than_other_members() -> None:
    accounts, centre, member, hub = 1_000, 0, 1, 2
    surprise = np.where(np.arange(accounts) == centre, 30.0, 0.0)
    star = Stars(
        surprise, np.zeros(accounts), np.full(accounts, 5), np.array([centre, centre]),
        np.array([member, hub]),
    )  # fmt: skip
    alike = weigh_stars(star, np.full(accounts, 5))
    assert alike[member] == alike[hub] > 25
    found = weigh_stars(star, np.where(np.arange(accounts) == hub, 800, 5))
    assert found[centre] == alike[centre] > 25
    assert found[member] == alike[member]
    assert 0 < found[hub] < found[member] / 5


def test_what_passes_through_is_more_surprising_soon_and_alike() -> None:
    def hop(at: int, amount: float) -> float:
        graph = among_others((500, 1, 0, 321.0), (at, 0, 2, amount))
        into = np.flatnonzero((graph.payer == 1) & (graph.payee == 0))[0]
        out = np.flatnonzero((graph.payer == 0) & (graph.payee == 2))[0]
        hops = find_hops(graph)
        assert hops.to.shape == (graph.payments, KEPT)
        return float(hops.surprise[into][hops.to[into] == out][0])

    assert hop(501, 320.0) > hop(501, 150.0) > hop(800, 150.0)
    assert hop(501, 320.0) > hop(800, 320.0) > hop(800, 150.0)
