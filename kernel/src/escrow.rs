//! Escrows: conditional money. The payer's promise to the payee, under terms, until a deadline.

use crate::codec::{Id, Unit};
use crate::ending::{Ending, Endings};
use crate::hash::Hash;
use crate::table::Row;

pub type Escrows = Endings<Escrow>;

#[derive(Clone, Debug)]
pub struct Escrow {
    pub id: Id,
    pub institution: u32,
    pub asset: u32,
    pub payer: u32,
    pub payee: u32,
    pub amount_minor: u128,
    pub released_minor: u128,
    pub expires_ns: u64,
    /// The time of the block that opened it: with it a name stands for one escrow for ever.
    pub opened_ns: u64,
    pub terms_hash: Hash,
    pub terms: Box<[Unit]>,
}

impl Escrow {
    pub fn left_minor(&self) -> u128 {
        self.amount_minor
            .checked_sub(self.released_minor)
            .expect("invariant: no more was released than there was")
    }
}

impl Row for Escrow {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.id);
        out.extend(self.institution.to_le_bytes());
        out.extend(self.asset.to_le_bytes());
        out.extend(self.payer.to_le_bytes());
        out.extend(self.payee.to_le_bytes());
        out.extend(self.amount_minor.to_le_bytes());
        out.extend(self.released_minor.to_le_bytes());
        out.extend(self.expires_ns.to_le_bytes());
        out.extend(self.opened_ns.to_le_bytes());
        out.extend(self.terms_hash);
        out.extend([0; 16]);
    }
}

impl Ending for Escrow {
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
