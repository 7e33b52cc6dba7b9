"""A range of blocks, checked offline under a genesis that the reader trusts.

A range is records of the block log, one after another with heights that follow each other, and
nothing else: a segment of a node's log is one, and so are records fetched one by one and put
together. Checked are the framing, every root, the header, the links of hashes and each block's
finality. Nothing is executed again: whether results and state follow from the entries is what
`clearway verify` recomputes.

Who may make a block final is known from genesis, from the keys that the range itself registers and
revokes, and from keys that the reader names. The range's results say which registrations
succeeded; they are as good as the signatures of the blocks that hold them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from clearway.ledger.book import FINALITY, FINALITY_SEQUENCER, Block, Book
from clearway.ledger.crypto import hash_bytes, tree_root, verify
from clearway.ledger.entry import UNIT_BYTES, UNITS_AT, size_of_entry
from clearway.ledger.genesis import Genesis
from clearway.payment.records import HEAD_BYTES, HEADER, RESULT, Kind, Purpose

RANGE_BYTES_MAX: Final = 1 << 30
RECORD_HEAD_BYTES: Final = 48
MAGIC: Final = b"CWB1"
RESULT_LEAF_PADDING = bytes(32)


class RangeError(ValueError):
    """A range that proves nothing. height: of the first bad block, None before the first one is
    known; field: what of it differs; what: from what."""

    def __init__(self, height: int | None, field: str, what: str) -> None:
        super().__init__(f"{'' if height is None else f'block {height}: '}{field}: {what}")
        self.height = height
        self.field = field
        self.what = what


@dataclass(frozen=True, slots=True)
class CheckedRange:
    first: int
    last: int
    entries: int
    block_hash: bytes
    """Of the last block."""
    anchored: bool
    """Whether the first block is genesis, or the one that the reader named."""

    def tell(self) -> str:
        """One sentence for people."""
        blocks = f"blocks {self.first} to {self.last}, {self.entries} entries"
        before = "" if self.anchored else "; what came before them is not checked"
        return f"{blocks}, last hash {self.block_hash.hex()}{before}; nothing was executed again"


@dataclass(slots=True)
class _Keys:
    """Who may sequence. rows: key → (purposes, activation height), without the revoked."""

    rows: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    revoked: set[bytes] = field(default_factory=set)

    def register(self, key: bytes, purposes: int, activation_height: int) -> None:
        if key not in self.revoked:
            self.rows.setdefault(key, (purposes, activation_height))

    def revoke(self, key: bytes) -> None:
        self.rows.pop(key, None)
        self.revoked.add(key)

    def may_sequence(self, key: bytes, height: int) -> bool:
        purposes, activation_height = self.rows.get(key, (0, 0))
        return bool(purposes & Purpose.SEQUENCE) and activation_height <= height


@dataclass(slots=True)
class _Payload:
    """One record taken apart. header HEADER; entries as they stand, results 32 bytes each."""

    header: Any
    block_hash: bytes
    finality: bytes
    entries: list[bytes]
    results: list[bytes]


def pack_record(block: Block) -> bytes:
    """The record of the block log that holds this block, which must have been read back."""
    assert block.recorded is not None, "invariant: a staged block has no record"
    entries = block.recorded.entries
    payload = b"".join(
        (
            block.header,
            len(block.finality).to_bytes(4, "little"),
            block.finality,
            len(entries).to_bytes(4, "little"),
            entries,
            block.recorded.results,
        )
    )
    height = block.height.to_bytes(8, "little")
    checksum = hash_bytes("log", height + payload)
    return b"".join((MAGIC, len(payload).to_bytes(4, "little"), height, checksum, payload))


def find_records(folder: Path, first: int, last: int | None) -> Iterator[bytes]:
    """The records of these heights from the log in `folder`, as they stand there; fewer when the
    log ends before. They are not checked: whoever reads them does that."""
    names = sorted(path for path in folder.glob("*.log") if path.stem.isdecimal())
    for path, after in zip(names, [*names[1:], None], strict=True):
        if after is not None and int(after.stem) <= first:
            continue
        with path.open("rb") as segment:
            while len(head := segment.read(RECORD_HEAD_BYTES)) == RECORD_HEAD_BYTES:
                height, size = (
                    int.from_bytes(head[8:16], "little"),
                    int.from_bytes(head[4:8], "little"),
                )
                if head[:4] != MAGIC or (last is not None and height > last):
                    return
                if height < first:
                    segment.seek(size, os.SEEK_CUR)
                    continue
                payload = segment.read(size)
                if len(payload) < size:
                    return
                yield head + payload


def check_range(
    data: bytes,
    genesis: Genesis,
    *,
    trusted_block: bytes | None = None,
    trusted_keys: Iterable[bytes] = (),
) -> CheckedRange:
    """What a range proves under the trusted genesis.

    trusted_block: the hash that the first block must have. trusted_keys: sequencer's keys that the
    reader knows from elsewhere, for a range that starts after a rotation.
    Raises RangeError naming the first bad height and what differs there.
    """
    keys = _Keys()
    for row in genesis.keys:
        keys.register(row.key, row.purposes, row.activation_height)
    for key in trusted_keys:
        keys.register(key, Purpose.SEQUENCE, 0)
    chain_id = genesis.chain_id()
    first, entries, before = None, 0, None
    for height, payload in _records(data):
        block = _take_apart(height, payload, chain_id)
        if before is not None:
            _check_link(height, block.header, before)
        elif trusted_block is not None and block.block_hash != trusted_block:
            raise RangeError(height, "header", "is not the block that is trusted")
        _check_roots(height, block)
        _check_finality(height, block, genesis, keys)
        _follow_keys(height, block, keys)
        first = height if first is None else first
        entries += len(block.entries)
        before = block
    if first is None or before is None:
        raise RangeError(None, "range", "has no blocks")
    return CheckedRange(
        first=first,
        last=int(before.header["height"]),
        entries=entries,
        block_hash=before.block_hash,
        anchored=first == 0 or trusted_block is not None,
    )


# --- framing ------------------------------------------------------------------------------------


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(height, payload) of each record, its checksum found right."""
    if len(data) > RANGE_BYTES_MAX:
        raise RangeError(None, "range", f"has more than {RANGE_BYTES_MAX} bytes")
    at, expected = 0, None
    while at < len(data):
        head = data[at : at + RECORD_HEAD_BYTES]
        if len(head) < RECORD_HEAD_BYTES or head[:4] != MAGIC:
            raise RangeError(expected, "record", "does not begin as one of the block log")
        size, height = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:16], "little")
        if expected is not None and height != expected:
            raise RangeError(expected, "record", f"is of height {height}")
        payload = data[at + RECORD_HEAD_BYTES : at + RECORD_HEAD_BYTES + size]
        if len(payload) < size:
            raise RangeError(height, "record", "is cut short")
        if hash_bytes("log", head[8:16] + payload) != head[16:]:
            raise RangeError(height, "checksum", "is not that of the record")
        yield height, payload
        at, expected = at + RECORD_HEAD_BYTES + size, height + 1


