//! Snapshots: the state of one height as a file, so that opening need not apply every block again.
//!
//! A snapshot is the canonical rows of the state in chunks, framed like the records of the block log,
//! closed by the block's header, whose state root the rows must give. It is a convenience, never the
//! only copy: one that does not check is passed over, and the log alone makes the same state.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in files, not money; overflow checks stay on"
)]

use std::io::{self, ErrorKind};
use std::sync::Arc;

use crate::disk::{Disk, File, write_full};
use crate::record::{self, Found, Magic, PREFIX_BYTES};
use crate::width::count;

const MAGIC: Magic = *b"CWS1";
const NAME_NEW: &str = "snapshot.new";
/// Of the chunk that closes a snapshot; no table has this name.
const CLOSING: &str = "header";
const TABLE_BYTES: usize = 16;

/// Rows are gathered up to this before they are written: some tables give them one by one.
const CHUNK_BYTES: usize = 1 << 20;

/// The newest, and one before it in case that one does not check.
const KEPT: usize = 2;

pub type Header = [u8; 192];

pub fn name(height: u64) -> String {
    format!("snapshot-{height:016}.cws")
}

/// The heights of the snapshots that are there, newest first.
pub fn heights(disk: &dyn Disk) -> io::Result<Vec<u64>> {
    let names = disk.names()?;
    let height = |name: &String| -> Option<u64> {
        name.strip_prefix("snapshot-")?.strip_suffix(".cws")?.parse().ok()
    };
    let mut heights: Vec<u64> = names.iter().filter_map(height).collect();
    heights.retain(|height| names.contains(&name(*height)));
    heights.sort_unstable_by(|a, b| b.cmp(a));
    Ok(heights)
}

/// Takes the rows of a table, any number of whole rows at a time.
pub type Sink<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

/// Writes what `export` gives to the sink. The file appears whole or not at all; older ones than the
/// last two go.
pub fn write(
    disk: &dyn Disk,
    height: u64,
    header: &Header,
    export: &mut dyn FnMut(&mut Sink) -> io::Result<()>,
) -> io::Result<()> {
    let written = write_new(disk, height, header, export);
    if written.is_err() {
        // Gives the room back, as far as that is possible; the next snapshot replaces it anyway.
        let _ = disk.remove(NAME_NEW);
    }
    written?;
    disk.rename(NAME_NEW, &name(height))?;
    disk.sync()?;
    for old in heights(disk)?.into_iter().skip(KEPT) {
        disk.remove(&name(old))?;
    }
    Ok(())
}

fn write_new(
    disk: &dyn Disk,
    height: u64,
    header: &Header,
    export: &mut dyn FnMut(&mut Sink) -> io::Result<()>,
) -> io::Result<()> {
    let file = disk.create(NAME_NEW)?;
    let mut writer = Writer { file, height, number: 0, offset: 0, record: Vec::new() };
    let (mut gathered, mut rows) = (String::new(), Vec::new());
    export(&mut |table, more| {
        if table != gathered || rows.len() >= CHUNK_BYTES {
            writer.write(&gathered, &rows)?;
            rows.clear();
            table.clone_into(&mut gathered);
        }
        rows.extend_from_slice(more);
        Ok(())
    })?;
    writer.write(&gathered, &rows)?;
    writer.write(CLOSING, header)?;
    writer.file.sync()
}

struct Writer {
    file: Arc<dyn File>,
    height: u64,
    number: u64,
    offset: u64,
    record: Vec<u8>,
}

impl Writer {
    /// The number of the chunk is part of what is checked, so that none can be lost or moved.
    fn write(&mut self, table: &str, rows: &[u8]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let payload = [&self.number.to_le_bytes()[..], &padded(table)?, rows];
        record::encode(MAGIC, &mut self.record, self.height, &payload)?;
        write_full(&*self.file, &self.record, self.offset)?;
        self.offset += count(self.record.len());
        self.number += 1;
        Ok(())
    }
}

