use std::path::PathBuf;

use std::io::ErrorKind;

use super::*;
use crate::codec::{HEAD_BYTES, RESULT_BYTES};
use crate::ledger::CommitError;
use crate::log::segment_name;
use crate::record;
use crate::seal::{Seal, seal_envelope};
use crate::signature;

const BANK: [u8; 32] = [1; 32];
const SEQUENCER: [u8; 32] = [2; 32];
const START_NS: u64 = 1_800_000_000_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
const EUR: u32 = 1;
const VAULT: u8 = 200;

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

fn address(name: u8) -> [u8; 20] {
    [name; 20]
}

/// A head with its units behind it.
struct Draft {
    head: [u8; HEAD_BYTES],
    units: Vec<u8>,
}

impl Draft {
    fn new(kind: u8, id: u64) -> Self {
        let mut head = [0; HEAD_BYTES];
        (head[0], head[1]) = (1, kind);
        put(&mut head, 16, &id.to_le_bytes());
        put(&mut head, 144, &(START_NS + 3_600 * SECOND_NS).to_le_bytes());
        Self { head, units: vec![] }
    }

    fn at(mut self, offset: usize, field: &[u8]) -> Self {
        put(&mut self.head, offset, field);
        self
    }

    fn unit(mut self, fields: &[(usize, &[u8])]) -> Self {
        let mut unit = [0; 64];
        for (offset, field) in fields {
            put(&mut unit, *offset, field);
        }
        self.units.extend(unit);
        self.head[193] += 1;
        self
    }

    fn entry(&self) -> Vec<u8> {
        [&self.head[..], &self.units].concat()
    }
}

fn open_account(name: u8, flags: u32) -> Draft {
    let unit: [(usize, &[u8]); 2] = [(32, &flags.to_le_bytes()), (36, &EUR.to_le_bytes())];
    Draft::new(8, u64::from(name)).at(12, &7_u32.to_le_bytes()).at(96, &address(name)).unit(&unit)
}

fn register_key(seed: &[u8; 32], purposes: u32) -> Draft {
    let key = signature::public_key(seed);
    Draft::new(13, 0).unit(&[(0, &key), (32, &7_u32.to_le_bytes()), (36, &purposes.to_le_bytes())])
}

fn genesis() -> Vec<u8> {
    let asset = Draft::new(12, 0).at(4, &EUR.to_le_bytes()).unit(&[(0, b"EUR/2"), (16, &[2])]);
    let accounts = (1..9).map(|name| open_account(name, 0)).chain([open_account(VAULT, 1)]);
    let keys = [register_key(&BANK, 15), register_key(&SEQUENCER, 16)];
    [asset].into_iter().chain(accounts).chain(keys).flat_map(|draft| draft.entry()).collect()
}

/// A movement of EUR: of kind 2 a payment, of kind 6 an issue; with `expires_s` a hold.
fn movement(kind: u8, id: u64, payer: u8, payee: u8, amount_minor: u128, expires_s: u64) -> Draft {
    let draft = Draft::new(kind, id)
        .at(4, &EUR.to_le_bytes())
        .at(48, &amount_minor.to_le_bytes())
        .at(96, &address(payer))
        .at(116, &address(payee));
    let draft = if kind == 2 { draft.at(192, &[1]) } else { draft };
    if expires_s == 0 {
        return draft;
    }
    let expires_ns = START_NS + expires_s * SECOND_NS;
    draft.at(2, &[1]).at(152, &expires_ns.to_le_bytes())
}

fn submission(ledger: &Ledger, drafts: &[Draft]) -> Vec<u8> {
    let seal = Seal {
        chain_id: ledger.chain_id,
        institution: 7,
        seed: &BANK,
        sequence: ledger.tip.height + 1,
        valid_until_ns: START_NS + 3_600 * SECOND_NS,
    };
    let heads: Vec<u8> = drafts.iter().flat_map(|draft| draft.head).collect();
    let units: Vec<u8> = drafts.iter().flat_map(|draft| draft.units.clone()).collect();
    seal_envelope(&seal, &heads, &units, &[]).unwrap()
}

fn stage(ledger: &mut Ledger, drafts: &[Draft]) -> Block {
    let time_ns = START_NS + (ledger.tip.height + 1) * SECOND_NS;
    let submission = submission(ledger, drafts);
    ledger.stage(time_ns, &[&submission], &mut |_| {}).unwrap()
}

fn finality(hash: &Hash) -> Vec<u8> {
    let signature = signature::sign(&SEQUENCER, hash);
    [&[1, 1][..], &signature::public_key(&SEQUENCER), &signature].concat()
}

