"""How often an API key may ask for something that takes the writer's time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from clearway.payment.errors import Refusal

SIMULATIONS_PER_S_MAX: Final = 20
KEYS_KEPT_MAX: Final = 1_024


class Pace:
    """At most SIMULATIONS_PER_S_MAX in a second of the clock, for each key. From any thread."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._asked: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = Lock()

    def count(self, key: str) -> None:
        """Refuses capacity.simulations."""
        with self._lock:
            second = int(self._clock_s())
            last, asked = self._asked.pop(key, (second, 0))
            asked = asked + 1 if last == second else 1
            self._asked[key] = (second, asked)
            if len(self._asked) > KEYS_KEPT_MAX:
                self._asked.popitem(last=False)
        if asked > SIMULATIONS_PER_S_MAX:
            raise Refusal("capacity.simulations", limit=SIMULATIONS_PER_S_MAX)
