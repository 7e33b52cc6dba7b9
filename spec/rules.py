"""What each kind of entry checks, in the order of the codes, and what it then does.

Read `apply_entry` first. The function of a kind gets a state of its own to change; when it raises
`Refusal`, that state is thrown away. It returns the amount that stands in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from spec import controls
from spec.codes import Refusal, refuse_if
from spec.hashing import ZERO32, hash_bytes
from spec.policy import check_spend, check_spender, use_spend
from spec.records import (
    ASSET,
    CLOSING,
    KEY,
    KEY_NAME,
    AccountFlag,
    Control,
    Entry,
    Flag,
    Kind,
    Leg,
    Outcome,
    Purpose,
    Result,
    ResultFlag,
    Role,
    decode_opening,
    unpack,
)
from spec.scene import Scene
from spec.state import (
    I128_MAX,
    I128_MIN,
    U128_MAX,
    Account,
    Asset,
    Balance,
    Hold,
    Key,
    Limit,
    Refund,
    State,
    free_slot,
    put_in_slot,
    row_named,
)

VALID_NS_MAX: Final = 24 * 3_600 * 10**9
SCALE_MAX: Final = 30
CODE_CHARACTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/."

PURPOSE_OF_KIND: Final[dict[int, Purpose]] = {
    Kind.PAYMENT: Purpose.PAY,
    Kind.POST: Purpose.PAY,
    Kind.VOID: Purpose.PAY,
    Kind.REFUND: Purpose.PAY,
    Kind.ISSUE: Purpose.ISSUE,
    Kind.REDEEM: Purpose.ISSUE,
    Kind.OPEN_ACCOUNT: Purpose.PAY,  # GOVERN with account flags
    Kind.CLOSE_ACCOUNT: Purpose.PAY,
    Kind.FREEZE: Purpose.COMPLIANCE,
    Kind.UNFREEZE: Purpose.COMPLIANCE,
    Kind.REGISTER_ASSET: Purpose.GOVERN,
    Kind.REGISTER_KEY: Purpose.GOVERN,
    Kind.REVOKE_KEY: Purpose.GOVERN,
    Kind.SET_LIMIT: Purpose.GOVERN,
    Kind.ESCROW: Purpose.PAY,
    Kind.RELEASE: Purpose.PAY,
    Kind.CANCEL: Purpose.PAY,
    Kind.MANDATE: Purpose.PAY,
    Kind.REVOKE_MANDATE: Purpose.PAY,
    Kind.PULL: Purpose.PAY,
    Kind.SET_AUTHORITY: Purpose.PAY,
    Kind.PROPOSE_RECOVERY: Purpose.PAY,
    Kind.FINISH_RECOVERY: Purpose.PAY,
    Kind.STOP_RECOVERY: Purpose.PAY,
    Kind.CONTROL_ASSET: Purpose.ISSUE,
    Kind.CLAWBACK: Purpose.ISSUE,
}


def look_first(state: State, entry: Entry, scene: Scene) -> Result | None:
    """Codes 20 to 23 and duplicates; None when nothing of these is to be said."""
    assert scene.key is not None
    purposes = state.keys[scene.key].purposes
    name = (scene.institution, entry.id)
    instruction_hash = hash_bytes("instruction", entry.instruction())
    known = state.remembered.get(name)
    reused = known is not None and known.instruction_hash != instruction_hash
    # A hold may outlive the window. Its name stays taken, or two holds could have one name.
    makes_hold = entry.kind == Kind.PAYMENT and bool(entry.flags & Flag.PENDING)
    names_hold = makes_hold and row_named(state.holds, *name) is not None
    names_escrow = entry.kind == Kind.ESCROW and row_named(state.escrows, *name) is not None
    names_mandate = entry.kind == Kind.MANDATE and row_named(state.mandates, *name) is not None
    names_row = known is None and (names_hold or names_escrow or names_mandate)
    try:
        refuse_if(purposes_of(entry) & ~purposes != 0, "key.wrong_purpose")
        refuse_if(entry.valid_until_ns < scene.now_ns, "ledger.expired")
        refuse_if(entry.valid_until_ns > scene.now_ns + VALID_NS_MAX, "ledger.valid_too_long")
        refuse_if(reused or names_row, "ledger.id_reused")
    except Refusal as refusal:
        return Result(entry.kind, refusal.code)
    if known is not None:
        return Result(entry.kind, known.code, ResultFlag.DUPLICATE, known.height)
    return None


def purposes_of(entry: Entry) -> int:
    """The purposes that a key needs for this entry."""
    purpose = PURPOSE_OF_KIND[entry.kind]
    if entry.kind == Kind.OPEN_ACCOUNT:
        flags = decode_opening(entry.units).flags & ~AccountFlag.SUB
        purpose = Purpose.GOVERN if flags else purpose
    return purpose | Purpose.IMPORT if entry.flags & Flag.IMPORTED else purpose


def apply_rule(state: State, entry: Entry, scene: Scene) -> int:
    """Does what the entry says, and returns the amount that stands in its result. A state in which
    an entry was refused is to be thrown away."""
    amount_minor = RULES[entry.kind](state, entry, scene)
    if entry.flags & Flag.IMPORTED:
        assert scene.key is not None
        key = state.keys[scene.key]
        in_order = key.imported_ns < entry.created_ns < scene.now_ns
        refuse_if(not in_order, "import.time_differs")
        state.keys[scene.key] = replace(key, imported_ns=entry.created_ns)
    return amount_minor


# --- flags ----------------------------------------------------------------------------------

IMPORTABLE: Final = Flag.LINKED | Flag.IMPORTED
FLAGS_OF_KIND: Final[dict[int, int]] = {  # of the others: LINKED alone
    Kind.PAYMENT: sum(Flag) & ~Flag.BALANCING_PAYEE,
    Kind.REFUND: IMPORTABLE | Flag.SIGNED | Flag.NET,
    Kind.ISSUE: IMPORTABLE | Flag.SIGNED,
    Kind.CONTROL_ASSET: Flag.LINKED | Flag.SIGNED,
    Kind.CLAWBACK: Flag.LINKED | Flag.SIGNED,
    Kind.REDEEM: IMPORTABLE | Flag.SIGNED | Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE,
    Kind.OPEN_ACCOUNT: IMPORTABLE,
    Kind.ESCROW: Flag.LINKED | Flag.SIGNED,
    Kind.RELEASE: Flag.LINKED | Flag.SIGNED,
    Kind.CANCEL: Flag.LINKED | Flag.SIGNED,
    Kind.MANDATE: Flag.LINKED | Flag.SIGNED,
    Kind.REVOKE_MANDATE: Flag.LINKED | Flag.SIGNED,
    Kind.PULL: Flag.LINKED | Flag.SIGNED | Flag.NET,
    Kind.SET_AUTHORITY: Flag.LINKED | Flag.SIGNED,
    Kind.PROPOSE_RECOVERY: Flag.LINKED | Flag.SIGNED,
    Kind.STOP_RECOVERY: Flag.LINKED | Flag.SIGNED,
}
BALANCING: Final = Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE


def flags_differ(entry: Entry) -> bool:
    """Code 25 as far as it is about flags."""
    flags = entry.flags
    pending, net = bool(flags & Flag.PENDING), bool(flags & Flag.NET)
    return (
        bool(flags & ~FLAGS_OF_KIND.get(entry.kind, Flag.LINKED))
        or (pending and bool(flags & (Flag.IMPORTED | Flag.NET)))
        or (not pending and bool(flags & CLOSING))
        or (bool(flags & BALANCING) and (net or bool(entry.units) or entry.to_asset != 0))
    )


def balanced_minor(state: State, entry: Entry) -> int:
    """What a balancing entry moves: at most its amount. An account that does not hold the asset
    bounds nothing; it is refused by code 45 in its turn."""
    amount_minor = entry.amount_minor
    give = state.balances.get((state.accounts[entry.payer].settles_at(), entry.asset))
    get = state.balances.get((state.accounts[entry.payee].settles_at(), entry.asset))
    if entry.flags & Flag.BALANCING_PAYER and give is not None:
        amount_minor = min(amount_minor, max(give.available_minor(), 0))
    if entry.flags & Flag.BALANCING_PAYEE and get is not None:
        below_zero_minor = -(get.posted_minor + get.pending_in_minor)
        amount_minor = min(amount_minor, max(below_zero_minor, 0))
    return amount_minor


# --- payments, refunds, issues, redemptions -------------------------------------------------


def apply_payment(state: State, entry: Entry, scene: Scene) -> int:
    pending = bool(entry.flags & Flag.PENDING)
    refuse_if(entry.outcome == Outcome.DECLINE, "ledger.declined")
    refuse_if(
        entry.outcome == Outcome.NONE
        or (entry.outcome == Outcome.REVIEW and not pending)
        or (pending and entry.expires_ns <= scene.now_ns)
        or (not pending and entry.expires_ns != 0)
        or exchange_is_inconsistent(entry)
        or flags_differ(entry),
        "ledger.inconsistent",
    )
    payer, payee = check_parties(state, entry, scene)
    spend = check_spender(state, entry, payer, scene)
    amount_minor = balanced_minor(state, entry)
    check_limit(state, entry, scene, amount_minor)
    check_spend(state, spend, entry, scene, amount_minor)
    legs = check_legs(state, entry, scene, amount_minor, fees_minor_max=entry.bound_minor)
    for leg in legs:
        book_leg(state, leg, entry.flags)
    if pending:
        hold = Hold(
            id=entry.id,
            institution=scene.institution,
            asset=entry.asset,
            payer=payer.number,
            payee=payee.number,
            amount_minor=amount_minor,
            expires_ns=entry.expires_ns,
            outcome=entry.outcome,
            closes=(entry.flags & CLOSING) // Flag.CLOSING_PAYER,
            legs=legs,
        )
        put_in_slot(state.holds, hold)
        for account in accounts_to_close(state, hold):
            set_flags(state, account, account.flags | AccountFlag.CLOSED)
    use_limit(state, entry, scene, amount_minor)
    use_spend(state, spend, entry, scene, amount_minor)
    return amount_minor


def apply_refund(state: State, entry: Entry, scene: Scene) -> int:
    refuse_if(
        flags_differ(entry)
        or entry.expires_ns != 0
        or not any(entry.target)
        or entry.bound_minor == 0
        or exchange_is_inconsistent(entry),
        "ledger.inconsistent",
    )
    payer, _ = check_parties(state, entry, scene)
    spend = check_spender(state, entry, payer, scene)
    check_limit(state, entry, scene, entry.amount_minor)
    check_spend(state, spend, entry, scene, entry.amount_minor)
    name = (scene.institution, entry.target)
    row = state.refunds.get(name, Refund(*name, entry.bound_minor, 0))
    refunded_minor = row.refunded_minor + entry.amount_minor
    refuse_if(row.amount_minor != entry.bound_minor, "ledger.refund_differs")
    refuse_if(refunded_minor > entry.bound_minor, "ledger.refund_exceeds_payment")
    for leg in check_legs(state, entry, scene, entry.amount_minor, fees_minor_max=0):
        book_leg(state, leg, entry.flags)
    state.refunds[name] = replace(row, refunded_minor=refunded_minor)
    use_limit(state, entry, scene, entry.amount_minor)
    use_spend(state, spend, entry, scene, entry.amount_minor)
    return entry.amount_minor


def apply_issue_or_redeem(state: State, entry: Entry, scene: Scene) -> int:
    redeems = entry.kind == Kind.REDEEM
    refuse_if(
        flags_differ(entry)
        or entry.expires_ns != 0
        or entry.to_asset != 0
        or (redeems and bool(entry.units))
        or controls.seconded_in_vain(state, entry),
        "ledger.inconsistent",
    )
    payer, _ = check_parties(state, entry, scene)
    controls.check_issuer(state, entry, scene)
    controls.check_second_person(state, entry, scene)
    spend = check_spender(state, entry, payer, scene) if redeems else None
    amount_minor = balanced_minor(state, entry)
    check_limit(state, entry, scene, amount_minor)
    check_spend(state, spend, entry, scene, amount_minor)
    book_leg(state, whole_leg(entry, amount_minor), entry.flags)
    use_limit(state, entry, scene, amount_minor)
    use_spend(state, spend, entry, scene, amount_minor)
    return amount_minor


def exchange_is_inconsistent(entry: Entry) -> bool:
    """What the payee gets in another asset needs that asset and explicit legs."""
    if entry.to_asset == 0:
        return entry.to_amount_minor != 0
    return entry.to_asset == entry.asset or not entry.units


def check_parties(state: State, entry: Entry, scene: Scene) -> tuple[Account, Account]:
    """Codes 26 to 37, which kinds 2, 5, 6 and 7 share."""
    exchanged = entry.to_asset != 0
    refuse_if(entry.asset not in state.assets, "ledger.unknown_asset")
    refuse_if(exchanged and entry.to_asset not in state.assets, "ledger.unknown_asset")
    refuse_if(entry.amount_minor == 0, "ledger.amount_zero")
    refuse_if(exchanged and entry.to_amount_minor == 0, "ledger.amount_zero")
    refuse_if(entry.payer == entry.payee, "ledger.same_account")
    payer = find_account(state, entry.payer, "ledger.unknown_payer")
    payee = find_account(state, entry.payee, "ledger.unknown_payee")
    refuse_if(payer.settles_at() == payee.settles_at(), "ledger.same_account")
    pulls = entry.kind == Kind.PULL and payee.institution == scene.institution
    refuse_if(payer.institution != scene.institution and not pulls, "ledger.not_custodian")
    if entry.kind == Kind.REDEEM:
        refuse_if(payee.institution != scene.institution, "ledger.not_custodian")
    refuse_if(payer.has(AccountFlag.CLOSED), "ledger.payer_closed")
    refuse_if(payee.has(AccountFlag.CLOSED), "ledger.payee_closed")
    refuse_if(payer.has(AccountFlag.FROZEN), "ledger.payer_frozen")
    refuse_if(payee.has(AccountFlag.FROZEN), "ledger.payee_frozen")
    payer_is_nostro = payer.has(AccountFlag.NOSTRO)
    payee_is_nostro = payee.has(AccountFlag.NOSTRO)
    refuse_if(payer_is_nostro != (entry.kind == Kind.ISSUE), "ledger.nostro_misused")
    refuse_if(payee_is_nostro != (entry.kind == Kind.REDEEM), "ledger.nostro_misused")
    return payer, payee


def find_account(state: State, address: bytes, otherwise: str) -> Account:
    account = state.account(address)
    if account is None:
        raise Refusal(otherwise)
    return account


# --- limits ---------------------------------------------------------------------------------


def used_minor_after(limit: Limit, amount_minor: int, scene: Scene) -> int:
    """What the key would have moved today."""
    return scene.of_today(limit.used_minor, limit.day) + amount_minor


def taken_minor(entry: Entry, amount_minor: int, asset: int) -> int:
    """What an entry takes of an asset: the amount, and all legs but those of which it is made."""
    taken = amount_minor if entry.asset == asset else 0
    if entry.kind in (Kind.PAYMENT, Kind.REFUND):
        for leg in entry.legs():
            beside = leg.payer != entry.payer or leg.role == Role.FEE
            taken += leg.amount_minor if leg.asset == asset and beside else 0
    return taken


def limits_of(state: State, entry: Entry, scene: Scene, amount_minor: int) -> dict[Limit, int]:
    """The key's limits that the entry counts for, with what it takes."""
    assert scene.key is not None
    own = [limit for limit in state.limits.values() if limit.key == scene.key]
    taken = {limit: taken_minor(entry, amount_minor, limit.asset) for limit in own}
    return {limit: minor for limit, minor in taken.items() if minor != 0}


