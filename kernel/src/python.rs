//! The border to Python: the only file that names PyO3. It converts, lets go of the interpreter
//! lock, and calls; python/clearway_kernel/__init__.pyi describes what it offers.

// A lock inside keeps readers of other threads waiting while a block is applied, not while its
// signatures are checked or it is written; it is only ever taken without the interpreter lock, so
// that the two cannot wait for each other (a lock that is free at once makes nobody wait).
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use pyo3::create_exception;
use pyo3::exceptions::{
    PyException, PyFileExistsError, PyFileNotFoundError, PyIndexError, PyOSError, PyRuntimeError,
    PyValueError,
};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::account::{Account, Accounts, CLOSED};
use crate::apply::held_units;
use crate::asset::PAUSED;
use crate::block::{Block, Records};
use crate::codec::{Address, DecodeError as Undecodable, HEADER_BYTES};
use crate::escrow::Escrow;
use crate::hash::{Domain, Hash, Key};
use crate::history::{Fault, History, read_block};
use crate::hold::Hold;
use crate::image::NoImage;
use crate::ledger::{
    CommitError, CreateError, Joined, Ledger, Phase, Prepared, StageError, Sum, TrialBalance,
};
use crate::log::LogReader;
use crate::mandate::Mandate;
use crate::policy::{BadPolicy, Policy, Recovery};
use crate::proof::{Claim, Proof, Proofs, check_claims};
use crate::rejection::Rejection;
use crate::state::Subroot;
use crate::store::{self, Opened, SnapshotError};
use crate::terms::{BadTerms, Release, Terms, Witnesses, evaluate, witness};
use crate::{seal, sha256, signature, tree};

create_exception!(clearway_kernel, DecodeError, PyValueError, "Bytes that do not decode.");
create_exception!(
    clearway_kernel,
    CorruptLog,
    PyException,
    "The log is not what was acknowledged; `height` and `what` say where."
);
create_exception!(clearway_kernel, LogFault, PyOSError, "The disk failed.");
create_exception!(clearway_kernel, LogFull, LogFault, "There is no room for the block.");

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        CorruptLog, DecodeError, LogFault, LogFull, PyAccount, PyBlock, PyEscrow, PyHold, PyLedger,
        PyMandate, PyPolicy, PyProof, PyStaged, PyVerification, check_path, check_policy,
        check_proofs, check_terms, evaluate_terms, hash_bytes, hash_each, hash_rows, hmac_each,
        prf_rows, public_key, refusal_codes, seal_envelope, sha256_each, sign, sign_rows,
        tree_root, verify, verify_log, verify_rows,
    };
}

// --- buffers and errors ----------------------------------------------------------------------

/// Bytes of any buffer: `bytes` as they are, anything else by one copy.
struct Buffer(PyBackedBytes);

impl<'py> FromPyObject<'_, 'py> for Buffer {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self(bytes.to_owned().into()));
        }
        let view = PyMemoryView::from(&object)?;
        let bytes = object.py().get_type::<PyBytes>().call1((view,))?;
        Ok(Self(bytes.cast_into::<PyBytes>()?.into()))
    }
}

impl std::ops::Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Buffer {
    fn array<const N: usize>(&self, what: &str) -> PyResult<[u8; N]> {
        <[u8; N]>::try_from(&**self)
            .map_err(|_| PyValueError::new_err(format!("{what} has {} bytes, not {N}", self.len())))
    }

    fn rows<const N: usize>(&self, what: &str) -> PyResult<&[[u8; N]]> {
        match self.as_chunks() {
            (rows, []) => Ok(rows),
            _ => Err(PyValueError::new_err(format!("{what} is not rows of {N} bytes"))),
        }
    }
}

impl From<Undecodable> for PyErr {
    fn from(error: Undecodable) -> Self {
        DecodeError::new_err(error.0)
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Disk(error) => disk_fault(&error),
            Fault::Full(error) => {
                LogFull::new_err((error.raw_os_error().unwrap_or_default(), error.to_string()))
            }
            Fault::Corrupt { height, what } => corrupt_log(height, what),
        }
    }
}

fn disk_fault(error: &io::Error) -> PyErr {
    let text = error.to_string();
    match (error.kind(), error.raw_os_error()) {
        (ErrorKind::AlreadyExists, _) => PyFileExistsError::new_err(text),
        (ErrorKind::NotFound, _) => PyFileNotFoundError::new_err(text),
        (_, Some(number)) => LogFault::new_err((number, text)),
        (_, None) => LogFault::new_err(text),
    }
}

impl From<SnapshotError> for PyErr {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::NoFolder => PyValueError::new_err("the ledger lives in memory only"),
            SnapshotError::BlockStaged => PyValueError::new_err("a block is staged"),
            SnapshotError::Ended => PyValueError::new_err("the ledger was closed"),
            SnapshotError::Differs(what) => PyValueError::new_err(format!("snapshot: {what}")),
            SnapshotError::History(fault) => fault.into(),
        }
    }
}

fn corrupt_log(height: u64, what: String) -> PyErr {
    Python::attach(|py| {
        let error = CorruptLog::new_err(format!("block {height}: {what}"));
        let value = error.value(py);
        let set = value.setattr("height", height).and_then(|()| value.setattr("what", what));
        set.err().unwrap_or(error)
    })
}

impl From<StageError> for PyErr {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Decode(error) => error.into(),
            StageError::TimeNotGrowing => {
                PyValueError::new_err("the time of a block is not after the one before")
            }
            StageError::AlreadyStaged => PyValueError::new_err("a block is staged already"),
            StageError::Stopped => stopped(),
        }
    }
}

impl From<CreateError> for PyErr {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Decode(error) => error.into(),
            CreateError::Refused { index, rejection } => PyValueError::new_err(format!(
                "genesis entry {index} is refused: {} {}",
                rejection.code(),
                rejection.name()
            )),
            CreateError::KindNotOfGenesis { index } => {
                PyValueError::new_err(format!("genesis entry {index} is of a kind it cannot have"))
            }
            CreateError::History(fault) => fault.into(),
        }
    }
}

