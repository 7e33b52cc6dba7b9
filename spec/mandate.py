"""Mandates, kinds 19 to 21: what a payer allows a payee to be paid, again and again.

A mandate moves nothing. Under it the payee's institution pulls, or the payer's sends, payments
within its bounds, until it is revoked or its time is over.
"""

from __future__ import annotations

from dataclasses import replace

from spec import rules
from spec.codes import Refusal, refuse_if
from spec.policy import check_authorisation
from spec.records import MANDATE, Entry, Flag, Kind, Outcome, unpack
from spec.rules import (
    book_leg,
    check_limit,
    check_parties,
    check_plain,
    find_account,
    flags_differ,
    use_limit,
    whole_leg,
)
from spec.scene import Scene
from spec.state import (
    U32_MAX,
    Account,
    Mandate,
    State,
    change_slot,
    free_slot,
    put_in_slot,
    row_named,
)

FIXED = 1


def apply_mandate(state: State, entry: Entry, scene: Scene) -> int:
    refuse_if(
        flags_differ(entry)
        or entry.expires_ns <= scene.now_ns
        or any(entry.target)
        or entry.to_asset != 0,
        "ledger.inconsistent",
    )
    payer, payee = check_parties(state, entry, scene)
    check_authorisation(state, entry, payer, scene)
    terms = unpack(MANDATE, entry.units[0])
    maxima = (entry.amount_minor, entry.to_amount_minor, entry.bound_minor)
    refuse_if(
        maxima != tuple(sorted(maxima))
        or terms["period_ns"] == 0
        or terms["start_ns"] >= entry.expires_ns
        or terms["flags"] & ~FIXED != 0,
        "mandate.bad_terms",
    )
    for account in (payer, payee):
        refuse_if(
            (account.settles_at(), entry.asset) not in state.balances, "ledger.asset_not_held"
        )
    mandate = Mandate(
        id=entry.id,
        institution=scene.institution,
        asset=entry.asset,
        payer=payer.number,
        payee=payee.number,
        payment_minor_max=entry.amount_minor,
        period_minor_max=entry.to_amount_minor,
        total_minor_max=entry.bound_minor,
        expires_ns=entry.expires_ns,
        **terms,
    )
    put_in_slot(state.mandates, mandate)
    return 0


def end_mandate(state: State, mandate: Mandate) -> None:
    free_slot(state.mandates, mandate)


def find_mandate(state: State, entry: Entry) -> Mandate:
    """Code 96; `purpose` is the institution that recorded it."""
    mandate = row_named(state.mandates, entry.purpose, entry.target)
    if mandate is None:
        raise Refusal("mandate.unknown")
    return mandate


def apply_revoke_mandate(state: State, entry: Entry, scene: Scene) -> int:
    check_plain(entry)
    asker = find_account(state, entry.payer, "ledger.unknown_payer")
    refuse_if(asker.institution != scene.institution, "ledger.not_custodian")
    check_authorisation(state, entry, asker, scene)
    mandate = find_mandate(state, entry)
    refuse_if(asker.number not in (mandate.payer, mandate.payee), "mandate.not_party")
    end_mandate(state, mandate)
    return 0


def apply_pull(state: State, entry: Entry, scene: Scene) -> int:
    refuse_if(entry.outcome == Outcome.DECLINE, "ledger.declined")
    refuse_if(
        entry.outcome != Outcome.ACCEPT
        or flags_differ(entry)
        or entry.expires_ns != 0
        or entry.to_asset != 0
        or entry.to_amount_minor != 0,
        "ledger.inconsistent",
    )
    payer, payee = check_parties(state, entry, scene)
    check_puller(state, entry, payer, payee, scene)
    check_limit(state, entry, scene, entry.amount_minor)
    mandate = find_mandate(state, entry)
    used = use(state, mandate, entry, scene)
    book_leg(state, whole_leg(entry, entry.amount_minor), entry.flags)
    change_slot(state.mandates, mandate, used)
    use_limit(state, entry, scene, entry.amount_minor)
    return entry.amount_minor


def check_puller(state: State, entry: Entry, payer: Account, payee: Account, scene: Scene) -> None:
    """Code 38. The payer agreed once and for all. A payee with a key signs for what is pulled to
    it, unless the payer's institution sends."""
    if payer.institution == scene.institution:
        refuse_if(bool(entry.flags & Flag.SIGNED), "ledger.bad_authorisation")
    else:
        check_authorisation(state, entry, payee, scene)


def use(state: State, mandate: Mandate, entry: Entry, scene: Scene) -> Mandate:
    """The mandate with this payment under it, after codes 97 to 101."""
    running = mandate.start_ns <= scene.now_ns < mandate.expires_ns
    refuse_if(not running, "mandate.not_running")
    payer, payee = state.account_at(mandate.payer), state.account_at(mandate.payee)
    amount_minor = entry.amount_minor
    fixed = bool(mandate.flags & FIXED)
    refuse_if(
        (entry.payer, entry.payee) != (payer.address, payee.address)
        or entry.asset != mandate.asset
        or (fixed and amount_minor != mandate.payment_minor_max),
        "mandate.differs",
    )
    refuse_if(amount_minor > mandate.payment_minor_max, "mandate.payment_max")
    period = (scene.now_ns - mandate.start_ns) // mandate.period_ns
    if period != mandate.period:
        mandate = replace(mandate, period=period, used_period_minor=0, payments_used=0)
    used_period_minor = mandate.used_period_minor + amount_minor
    payments_max = mandate.payments_max or U32_MAX
    refuse_if(
        used_period_minor > mandate.period_minor_max or mandate.payments_used >= payments_max,
        "mandate.period_max",
    )
    used_total_minor = mandate.used_total_minor + amount_minor
    refuse_if(used_total_minor > mandate.total_minor_max, "mandate.total_max")
    return replace(
        mandate,
        used_period_minor=used_period_minor,
        used_total_minor=used_total_minor,
        payments_used=mandate.payments_used + 1,
    )


# The table of spec/rules.py goes on here, so that rules need not know what is built on them.
rules.RULES[Kind.MANDATE] = apply_mandate
rules.RULES[Kind.REVOKE_MANDATE] = apply_revoke_mandate
rules.RULES[Kind.PULL] = apply_pull
