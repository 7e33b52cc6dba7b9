//! Who an account belongs to: who has signed an entry (38), what spend keys move (40), and how its
//! keys change (kinds 22 to 25).
//!
//! Read `check_spender` and `check_authorisation`, which are asked by every kind that an owner
//! signs; then `set_authority`.

use super::{Checked, Scope, Signer, account, payment_digest};
use crate::account::{Account, POLICY, SUB};
use crate::codec::{
    CLOSING_PAYEE, CLOSING_PAYER, Entry, Kind, PublicKey, Role, SIGNED, SIGNERS_MAX, field, legs,
};
use crate::limit::day_of;
use crate::policy::{Member, MemberRole, Policy, PolicyRow, Recovery, Spend, sum};
use crate::rejection::Rejection;
use crate::signature::{self, Signed};
use crate::state::State;
use crate::width::row;

const FOUND: &str = "invariant: an account with POLICY has one";

// --- who has signed --------------------------------------------------------------------------

/// An account with its number.
pub type Party<'a> = (u32, &'a Account);

/// 38: whoever the account belongs to has signed, and where nobody has to, nobody did. A spend key
/// is nobody here.
pub fn check_authorisation(
    state: &State,
    scope: &Scope,
    checked: &Checked<'_>,
    party: Party<'_>,
) -> Result<(), Rejection> {
    let spend = check_signed(state, scope, checked, party)?;
    Rejection::BadAuthorisation.when(spend.is_some())
}

/// 38 of what a spend key may sign too; the slot of that key when it did.
#[inline]
pub fn check_spender(
    state: &State,
    scope: &Scope,
    checked: &Checked<'_>,
    payer: Party<'_>,
) -> Result<Option<u32>, Rejection> {
    let entry = checked.entry;
    // Most accounts are kept by their institution, and most entries are signed by nobody else.
    if payer.1.owner == [0; 32] && !entry.has(SIGNED) {
        return Ok(None);
    }
    let spend = check_signed(state, scope, checked, payer)?;
    let closes = entry.has(CLOSING_PAYER | CLOSING_PAYEE);
    Rejection::BadAuthorisation.when(spend.is_some() && closes)?;
    Ok(spend)
}

fn check_signed(
    state: &State,
    scope: &Scope,
    checked: &Checked<'_>,
    party: Party<'_>,
) -> Result<Option<u32>, Rejection> {
    let (_, account) = party;
    if account.is(POLICY) {
        return check_members(state, scope, checked, party);
    }
    let is_authorised = match (account.owner(), checked.entry.has(SIGNED)) {
        (None, is_signed) => !is_signed,
        (Some(owner), _) => has_owner_signed(scope, checked, owner),
    };
    Rejection::BadAuthorisation.unless(is_authorised)?;
    Ok(None)
}

/// The owner may be another one than before the block, and then the signature is looked at again.
fn has_owner_signed(scope: &Scope, checked: &Checked<'_>, owner: &PublicKey) -> bool {
    match (checked.entry.signature(), checked.authorised) {
        (Some(_), Some((key, is_valid))) if key == *owner => is_valid,
        (Some(signature), _) => {
            let digest =
                payment_digest(&scope.chain_id, &checked.instruction, checked.entry.signed_units());
            signature::verify(owner, &digest, signature)
        }
        (None, _) => false,
    }
}

/// Signers who together have the threshold's weight; or one spend key alone, in its asset.
fn check_members(
    state: &State,
    scope: &Scope,
    checked: &Checked<'_>,
    (number, account): Party<'_>,
) -> Result<Option<u32>, Rejection> {
    let number = account.settles_at(number);
    let policy = policy_of(state, number);
    let signed = members_who_signed(&policy, scope, checked)?;
    if let [(place, member)] = signed.as_slice()
        && member.role == MemberRole::SpendKey
    {
        Rejection::BadAuthorisation.unless(member.asset == checked.entry.asset())?;
        return Ok(state.spends.find(number, row(place.saturating_add(1))));
    }
    let are_signers = signed.iter().all(|(_, member)| member.role == MemberRole::Signer);
    let weight = sum(signed.iter().map(|(_, member)| member.value));
    Rejection::BadAuthorisation.unless(are_signers && weight >= policy.threshold())?;
    Ok(None)
}

fn policy_of(state: &State, number: u32) -> Policy<'_> {
    state.policies.slots.row(state.policies.find(number).expect(FOUND)).policy()
}

