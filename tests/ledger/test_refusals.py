"""One small example of every refusal, applied by the specification and by the kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest

import clearway_kernel
from spec import compose
from spec.codes import CODES
from spec.records import (
    AMOUNT_MINOR_MAX,
    AccountFlag,
    Entry,
    Flag,
    Kind,
    Outcome,
    Purpose,
    ResultFlag,
    Role,
)
from tests.ledger import (  # noqa: F401  register examples
    authority_examples,
    control_examples,
    escrow_examples,
    mandate_examples,
    sub_examples,
)
from tests.ledger.examples import EXAMPLES, Example, code_of, example
from tests.ledger.town import (
    ACCOUNTS,
    BTC,
    DAY,
    EUR,
    EURO,
    HOUR,
    LIMIT_DAY,
    LIMIT_PAYMENT,
    NEXT_ASSET,
    SECOND,
    UNKNOWN_ASSET,
    USD,
    Town,
    address,
    encode_legs,
    fee,
    leg,
    public,
)

# --- envelopes ------------------------------------------------------------------------------


def code_of_envelope(town: Town, envelope: bytes, after_ns: int = SECOND) -> int:
    """The code of an envelope that is refused: all of its entries have it too."""
    before = town.both.spec.state
    results = town.block(envelope, after_ns=after_ns)
    assert len({result.code for result in results}) == 1
    if results[0].code != 0:
        assert town.both.spec.state.remembered == before.remembered
    return results[0].code


@example(1)
def wrong_chain(town: Town) -> int:
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], chain_id=bytes(32)))


@example(2)
def unknown_key(town: Town) -> int:
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], key="none", institution=1))


@example(3)
def wrong_institution(town: Town) -> int:
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], institution=2))


@example(4)
def key_not_active(town: Town) -> int:
    assert town.both.spec.block.header.height + 1 < 4
    return code_of_envelope(town, town.seal([town.pay("dee", "bob")], key="late2"))


@example(5)
def key_revoked(town: Town) -> int:
    revoke = town.entry(Kind.REVOKE_KEY, units=compose.key_name_unit(public("pay1")))
    assert code_of(town, revoke) == 0
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], key="pay1"))


@example(5)
def key_revoked_earlier_in_the_block(town: Town) -> int:
    revoke = town.entry(Kind.REVOKE_KEY, units=compose.key_name_unit(public("root1")))
    first = town.seal([revoke, town.pay("ann", "bob")])
    second = town.seal([town.pay("ann", "bob")])
    results = town.block(first, second)
    assert [result.code for result in results[:3]] == [0, 0, 0]
    return results[-1].code


@example(6)
def envelope_expired(town: Town) -> int:
    late = town.seal([town.pay("ann", "bob")], valid_until_ns=town.now_ns)
    return code_of_envelope(town, late)


@example(7)
def sequence_used(town: Town) -> int:
    assert town.apply(town.pay("ann", "bob")) == [0]
    used = town.sequences["root1"]
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], sequence=used))


@example(8)
def digest_differs(town: Town) -> int:
    return code_of_envelope(town, town.seal([town.pay("ann", "bob")], digest=bytes(32)))


@example(9)
def bad_signature(town: Town) -> int:
    envelope = town.seal([town.pay("ann", "bob")])
    return code_of_envelope(town, envelope[:190] + bytes(2) + envelope[192:])


# --- every entry ----------------------------------------------------------------------------


@example(20)
def key_without_the_purpose(town: Town) -> int:
    return code_of(town, town.issue("nostro1", "ann", EURO), key="pay1")


@example(20)
def account_flags_need_govern(town: Town) -> int:
    units = compose.opening_units(assets=[EUR], flags=AccountFlag.OPERATING)
    return code_of(town, town.entry(Kind.OPEN_ACCOUNT, "zoe", units=units), key="pay1")


@example(21)
def entry_expired(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", valid_until_ns=town.now_ns))


@example(22)
def valid_too_long(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", valid_until_ns=town.now_ns + SECOND + DAY + 1))


@example(23)
def id_reused(town: Town) -> int:
    first = town.pay("ann", "bob")
    assert code_of(town, first) == 0
    return code_of(town, replace(first, amount_minor=2 * EURO))


@example(23)
def id_of_a_hold_that_outlived_the_window(town: Town) -> int:
    held = town.hold("ann", "bob", expires_ns=town.now_ns + 9 * DAY)
    assert code_of(town, held) == 0
    assert town.block(after_ns=2 * DAY) == []
    assert town.both.spec.state.remembered == {}
    return code_of(town, town.hold("ann", "bob", id=held.id))


# --- payments -------------------------------------------------------------------------------


@example(24)
def declined(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", outcome=Outcome.DECLINE))


@example(25)
def payment_without_outcome(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", outcome=Outcome.NONE))


@example(25)
def review_without_a_hold(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", outcome=Outcome.REVIEW))


@example(25)
def hold_that_ends_now(town: Town) -> int:
    return code_of(town, town.hold("ann", "bob", expires_ns=town.now_ns + SECOND))


@example(25)
def end_without_a_hold(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", expires_ns=1))


@example(25)
def to_amount_without_to_asset(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", to_amount_minor=1))


@example(25)
def to_asset_is_asset(town: Town) -> int:
    units = encode_legs([leg("ann", "bob", EUR, EURO)])
    entry = town.pay("ann", "bob", to_asset=EUR, to_amount_minor=EURO, units=units)
    return code_of(town, entry)


@example(25)
def exchange_without_legs(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", to_asset=USD, to_amount_minor=1))


@example(25)
def post_without_accept(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, outcome=Outcome.REVIEW))[1]


@example(25)
def pending_void(town: Town) -> int:
    return code_of(town, town.entry(Kind.VOID, flags=Flag.PENDING))


@example(25)
def signed_freeze(town: Town) -> int:
    return code_of(town, town.signed(town.entry(Kind.FREEZE, "ann")))


@example(25)
def close_with_an_end(town: Town) -> int:
    return code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new", expires_ns=1))


@example(25)
def pending_refund(town: Town) -> int:
    return code_of(town, town.refund("ann", "bob", flags=Flag.PENDING))


@example(25)
def refund_with_an_end(town: Town) -> int:
    return code_of(town, town.refund("ann", "bob", expires_ns=town.now_ns + DAY))


@example(25)
def refund_of_nothing(town: Town) -> int:
    return code_of(town, town.refund("ann", "bob", target=bytes(16)))


@example(25)
def refund_without_bound(town: Town) -> int:
    return code_of(town, town.refund("ann", "bob", bound_minor=0))


@example(25)
def issue_with_legs(town: Town) -> int:
    units = encode_legs([leg("nostro1", "ann", EUR, EURO)])
    return code_of(town, replace(town.issue("nostro1", "ann", EURO), units=units))


@example(25)
def signed_issue(town: Town) -> int:
    return code_of(town, town.signed(town.issue("nostro1", "ann", EURO)))


@example(25)
def redemption_in_another_asset(town: Town) -> int:
    entry = town.entry(Kind.REDEEM, "ann", "nostro1", asset=EUR, amount_minor=1, to_asset=USD)
    return code_of(town, entry)


def open_account(town: Town, assets: list[int], flags: int = 0) -> Entry:
    units = compose.opening_units(assets=assets, flags=flags)
    return town.entry(Kind.OPEN_ACCOUNT, "zoe", units=units)


@example(25)
def assets_repeated(town: Town) -> int:
    return code_of(town, open_account(town, [EUR, USD, EUR]))


@example(25)
def asset_after_a_zero(town: Town) -> int:
    return code_of(town, open_account(town, [EUR, 0, USD]))


@example(25)
def asset_after_a_zero_in_the_next_unit(town: Town) -> int:
    return code_of(town, open_account(town, [EUR, 0, 0, 0, 0, 0, 0, USD]))


@example(25)
def unknown_account_flags(town: Town) -> int:
    return code_of(town, open_account(town, [EUR], flags=AccountFlag.FROZEN))


@example(26)
def payment_without_asset(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", asset=0))


@example(26)
def unknown_asset(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", asset=UNKNOWN_ASSET))


@example(26)
def unknown_to_asset(town: Town) -> int:
    units = encode_legs([leg("ann", "bob", EUR, EURO)])
    return code_of(
        town, town.pay("ann", "bob", to_asset=UNKNOWN_ASSET, to_amount_minor=1, units=units)
    )


@example(26)
def account_of_an_unknown_asset(town: Town) -> int:
    return code_of(town, open_account(town, [EUR, UNKNOWN_ASSET]))


@example(26)
def limit_of_an_unknown_asset(town: Town) -> int:
    units = compose.key_name_unit(public("pay1"))
    return code_of(town, town.entry(Kind.SET_LIMIT, asset=UNKNOWN_ASSET, units=units))


@example(27)
def amount_zero(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", 0))


@example(27)
def to_amount_zero(town: Town) -> int:
    units = encode_legs([leg("ann", "bob", EUR, EURO)])
    return code_of(town, town.pay("ann", "bob", to_asset=USD, units=units))


@example(27)
def post_of_nothing(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, 0))[1]


@example(28)
def same_account(town: Town) -> int:
    return code_of(town, town.pay("ann", "ann"))


@example(30)
def unknown_payer(town: Town) -> int:
    return code_of(town, town.pay("nobody", "bob"))


@example(31)
def unknown_payee(town: Town) -> int:
    return code_of(town, town.pay("ann", "nobody"))


@example(32)
def payer_of_another_institution(town: Town) -> int:
    return code_of(town, town.pay("dee", "bob"))


@example(32)
def redemption_into_the_nostro_of_another(town: Town) -> int:
    return code_of(town, town.entry(Kind.REDEEM, "ann", "nostro2", asset=EUR, amount_minor=1))


def close_new(town: Town) -> None:
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new")) == 0


def freeze(town: Town, name: str) -> None:
    key = f"root{ACCOUNTS[name][0]}"
    assert code_of(town, town.entry(Kind.FREEZE, name), key=key) == 0


@example(33)
def payer_closed(town: Town) -> int:
    close_new(town)
    return code_of(town, town.pay("new", "bob"))


@example(33)
def closed_twice(town: Town) -> int:
    close_new(town)
    return code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new"))


@example(34)
def payee_closed(town: Town) -> int:
    close_new(town)
    return code_of(town, town.pay("ann", "new"))


@example(35)
def payer_frozen(town: Town) -> int:
    freeze(town, "ann")
    return code_of(town, town.pay("ann", "bob"))


@example(35)
def post_from_a_frozen_payer(town: Town) -> int:
    held = town.hold("ann", "bob")
    assert code_of(town, held) == 0
    freeze(town, "ann")
    return code_of(town, town.post(held))


@example(36)
def payee_frozen(town: Town) -> int:
    freeze(town, "dee")
    return code_of(town, town.pay("ann", "dee"))


@example(36)
def post_to_a_frozen_payee(town: Town) -> int:
    held = town.hold("ann", "bob")
    assert code_of(town, held) == 0
    freeze(town, "bob")
    return code_of(town, town.post(held))


@example(37)
def payment_from_a_nostro(town: Town) -> int:
    return code_of(town, town.pay("nostro1", "bob"))


@example(37)
def payment_to_a_nostro(town: Town) -> int:
    return code_of(town, town.pay("ann", "nostro2"))


@example(37)
def issue_from_a_client(town: Town) -> int:
    return code_of(town, town.issue("ann", "bob", EURO))


@example(37)
def issue_to_a_nostro(town: Town) -> int:
    return code_of(town, town.issue("nostro1", "nostro2", EURO))


@example(37)
def redemption_from_a_nostro(town: Town) -> int:
    return code_of(town, town.entry(Kind.REDEEM, "nostro1", "odd1", asset=EUR, amount_minor=1))


@example(38)
def owner_has_not_signed(town: Town) -> int:
    return code_of(town, town.pay("own", "bob"))


@example(38)
def another_has_signed(town: Town) -> int:
    return code_of(town, town.signed(town.pay("own", "bob"), "root1"))


@example(38)
def signed_for_another_chain(town: Town) -> int:
    return code_of(town, town.signed(town.pay("own", "bob"), chain_id=bytes(32)))


@example(38)
def signed_without_an_owner(town: Town) -> int:
    return code_of(town, town.signed(town.pay("ann", "bob")))


@example(38)
def redemption_that_the_owner_has_not_signed(town: Town) -> int:
    return code_of(town, town.entry(Kind.REDEEM, "own", "nostro1", asset=EUR, amount_minor=1))


@example(38)
def refund_that_the_owner_has_not_signed(town: Town) -> int:
    return code_of(town, town.refund("own", "bob"))


@example(39)
def above_the_payment_limit(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", LIMIT_PAYMENT + 1), key="limited1")


@example(39)
def above_the_payment_limit_with_the_fee(town: Town) -> int:
    units = encode_legs([leg("ann", "bob", EUR, LIMIT_PAYMENT), fee("ann", "fees1", EUR, 1)])
    entry = town.pay("ann", "bob", LIMIT_PAYMENT, units=units, bound_minor=1)
    assert code_of(town, replace(entry, id=b"unlimited key..-"), key="pay1") == 0
    return code_of(town, entry, key="limited1")


@example(39)
def above_the_payment_limit_by_what_the_desk_gives(town: Town) -> int:
    """Dollars of the payer's are not limited; the euros that he gets for them are."""
    return code_of(town, exchange(town, LIMIT_PAYMENT + 1), key="limited1")


