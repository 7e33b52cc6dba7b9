//! Mandates: granted, revoked, and paid under.

use super::authority::{Party, check_authorisation};
use super::flags::check_flags;
use super::legs::{find_free_move, find_move};
use super::payment::{book, book_limits, check_amount, check_limits, check_parties, find_parties};
use super::{Checked, Scope, Signer, check_plain};
use crate::account::Account;
use crate::codec::{Entry, Outcome, SIGNED, u32_at, u64_at};
use crate::mandate::{FIXED, Mandate, Used};
use crate::rejection::Rejection;
use crate::state::State;

pub fn grant_mandate(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let entry = checked.entry;
    check_flags(entry)?;
    let is_plain =
        entry.expires_ns() > scope.now_ns && entry.target() == [0; 16] && entry.to_asset() == 0;
    Rejection::Inconsistent.unless(is_plain)?;
    check_amount(state, entry)?;
    let (payer, payee) = find_parties(state, checked)?;
    let accounts = (state.accounts.seen(payer), state.accounts.seen(payee));
    let parties = (&accounts.0, &accounts.1);
    check_parties(signer, entry, parties)?;
    check_authorisation(state, scope, checked, (payer, parties.0))?;
    let mandate = Mandate {
        id: entry.id(),
        institution: signer.institution,
        asset: entry.asset(),
        payer,
        payee,
        payment_minor_max: entry.amount_minor(),
        period_minor_max: entry.to_amount_minor(),
        total_minor_max: entry.bound_minor(),
        period_ns: u64_at::<0, _>(entry.unit()),
        start_ns: u64_at::<8, _>(entry.unit()),
        expires_ns: entry.expires_ns(),
        payments_max: u32_at::<16, _>(entry.unit()),
        flags: u32_at::<20, _>(entry.unit()),
        used: Used::default(),
    };
    check_terms(&mandate)?;
    find_move(state, parties, entry.asset(), 0)?;

    state.grant_mandate(mandate);
    Ok(())
}

/// 95.
fn check_terms(mandate: &Mandate) -> Result<(), Rejection> {
    let are_bounds = mandate.payment_minor_max <= mandate.period_minor_max
        && mandate.period_minor_max <= mandate.total_minor_max
        && mandate.period_ns > 0
        && mandate.start_ns < mandate.expires_ns
        && mandate.flags & !FIXED == 0;
    Rejection::MandateBadTerms.unless(are_bounds)
}

pub fn revoke_mandate(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let entry = checked.entry;
    check_plain(entry)?;
    let found = state.accounts.find_row(&entry.payer());
    let (number, asker) = found.ok_or(Rejection::UnknownPayer)?;
    Rejection::NotCustodian.unless(asker.institution == signer.institution)?;
    check_authorisation(state, scope, checked, (number, &asker))?;
    let slot = find_mandate(state, entry)?;
    let mandate = state.mandates.slots.row(slot);
    Rejection::MandateNotParty.unless([mandate.payer, mandate.payee].contains(&number))?;

    state.end_mandate(slot);
    Ok(())
}

/// 96: `purpose` names the institution that recorded it.
fn find_mandate(state: &State, entry: &Entry<'_>) -> Result<u32, Rejection> {
    state.mandates.find(entry.purpose(), &entry.target()).ok_or(Rejection::MandateUnknown)
}

pub fn pull(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    Rejection::Declined.when(entry.outcome == Outcome::Decline)?;
    check_plain(entry)?;
    let is_plain =
        entry.outcome == Outcome::Accept && entry.to_asset() == 0 && entry.to_amount_minor() == 0;
    Rejection::Inconsistent.unless(is_plain)?;
    check_amount(state, entry)?;
    let (payer, payee) = find_parties(state, checked)?;
    let accounts = (state.accounts.seen(payer), state.accounts.seen(payee));
    let parties = (&accounts.0, &accounts.1);
    check_parties(signer, entry, parties)?;
    check_puller(state, scope, signer, checked, (parties.0, (payee, parties.1)))?;
    let amount_minor = entry.amount_minor();
    let limits = check_limits(state, scope, signer, entry, amount_minor)?;
    let slot = find_mandate(state, entry)?;
    let used = check_use(state.mandates.slots.row(slot), scope, entry, (payer, payee))?;
    let only = find_free_move(state, parties, entry.asset(), amount_minor)?;
    book(state, entry, &only)?;

    state.use_mandate(slot, used);
    book_limits(state, scope, limits);
    Ok(amount_minor)
}

/// 38: the payer agreed once and for all. A payee with a key signs for what is pulled to it, unless
/// the payer's institution sends.
fn check_puller(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
    (payer, payee): (&Account, Party<'_>),
) -> Result<(), Rejection> {
    if payer.institution == signer.institution {
        Rejection::BadAuthorisation.when(checked.entry.has(SIGNED))
    } else {
        check_authorisation(state, scope, checked, payee)
    }
}

/// 97 to 101; what is used with this payment.
fn check_use(
    mandate: &Mandate,
    scope: &Scope,
    entry: &Entry<'_>,
    (payer, payee): (u32, u32),
) -> Result<Used, Rejection> {
    Rejection::MandateNotRunning.when(mandate.expires_ns <= scope.now_ns)?;
    let period = mandate.period_at(scope.now_ns).ok_or(Rejection::MandateNotRunning)?;
    let amount_minor = entry.amount_minor();
    let is_same = (payer, payee) == (mandate.payer, mandate.payee)
        && entry.asset() == mandate.asset
        && (!mandate.is_fixed() || amount_minor == mandate.payment_minor_max);
    Rejection::MandateDiffers.unless(is_same)?;
    Rejection::MandatePaymentMax.when(amount_minor > mandate.payment_minor_max)?;
    let before = match mandate.used.period == period {
        true => mandate.used,
        false => Used { total_minor: mandate.used.total_minor, period, ..Used::default() },
    };
    let period_minor =
        before.period_minor.checked_add(amount_minor).ok_or(Rejection::MandatePeriodMax)?;
    let payments = before.payments.checked_add(1).ok_or(Rejection::MandatePeriodMax)?;
    let is_within = period_minor <= mandate.period_minor_max
        && (mandate.payments_max == 0 || payments <= mandate.payments_max);
    Rejection::MandatePeriodMax.unless(is_within)?;
    let total_minor =
        before.total_minor.checked_add(amount_minor).ok_or(Rejection::MandateTotalMax)?;
    Rejection::MandateTotalMax.when(total_minor > mandate.total_minor_max)?;
    Ok(Used { total_minor, period_minor, period, payments })
}
