"""The command line, as its user meets it: real processes, their output and their exit codes."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearway.app.cli import main
from clearway.app.cli.bench import BENCHES
from clearway.app.cli.risk import MODEL_KINDS
from clearway.gateway.auth import KEY_FRESH_S
from clearway.risk.models.kinds import KINDS

CLEARWAY = (sys.executable, "-m", "clearway")
COMMANDS = (
    "demo", "up", "keys create", "keys list", "keys revoke", "replay", "train", "what-if",
    "evaluate aml", "evaluate risk", "screen", "typologies",
    "verify", "verify-receipt", "verify-blocks", "export-blocks", "backup", "restore", "bench",
)  # fmt: skip


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLEARWAY, *words], capture_output=True, text=True, timeout=120)


def said(*words: str) -> Any:
    """What a command found: the JSON object of its last line."""
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def up(data: Path) -> Iterator[httpx.Client]:
    """A node in its own process, ended by SIGTERM, which must end it in order."""
    process = subprocess.Popen(
        [*CLEARWAY, "up", "--dev", "--data", str(data), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        url = next(line for line in lines if line.startswith("listening on ")).split()[-1]
        key = (data / "dev-api-key").read_text("utf-8").strip()
        with httpx.Client(base_url=url, timeout=60) as http:
            http.headers["Authorization"] = f"Bearer {key}"
            while http.get("/readyz").status_code != 200:
                pass
            yield http
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout is not None
        process.stdout.close()


def post(http: httpx.Client, path: str, body: Any, key: str) -> httpx.Response:
    return http.post(path, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert f"clearway {command}" in capsys.readouterr().out


def test_an_error_is_said_in_one_line(tmp_path: Path) -> None:
    for words in (
        ("verify", "--data", str(tmp_path / "nowhere")),
        ("keys", "list", "--data", str(tmp_path)),
        ("replay", str(tmp_path / "nothing.csv")),
        ("screen",),
    ):
        done = run(*words)
        assert done.returncode == 1, words
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("clearway: ")


def test_a_node_from_its_first_payment_to_its_proof(tmp_path: Path) -> None:
    data, receipt_file = tmp_path / "data", tmp_path / "receipt.json"
    with up(data) as http:
        assert (data / "dev-api-key").stat().st_mode & 0o777 == 0o600
        for id in ("ann", "bob"):
            opened = post(http, "/v1/accounts", {"id": id, "assets": ["EUR/2"]}, f"open-{id}")
            assert opened.status_code == 201
        money = {"account": "ann", "amount": "10.00", "asset": "EUR/2"}
        assert post(http, "/v1/faucet", money, "money").json()["status"] == "settled"
        body = {"from": "ann", "to": "bob", "amount": "2.50", "asset": "EUR/2"}
        paid = post(http, "/v1/payments", body, "rent")
        payment = paid.json()["id"]
        receipt_file.write_bytes(http.get(f"/v1/payments/{payment}/receipt").content)
        _keys_live_and_die(http, data)
        height = http.get("/readyz").json()["height"]
    with up(data) as http:
        again = post(http, "/v1/payments", body, "rent")
        assert (again.status_code, again.content) == (201, paid.content)
        assert http.get("/readyz").json()["height"] >= height
    _proofs(data, receipt_file, payment)


def _keys_live_and_die(http: httpx.Client, data: Path) -> None:
    """Made and revoked by another process while the node runs."""
    made = said("keys", "create", "--data", str(data), "--scopes", "payments:read,ledger:read")
    auth = {"Authorization": f"Bearer {made['key']}"}
    assert http.get("/v1/payments", headers=auth).status_code == 200
    assert http.get("/v1/accounts", headers=auth).json()["code"] == "auth.scope"
    listed = {key["id"]: key for key in said("keys", "list", "--data", str(data))["keys"]}
    assert listed[made["id"]]["scopes"] == ["ledger:read", "payments:read"]
    assert made["key"] not in json.dumps(list(listed.values()))
    assert said("keys", "revoke", "--data", str(data), made["id"])["ok"] is True
    assert KEY_FRESH_S < 0.1  # a process takes longer to end
    assert http.get("/v1/payments", headers=auth).json()["code"] == "auth.revoked"
    assert run("keys", "revoke", "--data", str(data), made["id"]).returncode == 1
    wrong = run("keys", "create", "--data", str(data), "--scopes", "payments:everything")
    assert wrong.returncode == 1
    assert "payments:everything" in wrong.stderr


def _proofs(data: Path, receipt_file: Path, payment: str) -> None:
    found = said("verify", "--data", str(data))
    assert found["ok"] is True
    assert len(found["root"]) == 64
    genesis = str(data / "genesis.json")
    trusted = run("verify-receipt", str(receipt_file), "--trust", genesis)
    assert (trusted.returncode, len(trusted.stdout.splitlines())) == (0, 1)
    assert payment.removeprefix("pay_") in trusted.stdout
    blind = run("verify-receipt", str(receipt_file))
    assert blind.returncode == 1
    assert "no trusted genesis" in blind.stdout
    receipt = json.loads(receipt_file.read_text("utf-8"))
    receipt["index"] += 1
    receipt_file.write_text(json.dumps(receipt), "utf-8")
    assert run("verify-receipt", str(receipt_file), "--trust", genesis).returncode == 1
    log = data / "chain" / "0000000000000000.log"
    bytes_ = bytearray(log.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    log.write_bytes(bytes_)
    bad = run("verify", "--data", str(data), "--json")
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["ok"] is False
    assert json.loads(bad.stdout)["first_bad"] >= 0


def test_names_are_screened(tmp_path: Path) -> None:
    found = said("screen", "AEROCARIBBEAN AIRLINES")
    assert found["decision"] == "hit"
    assert found["matches"][0]["score"] > 0.9
    asked, out = tmp_path / "q.csv", tmp_path / "h.csv"
    asked.write_text("name,country\nAEROCARIBBEAN AIRLINES,CU\nMary Poppins,GB\n", "utf-8")
    counted = said("screen", "--file", str(asked), "--out", str(out))
    assert (counted["rows"], counted["hits"]) == (2, 1)
    assert len(out.read_text("utf-8").splitlines()) == 3


def test_a_file_of_payments_is_replayed(tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    rows = ["payment_id,time,payer,payee,amount,is_fraud"]
    rows += [
        f"p{number},2026-03-01T10:{number % 60:02}:00,a{number % 7},b{number % 5},{number + 1}.25,0"
        for number in range(200)
    ]
    file.write_text("\n".join(rows) + "\n", "utf-8")
    found = said("replay", str(file))
    assert (found["payments"], found["accounts"], found["verified"]) == (200, 12, True)
    assert sum(found["by_status"].values()) == 200
    assert found["by_status"]["refused"] == 0


def test_typologies_are_listed_at_the_levels_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = ["typologies", "--json"]
    assert main(shipped) == 0
    digest = json.loads(capsys.readouterr().out)["digest"]
    own = ["typologies", "--levels", "examples/typologies.json"]
    assert main([*own, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["digest"] != digest
    assert "laundering.travel_rule_splitting" not in {one["code"] for one in listed["typologies"]}
    assert main([*own, "laundering.dormant_wake_up"]) == 0
    assert "payer_idle ≥ 60 d" in capsys.readouterr().out
    assert main([*own, "laundering.travel_rule_splitting"]) == 1
    path = tmp_path / "levels.json"
    path.write_text("{}")
    assert main(["typologies", "--levels", str(path)]) == 1
    assert f"clearway: {path}: has to be an object" in capsys.readouterr().err


def test_a_node_with_levels_that_are_none_does_not_start_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    levels, data = tmp_path / "levels.json", tmp_path / "data"
    levels.write_text(
        '{"format": "clearway-typologies/1", "typologies": {"fraud.bust_out": '
        '{"payer_age": {"at_least": -5}, "hour": {"at_least": 1}}, "fraud.none": "off"}}'
    )
    monkeypatch.setenv("CLEARWAY_TYPOLOGIES", str(levels))
    assert main(["up", "--dev", "--data", str(data)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"clearway: {levels}: there is no typology fraud.none; ")
    assert "fraud.bust_out has no level of hour" in said
    assert "fraud.bust_out, payer_age: at_least has to be a number from 0 to 3,650" in said
    assert not data.exists()


def test_typologies_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["typologies", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["typologies"]
    assert len(listed) >= 30
    assert all(one["source"] and one["conditions"] for one in listed)
    assert main(["typologies", "fraud", "--json"]) == 0
    assert {one["family"] for one in json.loads(capsys.readouterr().out)["typologies"]} == {"fraud"}
    assert main(["typologies", "fraud.bust_out"]) == 0
    said = capsys.readouterr().out
    assert "Synthetic Identity Fraud" in said
    assert "when all of these hold" in said
    assert main(["typologies", "fraud.no_such"]) == 1
    assert "fraud.no_such is no typology" in capsys.readouterr().err


def test_the_kinds_of_models_are_those_that_can_be_trained() -> None:
    assert tuple(KINDS) == MODEL_KINDS


def test_every_bench_that_help_names_can_be_run() -> None:
    for name in BENCHES:
        assert callable(import_module(f"clearway.app.bench.{name}").run)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("evaluate", "risk", "--payments", "nothere.csv"), "there is no file nothere.csv"),
        (("what-if", "--typologies", "no.json"), "there is no file no.json"),
        (("what-if", "--model", "empty"), "there is no file empty/model.json"),
        (("what-if", "--rules", "empty"), "empty is a folder, not a file"),
        (("train", "no.csv", "--out", "m"), "there is no file no.csv"),
    ],
)
def test_a_file_that_is_not_there_is_said_in_one_line(
    command: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(command) == 1
    assert capsys.readouterr().err == f"clearway: {told}\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("what-if", "--reviews-per-day", "-3"), "'-3' is no number from 0 to 10,000,000"),
        (("evaluate", "risk", "--delay-days", "soon"), "'soon' is no number from 0 to 3,650"),
    ],
)
def test_a_number_that_is_none_is_told_which_would_do(
    command: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