@example(40)
def above_the_day_limit_by_what_the_desk_gives(town: Town) -> int:
    first, second = exchange(town, LIMIT_PAYMENT), exchange(town, LIMIT_DAY - LIMIT_PAYMENT + 1)
    codes = town.apply(first, second, key="limited1")
    assert codes[0] == 0
    return codes[1]


def exchange(town: Town, euros_minor: int) -> Entry:
    """Ann gives one dollar for them, and Bob gets them from the desk."""
    legs = [
        leg("ann", "fees1", USD, 1, Role.EXCHANGE),
        leg("fees1", "bob", EUR, euros_minor),
    ]
    return town.pay(
        "ann", "bob", 1, asset=USD, to_asset=EUR, to_amount_minor=euros_minor,
        units=encode_legs(legs),
    )  # fmt: skip


@example(40)
def above_the_day_limit(town: Town) -> int:
    first = town.pay("ann", "bob", LIMIT_PAYMENT)
    second = town.issue("nostro1", "ann", LIMIT_DAY - LIMIT_PAYMENT + 1)
    codes = town.apply(first, second, key="limited1")
    assert codes[0] == 0
    return codes[1]


@example(41)
def refund_of_another_amount(town: Town) -> int:
    first = town.refund("ann", "bob", 1, bound_minor=EURO)
    return town.apply(first, town.refund("ann", "bob", 1, bound_minor=EURO + 1))[1]


