"""A thread that looks once in a while: for orders that are due, for snapshots to write, for cases.

What it does is never on the path of a payment, and nothing waits for one round: when it fails, the
log says so once, the node says so for as long as it lasts, and the next round is tried.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("clearway.lifecycle")


class Rounds:
    """Calls each of `looks`, in turn, on a thread of its own, with a pause of pause_s seconds
    between two rounds. start before, stop after; both once.

    >>> import queue
    >>> seen = queue.Queue()
    >>> rounds = Rounds("seconds", 0.001, lambda: seen.put("looked"))
    >>> rounds.start()
    >>> seen.get(timeout=10)
    'looked'
    >>> rounds.stop()
    """

    def __init__(
        self, name: str, pause_s: float, *looks: Callable[[], object], is_due: bool = False
    ) -> None:
        """name: of the thread, and of what failed, for the log. is_due: the first round begins at
        once, not after a pause."""
        self.name = name
        self._pause_s = pause_s
        self._looks = looks
        self._failed: dict[Callable[[], object], str] = {}  # that did at their last turn, with what
        self._rung = threading.Event()  # the next round begins now
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=f"clearway-{name}", daemon=True)
        if is_due:
            self._rung.set()

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """The next round begins now, or as soon as the one under way has ended."""
        self._rung.set()

    def break_off(self) -> None:
        """No look begins any more; one under way is asked to end by `is_stopping`."""
        self._is_stopping = True
        self._rung.set()

    @property
    def is_stopping(self) -> bool:
        """Read by looks that take long."""
        return self._is_stopping

    def problems(self) -> list[str]:
        """Which errors the looks ended with at their last turn, in words; empty when with none."""
        return [f"{self.name}: a look failed ({what})" for what in self._failed.copy().values()]

    def stop(self) -> None:
        """Returns when no look is under way. Does nothing more where none was started."""
        self.break_off()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._rung.wait(self._pause_s)
            self._rung.clear()
            for look in self._looks:
                if self._is_stopping:
                    return
                self._try(look)

    def _try(self, look: Callable[[], object]) -> None:
        try:
            look()
        except Exception as error:
            what = type(error).__name__
            if self._failed.get(look) != what:
                log.exception("%s: a look failed; the next may not", self.name)
            self._failed[look] = what
        else:
            if self._failed.pop(look, None):
                log.warning("%s: a look that failed went well again", self.name)
