//! Trees: the root, the path of a leaf, and a tree that is kept up to date as rows change.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in memory, not money; overflow checks stay on"
)]

use crate::hash::{Domain, Hash, LANES, ZERO};
use crate::pieces::Pieces;
use crate::prefetch::prefetch;
use crate::width::{at, row};

pub fn root(mut leaves: Vec<Hash>) -> Hash {
    root_within(&mut leaves)
}

/// Uses the leaves as its working memory: a block has thousands, and fresh memory costs more than
/// their hashes.
pub fn root_within(leaves: &mut Vec<Hash>) -> Hash {
    while leaves.len() > 1 {
        rise(leaves);
    }
    leaves.first().copied().unwrap_or(ZERO)
}

/// Every level of a tree, from which the paths of all its leaves are read.
pub struct Levels(Vec<Vec<Hash>>);

impl Levels {
    pub fn over(mut leaves: Vec<Hash>) -> Self {
        let mut levels = Vec::new();
        while leaves.len() > 1 {
            levels.push(leaves.clone());
            rise(&mut leaves);
        }
        levels.push(leaves);
        Self(levels)
    }

    /// The siblings of leaf `index` from the bottom; None when there is no such leaf.
    pub fn path(&self, mut index: usize) -> Option<Vec<Hash>> {
        self.0.first()?.get(index)?;
        let mut path = Vec::with_capacity(self.0.len());
        for level in &self.0 {
            path.extend(level.get(index ^ 1));
            index /= 2;
        }
        Some(path)
    }
}

/// Puts the level above in the place of a level. A parent stands before its children, so that what
/// is overwritten has been hashed.
fn rise(level: &mut Vec<Hash>) {
    let pairs = level.len() / 2;
    for start in (0..pairs).step_by(LANES) {
        let mut inputs = [const { &[0; 64] }; LANES];
        let mut hashes = [ZERO; LANES];
        let children = level.as_flattened().as_chunks::<64>().0.get(start..).unwrap_or_default();
        for (input, pair) in inputs.iter_mut().zip(children) {
            *input = pair;
        }
        let used = children.len().min(LANES);
        let inputs = inputs.get(..used).unwrap_or_default();
        Domain::Node.key().lanes(inputs, hashes.as_flattened_mut());
        for (parent, hash) in level.iter_mut().skip(start).zip(hashes).take(used) {
            *parent = hash;
        }
    }
    if level.len() % 2 == 1 {
        level.swap_remove(pairs);
        level.truncate(pairs + 1);
    } else {
        level.truncate(pairs);
    }
}

pub fn check_path(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut hash, mut index, mut size, mut path) = (*leaf, index, size, path.iter());
    while size > 1 {
        if index ^ 1 < size {
            let Some(sibling) = path.next() else { return false };
            hash =
                if index.is_multiple_of(2) { node(&hash, sibling) } else { node(sibling, &hash) };
        }
        index /= 2;
        size = size.div_ceil(2);
    }
    path.next().is_none() && hash == *root
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Domain::Node.hash([*left, *right].as_flattened())
}

/// A tree over the rows of a table. Changed leaves are brought in once per block, and every level
/// is hashed in one pass over what changed.
///
/// The leaves themselves are not kept: a leaf follows from its row, and the row beside a changed one
/// is its neighbour in memory. That halves the memory for one more hash a changed row.
#[derive(Default)]
pub struct DirtyTree {
    rows: usize,
    /// From the parents of the leaves up to the root.
    levels: Vec<Level>,
}

/// Two children of one parent, in one cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Pair([Hash; 2]);

impl Pair {
    fn side(&mut self, place: u32) -> &mut Hash {
        let Self([left, right]) = self;
        if place.is_multiple_of(2) { left } else { right }
    }
}

#[derive(Default)]
struct Level {
    hashes: usize,
    pairs: Pieces<Pair>,
}

/// What one core hashes at least. In tests a level of few pairs has several.
const SHARE_PAIRS: usize = if cfg!(test) { 8 } else { 32_768 };