impl From<CommitError> for PyErr {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::NothingStaged => PyValueError::new_err("no block is staged"),
            CommitError::Decode(error) => error.into(),
            CommitError::BadFinality => {
                PyValueError::new_err("the finality is not of a sequencer's key over this block")
            }
            CommitError::AlreadyWriting => {
                PyValueError::new_err("the block before is still being written")
            }
            CommitError::Stopped => stopped(),
            CommitError::History(fault) => fault.into(),
        }
    }
}

fn stopped() -> PyErr {
    LogFault::new_err("a block could not be written; the ledger must be opened again")
}

/// Taking the interpreter lock back can cost more than hashing so much.
const SHORT_BYTES: usize = 16 * 1024;

/// How long a snapshot waits for a block to be durable: two seconds.
const IMAGE_WAITS_MAX: u32 = 2_000;
const IMAGE_WAIT: Duration = Duration::from_millis(1);

/// Lets other Python threads run meanwhile, when it is worth their while.
fn detach_if_long<T: Send>(py: Python<'_>, bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    if bytes <= SHORT_BYTES { work() } else { py.detach(work) }
}

// --- hashes and trees ------------------------------------------------------------------------

fn domain_of(name: &str) -> PyResult<Domain> {
    Domain::parse(name).ok_or_else(|| PyValueError::new_err(format!("unknown domain {name:?}")))
}

#[pyfunction]
fn hash_bytes<'py>(py: Python<'py>, domain: &str, data: Buffer) -> PyResult<Bound<'py, PyBytes>> {
    let domain = domain_of(domain)?;
    let hash = detach_if_long(py, data.len(), || domain.hash(&data));
    Ok(PyBytes::new(py, &hash))
}

#[pyfunction]
fn hash_rows<'py>(
    py: Python<'py>,
    domain: &str,
    rows: Buffer,
    row_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    hash_rows_with(py, domain_of(domain)?.key(), &rows, row_bytes)
}

#[pyfunction]
fn hash_each<'py>(
    py: Python<'py>,
    domain: &str,
    inputs: Vec<Buffer>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let domain = domain_of(domain)?;
    Ok(each(py, &inputs, |input| domain.hash(input)))
}

#[pyfunction]
fn sha256_each(py: Python<'_>, inputs: Vec<Buffer>) -> Vec<Bound<'_, PyBytes>> {
    each(py, &inputs, sha256::sha256)
}

#[pyfunction]
fn hmac_each<'py>(
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
fn prf_rows<'py>(
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
fn tree_root<'py>(py: Python<'py>, leaves: Buffer) -> PyResult<Bound<'py, PyBytes>> {
    let rows = leaves.rows("leaves")?;
    let root = py.detach(|| tree::root(rows.to_vec()));
    Ok(PyBytes::new(py, &root))
}

/// Total: whatever cannot be a proof is not one.
#[pyfunction]
fn check_path(leaf: Buffer, index: u64, size: u64, path: Buffer, root: Buffer) -> bool {
    match (leaf.array("leaf"), path.rows("path"), root.array("root")) {
        (Ok(leaf), Ok(path), Ok(root)) => tree::check_path(&leaf, index, size, path, &root),
        _ => false,
    }
}

// --- signatures ------------------------------------------------------------------------------

#[pyfunction]
fn public_key(py: Python<'_>, seed: Buffer) -> PyResult<Bound<'_, PyBytes>> {
    Ok(PyBytes::new(py, &signature::public_key(&seed.array("seed")?)))
}

#[pyfunction]
fn sign(py: Python<'_>, seed: Buffer, digest: Buffer) -> PyResult<Bound<'_, PyBytes>> {
    Ok(PyBytes::new(py, &signature::sign(&seed.array("seed")?, &digest)))
}

/// Total: whatever cannot be a signature is not one.
#[pyfunction]
fn verify(py: Python<'_>, key: Buffer, digest: Buffer, signature: Buffer) -> bool {
    match (key.array("key"), signature.array("signature")) {
        (Ok(key), Ok(signature)) => py.detach(|| signature::verify(&key, &digest, &signature)),
        _ => false,
    }
}

#[pyfunction]
fn verify_rows<'py>(
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
fn sign_rows<'py>(
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
fn seal_envelope<'py>(
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
fn refusal_codes() -> Vec<(u16, &'static str)> {
    Rejection::ALL.iter().map(|rejection| (rejection.code(), rejection.name())).collect()
}

// --- terms -----------------------------------------------------------------------------------

impl From<BadTerms> for PyErr {
    fn from(error: BadTerms) -> Self {
        PyValueError::new_err(error.0)
    }
}

#[pyfunction]
fn check_terms(terms: Buffer) -> PyResult<()> {
    Terms::parse(terms.rows("terms")?)?;
    Ok(())
}

#[pyfunction]
#[pyo3(signature = (terms, witnesses, *, chain_id, institution, id, opened_ns, payer, payee, escrow_minor, released_minor, now_ns, asked_by, names_terms, to, to_category, amount_minor))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python, where they have names")]
fn evaluate_terms(
    terms: Buffer,
    witnesses: Buffer,
    chain_id: Buffer,
    institution: u32,
    id: Buffer,
    opened_ns: u64,
    payer: Buffer,
    payee: Buffer,
    escrow_minor: u128,
    released_minor: u128,
    now_ns: u64,
    asked_by: Buffer,
    names_terms: bool,
    to: Buffer,
    to_category: u32,
    amount_minor: u128,
) -> PyResult<Vec<bool>> {
    let (units, witnesses) = (terms.rows("terms")?, witnesses.rows("witnesses")?);
    let terms = Terms::parse(units)?;
    witness::check(witnesses)?;
    let witnesses = Witnesses::of_terms(&terms, witnesses).map_err(|_| {
        PyValueError::new_err("a witness is for no node of its kind, or a second one")
    })?;
    let release = Release {
        chain_id: chain_id.array("chain_id")?,
        terms_hash: Terms::hash(units),
        institution,
        id: id.array("id")?,
        opened_ns,
        payer: payer.array("payer")?,
        payee: payee.array("payee")?,
        escrow_minor,
        released_minor,
        now_ns,
        asked_by: asked_by.array("asked_by")?,
        names_terms,
        to: to.array("to")?,
        to_category,
        amount_minor,
    };
    Ok(evaluate(&terms, &release, &witnesses).as_slice().to_vec())
}

// --- policies --------------------------------------------------------------------------------

impl From<BadPolicy> for PyErr {
    fn from(error: BadPolicy) -> Self {
        PyValueError::new_err(error.0)
    }
}

#[pyfunction]
fn check_policy(units: Buffer) -> PyResult<()> {
    Policy::parse(units.rows("units")?)?;
    Ok(())
}

// --- what queries answer with ----------------------------------------------------------------

#[pyclass(name = "Account", module = "clearway_kernel", frozen)]
struct PyAccount {
    number: u32,
    account: Account,
}

#[pymethods]
impl PyAccount {
    #[getter]
    fn number(&self) -> u32 {
        self.number
    }

    #[getter]
    fn address<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.account.address)
    }

    #[getter]
    fn institution(&self) -> u32 {
        self.account.institution
    }

    #[getter]
    fn flags(&self) -> u32 {
        self.account.flags
    }

    #[getter]
    fn category(&self) -> u32 {
        self.account.category
    }

    #[getter]
    fn owner<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.account.owner)
    }

    #[getter]
    fn opened_ns(&self) -> u64 {
        self.account.opened_ns
    }

    #[getter]
    fn parent(&self) -> Option<u32> {
        self.account.parent.checked_sub(1)
    }
}

