//! Bytes as they cross the border, and work that lets other Python threads run meanwhile.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::hash::Hash;
use crate::ledger::Sum;

/// Bytes of any buffer: `bytes` as they are, anything else by one copy.
pub(super) struct Buffer(PyBackedBytes);

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
    pub(super) fn array<const N: usize>(&self, what: &str) -> PyResult<[u8; N]> {
        <[u8; N]>::try_from(&**self)
            .map_err(|_| PyValueError::new_err(format!("{what} has {} bytes, not {N}", self.len())))
    }

    pub(super) fn rows<const N: usize>(&self, what: &str) -> PyResult<&[[u8; N]]> {
        match self.as_chunks() {
            (rows, []) => Ok(rows),
            _ => Err(PyValueError::new_err(format!("{what} is not rows of {N} bytes"))),
        }
    }
}

/// A hash or key as `bytes`: an array of bytes would become a list.
pub(super) struct Bytes32(pub(super) Hash);

impl<'py> IntoPyObject<'py> for Bytes32 {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = std::convert::Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyBytes::new(py, &self.0))
    }
}

pub(super) fn integer(py: Python<'_>, sum: Sum) -> PyResult<Bound<'_, PyAny>> {
    sum.high.into_pyobject(py)?.lshift(128)?.bitor(sum.low)
}

/// Taking the interpreter lock back can cost more than hashing so much.
pub(super) const SHORT_BYTES: usize = 16 * 1024;

/// Lets other Python threads run meanwhile, when it is worth their while.
pub(super) fn detach_if_long<T: Send>(
    py: Python<'_>,
    bytes: usize,
    work: impl FnOnce() -> T + Send,
) -> T {
    if bytes <= SHORT_BYTES { work() } else { py.detach(work) }
}
