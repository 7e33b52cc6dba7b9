"""The line: two batches are on their way at once, one deciding, one being ordered, never swapped.

Each batch is carried by one thread. It holds the first gate while it is decided, and takes the
second before it lets go of the first; so the next batch is decided while this one is ordered, and
nothing can overtake. (A queue between two kinds of threads would do the same with more parts.)
"""

from __future__ import annotations

from threading import Lock
from types import TracebackType


class Line:
    def __init__(self) -> None:
        self.deciding = Lock()
        self.ordering = Lock()

    def turn(self) -> Turn:
        return Turn(self)


class Turn:
    """A batch's way through both gates; leaving the `with` block opens whichever it holds."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._held = line.deciding
        self._ahead = False

    def __enter__(self) -> Turn:
        self._held.acquire()
        return self

    def move_on(self) -> None:
        """From deciding to ordering; waits until the batch before is ordered."""
        self.look_ahead()
        self._held.release()
        self._held, self._ahead = self._line.ordering, False

    def look_ahead(self) -> None:
        """Takes the second gate and keeps the first: no batch is decided or ordered meanwhile."""
        if not self._ahead:
            self._line.ordering.acquire()
            self._ahead = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ahead:
            self._line.ordering.release()
        self._held.release()