#[pyclass(name = "Hold", module = "clearway_kernel", frozen)]
struct PyHold {
    hold: Hold,
    legs: Vec<[u8; 64]>,
}

#[pymethods]
impl PyHold {
    #[getter]
    fn institution(&self) -> u32 {
        self.hold.institution
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.hold.id)
    }

    #[getter]
    fn payer(&self) -> u32 {
        self.hold.payer
    }

    #[getter]
    fn payee(&self) -> u32 {
        self.hold.payee
    }

    #[getter]
    fn asset(&self) -> u32 {
        self.hold.asset
    }

    #[getter]
    fn amount_minor(&self) -> u128 {
        self.hold.amount_minor
    }

    #[getter]
    fn expires_ns(&self) -> u64 {
        self.hold.expires_ns
    }

    #[getter]
    fn outcome(&self) -> u8 {
        self.hold.outcome
    }

    #[getter]
    fn closes(&self) -> u8 {
        self.hold.closes
    }

    #[getter]
    fn legs<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.legs.as_flattened())
    }
}

#[pyclass(name = "Mandate", module = "clearway_kernel", frozen, get_all)]
struct PyMandate {
    institution: u32,
    payer: u32,
    payee: u32,
    asset: u32,
    payment_minor_max: u128,
    period_minor_max: u128,
    total_minor_max: u128,
    period_ns: u64,
    start_ns: u64,
    expires_ns: u64,
    payments_max: u32,
    flags: u32,
    used_total_minor: u128,
    used_period_minor: u128,
    period: u64,
    payments_used: u32,
}

impl PyMandate {
    fn of(mandate: &Mandate) -> Self {
        let Mandate { used, .. } = mandate;
        Self {
            institution: mandate.institution,
            payer: mandate.payer,
            payee: mandate.payee,
            asset: mandate.asset,
            payment_minor_max: mandate.payment_minor_max,
            period_minor_max: mandate.period_minor_max,
            total_minor_max: mandate.total_minor_max,
            period_ns: mandate.period_ns,
            start_ns: mandate.start_ns,
            expires_ns: mandate.expires_ns,
            payments_max: mandate.payments_max,
            flags: mandate.flags,
            used_total_minor: used.total_minor,
            used_period_minor: used.period_minor,
            period: used.period,
            payments_used: used.payments,
        }
    }
}

#[pyclass(name = "Policy", module = "clearway_kernel", frozen)]
struct PyPolicy {
    units: Vec<[u8; 64]>,
    recovery: Recovery,
    /// Unit, used, day.
    spends: Vec<(u32, u128, u64)>,
}

#[pymethods]
impl PyPolicy {
    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.units.as_flattened())
    }

    #[getter]
    fn recovery_key<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let is_proposed = self.recovery != Recovery::default();
        is_proposed.then(|| PyBytes::new(py, &self.recovery.key))
    }

    #[getter]
    fn recover_at_ns(&self) -> u64 {
        self.recovery.recover_at_ns
    }

    #[getter]
    fn spends(&self) -> Vec<(u32, u128, u64)> {
        self.spends.clone()
    }
}

#[pyclass(name = "Escrow", module = "clearway_kernel", frozen)]
struct PyEscrow {
    escrow: Escrow,
}

#[pymethods]
impl PyEscrow {
    #[getter]
    fn institution(&self) -> u32 {
        self.escrow.institution
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.escrow.id)
    }

    #[getter]
    fn payer(&self) -> u32 {
        self.escrow.payer
    }

    #[getter]
    fn payee(&self) -> u32 {
        self.escrow.payee
    }

    #[getter]
    fn asset(&self) -> u32 {
        self.escrow.asset
    }

    #[getter]
    fn amount_minor(&self) -> u128 {
        self.escrow.amount_minor
    }

    #[getter]
    fn released_minor(&self) -> u128 {
        self.escrow.released_minor
    }

    #[getter]
    fn expires_ns(&self) -> u64 {
        self.escrow.expires_ns
    }

    #[getter]
    fn opened_ns(&self) -> u64 {
        self.escrow.opened_ns
    }

    #[getter]
    fn terms_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.escrow.terms_hash)
    }

    #[getter]
    fn terms<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.escrow.terms.as_flattened())
    }

    fn accrued_minor(&self, now_ns: u64) -> PyResult<u128> {
        let terms = Terms::parse(&self.escrow.terms)?;
        Ok(terms.accrued_minor(self.escrow.amount_minor, now_ns))
    }
}

