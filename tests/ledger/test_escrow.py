"""Conditional money: what each kind of contract does, and the laws that hold for all of them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import clearway_kernel
from clearway.payment import terms as payment_terms
from spec import compose, terms
from spec.compose import node, share, threshold
from spec.records import AMOUNT_MINOR_MAX, End, Entry, Flag, Kind, Result
from spec.terms import (
    AFTER,
    APPROVER,
    ASKED_BY,
    BEFORE,
    BY_PAYEE,
    BY_PAYER,
    DELIVERY,
    FACT,
    FREE_PAYEE,
    PAY_AT_DEADLINE,
    PAYEE_CATEGORY,
    PAYEE_IS,
    PAYER_MAY_CANCEL,
    PREIMAGE,
    UP_TO,
    BadTerms,
    parse_terms,
)
from tests.ledger.chance_terms import ChanceTerms
from tests.ledger.escrow_examples import ALWAYS, OPEN, opened, stream
from tests.ledger.test_snapshot_rows import reopened
from tests.ledger.town import DAY, EUR, EURO, SECOND, USD, Town, address, public, seed_of

Units = tuple[bytes, ...]


def ended(results: list[Result], town: Town) -> list[int]:
    """How the rows of a block's sweep ended."""
    assert results[0].kind == Kind.SWEEP
    sweep = town.both.spec.block.entries[0]
    return [sweep[at + 4] for at in range(32, len(sweep), 32)]


# --- what each contract does ----------------------------------------------------------------


def test_money_is_promised_released_in_parts_and_gone(town: Town) -> None:
    entry = opened(town)
    assert (town.euros("ann"), town.euros("bob")) == ((0, 0, EURO), (0, EURO, 0))
    assert town.apply(town.release(entry, 30)) == [0]
    assert (town.euros("ann"), town.euros("bob")) == ((-30, 0, 70), (30, 70, 0))
    found = town.both.kernel.escrow(1, entry.id)
    assert found is not None
    assert found.released_minor == 30
    assert town.apply(town.release(entry, 70)) == [0]
    assert (town.euros("ann"), town.euros("bob")) == ((-EURO, 0, 0), (EURO, 0, 0))
    assert town.both.kernel.escrow(1, entry.id) is None
    assert town.both.kernel.next_expiry_ns() is None


@pytest.mark.parametrize(
    ("flags", "end", "ann", "bob"),
    [
        (0, End.ESCROW_RETURNED, 0, 0),
        (PAY_AT_DEADLINE, End.ESCROW_PAID, -EURO, EURO),
    ],
)
def test_the_deadline_ends_every_escrow(
    town: Town, flags: int, end: End, ann: int, bob: int
) -> None:
    opened(town, compose.terms(flags=flags))
    assert town.both.kernel.next_expiry_ns() == town.now_ns + DAY - SECOND
    assert ended(town.block(after_ns=DAY), town) == [end]
    assert (town.euros("ann"), town.euros("bob")) == ((ann, 0, 0), (bob, 0, 0))


@pytest.mark.parametrize("frozen", ["ann", "bob"])
def test_a_deadline_pays_nobody_who_is_frozen(town: Town, frozen: str) -> None:
    opened(town, compose.terms(flags=PAY_AT_DEADLINE))
    assert town.apply(town.entry(Kind.FREEZE, frozen)) == [0]
    assert ended(town.block(after_ns=DAY), town) == [End.ESCROW_RETURNED]
    assert (town.euros("ann"), town.euros("bob")) == ((0, 0, 0), (0, 0, 0))


def test_a_deadline_pays_the_payee_what_a_frozen_share_would_get(town: Town) -> None:
    shares = share(address("cyd"), part=1) + share(address("dee"), part=1)
    opened(town, compose.terms(flags=PAY_AT_DEADLINE, whole=4, shares=shares))
    assert town.apply(town.entry(Kind.FREEZE, "cyd")) == [0]
    assert ended(town.block(after_ns=DAY), town) == [End.ESCROW_PAID]
    assert [town.euros(name)[0] for name in ("bob", "cyd", "dee")] == [75, 0, 25]


