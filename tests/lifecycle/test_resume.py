"""Answers that never came and nodes that were killed: the ledger tells, nothing is guessed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from clearway.lifecycle import pay
from clearway.lifecycle.resume import catch_up
from clearway.payment.batch import Columns, Placed
from clearway.payment.errors import ClearwayError, Fault
from clearway.ports.ordering import Ordered
from clearway.risk.decide import Scorer
from clearway.risk.memory.state import FeatureState
from tests.lifecycle.gate import Gate
from tests.lifecycle.town import Town, build_town, code, refusal_of
from tests.ordering.engines import Answer, Unreliable


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    people(town)
    yield town
    town.node.stop()


def people(town: Town) -> None:
    town.open("alice")
    town.open("bob")
    town.fund("alice", 1_000_00)


@pytest.fixture
def engine(town: Town) -> Unreliable:
    engine = Unreliable(town.node.ordering)
    town.node.rooms.ordering = engine
    return engine


def until_known(town: Town, id: bytes) -> None:
    deadline = time.monotonic() + 10
    while town.node.batcher.unknown(id):
        assert time.monotonic() < deadline, "the outcome stays unknown"
        time.sleep(0.01)


# --- answers that never came ----------------------------------------------------------------------


def test_an_outcome_that_is_late_is_found_on_the_ledger(town: Town, engine: Unreliable) -> None:
    engine.next_answers = [Answer.LATE]
    submission = town.payment("alice", "bob", 12_34, key="once")
    assert refusal_of(lambda: town.place(submission)) == "payment.outcome_unknown"
    until_known(town, submission.head[16:32])
    found = town.place(submission)
    assert (code(found), town.balance("bob")[0]) == ("ok", 12_34)


def test_a_lost_envelope_is_known_to_be_lost_once_it_is_too_old(
    town: Town, engine: Unreliable
) -> None:
    engine.next_answers = [Answer.LOST]
    submission = town.payment("alice", "bob", 12_34, key="once")
    assert refusal_of(lambda: town.place(submission)) == "payment.outcome_unknown"
    id = submission.head[16:32]
    assert town.node.batcher.unknown(id)
    assert refusal_of(lambda: town.place(submission)) == "payment.outcome_unknown"
    assert any("not answered" in problem for problem in town.node.readiness())
    town.clock.pass_s(11)
    until_known(town, id)
    assert town.balance("bob")[0] == 0
    assert code(town.place(submission)) == "ok"
    assert town.balance("bob")[0] == 12_34


def test_nothing_overtakes_an_envelope_that_may_still_come(town: Town, engine: Unreliable) -> None:
    engine.next_answers = [Answer.DELAYED]
    first = town.payment("alice", "bob", 12_34)
    assert refusal_of(lambda: town.place(first)) == "payment.outcome_unknown"
    second = town.payment("alice", "bob", 1_00)
    futures = [town.node.batcher.submit_columns(Columns.of([second]))]
    time.sleep(0.2)
    assert not futures[0].done()
    engine.deliver()
    answer = futures[0].result(10)[0]
    assert isinstance(answer, Placed)
    assert (code(answer), town.balance("bob")[0]) == ("ok", 13_34)
    until_known(town, first.head[16:32])


@pytest.mark.parametrize("answer", [Answer.LATE, Answer.LOST, Answer.DELAYED])
def test_the_memory_of_risk_is_that_of_the_chain(
    town: Town, engine: Unreliable, answer: Answer
) -> None:
    town.pay("alice", "bob", 1_00)
    engine.next_answers = [answer]
    submission = town.payment("alice", "bob", 12_34)
    assert refusal_of(lambda: town.place(submission)) == "payment.outcome_unknown"
    waiting = town.node.batcher.submit_columns(Columns.of([town.payment("alice", "bob", 2_00)]))
    engine.deliver()
    town.clock.pass_s(11)
    until_known(town, submission.head[16:32])
    waiting.result(10)
    town.pay("alice", "bob", 3_00)
    assert_memory_is_the_chains(town)


def assert_memory_is_the_chains(town: Town) -> None:
    """A memory made from the blocks alone knows what the live one knows."""
    again, live = Scorer(FeatureState(), None), town.node.scorer
    catch_up(town.node.book, again, town.node.rooms.reference, town.node.vault)
    facts = town.node.rooms.reference.facts(
        payer=town.node.book.account_numbers(town.address("alice")),
        payee=town.node.book.account_numbers(town.address("bob")),
        amount_minor=[5_00],
        asset=[1],
        time_ns=[town.clock.now_ns],
    )
    features = live.state.stage(facts)
    live.state.discard()
    assert again.as_of == live.as_of
    assert again.state.stage(facts).tobytes() == features.tobytes()


# --- batches that failed on their way -------------------------------------------------------------


def break_down(*_: object, **__: object) -> None:
    raise RuntimeError("a bug")


def fail_on_disk(*_: object, **__: object) -> None:
    raise Fault("node.disk_failed")


PLACES = ["parties.check", "scorer.score", "vault.save_batch", "book.seal", "ordering.order",
          "phases.count", "projections.notify"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", [break_down, fail_on_disk])
def test_a_batch_that_fails_leaves_the_memory_as_the_ledger_is(
    town: Town, monkeypatch: pytest.MonkeyPatch, place: str, how: Callable[..., None]
) -> None:
    """Wherever it fails, before the ledger has it or after, with two more batches behind it."""
    town.pay("alice", "bob", 1_00)
    gate = Gate(town.node)
    room, _, name = place.partition(".")
    first = town.node.batcher.submit_columns(Columns.of([town.payment("alice", "bob", 2_00)]))
    assert gate.entered.wait(10)
    monkeypatch.setattr(gate if room == "ordering" else getattr(town.node.rooms, room), name, how)
    monkeypatch.setattr(pay, "LARGE_ROWS_MIN", 1)
    behind = []
    for minor in (3_00, 4_00):
        with suppress(ClearwayError):  # the one before may have failed by now
            one = Columns.of([town.payment("alice", "bob", minor)])
            behind.append(town.node.batcher.submit_columns(one))
        while town.node.batcher.waiting:
            time.sleep(0.001)
    gate.open.set()
    for future in (first, *behind):
        with suppress(ClearwayError):
            future.result(10)
    monkeypatch.undo()
    assert_memory_is_the_chains(town)


# --- nodes that were killed -----------------------------------------------------------------------


def kill(town: Town) -> None:
    """What the system does with a dead process: files are closed, and nothing is saved."""
    for rounds in town.node._rounds():
        rounds.stop()
    town.node.projections.stop()
    town.node.book.close()
    town.node.vault.close()
    town.node.audit.close()


def restart(town: Town, folder: Path) -> Town:
    again = build_town(folder, town.clock)
    again.node.start()
    return again


def test_killed_between_the_vault_and_ordering_the_payment_never_was(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    people(town)

    class Dies:
        def order(self, envelope: bytes) -> Ordered:
            raise Fault("node.disk_failed")

        def problems(self) -> list[str]:
            return ["dead"]

        def pass_time(self) -> None: ...

    town.node.rooms.ordering = Dies()
    submission = town.payment("alice", "bob", 12_34)
    with pytest.raises(ClearwayError):
        town.place(submission)
    kept = town.node.vault.last_sequence(town.node.rooms.key)
    kill(town)
    again = restart(town, tmp_path)
    assert again.balance("bob")[0] == 0
    placed = again.place(submission)
    assert (code(placed), again.balance("bob")[0]) == ("ok", 12_34)
    assert placed.sequence > kept
    again.node.stop()


def test_killed_between_ordering_and_the_answer_the_payment_is_there(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    people(town)
    engine = Unreliable(town.node.ordering)
    engine.next_answers = [Answer.LATE]
    town.node.rooms.ordering = engine
    submission = town.payment("alice", "bob", 12_34)
    assert refusal_of(lambda: town.place(submission)) == "payment.outcome_unknown"
    kill(town)
    again = restart(town, tmp_path)
    height = again.node.book.height
    found = again.place(submission)
    assert (code(found), again.node.book.height) == ("ok", height)
    assert again.balance("bob")[0] == 12_34
    assert_memory_is_the_chains(again)
    again.node.stop()


def test_everything_that_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    people(town)
    submissions = [town.payment("alice", "bob", amount) for amount in range(1, 40)]
    answers = [town.place(submission) for submission in submissions]
    kill(town)
    again = restart(town, tmp_path)
    assert again.balance("bob")[0] == sum(range(1, 40))
    assert [again.place(submission) for submission in submissions] == answers
    again.node.stop()


def test_after_a_clean_stop_the_memory_is_read_and_not_made_again(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    town.node.start()
    people(town)
    town.pay("alice", "bob", 1_00)
    as_of = town.node.scorer.as_of
    town.node.stop()
    again = build_town(tmp_path, town.clock)
    assert again.node.scorer.as_of == as_of
    again.node.start()
    assert_memory_is_the_chains(again)
    again.node.stop()