/// What `Staged` and `Block` have in common.
trait AsBlock {
    fn block(&self) -> &Block;

    fn header_bytes(&self) -> [u8; HEADER_BYTES] {
        self.block().header.write()
    }

    fn join_records<'py>(
        &self,
        py: Python<'py>,
        join: impl Fn(&Records<'_>) -> Vec<u8> + Sync,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let block = self.block();
        let joined = py.detach(|| block.records().map(|records| join(&records)))?;
        Ok(PyBytes::new(py, &joined))
    }
}

#[pyclass(name = "Staged", module = "clearway_kernel", frozen)]
struct PyStaged {
    block: Block,
    clock: PhaseClock,
}

impl AsBlock for PyStaged {
    fn block(&self) -> &Block {
        &self.block
    }
}

#[pymethods]
impl PyStaged {
    #[getter]
    fn height(&self) -> u64 {
        self.block.header.height
    }

    #[getter]
    fn time_ns(&self) -> u64 {
        self.block.header.time_ns
    }

    #[getter]
    fn count(&self) -> u32 {
        self.block.header.count
    }

    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.header_bytes())
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.hash)
    }

    #[getter]
    fn state_root<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.header.state_root)
    }

    #[getter]
    fn heads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.join_records(py, |records| records.heads())
    }

    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.join_records(py, |records| records.units())
    }

    #[getter]
    fn results<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.body.results)
    }

    #[getter]
    fn signatures_ns(&self) -> u64 {
        self.clock.signatures_ns
    }

    #[getter]
    fn apply_ns(&self) -> u64 {
        self.clock.apply_ns
    }

    #[getter]
    fn roots_ns(&self) -> u64 {
        self.clock.roots_ns
    }
}

#[pyclass(name = "Block", module = "clearway_kernel", frozen)]
struct PyBlock {
    block: Block,
}

impl AsBlock for PyBlock {
    fn block(&self) -> &Block {
        &self.block
    }
}

#[pymethods]
impl PyBlock {
    #[getter]
    fn height(&self) -> u64 {
        self.block.header.height
    }

    #[getter]
    fn time_ns(&self) -> u64 {
        self.block.header.time_ns
    }

    #[getter]
    fn count(&self) -> u32 {
        self.block.header.count
    }

    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.header_bytes())
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.hash)
    }

    #[getter]
    fn finality<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.finality)
    }

    #[getter]
    fn heads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.join_records(py, |records| records.heads())
    }

    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.join_records(py, |records| records.units())
    }

    #[getter]
    fn results<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.body.results)
    }

    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.body.entries)
    }

    fn entry<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyBytes>> {
        let records = self.block.records()?;
        let entry = records.all.get(index).ok_or_else(|| no_entry(index))?;
        Ok(PyBytes::new(py, entry))
    }
}

fn no_entry(index: usize) -> PyErr {
    PyIndexError::new_err(format!("the block has no entry {index}"))
}

fn no_block(height: u64) -> PyErr {
    PyIndexError::new_err(format!("there is no block {height}"))
}

#[pyclass(name = "Proof", module = "clearway_kernel", frozen)]
struct PyProof {
    proofs: Arc<Proofs>,
    index: usize,
    proof: Proof,
}

impl PyProof {
    fn of(proofs: &Arc<Proofs>, index: usize) -> PyResult<Self> {
        let proof = proofs.proof(index).ok_or_else(|| no_entry(index))?;
        Ok(Self { proofs: Arc::clone(proofs), index, proof })
    }
}

#[pymethods]
impl PyProof {
    #[getter]
    fn entry<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.proof.entry)
    }

    #[getter]
    fn result<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.proof.result)
    }

    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    #[getter]
    fn size(&self) -> usize {
        self.proofs.count()
    }

    #[getter]
    fn entry_path<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.proof.entry_path.as_flattened())
    }

    #[getter]
    fn result_path<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.proof.result_path.as_flattened())
    }

    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.proofs.block.header.write())
    }

    #[getter]
    fn finality<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.proofs.block.finality)
    }
}

/// The parts of anything that looks like a proof.
#[derive(FromPyObject)]
struct Parts {
    entry: Buffer,
    result: Buffer,
    index: u64,
    size: u64,
    entry_path: Buffer,
    result_path: Buffer,
    header: Buffer,
    finality: Buffer,
}

impl Parts {
    fn claim(&self) -> Claim<'_> {
        Claim {
            entry: &self.entry,
            result: &self.result,
            index: self.index,
            size: self.size,
            entry_path: &self.entry_path,
            result_path: &self.result_path,
            header: &self.header,
            finality: &self.finality,
        }
    }
}

/// Total: whatever cannot be a proof is not one.
#[pyfunction]
fn check_proofs<'py>(
    py: Python<'py>,
    chain_id: Buffer,
    proofs: Vec<Parts>,
) -> PyResult<Bound<'py, PyBytes>> {
    let chain_id = chain_id.array("chain_id")?;
    let claims: Vec<Claim> = proofs.iter().map(Parts::claim).collect();
    let holds = py.detach(|| check_claims(&chain_id, &claims));
    let holds: Vec<u8> = holds.into_iter().map(u8::from).collect();
    Ok(PyBytes::new(py, &holds))
}

/// Times the phases of a stage. It stands here because the core knows no clock.
struct PhaseClock {
    last: Instant,
    signatures_ns: u64,
    apply_ns: u64,
    roots_ns: u64,
}

impl PhaseClock {
    #[allow(clippy::disallowed_methods, reason = "measures, and decides nothing")]
    fn start() -> Self {
        Self { last: Instant::now(), signatures_ns: 0, apply_ns: 0, roots_ns: 0 }
    }

    #[allow(clippy::disallowed_methods, reason = "measures, and decides nothing")]
    fn mark(&mut self, phase: Phase) {
        let now = Instant::now();
        let spent = u64::try_from(now.duration_since(self.last).as_nanos()).unwrap_or(u64::MAX);
        let sum = match phase {
            Phase::Signatures => &mut self.signatures_ns,
            Phase::Apply => &mut self.apply_ns,
            Phase::Roots => &mut self.roots_ns,
        };
        *sum = sum.saturating_add(spent);
        self.last = now;
    }
}