def check_limit(state: State, entry: Entry, scene: Scene, amount_minor: int) -> None:
    taken = limits_of(state, entry, scene, amount_minor)
    for limit, minor in taken.items():
        refuse_if(minor > limit.payment_minor_max, "ledger.limit_payment")
    for limit, minor in taken.items():
        used_minor = used_minor_after(limit, minor, scene)
        refuse_if(used_minor > limit.day_minor_max, "ledger.limit_day")


def use_limit(state: State, entry: Entry, scene: Scene, amount_minor: int) -> None:
    for limit, minor in limits_of(state, entry, scene, amount_minor).items():
        used_minor = used_minor_after(limit, minor, scene)
        state.limits[(limit.key, limit.asset)] = replace(
            limit, used_minor=used_minor, day=scene.today()
        )


# --- legs -----------------------------------------------------------------------------------


def whole_leg(entry: Entry, amount_minor: int) -> Leg:
    """The one leg of an entry without units."""
    return Leg(entry.payer, entry.payee, entry.asset, Role.PRINCIPAL, amount_minor)


def check_legs(
    state: State, entry: Entry, scene: Scene, amount_minor: int, fees_minor_max: int
) -> tuple[Leg, ...]:
    """The legs of a payment or refund, after codes 43 and 44."""
    if not entry.units:
        return (whole_leg(entry, amount_minor),)
    legs = entry.legs()
    refuse_if(legs_differ(state, entry, legs, fees_minor_max), "ledger.legs_differ")
    for leg in legs:
        allowed = may_give(state, leg, entry, scene) and may_get(state, leg)
        moves = allowed and not settle_alike(state, leg.payer, leg.payee)
        refuse_if(not moves, "ledger.leg_unauthorised")
    return legs


