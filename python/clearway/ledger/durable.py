"""No reader is told of what is not on disk yet.

The kernel applies a block in memory and then writes it; meanwhile its readers see the block. Were
the node killed before the write ends, an answer made of such a reading would have shown money
that moved back. So a reading that may have seen a block waits until that block is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from clearway.payment.errors import ClearwayError, Fault

WAIT_S_MAX: Final = 10.0
Found = TypeVar("Found")


class Durable:
    """The writer says what it does with `staging`, `ended` and `failed`; readers use `read`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._staged = 0  # blocks that were ever begun
        self._ended = 0  # of them, those that are durable or never were
        self._discards = 0
        self._failed = False

    def staging(self) -> None:
        """Before the first reader can see the next block."""
        with self._changed:
            self._staged += 1

    def ended(self, *, discarded: bool) -> None:
        with self._changed:
            self._ended = self._staged
            self._discards += discarded
            self._changed.notify_all()

    def failed(self) -> None:
        """The block that was staged stays in doubt until the ledger is opened again."""
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def read(self, ask: Callable[[], Found]) -> Found:
        """What `ask` finds or refuses, once every block that it may have seen is durable.

        Raises Fault node.disk_failed; node.starting when the disk takes longer than WAIT_S_MAX.
        """
        while True:
            discards = self._discards
            try:
                found = ask()
            except ClearwayError:
                if self._wait(discards):
                    raise
            else:
                if self._wait(discards):
                    return found

    def _wait(self, discards: int) -> bool:
        """False when a block was discarded since: what was read may have been of it."""
        with self._changed:
            seen = self._staged
            there = self._changed.wait_for(lambda: self._ended >= seen or self._failed, WAIT_S_MAX)
            if self._failed:
                raise Fault("node.disk_failed")
            if not there:
                raise Fault("node.starting", what="the last block is not on disk yet")
            return self._discards == discards
