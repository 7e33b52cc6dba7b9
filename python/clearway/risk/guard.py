"""A model that fails or is late never stops a payment: who asks gets None in time, and says so.

Models that are bounded (a fixed number of steps a row, in code that waits for nothing) are asked
where the batch is decided: handing a batch to another thread and back costs more than the forest
itself takes. If one is slow all the same (the machine stood still), its answer is there and is
used; it is only counted. Others are asked on a thread of their own, and what they have not answered
within the budget is not waited for. While that thread is still at it, no batch asks it again: a
model that hangs costs one budget, not one a batch.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from typing import Final, Generic, TypeVar

BUDGET_S: Final = 0.5  # of one batch

Answer = TypeVar("Answer")
log = logging.getLogger("clearway.risk")


class Guard(Generic[Answer]):
    """Asked by one thread at a time; read by any.

    misses: batches without an answer, by why (`failed`, `late`, `busy`), and `slow` ones.
    problem: what was wrong with the last one asked, in words; None after one that was answered.
    """

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self.budget_s = budget_s
        self.misses: Counter[str] = Counter()
        self.problem: str | None = None
        self._aside: Future[Answer] | None = None

    def ask(self, work: Callable[[], Answer], *, is_bounded: bool) -> Answer | None:
        """What `work` returns; None when it raised, or took longer than the budget."""
        began_s = time.monotonic()
        try:
            answer = work() if is_bounded else self._ask_aside(work)
        except _BusyError:
            self._miss("busy", "the risk model is still at a batch that it was late with")
        except LateError:
            self._miss("late", f"the risk model took longer than {self.budget_s:g} s")
        except Exception as error:
            self._miss("failed", f"the risk model failed ({type(error).__name__})", str(error))
        else:
            if self.problem is not None:
                log.warning("the risk model answers again")
            self.problem = None
            self.misses["slow"] += time.monotonic() - began_s > self.budget_s
            return answer
        return None

    def _ask_aside(self, work: Callable[[], Answer]) -> Answer:
        """On a daemon thread, which a process that ends does not wait for."""
        if self._aside is not None and not self._aside.done():
            raise _BusyError
        self._aside = future = Future[Answer]()
        threading.Thread(target=_answer, args=(future, work), daemon=True).start()
        return future.result(self.budget_s)

    def _miss(self, why: str, problem: str, detail: str = "") -> None:
        """problem: for everybody who may ask whether the node is well. detail: for the log."""
        self.misses[why] += 1
        if self.problem is None:
            log.error("%s; limits and rules decide: %s", problem, detail or why)
        self.problem = problem


class _BusyError(Exception):
    """The thread is still at an earlier batch."""


def _answer(future: Future[Answer], work: Callable[[], Answer]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
