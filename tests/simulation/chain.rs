//! The blocks of a simulated chain: a bank, a few accounts, and payments between them.

use _native::block::Block;
use _native::ledger::{CommitError, Ledger};
use _native::seal::{Seal, seal_envelope};
use _native::signature;

use crate::faulty::Dice;

const BANK: [u8; 32] = [1; 32];
const SEQUENCER: [u8; 32] = [2; 32];
const INSTITUTION: u32 = 7;
const EUR: u32 = 1;
const VAULT: u8 = 200;
const ACCOUNTS: u8 = 8;
pub const START_NS: u64 = 1_800_000_000_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
const HEAD_BYTES: usize = 256;

/// An entry as docs/format.md has it: a head, and at most one unit behind it.
struct Draft {
    head: [u8; HEAD_BYTES],
    unit: Vec<u8>,
}

impl Draft {
    fn new(kind: u8, id: u64) -> Self {
        let mut draft = Self { head: [0; HEAD_BYTES], unit: vec![] };
        (draft.head[0], draft.head[1]) = (1, kind);
        draft.at(16, &id.to_le_bytes()).at(144, &(START_NS + 3_600 * SECOND_NS).to_le_bytes())
    }

    fn at(mut self, offset: usize, field: &[u8]) -> Self {
        self.head[offset..offset + field.len()].copy_from_slice(field);
        self
    }

    fn unit(mut self, fields: &[(usize, &[u8])]) -> Self {
        self.unit = vec![0; 64];
        for (offset, field) in fields {
            self.unit[*offset..offset + field.len()].copy_from_slice(field);
        }
        self.at(193, &[1])
    }
}

fn open_account(name: u8, flags: u32) -> Draft {
    Draft::new(8, name.into())
        .at(12, &INSTITUTION.to_le_bytes())
        .at(96, &[name; 20])
        .unit(&[(32, &flags.to_le_bytes()), (36, &EUR.to_le_bytes())])
}

fn register_key(seed: &[u8; 32], purposes: u32) -> Draft {
    let key = signature::public_key(seed);
    let (institution, purposes) = (INSTITUTION.to_le_bytes(), purposes.to_le_bytes());
    Draft::new(13, 0).unit(&[(0, &key), (32, &institution), (36, &purposes)])
}

pub fn genesis() -> Vec<u8> {
    let asset = Draft::new(12, 0).at(4, &EUR.to_le_bytes()).unit(&[(0, b"EUR/2"), (16, &[2])]);
    let accounts = (0..ACCOUNTS).map(|name| open_account(name, 0));
    let keys = [register_key(&BANK, 15), register_key(&SEQUENCER, 16)];
    let drafts = [asset, open_account(VAULT, 1)].into_iter().chain(accounts).chain(keys);
    drafts.flat_map(|draft| [draft.head.to_vec(), draft.unit].concat()).collect()
}

/// Issues and payments, some of them holds, some refused.
fn movements(height: u64, count: usize, dice: &mut Dice) -> Vec<u8> {
    let mut heads = vec![];
    for number in 0..count as u64 {
        let payer = dice.roll(ACCOUNTS.into()) as u8;
        let payee = (payer + 1 + dice.roll(usize::from(ACCOUNTS) - 1) as u8) % ACCOUNTS;
        let issued = dice.roll(3) == 0;
        let expires_ns = START_NS + (height + 3) * SECOND_NS;
        let amount_minor = 1 + dice.roll(1_000) as u128;
        let draft = Draft::new(if issued { 6 } else { 2 }, height << 16 | number)
            .at(4, &EUR.to_le_bytes())
            .at(48, &amount_minor.to_le_bytes())
            .at(96, &[if issued { VAULT } else { payer }; 20])
            .at(116, &[payee; 20])
            .at(192, &[u8::from(!issued)]);
        let held = !issued && dice.roll(4) == 0;
        let draft = if held { draft.at(2, &[1]).at(152, &expires_ns.to_le_bytes()) } else { draft };
        heads.extend(draft.head);
    }
    heads
}

/// Stages the next block: half of them without an entry, some of many sectors.
pub fn stage(ledger: &mut Ledger, dice: &mut Dice) -> Block {
    let height = ledger.tip.height + 1;
    let count = match dice.roll(8) {
        0..4 => 0,
        4..7 => 1 + dice.roll(4),
        _ => 1 + dice.roll(40),
    };
    let seal = Seal {
        chain_id: ledger.chain_id,
        institution: INSTITUTION,
        seed: &BANK,
        sequence: height,
        valid_until_ns: START_NS + 3_600 * SECOND_NS,
    };
    let envelope = (count > 0)
        .then(|| seal_envelope(&seal, &movements(height, count, dice), &[], &[]).unwrap());
    let envelopes: Vec<&[u8]> = envelope.iter().map(Vec::as_slice).collect();
    ledger.stage(START_NS + height * SECOND_NS, &envelopes, &mut |_| {}).unwrap()
}

pub fn finality(block: &Block) -> Vec<u8> {
    let signature = signature::sign(&SEQUENCER, &block.hash);
    [&[1, 1][..], &signature::public_key(&SEQUENCER), &signature].concat()
}

pub fn commit(ledger: &mut Ledger, block: &Block) -> Result<(), CommitError> {
    ledger.commit(&finality(block))
}
