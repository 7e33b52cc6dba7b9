"""One small example of every refusal of who an account belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spec import compose
from spec.hashing import ZERO32
from spec.policy import DELAY_NS_MAX, MemberRole
from spec.records import AMOUNT_MINOR_MAX, Entry, Flag, Kind
from tests.ledger.escrow_examples import ALWAYS
from tests.ledger.examples import code_of, example
from tests.ledger.mandate_examples import granted, mandate, pull, revoke
from tests.ledger.sub_examples import opened as open_sub
from tests.ledger.town import (
    DAY,
    EUR,
    EURO,
    HOUR,
    OWNER,
    SECOND,
    USD,
    Town,
    encode_legs,
    fee,
    leg,
    public,
)

# The units of the policy below.
ADA, BEN, CEM, GUS, GIA, CARD = range(1, 7)
NAMES = {ADA: "ada", BEN: "ben", CEM: "cem", GUS: "gus", GIA: "gia", CARD: "card"}
Units = tuple[bytes, ...]


def signer(name: str, weight: int, expires_ns: int = 0) -> bytes:
    return compose.member(MemberRole.SIGNER, public(name), value=weight, expires_ns=expires_ns)


def guardian(name: str, expires_ns: int = 0) -> bytes:
    return compose.member(MemberRole.GUARDIAN, public(name), expires_ns=expires_ns)


def spend_key(name: str, day_max: int, asset: int = EUR, expires_ns: int = 0) -> bytes:
    return compose.member(
        MemberRole.SPEND_KEY, public(name), value=day_max, asset=asset, expires_ns=expires_ns
    )


def policy(**fields: Any) -> Units:
    """Ada weighs 2, Ben and Cem 1 each, and 3 are needed; two guardians, who wait for two days; a
    card for ten euros a day."""
    members = [
        signer("ada", 2),
        signer("ben", 1),
        signer("cem", 1),
        guardian("gus"),
        guardian("gia"),
        spend_key("card", 10 * EURO),
    ]
    usual = {"threshold": 3, "guardians_threshold": 2, "recovery_delay_ns": 2 * DAY}
    return compose.policy_units(*members, **(usual | fields))


def set_authority(town: Town, name: str, units: Units, **fields: Any) -> Entry:
    return town.entry(Kind.SET_AUTHORITY, name, units=units, **fields)


def key_unit(name: str) -> Units:
    return compose.key_name_unit(public(name))


def with_policy(town: Town, units: Units | None = None, name: str = "own") -> Town:
    entry = set_authority(town, name, policy() if units is None else units)
    assert town.apply(town.signed(entry) if name == "own" else entry) == [0]
    return town


def by(town: Town, entry: Entry, *units: int) -> Entry:
    """Signed by these members of the policy above."""
    return town.together(entry, {unit: NAMES[unit] for unit in units})


def propose(town: Town, key: str = "new key", *guardians: int) -> Entry:
    entry = town.entry(Kind.PROPOSE_RECOVERY, "own", units=key_unit(key))
    return by(town, entry, *(guardians or (GUS, GIA)))


def finish(town: Town) -> Entry:
    return town.entry(Kind.FINISH_RECOVERY, "own")


def stop(town: Town, *signers: int) -> Entry:
    return by(town, town.entry(Kind.STOP_RECOVERY, "own"), *(signers or (ADA, BEN)))


# --- 120: what is no policy -------------------------------------------------------------------

M = MemberRole
BAD: dict[str, Units] = {
    "the head alone and another": (bytes(64), bytes(64)),
    "another op": (b"\2" + policy()[0][1:], *policy()[1:]),
    "one member too few": policy()[:-1],
    "one member too many": (*policy(), signer("dan", 1)),
    "padding of the head": (policy()[0][:63] + b"\1", *policy()[1:]),
    "padding after the counts": (policy()[0][:3] + b"\1" + policy()[0][4:], *policy()[1:]),
    "padding of a member": compose.policy_units(signer("ada", 1)[:33] + b"\1" + bytes(30)),
    "an unknown role": compose.policy_units(signer("ada", 1), signer("x", 1)[:32] + b"\4" * 32),
    "no role": compose.policy_units(signer("ada", 1), bytes([7] * 32) + bytes(32)),
    "a key twice": compose.policy_units(signer("ada", 1), signer("ada", 1), threshold=2),
    "a key in two roles": compose.policy_units(signer("ada", 1), spend_key("ada", EURO)),
    "a key of zeros": compose.policy_units(compose.member(M.SIGNER, ZERO32, value=1)),
    "a weight of nothing": compose.policy_units(signer("ada", 1), signer("ben", 0)),
    "a weight too large": compose.policy_units(signer("ada", 2**32)),
    "nothing is needed": policy(threshold=0),
    "more is needed than there is": policy(threshold=5),
    "only guardians": compose.policy_units(
        guardian("gus"), threshold=0, guardians_threshold=1, recovery_delay_ns=1
    ),
    "only who expires reaches it": compose.policy_units(
        signer("ada", 1), signer("ben", 1, expires_ns=2**63), threshold=2
    ),
    "too few guardians": policy(guardians_threshold=3),
    "only guardians who expire": compose.policy_units(
        signer("ada", 1), guardian("gus", 2**63), guardians_threshold=1, recovery_delay_ns=1
    ),
    "guardians who are not asked": policy(guardians_threshold=0),
    "guardians without a delay": policy(recovery_delay_ns=0),
    "a delay above a year": policy(recovery_delay_ns=DELAY_NS_MAX + 1),
    "a delay without guardians": compose.policy_units(signer("ada", 1), recovery_delay_ns=1),
    "guardians that are not there": compose.policy_units(signer("ada", 1), guardians_threshold=1),
    "a guardian with a value": compose.policy_units(
        signer("ada", 1),
        compose.member(M.GUARDIAN, public("gus"), value=1),
        guardians_threshold=1,
        recovery_delay_ns=1,
    ),
    "a signer with an asset": compose.policy_units(
        compose.member(M.SIGNER, public("ada"), value=1, asset=EUR)
    ),
    "a spend key without an asset": compose.policy_units(
        signer("ada", 1), spend_key("card", EURO, asset=0)
    ),
    "a spend key for nothing": compose.policy_units(signer("ada", 1), spend_key("card", 0)),
    "a spend key for too much": compose.policy_units(
        signer("ada", 1), spend_key("card", AMOUNT_MINOR_MAX + 1)
    ),
    "a key with something behind it": (key_unit("ada")[0][:63] + b"\1",),
}


@example(120)
def units_that_are_no_policy(town: Town) -> int:
    found = {what: code_of(town, set_authority(town, "ann", units)) for what, units in BAD.items()}
    assert found == dict.fromkeys(BAD, 120)
    return 120


@example(120)
def authority_over_a_sub_account(town: Town) -> int:
    return code_of(town, set_authority(town, open_sub(town, "ann/1", "ann"), policy()))


@example(120)
def recovery_for_nobody(town: Town) -> int:
    with_policy(town)
    entry = town.entry(Kind.PROPOSE_RECOVERY, "own", units=compose.key_name_unit(ZERO32))
    return code_of(town, by(town, entry, GUS, GIA))


# --- 121 to 123: recovery ---------------------------------------------------------------------


@example(121)
def recovery_of_an_account_with_one_key(town: Town) -> int:
    return code_of(town, propose(town))


@example(121)
def recovery_of_a_policy_without_guardians(town: Town) -> int:
    with_policy(town, compose.policy_units(signer("ada", 1)))
    return code_of(town, propose(town))


@example(122)
def finish_of_no_recovery(town: Town) -> int:
    return code_of(with_policy(town), finish(town))


@example(122)
def finish_of_an_account_with_one_key(town: Town) -> int:
    return code_of(town, finish(town))


@example(122)
def stop_of_no_recovery(town: Town) -> int:
    return code_of(with_policy(town), stop(town))


@example(122)
def finish_of_what_was_stopped(town: Town) -> int:
    assert town.apply(propose(with_policy(town)), stop(town)) == [0, 0]
    town.block(after_ns=3 * DAY)
    return code_of(town, finish(town))


@example(122)
def finish_under_another_policy(town: Town) -> int:
    change = by(with_policy(town), set_authority(town, "own", policy()), ADA, BEN)
    assert town.apply(propose(town), change) == [0, 0]
    town.block(after_ns=3 * DAY)
    return code_of(town, finish(town))


@example(123)
def finish_before_the_delay(town: Town) -> int:
    assert code_of(with_policy(town), propose(town)) == 0
    town.block(after_ns=2 * DAY - SECOND - 1)
    return code_of(town, finish(town))


@example(123)
def another_key_waits_again(town: Town) -> int:
    assert code_of(with_policy(town), propose(town)) == 0
    town.block(after_ns=DAY)
    assert code_of(town, propose(town, "another key")) == 0
    town.block(after_ns=2 * DAY - SECOND - 1)
    return code_of(town, finish(town))


@example(47)
def recovery_after_the_end_of_time(town: Town) -> int:
    with_policy(town)
    town.now_ns = 2**64 - DAY
    entry = propose(town)
    results = town.block(town.seal([entry], valid_until_ns=2**64 - 1))
    return results[-1].code


# --- 38: who has signed -----------------------------------------------------------------------


def paid_by(town: Town, *units: int, **fields: Any) -> int:
    return code_of(with_policy(town), by(town, town.pay("own", "bob", **fields), *units))


@example(38)
def another_authority_than_the_one_that_was_signed(town: Town) -> int:
    signed = town.signed(set_authority(town, "own", policy()))
    return code_of(town, replace(signed, units=key_unit("eve")))


@example(38)
def another_key_than_the_one_that_guardians_proposed(town: Town) -> int:
    signed = propose(with_policy(town), "new key", GUS, GIA)
    return code_of(town, replace(signed, units=key_unit("eve")))


@example(38)
def one_signer_alone(town: Town) -> int:
    return paid_by(town, ADA)


@example(38)
def two_signers_below_the_threshold(town: Town) -> int:
    return paid_by(town, BEN, CEM)


@example(38)
def guardians_who_spend(town: Town) -> int:
    return paid_by(town, GUS, GIA)


@example(38)
def a_guardian_beside_enough_signers(town: Town) -> int:
    return paid_by(town, ADA, BEN, GUS)


@example(38)
def a_spend_key_beside_signers(town: Town) -> int:
    return paid_by(town, ADA, CARD)


@example(38)
def a_signature_too_many_that_is_wrong(town: Town) -> int:
    entry = town.pay("own", "bob")
    signed = town.together(entry, {ADA: "ada", BEN: "ben", CEM: "ben"})
    return code_of(with_policy(town), signed)


@example(38)
def one_key_counted_twice(town: Town) -> int:
    signed = town.together(town.pay("own", "bob"), {BEN: "ben", CEM: "ben", ADA: "ben"})
    return code_of(with_policy(town), signed)


@example(38)
def a_member_who_is_not_there(town: Town) -> int:
    signed = town.together(town.pay("own", "bob"), {ADA: "ada", BEN: "ben", 15: "card"})
    return code_of(with_policy(town), signed)


@example(38)
def signed_by_nobody(town: Town) -> int:
    return code_of(with_policy(town), town.pay("own", "bob"))


@example(38)
def signed_as_if_there_were_one_key(town: Town) -> int:
    return code_of(with_policy(town), town.signed(town.pay("own", "bob"), "ada"))


@example(38)
def signers_where_there_is_one_key(town: Town) -> int:
    return code_of(town, town.together(town.pay("own", "bob"), {1: OWNER}))


@example(38)
def signers_of_a_custodial_account(town: Town) -> int:
    return code_of(town, by(town, town.pay("ann", "bob"), ADA, BEN))


@example(38)
def a_signer_who_has_expired(town: Town) -> int:
    units = compose.policy_units(signer("ada", 1), signer("ben", 1, town.now_ns + HOUR))
    with_policy(town, units)
    assert code_of(town, by(town, town.pay("own", "bob"), BEN)) == 0
    town.block(after_ns=HOUR - 3 * SECOND)
    return code_of(town, by(town, town.pay("own", "bob"), BEN))


@example(38)
def a_spend_key_that_has_expired(town: Town) -> int:
    expiring = spend_key("card", EURO, expires_ns=town.now_ns + SECOND)
    units = compose.policy_units(signer("ada", 1), expiring)
    entry = town.together(town.pay("own", "bob", 1), {2: "card"})
    return code_of(with_policy(town, units), entry)


@example(38)
def a_spend_key_in_another_asset(town: Town) -> int:
    return paid_by(town, CARD, asset=USD)


@example(38)
def two_spend_keys_together(town: Town) -> int:
    keys = [spend_key("card", EURO), spend_key("other card", EURO)]
    with_policy(town, compose.policy_units(signer("ada", 1), *keys))
    signed = town.together(town.pay("own", "bob", 2 * EURO), {2: "card", 3: "other card"})
    return code_of(town, signed)


@example(38)
def a_spend_key_that_closes_the_account(town: Town) -> int:
    with_policy(town)
    held = town.hold("own", "bob", flags=Flag.PENDING | Flag.CLOSING_PAYER)
    return code_of(town, by(town, held, CARD))


@example(38)
def a_spend_key_that_grants_a_mandate(town: Town) -> int:
    with_policy(town)
    return code_of(town, by(town, mandate(town, "own", "bob"), CARD))


@example(38)
def a_spend_key_that_revokes_a_mandate(town: Town) -> int:
    with_policy(town)
    entry = by(town, mandate(town, "own", "bob"), ADA, CEM)
    assert code_of(town, entry) == 0
    return code_of(town, by(town, revoke(town, entry, "own", asset=EUR), CARD))


@example(38)
def a_spend_key_that_releases(town: Town) -> int:
    with_policy(town)
    escrow = by(town, town.escrow("own", "bob", compose.terms(nodes=ALWAYS)), ADA, BEN)
    assert code_of(town, escrow) == 0
    return code_of(town, by(town, town.release(escrow, asker="own"), CARD))


@example(38)
def a_pull_to_a_policy_without_its_signers(town: Town) -> int:
    two = compose.policy_units(signer("ada", 1), signer("ben", 1), threshold=2)
    change = town.signed(set_authority(town, "eve", two))
    assert code_of(town, change, key="root2") == 0
    entry = pull(town, granted(town, payee="eve", asset=USD))
    return code_of(town, town.together(entry, {1: "ada"}), key="root2")


@example(38)
def a_spend_key_that_changes_the_authority(town: Town) -> int:
    with_policy(town)
    return code_of(town, by(town, set_authority(town, "own", key_unit("card"), asset=EUR), CARD))


@example(38)
def guardians_who_change_the_authority(town: Town) -> int:
    with_policy(town)
    return code_of(town, by(town, set_authority(town, "own", key_unit("gus")), GUS, GIA))


@example(38)
def the_institution_changes_an_owners_key(town: Town) -> int:
    return code_of(town, set_authority(town, "own", key_unit("bank")))


@example(38)
def signed_authority_over_a_custodial_account(town: Town) -> int:
    return code_of(town, town.signed(set_authority(town, "ann", key_unit("ada"))))


@example(38)
def a_key_that_was_rotated_away_in_the_same_block(town: Town) -> int:
    change = town.signed(set_authority(town, "own", key_unit("new key")))
    codes = town.apply(change, town.signed(town.pay("own", "bob")))
    assert codes[0] == 0
    return codes[1]


@example(38)
def a_member_who_was_rotated_away_in_the_same_block(town: Town) -> int:
    with_policy(town)
    units = compose.policy_units(signer("dan", 2), signer("eva", 1), threshold=3)
    change = by(town, set_authority(town, "own", units), ADA, BEN)
    codes = town.apply(change, by(town, town.pay("own", "bob"), ADA, BEN))
    assert codes[0] == 0
    return codes[1]


@example(38)
def one_guardian_of_two(town: Town) -> int:
    return code_of(with_policy(town), propose(town, "new key", GUS))


@example(38)
def a_signer_among_the_guardians(town: Town) -> int:
    return code_of(with_policy(town), propose(town, "new key", GUS, GIA, ADA))


@example(38)
def signers_who_propose(town: Town) -> int:
    return code_of(with_policy(town), propose(town, "new key", ADA, BEN))


@example(38)
def a_guardian_who_stops_it(town: Town) -> int:
    assert code_of(with_policy(town), propose(town)) == 0
    return code_of(town, stop(town, GUS, GIA))


@example(38)
def a_spend_key_that_stops_it(town: Town) -> int:
    assert code_of(with_policy(town), propose(town)) == 0
    return code_of(town, stop(town, CARD))


@example(38)
def a_sub_account_of_one_with_a_policy(town: Town) -> int:
    open_sub(with_policy(town), "own/1", "own")
    assert code_of(town, by(town, town.pay("own/1", "bob"), ADA, BEN)) == 0
    return code_of(town, by(town, town.pay("own/1", "bob"), BEN, CEM))


@example(134)
def a_second_person_among_signers(town: Town) -> int:
    entry = town.seconded(town.issue("nostro1", "ann", EURO, asset=5))
    return code_of(town, town.together(entry, {1: "limited1"}))


# --- 40: what a spend key moves ---------------------------------------------------------------


@example(40)
def a_spend_key_above_its_day(town: Town) -> int:
    with_policy(town)
    first = by(town, town.pay("own", "bob", 9 * EURO), CARD)
    codes = town.apply(first, by(town, town.pay("own", "bob", EURO + 1), CARD))
    assert codes[0] == 0
    return codes[1]


@example(40)
def fees_count_for_a_spend_key(town: Town) -> int:
    with_policy(town)
    legs = [leg("own", "bob", EUR, 9 * EURO), fee("own", "fees1", EUR, EURO + 1)]
    entry = town.pay("own", "bob", 9 * EURO, bound_minor=2 * EURO, units=encode_legs(legs))
    return code_of(town, by(town, entry, CARD))


@example(40)
def fees_beyond_any_sum(town: Town) -> int:
    with_policy(town)
    most = [fee("own", "fees1", EUR, AMOUNT_MINOR_MAX)] * 15
    legs = encode_legs([leg("own", "bob", EUR, EURO), *most])
    return code_of(town, by(town, town.pay("own", "bob", bound_minor=1, units=legs), CARD))


@example(40)
def holds_escrows_refunds_and_redemptions_count(town: Town) -> int:
    with_policy(town)
    entries = [
        town.hold("own", "bob", 4 * EURO),
        town.escrow("own", "bob", compose.terms(nodes=ALWAYS), 3 * EURO),
        town.refund("own", "bob", 2 * EURO),
        town.entry(Kind.REDEEM, "own", "nostro1", asset=EUR, amount_minor=EURO),
        town.pay("own", "bob", 1),
    ]
    codes = town.apply(*(by(town, entry, CARD) for entry in entries))
    assert codes[:4] == [0, 0, 0, 0]
    return codes[4]


@example(40)
def a_sub_account_shares_the_spend_keys_day(town: Town) -> int:
    open_sub(with_policy(town), "own/1", "own")
    first = by(town, town.pay("own/1", "bob", 9 * EURO), CARD)
    codes = town.apply(first, by(town, town.pay("own", "bob", 2 * EURO), CARD))
    assert codes[0] == 0
    return codes[1]


# --- 25, 30, 32 -------------------------------------------------------------------------------


@example(25)
def authority_with_an_end(town: Town) -> int:
    return code_of(town, set_authority(town, "ann", policy(), expires_ns=1))


@example(25)
def signed_finish(town: Town) -> int:
    return code_of(with_policy(town), by(town, finish(town), ADA, BEN))


@example(25)
def imported_proposal(town: Town) -> int:
    entry = town.entry(Kind.PROPOSE_RECOVERY, "own", units=key_unit("x"), flags=Flag.IMPORTED)
    return code_of(town, entry)


@example(30)
def authority_over_nobody(town: Town) -> int:
    return code_of(town, set_authority(town, "nobody", policy()))


@example(32)
def authority_over_anothers_client(town: Town) -> int:
    return code_of(town, set_authority(town, "dee", policy()))


@example(32)
def recovery_of_anothers_client(town: Town) -> int:
    return code_of(with_policy(town), propose(town), key="root2")
