"""Chains, nets, balancing, closing and imported entries, by the specification and the kernel."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spec.records import AccountFlag, Entry, Flag, Kind, Result, ResultFlag
from tests.ledger.town import DAY, EUR, EURO, SECOND, Town, address


def linked(*entries: Entry, flags: int = 0) -> list[Entry]:
    """A chain of these, with `flags` on every member."""
    last = len(entries) - 1
    return [
        replace(entry, flags=entry.flags | flags | (Flag.LINKED if at < last else 0))
        for at, entry in enumerate(entries)
    ]


def balance(town: Town, name: str) -> tuple[int, int, int]:
    found = town.both.kernel.balance(address(name), EUR)
    assert found is not None
    return found


def results(town: Town, *entries: Entry) -> list[Result]:
    return town.block(town.seal(list(entries)))[-len(entries) :]


def is_closed(town: Town, name: str) -> bool:
    account = town.both.kernel.account(address(name))
    assert account is not None
    return bool(account.flags & AccountFlag.CLOSED)


# --- chains ---------------------------------------------------------------------------------


def test_a_chain_of_many_kinds_stands_as_a_whole(town: Town) -> None:
    held = town.hold("ann", "bob", 40 * EURO)
    chain = linked(
        held,
        town.post(held, 30 * EURO),
        town.pay("bob", "cyd", 130 * EURO),  # needs what the post brought
        town.issue("nostro1", "ann", EURO),
        town.entry(Kind.FREEZE, "ann"),
    )
    assert town.apply(*chain) == [0, 0, 0, 0, 0]
    assert balance(town, "ann")[0] == 71 * EURO
    assert balance(town, "cyd")[0] == 230 * EURO


def test_a_broken_chain_leaves_no_trace_but_its_ids(town: Town) -> None:
    earlier = town.hold("ann", "bob", 5 * EURO)
    assert town.apply(earlier) == [0]
    before = town.both.kernel.subroots()
    held = town.hold("ann", "bob", EURO)
    chain = linked(
        held,
        town.post(held),
        town.entry(Kind.VOID, target=earlier.id),
        town.entry(Kind.FREEZE, "cyd"),
        town.pay("own", "bob"),  # its owner did not sign
        town.pay("bob", "ann"),
    )
    assert town.apply(*chain) == [110, 110, 110, 110, 38, 110]
    assert town.changed_since(before) == ["keys", "window"]
    for entry in chain:
        assert town.both.kernel.remembered(1, entry.id) is not None


def test_a_chain_sent_again_gives_its_first_answers(town: Town) -> None:
    good = linked(town.pay("ann", "bob"), town.pay("bob", "cyd"))
    bad = linked(town.pay("ann", "bob"), town.pay("bob", "cyd", 10**9))
    assert town.apply(*good, *bad) == [0, 0, 110, 46]
    height = town.both.kernel.height
    again = results(town, *good, *bad)
    assert [result.code for result in again] == [0, 0, 110, 46]
    assert {(result.flags, result.height) for result in again} == {
        (int(ResultFlag.DUPLICATE), height)
    }


def test_a_broken_chain_does_not_touch_its_neighbours(town: Town) -> None:
    first, last = town.pay("ann", "bob"), town.pay("ann", "bob")
    chain = linked(town.pay("ann", "bob"), town.pay("ann", "bob", 10**9))
    assert town.apply(first, *chain, last) == [0, 110, 46, 0]


def test_two_chains_of_one_envelope_are_apart(town: Town) -> None:
    good = linked(town.pay("ann", "bob"), town.pay("ann", "bob"))
    bad = linked(town.pay("ann", "bob"), town.pay("ann", "bob", 10**9))
    assert town.apply(*bad, *good, *bad[:1]) == [110, 46, 0, 0, 110]


# --- nets -----------------------------------------------------------------------------------


def test_a_gridlock_is_settled_net(town: Town) -> None:
    """Each of three owes more than it has; in no order could they pay one by one."""
    debts = [("ann", "bob", 300), ("bob", "cyd", 320), ("cyd", "ann", 330)]
    chain = linked(*(town.pay(a, b, most * EURO) for a, b, most in debts), flags=Flag.NET)
    moved = [result.amount_minor for result in results(town, *chain)]
    assert moved == [300 * EURO, 320 * EURO, 330 * EURO]
    found = [balance(town, name)[0] for name in ("ann", "bob", "cyd")]
    assert found == [130 * EURO, 80 * EURO, 90 * EURO]


def test_what_is_held_is_not_netted_away(town: Town) -> None:
    assert town.apply(town.hold("ann", "bob", 60 * EURO)) == [0]
    chain = linked(
        town.pay("ann", "bob", 100 * EURO), town.pay("bob", "ann", 59 * EURO), flags=Flag.NET
    )
    assert town.apply(*chain) == [110, 46]


def test_a_net_of_one_is_a_payment(town: Town) -> None:
    flags = {"flags": Flag.NET}
    assert town.apply(
        town.pay("ann", "bob", 100 * EURO, **flags), town.pay("ann", "bob", 1, **flags)
    ) == [0, 46]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_net_ends_where_payments_one_by_one_end(seed: int) -> None:
    """When payments can be made one by one in some order, the net gives the same balances."""
    random = Random(seed)
    names = ["ann", "bob", "cyd"]
    rows = []
    for _ in range(4):
        payer, payee = random.sample(names, 2)
        rows.append((payer, payee, random.randint(1, 150 * EURO)))

    def pay(town: Town, order: Any, flags: int) -> bool:
        chain = linked(*(town.pay(*row) for row in order), flags=flags)
        return set(town.apply(*chain)) == {0}

    netted = Town.funded()
    if not pay(netted, rows, Flag.NET):
        return
    for order in permutations(rows):
        town = Town.funded()
        if pay(town, order, 0):
            for name in names:
                assert balance(town, name) == balance(netted, name)
            return


# --- balancing ------------------------------------------------------------------------------


def test_a_balancing_payment_moves_what_is_there(town: Town) -> None:
    flags = {"flags": Flag.BALANCING_PAYER}
    part, all_of_it = results(
        town,
        town.pay("ann", "bob", 30 * EURO, **flags),
        town.pay("ann", "bob", 100 * EURO, **flags),
    )
    assert (part.amount_minor, all_of_it.amount_minor) == (30 * EURO, 70 * EURO)
    assert balance(town, "ann") == (0, 0, 0)


def test_a_balancing_hold_is_of_what_is_there(town: Town) -> None:
    held = town.hold("ann", "bob", 500 * EURO, flags=Flag.PENDING | Flag.BALANCING_PAYER)
    assert results(town, held)[0].amount_minor == 100 * EURO
    row = town.both.kernel.hold(1, held.id)
    assert row is not None
    assert row.amount_minor == 100 * EURO
    assert town.apply(town.post(held)) == [53]
    assert town.apply(town.post(held, 100 * EURO)) == [0]
    assert balance(town, "bob") == (200 * EURO, 0, 0)


def test_a_redemption_balances_both_sides(town: Town) -> None:
    owed = -balance(town, "nostro1")[0]
    assert owed > 100 * EURO
    both = Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE
    redeem = {"asset": EUR, "amount_minor": 10**9, "flags": both}
    first = results(town, town.entry(Kind.REDEEM, "ann", "nostro1", **redeem))
    assert first[0].amount_minor == 100 * EURO
    gather = [town.pay(name, "bob", 100 * EURO) for name in ("cyd", "fees1")]
    codes = town.apply(*gather, town.issue("nostro2", "dee", 900 * EURO), key="root1")
    assert codes[:2] == [0, 0]
    alone = {"asset": EUR, "amount_minor": 10**9, "flags": Flag.BALANCING_PAYEE}
    owed = -balance(town, "nostro1")[0]
    refused = town.apply(town.entry(Kind.REDEEM, "cyd", "nostro1", **alone))
    assert refused == [46]
    assert owed == -balance(town, "nostro1")[0]


def test_a_limit_counts_what_moved(town: Town) -> None:
    spent = town.pay("ann", "bob", 90 * EURO)
    assert town.apply(spent) == [0]
    swept = town.pay("ann", "bob", 1_000 * EURO, flags=Flag.BALANCING_PAYER)
    assert town.apply(swept, key="limited1") == [0]  # 10 of at most 30
    limit = town.both.kernel.limits()[0]
    assert limit[4] == 10 * EURO


# --- closing --------------------------------------------------------------------------------

CLOSING = Flag.PENDING | Flag.CLOSING_PAYER | Flag.BALANCING_PAYER


def test_a_closing_hold_closes_and_its_void_opens_again(town: Town) -> None:
    held = town.hold("ann", "bob", 10**9, flags=CLOSING)
    assert town.apply(held) == [0]
    assert is_closed(town, "ann")
    assert town.apply(town.pay("bob", "ann"), town.entry(Kind.CLOSE_ACCOUNT, "ann")) == [34, 33]
    assert town.apply(town.entry(Kind.VOID, target=held.id)) == [0]
    assert not is_closed(town, "ann")
    assert town.apply(town.pay("bob", "ann")) == [0]


def test_a_closing_hold_that_expires_opens_again(town: Town) -> None:
    closing = Flag.PENDING | Flag.CLOSING_PAYEE
    held = town.hold("ann", "bob", flags=closing, expires_ns=town.now_ns + 9 * SECOND)
    assert town.apply(held) == [0]
    assert is_closed(town, "bob")
    town.block(after_ns=9 * SECOND)
    assert not is_closed(town, "bob")


def test_a_posted_closing_hold_leaves_both_closed(town: Town) -> None:
    both = CLOSING | Flag.CLOSING_PAYEE
    held = town.hold("ann", "bob", 10**9, flags=both)
    codes = town.apply(held, town.post(held, 100 * EURO))
    assert codes == [0, 0]
    assert is_closed(town, "ann")
    assert is_closed(town, "bob")
    assert balance(town, "ann") == (0, 0, 0)


def test_a_closing_hold_in_a_broken_chain_closes_nothing(town: Town) -> None:
    held = town.hold("ann", "bob", 10**9, flags=CLOSING)
    assert town.apply(*linked(held, town.pay("ann", "bob"))) == [110, 33]
    assert not is_closed(town, "ann")


# --- imports --------------------------------------------------------------------------------


def test_imports_keep_the_order_of_their_own_times(town: Town) -> None:
    def imported(made: Entry, created_ns: int) -> Entry:
        return replace(made, flags=made.flags | Flag.IMPORTED, created_ns=created_ns)

    codes = town.apply(
        imported(town.issue("nostro1", "ann", EURO), 5),
        imported(town.pay("ann", "bob", 10**9), 6),  # refused, so 6 is not used up
        imported(town.pay("ann", "bob"), 6),
        imported(town.refund("bob", "ann"), 6),
        imported(town.refund("bob", "ann"), 7),
    )
    assert codes == [0, 46, 0, 112, 0]
    keys = town.both.kernel.keys()
    assert sorted(row[6] for row in keys) == [0] * (len(keys) - 1) + [7]
    assert town.apply(town.pay("ann", "bob", created_ns=1)) == [0]  # no import, no order


def test_an_import_out_of_time_leaves_no_trace(town: Town) -> None:
    before = town.both.kernel.subroots()
    entry = town.pay("ann", "bob", flags=Flag.IMPORTED, created_ns=town.now_ns + DAY)
    assert town.apply(entry) == [112]
    assert town.changed_since(before) == ["keys", "window"]  # the key's sequence, and the id
