//! Transfers: the three moves of money between two balance rows. Each decides first and then
//! writes, so that a refused move leaves no trace, and notes how it is taken back.

use crate::balance::Balance;
use crate::rejection::Rejection;
use crate::state::{State, Undo};

impl State {
    /// Books an amount from one row to another. Only a nostro `may_overdraw`.
    #[inline]
    pub fn transfer(
        &mut self,
        from: u32,
        to: u32,
        amount_minor: u128,
        may_overdraw: bool,
    ) -> Result<(), Rejection> {
        let payer = self.balances.table.row(from);
        Rejection::ExceedsAvailable.unless(may_overdraw || payer.covers(amount_minor))?;
        let posted_from =
            payer.posted.checked_sub_unsigned(amount_minor).ok_or(Rejection::Overflow)?;
        let payee = self.balances.table.row(to);
        let posted_to =
            payee.posted.checked_add_unsigned(amount_minor).ok_or(Rejection::Overflow)?;

        self.balances.table.row_mut(from).posted = posted_from;
        self.balances.table.row_mut(to).posted = posted_to;
        self.note(Undo::Moved { from, to, amount_minor });
        Ok(())
    }

    /// Promises an amount out of one row and into another.
    pub fn reserve(
        &mut self,
        from: u32,
        to: u32,
        amount_minor: u128,
        may_overdraw: bool,
    ) -> Result<(), Rejection> {
        let payer = self.balances.table.row(from);
        Rejection::ExceedsAvailable.unless(may_overdraw || payer.covers(amount_minor))?;
        let pending_out = payer.pending_out.checked_add(amount_minor).ok_or(Rejection::Overflow)?;
        let payee = self.balances.table.row(to);
        let pending_in = payee.pending_in.checked_add(amount_minor).ok_or(Rejection::Overflow)?;

        self.balances.table.row_mut(from).pending_out = pending_out;
        self.balances.table.row_mut(to).pending_in = pending_in;
        self.note(Undo::Reserved { from, to, amount_minor });
        Ok(())
    }

    /// Ends a promise in full.
    pub fn release(&mut self, from: u32, to: u32, amount_minor: u128) {
        self.unreserve(from, to, amount_minor);
        self.note(Undo::Released { from, to, amount_minor });
    }

    // --- taking back ---------------------------------------------------------------------------

    pub(crate) fn unmove(&mut self, from: u32, to: u32, amount_minor: u128) {
        self.change(to, |row| {
            Some(Balance { posted: row.posted.checked_sub_unsigned(amount_minor)?, ..*row })
        });
        self.change(from, |row| {
            Some(Balance { posted: row.posted.checked_add_unsigned(amount_minor)?, ..*row })
        });
    }

    pub(crate) fn unreserve(&mut self, from: u32, to: u32, amount_minor: u128) {
        self.change(to, |row| {
            Some(Balance { pending_in: row.pending_in.checked_sub(amount_minor)?, ..*row })
        });
        self.change(from, |row| {
            Some(Balance { pending_out: row.pending_out.checked_sub(amount_minor)?, ..*row })
        });
    }

    pub(crate) fn unrelease(&mut self, from: u32, to: u32, amount_minor: u128) {
        self.change(to, |row| {
            Some(Balance { pending_in: row.pending_in.checked_add(amount_minor)?, ..*row })
        });
        self.change(from, |row| {
            Some(Balance { pending_out: row.pending_out.checked_add(amount_minor)?, ..*row })
        });
    }

    fn change(&mut self, number: u32, change: impl Fn(&Balance) -> Option<Balance>) {
        let row = self.balances.table.row_mut(number);
        *row = change(row).expect("invariant: what was added to a balance is in it");
    }
}