@example(42)
def refunds_exceed_the_payment(town: Town) -> int:
    first = town.refund("ann", "bob", EURO, bound_minor=2 * EURO)
    return town.apply(first, town.refund("ann", "bob", EURO + 1, bound_minor=2 * EURO))[1]


LEGS_THAT_DIFFER = {
    "the amount of a leg is zero": [leg("ann", "bob", EUR, EURO), leg("fees1", "dee", EUR, 0)],
    "from and to are the same": [
        leg("ann", "bob", EUR, EURO),
        leg("fees1", "fees1", EUR, 1),
    ],
    "the asset is not registered": [
        leg("ann", "bob", EUR, EURO),
        leg("fees1", "dee", UNKNOWN_ASSET, 1),
    ],
    "the payer gives another asset": [leg("ann", "bob", EUR, EURO), fee("ann", "fees1", USD, 1)],
    "the payer gives less": [leg("ann", "bob", EUR, EURO - 1), leg("fees1", "bob", EUR, 1)],
    "the payer gives more": [leg("ann", "bob", EUR, EURO), leg("ann", "fees1", EUR, 1)],
    "the fees exceed the bound": [
        leg("ann", "bob", EUR, EURO),
        fee("ann", "fees1", EUR, 6),
        fee("ann", "fees2", EUR, 5),
    ],
    "the payee gets less": [leg("ann", "bob", EUR, EURO - 1), leg("ann", "fees1", EUR, 1)],
    "the payee gets more": [leg("ann", "bob", EUR, EURO), leg("fees1", "bob", EUR, 1)],
    "the payee gets another asset": [leg("ann", "bob", EUR, EURO), leg("fees1", "bob", USD, 1)],
    "a leg is from the payee": [leg("ann", "bob", EUR, EURO), fee("bob", "fees1", EUR, 1)],
    "a leg is to the payer": [leg("ann", "bob", EUR, EURO), fee("fees1", "ann", EUR, 1)],
    "the sum would wrap to the amount": [
        *[leg("ann", "bob", EUR, 2**125) for _ in range(8)],
        leg("ann", "bob", EUR, EURO),
    ],
}


