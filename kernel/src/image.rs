//! Images: the state of one block, read in pieces while further blocks are applied.
//!
//! While there is an image, whoever changes or drops a row puts it aside first, once. A piece takes the
//! rows that were put aside and, where there is none, the row itself; what has been given is put aside
//! no more. So an image costs what changes while it is read, and no copy of the state.

use crate::apply::held_units;
use crate::state::State;
use crate::state_io::write_remembered;
use crate::table::{AnyTable, Row, Slots};

/// Rows of a piece. Whoever applies blocks waits for one piece at most. In tests a table of few rows
/// has several.
const PIECE_ROWS: usize = if cfg!(test) { 2 } else { 2_048 };

/// How far the image of a state is read.
#[derive(Default)]
pub struct Image {
    part: usize,
    row: u32,
}

/// Appends at most `PIECE_ROWS` rows from a number on, and says how many rows that were.
type Give = fn(&mut State, u32, &mut Vec<u8>) -> u32;

/// The tables of a snapshot in their order. What follows from rows that are themselves given before
/// (legs, terms, units) keeps those until it is given too.
const PARTS: [(&str, Give); 16] = [
    ("accounts", |state, first, out| give(&mut state.accounts.table, first, out)),
    ("assets", |state, first, out| give(&mut state.assets.table, first, out)),
    ("balances", |state, first, out| give(&mut state.balances.table, first, out)),
    ("holds", |state, first, out| {
        state.holds.slots.rows_mut().write_frozen(first, PIECE_ROWS, out)
    }),
    ("hold_legs", |state, first, out| {
        give_units(&mut state.holds.slots, first, |hold| {
            out.extend(held_units(&state.accounts, hold).as_flattened());
        })
    }),
    ("escrows", |state, first, out| {
        state.escrows.slots.rows_mut().write_frozen(first, PIECE_ROWS, out)
    }),
    ("escrow_terms", |state, first, out| {
        give_units(&mut state.escrows.slots, first, |escrow| {
            out.extend(escrow.terms.as_flattened());
        })
    }),
    ("mandates", |state, first, out| give(state.mandates.slots.rows_mut(), first, out)),
    ("policies", |state, first, out| {
        state.policies.slots.rows_mut().write_frozen(first, PIECE_ROWS, out)
    }),
    ("policy_units", |state, first, out| {
        give_units(&mut state.policies.slots, first, |policy| {
            out.extend(policy.units.as_flattened());
        })
    }),
    ("spends", |state, first, out| give(state.spends.slots.rows_mut(), first, out)),
    ("keys", |state, first, out| give(&mut state.keys.table, first, out)),
    ("limits", |state, first, out| give(&mut state.limits.table, first, out)),
    ("refunds", |state, first, out| give(&mut state.refunds.table, first, out)),
    ("window", |state, first, out| give(state.window.segments.rows_mut(), first, out)),
    ("remembered", give_remembered),
];

/// The image that was read is ended: its block could not be written, or the ledger is closed.
#[derive(Debug)]
pub struct NoImage;

impl State {
    /// Makes an image of the state as it is, in place of one that there may be. A block that is
    /// staged must be complete.
    pub fn freeze(&mut self) {
        self.tables().into_iter().for_each(|(_, table)| table.freeze());
        self.window.freeze();
        self.image = Some(Image::default());
    }

    pub fn thaw(&mut self) {
        self.tables().into_iter().for_each(|(_, table)| table.thaw());
        self.window.thaw();
        self.image = None;
    }

    /// Puts the next rows of the image into `out`, and gives the name of their table; None: that was
    /// all.
    pub fn piece(&mut self, out: &mut Vec<u8>) -> Result<Option<&'static str>, NoImage> {
        out.clear();
        let Image { mut part, mut row } = self.image.take().ok_or(NoImage)?;
        let mut given = None;
        while let (Some((name, give)), None) = (PARTS.get(part), given) {
            let rows = give(self, row, out);
            row = row.saturating_add(rows);
            if rows == 0 {
                (part, row) = (part.saturating_add(1), 0);
            }
            given = (!out.is_empty()).then_some(*name);
        }
        self.image = Some(Image { part, row });
        Ok(given)
    }
}

fn give(table: &mut dyn AnyTable, first: u32, out: &mut Vec<u8>) -> u32 {
    let rows = table.write_frozen(first, PIECE_ROWS, out);
    table.pass(first.saturating_add(rows));
    rows
}

/// What is kept beside the rows of a table: `write` appends that of one. A free slot has none.
fn give_units<R: Row>(slots: &mut Slots<R>, first: u32, mut write: impl FnMut(&R)) -> u32 {
    let mut rows = 0_u32;
    for row in slots.frozen(first, PIECE_ROWS) {
        rows = rows.saturating_add(1);
        row.iter().for_each(&mut write);
    }
    slots.rows_mut().pass(first.saturating_add(rows));
    rows
}

/// The window itself knows how far it was read. Its segments may have one id each.
fn give_remembered(state: &mut State, _: u32, out: &mut Vec<u8>) -> u32 {
    let (mut rows, mut left) = (0_u32, PIECE_ROWS);
    while left > 0
        && let Some((height, ids)) = state.window.frozen(left)
    {
        out.extend(ids.iter().flat_map(|one| write_remembered(height, one)));
        left = left.saturating_sub(ids.len());
        rows = rows.saturating_add(crate::width::row(ids.len()));
    }
    rows
}
