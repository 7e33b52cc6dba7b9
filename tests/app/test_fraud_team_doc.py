"""The README's commands for a fraud team, as they stand there, on a node and files of its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from clearway.app.cli import main
from clearway.risk.worlds.world import World
from tests.conftest import ROOT
from tests.gateway.api import Api
from tests.gateway.conftest import serve

SECTION = re.compile(r"## For a fraud team\n.*?```sh\n(.*?)```", re.DOTALL)
TOO_LITTLE = {"train --ledger": "known frauds in", "models promote": "not promoted"}
"""What a young node, or a model that is not surely better, answers instead: exit 1."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    yield from serve(tmp_path / "clearway-data", review="10000", decline="10000")


def write_files(folder: Path) -> None:
    rows = World(seed=33, customers=900, merchants=90, days=60).payments()
    columns = {
        "payment_id": np.arange(len(rows)),
        "time": pa.array(rows["time_ns"], pa.timestamp("ns")),
        "payer": rows["payer"].astype(np.int64),
        "payee": rows["payee"].astype(np.int64),
        "amount": rows["amount_minor"] / 100.0,
    }
    labels = {"is_fraud": rows["is_fraud"].astype(np.int8)}
    pa.csv.write_csv(pa.table(columns | labels), folder / "payments.csv")
    del columns["payment_id"]
    pa.csv.write_csv(pa.table(columns), folder / "transfers.csv")
    (folder / "examples").symlink_to(ROOT / "examples")


def test_every_command_does_what_it_is_said_to(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = SECTION.search((ROOT / "README.md").read_text("utf-8"))
    assert found is not None, "README.md has no commands for a fraud team"
    lines = [line for line in found[1].splitlines() if line and not line.startswith("#")]
    assert len(lines) >= 8
    write_files(tmp_path)
    api.pay(api.account(funded="10.00"), api.account(), "10.00")
    monkeypatch.chdir(tmp_path)
    for line in lines:
        program, *words = shlex.split(line)
        assert program == ".venv/bin/clearway"
        code = main(words)
        said = capsys.readouterr()
        excuse = TOO_LITTLE.get(" ".join(words[:2]))
        assert code == 0 or (excuse is not None and excuse in said.err), (line, said.err)
