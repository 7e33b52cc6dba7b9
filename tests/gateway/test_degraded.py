"""A node whose model is missing, spoilt or failing: it serves, and says so wherever one looks."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearway.risk.models.calibration_drift import CalibrationDrift
from clearway.risk.models.model import RiskModel
from clearway.risk.scores import NO_MODEL_ID
from tests.gateway.api import Api
from tests.gateway.conftest import serve

WAIT_S = 20.0
SHIPPED = Path(str(files("clearway.risk").joinpath("data")))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Api]:
    yield from serve(tmp_path, review="400", decline="5000")


def metric(api: Api, name: str) -> int:
    [line] = [line for line in api.get("/metrics").text.splitlines() if line.startswith(name)]
    return int(line.rpartition(" ")[2])


def wait_until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def pay(api: Api, amount: str) -> Any:
    payer, payee = api.account(funded="20000.00"), api.account()
    return api.pay(payer, payee, amount).json()


class Broken:
    model_id = b"b" * 32
    base = 0.0
    is_bounded = True

    def raw_scores(self, features: np.ndarray) -> np.ndarray:
        raise OSError("/secret/path: the weights cannot be read")

    def calibrate(self, raw: np.ndarray) -> np.ndarray:
        return raw


def test_a_model_that_fails_is_seen_everywhere(node: Api) -> None:
    assert node.get("/readyz").json()["status"] == "ready"
    sound = node.node.scorer.model
    node.node.scorer.use(Broken())  # type: ignore[arg-type]
    small, large = pay(node, "12.00"), pay(node, "10000.01")
    assert (small["status"], large["status"]) == ("settled", "review")

    ready = node.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"
    [warning] = ready.json()["warnings"]
    assert "OSError" in warning
    assert "/secret" not in warning

    for payment in (small, large):
        full = node.get(f"/v1/payments/{payment['id']}/explanation").json()
        assert full["model_id"] == NO_MODEL_ID.hex()
        assert full["score_bps"] == 0
        assert full["reasons"][0]["code"] == "risk.model_missing"
    assert metric(node, 'clearway_risk_payments_total{by="fallback"}') >= 2
    assert metric(node, 'clearway_risk_model_misses_total{why="failed"}') >= 2

    assert sound is not None
    node.node.scorer.use(sound)
    payment = pay(node, "12.00")
    assert payment["decision"]["model_id"] == sound.model_id.hex()
    assert node.get("/readyz").json() == {"status": "ready", "height": node.node.book.height}


@pytest.mark.parametrize("damage", ["cut", "poisoned", "no card"])
def test_a_spoilt_model_is_refused_and_the_shipped_one_decides(tmp_path: Path, damage: str) -> None:
    for name in ("model.json", "card.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    path = tmp_path / "model.json"
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "poisoned":
        model = json.loads(data)
        model["calibration"] = [[row[0], 0] for row in model["calibration"]]  # all is harmless
        path.write_text(json.dumps(model))
    else:
        (tmp_path / "card.json").unlink()
    settings = {"CLEARWAY_MODEL": str(path)}
    for api in serve(tmp_path / "node", review="400", decline="5000", **settings):
        assert api.node.scorer.model_id == RiskModel.load_shipped().model_id
        ready = api.get("/readyz").json()
        assert ready["status"] == "degraded"
        assert "CLEARWAY_MODEL" in ready["warnings"][0]
        assert pay(api, "12.00")["status"] == "settled"


def test_a_node_without_any_model_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> RiskModel:
        raise OSError("no such file")

    monkeypatch.setattr(RiskModel, "load_shipped", refuse)
    for api in serve(tmp_path / "node", review="400", decline="5000"):
        assert pay(api, "12.00")["decision"]["model_id"] == NO_MODEL_ID.hex()
        ready = api.get("/readyz").json()
        assert ready["status"] == "degraded"
        assert len(ready["warnings"]) == 2


def test_a_calibration_that_drifts_warns_and_degrades_nothing(node: Api) -> None:
    assert 'clearway_risk_calibration{of="ratio"}' not in node.get("/metrics").text
    node.node.calibration_watch.stop()
    found = CalibrationDrift(1_000, 50.0, 120, ratio=2.4, low=1.8, high=3.0, z=6.4)
    node.node.calibration_watch.found = found
    ready = node.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["warnings"] == found.alerts()
    assert 'clearway_risk_calibration{of="ratio"} 2.4000' in node.get("/metrics").text


def test_holds_end_after_an_unexpected_error_and_until_then_it_is_told(
    node: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee = node.account(funded="20.00"), node.account()
    failing = 'clearway_round_failing{of="expiry"}'
    assert metric(node, failing) == 0

    failed = threading.Event()

    def forget() -> None:
        failed.set()
        raise ZeroDivisionError("at /secret/path")

    monkeypatch.setattr(node.node.ordering, "pass_time", forget)
    held = node.pay(payer, payee, "5.00", capture="manual", expires_in_s=1).json()
    assert held["status"] == "held"
    assert failed.wait(WAIT_S)
    wait_until(lambda: metric(node, failing) == 1)
    ready = node.get("/readyz")
    assert ready.status_code == 200, "payments are served all the same"
    assert ready.json()["warnings"] == ["expiry: a look failed (ZeroDivisionError)"]

    monkeypatch.undo()
    wait_until(lambda: node.get(f"/v1/payments/{held['id']}").json()["status"] == "returned")
    wait_until(lambda: metric(node, failing) == 0)
    assert "warnings" not in node.get("/readyz").json()
