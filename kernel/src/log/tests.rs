#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation, clippy::panic)]

use std::sync::Mutex;

use super::faulty::{Dice, Faults, Faulty};
use super::*;
use crate::disk::Folder;
use crate::record::PAYLOAD_BYTES_MAX;

/// A payload whose header differs by height and seed.
fn payload(height: u64, bytes: usize) -> Vec<u8> {
    let mut payload = vec![(height * 7 + bytes as u64) as u8; HEADER_BYTES + bytes];
    payload[8..16].copy_from_slice(&height.to_le_bytes());
    payload
}

fn create(disk: &Faulty) -> Log {
    let genesis = payload(0, 10);
    let hash = header_hash(&genesis);
    Log::create(Arc::new(disk.clone()), &[&genesis], hash, None).unwrap()
}

fn append(log: &mut Log, height: u64, bytes: usize) -> Result<(), Fault> {
    let payload = payload(height, bytes);
    let (head, rest) = payload.split_at(100);
    log.append(height, &[head, rest], header_hash(&payload))
}

fn open(disk: &Faulty) -> Result<Log, Fault> {
    Log::open(Arc::new(disk.clone()), None, &mut |_, _| Ok(()))
}

fn corruption(result: Result<impl Sized, Fault>) -> (u64, String) {
    match result {
        Err(Fault::Corrupt { height, what }) => (height, what),
        Err(Fault::Disk(error) | Fault::Full(error)) => panic!("fault: {error}"),
        Ok(_) => panic!("not noticed"),
    }
}

/// Blocks 0 to 4 in two segments, closed.
fn closed() -> Faulty {
    let disk = Faulty::default();
    let mut log = create(&disk);
    log.segment_bytes_max = 750;
    for height in 1..=4 {
        append(&mut log, height, height as usize * 9).unwrap();
    }
    log.close().unwrap();
    disk
}

/// The height of the record that holds each byte of a segment.
fn heights(first: u64, segment: &[u8]) -> Vec<u64> {
    let (mut heights, mut height, mut rest) = (vec![], first, segment);
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize + PREFIX_BYTES;
        heights.extend(vec![height; length]);
        rest = &rest[length..];
        height += 1;
    }
    heights
}

#[test]
fn what_was_appended_is_read_back() {
    let disk = closed();
    let mut seen = vec![];
    let mut visit = |height: u64, payload: &[u8]| {
        seen.push((height, payload.to_vec()));
        Ok(())
    };
    let log = Log::open(Arc::new(disk.clone()), None, &mut visit).unwrap();
    let expected: Vec<(u64, Vec<u8>)> =
        (0..=4).map(|h| (h, payload(h, if h == 0 { 10 } else { h as usize * 9 }))).collect();
    assert_eq!(seen, expected);
    for (height, payload) in expected {
        assert_eq!(log.reader().read(height).unwrap(), Some(payload));
    }
    assert_eq!(log.reader().height(), 4);
    assert_eq!(log.reader().read(5).unwrap(), None);
    assert_eq!(log.reader().read(u64::MAX).unwrap(), None);
    assert_eq!(segments(&disk).unwrap(), [0, 3]);
    assert_eq!(disk.names().unwrap(), ["0000000000000000.log", "0000000000000003.log", "head"]);
}

#[test]
fn a_block_costs_one_sync() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    let before = disk.syncs();
    for height in 1..=10 {
        append(&mut log, height, 100).unwrap();
    }
    assert_eq!(disk.syncs() - before, 10);
    log.close().unwrap();
    assert_eq!(disk.syncs() - before, 11);
}

#[test]
fn a_flipped_bit_in_a_segment_is_found_with_its_height() {
    let contents = closed().contents();
    for (name, bytes) in contents.iter().filter(|(name, _)| *name != head::NAME) {
        let heights = heights(name[..16].parse().unwrap(), bytes);
        for at in 0..bytes.len() {
            let disk = closed();
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            disk.put(name, flipped);
            assert_eq!(corruption(open(&disk)).0, heights[at], "{name} {at}");
        }
    }
}