def test_a_sum_that_leaves_its_type_is_returned_one_escrow_after_another(town: Town) -> None:
    """dee has room for one more cent, and then for none."""
    for bank, amount_minor in (("1", AMOUNT_MINOR_MAX), ("2", AMOUNT_MINOR_MAX - 100 * EURO)):
        issue = town.issue("nostro" + bank, "dee", amount_minor)
        assert town.apply(issue, key="root" + bank) == [0]
    paying = compose.terms(flags=PAY_AT_DEADLINE)
    entries = [town.escrow("ann", "dee", paying, 1) for _ in range(3)]
    assert town.apply(*entries) == [0] * 3
    ends = ended(town.block(after_ns=DAY), town)
    assert ends == [End.ESCROW_PAID, End.ESCROW_RETURNED, End.ESCROW_RETURNED]


def test_a_hold_that_ends_first_opens_the_account_that_an_escrow_pays(town: Town) -> None:
    """The sweep decides as if each row before had ended: at one moment holds end before escrows."""
    end_ns = town.now_ns + DAY
    paid = town.escrow("ann", "bob", compose.terms(flags=PAY_AT_DEADLINE), expires_ns=end_ns)
    closing = town.hold("bob", "cyd", 1, expires_ns=end_ns)
    closing = replace(closing, flags=closing.flags | Flag.CLOSING_PAYER)
    assert town.apply(paid, closing) == [0, 0]
    assert ended(town.block(after_ns=DAY), town) == [End.HOLD_RELEASED, End.ESCROW_PAID]


def test_a_hash_lock_opens_with_its_secret(town: Town) -> None:
    lock = node(PREIMAGE, length=60, digest=sha256(b"s" * 60).digest())
    entry = opened(town, compose.terms(nodes=lock))
    assert town.apply(town.release(entry, units=compose.preimage(0, b"s" * 60))) == [0]


@pytest.mark.parametrize(("signers", "code"), [((0, 2), 0), ((1,), 91), ((0, 1, 2), 0)])
def test_two_of_three_approvers(town: Town, signers: tuple[int, ...], code: int) -> None:
    names = ["root1", "root2", "pay1"]
    keys = [node(APPROVER, key=public(name)) for name in names]
    entry = opened(town, compose.terms(nodes=threshold(2, *keys)))
    units: Units = ()
    for at in signers:
        seen = town.seen(entry, EURO)
        units += compose.approval(at + 1, seen, up_to_minor=EURO, seed=seed_of(names[at]))
    assert town.apply(town.release(entry, units=units)) == [code]


def test_an_approval_says_how_much_in_all(town: Town) -> None:
    """It may be shown again, and does not pay twice."""
    entry = opened(town, compose.terms(nodes=node(APPROVER, key=public("root2"))))
    units = compose.approval(0, town.seen(entry, 1), up_to_minor=60, seed=seed_of("root2"))
    first, second, third = (town.release(entry, amount, units=units) for amount in (40, 40, 20))
    assert town.apply(first, second, third) == [0, 91, 0]


@pytest.mark.parametrize(
    ("comparison", "value", "code"),
    [
        (terms.EQUAL, -5, 0),
        (terms.AT_LEAST, -5, 0),
        (terms.AT_LEAST, 2**63 - 1, 0),
        (terms.AT_MOST, -(2**63), 0),
        (terms.AT_MOST, -4, 91),
    ],
)
def test_a_fact_that_an_oracle_signed(town: Town, comparison: int, value: int, code: int) -> None:
    subject = b"rain in Geneva".ljust(16, b"\0")
    wanted = node(FACT, comparison=comparison, value=-5, oracle=public("root2"), subject=subject)
    entry = opened(town, compose.terms(nodes=wanted))
    said = compose.fact(0, subject=subject, value=value, time_ns=town.now_ns, seed=seed_of("root2"))
    assert town.apply(town.release(entry, units=said)) == [code]


