//! Assets, keys and limits: what GOVERN may change.

use super::{Scope, Signer, check_plain};
use crate::asset::{Asset, CONTROLS, SCALE_MAX, is_code};
use crate::codec::{Entry, field, u32_at, u64_at};
use crate::key::{Key, PURPOSES};
use crate::limit::Limit;
use crate::rejection::Rejection;
use crate::state::State;

pub fn register_asset(state: &mut State, entry: &Entry<'_>) -> Result<(), Rejection> {
    check_plain(entry)?;
    let unit = entry.unit();
    let [scale] = field::<16, _, _>(unit);
    let asset = Asset {
        number: entry.asset(),
        scale,
        flags: 0,
        code: field::<0, _, _>(unit),
        controls: u32_at::<20, _>(unit),
        issuer: u32_at::<24, _>(unit),
    };
    Rejection::AssetOutOfOrder.unless(asset.number == state.assets.next_number())?;
    Rejection::AssetCodeTaken.when(state.assets.has_code(&asset.code))?;
    Rejection::AssetBadCode.unless(is_code(&asset.code) && scale <= SCALE_MAX)?;
    let controls_are_known = asset.controls & !CONTROLS == 0;
    let has_issuer = asset.issuer != 0;
    Rejection::AssetBadControls
        .unless(controls_are_known && has_issuer == (asset.controls != 0))?;

    state.register_asset(asset);
    Ok(())
}

pub fn register_key(
    state: &mut State,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    check_plain(entry)?;
    let unit = entry.unit();
    let key = Key {
        key: field::<0, _, _>(unit),
        institution: u32_at::<32, _>(unit),
        purposes: u32_at::<36, _>(unit),
        activation_height: u64_at::<40, _>(unit),
        revoked_height: 0,
        sequence: 0,
        imported_ns: 0,
    };
    Rejection::KeyExists.when(state.keys.find(&key.key).is_some())?;
    Rejection::KeyBadPurpose.when(key.purposes == 0 || key.purposes & !PURPOSES != 0)?;
    check_governs(signer, key.institution)?;

    state.register_key(key);
    Ok(())
}

/// 77: an institution governs its own keys; institution 0, the network, and genesis all of them.
fn check_governs(signer: &Signer, institution: u32) -> Result<(), Rejection> {
    let is_own = signer.institution == institution || signer.institution == 0;
    Rejection::KeyOtherInstitution.unless(is_own)
}

pub fn revoke_key(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    check_plain(entry)?;
    let number = state.keys.find(&field::<0, _, _>(entry.unit())).ok_or(Rejection::KeyUnknown)?;
    let key = state.keys.table.row(number);
    Rejection::KeyAlreadyRevoked.when(key.revoked_height != 0)?;
    check_governs(signer, key.institution)?;

    state.revoke_key(number, scope.height);
    Ok(())
}

pub fn set_limit(state: &mut State, signer: &Signer, entry: &Entry<'_>) -> Result<(), Rejection> {
    check_plain(entry)?;
    let (key, asset) = (field::<0, _, _>(entry.unit()), entry.asset());
    Rejection::UnknownAsset.unless(state.assets.knows(asset))?;
    let number = state.keys.find(&key).ok_or(Rejection::KeyUnknown)?;
    check_governs(signer, state.keys.table.row(number).institution)?;

    let (payment_minor_max, day_minor_max) = (entry.amount_minor(), entry.to_amount_minor());
    match state.limits.find(&key, asset) {
        Some(number) => state.set_limit(number, payment_minor_max, day_minor_max),
        None => state.add_limit(Limit {
            key,
            asset,
            payment_minor_max,
            day_minor_max,
            used_minor: 0,
            day: 0,
        }),
    }
    Ok(())
}