#[test]
fn a_flipped_bit_in_head_is_found_by_a_scan_and_repaired_by_opening() {
    let disk = closed();
    let head = disk.contents()[head::NAME].clone();
    for at in 0..head.len() {
        let disk = disk.copy();
        let mut flipped = head.clone();
        flipped[at] ^= 1 << (at % 8);
        disk.put(head::NAME, flipped);
        assert!(!scan(&disk, &mut |_, _| Ok(())).unwrap().slots.whole(), "{at}");
        let mut log = open(&disk).unwrap();
        append(&mut log, 5, 5).unwrap();
        log.close().unwrap();
        let scan = scan(&disk, &mut |_, _| Ok(())).unwrap();
        assert!(scan.slots.whole());
        assert_eq!((scan.height, scan.acknowledged), (5, 5));
    }
    disk.put(head::NAME, vec![0; 128]);
    assert_eq!(corruption(open(&disk)), (0, "no slot of head checks".to_owned()));
    disk.put(head::NAME, [head.clone(), vec![0]].concat());
    assert!(!scan(&disk, &mut |_, _| Ok(())).unwrap().slots.whole());
    disk.remove(head::NAME).unwrap();
    assert_eq!(corruption(open(&disk)), (0, "head is missing".to_owned()));
}

#[test]
fn a_log_that_ends_before_head_is_corrupt() {
    let contents = closed().contents();
    for (name, bytes) in contents.iter().filter(|(name, _)| *name != head::NAME) {
        let heights = heights(name[..16].parse().unwrap(), bytes);
        for length in 0..bytes.len() {
            let disk = closed();
            disk.put(name, bytes[..length].to_vec());
            assert_eq!(corruption(open(&disk)).0, heights[length], "{name} {length}");
        }
        let disk = closed();
        disk.remove(name).unwrap();
        assert_eq!(corruption(open(&disk)).0, heights[0]);
    }
}

#[test]
fn records_in_the_wrong_order_or_of_another_chain_are_corrupt() {
    let disk = closed();
    let bytes = disk.contents()[&segment_name(3)].clone();
    let heights = heights(3, &bytes);
    let second = heights.iter().position(|height| *height == 4).unwrap();
    disk.put(&segment_name(3), [&bytes[second..], &bytes[..second]].concat());
    assert_eq!(corruption(open(&disk)), (3, "height is out of order".to_owned()));
    // Even where nothing was acknowledged: a crash does not make a record that checks.
    let extra = [&bytes[..], &bytes[..second]].concat();
    disk.put(&segment_name(3), extra);
    assert_eq!(corruption(open(&disk)), (5, "height is out of order".to_owned()));

    let mut record = vec![];
    record::encode(MAGIC, &mut record, 4, &[&payload(4, 1)]).unwrap();
    disk.put(&segment_name(3), [&bytes[..second], &record].concat());
    assert_eq!(corruption(open(&disk)), (4, "the hash in head differs".to_owned()));
}

#[test]
fn a_record_torn_at_any_byte_is_cut_and_the_log_goes_on() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    append(&mut log, 1, 30).unwrap();
    log.sync_head().unwrap();
    let start = disk.contents()[&segment_name(0)].len();
    append(&mut log, 2, 700).unwrap();
    let whole = disk.contents()[&segment_name(0)].clone();
    for end in start..=whole.len() {
        let mut zeros = whole.clone();
        zeros[end..].fill(0);
        let mut hole = whole.clone();
        hole[start..end].fill(0);
        for torn in [whole[..end].to_vec(), zeros, hole] {
            let disk = disk.copy();
            let reached = if torn == whole { 2 } else { 1 };
            disk.put(&segment_name(0), torn);
            let mut log = open(&disk).unwrap();
            assert_eq!(log.reader().height(), reached, "{end}");
            append(&mut log, reached + 1, 3).unwrap();
            drop(log);
            assert_eq!(open(&disk).unwrap().reader().height(), reached + 1);
        }
    }
}

#[test]
fn a_bad_record_that_head_does_not_cover_is_corrupt_when_a_good_one_follows() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    let start = disk.contents()[&segment_name(0)].len();
    append(&mut log, 1, 300).unwrap();
    let end = disk.contents()[&segment_name(0)].len();
    let mut second = payload(2, 30);
    second[PREVIOUS_HASH].copy_from_slice(&header_hash(&payload(1, 300)));
    log.append(2, &[&second], header_hash(&second)).unwrap();
    let whole = disk.contents()[&segment_name(0)].clone();
    for at in start..end {
        let disk = disk.copy();
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        disk.put(&segment_name(0), flipped);
        assert_eq!(corruption(open(&disk)).0, 1, "{at}");
    }
}

