//! The rules: what an envelope and its entries may do, in the order of docs/format.md.
//!
//! Read `check_envelope` and `apply_entry`; each family of entries has its own file. A rule either
//! refuses, and then nothing is changed, or it writes and cannot fail any more.

mod account;
mod admin;
mod authority;
mod chain;
mod controls;
mod escrow;
mod flags;
mod hold;
mod legs;
mod mandate;
mod payment;
mod sweep;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_escrow;

pub use authority::{member_signatures, owner_signature};
pub use chain::apply_chain;
pub use escrow::witness_signatures;
pub use hold::held_units;
pub use payment::payment_digest;
pub use sweep::{find_due, sweep};

use crate::account::{NOSTRO, SUB};
use crate::codec::{Entry, EntryResult, Envelope, IMPORTED, Kind, PublicKey, u32_at};
use crate::hash::Hash;
use crate::key;
use crate::rejection::Rejection;
use crate::signature::Verdict;
use crate::state::State;
use crate::window::Remembered;
use flags::check_flags;

const VALID_NS_MAX: u64 = 24 * 3_600 * 1_000_000_000;

/// The block that entries are applied in.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub chain_id: Hash,
    pub height: u64,
    pub now_ns: u64,
}

/// Who signed the envelope, and what the key may do.
#[derive(Clone, Copy, Debug)]
pub struct Signer {
    pub key: PublicKey,
    pub institution: u32,
    pub purposes: u32,
}

pub type Parties = (Option<u32>, Option<u32>);

/// What is known of an entry before it is applied, because it follows from its bytes alone.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    pub entry: &'a Entry<'a>,
    pub instruction: Hash,
    /// The owner's key before the block, and whether it signed; None when there was none.
    pub authorised: Option<(PublicKey, bool)>,
    /// Of the signatures of members and witnesses, as far as their policy or escrow was known before
    /// the block.
    pub verdicts: &'a [Verdict],
    /// Payer and payee, as far as they were looked up before the block; accounts keep their numbers.
    pub parties: Parties,
}

pub fn check_envelope(
    state: &mut State,
    scope: &Scope,
    envelope: &Envelope<'_>,
    digest: &Hash,
    is_signed: bool,
) -> Result<Signer, Rejection> {
    Rejection::WrongChain.unless(envelope.chain_id() == scope.chain_id)?;
    let number = state.keys.find(&envelope.key()).ok_or(Rejection::UnknownKey)?;
    let key = state.keys.table.row(number);
    Rejection::WrongInstitution.unless(key.institution == envelope.institution())?;
    Rejection::KeyNotActive.when(scope.height < key.activation_height)?;
    Rejection::KeyRevoked.when(key.revoked_height != 0)?;
    Rejection::EnvelopeExpired.when(envelope.valid_until_ns() < scope.now_ns)?;
    Rejection::SequenceUsed.when(envelope.sequence() <= key.sequence)?;
    Rejection::DigestDiffers.unless(envelope.digest() == *digest)?;
    Rejection::BadSignature.unless(is_signed)?;

    let signer = Signer { key: key.key, institution: key.institution, purposes: key.purposes };
    state.use_sequence(number, envelope.sequence());
    Ok(signer)
}

