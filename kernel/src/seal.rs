//! Sealing: an institution's envelope around its entries.

use crate::codec::{
    DecodeError, ENVELOPE_BYTES, ENVELOPE_ENTRIES_MAX, EnvelopeHead, HEAD_BYTES, field, read_entry,
    signatures_of,
};
use crate::hash::{Domain, Hash};
use crate::signature;

pub struct Seal<'a> {
    pub chain_id: Hash,
    pub institution: u32,
    pub seed: &'a [u8; 32],
    pub sequence: u64,
    pub valid_until_ns: u64,
}

/// Joins heads of 256 bytes, units of 64 and signatures of 64 to entries, and signs for them.
pub fn seal_envelope(
    seal: &Seal<'_>,
    heads: &[u8],
    units: &[u8],
    signatures: &[u8],
) -> Result<Vec<u8>, DecodeError> {
    let mut sealed = vec![0; ENVELOPE_BYTES];
    let lengths = join_entries(heads, units, signatures, &mut sealed)?;
    let (front, entries) = sealed.split_at_mut(ENVELOPE_BYTES);
    let count = u32::try_from(lengths.len())
        .ok()
        .filter(|count| (1..=ENVELOPE_ENTRIES_MAX).contains(count))
        .ok_or(DecodeError("an envelope has no or more than 16,384 entries"))?;
    let head = EnvelopeHead {
        count,
        institution: seal.institution,
        sequence: seal.sequence,
        valid_until_ns: seal.valid_until_ns,
        chain_id: seal.chain_id,
        key: signature::public_key(seal.seed),
        digest: digest(entries, &lengths),
    }
    .write();
    let signed = signature::sign(seal.seed, &Domain::Envelope.hash(&head));
    front.copy_from_slice([head.as_slice(), &signed].concat().as_slice());
    Ok(sealed)
}

fn join_entries(
    heads: &[u8],
    mut units: &[u8],
    mut signatures: &[u8],
    entries: &mut Vec<u8>,
) -> Result<Vec<usize>, DecodeError> {
    let (heads, cut) = heads.as_chunks::<HEAD_BYTES>();
    entries.reserve(
        heads.as_flattened().len().saturating_add(units.len()).saturating_add(signatures.len()),
    );
    let mut lengths = Vec::with_capacity(heads.len());
    for head in heads {
        let start = entries.len();
        let [units_count] = field::<193, 1, _>(head);
        entries.extend_from_slice(head);
        let units_bytes = usize::from(units_count).saturating_mul(64);
        entries.extend_from_slice(take(&mut units, units_bytes)?);
        let signature_bytes = signatures_of(head).saturating_mul(64);
        entries.extend_from_slice(take(&mut signatures, signature_bytes)?);
        let entry = entries.get(start..).unwrap_or_default();
        read_entry(entry)?;
        lengths.push(entry.len());
    }
    if cut.is_empty() && units.is_empty() && signatures.is_empty() {
        Ok(lengths)
    } else {
        Err(DecodeError("heads, units and signatures do not agree"))
    }
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Result<&'a [u8], DecodeError> {
    let (taken, rest) = from
        .split_at_checked(length)
        .ok_or(DecodeError("heads, units and signatures do not agree"))?;
    *from = rest;
    Ok(taken)
}

fn digest(entries: &[u8], lengths: &[usize]) -> Hash {
    let mut rest = entries;
    let mut rows = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (row, after) = rest.split_at_checked(*length).unwrap_or_default();
        rows.push(row);
        rest = after;
    }
    let mut leaves = Vec::new();
    Domain::Leaf.key().hash_each(&rows, &mut leaves);
    Domain::Entries.hash(leaves.as_flattened())
}