/// The members that `signers` names, with their places. Every one of them has signed, and none has
/// expired.
fn members_who_signed(
    policy: &Policy<'_>,
    scope: &Scope,
    checked: &Checked<'_>,
) -> Result<Vec<(usize, Member)>, Rejection> {
    let signed = signatures_of_members(policy, scope, checked.entry, &checked.instruction);
    let signed = signed.ok_or(Rejection::BadAuthorisation)?;
    for (_, member, signature) in &signed {
        Rejection::BadAuthorisation.when(member.has_expired(scope.now_ns))?;
        Rejection::BadAuthorisation.unless(signature.verify(checked.verdicts))?;
    }
    Ok(signed.into_iter().map(|(place, member, _)| (place, member)).collect())
}

/// What the members have to have signed; None when nobody is named, or one who is not there.
fn signatures_of_members(
    policy: &Policy<'_>,
    scope: &Scope,
    entry: &Entry<'_>,
    instruction: &[u8; 32],
) -> Option<Vec<(usize, Member, Signed)>> {
    let digest = payment_digest(&scope.chain_id, instruction, entry.signed_units());
    let named = (0..SIGNERS_MAX).filter(|place| entry.signers() & 1_u16 << place != 0);
    let signed = named.zip(entry.signatures).map(|(place, signature)| {
        let member = policy.member(place)?;
        let signed = Signed { key: member.key, digest, signature: *signature };
        Some((place, member, signed))
    });
    (entry.signers() != 0).then(|| signed.collect::<Option<_>>())?
}

/// The signatures under the policy that this state has, to be verified with others.
pub fn member_signatures(
    state: &State,
    scope: &Scope,
    entry: &Entry<'_>,
    instruction: &[u8; 32],
) -> Vec<Signed> {
    if entry.signatures.is_empty() || entry.signers() == 0 {
        return Vec::new();
    }
    let find = || {
        let (number, account) = state.accounts.find_row(&signing_address(entry))?;
        let slot = state.policies.find(account.settles_at(number))?;
        let policy = state.policies.slots.row(slot).policy();
        signatures_of_members(&policy, scope, entry, instruction)
    };
    find().unwrap_or_default().into_iter().map(|(_, _, signed)| signed).collect()
}

/// The one signature of an account's owner, with the key that this state has for it.
pub fn owner_signature(state: &State, entry: &Entry<'_>) -> Option<(PublicKey, [u8; 64])> {
    let signature = entry.signature()?;
    let (_, account) = state.accounts.find_row(&signing_address(entry))?;
    let owner = account.owner().filter(|_| !account.is(POLICY))?;
    Some((*owner, *signature))
}

fn signing_address(entry: &Entry<'_>) -> [u8; 20] {
    if entry.kind == Kind::Pull { entry.payee() } else { entry.payer() }
}

// --- what a spend key moves ------------------------------------------------------------------

pub struct SpendUse {
    slot: u32,
    used_minor: u128,
}

/// 40 of a spend key: the amount, and the fees that the payer gives.
pub fn check_spend(
    state: &State,
    scope: &Scope,
    spend: Option<u32>,
    entry: &Entry<'_>,
    amount_minor: u128,
) -> Result<Option<SpendUse>, Rejection> {
    let Some(slot) = spend else { return Ok(None) };
    let spend = state.spends.slots.row(slot);
    let member = policy_of(state, spend.account).at_unit(spend.unit);
    let day_minor_max = member.expect(FOUND).value;
    // No sum of what fits a day's most leaves its type, and one that would is above it.
    let used_minor = spend
        .used_minor_on(day_of(scope.now_ns))
        .saturating_add(amount_minor)
        .saturating_add(fees_minor(entry));
    Rejection::LimitDay.when(used_minor > day_minor_max)?;
    Ok(Some(SpendUse { slot, used_minor }))
}

fn fees_minor(entry: &Entry<'_>) -> u128 {
    if entry.kind != Kind::Payment {
        return 0;
    }
    let payer = entry.payer();
    let given = legs(entry.units).filter(|leg| leg.from == payer && leg.role == Role::Fee);
    given.fold(0, |sum: u128, leg| sum.saturating_add(leg.amount_minor))
}

#[inline]
pub fn book_spend(state: &mut State, scope: &Scope, spend: Option<SpendUse>) {
    if let Some(SpendUse { slot, used_minor }) = spend {
        state.use_spend(slot, used_minor, day_of(scope.now_ns));
    }
}

