//! Hashes, trees, signatures, and envelopes sealed with them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::border::{Buffer, detach_if_long};
use crate::hash::{Domain, Hash, Key};
use crate::rejection::Rejection;
use crate::{seal, sha256, signature, tree};

fn domain_of(name: &str) -> PyResult<Domain> {
    Domain::parse(name).ok_or_else(|| PyValueError::new_err(format!("unknown domain {name:?}")))
}

#[pyfunction]
pub(super) fn hash_bytes<'py>(
    py: Python<'py>,
    domain: &str,
    data: Buffer,
) -> PyResult<Bound<'py, PyBytes>> {
    let domain = domain_of(domain)?;
    let hash = detach_if_long(py, data.len(), || domain.hash(&data));
    Ok(PyBytes::new(py, &hash))
}

#[pyfunction]
pub(super) fn hash_rows<'py>(
    py: Python<'py>,
    domain: &str,
    rows: Buffer,
    row_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    hash_rows_with(py, domain_of(domain)?.key(), &rows, row_bytes)
}

#[pyfunction]
pub(super) fn hash_each<'py>(
    py: Python<'py>,
    domain: &str,
    inputs: Vec<Buffer>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let domain = domain_of(domain)?;
    Ok(each(py, &inputs, |input| domain.hash(input)))
}

#[pyfunction]
pub(super) fn sha256_each(py: Python<'_>, inputs: Vec<Buffer>) -> Vec<Bound<'_, PyBytes>> {
    each(py, &inputs, sha256::sha256)
}

#[pyfunction]
pub(super) fn hmac_each<'py>(
    py: Python<'py>,
    secret: Buffer,
    inputs: Vec<Buffer>,
) -> Vec<Bound<'py, PyBytes>> {
    let key = sha256::HmacKey::new(&secret);
    each(py, &inputs, |input| key.hash(input))
}

fn each<'py>(
    py: Python<'py>,
    inputs: &[Buffer],
    hash: impl Fn(&[u8]) -> Hash + Sync,
) -> Vec<Bound<'py, PyBytes>> {
    let bytes = inputs.iter().map(|input| input.len()).sum();
    let hashes: Vec<Hash> =
        detach_if_long(py, bytes, || inputs.iter().map(|input| hash(input)).collect());
    hashes.iter().map(|hash| PyBytes::new(py, hash)).collect()
}

#[pyfunction]
pub(super) fn prf_rows<'py>(
    py: Python<'py>,
    key: Buffer,
    rows: Buffer,
    row_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    hash_rows_with(py, &Key::new(key.array("key")?), &rows, row_bytes)
}

fn hash_rows_with<'py>(
    py: Python<'py>,
    key: &Key,
    rows: &[u8],
    row_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    if rows.len().checked_rem(row_bytes) != Some(0) {
        return Err(PyValueError::new_err(format!("rows is not rows of {row_bytes} bytes")));
    }
    let hashes = detach_if_long(py, rows.len(), || key.hash_rows(row_bytes, rows));
    Ok(PyBytes::new(py, hashes.as_flattened()))
}

#[pyfunction]
pub(super) fn tree_root<'py>(py: Python<'py>, leaves: Buffer) -> PyResult<Bound<'py, PyBytes>> {
    let rows = leaves.rows("leaves")?;
    let root = py.detach(|| tree::root(rows.to_vec()));
    Ok(PyBytes::new(py, &root))
}

/// Total: whatever cannot be a proof is not one.
#[pyfunction]
pub(super) fn check_path(leaf: Buffer, index: u64, size: u64, path: Buffer, root: Buffer) -> bool {
    match (leaf.array("leaf"), path.rows("path"), root.array("root")) {
        (Ok(leaf), Ok(path), Ok(root)) => tree::check_path(&leaf, index, size, path, &root),
        _ => false,
    }
}

#[pyfunction]
pub(super) fn public_key(py: Python<'_>, seed: Buffer) -> PyResult<Bound<'_, PyBytes>> {
    Ok(PyBytes::new(py, &signature::public_key(&seed.array("seed")?)))
}

#[pyfunction]
pub(super) fn sign(py: Python<'_>, seed: Buffer, digest: Buffer) -> PyResult<Bound<'_, PyBytes>> {
    Ok(PyBytes::new(py, &signature::sign(&seed.array("seed")?, &digest)))
}

/// Total: whatever cannot be a signature is not one.
#[pyfunction]
pub(super) fn verify(py: Python<'_>, key: Buffer, digest: Buffer, signature: Buffer) -> bool {
    match (key.array("key"), signature.array("signature")) {
        (Ok(key), Ok(signature)) => py.detach(|| signature::verify(&key, &digest, &signature)),
        _ => false,
    }
}

#[pyfunction]
pub(super) fn verify_rows<'py>(
    py: Python<'py>,
    keys: Buffer,
    digests: Buffer,
    signatures: Buffer,
) -> PyResult<Bound<'py, PyBytes>> {
    let (keys, digests) = (keys.rows("keys")?, digests.rows("digests")?);
    let signatures = signatures.rows("signatures")?;
    if keys.len() != digests.len() || keys.len() != signatures.len() {
        return Err(PyValueError::new_err("keys, digests and signatures differ in rows"));
    }
    let valid = py.detach(|| signature::verify_rows(keys, digests, signatures));
    let valid: Vec<u8> = valid.into_iter().map(u8::from).collect();
    Ok(PyBytes::new(py, &valid))
}

#[pyfunction]
pub(super) fn sign_rows<'py>(
    py: Python<'py>,
    seeds: Buffer,
    digests: Buffer,
) -> PyResult<Bound<'py, PyBytes>> {
    let (seeds, digests) = (seeds.rows("seeds")?, digests.rows::<32>("digests")?);
    if seeds.len() != digests.len() {
        return Err(PyValueError::new_err("seeds and digests differ in rows"));
    }
    let signed: Vec<[u8; 64]> = py.detach(|| {
        seeds.iter().zip(digests).map(|(seed, digest)| signature::sign(seed, digest)).collect()
    });
    Ok(PyBytes::new(py, signed.as_flattened()))
}

#[pyfunction]
#[pyo3(signature = (*, chain_id, institution, seed, sequence, valid_until_ns, heads, units=None, signatures=None))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python, where they have names")]
pub(super) fn seal_envelope<'py>(
    py: Python<'py>,
    chain_id: Buffer,
    institution: u32,
    seed: Buffer,
    sequence: u64,
    valid_until_ns: u64,
    heads: Buffer,
    units: Option<Buffer>,
    signatures: Option<Buffer>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (chain_id, seed) = (chain_id.array("chain_id")?, seed.array("seed")?);
    let seal = seal::Seal { chain_id, institution, seed: &seed, sequence, valid_until_ns };
    let units = units.as_deref().unwrap_or_default();
    let signatures = signatures.as_deref().unwrap_or_default();
    let sealed = py.detach(|| seal::seal_envelope(&seal, &heads, units, signatures))?;
    Ok(PyBytes::new(py, &sealed))
}

#[pyfunction]
pub(super) fn refusal_codes() -> Vec<(u16, &'static str)> {
    Rejection::ALL.iter().map(|rejection| (rejection.code(), rejection.name())).collect()
}
