"""One small example of every refusal of a mandate, and of what is paid under one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spec import compose
from spec.records import Entry, Flag, Kind, Outcome
from tests.ledger.examples import code_of, example
from tests.ledger.town import DAY, EUR, EURO, HOUR, SECOND, USD, Town, address


def mandate(town: Town, payer: str = "ann", payee: str = "bob", **fields: Any) -> Entry:
    """At most 10 euros at once, 15 an hour, 20 in all, for a day from now."""
    terms = {"period_ns": HOUR, "start_ns": town.now_ns, "payments_max": 0, "flags": 0}
    given = {name: fields.pop(name) for name in [*terms] if name in fields}
    usual: dict[str, Any] = {
        "asset": EUR,
        "amount_minor": 10 * EURO,
        "to_amount_minor": 15 * EURO,
        "bound_minor": 20 * EURO,
        "expires_ns": town.now_ns + DAY,
        "units": compose.mandate_unit(**(terms | given)),
    }
    return town.entry(Kind.MANDATE, payer, payee, **(usual | fields))


def pull(town: Town, granted: Entry, amount_minor: int = 5 * EURO, **fields: Any) -> Entry:
    usual: dict[str, Any] = {
        "target": granted.id,
        "purpose": 1,
        "asset": granted.asset,
        "amount_minor": amount_minor,
        "payer": granted.payer,
        "payee": granted.payee,
        "outcome": Outcome.ACCEPT,
    }
    return town.entry(Kind.PULL, **(usual | fields))


def revoke(town: Town, granted: Entry, asker: str = "ann", **fields: Any) -> Entry:
    usual: dict[str, Any] = {"target": granted.id, "purpose": 1}
    return town.entry(Kind.REVOKE_MANDATE, asker, **(usual | fields))


def granted(town: Town, **fields: Any) -> Entry:
    entry = mandate(town, **fields)
    assert town.apply(entry) == [0]
    return entry


@example(23)
def id_of_a_mandate_that_outlived_the_window(town: Town) -> int:
    first = granted(town, expires_ns=town.now_ns + 9 * DAY)
    assert town.block(after_ns=2 * DAY) == []
    return code_of(town, mandate(town, id=first.id))


@example(24)
def declined_pull(town: Town) -> int:
    return code_of(town, pull(town, granted(town), outcome=Outcome.DECLINE))


@example(25)
def mandate_that_is_over(town: Town) -> int:
    return code_of(town, mandate(town, expires_ns=town.now_ns + SECOND))


@example(25)
def mandate_with_a_target(town: Town) -> int:
    return code_of(town, mandate(town, target=b"t" * 16))


@example(25)
def mandate_in_two_assets(town: Town) -> int:
    return code_of(town, mandate(town, to_asset=USD))


@example(25)
def pending_pull(town: Town) -> int:
    return code_of(town, pull(town, granted(town), flags=Flag.PENDING))


@example(25)
def pull_for_review(town: Town) -> int:
    return code_of(town, pull(town, granted(town), outcome=Outcome.REVIEW))


@example(25)
def pull_into_another_asset(town: Town) -> int:
    return code_of(town, pull(town, granted(town), to_asset=USD))


@example(25)
def revocation_with_an_end(town: Town) -> int:
    return code_of(town, revoke(town, granted(town), expires_ns=1))


@example(27)
def mandate_of_nothing(town: Town) -> int:
    return code_of(town, mandate(town, amount_minor=0))


@example(32)
def mandate_of_anothers_client(town: Town) -> int:
    return code_of(town, mandate(town, "dee", "ann"))


@example(32)
def pull_between_anothers_clients(town: Town) -> int:
    return code_of(town, pull(town, granted(town)), key="root2")


@example(32)
def revocation_for_anothers_client(town: Town) -> int:
    return code_of(town, revoke(town, granted(town), "dee"))


@example(38)
def mandate_whose_period_is_not_the_one_that_was_signed(town: Town) -> int:
    entry = town.signed(mandate(town, "own", "bob"))
    shorter = compose.mandate_unit(period_ns=1, start_ns=town.now_ns)
    return code_of(town, replace(entry, units=shorter))


@example(38)
def mandate_without_its_owner(town: Town) -> int:
    return code_of(town, mandate(town, "own", "bob"))


@example(38)
def pull_without_the_payees_owner(town: Town) -> int:
    fields = {"payee": "eve", "asset": USD}
    return code_of(town, pull(town, granted(town, **fields)), key="root2")


@example(38)
def pull_that_the_payers_bank_sends_needs_no_signature(town: Town) -> int:
    fields = {"payee": "eve", "asset": USD}
    return code_of(town, town.signed(pull(town, granted(town, **fields))))


@example(38)
def revocation_without_the_owner(town: Town) -> int:
    entry = town.signed(mandate(town, "own", "bob"))
    assert town.apply(entry) == [0]
    return code_of(town, revoke(town, entry, "own"))


@example(39)
def pull_above_the_keys_limit(town: Town) -> int:
    entry = granted(town, amount_minor=31 * EURO, to_amount_minor=99 * EURO, bound_minor=99 * EURO)
    return code_of(town, pull(town, entry, 31 * EURO), key="limited1")


@example(45)
def mandate_in_an_asset_that_is_not_held(town: Town) -> int:
    return code_of(town, mandate(town, payee="cyd", asset=USD))


@example(46)
def pull_of_more_than_there_is(town: Town) -> int:
    entry = granted(town)
    return town.apply(town.pay("ann", "bob", 99 * EURO), pull(town, entry))[1]


@example(95)
def more_at_once_than_in_a_period(town: Town) -> int:
    return code_of(town, mandate(town, to_amount_minor=9 * EURO))


@example(95)
def more_in_a_period_than_in_all(town: Town) -> int:
    return code_of(town, mandate(town, bound_minor=14 * EURO))


@example(95)
def period_of_no_time(town: Town) -> int:
    return code_of(town, mandate(town, period_ns=0))


@example(95)
def mandate_that_ends_before_it_starts(town: Town) -> int:
    return code_of(town, mandate(town, start_ns=town.now_ns + DAY))


@example(95)
def unknown_flags_of_a_mandate(town: Town) -> int:
    return code_of(town, mandate(town, flags=2))


@example(96)
def unknown_mandate(town: Town) -> int:
    return code_of(town, pull(town, mandate(town)))


@example(96)
def mandate_of_another_institution(town: Town) -> int:
    return code_of(town, pull(town, granted(town), purpose=2))


@example(96)
def revoked_mandate(town: Town) -> int:
    entry = granted(town)
    return town.apply(revoke(town, entry, "bob"), pull(town, entry))[1]


@example(96)
def mandate_that_was_swept(town: Town) -> int:
    entry = granted(town, expires_ns=town.now_ns + HOUR)
    town.block(after_ns=HOUR)
    return code_of(town, pull(town, entry))


@example(97)
def mandate_that_has_not_started(town: Town) -> int:
    return code_of(town, pull(town, granted(town, start_ns=town.now_ns + HOUR)))


@example(98)
def pull_to_another_payee(town: Town) -> int:
    return code_of(town, pull(town, granted(town), payee=address("cyd")))


@example(98)
def pull_in_another_asset(town: Town) -> int:
    return code_of(town, pull(town, granted(town), asset=USD))


@example(98)
def standing_order_of_another_amount(town: Town) -> int:
    return code_of(town, pull(town, granted(town, flags=1), 9 * EURO))


@example(99)
def pull_above_a_payments_most(town: Town) -> int:
    return code_of(town, pull(town, granted(town), 10 * EURO + 1))


@example(100)
def pull_above_a_periods_most(town: Town) -> int:
    entry = granted(town)
    codes = town.apply(pull(town, entry, 10 * EURO), pull(town, entry, 5 * EURO + 1))
    return codes[1]


@example(100)
def one_pull_too_many(town: Town) -> int:
    entry = granted(town, payments_max=1)
    return town.apply(pull(town, entry), pull(town, entry))[1]


@example(101)
def pull_above_the_most_in_all(town: Town) -> int:
    entry = granted(town)
    codes = town.apply(pull(town, entry, 10 * EURO), pull(town, entry, 5 * EURO))
    assert codes == [0, 0]
    town.block(after_ns=HOUR)
    return code_of(town, pull(town, entry, 5 * EURO + 1))


@example(102)
def revocation_by_a_stranger(town: Town) -> int:
    return code_of(town, revoke(town, granted(town), "cyd"))
