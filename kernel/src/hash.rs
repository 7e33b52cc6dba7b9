//! Keyed BLAKE3 under the domains of docs/format.md: of one input, or of many at once.
//!
//! A record of at most 1,024 bytes is one BLAKE3 chunk. The vector code that BLAKE3 has for the
//! chunks of one long input hashes the whole blocks (64 bytes) of such records side by side, up to 16
//! at a time; a last block that is not whole is compressed by itself. The tests below hold both to
//! `blake3::keyed_hash`.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in memory, not money; overflow checks stay on"
)]

use std::sync::LazyLock;

use blake3::IncrementCounter;
use blake3::platform::Platform;

pub type Hash = [u8; 32];

pub const ZERO: Hash = [0; 32];

// Flags of the BLAKE3 paper, table 3.
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 2;
const ROOT: u8 = 8;
const KEYED_HASH: u8 = 16;

const BLOCK_BYTES: usize = 64;
const CHUNK_BYTES: usize = 1_024;
static PLATFORM: LazyLock<Platform> = LazyLock::new(Platform::detect);

/// As many inputs as the widest vector unit takes at once (AVX-512).
pub const LANES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    Leaf,
    Node,
    Instruction,
    Authorise,
    Entries,
    Envelope,
    Genesis,
    Header,
    State,
    Log,
    Details,
    Decision,
    Features,
    Terms,
    Approve,
    Fact,
    Policy,
}

impl Domain {
    pub const ALL: [Self; 17] = [
        Self::Leaf,
        Self::Node,
        Self::Instruction,
        Self::Authorise,
        Self::Entries,
        Self::Envelope,
        Self::Genesis,
        Self::Header,
        Self::State,
        Self::Log,
        Self::Details,
        Self::Decision,
        Self::Features,
        Self::Terms,
        Self::Approve,
        Self::Fact,
        Self::Policy,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Node => "node",
            Self::Instruction => "instruction",
            Self::Authorise => "authorise",
            Self::Entries => "entries",
            Self::Envelope => "envelope",
            Self::Genesis => "genesis",
            Self::Header => "header",
            Self::State => "state",
            Self::Log => "log",
            Self::Details => "details",
            Self::Decision => "decision",
            Self::Features => "features",
            Self::Terms => "terms",
            Self::Approve => "approve",
            Self::Fact => "fact",
            Self::Policy => "policy",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.name() == name)
    }

    pub fn key(self) -> &'static Key {
        static KEYS: LazyLock<[Key; 17]> = LazyLock::new(|| {
            Domain::ALL.map(|domain| {
                let context = format!("clearway v1 {}", domain.name());
                Key::new(blake3::derive_key(&context, b""))
            })
        });
        #[allow(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "the discriminants of Domain are the positions in ALL"
        )]
        &KEYS[self as usize]
    }

    pub fn hash(self, data: &[u8]) -> Hash {
        self.key().hash(data)
    }

    pub fn hasher(self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.key().bytes)
    }
}

/// A BLAKE3 key, also as the words that the vector code takes.
pub struct Key {
    bytes: [u8; 32],
    words: [u32; 8],
}

/// Calls `$hash::<N>` for the width of a row that the vector code can take, else `$plain`.
macro_rules! by_width {
    ($width:expr, $self:ident.$hash:ident($($argument:expr),*), $plain:expr) => {
        match $width {
            64 => $self.$hash::<64>($($argument),*),
            128 => $self.$hash::<128>($($argument),*),
            192 => $self.$hash::<192>($($argument),*),
            256 => $self.$hash::<256>($($argument),*),
            320 => $self.$hash::<320>($($argument),*),
            384 => $self.$hash::<384>($($argument),*),
            448 => $self.$hash::<448>($($argument),*),
            512 => $self.$hash::<512>($($argument),*),
            576 => $self.$hash::<576>($($argument),*),
            640 => $self.$hash::<640>($($argument),*),
            704 => $self.$hash::<704>($($argument),*),
            768 => $self.$hash::<768>($($argument),*),
            832 => $self.$hash::<832>($($argument),*),
            896 => $self.$hash::<896>($($argument),*),
            960 => $self.$hash::<960>($($argument),*),
            1024 => $self.$hash::<1024>($($argument),*),
            _ => $plain,
        }
    };
}

