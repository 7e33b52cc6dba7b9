//! A disk in memory that may do what POSIX lets a disk do: write less than asked, run out of room, fail a
//! sync and forget what it should have kept, and after a crash hold any sectors of what was not synced.
//! It may also do what no disk should: lose or misplace what it said was durable, and flip bits.
//!
//! The unit tests of the log and the simulator (tests/simulation) share it.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, File};

const SECTOR_BYTES: usize = 512;

/// SplitMix64: enough to choose faults, and the same everywhere.
#[derive(Default)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

#[derive(Clone, Default)]
pub struct Faulty(Arc<Mutex<World>>);

/// What a disk does with sectors that it says are durable.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    Lost,
    /// They go elsewhere, over what was there.
    Misplaced,
}

#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// How many syncs succeed before one fails.
    pub syncs_left: Option<u64>,
    /// How many reads succeed before one fails.
    pub reads_left: Option<u64>,
    /// How many bytes the disk has room for.
    pub bytes_left: Option<u64>,
    /// How many operations succeed before the power goes.
    pub operations_left: Option<u64>,
    /// Writes and reads take this many bytes at most.
    pub bytes_at_once: Option<usize>,
}

#[derive(Default)]
struct World {
    names: Names,
    names_durable: Names,
    /// The folder after each change that is not synced yet.
    names_pending: Vec<Names>,
    files: Vec<Contents>,
    faults: Faults,
    /// Told at the next sync of a file that was written to.
    lie: Option<Lie>,
    chance: Dice,
    syncs: u64,
}

type Names = BTreeMap<String, usize>;

#[derive(Clone, Default)]
struct Contents {
    /// What readers see.
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// What the next sync makes durable.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, new) => {
                bytes.resize(bytes.len().max(offset + new.len()), 0);
                bytes[*offset..offset + new.len()].copy_from_slice(new);
            }
            Self::Cut(length) => bytes.resize(*length, 0),
        }
    }
}

impl Faulty {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, faults: Faults) {
        self.world().faults = faults;
    }

    /// Chooses what the disk leaves to chance.
    pub fn seed(&self, seed: u64) {
        self.world().chance = Dice(seed);
    }

    pub fn lie(&self, lie: Lie) {
        self.world().lie = Some(lie);
    }

    /// Drops the page cache, where it may be dropped: readers see the disk itself.
    pub fn evict(&self) {
        for file in self.world().files.iter_mut().filter(|file| file.pending.is_empty()) {
            file.cached.clone_from(&file.durable);
        }
    }

    /// One bit of one synced file goes over. False when there is none.
    pub fn flip(&self) -> bool {
        let mut world = self.world();
        let world = &mut *world;
        let synced = |at: &&usize| {
            let file = &world.files[**at];
            file.pending.is_empty() && !file.durable.is_empty()
        };
        let files: Vec<usize> = world.names.values().filter(synced).copied().collect();
        if files.is_empty() {
            return false;
        }
        let file = &mut world.files[files[world.chance.roll(files.len())]];
        let (at, bit) = (world.chance.roll(file.durable.len()), world.chance.roll(8));
        file.durable[at] ^= 1 << bit;
        file.cached.clone_from(&file.durable);
        true
    }

    pub fn syncs(&self) -> u64 {
        self.world().syncs
    }

    /// The same bytes in a new world without faults, all of them durable.
    pub fn copy(&self) -> Self {
        let copy = Self::default();
        for (name, bytes) in self.contents() {
            copy.put(&name, bytes);
        }
        copy
    }

    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let world = self.world();
        world
            .names
            .iter()
            .map(|(name, at)| (name.clone(), world.files[*at].cached.clone()))
            .collect()
    }

    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut world = self.world();
        let at = world.files.len();
        world.files.push(Contents { cached: bytes.clone(), durable: bytes, pending: vec![] });
        world.names.insert(name.to_owned(), at);
        world.names_durable.insert(name.to_owned(), at);
    }

    /// What is left after the power went: what was synced, and any sectors of the rest.
    pub fn crash(&self, dice: &mut Dice) -> Self {
        let world = self.world();
        // The folder's changes become durable in their order, as a journal keeps them.
        let kept = dice.roll(world.names_pending.len() + 1);
        let names = match kept.checked_sub(1) {
            Some(change) => &world.names_pending[change],
            None => &world.names_durable,
        };
        let left = Self::default();
        for (name, at) in names {
            let file = &world.files[*at];
            let mut bytes = file.durable.clone();
            write_back(&file.pending, dice, &mut bytes);
            left.put(name, bytes);
        }
        left
    }
}

/// Any sectors of what was written since the last sync, in order.
fn write_back(pending: &[Change], dice: &mut Dice, bytes: &mut Vec<u8>) {
    for change in pending {
        match change {
            Change::Cut(_) if dice.roll(2) == 0 => break,
            Change::Cut(_) => change.apply(bytes),
            Change::Write(offset, new) => tear(*offset, new, dice, bytes),
        }
    }
}

