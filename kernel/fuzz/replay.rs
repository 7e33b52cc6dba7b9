//! Targets for a fuzzer, as a test: every file of the corpus, and a few hundred changes of each, go through
//! them. What once broke something stays in the corpus.

// The town of the kernel's own tests names its modules from the root.
use _native::{account, apply, codec, hash, history, key, ledger, seal, signature, terms};

#[path = "targets/block.rs"]
mod block_target;
#[path = "targets/codec.rs"]
mod codec_target;
#[path = "targets/condition.rs"]
mod condition_target;
#[path = "targets/proof.rs"]
mod proof_target;
#[allow(dead_code, reason = "the kernel's tests use the rest")]
#[path = "../src/town.rs"]
mod town;

/// Runs the corpus of one target; `changes` of each file are tried too, under Miri, which is slow, one.
fn replay(name: &str, changes: u64, run: fn(&[u8])) {
    let changes = if cfg!(miri) { 1 } else { changes };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "the corpus of {name} is not there");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        run(&bytes);
        for seed in 1..=changes {
            run(&changed(&bytes, seed));
        }
    }
}

/// One to four bytes are others, or the end is missing.
fn changed(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut roll = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 8) as usize % sides.max(1)
    };
    let mut bytes = bytes.to_vec();
    if roll(8) == 0 {
        bytes.truncate(roll(bytes.len()));
    }
    for _ in 0..=roll(4) {
        let place = roll(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte = roll(256) as u8;
        }
    }
    bytes
}

#[test]
fn bytes_are_refused_or_written_as_they_were() {
    replay("codec", 500, codec_target::run);
}

#[test]
fn blocks_of_anything_conserve_value() {
    replay("block", 10, block_target::run);
}

#[test]
fn terms_of_anything_end() {
    replay("condition", 500, condition_target::run);
}

#[test]
fn no_other_proof_is_accepted() {
    replay("proof", 500, proof_target::run);
}
