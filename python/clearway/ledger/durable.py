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
    """The writer says what it does with the blocks that are on their way, one or two; readers use
    `read`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._staged = 0  # blocks that were ever begun
        self._under_way: list[int] = []  # of them, those that are not on disk, by their number
        self._discards = 0
        self._failed = False

    def staging(self) -> int:
        """Before the first reader can see the next block; its number."""
        with self._changed:
            self._staged += 1
            self._under_way.append(self._staged)
            return self._staged

    def written(self) -> None:
        """The lower of the blocks under way is durable."""
        with self._changed:
            del self._under_way[:1]
            self._changed.notify_all()

    def discarded(self, number: int | None = None) -> None:
        """A block never was: the one of this number, or the upper of those under way."""
        with self._changed:
            gone = number or max(self._under_way, default=0)
            self._under_way = [other for other in self._under_way if other != gone]
            self._discards += 1
            self._changed.notify_all()

    def top_discarded(self) -> None:
        """What was staged on the lower of the blocks under way is gone."""
        with self._changed:
            del self._under_way[1:]
            self._discards += 1
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
            there = self._changed.wait_for(
                lambda: self._failed or all(number > seen for number in self._under_way),
                WAIT_S_MAX,
            )
            if self._failed:
                raise Fault("node.disk_failed")
            if not there:
                raise Fault("node.starting", what="the last block is not on disk yet")
            return self._discards == discards
