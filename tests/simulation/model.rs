//! What must be true of a chain on a disk, worked out without the kernel's log: from the blocks that were
//! acknowledged and from docs/format.md, "Block log".

use std::collections::BTreeMap;
use std::ops::Range;

use _native::block::Block;

pub type Files = BTreeMap<String, Vec<u8>>;
type Hash = [u8; 32];

/// One acknowledged block, and the bytes of its record.
pub struct Kept {
    pub hash: Hash,
    pub state_root: Hash,
    pub record: Vec<u8>,
}

impl Kept {
    pub fn of(block: &Block, finality: &[u8]) -> Self {
        let length = |part: &[u8]| (part.len() as u32).to_le_bytes();
        let (entries, results) = (block.body.entries.as_slice(), block.body.results.as_slice());
        let header = block.header.write();
        let payload =
            [&header[..], &length(finality), finality, &length(entries), entries, results].concat();
        let height = block.header.height.to_le_bytes();
        let check = log_hash(&[&height[..], &payload].concat());
        let record = [b"CWB1", &length(&payload)[..], &height, &check, &payload].concat();
        Self { hash: block.hash, state_root: block.header.state_root, record }
    }

    /// Header, finality, entries, results: what a reader gets.
    pub fn payload(&self) -> &[u8] {
        &self.record[48..]
    }
}

fn log_hash(bytes: &[u8]) -> Hash {
    let key = blake3::derive_key("clearway v1 log", b"");
    *blake3::keyed_hash(&key, bytes).as_bytes()
}

/// The acknowledged blocks by height, and the one of which nobody was told.
pub struct Model {
    pub kept: Vec<Kept>,
    pub doubtful: Option<Kept>,
    /// As they were written, by name.
    pub snapshots: Files,
    pub segment_bytes_max: u64,
}

/// What an opening has to answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every acknowledged block, and perhaps the doubtful one.
    Whole,
    /// The chain up to this height: nothing on the disk tells the loss from a block in flight.
    CutAfter(u64),
    /// Corruption at this height.
    Corrupt(u64),
}

impl Model {
    pub fn height(&self) -> u64 {
        self.kept.len() as u64 - 1
    }

    /// Every record that was written, the doubtful one last, with its place.
    fn records(&self) -> impl Iterator<Item = (String, Range<usize>, &[u8])> {
        let (mut first, mut end) = (0, 0);
        self.kept.iter().chain(&self.doubtful).enumerate().map(move |(height, kept)| {
            if end as u64 >= self.segment_bytes_max {
                (first, end) = (height, 0);
            }
            let range = end..end + kept.record.len();
            end = range.end;
            (format!("{first:016}.log"), range, &kept.record[..])
        })
    }

    /// By height, whether the record is on the disk as it was written.
    fn intact(&self, files: &Files) -> Vec<bool> {
        let on_disk = |name: &String, range| files.get(name).and_then(|bytes| bytes.get(range));
        self.records().map(|(name, range, record)| on_disk(&name, range) == Some(record)).collect()
    }

    pub fn is_damaged(&self, files: &Files, height: u64) -> bool {
        !self.intact(files)[height as usize]
    }

    /// The height of the newest snapshot that is as it was written: blocks up to it were durable.
    fn snapshot(&self, files: &Files) -> u64 {
        let intact = self.snapshots.iter().filter(|(name, bytes)| files.get(*name) == Some(bytes));
        intact.filter_map(|(name, _)| height_of(name)).max().unwrap_or_default()
    }

    pub fn verdict(&self, files: &Files) -> Verdict {
        let Some(covered) = covered(files) else {
            return Verdict::Corrupt(0);
        };
        let covered = covered.max(self.snapshot(files));
        let intact = self.intact(files);
        // A recovery that died may have settled the doubtful block, and have told head.
        let settled = self.kept.len().max(covered as usize + 1).min(intact.len());
        let bad = intact[..settled].iter().position(|intact| !intact);
        match bad {
            None => Verdict::Whole,
            // Head, a good record after it or a later segment shows that the bad one was good.
            Some(bad)
                if bad as u64 <= covered
                    || intact[bad..].contains(&true)
                    || files.keys().filter_map(|name| segment(name)).any(|first| first > bad) =>
            {
                Verdict::Corrupt(bad as u64)
            }
            Some(bad) => Verdict::CutAfter(bad as u64 - 1),
        }
    }
}

/// The first height of a segment.
fn segment(name: &str) -> Option<usize> {
    name.strip_suffix(".log")?.parse().ok()
}

/// The height in a snapshot's name.
fn height_of(name: &str) -> Option<u64> {
    name.strip_prefix("snapshot-")?.strip_suffix(".cws")?.parse().ok()
}

/// The height that head acknowledges; none when no slot of it checks.
fn covered(files: &Files) -> Option<u64> {
    let slots = files.get("head")?.chunks(64);
    let good = slots.filter(|slot| slot.len() == 64 && log_hash(&slot[..48])[..16] == slot[48..]);
    let number = |slot: &[u8], at: usize| u64::from_le_bytes(slot[at..at + 8].try_into().unwrap());
    good.max_by_key(|slot| number(slot, 8)).map(|slot| number(slot, 0))
}