/// A payload that the key of `seed` has made final.
fn signed(height: u64, seed: &[u8; 32]) -> Vec<u8> {
    let mut payload = payload(height, 0);
    let hash = header_hash(&payload);
    let (key, signature) = (signature::public_key(seed), signature::sign(seed, &hash));
    payload.extend(98_u32.to_le_bytes());
    payload.extend(Finality { key, signature }.write());
    payload
}

/// Where even the header of the bad record is gone, a signed one after it still shows what it was.
#[test]
fn a_bad_record_is_corrupt_when_a_signed_one_follows() {
    let (ours, theirs) = ([1; 32], [2; 32]);
    for (signer, is_found) in [(ours, true), (theirs, false)] {
        let disk = Faulty::default();
        let mut log = create(&disk);
        for (height, seed) in [(1, ours), (2, ours), (3, signer)] {
            let payload = signed(height, &seed);
            log.append(height, &[&payload], header_hash(&payload)).unwrap();
        }
        drop(log);
        let mut bytes = disk.contents()[&segment_name(0)].clone();
        let start = heights(0, &bytes).iter().position(|height| *height == 2).unwrap();
        bytes[start..start + PREFIX_BYTES + HEADER_BYTES].fill(0);
        let fresh = Faulty::default();
        drop(create(&fresh));
        fresh.put(&segment_name(0), bytes);
        match open(&fresh) {
            Ok(log) => assert!(!is_found && log.reader().height() == 1),
            found => assert!(is_found && corruption(found).0 == 2),
        }
    }
}

/// A payer chooses some bytes of a block; they may look like a record.
#[test]
fn a_record_inside_a_torn_record_is_not_taken_for_one() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    let mut inner = vec![];
    let outer = payload(1, 50);
    record::encode(MAGIC, &mut inner, 2, &[&payload(2, 4)]).unwrap();
    log.append(1, &[&outer, &inner, &[0; 80]], header_hash(&outer)).unwrap();
    let whole = disk.contents()[&segment_name(0)].clone();
    let start = heights(0, &whole).iter().position(|height| *height == 1).unwrap();
    for lost in [start..start + 1, start..start + 48, start + 4..start + 8, start + 70..start + 71]
    {
        let disk = disk.copy();
        let mut torn = whole.clone();
        torn[lost].fill(0);
        disk.put(&segment_name(0), torn);
        assert_eq!(open(&disk).unwrap().reader().height(), 0);
    }
}

#[test]
fn short_writes_and_reads_are_continued() {
    let disk = Faulty::default();
    disk.set(Faults { bytes_at_once: Some(7), ..Faults::default() });
    let mut log = create(&disk);
    append(&mut log, 1, 1000).unwrap();
    assert_eq!(log.reader().read(1).unwrap(), Some(payload(1, 1000)));
    drop(log);
    assert_eq!(open(&disk).unwrap().reader().height(), 1);
}

#[test]
fn after_a_failed_sync_nothing_is_taken_until_reopened() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    append(&mut log, 1, 10).unwrap();
    disk.set(Faults { syncs_left: Some(0), ..Faults::default() });
    assert!(matches!(append(&mut log, 2, 10), Err(Fault::Disk(_))));
    // The disk would take it now, and what it forgot would be lost under it.
    assert!(matches!(append(&mut log, 2, 10), Err(Fault::Disk(_))));
    assert_eq!(log.reader().height(), 1);
    assert_eq!(log.reader().read(2).unwrap(), None);
    drop(log);
    // Readers of the page cache still see block 2; opening makes it durable before relying on it.
    let mut log = open(&disk).unwrap();
    assert_eq!(log.reader().height(), 2);
    append(&mut log, 3, 10).unwrap();
    let left = disk.crash(&mut Dice(1));
    assert_eq!(open(&left).unwrap().reader().height(), 3);
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    for room in 0..300 {
        let disk = Faulty::default();
        let mut log = create(&disk);
        append(&mut log, 1, 10).unwrap();
        let before = disk.contents();
        disk.set(Faults { bytes_left: Some(room), ..Faults::default() });
        let result = append(&mut log, 2, 10);
        assert_eq!(matches!(result, Err(Fault::Full(_))), room < 250, "{room}");
        if room < 250 {
            assert_eq!(disk.contents(), before);
            assert!(append(&mut log, 2, 10).is_err() || room > 0);
            disk.set(Faults::default());
            append(&mut log, 2, 10).unwrap();
        }
        drop(log);
        assert_eq!(open(&disk).unwrap().reader().height(), 2);
    }
}

