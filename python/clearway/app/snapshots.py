"""Snapshots of a running node, so that after a crash the next start reads few blocks again.

Payments go on while one is written (docs/decisions/015-snapshot-while-writing.md). One that fails
does no harm: the log has everything, and the next is tried after the same pause.
"""

from __future__ import annotations

import logging
from typing import Final

from clearway.ledger.book import Book
from clearway.lifecycle.rounds import Rounds
from clearway.payment.errors import Fault

PAUSE_S: Final = 600.0
BLOCKS_MIN: Final = 1_000  # fewer are read again sooner than a snapshot is written

log = logging.getLogger("clearway.app")


class Snapshots:
    """Writes one after each pause in which there were enough blocks, on a thread of its own."""

    def __init__(
        self, book: Book, *, pause_s: float = PAUSE_S, blocks_min: int = BLOCKS_MIN
    ) -> None:
        self._book = book
        self._blocks_min = blocks_min
        self._saved = book.height
        self.rounds = Rounds("snapshots", pause_s, self.write_due)

    def start(self) -> None:
        self.rounds.start()

    def stop(self) -> None:
        """Returns when none is being written any more."""
        self.rounds.stop()

    def write_due(self) -> None:
        """Writes one if there were enough blocks since the last."""
        if self._book.height - self._saved < self._blocks_min:
            return
        try:
            self._saved = self._book.snapshot()
            log.info("snapshot of height %d", self._saved)
        except (Fault, ValueError) as error:
            log.warning("no snapshot was written: %s", error)
