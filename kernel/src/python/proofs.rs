//! Proofs that an entry and its result stand in a block.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::border::Buffer;
use super::faults::no_entry;
use crate::proof::{Claim, Proof, Proofs, check_claims};

#[pyclass(name = "Proof", module = "clearway_kernel", frozen)]
pub(super) struct PyProof {
    proofs: Arc<Proofs>,
    index: usize,
    proof: Proof,
}

impl PyProof {
    pub(super) fn of(proofs: &Arc<Proofs>, index: usize) -> PyResult<Self> {
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
pub(super) struct Parts {
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
pub(super) fn check_proofs<'py>(
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
