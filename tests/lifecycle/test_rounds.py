"""A thread that looks once in a while: it goes on after an error, and stops at once."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator

import pytest

from clearway.lifecycle.rounds import Rounds

NEVER_S = 3_600.0  # a round that comes by the clock would hang the test
WAIT_S = 20.0


@pytest.fixture
def seen() -> Iterator[queue.Queue[str]]:
    before = set(threading.enumerate())
    yield queue.Queue()
    assert set(threading.enumerate()) <= before, "every thread ended with its rounds"


def test_it_looks_again_after_each_pause(seen: queue.Queue[str]) -> None:
    rounds = Rounds("test", 0.001, lambda: seen.put("one"), lambda: seen.put("two"))
    rounds.start()
    said = [seen.get(timeout=WAIT_S) for _ in range(6)]
    rounds.stop()
    assert said == ["one", "two"] * 3, "all looks of a round, in turn"


def test_the_first_look_waits_for_the_pause_unless_it_is_due(seen: queue.Queue[str]) -> None:
    waits = Rounds("waits", NEVER_S, lambda: seen.put("waits"))
    due = Rounds("due", NEVER_S, lambda: seen.put("due"), is_due=True)
    waits.start()
    due.start()
    assert seen.get(timeout=WAIT_S) == "due"
    due.stop()
    waits.stop()
    assert seen.empty()


def test_whoever_rings_need_not_wait(seen: queue.Queue[str]) -> None:
    rounds = Rounds("test", NEVER_S, lambda: seen.put("looked"))
    rounds.start()
    for _ in range(3):
        rounds.ring()
        assert seen.get(timeout=WAIT_S) == "looked"
    rounds.stop()
    assert seen.empty()


def test_a_ring_during_a_look_means_another_one(seen: queue.Queue[str]) -> None:
    """What rang may have come too late for the look under way."""
    gate = threading.Event()

    def look() -> None:
        seen.put("looked")
        assert gate.wait(WAIT_S)

    rounds = Rounds("test", NEVER_S, look, is_due=True)
    rounds.start()
    seen.get(timeout=WAIT_S)
    rounds.ring()
    gate.set()
    assert seen.get(timeout=WAIT_S) == "looked"
    rounds.stop()


def test_what_fails_is_logged_and_neither_ends_the_round_nor_the_rounds(
    seen: queue.Queue[str], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError("no such thing")

    rounds = Rounds("leaky", 0.001, fail, lambda: seen.put("behind it"))
    with caplog.at_level(logging.ERROR, "clearway.lifecycle"):
        rounds.start()
        assert [seen.get(timeout=WAIT_S) for _ in range(2)] == ["behind it"] * 2
        rounds.stop()
    assert caplog.text.count("leaky: a look failed") == 1, "said once, not at every turn"
    assert "no such thing" in caplog.text
    assert rounds.problems() == ["leaky: a look failed (OSError)"]


def test_a_look_that_goes_well_again_is_no_problem_any_more(
    seen: queue.Queue[str], caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = [OSError("one"), OSError("two"), ValueError("three")]

    def look() -> None:
        seen.put(str(rounds.problems()))
        if errors:
            raise errors.pop(0)

    rounds = Rounds("leaky", 0.001, look)
    with caplog.at_level(logging.WARNING, "clearway.lifecycle"):
        rounds.start()
        said = [seen.get(timeout=WAIT_S) for _ in range(5)]
        rounds.stop()
    failed = [f"['leaky: a look failed ({what})']" for what in ("OSError", "OSError", "ValueError")]
    assert said == ["[]", *failed, "[]"]
    messages = [record.getMessage() for record in caplog.records]
    once = "leaky: a look failed; the next may not"
    assert messages == [once, once, "leaky: a look that failed went well again"]


def test_stopping_waits_for_the_look_under_way_and_begins_no_other(
    seen: queue.Queue[str],
) -> None:
    begun = threading.Event()

    def look() -> None:
        begun.set()
        while not rounds.is_stopping:
            assert not stopped.wait(0.001)
        seen.put("ended")

    stopped = threading.Event()
    rounds = Rounds("test", NEVER_S, look, lambda: seen.put("another"), is_due=True)
    rounds.start()
    assert begun.wait(WAIT_S)
    rounds.stop()
    stopped.set()
    assert [seen.get_nowait()] == ["ended"]
    assert seen.empty()


def test_stopping_needs_no_start(seen: queue.Queue[str]) -> None:
    rounds = Rounds("test", 0.001, lambda: seen.put("looked"))
    rounds.stop()
    rounds.stop()
    assert seen.empty()