def _take_apart(height: int, payload: bytes, chain_id: bytes) -> _Payload:
    data, at = payload[: HEADER.itemsize], HEADER.itemsize
    if len(data) < HEADER.itemsize:
        raise RangeError(height, "record", "has no whole header")
    header = np.frombuffer(data, HEADER)[0]
    if header["version"] != 1 or header["zero"].any():
        raise RangeError(height, "header", "is not a header of version 1")
    if int(header["height"]) != height:
        raise RangeError(height, "header", f"is of height {int(header['height'])}")
    if bytes(header["chain_id"]) != chain_id:
        raise RangeError(height, "header", "belongs to another chain")
    finality, at = _counted(height, payload, at, "finality")
    encoded, at = _counted(height, payload, at, "entries")
    results = payload[at:]
    count = int(header["count"])
    if len(results) != count * RESULT.itemsize:
        raise RangeError(height, "results", f"are not those of {count} entries")
    return _Payload(
        header=header,
        block_hash=hash_bytes("header", data),
        finality=finality,
        entries=_split(height, encoded, count),
        results=[results[at : at + 32] for at in range(0, len(results), RESULT.itemsize)],
    )


def _counted(height: int, payload: bytes, at: int, field: str) -> tuple[bytes, int]:
    """A part that its length, u32, stands before; and where the next part begins."""
    start = at + 4
    size = int.from_bytes(payload[at:start], "little")
    if start > len(payload) or start + size > len(payload):
        raise RangeError(height, field, "are cut short" if field == "entries" else "is cut short")
    return payload[start : start + size], start + size