def legs_differ(state: State, entry: Entry, legs: tuple[Leg, ...], fees_minor_max: int) -> bool:
    """Whether the legs are not what the instruction says."""
    exchanged = entry.to_asset != 0
    get_asset = entry.to_asset if exchanged else entry.asset
    get_minor = entry.to_amount_minor if exchanged else entry.amount_minor
    from_payer = [leg for leg in legs if leg.payer == entry.payer]
    to_payee = [leg for leg in legs if leg.payee == entry.payee and leg.role != Role.FEE]
    given_minor = sum_minor(leg for leg in from_payer if leg.role != Role.FEE)
    fees_minor = sum_minor(leg for leg in from_payer if leg.role == Role.FEE)
    return (
        any(leg.amount_minor == 0 for leg in legs)
        or any(leg.payer == leg.payee for leg in legs)
        or any(leg.asset not in state.assets for leg in legs)
        or any(leg.asset != entry.asset for leg in from_payer)
        or given_minor != entry.amount_minor
        or fees_minor > fees_minor_max
        or any(leg.asset != get_asset for leg in to_payee)
        or sum_minor(to_payee) != get_minor
        or any(leg.payer == entry.payee for leg in legs)
        or any(leg.payee == entry.payer for leg in legs)
    )


def sum_minor(legs: Iterable[Leg]) -> int:
    return sum(leg.amount_minor for leg in legs)


