//! Escrows: opened, released in parts, cancelled, or ended by their deadline.
//!
//! Read `release_escrow` for how money comes out; the others are parts of it. Whatever happens,
//! `find_deadline` and `end_escrow` end every escrow at its time.

use super::authority::{Party, book_spend, check_authorisation, check_spend, check_spender};
use super::flags::check_flags;
use super::legs::{Move, Moves, find_free_move, find_move};
use super::payment::{
    book_limits, check_amount, check_getter, check_limits, check_parties, find_parties,
};
use super::{Checked, Scope, Signer, check_plain};
use crate::account::{Account, CLOSED, FROZEN, NOSTRO};
use crate::codec::{Address, Entry, Kind, Outcome};
use crate::escrow::Escrow;
use crate::rejection::Rejection;
use crate::signature::Signed;
use crate::state::State;
use crate::terms::{Delivery, Release, Terms, Truths, Witnesses, evaluate, signed, witness};

const FOUND: &str = "invariant: the accounts of an escrow exist and hold its asset";
const PARSED: &str = "invariant: the terms of an escrow were checked when it was opened";

// --- opening ---------------------------------------------------------------------------------

pub fn open_escrow(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    check_opening(scope, entry)?;
    check_amount(state, entry)?;
    let (payer, payee) = find_parties(state, checked)?;
    let accounts = (state.accounts.seen(payer), state.accounts.seen(payee));
    let parties = (&accounts.0, &accounts.1);
    check_parties(signer, entry, parties)?;
    let spend = check_spender(state, scope, checked, (payer, parties.0))?;
    let limits = check_limits(state, scope, signer, entry, entry.amount_minor())?;
    let spend = check_spend(state, scope, spend, entry, entry.amount_minor())?;
    check_terms(state, entry)?;
    let whole = find_free_move(state, parties, entry.asset(), entry.amount_minor())?;
    state.reserve(whole.from, whole.to, whole.amount_minor, whole.may_overdraw)?;

    state.open_escrow(Escrow {
        id: entry.id(),
        institution: signer.institution,
        asset: entry.asset(),
        payer,
        payee,
        amount_minor: entry.amount_minor(),
        released_minor: 0,
        expires_ns: entry.expires_ns(),
        opened_ns: scope.now_ns,
        terms_hash: entry.terms_hash(),
        terms: entry.units.into(),
    });
    book_limits(state, scope, limits);
    book_spend(state, scope, spend);
    Ok(entry.amount_minor())
}

/// 24 and 25.
fn check_opening(scope: &Scope, entry: &Entry<'_>) -> Result<(), Rejection> {
    Rejection::Declined.when(entry.outcome == Outcome::Decline)?;
    check_flags(entry)?;
    let is_plain = entry.outcome == Outcome::Accept
        && entry.expires_ns() > scope.now_ns
        && entry.target() == [0; 16]
        && entry.to_asset() == 0;
    Rejection::Inconsistent.unless(is_plain)
}

/// 80 to 82.
fn check_terms(state: &State, entry: &Entry<'_>) -> Result<(), Rejection> {
    let terms = Terms::parse(entry.units).map_err(|_| Rejection::EscrowBadTerms)?;
    let is_party = |to: Address| to == entry.payer() || to == entry.payee();
    Rejection::EscrowBadTerms.when(terms.shares().any(|share| is_party(share.to)))?;
    Rejection::EscrowTermsDiffer.unless(entry.terms_hash() == Terms::hash(entry.units))?;
    let may_get = |address: Address, asset: u32| {
        state.accounts.find_row(&address).is_some_and(|(_, account)| {
            !account.is(CLOSED | NOSTRO) && state.balances.find(&account, asset).is_some()
        })
    };
    let differ = |one: Address, other: Address| {
        let found = state.accounts.find(&one).zip(state.accounts.find(&other));
        found.is_some_and(|(one, other)| !state.accounts.settle_alike(one, other))
    };
    let shares_exist = terms
        .shares()
        .all(|share| may_get(share.to, entry.asset()) && differ(entry.payer(), share.to));
    let can_deliver = terms.delivery().is_none_or(|delivery| {
        may_get(delivery.from, delivery.asset)
            && may_get(delivery.to, delivery.asset)
            && differ(delivery.from, delivery.to)
    });
    Rejection::EscrowBadShare.unless(shares_exist && can_deliver)
}

// --- release ---------------------------------------------------------------------------------

