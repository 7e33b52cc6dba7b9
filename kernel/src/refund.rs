//! Refunds: how much of a payment has gone back.

use crate::codec::Id;
use crate::index::{Index, name_hash};
use crate::table::{Row, Table};
use crate::width::at;

#[derive(Clone, Copy, Debug)]
pub struct Refund {
    pub institution: u32,
    pub target: Id,
    pub amount_minor: u128,
    pub refunded_minor: u128,
}

impl Row for Refund {
    const LEAF_BYTES: usize = 64;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.institution.to_le_bytes());
        out.extend([0; 12]);
        out.extend(self.target);
        out.extend(self.amount_minor.to_le_bytes());
        out.extend(self.refunded_minor.to_le_bytes());
    }
}

#[derive(Default)]
pub struct Refunds {
    pub table: Table<Refund>,
    index: Index,
}

impl Refunds {
    pub fn find(&self, institution: u32, target: &Id) -> Option<u32> {
        let rows = self.table.rows();
        self.index.find(name_hash(institution, *target), |number| {
            rows.get(at(number))
                .is_some_and(|row| row.institution == institution && row.target == *target)
        })
    }

    pub fn add(&mut self, refund: Refund) {
        let number = self.table.push(refund);
        let rows = self.table.rows();
        self.index.insert(name_hash(refund.institution, refund.target), number, |number| {
            rows.get(at(number)).map_or(0, |row| name_hash(row.institution, row.target))
        });
    }

    pub fn forget_last(&mut self) {
        let refund = self.table.pop().expect("invariant: a refund was made");
        let hash = name_hash(refund.institution, refund.target);
        self.index.remove(hash, self.table.next_number());
    }
}
