//! A chain in a folder: made, opened again, restored from a snapshot, verified.
//!
//! Read `open` for what survives a crash, and `verify` for what an auditor runs.

mod replay;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::block::Block;
use crate::codec::Header;
use crate::disk::{Disk, Folder, Lock};
use crate::hash::Hash;
use crate::head;
use crate::history::{Fault, History, read_block};
use crate::image::NoImage;
use crate::ledger::{CreateError, Ledger, Trust, apply_block_zero};
use crate::log::{self, Log, LogReader};
use crate::snapshot;
use crate::state::State;
use replay::Replay;

// --- make and open -----------------------------------------------------------------------------

/// A new chain in a folder, which is made when it is missing. A genesis that is refused leaves nothing.
pub fn create(path: &Path, time_ns: u64, genesis: &[u8]) -> Result<Ledger, CreateError> {
    let (state, block) = apply_block_zero(time_ns, genesis)?;
    let history = create_history(path, &block).map_err(CreateError::History)?;
    Ok(Ledger::at(state, &block, history))
}

fn create_history(path: &Path, block: &Block) -> Result<History, Fault> {
    fs::create_dir_all(path)?;
    // The parent of a relative name of one part is "", which nothing opens.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    let (folder, lock) = Folder::lock(path)?;
    start_history(Arc::new(folder), Some(lock), Some(head::PACE), block)
}

fn start_history(
    disk: Arc<dyn Disk>,
    lock: Option<Lock>,
    pace: Option<Duration>,
    block: &Block,
) -> Result<History, Fault> {
    let log =
        block.with_payload(|parts| Log::create(Arc::clone(&disk), parts, block.hash, pace))?;
    Ok(History::Folder { disk, log: Box::new(log), lock })
}

/// As [`create`], on any disk; without a pace head is written when asked.
pub fn create_on(
    disk: Arc<dyn Disk>,
    pace: Option<Duration>,
    time_ns: u64,
    genesis: &[u8],
) -> Result<Ledger, CreateError> {
    let (state, block) = apply_block_zero(time_ns, genesis)?;
    let history = start_history(disk, None, pace, &block).map_err(CreateError::History)?;
    Ok(Ledger::at(state, &block, history))
}

/// A ledger, and the height of the snapshot that it started from.
pub struct Opened {
    pub ledger: Ledger,
    pub snapshot_height: u64,
}

/// Recovers from the newest snapshot that checks and the blocks after it.
pub fn open(path: &Path) -> Result<Opened, Fault> {
    let (folder, lock) = Folder::lock(path)?;
    open_on(Arc::new(folder), Some(lock), Some(head::PACE))
}

/// As [`open`], on any disk; without a pace head is written when asked.
pub fn open_on(
    disk: Arc<dyn Disk>,
    lock: Option<Lock>,
    pace: Option<Duration>,
) -> Result<Opened, Fault> {
    let (log, mut opened) = recover(&disk, pace)?;
    opened.ledger.history = History::Folder { disk, log: Box::new(log), lock };
    Ok(opened)
}

fn recover(disk: &Arc<dyn Disk>, pace: Option<Duration>) -> Result<(Log, Opened), Fault> {
    for height in snapshot::heights(&**disk)? {
        // One that does not check, or that the log contradicts, costs time and nothing else.
        let mut replay = Replay::from_snapshot(&**disk, height, Trust::Finality);
        let recovered = recover_with(disk, pace, height, &mut replay);
        if !replay.is_in_doubt() {
            return recovered;
        }
    }
    recover_with(disk, pace, 0, &mut Replay::from_genesis(Trust::Finality))
}

fn recover_with(
    disk: &Arc<dyn Disk>,
    pace: Option<Duration>,
    snapshot_height: u64,
    replay: &mut Replay<'_>,
) -> Result<(Log, Opened), Fault> {
    if pace.is_none() {
        // Tests choose every step: one file is read after the other.
        replay.load()?;
    }
    let scan = replay.read_ahead(|visit| log::scan_from(&**disk, snapshot_height, visit))?;
    // Nothing on the disk has changed so far.
    let log = Log::go_on(Arc::clone(disk), pace, scan)?;
    let ledger = replay.take_ledger().expect("invariant: a log that is read makes a ledger");
    Ok((log, Opened { ledger, snapshot_height }))
}

// --- snapshots ---------------------------------------------------------------------------------

#[derive(Debug)]
pub enum SnapshotError {
    /// A ledger in memory has no folder to write to.
    NoFolder,
    /// The state holds a block that is not committed.
    BlockStaged,
    /// The ledger was closed meanwhile.
    Ended,
    /// The snapshot does not check, or is not of the chain in its folder.
    Differs(String),
    History(Fault),
}

impl From<Fault> for SnapshotError {
    fn from(fault: Fault) -> Self {
        Self::History(fault)
    }
}

