"""Conditional money between institutions: opened by one, for the payee of another. Here ann is of
institution 1, dee and eve are of 2.

Both ledgers, kernel and specification, answer each of these alike.
"""

from __future__ import annotations

import pytest

from spec import compose
from spec.codes import NUMBERS
from spec.compose import node, share
from spec.records import Entry, Kind
from spec.terms import DELIVERY, PAY_AT_DEADLINE, PAYER_MAY_CANCEL
from tests.ledger.escrow_examples import ALWAYS, OPEN
from tests.ledger.town import DAY, EURO, USD, Town, address

NOT_CUSTODIAN = NUMBERS["ledger.not_custodian"]


def opened(town: Town, payee: str = "dee", units: tuple[bytes, ...] = OPEN) -> Entry:
    """One euro from ann, opened by her institution."""
    entry = town.escrow("ann", payee, units)
    assert town.apply(entry, key="root1") == [0]
    return entry


def test_money_waits_in_the_books_of_both(town: Town) -> None:
    opened(town)
    assert (town.euros("ann"), town.euros("dee")) == ((0, 0, EURO), (0, EURO, 0))


@pytest.mark.parametrize(("asker", "key"), [("dee", "root2"), ("ann", "root1")])
def test_either_asks_by_its_own_institution(town: Town, asker: str, key: str) -> None:
    entry = opened(town)
    assert town.apply(town.release(entry, 30, asker), key=key) == [0]
    assert town.apply(town.release(entry, 70, asker), key=key) == [0]
    assert (town.euros("ann"), town.euros("dee")) == ((-EURO, 0, 0), (EURO, 0, 0))
    assert town.both.kernel.escrow(1, entry.id) is None


@pytest.mark.parametrize(("asker", "key"), [("dee", "root1"), ("ann", "root2")])
def test_nobody_asks_in_the_name_of_another_institutions_client(
    town: Town, asker: str, key: str
) -> None:
    entry = opened(town)
    assert town.apply(town.release(entry, asker=asker), key=key) == [NOT_CUSTODIAN]
    assert town.apply(town.cancel(entry, asker), key=key) == [NOT_CUSTODIAN]
    assert (town.euros("ann"), town.euros("dee")) == ((0, 0, EURO), (0, EURO, 0))


def test_nobody_opens_an_escrow_of_another_institutions_payer(town: Town) -> None:
    entry = town.escrow("ann", "dee", OPEN)
    assert town.apply(entry, key="root2") == [NOT_CUSTODIAN]
    assert town.euros("ann") == (0, 0, 0)


def test_one_id_names_an_escrow_in_each_institution(town: Town) -> None:
    first = opened(town)
    second = town.escrow("dee", "ann", OPEN, 2 * EURO, id=first.id)
    assert town.apply(second, key="root2") == [0]
    # The second is asked for by ann, of institution 1, and is institution 2's.
    assert town.apply(town.release(second, purpose=2), key="root1") == [0]
    assert (town.euros("ann"), town.euros("dee")) == (
        (2 * EURO, 0, EURO),
        (-2 * EURO, EURO, 0),
    )
    assert town.apply(town.release(second, purpose=2)) == [NUMBERS["escrow.unknown"]]
    assert town.apply(town.release(first), key="root2") == [0]
    assert (town.euros("ann"), town.euros("dee")) == ((EURO, 0, 0), (-EURO, 0, 0))


def test_the_institution_of_an_escrow_is_who_opened_it(town: Town) -> None:
    entry = opened(town)
    for act in (town.release(entry, purpose=2), town.cancel(entry, purpose=2)):
        assert town.apply(act, key="root2") == [NUMBERS["escrow.unknown"]]


def test_a_payee_abroad_gives_the_money_back(town: Town) -> None:
    entry = opened(town)
    assert town.apply(town.cancel(entry, "dee"), key="root2") == [0]
    assert (town.euros("ann"), town.euros("dee")) == ((0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("flags", "code"), [(0, NUMBERS["escrow.not_cancellable"]), (PAYER_MAY_CANCEL, 0)]
)
def test_a_payer_takes_back_what_the_terms_let_him(town: Town, flags: int, code: int) -> None:
    entry = opened(town, units=compose.terms(flags=flags, nodes=ALWAYS))
    assert town.apply(town.cancel(entry, "ann"), key="root1") == [code]


def test_a_payee_with_a_key_of_his_own_signs_at_his_institution(town: Town) -> None:
    entry = opened(town, "eve")
    unsigned = town.release(entry, 30)
    assert town.apply(unsigned, key="root2") == [NUMBERS["ledger.bad_authorisation"]]
    assert town.apply(town.signed(town.release(entry, 30)), key="root1") == [NOT_CUSTODIAN]
    assert town.apply(town.signed(town.release(entry, 30)), key="root2") == [0]
    assert town.apply(town.signed(town.cancel(entry)), key="root2") == [0]
    assert (town.euros("ann"), town.euros("eve")) == ((-30, 0, 0), (30, 0, 0))


def test_shares_are_paid_in_both_institutions(town: Town) -> None:
    shares = share(address("bob"), part=1) + share(address("fees2"), part=1)
    entry = opened(town, units=compose.terms(whole=4, shares=shares, nodes=ALWAYS))
    assert town.apply(town.release(entry), key="root2") == [0]
    got = {name: town.euros(name)[0] for name in ("ann", "bob", "dee", "fees2")}
    assert got == {"ann": -EURO, "bob": 25, "dee": 50, "fees2": 25}


def test_delivery_against_payment_between_institutions(town: Town) -> None:
    delivery = node(
        DELIVERY, asset=USD, amount_minor=5 * EURO, giver=address("dee"), getter=address("ann")
    )
    units = compose.terms(nodes=delivery)
    entry = opened(town, units=units)
    asked = {"units": compose.deliver(0)} | compose.terms_fields(units)
    # Who gives asks, by the institution that keeps what is given.
    assert town.apply(town.release(entry, **asked), key="root1") == [NOT_CUSTODIAN]
    assert town.apply(town.release(entry, **asked), key="root2") == [0]
    assert (town.euros("ann"), town.euros("dee")) == ((-EURO, 0, 0), (EURO, 0, 0))
    assert town.euros("ann", USD)[0] == 5 * EURO
    assert town.euros("dee", USD)[0] == -5 * EURO


@pytest.mark.parametrize(("frozen", "key"), [("ann", "root1"), ("dee", "root2")])
def test_either_institution_freezes_its_own_client(town: Town, frozen: str, key: str) -> None:
    entry = opened(town, units=compose.terms(flags=PAY_AT_DEADLINE, nodes=ALWAYS))
    assert town.apply(town.entry(Kind.FREEZE, frozen), key=key) == [0]
    # Of ann as the escrow's payer; of dee as who asks.
    assert town.apply(town.release(entry), key="root2") == [NUMBERS["ledger.payer_frozen"]]
    town.block(after_ns=DAY)
    assert (town.euros("ann"), town.euros("dee")) == ((0, 0, 0), (0, 0, 0))


def test_the_deadline_pays_across_institutions(town: Town) -> None:
    opened(town, units=compose.terms(flags=PAY_AT_DEADLINE))
    town.block(after_ns=DAY)
    assert (town.euros("ann"), town.euros("dee")) == ((-EURO, 0, 0), (EURO, 0, 0))