impl Level {
    fn resize(&mut self, hashes: usize) {
        self.hashes = hashes;
        self.pairs.resize(hashes.div_ceil(2), Pair([ZERO; 2]));
    }

    fn pair(&self, pair: usize) -> Option<&Pair> {
        self.pairs.get(pair)
    }

    fn shares(&mut self) -> Vec<&mut [Pair]> {
        self.pairs.shares_mut(SHARE_PAIRS)
    }

    fn get_mut(&mut self, place: u32) -> Option<&mut Hash> {
        self.pairs.get_mut(at(place / 2)).map(|pair| pair.side(place))
    }

    /// The only one of a pair, when their number is odd.
    fn odd_last(&self) -> Option<&Hash> {
        self.pair(self.hashes / 2).filter(|_| self.hashes % 2 == 1).map(|Pair([left, _])| left)
    }
}

/// Some of the shares of a level, side by side.
struct Part<'a, 'b> {
    /// How many stand before them.
    skipped: usize,
    shares: &'a mut [&'b mut [Pair]],
}

impl Part<'_, '_> {
    fn over<'a, 'b>(pairs: &'a mut [&'b mut [Pair]]) -> Part<'a, 'b> {
        Part { skipped: 0, shares: pairs }
    }

    fn get_mut(&mut self, place: u32) -> Option<&mut Hash> {
        let pair = at(place / 2);
        let share = self.shares.get_mut((pair / SHARE_PAIRS).checked_sub(self.skipped)?)?;
        share.get_mut(pair % SHARE_PAIRS).map(|pair| pair.side(place))
    }

    /// Its line is needed soon, for the hash and for the one beside it.
    fn fetch(&self, place: u32) {
        let pair = at(place / 2);
        let share = (pair / SHARE_PAIRS).checked_sub(self.skipped);
        let share = share.and_then(|share| self.shares.get(share));
        share.and_then(|share| share.get(pair % SHARE_PAIRS)).into_iter().for_each(prefetch);
    }

    /// Before share number `share` of the level.
    fn split_at(self, share: usize) -> (Self, Self) {
        let (left, right) = self.shares.split_at_mut(share - self.skipped);
        (Part { shares: left, ..self }, Part { skipped: share, shares: right })
    }
}

impl DirtyTree {
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|top| top.pair(0)).map_or(ZERO, |Pair([root, _])| *root)
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// `changed` is sorted and distinct, below `rows`, and holds every row that is new;
    /// `hash_leaves` writes the hashes of at most 16 rows, with bytes to work in; `fetch` is told of a row some time before.
    /// Rows at or beyond `rows` are forgotten.
    pub fn update(
        &mut self,
        rows: usize,
        mut changed: Vec<u32>,
        fetch: impl Fn(u32) + Sync,
        hash_leaves: impl Fn(&[u32], &mut Vec<u8>, &mut [Hash; LANES]) + Sync,
    ) {
        if rows != self.rows && rows > 0 {
            // The ancestors of the last row are those whose shape depends on the number of rows.
            let last = row(rows - 1);
            if changed.last() != Some(&last) {
                changed.push(last);
            }
        }
        self.rows = rows;
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        parents(&mut changed);
        if let Some(bottom) = self.levels.first_mut() {
            bottom.resize(rows.div_ceil(2));
            hash_pairs_of_leaves(rows, &changed, fetch, hash_leaves, bottom);
        }
        self.rehash(changed);
    }

    fn rehash(&mut self, mut changed: Vec<u32>) {
        let mut depth = 0;
        loop {
            let length = self.levels.get(depth).map_or(0, |level| level.hashes);
            if length <= 1 {
                self.levels.truncate(depth + 1);
                return;
            }
            if self.levels.len() == depth + 1 {
                self.levels.push(Level::default());
            }
            let (below, above) = self.levels.split_at_mut(depth + 1);
            if let (Some(level), Some(above)) = (below.last(), above.first_mut()) {
                parents(&mut changed);
                above.resize(length.div_ceil(2));
                hash_pairs(level, &changed, above);
            }
            depth += 1;
        }
    }
}

