"""The wheel alone, in an empty environment, far from the checkout: what a user installs works."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.served import Client, Served

BIN = Path(sys.executable).parent
LOCK = ROOT / "requirements.lock"
PACKAGES = ("clearway", "clearway_kernel")
NOT_SHIPPED = ("__pycache__", ".so")  # made on this machine: caches, and the editable kernel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `pip install .` builds it; cargo takes up what `make install` compiled."""
    folder = tmp_path_factory.mktemp("wheel")
    run([BIN / "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT])
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment that holds the locked requirements and the wheel."""
    environment = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", environment])
    pip = [environment / "bin" / "pip", "install", "-q", "--no-compile"]
    run([*pip, "--require-hashes", "-r", LOCK])
    run([*pip, "--no-deps", "--no-index", wheel])
    return environment / "bin"


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        path.relative_to(ROOT / "python").as_posix()
        for package in PACKAGES
        for path in (ROOT / "python" / package).rglob("*")
        if path.is_file() and not any(part in str(path) for part in NOT_SHIPPED)
    }
    assert ours - names == set()
    shipped = {name for name in names if name.startswith(PACKAGES) and ".dist-info/" not in name}
    assert shipped - ours == {"clearway_kernel/_native.abi3.so"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    clearway = installed / "clearway"
    where = "import clearway, clearway_kernel as k; print(clearway.__file__, k.__file__)"
    found = run([installed / "python", "-c", where], cwd=tmp_path).split()
    assert all(file.startswith(str(installed.parent)) for file in found)
    assert "verify-receipt" in run([clearway, "--help"], cwd=tmp_path)
    # Needs the lists that the wheel ships, and the compiled search over them.
    assert "PUNTI, Pere" in run([clearway, "screen", "Pere Punti"], cwd=tmp_path)
    receipt, genesis = pay_once(clearway, tmp_path)
    verify = [clearway, "verify-receipt", receipt, "--trust", genesis]
    assert "VERIFIED" in run(verify, cwd=tmp_path)
    receipt.write_text(receipt.read_text().replace('"index":1', '"index":2'))
    assert run(verify, cwd=tmp_path, code=1).startswith("NOT VERIFIED")


def pay_once(clearway: Path, folder: Path) -> tuple[Path, Path]:
    """The receipt of a payment that the installed node itself made, with the shipped model, and
    the genesis to trust."""
    served = Served(folder / "data", clearway=clearway)
    try:
        client = Client(served)
        for account in ("alice", "bob"):
            body = {"id": account, "assets": ["EUR/2"]}
            assert client.send("POST", "/v1/accounts", body, key=account)[0] == 201
        fund = {"account": "alice", "amount": "50.00", "asset": "EUR/2"}
        assert client.send("POST", "/v1/faucet", fund, key="fund")[0] == 201
        body = {"from": "alice", "to": "bob", "amount": "12.34", "asset": "EUR/2"}
        status, payment = client.send("POST", "/v1/payments", body, key="pay")
        assert (status, payment["status"]) == (201, "settled")
        _, receipt = client.send_raw("GET", f"/v1/payments/{payment['id']}/receipt")
        client.close()
    finally:
        assert served.stop() == 0
    path = folder / "receipt.json"
    path.write_bytes(receipt)
    return path, folder / "data" / "genesis.json"


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, code: int = 0) -> str:
    """What it printed. The environment has nothing that would lead back to the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLEARWAY_")}
    kept.pop("PYTHONPATH", None)
    kept["PATH"] = f"{BIN}{os.pathsep}{kept['PATH']}"  # where the build backend is found
    ran = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, timeout=300)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout
