"""Examples of what an issuer's controls refuse. Institution 1 issues GOV and TWO."""

from __future__ import annotations

from dataclasses import replace

from spec import compose
from spec.records import Control, ControlAct, Entry, Flag, Kind, Purpose
from tests.ledger.examples import code_of, example
from tests.ledger.town import (
    DAY,
    EUR,
    EURO,
    GOV,
    KEYS,
    NEXT_ASSET,
    SECOND,
    TWO,
    UNKNOWN_ASSET,
    Town,
    leg,
    public,
)


def control(town: Town, act: int, holder: str = "", asset: int = GOV) -> Entry:
    return town.entry(Kind.CONTROL_ASSET, holder, asset=asset, purpose=act)


def clawback(town: Town, holder: str, taker: str, amount_minor: int = EURO) -> Entry:
    return town.entry(Kind.CLAWBACK, holder, taker, asset=GOV, amount_minor=amount_minor)


def give(town: Town, *names: str, asset: int = GOV) -> None:
    """A hundred to each, who may have it; bob may too."""
    if asset == GOV:
        for name in {*names, "bob"}:
            assert code_of(town, control(town, ControlAct.ALLOW, name)) == 0
    for name in names:
        if asset == GOV:
            assert code_of(town, town.issue("nostro1", name, 100 * EURO, asset)) == 0
        else:
            assert code_of(town, town.seconded(town.issue("nostro1", name, 100 * EURO, TWO))) == 0


def gov(town: Town, payer: str, payee: str, amount_minor: int = EURO) -> Entry:
    return town.pay(payer, payee, amount_minor, asset=GOV)


# --- 130: declared at birth -----------------------------------------------------------------------


def register(town: Town, controls: int, issuer: int) -> int:
    units = compose.asset_unit(b"JPY/0", 0, controls=controls, issuer=issuer)
    return code_of(town, town.entry(Kind.REGISTER_ASSET, asset=NEXT_ASSET, units=units))


@example(130)
def unknown_control(town: Town) -> int:
    return register(town, 64, 1)


@example(130)
def controls_without_issuer(town: Town) -> int:
    return register(town, Control.FREEZE, 0)


@example(130)
def issuer_without_controls(town: Town) -> int:
    return register(town, 0, 1)


# --- 131 to 133: movements ------------------------------------------------------------------------


@example(131)
def paused(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.PAUSE)) == 0
    return code_of(town, gov(town, "ann", "bob"))


@example(131)
def paused_for_a_hold(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.PAUSE)) == 0
    return code_of(town, town.hold("ann", "bob", asset=GOV))


@example(131)
def paused_before_a_post(town: Town) -> int:
    give(town, "ann")
    held = town.hold("ann", "bob", asset=GOV)
    assert town.apply(held, control(town, ControlAct.PAUSE)) == [0, 0]
    return code_of(town, town.post(held))


@example(131)
def paused_for_the_issuer(town: Town) -> int:
    assert code_of(town, control(town, ControlAct.PAUSE)) == 0
    return code_of(town, town.issue("nostro1", "ann", EURO, GOV))


@example(131)
def paused_for_a_redemption(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.PAUSE)) == 0
    return code_of(town, town.entry(Kind.REDEEM, "ann", "nostro1", asset=GOV, amount_minor=1))


@example(132)
def held_back_payer(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.HOLD_BACK, "ann")) == 0
    assert code_of(town, town.pay("ann", "bob")) == 0  # other assets are not touched
    return code_of(town, gov(town, "ann", "bob"))


@example(132)
def held_back_payee(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.HOLD_BACK, "bob")) == 0
    return code_of(town, gov(town, "ann", "bob"))


@example(132)
def held_back_before_a_post(town: Town) -> int:
    give(town, "ann")
    held = town.hold("ann", "bob", asset=GOV)
    assert town.apply(held, control(town, ControlAct.HOLD_BACK, "ann")) == [0, 0]
    return code_of(town, town.post(held))


@example(133)
def not_on_the_allow_list(town: Town) -> int:
    give(town, "ann")
    return code_of(town, gov(town, "ann", "dee"))


@example(133)
def no_longer_on_the_allow_list(town: Town) -> int:
    give(town, "ann", "dee")
    assert code_of(town, control(town, ControlAct.DISALLOW, "dee")) == 0
    return code_of(town, gov(town, "ann", "dee"))


