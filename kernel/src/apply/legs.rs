//! Legs: the exact moves of a payment or refund, checked against what the client wanted.

use super::controls::{check_movement, check_moves};
use super::{Signer, may_overdraw};
use crate::account::{Account, CLOSED, FROZEN, NOSTRO, OPERATING};
use crate::codec::{Entry, Kind, Leg, Role, UNITS_MAX, legs};
use crate::rejection::Rejection;
use crate::state::State;

/// 43: explicit legs must add up to the instruction.
pub fn check_legs(state: &State, entry: &Entry<'_>) -> Result<(), Rejection> {
    let fees_max = if entry.kind == Kind::Payment { entry.bound_minor() } else { 0 };
    let mut sums = Sums::default();
    for leg in legs(entry.units) {
        Rejection::LegsDiffer.unless(is_leg_of(state, entry, &leg) && sums.add(entry, &leg))?;
    }
    let holds = sums.from_payer == entry.amount_minor()
        && sums.fees <= fees_max
        && sums.to_payee == entry.payee_amount_minor();
    Rejection::LegsDiffer.unless(holds)
}

fn is_leg_of(state: &State, entry: &Entry<'_>, leg: &Leg) -> bool {
    let (payer, payee) = (entry.payer(), entry.payee());
    let pays_payee = leg.to == payee && leg.role != Role::Fee;
    leg.amount_minor > 0
        && leg.from != leg.to
        && state.assets.knows(leg.asset)
        && (leg.from != payer || leg.asset == entry.asset())
        && (!pays_payee || leg.asset == entry.payee_asset())
        && leg.from != payee
        && leg.to != payer
}

#[derive(Default)]
struct Sums {
    from_payer: u128,
    fees: u128,
    to_payee: u128,
}

impl Sums {
    /// False when a sum leaves its type: it is then above every amount that it could be equal to.
    fn add(&mut self, entry: &Entry<'_>, leg: &Leg) -> bool {
        let is_fee = leg.role == Role::Fee;
        (leg.from != entry.payer() || is_fee || grow(&mut self.from_payer, leg))
            && (leg.from != entry.payer() || !is_fee || grow(&mut self.fees, leg))
            && (leg.to != entry.payee() || is_fee || grow(&mut self.to_payee, leg))
    }
}

fn grow(sum: &mut u128, leg: &Leg) -> bool {
    match sum.checked_add(leg.amount_minor) {
        Some(grown) => {
            *sum = grown;
            true
        }
        None => false,
    }
}

/// 44: money of others moves only out of the institution's own operating accounts.
pub fn check_leg_accounts(
    state: &State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    for leg in legs(entry.units) {
        let parties = state.accounts.find_row(&leg.from).zip(state.accounts.find_row(&leg.to));
        let ((giver, from), (getter, to)) = parties.ok_or(Rejection::LegUnauthorised)?;
        let may_pay = leg.from == entry.payer()
            || (from.is(OPERATING)
                && from.institution == signer.institution
                && !from.is(CLOSED | FROZEN | NOSTRO));
        let may_receive = !to.is(CLOSED | FROZEN | NOSTRO);
        let moves = from.settles_at(giver) != to.settles_at(getter);
        Rejection::LegUnauthorised.unless(may_pay && may_receive && moves)?;
    }
    Ok(())
}

/// One leg with its accounts found: two balance rows and an amount.
#[derive(Clone, Copy, Debug, Default)]
pub struct Move {
    pub from: u32,
    pub to: u32,
    pub amount_minor: u128,
    pub may_overdraw: bool,
}

/// 45, 131 to 133: both accounts must hold the asset, and its issuer must let it move.
#[inline]
pub fn find_free_move(
    state: &State,
    (from, to): (&Account, &Account),
    asset: u32,
    amount_minor: u128,
) -> Result<Move, Rejection> {
    let found = find_move(state, (from, to), asset, amount_minor)?;
    check_movement(state, asset, found.from, (found.to, to))?;
    Ok(found)
}

/// As `find_free_move`, of a leg that names its accounts by address; they are known.
pub fn find_free_leg_move(state: &State, leg: &Leg) -> Result<Move, Rejection> {
    let found = find_leg_move(state, leg)?;
    check_moves(state, &[found])?;
    Ok(found)
}

/// 45: both accounts must hold the asset.
#[inline]
pub fn find_move(
    state: &State,
    (from, to): (&Account, &Account),
    asset: u32,
    amount_minor: u128,
) -> Result<Move, Rejection> {
    Ok(Move {
        from: state.balances.find(from, asset).ok_or(Rejection::AssetNotHeld)?,
        to: state.balances.find(to, asset).ok_or(Rejection::AssetNotHeld)?,
        amount_minor,
        may_overdraw: may_overdraw(from),
    })
}

/// 45 for a leg that names its accounts by address; they are known.
pub fn find_leg_move(state: &State, leg: &Leg) -> Result<Move, Rejection> {
    let (_, from) = state.accounts.find_row(&leg.from).ok_or(Rejection::AssetNotHeld)?;
    let (_, to) = state.accounts.find_row(&leg.to).ok_or(Rejection::AssetNotHeld)?;
    find_move(state, (&from, &to), leg.asset, leg.amount_minor)
}

/// The moves of a hold, on the stack.
#[derive(Default)]
pub struct Moves {
    moves: [Move; UNITS_MAX],
    count: usize,
}

impl Moves {
    pub fn push(&mut self, new: Move) {
        let place = self.moves.get_mut(self.count).expect("invariant: at most 16 legs");
        *place = new;
        self.count = self.count.saturating_add(1);
    }

    pub fn as_slice(&self) -> &[Move] {
        self.moves.get(..self.count).unwrap_or_default()
    }
}