// --- kind 22 ---------------------------------------------------------------------------------

/// The account gets another key, a policy, or none: custodial.
pub fn set_authority(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let entry = checked.entry;
    let (number, account) = account::find_own(state, signer, entry)?;
    Rejection::AuthorityBadPolicy.when(account.is(SUB))?;
    check_authorisation(state, scope, checked, (number, &account))?;
    if let [unit] = entry.units {
        Rejection::AuthorityBadPolicy.unless(field::<32, 32, _>(unit) == [0; 32])?;
        set_owner(state, number, field::<0, _, _>(unit));
        return Ok(());
    }
    let policy = Policy::parse(entry.units).map_err(|_| Rejection::AuthorityBadPolicy)?;

    end_policy(state, number);
    let policy_hash = Policy::hash(entry.units);
    state.set_policy(PolicyRow {
        account: number,
        policy_hash,
        units: entry.units.into(),
        recovery: Recovery::default(),
    });
    for unit in policy.spend_keys() {
        state.add_spend(Spend { account: number, unit, used_minor: 0, day: 0 });
    }
    state.set_owner(number, account.flags | POLICY, policy_hash);
    Ok(())
}

fn set_owner(state: &mut State, number: u32, key: PublicKey) {
    end_policy(state, number);
    let flags = state.accounts.table.row(number).flags & !POLICY;
    state.set_owner(number, flags, key);
}

/// With what its spend keys used, and a recovery that was under way.
fn end_policy(state: &mut State, number: u32) {
    if let Some(slot) = state.policies.find(number) {
        let spends: Vec<u32> = state.spends.of(number).collect();
        spends.into_iter().for_each(|slot| state.end_spend(slot));
        state.end_policy(slot);
    }
}

// --- kinds 23 to 25: recovery ----------------------------------------------------------------

/// Guardians name the key that the account is to have.
pub fn propose_recovery(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let (number, _) = account::find_own(state, signer, checked.entry)?;
    let slot = state.policies.find(number).ok_or(Rejection::AuthorityNoGuardians)?;
    let found = state.policies.slots.row(slot);
    let policy = found.policy();
    Rejection::AuthorityNoGuardians.when(policy.guardians_threshold() == 0)?;
    let signed = members_who_signed(&policy, scope, checked)?;
    let are_guardians = signed.iter().all(|(_, member)| member.role == MemberRole::Guardian);
    let are_enough = signed.len() >= policy.guardians_threshold();
    Rejection::BadAuthorisation.unless(are_guardians && are_enough)?;
    let key: PublicKey = field::<0, _, _>(checked.entry.unit());
    Rejection::AuthorityBadPolicy.when(key == [0; 32])?;
    if key == found.recovery.key {
        return Ok(());
    }
    let recover_at_ns = scope.now_ns.checked_add(policy.recovery_delay_ns());
    let recover_at_ns = recover_at_ns.ok_or(Rejection::Overflow)?;

    state.set_recovery(slot, Recovery { key, recover_at_ns });
    Ok(())
}

/// From its time on anyone of the institution may end a recovery with what it was for.
pub fn finish_recovery(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    entry: &Entry<'_>,
) -> Result<(), Rejection> {
    let (number, _) = account::find_own(state, signer, entry)?;
    let (_, recovery) = find_recovery(state, number)?;
    Rejection::RecoveryTooEarly.when(scope.now_ns < recovery.recover_at_ns)?;

    set_owner(state, number, recovery.key);
    Ok(())
}

/// The account's own authority is there, and nothing has to be recovered.
pub fn stop_recovery(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    checked: &Checked<'_>,
) -> Result<(), Rejection> {
    let (number, account) = account::find_own(state, signer, checked.entry)?;
    let (slot, _) = find_recovery(state, number)?;
    check_authorisation(state, scope, checked, (number, &account))?;

    state.set_recovery(slot, Recovery::default());
    Ok(())
}

/// 122.
fn find_recovery(state: &State, number: u32) -> Result<(u32, Recovery), Rejection> {
    let slot = state.policies.find(number).ok_or(Rejection::RecoveryNone)?;
    let recovery = state.policies.slots.row(slot).recovery;
    Rejection::RecoveryNone.when(recovery == Recovery::default())?;
    Ok((slot, recovery))
}