// --- the ledger ------------------------------------------------------------------------------

#[pyclass(name = "Ledger", module = "clearway_kernel", frozen)]
struct PyLedger {
    ledger: RwLock<Ledger>,
    /// Held through a whole stage, whose longest parts only read and leave readers alone.
    stager: Mutex<()>,
    /// Held while a block is written; taken after the stager where both are.
    writer: Mutex<()>,
    /// Held while a snapshot is written, and taken before the others; whether the folder is ours.
    snapshotter: Mutex<bool>,
    /// The block that waits to be written, and what it is written to: so that the writer need not
    /// wait for the ledger while the next block is staged on it. Taken last.
    handed_over: Mutex<Option<(Block, History)>>,
    /// Reads blocks from the folder without waiting for one that is being written.
    reader: Option<LogReader>,
    snapshot_height: u64,
}

impl PyLedger {
    fn of(ledger: Ledger, snapshot_height: u64) -> Self {
        let reader = ledger.history.reader();
        let (stager, writer, snapshotter) = (Mutex::new(()), Mutex::new(()), Mutex::new(true));
        let (ledger, handed_over) = (RwLock::new(ledger), Mutex::new(None));
        Self { ledger, stager, writer, snapshotter, handed_over, reader, snapshot_height }
    }

    fn read<T: Send>(
        &self,
        py: Python<'_>,
        query: impl FnOnce(&Ledger) -> T + Send,
    ) -> PyResult<T> {
        // Most of the time nobody writes, and then asking is shorter than letting others run.
        if let Ok(ledger) = self.ledger.try_read() {
            return Ok(query(&ledger));
        }
        self.read_long(py, query)
    }

    /// As `read`, for queries that take so long that other threads should run meanwhile.
    fn read_long<T: Send>(
        &self,
        py: Python<'_>,
        query: impl FnOnce(&Ledger) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| Ok(query(&*self.ledger.read().map_err(|_| doubtful())?)))
    }

    fn read_rows<T: Send>(
        &self,
        py: Python<'_>,
        bytes: usize,
        query: impl FnOnce(&Ledger) -> T + Send,
    ) -> PyResult<T> {
        if bytes <= SHORT_BYTES { self.read(py, query) } else { self.read_long(py, query) }
    }

    /// What `of` says of each of these accounts; IndexError: one of them is not there.
    fn of_accounts<'py>(
        &self,
        py: Python<'py>,
        numbers: &Buffer,
        of: fn(&Accounts, u32) -> u32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let numbers = numbers.rows("numbers")?;
        let found: Option<Vec<[u8; 4]>> =
            self.read_rows(py, numbers.as_flattened().len(), |ledger| {
                let accounts = &ledger.state.accounts;
                let find = |number: &[u8; 4]| {
                    let number = u32::from_le_bytes(*number);
                    accounts.table.get(number)?;
                    Some(of(accounts, number).to_le_bytes())
                };
                numbers.iter().map(find).collect()
            })?;
        let found = found.ok_or_else(|| PyIndexError::new_err("there is no such account"))?;
        Ok(PyBytes::new(py, found.as_flattened()))
    }

    fn write<T: Send>(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut Ledger) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            let _writer = self.writer.lock().map_err(|_| doubtful())?;
            Ok(change(&mut *self.ledger.write().map_err(|_| doubtful())?))
        })
    }

    /// Stages a block and does one thing more before any reader comes.
    fn stage_and(
        &self,
        py: Python<'_>,
        time_ns: u64,
        envelopes: &[Buffer],
        before: impl FnOnce(&Ledger, &Joined, &mut Prepared<'_>) + Send,
        after: impl FnOnce(&mut Ledger) + Send,
    ) -> PyResult<PyStaged> {
        let envelopes: Vec<&[u8]> = envelopes.iter().map(|buffer| &**buffer).collect();
        let mut clock = PhaseClock::start();
        let mut mark = |phase| clock.mark(phase);
        let block = py.detach(|| -> PyResult<Block> {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            let read = || self.ledger.read().map_err(|_| doubtful());
            let joined = read()?.join(time_ns, &envelopes)?;
            let mut prepared = read()?.prepare(&joined, &envelopes, &mut mark)?;
            before(&*read()?, &joined, &mut prepared);
            let mut ledger = self.ledger.write().map_err(|_| doubtful())?;
            let applied = ledger.apply(&joined, prepared, &mut mark)?;
            let block = ledger.put(joined, applied);
            after(&mut ledger);
            Ok(block)
        })?;
        Ok(PyStaged { block, clock })
    }

    /// Readers go on while the block is written to a folder, and so may the stager.
    fn write_block(&self) -> PyResult<()> {
        let _writer = self.writer.lock().map_err(|_| doubtful())?;
        let ledger = || self.ledger.write().map_err(|_| doubtful());
        if self.reader.is_none() {
            // Readers look into the same memory, and it takes no time.
            return Ok(ledger()?.write()?);
        }
        let handed_over = self.handed_over.lock().map_err(|_| doubtful())?.take();
        let (block, mut history) = handed_over.ok_or(CommitError::NothingStaged)?;
        let written = history.append(&block);
        Ok(ledger()?.end_write(history, written)?)
    }

    fn hand_block_over(&self, finality: &[u8]) -> PyResult<()> {
        let mut ledger = self.ledger.write().map_err(|_| doubtful())?;
        ledger.hand_over(finality)?;
        if self.reader.is_some() {
            let waiting = ledger.begin_write()?;
            *self.handed_over.lock().map_err(|_| doubtful())? = Some(waiting);
        }
        Ok(())
    }

    /// Blocks go on while the snapshot is written; they wait for one piece of it at most.
    fn save_snapshot(&self) -> PyResult<u64> {
        let ledger = || self.ledger.write().map_err(|_| doubtful());
        let reader = self.reader.as_ref().ok_or(SnapshotError::NoFolder)?;
        ledger()?.want_image();
        let saved = self.image_height().and_then(|height| {
            let mut pieces = |rows: &mut Vec<u8>| {
                self.ledger.write().map_err(|_| NoImage).and_then(|mut one| one.state.piece(rows))
            };
            Ok(store::write_snapshot(reader, height, &mut pieces)?)
        });
        ledger()?.end_image();
        saved
    }

    /// The height of the image that is wanted, when its block is durable.
    fn image_height(&self) -> PyResult<u64> {
        for _ in 0..IMAGE_WAITS_MAX {
            let height = self.ledger.read().map_err(|_| doubtful())?.image_height();
            if let Some(height) = height {
                return Ok(height);
            }
            std::thread::sleep(IMAGE_WAIT);
        }
        Err(SnapshotError::BlockStaged.into())
    }

    fn read_block(&self, py: Python<'_>, height: u64) -> PyResult<Block> {
        let block = match &self.reader {
            Some(reader) => py.detach(|| read_block(reader, height)),
            None => self.read_long(py, |ledger| ledger.history.read(height))?,
        };
        block?.ok_or_else(|| no_block(height))
    }
}

