//! Indexes: from a name (an address, an institution's id) to the row that carries it.
//!
//! It holds row numbers only; the name is compared in the row itself, which the caller is about to
//! read anyway. A look-up is one cache line, where a byte of each row's hash stands beside the rows
//! (Bronson and Shi, F14, 2019): it can be asked for before it is needed. Nothing ever depends on the
//! order of a hash table: it is looked up in, and never walked.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in memory, not money; overflow checks stay on"
)]

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use hashbrown::HashTable;

use crate::codec::{Address, Id, field};
use crate::directory::Directory;
use crate::pieces::Pieces;
use crate::prefetch::prefetch;

pub fn address_hash(address: &Address) -> u64 {
    name_hash(u32::from_le_bytes(field::<16, _, _>(address)), field::<0, _, _>(address))
}

#[inline]
pub fn name_hash(short: u32, long: Id) -> u64 {
    static SEEDS: OnceLock<(u64, SharedSeed)> = OnceLock::new();
    let (own, shared) = SEEDS.get_or_init(seeds);
    let mut hasher = FoldHasher::with_seed(*own, shared);
    hasher.write_u128(u128::from_le_bytes(long));
    hasher.write_u32(short);
    hasher.finish()
}

/// Another pair in each process. Institutions choose their ids, and owners their addresses: under
/// seeds that are known, whoever sets the upper half of an id to one certain number has as many as
/// he likes with one hash, and each look-up among them reads them all. Both seeds have to be
/// secret, since the shared one alone makes that number.
#[allow(
    clippy::disallowed_methods,
    reason = "where a row is found decides nothing but how quickly"
)]
fn seeds() -> (u64, SharedSeed) {
    let draw = || RandomState::new().build_hasher().finish();
    (draw(), SharedSeed::from_u64(draw()))
}

/// Shards of lines; one that is full is split.
pub struct Index {
    directory: Directory,
    /// How many rows are in each shard.
    counts: Vec<usize>,
    /// Those of shard n begin at n times `SHARD_LINES`.
    lines: Pieces<Line>,
    /// For hashes that no split tells apart.
    rest: HashTable<u32>,
}

/// In a full shard, five lines of six have room.
const SHARD_LINES: usize = if cfg!(miri) { 8 } else { 256 };
const SHARD_ROWS_MAX: usize = SHARD_LINES * 10;

const LINE_ROWS: usize = 12;

#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line {
    /// A byte of each row's hash, never 0; 0: no row.
    tags: [u8; LINE_ROWS],
    /// How many rows found this line full and went on to the next.
    passed: u32,
    rows: [u32; LINE_ROWS],
}

impl Default for Index {
    fn default() -> Self {
        Self::with_room(0)
    }
}

impl Index {
    /// Empty, for so many rows: to grow there one by one would move each several times.
    pub fn with_room(rows: usize) -> Self {
        // Shards are not equally full; most of them have room for a fifth more.
        let directory = Directory::of(rows.div_ceil(SHARD_ROWS_MAX / 5 * 4));
        let (counts, mut lines) = (vec![0; directory.shards()], Pieces::default());
        lines.resize(counts.len() * SHARD_LINES, Line::default());
        Self { directory, counts, lines, rest: HashTable::new() }
    }

