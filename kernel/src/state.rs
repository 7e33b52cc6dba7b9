//! The state: all tables, and one undo log.
//!
//! Every write goes through a method here or in `transfer`, which notes how to undo it. The same
//! log takes back a leg (of a payment whose later leg fails), an entry, or a block: a checkpoint is
//! a length of the log, and checkpoints nest.

use crate::account::{Account, Accounts};
use crate::asset::{Asset, Assets};
use crate::balance::{Balance, Balances};
use crate::codec::{Id, PublicKey};
use crate::escrow::{Escrow, Escrows};
use crate::hash::{Domain, Hash};
use crate::hold::{Hold, Holds};
use crate::image::Image;
use crate::key::{Key, Keys};
use crate::limit::{Limit, Limits};
use crate::mandate::{Mandate, Mandates, Used};
use crate::policy::{Policies, PolicyRow, Recovery, Spend, Spends};
use crate::refund::{Refund, Refunds};
use crate::table::AnyTable;
use crate::window::{Epoch, Remembered, Segment, Window};

#[derive(Default)]
pub struct State {
    pub accounts: Accounts,
    pub assets: Assets,
    pub balances: Balances,
    pub holds: Holds,
    pub escrows: Escrows,
    pub mandates: Mandates,
    pub policies: Policies,
    pub spends: Spends,
    pub keys: Keys,
    pub limits: Limits,
    pub refunds: Refunds,
    pub window: Window,
    journal: Journal,
    /// Of the block below, which is being written.
    journal_below: Journal,
    /// Of one block, as far as it is read.
    pub(crate) image: Option<Image>,
}

/// How the writes of a block are taken back, last one last.
#[derive(Default)]
struct Journal {
    undo: Vec<Undo>,
    /// What `HoldEnded` takes back; kept apart so that an undo stays 32 bytes.
    holds_ended: Vec<Hold>,
}

impl Journal {
    fn clear(&mut self) {
        // A genesis of many accounts, or one large block, must not hold on to its memory.
        const UNDO_KEPT_MAX: usize = 65_536;
        self.undo.clear();
        self.undo.shrink_to(UNDO_KEPT_MAX);
        self.holds_ended.clear();
    }
}

/// How one write is taken back. Rows are named by their numbers.
pub(crate) enum Undo {
    Moved { from: u32, to: u32, amount_minor: u128 },
    Reserved { from: u32, to: u32, amount_minor: u128 },
    Released { from: u32, to: u32, amount_minor: u128 },
    AccountOpened,
    AccountFlags { number: u32, flags: u32 },
    AccountOwner { number: u32, before: Box<(u32, PublicKey)> },
    AssetRegistered,
    AssetFlags { number: u32, flags: u8 },
    BalanceFlags { number: u32, flags: u32 },
    HoldPlaced { slot: u32 },
    HoldEnded { slot: u32 },
    EscrowOpened { slot: u32 },
    EscrowReleased { slot: u32, amount_minor: u128 },
    EscrowEnded { slot: u32, escrow: Box<Escrow> },
    MandateGranted { slot: u32 },
    MandateUsed { slot: u32, before: Box<Used> },
    MandateEnded { slot: u32, mandate: Box<Mandate> },
    PolicySet { slot: u32 },
    PolicyEnded { slot: u32, row: Box<PolicyRow> },
    RecoverySet { slot: u32, before: Box<Recovery> },
    SpendAdded { slot: u32 },
    SpendUsed { slot: u32, day: u64, used_minor: u128 },
    SpendEnded { slot: u32, row: Box<Spend> },
    KeyRegistered,
    KeyRevoked { number: u32 },
    KeySequence { number: u32, sequence: u64 },
    KeyImported { number: u32, imported_ns: u64 },
    LimitAdded,
    LimitSet { number: u32, before: Box<Limit> },
    LimitUsed { number: u32, day: u64, used_minor: u128 },
    RefundAdded,
    RefundGrown { number: u32, amount_minor: u128 },
    SegmentDropped(Box<(Segment, Epoch)>),
    SegmentClosed,
}