/// How many pairs before its turn a pair is asked for: the hashes of two groups take as long as memory.
const AHEAD: usize = 2 * LANES;

/// Half as many pairs as there are lanes give their leaves at once.
const PAIRS: usize = LANES / 2;

/// So many pairs of a level are hashed by one core at least.
const SHARE_MIN: usize = if cfg!(test) { 3 } else { 1_024 };

/// Hashes the pairs below `changed`, halves of them at the same time when they are many.
fn share<H: Fn(&[u32], Part<'_, '_>) + Sync>(changed: &[u32], above: Part<'_, '_>, hash: &H) {
    let middle = changed.get(changed.len() / 2).map_or(0, |place| at(*place) / 2);
    let cut = (middle + SHARE_PAIRS / 2) / SHARE_PAIRS;
    let start = cut * SHARE_PAIRS * 2;
    let (left, right) = changed.split_at(changed.partition_point(|place| at(*place) < start));
    if left.len().min(right.len()) < SHARE_MIN {
        hash(changed, above);
    } else {
        let (left_above, right_above) = above.split_at(cut);
        rayon::join(|| share(left, left_above, hash), || share(right, right_above, hash));
    }
}

fn hash_pairs_of_leaves(
    rows: usize,
    changed: &[u32],
    fetch: impl Fn(u32) + Sync,
    hash_leaves: impl Fn(&[u32], &mut Vec<u8>, &mut [Hash; LANES]) + Sync,
    above: &mut Level,
) {
    let (pairs, odd_last) = match changed.split_last() {
        Some((last, rest)) if rows % 2 == 1 && at(*last) == rows / 2 => (rest, Some(2 * *last)),
        _ => (changed, None),
    };
    share(pairs, Part::over(&mut above.shares()), &|pairs: &[u32], mut above: Part<'_, '_>| {
        let mut leaf_bytes = Vec::new();
        let mut ahead = pairs.iter().skip(AHEAD);
        for group in pairs.chunks(LANES) {
            for &pair in ahead.by_ref().take(LANES) {
                fetch(2 * pair);
                fetch(2 * pair + 1);
                above.fetch(pair);
            }
            let mut leaves = [[ZERO; LANES]; 2];
            for (half, leaves) in group.chunks(PAIRS).zip(&mut leaves) {
                let mut numbers = [0; LANES];
                for (two, pair) in numbers.as_chunks_mut().0.iter_mut().zip(half) {
                    *two = [2 * pair, 2 * pair + 1];
                }
                let numbers = numbers.get(..2 * half.len()).unwrap_or_default();
                hash_leaves(numbers, &mut leaf_bytes, leaves);
            }
            let children = leaves.as_flattened().as_flattened().as_chunks().0;
            hash_group(group, children.iter(), &mut above);
        }
    });
    // An odd last leaf moves up.
    if let Some(last) = odd_last
        && let Some(parent) = above.get_mut(last / 2)
    {
        let mut leaves = [ZERO; LANES];
        hash_leaves(&[last], &mut Vec::new(), &mut leaves);
        [*parent, ..] = leaves;
    }
}

fn parents(changed: &mut Vec<u32>) {
    for place in changed.iter_mut() {
        *place /= 2;
    }
    changed.dedup();
}

fn hash_pairs(level: &Level, changed: &[u32], above: &mut Level) {
    share(changed, Part::over(&mut above.shares()), &|changed: &[u32], mut above: Part<'_, '_>| {
        let mut ahead = changed.iter().skip(AHEAD);
        for group in changed.chunks(LANES) {
            ahead.by_ref().take(LANES).for_each(|place| above.fetch(*place));
            let pairs = group.iter().map_while(|&place| level.pair(at(place)));
            let children = pairs.map(|Pair(pair)| {
                pair.as_flattened().first_chunk().expect("invariant: two hashes are 64 bytes")
            });
            hash_group(group, children, &mut above);
        }
    });
    // An odd last hash moves up.
    if let Some(last) = level.odd_last()
        && let Some(parent) = above.get_mut(row(level.hashes / 2))
    {
        *parent = *last;
    }
}

