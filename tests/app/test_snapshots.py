"""A running node writes snapshots by itself."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
import pytest

import clearway_kernel as kernel
from clearway.app.bench.chain import Chain
from clearway.app.snapshots import Snapshots


def pay(chain: Chain) -> int:
    heads = chain.transfers(np.random.default_rng(chain.book.height), zipf=0)[:10]
    return chain.append(chain.seal(heads)).height


def until(folder: Path, height: int) -> None:
    """Waits for a snapshot of this height or a later one."""
    due_s = time.monotonic() + 60
    while not any(int(path.stem[9:]) >= height for path in folder.glob("snapshot-*.cws")):
        assert time.monotonic() < due_s, "no snapshot was written"
        time.sleep(0.01)


def test_a_snapshot_follows_enough_blocks(tmp_path: Path) -> None:
    chain = Chain.create(tmp_path, 100)
    snapshots = Snapshots(chain.book, pause_s=0.01, blocks_min=3)
    snapshots.start()
    first = [pay(chain) for _ in range(3)][-1]
    until(tmp_path, first)
    second = [pay(chain) for _ in range(3)][-1]
    until(tmp_path, second)
    snapshots.stop()
    height = pay(chain)
    chain.book.close()
    opened = kernel.Ledger.open(str(tmp_path))
    assert (opened.snapshot_height, opened.height) == (second, height)


def test_one_that_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chain = Chain.create(tmp_path, 100)
    in_the_way = tmp_path / "snapshot.new"
    in_the_way.mkdir()
    (in_the_way / "file").touch()
    snapshots = Snapshots(chain.book, pause_s=0.01, blocks_min=1)
    with caplog.at_level(logging.WARNING, "clearway.app"):
        snapshots.start()
        height = pay(chain)
        while "no snapshot was written" not in caplog.text:
            time.sleep(0.01)
    assert pay(chain) == height + 1
    (in_the_way / "file").unlink()
    in_the_way.rmdir()
    until(tmp_path, height + 1)
    snapshots.stop()
    chain.book.close()