pub fn release_escrow(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    check_release(entry)?;
    check_asker(state, scope, signer, checked)?;
    let slot = find_escrow(state, scope, entry)?;
    let escrow = state.escrows.slots.row(slot);
    let terms = Terms::parse(&escrow.terms).expect(PARSED);
    let amount_minor = entry.amount_minor();
    check_differences(state, escrow, &terms, entry)?;
    Rejection::EscrowExceeded.when(amount_minor > escrow.left_minor())?;
    let to = find_payee(state, escrow, entry)?;
    Rejection::PayerFrozen.when(state.accounts.seen(escrow.payer).is(FROZEN))?;
    let left_of_stream_minor = terms
        .accrued_minor(escrow.amount_minor, scope.now_ns)
        .saturating_sub(escrow.released_minor);
    Rejection::EscrowNotAccrued.when(amount_minor > left_of_stream_minor)?;
    let witnesses = Witnesses::of_terms(&terms, entry.units);
    let witnesses = witnesses.map_err(|_| Rejection::EscrowBadWitness)?;
    let witnesses = witnesses.with(checked.verdicts);
    let asked = Asked { by: entry.payer(), names_terms: names_terms(escrow, entry), to: &to };
    let truths = evaluate(&terms, &asked.release(state, scope, escrow, amount_minor), &witnesses);
    Rejection::EscrowUnmet.unless(truths.are_met())?;
    check_shares(state, escrow, &terms, amount_minor)?;
    let delivery = find_delivery(state, &terms, &truths)?;
    let promise = find_promise(state, escrow, amount_minor);
    let moves = divide(state, escrow, &terms, &to, amount_minor, |_| true);
    let is_last = amount_minor == escrow.left_minor();

    let checkpoint = state.checkpoint();
    let booked = delivery
        .map_or(Ok(()), |delivery| deliver(state, &delivery))
        .and(moves)
        .and_then(|moves| pay_out(state, &promise, &moves));
    if let Err(rejection) = booked {
        state.rollback(checkpoint);
        return Err(rejection);
    }
    if is_last {
        state.end_escrow(slot);
    } else {
        state.grow_escrow(slot, amount_minor);
    }
    Ok(amount_minor)
}

/// The signatures that a release brings for an escrow of this state, to be verified with others.
pub fn witness_signatures(state: &State, scope: &Scope, entry: &Entry<'_>) -> Vec<Signed> {
    if entry.kind != Kind::Release || !entry.units.iter().any(witness::may_be_signed) {
        return Vec::new();
    }
    let find = || -> Option<Vec<Signed>> {
        let slot = state.escrows.find(entry.purpose(), &entry.target())?;
        let escrow = state.escrows.slots.row(slot);
        let terms = Terms::parse(&escrow.terms).ok()?;
        let witnesses = Witnesses::of_terms(&terms, entry.units).ok()?;
        let (_, to) = state.accounts.find_row(&entry.payee())?;
        let asked = Asked { by: entry.payer(), names_terms: names_terms(escrow, entry), to: &to };
        let release = asked.release(state, scope, escrow, entry.amount_minor());
        Some(signed(&terms, &release, &witnesses).collect())
    };
    find().unwrap_or_default()
}

/// 25 and 27.
fn check_release(entry: &Entry<'_>) -> Result<(), Rejection> {
    check_plain(entry)?;
    let is_plain = entry.outcome == Outcome::Accept && entry.to_asset() == 0;
    Rejection::Inconsistent.unless(is_plain)?;
    Rejection::AmountZero.when(entry.amount_minor() == 0)
}

