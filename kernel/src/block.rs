//! Blocks: the records of a block in their bytes, their hashes, and how a block is stored.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in a buffer, not money; overflow checks stay on"
)]

use std::sync::Arc;

use crate::codec::{
    self, DecodeError, Ended, Entry, Envelope, HEAD_BYTES, HEADER_BYTES, Header, RESULT_BYTES,
    Unit, put, read_entry,
};
use crate::hash::{Domain, Hash, LANES, ZERO};
use crate::pool::Pooled;
use crate::width::{at, row};

/// A block as it is staged, committed, logged and proved from.
#[derive(Clone)]
pub struct Block {
    pub header: Header,
    pub hash: Hash,
    /// Empty until it is committed, and in block 0.
    pub finality: Vec<u8>,
    pub body: Arc<Body>,
}

/// What a block holds, shared by all who look at it.
pub struct Body {
    /// The canonical bytes of all records, one after another.
    pub entries: Pooled,
    pub results: Pooled,
}

impl Body {
    /// A body that belongs to no ledger.
    pub fn alone(entries: &[u8], results: &[u8]) -> Self {
        let alone = |bytes: &[u8]| Pooled::alone(bytes.to_vec());
        Self { entries: alone(entries), results: alone(results) }
    }
}

impl Block {
    pub fn new(header: Header, body: Body) -> Self {
        let hash = Domain::Header.hash(&header.write());
        Self { header, hash, finality: Vec::new(), body: Arc::new(body) }
    }

    pub fn records(&self) -> Result<Records<'_>, DecodeError> {
        Records::read(&self.body.entries, self.header.height)
    }

    // --- as stored in the log ------------------------------------------------------------------

    /// Gives the stored form in parts, so that a large block is not copied.
    pub fn with_payload<R>(&self, take: impl FnOnce(&[&[u8]]) -> R) -> R {
        let (entries, results) = (self.body.entries.as_slice(), self.body.results.as_slice());
        let length_of = |part: &[u8]| row(part.len()).to_le_bytes();
        let front: [&[u8]; 4] =
            [&self.header.write(), &length_of(&self.finality), &self.finality, &length_of(entries)];
        take(&[&front.concat(), entries, results])
    }

    pub fn decode_payload(payload: &[u8]) -> Result<Self, DecodeError> {
        const CUT: DecodeError = DecodeError("a stored block is cut short");
        let (header, rest) = payload.split_first_chunk::<HEADER_BYTES>().ok_or(CUT)?;
        let header = Header::read(header)?;
        let (finality, rest) = split_counted(rest).ok_or(CUT)?;
        let (entries, results) = split_counted(rest).ok_or(CUT)?;
        if results.len() != at(header.count) * RESULT_BYTES {
            return Err(DecodeError("a stored block has another number of results"));
        }
        let body = Body::alone(entries, results);
        let block = Self { finality: finality.to_vec(), ..Self::new(header, body) };
        if block.records()?.all.len() != at(header.count) {
            return Err(DecodeError("a stored block has another number of entries"));
        }
        Ok(block)
    }
}

fn split_counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(at(u32::from_le_bytes(*length)))
}

/// Checked views of all records of a block.
pub struct Records<'a> {
    /// Each record, in order: sweep, envelope, its entries, the next envelope, …
    pub all: Vec<&'a [u8]>,
    pub has_sweep: bool,
    pub envelopes: Vec<Envelope<'a>>,
    /// Of all envelopes, in order; an envelope says how many are its own.
    pub entries: Vec<Entry<'a>>,
}

impl<'a> Records<'a> {
    pub fn read(bytes: &'a [u8], height: u64) -> Result<Self, DecodeError> {
        let (all, envelopes, entries) = Default::default();
        let mut records = Self { all, has_sweep: false, envelopes, entries };
        if height == 0 {
            records.read_entries(bytes, usize::MAX)?;
            return Ok(records);
        }
        let mut rest = records.read_sweep(bytes)?;
        while !rest.is_empty() {
            rest = records.read_envelope(rest)?;
        }
        Ok(records)
    }

    fn read_sweep(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let (sweep, rest) =
            bytes.split_at_checked(codec::sweep_bytes(bytes)?).unwrap_or((&[], bytes));
        self.has_sweep = !sweep.is_empty();
        self.all.extend(self.has_sweep.then_some(sweep));
        Ok(rest)
    }

    fn read_envelope(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let (envelope, rest) = Envelope::read(bytes)?;
        self.all.push(envelope.bytes());
        self.envelopes.push(envelope);
        self.read_entries(rest, at(envelope.count()))
    }

    /// Reads `count` entries, or as many as there are when `count` has no end.
    fn read_entries(&mut self, bytes: &'a [u8], count: usize) -> Result<&'a [u8], DecodeError> {
        let expected = count.min(bytes.len() / HEAD_BYTES);
        self.all.reserve(expected);
        self.entries.reserve(expected);
        let mut rest = bytes;
        for _ in 0..count {
            if rest.is_empty() && count == usize::MAX {
                break;
            }
            let (entry, after) = read_entry(rest)?;
            let length = rest.len() - after.len();
            self.all.push(rest.get(..length).unwrap_or_default());
            self.entries.push(entry);
            rest = after;
        }
        Ok(rest)
    }

    /// Whether the sweep is the one that ends these rows; none, when there are none.
    pub fn begins_with(&self, due: &[Ended]) -> bool {
        let sweep = self.all.first().filter(|_| self.has_sweep);
        sweep.map_or(due.is_empty(), |sweep| **sweep == codec::write_sweep(due))
    }

    pub fn hash_leaves(&self, out: &mut Vec<Hash>) {
        Domain::Leaf.key().hash_each(&self.all, out);
    }

    pub fn hash_instructions(&self, out: &mut Vec<Hash>) {
        out.clear();
        out.resize(self.entries.len(), ZERO);
        let instructions = self.entries.iter().map(Entry::instruction);
        Domain::Instruction.key().hash_pairs(instructions.zip(out));
    }

    /// Every record cut or padded with zeros to 256 bytes.
    pub fn heads(&self) -> Vec<u8> {
        let mut heads = Vec::with_capacity(self.all.len() * HEAD_BYTES);
        for record in &self.all {
            let head = record.get(..HEAD_BYTES).unwrap_or(record);
            heads.extend_from_slice(head);
            heads.resize(heads.len() + HEAD_BYTES - head.len(), 0);
        }
        heads
    }

    pub fn units(&self) -> Vec<u8> {
        let units: Vec<&[Unit]> = self.entries.iter().map(|entry| entry.units).collect();
        units.concat().into_flattened()
    }
}

/// Results are 32 bytes; a leaf is padded to a whole block of the hash, which vector code takes.
pub fn hash_results(results: &[u8], out: &mut Vec<Hash>) {
    let results = results.as_chunks::<RESULT_BYTES>().0;
    out.clear();
    out.resize(results.len(), ZERO);
    for (results, out) in results.chunks(LANES).zip(out.chunks_mut(LANES)) {
        let mut leaves = [[0; 2 * RESULT_BYTES]; LANES];
        for (leaf, result) in leaves.iter_mut().zip(results) {
            put::<0, _, _>(leaf, *result);
        }
        let leaves = leaves.get(..results.len()).unwrap_or_default();
        Domain::Leaf.key().hash_rows_into(2 * RESULT_BYTES, leaves.as_flattened(), out);
    }
}
