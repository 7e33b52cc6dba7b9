//! A disk in memory that may do what POSIX lets a disk do: write less than asked, run out of room, fail a
//! sync and forget what it should have kept, and after a crash hold any sectors of what was not synced.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Disk, File};

const SECTOR_BYTES: usize = 512;

/// SplitMix64: enough to choose faults, and the same everywhere.
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

#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// How many syncs succeed before one fails.
    pub syncs_left: Option<u64>,
    /// How many bytes the disk has room for.
    pub bytes_left: Option<u64>,
    /// How many operations succeed before the power goes.
    pub operations_left: Option<u64>,
    /// Writes and reads take this many bytes at most.
    pub bytes_at_once: Option<usize>,
}

#[derive(Default)]
struct World {
    names: BTreeMap<String, usize>,
    names_durable: BTreeMap<String, usize>,
    files: Vec<Contents>,
    faults: Faults,
    syncs: u64,
}

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
        self.0.lock().unwrap()
    }

    pub fn set(&self, faults: Faults) {
        self.world().faults = faults;
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
        let names = if dice.roll(2) == 0 { &world.names } else { &world.names_durable };
        let left = Self::default();
        for (name, at) in names {
            let file = &world.files[*at];
            let mut bytes = file.durable.clone();
            for change in &file.pending {
                match change {
                    Change::Cut(_) if dice.roll(2) == 0 => break,
                    Change::Cut(_) => change.apply(&mut bytes),
                    Change::Write(offset, new) => tear(*offset, new, dice, &mut bytes),
                }
            }
            left.put(name, bytes);
        }
        left
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
        world.step()?;
        let at = world.files.len();
        world.files.push(Contents::default());
        world.names.insert(name.to_owned(), at);
        Ok(Arc::new(Handle { disk: self.clone(), at }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        let at = world.names.remove(from).ok_or(ErrorKind::NotFound)?;
        world.names.insert(to.to_owned(), at);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world.names.remove(name).map(drop).ok_or(ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        world.names_durable = world.names.clone();
        Ok(())
    }
}

impl File for Handle {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.world().files[self.at].cached.len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let world = self.disk.world();
        let from = world.files[self.at].cached.get(offset as usize..).unwrap_or_default();
        let at_once = world.faults.bytes_at_once.unwrap_or(usize::MAX);
        let count = bytes.len().min(from.len()).min(at_once);
        bytes[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        world.step()?;
        let room = world.faults.bytes_left.unwrap_or(u64::MAX);
        let at_once = world.faults.bytes_at_once.unwrap_or(usize::MAX);
        let count = bytes.len().min(at_once).min(usize::try_from(room).unwrap());
        if count == 0 && !bytes.is_empty() {
            return Err(ErrorKind::StorageFull.into());
        }
        if let Some(room) = &mut world.faults.bytes_left {
            *room -= count as u64;
        }
        let change = Change::Write(offset as usize, bytes[..count].to_vec());
        let file = &mut world.files[self.at];
        change.apply(&mut file.cached);
        file.pending.push(change);
        Ok(count)
    }

    /// A sync that fails forgets what it should have written, and still shows it to readers.
    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        world.step()?;
        world.syncs += 1;
        let failed = spend(&mut world.faults.syncs_left).is_err();
        let file = &mut world.files[self.at];
        let pending = std::mem::take(&mut file.pending);
        if failed {
            world.faults.syncs_left = None;
            return Err(io::Error::other("sync failed"));
        }
        pending.iter().for_each(|change| change.apply(&mut file.durable));
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
