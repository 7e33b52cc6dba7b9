"""A node learns from its own ledger: reproducibly, from feedback, and never promotes by itself
unless it was told to and the test allows it."""

import hashlib
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.app import models
from clearway.app.cli import main
from clearway.app.config import load_node_config
from clearway.app.retrain import Retraining, train_ledger
from clearway.risk.models.compare import Judged
from clearway.risk.models.registry import Registry
from tests.gateway.api import Api
from tests.gateway.conftest import serve

DAY_S = 86_400


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Ten weeks of payments; every fourth of the large ones was a fraud, found out a day later."""
    folder = tmp_path_factory.mktemp("retrain") / "node"
    for api in serve(folder, review="10000", decline="10000"):
        payers = [api.account(funded="90000.00") for _ in range(6)]
        payees = [api.account() for _ in range(6)]
        frauds: list[str] = []
        for day in range(35):
            api.clock.pass_s(2 * DAY_S)
            for id in frauds:
                answer = api.post(f"/v1/payments/{id}/feedback", {"verdict": "confirmed_fraud"})
                assert answer.status_code == 201
            frauds = []
            for k in range(24):
                is_fraud = k % 3 == 0
                amount = f"{900 + k}.50" if is_fraud else f"{10 + k}.00"
                paid = api.pay(payers[(day + k) % 6], payees[k % 6], amount).json()
                if is_fraud:
                    frauds.append(paid["id"])
        yield api


def test_the_same_ledger_and_seed_train_the_same_model(api: Api, tmp_path: Path) -> None:
    config = load_node_config(api.node.config.data)
    one, two = (train_ledger(config, tmp_path / name, seed=3) for name in ("one", "two"))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.card == two.card
    source = one.card["source"]
    assert source["kind"] == "ledger"
    assert source["chain_id"] == api.node.book.chain_id.hex()
    assert source["feedback"] == api.node.vault.feedback.last_number
    assert one.card["frauds"]["test"] >= 20
    assert one.card["metrics_on_test"]["auc_roc"] > 0.95


@pytest.mark.parametrize("kind", ["logistic", "isolation"])
def test_one_command_trains_and_tries_a_challenger_of_another_kind(
    api: Api, tmp_path: Path, kind: str
) -> None:
    data = api.node.config.data
    ids = []
    for name in ("one", "two"):
        words = ["train", "--ledger", "--kind", kind, "--seed", "7", "--register"]
        assert main([*words, "--data", str(data), "--out", str(tmp_path / name)]) == 0
        ids.append(Registry(data / "models").roles().challenger)
    assert ids[0] == ids[1], "the same ledger and seed"
    card = json.loads((data / "models" / str(ids[0])[:16] / "card.json").read_text())
    assert (card["kind"], card["seed"], card["source"]["kind"]) == (kind, 7, "ledger")
    assert card["source"]["window"]["test"][0] < card["source"]["window"]["test"][1]
    assert hashlib.sha256((tmp_path / "one/model.json").read_bytes()).hexdigest() == ids[0]


def test_the_command_registers_a_challenger_and_promotes_nothing(api: Api) -> None:
    data = api.node.config.data
    assert Retraining(load_node_config(data)).train_once() == 0
    roles = Registry(data / "models").roles()
    assert roles.champion is None
    assert roles.challenger is not None
    card = json.loads((data / "models" / roles.challenger[:16] / "card.json").read_text())
    assert card["source"]["kind"] == "ledger"
    for _ in range(100):
        if api.node.rooms.shadow.challenger is not None:
            break
        time.sleep(0.05)
    assert api.node.rooms.shadow.challenger is not None, "the node tries it at once"


def test_only_a_setting_lets_it_promote_and_only_after_the_test(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = api.node.config.data
    registry = Registry(data / "models")
    tried = registry.roles().challenger
    training = models.Training(ledger=True, register=True, promote_tested=True)
    # What both said of the same payments is too little: the test has nothing to say, so it stays.
    models.train_model(training, out=tmp_path / "one", seed=4, data=data)
    assert registry.roles().champion is None

    rng = np.random.default_rng(1)
    fraud = rng.random(4_000) < 0.05
    knows = np.where(fraud, 9_000, 5).astype(np.uint16)
    errs = np.where(rng.random(4_000) < 0.05, 9_000, knows).astype(np.uint16)  # and declines
    judged = Judged(errs, knows, np.full(4_000, 200.0), fraud, np.arange(4_000))
    monkeypatch.setattr(models, "from_shadow", lambda *_: judged)
    challenger = registry.roles().challenger
    assert challenger not in (None, tried)
    plain = models.Training(ledger=True, register=True)
    models.train_model(plain, out=tmp_path / "two", seed=5, data=data)
    assert registry.roles().champion is None, "nobody told it to"
    challenger = registry.roles().challenger
    models.train_model(training, out=tmp_path / "three", seed=6, data=data)
    assert registry.roles().champion == challenger


def test_what_begins_while_the_node_stops_is_ended(api: Api) -> None:
    """Or the node would wait for a whole training."""
    data = api.node.config.data
    before = Registry(data / "models").roles()
    retraining = Retraining(load_node_config(data))
    retraining.stop()
    assert retraining.train_once() == -signal.SIGTERM
    assert Registry(data / "models").roles() == before


def test_a_ledger_that_knows_too_little_trains_nothing(tmp_path: Path) -> None:
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        payer, payee = api.account(funded="5.00"), api.account()
        api.pay(payer, payee, "1.00")
        assert Retraining(load_node_config(api.node.config.data)).train_once() == 1
        assert api.node.models.registry.entries() == []