/// Applies one entry of an envelope that passed.
pub fn apply_entry(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> EntryResult {
    let entry = checked.entry;
    let result = EntryResult { kind: entry.kind_number(), ..EntryResult::default() };
    match check_first(state, scope, signer, checked) {
        Err(rejection) => return EntryResult { code: rejection.code(), ..result },
        Ok(Some((code, height))) => {
            return EntryResult { code, duplicate_of_height: Some(height), ..result };
        }
        Ok(None) => {}
    }
    let (code, amount_minor) = match apply_kind(state, scope, signer, checked) {
        Ok(amount_minor) => (0, amount_minor),
        Err(rejection) => (rejection.code(), 0),
    };
    remember(state, signer, checked, code);
    EntryResult { code, amount_minor, ..result }
}

fn remember(state: &mut State, signer: &Signer, checked: &Checked<'_>, code: u16) {
    let entry = checked.entry;
    let remembered = Remembered {
        institution: signer.institution,
        code,
        id: entry.id(),
        instruction: checked.instruction,
    };
    state.remember(remembered, entry.valid_until_ns());
}

/// Applies an entry of block 0: every purpose, no envelope, and nothing is remembered.
pub fn apply_genesis(state: &mut State, scope: &Scope, entry: &Entry<'_>) -> Result<(), Rejection> {
    Rejection::Inconsistent.when(entry.flags() != 0)?;
    let institution = if entry.kind == Kind::OpenAccount { entry.purpose() } else { 0 };
    let signer = Signer { key: [0; 32], institution, purposes: key::PURPOSES };
    let checked = Checked {
        entry,
        instruction: [0; 32],
        authorised: None,
        verdicts: &[],
        parties: (None, None),
    };
    apply_kind(state, scope, &signer, &checked).map(|_| ())
}

/// 20 to 23; the code and height of the first, when this entry is a duplicate.
fn check_first(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<Option<(u16, u64)>, Rejection> {
    let entry = checked.entry;
    Rejection::WrongPurpose.when(purposes_of(entry) & !signer.purposes != 0)?;
    Rejection::Expired.when(entry.valid_until_ns() < scope.now_ns)?;
    let valid_until_ns_max = scope.now_ns.saturating_add(VALID_NS_MAX);
    Rejection::ValidTooLong.when(entry.valid_until_ns() > valid_until_ns_max)?;
    if let Some(found) = state.window.find(signer.institution, &entry.id()) {
        Rejection::IdReused.unless(found.entry.instruction == checked.instruction)?;
        return Ok(Some((found.entry.code, found.height.unwrap_or(scope.height))));
    }
    // A hold may outlive the window, and two holds of one name could not be told apart.
    let is_held = match entry.kind {
        Kind::Payment => {
            entry.is_pending() && state.holds.find(signer.institution, &entry.id()).is_some()
        }
        Kind::Escrow => state.escrows.find(signer.institution, &entry.id()).is_some(),
        Kind::Mandate => state.mandates.find(signer.institution, &entry.id()).is_some(),
        _ => false,
    };
    Rejection::IdReused.when(is_held)?;
    Ok(None)
}

fn purposes_of(entry: &Entry<'_>) -> u32 {
    let of_kind = match entry.kind {
        Kind::Payment | Kind::Post | Kind::Void | Kind::Refund | Kind::CloseAccount => key::PAY,
        Kind::Escrow | Kind::Release | Kind::Cancel => key::PAY,
        Kind::Mandate | Kind::RevokeMandate | Kind::Pull => key::PAY,
        Kind::SetAuthority | Kind::ProposeRecovery => key::PAY,
        Kind::FinishRecovery | Kind::StopRecovery => key::PAY,
        Kind::Issue | Kind::Redeem | Kind::ControlAsset | Kind::Clawback => key::ISSUE,
        Kind::OpenAccount if u32_at::<32, _>(entry.unit()) & !SUB != 0 => key::GOVERN,
        Kind::OpenAccount => key::PAY,
        Kind::Freeze | Kind::Unfreeze => key::COMPLIANCE,
        Kind::RegisterAsset | Kind::RegisterKey | Kind::RevokeKey | Kind::SetLimit => key::GOVERN,
    };
    if entry.has(IMPORTED) { of_kind | key::IMPORT } else { of_kind }
}

/// The amount that moved, was held or was captured.
#[inline]
fn apply_kind(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    if checked.entry.has(IMPORTED) {
        import(state, scope, signer, checked)
    } else {
        apply_rule(state, scope, signer, checked)
    }
}

/// 112: what happened elsewhere comes in its order there, and before now.
fn import(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let checkpoint = state.checkpoint();
    let amount_minor = apply_rule(state, scope, signer, checked)?;
    let number = state.keys.find(&signer.key).expect("invariant: the signer's key is registered");
    let created_ns = checked.entry.created_ns();
    let imported_ns = state.keys.table.row(number).imported_ns;
    if created_ns <= imported_ns || created_ns >= scope.now_ns {
        state.rollback(checkpoint);
        return Err(Rejection::ImportTimeDiffers);
    }
    state.note_import(number, created_ns);
    Ok(amount_minor)
}

fn apply_rule(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<u128, Rejection> {
    let entry = checked.entry;
    match entry.kind {
        Kind::Payment | Kind::Refund | Kind::Issue | Kind::Redeem => {
            payment::apply_payment(state, scope, signer, checked)
        }
        Kind::Post => hold::post_hold(state, scope, signer, entry),
        Kind::Void => hold::void_hold(state, signer, entry).map(|()| 0),
        Kind::Escrow => escrow::open_escrow(state, scope, signer, checked),
        Kind::Release => escrow::release_escrow(state, scope, signer, checked),
        Kind::Cancel => escrow::cancel_escrow(state, scope, signer, checked),
        Kind::Mandate => mandate::grant_mandate(state, scope, signer, checked).map(|()| 0),
        Kind::RevokeMandate => mandate::revoke_mandate(state, scope, signer, checked).map(|()| 0),
        Kind::Pull => mandate::pull(state, scope, signer, checked),
        Kind::SetAuthority => authority::set_authority(state, scope, signer, checked).map(|()| 0),
        Kind::ProposeRecovery => {
            authority::propose_recovery(state, scope, signer, checked).map(|()| 0)
        }
        Kind::FinishRecovery => authority::finish_recovery(state, scope, signer, entry).map(|()| 0),
        Kind::StopRecovery => authority::stop_recovery(state, scope, signer, checked).map(|()| 0),
        Kind::OpenAccount => account::open_account(state, scope, signer, entry).map(|()| 0),
        Kind::CloseAccount => account::close_account(state, signer, entry).map(|()| 0),
        Kind::Freeze => account::freeze_account(state, signer, entry).map(|()| 0),
        Kind::Unfreeze => account::unfreeze_account(state, signer, entry).map(|()| 0),
        Kind::RegisterAsset => admin::register_asset(state, entry).map(|()| 0),
        Kind::RegisterKey => admin::register_key(state, signer, entry).map(|()| 0),
        Kind::RevokeKey => admin::revoke_key(state, scope, signer, entry).map(|()| 0),
        Kind::SetLimit => admin::set_limit(state, signer, entry).map(|()| 0),
        Kind::ControlAsset => controls::control_asset(state, scope, signer, checked).map(|()| 0),
        Kind::Clawback => controls::claw_back(state, scope, signer, checked),
    }
}

/// 25, as far as it is the same for every kind but payment.
fn check_plain(entry: &Entry<'_>) -> Result<(), Rejection> {
    check_flags(entry)?;
    Rejection::Inconsistent.when(entry.expires_ns() != 0)
}

/// A nostro is the mirror of money outside; it alone may be below zero.
fn may_overdraw(account: &crate::account::Account) -> bool {
    account.is(NOSTRO)
}