def may_give(state: State, leg: Leg, entry: Entry, scene: Scene) -> bool:
    """From the payer, or from an operating account of the institution that signs the envelope."""
    account = state.account(leg.payer)
    if leg.payer == entry.payer:
        return True
    return (
        account is not None
        and account.institution == scene.institution
        and account.has(AccountFlag.OPERATING)
        and not account.has(AccountFlag.NOSTRO)
        and not account.has(AccountFlag.CLOSED)
        and not account.has(AccountFlag.FROZEN)
    )


def settle_alike(state: State, giver: bytes, getter: bytes) -> bool:
    """Whether both accounts settle to the same one. They are known."""
    return state.accounts[giver].settles_at() == state.accounts[getter].settles_at()


def may_get(state: State, leg: Leg) -> bool:
    account = state.account(leg.payee)
    return (
        account is not None
        and not account.has(AccountFlag.NOSTRO)
        and not account.has(AccountFlag.CLOSED)
        and not account.has(AccountFlag.FROZEN)
    )


def book_leg(state: State, leg: Leg, flags: int) -> None:
    """Moves a leg's amount, or holds it, after codes 45 to 47. Later legs see what earlier did."""
    giver, getter = state.accounts[leg.payer], state.accounts[leg.payee]
    give = state.balances.get((giver.settles_at(), leg.asset))
    get = state.balances.get((getter.settles_at(), leg.asset))
    if give is None or get is None:
        raise Refusal("ledger.asset_not_held")
    controls.check_movement(state.assets[leg.asset], give, get, getter)
    lacking = not giver.has(AccountFlag.NOSTRO) and give.available_minor() < leg.amount_minor
    balanced_to_nothing = leg.amount_minor == 0
    refuse_if((lacking and not flags & Flag.NET) or balanced_to_nothing, "ledger.exceeds_available")
    if flags & Flag.PENDING:
        save_balance(state, hold_more(give, out_minor=leg.amount_minor))
        save_balance(state, hold_more(get, in_minor=leg.amount_minor))
    else:
        move(state, leg)


