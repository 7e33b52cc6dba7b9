//! The history: where committed blocks are kept, and read back from.

use crate::block::Block;

/// Why a block cannot be kept or read.
#[derive(Debug)]
pub enum Fault {
    Disk(std::io::Error),
    /// What was kept is not what comes back.
    Corrupt { height: u64, what: String },
}

pub enum History {
    /// By height; for tests and for ledgers that replay another one's blocks.
    Memory(Vec<Block>),
}

impl History {
    pub fn append(&mut self, block: &Block) -> Result<(), Fault> {
        match self {
            Self::Memory(blocks) => {
                blocks.push(block.clone());
                Ok(())
            }
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
        }
    }
}
