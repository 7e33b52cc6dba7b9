//! Indexes: from a name (an address, an institution's id) to the row that carries it.
//!
//! The table holds row numbers only, five bytes a row; the name is compared in the row itself,
//! which the caller is about to read anyway. Nothing ever depends on the order of a hash table:
//! it is looked up in, and never walked.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use hashbrown::HashTable;

use crate::codec::{Address, Id, field};
use crate::width::{at, row};

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

#[derive(Default)]
pub struct Index {
    table: ShardedTable<u32>,
}

impl Index {
    /// Empty, for so many rows: to grow there one by one would move each several times.
    pub fn with_room(rows: usize) -> Self {
        Self { table: ShardedTable::with_room(rows) }
    }

    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.table.find(hash, |row| is_it(*row)).copied()
    }

    /// The name of `row` is not in the index yet; `hash_of` gives the hash of a row's name.
    pub fn insert(&mut self, hash: u64, row: u32, hash_of: impl Fn(u32) -> u64) {
        self.table.insert(hash, row, |row| hash_of(*row));
    }

    pub fn remove(&mut self, hash: u64, row: u32) {
        self.table.remove(hash, |other| *other == row);
    }
}

/// A hash table that grows in small steps. One large table has to move every row at once when it is
/// full, and the block in which that happens waits for seconds; here a shard that is full is split
/// alone (extendible hashing: Fagin et al., 1979).
pub struct ShardedTable<T> {
    /// By the lowest `depth` shard bits of a hash: which shard it is in. One shard may stand at
    /// many places.
    directory: Vec<u32>,
    depth: u32,
    shards: Vec<Shard<T>>,
    /// The shard that is swept next.
    sweep_next: usize,
}

struct Shard<T> {
    table: HashTable<T>,
    /// How many shard bits all its hashes share.
    depth: u32,
}

/// What 4,096 buckets hold, and under Miri, which is slow, 64. To split so many takes a fraction of
/// a millisecond.
const SHARD_ROWS_MAX: usize = if cfg!(miri) { 56 } else { 3_584 };

/// Hashes that agree by chance are soon told apart; for those that agree on purpose the directory
/// must not grow without end, and their shard grows instead.
const PLACES_PER_SHARD_MAX: usize = 64;

const DEPTH_MAX: u32 = 24;

const THERE: &str = "invariant: the directory names shards that are there";

impl<T> Default for ShardedTable<T> {
    fn default() -> Self {
        let shard = Shard { table: HashTable::new(), depth: 0 };
        Self { directory: vec![0], depth: 0, shards: vec![shard], sweep_next: 0 }
    }
}

impl<T> ShardedTable<T> {
    fn with_room(rows: usize) -> Self {
        // Shards are not equally full; most of them have room for a quarter more.
        let shards = rows.div_ceil(SHARD_ROWS_MAX / 4 * 3).next_power_of_two();
        let depth = shards.trailing_zeros().min(DEPTH_MAX);
        let directory: Vec<u32> = (0..=mask(depth)).collect();
        let shard = |_: &u32| Shard { table: HashTable::with_capacity(SHARD_ROWS_MAX), depth };
        let shards = directory.iter().map(shard).collect();
        Self { directory, depth, shards, sweep_next: 0 }
    }

    #[inline]
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        self.shards.get(self.shard_of(hash))?.table.find(hash, is_it)
    }

    #[inline]
    pub fn insert(&mut self, hash: u64, new: T, hash_of: impl Fn(&T) -> u64) {
        loop {
            let (number, shards_count) = (self.shard_of(hash), self.shards.len());
            let shard = self.shards.get_mut(number).expect(THERE);
            let may_split =
                at(mask(shard.depth)) < shards_count.saturating_mul(PLACES_PER_SHARD_MAX);
            if shard.table.len() < SHARD_ROWS_MAX || shard.depth == DEPTH_MAX || !may_split {
                shard.table.insert_unique(hash, new, &hash_of);
                return;
            }
            self.split(number, &hash_of);
        }
    }

    pub fn remove(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) {
        let number = self.shard_of(hash);
        let shard = self.shards.get_mut(number).expect(THERE);
        match shard.table.find_entry(hash, is_it) {
            Ok(entry) => drop(entry.remove()),
            Err(_) => unreachable!("invariant: what is removed from an index is in it"),
        }
    }

    /// Drops what need not be kept, in as many of the next shards as hold `count` rows together.
    pub fn sweep(&mut self, mut count: usize, keep: impl Fn(&T) -> bool) {
        for _ in 0..self.shards.len() {
            if count == 0 {
                return;
            }
            let shard = self.shards.get_mut(self.sweep_next).expect(THERE);
            count = count.saturating_sub(shard.table.len().max(1));
            shard.table.retain(|one| keep(one));
            self.sweep_next = self.sweep_next.saturating_add(1);
            if self.sweep_next == self.shards.len() {
                self.sweep_next = 0;
            }
        }
    }

    #[inline]
    fn shard_of(&self, hash: u64) -> usize {
        let place = shard_bits(hash) & mask(self.depth);
        self.directory.get(at(place)).map_or(usize::MAX, |number| at(*number))
    }

    /// Moves the half of a shard with the next bit set into a new one. The order in which it is
    /// walked decides nothing but the order within the new tables.
    #[cold]
    fn split(&mut self, number: usize, hash_of: &impl Fn(&T) -> u64) {
        let new_number = row(self.shards.len());
        let shard = self.shards.get_mut(number).expect(THERE);
        let bit = mask(shard.depth).saturating_add(1);
        shard.depth = shard.depth.saturating_add(1);
        let depth = shard.depth;
        let both = std::mem::replace(&mut shard.table, HashTable::with_capacity(SHARD_ROWS_MAX));
        let mut moved = HashTable::with_capacity(SHARD_ROWS_MAX);
        for one in both {
            let hash = hash_of(&one);
            let goes = shard_bits(hash) & bit != 0;
            let half = if goes { &mut moved } else { &mut shard.table };
            half.insert_unique(hash, one, hash_of);
        }
        self.shards.push(Shard { table: moved, depth });
        if depth > self.depth {
            self.directory.extend_from_within(..);
            self.depth = depth;
        }
        for (place, entry) in (0_u32..).zip(&mut self.directory) {
            if at(*entry) == number && place & bit != 0 {
                *entry = new_number;
            }
        }
    }
}

