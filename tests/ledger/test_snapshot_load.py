"""A snapshot is written while blocks go on, and is of one of them whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

import clearway_kernel as kernel
from clearway.app.bench.chain import SEQUENCER_SEED, Chain, genesis
from clearway.ledger.book import Book, sign_finality

ACCOUNTS: Final = 20_000
ROWS: Final = 64
SNAPSHOTS_MAX: Final = 50
KILLS: Final = 4


def pay(chain: Chain) -> int:
    """The height of a block of some transfers, which is acknowledged."""
    heads = chain.transfers(np.random.default_rng(chain.book.height), zipf=0)[:ROWS]
    return chain.append(chain.seal(heads)).height


@contextmanager
def load(chain: Chain) -> Iterator[list[int]]:
    """Blocks come one after another in a thread of their own; their heights."""
    heights: list[int] = []
    enough = threading.Event()

    def run() -> None:
        while not enough.is_set():
            heights.append(pay(chain))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield heights
    finally:
        enough.set()
        thread.join()


def check_restored(folder: Path, chain: Chain, height: int) -> None:
    restored = kernel.Ledger.restore(str(folder), f"snapshot-{height:016}.cws")
    assert (restored.height, restored.state_root) == (height, chain.book.block(height).header[160:])


def test_blocks_are_acknowledged_while_a_snapshot_is_written(tmp_path: Path) -> None:
    chain = Chain.create(tmp_path, ACCOUNTS)
    acknowledged_meanwhile = 0
    with load(chain) as heights:
        for _ in range(SNAPSHOTS_MAX):
            height = chain.book.snapshot()
            acknowledged_meanwhile += len(heights) > 0 and heights[-1] > height
            check_restored(tmp_path, chain, height)
            if acknowledged_meanwhile == 3:
                break
    assert acknowledged_meanwhile == 3
    root, height = chain.book.state_root, chain.book.height
    chain.book.close()
    opened = kernel.Ledger.open(str(tmp_path))
    assert opened.snapshot_height > 0
    assert (opened.height, opened.state_root) == (height, root)


def test_a_ledger_that_is_closed_gives_a_snapshot_up(tmp_path: Path) -> None:
    chain = Chain.create(tmp_path, ACCOUNTS)
    first = chain.book.snapshot()
    refused: list[str] = []

    def write_on() -> None:
        while not refused:
            try:
                chain.book.snapshot()
            except ValueError as error:
                refused.append(str(error))

    thread = threading.Thread(target=write_on)
    thread.start()
    while not (tmp_path / "snapshot.new").exists():
        pass
    chain.book.close()
    thread.join()
    assert refused == ["the ledger was closed"]
    assert not (tmp_path / "snapshot.new").exists()
    assert kernel.Ledger.open(str(tmp_path)).snapshot_height >= first


def test_a_kill_amid_a_snapshot_leaves_the_one_before(tmp_path: Path) -> None:
    chain = Chain.create(tmp_path, ACCOUNTS)
    chain.book.snapshot()
    chain.book.close()
    was_amid = 0
    for _ in range(KILLS):
        before = kernel.Ledger.open(str(tmp_path))
        snapshot_height = before.snapshot_height
        before.close()
        acknowledged = kill_amid_a_snapshot(tmp_path)
        was_amid += (tmp_path / "snapshot.new").exists()
        after = kernel.Ledger.open(str(tmp_path))
        assert after.snapshot_height >= snapshot_height
        assert after.height >= acknowledged
        after.close()
    assert was_amid > 0
    assert kernel.verify_log(str(tmp_path)).first_bad is None


def kill_amid_a_snapshot(folder: Path) -> int:
    """Another process books blocks and writes snapshots of them; the last height that it told."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{_RUN}({str(folder)!r})"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "a snapshot is due\n"
        while not (folder / "snapshot.new").exists():
            assert process.poll() is None
    finally:
        os.kill(process.pid, signal.SIGKILL)
        told = process.communicate()[0].splitlines()
    return max((int(line) for line in told if line.isdigit()), default=0)


_RUN: Final = "from tests.ledger.test_snapshot_load import run_until_killed as run; run"


def run_until_killed(name: str) -> None:
    folder = Path(name)
    (folder / "snapshot.new").unlink(missing_ok=True)
    chain = Chain(Book.open(folder, genesis()), ACCOUNTS)
    # Every block took one of each; so these are new, however often there was a kill.
    chain._sequence = chain._series = 2 * chain.book.height
    with load(chain) as heights:
        while not heights:
            pass
        print("a snapshot is due", flush=True)
        while True:
            chain.book.snapshot()
            print(heights[-1], flush=True)


def test_an_image_is_of_the_next_block_when_one_is_staged(tmp_path: Path) -> None:
    """As under a load that never leaves the ledger idle."""
    chain = Chain.create(tmp_path, 100)
    heads = chain.transfers(np.random.default_rng(1), zipf=0)[:ROWS]
    block = chain.book.stage(time_ns=chain.book.time_ns + 1, envelopes=[chain.seal(heads)])
    written: list[int] = []
    thread = threading.Thread(target=lambda: written.append(chain.book.snapshot()))
    thread.start()
    chain.book.commit(sign_finality(SEQUENCER_SEED, block.hash))
    thread.join()
    assert written == [block.height]
    check_restored(tmp_path, chain, block.height)
