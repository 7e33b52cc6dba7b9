"""Backup and restore: of a running node under load, whole, to a height, to a time."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearway.ledger.cut import records
from tests.e2e.served import CLEARWAY, Client, Served, small_list

PAYERS = 3


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLEARWAY, *map(str, words)], capture_output=True, text=True, timeout=120)


def said(*words: object) -> Any:
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def roots(chain: Path) -> dict[int, str]:
    """State root by height, from the headers of the node's own log."""
    return {record.height: record.header[160:].hex() for record in records(chain)}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return small_list(tmp_path_factory.mktemp("screening"))


class Load:
    """Clients that pay until they are told to stop; what they were told, in order."""

    def __init__(self, served: Served) -> None:
        self.told: list[dict[str, Any]] = []
        self._served = served
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._pay, args=(n,)) for n in range(PAYERS)]
        for thread in self._threads:
            thread.start()

    def _pay(self, payer: int) -> None:
        client = Client(self._served)
        body = {"from": "ann", "to": "bob", "amount": "0.01", "asset": "EUR/2"}
        number = 0
        while not self._done.is_set():
            key = f"load-{payer}-{number}"
            status, answer = client.send("POST", "/v1/payments", body, key=key)
            assert status == 201, answer
            self.told.append(answer)
            number += 1
        client.close()

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture(scope="module")
def backed_up(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> tuple[Path, Path, list[dict[str, Any]], int]:
    """(data, backup taken under load, payments, how many were acknowledged before it began)."""
    place = tmp_path_factory.mktemp("backup")
    data, backup = place / "node", place / "backup.tar"
    served = Served(data, environment=environment)
    client = Client(served)
    for id in ("ann", "bob"):
        body = {"id": id, "owner": {"name": f"Person {id}"}, "assets": ["EUR/2"]}
        assert client.send("POST", "/v1/accounts", body, key=f"open-{id}")[0] == 201
    body = {"account": "ann", "amount": "1000.00", "asset": "EUR/2"}
    assert client.send("POST", "/v1/faucet", body, key="fund")[0] == 201
    client.close()
    load = Load(served)
    while len(load.told) < 30:
        pass
    before = len(load.told)
    found = said("backup", "--data", data, "--to", backup)
    told = list(load.told)
    load.stop()
    assert served.stop() == 0
    assert found["height"] >= max(answer["block"]["height"] for answer in told[:before])
    assert roots(data / "chain")[found["height"]] == found["root"]
    return data, backup, told, before


def test_a_backup_under_load_has_all_that_was_acknowledged_before(
    backed_up: tuple[Path, Path, list[dict[str, Any]], int],
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    data, backup, told, before = backed_up
    assert backup.stat().st_mode & 0o777 == 0o600
    restored = tmp_path / "restored"
    found = said("restore", backup, "--data", restored)
    assert (found["abandoned"], found["height"]) == (0, found["backup_height"])
    assert roots(data / "chain")[found["height"]] == found["root"]
    verified = said("verify", "--data", restored, "--trust", data / "genesis.json")
    assert (verified["height"], verified["root"]) == (found["height"], found["root"])

    served = Served(restored, environment=environment)
    client = Client(served)
    assert client.send("GET", "/readyz")[1]["restored_to"] == found["height"]
    for answer in told[:before]:
        assert client.send("GET", f"/v1/payments/{answer['id']}") == (200, answer)
    body = {"from": "ann", "to": "bob", "amount": "0.01", "asset": "EUR/2"}
    assert client.send("POST", "/v1/payments", body, key="after")[0] == 201
    client.close()
    assert served.stop() == 0
    audit = (restored / "audit.log").read_text()
    assert "node.restore" in audit
    assert found["root"] in audit


def test_a_chain_is_restored_to_a_height_or_a_time_and_says_that_it_forked(
    backed_up: tuple[Path, Path, list[dict[str, Any]], int],
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    data, backup, told, before = backed_up
    middle = told[before // 2]
    height = middle["block"]["height"]
    by_height = run("restore", backup, "--data", tmp_path / "height", "--height", height)
    assert by_height.returncode == 0, by_height.stderr
    assert "FORKED" in by_height.stdout
    assert roots(data / "chain")[height] in by_height.stdout
    [header] = [r for r in records(data / "chain") if r.height == height]
    # To the microsecond after this block: no block comes so soon behind it.
    when = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=header.time_ns // 1_000 + 1)
    by_time = said("restore", backup, "--data", tmp_path / "time", "--time", when.isoformat())
    assert (by_time["height"], by_time["root"]) == (height, roots(data / "chain")[height])

    served = Served(tmp_path / "height", environment=environment)
    client = Client(served)
    ready = client.send("GET", "/readyz")[1]
    assert ready["restored_to"] == height
    assert client.send("GET", f"/v1/payments/{middle['id']}") == (200, middle)
    gone = next(answer for answer in told if answer["block"]["height"] > height)
    assert client.send("GET", f"/v1/payments/{gone['id']}")[0] == 404
    # Sequences of the abandoned blocks are not used again.
    body = {"from": "ann", "to": "bob", "amount": "0.01", "asset": "EUR/2"}
    assert client.send("POST", "/v1/payments", body, key="new")[0] == 201
    client.close()
    assert served.stop() == 0
    assert said("verify", "--data", tmp_path / "height")["ok"] is True


def test_a_folder_serves_as_well_as_a_file_and_a_stopped_node_as_a_running_one(
    backed_up: tuple[Path, Path, list[dict[str, Any]], int], tmp_path: Path
) -> None:
    data = backed_up[0]
    found = said("backup", "--data", data, "--to", tmp_path / "copy")
    assert found["height"] == max(roots(data / "chain"))
    names = {row["name"] for row in found["files"]}
    assert {"keys.json", "genesis.json", "vault.sqlite", "audit.log", "chain/head"} <= names
    assert any(name.startswith("chain/snapshot-") for name in names)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "copy").rglob("*"))
    again = said("restore", tmp_path / "copy", "--data", tmp_path / "again")
    assert again["root"] == found["root"]


@pytest.mark.parametrize("name", ["chain/head", "vault.sqlite", "keys.json", "new", "missing"])
def test_a_changed_backup_is_refused_and_leaves_nothing(
    backed_up: tuple[Path, Path, list[dict[str, Any]], int], tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy"
    said("backup", "--data", backed_up[0], "--to", copy)
    if name == "missing":
        (copy / "audit.log").unlink()
    elif name == "new":
        (copy / "new").write_text("x")
    else:
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / name).write_bytes(data)
    done = run("restore", copy, "--data", tmp_path / "node")
    assert done.returncode == 1
    assert "is not what was backed up" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


def test_nothing_is_written_over(
    backed_up: tuple[Path, Path, list[dict[str, Any]], int], tmp_path: Path
) -> None:
    data, backup, *_ = backed_up
    for words in (
        ("backup", "--data", data, "--to", backup),
        ("restore", backup, "--data", data),
        ("restore", backup, "--data", tmp_path / "new", "--height", 10**9),
        ("restore", backup, "--data", tmp_path / "new", "--time", "2001-01-01T00:00:00Z"),
        ("restore", backup, "--data", tmp_path / "new", "--time", "2030-01-01T00:00:00"),
        ("backup", "--data", tmp_path / "nowhere", "--to", tmp_path / "new"),
    ):
        done = run(*words)
        assert done.returncode == 1, words
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert list(tmp_path.iterdir()) == []
