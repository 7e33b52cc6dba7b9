"""The block log as an operator meets it: killed, locked, full, damaged, restored, verified."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import clearway_kernel as kernel
from spec import compose
from spec.records import Flag, Kind
from tests.ledger.town import (
    EUR,
    HOUR,
    SECOND,
    START,
    address,
    genesis_entries,
    public,
    seed_of,
)

ROOT = Path(__file__).resolve().parents[2]
SEGMENT = "0000000000000000.log"
NEVER = START + 12 * HOUR


def create(folder: Path) -> kernel.Ledger:
    return kernel.Ledger.create(str(folder), time_ns=START, genesis=genesis_entries())


def sign_finality(block_hash: bytes) -> bytes:
    seed = seed_of("sequencer")
    return b"\1\1" + public("sequencer") + kernel.sign(seed, block_hash)


def envelope(ledger: kernel.Ledger, entries: int = 8) -> bytes:
    """Money comes in, is paid, and is held for half a minute; all follows from the height."""
    height = ledger.height + 1

    def head(number: int) -> bytes:
        kind = Kind.ISSUE if number == 0 else Kind.PAYMENT
        pending = number % 3 == 2
        return compose.entry(
            kind,
            flags=Flag.PENDING if pending else 0,
            asset=EUR,
            amount_minor=1_000_000 if number == 0 else 10 + number,
            payer=address("nostro1" if number == 0 else "ann"),
            payee=address("ann" if number == 0 else "bob"),
            id=(height << 16 | number).to_bytes(16, "big"),
            valid_until_ns=START + 6 * HOUR,
            expires_ns=START + (height + 30) * SECOND if pending else 0,
        ).encode()

    return kernel.seal_envelope(
        chain_id=ledger.chain_id,
        institution=1,
        seed=seed_of("root1"),
        sequence=height,
        valid_until_ns=NEVER,
        heads=b"".join(head(number) for number in range(entries)),
    )


def stage(ledger: kernel.Ledger, entries: int = 8) -> kernel.Staged:
    height = ledger.height + 1
    return ledger.stage(time_ns=START + height * SECOND, envelopes=[envelope(ledger, entries)])


def add_block(ledger: kernel.Ledger, entries: int = 8) -> bytes:
    staged = stage(ledger, entries)
    ledger.commit(sign_finality(staged.hash))
    return staged.hash


def closed_chain(folder: Path, blocks: int) -> None:
    ledger = create(folder)
    for _ in range(blocks):
        add_block(ledger)
    ledger.close()


# --- crashes --------------------------------------------------------------------------------------


def write_until_killed(folder: str) -> None:
    """What the subprocess runs: says each block's height and hash after it is acknowledged."""
    try:
        ledger = kernel.Ledger.open(folder)
    except FileNotFoundError:
        ledger = create(Path(folder))
    while True:
        block_hash = add_block(ledger, entries=8 + ledger.height % 200)
        print(ledger.height, block_hash.hex(), flush=True)
        if ledger.height % 40 == 0:
            ledger.snapshot()


def run_until_killed(folder: Path, acknowledgements: int) -> list[tuple[int, str]]:
    """The acknowledgements that came out before a kill −9 at some moment after so many."""
    program = f"from tests.ledger.test_log import write_until_killed as w; w({str(folder)!r})"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(acknowledgements)]
        writer.kill()
        lines += writer.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(int(height), block_hash) for height, block_hash in whole]


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    acknowledged: dict[int, str] = {}
    for acknowledgements in (0, 1, 30, 60, 110):
        acknowledged |= run_until_killed(folder, acknowledgements)
        if acknowledgements == 0:
            continue
        ledger = kernel.Ledger.open(str(folder))
        last = max(acknowledged)
        # One more may be on disk whose acknowledgement was not heard.
        assert last <= ledger.height <= last + 1
        for height, block_hash in acknowledged.items():
            assert ledger.block(height).hash.hex() == block_hash
        found = kernel.verify_log(str(folder))
        assert (found.ok, found.height, found.root) == (True, ledger.height, ledger.state_root)
        acknowledged[ledger.height] = add_block(ledger).hex()
        ledger.close()
    assert kernel.Ledger.open(str(folder)).snapshot_height > 0


# --- damage ---------------------------------------------------------------------------------------