def legs_that_differ(name: str) -> Example:
    def apply(town: Town) -> int:
        units = encode_legs(LEGS_THAT_DIFFER[name])
        return code_of(town, town.pay("ann", "bob", EURO, bound_minor=10, units=units))

    apply.__name__ = name.replace(" ", "_")
    return apply


EXAMPLES[43].extend(legs_that_differ(name) for name in LEGS_THAT_DIFFER)


@example(43)
def refund_with_a_fee(town: Town) -> int:
    legs = [leg("ann", "bob", EUR, EURO), fee("ann", "fees1", EUR, 1)]
    return code_of(town, town.refund("ann", "bob", EURO, units=encode_legs(legs)))


def with_leg(town: Town, giver: str, getter: str) -> int:
    legs = [leg("ann", "bob", EUR, EURO), leg(giver, getter, EUR, 1, Role.EXCHANGE)]
    return code_of(town, town.pay("ann", "bob", EURO, bound_minor=10, units=encode_legs(legs)))


@example(44)
def leg_from_another_client(town: Town) -> int:
    return with_leg(town, "cyd", "dee")


@example(44)
def leg_from_nobody(town: Town) -> int:
    return with_leg(town, "nobody", "dee")


@example(44)
def leg_from_the_liquidity_of_another(town: Town) -> int:
    return with_leg(town, "fees2", "dee")


@example(44)
def leg_from_an_operating_nostro(town: Town) -> int:
    return with_leg(town, "odd1", "dee")


@example(44)
def leg_from_a_frozen_operating_account(town: Town) -> int:
    freeze(town, "fees1")
    return with_leg(town, "fees1", "dee")


@example(44)
def leg_to_nobody(town: Town) -> int:
    return with_leg(town, "fees1", "nobody")


@example(44)
def leg_to_a_closed_account(town: Town) -> int:
    close_new(town)
    return with_leg(town, "fees1", "new")


@example(44)
def leg_to_a_frozen_account(town: Town) -> int:
    freeze(town, "dee")
    return with_leg(town, "fees1", "dee")


@example(44)
def leg_to_a_nostro(town: Town) -> int:
    return with_leg(town, "fees1", "nostro1")


@example(45)
def payee_does_not_hold_the_asset(town: Town) -> int:
    return code_of(town, town.pay("ann", "cyd", asset=USD))


