"""Queued payments: they go when they can, together if they must, each once and in its turn."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from clearway.lifecycle.release import available_minor
from clearway.payment.batch import Columns, Placed
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.payment.records import Flag, Kind, Outcome, view_heads
from clearway.screening import Watchlist
from clearway.store.queue import Queued, State
from tests.lifecycle.gate import Gate
from tests.lifecycle.town import Town, build_town, code, outcome

HOUR_NS = 3_600 * 10**9
PEOPLE = ("alice", "bob", "carol", "dave")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = start_town(tmp_path)
    yield town
    town.node.stop()


def start_town(place: Path) -> Town:
    town = build_town(place)
    town.node.start()
    for name in PEOPLE:
        town.open(name)
    return town


def start_again(place: Path, town: Town) -> Town:
    again = build_town(place, town.clock)
    again.keys = itertools.count(1_000)
    again.node.start()
    return again


def send(
    town: Town, payer: str, payee: str, amount_minor: int, *, priority: int = 2, key: str = ""
) -> Future[Placed | Queued]:
    submission = town.payment(payer, payee, amount_minor, key=key or None)
    until_ns = town.clock.now_ns + HOUR_NS
    return town.node.queue.offer(submission, priority=priority, until_ns=until_ns)


def offer(town: Town, *parties: str, amount_minor: int, priority: int = 2, key: str = "") -> Queued:
    """One that has to wait."""
    payer, payee = parties
    answer = send(town, payer, payee, amount_minor, priority=priority, key=key).result(20)
    assert isinstance(answer, Queued), code(answer)
    return answer


def wait_until(town: Town, *rows: Queued) -> list[int]:
    """Until the ledger has all of them; the heights."""
    ids = b"".join(row.id for row in rows)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        places = town.node.rooms.replay.find_many(ids)
        if len(places) == len(rows):
            return [places[row.id][0] for row in rows]
        time.sleep(0.01)
    raise AssertionError("they still wait")


def state(town: Town, row: Queued) -> State:
    found = town.node.vault.queue.find(row.id)
    assert found is not None
    return found.state


def settle(town: Town, row: Queued, expected: State) -> None:
    deadline = time.monotonic() + 20
    while state(town, row) is not expected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state(town, row) is expected


def test_what_is_covered_goes_at_once(town: Town) -> None:
    town.fund("alice", 10_00)
    answer = send(town, "alice", "bob", 10_00).result(20)
    assert isinstance(answer, Placed)
    assert code(answer) == "ok"
    assert town.node.vault.queue.waiting() == []


def test_a_short_payment_waits_and_leaves_no_trace_on_the_ledger(town: Town) -> None:
    height, before = town.node.book.height, town.balances()
    row = offer(town, "alice", "bob", amount_minor=10_00)
    assert town.node.book.height == height
    assert town.balances() == before
    assert [one.id for one in town.node.vault.queue.waiting()] == [row.id]
    assert row.private == b'{"reference":"x"}'


def test_it_goes_when_money_comes(town: Town) -> None:
    row = offer(town, "alice", "bob", amount_minor=10_00)
    town.fund("alice", 9_99)
    assert town.balance("bob")[0] == 0
    town.fund("alice", 1)
    wait_until(town, row)
    assert town.balance("bob")[0] == 10_00
    settle(town, row, State.RELEASED)


def test_two_who_owe_each_other_pay_without_money(town: Town) -> None:
    there = offer(town, "alice", "bob", amount_minor=10_00)
    back = send(town, "bob", "alice", 10_00).result(20)
    assert isinstance(back, Placed)
    [height] = wait_until(town, there)
    assert back.height == height
    assert int(view_heads(back.head)[0]["flags"]) & Flag.NET
    assert town.balance("alice")[0] == town.balance("bob")[0] == 0
    settle(town, there, State.RELEASED)


def test_a_circle_goes_as_one_block(town: Town) -> None:
    rows = [
        offer(town, "alice", "bob", amount_minor=30_00),
        offer(town, "bob", "carol", amount_minor=40_00),
        offer(town, "carol", "dave", amount_minor=50_00),
    ]
    send(town, "dave", "alice", 20_00).result(20)
    town.fund("alice", 9_99)
    assert town.node.rooms.replay.find_many(rows[0].id) == {}
    town.fund("alice", 1)
    town.fund("bob", 10_00)
    town.fund("carol", 10_00)
    assert len(set(wait_until(town, *rows))) == 1
    assert [town.balance(one)[0] for one in PEOPLE] == [0, 0, 0, 30_00]


def test_a_large_net_goes_as_a_whole(town: Town) -> None:
    """Nineteen pay one unit to the next twenty times each; the last payment closes the circle."""
    circle = [f"c{number}" for number in range(20)]
    for name in circle:
        town.open(name)
    answers = [
        send(town, payer, payee, 1)
        for payer, payee in itertools.pairwise(circle)
        for _ in range(20)
    ]
    rows = [row for row in (answer.result(20) for answer in answers) if isinstance(row, Queued)]
    assert len(rows) == 19 * 20
    last = send(town, circle[-1], circle[0], 20).result(20)
    assert isinstance(last, Placed)
    places = town.node.rooms.replay.find_many(b"".join(row.id for row in rows))
    assert {height for height, _ in places.values()} == {last.height}
    assert len(places) == len(rows)
    assert [town.balance(one)[0] for one in circle] == [0] * 20


def test_no_payment_passes_an_earlier_one_of_its_payer(town: Town) -> None:
    large = offer(town, "alice", "bob", amount_minor=50_00)
    small = offer(town, "alice", "bob", amount_minor=1_00)
    town.fund("alice", 10_00)
    time.sleep(0.3)
    assert state(town, small) is State.WAITING
    town.fund("alice", 41_00)
    wait_until(town, large, small)
    assert town.balance("bob")[0] == 51_00


def test_an_urgent_payment_passes_a_normal_one(town: Town) -> None:
    normal = offer(town, "alice", "bob", amount_minor=50_00)
    urgent = offer(town, "alice", "carol", amount_minor=20_00, priority=0)
    town.fund("alice", 50_00)
    wait_until(town, urgent)
    assert state(town, normal) is State.WAITING
    assert town.balance("carol")[0] == 20_00


def test_assets_do_not_wait_for_each_other(town: Town) -> None:
    for name in ("erin", "frank"):
        town.open(name, assets=("EUR", "USD"))
    euros = offer(town, "erin", "frank", amount_minor=5_00)
    town.fund("erin", 5_00, "USD")
    dollars = town.payment("erin", "frank", 5_00, asset="USD")
    until_ns = town.clock.now_ns + HOUR_NS
    answer = town.node.queue.offer(dollars, priority=2, until_ns=until_ns).result(20)
    assert isinstance(answer, Placed)
    assert state(town, euros) is State.WAITING


def test_the_deadline_ends_it_and_money_that_comes_later_stays(town: Town) -> None:
    row = offer(town, "alice", "bob", amount_minor=10_00)
    town.clock.pass_s(3_601)
    settle(town, row, State.EXPIRED)
    town.fund("alice", 10_00)
    time.sleep(0.3)
    assert town.balance("alice")[0] == 10_00


def test_its_owner_cancels_it_once(town: Town) -> None:
    row = offer(town, "alice", "bob", amount_minor=10_00)
    ended = town.node.queue.cancel(row.id, by=b"one").result(20)
    assert ended is not None
    assert ended.state is State.VOIDED
    assert town.node.queue.cancel(row.id, by=b"two").result(20) is None
    town.fund("alice", 10_00)
    time.sleep(0.3)
    assert town.balance("bob")[0] == 0


def test_asked_again_it_is_the_same_payment(town: Town) -> None:
    first = offer(town, "alice", "bob", amount_minor=10_00, key="k")
    assert offer(town, "alice", "bob", amount_minor=10_00, key="k").number == first.number
    with pytest.raises(Refusal, match=r"idempotency\.body_differs"):
        send(town, "alice", "bob", 9_00, key="k").result(20)
    with pytest.raises(ClearwayError, match=r"idempotency\.body_differs"):
        town.place(town.payment("alice", "bob", 10_00, key="k"))
    town.fund("alice", 30_00)
    wait_until(town, first)
    again = send(town, "alice", "bob", 10_00, key="k").result(20)
    assert isinstance(again, Placed)
    assert town.balance("bob")[0] == 10_00


def test_the_same_payment_twice_at_once_is_one(town: Town) -> None:
    answers = [send(town, "alice", "bob", 10_00, key="k") for _ in range(2)]
    errors = [answer.exception(20) for answer in answers]
    refused = [str(error) for error in errors if error is not None]
    assert all(error.startswith("idempotency.in_progress") for error in refused)
    rows = [answer.result() for answer in answers if answer.exception() is None]
    assert {row.number for row in rows if isinstance(row, Queued)} == {1}
    assert len(town.node.vault.queue.waiting()) == 1


def test_a_sanctioned_payee_is_declined_when_asked(town: Town) -> None:
    town.open("mallory", name="Nicolas MADURO MOROS")
    answer = send(town, "alice", "mallory", 10_00).result(20)
    assert isinstance(answer, Placed)
    assert (code(answer), outcome(answer)) == ("ledger.declined", Outcome.DECLINE)


def test_the_parties_are_screened_again_at_the_release(town: Town, tmp_path: Path) -> None:
    newer = town.node.parties.screener
    folder = tmp_path / "older"
    folder.mkdir()
    listed = (tmp_path / "lists" / "sdn.csv").read_text()
    (folder / "sdn.csv").write_text(listed.replace("MADURO MOROS", "SOMEBODY ELSE"))
    town.node.parties.replace(Watchlist.from_folder(folder))
    town.open("mallory", name="Nicolas MADURO MOROS")
    row = offer(town, "alice", "mallory", amount_minor=10_00)
    town.node.parties.replace(newer)
    town.fund("alice", 10_00)
    wait_until(town, row)
    assert town.balance("mallory")[0] == 0
    assert town.node.projections.wait_for(town.node.book.height, 10)
    ended = town.node.projections.payment(town.node.institution, row.id)
    assert ended is not None
    assert ended.status == "declined"


def test_a_review_is_in_no_net_and_holds_its_own_money_later(town: Town) -> None:
    town.verdicts.by_amount[33.0] = Outcome.REVIEW
    reviewed = offer(town, "alice", "bob", amount_minor=33_00)
    back = offer(town, "bob", "alice", amount_minor=33_00)
    town.fund("alice", 33_00)
    wait_until(town, reviewed)
    assert town.balance("alice") == (33_00, 0, 33_00)
    assert state(town, back) is State.WAITING


def test_a_closed_payee_does_not_hold_up_the_others(town: Town) -> None:
    doomed = offer(town, "alice", "bob", amount_minor=10_00)
    there = offer(town, "carol", "dave", amount_minor=10_00)
    town.place(town.submission(Kind.CLOSE_ACCOUNT, payer=town.address("bob")))
    back = send(town, "dave", "carol", 10_00).result(20)
    assert isinstance(back, Placed)
    wait_until(town, there)
    town.fund("alice", 10_00)
    wait_until(town, doomed)
    assert town.balance("alice")[0] == 10_00


def test_money_that_is_gone_when_the_set_comes_keeps_all_of_it_waiting(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is made on money that another payment takes first."""
    rows = [
        offer(town, "alice", "bob", amount_minor=30_00),
        offer(town, "bob", "carol", amount_minor=20_00),
    ]
    queue, place = town.node.queue, "clearway.lifecycle.queue.available_minor"
    monkeypatch.setattr(place, lambda book, rows: dict.fromkeys(available_minor(book, rows), 30_00))
    height = town.node.book.height
    queue._ring(height)
    time.sleep(0.5)
    assert town.node.book.height == height
    monkeypatch.setattr(place, available_minor)
    assert [state(town, row) for row in rows] == [State.WAITING] * 2
    town.fund("alice", 30_00)
    wait_until(town, *rows)
    assert [town.balance(one)[0] for one in PEOPLE] == [0, 10_00, 20_00, 0]


