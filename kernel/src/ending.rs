//! Rows with a name and an end: holds, escrows. They are found by (institution, id), and the
//! sweep finds those whose time is over.

use std::collections::BTreeSet;

use crate::codec::Id;
use crate::index::{Index, name_hash};
use crate::table::{Row, Slots};
use crate::width::at;

/// A row that ends by itself when its time is over.
pub trait Ending: Row {
    fn institution(&self) -> u32;
    fn id(&self) -> Id;
    fn expires_ns(&self) -> u64;
}

/// When a row ends, and its name: the order in which rows end.
pub type Expiry = (u64, u32, Id);

pub struct Endings<R> {
    pub slots: Slots<R>,
    index: Index,
    expiries: BTreeSet<Expiry>,
}

impl<R> Default for Endings<R> {
    fn default() -> Self {
        Self { slots: Slots::default(), index: Index::default(), expiries: BTreeSet::new() }
    }
}

impl<R: Ending> Endings<R> {
    pub fn find(&self, institution: u32, id: &Id) -> Option<u32> {
        let slots = self.slots.slots();
        self.index.find(name_hash(institution, *id), |slot| {
            matches!(slots.get(at(slot)), Some(Some(row))
                if row.institution() == institution && row.id() == *id)
        })
    }

    pub fn next_expiry_ns(&self) -> Option<u64> {
        self.expiries.first().map(|(expires_ns, _, _)| *expires_ns)
    }

    /// The rows whose time is over, oldest first.
    pub fn due(&self, now_ns: u64) -> impl Iterator<Item = Expiry> {
        self.expiries.iter().take_while(move |(expires_ns, _, _)| *expires_ns <= now_ns).copied()
    }

    pub fn place(&mut self, row: R) -> u32 {
        let (hash, expiry) = (hash_of(&row), expiry_of(&row));
        let slot = self.slots.place(row);
        self.list(hash, slot, expiry);
        slot
    }

    pub fn end(&mut self, slot: u32) -> R {
        let row = self.slots.end(slot);
        self.index.remove(hash_of(&row), slot);
        self.expiries.remove(&expiry_of(&row));
        row
    }

    /// Undoes `end`.
    pub fn put_back(&mut self, slot: u32, row: R) {
        let (hash, expiry) = (hash_of(&row), expiry_of(&row));
        self.slots.put_back(slot, row);
        self.list(hash, slot, expiry);
    }

    fn list(&mut self, hash: u64, slot: u32, expiry: Expiry) {
        let slots = self.slots.slots();
        self.index.insert(hash, slot, |slot| match slots.get(at(slot)) {
            Some(Some(row)) => hash_of(row),
            _ => 0,
        });
        self.expiries.insert(expiry);
    }
}

fn hash_of<R: Ending>(row: &R) -> u64 {
    name_hash(row.institution(), row.id())
}

fn expiry_of<R: Ending>(row: &R) -> Expiry {
    (row.expires_ns(), row.institution(), row.id())
}
