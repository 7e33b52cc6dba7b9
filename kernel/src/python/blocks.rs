//! Blocks: staged ones, which know what their phases took, and durable ones.

use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::faults::no_entry;
use crate::block::{Block, Records};
use crate::codec::HEADER_BYTES;
use crate::ledger::Phase;

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
pub(super) struct PyStaged {
    pub(super) block: Block,
    pub(super) clock: PhaseClock,
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
pub(super) struct PyBlock {
    pub(super) block: Block,
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

/// Times the phases of a stage. It stands here because the core knows no clock.
pub(super) struct PhaseClock {
    last: Instant,
    signatures_ns: u64,
    apply_ns: u64,
    roots_ns: u64,
}

impl PhaseClock {
    #[allow(clippy::disallowed_methods, reason = "measures, and decides nothing")]
    pub(super) fn start() -> Self {
        Self { last: Instant::now(), signatures_ns: 0, apply_ns: 0, roots_ns: 0 }
    }

    #[allow(clippy::disallowed_methods, reason = "measures, and decides nothing")]
    pub(super) fn mark(&mut self, phase: Phase) {
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
