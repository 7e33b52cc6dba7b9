//! Accounts open, close, freeze and thaw.

use super::{Scope, Signer, check_plain};
use crate::account::{Account, CLOSED, FROZEN, NOSTRO, OPERATING};
use crate::codec::{Entry, field, u32_at};
use crate::rejection::Rejection;
use crate::state::State;

pub fn open_account(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    check_plain(entry)?;
    let flags = u32_at::<32, _>(entry.unit());
    Rejection::Inconsistent.when(flags & !(NOSTRO | OPERATING) != 0)?;
    let assets = listed_assets(entry)?;
    Rejection::UnknownAsset.unless(assets.iter().all(|asset| state.assets.knows(*asset)))?;
    Rejection::AccountExists.when(state.accounts.find(&entry.payer()).is_some())?;

    let account = Account {
        address: entry.payer(),
        institution: signer.institution,
        flags,
        category: entry.to_asset(),
        owner: field::<0, _, _>(entry.unit()),
        opened_ns: scope.now_ns,
        balances_first: 0,
        balances_count: 0,
    };
    state.open_account(account, &assets);
    Ok(())
}

/// 25: the numbers are distinct, and zeros come last.
fn listed_assets(entry: &Entry<'_>) -> Result<Vec<u32>, Rejection> {
    const OWNER_AND_FLAGS_BYTES: usize = 36;
    let bytes = entry.units.as_flattened().get(OWNER_AND_FLAGS_BYTES..).unwrap_or_default();
    let mut assets: Vec<u32> =
        bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect();
    let listed = assets.iter().position(|asset| *asset == 0).unwrap_or(assets.len());
    let zeros = assets.split_off(listed);
    Rejection::Inconsistent.unless(zeros.iter().all(|asset| *asset == 0))?;
    let mut sorted = assets.clone();
    sorted.sort_unstable();
    sorted.dedup();
    Rejection::Inconsistent.unless(sorted.len() == assets.len())?;
    Ok(assets)
}

pub fn close_account(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    let (number, account) = find_own(state, signer, entry)?;
    Rejection::PayerClosed.when(account.is(CLOSED))?;
    let is_empty = state.balances.of(&account).iter().all(|balance| balance.is_empty());
    Rejection::AccountNotEmpty.unless(is_empty)?;

    state.set_account_flags(number, account.flags | CLOSED);
    Ok(())
}

pub fn freeze_account(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    let (number, account) = find_own(state, signer, entry)?;
    Rejection::AccountAlreadyClosed.when(account.is(CLOSED))?;
    Rejection::AccountAlreadyFrozen.when(account.is(FROZEN))?;

    state.set_account_flags(number, account.flags | FROZEN);
    Ok(())
}

pub fn unfreeze_account(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    let (number, account) = find_own(state, signer, entry)?;
    Rejection::AccountAlreadyClosed.when(account.is(CLOSED))?;
    Rejection::AccountNotFrozen.unless(account.is(FROZEN))?;

    state.set_account_flags(number, account.flags & !FROZEN);
    Ok(())
}

/// 25, 30, 32.
fn find_own(
    state: &State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(u32, Account), Rejection> {
    check_plain(entry)?;
    let (number, account) =
        state.accounts.find_row(&entry.payer()).ok_or(Rejection::UnknownPayer)?;
    Rejection::NotCustodian.unless(account.institution == signer.institution)?;
    Ok((number, *account))
}