/// Bits that the tables within do not look at: they take the lowest for the bucket and the highest
/// seven for the tag.
#[inline]
fn shard_bits(hash: u64) -> u32 {
    const SKIPPED: u32 = 24;
    u32::try_from((hash >> SKIPPED) & u64::from(mask(DEPTH_MAX))).unwrap_or(0)
}

#[inline]
fn mask(bits: u32) -> u32 {
    1_u32.checked_shl(bits).map_or(u32::MAX, |bit| bit.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many that a table of them has split often.
    const ROWS: usize = 28 * SHARD_ROWS_MAX;

    fn numbers(count: usize) -> std::ops::Range<u64> {
        0..count as u64
    }

    fn hash(number: u64) -> u64 {
        name_hash(7, u128::from(number).to_le_bytes())
    }

    fn rows(table: &ShardedTable<u64>) -> usize {
        table.shards.iter().map(|shard| shard.table.len()).sum()
    }

    #[test]
    fn a_table_that_has_split_finds_what_it_holds_and_nothing_else() {
        let mut table = ShardedTable::default();
        for number in numbers(ROWS) {
            table.insert(hash(number), number, |number| hash(*number));
        }
        assert!(table.shards.len() > 16 && rows(&table) == ROWS);
        assert!(table.shards.iter().all(|shard| shard.table.len() <= SHARD_ROWS_MAX));
        for number in numbers(ROWS).step_by(3) {
            table.remove(hash(number), |other| *other == number);
        }
        for number in numbers(ROWS + ROWS / 10) {
            let is_there = numbers(ROWS).contains(&number) && number % 3 != 0;
            assert_eq!(table.find(hash(number), |other| *other == number).is_some(), is_there);
        }
    }

    #[test]
    fn a_table_with_room_is_one_that_has_split() {
        for rows_count in [0, 1, SHARD_ROWS_MAX, ROWS] {
            let mut table = ShardedTable::with_room(rows_count);
            let shards_count = table.shards.len();
            for number in numbers(ROWS) {
                table.insert(hash(number), number, |number| hash(*number));
            }
            assert_eq!(rows(&table), ROWS);
            assert_eq!(table.shards.len() == shards_count, rows_count == ROWS);
            for number in numbers(ROWS + ROWS / 10) {
                let found = table.find(hash(number), |other| *other == number);
                assert_eq!(found.is_some(), numbers(ROWS).contains(&number));
            }
        }
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

    #[test]
    fn rows_of_one_hash_share_a_shard_however_many_they_are() {
        let mut table = ShardedTable::default();
        for number in numbers(3 * SHARD_ROWS_MAX) {
            table.insert(hash(1), number, |_| hash(1));
        }
        for number in numbers(3 * SHARD_ROWS_MAX) {
            assert!(table.find(hash(1), |other| *other == number).is_some());
        }
        assert!(table.directory.len() <= 2048);
    }

    #[test]
    fn a_sweep_goes_round_in_small_steps() {
        let mut table = ShardedTable::default();
        for number in numbers(ROWS / 2) {
            table.insert(hash(number), number, |number| hash(*number));
        }
        table.sweep(ROWS / 20, |number| number % 2 == 0);
        assert!((ROWS * 2 / 5 + 1..ROWS / 2).contains(&rows(&table)));
        for _ in 0..10 {
            table.sweep(ROWS / 20, |number| number % 2 == 0);
        }
        assert_eq!(rows(&table), ROWS / 4);
        table.sweep(usize::MAX, |_| false);
        assert_eq!(rows(&table), 0);
    }
}
