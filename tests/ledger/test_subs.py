"""Sub-accounts: addresses of an account, all of whose money is the account's."""

from __future__ import annotations

from pathlib import Path

from spec.records import Flag, Kind
from tests.ledger.examples import code_of
from tests.ledger.sub_examples import opened, sub
from tests.ledger.test_snapshot_rows import reopened
from tests.ledger.town import DAY, EUR, EURO, OWNER, Town, address


def balance(town: Town, name: str) -> tuple[int, int, int] | None:
    return town.both.kernel.balance(address(name), EUR)


def test_a_payment_to_a_sub_is_its_parents_money(town: Town) -> None:
    opened(town, "ann/1", "ann")
    before = balance(town, "ann")
    assert before is not None
    assert code_of(town, town.pay("bob", "ann/1", 7)) == 0
    assert balance(town, "ann") == balance(town, "ann/1") == (before[0] + 7, *before[1:])
    assert len(town.both.spec.state.balances) == len(Town.funded().both.spec.state.balances)


def test_a_sub_pays_with_its_parents_money(town: Town) -> None:
    opened(town, "ann/1", "ann")
    before = balance(town, "ann")
    assert before is not None
    assert code_of(town, town.pay("ann/1", "bob", before[0])) == 0
    assert balance(town, "ann") == (0, 0, 0)


def test_a_sub_of_an_owned_account_moves_by_its_owners_word(town: Town) -> None:
    opened(town, "own/1", "own")
    unsigned = town.pay("own/1", "bob", 1)
    assert town.apply(unsigned, town.signed(town.pay("own/1", "bob", 1), OWNER)) == [38, 0]


def test_an_owner_who_comes_with_its_sub_in_one_block(town: Town) -> None:
    """The signature is looked at when the entry's turn comes, by the parent's key."""
    paid = town.signed(town.pay("own/1", "bob", 1), OWNER)
    assert town.apply(sub(town, "own/1", "own"), paid) == [0, 0]


def test_holds_of_a_sub_are_pending_at_its_parent_and_end_there(town: Town) -> None:
    opened(town, "ann/1", "ann")
    before = balance(town, "ann")
    assert before is not None
    held = town.hold("bob", "ann/1", EURO)
    assert code_of(town, held) == 0
    assert balance(town, "ann") == (before[0], EURO, 0)
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "ann/1")) == 0  # it has nothing itself
    assert code_of(town, town.post(held)) == 0
    assert balance(town, "ann") == (before[0] + EURO, 0, 0)


def test_a_hold_that_closes_a_parent_closes_its_subs_until_it_is_swept(town: Town) -> None:
    opened(town, "ann/1", "ann")
    closing = Flag.PENDING | Flag.CLOSING_PAYER
    held = town.hold("ann", "bob", EURO, flags=closing, expires_ns=town.now_ns + DAY)
    assert town.apply(held, town.pay("bob", "ann/1")) == [0, 34]
    town.block(after_ns=2 * DAY)
    assert code_of(town, town.pay("bob", "ann/1")) == 0


def test_a_parent_with_nothing_closes_and_takes_its_subs_with_it(town: Town) -> None:
    opened(town, "new/1", "new")
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new")) == 0
    found = town.both.kernel.account(address("new/1"))
    assert found is not None
    assert found.flags & 512


def test_a_sub_through_a_snapshot(town: Town, tmp_path: Path) -> None:
    opened(town, "own/1", "own")
    assert code_of(town, town.entry(Kind.FREEZE, "own")) == 0
    ledger = reopened(town, tmp_path)
    own, one = (ledger.account(address(name)) for name in ("own", "own/1"))
    assert own is not None
    assert one is not None
    assert (one.parent, one.owner, one.flags) == (own.number, own.owner, 4 | 256)
    assert ledger.balances(address("own/1")) == ledger.balances(address("own")) != []


def test_discarded_subs_leave_their_parents_balances(town: Town) -> None:
    """What is undone with a sub-account is its row alone."""
    envelope = town.seal([sub(town, "ann/1", "ann"), town.pay("bob", "ann/1", 3)])
    before = town.both.kernel.subroots()
    assert town.both.stage(time_ns=town.now_ns + 1, envelopes=[envelope]) is not None
    town.both.discard()
    assert town.both.kernel.subroots() == before