#[test]
fn what_cannot_be_taken_back_stops_the_log() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    append(&mut log, 1, 10).unwrap();
    disk.set(Faults { bytes_left: Some(9), syncs_left: Some(0), ..Faults::default() });
    assert!(matches!(append(&mut log, 2, 10), Err(Fault::Disk(_))));
    disk.set(Faults::default());
    assert!(matches!(append(&mut log, 2, 10), Err(Fault::Disk(_))));
    drop(log);
    assert_eq!(open(&disk).unwrap().reader().height(), 1);
}

#[test]
fn a_segment_for_which_there_is_no_room_is_begun_later() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    log.segment_bytes_max = 100;
    for room in [0, 1, 200] {
        disk.set(Faults { bytes_left: Some(room), ..Faults::default() });
        assert!(matches!(append(&mut log, 1, 10), Err(Fault::Full(_))));
    }
    disk.set(Faults::default());
    append(&mut log, 1, 10).unwrap();
    append(&mut log, 2, 10).unwrap();
    drop(log);
    assert_eq!(open(&disk).unwrap().reader().height(), 2);
    assert_eq!(segments(&disk).unwrap(), [0, 1, 2]);
}

#[test]
fn a_head_that_cannot_be_written_stops_the_log() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    append(&mut log, 1, 10).unwrap();
    disk.set(Faults { syncs_left: Some(0), ..Faults::default() });
    assert!(log.sync_head().is_err());
    assert!(append(&mut log, 2, 10).is_err());
    assert!(log.close().is_err());
    assert_eq!(open(&disk).unwrap().reader().height(), 1);
}

#[test]
fn a_creation_that_dies_anywhere_is_made_again() {
    for operations in 0.. {
        for seed in 0..20 {
            let disk = Faulty::default();
            disk.set(Faults { operations_left: Some(operations), ..Faults::default() });
            let genesis = payload(0, 600);
            let hash = header_hash(&genesis);
            let made = Log::create(Arc::new(disk.clone()), &[&genesis], hash, None).is_ok();
            let left = disk.crash(&mut Dice(seed));
            let again = Log::create(Arc::new(left.clone()), &[&genesis], hash, None);
            if made {
                assert!(matches!(again, Err(Fault::Disk(_))));
            }
            drop(again);
            assert_eq!(open(&left).unwrap().reader().height(), 0);
            if made && seed == 19 {
                return;
            }
        }
    }
}

#[test]
fn a_folder_with_a_chain_is_not_created_again_and_one_without_is_not_opened() {
    let kind = |result: Result<Log, Fault>| match result {
        Err(Fault::Disk(error)) => error.kind(),
        _ => panic!("no fault"),
    };
    assert_eq!(kind(open(&Faulty::default())), ErrorKind::NotFound);
    let disk = closed();
    let again = |disk: &Faulty| Log::create(Arc::new(disk.clone()), &[b"g"], [0; 32], None);
    assert_eq!(kind(again(&disk)), ErrorKind::AlreadyExists);
    disk.remove(head::NAME).unwrap();
    assert_eq!(kind(again(&disk)), ErrorKind::AlreadyExists);
}

#[test]
fn what_does_not_fit_is_refused_without_harm() {
    let disk = Faulty::default();
    let mut log = create(&disk);
    assert!(append(&mut log, 2, 10).is_err());
    let huge = vec![0; PAYLOAD_BYTES_MAX / 2 + 1];
    assert!(log.append(1, &[&huge, &huge], [0; 32]).is_err());
    append(&mut log, 1, 10).unwrap();
}

