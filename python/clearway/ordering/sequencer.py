"""The embedded sequencer: one writer, one block per envelope, one signature, one fsync.

A block's time is the clock's, but always later than the block before (docs/format.md).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from clearway.ledger.book import Block, Book, sign_finality
from clearway.payment.errors import Fault
from clearway.ports.ordering import Ordered


class Sequencer:
    """`seed` is the 32 bytes of a key with purpose SEQUENCE; `clock` gives ns since 1970."""

    def __init__(self, book: Book, *, seed: bytes, clock: Callable[[], int]) -> None:
        self._book = book
        self._seed = seed
        self._clock = clock
        self._lock = threading.Lock()  # the expiry tick comes from another thread
        self._failed = False

    def order(self, envelope: bytes) -> Ordered:
        with self._lock:
            block = self._append([envelope])
            durable_ns = max(block.time_ns, self._clock())
        return _ordered(block, envelope, durable_ns=durable_ns)

    def rehearse(self, envelope: bytes, *, presume_signed: bool = False) -> Ordered:
        with self._lock:
            if self._failed:
                raise Fault("node.disk_failed")
            block = self._book.rehearse(
                time_ns=self._next_time_ns(), envelopes=[envelope], presume_signed=presume_signed
            )
        return _ordered(block, envelope, durable_ns=0)

    def pass_time(self) -> None:
        with self._lock:
            self._append([])

    def problems(self) -> list[str]:
        return ["the block log cannot be written"] if self._failed else []

    def _append(self, envelopes: Sequence[bytes]) -> Block:
        """Without room the block is in no log, and the next may be tried. Any other fault leaves in
        doubt whether the record will be found when the log is opened again, so nobody is told yes
        or no, and no further block is made."""
        if self._failed:
            raise Fault("node.disk_failed")
        block = self._book.stage(time_ns=self._next_time_ns(), envelopes=envelopes)
        try:
            self._book.commit(sign_finality(self._seed, block.hash))
        except Fault as fault:
            self._book.discard()  # readers see what was acknowledged
            if fault.code == "node.disk_full":
                raise
            self._failed = True
            raise Fault("payment.outcome_unknown", payment="of this block") from fault
        return block

    def _next_time_ns(self) -> int:
        return max(self._book.time_ns + 1, self._clock())


def _ordered(block: Block, envelope: bytes, *, durable_ns: int) -> Ordered:
    payments = int.from_bytes(envelope[4:8], "little")
    index = block.count - payments
    return Ordered(
        height=block.height,
        index=index,
        time_ns=block.time_ns,
        results=block.results[index:].tobytes(),
        durable_ns=durable_ns,
        steps_ns={
            "signatures": block.signatures_ns,
            "apply": block.apply_ns,
            "roots": block.roots_ns,
        },
    )
