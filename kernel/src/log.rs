//! The block log: what was acknowledged is here, or the log says that it is not.
//!
//! One record a block, and one sync a record. A record is written from behind its prefix, in pieces with
//! which the disk begins at once, and the prefix last: the sync at its end has less to wait for (a block
//! of 2.4 MB is durable in 3 ms instead of 7). What a crash leaves of it has no prefix or a wrong checksum,
//! as a write of one piece does whose sectors came in any order. After a sync that failed the log takes nothing
//! more until it is opened again: the kernel may have dropped the pages and report success the next time
//! (Rebello et al., "Can Applications Recover from fsync Failures?", 2020). A record for which there is no
//! room is taken back whole, and the log goes on when there is.
//!
//! Files are not allocated ahead. Writing into zeros takes 149 µs for 2 kB instead of 213, but the zeros
//! have to be written first; `fallocate` alone saves nothing.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in files, not money; overflow checks stay on"
)]

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::codec::Finality;
use crate::disk::{Disk, File, read_full, write_full};
use crate::hash::{Domain, Hash};
use crate::head::{self, Keeper, Slot, Slots};
use crate::record::{self, Found, Magic, PREFIX_BYTES, Prefix};
use crate::signature;
use crate::width::{at, count};

const MAGIC: Magic = *b"CWB1";
/// Where the header ends in a payload.
const HEADER_BYTES: usize = 192;
/// Where it names the block before it.
const PREVIOUS_HASH: Range<usize> = 64..96;

/// A segment that has reached this takes no further record.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;

const SCAN_BYTES: usize = 1 << 20;

/// The disk begins with so many bytes while the next are copied. In tests a block has several.
const PIECE_BYTES: usize = if cfg!(test) { 96 } else { 1 << 19 };

/// What is written to twice before it is on the disk goes there twice, and pages go there whole.
const PAGE_BYTES: u64 = 4_096;