fn doubtful() -> PyErr {
    PyRuntimeError::new_err("the ledger met a bug before, and its book is in doubt")
}

#[pymethods]
impl PyLedger {
    #[staticmethod]
    #[pyo3(signature = (folder, *, time_ns, genesis))]
    fn create(
        py: Python<'_>,
        folder: Option<PathBuf>,
        time_ns: u64,
        genesis: Buffer,
    ) -> PyResult<Self> {
        let ledger = py.detach(|| match folder {
            Some(folder) => store::create(&folder, time_ns, &genesis),
            None => Ledger::create(time_ns, &genesis, History::Memory(Vec::new())),
        })?;
        Ok(Self::of(ledger, 0))
    }

    #[staticmethod]
    fn open(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let Opened { ledger, snapshot_height } = py.detach(|| store::open(&folder))?;
        Ok(Self::of(ledger, snapshot_height))
    }

    #[staticmethod]
    fn restore(py: Python<'_>, folder: PathBuf, snapshot: &str) -> PyResult<Self> {
        let ledger = py.detach(|| store::restore(&folder, snapshot))?;
        let height = ledger.tip.height;
        Ok(Self::of(ledger, height))
    }

    #[getter]
    fn chain_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.chain_id)?))
    }

    #[getter]
    fn height(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.tip.height)
    }

    #[getter]
    fn time_ns(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.tip.time_ns)
    }

    #[getter]
    fn head_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.tip.hash)?))
    }

    #[getter]
    fn state_root<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read(py, |ledger| ledger.tip.state_root)?))
    }

    #[getter]
    fn accounts_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.accounts.table.count())
    }

    #[getter]
    fn holds_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.holds.slots.taken())
    }

    #[getter]
    fn escrows_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, |ledger| ledger.state.escrows.slots.taken())
    }

    #[getter]
    fn snapshot_height(&self) -> u64 {
        self.snapshot_height
    }

    #[pyo3(signature = (*, time_ns, envelopes))]
    fn stage(&self, py: Python<'_>, time_ns: u64, envelopes: Vec<Buffer>) -> PyResult<PyStaged> {
        self.stage_and(py, time_ns, &envelopes, |_, _, _| {}, |_| {})
    }

    /// What `stage` would give, taken back under the same lock, so that no reader ever sees it.
    #[pyo3(signature = (*, time_ns, envelopes, presume_signed=false))]
    fn rehearse(
        &self,
        py: Python<'_>,
        time_ns: u64,
        envelopes: Vec<Buffer>,
        presume_signed: bool,
    ) -> PyResult<PyStaged> {
        let presume = |ledger: &Ledger, joined: &Joined, prepared: &mut Prepared<'_>| {
            if presume_signed {
                ledger.presume_signed(joined, prepared);
            }
        };
        self.stage_and(py, time_ns, &envelopes, presume, |ledger| {
            ledger.discard();
        })
    }

    fn commit(&self, py: Python<'_>, finality: Buffer) -> PyResult<()> {
        py.detach(|| {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            self.hand_block_over(&finality)?;
            self.write_block()
        })
    }

    fn hand_over(&self, py: Python<'_>, finality: Buffer) -> PyResult<()> {
        py.detach(|| {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            self.hand_block_over(&finality)
        })
    }

    #[pyo3(name = "write")]
    fn write_handed_over(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.write_block())
    }

    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        let discarded = py.detach(|| -> PyResult<bool> {
            let _stager = self.stager.lock().map_err(|_| doubtful())?;
            Ok(self.ledger.write().map_err(|_| doubtful())?.discard())
        })?;
        if discarded { Ok(()) } else { Err(CommitError::NothingStaged.into()) }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        // A snapshot that is being written is given up, and its files belong to nobody afterwards.
        self.write(py, Ledger::end_image)?;
        py.detach(|| -> PyResult<()> {
            *self.snapshotter.lock().map_err(|_| doubtful())? = false;
            Ok(())
        })?;
        let closed = self.write(py, |ledger| {
            // What waits to be written was acknowledged to nobody.
            let waiting = self.handed_over.lock().ok().and_then(|mut waiting| waiting.take());
            if let Some((_, history)) = waiting {
                ledger.history = history;
            }
            ledger.history.close()
        })?;
        Ok(closed?)
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| {
            let is_ours = self.snapshotter.lock().map_err(|_| doubtful())?;
            if *is_ours { self.save_snapshot() } else { Err(SnapshotError::Ended.into()) }
        })
    }

    // --- queries -------------------------------------------------------------------------------

    fn next_expiry_ns(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        self.read(py, |ledger| ledger.state.next_expiry_ns())
    }

    fn account(&self, py: Python<'_>, address: Buffer) -> PyResult<Option<PyAccount>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (number, account) = ledger.state.accounts.find_row(&address)?;
            Some(PyAccount { number, account })
        })
    }

    fn policy(&self, py: Python<'_>, address: Buffer) -> PyResult<Option<PyPolicy>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (number, account) = ledger.state.accounts.find_row(&address)?;
            let number = account.settles_at(number);
            let slot = ledger.state.policies.find(number)?;
            let row = ledger.state.policies.slots.row(slot);
            let spends = ledger.state.spends.of(number);
            let spends = spends.map(|slot| ledger.state.spends.slots.row(slot));
            Some(PyPolicy {
                units: row.units.to_vec(),
                recovery: row.recovery,
                spends: spends.map(|one| (one.unit, one.used_minor, one.day)).collect(),
            })
        })
    }

    fn account_at(&self, py: Python<'_>, number: u32) -> PyResult<Option<PyAccount>> {
        self.read(py, |ledger| {
            ledger.state.accounts.table.get(number)?;
            Some(PyAccount { number, account: ledger.state.accounts.seen(number) })
        })
    }

    fn account_numbers<'py>(
        &self,
        py: Python<'py>,
        addresses: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let addresses = addresses.rows("addresses")?;
        let numbers: Vec<[u8; 4]> =
            self.read_rows(py, addresses.as_flattened().len(), |ledger| {
                let find = |address| ledger.state.accounts.find(address).unwrap_or(u32::MAX);
                addresses.iter().map(|address| find(address).to_le_bytes()).collect()
            })?;
        Ok(PyBytes::new(py, numbers.as_flattened()))
    }

    fn account_flags<'py>(
        &self,
        py: Python<'py>,
        numbers: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.of_accounts(py, &numbers, |accounts, number| accounts.seen(number).flags)
    }

    fn standings<'py>(
        &self,
        py: Python<'py>,
        addresses: Buffer,
        assets: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (addresses, assets) = (addresses.rows("addresses")?, assets.rows("assets")?);
        if addresses.len() != assets.len() {
            return Err(PyValueError::new_err("addresses and assets must have one row each"));
        }
        let found: Vec<u8> = self.read_rows(py, addresses.as_flattened().len(), |ledger| {
            let rows = addresses.iter().zip(assets);
            rows.map(|(address, asset)| standing(ledger, address, u32::from_le_bytes(*asset)))
                .collect()
        })?;
        Ok(PyBytes::new(py, &found))
    }

    fn settling_numbers<'py>(
        &self,
        py: Python<'py>,
        numbers: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        self.of_accounts(py, &numbers, |accounts, number| {
            accounts.table.row(number).settles_at(number)
        })
    }

    fn balance(
        &self,
        py: Python<'_>,
        address: Buffer,
        asset: u32,
    ) -> PyResult<Option<(i128, u128, u128)>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (_, account) = ledger.state.accounts.find_row(&address)?;
            let number = ledger.state.balances.find(&account, asset)?;
            let balance = ledger.state.balances.table.row(number);
            Some((balance.posted, balance.pending_in, balance.pending_out))
        })
    }

    fn balances(&self, py: Python<'_>, address: Buffer) -> PyResult<Vec<(u32, i128, u128, u128)>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let account = ledger.state.accounts.find_row(&address);
            let rows = account.iter().flat_map(|(_, account)| ledger.state.balances.of(account));
            rows.map(|row| (row.asset, row.posted, row.pending_in, row.pending_out)).collect()
        })
    }

    fn assets(&self, py: Python<'_>) -> PyResult<Vec<(u32, String, u8)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.assets.table.rows().iter();
            let text =
                |code: &[u8; 16]| String::from_utf8_lossy(code).trim_end_matches('\0').to_owned();
            rows.map(|asset| (asset.number, text(&asset.code), asset.scale)).collect()
        })
    }

    fn asset_controls(&self, py: Python<'_>) -> PyResult<Vec<(u32, u32, bool)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.assets.table.rows().iter();
            rows.map(|asset| (asset.controls, asset.issuer, asset.flags & PAUSED != 0)).collect()
        })
    }

    fn balance_flags(&self, py: Python<'_>, address: Buffer, asset: u32) -> PyResult<Option<u32>> {
        let address = address.array("address")?;
        self.read(py, |ledger| {
            let (_, account) = ledger.state.accounts.find_row(&address)?;
            let number = ledger.state.balances.find(&account, asset)?;
            Some(ledger.state.balances.table.row(number).flags)
        })
    }

    fn keys(&self, py: Python<'_>) -> PyResult<Vec<KeyRow>> {
        self.read(py, |ledger| {
            let rows = ledger.state.keys.table.rows().iter();
            rows.map(|key| {
                let heights = (key.activation_height, key.revoked_height);
                let (name, imported_ns) = (Bytes32(key.key), key.imported_ns);
                let owner = (key.institution, key.purposes);
                (name, owner.0, owner.1, heights.0, heights.1, key.sequence, imported_ns)
            })
            .collect()
        })
    }

    #[allow(clippy::type_complexity, reason = "the tuple of the .pyi")]
    fn limits(&self, py: Python<'_>) -> PyResult<Vec<(Bytes32, u32, u128, u128, u128, u64)>> {
        self.read(py, |ledger| {
            let rows = ledger.state.limits.table.rows().iter();
            rows.map(|limit| {
                let most = (limit.payment_minor_max, limit.day_minor_max);
                (Bytes32(limit.key), limit.asset, most.0, most.1, limit.used_minor, limit.day)
            })
            .collect()
        })
    }

    fn hold(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyHold>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.holds.find(institution, &id)?;
            let hold = ledger.state.holds.slots.row(slot);
            Some(PyHold { hold: hold.clone(), legs: held_units(&ledger.state.accounts, hold) })
        })
    }

    fn mandate(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyMandate>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.mandates.find(institution, &id)?;
            Some(PyMandate::of(ledger.state.mandates.slots.row(slot)))
        })
    }

    /// The ids of an institution's mandates that are fixed: its standing orders.
    fn standing_orders<'py>(
        &self,
        py: Python<'py>,
        institution: u32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let ids: Vec<[u8; 16]> = self.read(py, |ledger| {
            let mandates = ledger.state.mandates.slots.slots().iter().flatten();
            let own = mandates.filter(|one| one.institution == institution && one.is_fixed());
            own.map(|mandate| mandate.id).collect()
        })?;
        Ok(PyBytes::new(py, ids.as_flattened()))
    }

    fn escrow(&self, py: Python<'_>, institution: u32, id: Buffer) -> PyResult<Option<PyEscrow>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let slot = ledger.state.escrows.find(institution, &id)?;
            Some(PyEscrow { escrow: ledger.state.escrows.slots.row(slot).clone() })
        })
    }

    fn refunded(
        &self,
        py: Python<'_>,
        institution: u32,
        target: Buffer,
    ) -> PyResult<Option<(u128, u128)>> {
        let target = target.array("target")?;
        self.read(py, |ledger| {
            let number = ledger.state.refunds.find(institution, &target)?;
            let refund = ledger.state.refunds.table.row(number);
            Some((refund.amount_minor, refund.refunded_minor))
        })
    }

    fn remembered(
        &self,
        py: Python<'_>,
        institution: u32,
        id: Buffer,
    ) -> PyResult<Option<(Bytes32, u16, u64)>> {
        let id = id.array("id")?;
        self.read(py, |ledger| {
            let found = ledger.state.window.find(institution, &id)?;
            let staged_height = ledger.tip.height.saturating_add(1);
            let height = found.height.unwrap_or(staged_height);
            Some((Bytes32(found.entry.instruction), found.entry.code, height))
        })
    }

    fn remembered_heights<'py>(
        &self,
        py: Python<'py>,
        institution: u32,
        ids: Buffer,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let ids = ids.rows("ids")?;
        let heights: Vec<[u8; 8]> = self.read_rows(py, ids.as_flattened().len(), |ledger| {
            let staged_height = ledger.tip.height.saturating_add(1);
            let find = |id| ledger.state.window.find(institution, id);
            let height = |id| find(id).map_or(0, |found| found.height.unwrap_or(staged_height));
            ids.iter().map(|id| height(id).to_le_bytes()).collect()
        })?;
        Ok(PyBytes::new(py, heights.as_flattened()))
    }

    fn trial_balance<'py>(&self, py: Python<'py>) -> PyResult<SeenTrialBalance<'py>> {
        let (seen, sums) = self.read_long(py, |ledger| (ledger.seen(), ledger.trial_balance()))?;
        let row = |sum: &TrialBalance| {
            Ok((
                sum.asset,
                integer(py, sum.positive_minor)?,
                integer(py, sum.negative_minor)?.neg()?,
                integer(py, sum.pending_in_minor)?,
                integer(py, sum.pending_out_minor)?,
            ))
        };
        let rows: PyResult<Vec<_>> = sums.iter().map(row).collect();
        Ok((seen.height, Bytes32(seen.state_root), rows?))
    }

    fn subroots(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, u64, Bytes32)>> {
        let subroots = self.write(py, |ledger| ledger.state.subroots())?;
        let row = |subroot: Subroot| (subroot.name, subroot.rows, Bytes32(subroot.root));
        Ok(subroots.into_iter().map(row).collect())
    }

    fn block(&self, py: Python<'_>, height: u64) -> PyResult<PyBlock> {
        Ok(PyBlock { block: self.read_block(py, height)? })
    }

    fn proof(&self, py: Python<'_>, height: u64, index: usize) -> PyResult<PyProof> {
        let block = self.read_block(py, height)?;
        PyProof::of(&Arc::new(py.detach(|| Proofs::of(block))?), index)
    }

    fn proofs(&self, py: Python<'_>, height: u64) -> PyResult<Vec<PyProof>> {
        let block = self.read_block(py, height)?;
        let proofs = Arc::new(py.detach(|| Proofs::of(block))?);
        (0..proofs.count()).map(|index| PyProof::of(&proofs, index)).collect()
    }
}