/// A point to which the state can go back.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint {
    undo: usize,
    remembered: usize,
    valid_until_ns_max: u64,
}

/// One row of the state root.
pub struct Subroot {
    pub name: &'static str,
    pub rows: u64,
    pub root: Hash,
}

impl State {
    // --- checkpoints ---------------------------------------------------------------------------

    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            undo: self.journal.undo.len(),
            remembered: self.window.open.ids.len(),
            valid_until_ns_max: self.window.open.valid_until_ns_max,
        }
    }

    pub fn rollback(&mut self, to: Checkpoint) {
        while self.journal.undo.len() > to.undo {
            if let Some(undo) = self.journal.undo.pop() {
                self.take_back(undo);
            }
        }
        self.window.forget(to.remembered, to.valid_until_ns_max);
    }

    /// The balance rows that gave something after a checkpoint; some more than once.
    pub fn givers_since(&self, checkpoint: Checkpoint) -> impl Iterator<Item = u32> {
        self.journal.undo.iter().skip(checkpoint.undo).filter_map(|undo| match undo {
            Undo::Moved { from, .. } => Some(*from),
            _ => None,
        })
    }

    /// The block is complete, and the next may come on top of it. Until `keep` it can still be taken
    /// back, after `hand_back`.
    pub fn hand_over(&mut self) {
        std::mem::swap(&mut self.journal, &mut self.journal_below);
        assert!(self.journal.undo.is_empty(), "invariant: one block is written at a time");
        self.window.hand_over();
    }

    /// Undoes `hand_over`; what came on top of the block is taken back already.
    pub fn hand_back(&mut self) {
        std::mem::swap(&mut self.journal, &mut self.journal_below);
    }

    /// Forgets how to go back: the block that was handed over is committed.
    pub fn keep(&mut self) {
        self.journal_below.clear();
        self.window.purge();
    }

    pub(crate) fn note(&mut self, undo: Undo) {
        self.journal.undo.push(undo);
    }

    fn take_back(&mut self, undo: Undo) {
        match undo {
            Undo::Moved { from, to, amount_minor } => self.unmove(from, to, amount_minor),
            Undo::Reserved { from, to, amount_minor } => self.unreserve(from, to, amount_minor),
            Undo::Released { from, to, amount_minor } => self.unrelease(from, to, amount_minor),
            Undo::AccountOpened => self.forget_account(),
            Undo::AccountFlags { number, flags } => {
                self.accounts.table.row_mut(number).flags = flags;
            }
            Undo::AccountOwner { number, before } => {
                let account = self.accounts.table.row_mut(number);
                (account.flags, account.owner) = *before;
            }
            Undo::AssetRegistered => self.assets.forget_last(),
            Undo::AssetFlags { number, flags } => self.assets.table.row_mut(number).flags = flags,
            Undo::BalanceFlags { number, flags } => {
                self.balances.table.row_mut(number).flags = flags;
            }
            Undo::HoldPlaced { slot } => drop(self.holds.end(slot)),
            Undo::HoldEnded { slot } => {
                let hold =
                    self.journal.holds_ended.pop().expect("invariant: an ended hold was kept");
                self.holds.put_back(slot, hold);
            }
            Undo::MandateGranted { slot } => drop(self.mandates.end(slot)),
            Undo::MandateUsed { slot, before } => {
                self.mandates.slots.row_mut(slot).used = *before;
            }
            Undo::MandateEnded { slot, mandate } => self.mandates.put_back(slot, *mandate),
            Undo::PolicySet { slot } => drop(self.policies.end(slot)),
            Undo::PolicyEnded { slot, row } => self.policies.put_back(slot, *row),
            Undo::RecoverySet { slot, before } => {
                self.policies.slots.row_mut(slot).recovery = *before;
            }
            Undo::SpendAdded { slot } => drop(self.spends.end(slot)),
            Undo::SpendUsed { slot, day, used_minor } => {
                let spend = self.spends.slots.row_mut(slot);
                (spend.used_minor, spend.day) = (used_minor, day);
            }
            Undo::SpendEnded { slot, row } => self.spends.put_back(slot, *row),
            Undo::EscrowOpened { slot } => drop(self.escrows.end(slot)),
            Undo::EscrowReleased { slot, amount_minor } => {
                let escrow = self.escrows.slots.row_mut(slot);
                escrow.released_minor = escrow
                    .released_minor
                    .checked_sub(amount_minor)
                    .expect("invariant: a release that is taken back was made");
            }
            Undo::EscrowEnded { slot, escrow } => self.escrows.put_back(slot, *escrow),
            Undo::KeyRegistered => self.keys.forget_last(),
            Undo::KeyRevoked { number } => self.keys.table.row_mut(number).revoked_height = 0,
            Undo::KeySequence { number, sequence } => {
                self.keys.table.row_mut(number).sequence = sequence;
            }
            Undo::KeyImported { number, imported_ns } => {
                self.keys.table.row_mut(number).imported_ns = imported_ns;
            }
            Undo::LimitAdded => self.limits.forget_last(),
            Undo::LimitSet { number, before } => *self.limits.table.row_mut(number) = *before,
            Undo::LimitUsed { number, day, used_minor } => {
                let limit = self.limits.table.row_mut(number);
                (limit.used_minor, limit.day) = (used_minor, day);
            }
            Undo::RefundAdded => self.refunds.forget_last(),
            Undo::RefundGrown { number, amount_minor } => {
                let refund = self.refunds.table.row_mut(number);
                refund.refunded_minor = refund
                    .refunded_minor
                    .checked_sub(amount_minor)
                    .expect("invariant: a refund that is taken back was made");
            }
            Undo::SegmentDropped(dropped) => self.window.put_back_oldest(dropped.0, dropped.1),
            Undo::SegmentClosed => self.window.reopen(),
        }
    }

    // --- accounts and assets -------------------------------------------------------------------

    pub fn open_account(&mut self, mut account: Account, assets: &[u32]) {
        if let Some(parent) = account.parent.checked_sub(1) {
            let parent = self.accounts.table.row(parent);
            account.balances_first = parent.balances_first;
            account.balances_count = parent.balances_count;
        } else {
            account.balances_first = self.balances.table.next_number();
            account.balances_count = crate::width::row(assets.len());
        }
        let number = self.accounts.open(account);
        for asset in assets {
            self.balances.table.push(Balance::new(number, *asset));
        }
        self.note(Undo::AccountOpened);
    }

    fn forget_account(&mut self) {
        let account = self.accounts.forget_last();
        while account.parent == 0 && self.balances.table.next_number() > account.balances_first {
            self.balances.table.pop();
        }
    }

    pub fn set_account_flags(&mut self, number: u32, flags: u32) {
        let account = self.accounts.table.row_mut(number);
        let before = std::mem::replace(&mut account.flags, flags);
        self.note(Undo::AccountFlags { number, flags: before });
    }

    pub fn register_asset(&mut self, asset: Asset) {
        self.assets.register(asset);
        self.note(Undo::AssetRegistered);
    }

    /// `row` is the asset's place in its table, its number less 1.
    pub fn set_asset_flags(&mut self, row: u32, flags: u8) {
        let before = std::mem::replace(&mut self.assets.table.row_mut(row).flags, flags);
        self.note(Undo::AssetFlags { number: row, flags: before });
    }

    pub fn set_balance_flags(&mut self, number: u32, flags: u32) {
        let before = std::mem::replace(&mut self.balances.table.row_mut(number).flags, flags);
        self.note(Undo::BalanceFlags { number, flags: before });
    }

    // --- holds ---------------------------------------------------------------------------------

    pub fn place_hold(&mut self, hold: Hold) {
        let slot = self.holds.place(hold);
        self.note(Undo::HoldPlaced { slot });
    }

    pub fn end_hold(&mut self, slot: u32) {
        let hold = self.holds.end(slot);
        self.journal.holds_ended.push(hold);
        self.note(Undo::HoldEnded { slot });
    }

    // --- escrows -------------------------------------------------------------------------------

    pub fn open_escrow(&mut self, escrow: Escrow) {
        let slot = self.escrows.place(escrow);
        self.note(Undo::EscrowOpened { slot });
    }

    /// Counts a part of an escrow as released.
    pub fn grow_escrow(&mut self, slot: u32, amount_minor: u128) {
        let escrow = self.escrows.slots.row_mut(slot);
        escrow.released_minor = escrow
            .released_minor
            .checked_add(amount_minor)
            .expect("invariant: no more is released than there is");
        self.note(Undo::EscrowReleased { slot, amount_minor });
    }

    pub fn end_escrow(&mut self, slot: u32) {
        let escrow = Box::new(self.escrows.end(slot));
        self.note(Undo::EscrowEnded { slot, escrow });
    }

    // --- mandates ------------------------------------------------------------------------------

    pub fn grant_mandate(&mut self, mandate: Mandate) {
        let slot = self.mandates.place(mandate);
        self.note(Undo::MandateGranted { slot });
    }

    pub fn use_mandate(&mut self, slot: u32, used: Used) {
        let mandate = self.mandates.slots.row_mut(slot);
        let before = Box::new(std::mem::replace(&mut mandate.used, used));
        self.note(Undo::MandateUsed { slot, before });
    }

    pub fn end_mandate(&mut self, slot: u32) {
        let mandate = Box::new(self.mandates.end(slot));
        self.note(Undo::MandateEnded { slot, mandate });
    }

    // --- policies ------------------------------------------------------------------------------

    /// `owner`: a key, the hash of a policy, or zero; `flags` say which.
    pub fn set_owner(&mut self, number: u32, flags: u32, owner: PublicKey) {
        let account = self.accounts.table.row_mut(number);
        let before = Box::new((account.flags, account.owner));
        (account.flags, account.owner) = (flags, owner);
        self.note(Undo::AccountOwner { number, before });
    }

    pub fn set_policy(&mut self, row: PolicyRow) {
        let slot = self.policies.place(row);
        self.note(Undo::PolicySet { slot });
    }

    pub fn end_policy(&mut self, slot: u32) {
        let row = Box::new(self.policies.end(slot));
        self.note(Undo::PolicyEnded { slot, row });
    }

    pub fn set_recovery(&mut self, slot: u32, recovery: Recovery) {
        let row = self.policies.slots.row_mut(slot);
        let before = Box::new(std::mem::replace(&mut row.recovery, recovery));
        self.note(Undo::RecoverySet { slot, before });
    }

    pub fn add_spend(&mut self, spend: Spend) {
        let slot = self.spends.place(spend);
        self.note(Undo::SpendAdded { slot });
    }

    pub fn use_spend(&mut self, slot: u32, used_minor: u128, day: u64) {
        let spend = self.spends.slots.row_mut(slot);
        let before = Undo::SpendUsed { slot, day: spend.day, used_minor: spend.used_minor };
        (spend.used_minor, spend.day) = (used_minor, day);
        self.note(before);
    }

    pub fn end_spend(&mut self, slot: u32) {
        let row = Box::new(self.spends.end(slot));
        self.note(Undo::SpendEnded { slot, row });
    }

    /// When the next hold, escrow or mandate ends by itself.
    pub fn next_expiry_ns(&self) -> Option<u64> {
        let expiries = [
            self.holds.next_expiry_ns(),
            self.escrows.next_expiry_ns(),
            self.mandates.next_expiry_ns(),
        ];
        expiries.into_iter().flatten().min()
    }

    // --- keys and limits -----------------------------------------------------------------------

    pub fn register_key(&mut self, key: Key) {
        self.keys.register(key);
        self.note(Undo::KeyRegistered);
    }

    pub fn revoke_key(&mut self, number: u32, height: u64) {
        self.keys.table.row_mut(number).revoked_height = height;
        self.note(Undo::KeyRevoked { number });
    }

    pub fn use_sequence(&mut self, number: u32, sequence: u64) {
        let key = self.keys.table.row_mut(number);
        let before = std::mem::replace(&mut key.sequence, sequence);
        self.note(Undo::KeySequence { number, sequence: before });
    }

    pub fn note_import(&mut self, number: u32, imported_ns: u64) {
        let key = self.keys.table.row_mut(number);
        let before = std::mem::replace(&mut key.imported_ns, imported_ns);
        self.note(Undo::KeyImported { number, imported_ns: before });
    }

    pub fn add_limit(&mut self, limit: Limit) {
        self.limits.add(limit);
        self.note(Undo::LimitAdded);
    }

    pub fn set_limit(&mut self, number: u32, payment_minor_max: u128, day_minor_max: u128) {
        let limit = self.limits.table.row_mut(number);
        let before = Box::new(*limit);
        limit.payment_minor_max = payment_minor_max;
        limit.day_minor_max = day_minor_max;
        self.note(Undo::LimitSet { number, before });
    }

    pub fn use_limit(&mut self, number: u32, used_minor: u128, day: u64) {
        let limit = self.limits.table.row_mut(number);
        let before = Undo::LimitUsed { number, day: limit.day, used_minor: limit.used_minor };
        (limit.used_minor, limit.day) = (used_minor, day);
        self.note(before);
    }

    // --- refunds -------------------------------------------------------------------------------

    pub fn add_refund(&mut self, refund: Refund) {
        self.refunds.add(refund);
        self.note(Undo::RefundAdded);
    }

    /// `refunded_minor` is the sum with this refund, which brings `amount_minor`.
    pub fn grow_refund(&mut self, number: u32, refunded_minor: u128, amount_minor: u128) {
        self.refunds.table.row_mut(number).refunded_minor = refunded_minor;
        self.note(Undo::RefundGrown { number, amount_minor });
    }

    // --- window --------------------------------------------------------------------------------

    pub fn drop_oldest_segment(&mut self) {
        let dropped = Box::new(self.window.drop_oldest());
        self.note(Undo::SegmentDropped(dropped));
    }

    /// Ids are counted by the checkpoint, and need no note.
    pub fn remember(&mut self, entry: Remembered, valid_until_ns: u64) {
        self.window.remember(entry, valid_until_ns);
    }

    pub fn close_segment(&mut self, segment: Segment) {
        self.window.close(segment);
        self.note(Undo::SegmentClosed);
    }

    // --- roots ---------------------------------------------------------------------------------

    /// In the order of the state root.
    pub fn tables(&mut self) -> [(&'static str, &mut dyn AnyTable); 12] {
        [
            ("accounts", &mut self.accounts.table),
            ("assets", &mut self.assets.table),
            ("balances", &mut self.balances.table),
            ("holds", self.holds.slots.rows_mut()),
            ("escrows", self.escrows.slots.rows_mut()),
            ("mandates", self.mandates.slots.rows_mut()),
            ("policies", self.policies.slots.rows_mut()),
            ("spends", self.spends.slots.rows_mut()),
            ("keys", &mut self.keys.table),
            ("limits", &mut self.limits.table),
            ("refunds", &mut self.refunds.table),
            ("window", self.window.segments.rows_mut()),
        ]
    }

    /// Hashes what changed since it was last asked for.
    pub fn subroots(&mut self) -> [Subroot; 12] {
        self.tables().map(|(name, table)| Subroot { name, rows: table.count(), root: table.root() })
    }

    pub fn root(&mut self) -> Hash {
        const VERSION: u64 = 1;
        let mut rows = Vec::with_capacity(1_024);
        for Subroot { name, rows: count, root } in self.subroots() {
            let mut padded: Id = [0; 16];
            for (byte, letter) in padded.iter_mut().zip(name.bytes()) {
                *byte = letter;
            }
            rows.extend(padded);
            rows.extend(VERSION.to_le_bytes());
            rows.extend(count.to_le_bytes());
            rows.extend(root);
        }
        Domain::State.hash(&rows)
    }
}
