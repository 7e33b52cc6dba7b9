//! Limits: the most that a key may move of an asset, per payment and per day.

use std::collections::BTreeMap;

use crate::codec::PublicKey;
use crate::table::{Row, Table};

const DAY_NS: u64 = 86_400 * 1_000_000_000;

#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub key: PublicKey,
    pub asset: u32,
    pub payment_minor_max: u128,
    pub day_minor_max: u128,
    pub used_minor: u128,
    /// The day that `used_minor` belongs to.
    pub day: u64,
}

impl Limit {
    pub fn used_minor_on(&self, day: u64) -> u128 {
        if self.day == day { self.used_minor } else { 0 }
    }
}

/// Days since 1970 in UTC.
pub fn day_of(time_ns: u64) -> u64 {
    time_ns.checked_div(DAY_NS).unwrap_or(0)
}

impl Row for Limit {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.key);
        out.extend(self.asset.to_le_bytes());
        out.extend([0; 12]);
        out.extend(self.payment_minor_max.to_le_bytes());
        out.extend(self.day_minor_max.to_le_bytes());
        out.extend(self.used_minor.to_le_bytes());
        out.extend(self.day.to_le_bytes());
        out.extend([0; 24]);
    }
}

#[derive(Default)]
pub struct Limits {
    pub table: Table<Limit>,
    numbers: BTreeMap<(PublicKey, u32), u32>,
}

impl Limits {
    pub fn find(&self, key: &PublicKey, asset: u32) -> Option<u32> {
        self.numbers.get(&(*key, asset)).copied()
    }

    /// The numbers of a key's limits, by asset.
    pub fn of(&self, key: &PublicKey) -> impl Iterator<Item = u32> {
        self.numbers.range((*key, 0)..=(*key, u32::MAX)).map(|(_, number)| *number)
    }

    pub fn add(&mut self, limit: Limit) {
        let number = self.table.push(limit);
        self.numbers.insert((limit.key, limit.asset), number);
    }

    pub fn forget_last(&mut self) {
        let limit = self.table.pop().expect("invariant: a limit was set");
        self.numbers.remove(&(limit.key, limit.asset));
    }
}
