//! Blocks of whatever was made of valid entries: value is conserved, nobody is below zero, a block
//! that is discarded leaves no trace, and the rows of the state make it again.

use crate::codec::{Role, Unit};
use crate::seal::{Seal, seal_envelope};
use crate::terms;
use crate::town::*;
use _native::state::State;

const NAMES: [&str; 12] = [
    "ann", "bob", "eve", "self", "fees", "desk", "nostro", "closed", "frozen", "poor", "yen", "sub",
];
const BLOCKS_MAX: usize = 6;
const ENTRIES_MAX: u8 = 6;

/// Bytes to choose by; zero when they are over.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::from(self.byte()) % NAMES.len()]
    }

    fn amount(&mut self) -> u128 {
        match self.byte() {
            small @ 0..200 => u128::from(small),
            large @ 200..250 => u128::from(large) * 97,
            most => (1 << 126) - u128::from(most - 249),
        }
    }

    fn unit(&mut self) -> Unit {
        std::array::from_fn(|_| self.byte())
    }
}

pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let mut town = Town::new();
    let mut sequence = 1_000;
    for number in 0..BLOCKS_MAX {
        if choices.0.is_empty() {
            break;
        }
        let root = town.ledger.state.root();
        town.now_ns += 1 + u64::from(choices.byte()).pow(2) * HOUR_NS / 1_000;
        let envelopes: Vec<Vec<u8>> = (0..=choices.byte() % 2)
            .filter_map(|_| {
                sequence += 1;
                envelope(&mut choices, &town, sequence, 100 + 20 * number as u64)
            })
            .collect();
        let envelopes: Vec<&[u8]> = envelopes.iter().map(Vec::as_slice).collect();
        let Ok(block) = town.ledger.stage(town.now_ns, &envelopes, &mut |_| {}) else {
            assert_eq!(town.ledger.state.root(), root);
            continue;
        };
        town.check_balances();
        assert!(town.ledger.discard());
        assert_eq!(town.ledger.state.root(), root);
        if choices.byte() % 4 == 3 {
            continue;
        }
        let again = town.ledger.stage(town.now_ns, &envelopes, &mut |_| {}).expect("as before");
        assert_eq!(again.hash, block.hash);
        // The town's sequencer may have been revoked.
        if town.try_hand_over().is_err() {
            town.ledger.discard();
            break;
        }
        town.ledger.write().expect("into memory");
    }
    check_rows(&mut town);
}

/// Entries in an envelope of one of four keys; None when they cannot be sealed.
fn envelope(choices: &mut Choices<'_>, town: &Town, sequence: u64, first: u64) -> Option<Vec<u8>> {
    let seeds = [ALL, ALL, ALL, OTHER, LIMITED, FREEZER];
    let seed = seeds[usize::from(choices.byte()) % seeds.len()];
    let count = 1 + choices.byte() % ENTRIES_MAX;
    let drafts: Vec<Draft> =
        (0..count).map(|at| draft(choices, town, first + u64::from(at))).collect();
    let seal = Seal {
        chain_id: town.ledger.chain_id,
        institution: if seed == OTHER { 2 } else { 1 },
        seed: &seed,
        sequence,
        valid_until_ns: START_NS + 1_000 * HOUR_NS,
    };
    let heads: Vec<u8> = drafts.iter().flat_map(|draft| draft.head).collect();
    let units: Vec<Unit> = drafts.iter().flat_map(|draft| draft.units.clone()).collect();
    let signatures: Vec<u8> =
        drafts.iter().flat_map(|draft| draft.signatures.clone().into_flattened()).collect();
    let mut bytes = seal_envelope(&seal, &heads, units.as_flattened(), &signatures).ok()?;
    if choices.byte() == 255 {
        let place = usize::from(choices.byte()) * 3 % bytes.len();
        bytes[place] ^= choices.byte();
    }
    Some(bytes)
}