@example(45)
def payer_does_not_hold_the_asset(town: Town) -> int:
    return code_of(town, town.pay("cyd", "ann", asset=USD))


@example(46)
def exceeds_what_is_posted(town: Town) -> int:
    return code_of(town, town.pay("ann", "bob", 100 * EURO + 1))


@example(46)
def exceeds_what_is_available(town: Town) -> int:
    return town.apply(town.hold("ann", "bob"), town.hold("ann", "bob", 99 * EURO + 1))[1]


@example(46)
def later_legs_see_what_earlier_took(town: Town) -> int:
    legs = [leg("ann", "bob", EUR, 99 * EURO + 1), fee("ann", "fees1", EUR, EURO)]
    entry = town.pay("ann", "bob", 99 * EURO + 1, bound_minor=EURO, units=encode_legs(legs))
    return code_of(town, entry)


@example(47)
def posted_of_the_payee(town: Town) -> int:
    issues = [town.issue(nostro, "bob", AMOUNT_MINOR_MAX) for nostro in ("nostro1", "odd1")]
    return town.apply(*issues)[1]


@example(47)
def posted_of_the_nostro(town: Town) -> int:
    """−2¹²⁷ is allowed, one less is not."""
    room = 2**127 + town.both.spec.state.balances[0, EUR].posted_minor
    first = town.issue("nostro1", "bob", AMOUNT_MINOR_MAX)
    rest = town.issue("nostro1", "ann", room - AMOUNT_MINOR_MAX)
    codes = town.apply(first, rest, town.issue("nostro1", "cyd", 1))
    assert codes[:2] == [0, 0]
    assert town.both.spec.state.balances[0, EUR].posted_minor == -(2**127)
    return codes[2]


@example(47)
def pending_of_the_payee(town: Town) -> int:
    """Four holds of the largest amount leave room for three units of pending."""
    big = AMOUNT_MINOR_MAX
    issued = [("nostro1", "ann", big), ("odd1", "bob", big)] * 2
    issued += [("nostro1", "fees1", 2), ("odd1", "fees1", 2)]
    issues = [town.issue(nostro, payee, amount, BTC) for nostro, payee, amount in issued]
    held = [("ann", big), ("bob", big), ("ann", big), ("bob", big), ("fees1", 4)]
    holds = [town.hold(payer, "zoe", amount, asset=BTC) for payer, amount in held]
    codes = town.apply(open_account(town, [BTC]), *issues, *holds)
    assert set(codes[:-1]) == {0}
    return codes[-1]


@example(47)
def post_to_a_full_payee(town: Town) -> int:
    """A hold does not reserve room at the payee."""
    held = town.hold("ann", "bob")
    issues = [
        town.issue(nostro, "bob", amount_minor)
        for nostro, amount_minor in [
            ("nostro1", AMOUNT_MINOR_MAX),
            ("odd1", 2**127 - 1 - AMOUNT_MINOR_MAX - 100 * EURO),
        ]
    ]
    assert set(town.apply(held, *issues)) == {0}
    return code_of(town, town.post(held))


# --- holds ----------------------------------------------------------------------------------


@example(50)
def post_of_no_hold(town: Town) -> int:
    return code_of(town, town.post(town.hold("ann", "bob")))


@example(50)
def void_of_no_hold(town: Town) -> int:
    return code_of(town, town.entry(Kind.VOID, target=b"t" * 16))


@example(50)
def void_of_the_hold_of_another(town: Town) -> int:
    held = town.hold("ann", "bob")
    assert code_of(town, held) == 0
    return code_of(town, town.entry(Kind.VOID, target=held.id), key="root2")


@example(50)
def posted_twice(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, 1), town.post(held, 1))[2]


@example(51)
def post_of_a_hold_that_waits_for_the_sweep(town: Town) -> int:
    """A sweep ends 1,024 holds at most; the one after them is expired and still there."""
    end = town.now_ns + 2 * SECOND
    held = [town.hold("ann", "bob", 1, expires_ns=end) for _ in range(1_025)]
    assert set(town.apply(*held)) == {0}
    # Both are due now; the sweep takes the lowest ids.
    results = town.block(town.seal([town.post(held[-1])]))
    assert (results[0].kind, results[0].amount_minor) == (Kind.SWEEP, 1_024)
    return results[-1].code


@example(52)
def post_of_another_asset(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, asset=USD))[1]


@example(52)
def post_to_another_payee(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, payee=address("cyd")))[1]


@example(52)
def post_from_another_payer(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, payer=address("cyd")))[1]


@example(53)
def post_of_more_than_the_hold(town: Town) -> int:
    held = town.hold("ann", "bob")
    return town.apply(held, town.post(held, EURO + 1))[1]


def post_of_legs(town: Town, amount_minor: int, legs: tuple[bytes, ...]) -> int:
    """A post against the hold of one euro and a fee of ten cents."""
    made = encode_legs([leg("ann", "bob", EUR, EURO), fee("ann", "fees1", EUR, 10)])
    held = town.hold("ann", "bob", bound_minor=10, units=made)
    return town.apply(held, town.post(held, amount_minor, units=legs))[1]