def flipped(path: Path, at: int) -> bytes:
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 1 << at % 8
    return bytes(damaged)


def record_starts(segment: bytes) -> list[int]:
    starts, at = [], 0
    while at < len(segment):
        starts.append(at)
        at += 48 + int.from_bytes(segment[at + 4 : at + 8], "little")
    return starts


def test_a_flipped_bit_is_found_with_the_height_of_its_block(tmp_path: Path) -> None:
    closed_chain(tmp_path, 12)
    path = tmp_path / SEGMENT
    segment = path.read_bytes()
    starts = record_starts(segment)
    everywhere = random.Random(7).sample(range(len(segment)), 150)
    for at in [*everywhere, *starts, *(start + 5 for start in starts), len(segment) - 1]:
        path.write_bytes(flipped(path, at))
        height = max(index for index, start in enumerate(starts) if start <= at)
        found = kernel.verify_log(str(tmp_path))
        assert (found.ok, found.first_bad) == (False, height)
        assert found.height == max(height - 1, 0)
        assert found.what
        with pytest.raises(kernel.CorruptLog) as raised:
            kernel.Ledger.open(str(tmp_path))
        assert (raised.value.height, raised.value.what) == (height, found.what)
        path.write_bytes(segment)
    assert kernel.verify_log(str(tmp_path)).ok


def test_every_bit_of_head_counts(tmp_path: Path) -> None:
    closed_chain(tmp_path, 3)
    path = tmp_path / "head"
    head = path.read_bytes()
    assert len(head) == 128
    for at in range(len(head)):
        path.write_bytes(flipped(path, at))
        found = kernel.verify_log(str(tmp_path))
        assert (found.ok, found.what) == (False, "a slot of head differs")
        path.write_bytes(head)
    path.write_bytes(flipped(path, 3))
    # The other slot still tells what was acknowledged; opening writes both again.
    kernel.Ledger.open(str(tmp_path)).close()
    assert kernel.verify_log(str(tmp_path)).ok


def test_a_log_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    closed_chain(tmp_path, 5)
    path = tmp_path / SEGMENT
    segment = path.read_bytes()
    starts = record_starts(segment)
    for length in (0, 1, starts[3], starts[5], starts[5] + 47, len(segment) - 1):
        path.write_bytes(segment[:length])
        height = sum(1 for end in [*starts[1:], len(segment)] if end <= length)
        found = kernel.verify_log(str(tmp_path))
        assert (found.ok, found.first_bad) == (False, height)
        with pytest.raises(kernel.CorruptLog):
            kernel.Ledger.open(str(tmp_path))
    path.unlink()
    with pytest.raises(kernel.CorruptLog):
        kernel.Ledger.open(str(tmp_path))


