//! Ed25519 under the rules of ZIP 215.
//!
//! ZIP 215 says exactly which signatures are valid: points may be encoded non-canonically, `s` must be
//! canonical, and the equation is multiplied by the cofactor. Only with these rules does a batch give
//! the answer of single verification on every input (RFC 8032 leaves both open, and libraries differ),
//! so that two nodes which batch differently still agree.

use std::convert::Infallible;
use std::num::NonZero;
use std::thread;

use ed25519_zebra::{Signature, SigningKey, VerificationKey, VerificationKeyBytes, batch};
use rand_core::{TryCryptoRng, TryRng};

/// Signatures in one equation. More gains nothing: the multiplication's window stops growing at 800
/// points, and a larger batch leaves the second level cache.
const BATCH_ROWS_MAX: usize = 4_096;

/// Below this, starting a thread (some 30 µs) costs more than it saves.
const THREAD_ROWS_MIN: usize = 512;

/// A processor count from a container host must not start hundreds of threads.
const THREADS_MAX: usize = 16;

/// A batch that fails is split in this many parts. From 4,096 rows that is three failed equations above
/// each single verification, so hostile input costs at most some three times the single price; halving
/// would need eleven.
const SPLIT: usize = 8;

/// Below this an equation is hardly cheaper than its rows one by one.
const BATCH_ROWS_MIN: usize = 16;

pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    VerificationKeyBytes::from(&SigningKey::from(*seed)).into()
}

pub fn sign(seed: &[u8; 32], message: &[u8]) -> [u8; 64] {
    SigningKey::from(*seed).sign(message).to_bytes()
}

pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerificationKey::try_from(*key)
        .is_ok_and(|key| key.verify(&Signature::from(*signature), message).is_ok())
}

/// A signature with the digest and the key that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    pub key: [u8; 32],
    pub digest: [u8; 32],
    pub signature: [u8; 64],
}

/// What was found of a signature before it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub signed: Signed,
    pub is_valid: bool,
}

impl Signed {
    /// The verdict of [`verify`], looked up when it is there already.
    pub fn verify(&self, verdicts: &[Verdict]) -> bool {
        let known = verdicts.iter().find(|verdict| verdict.signed == *self);
        match known {
            Some(verdict) => verdict.is_valid,
            None => verify(&self.key, &self.digest, &self.signature),
        }
    }
}

/// One verdict a row, each equal to [`verify`] of that row. Rows beyond the shortest input do not exist.
pub fn verify_rows(keys: &[[u8; 32]], digests: &[[u8; 32]], signatures: &[[u8; 64]]) -> Vec<bool> {
    let rows: Vec<Row> = keys
        .iter()
        .zip(digests)
        .zip(signatures)
        .map(|((key, message), signature)| Row { key, message, signature })
        .collect();
    verify_all(&rows, threads(rows.len()))
}

#[derive(Clone, Copy)]
struct Row<'a> {
    key: &'a [u8; 32],
    message: &'a [u8],
    signature: &'a [u8; 64],
}

fn threads(rows: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    rows.div_ceil(THREAD_ROWS_MIN).min(cores).clamp(1, THREADS_MAX)
}

fn verify_all(rows: &[Row], threads: usize) -> Vec<bool> {
    let mut verdicts = vec![false; rows.len()];
    let share = rows.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let mut shares = rows.chunks(share).zip(verdicts.chunks_mut(share));
        let own = shares.next();
        for (rows, verdicts) in shares {
            scope.spawn(|| verify_share(rows, verdicts));
        }
        if let Some((rows, verdicts)) = own {
            verify_share(rows, verdicts);
        }
    });
    verdicts
}

fn verify_share(rows: &[Row], verdicts: &mut [bool]) {
    for (rows, verdicts) in rows.chunks(BATCH_ROWS_MAX).zip(verdicts.chunks_mut(BATCH_ROWS_MAX)) {
        verify_part(rows, verdicts);
    }
}

/// Depth is bounded by the split: a part has at most an eighth of its parent's rows.
fn verify_part(rows: &[Row], verdicts: &mut [bool]) {
    if rows.len() < BATCH_ROWS_MIN {
        for (row, verdict) in rows.iter().zip(verdicts) {
            *verdict = verify(row.key, row.message, row.signature);
        }
    } else if batch_holds(rows) {
        verdicts.fill(true);
    } else {
        let part = rows.len().div_ceil(SPLIT);
        for (rows, verdicts) in rows.chunks(part).zip(verdicts.chunks_mut(part)) {
            verify_part(rows, verdicts);
        }
    }
}

fn batch_holds(rows: &[Row]) -> bool {
    let mut equation = batch::Verifier::new();
    for row in rows {
        let signature = Signature::from(*row.signature);
        equation.queue((VerificationKeyBytes::from(*row.key), signature, row.message));
    }
    equation.verify(Coefficients::of(rows)).is_ok()
}

/// The coefficients of the batch equation, drawn from a hash of everything in the batch.
///
/// A bad row passes only if its author knew the coefficients before choosing it; here they follow from
/// the row itself, so he has one chance in 2^128 per attempt, as with random ones. Drawn rather than
/// random, because the kernel then needs no source of randomness and a run can be repeated exactly.
struct Coefficients(blake3::OutputReader);

impl Coefficients {
    fn of(rows: &[Row]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("clearway v1 batch coefficients");
        for row in rows {
            hasher.update(row.key).update(row.signature).update(row.message);
        }
        Self(hasher.finalize_xof())
    }

    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

impl TryRng for Coefficients {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.draw()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.draw()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}

#[cfg(test)]
mod tests;
