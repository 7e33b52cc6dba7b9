"""Who an account belongs to, by the specification and the kernel: what its members may do
together, what its keys of before may not, and the laws of policies."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import compose
from spec.hashing import ZERO32
from spec.policy import MemberRole
from spec.records import AccountFlag, Entry, Flag, Kind
from tests.ledger.authority_examples import (
    ADA,
    BEN,
    CARD,
    CEM,
    GIA,
    GUS,
    by,
    finish,
    guardian,
    key_unit,
    policy,
    propose,
    set_authority,
    signer,
    spend_key,
    stop,
    with_policy,
)
from tests.ledger.escrow_examples import ALWAYS
from tests.ledger.mandate_examples import granted, mandate, pull, revoke
from tests.ledger.town import DAY, EUR, EURO, HOUR, OWNER, SECOND, USD, Town, address, public


def owner_of(town: Town, name: str) -> tuple[bytes, bool]:
    """The row's owner, and whether it is that of a policy."""
    row = town.both.kernel.account(address(name))
    assert row is not None
    return row.owner, bool(row.flags & AccountFlag.POLICY)


# --- together -------------------------------------------------------------------------------


def test_everything_an_owner_signs_works_under_a_policy(town: Town) -> None:
    with_policy(town)
    held = by(town, town.hold("own", "bob"), ADA, BEN)
    escrow = by(town, town.escrow("own", "bob", compose.terms(flags=2, nodes=ALWAYS)), ADA, CEM)
    other = by(town, town.escrow("own", "bob", compose.terms(flags=2, nodes=ALWAYS)), ADA, CEM)
    allowed = by(town, mandate(town, "own", "bob"), ADA, BEN, CEM)
    signed = [
        by(town, town.pay("own", "bob"), ADA, BEN),
        held,
        by(town, town.refund("own", "bob"), ADA, BEN),
        by(town, town.entry(Kind.REDEEM, "own", "nostro1", asset=EUR, amount_minor=1), ADA, CEM),
        escrow,
        by(town, town.release(escrow, asker="own"), ADA, BEN),
        other,
        by(town, town.cancel(other, asker="own"), ADA, BEN),
        allowed,
        pull(town, allowed),
        by(town, revoke(town, allowed, "own"), ADA, BEN),
        town.post(held),
    ]
    assert town.apply(*signed) == [0] * len(signed)


def test_the_payees_policy_signs_for_a_pull(town: Town) -> None:
    units = compose.policy_units(signer("ada", 1), signer("ben", 1), threshold=2)
    change = town.signed(set_authority(town, "eve", units))
    assert town.apply(change, key="root2") == [0]
    entry = pull(town, granted(town, payee="eve", asset=USD))
    assert town.apply(town.together(entry, {1: "ada", 2: "ben"}), key="root2") == [0]


def test_a_custodial_account_gets_a_policy_and_goes_back(town: Town) -> None:
    with_policy(town, name="ann")
    assert town.apply(town.pay("ann", "bob")) == [38]
    back = by(town, set_authority(town, "ann", compose.key_name_unit(ZERO32)), ADA, BEN)
    assert town.apply(back, town.pay("ann", "bob")) == [0, 0]
    assert owner_of(town, "ann") == (ZERO32, False)
    assert town.both.kernel.policy(address("ann")) is None


def test_opened_and_given_a_policy_in_one_chain(town: Town) -> None:
    opening = town.entry(
        Kind.OPEN_ACCOUNT, "zoe", units=compose.opening_units(assets=[EUR]), flags=Flag.LINKED
    )
    assert town.apply(opening, set_authority(town, "zoe", policy())) == [0, 0]
    assert owner_of(town, "zoe")[1]


def test_a_chain_that_breaks_leaves_the_authority_and_the_use(town: Town) -> None:
    with_policy(town)
    first = replace(town.pay("own", "bob", 3 * EURO), flags=int(Flag.LINKED))
    change = replace(set_authority(town, "own", key_unit("new key")), flags=int(Flag.LINKED))
    before = town.both.kernel.policy(address("own"))
    codes = town.apply(
        by(town, first, CARD), by(town, change, ADA, BEN), town.pay("ann", "bob", 10**9)
    )
    assert codes == [110, 110, 46]
    after = town.both.kernel.policy(address("own"))
    assert before is not None
    assert after is not None
    assert (after.units, after.spends) == (before.units, [(CARD, 0, 0)])


def test_freezing_does_not_keep_a_stolen_key(town: Town) -> None:
    assert town.apply(town.entry(Kind.FREEZE, "own")) == [0]
    change = town.signed(set_authority(town, "own", key_unit("new key")))
    assert town.apply(change, town.entry(Kind.UNFREEZE, "own")) == [0, 0]
    paid = [town.signed(town.pay("own", "bob"), name) for name in (OWNER, "new key")]
    assert town.apply(*paid) == [38, 0]


