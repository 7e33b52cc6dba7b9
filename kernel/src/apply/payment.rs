//! Payments, refunds, issues and redemptions: money that moves from a payer to a payee.

use super::authority::{book_spend, check_spend, check_spender};
use super::controls::{check_issuer, check_second_person, check_unseconded};
use super::flags::{balanced_minor, check_flags, closes, set_closed};
use super::legs::{Move, check_leg_accounts, check_legs, find_free_leg_move, find_free_move};
use super::{Checked, Scope, Signer, check_plain};
use crate::account::{Account, CLOSED, FROZEN, NOSTRO};
use crate::codec::{Entry, Kind, Leg, NET, Outcome, Role, Unit, legs};
use crate::hash::Domain;
use crate::hold::Hold;
use crate::limit::day_of;
use crate::refund::Refund;
use crate::rejection::Rejection;
use crate::state::State;

pub fn apply_payment(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    check_words(state, scope, entry)?;
    let (payer, payee) = find_parties(state, checked)?;
    let accounts = (state.accounts.seen(payer), state.accounts.seen(payee));
    let parties = (&accounts.0, &accounts.1);
    check_parties(signer, entry, parties)?;
    check_issuer(state, signer, entry)?;
    check_second_person(state, scope, signer, checked)?;
    let spend = match entry.kind {
        // A second person signs it, if anybody.
        Kind::Issue => None,
        _ => check_spender(state, scope, checked, (payer, parties.0))?,
    };
    let amount_minor = balanced_minor(state, entry, parties);
    let limits = check_limits(state, scope, signer, entry, amount_minor)?;
    let spend = check_spend(state, scope, spend, entry, amount_minor)?;
    let refund = check_refund(state, signer, entry)?;
    // The unit of an issue names its second person.
    if entry.units.is_empty() || entry.kind == Kind::Issue {
        let only = find_free_move(state, parties, entry.asset(), amount_minor)?;
        // Balanced to nothing.
        Rejection::ExceedsAvailable.when(amount_minor == 0)?;
        book(state, entry, &only)?;
    } else {
        check_legs(state, entry)?;
        check_leg_accounts(state, signer, entry)?;
        book_legs(state, entry)?;
    }

    if entry.is_pending() {
        place_hold(state, signer, entry, (payer, payee), amount_minor);
        set_closed(state, (payer, payee), closes(entry), true);
    }
    book_limits(state, scope, limits);
    book_spend(state, scope, spend);
    if entry.kind == Kind::Refund {
        write_refund(state, signer, entry, refund);
    }
    Ok(amount_minor)
}

/// 24 to 28: what the entry says, before anybody's account is looked at.
fn check_words(state: &State, scope: &Scope, entry: &Entry<'_>) -> Result<(), Rejection> {
    let is_payment = entry.kind == Kind::Payment;
    Rejection::Declined.when(is_payment && entry.outcome == Outcome::Decline)?;
    if is_payment {
        check_decision(scope, entry)?;
    } else {
        check_plain(entry)?;
        check_unseconded(state, entry)?;
    }
    check_conversion(entry)?;
    check_amount(state, entry)
}

/// 26 to 28.
pub fn check_amount(state: &State, entry: &Entry<'_>) -> Result<(), Rejection> {
    let converts = entry.to_asset() != 0;
    let known =
        state.assets.knows(entry.asset()) && (!converts || state.assets.knows(entry.to_asset()));
    Rejection::UnknownAsset.unless(known)?;
    Rejection::AmountZero.when(entry.amount_minor() == 0)?;
    Rejection::AmountZero.when(converts && entry.to_amount_minor() == 0)?;
    Rejection::SameAccount.when(entry.payer() == entry.payee())
}

/// 25 of a payment.
fn check_decision(scope: &Scope, entry: &Entry<'_>) -> Result<(), Rejection> {
    let is_decided = match entry.outcome {
        Outcome::None | Outcome::Decline => false,
        Outcome::Accept => true,
        Outcome::Review => entry.is_pending(),
    };
    let ends_well = match entry.is_pending() {
        true => entry.expires_ns() > scope.now_ns,
        false => entry.expires_ns() == 0,
    };
    Rejection::Inconsistent.unless(is_decided && ends_well)?;
    check_flags(entry)
}

