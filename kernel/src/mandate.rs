//! Mandates: what a payer allows a payee to be paid again and again, within bounds.

use crate::codec::Id;
use crate::ending::{Ending, Endings};
use crate::table::Row;

pub type Mandates = Endings<Mandate>;

/// Every payment is exactly the most: a standing order.
pub const FIXED: u32 = 1;

#[derive(Clone, Copy, Debug)]
pub struct Mandate {
    pub id: Id,
    pub institution: u32,
    pub asset: u32,
    pub payer: u32,
    pub payee: u32,
    pub payment_minor_max: u128,
    pub period_minor_max: u128,
    pub total_minor_max: u128,
    pub period_ns: u64,
    pub start_ns: u64,
    pub expires_ns: u64,
    /// Payments in a period; 0: any number.
    pub payments_max: u32,
    pub flags: u32,
    pub used: Used,
}

/// What was paid under a mandate; `period` is the one that two of the others are of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub total_minor: u128,
    pub period_minor: u128,
    pub period: u64,
    pub payments: u32,
}

impl Mandate {
    pub fn is_fixed(&self) -> bool {
        self.flags & FIXED != 0
    }

    /// Counted from 0 at `start_ns`; None before it.
    pub fn period_at(&self, now_ns: u64) -> Option<u64> {
        now_ns.checked_sub(self.start_ns)?.checked_div(self.period_ns)
    }
}

impl Row for Mandate {
    const LEAF_BYTES: usize = 192;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.id);
        out.extend(self.institution.to_le_bytes());
        out.extend(self.asset.to_le_bytes());
        out.extend(self.payer.to_le_bytes());
        out.extend(self.payee.to_le_bytes());
        out.extend(self.payment_minor_max.to_le_bytes());
        out.extend(self.period_minor_max.to_le_bytes());
        out.extend(self.total_minor_max.to_le_bytes());
        out.extend(self.used.total_minor.to_le_bytes());
        out.extend(self.used.period_minor.to_le_bytes());
        out.extend(self.period_ns.to_le_bytes());
        out.extend(self.start_ns.to_le_bytes());
        out.extend(self.expires_ns.to_le_bytes());
        out.extend(self.used.period.to_le_bytes());
        out.extend(self.payments_max.to_le_bytes());
        out.extend(self.used.payments.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend([0; 36]);
    }
}

impl Ending for Mandate {
    fn institution(&self) -> u32 {
        self.institution
    }

    fn id(&self) -> Id {
        self.id
    }

    fn expires_ns(&self) -> u64 {
        self.expires_ns
    }
}
