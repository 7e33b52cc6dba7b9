//! `head`: up to which block the log is known to be durable.
//!
//! It is written after the log and synced apart, so that acknowledging a block costs one sync and not
//! two. It may therefore be behind by [`PACE`], never ahead.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::disk::{Disk, File, read_full, write_full};
use crate::hash::{Domain, Hash};

pub const NAME: &str = "head";
const NAME_NEW: &str = "head.new";
const SLOT_BYTES: usize = 64;
const NAMED_BYTES: usize = 48;

/// The longest time for which head stays behind the log.
pub const PACE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub height: u64,
    pub counter: u64,
    pub header_hash: Hash,
}

impl Slot {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut named = [0; NAMED_BYTES];
        let fields = self.height.to_le_bytes().into_iter().chain(self.counter.to_le_bytes());
        for (byte, field) in named.iter_mut().zip(fields.chain(self.header_hash)) {
            *byte = field;
        }
        let check = Domain::Log.hash(&named);
        let mut bytes = [0; SLOT_BYTES];
        for (byte, from) in bytes.iter_mut().zip(named.into_iter().chain(check)) {
            *byte = from;
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (height, rest) = bytes.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let slot = Self {
            height: u64::from_le_bytes(*height),
            counter: u64::from_le_bytes(*counter),
            header_hash: *rest.first_chunk()?,
        };
        (slot.encode() == bytes).then_some(slot)
    }
}

/// Both slots as they are on disk; `None` is one that does not check.
#[derive(Clone, Copy, Debug)]
pub struct Slots(pub [Option<Slot>; 2]);

impl Slots {
    /// A reader without the lock may meet a slot that is being written; a second look settles it.
    pub fn read(file: &dyn File) -> io::Result<Self> {
        let first = Self::read_once(file)?;
        if first.whole() { Ok(first) } else { Self::read_once(file) }
    }

    fn read_once(file: &dyn File) -> io::Result<Self> {
        let mut bytes = [0; 2 * SLOT_BYTES];
        let length = read_full(file, &mut bytes, 0)?;
        let (first, second) = bytes.split_at(SLOT_BYTES);
        let slots = Self([Slot::parse(first), Slot::parse(second)]);
        // Bytes after the slots, or fewer than two, are as wrong as a slot that does not check.
        let exact = length == bytes.len() && file.length()? == crate::width::count(bytes.len());
        Ok(if exact { slots } else { Self([slots.newest(), None]) })
    }

    pub fn newest(&self) -> Option<Slot> {
        self.0.into_iter().flatten().max_by_key(|slot| slot.counter)
    }

    /// One turn for each slot to be written before both check and the newest says `height`.
    pub fn stale(&self, height: u64) -> std::ops::Range<u8> {
        let behind = self.newest().is_none_or(|slot| slot.height != height);
        0..if self.whole() { u8::from(behind) } else { 2 }
    }

    pub fn whole(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }
}

/// Head of a new log: both slots say block 0. Appears whole or not at all.
pub fn create(disk: &dyn Disk, header_hash: Hash) -> io::Result<()> {
    let file = disk.create(NAME_NEW)?;
    let slots = [0, 1].map(|counter| Slot { height: 0, counter, header_hash }.encode());
    write_full(&*file, slots.as_flattened(), 0)?;
    file.sync()?;
    disk.rename(NAME_NEW, NAME)?;
    disk.sync()
}

/// Writes head behind the log's back.
pub struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    file: Arc<dyn File>,
    state: Mutex<State>,
    woken: Condvar,
}

struct State {
    counter: u64,
    /// The newest durable block, as long as head does not say so.
    due: Option<(u64, Hash)>,
    failed: bool,
    closing: bool,
}

impl Keeper {
    /// Without a pace, head is written by [`Keeper::flush`] only: for tests whose every step is chosen.
    pub fn start(file: Arc<dyn File>, slots: &Slots, pace: Option<Duration>) -> Self {
        let counter = slots.newest().map_or(0, |slot| slot.counter);
        let state = State { counter, due: None, failed: false, closing: false };
        let shared = Arc::new(Shared { file, state: Mutex::new(state), woken: Condvar::new() });
        let thread = pace.map(|pace| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.keep(pace))
        });
        Self { shared, thread }
    }

    /// To be called after the log is synced up to this block.
    pub fn note(&self, height: u64, header_hash: Hash) {
        self.shared.lock().due = Some((height, header_hash));
        self.shared.woken.notify_one();
    }

    pub fn failed(&self) -> bool {
        self.shared.lock().failed
    }

    pub fn flush(&self) -> io::Result<()> {
        self.shared.flush()
    }

    /// Ends the thread and writes what is due.
    pub fn close(&mut self) -> io::Result<()> {
        self.shared.lock().closing = true;
        self.shared.woken.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread has no way to panic; if it did, flush below still tells the truth.
            let _ = thread.join();
        }
        self.shared.flush()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; head then stays behind, which it may.
        let _ = self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, pace: Duration) {
        loop {
            let waiting = |state: &mut State| state.due.is_none() && !state.closing;
            let state = self.woken.wait_while(self.lock(), waiting);
            let state = state.unwrap_or_else(PoisonError::into_inner);
            // Blocks that follow within the pace share one write.
            let rest = self.woken.wait_timeout_while(state, pace, |state| !state.closing);
            let closing = rest.unwrap_or_else(PoisonError::into_inner).0.closing;
            if closing || self.flush().is_err() {
                return;
            }
        }
    }

    /// After a failed write or sync the file's state is unknown, and a second sync may answer "done"
    /// for what is lost. So there is no second one.
    fn flush(&self) -> io::Result<()> {
        let slot = {
            let mut state = self.lock();
            if state.failed {
                return Err(io::Error::other("head could not be written before"));
            }
            let Some((height, header_hash)) = state.due.take() else { return Ok(()) };
            state.counter = state.counter.saturating_add(1);
            Slot { height, counter: state.counter, header_hash }
        };
        let offset = if slot.counter.is_multiple_of(2) { 0 } else { SLOT_BYTES };
        let written = write_full(&*self.file, &slot.encode(), crate::width::count(offset))
            .and_then(|()| self.file.sync());
        self.lock().failed |= written.is_err();
        written
    }
}
