//! Tables: rows in memory with the tree over their leaves. What changed is remembered and hashed
//! when a root is asked for, once per block.

use std::collections::BTreeMap;

use crate::hash::{Domain, Hash, LANES, ZERO};
use crate::pieces::Pieces;
use crate::prefetch::prefetch;
use crate::tree::DirtyTree;
use crate::width::{at, count, row};

/// A row of a table of the state.
pub trait Row: Clone + Sync {
    /// Bytes of a leaf.
    const LEAF_BYTES: usize;

    /// Appends exactly `LEAF_BYTES` bytes.
    fn write_leaf(&self, out: &mut Vec<u8>);

    /// A free slot has 32 zero bytes in place of its leaf hash.
    fn is_free(&self) -> bool {
        false
    }
}

impl<R: Row> Row for Option<R> {
    const LEAF_BYTES: usize = R::LEAF_BYTES;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        match self {
            Some(row) => row.write_leaf(out),
            None => out.resize(out.len().saturating_add(R::LEAF_BYTES), 0),
        }
    }

    fn is_free(&self) -> bool {
        self.is_none()
    }
}

pub struct Table<R> {
    rows: Pieces<R>,
    changed: Changed,
    tree: DirtyTree,
    /// While an image of the table is read.
    frozen: Option<Box<Frozen<R>>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        let (rows, changed, tree) = (Pieces::default(), Changed::default(), DirtyTree::default());
        Self { rows, changed, tree, frozen: None }
    }
}

impl<R: Row> Table<R> {
    #[inline]
    pub fn get(&self, number: u32) -> Option<&R> {
        self.rows.get(at(number))
    }

    /// Asks for a row that is needed soon.
    #[inline]
    pub fn fetch(&self, number: u32) {
        self.get(number).into_iter().for_each(prefetch);
    }

    #[inline]
    pub fn row(&self, number: u32) -> &R {
        self.get(number).expect("invariant: a row that is referred to exists")
    }

    #[inline]
    pub fn row_mut(&mut self, number: u32) -> &mut R {
        if self.frozen.is_some() {
            self.keep(number);
        }
        self.changed.mark(number);
        self.rows.get_mut(at(number)).expect("invariant: a row that is referred to exists")
    }

    pub fn push(&mut self, new: R) -> u32 {
        let number = self.next_number();
        self.rows.push(new);
        self.changed.mark(number);
        number
    }

    pub fn extend(&mut self, rows: impl IntoIterator<Item = R>) {
        for row in rows {
            self.push(row);
        }
    }

    pub fn pop(&mut self) -> Option<R> {
        if self.frozen.is_some() {
            self.keep(self.next_number().saturating_sub(1));
        }
        self.rows.pop()
    }

    pub fn rows(&self) -> &Pieces<R> {
        &self.rows
    }

    pub fn next_number(&self) -> u32 {
        row(self.rows.length())
    }

    pub fn count(&self) -> u64 {
        count(self.rows.length())
    }

    /// At most `most` rows of the image from number `first` on; they must not be passed.
    pub fn frozen(&self, first: u32, most: usize) -> impl Iterator<Item = &R> {
        let frozen = self.frozen.as_deref();
        let end = frozen.map_or(0, |frozen| frozen.count);
        (first..end).take(most).map(move |number| {
            let kept = frozen.and_then(|frozen| frozen.kept.get(&number));
            kept.unwrap_or_else(|| self.row(number))
        })
    }

    /// Before a row of the image changes for the first time.
    #[cold]
    fn keep(&mut self, number: u32) {
        let Some(frozen) = &mut self.frozen else { return };
        if frozen.passed <= number
            && number < frozen.count
            && let Some(row) = self.rows.get(at(number))
        {
            frozen.kept.entry(number).or_insert_with(|| row.clone());
        }
    }

    pub fn root(&mut self) -> Hash {
        let changed = self.changed.take(self.next_number());
        if !changed.is_empty() || self.tree.rows() != self.rows.length() {
            let rows = &self.rows;
            let fetch = |number| rows.get(at(number)).into_iter().for_each(prefetch);
            self.tree.update(rows.length(), changed, fetch, |numbers, bytes, hashes| {
                hash_leaves(rows, numbers, bytes, hashes);
            });
        }
        self.tree.root()
    }
}