def test_what_is_private_is_erased_while_it_waits(town: Town) -> None:
    row = offer(town, "alice", "bob", amount_minor=10_00)
    assert town.node.vault.erase(row.payer)
    found = town.node.vault.queue.find(row.id)
    assert found is not None
    assert found.private is None
    town.fund("alice", 10_00)
    wait_until(town, row)
    assert town.node.projections.wait_for(town.node.book.height, 10)
    paid = town.node.projections.payment(town.node.institution, row.id)
    assert paid is not None
    assert town.node.vault.private(paid.key, paid.sequence, paid.envelope_index) is None


def test_an_offer_that_is_under_way_elsewhere_stops_no_other(town: Town) -> None:
    town.fund("carol", 10_00)
    gate = Gate(town.node)
    other = town.node.batcher.submit_columns(
        Columns.of([town.payment("carol", "dave", 1_00, key="k")])
    )
    assert gate.entered.wait(10)
    answers = [send(town, "alice", "bob", 1_00, key=key) for key in ("a", "k", "b")]
    time.sleep(0.1)
    gate.open.set()
    other.result(20)
    assert [isinstance(answers[at].result(20), Queued) for at in (0, 2)] == [True, True]
    assert answers[1].exception(20) is not None


def test_an_id_that_was_used_in_another_way_holds_nobody_up(town: Town) -> None:
    """As when both are asked at the same moment under one key."""
    town.fund("carol", 1_00)
    town.place(town.payment("carol", "dave", 1_00, key="k"))
    doomed = offer(town, "alice", "bob", amount_minor=10_00)
    behind = offer(town, "alice", "bob", amount_minor=5_00)
    used = town.payment("carol", "dave", 1_00, key="k").head[16:32]
    entry = town.node.queue._waiting.pop(doomed.id)
    with town.node.vault._database.transaction() as writer:
        head = doomed.head[:16] + used + doomed.head[32:]
        writer.execute("UPDATE queued SET id = ?, head = ? WHERE id = ?", (used, head, doomed.id))
    entry.row = replace(entry.row, id=used, head=head)
    town.node.queue._waiting[used] = entry
    town.fund("alice", 10_00)
    wait_until(town, behind)
    assert town.balance("alice")[0] == 5_00