def test_milestones(town: Town) -> None:
    """Forty after the first approval, all after the second."""
    first = threshold(2, node(UP_TO, amount_minor=40), node(APPROVER, key=public("root1")))
    second = threshold(2, node(UP_TO, amount_minor=EURO), node(APPROVER, key=public("root2")))
    entry = opened(town, compose.terms(nodes=threshold(1, first, second)))
    seen = town.seen(entry, EURO)
    half = compose.approval(3, seen, up_to_minor=EURO, seed=seed_of("root1"))
    whole = compose.approval(6, seen, up_to_minor=EURO, seed=seed_of("root2"))
    releases = [
        town.release(entry, 41, units=half),
        town.release(entry, 40, units=half),
        town.release(entry, 60, units=half),
        town.release(entry, 60, units=whole),
    ]
    assert town.apply(*releases) == [91, 0, 91, 0]


def test_delivery_against_payment_moves_both_or_neither(town: Town) -> None:
    given = node(
        DELIVERY, asset=USD, amount_minor=5 * EURO, giver=address("bob"), getter=address("ann")
    )
    units = compose.terms(nodes=given)
    entry = opened(town, units)
    asked = {"units": compose.deliver(0)} | compose.terms_fields(units)
    assert town.apply(town.pay("bob", "cyd", 99 * EURO)) == [0]
    assert town.apply(town.pay("bob", "dee", 97 * EURO, asset=USD)) == [0]
    before = town.both.kernel.subroots()[2]
    assert town.apply(town.release(entry, **asked)) == [46]  # bob has three dollars left
    assert town.both.kernel.subroots()[2] == before
    assert town.apply(town.pay("dee", "bob", 2 * EURO, asset=USD), key="root2") == [0]
    assert town.apply(town.release(entry, **asked)) == [0]
    assert town.euros("ann", USD)[0] == 5 * EURO
    assert town.euros("bob")[0] == EURO - 99 * EURO


def test_a_release_that_fails_takes_its_delivery_back(town: Town) -> None:
    """The payee of the money does not hold it: the dollars were booked before."""
    given = node(DELIVERY, asset=USD, amount_minor=1, giver=address("bob"), getter=address("ann"))
    units = compose.terms(flags=FREE_PAYEE, nodes=given)
    entry = opened(town, units)
    asked = {"units": compose.deliver(0)} | compose.terms_fields(units)
    assert town.apply(town.release(entry, payee=address("new"), **asked)) == [45]
    assert town.euros("ann", USD)[0] == 0
    assert town.both.kernel.escrow(1, entry.id) is not None


