//! Keys: who may sign for an institution, for what, and from which height.

use std::collections::BTreeMap;

use crate::codec::PublicKey;
use crate::table::{Row, Table};

pub const PAY: u32 = 1;
pub const ISSUE: u32 = 2;
pub const COMPLIANCE: u32 = 4;
pub const GOVERN: u32 = 8;
pub const SEQUENCE: u32 = 16;
pub const IMPORT: u32 = 32;
pub const PURPOSES: u32 = PAY | ISSUE | COMPLIANCE | GOVERN | SEQUENCE | IMPORT;

#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub key: PublicKey,
    pub institution: u32,
    pub purposes: u32,
    pub activation_height: u64,
    /// 0: not revoked.
    pub revoked_height: u64,
    /// Last one used.
    pub sequence: u64,
    /// When the last imported entry happened; 0: none was imported.
    pub imported_ns: u64,
}

impl Row for Key {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.key);
        out.extend(self.institution.to_le_bytes());
        out.extend(self.purposes.to_le_bytes());
        out.extend(self.activation_height.to_le_bytes());
        out.extend(self.revoked_height.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        out.extend(self.imported_ns.to_le_bytes());
        out.extend([0; 56]);
    }
}

#[derive(Default)]
pub struct Keys {
    pub table: Table<Key>,
    numbers: BTreeMap<PublicKey, u32>,
}

impl Keys {
    pub fn find(&self, key: &PublicKey) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub fn register(&mut self, key: Key) {
        let number = self.table.push(key);
        self.numbers.insert(key.key, number);
    }

    pub fn forget_last(&mut self) {
        let key = self.table.pop().expect("invariant: a key was registered");
        self.numbers.remove(&key.key);
    }
}
