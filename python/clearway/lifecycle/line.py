"""The line: batches on their way, never swapped; one deciding, one being kept, one being ordered.

Each batch is carried by one thread. It passes the gates in turn, and takes the next before it lets
go of those that it holds; so a batch is decided while the one before it is ordered, and nothing can
overtake. (Queues between kinds of threads would do the same with more parts.)
"""

from __future__ import annotations

from threading import Lock
from types import TracebackType


class Line:
    def __init__(self) -> None:
        self.gates = tuple(Lock() for _ in ("deciding", "keeping", "ordering"))

    def turn(self) -> Turn:
        return Turn(self)


class Turn:
    """A batch's way through the gates; leaving the `with` block opens those that it holds."""

    def __init__(self, line: Line) -> None:
        self._ahead = list(line.gates)
        self._held: list[Lock] = []

    def __enter__(self) -> Turn:
        self.take_next()
        return self

    def take_next(self) -> None:
        """Waits until the batch before has left the next gate; keeps those that it holds, so that
        no other batch comes in between."""
        gate = self._ahead.pop(0)
        gate.acquire()
        self._held.append(gate)

    def let_follow(self) -> None:
        """Opens all gates but the last taken: the next batch may come up to it."""
        while len(self._held) > 1:
            self._held.pop(0).release()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for gate in self._held:
            gate.release()
