"""A self-custody client signs many payments at once and sends them in any order, as often as it
likes: each is booked once, and none can be booked again, at any later time.

There is no counter to keep in step. An instruction carries an id and the time until which it is
valid, at most a day ahead: while it is valid the window remembers the id, afterwards the time
refuses it (docs/format.md, codes 21 to 23).
"""

from __future__ import annotations

from random import Random

from spec.records import Entry, ResultFlag
from tests.ledger.town import DAY, EUR, EURO, HOUR, SECOND, Town, address

PAYMENTS = 60


def signed_payments(town: Town) -> list[Entry]:
    """Of one owner, all signed before any is sent; they end between a minute and a day from now."""
    return [
        town.signed(
            town.pay("own", "ann", 1, valid_until_ns=town.now_ns + (number + 1) * 1_400 * SECOND)
        )
        for number in range(PAYMENTS)
    ]


def paid_minor(town: Town) -> int:
    posted: int = town.both.kernel.balance(address("ann"), EUR)[0]
    return posted - 100 * EURO


def test_any_order_books_each_once() -> None:
    town, chance = Town.funded(), Random(3)
    sent = signed_payments(town)
    chance.shuffle(sent)
    for start in range(0, PAYMENTS, 7):
        some = sent[start : start + 7]
        # What was sent before comes again among what is new.
        again = chance.sample(sent[:start], min(start, 5))
        batch = some + again
        chance.shuffle(batch)
        results = town.block(town.seal(batch))[-len(batch) :]
        assert {result.code for result in results} == {0}
        assert sum(result.flags == ResultFlag.DUPLICATE for result in results) == len(again)
    assert paid_minor(town) == PAYMENTS


def test_none_is_booked_again_at_any_later_time() -> None:
    town, chance = Town.funded(), Random(4)
    sent = signed_payments(town)
    assert set(town.apply(*sent)) == {0}
    for later_ns in (1, HOUR, 11 * HOUR, DAY, 30 * DAY, 4_000 * DAY):
        assert town.block(after_ns=later_ns) == []
        batch = chance.sample(sent, 20)
        results = town.block(town.seal(batch))[-20:]
        for entry, result in zip(batch, results, strict=True):
            is_over = entry.valid_until_ns < town.now_ns
            assert result.code == (21 if is_over else 0)
            assert is_over or result.flags == ResultFlag.DUPLICATE
        assert paid_minor(town) == PAYMENTS
    assert town.both.spec.state.remembered == {}  # the ledger keeps nothing for it


def test_a_longer_validity_is_refused_so_that_nothing_outlives_the_window() -> None:
    town = Town.funded()
    late = town.signed(town.pay("own", "ann", 1, valid_until_ns=town.now_ns + SECOND + DAY + 1))
    assert town.apply(late) == [22]
