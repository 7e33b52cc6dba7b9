//! The ledger as Python's threads share it: who waits for whom.
//!
//! A lock inside keeps readers of other threads waiting while a block is applied, not while its
//! signatures are checked or it is written; it is only ever taken without the interpreter lock, so
//! that the two cannot wait for each other (a lock that is free at once makes nobody wait).

use std::sync::{Mutex, RwLock};
use std::time::Duration;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::blocks::{PhaseClock, PyStaged};
use super::border::{Buffer, SHORT_BYTES};
use super::faults::{doubtful, no_block};
use crate::account::Accounts;
use crate::block::Block;
use crate::history::{History, read_block};
use crate::image::NoImage;
use crate::ledger::{CommitError, Joined, Ledger, Prepared};
use crate::log::LogReader;
use crate::store::{self, SnapshotError};

/// How long a snapshot waits for a block to be durable: two seconds.
const IMAGE_WAITS_MAX: u32 = 2_000;
const IMAGE_WAIT: Duration = Duration::from_millis(1);

#[pyclass(name = "Ledger", module = "clearway_kernel", frozen)]
pub(super) struct PyLedger {
    pub(super) ledger: RwLock<Ledger>,
    /// Held through a whole stage, whose longest parts only read and leave readers alone.
    pub(super) stager: Mutex<()>,
    /// Held while a block is written; taken after the stager where both are.
    pub(super) writer: Mutex<()>,
    /// Held while a snapshot is written, and taken before the others; whether the folder is ours.
    pub(super) snapshotter: Mutex<bool>,
    /// The block that waits to be written, and what it is written to: so that the writer need not
    /// wait for the ledger while the next block is staged on it. Taken last.
    pub(super) handed_over: Mutex<Option<(Block, History)>>,
    /// Reads blocks from the folder without waiting for one that is being written.
    pub(super) reader: Option<LogReader>,
    pub(super) snapshot_height: u64,
}

impl PyLedger {
    pub(super) fn of(ledger: Ledger, snapshot_height: u64) -> Self {
        let reader = ledger.history.reader();
        let (stager, writer, snapshotter) = (Mutex::new(()), Mutex::new(()), Mutex::new(true));
        let (ledger, handed_over) = (RwLock::new(ledger), Mutex::new(None));
        Self { ledger, stager, writer, snapshotter, handed_over, reader, snapshot_height }
    }

    pub(super) fn read<T: Send>(
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
    pub(super) fn read_long<T: Send>(
        &self,
        py: Python<'_>,
        query: impl FnOnce(&Ledger) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| Ok(query(&*self.ledger.read().map_err(|_| doubtful())?)))
    }

    pub(super) fn read_rows<T: Send>(
        &self,
        py: Python<'_>,
        bytes: usize,
        query: impl FnOnce(&Ledger) -> T + Send,
    ) -> PyResult<T> {
        if bytes <= SHORT_BYTES { self.read(py, query) } else { self.read_long(py, query) }
    }

    /// What `of` says of each of these accounts; IndexError: one of them is not there.
    pub(super) fn of_accounts<'py>(
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

    pub(super) fn write<T: Send>(
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
    pub(super) fn stage_and(
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
    pub(super) fn write_block(&self) -> PyResult<()> {
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

    pub(super) fn hand_block_over(&self, finality: &[u8]) -> PyResult<()> {
        let mut ledger = self.ledger.write().map_err(|_| doubtful())?;
        ledger.hand_over(finality)?;
        if self.reader.is_some() {
            let waiting = ledger.begin_write()?;
            *self.handed_over.lock().map_err(|_| doubtful())? = Some(waiting);
        }
        Ok(())
    }

    /// Blocks go on while the snapshot is written; they wait for one piece of it at most.
    pub(super) fn save_snapshot(&self) -> PyResult<u64> {
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
    pub(super) fn image_height(&self) -> PyResult<u64> {
        for _ in 0..IMAGE_WAITS_MAX {
            let height = self.ledger.read().map_err(|_| doubtful())?.image_height();
            if let Some(height) = height {
                return Ok(height);
            }
            std::thread::sleep(IMAGE_WAIT);
        }
        Err(SnapshotError::BlockStaged.into())
    }

    pub(super) fn read_block(&self, py: Python<'_>, height: u64) -> PyResult<Block> {
        let block = match &self.reader {
            Some(reader) => py.detach(|| read_block(reader, height)),
            None => self.read_long(py, |ledger| ledger.history.read(height))?,
        };
        block?.ok_or_else(|| no_block(height))
    }
}
