"""Escrows: conditional money, kinds 16 to 18 and the deadline.

The payer's money is promised to the payee under terms (spec/terms.py) until a deadline. Before it,
a release pays what the terms allow, and a cancel returns the rest; at the deadline the sweep
returns what is left, or pays it when the terms say so. So no escrow outlives its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from spec import rules
from spec.codes import Refusal, refuse_if
from spec.hashing import ZERO32
from spec.policy import check_authorisation, check_spend, check_spender, use_spend
from spec.records import (
    AccountFlag,
    Entry,
    Flag,
    Kind,
    Leg,
    Outcome,
    Role,
    decode_witnesses,
)
from spec.rules import (
    book_leg,
    check_free,
    check_limit,
    check_parties,
    check_plain,
    find_account,
    flags_differ,
    move,
    release_leg,
    settle_alike,
    use_limit,
    whole_leg,
)
from spec.scene import Scene
from spec.state import Account, Escrow, State, change_slot, free_slot, put_in_slot, row_named
from spec.terms import (
    FREE_PAYEE,
    PAY_AT_DEADLINE,
    PAYER_MAY_CANCEL,
    BadTerms,
    Release,
    Terms,
    accrued_minor,
    allocate,
    are_for,
    evaluate,
    is_met,
    parse_terms,
    terms_hash,
)

# --- kind 16 --------------------------------------------------------------------------------


def apply_escrow(state: State, entry: Entry, scene: Scene) -> int:
    refuse_if(entry.outcome == Outcome.DECLINE, "ledger.declined")
    refuse_if(
        entry.outcome != Outcome.ACCEPT
        or flags_differ(entry)
        or entry.expires_ns <= scene.now_ns
        or any(entry.target)
        or entry.to_asset != 0,
        "ledger.inconsistent",
    )
    payer, payee = check_parties(state, entry, scene)
    spend = check_spender(state, entry, payer, scene)
    check_limit(state, entry, scene, entry.amount_minor)
    check_spend(state, spend, entry, scene, entry.amount_minor)
    check_terms(state, entry)
    book_leg(state, whole_leg(entry, entry.amount_minor), Flag.PENDING)
    escrow = Escrow(
        id=entry.id,
        institution=scene.institution,
        asset=entry.asset,
        payer=payer.number,
        payee=payee.number,
        amount_minor=entry.amount_minor,
        released_minor=0,
        expires_ns=entry.expires_ns,
        opened_ns=scene.now_ns,
        terms_hash=named_terms(entry),
        terms=entry.units,
    )
    put_in_slot(state.escrows, escrow)
    use_limit(state, entry, scene, entry.amount_minor)
    use_spend(state, spend, entry, scene, entry.amount_minor)
    return entry.amount_minor


def named_terms(entry: Entry) -> bytes:
    """The hash that stands where other kinds have two amounts."""
    return entry.to_amount_minor.to_bytes(16, "little") + entry.bound_minor.to_bytes(16, "little")


def check_terms(state: State, entry: Entry) -> None:
    """Codes 80 to 82."""
    try:
        terms = parse_terms(entry.units)
    except BadTerms as error:
        raise Refusal("escrow.bad_terms") from error
    parties = (entry.payer, entry.payee)
    refuse_if(any(share.to in parties for share in terms.shares), "escrow.bad_terms")
    refuse_if(named_terms(entry) != terms_hash(entry.units), "escrow.terms_differ")
    named = [(share.to, entry.asset) for share in terms.shares]
    delivery = terms.delivery()
    if delivery is not None:
        asset = delivery.fields["asset"]
        named += [(delivery.fields["giver"], asset), (delivery.fields["getter"], asset)]
    refuse_if(not all(may_hold(state, *one) for one in named), "escrow.bad_share")
    pairs = [(entry.payer, share.to) for share in terms.shares]
    if delivery is not None:
        pairs.append((delivery.fields["giver"], delivery.fields["getter"]))
    refuse_if(any(settle_alike(state, *pair) for pair in pairs), "escrow.bad_share")


def may_hold(state: State, address: bytes, asset: int) -> bool:
    account = state.account(address)
    return (
        account is not None
        and not account.has(AccountFlag.CLOSED)
        and not account.has(AccountFlag.NOSTRO)
        and (account.settles_at(), asset) in state.balances
    )


# --- kind 17 --------------------------------------------------------------------------------


def apply_release(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry, entry.outcome == Outcome.ACCEPT and entry.to_asset == 0)
    refuse_if(entry.amount_minor == 0, "ledger.amount_zero")
    asker = check_asker(state, entry, scene)
    escrow = find_escrow(state, entry, scene)
    payer, payee = parties_of(state, escrow)
    terms = parse_terms(escrow.terms)
    named = named_terms(entry)
    refuse_if(
        entry.asset != escrow.asset
        or (not terms.has(FREE_PAYEE) and entry.payee != payee.address)
        or named not in (ZERO32, escrow.terms_hash),
        "escrow.differs",
    )
    refuse_if(entry.amount_minor > escrow.left_minor(), "escrow.exceeded")
    to = find_account(state, entry.payee, "ledger.unknown_payee")
    refuse_if(to.settles_at() == payer.settles_at(), "ledger.same_account")
    check_getter(to)
    refuse_if(to.has(AccountFlag.NOSTRO), "ledger.nostro_misused")
    refuse_if(payer.has(AccountFlag.FROZEN), "ledger.payer_frozen")
    total_minor = escrow.released_minor + entry.amount_minor
    accrued = accrued_minor(terms, escrow.amount_minor, scene.now_ns)
    refuse_if(total_minor > accrued, "escrow.not_accrued")
    witnesses = decode_witnesses(entry.units)
    refuse_if(not are_for(witnesses, terms), "escrow.bad_witness")
    release = release_of(
        state,
        escrow,
        scene,
        asked_by=asker.address,
        names_terms=named == escrow.terms_hash,
        to=to,
        amount_minor=entry.amount_minor,
    )
    refuse_if(not is_met(terms, release, witnesses), "escrow.unmet")
    check_shares(state, escrow, terms, entry.amount_minor)
    delivery = terms.delivery()
    if delivery is not None and evaluate(delivery, release, witnesses):
        fields = delivery.fields
        check_getter(state.seen(state.accounts[fields["getter"]]))
        delivered = Leg(
            fields["giver"],
            fields["getter"],
            fields["asset"],
            Role.PRINCIPAL,
            fields["amount_minor"],
        )
        book_leg(state, delivered, 0)
    pay_out(state, escrow, divide(state, escrow, terms, to, entry.amount_minor))
    count_released(state, escrow, entry.amount_minor)
    return entry.amount_minor


def check_asker(state: State, entry: Entry, scene: Scene) -> Account:
    """The account that asks: codes 30, 32, 33, 35 and 38."""
    asker = find_account(state, entry.payer, "ledger.unknown_payer")
    refuse_if(asker.institution != scene.institution, "ledger.not_custodian")
    refuse_if(asker.has(AccountFlag.CLOSED), "ledger.payer_closed")
    refuse_if(asker.has(AccountFlag.FROZEN), "ledger.payer_frozen")
    check_authorisation(state, entry, asker, scene)
    return asker


def find_escrow(state: State, entry: Entry, scene: Scene) -> Escrow:
    """Codes 85 and 86. `purpose` names the institution that opened it."""
    escrow = row_named(state.escrows, entry.purpose, entry.target)
    if escrow is None:
        raise Refusal("escrow.unknown")
    refuse_if(escrow.expires_ns <= scene.now_ns, "escrow.expired")
    return escrow


def parties_of(state: State, escrow: Escrow) -> tuple[Account, Account]:
    return state.account_at(escrow.payer), state.account_at(escrow.payee)


def check_getter(account: Account) -> None:
    """Codes 34 and 36."""
    refuse_if(account.has(AccountFlag.CLOSED), "ledger.payee_closed")
    refuse_if(account.has(AccountFlag.FROZEN), "ledger.payee_frozen")


def release_of(
    state: State,
    escrow: Escrow,
    scene: Scene,
    *,
    asked_by: bytes,
    names_terms: bool,
    to: Account,
    amount_minor: int,
) -> Release:
    payer, payee = parties_of(state, escrow)
    return Release(
        chain_id=scene.chain_id,
        terms_hash=escrow.terms_hash,
        institution=escrow.institution,
        id=escrow.id,
        opened_ns=escrow.opened_ns,
        payer=payer.address,
        payee=payee.address,
        escrow_minor=escrow.amount_minor,
        released_minor=escrow.released_minor,
        now_ns=scene.now_ns,
        asked_by=asked_by,
        names_terms=names_terms,
        to=to.address,
        to_category=to.category,
        amount_minor=amount_minor,
    )


def parts_of(escrow: Escrow, terms: Terms, amount_minor: int) -> list[tuple[bytes, int]]:
    """What each share gets of the next release."""
    return allocate(terms, escrow.released_minor, escrow.released_minor + amount_minor)


def check_shares(state: State, escrow: Escrow, terms: Terms, amount_minor: int) -> None:
    for address, part_minor in parts_of(escrow, terms, amount_minor):
        if part_minor > 0:
            check_getter(state.seen(state.accounts[address]))


def divide(
    state: State,
    escrow: Escrow,
    terms: Terms,
    to: Account,
    amount_minor: int,
    may_get: Callable[[Account], bool] = lambda share: True,
) -> list[Leg]:
    """What is booked: to each share that may get it its part, and the rest to the payee."""
    payer, _ = parties_of(state, escrow)
    parts = [
        (address, part_minor)
        for address, part_minor in parts_of(escrow, terms, amount_minor)
        if part_minor > 0 and may_get(state.seen(state.accounts[address]))
    ]
    rest_minor = amount_minor - sum(part_minor for _, part_minor in parts)
    if rest_minor > 0:
        parts.append((to.address, rest_minor))
    return [
        Leg(payer.address, address, escrow.asset, Role.PRINCIPAL, part_minor)
        for address, part_minor in parts
    ]


def release_promise(state: State, escrow: Escrow, amount_minor: int) -> None:
    """Ends a part of what is pending from the payer to the payee."""
    payer, payee = parties_of(state, escrow)
    promised = Leg(payer.address, payee.address, escrow.asset, Role.PRINCIPAL, amount_minor)
    release_leg(state, promised)


def pay_out(state: State, escrow: Escrow, legs: list[Leg]) -> None:
    """Ends the promise of what is paid, and pays it; codes 45, 131 to 133 and 47."""
    for leg in legs:
        getter = state.accounts[leg.payee]
        refuse_if((getter.settles_at(), leg.asset) not in state.balances, "ledger.asset_not_held")
        check_free(state, leg)
    release_promise(state, escrow, sum(leg.amount_minor for leg in legs))
    for leg in legs:
        move(state, leg)


def count_released(state: State, escrow: Escrow, amount_minor: int) -> None:
    """The row ends when all is released."""
    if amount_minor == escrow.left_minor():
        free_slot(state.escrows, escrow)
    else:
        released_minor = escrow.released_minor + amount_minor
        change_slot(state.escrows, escrow, replace(escrow, released_minor=released_minor))


# --- kind 18 --------------------------------------------------------------------------------


def apply_cancel(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    asker = check_asker(state, entry, scene)
    escrow = find_escrow(state, entry, scene)
    payer, payee = parties_of(state, escrow)
    terms = parse_terms(escrow.terms)
    by_payer = asker.number == payer.number and terms.has(PAYER_MAY_CANCEL)
    refuse_if(not by_payer and asker.number != payee.number, "escrow.not_cancellable")
    taken_minor = streamed_minor(state, escrow, terms, scene)
    if taken_minor > 0:
        check_getter(payee)
        refuse_if(payer.has(AccountFlag.FROZEN), "ledger.payer_frozen")
        check_shares(state, escrow, terms, taken_minor)
    back_minor = escrow.left_minor() - taken_minor
    pay_out(state, escrow, divide(state, escrow, terms, payee, taken_minor))
    release_promise(state, escrow, back_minor)
    free_slot(state.escrows, escrow)
    return back_minor


def streamed_minor(state: State, escrow: Escrow, terms: Terms, scene: Scene) -> int:
    """Of a stream, what the payee could take at this moment without a witness."""
    if terms.period_ns == 0:
        return 0
    accrued = accrued_minor(terms, escrow.amount_minor, scene.now_ns)
    _, payee = parties_of(state, escrow)
    release = release_of(
        state,
        escrow,
        scene,
        asked_by=payee.address,
        names_terms=False,
        to=payee,
        amount_minor=accrued - escrow.released_minor,
    )
    return release.amount_minor if is_met(terms, release, []) else 0


# --- the deadline ---------------------------------------------------------------------------


def end_escrow(state: State, escrow: Escrow) -> bool:
    """Ends an escrow whose time is over; whether it was paid."""
    terms = parse_terms(escrow.terms)
    payer, payee = parties_of(state, escrow)
    free_slot(state.escrows, escrow)

    def may_get(account: Account) -> bool:
        one = Leg(payer.address, account.address, escrow.asset, Role.PRINCIPAL, 0)
        return is_open(account) and is_free(state, one)

    may_pay = not payer.has(AccountFlag.FROZEN) and may_get(payee)
    if terms.has(PAY_AT_DEADLINE) and may_pay:
        legs = divide(state, escrow, terms, payee, escrow.left_minor(), may_get)
        before = state.balances.copy()
        try:
            pay_out(state, escrow, legs)
            return True
        except Refusal:  # a sum would leave its type
            state.balances = before
    release_promise(state, escrow, escrow.left_minor())
    return False


def is_free(state: State, leg: Leg) -> bool:
    """Whether the asset's issuer lets it move."""
    try:
        check_free(state, leg)
    except Refusal:
        return False
    return True


def is_open(account: Account) -> bool:
    return not account.has(AccountFlag.CLOSED) and not account.has(AccountFlag.FROZEN)


# The table of spec/rules.py goes on here, so that rules need not know what is built on them.
rules.RULES[Kind.ESCROW] = apply_escrow
rules.RULES[Kind.RELEASE] = apply_release
rules.RULES[Kind.CANCEL] = apply_cancel