# --- rotation -------------------------------------------------------------------------------


def test_a_rotated_key_is_useless_at_once_whenever_it_signed(town: Town) -> None:
    signed_before = [town.signed(town.pay("own", "bob")) for _ in range(2)]
    change = town.signed(set_authority(town, "own", key_unit("new key")))
    assert town.apply(signed_before[0], change, signed_before[1]) == [0, 0, 38]
    assert owner_of(town, "own") == (public("new key"), False)
    back = town.signed(set_authority(town, "own", key_unit("old again")))
    assert town.apply(back) == [38]


def test_the_order_of_application_decides_within_a_block(town: Town) -> None:
    """Signatures are checked in one batch before the block; what they are worth is looked at when
    their turn comes."""
    change = town.signed(set_authority(town, "own", key_unit("new key")))
    paid = town.signed(town.pay("own", "bob"), "new key")
    assert town.apply(paid, change) == [38, 0]
    assert town.apply(town.signed(town.pay("own", "bob"), "new key")) == [0]
    with_key = town.signed(set_authority(town, "own", policy()), "new key")
    assert town.apply(with_key, by(town, town.pay("own", "bob"), ADA, BEN)) == [0, 0]


def test_the_same_policy_once_more_starts_the_day_again(town: Town) -> None:
    """All who must agree have agreed; the rows are new ones."""
    with_policy(town)
    assert town.apply(by(town, town.pay("own", "bob", 9 * EURO), CARD)) == [0]
    again = by(town, set_authority(town, "own", policy()), ADA, CEM)
    assert town.apply(again, by(town, town.pay("own", "bob", 9 * EURO), CARD)) == [0, 0]


# --- recovery -------------------------------------------------------------------------------


def test_guardians_recover_a_lost_account(town: Town) -> None:
    with_policy(town)
    assert town.apply(propose(town)) == [0]
    proposed_ns = town.now_ns
    town.block(after_ns=DAY)
    assert town.apply(propose(town)) == [0]  # the same key: the delay goes on
    row = town.both.kernel.policy(address("own"))
    assert row is not None
    assert (row.recovery_key, row.recover_at_ns) == (public("new key"), proposed_ns + 2 * DAY)
    town.block(after_ns=DAY - 3 * SECOND)
    assert town.apply(finish(town)) == [123]
    assert town.apply(finish(town)) == [0]
    paid = [
        by(town, town.pay("own", "bob"), ADA, BEN),
        by(town, town.pay("own", "bob", 1), CARD),
        town.signed(town.pay("own", "bob"), "new key"),
    ]
    assert town.apply(*paid) == [38, 38, 0]
    assert owner_of(town, "own") == (public("new key"), False)
    assert town.apply(propose(town)) == [121]


def test_stopping_wins_at_the_last_moment(town: Town) -> None:
    assert town.apply(propose(with_policy(town))) == [0]
    town.block(after_ns=3 * DAY)
    assert town.apply(stop(town), finish(town)) == [0, 122]
    paid = by(town, town.pay("own", "bob"), ADA, BEN)
    assert town.apply(paid, propose(town), finish(town)) == [0, 0, 123]


# --- laws -----------------------------------------------------------------------------------