/// Key, institution, purposes, activation and revoked height, sequence, imported_ns.
type KeyRow = (Bytes32, u32, u32, u64, u64, u64, u64);

/// Height and state root of the block that the sums are of.
type SeenTrialBalance<'py> = (u64, Bytes32, Vec<TrialBalanceRow<'py>>);
type TrialBalanceRow<'py> =
    (u32, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Bits of book.Standing.
fn standing(ledger: &Ledger, address: &Address, asset: u32) -> u8 {
    let Some((_, account)) = ledger.state.accounts.find_row(address) else { return 0 };
    let holds = ledger.state.balances.find(&account, asset).is_some();
    let bits = [true, account.is(CLOSED), holds, account.owner().is_some()];
    bits.iter().rev().fold(0, |standing, bit| standing << 1 | u8::from(*bit))
}

fn integer(py: Python<'_>, sum: Sum) -> PyResult<Bound<'_, PyAny>> {
    sum.high.into_pyobject(py)?.lshift(128)?.bitor(sum.low)
}

/// A hash or key as `bytes`: an array of bytes would become a list.
struct Bytes32(Hash);

impl<'py> IntoPyObject<'py> for Bytes32 {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = std::convert::Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyBytes::new(py, &self.0))
    }
}

// --- verification ----------------------------------------------------------------------------

#[pyclass(name = "Verification", module = "clearway_kernel", frozen)]
struct PyVerification {
    found: store::Verification,
}

#[pymethods]
impl PyVerification {
    #[getter]
    fn ok(&self) -> bool {
        self.found.first_bad.is_none()
    }

    #[getter]
    fn height(&self) -> u64 {
        self.found.height
    }

    #[getter]
    fn root<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.found.root)
    }

    #[getter]
    fn first_bad(&self) -> Option<u64> {
        self.found.first_bad.as_ref().map(|(height, _)| *height)
    }

    #[getter]
    fn what(&self) -> &str {
        self.found.first_bad.as_ref().map_or("", |(_, what)| what)
    }

    #[getter]
    fn entries(&self) -> u64 {
        self.found.entries
    }
}

#[pyfunction]
fn verify_log(py: Python<'_>, folder: PathBuf) -> PyResult<PyVerification> {
    let found = py.detach(|| store::verify(&folder))?;
    Ok(PyVerification { found })
}
