"""Models from the command line, in a node that runs: registered, tried, compared, promoted,
retired; and nothing comes into force that is spoilt or not shown to be better."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from clearway.app.bootstrap import Node
from clearway.app.cli import main
from clearway.risk.models.model import RiskModel
from clearway.risk.models.registry import Registry
from clearway.risk.worlds.world import World
from tests.gateway.api import Api
from tests.gateway.conftest import serve

SHIPPED = RiskModel.load_shipped()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    yield from serve(tmp_path / "node", review="10000", decline="10000")


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World(seed=33, customers=1_500, merchants=150, days=70)
    rows, facts = world.payments(), world.facts()
    path = tmp_path_factory.mktemp("payments") / "payments.parquet"
    table = pa.table(
        {
            "payment_id": np.arange(len(rows)),
            "time": rows["time_ns"].astype("datetime64[ns]"),
            "payer": rows["payer"].astype(np.int64),
            "payee": rows["payee"].astype(np.int64),
            "amount": np.round(facts["amount_eur"], 2),
            "is_fraud": rows["is_fraud"],
        }
    )
    pa.parquet.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def trained(payments: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    assert main(["train", str(payments), "--out", str(out), "--seed", "3"]) == 0
    return out


Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`clearway models …` on the node's folder: exit code, what it found, what it complained of."""

    def run(*args: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = main(["models", *args, "--data", str(tmp_path / "node"), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out.splitlines()[-1]) if said.out else None, said.err

    return run


def wait_for(true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


def decides(node: Node) -> str:
    return node.scorer.model_id.hex()


def test_a_model_is_tried_promoted_and_retired_while_the_node_runs(
    api: Api, run: Run, trained: Path
) -> None:
    assert run("list")[1]["models"] == []
    code, found, _ = run("add", str(trained), "--challenge")
    assert code == 0
    id = found["id"]
    wait_for(lambda: api.node.rooms.shadow.challenger is not None)
    payer, payee = api.account(funded="50.00"), api.account()
    paid = api.pay(payer, payee, "1.00").json()
    assert paid["decision"]["model_id"] == SHIPPED.model_id.hex() == decides(api.node)
    wait_for(lambda: api.node.rooms.shadow.counts["scored"] >= 1)
    assert "clearway_risk_shadow_payments_total" in api.get("/metrics").text

    # Nothing is known of its payments yet, so it is not promoted, unless somebody answers for it.
    code, _, complaint = run("promote")
    assert (code, "frauds" in complaint) == (1, True)
    assert decides(api.node) == SHIPPED.model_id.hex()
    assert run("promote", id[:8], "--force", "a drill")[0] == 0
    wait_for(lambda: decides(api.node) == id)
    paid = api.pay(payer, payee, "1.00").json()
    assert paid["decision"]["model_id"] == id
    assert run("list")[1]["models"][0]["role"] == "champion"
    assert [event["why"] for event in run("show", id[:8])[1]["events"]][-1] == (
        "without a test: a drill"
    )
    assert "model.promote" in (api.node.config.data / "audit.log").read_text()

    assert run("retire", id, "--why", "the drill is over")[1]["champion"] is None
    wait_for(lambda: decides(api.node) == SHIPPED.model_id.hex())
    assert api.node.model(bytes.fromhex(id)) is not None, "what it decided can be explained"


def test_a_champion_that_is_spoilt_on_disk_stays_as_it_was(
    api: Api, run: Run, trained: Path
) -> None:
    id = run("add", str(trained))[1]["id"]
    run("promote", id, "--force", "x")
    wait_for(lambda: decides(api.node) == id)
    path = api.node.config.data / "models" / id[:16] / "model.json"
    path.write_bytes(path.read_bytes()[:100])
    assert run("promote", id, "--force", "y")[0] == 1  # read from the disk, refused by its hash
    other = Registry(api.node.config.data / "models")
    other.register((trained / "model.json").read_bytes() + b" ", {}, by="t")
    time.sleep(1.5)
    assert decides(api.node) == id
    assert api.get("/readyz").json()["status"] == "ready"


def test_a_node_starts_with_the_champion_and_without_a_spoilt_one(
    tmp_path: Path, trained: Path
) -> None:
    registry = Registry(tmp_path / "node" / "models")
    id = registry.register((trained / "model.json").read_bytes(), {}, by="t")
    registry.promote(id, by="t", why="")
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        assert decides(api.node) == id
    path = tmp_path / "node" / "models" / id[:16] / "model.json"
    path.write_bytes(b"{}")
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        assert decides(api.node) == SHIPPED.model_id.hex()
        ready = api.get("/readyz").json()
        assert ready["status"] == "degraded"
        assert ready["warnings"] == ["the champion is refused (risk.model_corrupt)"]


@pytest.mark.usefixtures("api")
def test_a_model_is_compared_on_a_file_it_was_not_fitted_on(
    run: Run, trained: Path, payments: Path
) -> None:
    id = run("add", str(trained), "--challenge")[1]["id"]
    code, found, _ = run("compare", "--payments", str(payments))
    assert code == 0
    assert found["id"] == id
    # The file is the one that it was trained on: only its last fifth counts.
    card = json.loads((trained / "card.json").read_text())
    assert found["payments"] == card["rows"]["test"]
    assert found["challenger"]["average_precision"] == pytest.approx(
        card["metrics_on_test"]["average_precision"], abs=0.02
    )
    code, _, complaint = run("promote", "--payments", str(payments))
    assert (code == 0) == (not found["objections"])
    assert all(objection in complaint for objection in found["objections"])


def test_feedback_is_the_truth_that_models_are_judged_by(api: Api, run: Run, trained: Path) -> None:
    run("add", str(trained), "--challenge")
    wait_for(lambda: api.node.rooms.shadow.challenger is not None)
    payer, payee = api.account(funded="500.00"), api.account()
    ids = [api.pay(payer, payee, "1.00").json()["id"] for _ in range(60)]
    wait_for(lambda: api.node.rooms.shadow.counts["scored"] >= 60)
    for k, id in enumerate(ids[:40]):
        verdict = "confirmed_fraud" if k % 2 else "confirmed_honest"
        api.post(f"/v1/payments/{id}/feedback", {"verdict": "chargeback"})
        api.post(f"/v1/payments/{id}/feedback", {"verdict": verdict})
    code, found, _ = run("compare")
    assert code == 0
    assert (found["payments"], found["frauds"]) == (40, 20)
    code, found, _ = run("compare", "--delay-days", "0")  # whatever nobody complained of is honest
    assert (found["payments"], found["frauds"]) == (60, 20)


def test_models_and_their_roles_are_backed_up(
    api: Api, run: Run, trained: Path, tmp_path: Path
) -> None:
    id = run("add", str(trained))[1]["id"]
    run("promote", id, "--force", "x")
    backup, restored = str(tmp_path / "b.tar"), tmp_path / "restored"
    assert main(["backup", "--data", str(api.node.config.data), "--to", backup]) == 0
    assert main(["restore", backup, "--data", str(restored)]) == 0
    registry = Registry(restored / "models")
    assert registry.roles().champion == id
    assert registry.model(id).model_id.hex() == id


@pytest.mark.parametrize(
    "args", [("show", "ff"), ("promote", "ff"), ("retire", "ff"), ("compare",), ("add", "nothing")]
)
@pytest.mark.usefixtures("api")
def test_what_is_not_there_is_refused_in_one_line(run: Run, args: tuple[str, ...]) -> None:
    code, _, complaint = run(*args)
    assert code == 1
    assert complaint.startswith("clearway: ")
    assert complaint.count("\n") == 1


@pytest.mark.parametrize("action", ["compare", "promote"])
@pytest.mark.usefixtures("api")
def test_without_a_model_to_try_they_say_that_none_is_tried(run: Run, action: str) -> None:
    code, found, complaint = run(action)
    assert (code, found) == (1, None)
    assert complaint == (
        "clearway: no model is tried beside the one that decides; name one, or try one: "
        "`clearway models add FOLDER --challenge`\n"
    )


def test_a_folder_that_is_no_nodes_has_no_models(run: Run) -> None:
    code, _, complaint = run("list")
    assert (code, "is not a node's data folder" in complaint) == (1, True)


def test_the_shipped_model_is_listed_and_shown(run: Run, api: Api, trained: Path) -> None:
    shipped = run("list")[1]["shipped"]
    assert (shipped["id"], shipped["role"]) == (SHIPPED.model_id.hex(), "champion")
    code, found, _ = run("show", shipped["id"][:6])
    assert code == 0
    assert found["card"]["model_id"] == shipped["id"]
    id = run("add", str(trained))[1]["id"]
    assert run("promote", id, "--force", "a drill")[0] == 0
    assert run("list")[1]["shipped"]["role"] == "shipped"
    file = api.node.config.data / "models" / id[:16] / "model.json"
    file.write_bytes(file.read_bytes()[:1_000])
    found = run("list")[1]
    assert found["models"][0]["refused"] == "risk.model_corrupt"
    assert found["shipped"]["role"] == "champion"  # what a node would start with
