//! Conditions and policies, checked and evaluated outside of any ledger.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::border::Buffer;
use crate::policy::Policy;
use crate::terms::{Release, Terms, Witnesses, evaluate, witness};

#[pyfunction]
pub(super) fn check_terms(terms: Buffer) -> PyResult<()> {
    Terms::parse(terms.rows("terms")?)?;
    Ok(())
}

#[pyfunction]
#[pyo3(signature = (terms, witnesses, *, chain_id, institution, id, opened_ns, payer, payee, escrow_minor, released_minor, now_ns, asked_by, names_terms, to, to_category, amount_minor))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python, where they have names")]
pub(super) fn evaluate_terms(
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

#[pyfunction]
pub(super) fn check_policy(units: Buffer) -> PyResult<()> {
    Policy::parse(units.rows("units")?)?;
    Ok(())
}