@example(54)
def part_of_a_hold_of_two_legs(town: Town) -> int:
    return post_of_legs(town, EURO - 1, ())


@example(54)
def post_with_fewer_legs(town: Town) -> int:
    return post_of_legs(town, EURO, encode_legs([leg("ann", "bob", EUR, EURO)]))


@example(54)
def post_in_another_order(town: Town) -> int:
    legs = [fee("ann", "fees1", EUR, 10), leg("ann", "bob", EUR, EURO)]
    return post_of_legs(town, EURO, encode_legs(legs))


@example(54)
def post_with_a_larger_leg(town: Town) -> int:
    legs = [leg("ann", "bob", EUR, EURO), fee("ann", "fees1", EUR, 11)]
    return post_of_legs(town, EURO, encode_legs(legs))


@example(54)
def post_whose_legs_give_less(town: Town) -> int:
    legs = [leg("ann", "bob", EUR, EURO - 1), fee("ann", "fees1", EUR, 10)]
    return post_of_legs(town, EURO, encode_legs(legs))


@example(54)
def post_to_another_account(town: Town) -> int:
    legs = [leg("ann", "bob", EUR, EURO), fee("ann", "fees2", EUR, 10)]
    return post_of_legs(town, EURO, encode_legs(legs))


# --- accounts, assets, keys -----------------------------------------------------------------


@example(60)
def account_exists(town: Town) -> int:
    units = compose.opening_units(assets=[EUR])
    return code_of(town, town.entry(Kind.OPEN_ACCOUNT, "ann", units=units))


@example(61)
def account_with_money(town: Town) -> int:
    return code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "ann"))


@example(61)
def account_with_a_hold_to_it(town: Town) -> int:
    town.apply(open_account(town, [BTC, EUR]), town.hold("ann", "zoe"))
    return code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "zoe"))


@example(62)
def freeze_of_a_closed_account(town: Town) -> int:
    close_new(town)
    return code_of(town, town.entry(Kind.FREEZE, "new"))


@example(62)
def unfreeze_of_a_closed_account(town: Town) -> int:
    freeze(town, "new")
    close_new(town)
    return code_of(town, town.entry(Kind.UNFREEZE, "new"))


@example(63)
def frozen_twice(town: Town) -> int:
    freeze(town, "ann")
    return code_of(town, town.entry(Kind.FREEZE, "ann"))


@example(64)
def unfrozen_without_need(town: Town) -> int:
    return code_of(town, town.entry(Kind.UNFREEZE, "ann"))


def register_asset(town: Town, number: int, code: bytes, scale: int) -> int:
    units = compose.asset_unit(code, scale)
    return code_of(town, town.entry(Kind.REGISTER_ASSET, asset=number, units=units))


@example(70)
def asset_number_is_not_the_next(town: Town) -> int:
    return register_asset(town, NEXT_ASSET + 1, b"JPY/0", 0)


@example(71)
def asset_code_is_taken(town: Town) -> int:
    return register_asset(town, NEXT_ASSET, b"EUR/2", 2)


@example(72)
def asset_code_is_empty(town: Town) -> int:
    return register_asset(town, NEXT_ASSET, b"", 0)


@example(72)
def asset_code_has_a_small_letter(town: Town) -> int:
    return register_asset(town, NEXT_ASSET, b"jpy/0", 0)


@example(72)
def asset_code_has_a_zero_inside(town: Town) -> int:
    return register_asset(town, NEXT_ASSET, b"J\0PY", 0)


@example(72)
def asset_scale_is_too_large(town: Town) -> int:
    return register_asset(town, NEXT_ASSET, b"JPY/0", 31)


def register_key(
    town: Town, key: str, purposes: int, institution: int = 1, by: str = "root1"
) -> int:
    units = compose.key_unit(public(key), institution=institution, purposes=purposes)
    return code_of(town, town.entry(Kind.REGISTER_KEY, units=units), key=by)


@example(73)
def key_exists(town: Town) -> int:
    return register_key(town, "root2", Purpose.PAY)


def revoke_key(town: Town, key: str, by: str = "root1") -> int:
    units = compose.key_name_unit(public(key))
    return code_of(town, town.entry(Kind.REVOKE_KEY, units=units), key=by)


@example(74)
def revoke_an_unknown_key(town: Town) -> int:
    return revoke_key(town, "none")


@example(74)
def limit_of_an_unknown_key(town: Town) -> int:
    units = compose.key_name_unit(public("none"))
    return code_of(town, town.entry(Kind.SET_LIMIT, asset=EUR, units=units))


@example(75)
def revoked_twice(town: Town) -> int:
    assert revoke_key(town, "pay1") == 0
    return revoke_key(town, "pay1")


