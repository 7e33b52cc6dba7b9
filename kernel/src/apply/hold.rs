//! The ends of a hold: post, void and, through the sweep, its expiry.

use super::controls::check_moves;
use super::flags::reopen;
use super::legs::{Move, Moves, find_leg_move, find_move};
use super::{Scope, Signer, check_plain};
use crate::account::{Accounts, FROZEN};
use crate::codec::{Entry, Leg, Outcome, Role, Unit, legs};
use crate::hold::Hold;
use crate::rejection::Rejection;
use crate::state::State;

pub fn post_hold(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<u128, Rejection> {
    check_plain(entry)?;
    Rejection::Inconsistent.unless(entry.outcome == Outcome::Accept)?;
    let slot =
        state.holds.find(signer.institution, &entry.target()).ok_or(Rejection::HoldUnknown)?;
    let hold = state.holds.slots.row(slot);
    Rejection::HoldExpired.when(hold.expires_ns <= scope.now_ns)?;
    check_hold(state, hold, entry)?;
    let (held, posted) = find_moves(state, hold, entry)?;
    check_moves(state, posted.as_slice())?;

    let checkpoint = state.checkpoint();
    release(state, &held);
    state.end_hold(slot);
    for one in posted.as_slice() {
        // What was promised is there: 46 was checked when the hold was placed.
        if let Err(rejection) = state.transfer(one.from, one.to, one.amount_minor, true) {
            state.rollback(checkpoint);
            return Err(rejection);
        }
    }
    Ok(entry.amount_minor())
}

/// 52, 27, 53, 35, 36.
fn check_hold(state: &State, hold: &Hold, entry: &Entry<'_>) -> Result<(), Rejection> {
    let payer = state.accounts.seen(hold.payer);
    let payee = state.accounts.seen(hold.payee);
    let is_same = payer.address == entry.payer()
        && payee.address == entry.payee()
        && hold.asset == entry.asset();
    Rejection::HoldDiffers.unless(is_same)?;
    Rejection::AmountZero.when(entry.amount_minor() == 0)?;
    Rejection::HoldExceeded.when(entry.amount_minor() > hold.amount_minor)?;
    Rejection::PayerFrozen.when(payer.is(FROZEN))?;
    Rejection::PayeeFrozen.when(payee.is(FROZEN))
}

/// 54; what the hold promised, and what is posted of it.
fn find_moves(state: &State, hold: &Hold, entry: &Entry<'_>) -> Result<(Moves, Moves), Rejection> {
    let held = held_moves(state, hold);
    let is_whole = entry.amount_minor() == hold.amount_minor;
    let has_one_leg = hold.legs_count() == 1;
    let mut posted = Moves::default();
    if entry.units.is_empty() {
        Rejection::HoldLegsDiffer.unless(is_whole || has_one_leg)?;
        for one in held.as_slice() {
            let amount_minor = if is_whole { one.amount_minor } else { entry.amount_minor() };
            posted.push(Move { amount_minor, ..*one });
        }
    } else {
        check_posted_legs(&held_units(&state.accounts, hold), entry)?;
        for (one, leg) in held.as_slice().iter().zip(legs(entry.units)) {
            posted.push(Move { amount_minor: leg.amount_minor, ..*one });
        }
    }
    Ok((held, posted))
}

fn check_posted_legs(held: &[Unit], entry: &Entry<'_>) -> Result<(), Rejection> {
    Rejection::HoldLegsDiffer.unless(held.len() == entry.units.len())?;
    let mut captured_minor: u128 = 0;
    for (held, leg) in legs(held).zip(legs(entry.units)) {
        let is_same = Leg { amount_minor: held.amount_minor, ..leg } == held;
        Rejection::HoldLegsDiffer.unless(is_same && leg.amount_minor <= held.amount_minor)?;
        if leg.from == entry.payer() && leg.role != Role::Fee {
            captured_minor =
                captured_minor.checked_add(leg.amount_minor).ok_or(Rejection::HoldLegsDiffer)?;
        }
    }
    Rejection::HoldLegsDiffer.unless(captured_minor == entry.amount_minor())
}

/// Kind 4: an expired hold that is not swept yet may be voided.
pub fn void_hold(state: &mut State, signer: &Signer, entry: &Entry<'_>) -> Result<(), Rejection> {
    check_plain(entry)?;
    let slot =
        state.holds.find(signer.institution, &entry.target()).ok_or(Rejection::HoldUnknown)?;
    end_hold(state, slot);
    Ok(())
}

/// Releases a hold.
pub fn end_hold(state: &mut State, slot: u32) {
    let held = held_moves(state, state.holds.slots.row(slot));
    reopen(state, slot);
    release(state, &held);
    state.end_hold(slot);
}

fn release(state: &mut State, held: &Moves) {
    for one in held.as_slice() {
        state.release(one.from, one.to, one.amount_minor);
    }
}

/// Accounts and balance rows are never removed, so that what a hold names is still there.
fn held_moves(state: &State, hold: &Hold) -> Moves {
    const FOUND: &str = "invariant: the rows of a hold exist";
    let mut moves = Moves::default();
    match &hold.legs {
        None => {
            let accounts = &state.accounts.table;
            let parties = (accounts.row(hold.payer), accounts.row(hold.payee));
            let only = find_move(state, parties, hold.asset, hold.amount_minor);
            moves.push(only.expect(FOUND));
        }
        Some(units) => {
            for leg in legs(units) {
                moves.push(find_leg_move(state, &leg).expect(FOUND));
            }
        }
    }
    moves
}

/// The legs of a hold, written out.
pub fn held_units(accounts: &Accounts, hold: &Hold) -> Vec<Unit> {
    match &hold.legs {
        Some(units) => units.to_vec(),
        None => {
            let leg = Leg {
                from: accounts.table.row(hold.payer).address,
                to: accounts.table.row(hold.payee).address,
                asset: hold.asset,
                role: Role::Principal,
                amount_minor: hold.amount_minor,
            };
            vec![leg.write()]
        }
    }
}