impl Key {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes, words: words(&bytes) }
    }

    pub fn hash(&self, data: &[u8]) -> Hash {
        *blake3::keyed_hash(&self.bytes, data).as_bytes()
    }

    /// The hash of each row of `width` bytes; bytes after the last whole row are not looked at.
    pub fn hash_rows(&self, width: usize, rows: &[u8]) -> Vec<Hash> {
        let mut out = vec![ZERO; rows.len().checked_div(width).unwrap_or(0)];
        self.hash_rows_into(width, rows, &mut out);
        out
    }

    pub fn hash_rows_into(&self, width: usize, rows: &[u8], out: &mut [Hash]) {
        let whole = if width <= CHUNK_BYTES { width - width % BLOCK_BYTES } else { width };
        by_width!(whole, self.rows_of(width, rows, out), {
            for (row, out) in rows.chunks_exact(width.max(1)).zip(out) {
                *out = self.hash(row);
            }
        });
    }

    /// The hash of each row; rows of one width are hashed together. The hashes go into `out`.
    pub fn hash_each(&self, rows: &[&[u8]], out: &mut Vec<Hash>) {
        out.clear();
        out.resize(rows.len(), ZERO);
        let mut widths: Vec<usize> = Vec::new();
        for row in rows {
            if widths.last() != Some(&row.len()) && !widths.contains(&row.len()) {
                widths.push(row.len());
            }
        }
        for width in widths {
            by_width!(width, self.each_of(rows, out), {
                for (row, out) in rows.iter().zip(out.iter_mut()) {
                    if row.len() == width {
                        *out = self.hash(row);
                    }
                }
            });
        }
    }

    /// Rows of `width` bytes, N of which are in whole blocks.
    fn rows_of<const N: usize>(&self, width: usize, rows: &[u8], out: &mut [Hash]) {
        let last = if width == N { CHUNK_END | ROOT } else { 0 };
        for (rows, out) in rows.chunks(width * LANES).zip(out.chunks_mut(LANES)) {
            let rows = rows.chunks_exact(width).filter_map(<[u8]>::split_first_chunk::<N>);
            let mut inputs = [const { &[0; N] }; LANES];
            let mut tails: [&[u8]; LANES] = [&[]; LANES];
            let mut used = 0;
            for ((input, tail), row) in inputs.iter_mut().zip(&mut tails).zip(rows) {
                (*input, *tail) = row;
                used += 1;
            }
            self.hash_lanes(inputs.get(..used).unwrap_or_default(), last, out.as_flattened_mut());
            if width > N {
                for (out, tail) in out.iter_mut().zip(tails) {
                    *out = finish(out, tail);
                }
            }
        }
    }

    fn each_of<const N: usize>(&self, rows: &[&[u8]], out: &mut [Hash]) {
        let chosen = rows
            .iter()
            .zip(out)
            .filter_map(|(row, out)| Some((<&[u8; N]>::try_from(*row).ok()?, out)));
        self.hash_pairs(chosen);
    }

    /// Hashes each row into the place beside it.
    pub fn hash_pairs<'a, const N: usize>(
        &self,
        mut rows: impl Iterator<Item = (&'a [u8; N], &'a mut Hash)>,
    ) {
        loop {
            let mut inputs = [const { &[0; N] }; LANES];
            let mut places = [const { None }; LANES];
            let mut used = 0;
            for ((input, place), (row, out)) in inputs.iter_mut().zip(&mut places).zip(&mut rows) {
                (*input, *place) = (row, Some(out));
                used += 1;
            }
            let mut hashes = [ZERO; LANES];
            self.lanes(inputs.get(..used).unwrap_or_default(), hashes.as_flattened_mut());
            for (place, hash) in places.into_iter().flatten().zip(hashes) {
                *place = hash;
            }
            if used < LANES {
                return;
            }
        }
    }

    /// At most `LANES` rows of N bytes, N a multiple of 64 up to 1,024.
    pub fn lanes<const N: usize>(&self, inputs: &[&[u8; N]], out: &mut [u8]) {
        self.hash_lanes(inputs, CHUNK_END | ROOT, out);
    }

    /// last: the flags of the last block; without the end of the chunk, what comes out is the
    /// chaining value that [`finish`] goes on with.
    fn hash_lanes<const N: usize>(&self, inputs: &[&[u8; N]], last: u8, out: &mut [u8]) {
        const { assert!(N.is_multiple_of(BLOCK_BYTES) && N <= CHUNK_BYTES) };
        PLATFORM.hash_many(
            inputs,
            &self.words,
            0,
            IncrementCounter::No,
            KEYED_HASH,
            CHUNK_START,
            last,
            out,
        );
    }
}

