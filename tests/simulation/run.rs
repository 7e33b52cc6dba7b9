//! One seeded schedule: blocks, reads, snapshots and restarts on a disk that fails, crashes and lies.

use std::sync::Arc;

use _native::history::{Fault, History};
use _native::ledger::{CommitError, Ledger};
use _native::snapshot;
use _native::store::{self, SnapshotError};

use crate::chain;
use crate::faulty::{Dice, Faults, Faulty, Lie};
use crate::model::{Files, Kept, Model, Verdict};

const STEPS_MAX: usize = 24;

/// What schedules met, to show that they meet what they are for.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub blocks: u64,
    pub openings: u64,
    pub crashes: u64,
    pub disk_faults: u64,
    pub full: u64,
    pub lies: u64,
    pub corruptions: u64,
    pub cuts: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.blocks += other.blocks;
        self.openings += other.openings;
        self.crashes += other.crashes;
        self.disk_faults += other.disk_faults;
        self.full += other.full;
        self.lies += other.lies;
        self.corruptions += other.corruptions;
        self.cuts += other.cuts;
    }
}

pub struct Run {
    dice: Dice,
    disk: Faulty,
    model: Model,
    tally: Tally,
    /// In every second schedule; in the others nothing may ever be lost.
    may_lie: bool,
    /// The disk has put something where it does not belong.
    is_misplaced: bool,
    is_told: bool,
}

/// Panics at the first thing that must not be. `is_told` prints every step.
pub fn play(seed: u64, is_told: bool) -> Tally {
    let mut dice = Dice(seed);
    let disk = Faulty::default();
    disk.seed(seed ^ 0x5eed);
    let segment_bytes_max = [900, 4_000, 1 << 20][dice.roll(3)];
    let made = store::create_on(Arc::new(disk.clone()), None, chain::START_NS, &chain::genesis());
    let ledger = made.unwrap_or_else(|_| panic!("no chain"));
    let genesis = ledger.history.read(0).unwrap().unwrap();
    let model = Model {
        kept: vec![Kept::of(&genesis, &[])],
        doubtful: None,
        snapshots: Files::new(),
        segment_bytes_max,
    };
    let (tally, may_lie, is_misplaced) = (Tally::default(), seed % 2 == 1, false);
    let mut run = Run { dice, disk, model, tally, may_lie, is_misplaced, is_told };
    let mut ledger = Some(run.ready(ledger));
    for _ in 0..STEPS_MAX {
        ledger = ledger.take().and_then(|ledger| run.step(ledger));
        if ledger.is_none() {
            return run.tally;
        }
    }
    drop(ledger.take().and_then(|ledger| run.restart(ledger)));
    run.tally
}

impl Run {
    fn tell(&self, what: impl Fn() -> String) {
        if self.is_told {
            println!("{:>3} {}", self.model.height(), what());
        }
    }

    fn ready(&self, mut ledger: Ledger) -> Ledger {
        if let History::Folder { log, .. } = &mut ledger.history {
            log.segment_bytes_max = self.model.segment_bytes_max;
        }
        ledger
    }

    /// None when corruption was found: what a node does then is not start.
    fn step(&mut self, ledger: Ledger) -> Option<Ledger> {
        let ledger = match self.dice.roll(16) {
            0..9 => return self.append(ledger),
            9 => self.sync_head(ledger),
            10 => self.snapshot(ledger),
            11 => self.read(ledger),
            12 if self.may_lie => self.lie(ledger),
            13 if self.may_lie => self.rot(ledger),
            _ => return self.restart(ledger),
        };
        Some(ledger)
    }

    // --- steps, each with what may go wrong in it -----------------------------------------------

    fn append(&mut self, mut ledger: Ledger) -> Option<Ledger> {
        let block = chain::stage(&mut ledger, &mut self.dice);
        let kept = Kept::of(&block, &chain::finality(&block));
        let faults = self.faults(kept.record.len());
        self.tell(|| format!("block of {} bytes, {}", kept.record.len(), told(&faults)));
        self.disk.set(faults);
        let committed = chain::commit(&mut ledger, &block);
        self.tell(|| if committed.is_ok() { "done".to_owned() } else { "failed".to_owned() });
        match committed {
            Ok(()) => self.acknowledge(kept),
            Err(CommitError::History(Fault::Full(_))) => {
                self.tally.full += 1;
                self.disk.set(Faults::default());
                ledger.discard();
                // There is room again, and the log goes on.
                let block = chain::stage(&mut ledger, &mut self.dice);
                chain::commit(&mut ledger, &block).expect("a log with room goes on");
                self.acknowledge(Kept::of(&block, &chain::finality(&block)));
            }
            Err(CommitError::History(Fault::Disk(_))) => {
                self.tally.disk_faults += 1;
                self.model.doubtful = Some(kept);
                self.disk.set(Faults::default());
                ledger.discard();
                assert!(
                    ledger.stage(u64::MAX, &[], &mut |_| {}).is_err(),
                    "a ledger whose log failed takes another block"
                );
                return self.restart(ledger);
            }
            Err(error) => panic!("the block is refused: {error:?}"),
        }
        self.disk.set(Faults { bytes_at_once: faults.bytes_at_once, ..Faults::default() });
        Some(ledger)
    }