/// 25 of everything that moves money.
fn check_conversion(entry: &Entry<'_>) -> Result<(), Rejection> {
    let to_asset = entry.to_asset();
    let holds = match entry.kind {
        Kind::Payment | Kind::Refund if to_asset == 0 => entry.to_amount_minor() == 0,
        Kind::Payment | Kind::Refund => to_asset != entry.asset() && !entry.units.is_empty(),
        Kind::Issue => to_asset == 0,
        _ => to_asset == 0 && entry.units.is_empty(),
    };
    let names_payment =
        entry.kind != Kind::Refund || (entry.target() != [0; 16] && entry.bound_minor() != 0);
    Rejection::Inconsistent.unless(holds && names_payment)
}

/// 30 and 31; 28 of accounts that settle to one.
pub fn find_parties(state: &State, checked: &Checked<'_>) -> Result<(u32, u32), Rejection> {
    let Checked { entry, parties: (payer, payee), .. } = checked;
    let find = |address| state.accounts.find(&address);
    let payer = payer.or_else(|| find(entry.payer())).ok_or(Rejection::UnknownPayer)?;
    let payee = payee.or_else(|| find(entry.payee())).ok_or(Rejection::UnknownPayee)?;
    Rejection::SameAccount.when(state.accounts.settle_alike(payer, payee))?;
    Ok((payer, payee))
}

/// 32 to 37.
pub fn check_parties(
    signer: &Signer,
    entry: &Entry<'_>,
    (payer, payee): (&Account, &Account),
) -> Result<(), Rejection> {
    let (gives, gets) =
        (payer.institution == signer.institution, payee.institution == signer.institution);
    let is_ours = match entry.kind {
        Kind::Redeem => gives && gets,
        Kind::Pull => gives || gets,
        _ => gives,
    };
    Rejection::NotCustodian.unless(is_ours)?;
    Rejection::PayerClosed.when(payer.is(CLOSED))?;
    Rejection::PayeeClosed.when(payee.is(CLOSED))?;
    Rejection::PayerFrozen.when(payer.is(FROZEN))?;
    Rejection::PayeeFrozen.when(payee.is(FROZEN))?;
    let nostro = match entry.kind {
        Kind::Issue => (true, false),
        Kind::Redeem => (false, true),
        _ => (false, false),
    };
    Rejection::NostroMisused.unless((payer.is(NOSTRO), payee.is(NOSTRO)) == nostro)
}

/// 34 and 36.
pub fn check_getter(account: &Account) -> Result<(), Rejection> {
    Rejection::PayeeClosed.when(account.is(CLOSED))?;
    Rejection::PayeeFrozen.when(account.is(FROZEN))
}

/// What the owner of an account signs; units: `Entry::signed_units`.
pub fn payment_digest(chain_id: &[u8; 32], instruction: &[u8; 32], units: &[Unit]) -> [u8; 32] {
    let head = [*chain_id, *instruction];
    if units.is_empty() {
        return Domain::Authorise.hash(head.as_flattened());
    }
    Domain::Authorise.hash(&[head.as_flattened(), units.as_flattened()].concat())
}

pub struct LimitUse {
    pub number: u32,
    pub used_minor: u128,
}

/// 39 and 40; what the uses of the key's limits become.
pub fn check_limits(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    entry: &Entry<'_>,
    amount_minor: u128,
) -> Result<Vec<LimitUse>, Rejection> {
    let mut uses = Vec::new();
    for number in state.limits.of(&signer.key) {
        let limit = state.limits.table.row(number);
        let taken_minor = taken_minor(entry, amount_minor, limit.asset);
        if taken_minor != 0 {
            Rejection::LimitPayment.when(taken_minor > limit.payment_minor_max)?;
            let used_minor = limit.used_minor_on(day_of(scope.now_ns)).saturating_add(taken_minor);
            uses.push(LimitUse { number, used_minor });
        }
    }
    let is_above =
        |one: &LimitUse| one.used_minor > state.limits.table.row(one.number).day_minor_max;
    Rejection::LimitDay.when(uses.iter().any(is_above))?;
    Ok(uses)
}