/// Block `n` issues, pays, and holds an amount that a later block releases; one entry is refused.
fn add_block(ledger: &mut Ledger) -> Result<(), CommitError> {
    let n = ledger.tip.height + 1;
    let (payer, payee) = ((n % 8) as u8 + 1, ((n + 3) % 8) as u8 + 1);
    let block = stage(
        ledger,
        &[
            movement(6, n * 10, VAULT, payer, 100 + u128::from(n), 0),
            movement(2, n * 10 + 1, payer, payee, 30, 0),
            movement(2, n * 10 + 2, payer, payee, 20, n + 3),
            movement(2, n * 10 + 3, payer, payee, 1_000_000, 0),
        ],
    );
    let codes: Vec<u8> = block.body.results.chunks(RESULT_BYTES).map(|result| result[2]).collect();
    assert_eq!(codes[codes.len() - 5..], [0, 0, 0, 0, 46]);
    ledger.commit(&finality(&block.hash))
}

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("clearway-store-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// A closed chain of this many blocks after genesis.
    fn with_blocks(name: &str, blocks: u64) -> Self {
        let place = Self::new(name);
        let mut ledger = create(&place.0, START_NS, &genesis()).unwrap();
        for _ in 0..blocks {
            add_block(&mut ledger).unwrap();
        }
        ledger.history.close().unwrap();
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn segment(&self) -> Vec<u8> {
        fs::read(self.file(&segment_name(0))).unwrap()
    }

    /// Puts another record in the place of one, with a checksum that is right, and moves head along.
    fn forge(&self, height: u64, change: impl Fn(&mut Vec<u8>)) {
        let mut segment = self.segment();
        let (mut offset, mut payload) = (0, vec![]);
        for at in 0..=height {
            let length = u32::from_le_bytes(segment[offset + 4..offset + 8].try_into().unwrap());
            payload = segment[offset + 48..offset + 48 + length as usize].to_vec();
            if at < height {
                offset += 48 + length as usize;
            }
        }
        let end = offset + 48 + payload.len();
        change(&mut payload);
        let mut record = vec![];
        record::encode(*b"CWB1", &mut record, height, &[&payload]).unwrap();
        segment.splice(offset..end, record);
        fs::write(self.file(&segment_name(0)), segment).unwrap();
        // Head names hashes of blocks too; who can write the folder can write head.
        let hash = crate::hash::Domain::Header.hash(&payload[..192]);
        let (disk, _lock) = Folder::lock(&self.0).unwrap();
        head::create(&disk, hash).unwrap();
        let mut slots = fs::read(self.file("head")).unwrap();
        for slot in slots.chunks_mut(64) {
            slot[..8].copy_from_slice(&height.to_le_bytes());
            let check = crate::hash::Domain::Log.hash(&slot[..48]);
            slot[48..].copy_from_slice(&check[..16]);
        }
        fs::write(self.file("head"), slots).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn what(verification: &Verification) -> (u64, &str) {
    let (height, what) = verification.first_bad.as_ref().unwrap();
    (*height, what)
}

#[test]
fn a_chain_is_opened_as_it_was_closed_and_goes_on() {
    let place = Place::new("reopen");
    let mut ledger = create(&place.0, START_NS, &genesis()).unwrap();
    for _ in 0..7 {
        add_block(&mut ledger).unwrap();
    }
    let (tip, chain_id) = (ledger.tip, ledger.chain_id);
    let written = ledger.history.read(5).unwrap().unwrap();
    ledger.history.close().unwrap();
    assert!(matches!(ledger.history.append(&written), Err(Fault::Disk(_))));

    let Opened { mut ledger, snapshot_height } = open(&place.0).unwrap();
    assert_eq!(snapshot_height, 0);
    assert_eq!((ledger.tip.height, ledger.tip.hash), (7, tip.hash));
    assert_eq!((ledger.state.root(), ledger.chain_id), (tip.state_root, chain_id));
    let read = ledger.history.read(5).unwrap().unwrap();
    assert_eq!((read.hash, &read.finality), (written.hash, &written.finality));
    assert_eq!(read.body.entries, written.body.entries);
    assert!(ledger.history.read(8).unwrap().is_none());
    add_block(&mut ledger).unwrap();
    drop(ledger);
    let verification = verify(&place.0).unwrap();
    assert_eq!((verification.height, verification.first_bad), (8, None));
}

#[test]
fn a_folder_has_one_chain_and_one_writer() {
    let place = Place::new("lock");
    assert!(
        matches!(open(&place.0), Err(Fault::Disk(error)) if error.kind() == ErrorKind::NotFound)
    );
    let refused = create(&place.0, START_NS, &movement(2, 1, 1, 2, 3, 0).entry());
    assert!(refused.is_err() && !place.0.exists());
    let ledger = create(&place.0, START_NS, &genesis()).unwrap();
    assert!(
        matches!(open(&place.0), Err(Fault::Disk(error)) if error.kind() == ErrorKind::WouldBlock)
    );
    assert_eq!(verify(&place.0).unwrap().first_bad, None);
    drop(ledger);
    assert!(matches!(
        create(&place.0, START_NS, &genesis()),
        Err(CreateError::History(Fault::Disk(error))) if error.kind() == ErrorKind::AlreadyExists
    ));
    open(&place.0).unwrap();
}

#[test]
fn opening_starts_from_the_newest_snapshot_that_checks() {
    let place = Place::with_blocks("snapshots", 4);
    let mut ledger = open(&place.0).unwrap().ledger;
    assert_eq!(save_snapshot(&mut ledger).unwrap(), 4);
    for _ in 0..3 {
        add_block(&mut ledger).unwrap();
    }
    assert_eq!(save_snapshot(&mut ledger).unwrap(), 7);
    add_block(&mut ledger).unwrap();
    let mut root = ledger.tip.state_root;
    drop(ledger);

    let reopen = |expected| {
        let Opened { mut ledger, snapshot_height } = open(&place.0).unwrap();
        assert_eq!(snapshot_height, expected);
        add_block(&mut ledger).unwrap();
        ledger.tip.state_root
    };
    let Opened { mut ledger, snapshot_height } = open(&place.0).unwrap();
    assert_eq!((snapshot_height, ledger.state.root()), (7, root));
    drop(ledger);
    root = reopen(7);
    let newest = place.file(&snapshot::name(7));
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).unwrap();
    assert_eq!(open(&place.0).unwrap().ledger.tip.state_root, root);
    reopen(4);
    fs::write(place.file(&snapshot::name(4)), b"").unwrap();
    reopen(0);
    assert_eq!(verify(&place.0).unwrap().first_bad, None);
}

/// Holds, window and limits go on after a snapshot as without it.
#[test]
fn blocks_after_a_snapshot_are_those_without_it() {
    let place = Place::with_blocks("equal", 5);
    let mut ledger = open(&place.0).unwrap().ledger;
    save_snapshot(&mut ledger).unwrap();
    drop(ledger);
    let Opened { ledger: mut with, snapshot_height } = open(&place.0).unwrap();
    assert_eq!(snapshot_height, 5);
    with.history.close().unwrap();
    with.history = History::Memory(vec![]);
    fs::remove_file(place.file(&snapshot::name(5))).unwrap();
    let mut without = open(&place.0).unwrap().ledger;
    for _ in 0..10 {
        add_block(&mut with).unwrap();
        add_block(&mut without).unwrap();
        assert_eq!(with.tip.hash, without.tip.hash);
    }
    // What was booked before the snapshot is still known after it.
    for ledger in [&mut with, &mut without] {
        let block = stage(ledger, &[movement(2, 31, 4, 7, 30, 0)]);
        let result = &block.body.results[block.body.results.len() - RESULT_BYTES..];
        assert_eq!((result[2], result[4], result[8]), (0, 1, 3));
    }
}

#[test]
fn a_snapshot_of_another_chain_is_passed_over_and_one_above_the_log_is_corruption() {
    let place = Place::with_blocks("other", 3);
    let other = Place::new("another");
    let mut ledger = create(&other.0, START_NS + 1, &genesis()).unwrap();
    add_block(&mut ledger).unwrap();
    save_snapshot(&mut ledger).unwrap();
    fs::copy(other.file(&snapshot::name(1)), place.file(&snapshot::name(1))).unwrap();
    let opened = open(&place.0).unwrap();
    assert_eq!((opened.snapshot_height, opened.ledger.tip.height), (0, 3));
    let result = restore(&place.0, &snapshot::name(1));
    assert!(matches!(result, Err(SnapshotError::Differs(_))));
    drop(opened);

    for _ in 0..4 {
        add_block(&mut ledger).unwrap();
    }
    save_snapshot(&mut ledger).unwrap();
    fs::copy(other.file(&snapshot::name(5)), place.file(&snapshot::name(5))).unwrap();
    assert!(matches!(open(&place.0), Err(Fault::Corrupt { height: 4, .. })));
}

/// The remembered ids are under the state root only by way of the blocks that they came from.
#[test]
fn a_snapshot_from_which_blocks_come_out_otherwise_is_passed_over() {
    let place = Place::with_blocks("ids", 3);
    let mut ledger = open(&place.0).unwrap().ledger;
    ledger.want_image();
    let History::Folder { disk, .. } = &ledger.history else { panic!("no folder") };
    let header = ledger.history.read(3).unwrap().unwrap().header.write();
    snapshot::write(&**disk, 3, &header, &mut |sink| {
        let mut rows = Vec::new();
        while let Some(table) = ledger.state.piece(&mut rows).unwrap() {
            if table == "remembered" {
                rows.chunks_mut(64).for_each(|row| row[31] ^= 1);
            }
            sink(table, &rows)?;
        }
        Ok(())
    })
    .unwrap();
    let block = stage(&mut ledger, &[movement(2, 31, 4, 7, 30, 0)]);
    ledger.commit(&finality(&block.hash)).unwrap();
    drop(ledger);
    let opened = open(&place.0).unwrap();
    assert_eq!((opened.snapshot_height, opened.ledger.tip.hash), (0, block.hash));
}

#[test]
fn a_snapshot_is_restored_and_none_is_made_of_what_may_be_discarded() {
    let place = Place::with_blocks("restore", 3);
    let mut ledger = open(&place.0).unwrap().ledger;
    stage(&mut ledger, &[movement(2, 1, 1, 2, 3, 0)]);
    assert!(matches!(save_snapshot(&mut ledger), Err(SnapshotError::BlockStaged)));
    ledger.discard();
    save_snapshot(&mut ledger).unwrap();
    add_block(&mut ledger).unwrap();
    let mut restored = restore(&place.0, &snapshot::name(3)).unwrap();
    assert_eq!(restored.tip.height, 3);
    assert_eq!(restored.state.root(), ledger.history.read(3).unwrap().unwrap().header.state_root);
    assert!(matches!(save_snapshot(&mut restored), Err(SnapshotError::NoFolder)));
    add_block(&mut restored).unwrap();
    assert_eq!(restored.tip.hash, ledger.tip.hash);
}

#[test]
fn verification_finds_every_flipped_byte_of_segments_and_head() {
    let place = Place::with_blocks("flips", 2);
    for name in [segment_name(0), "head".to_owned()] {
        let whole = fs::read(place.file(&name)).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(place.file(&name), flipped).unwrap();
            assert!(verify(&place.0).unwrap().first_bad.is_some(), "{name} {at}");
        }
        fs::write(place.file(&name), whole).unwrap();
    }
    let verification = verify(&place.0).unwrap();
    assert_eq!((verification.first_bad, verification.height), (None, 2));
    assert_eq!(verification.entries, 12 + 5 + 5);
}

/// Who can write checksums still cannot write history.
#[test]
fn verification_names_what_differs_under_a_right_checksum() {
    let signed = |payload: &mut Vec<u8>, signed: bool| {
        let hash = crate::hash::Domain::Header.hash(&payload[..192]);
        let finality = finality(&if signed { hash } else { [0; 32] });
        payload[196..196 + 98].copy_from_slice(&finality);
    };
    let entries = 192 + 4 + 98 + 4;
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    let cases: [(&str, Change); 6] = [
        ("state root differs", &|payload| {
            payload[160] ^= 1;
            signed(payload, true);
        }),
        ("previous hash differs", &|payload| {
            payload[64] ^= 1;
            signed(payload, true);
        }),
        ("header differs", &|payload| {
            payload[96] ^= 1;
            signed(payload, true);
        }),
        ("finality signature is wrong", &|payload| signed(payload, false)),
        ("results differ", &|payload| {
            let last = payload.len() - 1;
            payload[last] ^= 1;
        }),
        // The envelope's signature no longer holds, so that its entries are refused.
        ("results differ", &|payload| payload[entries + 128] ^= 1),
    ];
    for (expected, change) in cases {
        let place = Place::with_blocks("forged", 2);
        place.forge(2, change);
        let verification = verify(&place.0).unwrap();
        assert_eq!(what(&verification), (2, expected));
        assert_eq!((verification.height, verification.entries), (1, 12 + 5));
        assert!(matches!(open(&place.0), Err(Fault::Corrupt { height: 2, .. })), "{expected}");
    }
    let place = Place::with_blocks("forged", 0);
    place.forge(0, |payload| payload[160] ^= 1);
    assert_eq!(what(&verify(&place.0).unwrap()), (0, "state root differs"));
}