def test_a_stream_brings_its_rate_and_may_be_taken_at_any_time(town: Town) -> None:
    entry = opened(town, stream(town))  # ten cents a second; one second has passed
    releases = [town.release(entry, amount) for amount in (21, 20)]
    assert town.apply(*releases) == [89, 0]
    assert town.apply(town.release(entry, 31), after_ns=3 * SECOND) == [89]
    assert town.apply(town.release(entry, 30), after_ns=1) == [0]
    assert town.block(after_ns=DAY // 2) == []
    assert town.apply(town.release(entry, 50)) == [0]


def test_a_cancelled_stream_pays_what_it_has_brought(town: Town) -> None:
    shares = share(address("cyd"), part=1)
    plan = stream(town, flags=PAYER_MAY_CANCEL, whole=2)[0]
    entry = opened(town, (plan[:2] + b"\1" + plan[3:], *shares, *ALWAYS))
    results = town.block(town.seal([town.cancel(entry, "ann")]))
    assert (results[-1].code, results[-1].amount_minor) == (0, 80)
    assert (town.euros("ann"), town.euros("bob"), town.euros("cyd")) == (
        (-20, 0, 0),
        (10, 0, 0),
        (10, 0, 0),
    )


def test_a_cancel_pays_nothing_that_needs_a_witness(town: Town) -> None:
    """Or a payee could take by cancelling what nobody has approved."""
    plan = stream(town)[0]
    entry = opened(town, (plan, *node(APPROVER, key=public("root2"))))
    results = town.block(town.seal([town.cancel(entry, "bob")]))
    assert (results[-1].code, results[-1].amount_minor) == (0, EURO)
    assert town.euros("bob") == (0, 0, 0)


def test_the_payee_may_always_give_back(town: Town) -> None:
    entry = opened(town)
    results = town.block(town.seal([town.release(entry, 40), town.cancel(entry)]))
    assert [(one.code, one.amount_minor) for one in results[1:]] == [(0, 40), (0, 60)]
    assert (town.euros("ann"), town.euros("bob")) == ((-40, 0, 0), (40, 0, 0))


def test_a_refund_window(town: Town) -> None:
    """The payer may take it back until the shop may ask for it, after a week."""
    week_ns = town.now_ns + 7 * DAY
    units = compose.terms(
        flags=PAY_AT_DEADLINE | PAYER_MAY_CANCEL, nodes=node(AFTER, time_ns=week_ns)
    )
    entry = opened(town, units, expires_ns=week_ns + DAY)
    assert town.block(after_ns=6 * DAY) == []
    assert town.apply(town.release(entry)) == [91]
    assert town.apply(town.cancel(entry, "ann")) == [0]
    assert (town.euros("ann"), town.euros("bob")) == ((0, 0, 0), (0, 0, 0))


def test_money_for_groceries_is_spent_with_grocers_until_its_date(town: Town) -> None:
    units = compose.opening_units(assets=[EUR])
    for name, category in (("grocer", 5_411), ("bar", 5_813)):
        shop = town.entry(Kind.OPEN_ACCOUNT, name, units=units, to_asset=category)
        assert town.apply(shop) == [0]
    nodes = threshold(
        3,
        node(PAYEE_CATEGORY, category=5_411),
        node(ASKED_BY, party=BY_PAYEE),
        node(BEFORE, time_ns=town.now_ns + DAY),
    )
    entry = opened(town, compose.terms(flags=FREE_PAYEE, nodes=nodes), expires_ns=town.now_ns + DAY)

    def spend(shop: str, amount_minor: int, asker: str = "bob") -> Entry:
        return town.release(entry, amount_minor, asker=asker, payee=address(shop))

    spent = [spend("bar", 10), spend("bob", 10), spend("grocer", 10, "cyd"), spend("grocer", 30)]
    assert town.apply(*spent) == [91, 91, 91, 0]
    assert ended(town.block(after_ns=DAY), town) == [End.ESCROW_RETURNED]
    assert town.euros("ann")[0] == -30


def test_an_owner_signs_for_an_escrow_its_release_and_its_end(town: Town) -> None:
    nodes = threshold(1, node(ASKED_BY, party=BY_PAYER), node(PAYEE_IS, address=address("zoe")))
    units = compose.terms(flags=PAYER_MAY_CANCEL, nodes=nodes)
    entry = town.signed(town.escrow("own", "bob", units))
    released = town.signed(town.release(entry, 40, asker="own"))
    cancelled = town.signed(town.cancel(entry, "own"))
    assert town.apply(entry, released, cancelled) == [0, 0, 0]
    assert town.euros("bob") == (40, 0, 0)


def test_escrows_and_releases_stand_or_fall_in_a_chain(town: Town) -> None:
    entry = replace(town.escrow("ann", "bob", OPEN), flags=Flag.LINKED)
    release = replace(town.release(entry, 40), flags=Flag.LINKED)
    before = town.both.kernel.subroots()[2:4]
    assert town.apply(entry, release, town.pay("bob", "cyd", 10**9)) == [110, 110, 46]
    assert town.both.kernel.subroots()[2:4] == before
    again = replace(town.escrow("ann", "bob", OPEN), flags=Flag.LINKED)
    assert town.apply(again, town.release(again, 40)) == [0, 0]


# --- laws -----------------------------------------------------------------------------------


def test_a_refusal_leaves_no_trace_but_its_id(town: Town) -> None:
    entry = opened(town)
    before = town.both.kernel.subroots()
    refused = [town.release(entry, 2 * EURO), town.cancel(entry, "ann")]
    assert town.apply(*refused) == [88, 92]
    assert town.changed_since(before) == ["keys", "window"]


def test_a_discarded_block_leaves_no_trace(town: Town) -> None:
    first, second, third = (opened(town, amount_minor=10 + at) for at in range(3))
    before = town.both.kernel.subroots()
    entries = [
        town.release(first),
        town.release(second, 3),
        town.cancel(third),
        town.escrow("ann", "bob", OPEN),
        town.release(second),
    ]
    assert town.stage(town.seal(entries)) is not None
    town.both.discard()
    assert town.both.kernel.subroots() == before


def test_escrows_and_their_terms_come_back_from_a_snapshot(town: Town, tmp_path: Path) -> None:
    """Also with a free slot between them."""
    entries = [opened(town, units) for units in (OPEN, stream(town), compose.terms())]
    assert town.apply(town.release(entries[0]), town.release(entries[1], 5)) == [0, 0]
    found = reopened(town, tmp_path)
    assert found.escrow(1, entries[0].id) is None
    streamed, waiting = (found.escrow(1, entry.id) for entry in entries[1:])
    assert streamed is not None
    assert waiting is not None
    assert (streamed.released_minor, streamed.terms) == (5, b"".join(entries[1].units))
    assert (waiting.expires_ns, waiting.terms) == (entries[2].expires_ns, entries[2].units[0])
    assert found.next_expiry_ns() == min(entry.expires_ns for entry in entries[1:])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_what_was_promised_is_paid_to_who_may_get_it_or_goes_back(random: Random) -> None:
    """Money for cyd and dee alone: whatever is asked for, by whom and in whatever order, the payer
    gives what was released, the two have it, nobody else has any, and the rest goes back."""
    town = Town.funded()
    allowed = ["cyd", "dee"]
    either = threshold(1, *[node(PAYEE_IS, address=address(name)) for name in allowed])
    entry = opened(town, compose.terms(flags=FREE_PAYEE | PAYER_MAY_CANCEL, nodes=either))
    released, returned = dict.fromkeys(allowed, 0), 0
    for _ in range(random.randrange(4)):
        asked = [ask(town, entry, random) for _ in range(random.randint(1, 6))]
        results = town.block(town.seal(asked))[1:]
        for one, result in zip(asked, results, strict=True):
            if result.code == 0 and one.kind == Kind.RELEASE:
                released[one.payee.rstrip(b"\0").decode()] += result.amount_minor
            elif result.code == 0:
                returned = result.amount_minor
    if town.both.kernel.escrow(1, entry.id) is not None:
        assert ended(town.block(after_ns=DAY), town) == [End.ESCROW_RETURNED]
        returned = EURO - sum(released.values())
    assert sum(released.values()) + returned == EURO
    assert town.euros("ann") == (-sum(released.values()), 0, 0)
    for name in ("bob", "cyd", "dee", "own", "fees1"):
        assert town.euros(name) == (released.get(name, 0), 0, 0)


def ask(town: Town, entry: Entry, random: Random) -> Entry:
    asker = random.choice(["ann", "bob", "cyd"])
    if random.randrange(12) == 0:
        return town.cancel(entry, asker)
    payee = address(random.choice(["ann", "bob", "cyd", "cyd", "dee", "own", "fees1", "nostro1"]))
    return town.release(entry, random.choice([1, 10, 33, 50, EURO]), asker, payee=payee)


AMOUNTS = st.integers(0, 300) | st.integers(0, AMOUNT_MINOR_MAX)
PARTS = st.lists(st.integers(1, 2**32 - 1) | st.integers(1, 4), min_size=1, max_size=5)


@st.composite
def shared_terms(draw: st.DrawFn) -> Units:
    """A split or a waterfall among some accounts."""
    parts = draw(PARTS)
    names = [bytes([at + 1]) * 20 for at in range(len(parts))]
    if draw(st.booleans()):
        units = [share(name, cap_minor=part) for name, part in zip(names, parts, strict=True)]
        return compose.terms(shares=sum(units, ()))
    shrunk = [max(part // len(parts), 1) for part in parts]
    whole = sum(shrunk) + draw(st.integers(0, 3))
    units = [share(name, part=part) for name, part in zip(names, shrunk, strict=True)]
    return compose.terms(whole=min(whole, 2**32 - 1), shares=sum(units, ()))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(shared_terms(), st.lists(AMOUNTS, min_size=1, max_size=6))
def test_who_gets_what_does_not_depend_on_the_number_of_releases(
    units: Units, totals: list[int]
) -> None:
    found = parse_terms(units)
    steps = sorted({0, *totals})
    sums = [0] * len(found.shares)
    for before, after in pairwise(steps):
        parts = [part for _, part in terms.allocate(found, before, after)]
        assert all(part >= 0 for part in parts)
        assert sum(parts) <= after - before  # the payee never gives back
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    assert sums == [part for _, part in terms.allocate(found, 0, steps[-1])]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(shared_terms(), AMOUNTS, AMOUNTS)
def test_shares_are_told_as_the_ledger_pays_them(units: Units, before: int, amount: int) -> None:
    told, _ = payment_terms.share_out(
        payment_terms.parse_terms(b"".join(units)), released_minor=before, amount_minor=amount
    )
    paid = terms.allocate(parse_terms(units), before, before + amount)
    assert list(told) == [part for _, part in paid]


def test_a_split_in_the_book_is_the_one_on_paper(town: Town) -> None:
    """Released cent by cent and at once, everybody has the same."""
    shares = share(address("cyd"), part=33) + share(address("dee"), part=34)
    units = compose.terms(whole=100, shares=shares, nodes=ALWAYS)
    slow = opened(town, units)
    steps = [1] * 9 + [2, 3, 5, 7, 11, 13, 17, 33]
    assert sum(steps) == EURO
    assert set(town.apply(*[town.release(slow, step) for step in steps])) == {0}
    after_slow = [town.euros(name)[0] for name in ("bob", "cyd", "dee")]
    quick = opened(town, units)
    assert town.apply(town.release(quick)) == [0]
    assert [town.euros(name)[0] for name in ("bob", "cyd", "dee")] == [
        2 * amount for amount in after_slow
    ]


# --- bytes ----------------------------------------------------------------------------------


def kernel_takes(data: bytes) -> bool:
    try:
        clearway_kernel.check_terms(data)
    except ValueError:
        return False
    return True


def spec_takes(units: Units) -> bool:
    try:
        parse_terms(units)
    except BadTerms:
        return False
    return True


def python_takes(data: bytes) -> bool:
    try:
        payment_terms.parse_terms(data)
    except payment_terms.TermsError:
        return False
    return True


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_all_three_agree_on_what_terms_are(random: Random) -> None:
    """Specification, kernel, and the Python that writes terms."""
    chance = ChanceTerms(random, payer="ann", payee="bob", at_ns=5 * SECOND, assets=3)
    units = chance.units()
    if random.randrange(3) == 0:
        units = tuple(
            bytes(random.choice([0, 1, 2, 10, 255]) if chance.percent(2) else byte for byte in unit)
            for unit in units
        )
    data = b"".join(units)
    assert kernel_takes(data) == spec_takes(units) == python_takes(data)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=17 * 64), st.binary(max_size=17 * 64))
def test_evaluation_is_total_on_arbitrary_bytes(units: bytes, witnesses: bytes) -> None:
    """An answer or a ValueError, whatever the bytes are."""
    try:
        clearway_kernel.check_terms(units)
    except ValueError:
        return
    with contextlib.suppress(ValueError):
        clearway_kernel.evaluate_terms(
            units,
            witnesses,
            chain_id=bytes(32),
            institution=1,
            id=bytes(16),
            opened_ns=0,
            payer=bytes(20),
            payee=bytes(20),
            escrow_minor=2**128 - 1,
            released_minor=2**128 - 1,
            now_ns=2**64 - 1,
            asked_by=bytes(20),
            names_terms=True,
            to=bytes(20),
            to_category=0,
            amount_minor=2**128 - 1,
        )
