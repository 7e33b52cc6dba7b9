"""Ordering: one signed envelope goes in, its place in the ledger comes out.

The embedded sequencer is one form; a Byzantine-fault-tolerant network is another. Both give the
same blocks and roots for the same envelopes in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ordered:
    """The envelope is in a durable block.

    index: of the envelope's first payment in the block; results: 32 bytes for each payment.
    durable_ns: when it was on disk, by the node's clock; 0 where nobody saw it, because the
    envelope was found on the ledger later. steps_ns: what the time went into, where known.
    """

    height: int
    index: int
    time_ns: int
    results: bytes
    durable_ns: int = 0
    steps_ns: Mapping[str, int] = field(default_factory=dict)


class Ordering(Protocol):
    """Called by one thread at a time."""

    def order(self, envelope: bytes) -> Ordered:
        """Returns when the block is durable.

        Faults: node.disk_full when it certainly is in no block, and may be tried again;
        node.disk_failed when it certainly is in no block and none will be made;
        payment.outcome_unknown when it may or may not be, or may still come.
        """

    def rehearse(self, envelope: bytes, *, presume_signed: bool = False) -> Ordered:
        """What `order` would give now; nothing is written. presume_signed: as if those owners had
        signed of whom an entry says so.

        Faults: node.disk_failed.
        """

    def pass_time(self) -> None:
        """Lets the ledger's time reach the clock's: holds that are due end, and envelopes that
        came too late can no longer be applied. Faults: node.disk_full, node.disk_failed."""

    def problems(self) -> list[str]:
        """Why nothing can be ordered now, in words; empty when it can."""
