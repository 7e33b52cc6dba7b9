"""Mandates by the specification and the kernel: what they let through, and what they count."""

from __future__ import annotations

from dataclasses import replace

from spec.records import Flag
from tests.ledger.mandate_examples import granted, mandate, pull, revoke
from tests.ledger.town import DAY, EUR, EURO, HOUR, SECOND, USD, Town, address


def test_what_is_used_counts_in_its_period_and_in_all(town: Town) -> None:
    entry = granted(town)
    assert town.apply(pull(town, entry, 10 * EURO), pull(town, entry, 4 * EURO)) == [0, 0]
    row = town.both.kernel.mandate(1, entry.id)
    assert row is not None
    assert (row.used_period_minor, row.used_total_minor) == (14 * EURO, 14 * EURO)
    assert (row.period, row.payments_used) == (0, 2)
    assert town.apply(pull(town, entry, 6 * EURO), after_ns=HOUR) == [0]
    row = town.both.kernel.mandate(1, entry.id)
    assert row is not None
    assert (row.used_period_minor, row.used_total_minor) == (6 * EURO, 20 * EURO)
    assert (row.period, row.payments_used) == (1, 1)
    assert town.both.kernel.balance(address("ann"), EUR) == (80 * EURO, 0, 0)


def test_a_refused_pull_leaves_no_trace_but_its_id(town: Town) -> None:
    entry = granted(town)
    before = town.both.kernel.subroots()
    assert town.apply(pull(town, entry, 11 * EURO)) == [99]
    assert town.changed_since(before) == ["keys", "window"]


def test_the_payees_institution_pulls(town: Town) -> None:
    entry = granted(town, payee="dee", asset=EUR)
    assert town.apply(pull(town, entry), key="root2") == [0]
    assert town.both.kernel.balance(address("dee"), EUR) == (105 * EURO, 0, 0)


def test_a_payee_with_a_key_signs_for_what_is_pulled_to_it(town: Town) -> None:
    entry = granted(town, payee="eve", asset=USD)
    signed = town.signed(pull(town, entry))
    assert town.apply(signed, key="root2") == [0]
    assert town.apply(pull(town, entry)) == [0]  # the payer's institution sends


def test_a_payer_with_a_key_signs_once(town: Town) -> None:
    entry = town.signed(mandate(town, "own", "bob"))
    assert town.apply(entry, pull(town, entry), pull(town, entry)) == [0, 0, 0]
    assert town.apply(town.signed(revoke(town, entry, "own")), pull(town, entry)) == [0, 96]


def test_a_standing_order_is_paid_once_a_period(town: Town) -> None:
    entry = granted(town, flags=1, payments_max=1, bound_minor=90 * EURO)
    assert town.both.kernel.standing_orders(1) == entry.id
    for hours in (0, 1, 5):
        town.block(after_ns=hours * HOUR + SECOND)
        orders = [pull(town, entry, 10 * EURO) for _ in range(2)]
        assert town.apply(*orders) == [0, 100]


def test_it_ends_by_itself(town: Town) -> None:
    entry = granted(town, expires_ns=town.now_ns + HOUR)
    assert town.both.kernel.next_expiry_ns() == entry.expires_ns
    [result] = town.block(after_ns=HOUR)
    assert result.amount_minor == 1
    assert town.both.spec.block.entries[0][32 + 4] == 3  # a mandate ended
    assert town.both.kernel.mandate(1, entry.id) is None
    assert town.both.kernel.next_expiry_ns() is None


def test_a_chain_that_breaks_grants_nothing(town: Town) -> None:
    entry = mandate(town)
    chain = [replace(entry, flags=int(Flag.LINKED)), pull(town, entry, 11 * EURO)]
    assert town.apply(*chain) == [110, 99]
    assert town.both.kernel.mandate(1, entry.id) is None
    again = mandate(town)
    used = [replace(again, flags=int(Flag.LINKED)), pull(town, again)]
    assert town.apply(*used) == [0, 0]
    revoked = [replace(revoke(town, again), flags=int(Flag.LINKED)), town.pay("ann", "bob", 10**9)]
    assert town.apply(*revoked) == [110, 46]
    row = town.both.kernel.mandate(1, again.id)
    assert row is not None
    assert row.used_total_minor == 5 * EURO
    assert town.now_ns < again.expires_ns < town.now_ns + DAY