def test_a_restart_keeps_what_waits_and_pays_nothing_twice(tmp_path: Path) -> None:
    town = start_town(tmp_path)
    row = offer(town, "alice", "bob", amount_minor=10_00)
    gone = offer(town, "carol", "bob", amount_minor=5_00)
    town.fund("carol", 10_00)
    wait_until(town, gone)
    settle(town, gone, State.RELEASED)
    # Killed between the release and its note in the file.
    with town.node.vault._database.transaction() as writer:
        writer.execute("UPDATE queued SET state = 'waiting' WHERE id = ?", (gone.id,))
    town.node.stop()

    again = start_again(tmp_path, town)
    settle(again, gone, State.RELEASED)
    assert again.balance("carol")[0] == 5_00
    again.fund("alice", 10_00)
    wait_until(again, row)
    assert again.balance("bob")[0] == 15_00
    again.node.stop()


def test_what_is_private_is_erased_after_a_restart_too(tmp_path: Path) -> None:
    """The node keeps none of it in memory: it is in the file alone, for the ledger's turn."""
    town = start_town(tmp_path)
    erased = offer(town, "alice", "bob", amount_minor=10_00)
    kept = offer(town, "carol", "bob", amount_minor=5_00)
    town.node.stop()

    again = start_again(tmp_path, town)
    assert again.node.vault.erase(erased.payer)
    ended = again.node.queue.cancel(erased.id, by=b"one").result(20)
    assert ended is not None
    assert ended.private is None
    again.fund("carol", 5_00)
    wait_until(again, kept)
    assert again.node.projections.wait_for(again.node.book.height, 10)
    paid = again.node.projections.payment(again.node.institution, kept.id)
    assert paid is not None
    private = again.node.vault.private(paid.key, paid.sequence, paid.envelope_index)
    assert private == kept.private is not None
    again.node.stop()