SIGNERS = ["ada", "ben", "cem", "dan"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_only_enough_distinct_living_signers_move_money(data: st.DataObject) -> None:
    """Whatever set of members signs, each with its key or another's: the payment is booked exactly
    when all of it are signers who have not expired, each with its own signature, and they weigh
    enough."""
    town = Town.funded()
    weights = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    expires = [0, *data.draw(st.lists(st.booleans(), min_size=3, max_size=3))]
    members = [
        signer(name, weight, town.now_ns + HOUR if late else 0)
        for name, weight, late in zip(SIGNERS, weights, expires, strict=False)
    ]
    lasting = sum(weight for weight, late in zip(weights, expires, strict=False) if not late)
    threshold = data.draw(st.integers(1, lasting))
    members += [guardian("gus"), spend_key("card", 10 * EURO)]
    names = [*SIGNERS[: len(weights)], "gus", "card"]
    units = compose.policy_units(
        *members, threshold=threshold, guardians_threshold=1, recovery_delay_ns=DAY
    )
    with_policy(town, units)
    town.block(after_ns=HOUR)
    chosen = data.draw(st.sets(st.integers(0, len(names) - 1), min_size=1))
    honest = {place: data.draw(st.integers(0, 9)) > 0 for place in sorted(chosen)}
    first = names[min(chosen)]
    entry = town.together(
        town.pay("own", "bob"),
        {place + 1: names[place] if honest[place] else first for place in chosen},
    )
    own = {place for place in chosen if honest[place] or names[place] == first}
    living = {place for place in own if place < len(weights) and not expires[place]}
    alone = chosen == own == {len(names) - 1}
    enough = living == chosen and sum(weights[place] for place in living) >= threshold
    assert (town.apply(entry) == [0]) == (enough or alone)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_a_spend_key_never_moves_more_than_its_day(random: Random) -> None:
    """Payments, holds and redemptions of all sizes, over days: what a day's booked ones moved is
    at most the most of a day, and one that would fit is booked."""
    town = Town.funded()
    with_policy(town)
    moved: dict[int, int] = {}
    for _ in range(random.randint(4, 10)):
        if random.randrange(3) == 0:
            town.block(after_ns=random.choice([HOUR, 11 * HOUR, DAY]))
        amount_minor = random.randint(1, 6 * EURO)
        made: Entry = random.choice(
            [
                town.pay("own", "bob", amount_minor),
                town.hold("own", "bob", amount_minor),
                town.entry(Kind.REDEEM, "own", "nostro1", asset=EUR, amount_minor=amount_minor),
            ]
        )
        available = town.both.spec.state.balances[
            town.both.spec.state.accounts[address("own")].number, EUR
        ].available_minor()
        [code] = town.apply(by(town, made, CARD))
        day = town.now_ns // DAY
        fits = moved.get(day, 0) + amount_minor <= 10 * EURO
        assert code == (46 if available < amount_minor else 0) if fits else code == 40
        moved[day] = moved.get(day, 0) + (amount_minor if code == 0 else 0)
        row = town.both.kernel.policy(address("own"))
        assert row is not None
        assert row.spends == [(CARD, *used(moved))]


def used(moved: dict[int, int]) -> tuple[int, int]:
    days = [day for day, amount_minor in moved.items() if amount_minor]
    return (moved[days[-1]], days[-1]) if days else (0, 0)


def test_guardians_alone_never_spend(town: Town) -> None:
    """No set of them, in nothing that an owner signs."""
    with_policy(town)
    escrow = by(town, town.escrow("own", "bob", compose.terms(flags=2, nodes=ALWAYS)), ADA, BEN)
    allowed = by(town, mandate(town, "own", "bob"), ADA, BEN)
    assert town.apply(escrow, allowed) == [0, 0]
    for guardians in [(GUS,), (GIA,), (GUS, GIA)]:
        entries = [
            town.pay("own", "bob"),
            town.hold("own", "bob"),
            town.refund("own", "bob"),
            town.entry(Kind.REDEEM, "own", "nostro1", asset=EUR, amount_minor=1),
            town.escrow("own", "bob", compose.terms(nodes=ALWAYS)),
            town.release(escrow, asker="own"),
            town.cancel(escrow, asker="own"),
            mandate(town, "own", "bob"),
            revoke(town, allowed, "own"),
            set_authority(town, "own", key_unit("gus")),
        ]
        assert town.apply(*(by(town, entry, *guardians) for entry in entries)) == [38] * 10


def test_every_minority_is_too_few(town: Town) -> None:
    members = [signer(name, 1) for name in SIGNERS]
    with_policy(town, compose.policy_units(*members, threshold=3))
    for size in range(1, 5):
        for units in combinations(range(1, 5), size):
            named = {unit: SIGNERS[unit - 1] for unit in units}
            [code] = town.apply(town.together(town.pay("own", "bob", 1), named))
            assert (code == 0) == (size >= 3)


def test_fifteen_members_and_not_one_more(town: Town) -> None:
    names = [f"member {number}" for number in range(15)]
    members = [compose.member(MemberRole.SIGNER, public(name), value=1) for name in names]
    with_policy(town, compose.policy_units(*members, threshold=15))
    named = dict(enumerate(names, 1))
    assert town.apply(town.together(town.pay("own", "bob"), named)) == [0]
    del named[8]
    assert town.apply(town.together(town.pay("own", "bob"), named)) == [38]
    with pytest.raises(AssertionError):  # 17 units do not decode
        town.apply(set_authority(town, "ann", compose.policy_units(*members, signer("x", 1))))


def test_replayed_from_its_blocks_alone(
    town: Town, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with_policy(town)
    assert town.apply(by(town, town.pay("own", "bob", EURO), CARD), propose(town)) == [0, 0]
    town.block(after_ns=3 * DAY)
    assert town.apply(finish(town)) == [0]
    ledger = town.both.write_to(tmp_path_factory.mktemp("replayed"))
    assert ledger.subroots() == town.both.kernel.subroots()
    ledger.close()
