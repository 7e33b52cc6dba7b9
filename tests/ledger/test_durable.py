"""What a reader is told is on disk: it waits for the block that it may have seen."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from clearway.ledger.durable import Durable
from clearway.payment.errors import Fault, Refusal


def start(durable: Durable, pool: ThreadPoolExecutor, found: list[str]) -> Future[str]:
    """A reading that has seen found[-1] and cannot go on before the block ends."""
    seen = threading.Event()

    def ask() -> str:
        value = found[-1]
        seen.set()
        return value

    reading = pool.submit(durable.read, ask)
    assert seen.wait(10)
    return reading


def test_without_a_staged_block_a_reading_is_told_at_once() -> None:
    assert Durable().read(lambda: "old") == "old"


def test_a_reading_waits_until_the_block_is_durable() -> None:
    durable = Durable()
    durable.staging()
    with ThreadPoolExecutor(1) as pool:
        reading = start(durable, pool, ["new"])
        assert not reading.done()
        durable.written()
        assert reading.result(10) == "new"


def test_a_reading_does_not_wait_for_blocks_that_came_after_it() -> None:
    """A busy ledger always has one on the way."""
    durable = Durable()
    durable.staging()
    with ThreadPoolExecutor(1) as pool:
        reading = start(durable, pool, ["new"])
        while durable._changed._waiters == 0:  # type: ignore[attr-defined]
            pass
        durable.written()
        durable.staging()
        assert reading.result(10) == "new"


def test_a_block_that_is_discarded_does_not_make_the_one_below_durable() -> None:
    durable = Durable()
    durable.staging()
    with ThreadPoolExecutor(1) as pool:
        reading = start(durable, pool, ["below"])
        while durable._changed._waiters == 0:  # type: ignore[attr-defined]
            pass
        durable.staging()
        durable.discarded()
        assert not wait([reading], timeout=0.05).done
        durable.written()
        assert reading.result(10) == "below"


def test_what_was_read_of_a_discarded_block_is_read_again() -> None:
    durable = Durable()
    found = ["old", "new"]
    durable.staging()
    with ThreadPoolExecutor(1) as pool:
        reading = start(durable, pool, found)
        found.pop()
        durable.discarded()
        assert reading.result(10) == "old"


def test_a_block_that_the_disk_did_not_take_is_shown_to_nobody() -> None:
    durable = Durable()
    durable.staging()
    with ThreadPoolExecutor(1) as pool:
        reading = start(durable, pool, ["new"])
        durable.failed()
        with pytest.raises(Fault, match=r"node\.disk_failed"):
            reading.result(10)


def test_a_refusal_waits_as_well() -> None:
    durable = Durable()
    answers = [Refusal("account.unknown", account="a"), Refusal("account.closed", account="a")]

    def ask() -> str:
        error = answers.pop()
        durable.discarded() if answers else durable.written()
        raise error

    durable.staging()
    with pytest.raises(Refusal, match=r"account\.unknown"):
        durable.read(ask)
