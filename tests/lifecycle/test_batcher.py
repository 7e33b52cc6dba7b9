"""The batcher: bounded, in order, one answer for each; and payments that their owners sign."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.lifecycle.batcher import Batcher, Limits
from clearway.lifecycle.pay import LARGE_ROWS_MIN
from clearway.payment.batch import BATCH_ROWS_MAX, Columns, Placed, Submission
from clearway.payment.decision import DecisionFlag
from clearway.payment.errors import Fault, Refusal
from clearway.payment.records import INSTRUCTION_BYTES, Flag, Outcome, view_heads
from tests.lifecycle.gate import Gate
from tests.lifecycle.town import Town, build_town, code, outcome, refusal_of

SEED = b"s" * 32


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    town.open("alice")
    town.open("bob")
    town.open("owner", owner_key=public_key(SEED))
    town.fund("alice", 1_000_00)
    town.fund("owner", 1_000_00)
    yield town
    town.node.stop()


# --- bounds ---------------------------------------------------------------------------------------


def test_a_full_queue_refuses_at_once(town: Town) -> None:
    town.node.batcher._limits = Limits(queue_rows_max=2)
    gate = Gate(town.node)
    one = [town.node.batcher.submit_columns(Columns.of([town.payment("alice", "bob", 1)]))]
    assert gate.entered.wait(10)
    # The next batch is decided and waits for ordering; what comes then queues.
    one.append(town.node.batcher.submit_columns(Columns.of([town.payment("alice", "bob", 1)])))
    while town.node.batcher.waiting:
        time.sleep(0.001)
    for _ in range(2):
        one.append(town.node.batcher.submit_columns(Columns.of([town.payment("alice", "bob", 1)])))
    assert refusal_of(lambda: town.pay("alice", "bob", 1)) == "capacity.full"
    gate.open.set()
    assert [isinstance(future.result(10)[0], Placed) for future in one] == [True] * 4


@pytest.mark.parametrize(("second", "waiting"), [(1, 1), (LARGE_ROWS_MIN, 0)])
def test_behind_a_large_batch_the_next_is_decided_before_it_is_kept(
    town: Town, second: int, waiting: int
) -> None:
    batcher, gate = town.node.batcher, Gate(town.node)
    asked = []
    for count in (1, second, 1):
        rows = [town.payment("alice", "bob", 1) for _ in range(count)]
        asked.append(batcher.submit_columns(Columns.of(rows)))
        assert gate.entered.wait(10)
        while batcher.waiting > (waiting if len(asked) == 3 else 0):
            time.sleep(0.001)
    time.sleep(0.05)
    assert batcher.waiting == waiting  # the first one is still being ordered
    gate.open.set()
    places = [future.result(20)[0] for future in asked]
    heights = [one.height for one in places if isinstance(one, Placed)]
    assert heights == sorted(set(heights))
    assert len(heights) == 3


def test_the_same_key_is_refused_while_it_runs(town: Town) -> None:
    gate = Gate(town.node)
    submission = town.payment("alice", "bob", 12_34)
    running = town.node.batcher.submit_columns(Columns.of([submission]))
    assert gate.entered.wait(10)
    assert refusal_of(lambda: town.place(submission)) == "idempotency.in_progress"
    gate.open.set()
    first = running.result(10)[0]
    assert town.place(submission) == first


def test_columns_are_no_longer_than_a_batch(town: Town) -> None:
    columns = Columns.of([town.payment("alice", "bob", 1)] * (BATCH_ROWS_MAX + 1))
    with pytest.raises(ValueError, match="rows"):
        town.node.batcher.submit_columns(columns)


def test_a_head_that_would_not_decode_takes_nobody_with_it(town: Town) -> None:
    good = town.payment("alice", "bob", 1)
    for at, byte in ((0, 9), (1, 1), (3, 2), (192, 4), (200, 1), (63, 0x40)):
        head = bytearray(good.head)
        head[at] = byte
        with pytest.raises(Refusal, match=r"request\.invalid"):
            town.node.batcher.submit_columns(Columns.of([good._replace(head=bytes(head))]))
    assert code(town.place(good)) == "ok"


def test_an_id_twice_in_one_upload_is_refused(town: Town) -> None:
    twice = Columns.of([town.payment("alice", "bob", 1, key="k")] * 2)
    with pytest.raises(Refusal, match="twice"):
        town.node.batcher.submit_columns(twice)


def test_nothing_is_accepted_before_start_and_after_stop(town: Town) -> None:
    batcher = Batcher(town.node.rooms, Limits())
    submission = town.payment("alice", "bob", 1)
    with pytest.raises(Fault, match=r"node\.starting"):
        batcher.place(submission)
    batcher.start()
    batcher.stop()
    with pytest.raises(Fault, match=r"node\.stopping"):
        batcher.place(submission)


def test_newcomers_are_screened_while_nothing_else_is_to_do(town: Town) -> None:
    town.open("mallory", name="Nicolas MADURO MOROS")
    [number] = town.node.book.account_numbers(town.address("mallory")).tolist()
    deadline = time.monotonic() + 10
    while town.node.parties.match_of(number) is None:
        assert time.monotonic() < deadline, "nobody screened her"
        time.sleep(0.01)


# --- many at once ---------------------------------------------------------------------------------


def test_rows_are_answered_in_their_order_whatever_became_of_them(town: Town) -> None:
    submissions = [
        town.payment("alice", "bob", 1_00),
        town.payment("alice", "nobody", 1_00),
        town.payment("alice", "bob", 9_999_00),
        town.payment("alice", "bob", 2_00),
    ]
    share = town.node.batcher.submit_columns(Columns.of(submissions)).result(10)
    told = [a.code if not isinstance(a, Placed) else code(a) for a in (share[i] for i in range(4))]
    assert told == ["ok", "account.unknown", "ledger.exceeds_available", "ok"]
    placed = [share[0], share[2], share[3]]
    indexes = [answer.index for answer in placed if isinstance(answer, Placed)]
    assert indexes == [indexes[0], indexes[0] + 1, indexes[0] + 2]


def test_a_loop_gets_its_answers_and_the_money_adds_up(town: Town) -> None:
    async def play() -> list[Placed]:
        submit = town.node.batcher.submit
        return await asyncio.gather(*(submit(town.payment("alice", "bob", 10)) for _ in range(500)))

    answers = asyncio.run(play())
    assert {code(answer) for answer in answers} == {"ok"}
    assert len({(answer.height, answer.index) for answer in answers}) == 500
    assert town.balance("bob")[0] == 500 * 10


def test_what_comes_in_one_round_of_a_loop_goes_together_and_at_once(town: Town) -> None:
    town.node.batcher._limits = Limits(wait_us=3_600_000_000)  # nobody waits for company so long

    async def play(count: int) -> list[Placed]:
        submit = town.node.batcher.submit
        return await asyncio.gather(
            *(submit(town.payment("alice", "bob", 1)) for _ in range(count))
        )

    for count in (1, 20):
        answers = asyncio.run(play(count))
        assert {answer.height for answer in answers} == {town.node.book.height}


def test_many_threads_at_once_lose_nothing(town: Town) -> None:
    def play() -> None:
        for _ in range(25):
            assert code(town.place(town.payment("alice", "bob", 1))) == "ok"

    threads = [threading.Thread(target=play) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert town.balance("bob")[0] == 8 * 25


def test_a_whole_upload_again_gives_the_first_answers(town: Town) -> None:
    columns = Columns.of([town.payment("alice", "bob", amount) for amount in range(1, 30)])
    first = town.node.batcher.submit_columns(columns).result(10)
    height = town.node.book.height
    again = town.node.batcher.submit_columns(columns).result(10)
    assert [again[row] for row in range(29)] == [first[row] for row in range(29)]
    assert town.node.book.height == height


def test_a_bug_stops_the_node_instead_of_going_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(numbers: object) -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr(town.node.parties, "check", break_down)
    assert refusal_of(lambda: town.pay("alice", "bob", 1)) == "node.bug"
    assert refusal_of(lambda: town.pay("alice", "bob", 1)) == "node.bug"
    assert any("node.bug" in problem for problem in town.node.readiness())


def test_phases_add_up_by_name(town: Town) -> None:
    town.node.phases.reset()
    town.pay("alice", "bob", 1)
    spent = town.node.phases.us_per_payment()
    journey = ["receive", "screen", "score", "route", "clear", "keep", "order", "book", "tell"]
    assert [name for name in spent if "." not in name] == journey
    assert town.node.phases.payments == 1


# --- payments that their owners sign --------------------------------------------------------------


def signed(town: Town, amount_minor: int, *, seed: bytes = SEED, hold_s: float = 0) -> Submission:
    submission = town.payment("owner", "bob", amount_minor, hold_s=hold_s)
    rows = view_heads(submission.head).copy()
    rows["flags"] |= np.uint16(Flag.SIGNED)
    head = rows.tobytes()
    instruction = hash_bytes("instruction", head[:INSTRUCTION_BYTES])
    digest = hash_bytes("authorise", town.node.book.chain_id + instruction)
    return submission._replace(head=head, signature=sign(seed, digest))


def test_an_owner_signs_the_payment_and_the_ledger_checks_it(town: Town) -> None:
    assert code(town.place(signed(town, 1_00))) == "ok"
    assert code(town.place(signed(town, 1_00, seed=b"x" * 32))) == "ledger.bad_authorisation"
    assert code(town.pay("owner", "bob", 1_00)) == "ledger.bad_authorisation"
    assert town.balance("bob")[0] == 1_00


def test_a_review_that_the_owner_signed_no_hold_for_is_declined(town: Town) -> None:
    town.verdicts.by_amount = {7.77: Outcome.REVIEW}
    declined = town.place(signed(town, 7_77))
    assert (outcome(declined), code(declined)) == (Outcome.DECLINE, "ledger.declined")
    assert declined.decision_flags & DecisionFlag.NO_HOLD_SIGNED
    held = town.place(signed(town, 7_77, hold_s=60))
    assert (outcome(held), code(held)) == (Outcome.REVIEW, "ok")
    assert town.balance("owner") == (1_000_00, 0, 7_77)


def test_columns_carry_the_signatures_of_their_rows(town: Town) -> None:
    rows = [signed(town, 1), town.payment("alice", "bob", 2), signed(town, 3)]
    share = town.node.batcher.submit_columns(Columns.of(rows)).result(10)
    assert not np.asarray(share.answers.results["code"]).any()
    assert town.balance("bob")[0] == 6