/// What tables of all kinds of rows can do.
pub trait AnyTable {
    fn count(&self) -> u64;

    fn root(&mut self) -> Hash;

    /// Makes an image: from here on `frozen` gives the rows as they are now.
    fn freeze(&mut self);

    /// Appends the leaves of at most `most` rows of the image from number `first` on, and says how
    /// many they were.
    fn write_frozen(&self, first: u32, most: usize, out: &mut Vec<u8>) -> u32;

    /// Rows of the image below `number` were read for the last time, and are kept no longer.
    fn pass(&mut self, number: u32);

    /// Ends the image.
    fn thaw(&mut self);
}

impl<R: Row> AnyTable for Table<R> {
    fn count(&self) -> u64 {
        self.count()
    }

    fn root(&mut self) -> Hash {
        self.root()
    }

    fn freeze(&mut self) {
        let count = self.next_number();
        self.frozen = Some(Box::new(Frozen { count, passed: 0, kept: BTreeMap::new() }));
    }

    fn write_frozen(&self, first: u32, most: usize, out: &mut Vec<u8>) -> u32 {
        let leaves = self.frozen(first, most).map(|leaf| leaf.write_leaf(out));
        row(leaves.count())
    }

    fn pass(&mut self, number: u32) {
        if let Some(frozen) = &mut self.frozen {
            frozen.passed = number;
            frozen.kept = frozen.kept.split_off(&number);
        }
    }

    fn thaw(&mut self) {
        self.frozen = None;
    }
}

/// The image of a table: the rows of the table itself, but those that have changed since.
struct Frozen<R> {
    /// How many rows there were.
    count: u32,
    /// Rows below this may change unseen.
    passed: u32,
    kept: BTreeMap<u32, R>,
}

/// `leaves` is working memory.
fn hash_leaves<R: Row>(
    rows: &Pieces<R>,
    numbers: &[u32],
    leaves: &mut Vec<u8>,
    hashes: &mut [Hash; LANES],
) {
    leaves.clear();
    let chosen = || numbers.iter().filter_map(|number| rows.get(at(*number)));
    chosen().for_each(|row| row.write_leaf(leaves));
    Domain::Leaf.key().hash_rows_into(R::LEAF_BYTES, leaves, hashes);
    for (row, hash) in chosen().zip(hashes) {
        if row.is_free() {
            *hash = ZERO;
        }
    }
}

/// The rows that changed since the last root, each once.
#[derive(Default)]
struct Changed {
    marks: Vec<u64>,
    rows: Vec<u32>,
}

impl Changed {
    #[inline]
    fn mark(&mut self, number: u32) {
        let (word, bit) = (at(number >> 6), 1_u64 << (number & 63));
        if word >= self.marks.len() {
            self.marks.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.marks.get_mut(word)
            && *word & bit == 0
        {
            *word |= bit;
            self.rows.push(number);
        }
    }

    /// Sorted, without the rows from `end` on, which are gone.
    fn take(&mut self, end: u32) -> Vec<u32> {
        let mut rows = std::mem::take(&mut self.rows);
        for number in &rows {
            if let Some(word) = self.marks.get_mut(at(number >> 6)) {
                *word = 0;
            }
        }
        rows.retain(|number| *number < end);
        rows.sort_unstable();
        rows
    }
}

/// A table whose rows end. A new row takes the lowest free slot, and free slots at the end are
/// dropped, so that the tree stays as small as what it holds.
pub struct Slots<R> {
    table: Table<Option<R>>,
    free: std::collections::BTreeSet<u32>,
}

impl<R> Default for Slots<R> {
    fn default() -> Self {
        Self { table: Table::default(), free: std::collections::BTreeSet::new() }
    }
}

impl<R: Row> Slots<R> {
    pub fn place(&mut self, new: R) -> u32 {
        match self.free.pop_first() {
            Some(slot) => {
                *self.table.row_mut(slot) = Some(new);
                slot
            }
            None => self.table.push(Some(new)),
        }
    }

    pub fn end(&mut self, slot: u32) -> R {
        let ended = self.table.row_mut(slot).take().expect("invariant: the slot is taken");
        self.free.insert(slot);
        while let Some(None) = self.table.rows().last() {
            self.table.pop();
            self.free.remove(&self.table.next_number());
        }
        ended
    }

