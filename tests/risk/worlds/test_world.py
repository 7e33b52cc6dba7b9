"""The simulated world: reproducible, plausible, not trivially separable, and named harmlessly."""

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from clearway.risk.features import FEATURES
from clearway.risk.models.metrics import auc_roc
from clearway.risk.models.train import compute_features
from clearway.risk.worlds.population import ASSETS, PERSON
from clearway.risk.worlds.schemes import TAKEOVER
from clearway.risk.worlds.world import DAY_NS, HABITS, SCHEMES, START_NS, World

WORLD = World(seed=11, customers=1_500, merchants=200, days=20)
PAYMENTS = WORLD.payments()


def test_the_same_seed_makes_the_same_world() -> None:
    again = World(seed=11, customers=1_500, merchants=200, days=20)
    assert again.payments().tobytes() == PAYMENTS.tobytes()
    assert again.names() == WORLD.names()
    other = World(seed=12, customers=1_500, merchants=200, days=20)
    assert other.payments().tobytes() != PAYMENTS.tobytes()


def test_payments_are_sensible_and_in_the_order_of_time() -> None:
    assert (np.diff(PAYMENTS["time_ns"]) >= 0).all()
    assert PAYMENTS["time_ns"][0] >= START_NS
    assert PAYMENTS["time_ns"][-1] < START_NS + 20 * DAY_NS
    assert (PAYMENTS["payer"] != PAYMENTS["payee"]).all()
    assert PAYMENTS["amount_minor"].min() >= 1
    assert max(PAYMENTS["payer"].max(), PAYMENTS["payee"].max()) < len(WORLD.population)


def test_a_payer_pays_in_its_own_currency_and_some_payments_cross_borders() -> None:
    asset = WORLD.population.asset
    assert (asset[PAYMENTS["payer"]] == PAYMENTS["asset"]).all()
    assert set(PAYMENTS["asset"]) == set(range(len(ASSETS)))
    crossing = asset[PAYMENTS["payer"]] != asset[PAYMENTS["payee"]]
    assert 0.02 < crossing.mean() < 0.5


def test_every_scheme_occurs_at_a_realistic_rate() -> None:
    assert 0.003 < PAYMENTS["is_fraud"].mean() < 0.01
    assert set(PAYMENTS["scheme"]) == set(range(len(SCHEMES)))
    assert ((PAYMENTS["scheme"] > 0) == PAYMENTS["is_fraud"]).all()


def test_no_single_feature_gives_a_fraud_away() -> None:
    features = compute_features(WORLD.facts())
    for k, name in enumerate(FEATURES):
        auc = auc_roc(features[:, k], PAYMENTS["is_fraud"])
        assert max(auc, 1 - auc) < 0.85, name


def test_opening_balances_cover_everything_that_is_sent() -> None:
    balance = np.zeros((len(WORLD.population), len(ASSETS)))
    opening = WORLD.opening_balances()
    balance[opening["account"], opening["asset"]] = opening["amount_minor"]
    np.subtract.at(balance, (PAYMENTS["payer"], PAYMENTS["asset"]), PAYMENTS["amount_minor"])
    assert balance.min() >= 0


def test_a_day_for_the_demonstration_has_enough_payments() -> None:
    day = World(seed=1, customers=12_000, merchants=600, days=1).payments()
    assert len(day) > 20_000
    assert len(set(day["scheme"])) == len(SCHEMES)


def test_a_small_world_works_too() -> None:
    assert len(World(seed=1, customers=50, merchants=20, days=1).payments()) > 50


def test_a_million_payments_take_seconds() -> None:
    start_s = time.perf_counter()
    assert len(World(seed=2, customers=8_000, merchants=1_200, days=75).payments()) > 900_000
    assert time.perf_counter() - start_s < 20


@pytest.mark.shared
def test_nobody_is_named_like_a_listed_person(shared: Path) -> None:
    listed = set()
    for name in ("ofac_sdn.csv", "ofac_alt.csv"):
        with (shared / "data/sanctions" / name).open(encoding="utf-8", errors="replace") as file:
            for row in csv.reader(file):
                listed |= {
                    tuple(sorted(cell.lower().replace(",", "").split())) for cell in row[1:5]
                }
    people = World(seed=3, customers=20_000, merchants=800, days=1)
    names = [tuple(sorted(name.lower().split())) for name in people.names()]
    assert people.population.kind[0] == PERSON
    assert listed.isdisjoint(names)


def test_every_payment_is_part_of_a_case_or_of_a_habit() -> None:
    fraud = PAYMENTS["is_fraud"]
    assert ((PAYMENTS["habit"] == 0) == fraud).all()
    assert set(PAYMENTS["habit"][~fraud]) == set(range(1, len(HABITS)))
    assert (PAYMENTS["case"][~fraud] == 0).all()
    takeovers = PAYMENTS[PAYMENTS["scheme"] == TAKEOVER]
    assert len(set(takeovers["case"])) > 5
    for case in set(takeovers["case"]):
        assert len(set(takeovers["payer"][takeovers["case"] == case])) == 1
