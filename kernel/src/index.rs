//! Indexes: from a name (an address, an institution's id) to the row that carries it.
//!
//! The table holds row numbers only, five bytes a row; the name is compared in the row itself,
//! which the caller is about to read anyway. Nothing ever depends on the order of a hash table:
//! it is looked up in, and never walked.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::codec::{Address, Id, field};

pub fn address_hash(address: &Address) -> u64 {
    name_hash(u32::from_le_bytes(field::<16, _, _>(address)), field::<0, _, _>(address))
}

#[inline]
pub fn name_hash(short: u32, long: Id) -> u64 {
    const SEED: u64 = 0x636c_6561_7277_6179;
    let mut hasher = FixedState::with_seed(SEED).build_hasher();
    hasher.write_u128(u128::from_le_bytes(long));
    hasher.write_u32(short);
    hasher.finish()
}

#[derive(Default)]
pub struct Index {
    table: HashTable<u32>,
}

impl Index {
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.table.find(hash, |row| is_it(*row)).copied()
    }

    /// The name of `row` is not in the index yet; `hash_of` gives the hash of a row's name.
    pub fn insert(&mut self, hash: u64, row: u32, hash_of: impl Fn(u32) -> u64) {
        self.table.insert_unique(hash, row, |row| hash_of(*row));
    }

    pub fn remove(&mut self, hash: u64, row: u32) {
        match self.table.find_entry(hash, |other| *other == row) {
            Ok(entry) => drop(entry.remove()),
            Err(_) => unreachable!("invariant: a row is in its index"),
        }
    }
}
