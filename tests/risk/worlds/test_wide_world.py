"""The wide world: what the other has, more schemes, honest look-alikes, devices and ways."""

import numpy as np
import pytest

from clearway.risk.features import FEATURES
from clearway.risk.memory.history import DAY_NS, compute_features
from clearway.risk.models.metrics import auc_roc
from clearway.risk.worlds.wide.laundering import SLEEP_DAYS
from clearway.risk.worlds.wide.world import (
    ALL_HABITS,
    ALL_SCHEMES,
    COVER,
    WideWorld,
    without_devices,
)
from clearway.risk.worlds.world import HABITS, SCHEMES, World

SIZE = {"customers": 900, "merchants": 120, "days": 130}
WORLD = WideWorld(seed=31, **SIZE)
PAYMENTS, FACTS = WORLD.payments(), WORLD.facts()


def of_scheme(name: str) -> np.ndarray:
    return FACTS[PAYMENTS["scheme"] == ALL_SCHEMES.index(name)]


def test_the_same_seed_makes_the_same_wide_world() -> None:
    again = WideWorld(seed=31, **SIZE)
    assert again.payments().tobytes() == PAYMENTS.tobytes()
    assert again.facts().tobytes() == FACTS.tobytes()
    assert WideWorld(seed=32, **SIZE).payments().tobytes() != PAYMENTS.tobytes()


def test_the_payments_of_the_other_world_are_in_it_unchanged() -> None:
    of_both = (PAYMENTS["scheme"] < len(SCHEMES)) & (PAYMENTS["habit"] < len(HABITS))
    assert PAYMENTS[of_both].tobytes() == World(seed=31, **SIZE).payments().tobytes()


def test_every_scheme_and_every_look_alike_lives_in_it() -> None:
    assert set(PAYMENTS["scheme"]) == set(range(len(ALL_SCHEMES)))
    assert set(PAYMENTS["habit"]) == set(range(len(ALL_HABITS)))
    fraud = PAYMENTS["is_fraud"]
    assert ((PAYMENTS["scheme"] > 0) == fraud).all()
    assert ((PAYMENTS["habit"] == 0) == fraud).all()
    assert (np.diff(PAYMENTS["time_ns"]) >= 0).all()
    assert PAYMENTS["amount_minor"].min() >= 1
    assert max(PAYMENTS["payer"].max(), PAYMENTS["payee"].max()) < len(WORLD.population)
    assert 0.01 < fraud.mean() < 0.03


def test_a_world_of_a_few_days_has_nobody_who_was_forgotten_for_months() -> None:
    short = WideWorld(seed=31, customers=300, merchants=60, days=40).payments()
    assert ALL_SCHEMES.index("sleepers") not in short["scheme"]
    assert ALL_SCHEMES.index("layering") in short["scheme"]


def test_a_bank_without_devices_sees_the_same_payments() -> None:
    bare = without_devices(FACTS)
    assert not bare["device"].any()
    assert not bare["address"].any()
    assert (bare["corridor"] >> np.uint64(32) == FACTS["asset"]).all()
    assert (bare["corridor"] & np.uint64(0xFFFFFFFF) == FACTS["asset"]).all()
    rest = [name for name in FACTS.dtype.names if name not in ("device", "address", "corridor")]
    assert bare[rest].tolist() == FACTS[rest].tolist()


def test_no_single_feature_gives_a_crime_away() -> None:
    features = compute_features(FACTS, WORLD.reports(7 * DAY_NS))
    for k, name in enumerate(FEATURES):
        auc = auc_roc(features[:, k], PAYMENTS["is_fraud"])
        assert max(auc, 1 - auc) < 0.85, name


def test_most_payees_that_nobody_saw_before_are_honest() -> None:
    later = PAYMENTS["time_ns"] >= PAYMENTS["time_ns"][0] + 30 * DAY_NS
    features = compute_features(FACTS)[later]
    unseen = features[:, FEATURES.index("payee_age")] < 0
    assert unseen.mean() > 0.005
    assert PAYMENTS["is_fraud"][later][unseen].mean() < 0.3


def test_a_small_wide_world_works_too() -> None:
    assert len(WideWorld(seed=1, customers=50, merchants=20, days=1).payments()) > 50


def test_a_farm_has_one_device_for_many_accounts_or_one_address_for_many_devices() -> None:
    case = PAYMENTS["case"][PAYMENTS["scheme"] == ALL_SCHEMES.index("device_farms")]
    farm = of_scheme("device_farms")
    funder = farm["payer"][0]
    first = farm[(case == case[0]) & (farm["payer"] != funder)]
    assert len(set(first["payer"])) > 3
    assert len(set(first["device"])) == 1
    hidden = of_scheme("address_farms")
    shared = [hidden[hidden["address"] == address] for address in set(hidden["address"])]
    assert max(len(set(rows["payer"])) for rows in shared) > 3
    assert max(len(set(rows["device"])) for rows in shared) > 3


def test_a_round_trip_ends_where_it_began() -> None:
    scheme = PAYMENTS["scheme"] == ALL_SCHEMES.index("round_trips")
    for case in set(PAYMENTS["case"][scheme]):
        trip = PAYMENTS[scheme & (PAYMENTS["case"] == case)]
        if trip["time_ns"][-1] < PAYMENTS["time_ns"][0] + 120 * DAY_NS:  # it was not cut off
            assert trip["payee"][-1] == trip["payer"][0]
            assert (trip["payer"][1:] == trip["payee"][:-1]).all()


def test_who_is_woken_up_slept_for_months() -> None:
    woken = PAYMENTS[PAYMENTS["scheme"] == ALL_SCHEMES.index("sleepers")]
    for account in set(woken["payee"]) & set(woken["payer"]):
        mine = (PAYMENTS["payer"] == account) | (PAYMENTS["payee"] == account)
        awake = PAYMENTS["time_ns"][mine & (PAYMENTS["habit"] == COVER)]
        gone_ns = woken["time_ns"][woken["payee"] == account].min() - awake.max()
        assert gone_ns > (SLEEP_DAYS - 10) * DAY_NS


@pytest.mark.parametrize("name", ["layering", "device_farms", "funnels", "bust_outs"])
def test_nobody_reports_what_nobody_was_robbed_by(name: str) -> None:
    reports = WORLD.reports(7 * DAY_NS)
    told = set(zip(reports["payer"], reports["payee"], strict=True))
    rows = of_scheme(name)
    assert not told & set(zip(rows["payer"], rows["payee"], strict=True))


def test_a_robbed_payer_tells_it_a_week_later() -> None:
    reports = WORLD.reports(7 * DAY_NS)
    robbed = of_scheme("invoice_redirections")
    mine = reports[np.isin(reports["payee"], robbed["payee"])]
    assert sorted(mine["time_ns"]) == sorted(robbed["time_ns"] + 7 * DAY_NS)


def test_a_way_is_told_by_both_currencies() -> None:
    asset = WORLD.population.asset
    crosses = asset[PAYMENTS["payer"]] != asset[PAYMENTS["payee"]]
    same = FACTS["corridor"] >> np.uint64(32) == FACTS["corridor"] & np.uint64(0xFFFFFFFF)
    assert (same == ~crosses).all()
    abroad = PAYMENTS["scheme"] == ALL_SCHEMES.index("corridors")
    assert crosses[abroad].all()
