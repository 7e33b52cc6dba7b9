//! A hash table of anything, in shards that are split when they are full. Nothing ever depends on the
//! order of a hash table: it is looked up in, and never walked.

use hashbrown::HashTable;

use crate::directory::Directory;

pub struct ShardedTable<T> {
    directory: Directory,
    shards: Vec<HashTable<T>>,
    /// The shard that is swept next.
    sweep_next: usize,
}

/// What 4,096 buckets hold, and under Miri, which is slow, 64. To split so many takes a fraction of
/// a millisecond.
const SHARD_ROWS_MAX: usize = if cfg!(miri) { 56 } else { 3_584 };

const THERE: &str = "invariant: the directory names shards that are there";

impl<T> Default for ShardedTable<T> {
    fn default() -> Self {
        Self { directory: Directory::of(1), shards: vec![HashTable::new()], sweep_next: 0 }
    }
}

impl<T> ShardedTable<T> {
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl FnMut(&T) -> bool) -> Option<&T> {
        self.shards.get(self.directory.shard_of(hash))?.find(hash, is_it)
    }

    #[inline]
    pub fn insert(&mut self, hash: u64, new: T, hash_of: impl Fn(&T) -> u64) {
        loop {
            let number = self.directory.shard_of(hash);
            let shard = self.shards.get_mut(number).expect(THERE);
            if shard.len() < Directory::limit(number, SHARD_ROWS_MAX)
                || !self.directory.may_split(number)
            {
                shard.insert_unique(hash, new, &hash_of);
                return;
            }
            self.split(number, &hash_of);
        }
    }

    pub fn remove(&mut self, hash: u64, is_it: impl FnMut(&T) -> bool) {
        let shard = self.shards.get_mut(self.directory.shard_of(hash)).expect(THERE);
        match shard.find_entry(hash, is_it) {
            Ok(entry) => drop(entry.remove()),
            Err(_) => unreachable!("invariant: what is removed from a table is in it"),
        }
    }

    /// Drops what need not be kept, in as many of the next shards as hold `count` rows together.
    pub fn sweep(&mut self, mut count: usize, keep: impl Fn(&T) -> bool) {
        for _ in 0..self.shards.len() {
            if count == 0 {
                return;
            }
            let shard = self.shards.get_mut(self.sweep_next).expect(THERE);
            count = count.saturating_sub(shard.len().max(1));
            shard.retain(|one| keep(one));
            self.sweep_next = self.sweep_next.saturating_add(1);
            if self.sweep_next == self.shards.len() {
                self.sweep_next = 0;
            }
        }
    }

    /// The order in which a shard is walked decides nothing but the order within the new tables.
    #[cold]
    fn split(&mut self, number: usize, hash_of: &impl Fn(&T) -> u64) {
        self.directory.split(number);
        let shard = self.shards.get_mut(number).expect(THERE);
        let both = std::mem::replace(shard, HashTable::with_capacity(SHARD_ROWS_MAX));
        let mut moved = HashTable::with_capacity(SHARD_ROWS_MAX);
        for one in both {
            let hash = hash_of(&one);
            let stays = self.directory.shard_of(hash) == number;
            let half = if stays { &mut *shard } else { &mut moved };
            half.insert_unique(hash, one, hash_of);
        }
        self.shards.push(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::name_hash;

    /// So many that a table of them has split often.
    const ROWS: usize = 28 * SHARD_ROWS_MAX;

    fn numbers(count: usize) -> std::ops::Range<u64> {
        0..count as u64
    }

    fn hash(number: u64) -> u64 {
        name_hash(7, u128::from(number).to_le_bytes())
    }

    fn rows(table: &ShardedTable<u64>) -> usize {
        table.shards.iter().map(HashTable::len).sum()
    }

    #[test]
    fn a_table_that_has_split_finds_what_it_holds_and_nothing_else() {
        let mut table = ShardedTable::default();
        for number in numbers(ROWS) {
            table.insert(hash(number), number, |number| hash(*number));
        }
        assert!(table.shards.len() > 16 && rows(&table) == ROWS);
        assert!(table.shards.iter().all(|shard| shard.len() <= SHARD_ROWS_MAX));
        for number in numbers(ROWS).step_by(3) {
            table.remove(hash(number), |other| *other == number);
        }
        for number in numbers(ROWS + ROWS / 10) {
            let is_there = numbers(ROWS).contains(&number) && number % 3 != 0;
            assert_eq!(table.find(hash(number), |other| *other == number).is_some(), is_there);
        }
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