    /// Asks for the line of a hash that is looked up soon.
    #[inline]
    pub fn fetch(&self, hash: u64) {
        let line = self.lines_from(hash).next().and_then(|line| self.lines.get(line));
        line.into_iter().for_each(prefetch);
    }

    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        for line in self.lines_from(hash) {
            let line = self.lines.get(line)?;
            if let Some((_, row)) = line.tagged(tag(hash)).find(|(_, row)| is_it(*row)) {
                return Some(row);
            }
            if line.passed == 0 {
                break;
            }
        }
        match self.rest.is_empty() {
            true => None,
            false => self.rest.find(hash, |row| is_it(*row)).copied(),
        }
    }

    /// The name of `row` is not in the index yet; `hash_of` gives the hash of a row's name.
    pub fn insert(&mut self, hash: u64, row: u32, hash_of: impl Fn(u32) -> u64) {
        loop {
            let shard = self.directory.shard_of(hash);
            let limit = Directory::limit(shard, SHARD_ROWS_MAX);
            if self.counts.get(shard).is_some_and(|count| *count < limit) {
                self.put(hash, row);
                return;
            }
            if !self.directory.may_split(shard) {
                self.rest.insert_unique(hash, row, |row| hash_of(*row));
                return;
            }
            self.split(shard, &hash_of);
        }
    }

    pub fn remove(&mut self, hash: u64, row: u32) {
        let mut passed = Vec::new();
        for number in self.lines_from(hash) {
            let line = self.lines.get_mut(number).expect(LINES);
            let found = line.tagged(tag(hash)).find(|(_, other)| *other == row);
            if let Some((slot, _)) = found {
                line.tags.get_mut(slot).into_iter().for_each(|tag| *tag = 0);
                for number in passed {
                    self.lines.get_mut(number).expect(LINES).passed -= 1;
                }
                let shard = self.directory.shard_of(hash);
                self.counts.get_mut(shard).into_iter().for_each(|count| *count -= 1);
                return;
            }
            if line.passed == 0 {
                break;
            }
            passed.push(number);
        }
        match self.rest.find_entry(hash, |other| *other == row) {
            Ok(entry) => entry.remove(),
            Err(_) => unreachable!("invariant: what is removed from an index is in it"),
        };
    }

    /// The lines in which a hash may be, the likeliest first: once round its shard.
    #[inline]
    fn lines_from(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let first = self.directory.shard_of(hash).wrapping_mul(SHARD_LINES);
        let home = usize::from(u16::try_from(hash & 0xffff).unwrap_or(0));
        (0..SHARD_LINES).map(move |step| first.wrapping_add((home + step) % SHARD_LINES))
    }

    /// The shard has room.
    fn put(&mut self, hash: u64, row: u32) {
        for number in self.lines_from(hash) {
            let line = self.lines.get_mut(number).expect(LINES);
            if line.add(tag(hash), row) {
                let shard = self.directory.shard_of(hash);
                self.counts.get_mut(shard).into_iter().for_each(|count| *count += 1);
                return;
            }
            line.passed += 1;
        }
        unreachable!("invariant: a shard has more slots than it may hold rows");
    }

    #[cold]
    fn split(&mut self, shard: usize, hash_of: &impl Fn(u32) -> u64) {
        self.directory.split(shard);
        self.counts.push(0);
        self.lines.resize(self.counts.len() * SHARD_LINES, Line::default());
        let mut rows = Vec::with_capacity(SHARD_ROWS_MAX);
        for number in (shard * SHARD_LINES..).take(SHARD_LINES) {
            let line = std::mem::take(self.lines.get_mut(number).expect(LINES));
            let taken = line.tags.into_iter().zip(line.rows).filter(|(tag, _)| *tag != 0);
            rows.extend(taken.map(|(_, row)| row));
        }
        self.counts.get_mut(shard).into_iter().for_each(|count| *count = 0);
        rows.into_iter().for_each(|row| self.put(hash_of(row), row));
    }
}

const LINES: &str = "invariant: every shard has its lines";

impl Line {
    /// Slots and rows with this tag.
    #[inline]
    fn tagged(&self, tag: u8) -> impl Iterator<Item = (usize, u32)> + use<> {
        const LOWEST: u128 = u128::from_le_bytes([1; 16]);
        const LOWER: u128 = LOWEST * 0x7f;
        let mut bytes = [0; 16];
        crate::codec::put::<0, _, _>(&mut bytes, self.tags);
        // The highest bit of each byte that is the tag: a byte that is 0 now. None carries into the next.
        let differs = u128::from_le_bytes(bytes) ^ (LOWEST * u128::from(tag));
        let mut found = !(((differs & LOWER) + LOWER) | differs | LOWER);
        let rows = self.rows;
        std::iter::from_fn(move || {
            let slot = crate::width::at(found.trailing_zeros() / 8);
            let row = *rows.get(slot)?;
            found &= found - 1;
            Some((slot, row))
        })
    }

    /// False when it is full.
    fn add(&mut self, tag: u8, row: u32) -> bool {
        let free = self.tags.iter_mut().zip(&mut self.rows).find(|(tag, _)| **tag == 0);
        let is_free = free.is_some();
        free.into_iter().for_each(|slot| (*slot.0, *slot.1) = (tag, row));
        is_free
    }
}