@example(76)
def key_without_purposes(town: Town) -> int:
    return register_key(town, "none", 0)


@example(76)
def key_with_unknown_purposes(town: Town) -> int:
    return register_key(town, "none", 64 | Purpose.PAY)


@example(77)
def another_institutions_key(town: Town) -> int:
    return register_key(town, "none", Purpose.PAY, institution=2)


@example(77)
def a_key_revoked_by_another_institution(town: Town) -> int:
    return revoke_key(town, "pay1", by="root2")


@example(77)
def a_limit_of_another_institutions_key(town: Town) -> int:
    """Whatever the order: the network may do all three."""
    assert register_key(town, "none", Purpose.PAY, institution=3, by="network0") == 0
    units = compose.key_name_unit(public("none"))
    limit = town.entry(Kind.SET_LIMIT, asset=EUR, units=units)
    assert code_of(town, limit, key="network0") == 0
    code = code_of(town, replace(limit, id=b"limit" * 3 + b"-"), key="root1")
    assert revoke_key(town, "none", by="network0") == 0
    return code


# --- flags: chains, netting, balancing, closing, imports --------------------------------------


@example(20)
def import_without_the_purpose(town: Town) -> int:
    entry = town.pay("ann", "bob", flags=Flag.IMPORTED, created_ns=1)
    return code_of(town, entry, key="pay1")


@example(23)
def an_id_twice_in_a_chain(town: Town) -> int:
    first = town.pay("ann", "bob", flags=Flag.LINKED)
    codes = town.apply(first, replace(first, flags=0))
    assert codes[0] == 110
    return codes[1]


def with_flags(town: Town, flags: int, **fields: object) -> int:
    return code_of(town, town.pay("ann", "bob", flags=flags, **fields))


@example(25)
def balancing_by_the_payee_in_a_payment(town: Town) -> int:
    return with_flags(town, Flag.BALANCING_PAYEE)


@example(25)
def balancing_with_legs(town: Town) -> int:
    units = encode_legs([leg("ann", "bob", EUR, EURO)])
    return with_flags(town, Flag.BALANCING_PAYER, units=units)


@example(25)
def balancing_in_a_net(town: Town) -> int:
    return with_flags(town, Flag.BALANCING_PAYER | Flag.NET)


@example(25)
def closing_without_a_hold(town: Town) -> int:
    return with_flags(town, Flag.CLOSING_PAYER)


@example(25)
def imported_hold(town: Town) -> int:
    flags = Flag.PENDING | Flag.IMPORTED
    return with_flags(town, flags, created_ns=1, expires_ns=town.now_ns + DAY)


@example(25)
def netted_hold(town: Town) -> int:
    flags = Flag.PENDING | Flag.NET
    return with_flags(town, flags, expires_ns=town.now_ns + DAY)


@example(25)
def imported_freeze(town: Town) -> int:
    entry = town.entry(Kind.FREEZE, "ann", flags=Flag.IMPORTED, created_ns=1)
    return code_of(town, entry)


@example(25)
def netted_issue(town: Town) -> int:
    return code_of(town, replace(town.issue("nostro1", "ann", EURO), flags=int(Flag.NET)))


@example(25)
def a_member_that_is_not_netted_with_the_first(town: Town) -> int:
    first = town.pay("ann", "bob", flags=Flag.LINKED | Flag.NET)
    codes = town.apply(first, town.pay("bob", "ann"))
    assert codes[0] == 110
    return codes[1]


@example(33)
def payer_that_a_hold_closed(town: Town) -> int:
    held = town.hold("ann", "bob", flags=Flag.PENDING | Flag.CLOSING_PAYER)
    return town.apply(held, town.pay("ann", "bob"))[1]


@example(34)
def payee_that_a_hold_closed(town: Town) -> int:
    closing = Flag.PENDING | Flag.CLOSING_PAYEE
    codes = town.apply(*(town.hold("ann", "bob", flags=closing) for _ in range(2)))
    assert codes[0] == 0
    return codes[1]


@example(46)
def balanced_to_nothing(town: Town) -> int:
    emptied = town.pay("ann", "bob", 100 * EURO)
    return town.apply(emptied, town.pay("ann", "bob", flags=Flag.BALANCING_PAYER))[1]


@example(46)
def balanced_against_a_nostro_that_owes_nothing(town: Town) -> int:
    entry = town.entry(
        Kind.REDEEM, "own", "nostro1", asset=BTC, amount_minor=1, flags=Flag.BALANCING_PAYEE
    )
    holder = open_account(town, [BTC])
    assert code_of(town, holder) == 0
    return code_of(town, replace(entry, payer=holder.payer))


@example(46)
def a_net_that_takes_more_than_is_there(town: Town) -> int:
    net = Flag.LINKED | Flag.NET
    first = town.pay("ann", "bob", 300 * EURO, flags=net)
    last = town.pay("bob", "ann", 199 * EURO, flags=Flag.NET)
    codes = town.apply(first, last)
    assert codes[0] == 110
    return codes[1]


