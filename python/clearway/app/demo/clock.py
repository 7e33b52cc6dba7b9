"""The demonstration's clock: a week must not take a week.

The rooms take their time from a Clock that is passed in, so a node cannot tell this one from the
machine's. It never goes back.
"""

from __future__ import annotations

import threading
import time


class SimulatedClock:
    """Runs at `rate` simulated seconds per real second, and can be put forward.

    >>> clock = SimulatedClock(10**18)
    >>> clock.jump(2 * 10**18)
    >>> clock() >= 2 * 10**18
    True
    """

    def __init__(self, start_ns: int) -> None:
        self._lock = threading.Lock()
        self._simulated_ns = start_ns
        self._real_ns = time.perf_counter_ns()
        self._rate = 1

    def __call__(self) -> int:
        with self._lock:
            return self._now()

    def _now(self) -> int:
        return self._simulated_ns + (time.perf_counter_ns() - self._real_ns) * self._rate

    def jump(self, to_ns: int) -> None:
        """Forward to `to_ns`; nothing happens when it is later already."""
        with self._lock:
            self._simulated_ns = max(self._now(), to_ns)
            self._real_ns = time.perf_counter_ns()

    def run(self, rate: int) -> None:
        """From now on, so many simulated seconds pass in a real one."""
        with self._lock:
            self._simulated_ns = self._now()
            self._real_ns = time.perf_counter_ns()
            self._rate = rate