/// Whatever a disk may do in a crash: what was acknowledged is there, unchanged, and no honest crash is
/// taken for corruption.
#[test]
fn nothing_acknowledged_is_lost_in_any_crash() {
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let mut disk = Faulty::default();
        let mut log = create(&disk);
        let mut acknowledged = vec![10];
        for _ in 0..12 {
            log.segment_bytes_max = 900;
            let height = acknowledged.len() as u64;
            let bytes = dice.roll(1_500);
            let left = Some(dice.roll(4) as u64);
            match dice.roll(8) {
                0 => disk.set(Faults { syncs_left: left, ..Faults::default() }),
                1 => disk.set(Faults { operations_left: left, ..Faults::default() }),
                2 => drop(log.sync_head()),
                _ => {}
            }
            match append(&mut log, height, bytes) {
                Ok(()) => acknowledged.push(bytes),
                Err(_) => {
                    let doubtful = bytes;
                    // The process starts again, with or without a loss of power.
                    disk.set(Faults::default());
                    drop(log);
                    if dice.roll(3) > 0 {
                        disk = disk.crash(&mut dice);
                    }
                    log = open(&disk).unwrap_or_else(|error| panic!("{seed}: {error:?}"));
                    if log.reader().height() == height {
                        acknowledged.push(doubtful);
                    }
                }
            }
            if dice.roll(6) == 0 {
                let left = disk.crash(&mut dice);
                drop(log);
                disk = left;
                log = open(&disk).unwrap_or_else(|error| panic!("{seed}: {error:?}"));
            }
            assert_eq!(log.reader().height() + 1, acknowledged.len() as u64, "{seed}");
            for (height, bytes) in acknowledged.iter().enumerate() {
                let read = log.reader().read(height as u64).unwrap();
                assert_eq!(read, Some(payload(height as u64, *bytes)), "{seed}");
            }
        }
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("clearway-log-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_real_folder_is_locked_and_head_follows_by_itself() {
    let path = folder("real");
    let genesis = payload(0, 10);
    let (disk, lock) = Folder::lock(&path).unwrap();
    assert!(Folder::lock(&path).is_err());
    let pace = Some(Duration::from_millis(5));
    let mut log = Log::create(Arc::new(disk), &[&genesis], header_hash(&genesis), pace).unwrap();
    append(&mut log, 1, 10).unwrap();
    let reader = Folder::read(&path);
    let behind = || scan(&reader, &mut |_, _| Ok(())).unwrap().acknowledged;
    let started = std::time::Instant::now();
    while behind() != 1 {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(2));
    }
    append(&mut log, 2, 10).unwrap();
    log.close().unwrap();
    assert_eq!(behind(), 2);
    drop(lock);
    let (disk, _lock) = Folder::lock(&path).unwrap();
    let log = Log::open(Arc::new(disk), pace, &mut |_, _| Ok(())).unwrap();
    assert_eq!(log.reader().height(), 2);
    std::fs::remove_dir_all(&path).unwrap();
}

#[test]
fn readers_and_scans_go_on_while_blocks_are_written() {
    let path = folder("readers");
    let genesis = payload(0, 10);
    let (disk, _lock) = Folder::lock(&path).unwrap();
    let pace = Some(Duration::from_millis(1));
    let mut log = Log::create(Arc::new(disk), &[&genesis], header_hash(&genesis), pace).unwrap();
    log.segment_bytes_max = 20_000;
    let (reader, failed) = (log.reader(), Mutex::new(None));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = Dice(5);
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let height = dice.roll(reader.height() as usize + 1) as u64;
                let bytes = if height == 0 { 10 } else { (height as usize * 37) % 2_000 };
                if reader.read(height).unwrap() != Some(payload(height, bytes)) {
                    *failed.lock().unwrap() = Some(height);
                }
                if let Err(error) = scan(&Folder::read(&path), &mut |_, _| Ok(())) {
                    panic!("{error:?}");
                }
            }
        });
        for height in 1..300 {
            append(&mut log, height, (height as usize * 37) % 2_000).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(*failed.lock().unwrap(), None);
    std::fs::remove_dir_all(&path).unwrap();
}

/// `cargo test --release -- --ignored --nocapture append_latency`, in a folder of `TMPDIR`
#[test]
#[ignore = "a measurement"]
fn append_latency() {
    for bytes in [2_000, 100_000, 1_000_000, 5_000_000] {
        let path = folder("latency");
        let genesis = payload(0, 10);
        let (disk, _lock) = Folder::lock(&path).unwrap();
        let pace = Some(head::PACE);
        let mut log =
            Log::create(Arc::new(disk), &[&genesis], header_hash(&genesis), pace).unwrap();
        let mut times: Vec<f64> = (1..300)
            .map(|height| {
                let payload = payload(height, bytes);
                let hash = header_hash(&payload);
                let start = std::time::Instant::now();
                log.append(height, &[&payload], hash).unwrap();
                start.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{bytes} bytes: p50 {:.0} us, p99 {:.0} us", times[150], times[295]);
        drop(log);
        let start = std::time::Instant::now();
        scan(&Folder::read(&path), &mut |_, _| Ok(())).unwrap();
        println!(
            "scan of {} MB: {:.0} ms",
            bytes * 300 / 1_000_000,
            start.elapsed().as_secs_f64() * 1e3
        );
        std::fs::remove_dir_all(&path).unwrap();
    }
}