/// What an entry takes of an asset: the amount, and all legs but those of which the amount is made.
/// A sum that leaves its type is above every limit, whose maxima are amounts.
fn taken_minor(entry: &Entry<'_>, amount_minor: u128, asset: u32) -> u128 {
    let own_minor = if entry.asset() == asset { amount_minor } else { 0 };
    if !matches!(entry.kind, Kind::Payment | Kind::Refund) {
        return own_minor;
    }
    let payer = entry.payer();
    legs(entry.units)
        .filter(|leg| leg.asset == asset && (leg.from != payer || leg.role == Role::Fee))
        .fold(own_minor, |sum, leg| sum.saturating_add(leg.amount_minor))
}

pub fn book_limits(state: &mut State, scope: &Scope, uses: Vec<LimitUse>) {
    for LimitUse { number, used_minor } in uses {
        state.use_limit(number, used_minor, day_of(scope.now_ns));
    }
}

/// 41 and 42; the row of the refunded payment, when there is one, and the sum with this refund.
fn check_refund(
    state: &State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(Option<u32>, u128), Rejection> {
    if entry.kind != Kind::Refund {
        return Ok((None, 0));
    }
    let number = state.refunds.find(signer.institution, &entry.target());
    let before_minor = match number.map(|number| state.refunds.table.row(number)) {
        Some(row) => {
            Rejection::RefundDiffers.unless(row.amount_minor == entry.bound_minor())?;
            row.refunded_minor
        }
        None => 0,
    };
    let refunded_minor =
        before_minor.checked_add(entry.amount_minor()).ok_or(Rejection::RefundExceedsPayment)?;
    Rejection::RefundExceedsPayment.when(refunded_minor > entry.bound_minor())?;
    Ok((number, refunded_minor))
}

/// 45 to 47, leg by leg; a later leg sees what the earlier ones did.
fn book_legs(state: &mut State, entry: &Entry<'_>) -> Result<(), Rejection> {
    let checkpoint = state.checkpoint();
    for leg in legs(entry.units) {
        let booked = find_free_leg_move(state, &leg).and_then(|found| book(state, entry, &found));
        if booked.is_err() {
            state.rollback(checkpoint);
            return booked;
        }
    }
    Ok(())
}

#[inline]
pub fn book(state: &mut State, entry: &Entry<'_>, one: &Move) -> Result<(), Rejection> {
    if entry.is_pending() {
        state.reserve(one.from, one.to, one.amount_minor, one.may_overdraw)
    } else {
        // What a netted chain takes is looked at when its last member is booked.
        let may_overdraw = one.may_overdraw || entry.has(NET);
        state.transfer(one.from, one.to, one.amount_minor, may_overdraw)
    }
}

fn place_hold(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
    (payer, payee): (u32, u32),
    amount_minor: u128,
) {
    let only = only_leg(entry, amount_minor);
    let units = if entry.units.is_empty() { &only } else { entry.units };
    let is_plain = units == only.as_slice();
    state.place_hold(Hold {
        id: entry.id(),
        institution: signer.institution,
        asset: entry.asset(),
        payer,
        payee,
        amount_minor,
        expires_ns: entry.expires_ns(),
        outcome: entry.outcome.number(),
        closes: closes(entry),
        legs: (!is_plain).then(|| units.into()),
        legs_hash: Domain::Leaf.hash(units.as_flattened()),
    });
}

/// The leg that a payment without units stands for.
fn only_leg(entry: &Entry<'_>, amount_minor: u128) -> [Unit; 1] {
    let leg = Leg {
        from: entry.payer(),
        to: entry.payee(),
        asset: entry.asset(),
        role: Role::Principal,
        amount_minor,
    };
    [leg.write()]
}

fn write_refund(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
    (number, refunded_minor): (Option<u32>, u128),
) {
    match number {
        Some(number) => state.grow_refund(number, refunded_minor, entry.amount_minor()),
        None => state.add_refund(Refund {
            institution: signer.institution,
            target: entry.target(),
            amount_minor: entry.bound_minor(),
            refunded_minor,
        }),
    }
}
