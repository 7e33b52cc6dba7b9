#![no_main]

// The town of the kernel's own tests names its modules from the root.
use _native::{account, apply, codec, hash, history, key, ledger, seal, signature, terms};

#[path = "../targets/block.rs"]
mod block;
#[allow(dead_code, reason = "the kernel's tests use the rest")]
#[path = "../../src/town.rs"]
mod town;

libfuzzer_sys::fuzz_target!(|data: &[u8]| block::run(data));
