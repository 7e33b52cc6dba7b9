//! The kernel of Clearway: money, blocks and proofs. docs/format.md is its specification.
//!
//! Read `ledger` for the life of a block, then `apply` for the rules. The next state follows from
//! the last state and the block alone.

#![deny(
    unsafe_code,
    clippy::incompatible_msrv,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::disallowed_methods,
        reason = "a test that panics has failed, which is what it is for"
    )
)]

pub mod account;
pub mod apply;
pub mod asset;
pub mod balance;
pub mod block;
pub mod codec;
pub mod directory;
pub mod disk;
pub mod ending;
pub mod escrow;
pub mod hash;
pub mod head;
pub mod history;
pub mod hold;
pub mod image;
pub mod index;
pub mod key;
#[cfg(test)]
mod laws;
pub mod ledger;
pub mod limit;
pub mod log;
pub mod mandate;
pub mod pieces;
pub mod policy;
pub mod pool;
pub mod prefetch;
pub mod proof;
#[cfg(feature = "python")]
mod python;
pub mod record;
pub mod refund;
pub mod rejection;
pub mod seal;
pub mod sha256;
pub mod sharded;
pub mod signature;
pub mod snapshot;
pub mod state;
pub mod state_io;
pub mod store;
pub mod table;
pub mod terms;
#[cfg(test)]
mod town;
pub mod transfer;
pub mod tree;
pub mod width;
pub mod window;