#[derive(Debug)]
pub enum Fault {
    /// The log is not what was acknowledged.
    Corrupt { height: u64, what: String },
    /// The disk failed; what it holds of the last block is not known until the log is opened again.
    Disk(io::Error),
    /// There is no room. Nothing of the block is in the log, which may go on.
    Full(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

fn corrupt(height: u64, what: &str) -> Fault {
    Fault::Corrupt { height, what: what.to_owned() }
}

/// Sees every record in order while a log is read: height and payload.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Fault> + 'a;

/// The writer. Its folder belongs to it alone.
pub struct Log {
    disk: Arc<dyn Disk>,
    index: Arc<RwLock<Index>>,
    tail: Tail,
    /// [`SEGMENT_BYTES_MAX`], except in tests.
    pub segment_bytes_max: u64,
    keeper: Keeper,
    failed: bool,
}

struct Tail {
    file: Arc<dyn File>,
    length: u64,
}

impl Tail {
    /// Behind the place of its prefix.
    fn write_payload(&self, payload: &[&[u8]]) -> io::Result<()> {
        let mut end = self.length + count(PREFIX_BYTES);
        let mut begun = end.next_multiple_of(PAGE_BYTES);
        for piece in payload.iter().flat_map(|part| part.chunks(PIECE_BYTES)) {
            write_full(&*self.file, piece, end)?;
            end += count(piece.len());
            let whole = end - end % PAGE_BYTES;
            self.file.begin_sync(begun..whole);
            begun = begun.max(whole);
        }
        Ok(())
    }
}

/// Where the blocks are, 16 bytes each.
#[derive(Default)]
struct Index {
    /// The first height of each segment.
    segments: Vec<u64>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    segment: u32,
    length: u32,
}

impl Log {
    /// A new log whose first record is the genesis block. `AlreadyExists` when the folder has one.
    pub fn create(
        disk: Arc<dyn Disk>,
        genesis: &[&[u8]],
        header_hash: Hash,
        pace: Option<Duration>,
    ) -> Result<Self, Fault> {
        check_vacant(&*disk)?;
        let first = segment_name(0);
        let file = disk.create(&first)?;
        let mut record = Vec::new();
        record::encode(MAGIC, &mut record, 0, genesis)?;
        write_full(&*file, &record, 0)?;
        file.sync()?;
        disk.sync()?;
        // Head comes last: without it there is no log, and a creation that died is made again.
        head::create(&*disk, header_hash)?;
        Self::open(disk, pace, &mut |_, _| Ok(()))
    }

    /// Reads the whole log, past a torn tail, and makes it ready to be continued.
    pub fn open(
        disk: Arc<dyn Disk>,
        pace: Option<Duration>,
        visit: &mut Visit,
    ) -> Result<Self, Fault> {
        let scan = scan(&*disk, visit)?;
        Self::go_on(disk, pace, scan)
    }

    /// Makes a log that was read ready to be continued: the first step that changes it.
    pub fn go_on(disk: Arc<dyn Disk>, pace: Option<Duration>, scan: Scan) -> Result<Self, Fault> {
        let name = segment_name(scan.index.segments.last().copied().unwrap_or_default());
        let file = disk.open(&name)?;
        settle(&*file, &scan)?;
        // A creation, a removal or a segment of which the last writer never knew.
        disk.sync()?;
        let head = disk.open(head::NAME)?;
        let keeper = Keeper::start(head, &scan.slots, pace);
        for _ in scan.slots.stale(scan.height) {
            keeper.note(scan.height, scan.header_hash);
            keeper.flush()?;
        }
        Ok(Self {
            disk,
            index: Arc::new(RwLock::new(scan.index)),
            tail: Tail { file, length: scan.end },
            segment_bytes_max: SEGMENT_BYTES_MAX,
            keeper,
            failed: false,
        })
    }

    /// Durable when it returns. Everything that can be refused without harm is refused before the
    /// first byte is written; after that, failing means that the log is done for.
    pub fn append(
        &mut self,
        height: u64,
        payload: &[&[u8]],
        header_hash: Hash,
    ) -> Result<(), Fault> {
        if self.failed || self.keeper.failed() {
            return Err(io::Error::other("the log failed before and must be opened again").into());
        }
        if height != self.reader().height() + 1 {
            return Err(io::Error::new(ErrorKind::InvalidInput, "height is not the next").into());
        }
        let length = record::length(payload)?;
        let written = self.write_record(height, length, payload);
        self.failed = matches!(written, Err(Fault::Disk(_) | Fault::Corrupt { .. }));
        let place = written?;
        write_lock(&self.index).places.push(place);
        self.keeper.note(height, header_hash);
        Ok(())
    }

    fn write_record(
        &mut self,
        height: u64,
        length: u32,
        payload: &[&[u8]],
    ) -> Result<Place, Fault> {
        if self.tail.length >= self.segment_bytes_max {
            self.start_segment(height)?;
        }
        let written = self.tail.write_payload(payload).and_then(|()| {
            // The disk works on the payload meanwhile.
            let prefix = record::prefix(MAGIC, length, height, payload);
            write_full(&*self.tail.file, &prefix, self.tail.length)
        });
        if let Err(error) = written {
            return Err(self.take_back(error));
        }
        self.tail.file.sync()?;
        let segments = read_lock(&self.index).segments.len();
        let place = place(segments, self.tail.length, at(length))?;
        self.tail.length += count(PREFIX_BYTES) + u64::from(length);
        Ok(place)
    }

    fn start_segment(&mut self, first: u64) -> Result<(), Fault> {
        let file = match self.disk.create(&segment_name(first)) {
            Err(error) if is_full(&error) => return Err(Fault::Full(error)),
            created => created?,
        };
        self.tail = Tail { file, length: 0 };
        self.disk.sync()?;
        write_lock(&self.index).segments.push(first);
        Ok(())
    }

    /// A write without room has harmed nothing that was durable. When what it left is gone, and the
    /// disk says so, the log is as it was before.
    fn take_back(&self, error: io::Error) -> Fault {
        let Tail { file, length } = &self.tail;
        if is_full(&error) && file.cut(*length).and_then(|()| file.sync()).is_ok() {
            Fault::Full(error)
        } else {
            Fault::Disk(error)
        }
    }

    pub fn reader(&self) -> LogReader {
        LogReader { disk: Arc::clone(&self.disk), index: Arc::clone(&self.index) }
    }

    /// Writes head now.
    pub fn sync_head(&self) -> Result<(), Fault> {
        Ok(self.keeper.flush()?)
    }

    pub fn close(mut self) -> Result<(), Fault> {
        Ok(self.keeper.close()?)
    }
}

/// Reads blocks while the writer writes; as many of them as there are threads.
#[derive(Clone)]
pub struct LogReader {
    disk: Arc<dyn Disk>,
    index: Arc<RwLock<Index>>,
}

impl LogReader {
    /// Where the log is.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub fn height(&self) -> u64 {
        count(read_lock(&self.index).places.len()).saturating_sub(1)
    }

    /// The payload of one block, checked; `None` above the last.
    pub fn read(&self, height: u64) -> Result<Option<Vec<u8>>, Fault> {
        let Some((segment, place)) = self.place(height) else {
            return Ok(None);
        };
        // Opened for each read, so that the number of open files does not grow with the log.
        let file = self.disk.open(&segment_name(segment)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => corrupt(height, "a segment is missing"),
            _ => error.into(),
        })?;
        let mut payload = Vec::new();
        match record::read(MAGIC, &*file, place.offset, &mut payload)? {
            Found::Record { height: found } if found == height => Ok(Some(payload)),
            Found::Record { .. } => Err(corrupt(height, "height is out of order")),
            Found::Bad(what) => Err(corrupt(height, what)),
        }
    }

