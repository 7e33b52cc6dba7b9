"""Examples of what sub-accounts refuse: addresses that settle to a parent."""

from __future__ import annotations

from spec import compose
from spec.hashing import ZERO32
from spec.records import AccountFlag, ControlAct, Entry, Kind, Role
from spec.terms import FREE_PAYEE
from tests.ledger.control_examples import control, give
from tests.ledger.escrow_examples import ALWAYS, open_code
from tests.ledger.escrow_examples import opened as open_escrow
from tests.ledger.examples import code_of, example
from tests.ledger.town import EUR, EURO, GOV, OWNER, Town, address, encode_legs, leg, public


def sub(
    town: Town, name: str, parent: str, *, flags: int = AccountFlag.SUB, **opening: object
) -> Entry:
    units = compose.opening_units(**{"assets": [], "flags": flags} | opening)  # type: ignore[arg-type]
    return town.entry(Kind.OPEN_ACCOUNT, name, parent, units=units)


def opened(town: Town, name: str, parent: str) -> str:
    assert code_of(town, sub(town, name, parent)) == 0
    return name


# --- 124 and how it is opened -----------------------------------------------------------------


@example(124)
def parent_that_is_nobody(town: Town) -> int:
    return code_of(town, sub(town, "ann/1", "nobody"))


@example(124)
def parent_of_another_institution(town: Town) -> int:
    return code_of(town, sub(town, "dee/1", "dee"))


@example(124)
def parent_that_is_a_nostro(town: Town) -> int:
    return code_of(town, sub(town, "n/1", "nostro1"))


@example(124)
def parent_that_is_operating(town: Town) -> int:
    return code_of(town, sub(town, "f/1", "fees1"))


@example(124)
def parent_that_is_a_sub(town: Town) -> int:
    return code_of(town, sub(town, "ann/2", opened(town, "ann/1", "ann")))


@example(124)
def parent_that_is_closed(town: Town) -> int:
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new")) == 0
    return code_of(town, sub(town, "new/1", "new"))


@example(60)
def sub_that_is_there(town: Town) -> int:
    return code_of(town, sub(town, opened(town, "ann/1", "ann"), "nobody"))


@example(25)
def sub_with_assets(town: Town) -> int:
    return code_of(town, sub(town, "ann/1", "ann", assets=[EUR]))


@example(25)
def sub_with_an_owner(town: Town) -> int:
    return code_of(town, sub(town, "ann/1", "ann", owner=public(OWNER)))


@example(25)
def sub_that_is_operating(town: Town) -> int:
    return code_of(town, sub(town, "ann/1", "ann", flags=AccountFlag.SUB | AccountFlag.OPERATING))


@example(25)
def parent_of_no_sub(town: Town) -> int:
    return code_of(town, sub(town, "ann/1", "ann", flags=0, assets=[EUR], owner=ZERO32))


@example(20)
def sub_of_a_key_without_pay(town: Town) -> int:
    return code_of(town, sub(town, "dee/1", "dee"), key="sequencer")


# --- movements --------------------------------------------------------------------------------


@example(28)
def to_the_parent_itself(town: Town) -> int:
    return code_of(town, town.pay(opened(town, "ann/1", "ann"), "ann"))


@example(28)
def from_the_parent(town: Town) -> int:
    return code_of(town, town.pay("ann", opened(town, "ann/1", "ann")))


@example(28)
def between_two_of_one(town: Town) -> int:
    return code_of(town, town.hold(opened(town, "ann/1", "ann"), opened(town, "ann/2", "ann")))


@example(28)
def clawback_to_the_parent_itself(town: Town) -> int:
    give(town, "ann")
    taker = opened(town, "ann/1", "ann")
    claw = town.entry(Kind.CLAWBACK, "ann", taker, asset=GOV, amount_minor=EURO)
    return code_of(town, claw)


@example(44)
def leg_that_moves_nothing(town: Town) -> int:
    opened(town, "ann/1", "ann")
    legs = [leg("ann", "bob", EUR, EURO), leg("ann", "ann/1", EUR, EURO, Role.FEE)]
    entry = town.pay("ann", "bob", bound_minor=EURO, units=encode_legs(legs))
    return code_of(town, entry)


@example(45)
def sub_of_one_without_the_asset(town: Town) -> int:
    return code_of(town, town.pay("ann", opened(town, "new/1", "new")))


@example(46)
def sub_spends_what_its_parent_has_not(town: Town) -> int:
    return code_of(town, town.pay(opened(town, "cyd/1", "cyd"), "bob", 2**100))


@example(82)
def share_that_settles_to_the_payer(town: Town) -> int:
    opened(town, "ann/1", "ann")
    shares = compose.share(address("ann/1"), cap_minor=1)
    return open_code(town, compose.terms(shares=shares, nodes=ALWAYS))


@example(28)
def release_to_a_sub_of_the_payer(town: Town) -> int:
    opened(town, "ann/1", "ann")
    free = compose.terms(flags=FREE_PAYEE, nodes=ALWAYS)
    escrow = open_escrow(town, free)
    return code_of(town, town.release(escrow, payee=address("ann/1")))


# --- frozen and closed with the parent, or alone ----------------------------------------------


@example(35)
def payer_whose_parent_is_frozen(town: Town) -> int:
    opened(town, "ann/1", "ann")
    assert code_of(town, town.entry(Kind.FREEZE, "ann")) == 0
    return code_of(town, town.pay("ann/1", "bob"))


@example(36)
def payee_that_is_frozen_alone(town: Town) -> int:
    opened(town, "ann/1", "ann")
    assert code_of(town, town.entry(Kind.FREEZE, "ann/1")) == 0
    assert code_of(town, town.pay("bob", "ann")) == 0
    return code_of(town, town.pay("bob", "ann/1"))


@example(34)
def payee_whose_parent_is_closed(town: Town) -> int:
    opened(town, "new/1", "new")
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "new")) == 0
    return code_of(town, town.pay("ann", "new/1"))


@example(33)
def payer_that_is_closed_alone(town: Town) -> int:
    opened(town, "ann/1", "ann")
    assert code_of(town, town.entry(Kind.CLOSE_ACCOUNT, "ann/1")) == 0
    assert code_of(town, town.pay("ann", "bob")) == 0
    return code_of(town, town.pay("ann/1", "bob"))


@example(64)
def thaw_of_one_whose_parent_is_frozen(town: Town) -> int:
    opened(town, "ann/1", "ann")
    assert code_of(town, town.entry(Kind.FREEZE, "ann")) == 0
    return code_of(town, town.entry(Kind.UNFREEZE, "ann/1"))


@example(38)
def sub_without_the_signature_of_the_parents_owner(town: Town) -> int:
    return code_of(town, town.pay(opened(town, "own/1", "own"), "bob"))


@example(132)
def sub_whose_parent_is_held_back(town: Town) -> int:
    give(town, "ann")
    opened(town, "ann/1", "ann")
    assert code_of(town, control(town, ControlAct.HOLD_BACK, "ann/1")) == 0
    return code_of(town, town.pay("ann", "bob", asset=GOV))
