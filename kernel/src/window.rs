//! The window: every entry that was recorded while its `valid_until_ns` may still lie ahead, so
//! that nothing is booked twice and a repeat is answered with the first result.
//!
//! Ids come in segments, one per block, and go with their segment. The index keeps the places of
//! dropped segments until a sweep comes by: to remove them one by one would cost each block as many
//! cache misses as adding them did.

use std::collections::{BTreeMap, VecDeque};

use crate::codec::Id;
use crate::hash::Hash;
use crate::index::name_hash;
use crate::sharded::ShardedTable;
use crate::table::{Row, Slots};
use crate::width::{at, count, row};

/// The row of one block in the state.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub height: u64,
    pub valid_until_ns_max: u64,
    pub recorded: u64,
    pub transactions_root: Hash,
    pub results_root: Hash,
}

impl Row for Segment {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.height.to_le_bytes());
        out.extend(self.valid_until_ns_max.to_le_bytes());
        out.extend(self.recorded.to_le_bytes());
        out.extend([0; 8]);
        out.extend(self.transactions_root);
        out.extend(self.results_root);
        out.extend([0; 32]);
    }
}

/// What is remembered of an entry; its height is its segment's.
#[derive(Clone, Copy, Debug)]
pub struct Remembered {
    pub institution: u32,
    pub code: u16,
    pub id: Id,
    pub instruction: Hash,
}

impl Remembered {
    fn name_hash(&self) -> u64 {
        name_hash(self.institution, self.id)
    }
}

/// The ids of one segment.
#[derive(Debug)]
pub struct Epoch {
    slot: u32,
    ids: Vec<Remembered>,
}

/// Where an id stands: segments are counted from the first that ever was.
#[derive(Clone, Copy)]
struct Place {
    epoch: u64,
    position: u32,
    /// Enough of the name's hash to move the place within the table without reading the name.
    hash_high: u32,
}

impl Place {
    fn hash(self) -> u64 {
        spread(self.hash_high)
    }
}

/// The table is addressed by this alone, so that a place can move without its name.
fn spread(hash_high: u32) -> u64 {
    u64::from(hash_high).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn high(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(u32::MAX)
}

#[derive(Default)]
pub struct Window {
    pub segments: Slots<Segment>,
    epochs: VecDeque<Epoch>,
    epoch_first: u64,
    index: ShardedTable<Place>,
    /// Ids of the block that is being applied.
    pub open: OpenEpoch,
    /// Ids that were dropped since the last purge.
    dropped: usize,
    /// Below this epoch all are dropped for good.
    epoch_kept: u64,
    /// While an image of the ids is read.
    frozen: Option<Frozen>,
}

/// The image of the ids: those of the epochs themselves, but of the ones that were dropped since.
struct Frozen {
    /// The next to be given: epoch and position.
    next: (u64, usize),
    epoch_end: u64,
    /// By epoch, with their heights.
    kept: BTreeMap<u64, (u64, Vec<Remembered>)>,
}

#[derive(Default)]
pub struct OpenEpoch {
    pub ids: Vec<Remembered>,
    pub valid_until_ns_max: u64,
}

/// An entry that was found again.
pub struct Found<'a> {
    pub entry: &'a Remembered,
    /// None: in the block that is being applied.
    pub height: Option<u64>,
}

