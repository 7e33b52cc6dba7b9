//! The simulator: seeded schedules on a disk that tears, fails, fills and lies, judged by a model that
//! shares no code with the log. docs/decisions/008-simulation.md says what is proved, and what cannot be.
//!
//!     simulation [SEEDS [FIRST]]   seeds from FIRST on, on all cores
//!     simulation one SEED          one of them, told step by step

use std::panic;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

// faulty.rs is the kernel's own, and names these by `crate`.
use _native::disk;

mod chain;
#[allow(dead_code, reason = "some of it serves the kernel's unit tests only")]
#[path = "../../kernel/src/log/faulty.rs"]
mod faulty;
mod model;
mod run;

/// What `cargo test` plays in passing, not optimised.
const SEEDS: u64 = 300;
const FAILURES_SHOWN: usize = 10;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    if words.first().is_some_and(|word| word == "one") {
        let Some(seed) = number(1) else {
            eprintln!("simulation one SEED");
            return ExitCode::from(2);
        };
        run::play(seed, true);
        return ExitCode::SUCCESS;
    }
    play_all(number(1).unwrap_or(0), number(0).unwrap_or(SEEDS))
}

#[allow(clippy::disallowed_methods, reason = "what is timed is told, and decides nothing")]
fn play_all(first: u64, count: u64) -> ExitCode {
    let (next, end) = (AtomicU64::new(first), first + count);
    let (total, failed) = (Mutex::new(run::Tally::default()), Mutex::new(Vec::new()));
    panic::set_hook(Box::new(|_| {}));
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    match panic::catch_unwind(|| run::play(seed, false)) {
                        Ok(tally) => total.lock().unwrap().add(&tally),
                        Err(panic) => failed.lock().unwrap().push((seed, said(&*panic))),
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    let t = total.into_inner().unwrap();
    println!(
        "{count} schedules in {:.1} s: {} blocks, {} openings, {} power cuts, {} disk faults, {} times \
         full, {} lies of the disk; corruption found and located {} times; {} times an uncovered tail \
         was lost with nothing to tell it by; {} failed",
        started.elapsed().as_secs_f64(),
        t.blocks,
        t.openings,
        t.crashes,
        t.disk_faults,
        t.full,
        t.lies,
        t.corruptions,
        t.cuts,
        failed.len()
    );
    for (seed, what) in failed.iter().take(FAILURES_SHOWN) {
        println!("seed {seed}: {what}\n    again, step by step: make simulate SEED={seed}");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}
