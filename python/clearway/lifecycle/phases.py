"""Where the time of a payment goes, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class PhaseClock:
    """Sums nanoseconds per phase and counts payments; read by the metrics and by `bench pipeline`.

    Two batches are on their way at once, but each phase is entered by one thread at a time, so
    that sums of different phases never race.

    >>> clock = PhaseClock()
    >>> with clock.phase("screen"):
    ...     pass
    >>> clock.count(10)
    >>> sorted(clock.us_per_payment())
    ['screen']
    """

    def __init__(self) -> None:
        self.payments = 0
        self.batches = 0
        self.spent_ns: dict[str, int] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            self._add(name, time.perf_counter_ns() - start_ns)

    def steps(self, phase: str, steps_ns: Mapping[str, int]) -> None:
        """Parts of a phase that another layer measured; shown as `phase.step`."""
        for step, spent_ns in steps_ns.items():
            self._add(f"{phase}.{step}", spent_ns)

    def count(self, payments: int) -> None:
        self.payments += payments
        self.batches += 1

    def us_per_payment(self) -> dict[str, float]:
        """Microseconds of wall time per payment, by phase."""
        return {
            name: spent_ns / 1_000 / max(self.payments, 1)
            for name, spent_ns in self.spent_ns.items()
        }

    def reset(self) -> None:
        """A benchmark forgets its warm-up."""
        self.payments, self.batches = 0, 0
        self.spent_ns = {}

    def _add(self, name: str, spent_ns: int) -> None:
        self.spent_ns[name] = self.spent_ns.get(name, 0) + spent_ns