    fn place(&self, height: u64) -> Option<(u64, Place)> {
        let index = read_lock(&self.index);
        let place = *index.places.get(usize::try_from(height).ok()?)?;
        let segment = *index.segments.get(at(place.segment))?;
        Some((segment, place))
    }
}

/// What a log was found to be.
pub struct Scan {
    index: Index,
    /// Of the last good record.
    pub height: u64,
    pub header_hash: Hash,
    /// Where it ends in the last segment; what follows is torn.
    end: u64,
    pub slots: Slots,
    acknowledged: u64,
}

/// Reads a log from its beginning and changes nothing. Fails at the first record that should be good
/// and is not.
pub fn scan(disk: &dyn Disk, visit: &mut Visit) -> Result<Scan, Fault> {
    scan_from(disk, 0, visit)
}

/// As [`scan`], when something else is known to have been made of the block at `known`: a log that
/// does not reach it is corrupt.
pub fn scan_from(disk: &dyn Disk, known: u64, visit: &mut Visit) -> Result<Scan, Fault> {
    // Read before the rest: a log in use may only be longer than head says.
    let slots = read_slots(disk)?;
    let segments = segments(disk)?;
    let newest = slots.newest().ok_or_else(|| corrupt(0, "no slot of head checks"))?;
    let mut scanner = Scanner {
        index: Index { segments: segments.clone(), places: Vec::new() },
        slots,
        acknowledged: newest.height.max(known),
        header_hash: [0; 32],
        signer: None,
        visit,
    };
    let mut end = 0;
    for (number, first) in segments.iter().enumerate() {
        if *first != scanner.next() {
            return Err(corrupt(scanner.next(), "a segment is missing"));
        }
        let file = disk.open(&segment_name(*first))?;
        let last = number + 1 == segments.len();
        end = scanner.read_segment(&*file, number + 1, last)?;
    }
    if scanner.next() <= newest.height {
        return Err(corrupt(scanner.next(), "the log ends before head"));
    }
    if scanner.next() <= known {
        return Err(corrupt(scanner.next(), "the log ends before a snapshot"));
    }
    Ok(Scan {
        height: scanner.next() - 1,
        header_hash: scanner.header_hash,
        index: scanner.index,
        end,
        slots,
        acknowledged: scanner.acknowledged,
    })
}

struct Scanner<'a, 'b> {
    index: Index,
    slots: Slots,
    acknowledged: u64,
    header_hash: Hash,
    /// Who made the last record final.
    signer: Option<[u8; 32]>,
    visit: &'a mut Visit<'b>,
}