/// Writes the hashes of at most `LANES` pairs of children to their parents' places.
fn hash_group<'a>(
    places: &[u32],
    children: impl Iterator<Item = &'a [u8; 64]>,
    above: &mut Part<'_, '_>,
) {
    let mut inputs = [const { &[0; 64] }; LANES];
    let mut used = 0;
    for (input, pair) in inputs.iter_mut().zip(children).take(places.len()) {
        *input = pair;
        used += 1;
    }
    let mut hashes = [ZERO; LANES];
    Domain::Node.key().lanes(inputs.get(..used).unwrap_or_default(), hashes.as_flattened_mut());
    for (place, hash) in places.iter().zip(&hashes).take(used) {
        if let Some(place) = above.get_mut(*place) {
            *place = *hash;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| Domain::Leaf.hash(&i.to_le_bytes())).collect()
    }

    /// RFC 6962, section 2.1: split at the largest power of two below the size.
    fn by_recursion(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => ZERO,
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&by_recursion(&leaves[..split]), &by_recursion(&leaves[split..]))
            }
        }
    }

    #[test]
    fn root_has_the_shape_of_rfc_6962() {
        for count in 0..70 {
            let leaves = leaves(count);
            assert_eq!(root(leaves.clone()), by_recursion(&leaves), "{count}");
        }
    }

    #[test]
    fn a_path_proves_its_leaf_and_nothing_else() {
        for count in 1..40 {
            let leaves = leaves(count);
            let root = root(leaves.clone());
            let levels = Levels::over(leaves.clone());
            for index in 0..count {
                let path = levels.path(index as usize).unwrap();
                let leaf = leaves[index as usize];
                assert!(check_path(&leaf, index, count, &path, &root));
                assert!(!check_path(&ZERO, index, count, &path, &root));
                assert!(!check_path(&leaf, count, count, &path, &root));
                assert!(!check_path(
                    &leaf,
                    index,
                    count,
                    &[path.clone(), vec![ZERO]].concat(),
                    &root
                ));
                if let Some(short) = path.len().checked_sub(1) {
                    assert!(!check_path(&leaf, index, count, &path[..short], &root));
                }
            }
            assert_eq!(levels.path(count as usize), None);
        }
    }

    #[test]
    fn a_changing_tree_has_the_root_of_its_rows() {
        let mut tree = DirtyTree::default();
        let mut rows: Vec<Hash> = Vec::new();
        let mut seed = 1_u64;
        for step in 0..600_u64 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(step);
            let size = match seed >> 60 {
                0 => (seed >> 20) as usize % 40,
                1..6 => rows.len() + (seed >> 20) as usize % 5,
                _ => rows.len(),
            };
            let mut changed: Vec<u32> = (rows.len()..size).map(|r| r as u32).collect();
            rows.resize(size, ZERO);
            for pick in 0..seed % 6 {
                if size > 0 {
                    changed.push((seed.rotate_left(pick as u32 * 7) % size as u64) as u32);
                }
            }
            changed.sort_unstable();
            changed.dedup();
            for row in &changed {
                rows[*row as usize] =
                    Domain::Leaf.hash(&[step.to_le_bytes(), (*row as u64).to_le_bytes()].concat());
            }
            let hash_leaves = |group: &[u32], _: &mut Vec<u8>, out: &mut [Hash; LANES]| {
                for (hash, row) in out.iter_mut().zip(group) {
                    *hash = rows[*row as usize];
                }
            };
            tree.update(size, changed, |_| {}, hash_leaves);
            assert_eq!(tree.root(), root(rows.clone()), "step {step}");
        }
    }
}