fn tear(offset: usize, new: &[u8], dice: &mut Dice, bytes: &mut Vec<u8>) {
    let odds = dice.roll(4);
    let (mut start, end) = (offset, offset + new.len());
    while start < end {
        let stop = ((start / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
        if odds == 3 || (odds > 0 && dice.roll(3) < odds) {
            Change::Write(start, new[start - offset..stop - offset].to_vec()).apply(bytes);
        }
        start = stop;
    }
}

impl World {
    fn step(&mut self) -> io::Result<()> {
        spend(&mut self.faults.operations_left).map_err(|()| io::Error::other("no power"))
    }

    fn step_names(&mut self, change: impl FnOnce(&mut Names) -> io::Result<()>) -> io::Result<()> {
        self.step()?;
        change(&mut self.names)?;
        self.names_pending.push(self.names.clone());
        Ok(())
    }

    /// The last sectors of what was written are lost, or land elsewhere; the page cache hides it.
    fn tell(&mut self, lie: Lie, at: usize, pending: &[Change], before: &[u8]) {
        let written = pending.iter().rev().find_map(|change| match change {
            Change::Write(offset, new) => Some(*offset..offset + new.len()),
            Change::Cut(_) => None,
        });
        let kept = |range: Range<usize>| range.start..range.end.min(self.files[at].durable.len());
        let Some(range) = written.map(kept).filter(|range| !range.is_empty()) else {
            return;
        };
        let (first, last) = (range.start / SECTOR_BYTES, (range.end - 1) / SECTOR_BYTES);
        let from = first + self.chance.roll(last - first + 1);
        let to = from + 1 + self.chance.roll(last - from + 1);
        let (from, to) = (range.start.max(from * SECTOR_BYTES), range.end.min(to * SECTOR_BYTES));
        let bytes = self.files[at].durable[from..to].to_vec();
        for (place, byte) in self.files[at].durable[from..to].iter_mut().zip(from..) {
            *place = before.get(byte).copied().unwrap_or_default();
        }
        // The file's new length may be lost with what was written behind the old one.
        let grown = before.len()..self.files[at].durable.len();
        if matches!(lie, Lie::Lost) && (from..to) == grown && self.chance.roll(2) == 0 {
            self.files[at].durable.truncate(before.len());
        }
        if let Lie::Misplaced = lie {
            let all: Vec<usize> = self.names.values().copied().collect();
            let victim = &mut self.files[all[self.chance.roll(all.len())]].durable;
            let sectors = victim.len() / SECTOR_BYTES + 1;
            let start = self.chance.roll(sectors) * SECTOR_BYTES;
            victim.iter_mut().skip(start).zip(bytes).for_each(|(place, byte)| *place = byte);
        }
    }
}

fn spend(left: &mut Option<u64>) -> Result<(), ()> {
    match left {
        Some(0) => Err(()),
        Some(left) => {
            *left -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}

struct Handle {
    disk: Faulty,
    at: usize,
}

impl Disk for Faulty {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.world().names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let at = *self.world().names.get(name).ok_or(ErrorKind::NotFound)?;
        Ok(Arc::new(Handle { disk: self.clone(), at }))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut world = self.world();
        if world.faults.bytes_left == Some(0) {
            return Err(ErrorKind::StorageFull.into());
        }
        let at = world.files.len();
        world.step_names(|names| {
            names.insert(name.to_owned(), at);
            Ok(())
        })?;
        world.files.push(Contents::default());
        Ok(Arc::new(Handle { disk: self.clone(), at }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.world().step_names(|names| {
            let at = names.remove(from).ok_or(ErrorKind::NotFound)?;
            names.insert(to.to_owned(), at);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.world()
            .step_names(|names| names.remove(name).map(drop).ok_or(ErrorKind::NotFound.into()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world.names_durable = world.names.clone();
        world.names_pending.clear();
        Ok(())
    }
}

impl File for Handle {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.world().files[self.at].cached.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        if spend(&mut world.faults.reads_left).is_err() {
            world.faults.reads_left = None;
            return Err(io::Error::other("read failed"));
        }
        let from = world.files[self.at].cached.get(offset as usize..).unwrap_or_default();
        let at_once = world.faults.bytes_at_once.unwrap_or(usize::MAX);
        let count = bytes.len().min(from.len()).min(at_once);
        bytes[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        world.step()?;
        let offset = offset as usize;
        let Faults { bytes_left, bytes_at_once, .. } = world.faults;
        let length = world.files[self.at].cached.len();
        // What is written over takes no room.
        let room = bytes_left.map_or(usize::MAX, |left| left as usize);
        let end = length.saturating_add(room).saturating_sub(offset);
        let count = bytes.len().min(bytes_at_once.unwrap_or(usize::MAX)).min(end);
        if count == 0 && !bytes.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        if let Some(left) = &mut world.faults.bytes_left {
            *left -= (offset + count).saturating_sub(length) as u64;
        }
        let change = Change::Write(offset, bytes[..count].to_vec());
        let file = &mut world.files[self.at];
        change.apply(&mut file.cached);
        file.pending.push(change);
        Ok(count)
    }

    /// What is written may be on the disk before it is synced, or not: a crash decides.
    fn begin_sync(&self, _bytes: Range<u64>) {}

    /// A sync that fails forgets what it should have written, or a part of it, and still shows it
    /// to readers.
    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        let world = &mut *world;
        world.step()?;
        world.syncs += 1;
        let failed = spend(&mut world.faults.syncs_left).is_err();
        let file = &mut world.files[self.at];
        let pending = std::mem::take(&mut file.pending);
        if failed {
            world.faults.syncs_left = None;
            write_back(&pending, &mut world.chance, &mut file.durable);
            return Err(io::Error::other("sync failed"));
        }
        let before = file.durable.clone();
        pending.iter().for_each(|change| change.apply(&mut file.durable));
        if let Some(lie) = world.lie.filter(|_| !pending.is_empty()) {
            world.lie = None;
            world.tell(lie, self.at, &pending, &before);
        }
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        world.step()?;
        let file = &mut world.files[self.at];
        let change = Change::Cut(length as usize);
        change.apply(&mut file.cached);
        file.pending.push(change);
        Ok(())
    }
}
