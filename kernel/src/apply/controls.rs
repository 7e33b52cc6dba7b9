//! What an issuer may do with its asset, and what follows for everybody's movements in it.

use super::legs::{Move, find_move};
use super::payment::{
    book_limits, check_amount, check_getter, check_limits, find_parties, payment_digest,
};
use super::{Checked, Scope, Signer, check_plain};
use crate::account::{Account, NOSTRO, OPERATING};
use crate::asset::{ALLOW_LIST, Asset, CLAWBACK, FREEZE, MINT_BURN, PAUSE, PAUSED, TWO_PERSON};
use crate::balance::{ALLOWED, HELD_BACK};
use crate::codec::{Entry, Kind, SIGNED, field};
use crate::key;
use crate::rejection::Rejection;
use crate::signature;
use crate::state::State;

// --- movements -----------------------------------------------------------------------------------

/// 131 to 133 of one movement in an asset.
#[inline]
pub fn check_movement(
    state: &State,
    asset: u32,
    from: u32,
    (to, receiver): (u32, &Account),
) -> Result<(), Rejection> {
    match state.assets.get(asset) {
        Some(asset) if asset.controls != 0 => check_controlled(state, asset, from, to, receiver),
        _ => Ok(()),
    }
}

fn check_controlled(
    state: &State,
    asset: &Asset,
    from: u32,
    to: u32,
    receiver: &Account,
) -> Result<(), Rejection> {
    let flags = |number| state.balances.table.row(number).flags;
    let is_exempt = receiver.is(NOSTRO | OPERATING);
    Rejection::AssetPaused.when(asset.flags & PAUSED != 0)?;
    Rejection::AssetHeldBack.when((flags(from) | flags(to)) & HELD_BACK != 0)?;
    Rejection::AssetNotAllowed.when(asset.has(ALLOW_LIST) && !is_exempt && flags(to) & ALLOWED == 0)
}

/// 131 to 133 of moves whose rows were found before: those of a hold that is posted.
pub fn check_moves(state: &State, moves: &[Move]) -> Result<(), Rejection> {
    for one in moves {
        let to = state.balances.table.row(one.to);
        let receiver = state.accounts.table.row(to.account);
        check_movement(state, to.asset, one.from, (one.to, receiver))?;
    }
    Ok(())
}

// --- who may act for the issuer ------------------------------------------------------------------

/// 136 of money that is made or taken back: by the issuer alone, where the asset says so.
pub fn check_issuer(state: &State, signer: &Signer, entry: &Entry<'_>) -> Result<(), Rejection> {
    let makes_or_takes = matches!(entry.kind, Kind::Issue | Kind::Redeem);
    let is_of_another = |asset: &Asset| asset.has(MINT_BURN) && asset.issuer != signer.institution;
    let is_closed_to_signer =
        makes_or_takes && state.assets.get(entry.asset()).is_some_and(is_of_another);
    Rejection::AssetNotIssuer.when(is_closed_to_signer)
}

fn is_act(entry: &Entry<'_>) -> bool {
    matches!(entry.kind, Kind::Issue | Kind::ControlAsset | Kind::Clawback)
}

/// Whether a second person of the issuer must sign.
fn needs_second_person(state: &State, entry: &Entry<'_>) -> bool {
    is_act(entry) && state.assets.get(entry.asset()).is_some_and(|asset| asset.has(TWO_PERSON))
}

/// 134: the unit names a key of the issuer that is not the envelope's, and the signature is its.
pub fn check_second_person(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let entry = checked.entry;
    if !needs_second_person(state, entry) {
        return Ok(());
    }
    let has_signed = match (entry.units, entry.signature()) {
        ([unit], Some(signature)) => {
            let second = field::<0, 32, _>(unit);
            let digest = payment_digest(&scope.chain_id, &checked.instruction, &[]);
            field::<32, 32, _>(unit) == [0; 32]
                && second != signer.key
                && is_issuer_key(state, scope, entry, &second)
                && signature::verify(&second, &digest, signature)
        }
        _ => false,
    };
    Rejection::AssetSecondPerson.unless(has_signed)
}

fn is_issuer_key(state: &State, scope: &Scope, entry: &Entry<'_>, second: &[u8; 32]) -> bool {
    let issuer = state.assets.get(entry.asset()).map(|asset| asset.issuer);
    state.keys.find(second).map(|number| state.keys.table.row(number)).is_some_and(|row| {
        Some(row.institution) == issuer
            && row.purposes & key::ISSUE != 0
            && row.activation_height <= scope.height
            && row.revoked_height == 0
    })
}