fn padded(table: &str) -> io::Result<[u8; TABLE_BYTES]> {
    let mut bytes = [0; TABLE_BYTES];
    let name = bytes.get_mut(..table.len()).ok_or(ErrorKind::InvalidInput)?;
    name.copy_from_slice(table.as_bytes());
    Ok(bytes)
}

/// Gives the chunks of a snapshot, checked one by one. After the last, [`Reader::finish`] tells whether
/// that was all of them.
pub struct Reader {
    file: Arc<dyn File>,
    /// The first chunk's, which all share.
    height: Option<u64>,
    number: u64,
    offset: u64,
    payload: Vec<u8>,
    end: Option<Result<Header, String>>,
}

impl Reader {
    pub fn open(disk: &dyn Disk, name: &str) -> io::Result<Self> {
        let file = disk.open(name)?;
        Ok(Self { file, height: None, number: 0, offset: 0, payload: Vec::new(), end: None })
    }

    /// The header under the rows, or what is wrong with the file.
    pub fn finish(self) -> Result<Header, String> {
        self.end.unwrap_or_else(|| Err("rows that no table has".to_owned()))
    }

    fn read(&mut self) -> Result<Step, String> {
        let found = record::read(MAGIC, &*self.file, self.offset, &mut self.payload)
            .map_err(|error| error.to_string())?;
        match found {
            Found::Record { height } if height == *self.height.get_or_insert(height) => {}
            Found::Record { .. } => return Err("height differs".to_owned()),
            Found::Bad(what) => return Err(what.to_owned()),
        }
        let (number, table, rows) = split(&self.payload).ok_or("a chunk is too short")?;
        if number != self.number {
            return Err("a chunk is out of order".to_owned());
        }
        self.number += 1;
        self.offset += count(PREFIX_BYTES + self.payload.len());
        if table == CLOSING { self.close(rows) } else { Ok(Step::Chunk(table, rows.to_vec())) }
    }

    fn close(&self, header: &[u8]) -> Result<Step, String> {
        let length = self.file.length().map_err(|error| error.to_string())?;
        if length != self.offset {
            return Err("bytes follow the end".to_owned());
        }
        let header = header.try_into().map_err(|_| "the header is not one")?;
        Ok(Step::End(Box::new(header)))
    }
}

enum Step {
    Chunk(String, Vec<u8>),
    End(Box<Header>),
}

impl Iterator for Reader {
    type Item = (String, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.end.is_some() {
            return None;
        }
        match self.read() {
            Ok(Step::Chunk(table, rows)) => return Some((table, rows)),
            Ok(Step::End(header)) => self.end = Some(Ok(*header)),
            Err(what) => self.end = Some(Err(what)),
        }
        None
    }
}