impl Window {
    #[inline]
    pub fn find(&self, institution: u32, id: &Id) -> Option<Found<'_>> {
        let hash_high = high(name_hash(institution, *id));
        let place = self.index.find(spread(hash_high), |place| {
            place.hash_high == hash_high
                && self.at(*place).is_some_and(|e| e.institution == institution && e.id == *id)
        })?;
        Some(Found { entry: self.at(*place)?, height: self.height_of(place.epoch) })
    }

    /// As `find`, without looking at the id itself; says yes to some that are not remembered.
    #[inline]
    pub fn may_know(&self, institution: u32, id: &Id) -> bool {
        let hash_high = high(name_hash(institution, *id));
        self.index.find(spread(hash_high), |place| place.hash_high == hash_high).is_some()
    }

    fn at(&self, place: Place) -> Option<&Remembered> {
        self.ids(place.epoch)?.get(at(place.position))
    }

    /// None for an epoch that is dropped.
    fn ids(&self, epoch: u64) -> Option<&Vec<Remembered>> {
        let live = usize::try_from(epoch.checked_sub(self.epoch_first)?).ok()?;
        if live == self.epochs.len() {
            return Some(&self.open.ids);
        }
        self.epochs.get(live).map(|epoch| &epoch.ids)
    }

    fn height_of(&self, epoch: u64) -> Option<u64> {
        let live = usize::try_from(epoch.checked_sub(self.epoch_first)?).ok()?;
        self.epochs.get(live).map(|epoch| self.segments.row(epoch.slot).height)
    }

    fn epoch_open(&self) -> u64 {
        self.epoch_first.saturating_add(count(self.epochs.len()))
    }

    #[inline]
    pub fn remember(&mut self, entry: Remembered, valid_until_ns: u64) {
        let place = Place {
            epoch: self.epoch_open(),
            position: row(self.open.ids.len()),
            hash_high: high(entry.name_hash()),
        };
        self.open.ids.push(entry);
        self.open.valid_until_ns_max = self.open.valid_until_ns_max.max(valid_until_ns);
        self.index.insert(place.hash(), place, |place| place.hash());
    }

    /// Undoes `remember` back to `length` ids.
    pub fn forget(&mut self, length: usize, valid_until_ns_max: u64) {
        let epoch = self.epoch_open();
        while self.open.ids.len() > length {
            if let Some(entry) = self.open.ids.pop() {
                let position = row(self.open.ids.len());
                let is_it = |place: &Place| place.epoch == epoch && place.position == position;
                self.index.remove(spread(high(entry.name_hash())), is_it);
            }
        }
        self.open.valid_until_ns_max = valid_until_ns_max;
    }

    /// Turns the open ids into a segment.
    pub fn close(&mut self, segment: Segment) {
        let slot = self.segments.place(segment);
        let ids = std::mem::take(&mut self.open.ids);
        self.open.valid_until_ns_max = 0;
        self.epochs.push_back(Epoch { slot, ids });
    }

    /// Undoes `close`.
    pub fn reopen(&mut self) {
        let epoch = self.epochs.pop_back().expect("invariant: a segment was closed");
        let segment = self.segments.end(epoch.slot);
        self.open.ids = epoch.ids;
        self.open.valid_until_ns_max = segment.valid_until_ns_max;
    }

    pub fn oldest(&self) -> Option<&Segment> {
        self.epochs.front().map(|epoch| self.segments.row(epoch.slot))
    }

    pub fn drop_oldest(&mut self) -> (Segment, Epoch) {
        let epoch = self.epochs.pop_front().expect("invariant: there is a segment");
        self.keep(&epoch);
        self.epoch_first = self.epoch_first.saturating_add(1);
        self.dropped = self.dropped.saturating_add(epoch.ids.len());
        (self.segments.end(epoch.slot), epoch)
    }

    /// Undoes `drop_oldest`; its ids are still in the index.
    pub fn put_back_oldest(&mut self, segment: Segment, epoch: Epoch) {
        self.segments.put_back(epoch.slot, segment);
        self.epoch_first = self.epoch_first.saturating_sub(1);
        self.dropped = self.dropped.saturating_sub(epoch.ids.len());
        self.epochs.push_front(epoch);
    }

    /// From here on, what was dropped up to now is not put back unless the block below fails, and
    /// then no purge has come between.
    pub fn hand_over(&mut self) {
        self.epoch_kept = self.epoch_first;
    }

    /// Called when what was handed over cannot be undone any more. Looking at four places for each that died, one
    /// after another, keeps the dead below a third of the index.
    pub fn purge(&mut self) {
        const LOOKS: usize = 4;
        let (looks, epoch_kept) = (self.dropped.saturating_mul(LOOKS), self.epoch_kept);
        self.index.sweep(looks, |place| place.epoch >= epoch_kept);
        self.dropped = 0;
    }

    // --- an image of the ids, read while they change ---------------------------------------------

    /// From here on `frozen` gives the ids as they are now. Nothing is open.
    pub fn freeze(&mut self) {
        let (next, epoch_end) = ((self.epoch_first, 0), self.epoch_open());
        self.frozen = Some(Frozen { next, epoch_end, kept: BTreeMap::new() });
    }

    pub fn thaw(&mut self) {
        self.frozen = None;
    }

    /// The next ids of the image, at most `most` and of one segment, with its height.
    pub fn frozen(&mut self, most: usize) -> Option<(u64, Vec<Remembered>)> {
        loop {
            let Frozen { next: (epoch, position), epoch_end, kept } = self.frozen.as_ref()?;
            let (epoch, position) = (*epoch, *position);
            if epoch == *epoch_end {
                return None;
            }
            let (height, ids) = match kept.get(&epoch) {
                Some((height, ids)) => (*height, ids),
                None => (self.height_of(epoch)?, self.ids(epoch)?),
            };
            let rest = ids.get(position..).unwrap_or_default();
            let given = rest.get(..most.min(rest.len())).unwrap_or_default().to_vec();
            let frozen = self.frozen.as_mut()?;
            if !given.is_empty() {
                frozen.next = (epoch, position.saturating_add(given.len()));
                return Some((height, given));
            }
            frozen.next = (epoch.saturating_add(1), 0);
            frozen.kept.remove(&epoch);
        }
    }

    /// Before the oldest epoch is dropped. It may be put back, and then nothing of it has changed.
    fn keep(&mut self, oldest: &Epoch) {
        let height = self.segments.row(oldest.slot).height;
        if let Some(frozen) = &mut self.frozen
            && (frozen.next.0..frozen.epoch_end).contains(&self.epoch_first)
        {
            frozen.kept.insert(self.epoch_first, (height, oldest.ids.clone()));
        }
    }

    /// Takes in what a snapshot holds: a segment that stands in `slot`, with its ids. Segments
    /// come from the oldest.
    pub fn load(&mut self, slot: u32, segment: Segment, ids: Vec<Remembered>) {
        self.open.ids.reserve_exact(ids.len());
        for entry in ids {
            self.remember(entry, segment.valid_until_ns_max);
        }
        self.segments.put_back(slot, segment);
        let ids = std::mem::take(&mut self.open.ids);
        self.open.valid_until_ns_max = 0;
        self.epochs.push_back(Epoch { slot, ids });
    }
}