impl Scanner<'_, '_> {
    fn next(&self) -> u64 {
        count(self.index.places.len())
    }

    /// Returns where the good records end.
    fn read_segment(&mut self, file: &dyn File, segments: usize, last: bool) -> Result<u64, Fault> {
        let length = file.length()?;
        let (mut offset, mut payload) = (0, Vec::new());
        while offset < length {
            let mut found = record::read(MAGIC, file, offset, &mut payload)?;
            if let Found::Bad(what) = found {
                if last && self.is_torn(file, offset)? {
                    return Ok(offset);
                }
                // A reader without the lock may have met a record that was being written.
                found = record::read(MAGIC, file, offset, &mut payload)?;
                if matches!(found, Found::Bad(_)) {
                    return Err(corrupt(self.next(), what));
                }
            }
            if found != (Found::Record { height: self.next() }) {
                return Err(corrupt(self.next(), "height is out of order"));
            }
            self.take(place(segments, offset, payload.len())?, &payload)?;
            offset += count(PREFIX_BYTES + payload.len());
        }
        Ok(offset)
    }

    fn take(&mut self, place: Place, payload: &[u8]) -> Result<(), Fault> {
        let height = self.next();
        self.header_hash = header_hash(payload);
        let named = |slot: &Slot| slot.height == height && slot.header_hash != self.header_hash;
        if self.slots.0.iter().flatten().any(named) {
            return Err(corrupt(height, "the hash in head differs"));
        }
        (self.visit)(height, payload)?;
        self.signer = finality(payload).map(|finality| finality.key);
        self.index.places.push(place);
        Ok(())
    }

    /// A record is written only after the one before it is durable. So a bad record which a good one
    /// follows was durable once: that is corruption, and so is a bad one that head has acknowledged.
    fn is_torn(&self, file: &dyn File, offset: u64) -> Result<bool, Fault> {
        Ok(self.next() > self.acknowledged && !self.is_followed(file, offset)?)
    }

    /// Whether a good record of a later height follows the bad one at `offset`: at the end that it
    /// claims; or anywhere, if it names the bad one's header as its previous, or whoever made the last
    /// good record final made this one final too. A payer chooses some bytes of a block and could make
    /// them look like a record, but neither like one that names the block which holds it nor like one
    /// that is signed.
    fn is_followed(&self, file: &dyn File, offset: u64) -> io::Result<bool> {
        let mut start = [0; PREFIX_BYTES + HEADER_BYTES];
        read_full(file, &mut start, offset)?;
        let (prefix, header) = start.split_first_chunk().unwrap_or((&[0; PREFIX_BYTES], &[]));
        let mut payload = Vec::new();
        if let Some(prefix) = Prefix::parse(MAGIC, prefix) {
            let end = offset + count(PREFIX_BYTES) + u64::from(prefix.length);
            let found = record::read(MAGIC, file, end, &mut payload)?;
            if matches!(found, Found::Record { height } if height > self.next()) {
                return Ok(true);
            }
        }
        let header_hash = header_hash(header);
        for place in magics(file, offset + 1)? {
            let found = record::read(MAGIC, file, place, &mut payload)?;
            let Found::Record { height } = found else { continue };
            let names_it = height == self.next() + 1
                && payload.get(PREVIOUS_HASH).is_some_and(|previous| previous == header_hash);
            if names_it || height > self.next() && self.is_signed(&payload) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// After genesis, which nobody signs, anybody's word is taken: no payment was acknowledged yet.
    fn is_signed(&self, payload: &[u8]) -> bool {
        finality(payload).is_some_and(|finality| {
            self.signer.is_none_or(|signer| signer == finality.key)
                && signature::verify(&finality.key, &header_hash(payload), &finality.signature)
        })
    }
}

/// Where `MAGIC` stands from `offset` to the end.
fn magics(file: &dyn File, mut offset: u64) -> io::Result<Vec<u64>> {
    let (mut places, mut bytes) = (Vec::new(), vec![0; SCAN_BYTES]);
    loop {
        let read = read_full(file, &mut bytes, offset)?;
        let windows = bytes.get(..read).unwrap_or_default().windows(MAGIC.len());
        let hits = windows.enumerate().filter(|(_, four)| *four == MAGIC);
        places.extend(hits.map(|(at, _)| offset + count(at)));
        if read < SCAN_BYTES {
            return Ok(places);
        }
        offset += count(SCAN_BYTES - MAGIC.len() + 1);
    }
}

/// Cuts the torn tail, and writes a last record once more that head does not cover: when its sync
/// failed, the page cache shows it although the disk may not have it.
fn settle(file: &dyn File, scan: &Scan) -> Result<(), Fault> {
    if file.length()? > scan.end {
        file.cut(scan.end)?;
    }
    let last = scan.index.places.last().filter(|_| scan.height > scan.acknowledged);
    if let Some(place) = last.filter(|place| scan.end > place.offset) {
        let mut record = vec![0; PREFIX_BYTES + at(place.length)];
        read_full(file, &mut record, place.offset)?;
        write_full(file, &record, place.offset)?;
    }
    Ok(file.sync()?)
}

pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:016}.log")
}

