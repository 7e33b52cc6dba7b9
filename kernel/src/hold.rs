//! Holds: payments that wait for post, void or their expiry.

use crate::codec::{Id, Unit};
use crate::ending::{Ending, Endings};
use crate::hash::Hash;
use crate::table::Row;

pub type Holds = Endings<Hold>;

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
    /// Accounts that the hold closed: 1 the payer, 2 the payee.
    pub closes: u8,
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
        out.extend([self.outcome, self.legs_count(), self.closes, 0, 0, 0, 0, 0]);
        out.extend(self.legs_hash);
        out.extend([0; 32]);
    }
}

impl Ending for Hold {
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