/// 25: an act that no second person has to sign has neither unit nor signature.
pub fn check_unseconded(state: &State, entry: &Entry<'_>) -> Result<(), Rejection> {
    let is_alone = is_act(entry) && !needs_second_person(state, entry);
    Rejection::Inconsistent.when(is_alone && (!entry.units.is_empty() || entry.has(SIGNED)))
}

fn check_act(state: &State, entry: &Entry<'_>) -> Result<(), Rejection> {
    check_plain(entry)?;
    check_unseconded(state, entry)
}

fn find_issued<'a>(
    state: &'a State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<&'a Asset, Rejection> {
    let asset = state.assets.get(entry.asset()).ok_or(Rejection::UnknownAsset)?;
    Rejection::AssetNotIssuer.unless(asset.issuer == signer.institution && asset.issuer != 0)?;
    Ok(asset)
}

// --- control_asset -------------------------------------------------------------------------------

const PAUSE_ASSET: u32 = 1;
const RESUME_ASSET: u32 = 2;
const HOLD_BACK: u32 = 3;
const LET_GO: u32 = 4;
const ALLOW: u32 = 5;
const DISALLOW: u32 = 6;

/// Kind 26. The action stands in `purpose`.
pub fn control_asset(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let entry = checked.entry;
    check_act(state, entry)?;
    let asset = *find_issued(state, signer, entry)?;
    let control = match entry.purpose() {
        PAUSE_ASSET | RESUME_ASSET => PAUSE,
        HOLD_BACK | LET_GO => FREEZE,
        ALLOW | DISALLOW => ALLOW_LIST,
        _ => 0,
    };
    Rejection::AssetNoSuchControl.unless(asset.has(control))?;
    if control == PAUSE {
        let flags = if entry.purpose() == PAUSE_ASSET { PAUSED } else { 0 };
        Rejection::AssetControlUnchanged.when(asset.flags == flags)?;
        check_second_person(state, scope, signer, checked)?;
        state.set_asset_flags(asset.number.saturating_sub(1), flags);
    } else {
        let (number, flags) = holding_flags(state, entry)?;
        check_second_person(state, scope, signer, checked)?;
        state.set_balance_flags(number, flags);
    }
    Ok(())
}

/// 30, 45, 137: the holder's balance row and the flags that it gets.
fn holding_flags(state: &State, entry: &Entry<'_>) -> Result<(u32, u32), Rejection> {
    let (_, holder) = state.accounts.find_row(&entry.payer()).ok_or(Rejection::UnknownPayer)?;
    let number = state.balances.find(&holder, entry.asset()).ok_or(Rejection::AssetNotHeld)?;
    let before = state.balances.table.row(number).flags;
    let flags = match entry.purpose() {
        HOLD_BACK => before | HELD_BACK,
        LET_GO => before & !HELD_BACK,
        ALLOW => before | ALLOWED,
        _ => before & !ALLOWED,
    };
    Rejection::AssetControlUnchanged.when(flags == before)?;
    Ok((number, flags))
}

// --- clawback ------------------------------------------------------------------------------------

/// Kind 27: posted money goes back to the issuer, frozen or not; what is promised stays promised.
pub fn claw_back(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    check_act(state, entry)?;
    Rejection::Inconsistent.when(entry.to_asset() != 0)?;
    check_amount(state, entry)?;
    let (payer, payee) = find_parties(state, checked)?;
    let (holder, taker) = (state.accounts.seen(payer), state.accounts.seen(payee));
    let asset = find_issued(state, signer, entry)?;
    Rejection::AssetNoSuchControl.unless(asset.has(CLAWBACK))?;
    Rejection::NotCustodian.unless(taker.institution == signer.institution)?;
    check_getter(&taker)?;
    Rejection::NostroMisused.when(holder.is(NOSTRO) || taker.is(NOSTRO))?;
    check_second_person(state, scope, signer, checked)?;
    let limits = check_limits(state, scope, signer, entry, entry.amount_minor())?;
    let only = find_move(state, (&holder, &taker), entry.asset(), entry.amount_minor())?;
    state.transfer(only.from, only.to, only.amount_minor, only.may_overdraw)?;

    book_limits(state, scope, limits);
    Ok(only.amount_minor)
}