def test_a_release_that_was_never_answered_is_looked_up(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = offer(town, "alice", "bob", amount_minor=10_00)
    order = town.node.ordering.order
    calls = itertools.count()

    def lose_answer(envelope: bytes) -> object:
        ordered = order(envelope)
        if next(calls) == 1:
            raise Fault("payment.outcome_unknown", payment="of this block")
        return ordered

    monkeypatch.setattr(town.node.ordering, "order", lose_answer)
    town.fund("alice", 25_00)
    settle(town, row, State.RELEASED)
    assert town.balance("bob")[0] == 10_00
    assert next(calls) == 2


@pytest.mark.parametrize("seed", range(4))
def test_final_balances_are_those_of_the_payments_one_by_one(town: Town, seed: int) -> None:
    """With enough credit in between: whatever waited, whatever was netted."""
    chance = random.Random(seed)
    expected = dict.fromkeys(PEOPLE, 0)
    pending: list[Queued] = []
    for _ in range(40):
        payer, payee = chance.sample(PEOPLE, 2)
        amount_minor = chance.randint(1, 40_00)
        expected[payer] -= amount_minor
        expected[payee] += amount_minor
        answer = send(town, payer, payee, amount_minor, priority=chance.randint(0, 2)).result(20)
        if isinstance(answer, Queued):
            pending.append(answer)
        if chance.random() < 0.2:
            lucky, gift_minor = chance.choice(PEOPLE), chance.randint(1, 20_00)
            town.fund(lucky, gift_minor)
            expected[lucky] += gift_minor
        assert min(town.balance(one)[0] for one in PEOPLE) >= 0
    for person in PEOPLE:
        town.fund(person, 2_000_00)
        expected[person] += 2_000_00
    if pending:
        wait_until(town, *pending)
    assert {one: town.balance(one)[0] for one in PEOPLE} == expected
