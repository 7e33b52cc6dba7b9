"""A full disk under a node: it stops accepting, says so, reads on, and goes on with room."""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.served import CLEARWAY, Client, Served, small_list

DISK_MIB = 128
PAYMENTS_MAX = 3_000
FULL_S = 2.5  # longer than the node takes to look for room twice
ROOM_S_MAX = 30.0


class Disk(Protocol):
    """Where the node's data are, and what makes it full."""

    path: Path

    def fill(self, served: Served) -> None: ...
    def free(self, served: Served) -> None: ...


class Small:
    """A file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, served: Served) -> None:
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4_096))

    def free(self, served: Served) -> None:
        self._filler.unlink()


class Limited:
    """Where nothing can be mounted: a limit on the size of files, which all hit at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, served: Served) -> None:
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (4_096, -1))

    def free(self, served: Served) -> None:
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def mounted(path: Path) -> Iterator[Path]:
    size = f"size={DISK_MIB}m"
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", path], check=True, capture_output=True
    )
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as path:
        try:
            with mounted(Path(path)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@pytest.fixture(params=["limited", "small"] if can_mount() else ["limited"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    if request.param == "limited":
        yield Limited(path)
        return
    with mounted(path):
        yield Small(path)


def pay(client: Client, key: str) -> tuple[int, Any]:
    body = {"from": "ann", "to": "bob", "amount": "0.01", "asset": "EUR/2"}
    return client.send("POST", "/v1/payments", body, key=key)


def fund(client: Client) -> None:
    for id in ("ann", "bob"):
        body = {"id": id, "owner": {"name": f"Person {id}"}, "assets": ["EUR/2"]}
        assert client.send("POST", "/v1/accounts", body, key=f"open-{id}")[0] == 201
    body = {"account": "ann", "amount": "1000.00", "asset": "EUR/2"}
    assert client.send("POST", "/v1/faucet", body, key="fund")[0] == 201


def pay_until_full(client: Client) -> tuple[dict[str, Any], str]:
    """What was acknowledged, by key, and the key that was refused."""
    told: dict[str, Any] = {}
    for number in range(PAYMENTS_MAX):
        key = f"p{number}"
        status, answer = pay(client, key)
        if status != 201:
            assert (status, answer["code"], answer["retryable"]) == (503, "node.disk_full", True)
            return told, key
        told[key] = answer
    raise AssertionError("the disk does not get full")


def check_full(client: Client, told: dict[str, Any]) -> None:
    open_account = ("POST", "/v1/accounts", {"id": "eve", "assets": ["EUR/2"]})
    for method, path, body in (("GET", "/readyz", None), open_account):
        status, answer = client.send(method, path, body, key="new")
        assert (status, answer["code"], answer["retryable"]) == (503, "node.disk_full", True)
    for answer in told.values():
        assert client.send("GET", f"/v1/payments/{answer['id']}") == (200, answer)
    status, balances = client.send("GET", "/v1/accounts/ann/balances")
    paid_minor = len(told)
    assert (status, balances["data"][0]["posted"]) == (200, f"{(100_000 - paid_minor) / 100:.2f}")
    assert client.send("GET", "/v1/payments?account=ann")[0] == 200


def wait_ready(client: Client) -> None:
    deadline = time.monotonic() + ROOM_S_MAX
    while client.send("GET", "/readyz")[0] != 200:
        assert time.monotonic() < deadline, "there is room, and the node does not go on"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_full_disk_stops_payments_and_nothing_else(disk: Disk, tmp_path: Path) -> None:
    environment = small_list(tmp_path)
    served = Served(disk.path / "node", environment=environment)
    client = Client(served)
    fund(client)
    _, first = pay(client, "first")
    assert client.send("GET", f"/v1/payments/{first['id']}")[0] == 200
    disk.fill(served)
    told, refused = pay_until_full(client)
    told["first"] = first
    check_full(client, told)
    time.sleep(FULL_S)
    check_full(client, told)
    assert pay(client, refused)[1]["code"] == "node.disk_full"

    disk.free(served)
    wait_ready(client)
    status, answer = pay(client, refused)
    assert status == 201
    told[refused] = answer
    client.close()
    served.kill()

    served = Served(disk.path / "node", environment=environment)
    client = Client(served)
    for key, answer in told.items():
        assert client.send("GET", f"/v1/payments/{answer['id']}") == (200, answer), key
    assert pay(client, refused) == (201, told[refused])
    client.close()
    assert served.stop() == 0
    subprocess.run([CLEARWAY, "verify", "--data", disk.path / "node"], check=True)
