//! Balances: what an account holds of an asset, and what is promised out of and into it.

use crate::account::Account;
use crate::table::{Row, Table};
use crate::width::at;

/// The asset's issuer lets the account receive it (assets with an allow-list).
pub const ALLOWED: u32 = 1;
/// The asset's issuer has frozen what the account holds of it.
pub const HELD_BACK: u32 = 2;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Balance {
    pub account: u32,
    pub asset: u32,
    pub flags: u32,
    pub posted: i128,
    pub pending_in: u128,
    pub pending_out: u128,
}

impl Balance {
    pub fn new(account: u32, asset: u32) -> Self {
        Self { account, asset, flags: 0, posted: 0, pending_in: 0, pending_out: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.posted == 0 && self.pending_in == 0 && self.pending_out == 0
    }

    /// Not below zero.
    pub fn available_minor(&self) -> u128 {
        self.posted
            .checked_sub_unsigned(self.pending_out)
            .and_then(|available| u128::try_from(available).ok())
            .unwrap_or(0)
    }

    /// How far below zero the row is, with what is promised to it.
    pub fn below_zero_minor(&self) -> u128 {
        match self.posted {
            ..0 => self.posted.unsigned_abs().saturating_sub(self.pending_in),
            0.. => 0,
        }
    }

    pub fn covers(&self, amount_minor: u128) -> bool {
        self.posted
            .checked_sub_unsigned(self.pending_out)
            .and_then(|available| u128::try_from(available).ok())
            .is_some_and(|available| available >= amount_minor)
    }
}

impl Row for Balance {
    const LEAF_BYTES: usize = 64;

    #[inline]
    fn write_leaf(&self, out: &mut Vec<u8>) {
        let mut leaf = [0; 64];
        crate::codec::put::<0, _, _>(&mut leaf, self.account.to_le_bytes());
        crate::codec::put::<4, _, _>(&mut leaf, self.asset.to_le_bytes());
        crate::codec::put::<8, _, _>(&mut leaf, self.posted.to_le_bytes());
        crate::codec::put::<24, _, _>(&mut leaf, self.pending_in.to_le_bytes());
        crate::codec::put::<40, _, _>(&mut leaf, self.pending_out.to_le_bytes());
        crate::codec::put::<56, _, _>(&mut leaf, self.flags.to_le_bytes());
        out.extend_from_slice(&leaf);
    }
}

#[derive(Default)]
pub struct Balances {
    pub table: Table<Balance>,
}

impl Balances {
    /// The row of an account in an asset. An account has at most 55 rows, side by side.
    #[inline]
    pub fn find(&self, account: &Account, asset: u32) -> Option<u32> {
        self.of(account)
            .zip(account.balances_first..)
            .find_map(|(balance, number)| (balance.asset == asset).then_some(number))
    }

    /// Asks for the first row of an account; most have one.
    #[inline]
    pub fn fetch(&self, account: &Account) {
        self.table.fetch(account.balances_first);
    }

    #[inline]
    pub fn of(&self, account: &Account) -> impl Iterator<Item = &Balance> {
        let rows = self.table.rows().iter_from(at(account.balances_first));
        rows.take(at(account.balances_count))
    }
}
