//! The directory of a hash table that grows in small steps. One large table has to move every row at
//! once when it is full, and the block in which that happens waits for seconds; here a shard that is
//! full is split alone (extendible hashing: Fagin et al., 1979).

use crate::width::{at, row};

/// Hashes that agree by chance are soon told apart; for those that agree on purpose the directory
/// must not grow without end.
const PLACES_PER_SHARD_MAX: usize = 64;

const DEPTH_MAX: u32 = 24;

pub struct Directory {
    /// By the lowest `depth` shard bits of a hash: which shard it is in. One shard may stand at
    /// many places.
    places: Vec<u32>,
    depth: u32,
    /// Of each shard: how many shard bits all its hashes share.
    depths: Vec<u32>,
}

impl Directory {
    /// Of so many shards or a few more: their number is a power of two.
    pub fn of(shards: usize) -> Self {
        let depth = shards.next_power_of_two().trailing_zeros().min(DEPTH_MAX);
        let places: Vec<u32> = (0..=mask(depth)).collect();
        let depths = vec![depth; places.len()];
        Self { places, depth, depths }
    }

    pub fn shards(&self) -> usize {
        self.depths.len()
    }

    #[inline]
    pub fn shard_of(&self, hash: u64) -> usize {
        let place = shard_bits(hash) & mask(self.depth);
        self.places.get(at(place)).map_or(usize::MAX, |number| at(*number))
    }

    /// How many rows a shard holds before it is split. Hashes fill all shards alike: with one limit for
    /// all, they would all be split within a few blocks each time the table has doubled.
    #[inline]
    pub fn limit(shard: usize, rows_max: usize) -> usize {
        // The numbers of shards with their bits turned round lie evenly between 0 and 256.
        let even = at(row(shard).reverse_bits() >> 24);
        rows_max.saturating_mul(even.saturating_add(768)) / 1_024
    }

    /// A shard that may not be split has to hold what comes.
    pub fn may_split(&self, shard: usize) -> bool {
        let most = self.shards().saturating_mul(PLACES_PER_SHARD_MAX);
        self.depths.get(shard).is_some_and(|depth| *depth < DEPTH_MAX && at(mask(*depth)) < most)
    }

    /// Makes two of a shard. Some of its hashes are in the new one from now on, whose number is the last.
    pub fn split(&mut self, shard: usize) {
        let new = row(self.shards());
        let depth = self.depths.get_mut(shard).expect("invariant: a shard that is split exists");
        let bit = mask(*depth).saturating_add(1);
        *depth = depth.saturating_add(1);
        let depth = *depth;
        self.depths.push(depth);
        if depth > self.depth {
            self.places.extend_from_within(..);
            self.depth = depth;
        }
        for (place, entry) in (0_u32..).zip(&mut self.places) {
            if at(*entry) == shard && place & bit != 0 {
                *entry = new;
            }
        }
    }
}

/// Bits that the shards do not look at: they take the lowest for a place and the highest for a tag.
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

    #[test]
    fn hashes_that_cannot_be_told_apart_do_not_make_it_grow() {
        let mut directory = Directory::of(1);
        while directory.may_split(directory.shard_of(0)) {
            directory.split(directory.shard_of(0));
        }
        assert!(directory.shards() < 16 && directory.places.len() <= 2_048);
    }

    #[test]
    fn shards_that_fill_alike_are_not_split_together() {
        // As many are new after each doubling as there were before.
        for count in [64, 256, 1_024] {
            let limits = (count..2 * count).map(|shard| Directory::limit(shard, 1_024));
            let mut limits: Vec<usize> = limits.collect();
            limits.sort_unstable();
            assert!(limits[0] >= 768 && limits[count - 1] <= 1_024);
            assert!(limits.windows(count / 8).all(|alike| alike[count / 8 - 1] - alike[0] >= 24));
        }
    }

    #[test]
    fn a_split_moves_about_half_of_one_shard_and_nothing_else() {
        let mut directory = Directory::of(3);
        assert_eq!(directory.shards(), 4);
        let hashes: Vec<u64> =
            (0..1_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        for step in 0..40 {
            let shard = step * 7 % directory.shards();
            let before: Vec<usize> = hashes.iter().map(|hash| directory.shard_of(*hash)).collect();
            directory.split(shard);
            let after: Vec<usize> = hashes.iter().map(|hash| directory.shard_of(*hash)).collect();
            let in_shard = before.iter().filter(|before| **before == shard).count();
            let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
            let moved: Vec<_> = moved.collect();
            assert!(moved.iter().all(|one| *one == (&shard, &(directory.shards() - 1))));
            assert!(in_shard < 50 || (in_shard / 4..in_shard * 3 / 4).contains(&moved.len()));
        }
    }
}