@example(133)
def leg_to_one_who_is_not_allowed(town: Town) -> int:
    give(town, "ann")
    legs = [leg("ann", "bob", GOV, EURO // 2), leg("ann", "bob", GOV, EURO // 2)]
    legs += [leg("fees1", "dee", GOV, 1)]
    units = tuple(one.encode() for one in legs)
    return code_of(town, replace(gov(town, "ann", "bob"), units=units))


# --- 134: the second person -----------------------------------------------------------------------


@example(134)
def issue_by_one_person(town: Town) -> int:
    return code_of(town, town.issue("nostro1", "ann", EURO, TWO))


@example(134)
def pause_by_one_person(town: Town) -> int:
    return code_of(town, control(town, ControlAct.PAUSE, asset=TWO))


@example(134)
def second_person_is_the_first(town: Town) -> int:
    issue = town.issue("nostro1", "ann", EURO, TWO)
    return code_of(town, town.seconded(issue, "root1"))


@example(134)
def second_person_may_not_issue(town: Town) -> int:
    assert not KEYS["pay1"][1] & Purpose.ISSUE
    return code_of(town, town.seconded(town.issue("nostro1", "ann", EURO, TWO), "pay1"))


@example(134)
def second_person_of_another_institution(town: Town) -> int:
    return code_of(town, town.seconded(town.issue("nostro1", "ann", EURO, TWO), "root2"))


@example(134)
def second_person_is_unknown(town: Town) -> int:
    return code_of(town, town.seconded(town.issue("nostro1", "ann", EURO, TWO), "none"))


@example(134)
def second_person_is_not_active_yet(town: Town) -> int:
    later = compose.key_unit(public("spare1"), institution=1, purposes=2, activation_height=99)
    assert code_of(town, town.entry(Kind.REGISTER_KEY, units=later)) == 0
    return code_of(town, town.seconded(town.issue("nostro1", "ann", EURO, TWO), "spare1"))


@example(134)
def second_person_was_revoked(town: Town) -> int:
    revoke = town.entry(Kind.REVOKE_KEY, units=compose.key_name_unit(public("limited1")))
    assert code_of(town, revoke) == 0
    return code_of(town, town.seconded(town.issue("nostro1", "ann", EURO, TWO)))


@example(134)
def second_person_signed_something_else(town: Town) -> int:
    issue = town.seconded(town.issue("nostro1", "ann", EURO, TWO))
    return code_of(town, replace(issue, amount_minor=2 * EURO))


@example(134)
def second_person_without_name(town: Town) -> int:
    return code_of(town, town.signed(town.issue("nostro1", "ann", EURO, TWO), "limited1"))


@example(134)
def unit_is_more_than_a_key(town: Town) -> int:
    issue = town.issue("nostro1", "ann", EURO, TWO)
    units = (public("limited1") + bytes(31) + b"\1",)
    return code_of(town, town.signed(replace(issue, units=units), "limited1"))


# --- 135 to 137: the issuer's acts ----------------------------------------------------------------


@example(135)
def act_without_meaning(town: Town) -> int:
    return code_of(town, control(town, 7, "ann"))


@example(135)
def control_that_was_not_declared(town: Town) -> int:
    return code_of(town, control(town, ControlAct.ALLOW, "ann", asset=TWO))


@example(136)
def paused_by_another_institution(town: Town) -> int:
    return code_of(town, control(town, ControlAct.PAUSE), key="root2")


@example(136)
def asset_without_issuer(town: Town) -> int:
    return code_of(town, control(town, ControlAct.PAUSE, asset=EUR))


@example(136)
def issued_by_another_institution(town: Town) -> int:
    return code_of(town, town.issue("nostro2", "dee", EURO, GOV), key="root2")


@example(136)
def redeemed_by_another_institution(town: Town) -> int:
    give(town, "dee")
    redeem = town.entry(Kind.REDEEM, "dee", "nostro2", asset=GOV, amount_minor=EURO)
    return code_of(town, redeem, key="root2")


@example(136)
def clawback_by_another_institution(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "dee"), key="root2")


@example(135)
def clawback_that_was_not_declared(town: Town) -> int:
    controls = Control.PAUSE
    units = compose.asset_unit(b"JPY/0", 0, controls=controls, issuer=1)
    register = town.entry(Kind.REGISTER_ASSET, asset=NEXT_ASSET, units=units)
    taken = replace(clawback(town, "ann", "bob"), asset=NEXT_ASSET)
    return town.apply(register, taken)[1]


@example(137)
def paused_twice(town: Town) -> int:
    return town.apply(*[control(town, ControlAct.PAUSE) for _ in range(2)])[1]


@example(137)
def resumed_without_pause(town: Town) -> int:
    return code_of(town, control(town, ControlAct.RESUME))


@example(137)
def let_go_without_being_held_back(town: Town) -> int:
    return code_of(town, control(town, ControlAct.LET_GO, "ann"))


@example(137)
def allowed_twice(town: Town) -> int:
    return town.apply(*[control(town, ControlAct.ALLOW, "ann") for _ in range(2)])[1]


# --- codes that others have too -------------------------------------------------------------------


@example(20)
def control_needs_the_purpose_issue(town: Town) -> int:
    return code_of(town, control(town, ControlAct.PAUSE), key="pay1")


@example(25)
def control_with_a_unit_that_nobody_asked_for(town: Town) -> int:
    return code_of(town, replace(control(town, 1), units=compose.key_name_unit(public("pay1"))))


@example(25)
def signed_control_of_one_person(town: Town) -> int:
    return code_of(town, town.signed(control(town, ControlAct.PAUSE)))


@example(25)
def pending_issue_of_two_persons(town: Town) -> int:
    issue = town.seconded(town.issue("nostro1", "ann", EURO, TWO))
    return code_of(town, replace(issue, flags=issue.flags | Flag.PENDING))


@example(25)
def issue_of_two_persons_with_an_end(town: Town) -> int:
    issue = town.issue("nostro1", "ann", EURO, TWO)
    return code_of(town, town.seconded(replace(issue, expires_ns=town.now_ns + DAY)))


@example(25)
def clawback_into_another_asset(town: Town) -> int:
    return code_of(town, replace(clawback(town, "ann", "bob"), to_asset=EUR))


@example(26)
def control_of_an_unknown_asset(town: Town) -> int:
    return code_of(town, control(town, ControlAct.PAUSE, asset=UNKNOWN_ASSET))


@example(26)
def clawback_of_an_unknown_asset(town: Town) -> int:
    return code_of(town, replace(clawback(town, "ann", "bob"), asset=UNKNOWN_ASSET))


@example(27)
def clawback_of_nothing(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "bob", 0))