    fn acknowledge(&mut self, kept: Kept) {
        self.tally.blocks += 1;
        self.model.kept.push(kept);
    }

    fn faults(&mut self, bytes: usize) -> Faults {
        let none = Faults::default();
        match self.dice.roll(10) {
            0 => Faults { syncs_left: Some(self.dice.roll(2) as u64), ..none },
            1 => Faults { operations_left: Some(self.dice.roll(4) as u64), ..none },
            2 => Faults { bytes_left: Some(self.dice.roll(bytes + 1) as u64), ..none },
            3 => Faults { bytes_at_once: Some(1 + self.dice.roll(700)), ..none },
            _ => none,
        }
    }

    fn sync_head(&mut self, ledger: Ledger) -> Ledger {
        self.tell(|| "head is written".to_owned());
        if let History::Folder { log, .. } = &ledger.history {
            log.sync_head().expect("no fault is set");
        }
        ledger
    }

    /// One that fails does no harm.
    fn snapshot(&mut self, mut ledger: Ledger) -> Ledger {
        let (is_full, bytes) = (self.dice.roll(3) == 0, self.dice.roll(4_000) as u64);
        self.disk.set(Faults { bytes_left: is_full.then_some(bytes), ..Faults::default() });
        let saved = store::save_snapshot(&mut ledger);
        self.tell(|| format!("snapshot {saved:?}"));
        self.disk.set(Faults::default());
        match saved {
            Ok(height) => {
                assert_eq!(height, self.model.height());
                let name = snapshot::name(height);
                let bytes = self.disk.contents().remove(&name).expect("a snapshot is there");
                self.model.snapshots.insert(name, bytes);
            }
            Err(SnapshotError::History(Fault::Corrupt { height, .. })) => {
                assert!(self.model.is_damaged(&self.disk.contents(), height));
            }
            Err(error) => assert!(is_full, "{error:?}"),
        }
        ledger
    }

    fn read(&mut self, ledger: Ledger) -> Ledger {
        let height = self.dice.roll(self.model.kept.len()) as u64;
        self.tell(|| format!("read {height}"));
        self.check_block(&ledger, height);
        ledger
    }

    fn lie(&mut self, ledger: Ledger) -> Ledger {
        let lie = [Lie::Lost, Lie::Misplaced][self.dice.roll(2)];
        self.tell(|| format!("the next sync is a lie: {lie:?}"));
        self.tally.lies += 1;
        self.is_misplaced |= matches!(lie, Lie::Misplaced);
        self.disk.lie(lie);
        ledger
    }

    fn rot(&mut self, ledger: Ledger) -> Ledger {
        self.disk.evict();
        // A third of the times, so that other faults have their turn.
        if self.dice.roll(3) == 0 && self.disk.flip() {
            self.tell(|| "a bit goes over".to_owned());
            self.tally.lies += 1;
        }
        // What was dropped from the page cache shows what the disk holds.
        (0..=self.model.height()).for_each(|height| self.check_block(&ledger, height));
        ledger
    }

    // --- restarts -------------------------------------------------------------------------------

    fn restart(&mut self, mut ledger: Ledger) -> Option<Ledger> {
        if self.dice.roll(3) == 0 {
            self.tell(|| "closed".to_owned());
            // After a fault it may not close well, which is no harm.
            let _ = ledger.history.close();
            drop(ledger);
        } else {
            self.kill(ledger);
        }
        if self.dice.roll(3) > 0 {
            self.crash();
        }
        while self.dice.roll(2) == 0 {
            self.open_and_crash();
        }
        self.open()
    }

    /// The process ends where it is: nothing more is written.
    fn kill(&mut self, ledger: Ledger) {
        self.disk.set(Faults { operations_left: Some(0), ..Faults::default() });
        drop(ledger);
        self.disk.set(Faults::default());
    }

    fn crash(&mut self) {
        self.tell(|| "the power goes".to_owned());
        self.tally.crashes += 1;
        self.disk = self.disk.crash(&mut self.dice);
        let seed = self.dice.roll(usize::MAX) as u64;
        self.disk.seed(seed);
    }

    /// A recovery that dies at any of its steps, or cannot read, is made again.
    fn open_and_crash(&mut self) {
        let steps = self.dice.roll(8) as u64;
        let faults = if self.dice.roll(4) == 0 {
            Faults { reads_left: Some(steps * 4), ..Faults::default() }
        } else {
            Faults { operations_left: Some(steps), ..Faults::default() }
        };
        self.tell(|| format!("opened, {}", told(&faults)));
        self.disk.set(faults);
        let opened = store::open_on(Arc::new(self.disk.clone()), None, None);
        if let Ok(opened) = opened {
            self.kill(opened.ledger);
        }
        self.disk.set(Faults::default());
        self.crash();
    }

