//! What is found when a log is verified from its genesis.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::store;

#[pyclass(name = "Verification", module = "clearway_kernel", frozen)]
pub(super) struct PyVerification {
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
pub(super) fn verify_log(py: Python<'_>, folder: PathBuf) -> PyResult<PyVerification> {
    let found = py.detach(|| store::verify(&folder))?;
    Ok(PyVerification { found })
}