def move(state: State, leg: Leg) -> None:
    """Books posted amounts. The caller has checked that both balances are there."""
    give = state.balances[state.accounts[leg.payer].settles_at(), leg.asset]
    get = state.balances[state.accounts[leg.payee].settles_at(), leg.asset]
    save_balance(state, replace(give, posted_minor=give.posted_minor - leg.amount_minor))
    save_balance(state, replace(get, posted_minor=get.posted_minor + leg.amount_minor))


def hold_more(balance: Balance, *, in_minor: int = 0, out_minor: int = 0) -> Balance:
    """The balance with more pending; less, when negative."""
    return replace(
        balance,
        pending_in_minor=balance.pending_in_minor + in_minor,
        pending_out_minor=balance.pending_out_minor + out_minor,
    )


def save_balance(state: State, balance: Balance) -> None:
    refuse_if(not I128_MIN <= balance.posted_minor <= I128_MAX, "ledger.overflow")
    refuse_if(balance.pending_in_minor > U128_MAX, "ledger.overflow")
    refuse_if(balance.pending_out_minor > U128_MAX, "ledger.overflow")
    state.balances[balance.account, balance.asset] = balance


# --- holds ----------------------------------------------------------------------------------


def release_hold(state: State, hold: Hold) -> None:
    """Ends a hold: nothing of it is pending any more."""
    for leg in hold.legs:
        release_leg(state, leg)
    free_slot(state.holds, hold)


