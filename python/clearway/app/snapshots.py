"""Snapshots of a running node, so that after a crash the next start reads few blocks again.

Payments go on while one is written (docs/decisions/015-snapshot-while-writing.md). One that fails
does no harm: the log has everything, and the next is tried after the same pause.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from clearway.ledger.book import Book
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
        self._pause_s = pause_s
        self._blocks_min = blocks_min
        self._saved = book.height
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clearway-snapshots", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when none is being written any more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            if self._book.height - self._saved < self._blocks_min:
                continue
            try:
                self._saved = self._book.snapshot()
                log.info("snapshot of height %d", self._saved)
            except (Fault, ValueError) as error:
                log.warning("no snapshot was written: %s", error)
