"""Payments that fit a typology become alerts though they were paid: afterwards, and once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from clearway.app.backup import back_up, restore
from clearway.app.bootstrap import build_node
from clearway.app.config import parse_config
from clearway.cases import typologies as cases
from clearway.payment.records import Outcome, view_results
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES
from clearway.risk.typologies.registry import typology_of
from clearway.risk.typologies.settings import load_in_force
from tests.lifecycle.test_watch import WAIT_S, alerts
from tests.lifecycle.town import Town, build_town, rows_of

HOUR_S = 3_600
STRUCTURING = "laundering.structuring_payer"


def start(folder: Path, levels: Path | None = None) -> Town:
    folder.mkdir(exist_ok=True)
    town = build_town(folder, **{"CLEARWAY_TYPOLOGIES": str(levels)} if levels else {})
    town.verdicts.by_amount |= {9_500.0: Outcome.ACCEPT, 9_400.0: Outcome.DECLINE}
    town.node.start()
    return town


def begin(folder: Path, levels: Path | None = None) -> Town:
    """A node of some age, two people, and money."""
    town = start(folder, levels)
    town.open("payer")
    town.open("payee")
    town.fund("payer", 100_000_000)
    town.open("shop")
    town.pay("payer", "shop", 10_000)
    town.clock.pass_s(2 * HOUR_S)
    return town


def structure(town: Town, times: int = 4, amount_minor: int = 950_000) -> list[bytes]:
    ids = []
    for _ in range(times):
        ids.append(rows_of(town.pay("payer", "payee", amount_minor))[0]["id"].tobytes())
        town.clock.pass_s(5 * HOUR_S)
    return ids


def test_what_was_paid_and_fits_a_typology_is_an_alert(tmp_path: Path) -> None:
    town = begin(tmp_path)
    ids = structure(town)
    assert alerts(town) == [(STRUCTURING, 950_000)] * 2  # of the third and the fourth
    store = town.node.cases.store
    [case] = store.cases(town.node.institution, limit=10)
    assert case.entity == town.address("payer")
    kept = store.alerts_of(case)
    assert [one.alert.payment for one in kept] == ids[2:]
    assert kept[0].alert.reasons == (STRUCTURING,)
    assert kept[0].alert.score_bps >= 500
    assert kept[0].alert.expected_loss_eur_minor >= 950_000 * 500 // 10_000
    assert store.verify().ok
    town.node.stop()


def test_the_typologies_stand_in_the_decision_and_its_features_are_kept(tmp_path: Path) -> None:
    town = begin(tmp_path)
    last = structure(town, times=3)[-1]
    town.node.cases.catch_up(town.node.book.height, WAIT_S)
    row = town.node.projections.payment(town.node.institution, last)
    assert row is not None
    decision = town.node.vault.decision(row.key, row.sequence, row.envelope_index)
    assert decision is not None
    structuring = typology_of(STRUCTURING)
    assert structuring is not None
    assert int(decision["typologies"]) >> structuring.bit & 1
    assert int(decision["outcome"]) == Outcome.ACCEPT  # they only advise
    data = town.node.vault.features(row.key, row.sequence, row.envelope_index)
    assert data is not None
    features = dict(zip(FEATURES, np.frombuffer(data, "<f4").tolist(), strict=True))
    assert features["payer_limit_7d"] > 1.2
    town.node.stop()


def test_a_node_looks_for_what_its_bank_says_and_the_decision_tells_at_which_levels(
    tmp_path: Path,
) -> None:
    levels = tmp_path / "levels.json"
    said = {STRUCTURING: {"amount_log": {"at_least": 4_250}}}
    levels.write_text(json.dumps({"format": "clearway-typologies/1", "typologies": said}))
    town = begin(tmp_path, levels=levels)
    structure(town)
    last = structure(town, times=1, amount_minor=490_000)[0]
    assert alerts(town)[-1] == (STRUCTURING, 490_000)
    row = town.node.projections.payment(town.node.institution, last)
    assert row is not None
    decision = town.node.vault.decision(row.key, row.sequence, row.envelope_index)
    assert decision is not None
    digest = decision["typologies_digest"].tobytes()
    assert digest == load_in_force(levels).digest != load_in_force(None).digest
    store = town.node.cases.store
    [case] = store.cases(town.node.institution, limit=10)
    evidence = json.loads(store.evidence_of(case)[-1].body)
    assert evidence["typologies_digest"] == digest.hex()
    town.node.stop()


def test_what_a_bank_has_switched_off_is_no_alert(tmp_path: Path) -> None:
    levels = tmp_path / "levels.json"
    levels.write_text(
        json.dumps({"format": "clearway-typologies/1", "typologies": {STRUCTURING: "off"}})
    )
    town = begin(tmp_path, levels=levels)
    structure(town)
    assert STRUCTURING not in {typology for typology, _ in alerts(town)}
    town.node.stop()


def test_a_node_does_not_start_with_levels_that_are_none_and_leaves_no_trace(
    tmp_path: Path,
) -> None:
    levels = tmp_path / "levels.json"
    levels.write_text("{}")
    data = tmp_path / "data"
    with pytest.raises(RiskFault) as caught:
        build_node(parse_config({"CLEARWAY_TYPOLOGIES": str(levels)}, dev=True, data=data))
    assert caught.value.code == "risk.typologies_format"
    assert not data.exists()


def test_in_a_ledgers_first_hour_nothing_fits(tmp_path: Path) -> None:
    town = start(tmp_path)
    town.open("payer")
    town.open("payee")
    town.fund("payer", 100_000_000)
    for _ in range(4):
        town.pay("payer", "payee", 950_000)
    assert alerts(town) == []
    town.node.stop()


def test_a_declined_payments_alert_takes_the_finer_name(tmp_path: Path) -> None:
    """One alert of one account and family, not two."""
    town = begin(tmp_path)
    structure(town, times=3)
    declined = structure(town, times=1, amount_minor=940_000)
    found = alerts(town)
    store = town.node.cases.store
    kept = [
        one.alert
        for case in store.cases(town.node.institution, limit=10)
        for one in store.alerts_of(case)
        if one.alert.payment == declined[0]
    ]
    families = [(alert.family, alert.entity) for alert in kept]
    assert len(set(families)) == len(families)
    assert STRUCTURING in {alert.typology for alert in kept}
    assert (STRUCTURING, 940_000) in found
    town.node.stop()


def test_after_a_restart_and_with_a_new_file_of_cases_the_same_is_found(tmp_path: Path) -> None:
    town = begin(tmp_path)
    structure(town)
    before = alerts(town)
    town.node.stop()
    town = start(tmp_path)
    assert alerts(town) == before
    town.node.stop()
    for path in (tmp_path / "data").glob("cases.sqlite*"):
        path.unlink()
    town = start(tmp_path)
    assert alerts(town) == before
    town.node.stop()


def test_a_restored_node_finds_them_in_what_it_kept(tmp_path: Path) -> None:
    town = begin(tmp_path / "first")
    structure(town)
    before = alerts(town)
    height = town.node.book.height
    town.node.stop()
    back_up(tmp_path / "first" / "data", to=tmp_path / "kept")
    shipped = f"typologies/{load_in_force(None).digest.hex()}.json"
    assert load_in_force(tmp_path / "kept" / shipped).digest == load_in_force(None).digest
    restore(tmp_path / "kept", data=tmp_path / "second" / "data", height=height, at=None)
    for path in (tmp_path / "second" / "data").glob("cases.sqlite*"):
        path.unlink()
    town = start(tmp_path / "second")
    assert alerts(town) == before
    town.node.stop()


def test_many_envelopes_are_looked_at_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearway.lifecycle.suspicious.ENVELOPES_AT_ONCE", 2)
    monkeypatch.setattr("clearway.lifecycle.watch.ALERTS_AT_ONCE", 1)
    town = begin(tmp_path)
    town.verdicts.by_amount[66.60] = Outcome.REVIEW
    structure(town, times=5)
    town.pay("payer", "payee", 6_660)
    town.pay("payer", "payee", 6_660)
    found = alerts(town)
    assert found.count((STRUCTURING, 950_000)) == 3
    assert sum(amount == 6_660 for _, amount in found) == 2
    town.node.stop()


def test_what_the_ledger_refused_moved_nothing_and_is_no_alert(tmp_path: Path) -> None:
    town = begin(tmp_path)
    structure(town, times=2)
    before = alerts(town)
    town.open("poor")
    for _ in range(4):
        refused = town.pay("poor", "payee", 950_000)
        assert view_results(refused.result)[0]["code"] != 0
    assert alerts(town) == before == []
    town.node.stop()


def test_no_documented_typology_is_called_as_one_of_the_broad_ones_is() -> None:
    assert not any(typology_of(broad.code) for broad in cases.TYPOLOGIES)