@example(110)
def before_the_refused_member(town: Town) -> int:
    first = town.pay("ann", "bob", flags=Flag.LINKED)
    codes = town.apply(first, town.pay("ann", "bob", 10**9))
    assert codes[1] == 46
    return codes[0]


@example(110)
def after_the_refused_member(town: Town) -> int:
    codes = town.apply(
        town.pay("ann", "bob", 10**9, flags=Flag.LINKED),
        town.pay("ann", "bob", outcome=Outcome.DECLINE, flags=Flag.LINKED),
        town.pay("ann", "bob"),
    )
    assert codes == [46, 110, 110]
    return codes[2]


@example(110)
def linked_to_a_member_that_is_too_late(town: Town) -> int:
    late = town.pay("ann", "bob", valid_until_ns=town.now_ns)
    codes = town.apply(town.pay("ann", "bob", flags=Flag.LINKED), late)
    assert codes[1] == 21
    return codes[0]


@example(110)
def linked_to_what_was_booked_before(town: Town) -> int:
    booked = town.pay("ann", "bob")
    assert code_of(town, booked) == 0
    codes = town.apply(town.pay("ann", "bob", flags=Flag.LINKED), booked)
    assert codes[1] == 0  # a duplicate
    return codes[0]


@example(111)
def a_chain_without_its_end(town: Town) -> int:
    return with_flags(town, Flag.LINKED)


@example(111)
def a_chain_of_two_without_its_end(town: Town) -> int:
    codes = town.apply(*(town.pay("ann", "bob", flags=Flag.LINKED) for _ in range(2)))
    assert codes[0] == 110
    return codes[1]


@example(112)
def imported_from_no_time(town: Town) -> int:
    return with_flags(town, Flag.IMPORTED, created_ns=0)


@example(112)
def imported_from_now(town: Town) -> int:
    return with_flags(town, Flag.IMPORTED, created_ns=town.now_ns + SECOND)


@example(112)
def imported_out_of_order(town: Town) -> int:
    assert with_flags(town, Flag.IMPORTED, created_ns=7) == 0
    return with_flags(town, Flag.IMPORTED, created_ns=7)


# --- the tests ------------------------------------------------------------------------------


def test_every_code_has_an_example() -> None:
    assert [code for code, examples in EXAMPLES.items() if not examples] == []
    assert clearway_kernel.refusal_codes() == sorted(CODES.items())


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        pytest.param(code, refused, id=f"{code}-{refused.__name__}")
        for code, examples in EXAMPLES.items()
        for refused in examples
    ],
)
def test_is_refused_by_both(town: Town, code: int, refused: Example) -> None:
    assert CODES.get(refused(town), "accepted") == CODES[code]


def test_a_refusal_leaves_no_trace_but_its_id(town: Town) -> None:
    before = town.both.kernel.subroots()
    assert town.apply(town.pay("ann", "bob", 10**9)) == [46]
    assert town.changed_since(before) == ["keys", "window"]  # the key's sequence, and the id


def test_a_post_of_legs_counts_what_the_payer_gives(town: Town) -> None:
    """Of an exchange that is captured in part: the payee's dollars are not in the sum."""
    legs = [
        leg("ann", "fees1", EUR, EURO, Role.EXCHANGE),
        fee("ann", "fees1", EUR, 10),
        leg("fees1", "bob", USD, 2 * EURO),
    ]
    exchange = {"to_asset": USD, "to_amount_minor": 2 * EURO, "bound_minor": 10}
    held = town.hold("ann", "bob", EURO, units=encode_legs(legs), **exchange)
    part = [replace(one, amount_minor=one.amount_minor // 2) for one in legs]
    post = town.post(held, EURO // 2, units=encode_legs(part))
    assert town.apply(held, post) == [0, 0]
    balances = town.both.kernel.balances(address("bob"))
    assert (USD, 101 * EURO, 0, 0) in balances


def test_a_duplicate_has_the_first_answer_and_its_height(town: Town) -> None:
    paid, refused = town.pay("ann", "bob"), town.pay("ann", "bob", 10**9)
    assert town.apply(paid, refused) == [0, 46]
    height = town.both.spec.block.header.height
    other = replace(paid, outcome=Outcome.DECLINE, commitment=b"c" * 32)
    results = town.block(town.seal([other, refused, paid]))[1:]
    assert [result.code for result in results] == [0, 46, 0]
    assert {(result.flags, result.height) for result in results} == {
        (int(ResultFlag.DUPLICATE), height)
    }


def test_an_id_is_free_again_after_its_time(town: Town) -> None:
    first = town.pay("ann", "bob")
    assert town.apply(first) == [0]
    assert town.block(after_ns=HOUR) == []
    assert town.apply(first) == [21]
    assert town.apply(replace(first, valid_until_ns=town.now_ns + HOUR)) == [0]
