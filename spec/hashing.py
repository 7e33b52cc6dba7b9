"""Hashes under a domain, and the tree over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from blake3 import blake3

DOMAINS: Final = (
    "leaf",
    "node",
    "instruction",
    "authorise",
    "entries",
    "envelope",
    "genesis",
    "header",
    "state",
    "log",
    "details",
    "decision",
    "features",
    "terms",
    "approve",
    "fact",
    "policy",
)
ZERO32: Final = bytes(32)


def domain_key(domain: str) -> bytes:
    """The 32 bytes that key BLAKE3 for this domain."""
    if domain not in DOMAINS:
        raise ValueError(f"no such domain: {domain}")
    return blake3(b"", derive_key_context="clearway v1 " + domain).digest()


def hash_bytes(domain: str, data: bytes) -> bytes:
    """`H[domain](data)` of docs/format.md."""
    return blake3(data, key=domain_key(domain)).digest()


def leaf(record: bytes) -> bytes:
    return hash_bytes("leaf", record)


def result_leaf(result: bytes) -> bytes:
    """The leaf of a result is padded to 64 bytes."""
    return leaf(result.ljust(64, b"\0"))


def next_level(level: Sequence[bytes]) -> list[bytes]:
    """Pairs from the left become one hash each; an odd last hash moves up unchanged."""
    above = []
    for left in range(0, len(level), 2):
        pair = level[left : left + 2]
        above.append(hash_bytes("node", pair[0] + pair[1]) if len(pair) == 2 else pair[0])
    return above


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes; 32 zero bytes when there are none."""
    level = list(leaves)
    while len(level) > 1:
        level = next_level(level)
    return level[0] if level else ZERO32


def tree_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings of a leaf and of its ancestors, from the bottom."""
    path = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level = next_level(level)
        index //= 2
    return path


def check_path(
    *, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf stands at `index` of the tree of `size` leaves with this root."""
    if not 0 <= index < size:
        return False
    rest = list(path)
    found = leaf_hash
    while size > 1:
        if index ^ 1 < size:
            if not rest:
                return False
            sibling = rest.pop(0)
            pair = found + sibling if index % 2 == 0 else sibling + found
            found = hash_bytes("node", pair)
        index, size = index // 2, (size + 1) // 2
    return not rest and found == root