    fn open(&mut self) -> Option<Ledger> {
        self.tally.openings += 1;
        let before = self.disk.contents();
        let verdict = self.model.verdict(&before);
        self.tell(|| format!("opened, expecting {verdict:?}"));
        // Only a disk that lied can have lost what was acknowledged.
        assert!(self.tally.lies > 0 || verdict == Verdict::Whole, "lost: {verdict:?}");
        let opened = store::open_on(Arc::new(self.disk.clone()), None, None);
        match (opened, verdict) {
            (Ok(opened), Verdict::Whole) => Some(self.check_whole(opened.ledger)),
            (Ok(opened), Verdict::CutAfter(height)) => {
                self.tally.cuts += 1;
                self.model.kept.truncate(height as usize + 1);
                self.model.doubtful = None;
                Some(self.check_whole(opened.ledger))
            }
            (Err(Fault::Corrupt { height, what }), verdict) => {
                let is_right = match verdict {
                    Verdict::Corrupt(expected) => height == expected,
                    // A record that landed elsewhere may look like one that follows.
                    Verdict::CutAfter(last) => self.is_misplaced && height == last + 1,
                    Verdict::Whole => self.is_misplaced && height == self.model.height() + 1,
                };
                assert!(is_right, "corruption of {height} ({what}) where the chain is {verdict:?}");
                self.tally.corruptions += 1;
                self.check_untouched(&before, height);
                None
            }
            (Ok(_), Verdict::Corrupt(height)) => panic!("corruption of {height} goes unnoticed"),
            (Err(fault), verdict) => panic!("{fault:?} where the chain is {verdict:?}"),
        }
    }

    // --- what must be true ----------------------------------------------------------------------

    fn check_whole(&mut self, mut ledger: Ledger) -> Ledger {
        let tip = ledger.tip;
        if let Some(doubtful) = self.model.doubtful.take()
            && tip.height == self.model.height() + 1
        {
            assert_eq!(tip.hash, doubtful.hash, "a block that nobody made");
            self.model.kept.push(doubtful);
        }
        assert_eq!(tip.height, self.model.height(), "blocks are lost, or come from nowhere");
        let last = self.model.kept.last().unwrap();
        assert_eq!(tip.hash, last.hash);
        assert_eq!((tip.state_root, ledger.state.root()), (last.state_root, last.state_root));
        for height in 0..self.model.kept.len() as u64 {
            self.check_block(&ledger, height);
        }
        // It costs an opening more, so not every time.
        if self.dice.roll(2) == 0 { self.check_idempotent(ledger) } else { self.ready(ledger) }
    }

    /// What is opened again is the same, in the files too.
    fn check_idempotent(&mut self, ledger: Ledger) -> Ledger {
        let (tip, files) = (ledger.tip, self.disk.contents());
        self.kill(ledger);
        let again = store::open_on(Arc::new(self.disk.clone()), None, None);
        let mut again = again.unwrap_or_else(|fault| panic!("it does not open twice: {fault:?}"));
        assert_eq!((again.ledger.tip.height, again.ledger.tip.hash), (tip.height, tip.hash));
        assert_eq!(again.ledger.state.root(), tip.state_root);
        let segments = |name: &str| name.ends_with(".log");
        let now = self.disk.contents();
        for (name, bytes) in files.iter().filter(|(name, _)| segments(name)) {
            assert!(now.get(name) == Some(bytes), "opening twice changes {name}");
        }
        self.ready(again.ledger)
    }

    /// A corrupt chain stays as it was found, and is found so again.
    fn check_untouched(&self, before: &Files, height: u64) {
        assert!(self.disk.contents() == *before, "a corrupt chain is written to");
        match store::open_on(Arc::new(self.disk.clone()), None, None) {
            Err(Fault::Corrupt { height: again, .. }) => assert_eq!(again, height),
            _ => panic!("corruption is found only once"),
        }
    }

    /// The block as acknowledged, or, where the disk shows something else, that it is corrupt.
    fn check_block(&self, ledger: &Ledger, height: u64) {
        let kept = &self.model.kept[height as usize];
        let read = ledger.history.reader().unwrap().read(height);
        let is_damaged = || self.model.is_damaged(&self.disk.contents(), height);
        match read {
            Ok(Some(payload)) => assert!(payload == kept.payload(), "another block {height}"),
            Err(Fault::Corrupt { height: found, .. }) => assert!(found == height && is_damaged()),
            other => panic!("block {height} is not there: {other:?}"),
        }
    }
}

fn told(faults: &Faults) -> String {
    let Faults { syncs_left, bytes_left, operations_left, reads_left, bytes_at_once } = faults;
    [
        ("syncs", *syncs_left),
        ("bytes", *bytes_left),
        ("operations", *operations_left),
        ("reads", *reads_left),
        ("bytes at once", bytes_at_once.map(|bytes| bytes as u64)),
    ]
    .iter()
    .filter_map(|(what, left)| left.map(|left| format!("{left} {what} left")))
    .collect::<Vec<_>>()
    .join(", ")
}