def release_leg(state: State, leg: Leg) -> None:
    """Ends what is pending of a leg."""
    give = state.balances[state.accounts[leg.payer].settles_at(), leg.asset]
    save_balance(state, hold_more(give, out_minor=-leg.amount_minor))
    get = state.balances[state.accounts[leg.payee].settles_at(), leg.asset]
    save_balance(state, hold_more(get, in_minor=-leg.amount_minor))


def return_hold(state: State, hold: Hold) -> None:
    """Ends a hold from which nothing is posted: what it closed is open again."""
    for account in accounts_to_close(state, hold):
        set_flags(state, account, account.flags & ~AccountFlag.CLOSED)
    release_hold(state, hold)


def accounts_to_close(state: State, hold: Hold) -> list[Account]:
    """What a closing hold closed when it was made: bit 0 the payer, bit 1 the payee."""
    accounts = list(state.accounts.values())
    parties = [accounts[hold.payer], accounts[hold.payee]]
    return [party for bit, party in enumerate(parties) if hold.closes & 1 << bit]


def find_hold(state: State, entry: Entry, scene: Scene) -> Hold:
    hold = row_named(state.holds, scene.institution, entry.target)
    if hold is None:
        raise Refusal("hold.unknown")
    return hold


def apply_post(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry, entry.outcome == Outcome.ACCEPT)
    hold = find_hold(state, entry, scene)
    payer, payee = state.account_at(hold.payer), state.account_at(hold.payee)
    same = (entry.payer, entry.payee, entry.asset) == (payer.address, payee.address, hold.asset)
    refuse_if(hold.expires_ns <= scene.now_ns, "hold.expired")
    refuse_if(not same, "hold.differs")
    refuse_if(entry.amount_minor == 0, "ledger.amount_zero")
    refuse_if(entry.amount_minor > hold.amount_minor, "hold.exceeded")
    refuse_if(payer.has(AccountFlag.FROZEN), "ledger.payer_frozen")
    refuse_if(payee.has(AccountFlag.FROZEN), "ledger.payee_frozen")
    legs = legs_to_post(entry, hold)
    for leg in legs:
        check_free(state, leg)
    release_hold(state, hold)
    for leg in legs:
        move(state, leg)
    return entry.amount_minor


def legs_to_post(entry: Entry, hold: Hold) -> tuple[Leg, ...]:
    """What a post books, after code 54."""
    if not entry.units:
        whole = entry.amount_minor == hold.amount_minor
        refuse_if(not whole and len(hold.legs) != 1, "hold.legs_differ")
        if whole:
            return hold.legs
        return (replace(hold.legs[0], amount_minor=entry.amount_minor),)
    legs = entry.legs()
    refuse_if(len(legs) != len(hold.legs), "hold.legs_differ")
    for leg, held in zip(legs, hold.legs, strict=True):
        refuse_if(replace(leg, amount_minor=held.amount_minor) != held, "hold.legs_differ")
        refuse_if(leg.amount_minor > held.amount_minor, "hold.legs_differ")
    given = (leg for leg in legs if leg.payer == entry.payer and leg.role != Role.FEE)
    refuse_if(sum_minor(given) != entry.amount_minor, "hold.legs_differ")
    return legs


