//! What can go wrong below, as Python's exceptions.

use std::io::{self, ErrorKind};

use pyo3::create_exception;
use pyo3::exceptions::{
    PyException, PyFileExistsError, PyFileNotFoundError, PyIndexError, PyOSError, PyRuntimeError,
    PyValueError,
};
use pyo3::prelude::*;

use crate::codec::DecodeError as Undecodable;
use crate::history::Fault;
use crate::ledger::{CommitError, CreateError, StageError};
use crate::policy::BadPolicy;
use crate::store::SnapshotError;
use crate::terms::BadTerms;

create_exception!(clearway_kernel, DecodeError, PyValueError, "Bytes that do not decode.");
create_exception!(
    clearway_kernel,
    CorruptLog,
    PyException,
    "The log is not what was acknowledged; `height` and `what` say where."
);
create_exception!(clearway_kernel, LogFault, PyOSError, "The disk failed.");
create_exception!(clearway_kernel, LogFull, LogFault, "There is no room for the block.");

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

impl From<BadTerms> for PyErr {
    fn from(error: BadTerms) -> Self {
        PyValueError::new_err(error.0)
    }
}

impl From<BadPolicy> for PyErr {
    fn from(error: BadPolicy) -> Self {
        PyValueError::new_err(error.0)
    }
}

fn stopped() -> PyErr {
    LogFault::new_err("a block could not be written; the ledger must be opened again")
}

pub(super) fn doubtful() -> PyErr {
    PyRuntimeError::new_err("the ledger met a bug before, and its book is in doubt")
}

pub(super) fn no_entry(index: usize) -> PyErr {
    PyIndexError::new_err(format!("the block has no entry {index}"))
}

pub(super) fn no_block(height: u64) -> PyErr {
    PyIndexError::new_err(format!("there is no block {height}"))
}