    /// Undoes `end`: the row goes back into the slot that it had.
    pub fn put_back(&mut self, slot: u32, ended: R) {
        while self.table.next_number() <= slot {
            let free = self.table.push(None);
            self.free.insert(free);
        }
        self.free.remove(&slot);
        *self.table.row_mut(slot) = Some(ended);
    }

    pub fn get(&self, slot: u32) -> Option<&R> {
        self.table.get(slot).and_then(Option::as_ref)
    }

    pub fn row(&self, slot: u32) -> &R {
        self.get(slot).expect("invariant: a slot that is referred to is taken")
    }

    pub fn row_mut(&mut self, slot: u32) -> &mut R {
        self.table.row_mut(slot).as_mut().expect("invariant: a slot that is referred to is taken")
    }

    pub fn slots(&self) -> &Pieces<Option<R>> {
        self.table.rows()
    }

    /// Slots, free ones too.
    pub fn count(&self) -> u64 {
        self.table.count()
    }

    pub fn taken(&self) -> u64 {
        self.count().saturating_sub(count(self.free.len()))
    }

    pub fn root(&mut self) -> Hash {
        self.table.root()
    }

    /// The slots as rows of a table, free ones too.
    pub fn rows_mut(&mut self) -> &mut dyn AnyTable {
        &mut self.table
    }

    /// The slots of the image that are taken, as [`Table::frozen`]; None: a free one.
    pub fn frozen(&self, first: u32, most: usize) -> impl Iterator<Item = &Option<R>> {
        self.table.frozen(first, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Number(u64);

    impl Row for Number {
        const LEAF_BYTES: usize = 64;

        fn write_leaf(&self, out: &mut Vec<u8>) {
            out.extend(self.0.to_le_bytes());
            out.extend([0; 56]);
        }
    }

    #[test]
    fn the_lowest_free_slot_is_taken_and_free_slots_at_the_end_are_dropped() {
        let mut slots = Slots::default();
        for number in 0..4 {
            assert_eq!(slots.place(Number(number)), number as u32);
        }
        let before = slots.root();
        let (two, three) = (slots.end(2), slots.end(3));
        assert_eq!(slots.count(), 2);
        slots.put_back(3, three);
        assert_eq!((slots.count(), slots.taken()), (4, 3));
        slots.put_back(2, two);
        assert_eq!(slots.root(), before);
        slots.end(1);
        slots.end(2);
        assert_eq!(slots.place(Number(9)), 1);
        assert_eq!(slots.place(Number(9)), 2);
        assert_eq!(slots.place(Number(9)), 4);
    }

    #[test]
    fn an_image_has_the_slots_that_were_whatever_takes_their_place() {
        let mut slots = Slots::default();
        for number in 0..4 {
            slots.place(Number(number));
        }
        slots.end(2);
        let mut expected = Vec::new();
        for number in [0, 1, 9, 3_u64] {
            let leaf = if number == 9 { [0; 8] } else { number.to_le_bytes() };
            expected.extend([&leaf[..], &[0; 56]].concat());
        }
        slots.rows_mut().freeze();
        // The last slots go, the free one among them, and others come in their place.
        slots.end(3);
        slots.row_mut(1).0 = 11;
        for number in 12..16 {
            slots.place(Number(number));
        }
        let (mut first, mut image) = (0, Vec::new());
        while let rows @ 1.. = slots.rows_mut().write_frozen(first, 3, &mut image) {
            first += rows;
            slots.rows_mut().pass(first);
        }
        assert_eq!(image, expected);
        slots.rows_mut().thaw();
        assert_eq!(slots.rows_mut().write_frozen(0, 9, &mut image), 0);
    }

    #[test]
    fn a_free_slot_is_zero_in_the_tree() {
        let mut slots = Slots::default();
        slots.place(Number(7));
        slots.place(Number(8));
        slots.end(0);
        let mut leaf = 8_u64.to_le_bytes().to_vec();
        leaf.resize(64, 0);
        assert_eq!(slots.root(), crate::tree::root(vec![ZERO, Domain::Leaf.hash(&leaf)]));
        slots.end(1);
        assert_eq!((slots.root(), slots.count()), (ZERO, 0));
    }
}