/// 30, 32, 33, 35, 38 of the account that asks.
fn check_asker(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u32, Rejection> {
    let found = state.accounts.find_row(&checked.entry.payer());
    let (number, asker) = found.ok_or(Rejection::UnknownPayer)?;
    Rejection::NotCustodian.unless(asker.institution == signer.institution)?;
    Rejection::PayerClosed.when(asker.is(CLOSED))?;
    Rejection::PayerFrozen.when(asker.is(FROZEN))?;
    check_authorisation(state, scope, checked, (number, &asker))?;
    Ok(number)
}

/// 85 and 86. `purpose` names the institution that opened it.
fn find_escrow(state: &State, scope: &Scope, entry: &Entry<'_>) -> Result<u32, Rejection> {
    let slot = state.escrows.find(entry.purpose(), &entry.target());
    let slot = slot.ok_or(Rejection::EscrowUnknown)?;
    let escrow = state.escrows.slots.row(slot);
    Rejection::EscrowExpired.when(escrow.expires_ns <= scope.now_ns)?;
    Ok(slot)
}

/// 87.
fn check_differences(
    state: &State,
    escrow: &Escrow,
    terms: &Terms<'_>,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    let payee = state.accounts.table.row(escrow.payee).address;
    let is_same = entry.asset() == escrow.asset
        && (terms.is_payee_free() || entry.payee() == payee)
        && (entry.terms_hash() == [0; 32] || names_terms(escrow, entry));
    Rejection::EscrowDiffers.unless(is_same)
}

fn names_terms(escrow: &Escrow, entry: &Entry<'_>) -> bool {
    entry.terms_hash() == escrow.terms_hash
}

/// 31, 28, 34, 36, 37.
fn find_payee(state: &State, escrow: &Escrow, entry: &Entry<'_>) -> Result<Account, Rejection> {
    let found = state.accounts.find_row(&entry.payee());
    let (number, payee) = found.ok_or(Rejection::UnknownPayee)?;
    Rejection::SameAccount.when(state.accounts.settle_alike(number, escrow.payer))?;
    check_getter(&payee)?;
    Rejection::NostroMisused.when(payee.is(NOSTRO))?;
    Ok(payee)
}

/// By whom and to whom a release is asked for.
struct Asked<'s> {
    by: Address,
    names_terms: bool,
    to: &'s Account,
}

impl Asked<'_> {
    fn release(
        &self,
        state: &State,
        scope: &Scope,
        escrow: &Escrow,
        amount_minor: u128,
    ) -> Release {
        Release {
            chain_id: scope.chain_id,
            terms_hash: escrow.terms_hash,
            institution: escrow.institution,
            id: escrow.id,
            opened_ns: escrow.opened_ns,
            payer: state.accounts.table.row(escrow.payer).address,
            payee: state.accounts.table.row(escrow.payee).address,
            escrow_minor: escrow.amount_minor,
            released_minor: escrow.released_minor,
            now_ns: scope.now_ns,
            asked_by: self.by,
            names_terms: self.names_terms,
            to: self.to.address,
            to_category: self.to.category,
            amount_minor,
        }
    }
}

/// 34 and 36 of the shares that get something.
fn check_shares(
    state: &State,
    escrow: &Escrow,
    terms: &Terms<'_>,
    amount_minor: u128,
) -> Result<(), Rejection> {
    for (to, part_minor) in allocate(escrow, terms, amount_minor) {
        if part_minor > 0 {
            check_getter(&find_share(state, &to).1)?;
        }
    }
    Ok(())
}

fn allocate(
    escrow: &Escrow,
    terms: &Terms<'_>,
    amount_minor: u128,
) -> impl Iterator<Item = (Address, u128)> {
    let after_minor = escrow.released_minor.saturating_add(amount_minor);
    terms.allocate(escrow.released_minor, after_minor)
}

fn find_share(state: &State, address: &Address) -> (u32, Account) {
    state.accounts.find_row(address).expect(FOUND)
}

/// The delivery that the release brings, after 34 and 36 of who gets it.
fn find_delivery(
    state: &State,
    terms: &Terms<'_>,
    truths: &Truths,
) -> Result<Option<Delivery>, Rejection> {
    let Some(delivery) = terms.delivered(truths) else { return Ok(None) };
    check_getter(&find_share(state, &delivery.to).1)?;
    Ok(Some(delivery))
}

fn deliver(state: &mut State, delivery: &Delivery) -> Result<(), Rejection> {
    let (from, to) = (find_share(state, &delivery.from), find_share(state, &delivery.to));
    let one = find_free_move(state, (&from.1, &to.1), delivery.asset, delivery.amount_minor)?;
    state.transfer(one.from, one.to, one.amount_minor, one.may_overdraw)
}

/// What is pending of an escrow: from the payer's row to the payee's.
fn find_promise(state: &State, escrow: &Escrow, amount_minor: u128) -> Move {
    let accounts = &state.accounts.table;
    let parties = (accounts.row(escrow.payer), accounts.row(escrow.payee));
    find_move(state, parties, escrow.asset, amount_minor).expect(FOUND)
}

