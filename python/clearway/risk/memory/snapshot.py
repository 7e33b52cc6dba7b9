"""Snapshots of the memory: written and read a piece at a time, whole or not at all.

A header, then for each table its name's ids and rows, then what the room remembers beside the
features (reviews.py), then SHA-256 over all of it. It carries the
identity of the features: one made for others is not read but made again from the blocks.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault
from clearway.risk.features import IDENTITY

_MAGIC: Final = b"clearway risk state\n"
# Raise it when the meaning of a row changes and no feature does: 1, an account's past with its
# sub-accounts'; 2, tables of devices, addresses and corridors beside the accounts;
# 3, the number of the last report; 4, the reviews.
_VERSION: Final = 4
_HEADER: Final = np.dtype(
    [("magic", "S20"), ("version", "<u4"), ("identity", "S64"), ("height", "<u8"),
     ("index", "<u4"), ("told", "<u8"), ("began_ns", "<i8"), ("rows", "<u8", 4),
     ("beside_bytes", "<u8")]
)  # fmt: skip
_ROWS_AT_ONCE: Final = 65_536
_CHECKSUM_BYTES: Final = 32

Ids = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class AsOf:
    """The last payment that the state has seen: block height and the entry's index in it."""

    height: int
    index: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """tables: ids and rows of each, when it was read. beside: what is no feature's."""

    as_of: AsOf
    told: int
    began_ns: int
    beside: bytes
    tables: list[tuple[Ids, NDArray[np.void]]] = field(default_factory=list)


def save_snapshot(
    path: Path,
    snapshot: Snapshot,
    tables: Sequence[tuple[Ids, NDArray[np.void], NDArray[np.int64]]],
) -> None:
    """tables: ids, rows, and which of the rows belong to the ids."""
    header = np.zeros(1, dtype=_HEADER)
    header["magic"], header["version"], header["identity"] = _MAGIC, _VERSION, IDENTITY.encode()
    header["height"], header["index"] = snapshot.as_of.height, snapshot.as_of.index
    header["told"], header["began_ns"] = snapshot.told, snapshot.began_ns
    header["rows"] = [len(ids) for ids, _, _ in tables]
    header["beside_bytes"] = len(snapshot.beside)
    part = path.with_name(path.name + ".part")
    checksum = hashlib.sha256()
    with part.open("wb") as file:

        def write(data: bytes) -> None:
            checksum.update(data)
            file.write(data)

        write(header.tobytes())
        for ids, rows, numbers in tables:
            write(ids.tobytes())
            for start in range(0, len(numbers), _ROWS_AT_ONCE):
                write(rows[numbers[start : start + _ROWS_AT_ONCE]].tobytes())
        write(snapshot.beside)
        file.write(checksum.digest())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_snapshot(path: Path, dtypes: Sequence[np.dtype[np.void]]) -> Snapshot:
    """Raises `risk.snapshot_corrupt` for a file that is not whole, and `risk.snapshot_version` for
    one of other features."""
    with path.open("rb") as file:
        _check_sum(path, file)
        header = np.frombuffer(file.read(_HEADER.itemsize), dtype=_HEADER)[0]
        ours = (_MAGIC, _VERSION, IDENTITY.encode())
        if (header["magic"], header["version"], header["identity"]) != ours:
            raise RiskFault("risk.snapshot_version", path=str(path), needed=IDENTITY[:12])
        tables: list[tuple[Ids, Any]] = []
        for rows, dtype in zip(header["rows"].tolist(), dtypes, strict=True):
            ids = np.fromfile(file, dtype=np.uint64, count=rows)
            tables.append((ids, np.fromfile(file, dtype=dtype, count=rows)))
        beside = file.read(int(header["beside_bytes"]))
    as_of = AsOf(height=int(header["height"]), index=int(header["index"]))
    return Snapshot(as_of, int(header["told"]), int(header["began_ns"]), beside, tables)


def _check_sum(path: Path, file: BinaryIO) -> None:
    """Reads the file once to its end, and goes back to its beginning."""
    left = os.fstat(file.fileno()).st_size - _CHECKSUM_BYTES
    checksum = hashlib.sha256()
    whole = left >= _HEADER.itemsize
    while whole and left > 0:
        data = file.read(min(left, 1 << 20))
        checksum.update(data)
        left -= len(data)
        whole = bool(data)
    if not whole or file.read() != checksum.digest():
        raise RiskFault("risk.snapshot_corrupt", path=str(path))
    file.seek(0)
