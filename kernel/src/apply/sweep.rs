//! The sweep: what ends because its time is over.
//!
//! What becomes of each row stands in the bytes of the sweep, which are hashed before the block is
//! applied; so it is decided first, from the state before the block, and then done.

use std::collections::{BTreeMap, BTreeSet};

use super::escrow::{end_escrow, find_deadline};
use super::flags::closed_by;
use super::hold::end_hold;
use super::legs::Moves;
use crate::account::{CLOSED, FROZEN};
use crate::codec::{End, Ended, Id, SWEEP_ROWS_MAX};
use crate::ending::Expiry;
use crate::state::State;

/// The rows that are due, in the order of their ends, with what becomes of them.
pub fn find_due(state: &State, now_ns: u64) -> Vec<Ended> {
    let holds = state.holds.due(now_ns).map(|expiry| (expiry, Table::Holds));
    let escrows = state.escrows.due(now_ns).map(|expiry| (expiry, Table::Escrows));
    let mut due: Vec<(Expiry, Table)> = holds.take(SWEEP_ROWS_MAX).collect();
    due.extend(escrows.take(SWEEP_ROWS_MAX));
    let mandates = state.mandates.due(now_ns).map(|expiry| (expiry, Table::Mandates));
    due.extend(mandates.take(SWEEP_ROWS_MAX));
    due.sort_by_key(|((expires_ns, institution, id), table)| {
        (*expires_ns, *table, *institution, *id)
    });
    due.truncate(SWEEP_ROWS_MAX);
    let mut foreseen = Foreseen::default();
    due.into_iter()
        .map(|((_, institution, id), table)| {
            let end = match table {
                Table::Holds => foreseen.end_of_hold(state, institution, id),
                Table::Escrows => foreseen.end_of_escrow(state, institution, id),
                Table::Mandates => End::MandateEnded,
            };
            Ended { institution, end, id }
        })
        .collect()
}

/// In the order in which rows of one moment end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Holds,
    Escrows,
    Mandates,
}

/// What the rows before will have changed: balances that are paid, accounts that are open again.
#[derive(Default)]
struct Foreseen {
    posted: BTreeMap<u32, i128>,
    reopened: BTreeSet<u32>,
}

impl Foreseen {
    fn end_of_hold(&mut self, state: &State, institution: u32, id: Id) -> End {
        let slot = state.holds.find(institution, &id).expect("invariant: a due hold is there");
        self.reopened.extend(closed_by(state.holds.slots.row(slot)));
        End::HoldReleased
    }

    fn end_of_escrow(&mut self, state: &State, institution: u32, id: Id) -> End {
        let slot = state.escrows.find(institution, &id).expect("invariant: a due escrow is there");
        let is_open = |number: u32| {
            let account = state.accounts.table.row(number);
            !account.is(FROZEN) && (!account.is(CLOSED) || self.reopened.contains(&number))
        };
        let moves = find_deadline(state, state.escrows.slots.row(slot), is_open);
        match moves.and_then(|moves| self.after(state, &moves)) {
            Some(after) => {
                self.posted.extend(after);
                End::EscrowPaid
            }
            None => End::EscrowReturned,
        }
    }

    /// The balances that these moves change; None when a sum leaves its type.
    fn after(&self, state: &State, moves: &Moves) -> Option<BTreeMap<u32, i128>> {
        let mut after = BTreeMap::new();
        for one in moves.as_slice() {
            let from =
                self.posted(state, &after, one.from).checked_sub_unsigned(one.amount_minor)?;
            after.insert(one.from, from);
            let to = self.posted(state, &after, one.to).checked_add_unsigned(one.amount_minor)?;
            after.insert(one.to, to);
        }
        Some(after)
    }

    fn posted(&self, state: &State, after: &BTreeMap<u32, i128>, row: u32) -> i128 {
        let foreseen = after.get(&row).or_else(|| self.posted.get(&row));
        foreseen.copied().unwrap_or_else(|| state.balances.table.row(row).posted)
    }
}

pub fn sweep(state: &mut State, due: &[Ended]) {
    for Ended { institution, end, id } in due {
        match end {
            End::HoldReleased => {
                let slot = state.holds.find(*institution, id);
                end_hold(state, slot.expect("invariant: a due hold is there"));
            }
            End::MandateEnded => {
                let slot = state.mandates.find(*institution, id);
                state.end_mandate(slot.expect("invariant: a due mandate is there"));
            }
            End::EscrowReturned | End::EscrowPaid => {
                let slot = state.escrows.find(*institution, id);
                let slot = slot.expect("invariant: a due escrow is there");
                let moves = match end {
                    End::EscrowPaid => {
                        let accounts = &state.accounts.table;
                        let is_open = |number: u32| !accounts.row(number).is(CLOSED | FROZEN);
                        find_deadline(state, state.escrows.slots.row(slot), is_open)
                    }
                    _ => None,
                };
                end_escrow(state, slot, &moves.unwrap_or_default());
            }
        }
    }
}
