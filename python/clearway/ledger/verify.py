"""Recomputes a whole chain from genesis: every checksum, signature, result and root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import clearway_kernel as kernel
from clearway.ledger.genesis import Genesis
from clearway.payment.errors import Fault
from clearway.payment.records import HEADER

FIRST_SEGMENT = "0000000000000000.log"
RECORD_HEAD_BYTES = 48  # docs/format.md, Block log: magic, length, height, checksum


@dataclass(frozen=True, slots=True)
class Verification:
    """height, root: of the last good block. first_bad: height of the first that is not; what: what
    differs there, empty when all is well."""

    ok: bool
    height: int
    root: bytes
    entries: int
    first_bad: int | None
    what: str


def verify_chain(folder: Path, genesis: Genesis) -> Verification:
    """Reads the log only, and may run beside a node that writes it.

    genesis: the one that is trusted; a chain that is sound but starts from another is bad at 0.
    Raises FileNotFoundError without a chain, Fault node.disk_failed.
    """
    try:
        found = kernel.verify_log(str(folder))
    except kernel.LogFault as error:
        raise Fault("node.disk_failed") from error
    if found.ok and _chain_id(folder) != genesis.chain_id():
        what = "the chain starts from another genesis than the trusted one"
        return Verification(False, 0, bytes(32), 0, 0, what)
    return Verification(
        ok=found.ok,
        height=found.height,
        root=found.root,
        entries=found.entries,
        first_bad=found.first_bad,
        what=found.what,
    )


def _chain_id(folder: Path) -> bytes:
    """The chain id in the header of block 0, in a log whose checksums were just found right."""
    with (folder / FIRST_SEGMENT).open("rb") as file:
        start = file.read(RECORD_HEAD_BYTES + HEADER.itemsize)
    return bytes(np.frombuffer(start, HEADER, offset=RECORD_HEAD_BYTES)[0]["chain_id"])