/// What is booked: to each share that may get it its part, and the rest to the payee.
fn divide(
    state: &State,
    escrow: &Escrow,
    terms: &Terms<'_>,
    to: &Account,
    amount_minor: u128,
    may_get: impl Fn(Party<'_>) -> bool,
) -> Result<Moves, Rejection> {
    let payer = state.accounts.table.row(escrow.payer);
    let mut rest_minor = amount_minor;
    let mut moves = Moves::default();
    for (address, part_minor) in allocate(escrow, terms, amount_minor) {
        let (number, share) = find_share(state, &address);
        if part_minor > 0 && may_get((number, &share)) {
            moves.push(find_free_move(state, (payer, &share), escrow.asset, part_minor)?);
            rest_minor = rest_minor.saturating_sub(part_minor);
        }
    }
    if rest_minor > 0 {
        moves.push(find_free_move(state, (payer, to), escrow.asset, rest_minor)?);
    }
    Ok(moves)
}

/// Ends the promise of what is paid, and pays it. What was promised is there: 46 was checked when
/// the escrow was opened.
fn pay_out(state: &mut State, promise: &Move, moves: &Moves) -> Result<(), Rejection> {
    state.release(promise.from, promise.to, promise.amount_minor);
    for one in moves.as_slice() {
        state.transfer(one.from, one.to, one.amount_minor, true)?;
    }
    Ok(())
}

// --- cancel ----------------------------------------------------------------------------------

/// What went back to the payer.
pub fn cancel_escrow(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    check_plain(entry)?;
    let asker = check_asker(state, scope, signer, checked)?;
    let slot = find_escrow(state, scope, entry)?;
    let escrow = state.escrows.slots.row(slot);
    let terms = Terms::parse(&escrow.terms).expect(PARSED);
    let may_cancel = asker == escrow.payee || (asker == escrow.payer && terms.payer_may_cancel());
    Rejection::EscrowNotCancellable.unless(may_cancel)?;
    let taken_minor = streamed_minor(state, scope, escrow, &terms);
    let payee = state.accounts.seen(escrow.payee);
    if taken_minor > 0 {
        check_getter(&payee)?;
        Rejection::PayerFrozen.when(state.accounts.seen(escrow.payer).is(FROZEN))?;
        check_shares(state, escrow, &terms, taken_minor)?;
    }
    let left_minor = escrow.left_minor();
    let promise = find_promise(state, escrow, left_minor);
    let moves = divide(state, escrow, &terms, &payee, taken_minor, |_| true)?;

    let checkpoint = state.checkpoint();
    if let Err(rejection) = pay_out(state, &promise, &moves) {
        state.rollback(checkpoint);
        return Err(rejection);
    }
    state.end_escrow(slot);
    Ok(left_minor.saturating_sub(taken_minor))
}

/// Of a stream, what the payee could take at this moment without a witness.
fn streamed_minor(state: &State, scope: &Scope, escrow: &Escrow, terms: &Terms<'_>) -> u128 {
    if !terms.is_stream() {
        return 0;
    }
    let accrued_minor = terms.accrued_minor(escrow.amount_minor, scope.now_ns);
    let amount_minor = accrued_minor.saturating_sub(escrow.released_minor);
    let to = state.accounts.table.row(escrow.payee);
    let asked = Asked { by: to.address, names_terms: false, to };
    let release = asked.release(state, scope, escrow, amount_minor);
    let is_met = evaluate(terms, &release, &Witnesses::default()).are_met();
    if is_met { amount_minor } else { 0 }
}

// --- the deadline ----------------------------------------------------------------------------

/// What an escrow pays at its deadline; None when it goes back. `is_open` says whether the account of
/// a number, by its own flags, is neither closed nor frozen.
pub fn find_deadline(
    state: &State,
    escrow: &Escrow,
    is_open: impl Fn(u32) -> bool,
) -> Option<Moves> {
    let terms = Terms::parse(&escrow.terms).expect(PARSED);
    let payer = state.accounts.table.row(escrow.payer);
    let payee = state.accounts.table.row(escrow.payee);
    let may_get = |(number, account): Party<'_>| {
        is_open(number)
            && is_open(account.settles_at(number))
            && find_free_move(state, (payer, account), escrow.asset, 0).is_ok()
    };
    let is_paid = terms.pays_at_deadline()
        && !state.accounts.seen(escrow.payer).is(FROZEN)
        && may_get((escrow.payee, payee));
    if !is_paid {
        return None;
    }
    let moves = divide(state, escrow, &terms, payee, escrow.left_minor(), may_get);
    Some(moves.expect(FOUND))
}

/// The end of an escrow by its deadline; no moves return it.
pub fn end_escrow(state: &mut State, slot: u32, moves: &Moves) {
    let escrow = state.escrows.slots.row(slot);
    let promise = find_promise(state, escrow, escrow.left_minor());
    pay_out(state, &promise, moves).expect("invariant: what overflows is returned");
    state.end_escrow(slot);
}
