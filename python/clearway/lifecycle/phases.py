"""Where the time of a payment goes, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType


class PhaseClock:
    """Sums nanoseconds per phase and counts payments; read by the metrics and by `bench pipeline`.

    Several batches are on their way at once, but each phase is entered by one thread at a time, so
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

    def phase(self, name: str) -> Phase:
        return Phase(self, name)

    def steps(self, phase: str, steps_ns: Mapping[str, int]) -> None:
        """Parts of a phase that another layer measured; shown as `phase.step`."""
        for step, spent_ns in steps_ns.items():
            self.add(f"{phase}.{step}", spent_ns)

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

    def add(self, name: str, spent_ns: int) -> None:
        self.spent_ns[name] = self.spent_ns.get(name, 0) + spent_ns


class Phase:
    """Adds the time of its `with` block. (A generator as context manager takes 4 µs, and a batch
    has ten of them.)"""

    __slots__ = ("_clock", "_name", "_start_ns")

    def __init__(self, clock: PhaseClock, name: str) -> None:
        self._clock = clock
        self._name = name

    def __enter__(self) -> None:
        self._start_ns = time.perf_counter_ns()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clock.add(self._name, time.perf_counter_ns() - self._start_ns)
