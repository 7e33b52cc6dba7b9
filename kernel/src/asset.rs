//! Assets: a number, a code such as `EUR/2`, how many digits its amounts carry, and what its issuer
//! may do, which is declared when it is registered and never changes.

use std::collections::BTreeSet;

use crate::table::{Row, Table};

pub const SCALE_MAX: u8 = 30;

pub type Code = [u8; 16];

// What an issuer may do.
pub const MINT_BURN: u32 = 1;
pub const FREEZE: u32 = 2;
pub const ALLOW_LIST: u32 = 4;
pub const CLAWBACK: u32 = 8;
pub const PAUSE: u32 = 16;
pub const TWO_PERSON: u32 = 32;
pub const CONTROLS: u32 = 63;

/// Flag of an asset that does not move.
pub const PAUSED: u8 = 1;

#[derive(Clone, Copy, Debug)]
pub struct Asset {
    pub number: u32,
    pub scale: u8,
    pub flags: u8,
    pub code: Code,
    pub controls: u32,
    /// The institution; 0 when nobody controls the asset.
    pub issuer: u32,
}

impl Asset {
    #[inline]
    pub fn has(&self, control: u32) -> bool {
        self.controls & control != 0
    }
}

impl Row for Asset {
    const LEAF_BYTES: usize = 32;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.number.to_le_bytes());
        out.extend([self.scale, self.flags, 0, 0]);
        out.extend(self.code);
        out.extend(self.controls.to_le_bytes());
        out.extend(self.issuer.to_le_bytes());
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

    /// Assets count from 1.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&Asset> {
        self.table.get(number.checked_sub(1)?)
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