/// Bits that decide neither the shard nor the line.
#[inline]
fn tag(hash: u64) -> u8 {
    let [.., highest] = hash.to_le_bytes();
    highest.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many that an index of them has split often.
    const ROWS: u32 = 28 * SHARD_ROWS_MAX as u32;

    fn hash(row: u32) -> u64 {
        name_hash(7, u128::from(row).to_le_bytes())
    }

    fn find(index: &Index, row: u32) -> Option<u32> {
        index.find(hash(row), |other| other == row)
    }

    #[test]
    fn an_index_that_has_split_finds_what_it_holds_and_nothing_else() {
        let mut index = Index::default();
        (0..ROWS).for_each(|row| index.insert(hash(row), row, hash));
        assert!(index.directory.shards() > 16);
        assert!(index.counts.iter().all(|count| *count <= SHARD_ROWS_MAX));
        assert_eq!(index.counts.iter().sum::<usize>(), ROWS as usize);
        (0..ROWS).step_by(3).for_each(|row| index.remove(hash(row), row));
        for row in 0..ROWS + ROWS / 10 {
            let is_there = row < ROWS && row % 3 != 0;
            assert_eq!(find(&index, row), is_there.then_some(row));
        }
        (0..ROWS).step_by(3).for_each(|row| index.insert(hash(row), row, hash));
        assert!((0..ROWS).all(|row| find(&index, row) == Some(row)));
        (0..ROWS).for_each(|row| index.remove(hash(row), row));
        assert!(index.counts.iter().all(|count| *count == 0));
        assert!(index.lines.iter().all(|line| line.passed == 0 && line.tags == [0; LINE_ROWS]));
    }

    #[test]
    fn an_index_with_room_is_one_that_has_split() {
        for room in [0, 1, SHARD_ROWS_MAX, ROWS as usize] {
            let mut index = Index::with_room(room);
            let shards = index.directory.shards();
            (0..ROWS).for_each(|row| index.insert(hash(row), row, hash));
            // Some are full before the others.
            assert_eq!(index.directory.shards() < 2 * shards, room == ROWS as usize);
            for row in 0..ROWS + ROWS / 10 {
                assert_eq!(find(&index, row), (row < ROWS).then_some(row));
            }
        }
    }

    #[test]
    fn a_tag_is_found_in_its_slots_and_nowhere_else() {
        let rows = std::array::from_fn(|slot| slot as u32 + 100);
        for tags in [[1, 2, 0, 1, 255, 127, 128, 129, 1, 0, 2, 1], [0; 12], [128; 12], [255; 12]] {
            let line = Line { tags, passed: u32::MAX, rows };
            for tag in 1..=255 {
                let expected = (0..12).filter(|slot| tags[*slot] == tag);
                let expected: Vec<_> = expected.map(|slot| (slot, rows[slot])).collect();
                assert_eq!(line.tagged(tag).collect::<Vec<_>>(), expected);
            }
        }
    }

    /// More than a shard holds, which no split tells apart.
    #[test]
    fn rows_of_one_hash_are_found_however_many_they_are() {
        let (mut index, rows) = (Index::default(), 3 * SHARD_ROWS_MAX as u32);
        (0..rows).for_each(|row| index.insert(hash(1), row, |_| hash(1)));
        let found = |index: &Index, row| index.find(hash(1), |other| other == row).is_some();
        assert!((0..rows).all(|row| found(&index, row)));
        assert!(!index.rest.is_empty());
        (0..rows).step_by(2).for_each(|row| index.remove(hash(1), row));
        assert!((0..rows).all(|row| found(&index, row) == (row % 2 == 1)));
    }

    /// The upper half is the number that foldhash multiplies with when its seeds are its own: all of
    /// these have one hash then.
    #[test]
    fn ids_that_were_made_to_collide_do_not() {
        const OF_FOLDHASH: u64 = 0xc0ac_29b7_c97c_50dd;
        let made = |lower: u64| (u128::from(OF_FOLDHASH) << 64 | u128::from(lower)).to_le_bytes();
        let mut hashes: Vec<u64> = (0..1_000).map(|lower| name_hash(1, made(lower))).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert!(hashes.len() > 990);
    }
}
