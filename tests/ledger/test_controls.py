"""What an issuer's controls let pass, and that they end."""

from __future__ import annotations

from spec.records import ControlAct, Kind
from tests.ledger.control_examples import clawback, control, give, gov
from tests.ledger.examples import code_of
from tests.ledger.town import EUR, EURO, GOV, TWO, Town, address


def posted_minor(town: Town, name: str, asset: int = GOV) -> int:
    return town.both.kernel.balance(address(name), asset)[0]


def test_a_pause_ends() -> None:
    town = Town()
    give(town, "ann")
    pause, resume = control(town, ControlAct.PAUSE), control(town, ControlAct.RESUME)
    paid, again = gov(town, "ann", "bob"), gov(town, "ann", "bob")
    assert town.apply(pause, paid, resume, again) == [0, 131, 0, 0]


def test_a_hold_that_was_promised_before_a_pause_can_be_released() -> None:
    town = Town()
    give(town, "ann")
    held = town.hold("ann", "bob", asset=GOV)
    void = town.entry(Kind.VOID, target=held.id)
    assert town.apply(held, control(town, ControlAct.PAUSE), void) == [0, 0, 0]


def test_a_holder_who_is_let_go_pays_again() -> None:
    town = Town()
    give(town, "ann")
    assert code_of(town, control(town, ControlAct.HOLD_BACK, "ann")) == 0
    assert code_of(town, gov(town, "ann", "bob")) == 132
    assert code_of(town, control(town, ControlAct.LET_GO, "ann")) == 0
    assert code_of(town, gov(town, "ann", "bob")) == 0


def test_one_who_is_allowed_receives_and_operating_accounts_need_no_leave() -> None:
    town = Town()
    give(town, "ann", "dee")
    assert code_of(town, gov(town, "ann", "dee")) == 0
    assert code_of(town, gov(town, "ann", "bob")) == 0
    assert code_of(town, gov(town, "ann", "fees1")) == 0


def test_one_who_may_no_longer_receive_may_still_pay_and_redeem() -> None:
    town = Town()
    give(town, "ann", "dee")
    assert code_of(town, control(town, ControlAct.DISALLOW, "dee")) == 0
    assert code_of(town, gov(town, "dee", "ann"), key="root2") == 0


def test_a_clawback_takes_from_the_frozen_and_the_paused() -> None:
    town = Town()
    give(town, "dee")
    freeze = town.entry(Kind.FREEZE, "dee")
    assert code_of(town, freeze, key="root2") == 0
    acts = [control(town, ControlAct.HOLD_BACK, "dee"), control(town, ControlAct.PAUSE)]
    assert town.apply(*acts, clawback(town, "dee", "fees1", 70 * EURO)) == [0, 0, 0]
    assert (posted_minor(town, "dee"), posted_minor(town, "fees1")) == (30 * EURO, 70 * EURO)


def test_two_persons_issue_pause_and_claw_back() -> None:
    town = Town()
    give(town, "ann", asset=TWO)
    pause = town.seconded(control(town, ControlAct.PAUSE, asset=TWO))
    taken = town.entry(Kind.CLAWBACK, "ann", "bob", asset=TWO, amount_minor=EURO)
    assert town.apply(pause, town.seconded(taken)) == [0, 0]
    assert posted_minor(town, "bob", TWO) == EURO


def test_a_redemption_needs_no_second_person() -> None:
    town = Town()
    give(town, "ann", asset=TWO)
    redeem = town.entry(Kind.REDEEM, "ann", "nostro1", asset=TWO, amount_minor=EURO)
    assert code_of(town, redeem) == 0


def test_an_asset_without_controls_is_as_it_was() -> None:
    town = Town()
    assert town.both.kernel.asset_controls()[EUR - 1] == (0, 0, False)
    assert code_of(town, town.issue("nostro2", "dee", EURO), key="root2") == 0


def test_a_refused_act_leaves_no_trace_but_its_id() -> None:
    town = Town()
    give(town, "ann")
    before = town.both.kernel.subroots()
    assert town.apply(control(town, ControlAct.LET_GO, "ann"), clawback(town, "ann", "dee")) == [
        137,
        32,
    ]
    assert town.changed_since(before) == ["keys", "window"]
