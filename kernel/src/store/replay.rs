//! Blocks of a log, applied in memory as they come, or a little behind.

use std::panic;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::{SnapshotError, load_snapshot};
use crate::block::Block;
use crate::codec::Header;
use crate::disk::Disk;
use crate::history::{Fault, History};
use crate::ledger::{Ledger, Recorded, Trust, apply_block_zero};
use crate::log::Visit;
use crate::snapshot;
use crate::state::State;

/// Blocks that were read and wait to be applied: a few megabytes each.
const BLOCKS_AHEAD: usize = 4;

/// Makes the state to start from.
type Load<'a> = Box<dyn FnOnce() -> Result<(State, Header), SnapshotError> + Send + 'a>;

pub struct Replay<'a> {
    trust: Trust,
    /// The height of the state to start from. What comes below it is looked at by nobody here.
    first: u64,
    load: Option<Load<'a>>,
    /// The state to start from; without it, block 0 makes one.
    start: Option<(State, Header)>,
    ledger: Option<Ledger>,
    is_from_snapshot: bool,
    is_in_doubt: bool,
    /// Of the blocks that were applied.
    pub entries: u64,
}

impl<'a> Replay<'a> {
    pub fn from_genesis(trust: Trust) -> Self {
        Self {
            trust,
            first: 0,
            load: None,
            start: None,
            ledger: None,
            is_from_snapshot: false,
            is_in_doubt: false,
            entries: 0,
        }
    }

    pub fn from_state(state: State, header: Header, trust: Trust) -> Self {
        let first = header.height;
        Self { first, start: Some((state, header)), ..Self::from_genesis(trust) }
    }

    pub fn from_snapshot(disk: &'a dyn Disk, height: u64, trust: Trust) -> Self {
        let load: Load = Box::new(move || load_snapshot(disk, &snapshot::name(height)));
        Self { first: height, load: Some(load), ..Self::from_genesis(trust) }
    }

    /// Reads the snapshot, unless that is done.
    pub fn load(&mut self) -> Result<(), Fault> {
        let Some(load) = self.load.take() else { return Ok(()) };
        self.start = load().ok();
        self.is_in_doubt = self.start.is_none();
        let what = "the snapshot does not check";
        if self.is_in_doubt { Err(corrupt(self.first, what)) } else { Ok(()) }
    }

    /// The snapshot does not check, or is not of this log, or a block after it came out otherwise: not
    /// all that a snapshot holds is under its state root.
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    pub fn take_ledger(&mut self) -> Option<Ledger> {
        self.ledger.take()
    }

    /// Reads a log on this thread, and on another the snapshot, and applies the blocks. The first fault is the one that is
    /// told, as if each block were applied before the next is read.
    pub fn read_ahead<T>(
        &mut self,
        read: impl FnOnce(&mut Visit) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let first = self.first;
        let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
        thread::scope(|scope| {
            let applying = scope.spawn(move || self.apply_all(&receiver));
            let read = read(&mut |height, payload| {
                if height < first {
                    return Ok(());
                }
                // Nobody takes any more after a fault, which is told below instead of this one.
                let recorded = decode(height, payload)?;
                sender
                    .send((height, recorded))
                    .map_err(|_| corrupt(height, "a block before it differs"))
            });
            drop(sender);
            let applied = applying.join().unwrap_or_else(|bug| panic::resume_unwind(bug));
            applied.and(read)
        })
    }

    fn apply_all(&mut self, blocks: &Receiver<(u64, Recorded)>) -> Result<(), Fault> {
        self.load()?;
        blocks.iter().try_for_each(|(height, recorded)| self.apply(height, &recorded))
    }

    /// One block of the log.
    pub fn take(&mut self, height: u64, payload: &[u8]) -> Result<(), Fault> {
        if height < self.first {
            return Ok(());
        }
        self.apply(height, &decode(height, payload)?)
    }

    /// height: the record's, which is told; the header may name another.
    fn apply(&mut self, height: u64, recorded: &Recorded) -> Result<(), Fault> {
        self.apply_block(recorded).map_err(|what| corrupt(height, &what))?;
        self.entries = self.entries.saturating_add(u64::from(recorded.block.header.count));
        Ok(())
    }

    fn apply_block(&mut self, recorded: &Recorded) -> Result<(), String> {
        if let Some(ledger) = &mut self.ledger {
            let replayed = ledger.replay(recorded, self.trust);
            self.is_in_doubt = self.is_from_snapshot && replayed.is_err();
            return replayed;
        }
        let block = &recorded.block;
        let Some((state, header)) = self.start.take() else {
            self.ledger = Some(replay_block_zero(block)?);
            return Ok(());
        };
        if header != block.header {
            self.is_in_doubt = true;
            return Err("header differs".to_owned());
        }
        self.is_from_snapshot = true;
        self.ledger = Some(Ledger::at(state, block, History::Memory(Vec::new())));
        Ok(())
    }
}

fn decode(height: u64, payload: &[u8]) -> Result<Recorded, Fault> {
    Block::decode_payload(payload)
        .and_then(Recorded::of)
        .map_err(|error| corrupt(height, &error.to_string()))
}

fn corrupt(height: u64, what: &str) -> Fault {
    Fault::Corrupt { height, what: what.to_owned() }
}

fn replay_block_zero(recorded: &Block) -> Result<Ledger, String> {
    let (state, block) = apply_block_zero(recorded.header.time_ns, &recorded.body.entries)
        .map_err(|error| format!("genesis cannot be applied: {error:?}"))?;
    if block.header.state_root != recorded.header.state_root {
        return Err("state root differs".to_owned());
    }
    if block.header != recorded.header {
        return Err("header differs".to_owned());
    }
    if block.body.results != recorded.body.results {
        return Err("results differ".to_owned());
    }
    if !recorded.finality.is_empty() {
        return Err("finality of block 0 is not empty".to_owned());
    }
    Ok(Ledger::at(state, &block, History::Memory(Vec::new())))
}