/// The hash of a record whose whole blocks led to `chaining`; tail: 1 to 63 bytes.
fn finish(chaining: &Hash, tail: &[u8]) -> Hash {
    let mut state = words(chaining);
    let mut block = [0; BLOCK_BYTES];
    let mut length = 0;
    for (byte, from) in block.iter_mut().zip(tail) {
        *byte = *from;
        length += 1;
    }
    PLATFORM.compress_in_place(&mut state, &block, length, 0, KEYED_HASH | CHUNK_END | ROOT);
    let mut hash = ZERO;
    for (four, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *four = word.to_le_bytes();
    }
    hash
}

fn words(bytes: &[u8; 32]) -> [u32; 8] {
    let mut words = [0; 8];
    for (word, four) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*four);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows below, at and above what goes side by side; Miri, which is slow, sees a few.
    const ROWS: &[usize] =
        if cfg!(miri) { &[0, 1, 17] } else { &[0, 1, 2, 3, 7, 15, 16, 17, 33, 100] };
    const ROWS_OF_MIXED_WIDTH: usize = if cfg!(miri) { 30 } else { 300 };

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[test]
    fn rows_hash_as_each_alone() {
        let key = Domain::Leaf.key();
        for width in [1, 32, 63, 64, 65, 127, 128, 192, 256, 320, 452, 1023, 1024, 1088, 1344] {
            for &rows in ROWS {
                let data = bytes(width * rows);
                let alone: Vec<Hash> = data.chunks(width).map(|row| key.hash(row)).collect();
                assert_eq!(key.hash_rows(width, &data), alone, "{width} {rows}");
            }
        }
    }

    #[test]
    fn rows_of_mixed_width_hash_as_each_alone() {
        let data = bytes(2000);
        let rows: Vec<&[u8]> = (0..ROWS_OF_MIXED_WIDTH)
            .map(|i| &data[i..i + [256, 64, 320, 7, 1344, 256][i % 6]])
            .collect();
        let key = Domain::Instruction.key();
        let alone: Vec<Hash> = rows.iter().map(|row| key.hash(row)).collect();
        let mut together = vec![[9; 32]];
        key.hash_each(&rows, &mut together);
        assert_eq!(together, alone);
    }

    #[test]
    fn domains_are_named_and_separate() {
        let mut seen = std::collections::BTreeSet::new();
        for domain in Domain::ALL {
            assert_eq!(Domain::parse(domain.name()), Some(domain));
            assert!(seen.insert(domain.hash(b"")));
        }
        assert_eq!(Domain::parse("other"), None);
        let key = blake3::derive_key("clearway v1 header", b"");
        assert_eq!(Domain::Header.hash(b"x"), *blake3::keyed_hash(&key, b"x").as_bytes());
    }
}
