//! The border to Python: the only room that names PyO3. It converts, lets go of the interpreter
//! lock, and calls; python/clearway_kernel/__init__.pyi describes what it offers.

mod blocks;
mod border;
mod crypto;
mod faults;
mod ledger;
mod proofs;
mod rows;
mod shared;
mod terms;
mod verification;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::{
        blocks::{PyBlock, PyStaged},
        crypto::{
            check_path, hash_bytes, hash_each, hash_rows, hmac_each, prf_rows, public_key,
            refusal_codes, seal_envelope, sha256_each, sign, sign_rows, tree_root, verify,
            verify_rows,
        },
        faults::{CorruptLog, DecodeError, LogFault, LogFull},
        proofs::{PyProof, check_proofs},
        rows::{PyAccount, PyEscrow, PyHold, PyMandate, PyPolicy},
        shared::PyLedger,
        terms::{check_policy, check_terms, evaluate_terms},
        verification::{PyVerification, verify_log},
    };
}