def check_free(state: State, leg: Leg) -> None:
    """Codes 131 to 133: the issuer may have changed its mind since the money was promised."""
    getter = state.accounts[leg.payee]
    give = state.balances[state.accounts[leg.payer].settles_at(), leg.asset]
    get = state.balances[getter.settles_at(), leg.asset]
    controls.check_movement(state.assets[leg.asset], give, get, getter)


def apply_void(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    return_hold(state, find_hold(state, entry, scene))
    return 0


# --- accounts -------------------------------------------------------------------------------


def check_plain(entry: Entry, also: bool = True) -> None:
    """Code 25 of the kinds that neither make a hold nor move money by themselves."""
    refuse_if(flags_differ(entry) or entry.expires_ns != 0 or not also, "ledger.inconsistent")


def apply_open_account(state: State, entry: Entry, scene: Scene) -> int:
    opening = decode_opening(entry.units)
    listed = [number for number in opening.assets if number != 0]
    zeros_last = opening.assets[: len(listed)] == tuple(listed)
    distinct = len(set(listed)) == len(listed)
    own_flags = opening.flags & ~(AccountFlag.NOSTRO | AccountFlag.OPERATING) == 0
    is_sub = opening.flags == AccountFlag.SUB
    bare_sub = is_sub and not listed and opening.owner == ZERO32
    plain = own_flags and not any(entry.payee)
    check_plain(entry, zeros_last and distinct and (bare_sub or plain))
    refuse_if(any(number not in state.assets for number in listed), "ledger.unknown_asset")
    refuse_if(entry.payer in state.accounts, "account.exists")
    parent = find_parent(state, entry, scene) if is_sub else None
    account = Account(
        number=len(state.accounts),
        address=entry.payer,
        institution=scene.institution,
        flags=opening.flags,
        category=entry.to_asset,
        owner=opening.owner,
        opened_ns=scene.now_ns,
        parent=parent.number + 1 if parent else 0,
    )
    state.accounts[account.address] = account
    for number in listed:
        save_balance(state, Balance(account.number, number))
    return 0


def find_parent(state: State, entry: Entry, scene: Scene) -> Account:
    """Code 124: what a sub-account settles to."""
    parent = state.accounts.get(entry.payee)
    if parent is None:
        raise Refusal("account.bad_parent")
    of_its_own = AccountFlag.NOSTRO | AccountFlag.OPERATING | AccountFlag.SUB | AccountFlag.CLOSED
    refuse_if(parent.institution != scene.institution, "account.bad_parent")
    refuse_if(parent.has(of_its_own), "account.bad_parent")
    return parent


def find_own_account(state: State, entry: Entry, scene: Scene) -> Account:
    """The account of an entry that is about one account; codes 25, 30 and 32."""
    check_plain(entry)
    find_account(state, entry.payer, "ledger.unknown_payer")
    account = state.accounts[entry.payer]  # with its own flags, whatever its parent's are
    refuse_if(account.institution != scene.institution, "ledger.not_custodian")
    return account


def set_flags(state: State, account: Account, flags: int) -> None:
    state.accounts[account.address] = replace(account, flags=flags)


def apply_close_account(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    refuse_if(account.has(AccountFlag.CLOSED), "ledger.payer_closed")
    for balance in state.balances.values():
        amounts = (balance.posted_minor, balance.pending_in_minor, balance.pending_out_minor)
        refuse_if(balance.account == account.number and any(amounts), "account.not_empty")
    set_flags(state, account, account.flags | AccountFlag.CLOSED)
    return 0


def apply_freeze(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    refuse_if(account.has(AccountFlag.CLOSED), "account.already_closed")
    refuse_if(account.has(AccountFlag.FROZEN), "account.already_frozen")
    set_flags(state, account, account.flags | AccountFlag.FROZEN)
    return 0


def apply_unfreeze(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    refuse_if(account.has(AccountFlag.CLOSED), "account.already_closed")
    refuse_if(not account.has(AccountFlag.FROZEN), "account.not_frozen")
    set_flags(state, account, account.flags & ~AccountFlag.FROZEN)
    return 0


# --- assets and keys ------------------------------------------------------------------------


def apply_register_asset(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    unit = unpack(ASSET, entry.units[0])
    code, scale = unit["code"], unit["scale"]
    known_controls = unit["controls"] & ~sum(Control) == 0
    has_issuer = unit["issuer"] != 0
    letters = code.rstrip(b"\0")
    taken = any(asset.code == code for asset in state.assets.values())
    plain = len(letters) > 0 and all(letter in CODE_CHARACTERS for letter in letters)
    refuse_if(entry.asset != len(state.assets) + 1, "asset.out_of_order")
    refuse_if(taken, "asset.code_taken")
    refuse_if(not plain or scale > SCALE_MAX, "asset.bad_code")
    refuse_if(not known_controls, "asset.bad_controls")
    refuse_if(has_issuer != (unit["controls"] != 0), "asset.bad_controls")
    state.assets[entry.asset] = Asset(
        entry.asset, scale, 0, code, controls=unit["controls"], issuer=unit["issuer"]
    )
    return 0


def apply_register_key(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    key = Key(**unpack(KEY, entry.units[0]))
    known_purposes = key.purposes & ~sum(Purpose) == 0
    refuse_if(key.key in state.keys, "key.exists")
    refuse_if(key.purposes == 0 or not known_purposes, "key.bad_purpose")
    check_governs(scene, key)
    state.keys[key.key] = key
    return 0


def check_governs(scene: Scene, key: Key) -> None:
    """An institution governs its own keys; institution 0, the network, and genesis all."""
    refuse_if(scene.institution not in (0, key.institution), "key.other_institution")


def find_key(state: State, entry: Entry) -> Key:
    name = unpack(KEY_NAME, entry.units[0])["key"]
    if name not in state.keys:
        raise Refusal("key.unknown")
    return state.keys[name]


def apply_revoke_key(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    key = find_key(state, entry)
    refuse_if(key.revoked_height != 0, "key.already_revoked")
    check_governs(scene, key)
    state.keys[key.key] = replace(key, revoked_height=scene.height)
    return 0


def apply_set_limit(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    refuse_if(entry.asset not in state.assets, "ledger.unknown_asset")
    key = find_key(state, entry)
    check_governs(scene, key)
    name = (key.key, entry.asset)
    limit = state.limits.get(name, Limit(*name, 0, 0))
    state.limits[name] = replace(
        limit, payment_minor_max=entry.amount_minor, day_minor_max=entry.to_amount_minor
    )
    return 0


def apply_clawback(state: State, entry: Entry, scene: Scene) -> int:
    """Posted money goes back to the issuer, whoever froze it; what is promised stays promised."""
    check_plain(entry)
    holder, taker = controls.check_clawback(state, entry, scene)
    check_limit(state, entry, scene, entry.amount_minor)
    give = state.balances.get((holder.settles_at(), entry.asset))
    get = state.balances.get((taker.settles_at(), entry.asset))
    if give is None or get is None:
        raise Refusal("ledger.asset_not_held")
    refuse_if(give.available_minor() < entry.amount_minor, "ledger.exceeds_available")
    move(state, whole_leg(entry, entry.amount_minor))
    use_limit(state, entry, scene, entry.amount_minor)
    return entry.amount_minor


def apply_control_asset(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    return controls.apply_control_asset(state, entry, scene)


RULES: Final[dict[int, Callable[[State, Entry, Scene], int]]] = {
    Kind.PAYMENT: apply_payment,
    Kind.POST: apply_post,
    Kind.VOID: apply_void,
    Kind.REFUND: apply_refund,
    Kind.ISSUE: apply_issue_or_redeem,
    Kind.REDEEM: apply_issue_or_redeem,
    Kind.OPEN_ACCOUNT: apply_open_account,
    Kind.CLOSE_ACCOUNT: apply_close_account,
    Kind.FREEZE: apply_freeze,
    Kind.UNFREEZE: apply_unfreeze,
    Kind.REGISTER_ASSET: apply_register_asset,
    Kind.REGISTER_KEY: apply_register_key,
    Kind.REVOKE_KEY: apply_revoke_key,
    Kind.SET_LIMIT: apply_set_limit,
    Kind.CONTROL_ASSET: apply_control_asset,
    Kind.CLAWBACK: apply_clawback,
}
