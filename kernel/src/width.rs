//! Widths: the one place where an integer changes its size.
//!
//! Row numbers are `u32` in the format and `usize` in memory; everything that converts says so
//! here, so that `as` can be denied everywhere else.

/// A row number as a position in memory.
#[inline]
pub fn at(row: u32) -> usize {
    #[allow(
        clippy::as_conversions,
        reason = "usize has at least 32 bits on every supported target"
    )]
    {
        row as usize
    }
}

/// A position in memory as a row number.
#[inline]
pub fn row(position: usize) -> u32 {
    u32::try_from(position).expect("invariant: a table has fewer than 2^32 rows")
}

/// A length in memory as a count of the format.
#[inline]
pub fn count(length: usize) -> u64 {
    u64::try_from(length).expect("invariant: a length fits into 64 bits")
}
