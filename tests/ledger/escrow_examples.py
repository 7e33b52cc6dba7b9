"""One small example of every refusal of conditional money; test_refusals.py runs them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from spec import compose, terms
from spec.compose import node, share, threshold
from spec.records import (
    AMOUNT_MINOR_MAX,
    Entry,
    Flag,
    Kind,
    Outcome,
)
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
    PAYEE_CATEGORY,
    PAYEE_IS,
    PAYER_MAY_CANCEL,
    PREIMAGE,
    UP_TO,
)
from tests.ledger.examples import Example, code_of, example
from tests.ledger.town import (
    BTC,
    DAY,
    EUR,
    EURO,
    SECOND,
    USD,
    Town,
    address,
    public,
    seed_of,
)

Units = tuple[bytes, ...]

ALWAYS = node(AFTER, time_ns=0)
NEVER = node(BEFORE, time_ns=0)
OPEN = compose.terms(nodes=ALWAYS)  # may be released at any time
SHUT = compose.terms(nodes=NEVER)


def open_code(town: Town, units: Units, **fields: object) -> int:
    """The code of an escrow from ann to bob."""
    return town.apply(town.escrow("ann", "bob", units, **fields))[0]  # type: ignore[arg-type]


def opened(town: Town, units: Units = OPEN, amount_minor: int = EURO, **fields: object) -> Entry:
    """An escrow from ann to bob that is there."""
    entry = town.escrow("ann", "bob", units, amount_minor, **fields)
    assert town.apply(entry) == [0]
    return entry


def state_code(town: Town, kind: Kind, name: str, key: str = "root1") -> None:
    assert code_of(town, town.entry(kind, name), key) == 0


# --- opening --------------------------------------------------------------------------------


@example(23)
def id_of_an_escrow_that_outlived_the_window(town: Town) -> int:
    entry = opened(town, expires_ns=town.now_ns + 9 * DAY)
    assert town.block(after_ns=2 * DAY) == []
    return code_of(town, town.escrow("ann", "bob", OPEN, id=entry.id))


@example(24)
def escrow_declined(town: Town) -> int:
    return open_code(town, OPEN, outcome=Outcome.DECLINE)


@example(25)
def escrow_without_outcome(town: Town) -> int:
    return open_code(town, OPEN, outcome=Outcome.NONE)


@example(25)
def escrow_in_review(town: Town) -> int:
    return open_code(town, OPEN, outcome=Outcome.REVIEW)


@example(25)
def pending_escrow(town: Town) -> int:
    return open_code(town, OPEN, flags=Flag.PENDING)


@example(25)
def escrow_without_an_end(town: Town) -> int:
    return open_code(town, OPEN, expires_ns=0)


@example(25)
def escrow_that_ends_now(town: Town) -> int:
    return open_code(town, OPEN, expires_ns=town.now_ns + SECOND)


@example(25)
def escrow_with_a_target(town: Town) -> int:
    return open_code(town, OPEN, target=b"t" * 16)


@example(25)
def escrow_in_two_assets(town: Town) -> int:
    return open_code(town, OPEN, to_asset=USD)


@example(26)
def escrow_of_an_unknown_asset(town: Town) -> int:
    return open_code(town, OPEN, asset=9)


@example(27)
def escrow_of_nothing(town: Town) -> int:
    return open_code(town, OPEN, amount_minor=0)


@example(28)
def escrow_with_oneself(town: Town) -> int:
    return code_of(town, town.escrow("ann", "ann", OPEN))


@example(30)
def escrow_of_nobody(town: Town) -> int:
    return code_of(town, town.escrow("nobody", "bob", OPEN))


@example(31)
def escrow_for_nobody(town: Town) -> int:
    return code_of(town, town.escrow("ann", "nobody", OPEN))


@example(32)
def escrow_of_another_bank(town: Town) -> int:
    return code_of(town, town.escrow("dee", "bob", OPEN))


@example(36)
def escrow_for_a_frozen_account(town: Town) -> int:
    state_code(town, Kind.FREEZE, "bob")
    return open_code(town, OPEN)


@example(37)
def escrow_of_a_nostro(town: Town) -> int:
    return code_of(town, town.escrow("nostro1", "bob", OPEN))


@example(38)
def escrow_without_the_owner(town: Town) -> int:
    return code_of(town, town.escrow("own", "bob", OPEN))


@example(39)
def escrow_above_the_limit(town: Town) -> int:
    return code_of(town, town.escrow("ann", "bob", OPEN, 31 * EURO), "limited1")


@example(40)
def escrows_above_the_day(town: Town) -> int:
    first = town.escrow("ann", "bob", OPEN, 30 * EURO)
    assert town.apply(first, key="limited1") == [0]
    return code_of(town, town.escrow("ann", "bob", OPEN, 11 * EURO), "limited1")


BAD_TERMS: dict[str, Units] = {
    "no_plan": ALWAYS,
    "unknown_flag": compose.terms(flags=8, nodes=ALWAYS),
    "a_plan_that_counts_too_few": (*OPEN, *ALWAYS),
    "a_plan_that_counts_too_many": (compose.terms(nodes=threshold(1, ALWAYS))[0], *ALWAYS),
    "start_without_a_stream": compose.terms(start_ns=1, nodes=ALWAYS),
    "rate_without_a_stream": compose.terms(rate_minor=1, nodes=ALWAYS),
    "stream_without_a_rate": compose.terms(period_ns=1, nodes=ALWAYS),
    "zero_bytes": (OPEN[0][:63] + b"\1", *ALWAYS),
    "whole_without_shares": compose.terms(whole=1, nodes=ALWAYS),
    "parts_above_the_whole": compose.terms(
        whole=3,
        shares=share(address("cyd"), part=2) + share(address("dee"), part=2),
        nodes=ALWAYS,
    ),
    "part_of_nothing": compose.terms(whole=3, shares=share(address("cyd")), nodes=ALWAYS),
    "part_with_a_cap": compose.terms(
        whole=3, shares=share(address("cyd"), part=1, cap_minor=1), nodes=ALWAYS
    ),
    "cap_of_nothing": compose.terms(shares=share(address("cyd")), nodes=ALWAYS),
    "cap_with_a_part": compose.terms(
        shares=share(address("cyd"), part=1, cap_minor=1), nodes=ALWAYS
    ),
    "two_shares_of_one": compose.terms(shares=share(address("cyd"), cap_minor=1) * 2, nodes=ALWAYS),
    "share_of_the_payer": compose.terms(shares=share(address("ann"), cap_minor=1), nodes=ALWAYS),
    "share_of_the_payee": compose.terms(shares=share(address("bob"), cap_minor=1), nodes=ALWAYS),
    "share_that_is_none": compose.terms(shares=ALWAYS, nodes=ALWAYS),
    "shares_of_a_free_payee": compose.terms(
        flags=FREE_PAYEE, shares=share(address("cyd"), cap_minor=1), nodes=ALWAYS
    ),
    "node_that_is_none": compose.terms(nodes=(bytes([9]) + bytes(63),)),
    "two_trees": compose.terms(nodes=ALWAYS * 2),
    "threshold_of_nothing": compose.terms(nodes=node(terms.THRESHOLD, needed=0, children=0)),
    "threshold_of_none": compose.terms(nodes=threshold(0, ALWAYS)),
    "threshold_above_its_children": compose.terms(nodes=threshold(2, ALWAYS)),
    "threshold_without_its_children": compose.terms(
        nodes=node(terms.THRESHOLD, needed=1, children=2) + ALWAYS
    ),
    "preimage_of_nothing": compose.terms(nodes=node(PREIMAGE, length=0, digest=bytes(32))),
    "preimage_too_long": compose.terms(nodes=node(PREIMAGE, length=61, digest=bytes(32))),
    "comparison_0": compose.terms(
        nodes=node(FACT, comparison=0, value=0, oracle=bytes(32), subject=bytes(16))
    ),
    "comparison_4": compose.terms(
        nodes=node(FACT, comparison=4, value=0, oracle=bytes(32), subject=bytes(16))
    ),
    "delivery_of_nothing": compose.terms(
        nodes=node(DELIVERY, asset=USD, amount_minor=0, giver=address("bob"), getter=address("ann"))
    ),
    "delivery_of_too_much": compose.terms(
        nodes=node(
            DELIVERY,
            asset=USD,
            amount_minor=AMOUNT_MINOR_MAX + 1,
            giver=address("bob"),
            getter=address("ann"),
        )
    ),
    "delivery_to_oneself": compose.terms(
        nodes=node(DELIVERY, asset=USD, amount_minor=1, giver=address("bob"), getter=address("bob"))
    ),
    "two_deliveries": compose.terms(
        nodes=threshold(
            1,
            *[
                node(
                    DELIVERY,
                    asset=USD,
                    amount_minor=1,
                    giver=address("bob"),
                    getter=address("ann"),
                )
            ]
            * 2,
        )
    ),
    "category_0": compose.terms(nodes=node(PAYEE_CATEGORY, category=0)),
    "asked_by_0": compose.terms(nodes=node(ASKED_BY, party=0)),
    "asked_by_3": compose.terms(nodes=node(ASKED_BY, party=3)),
}


def refuses(units: Units) -> Example:
    return lambda town: open_code(town, units)


for name, units in BAD_TERMS.items():
    refused = refuses(units)
    refused.__name__ = name
    example(80)(refused)


@example(81)
def terms_of_another_hash(town: Town) -> int:
    return open_code(town, OPEN, bound_minor=0)


def share_code(town: Town, name: str) -> int:
    return open_code(town, compose.terms(shares=share(address(name), cap_minor=1), nodes=ALWAYS))


@example(82)
def share_of_nobody(town: Town) -> int:
    return share_code(town, "nobody")


@example(82)
def share_of_a_closed_account(town: Town) -> int:
    opening = compose.opening_units(assets=[EUR])
    assert code_of(town, town.entry(Kind.OPEN_ACCOUNT, "zoe", units=opening)) == 0
    state_code(town, Kind.CLOSE_ACCOUNT, "zoe")
    return share_code(town, "zoe")


@example(82)
def share_of_a_nostro(town: Town) -> int:
    return share_code(town, "nostro1")


@example(82)
def share_without_the_asset(town: Town) -> int:
    return share_code(town, "new")


def delivery(giver: str, getter: str, asset: int = USD, amount_minor: int = 5 * EURO) -> Units:
    return node(
        DELIVERY,
        asset=asset,
        amount_minor=amount_minor,
        giver=address(giver),
        getter=address(getter),
    )


@example(82)
def delivery_of_an_asset_not_held(town: Town) -> int:
    return open_code(town, compose.terms(nodes=delivery("cyd", "ann", BTC)))


@example(82)
def delivery_to_a_nostro(town: Town) -> int:
    return open_code(town, compose.terms(nodes=delivery("bob", "nostro1")))


@example(45)
def escrow_of_an_asset_not_held(town: Town) -> int:
    return code_of(town, town.escrow("ann", "cyd", OPEN, asset=USD))


@example(46)
def escrow_above_what_is_there(town: Town) -> int:
    return open_code(town, OPEN, amount_minor=101 * EURO)


# --- release --------------------------------------------------------------------------------


@example(25)
def release_without_accept(town: Town) -> int:
    return code_of(town, town.release(opened(town), outcome=Outcome.NONE))


@example(25)
def pending_release(town: Town) -> int:
    return code_of(town, town.release(opened(town), flags=Flag.PENDING))


@example(25)
def release_with_an_end(town: Town) -> int:
    return code_of(town, town.release(opened(town), expires_ns=1))


@example(25)
def release_into_another_asset(town: Town) -> int:
    return code_of(town, town.release(opened(town), to_asset=USD))


@example(27)
def release_of_nothing(town: Town) -> int:
    return code_of(town, town.release(opened(town), 0))


@example(30)
def release_asked_by_nobody(town: Town) -> int:
    return code_of(town, town.release(opened(town), asker="nobody"))


@example(32)
def release_asked_by_a_client_of_another_bank(town: Town) -> int:
    return code_of(town, town.release(opened(town), asker="dee"))


@example(33)
def release_asked_by_a_closed_account(town: Town) -> int:
    entry = opened(town)
    state_code(town, Kind.CLOSE_ACCOUNT, "new")
    return code_of(town, town.release(entry, asker="new"))


@example(35)
def release_asked_by_a_frozen_account(town: Town) -> int:
    entry = opened(town)
    state_code(town, Kind.FREEZE, "cyd")
    return code_of(town, town.release(entry, asker="cyd"))


@example(38)
def release_without_the_owner_of_the_asking_account(town: Town) -> int:
    return code_of(town, town.release(opened(town), asker="own"))


@example(38)
def release_signed_by_another(town: Town) -> int:
    return code_of(town, town.signed(town.release(opened(town), asker="own"), "root2"))


@example(85)
def release_of_no_escrow(town: Town) -> int:
    return code_of(town, town.release(opened(town), target=b"t" * 16))


@example(85)
def release_of_another_banks_escrow(town: Town) -> int:
    return code_of(town, town.release(opened(town), purpose=2))


@example(85)
def release_after_the_whole(town: Town) -> int:
    entry = opened(town)
    return town.apply(town.release(entry), town.release(entry, 1))[1]


@example(85)
def release_after_the_deadline(town: Town) -> int:
    entry = opened(town, expires_ns=town.now_ns + 2 * SECOND)
    return code_of(town, town.release(entry))


@example(86)
def release_of_an_escrow_that_waits_for_the_sweep(town: Town) -> int:
    """A sweep ends 1,024 rows at most; the one after them is expired and still there."""
    end = town.now_ns + 2 * SECOND
    entries = [town.escrow("ann", "bob", OPEN, 1, expires_ns=end) for _ in range(1_025)]
    assert set(town.apply(*entries)) == {0}
    results = town.block(town.seal([town.release(entries[-1]), town.cancel(entries[-1])]))
    assert (results[0].kind, results[0].amount_minor) == (Kind.SWEEP, 1_024)
    assert results[-1].code == 86
    return results[-2].code


@example(87)
def release_of_another_asset(town: Town) -> int:
    return code_of(town, town.release(opened(town), asset=USD))


@example(87)
def release_to_another_payee(town: Town) -> int:
    return code_of(town, town.release(opened(town), payee=address("cyd")))


@example(87)
def release_under_other_terms(town: Town) -> int:
    return code_of(town, town.release(opened(town), **compose.terms_fields(SHUT)))


@example(88)
def release_of_more_than_is_left(town: Town) -> int:
    entry = opened(town)
    return town.apply(town.release(entry, 1), town.release(entry))[1]


FREE = compose.terms(flags=FREE_PAYEE, nodes=ALWAYS)


@example(31)
def release_to_nobody(town: Town) -> int:
    return code_of(town, town.release(opened(town, FREE), payee=address("nobody")))


@example(28)
def release_to_the_payer(town: Town) -> int:
    return code_of(town, town.release(opened(town, FREE), payee=address("ann")))


@example(34)
def release_to_a_closed_account(town: Town) -> int:
    entry = opened(town, FREE)
    state_code(town, Kind.CLOSE_ACCOUNT, "new")
    return code_of(town, town.release(entry, payee=address("new")))


@example(36)
def release_to_a_frozen_account(town: Town) -> int:
    entry = opened(town)
    state_code(town, Kind.FREEZE, "bob")
    return code_of(town, town.release(entry, asker="cyd"))


@example(37)
def release_to_a_nostro(town: Town) -> int:
    return code_of(town, town.release(opened(town, FREE), payee=address("nostro1")))


@example(35)
def release_out_of_a_frozen_account(town: Town) -> int:
    entry = opened(town)
    state_code(town, Kind.FREEZE, "ann")
    return code_of(town, town.release(entry))


def stream(town: Town, **fields: int) -> Units:
    """Ten cents a second from now on."""
    plan = {"period_ns": SECOND, "rate_minor": 10, "start_ns": town.now_ns}
    return compose.terms(nodes=ALWAYS, **(plan | fields))


@example(89)
def release_of_more_than_has_accrued(town: Town) -> int:
    entry = opened(town, stream(town))  # a second later
    return code_of(town, town.release(entry, 21))


@example(89)
def release_before_the_start_of_a_stream(town: Town) -> int:
    entry = opened(town, stream(town, start_ns=town.now_ns + 9 * SECOND))
    return code_of(town, town.release(entry, 1))


HASH_LOCK = compose.terms(nodes=node(PREIMAGE, length=6, digest=sha256(b"secret").digest()))


@example(90)
def witness_for_no_node(town: Town) -> int:
    entry = opened(town, HASH_LOCK)
    return code_of(town, town.release(entry, units=compose.preimage(1, b"secret")))


@example(90)
def witness_of_another_kind(town: Town) -> int:
    return code_of(town, town.release(opened(town, HASH_LOCK), units=compose.deliver(0)))


@example(90)
def two_witnesses_for_one_node(town: Town) -> int:
    units = compose.preimage(0, b"secret") * 2
    return code_of(town, town.release(opened(town, HASH_LOCK), units=units))


def unmet(town: Town, nodes: Units, units: Units = (), **fields: object) -> int:
    """A release under these conditions with these witnesses."""
    entry = opened(town, compose.terms(nodes=nodes))
    return code_of(town, town.release(entry, units=units, **fields))  # type: ignore[arg-type]


@example(91)
def nothing_is_released_without_conditions(town: Town) -> int:
    return unmet(town, ())


@example(91)
def too_early(town: Town) -> int:
    return unmet(town, node(AFTER, time_ns=town.now_ns + 2 * SECOND + 1))


@example(91)
def too_late(town: Town) -> int:
    return unmet(town, node(BEFORE, time_ns=town.now_ns + 2 * SECOND))


@example(91)
def hash_lock_without_its_secret(town: Town) -> int:
    return code_of(town, town.release(opened(town, HASH_LOCK)))


@example(91)
def hash_lock_with_another_secret(town: Town) -> int:
    units = compose.preimage(0, b"Secret")
    return code_of(town, town.release(opened(town, HASH_LOCK), units=units))


@example(91)
def hash_lock_of_another_length(town: Town) -> int:
    nodes = node(PREIMAGE, length=7, digest=sha256(b"secret").digest())
    return unmet(town, nodes, compose.preimage(0, b"secret"))


APPROVED = compose.terms(nodes=node(APPROVER, key=public("root2")))


def approval_code(town: Town, up_to_minor: int, seed: str = "root2", **seen: object) -> int:
    """A release of one euro with an approval of what was seen otherwise."""
    entry = opened(town, APPROVED)
    release = replace(town.seen(entry, EURO), **seen)  # type: ignore[arg-type]
    units = compose.approval(0, release, up_to_minor=up_to_minor, seed=seed_of(seed))
    return code_of(town, town.release(entry, units=units))


@example(91)
def approval_of_less(town: Town) -> int:
    return approval_code(town, EURO - 1)


@example(91)
def approval_of_another(town: Town) -> int:
    return approval_code(town, EURO, seed="root1")


@example(91)
def approval_for_another_payee(town: Town) -> int:
    return approval_code(town, EURO, to=address("cyd"))


@example(91)
def approval_of_another_escrow(town: Town) -> int:
    return approval_code(town, EURO, id=b"t" * 16)


@example(91)
def approval_of_an_earlier_escrow_of_this_name(town: Town) -> int:
    return approval_code(town, EURO, opened_ns=town.now_ns)


@example(91)
def approval_on_another_chain(town: Town) -> int:
    return approval_code(town, EURO, chain_id=bytes(32))


def fact_code(
    town: Town, comparison: int, value: int, *, ago_ns: int = 0, seed: str = "root2"
) -> int:
    """A release that needs a fact which compares so with 5, and is said to be `value`."""
    subject = b"rain in Geneva".ljust(16, b"\0")
    nodes = node(FACT, comparison=comparison, value=5, oracle=public("root2"), subject=subject)
    entry = opened(town, compose.terms(nodes=nodes))
    said = compose.fact(
        0,
        subject=subject,
        value=value,
        time_ns=town.now_ns + SECOND - ago_ns,
        seed=seed_of(seed),
    )
    return code_of(town, town.release(entry, units=said))


@example(91)
def another_fact(town: Town) -> int:
    return fact_code(town, terms.EQUAL, 6)


@example(91)
def fact_below(town: Town) -> int:
    return fact_code(town, terms.AT_LEAST, 4)


@example(91)
def fact_above(town: Town) -> int:
    return fact_code(town, terms.AT_MOST, 6)


@example(91)
def fact_of_the_future(town: Town) -> int:
    return fact_code(town, terms.EQUAL, 5, ago_ns=-1)


@example(91)
def fact_from_before_the_escrow(town: Town) -> int:
    return fact_code(town, terms.EQUAL, 5, ago_ns=SECOND + 1)


@example(91)
def fact_of_another_oracle(town: Town) -> int:
    return fact_code(town, terms.EQUAL, 5, seed="root1")


def delivered(town: Town, **fields: object) -> Entry:
    """A release of one euro against five dollars, which bob gives ann."""
    units = compose.terms(nodes=delivery("bob", "ann"))
    entry = opened(town, units)
    usual = {"units": compose.deliver(0)} | compose.terms_fields(units)
    return town.release(entry, **(usual | fields))  # type: ignore[arg-type]


@example(91)
def delivery_that_is_not_made(town: Town) -> int:
    return code_of(town, delivered(town, units=()))


@example(91)
def delivery_that_another_asks_for(town: Town) -> int:
    return code_of(town, delivered(town, asker="cyd"))


@example(91)
def delivery_against_a_part(town: Town) -> int:
    return code_of(town, delivered(town, amount_minor=EURO - 1))


@example(91)
def delivery_under_terms_that_are_not_named(town: Town) -> int:
    return code_of(town, delivered(town, to_amount_minor=0, bound_minor=0))


@example(91)
def another_payee_than_the_one_allowed(town: Town) -> int:
    nodes = node(PAYEE_IS, address=address("cyd"))
    entry = opened(town, compose.terms(flags=FREE_PAYEE, nodes=nodes))
    return code_of(town, town.release(entry))


@example(91)
def payee_of_another_category(town: Town) -> int:
    return unmet(town, node(PAYEE_CATEGORY, category=5_411))


@example(91)
def asked_by_neither(town: Town) -> int:
    return unmet(town, node(ASKED_BY, party=BY_PAYEE), asker="cyd")


@example(91)
def asked_by_the_payee(town: Town) -> int:
    return unmet(town, node(ASKED_BY, party=BY_PAYER))


@example(91)
def above_the_milestone(town: Town) -> int:
    return unmet(town, node(UP_TO, amount_minor=EURO - 1))


@example(91)
def one_of_two(town: Town) -> int:
    return unmet(town, threshold(2, ALWAYS, NEVER))


SPLIT = compose.terms(whole=2, shares=share(address("cyd"), part=1), nodes=ALWAYS)


@example(36)
def release_to_a_frozen_share(town: Town) -> int:
    entry = opened(town, SPLIT)
    state_code(town, Kind.FREEZE, "cyd")
    return code_of(town, town.release(entry))


@example(34)
def release_to_a_closed_share(town: Town) -> int:
    opening = compose.opening_units(assets=[EUR])
    assert code_of(town, town.entry(Kind.OPEN_ACCOUNT, "zoe", units=opening)) == 0
    units = compose.terms(whole=2, shares=share(address("zoe"), part=1), nodes=ALWAYS)
    entry = opened(town, units)
    state_code(town, Kind.CLOSE_ACCOUNT, "zoe")
    return code_of(town, town.release(entry))


@example(36)
def delivery_to_a_frozen_account(town: Town) -> int:
    units = compose.terms(nodes=delivery("bob", "dee"))
    entry = opened(town, units)
    state_code(town, Kind.FREEZE, "dee", "root2")
    fields = {"units": compose.deliver(0)} | compose.terms_fields(units)
    return code_of(town, town.release(entry, **fields))  # type: ignore[arg-type]


@example(46)
def delivery_of_what_is_not_there(town: Town) -> int:
    units = compose.terms(nodes=delivery("bob", "ann", amount_minor=101 * EURO))
    entry = opened(town, units)
    fields = {"units": compose.deliver(0)} | compose.terms_fields(units)
    return code_of(town, town.release(entry, **fields))  # type: ignore[arg-type]


@example(45)
def release_to_one_without_the_asset(town: Town) -> int:
    return code_of(town, town.release(opened(town, FREE), payee=address("new")))


def fill(town: Town, name: str) -> None:
    """One cent more fits into an account that had a hundred euros."""
    for bank in ("1", "2"):
        issue = town.issue("nostro" + bank, name, AMOUNT_MINOR_MAX - 50 * EURO)
        assert code_of(town, issue, "root" + bank) == 0


@example(47)
def release_that_is_too_much_for_its_payee(town: Town) -> int:
    """Two issues bring an account near to 2¹²⁷ − 1."""
    entry = opened(town, FREE)
    fill(town, "dee")
    return code_of(town, town.release(entry, payee=address("dee")))


# --- cancel ---------------------------------------------------------------------------------


@example(25)
def pending_cancel(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), flags=Flag.PENDING))


@example(25)
def cancel_with_an_end(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), expires_ns=1))


@example(30)
def cancel_by_nobody(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), "nobody"))


@example(32)
def cancel_by_a_client_of_another_bank(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), "dee"))


@example(35)
def cancel_by_a_frozen_account(town: Town) -> int:
    entry = opened(town)
    state_code(town, Kind.FREEZE, "bob")
    return code_of(town, town.cancel(entry))


@example(38)
def cancel_without_the_owner(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), "own"))


@example(85)
def cancel_of_no_escrow(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), target=b"t" * 16))


@example(92)
def cancel_by_the_payer(town: Town) -> int:
    return code_of(town, town.cancel(opened(town), "ann"))


@example(92)
def cancel_by_a_stranger(town: Town) -> int:
    entry = opened(town, compose.terms(flags=PAYER_MAY_CANCEL, nodes=ALWAYS))
    return code_of(town, town.cancel(entry, "cyd"))


def cancel_of_a_stream(town: Town, frozen: str) -> int:
    """By the payer, with something that is the payee's and a share's already."""
    units = stream(town, flags=PAYER_MAY_CANCEL, whole=2)
    shares = share(address("cyd"), part=1)
    plan = bytearray(units[0])
    plan[2] = 1
    entry = opened(town, (bytes(plan), *shares, *units[1:]))
    state_code(town, Kind.FREEZE, frozen)
    return code_of(town, town.cancel(entry, "ann" if frozen != "ann" else "bob"))


@example(36)
def cancel_of_a_frozen_payees_stream(town: Town) -> int:
    return cancel_of_a_stream(town, "bob")


@example(36)
def cancel_of_a_frozen_shares_stream(town: Town) -> int:
    return cancel_of_a_stream(town, "cyd")


@example(35)
def cancel_of_a_frozen_payers_stream(town: Town) -> int:
    return cancel_of_a_stream(town, "ann")
