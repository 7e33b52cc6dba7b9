"""Projections are the chain as tables: the same however they were made, and true to the ledger."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.payment.records import AccountFlag, Kind, Outcome, Role, pack_leg
from clearway.payment.state import FINAL, Status
from clearway.store.projections import Projections
from clearway.store.rows import PaymentRow
from tests.chains import (
    ETH,
    EUR,
    HOUR_NS,
    JPY,
    OTHER_SEED,
    SEED,
    USD,
    Chain,
    address_of,
    busy_chain,
)

NAMES = ("nostro", "fees", "desk", "nostro-2", "alice", "bob", "carol", "dora", "erin")


@cache
def chain() -> Chain:
    return busy_chain()


def project(path: Path, chain: Chain, *, group: int = 1_000) -> Projections:
    projections = Projections(path, chain.book.account_numbers)
    catch_up(projections, chain, group=group)
    return projections


def catch_up(projections: Projections, chain: Chain, *, group: int = 1_000) -> None:
    blocks = list(chain.book.blocks(projections.height + 1))
    for start in range(0, len(blocks), group):
        projections.apply(blocks[start : start + group])


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Projections]:
    projections = project(tmp_path / "p.db", chain())
    yield projections
    projections.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[Chain, Projections]]:
    """A chain with funded accounts alice and bob, and its projections."""
    made = Chain()
    alice, _ = made.open("alice", "bob")
    made.order(made.issue(alice, 100_000), made.issue(alice, 100_000, USD))
    projections = project(tmp_path / "p.db", made)
    yield made, projections
    projections.stop()


def find_all(projections: Projections) -> list[PaymentRow]:
    return [
        *projections.payments(institution=1, limit=1_000),
        *projections.payments(institution=2, limit=1_000),
    ]


# --- the same, however made ---------------------------------------------------------------------


@pytest.mark.parametrize("group", [1, 2, 3, 7])
def test_the_size_of_groups_changes_nothing(tmp_path: Path, group: int) -> None:
    project(tmp_path / "one.db", chain()).stop()
    project(tmp_path / "other.db", chain(), group=group).stop()
    assert dump(tmp_path / "one.db") == dump(tmp_path / "other.db")


def test_a_rebuild_gives_the_same_content(busy: Projections, tmp_path: Path) -> None:
    before = dump(tmp_path / "p.db")
    busy.rebuild()
    assert busy.height == -1
    assert busy.payments(institution=1, limit=10) == []
    catch_up(busy, chain(), group=4)
    assert dump(tmp_path / "p.db") == before


def test_opening_again_continues(tmp_path: Path) -> None:
    blocks = list(chain().book.blocks(0))
    path = tmp_path / "p.db"
    for start in range(0, len(blocks), 5):
        projections = Projections(path, chain().book.account_numbers)
        assert projections.height == start - 1
        projections.apply(blocks[start : start + 5])
        projections.stop()
    project(tmp_path / "other.db", chain()).stop()
    assert dump(path) == dump(tmp_path / "other.db")


def test_what_the_ledger_learned_later_does_not_colour_the_past(tmp_path: Path) -> None:
    made = Chain()
    (alice,) = made.open("alice")
    live = project(tmp_path / "live.db", made)
    later = address_of("later")
    made.order(made.issue(alice, 100), made.pay(alice, later, 1))  # no such account yet
    catch_up(live, made)
    made.open("later")
    catch_up(live, made)
    live.stop()
    project(tmp_path / "again.db", made).stop()
    assert dump(tmp_path / "live.db") == dump(tmp_path / "again.db")


def test_a_failed_group_leaves_no_trace(
    busy: Projections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(tmp_path / "p.db")
    made = busy_chain()
    projections = project(tmp_path / "q.db", made)
    made.order(made.pay(address_of("alice"), address_of("bob"), 1))
    writer = projections._writer
    book = writer._book

    def fail(*args: object) -> int:
        book(*args)  # type: ignore[arg-type]
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(writer, "_book", fail)
        with pytest.raises(OSError, match="full"):
            catch_up(projections, made)
    assert dump(tmp_path / "q.db") == before
    catch_up(projections, made)  # and the running balances were not spoiled
    entry = projections.entries(address_of("bob"), limit=1, asset=EUR)[0]
    assert entry.balance_after_minor == (made.book.balance(address_of("bob"), EUR) or (0,))[0]
    projections.stop()


def test_blocks_out_of_order_or_of_another_chain_stop_it(busy: Projections) -> None:
    with pytest.raises(AssertionError, match="in order"):
        busy.apply([chain().book.block(3)])
    other = busy_chain()
    other.order()
    foreign = Chain()
    for _ in range(busy.height + 1):
        foreign.order()
    with pytest.raises(AssertionError, match="one chain"):
        busy.apply([foreign.book.block(busy.height + 1)])


# --- true to the ledger -------------------------------------------------------------------------


def test_every_balance_follows_from_the_entries(busy: Projections) -> None:
    for name in NAMES:
        address = address_of(name)
        for asset, posted, _, _ in chain().book.balances(address):
            entries = busy.entries(address, limit=1_000, asset=asset)
            assert (entries[0].balance_after_minor if entries else 0) == posted
            balance = 0
            for entry in reversed(entries):
                balance += entry.amount_minor
                assert entry.balance_after_minor == balance


def test_every_open_hold_and_no_other_is_open(busy: Projections) -> None:
    open_ids = {row.id for row in busy.holds(1, limit=100)}
    for row in find_all(busy):
        is_open = chain().book.hold(row.institution, row.id) is not None
        assert is_open == (row.id in open_ids) == (row.status not in FINAL)


def test_every_entry_but_duplicates_is_found_by_its_id(busy: Projections) -> None:
    seen = {}
    for block in chain().book.blocks(1):
        institution = 0
        for index, head in enumerate(block.heads):
            if head["kind"] == Kind.ENVELOPE:
                institution = int(head["to_asset"])  # where an envelope has its institution
            elif head["kind"] != Kind.SWEEP and not block.results["flags"][index]:
                code = int(block.results["code"][index])
                key = (institution, head["id"].tobytes())
                place = (block.height, index, int(head["kind"]))
                forgotten = key in seen and 1 <= seen[key][1] <= 23
                if key not in seen or (forgotten and not 1 <= code <= 23):
                    seen[key] = (place, code)
    for (institution, id), (place, code) in seen.items():
        found = busy.find(institution, id)
        assert found is not None
        assert (found.height, found.index, found.kind) == place, code
    assert busy.find(1, bytes(16)) is None
    assert busy.find_many(1, bytes(16)) == {}


def test_many_ids_are_found_at_once(busy: Projections) -> None:
    rows = busy.payments(institution=1, limit=1_000)
    ids = [row.id for row in rows] + [bytes([i % 256]) * 16 for i in range(1_200)]
    random.Random(1).shuffle(ids)
    found = busy.find_many(1, b"".join(ids))
    assert found == {row.id: (row.height, row.index, row.kind) for row in rows}


# --- how a payment ends -------------------------------------------------------------------------


def the(projections: Projections, id: bytes) -> PaymentRow:
    row = projections.payment(1, id)
    assert row is not None
    return row


def test_an_immediate_payment_is_settled(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    paid = made.pay(alice, bob, 1_234, purpose=7, target=b"q" * 16)
    block = made.order(paid)
    catch_up(projections, made)
    row = the(projections, paid.id)
    assert (row.status, row.first_status, row.code) == (Status.SETTLED, Status.SETTLED, 0)
    assert (row.payer, row.payee, row.asset, row.amount_minor) == (alice, bob, EUR, 1_234)
    assert (row.captured_minor, row.refunded_minor, row.refund_of) == (1_234, 0, None)
    assert (row.height, row.index, row.created_ns) == (block.height, 1, block.time_ns)
    assert (row.last_height, row.last_index) == (block.height, 1)
    assert (row.purpose, row.target, row.outcome) == (7, b"q" * 16, Outcome.ACCEPT)
    envelope = block.entry(0)
    assert (row.key, row.sequence) == (envelope[64:96], made.sequences[SEED])
    assert row.envelope_index == 0
    newest, *_ = projections.entries(bob, limit=5)
    assert (newest.amount_minor, newest.balance_after_minor) == (1_234, 1_234)
    assert (newest.payment, newest.height, newest.role) == (paid.id, block.height, Role.PRINCIPAL)


@pytest.mark.parametrize(
    ("outcome", "end", "status", "captured"),
    [
        (Outcome.ACCEPT, 500, Status.SETTLED, 500),
        (Outcome.ACCEPT, 120, Status.SETTLED, 120),
        (Outcome.ACCEPT, None, Status.VOIDED, 0),
        (Outcome.REVIEW, 500, Status.SETTLED, 500),
        (Outcome.REVIEW, None, Status.DECLINED, 0),
    ],
    ids=["capture", "capture in part", "void", "approve", "reject"],
)
@pytest.mark.parametrize("together", [True, False], ids=["one group", "two groups"])
def test_a_hold_ends_as_the_table_of_states_says(
    fresh: tuple[Chain, Projections],
    outcome: Outcome,
    end: int | None,
    status: Status,
    captured: int,
    together: bool,
) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    hold = made.hold(alice, bob, 500, outcome=outcome)
    made.order(hold)
    first = Status.REVIEW if outcome is Outcome.REVIEW else Status.HELD
    if not together:
        catch_up(projections, made)
        row = the(projections, hold.id)
        assert (row.status, row.captured_minor) == (first, 0)
        assert [one.id for one in projections.holds(1, limit=5)] == [hold.id]
        assert projections.entries(bob, limit=5) == []
    act = made.void(hold) if end is None else made.post(hold, alice, bob, end)
    block = made.order(act)
    catch_up(projections, made)

    row = the(projections, hold.id)
    assert (row.status, row.first_status, row.captured_minor) == (status, first, captured)
    assert (row.last_height, row.last_index) == (block.height, 1)
    assert projections.holds(1, limit=5) == []
    (kept,) = projections.acts_on(1, hold.id)
    assert (kept.id, kept.target, kept.payment) == (act.id, hold.id, hold.id)
    assert (kept.status, kept.amount_minor, kept.code) == (status, captured, 0)
    assert (kept.sequence, kept.envelope_index) == (made.sequences[SEED], 0)
    assert projections.act(1, act.id) == kept
    entries = projections.entries(bob, limit=5)
    assert [(one.amount_minor, one.payment, one.height) for one in entries] == (
        [(captured, hold.id, block.height)] if captured else []
    )


def test_an_expired_hold_is_returned(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    holds = [made.hold(alice, bob, 10 + i, for_ns=HOUR_NS // 2) for i in range(3)]
    made.order(*holds)
    block = made.order(pass_ns=HOUR_NS)
    catch_up(projections, made)
    assert {the(projections, hold.id).status for hold in holds} == {Status.RETURNED}
    (act,) = projections.acts_on(1, holds[1].id)
    assert (act.id, act.kind, act.height, act.index) == (None, Kind.SWEEP, block.height, 0)
    assert act.status is Status.RETURNED
    places = sorted(
        (one.height, one.index, one.n) for hold in holds for one in projections.acts_on(1, hold.id)
    )
    assert places == [(block.height, 0, n) for n in (1, 2, 3)]


def test_a_capture_that_is_refused_changes_no_payment(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    hold = made.hold(alice, bob, 500)
    made.order(hold)
    wrong = made.post(hold, alice, bob, 501)
    made.order(wrong)
    catch_up(projections, made)
    assert the(projections, hold.id).status is Status.HELD
    act = projections.act(1, wrong.id)
    assert act is not None
    assert (act.code, act.status, act.payment, act.target) == (53, None, None, hold.id)
    assert projections.acts_on(1, hold.id) == []


def test_refunds_are_payments_and_count_on_the_first(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    paid = made.pay(alice, bob, 1_000)
    made.order(paid)
    one = made.refund(paid, bob, alice, 400, bound_minor=1_000)
    two = made.refund(paid, bob, alice, 700, bound_minor=1_000)
    three = made.refund(paid, bob, alice, 600, bound_minor=1_000)
    made.order(one, two, three)
    catch_up(projections, made)
    assert the(projections, paid.id).refunded_minor == 1_000
    assert the(projections, one.id).refund_of == paid.id
    assert the(projections, two.id).status is Status.REFUSED
    assert the(projections, three.id).status is Status.SETTLED


def test_a_refund_across_currencies_counts_what_the_payer_gets_back(
    fresh: tuple[Chain, Projections],
) -> None:
    made, projections = fresh
    alice, bob, desk = address_of("alice"), address_of("bob"), address_of("desk")
    made.order(made.issue(desk, 10_000, USD))
    paid = made.exchange(alice, bob, 1_000, 1_080, 5)
    made.order(paid)
    legs = [
        pack_leg(payer=bob, payee=desk, asset=USD, role=Role.EXCHANGE, amount_minor=540),
        pack_leg(payer=desk, payee=alice, asset=EUR, role=Role.EXCHANGE, amount_minor=500),
    ]
    back = made.entry(
        Kind.REFUND, target=paid.id, payer=bob, payee=alice, asset=USD, amount_minor=540,
        to_asset=EUR, to_amount_minor=500, bound_minor=1_080, units=b"".join(legs),
    )  # fmt: skip
    made.order(back)
    catch_up(projections, made)
    assert the(projections, back.id).status is Status.SETTLED
    assert the(projections, paid.id).refunded_minor == 500
    row = the(projections, paid.id)
    assert (row.to_asset, row.to_amount_minor, row.legs) == (USD, 1_080, paid.units)


@pytest.mark.parametrize("given", [True, False], ids=["legs given", "legs of the hold"])
def test_a_captured_hold_with_legs_books_each(
    fresh: tuple[Chain, Projections], given: bool
) -> None:
    made, projections = fresh
    alice, bob, desk, fees = (address_of(name) for name in ("alice", "bob", "desk", "fees"))
    made.order(made.issue(desk, 10_000, USD))
    legs = made.exchange(alice, bob, 1_000, 1_080, 5).units
    hold = made.hold(
        alice, bob, 1_000, to_asset=USD, to_amount_minor=1_080, bound_minor=5, units=legs
    )
    made.order(hold)
    made.order(made.post(hold, alice, bob, 1_000, units=legs if given else b""))
    catch_up(projections, made)
    assert the(projections, hold.id).captured_minor == 1_000
    assert projections.entries(bob, limit=1)[0].amount_minor == 1_080
    assert projections.entries(fees, limit=1)[0].role == Role.FEE
    assert [one.amount_minor for one in projections.entries(alice, limit=2)] == [-5, -1_000]
    assert [one.amount_minor for one in projections.entries(desk, limit=2)] == [-1_080, 1_000]


# --- ids ----------------------------------------------------------------------------------------


def test_a_repeated_payment_is_there_once(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    paid = made.pay(address_of("alice"), address_of("bob"), 10)
    first = made.order(paid, paid)
    made.order(paid)
    made.order(made.pay(address_of("alice"), address_of("bob"), 11, id=paid.id))  # refused: reused
    catch_up(projections, made)
    rows = projections.payments(institution=1, account=address_of("bob"), limit=10)
    assert [(row.id, row.height, row.index) for row in rows] == [(paid.id, first.height, 1)]


@pytest.mark.parametrize("group", [1, 100])
def test_a_refusal_that_the_ledger_forgets_gives_way(
    fresh: tuple[Chain, Projections], group: int
) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    paid = made.pay(alice, bob, 10)
    lost = made.pay(alice, bob, 11)
    made.order_envelopes([made.seal([paid, lost], sequence=made.sequences[SEED])])
    catch_up(projections, made) if group == 1 else None
    block = made.order(paid)
    made.order_envelopes([made.seal([paid], sequence=made.sequences[SEED])])
    catch_up(projections, made, group=group)
    row = the(projections, paid.id)
    assert (row.status, row.height) == (Status.SETTLED, block.height)
    assert (the(projections, lost.id).status, the(projections, lost.id).code) == (Status.REFUSED, 7)
    rows = projections.payments(institution=1, account=bob, limit=10)
    assert [one.id for one in rows] == [paid.id, lost.id]


def test_an_id_used_again_after_the_window_is_a_second_payment(
    fresh: tuple[Chain, Projections],
) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    paid = made.pay(alice, bob, 10)
    made.order(paid)
    made.order(pass_ns=48 * HOUR_NS)
    again = made.hold(alice, bob, 20, id=paid.id)
    made.order(again)
    made.order(made.post(again, alice, bob, 15))
    catch_up(projections, made)
    assert the(projections, paid.id).amount_minor == 10  # by id, the first answers
    rows = projections.payments(institution=1, account=bob, limit=10)
    assert [(row.amount_minor, row.status, row.captured_minor) for row in rows] == [
        (20, Status.SETTLED, 15),
        (10, Status.SETTLED, 10),
    ]
    assert projections.entries(bob, limit=1)[0].balance_after_minor == 25


def test_the_same_id_of_two_institutions_is_two_payments(
    fresh: tuple[Chain, Projections],
) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    (dora,) = made.open("dora", seed=OTHER_SEED)
    made.order(made.issue(dora, 100, nostro="nostro-2"), seed=OTHER_SEED)
    ours = made.hold(alice, bob, 10)
    theirs = made.hold(dora, bob, 20, id=ours.id)
    made.order(ours)
    made.order(theirs, seed=OTHER_SEED)
    made.order(made.void(ours))
    made.order(made.post(theirs, dora, bob, 20), seed=OTHER_SEED)
    catch_up(projections, made)
    assert the(projections, ours.id).status is Status.VOIDED
    other = projections.payment(2, ours.id)
    assert other is not None
    assert (other.status, other.amount_minor) == (Status.SETTLED, 20)


# --- numbers of any size ------------------------------------------------------------------------


def test_amounts_beyond_64_bits_are_exact(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    alice, bob = address_of("alice"), address_of("bob")
    large = 2**126 - 1
    made.order(made.issue(alice, 2**62, ETH), made.issue(alice, 2**62, ETH))
    catch_up(projections, made)
    made.order(made.issue(alice, large, ETH), made.pay(alice, bob, 7))
    paid, hold = made.pay(alice, bob, large, asset=ETH), made.hold(alice, bob, 2**63, asset=ETH)
    made.order(paid, hold)
    made.order(made.post(hold, alice, bob, 2**63 - 1, asset=ETH))
    catch_up(projections, made)
    assert the(projections, paid.id).amount_minor == large
    assert the(projections, hold.id).captured_minor == 2**63 - 1
    for name in ("alice", "bob", "nostro"):
        posted = made.book.balance(address_of(name), ETH)
        entries = projections.entries(address_of(name), limit=100, asset=ETH)
        assert posted is not None
        assert entries[0].balance_after_minor == posted[0]
        assert sum(entry.amount_minor for entry in entries) == posted[0]


def test_times_beyond_64_bits_do_not_stop_it(fresh: tuple[Chain, Projections]) -> None:
    made, projections = fresh
    hold = made.hold(address_of("alice"), address_of("bob"), 5, for_ns=2**64 - 1 - made.now_ns)
    made.order_envelopes([made.seal([hold], sequence=2**64 - 1)])
    catch_up(projections, made)
    row = the(projections, hold.id)
    assert (row.status, row.expires_ns, row.sequence) == (Status.HELD, 2**63 - 1, 2**64 - 1)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_chain_gives_the_ledgers_balances(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    made = Chain()
    people = made.open("a", "b", "c", "d")
    made.order(*(made.issue(one, 1_000, asset) for one in people for asset in (EUR, JPY)))
    holds: list[tuple[object, bytes, bytes, int]] = []
    amounts = st.integers(1, 900)
    for _ in range(data.draw(st.integers(1, 5))):
        entries = []
        for _ in range(data.draw(st.integers(1, 12))):
            payer, payee = data.draw(st.permutations(people))[:2]
            amount, asset = data.draw(amounts), data.draw(st.sampled_from([EUR, JPY]))
            act = data.draw(st.sampled_from(["pay", "hold", "end"]))
            if act == "pay":
                entries.append(made.pay(payer, payee, amount, asset=asset))
            elif act == "hold":
                entries.append(made.hold(payer, payee, amount, asset=asset))
                holds.append((entries[-1], payer, payee, asset))
            elif holds:
                hold, payer, payee, asset = holds.pop(data.draw(st.integers(0, len(holds) - 1)))
                post = made.post(hold, payer, payee, amount, asset=asset)  # type: ignore[arg-type]
                entries.append(data.draw(st.sampled_from([post, made.void(hold)])))  # type: ignore[arg-type]
        made.order(*entries)
    path = tmp_path_factory.mktemp("p") / "p.db"
    projections = project(path, made, group=data.draw(st.integers(1, 4)))
    for address in people:
        for asset, posted, _, _ in made.book.balances(address):
            entries_ = projections.entries(address, limit=1, asset=asset)
            assert (entries_[0].balance_after_minor if entries_ else 0) == posted
    open_ids = {row.id for row in projections.holds(1, limit=1_000)}
    for row in projections.payments(institution=1, limit=1_000):
        assert (made.book.hold(1, row.id) is not None) == (row.id in open_ids)
    projections.stop()


# --- lists --------------------------------------------------------------------------------------


def test_pages_of_payments_join_without_gap_or_repeat(busy: Projections) -> None:
    for query in (
        {},
        {"account": address_of("alice")},
        {"account": address_of("dora")},
        {"status": Status.SETTLED},
        {"status": Status.REFUSED},
        {"account": address_of("bob"), "status": Status.SETTLED},
    ):
        everything = busy.payments(institution=1, limit=1_000, **query)  # type: ignore[arg-type]
        assert everything
        paged: list[PaymentRow] = []
        while page := busy.payments(
            institution=1,
            limit=3,
            starting_after=paged[-1].id if paged and paged[-1].institution == 1 else None,
            **query,  # type: ignore[arg-type]
        ):
            paged += page
            if len(paged) >= len(everything) or page[-1].institution != 1:
                break
        assert paged == everything[: len(paged)]
        places = [(row.height, row.index) for row in everything]
        assert places == sorted(places, reverse=True)


def test_an_account_lists_what_it_paid_and_got_whoever_ordered_it(busy: Projections) -> None:
    alice = address_of("alice")
    expected = {row.id for row in find_all(busy) if alice in (row.payer, row.payee)}
    listed = busy.payments(institution=1, account=alice, limit=1_000)
    assert {row.id for row in listed} == expected
    assert {row.institution for row in listed} == {1, 2}
    assert busy.payments(institution=1, account=bytes(20), limit=10) == []


def test_entries_page_newest_first_across_assets(busy: Projections) -> None:
    alice = address_of("alice")
    everything = busy.entries(alice, limit=1_000)
    numbers = [entry.number for entry in everything]
    assert numbers == sorted(numbers, reverse=True)
    assert {entry.asset for entry in everything} == {EUR, USD, ETH}
    second = busy.entries(alice, limit=4, starting_after=everything[3].number)
    assert second == everything[4:8]
    assert busy.entries(bytes(20), limit=4) == []


def test_accounts_show_their_flags_and_assets(busy: Projections) -> None:
    for name in NAMES:
        row = busy.account(address_of(name))
        account = chain().book.account(address_of(name))
        assert row is not None
        assert account is not None
        assert (row.number, row.institution, row.flags) == (
            account.number, account.institution, account.flags,
        )  # fmt: skip
        assert list(row.assets) == [asset for asset, *_ in chain().book.balances(row.address)]
        assert row.opened_ns == account.opened_ns
    erin = busy.account(address_of("erin"))
    assert erin is not None
    assert erin.flags == AccountFlag.CLOSED
    listed = busy.accounts(1, limit=3)
    assert [row.number for row in listed] == [11, 10, 9]
    further = busy.accounts(1, limit=3, starting_after=listed[-1].address)
    assert [row.number for row in further] == [8, 6, 5]  # 7 is another institution's


def test_blocks_are_listed_with_their_roots(busy: Projections) -> None:
    newest, *_ = busy.blocks(limit=5)
    assert (newest.height, newest.hash) == (chain().book.height, chain().book.head_hash)
    assert newest.state_root == chain().book.state_root
    assert [row.height for row in busy.blocks(limit=3, before=10)] == [9, 8, 7]
    assert busy.block(3) == busy.blocks(limit=1, before=4)[0]
    assert busy.block(1_000) is None
    assert busy.assets() == [(a.number, a.code, a.scale) for a in chain().book.assets()]


# --- changes ------------------------------------------------------------------------------------


def test_changes_tell_every_status_once_and_as_of_then(busy: Projections) -> None:
    changes = busy.changes((0, 0, 0), 1_000)
    places = [(one.height, one.index, one.n) for one in changes]
    assert places == sorted(set(places))
    last: dict[tuple[int, bytes], Status] = {}
    for one in changes:
        key = (one.payment.institution, one.payment.id)
        assert one.payment.status is one.status
        assert one.payment.refunded_minor == 0
        assert (one.payment.last_height, one.payment.last_index) == (one.height, one.index)
        assert (one.payment.captured_minor > 0) == (one.status is Status.SETTLED)
        assert one.time_ns == chain().book.block(one.height).time_ns
        last[key] = one.status
    assert last == {(row.institution, row.id): row.status for row in find_all(busy)}


def test_changes_resume_at_any_place(busy: Projections) -> None:
    everything = busy.changes((0, 0, 0), 1_000)
    for at, one in enumerate(everything):
        rest = busy.changes((one.height, one.index, one.n), 1_000)
        assert rest == everything[at + 1 :]
    walked, place = [], (0, 0, 0)
    while page := busy.changes(place, 2):
        walked += page
        place = (page[-1].height, page[-1].index, page[-1].n)
    assert walked == everything


# --- following ----------------------------------------------------------------------------------


def test_it_follows_the_ledger_and_tells_listeners(tmp_path: Path) -> None:
    made = Chain()
    alice, bob = made.open("alice", "bob")
    made.order(made.issue(alice, 1_000))
    projections = Projections(tmp_path / "p.db", made.book.account_numbers)
    told: list[int] = []
    projections.listeners.append(told.append)
    projections.start(made.book)
    assert projections.wait_for(made.book.height, 5)
    paid = made.pay(alice, bob, 5)
    block = made.order(paid)
    assert not projections.wait_for(block.height, 0.05)  # nobody said so yet
    projections.notify(block.height)
    assert projections.lag() in (0, 1)
    assert projections.wait_for(block.height, 5)
    assert the(projections, paid.id).status is Status.SETTLED
    assert projections.lag() == 0
    assert told[-1] == block.height
    assert told == sorted(told)
    projections.stop()
    assert projections.failure is None


def test_tables_of_another_chain_are_rebuilt(tmp_path: Path) -> None:
    project(tmp_path / "p.db", chain()).stop()
    other = Chain()
    other.open("alice")
    projections = Projections(tmp_path / "p.db", other.book.account_numbers)
    projections.start(other.book)
    assert projections.wait_for(other.book.height, 5)
    assert [row.hash for row in projections.blocks(limit=1)] == [other.book.head_hash]
    assert len(projections.accounts(1, limit=10)) == 4
    projections.stop()


def test_a_failure_is_shown_and_ends_the_wait(tmp_path: Path) -> None:
    projections = Projections(tmp_path / "p.db", chain().book.account_numbers)

    class Broken:
        height = 3

        def block(self, height: int) -> object:
            raise OSError("gone")

    projections.start(Broken())  # type: ignore[arg-type]
    assert not projections.wait_for(3, 5)
    assert isinstance(projections.failure, OSError)
    projections.stop()


def test_readers_see_whole_groups_while_they_are_applied(tmp_path: Path) -> None:
    made = Chain()
    alice, bob = made.open("alice", "bob")
    made.order(made.issue(alice, 10_000))
    projections = Projections(tmp_path / "p.db", made.book.account_numbers)
    projections.start(made.book)
    stop = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not stop.is_set():
            # Each statement sees one state: both sides of every payment, or neither.
            rows = projections.reader().execute("SELECT sum(amount), count(*) FROM entries")
            total, count = rows.fetchone()
            if (total or 0) != 0 or count % 2:
                wrong.append((total, count))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(30):
        made.order(*(made.pay(alice, bob, 1) for _ in range(20)))
        projections.notify(made.book.height)
    assert projections.wait_for(made.book.height, 20)
    stop.set()
    for reader in readers:
        reader.join()
    projections.stop()
    assert not wrong


def test_a_kill_in_the_middle_leaves_a_whole_height(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from clearway.store.projections import Projections
from tests.store.test_projections import long_chain
made = long_chain()
projections = Projections(Path({str(tmp_path / "p.db")!r}), made.book.account_numbers)
print("ready", flush=True)
while True:
    blocks = list(made.book.blocks(projections.height + 1))
    for start in range(0, len(blocks), 3):
        projections.apply(blocks[start : start + 3])
    projections.rebuild()
"""
    made = long_chain()
    pause = random.Random(7)
    for round_ in range(4):
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(pause.uniform(0.02, 0.2))
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()
        found = Projections(tmp_path / "p.db", made.book.account_numbers)
        height = found.height
        found.stop()
        whole = Projections(tmp_path / f"whole{round_}.db", made.book.account_numbers)
        if height >= 0:
            whole.apply([made.book.block(h) for h in range(height + 1)])
        whole.stop()
        assert dump(tmp_path / "p.db") == dump(tmp_path / f"whole{round_}.db")


@cache
def long_chain() -> Chain:
    made = busy_chain()
    alice, bob = address_of("alice"), address_of("bob")
    for _ in range(40):
        hold = made.hold(alice, bob, 2)
        made.order(hold, *(made.pay(alice, bob, 1) for _ in range(30)))
        made.order(made.post(hold, alice, bob, 1))
    return made