def _split(height: int, encoded: bytes, count: int) -> list[bytes]:
    """The single entries. Their kinds do not matter, only the lengths that they say."""
    entries: list[bytes] = []
    at = 0
    while at < len(encoded) and len(entries) < count:
        try:
            size = size_of_entry(encoded[at : at + HEAD_BYTES])
        except ValueError as error:
            raise RangeError(height, f"entry {len(entries)}", str(error)) from error
        if at + size > len(encoded):
            raise RangeError(height, f"entry {len(entries)}", "is cut short")
        entries.append(encoded[at : at + size])
        at += size
    if at != len(encoded) or len(entries) != count:
        raise RangeError(height, "entries", f"are not {count} in number")
    return entries


# --- the block ----------------------------------------------------------------------------------


def _check_link(height: int, header: Any, before: _Payload) -> None:
    if bytes(header["previous"]) != before.block_hash:
        raise RangeError(height, "previous", f"is not the hash of block {height - 1}")
    if header["time_ns"] <= before.header["time_ns"]:
        raise RangeError(height, "time_ns", f"is not after that of block {height - 1}")


def _check_roots(height: int, block: _Payload) -> None:
    leaves = b"".join(hash_bytes("leaf", entry) for entry in block.entries)
    if tree_root(leaves) != bytes(block.header["transactions_root"]):
        raise RangeError(height, "transactions_root", "is not that of the entries")
    leaves = b"".join(hash_bytes("leaf", row + RESULT_LEAF_PADDING) for row in block.results)
    if tree_root(leaves) != bytes(block.header["results_root"]):
        raise RangeError(height, "results_root", "is not that of the results")


def _follow_keys(height: int, block: _Payload, keys: _Keys) -> None:
    """Registrations and revocations that the block says succeeded, and that are no repetitions.

    They count from the next block on. The kernel, which executes, lets a block be made final by a
    key that it registers itself; believed without execution, that would let anyone name himself.
    """
    for entry, result in zip(block.entries, block.results, strict=True):
        if entry[1] not in (Kind.REGISTER_KEY, Kind.REVOKE_KEY):
            continue
        row = np.frombuffer(result, RESULT)[0]
        # Without a unit, what stands in its place may be the signature.
        if height == 0 or row["code"] != 0 or row["flags"] != 0 or entry[UNITS_AT] == 0:
            continue
        unit = entry[HEAD_BYTES : HEAD_BYTES + UNIT_BYTES]
        if entry[1] == Kind.REVOKE_KEY:
            keys.revoke(unit[:32])
        else:
            purposes, activation = unit[36:40], unit[40:48]
            keys.register(
                unit[:32], int.from_bytes(purposes, "little"), int.from_bytes(activation, "little")
            )


def _check_finality(height: int, block: _Payload, genesis: Genesis, keys: _Keys) -> None:
    if height == 0:
        if block.finality:
            raise RangeError(height, "finality", "stands on the genesis block, which carries none")
        if block.block_hash != Book.create(None, genesis).block(0).hash:
            raise RangeError(height, "header", "is not the block that the trusted genesis makes")
        return
    if len(block.finality) != FINALITY.size:
        raise RangeError(
            height, "finality", f"has {len(block.finality)} bytes, not {FINALITY.size}"
        )
    version, kind, key, signature = FINALITY.unpack(block.finality)
    if (version, kind) != (1, FINALITY_SEQUENCER):
        raise RangeError(height, "finality", "is not a sequencer's of version 1")
    if not keys.may_sequence(key, height):
        raise RangeError(height, "finality.key", "is not a sequencer known before this block")
    if not verify(key, block.block_hash, signature):
        raise RangeError(height, "finality.signature", "is not over this header by this key")
