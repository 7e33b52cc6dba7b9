//! Proofs that an entry and its result are in a block: made of the block, and checked without it.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in a buffer, not money; overflow checks stay on"
)]

use crate::block::{Block, hash_results};
use crate::codec::{DecodeError, Finality, HEADER_BYTES, Header, RESULT_BYTES};
use crate::hash::{Domain, Hash};
use crate::signature;
use crate::tree::{self, Levels};

pub struct Proof {
    pub entry: Vec<u8>,
    pub result: [u8; RESULT_BYTES],
    pub entry_path: Vec<Hash>,
    pub result_path: Vec<Hash>,
}

/// What the proofs of all entries of a block are read from.
pub struct Proofs {
    pub block: Block,
    /// Where each record ends in the bytes of all.
    ends: Vec<usize>,
    entries: Levels,
    results: Levels,
}

impl Proofs {
    /// Hashes the block once, for as many proofs as are asked for.
    pub fn of(block: Block) -> Result<Self, DecodeError> {
        let (mut leaves, mut result_leaves, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let records = block.records()?;
        records.hash_leaves(&mut leaves);
        hash_results(&block.body.results, &mut result_leaves);
        ends.extend(records.all.iter().scan(0, |end, record| {
            *end += record.len();
            Some(*end)
        }));
        let (entries, results) = (Levels::over(leaves), Levels::over(result_leaves));
        Ok(Self { block, ends, entries, results })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// None when the block has no such entry.
    pub fn proof(&self, index: usize) -> Option<Proof> {
        let before = index.checked_sub(1);
        let start = before.map_or(Some(0), |before| self.ends.get(before).copied())?;
        let entry = self.block.body.entries.get(start..*self.ends.get(index)?)?;
        Some(Proof {
            entry: entry.to_vec(),
            result: *self.block.body.results.as_chunks().0.get(index)?,
            entry_path: self.entries.path(index)?,
            result_path: self.results.path(index)?,
        })
    }
}

// --- checking ------------------------------------------------------------------------------------

/// What somebody says is a proof.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    pub entry: &'a [u8],
    pub result: &'a [u8],
    pub index: u64,
    pub size: u64,
    pub entry_path: &'a [u8],
    pub result_path: &'a [u8],
    pub header: &'a [u8],
    pub finality: &'a [u8],
}

/// Whether each claim holds on the chain, given that the key in its finality may sign its block,
/// which is the caller's to know. Block 0 is signed by nobody, and no claim about it holds here.
pub fn check_claims(chain_id: &Hash, claims: &[Claim<'_>]) -> Vec<bool> {
    let entries: Vec<&[u8]> = claims.iter().map(|claim| claim.entry).collect();
    let mut leaves = Vec::new();
    Domain::Leaf.key().hash_each(&entries, &mut leaves);
    let signed = check_blocks(chain_id, claims);
    let checked = claims.iter().zip(&leaves).zip(signed);
    checked
        .map(|((claim, leaf), header)| header.is_some_and(|header| leads_to(claim, leaf, &header)))
        .collect()
}

/// The header of each claim, if it is signed. Neighbours of one block are looked at once.
fn check_blocks(chain_id: &Hash, claims: &[Claim<'_>]) -> Vec<Option<Header>> {
    let is_same =
        |one: &Claim, other: &Claim| one.header == other.header && one.finality == other.finality;
    let blocks: Vec<&[Claim]> = claims.chunk_by(is_same).collect();
    let read: Vec<Option<(Header, Finality, Hash)>> =
        blocks.iter().map(|block| read_block(chain_id, block.first()?)).collect();
    let rows = || read.iter().flatten();
    let keys: Vec<[u8; 32]> = rows().map(|(_, finality, _)| finality.key).collect();
    let hashes: Vec<Hash> = rows().map(|(_, _, hash)| *hash).collect();
    let signatures: Vec<[u8; 64]> = rows().map(|(_, finality, _)| finality.signature).collect();
    let mut valid = signature::verify_rows(&keys, &hashes, &signatures).into_iter();
    let mut headers = Vec::with_capacity(claims.len());
    for (block, read) in blocks.iter().zip(read) {
        let signed = read.filter(|_| valid.next() == Some(true)).map(|(header, _, _)| header);
        headers.extend(block.iter().map(|_| signed));
    }
    headers
}

fn read_block(chain_id: &Hash, claim: &Claim<'_>) -> Option<(Header, Finality, Hash)> {
    let bytes: &[u8; HEADER_BYTES] = claim.header.try_into().ok()?;
    let header = Header::read(bytes).ok()?;
    let finality = Finality::read(claim.finality).ok()?;
    let is_of_chain = header.chain_id == *chain_id && header.height > 0;
    is_of_chain.then(|| (header, finality, Domain::Header.hash(bytes)))
}

fn leads_to(claim: &Claim<'_>, leaf: &Hash, header: &Header) -> bool {
    let (index, size) = (claim.index, claim.size);
    let path = |path, leaf: &Hash, root: &Hash| match <[u8]>::as_chunks(path) {
        (path, []) => tree::check_path(leaf, index, size, path, root),
        _ => false,
    };
    let Ok(result) = <&[u8; RESULT_BYTES]>::try_from(claim.result) else { return false };
    let result_leaf = Domain::Leaf.hash([*result, [0; RESULT_BYTES]].as_flattened());
    size == u64::from(header.count)
        && path(claim.entry_path, leaf, &header.transactions_root)
        && path(claim.result_path, &result_leaf, &header.results_root)
}
