//! Flags: what a kind may have of them, and what the balancing and closing ones do.

use crate::account::{Account, CLOSED};
use crate::codec::{
    BALANCING_PAYEE, BALANCING_PAYER, CLOSING_PAYEE, CLOSING_PAYER, Entry, IMPORTED, Kind, LINKED,
    NET, PENDING, SIGNED,
};
use crate::hold::Hold;
use crate::rejection::Rejection;
use crate::state::State;

const IMPORTABLE: u16 = LINKED | IMPORTED;
const BALANCING: u16 = BALANCING_PAYER | BALANCING_PAYEE;
const CLOSING: u16 = CLOSING_PAYER | CLOSING_PAYEE;

fn flags_of_kind(kind: Kind) -> u16 {
    match kind {
        Kind::Payment => PENDING | SIGNED | BALANCING_PAYER | CLOSING | IMPORTABLE | NET,
        Kind::Refund => SIGNED | IMPORTABLE | NET,
        Kind::Redeem => SIGNED | BALANCING | IMPORTABLE,
        Kind::Issue => SIGNED | IMPORTABLE,
        Kind::OpenAccount => IMPORTABLE,
        Kind::ControlAsset | Kind::Clawback => SIGNED | LINKED,
        Kind::Escrow | Kind::Release | Kind::Cancel => SIGNED | LINKED,
        Kind::Mandate | Kind::RevokeMandate => SIGNED | LINKED,
        Kind::SetAuthority | Kind::ProposeRecovery | Kind::StopRecovery => SIGNED | LINKED,
        Kind::Pull => SIGNED | LINKED | NET,
        Kind::Post
        | Kind::Void
        | Kind::CloseAccount
        | Kind::Freeze
        | Kind::Unfreeze
        | Kind::RegisterAsset
        | Kind::RegisterKey
        | Kind::RevokeKey
        | Kind::SetLimit
        | Kind::FinishRecovery => LINKED,
    }
}

/// 25, as far as it is about flags.
#[inline]
pub fn check_flags(entry: &Entry<'_>) -> Result<(), Rejection> {
    // Most entries have none.
    if entry.flags() == 0 {
        return Ok(());
    }
    let is_pending = entry.is_pending();
    let moves_alone = entry.units.is_empty() && entry.to_asset() == 0 && !entry.has(NET);
    let differs = entry.has(!flags_of_kind(entry.kind))
        || (is_pending && entry.has(IMPORTED | NET))
        || (!is_pending && entry.has(CLOSING))
        || (entry.has(BALANCING) && !moves_alone);
    Rejection::Inconsistent.when(differs)
}

/// What a balancing entry moves: at most its amount. An account without a row in the asset bounds
/// nothing; it is refused by 45 in its turn.
#[inline]
pub fn balanced_minor(
    state: &State,
    entry: &Entry<'_>,
    (payer, payee): (&Account, &Account),
) -> u128 {
    let mut amount_minor = entry.amount_minor();
    if !entry.has(BALANCING) {
        return amount_minor;
    }
    let row = |account| {
        let number = state.balances.find(account, entry.asset())?;
        Some(state.balances.table.row(number))
    };
    if entry.has(BALANCING_PAYER)
        && let Some(give) = row(payer)
    {
        amount_minor = amount_minor.min(give.available_minor());
    }
    if entry.has(BALANCING_PAYEE)
        && let Some(get) = row(payee)
    {
        amount_minor = amount_minor.min(get.below_zero_minor());
    }
    amount_minor
}

/// What a hold remembers of the flags that close accounts.
pub fn closes(entry: &Entry<'_>) -> u8 {
    u8::from(entry.has(CLOSING_PAYER)) | u8::from(entry.has(CLOSING_PAYEE)) << 1
}

/// Closes, or opens again, what the hold names.
pub fn set_closed(state: &mut State, (payer, payee): (u32, u32), closes: u8, is_closed: bool) {
    for (bit, number) in [(1, payer), (2, payee)] {
        if closes & bit != 0 {
            let flags = state.accounts.table.row(number).flags & !CLOSED;
            state.set_account_flags(number, if is_closed { flags | CLOSED } else { flags });
        }
    }
}

/// The numbers of the accounts that a hold closed.
pub fn closed_by(hold: &Hold) -> impl Iterator<Item = u32> {
    let closed = [(1, hold.payer), (2, hold.payee)].into_iter();
    closed.filter(|(bit, _)| hold.closes & bit != 0).map(|(_, number)| number)
}

/// The accounts that a hold closed are open again.
pub fn reopen(state: &mut State, slot: u32) {
    let Hold { payer, payee, closes, .. } = *state.holds.slots.row(slot);
    set_closed(state, (payer, payee), closes, false);
}
