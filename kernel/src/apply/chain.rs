//! Chains: entries of one envelope that stand or fall together, LINKED to the next one each.

use std::collections::BTreeSet;

use super::{Checked, Scope, Signer, apply_kind, check_first, remember};
use crate::account::NOSTRO;
use crate::codec::{EntryResult, Id, NET};
use crate::rejection::Rejection;
use crate::state::{Checkpoint, State};

/// What the first checks (20 to 23) say of a member.
enum First {
    Passed,
    Refused(Rejection),
    Duplicate { code: u16, height: u64 },
}

/// Why a chain does not stand: at which of its members, with what code. None: no member that passed
/// the first checks is to blame.
struct Broken {
    at: Option<usize>,
    code: u16,
}

/// Applies the members of one chain, in order, all or none. `is_open`: the envelope ended before
/// the chain did.
pub fn apply_chain(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    members: &[Checked<'_>],
    is_open: bool,
) -> Vec<EntryResult> {
    let firsts = look_at_members(state, scope, signer, members);
    let mut results = Vec::with_capacity(members.len());
    let applied = if firsts.iter().any(|first| !matches!(first, First::Passed)) {
        Err(Broken { at: None, code: 0 })
    } else if is_open {
        let last = members.len().checked_sub(1);
        Err(Broken { at: last, code: Rejection::ChainOpen.code() })
    } else {
        apply_members(state, scope, signer, members)
    };
    for (at, (member, first)) in members.iter().zip(&firsts).enumerate() {
        let mut result = EntryResult { kind: member.entry.kind_number(), ..EntryResult::default() };
        match first {
            First::Refused(rejection) => result.code = rejection.code(),
            First::Duplicate { code, height } => {
                result.code = *code;
                result.duplicate_of_height = Some(*height);
            }
            First::Passed => {
                match &applied {
                    Ok(amounts) => result.amount_minor = amounts.get(at).copied().unwrap_or(0),
                    Err(broken) if broken.at == Some(at) => result.code = broken.code,
                    Err(_) => result.code = Rejection::ChainBroken.code(),
                }
                remember(state, signer, member, result.code);
            }
        }
        results.push(result);
    }
    results
}

/// As of the state before the chain; an id that stands in it twice is used again.
fn look_at_members(
    state: &State,
    scope: &Scope,
    signer: &Signer,
    members: &[Checked<'_>],
) -> Vec<First> {
    let mut seen: BTreeSet<Id> = BTreeSet::new();
    let look = |member: &Checked<'_>| {
        let is_new = seen.insert(member.entry.id());
        match check_first(state, scope, signer, member) {
            Err(rejection) => First::Refused(rejection),
            Ok(Some((code, height))) => First::Duplicate { code, height },
            Ok(None) if !is_new => First::Refused(Rejection::IdReused),
            Ok(None) => First::Passed,
        }
    };
    members.iter().map(look).collect()
}

/// What each member moved.
fn apply_members(
    state: &mut State,
    scope: &Scope,
    signer: &Signer,
    members: &[Checked<'_>],
) -> Result<Vec<u128>, Broken> {
    let checkpoint = state.checkpoint();
    let is_net = members.first().is_some_and(|first| first.entry.has(NET));
    let mut amounts = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let is_last = at.saturating_add(1) == members.len();
        let applied = Rejection::Inconsistent
            .when(member.entry.has(NET) != is_net)
            .and_then(|()| apply_kind(state, scope, signer, member))
            .and_then(|amount_minor| {
                if is_net && is_last {
                    check_net(state, checkpoint)?;
                }
                Ok(amount_minor)
            });
        match applied {
            Ok(amount_minor) => amounts.push(amount_minor),
            Err(rejection) => {
                state.rollback(checkpoint);
                return Err(Broken { at: Some(at), code: rejection.code() });
            }
        }
    }
    Ok(amounts)
}

/// 46 of a netted chain: nobody is left with less than nothing.
fn check_net(state: &State, checkpoint: Checkpoint) -> Result<(), Rejection> {
    for number in state.givers_since(checkpoint) {
        let row = state.balances.table.row(number);
        let is_nostro = state.accounts.table.row(row.account).is(NOSTRO);
        Rejection::ExceedsAvailable.unless(is_nostro || row.covers(0))?;
    }
    Ok(())
}
