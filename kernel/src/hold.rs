//! Holds: payments that wait for post, void or their expiry.

use std::collections::BTreeSet;

use crate::codec::{Id, Unit};
use crate::hash::Hash;
use crate::index::{Index, name_hash};
use crate::table::{Row, Slots};
use crate::width::at;

#[derive(Clone, Debug)]
pub struct Hold {
    pub id: Id,
    pub institution: u32,
    pub asset: u32,
    pub payer: u32,
    pub payee: u32,
    pub amount_minor: u128,
    pub expires_ns: u64,
    pub outcome: u8,
    /// None: the one leg from payer to payee, principal, whole; so most holds allocate nothing.
    pub legs: Option<Box<[Unit]>>,
    /// Of the legs, written out, one after another.
    pub legs_hash: Hash,
}

impl Hold {
    pub fn legs_count(&self) -> u8 {
        let length = self.legs.as_ref().map_or(1, |legs| legs.len());
        u8::try_from(length).expect("invariant: a hold has at most 16 legs")
    }

    fn expiry(&self) -> (u64, u32, Id) {
        (self.expires_ns, self.institution, self.id)
    }
}

impl Row for Hold {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.id);
        out.extend(self.institution.to_le_bytes());
        out.extend(self.asset.to_le_bytes());
        out.extend(self.payer.to_le_bytes());
        out.extend(self.payee.to_le_bytes());
        out.extend(self.amount_minor.to_le_bytes());
        out.extend(self.expires_ns.to_le_bytes());
        out.extend([self.outcome, self.legs_count(), 0, 0, 0, 0, 0, 0]);
        out.extend(self.legs_hash);
        out.extend([0; 32]);
    }
}

#[derive(Default)]
pub struct Holds {
    pub slots: Slots<Hold>,
    index: Index,
    expiries: BTreeSet<(u64, u32, Id)>,
}

impl Holds {
    pub fn find(&self, institution: u32, id: &Id) -> Option<u32> {
        let slots = self.slots.slots();
        self.index.find(name_hash(institution, *id), |slot| {
            matches!(slots.get(at(slot)), Some(Some(hold))
                if hold.institution == institution && hold.id == *id)
        })
    }

    pub fn next_expiry_ns(&self) -> Option<u64> {
        self.expiries.first().map(|(expires_ns, _, _)| *expires_ns)
    }

    /// The holds whose time is over, oldest first, as (institution, id).
    pub fn due(&self, now_ns: u64, count_max: usize) -> Vec<(u32, Id)> {
        self.expiries
            .iter()
            .take_while(|(expires_ns, _, _)| *expires_ns <= now_ns)
            .take(count_max)
            .map(|(_, institution, id)| (*institution, *id))
            .collect()
    }

    pub fn place(&mut self, hold: Hold) -> u32 {
        let (hash, expiry) = (name_hash(hold.institution, hold.id), hold.expiry());
        let slot = self.slots.place(hold);
        self.list(hash, slot, expiry);
        slot
    }

    pub fn end(&mut self, slot: u32) -> Hold {
        let hold = self.slots.end(slot);
        self.index.remove(name_hash(hold.institution, hold.id), slot);
        self.expiries.remove(&hold.expiry());
        hold
    }

    /// Undoes `end`.
    pub fn put_back(&mut self, slot: u32, hold: Hold) {
        let (hash, expiry) = (name_hash(hold.institution, hold.id), hold.expiry());
        self.slots.put_back(slot, hold);
        self.list(hash, slot, expiry);
    }

    fn list(&mut self, hash: u64, slot: u32, expiry: (u64, u32, Id)) {
        let slots = self.slots.slots();
        self.index.insert(hash, slot, |slot| match slots.get(at(slot)) {
            Some(Some(hold)) => name_hash(hold.institution, hold.id),
            _ => 0,
        });
        self.expiries.insert(expiry);
    }
}