def test_a_block_that_is_damaged_later_is_noticed_when_it_is_read(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    for _ in range(4):
        add_block(ledger)
    path = tmp_path / SEGMENT
    path.write_bytes(flipped(path, record_starts(path.read_bytes())[2] + 400))
    with pytest.raises(kernel.CorruptLog) as raised:
        ledger.block(2)
    assert (raised.value.height, raised.value.what) == (2, "checksum differs")
    assert ledger.block(3).height == 3


# --- the disk -------------------------------------------------------------------------------------


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow above this: the writes that an operator's full disk would refuse."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("room", [0, 1, 47, 300, 2_000])
def test_a_full_disk_acknowledges_nothing_and_loses_nothing(tmp_path: Path, room: int) -> None:
    ledger = create(tmp_path)
    for _ in range(3):
        add_block(ledger)
    staged = stage(ledger)
    with room_for((tmp_path / SEGMENT).stat().st_size + room), pytest.raises(kernel.LogFull):
        ledger.commit(sign_finality(staged.hash))
    # What was written is taken back, so that the log may go on as soon as there is room.
    assert ledger.height == 3
    assert kernel.verify_log(str(tmp_path)).height == 3
    ledger.commit(sign_finality(staged.hash))
    assert ledger.height == 4
    root = ledger.state_root
    staged = stage(ledger)
    with room_for((tmp_path / SEGMENT).stat().st_size + room), pytest.raises(kernel.LogFull):
        ledger.commit(sign_finality(staged.hash))
    ledger.discard()
    assert ledger.state_root == root
    add_block(ledger)
    ledger.close()

    reopened = kernel.Ledger.open(str(tmp_path))
    assert reopened.height == 5
    add_block(reopened)
    assert kernel.verify_log(str(tmp_path)).height == 6


def test_a_block_may_be_staged_on_one_that_waits_to_be_written(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    below = stage(ledger)
    ledger.hand_over(sign_finality(below.hash))
    next_ns = below.time_ns + SECOND
    above = ledger.stage(time_ns=next_ns, envelopes=[])
    assert (ledger.height, above.height) == (0, 2)
    with pytest.raises(ValueError, match="still being written"):
        ledger.hand_over(sign_finality(above.hash))
    ledger.write()
    assert ledger.height == 1
    ledger.hand_over(sign_finality(above.hash))
    ledger.close()

    reopened = kernel.Ledger.open(str(tmp_path))
    assert reopened.height == 1, "what was only handed over was acknowledged to nobody"
    assert stage(reopened).header[64:96] == below.hash
    reopened.close()


def test_a_snapshot_for_which_there_is_no_room_harms_nothing(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    add_block(ledger)
    ledger.snapshot()
    add_block(ledger)
    with room_for(1_000), pytest.raises(kernel.LogFault) as raised:
        ledger.snapshot()
    assert raised.value.errno is not None
    add_block(ledger)
    assert ledger.snapshot() == 3
    ledger.close()
    names = sorted(path.name for path in tmp_path.glob("snapshot*"))
    assert names == ["snapshot-0000000000000001.cws", "snapshot-0000000000000003.cws"]


def test_a_folder_has_one_chain_and_one_writer(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "chain"
    with pytest.raises(FileNotFoundError):
        kernel.Ledger.open(str(folder))
    with pytest.raises(FileNotFoundError):
        kernel.verify_log(str(tmp_path))
    with pytest.raises(ValueError, match="genesis"):
        kernel.Ledger.create(
            str(folder), time_ns=START, genesis=compose.entry(Kind.PAYMENT).encode()
        )
    assert not folder.exists()
    ledger = create(folder)
    with pytest.raises(kernel.LogFault, match="open elsewhere"):
        kernel.Ledger.open(str(folder))
    program = f"import clearway_kernel as k; k.Ledger.open({str(folder)!r})"
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "LogFault" in other.stderr
    ledger.close()
    with pytest.raises(FileExistsError):
        create(folder)
    with pytest.raises(kernel.LogFault, match="closed"):
        ledger.commit(sign_finality(stage(ledger).hash))
    assert kernel.Ledger.open(str(folder)).height == 0


# --- reading --------------------------------------------------------------------------------------


def test_blocks_and_proofs_come_from_the_folder(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    staged = stage(ledger)
    ledger.commit(sign_finality(staged.hash))
    block = ledger.block(1)
    assert (block.hash, block.heads, block.results) == (staged.hash, staged.heads, staged.results)
    assert kernel.verify(public("sequencer"), block.hash, block.finality[34:])
    assert ledger.block(0).finality == b""
    for index in range(block.count):
        proof = ledger.proof(1, index)
        leaf = kernel.hash_bytes("leaf", proof.entry)
        root = proof.header[96:128]
        assert kernel.check_path(leaf, index, proof.size, proof.entry_path, root)
        assert not kernel.check_path(leaf, index + 1, proof.size, proof.entry_path, root)
        assert proof.entry == block.entry(index)
    for height, index in ((2, 0), (1, block.count), (2**63, 0)):
        with pytest.raises(IndexError):
            ledger.proof(height, index)


def test_others_read_and_verify_while_blocks_are_written(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    hashes = {0: ledger.head_hash}
    done = threading.Event()
    wrong: list[object] = []

    def look() -> None:
        while not done.is_set():
            height, block_hash = random.choice(list(hashes.items()))
            if ledger.block(height).hash != block_hash:
                wrong.append(height)
            found = kernel.verify_log(str(tmp_path))
            if not found.ok:
                wrong.append((found.first_bad, found.what))

    reader = threading.Thread(target=look)
    reader.start()
    for height in range(1, 80):
        hashes[height] = add_block(ledger, entries=40)
    done.set()
    reader.join()
    assert not wrong


# --- snapshots ------------------------------------------------------------------------------------


def test_sums_come_with_the_block_that_they_are_of(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    add_block(ledger)
    committed = ledger.trial_balance()
    assert committed[:2] == (1, ledger.state_root)
    staged = stage(ledger)
    seen = ledger.trial_balance()
    assert seen[:2] == (2, staged.state_root)
    assert seen[2] != committed[2]
    ledger.discard()
    assert ledger.trial_balance() == committed


def test_a_ledger_opened_from_a_snapshot_is_the_same(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    for _ in range(40):
        add_block(ledger)
    assert ledger.snapshot() == 40
    stage(ledger)
    with pytest.raises(ValueError, match="staged"):
        ledger.snapshot()
    ledger.discard()
    add_block(ledger)
    expected = (ledger.subroots(), ledger.trial_balance(), ledger.holds_count, ledger.keys())
    ids = [(height << 16 | 2).to_bytes(16, "big") for height in range(1, 42)]
    held = [ledger.hold(1, one) for one in ids]
    known = [ledger.remembered(1, one) for one in ids]
    ledger.close()

    opened = kernel.Ledger.open(str(tmp_path))
    assert (opened.snapshot_height, opened.height) == (40, 41)
    found = (opened.subroots(), opened.trial_balance(), opened.holds_count, opened.keys())
    assert found == expected
    assert [opened.remembered(1, one) for one in ids] == known
    for one, other in zip(held, (opened.hold(1, one) for one in ids), strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert (one.legs, one.expires_ns, one.payer) == (
                other.legs,
                other.expires_ns,
                other.payer,
            )
    # The chain goes on, holds end, and the snapshot has no part in any of it.
    for _ in range(30):
        add_block(opened)
    assert kernel.verify_log(str(tmp_path)).root == opened.state_root


def test_a_snapshot_is_restored_only_if_it_is_of_this_chain(tmp_path: Path) -> None:
    ledger = create(tmp_path)
    for _ in range(3):
        add_block(ledger)
    root = ledger.state_root
    name = f"snapshot-{ledger.snapshot():016}.cws"
    expected = add_block(ledger)
    restored = kernel.Ledger.restore(str(tmp_path), name)
    assert (restored.height, restored.state_root, restored.snapshot_height) == (3, root, 3)
    assert add_block(restored) == expected
    with pytest.raises(ValueError, match="memory"):
        restored.snapshot()

    path = tmp_path / name
    whole = path.read_bytes()
    for at in random.Random(3).sample(range(len(whole)), 60):
        path.write_bytes(flipped(path, at))
        with pytest.raises(ValueError, match="snapshot"):
            kernel.Ledger.restore(str(tmp_path), name)
        path.write_bytes(whole)
    with pytest.raises(FileNotFoundError):
        kernel.Ledger.restore(str(tmp_path), "snapshot-0000000000000009.cws")
    ledger.close()

    path.write_bytes(flipped(path, len(whole) // 2))
    opened = kernel.Ledger.open(str(tmp_path))
    assert (opened.snapshot_height, opened.height, opened.head_hash) == (0, 4, expected)


def test_the_log_is_the_files_that_the_format_names(tmp_path: Path) -> None:
    closed_chain(tmp_path, 2)
    assert sorted(os.listdir(tmp_path)) == [SEGMENT, "head"]
    segment = (tmp_path / SEGMENT).read_bytes()
    for height, start in enumerate(record_starts(segment)):
        length = int.from_bytes(segment[start + 4 : start + 8], "little")
        payload = segment[start + 48 : start + 48 + length]
        assert segment[start : start + 4] == b"CWB1"
        assert int.from_bytes(segment[start + 8 : start + 16], "little") == height
        checksum = kernel.hash_bytes("log", height.to_bytes(8, "little") + payload)
        assert segment[start + 16 : start + 48] == checksum
    head = (tmp_path / "head").read_bytes()
    slots = [head[:64], head[64:]]
    for slot in slots:
        assert slot[48:] == kernel.hash_bytes("log", slot[:48])[:16]
    newest = max(slots, key=lambda slot: int.from_bytes(slot[8:16], "little"))
    assert int.from_bytes(newest[:8], "little") == 2
    assert newest[16:48] == kernel.hash_bytes("header", payload[:192])
