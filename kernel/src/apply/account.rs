//! Accounts open, close, freeze and thaw.

use super::{Scope, Signer, check_plain};
use crate::account::{Account, CLOSED, FROZEN, NOSTRO, OPERATING, SUB};
use crate::codec::{Entry, PublicKey, field, u32_at};
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
    let assets = listed_assets(entry)?;
    let owner: PublicKey = field::<0, _, _>(entry.unit());
    let is_plain = match flags {
        SUB => assets.is_empty() && owner == [0; 32],
        _ => flags & !(NOSTRO | OPERATING) == 0 && entry.payee() == [0; 20],
    };
    Rejection::Inconsistent.unless(is_plain)?;
    Rejection::UnknownAsset.unless(assets.iter().all(|asset| state.assets.knows(*asset)))?;
    Rejection::AccountExists.when(state.accounts.find(&entry.payer()).is_some())?;
    let parent = if flags == SUB { find_parent(state, signer, entry)? } else { 0 };

    let account = Account {
        address: entry.payer(),
        institution: signer.institution,
        flags,
        category: entry.to_asset(),
        owner,
        opened_ns: scope.now_ns,
        parent,
        balances_first: 0,
        balances_count: 0,
    };
    state.open_account(account, &assets);
    Ok(())
}

/// 124: the number of the account that a sub-account settles to, plus 1.
fn find_parent(state: &State, signer: &Signer, entry: &Entry<'_>) -> Result<u32, Rejection> {
    let (number, parent) =
        state.accounts.find_row(&entry.payee()).ok_or(Rejection::AccountBadParent)?;
    let may_have =
        parent.institution == signer.institution && !parent.is(NOSTRO | OPERATING | SUB | CLOSED);
    Rejection::AccountBadParent.unless(may_have)?;
    Ok(number.checked_add(1).expect("invariant: account numbers do not run out"))
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
    let is_empty =
        account.parent != 0 || state.balances.of(&account).all(|balance| balance.is_empty());
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

/// 25, 30, 32; the account with its own flags, whatever its parent's are.
pub fn find_own(
    state: &State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(u32, Account), Rejection> {
    check_plain(entry)?;
    let number = state.accounts.find(&entry.payer()).ok_or(Rejection::UnknownPayer)?;
    let account = *state.accounts.table.row(number);
    Rejection::NotCustodian.unless(account.institution == signer.institution)?;
    Ok((number, account))
}