/// Gives the pieces of an image, as [`State::piece`].
pub type Pieces<'a> = dyn FnMut(&mut Vec<u8>) -> Result<Option<&'static str>, NoImage> + 'a;

/// Writes the committed state into the ledger's folder, and returns its height.
pub fn save_snapshot(ledger: &mut Ledger) -> Result<u64, SnapshotError> {
    let reader = ledger.history.reader().ok_or(SnapshotError::NoFolder)?;
    ledger.want_image();
    let saved = match ledger.image_height() {
        Some(height) => write_snapshot(&reader, height, &mut |rows| ledger.state.piece(rows)),
        None => Err(SnapshotError::BlockStaged),
    };
    ledger.end_image();
    saved
}

/// Writes an image of the block of this height, which is durable, beside its log. Whoever gives the
/// pieces may take a lock for each; none is held while they are written.
pub fn write_snapshot(
    reader: &LogReader,
    height: u64,
    pieces: &mut Pieces<'_>,
) -> Result<u64, SnapshotError> {
    let block = read_block(reader, height)?
        .ok_or_else(|| Fault::Corrupt { height, what: "the record is missing".to_owned() })?;
    let (mut rows, mut is_ended) = (Vec::new(), false);
    let written = snapshot::write(reader.disk(), height, &block.header.write(), &mut |sink| {
        while let Some(table) = pieces(&mut rows).map_err(|NoImage| {
            is_ended = true;
            io::Error::other("the image was ended")
        })? {
            sink(table, &rows)?;
        }
        Ok(())
    });
    match written {
        Err(_) if is_ended => Err(SnapshotError::Ended),
        Err(error) => Err(Fault::Disk(error).into()),
        Ok(()) => Ok(height),
    }
}

/// The state of a snapshot and the header that it belongs to; the header's state root is the rows'.
fn load_snapshot(disk: &dyn Disk, name: &str) -> Result<(State, Header), SnapshotError> {
    let differs = |what: &str| SnapshotError::Differs(what.to_owned());
    let mut reader = snapshot::Reader::open(disk, name).map_err(Fault::Disk)?;
    let imported = State::import(&mut reader);
    let header = reader.finish().map_err(|what| differs(&what))?;
    let header = Header::read(&header).map_err(|error| differs(&error.to_string()))?;
    let mut state = imported.map_err(|what| differs(&what))?;
    if state.root() == header.state_root {
        Ok((state, header))
    } else {
        Err(differs("state root differs"))
    }
}

/// A ledger in memory at the snapshot's height. `name` is a file of the folder, whose log must have a
/// block with the snapshot's header.
pub fn restore(path: &Path, name: &str) -> Result<Ledger, SnapshotError> {
    let disk = Folder::read(path);
    let (state, header) = load_snapshot(&disk, name)?;
    let height = header.height;
    let mut replay = Replay::from_state(state, header, Trust::Nothing);
    let mut found = None;
    let scanned = log::scan(&disk, &mut |at, payload| {
        if at <= height {
            replay.take(at, payload)?;
        }
        if at == height {
            found = replay.take_ledger();
        }
        Ok(())
    });
    match (found, scanned) {
        (Some(ledger), Ok(_)) => Ok(ledger),
        _ if replay.is_in_doubt() => {
            Err(SnapshotError::Differs("the log has another block at this height".to_owned()))
        }
        (None, Ok(_)) => Err(SnapshotError::Differs("the log ends before the snapshot".to_owned())),
        (_, Err(fault)) => Err(fault.into()),
    }
}

// --- verification ------------------------------------------------------------------------------

#[derive(Debug, PartialEq, Eq)]
pub struct Verification {
    /// The last good block.
    pub height: u64,
    pub root: Hash,
    /// Entries of the good blocks.
    pub entries: u64,
    /// The first block that is not good, and what differs.
    pub first_bad: Option<(u64, String)>,
}

/// Recomputes the chain from genesis: every checksum, hash, signature, result and root. Snapshots have
/// no say in it.
pub fn verify(path: &Path) -> Result<Verification, Fault> {
    let mut replay = Replay::from_genesis(Trust::Nothing);
    let scanned = replay.read_ahead(|visit| log::scan(&Folder::read(path), visit));
    let entries = replay.entries;
    let (height, root) = replay
        .take_ledger()
        .map_or((0, [0; 32]), |ledger| (ledger.tip.height, ledger.tip.state_root));
    let first_bad = match scanned {
        Ok(scan) if scan.slots.whole() => None,
        Ok(_) => Some((height, "a slot of head differs".to_owned())),
        Err(Fault::Corrupt { height, what }) => Some((height, what)),
        Err(fault) => return Err(fault),
    };
    Ok(Verification { height, root, entries, first_bad })
}

#[cfg(test)]
mod tests;
