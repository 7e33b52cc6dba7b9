"""The block log as files: where its records are, and a copy of it that ends at an earlier block.

Only for a folder that nobody has open. docs/format.md, "Block log", is the specification.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from clearway.ledger.crypto import hash_bytes
from clearway.payment.records import HEADER

_PREFIX: Final = struct.Struct("<4sIQ32s")  # magic, payload length, height, checksum
_MAGIC: Final = b"CWB1"
_NAMED: Final = struct.Struct("<QQ32s")  # of a slot of head: height, counter, header hash


@dataclass(frozen=True, slots=True)
class Record:
    """One block's record: where it is, and what its header says."""

    segment: Path
    end: int
    height: int
    time_ns: int
    header: bytes


def records(folder: Path) -> Iterator[Record]:
    """Every record in order. Checksums are the kernel's to check (verify_chain)."""
    for segment in sorted(folder.glob("*.log")):
        with segment.open("rb") as file:
            while prefix := file.read(_PREFIX.size):
                magic, length, height, _ = _PREFIX.unpack(prefix)
                assert magic == _MAGIC, "invariant: a log that was verified has whole records"
                header = file.read(HEADER.itemsize)
                end = file.seek(length - HEADER.itemsize, os.SEEK_CUR)
                time_ns = int(np.frombuffer(header, HEADER)[0]["time_ns"])
                yield Record(segment, end, height, time_ns, header)


def cut_chain(folder: Path, height: int) -> None:
    """Takes every block above `height` away, for good. Raises ValueError for a height that the
    chain has not reached."""
    last = next((record for record in records(folder) if record.height == height), None)
    if last is None:
        raise ValueError(f"the chain does not reach height {height}")
    os.truncate(last.segment, last.end)
    for segment in folder.glob("*.log"):
        if segment.name > last.segment.name:
            segment.unlink()
    for snapshot in folder.glob("snapshot-*"):
        snapshot.unlink()
    named = [_NAMED.pack(height, counter, hash_bytes("header", last.header)) for counter in (0, 1)]
    head = b"".join(slot + hash_bytes("log", slot)[:16] for slot in named)
    (folder / "head").write_bytes(head)