/// The first heights of the segments that are there, in order.
fn segments(disk: &dyn Disk) -> io::Result<Vec<u64>> {
    let names = disk.names()?;
    let heights = names.iter().filter_map(|name| name.strip_suffix(".log")?.parse().ok());
    let mut heights: Vec<u64> =
        heights.filter(|first| names.contains(&segment_name(*first))).collect();
    heights.sort_unstable();
    Ok(heights)
}

fn read_slots(disk: &dyn Disk) -> Result<Slots, Fault> {
    match disk.open(head::NAME) {
        Ok(file) => Ok(Slots::read(&*file)?),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Err(_) if is_started(disk, &segments(disk)?)? => Err(corrupt(0, "head is missing")),
        Err(_) => Err(io::Error::new(ErrorKind::NotFound, "the folder holds no chain").into()),
    }
}

/// Whether anything but the remains of a creation is there.
fn is_started(disk: &dyn Disk, segments: &[u64]) -> io::Result<bool> {
    match segments {
        [] => Ok(false),
        [0] => {
            let file = disk.open(&segment_name(0))?;
            let mut payload = Vec::new();
            let genesis = record::read(MAGIC, &*file, 0, &mut payload)?;
            let length = count(PREFIX_BYTES + payload.len());
            Ok(matches!(genesis, Found::Record { .. }) && file.length()? > length)
        }
        _ => Ok(true),
    }
}

fn check_vacant(disk: &dyn Disk) -> io::Result<()> {
    let names = disk.names()?;
    if names.iter().any(|name| name == head::NAME) || is_started(disk, &segments(disk)?)? {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "the folder holds a chain"));
    }
    Ok(())
}

fn header_hash(payload: &[u8]) -> Hash {
    Domain::Header.hash(payload.get(..HEADER_BYTES).unwrap_or(payload))
}

/// No room on the disk, in the quota, or under the limit for files.
fn is_full(error: &io::Error) -> bool {
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge];
    full.contains(&error.kind())
}

/// None where a payload has none, as genesis.
fn finality(payload: &[u8]) -> Option<Finality> {
    let (length, rest) = payload.get(HEADER_BYTES..)?.split_first_chunk()?;
    Finality::read(rest.get(..at(u32::from_le_bytes(*length)))?).ok()
}

fn place(segments: usize, offset: u64, length: usize) -> io::Result<Place> {
    let narrow = |value: usize| u32::try_from(value).map_err(io::Error::other);
    Ok(Place { offset, segment: narrow(segments)?.saturating_sub(1), length: narrow(length)? })
}

fn read_lock(index: &RwLock<Index>) -> std::sync::RwLockReadGuard<'_, Index> {
    index.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_lock(index: &RwLock<Index>) -> std::sync::RwLockWriteGuard<'_, Index> {
    index.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub mod faulty;
#[cfg(test)]
mod tests;
