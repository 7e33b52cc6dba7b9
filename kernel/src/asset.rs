//! Assets: a number, a code such as `EUR/2`, and how many digits its amounts carry.

use std::collections::BTreeSet;

use crate::table::{Row, Table};

pub const SCALE_MAX: u8 = 30;

pub type Code = [u8; 16];

#[derive(Clone, Copy, Debug)]
pub struct Asset {
    pub number: u32,
    pub scale: u8,
    pub code: Code,
}

impl Row for Asset {
    const LEAF_BYTES: usize = 32;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.number.to_le_bytes());
        out.extend([self.scale, 0, 0, 0]);
        out.extend(self.code);
        out.extend([0; 8]);
    }
}

#[derive(Default)]
pub struct Assets {
    pub table: Table<Asset>,
    codes: BTreeSet<Code>,
}

impl Assets {
    #[inline]
    pub fn knows(&self, number: u32) -> bool {
        number != 0 && number <= self.table.next_number()
    }

    pub fn next_number(&self) -> u32 {
        self.table.next_number().saturating_add(1)
    }

    pub fn has_code(&self, code: &Code) -> bool {
        self.codes.contains(code)
    }

    pub fn register(&mut self, asset: Asset) {
        self.codes.insert(asset.code);
        self.table.push(asset);
    }

    pub fn forget_last(&mut self) {
        let asset = self.table.pop().expect("invariant: an asset was registered");
        self.codes.remove(&asset.code);
    }
}

/// 1 to 16 of `A–Z 0–9 / .`, then zeros.
pub fn is_code(code: &Code) -> bool {
    let length = code.iter().position(|byte| *byte == 0).unwrap_or(code.len());
    let (text, zeros) = code.split_at_checked(length).unwrap_or_default();
    !text.is_empty()
        && text.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.'))
        && zeros.iter().all(|byte| *byte == 0)
}