fn split(payload: &[u8]) -> Option<(u64, String, &[u8])> {
    let (number, rest) = payload.split_first_chunk()?;
    let (table, rows) = rest.split_first_chunk::<TABLE_BYTES>()?;
    let table = std::str::from_utf8(table).ok()?.trim_end_matches('\0');
    Some((u64::from_le_bytes(*number), table.to_owned(), rows))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]

    use super::*;
    use crate::log::faulty::{Dice, Faults, Faulty};

    const CHUNKS: [(&str, &[u8]); 5] = [
        ("accounts", &[1; 600]),
        ("accounts", &[1; 100]),
        ("keys", &[2; 30]),
        ("holds", &[]),
        ("a name of 16 b..", &[3]),
    ];

    fn save(disk: &Faulty, height: u64) -> io::Result<()> {
        write(disk, height, &[height.to_le_bytes()[0]; 192], &mut |sink| {
            CHUNKS.iter().try_for_each(|(table, rows)| sink(table, rows))
        })
    }

    type Loaded = (Vec<(String, Vec<u8>)>, Result<Header, String>);

    fn load(disk: &Faulty, height: u64) -> Loaded {
        let mut reader = Reader::open(disk, &name(height)).unwrap();
        (reader.by_ref().collect(), reader.finish())
    }

    #[test]
    fn chunks_come_back_as_they_went() {
        let disk = Faulty::default();
        save(&disk, 7).unwrap();
        let (chunks, header) = load(&disk, 7);
        let chunk = |table: &str, rows: &[u8]| (table.to_owned(), rows.to_vec());
        let last = chunk("a name of 16 b..", &[3]);
        let expected = [chunk("accounts", &[1; 700]), chunk("keys", &[2; 30]), last];
        assert_eq!(chunks, expected);
        assert_eq!(header, Ok([7; 192]));
    }

    #[test]
    fn a_large_table_goes_in_several_chunks() {
        let disk = Faulty::default();
        let row = [9; 1 << 17];
        write(&disk, 1, &[0; 192], &mut |sink| (0..20).try_for_each(|_| sink("keys", &row)))
            .unwrap();
        let (chunks, header) = load(&disk, 1);
        let lengths: Vec<usize> = chunks.iter().map(|(_, rows)| rows.len()).collect();
        assert_eq!(lengths, [1 << 20, 1 << 20, 1 << 19]);
        assert_eq!(header, Ok([0; 192]));
    }

    #[test]
    fn the_newest_two_are_kept() {
        let disk = Faulty::default();
        for height in [3, 20, 100] {
            save(&disk, height).unwrap();
        }
        disk.put("snapshot-9.cws", vec![]);
        assert_eq!(heights(&disk).unwrap(), [100, 20]);
    }

    #[test]
    fn a_changed_byte_or_a_lost_end_is_found() {
        let disk = Faulty::default();
        save(&disk, 7).unwrap();
        let whole = disk.contents()[&name(7)].clone();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for bytes in [changed, whole[..at].to_vec()] {
                let disk = Faulty::default();
                disk.put(&name(7), bytes);
                assert!(load(&disk, 7).1.is_err(), "{at}");
            }
        }
        save(&disk, 8).unwrap();
        let other = disk.contents()[&name(8)].clone();
        let middle = PREFIX_BYTES + 8 + TABLE_BYTES + 700;
        disk.put(&name(7), [&whole[..middle], &other[middle..]].concat());
        assert_eq!(load(&disk, 7).1, Err("height differs".to_owned()));
        disk.put(&name(7), [whole, vec![0]].concat());
        assert!(load(&disk, 7).1.is_err());
    }

    #[test]
    fn a_chunk_that_is_lost_or_moved_is_found() {
        let disk = Faulty::default();
        save(&disk, 7).unwrap();
        let whole = disk.contents()[&name(7)].clone();
        let first = PREFIX_BYTES + 8 + TABLE_BYTES + 700;
        let second = first + PREFIX_BYTES + 8 + TABLE_BYTES + 30;
        let lost = [&whole[..first], &whole[second..]].concat();
        let moved = [&whole[first..second], &whole[..first], &whole[second..]].concat();
        for bytes in [lost, moved] {
            disk.put(&name(7), bytes);
            assert_eq!(load(&disk, 7).1, Err("a chunk is out of order".to_owned()));
        }
    }

    #[test]
    fn a_snapshot_appears_whole_or_not_at_all() {
        for operations in 0..40 {
            for seed in 0..10 {
                let disk = Faulty::default();
                save(&disk, 3).unwrap();
                let left = Some(operations);
                disk.set(Faults { operations_left: left, ..Faults::default() });
                let done = save(&disk, 7).is_ok();
                let left = disk.crash(&mut Dice(seed));
                let kept = heights(&left).unwrap();
                assert!(kept.contains(&3) && (kept.contains(&7) || !done));
                for height in kept {
                    assert!(load(&left, height).1.is_ok());
                }
            }
        }
    }

    #[test]
    fn a_full_disk_leaves_the_snapshots_that_were() {
        let disk = Faulty::default();
        save(&disk, 3).unwrap();
        disk.set(Faults { bytes_left: Some(500), ..Faults::default() });
        assert_eq!(save(&disk, 7).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(disk.names().unwrap(), [name(3)]);
        disk.set(Faults::default());
        save(&disk, 7).unwrap();
        assert_eq!(heights(&disk).unwrap(), [7, 3]);
    }
}