@example(28)
def clawback_to_the_holder(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "ann"))


@example(30)
def control_of_nobody(town: Town) -> int:
    return code_of(town, control(town, ControlAct.ALLOW, "nobody"))


@example(30)
def clawback_from_nobody(town: Town) -> int:
    return code_of(town, clawback(town, "nobody", "bob"))


@example(31)
def clawback_to_nobody(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "nobody"))


@example(32)
def clawback_to_another_institution(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "dee"))


@example(34)
def clawback_to_a_closed_account(town: Town) -> int:
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new")) == 0
    return code_of(town, clawback(town, "ann", "new"))


@example(36)
def clawback_to_a_frozen_account(town: Town) -> int:
    assert code_of(town, town.entry(Kind.FREEZE, "bob")) == 0
    return code_of(town, clawback(town, "ann", "bob"))


@example(37)
def clawback_from_a_nostro(town: Town) -> int:
    return code_of(town, clawback(town, "nostro1", "bob"))


@example(37)
def clawback_to_a_nostro(town: Town) -> int:
    return code_of(town, clawback(town, "ann", "nostro1"))


@example(39)
def clawback_above_the_limit(town: Town) -> int:
    units = compose.key_name_unit(public("limited1"))
    limit = town.entry(
        Kind.SET_LIMIT, asset=GOV, amount_minor=EURO, to_amount_minor=EURO, units=units
    )
    assert code_of(town, limit) == 0
    return code_of(town, clawback(town, "ann", "bob", EURO + 1), key="limited1")


@example(45)
def control_of_one_who_does_not_hold_it(town: Town) -> int:
    return code_of(town, control(town, ControlAct.ALLOW, "cyd"))


@example(45)
def clawback_from_one_who_does_not_hold_it(town: Town) -> int:
    return code_of(town, clawback(town, "cyd", "bob"))


@example(46)
def clawback_of_what_is_promised(town: Town) -> int:
    give(town, "ann")
    assert code_of(town, town.hold("ann", "bob", 60 * EURO, asset=GOV)) == 0
    assert code_of(town, clawback(town, "ann", "bob", 40 * EURO)) == 0
    assert town.now_ns > SECOND
    return code_of(town, clawback(town, "ann", "bob", 1))
