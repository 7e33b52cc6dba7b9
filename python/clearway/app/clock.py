"""The node's time, which never goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable


class SteadyClock:
    """Stands still while the machine's clock, which was put back, is behind what was told. The
    ledger's time stands still likewise; a batch dated by an earlier hour would be over before it
    was ordered, and every payment refused until the clock has caught up.

    >>> hours = iter((7, 9, 8, 10))
    >>> clock = SteadyClock(lambda: next(hours), not_before_ns=8)
    >>> [clock() for _ in range(4)]
    [8, 9, 9, 10]
    """

    def __init__(self, clock: Callable[[], int], *, not_before_ns: int) -> None:
        """not_before_ns: of the ledger's last block, so that a restart goes on from there."""
        self._clock = clock
        self._last_ns = not_before_ns
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self._last_ns = max(self._last_ns, self._clock())
            return self._last_ns