/// An entry that would do, or nearly, and in one of four cases some of its bytes changed.
fn draft(choices: &mut Choices<'_>, town: &Town, number: u64) -> Draft {
    let kinds = [
        2, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 18, 19, 20, 21, 22, 23,
        24, 25, 26, 27,
    ];
    let kind = kinds[usize::from(choices.byte()) % kinds.len()];
    let target = 100 + u64::from(choices.byte()) % 120;
    let asset = u32::from(choices.byte() % 4).max(1);
    let (payer, payee, amount) = (choices.name(), choices.name(), choices.amount());
    let plain = Draft::new(kind).id(number).target(0).payer(payer).payee(payee);
    let plain = plain.valid_until(town.now_ns + HOUR_NS);
    let money = plain.clone().asset(asset).amount(amount).outcome(1);
    let expires_ns = town.now_ns + u64::from(choices.byte()) * HOUR_NS / 16;
    let mut draft = match kind {
        2 if choices.byte().is_multiple_of(3) => money.pending(expires_ns),
        2 if choices.byte().is_multiple_of(3) => {
            let got = choices.amount();
            let desk = money.paid_in(USD, got).leg(payer, "desk", asset, Role::Exchange, amount);
            desk.leg("desk", payee, USD, Role::Exchange, got)
        }
        3 | 17 | 21 => money.target(target).purpose(1 + u32::from(choices.byte() % 2)),
        4 => plain.target(target),
        5 => money.target(target).bound(amount.saturating_add(u128::from(choices.byte()))),
        8 => {
            let flags = u32::from(choices.byte() % 8);
            open(payer, [0; 32], flags, &[1 + u32::from(choices.byte() % 3)]).id(number)
        }
        12 => register_asset(4, "XAU/4", 4).id(number),
        13 => register_key(choices.unit()[..32].try_into().expect("32"), 1, 63, 0).id(number),
        14 => name_key(14, crate::signature::public_key(&LIMITED)).id(number),
        15 => set_limit(crate::signature::public_key(&LIMITED), asset, amount, amount).id(number),
        16 => money.outcome(1).expires(expires_ns).terms(&units_of_terms(choices)),
        18 | 20 => plain.target(target).purpose(1 + u32::from(choices.byte() % 2)),
        19 => {
            let mut unit = [0; 64];
            unit[..8].copy_from_slice(&HOUR_NS.to_le_bytes());
            unit[20] = choices.byte() % 2;
            let bounds = money.paid_in(0, amount.saturating_mul(2)).bound(amount.saturating_mul(3));
            bounds.outcome(0).expires(expires_ns).unit(unit)
        }
        22..=25 => (0..choices.byte() % 4).fold(money, |draft, _| draft.unit(choices.unit())),
        26 => plain.asset(asset).purpose(u32::from(choices.byte() % 8)),
        _ => money,
    };
    if choices.byte() % 8 == 7 {
        draft.head[2] |= choices.byte() & 0b1111_1100;
        draft.head[3] |= choices.byte() & 1;
    }
    if choices.byte() % 4 == 3 {
        draft.head[usize::from(choices.byte())] ^= choices.byte();
    }
    if choices.byte() % 8 == 7 { draft.sign(&OWNER_SEED, &town.ledger.chain_id) } else { draft }
}

/// A plan with a share, or with one condition that may be met.
fn units_of_terms(choices: &mut Choices<'_>) -> Vec<Unit> {
    let mut plan = [0; 64];
    (plan[0], plan[1], plan[3]) = (1, choices.byte() % 8, 1);
    let mut node = [0; 64];
    node[0] = [11, 11, 12, 19, 20][usize::from(choices.byte()) % 5];
    node[1] = if node[0] == 19 { 1 + choices.byte() % 2 } else { 0 };
    let mut units = vec![plan];
    if choices.byte().is_multiple_of(3) {
        let mut share = [0; 64];
        share[0] = 2;
        share[20..40].copy_from_slice(&address(choices.name()));
        share[40] = 1 + choices.byte() % 4;
        (units[0][2], units[0][4]) = (1, 8);
        units.push(share);
    }
    units.push(node);
    debug_assert_eq!(terms::Terms::units_of(&units[0]), units.len());
    units
}

fn check_rows(town: &mut Town) {
    let root = town.ledger.state.root();
    town.ledger.want_image();
    let mut pieces = Vec::new();
    let mut rows = Vec::new();
    while let Some(table) = town.ledger.state.piece(&mut rows).expect("there is an image") {
        pieces.push((table.to_owned(), rows.clone()));
    }
    let mut state = State::import(&mut pieces.into_iter()).expect("rows of a state");
    assert_eq!(state.root(), root);
}
