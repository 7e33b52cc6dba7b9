//! The history: where committed blocks are kept, and read back from.

use std::sync::Arc;

use crate::block::Block;
use crate::disk::{Disk, Lock};
pub use crate::log::Fault;
use crate::log::{Log, LogReader};

pub enum History {
    /// By height; for tests and for ledgers that replay another one's blocks.
    Memory(Vec<Block>),
    Folder {
        disk: Arc<dyn Disk>,
        log: Box<Log>,
        /// Last, so that it is let go when everything is written. A disk that is no folder has none.
        lock: Option<Lock>,
    },
    /// Nothing is kept any more: the folder belongs to somebody else.
    Closed,
}

impl History {
    pub fn append(&mut self, block: &Block) -> Result<(), Fault> {
        match self {
            Self::Memory(blocks) => {
                blocks.push(block.clone());
                Ok(())
            }
            Self::Folder { log, .. } => {
                block.with_payload(|parts| log.append(block.header.height, parts, block.hash))
            }
            Self::Closed => Err(std::io::Error::other("the ledger is closed").into()),
        }
    }

    /// None when there is no such block.
    pub fn read(&self, height: u64) -> Result<Option<Block>, Fault> {
        match self {
            Self::Memory(blocks) => {
                // A restored ledger starts above 0.
                let first = blocks.first().map_or(0, |block| block.header.height);
                let position = height.checked_sub(first).and_then(|at| usize::try_from(at).ok());
                Ok(position.and_then(|at| blocks.get(at)).cloned())
            }
            Self::Folder { log, .. } => read_block(&log.reader(), height),
            Self::Closed => Ok(None),
        }
    }

    /// For readers that do not wait for the writer.
    pub fn reader(&self) -> Option<LogReader> {
        match self {
            Self::Folder { log, .. } => Some(log.reader()),
            Self::Memory(_) | Self::Closed => None,
        }
    }

    /// Writes head and lets go of the folder.
    pub fn close(&mut self) -> Result<(), Fault> {
        match std::mem::replace(self, Self::Closed) {
            Self::Folder { log, lock, .. } => {
                let closed = log.close();
                drop(lock);
                closed
            }
            Self::Memory(_) | Self::Closed => Ok(()),
        }
    }
}

pub fn read_block(reader: &LogReader, height: u64) -> Result<Option<Block>, Fault> {
    let Some(payload) = reader.read(height)? else {
        return Ok(None);
    };
    let block = Block::decode_payload(&payload)
        .map_err(|error| Fault::Corrupt { height, what: error.to_string() })?;
    Ok(Some(block))
}
