//! A record: what the block log and snapshots are made of. Bytes that know their length, their height
//! and whether they are whole.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in files, not money; overflow checks stay on"
)]

use std::io::{self, ErrorKind};

use crate::codec::put;
use crate::disk::{File, read_full};
use crate::hash::{Domain, Hash};
use crate::width::{at, count};

pub type Magic = [u8; 4];

/// Magic, length, height, checksum.
pub const PREFIX_BYTES: usize = 48;

/// Far above any block that can be applied in time, and below what the length field can say.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// The first 48 bytes, as they claim to be.
pub struct Prefix {
    pub length: u32,
    pub height: u64,
    checksum: Hash,
}

impl Prefix {
    pub fn parse(magic: Magic, bytes: &[u8; PREFIX_BYTES]) -> Option<Self> {
        let rest = bytes.strip_prefix(&magic)?;
        let (length, rest) = rest.split_first_chunk()?;
        let (height, rest) = rest.split_first_chunk()?;
        Some(Self {
            length: u32::from_le_bytes(*length),
            height: u64::from_le_bytes(*height),
            checksum: *rest.first_chunk()?,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Record { height: u64 },
    Bad(&'static str),
}

/// The record at `offset`. Reserves no more memory than the file has bytes.
pub fn read(
    magic: Magic,
    file: &dyn File,
    offset: u64,
    payload: &mut Vec<u8>,
) -> io::Result<Found> {
    payload.clear();
    let mut prefix = [0; PREFIX_BYTES];
    if read_full(file, &mut prefix, offset)? < PREFIX_BYTES {
        return Ok(Found::Bad("the record is cut short"));
    }
    let Some(prefix) = Prefix::parse(magic, &prefix) else {
        return Ok(Found::Bad("magic differs"));
    };
    let start = offset + count(PREFIX_BYTES);
    if file.length()?.saturating_sub(start) < u64::from(prefix.length) {
        return Ok(Found::Bad("the record is cut short"));
    }
    payload.resize(at(prefix.length), 0);
    read_full(file, payload, start)?;
    if checksum(prefix.height, &[payload]) == prefix.checksum {
        Ok(Found::Record { height: prefix.height })
    } else {
        Ok(Found::Bad("checksum differs"))
    }
}

/// Replaces what `record` held.
pub fn encode(
    magic: Magic,
    record: &mut Vec<u8>,
    height: u64,
    payload: &[&[u8]],
) -> io::Result<()> {
    let length = length(payload)?;
    record.clear();
    record.extend_from_slice(&prefix(magic, length, height, payload));
    payload.iter().for_each(|part| record.extend_from_slice(part));
    Ok(())
}

/// Of a payload that is short enough for a record.
pub fn length(payload: &[&[u8]]) -> io::Result<u32> {
    let length: usize = payload.iter().map(|part| part.len()).sum();
    let short = u32::try_from(length).ok().filter(|short| at(*short) <= PAYLOAD_BYTES_MAX);
    short.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "too long for a record"))
}

/// What stands before a payload of this length.
pub fn prefix(magic: Magic, length: u32, height: u64, payload: &[&[u8]]) -> [u8; PREFIX_BYTES] {
    let mut prefix = [0; PREFIX_BYTES];
    put::<0, _, _>(&mut prefix, magic);
    put::<4, _, _>(&mut prefix, length.to_le_bytes());
    put::<8, _, _>(&mut prefix, height.to_le_bytes());
    put::<16, _, _>(&mut prefix, checksum(height, payload));
    prefix
}

fn checksum(height: u64, payload: &[&[u8]]) -> Hash {
    let mut hasher = Domain::Log.hasher();
    hasher.update(&height.to_le_bytes());
    for part in payload {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}
