//! What must hold whatever the bytes are, and the numbers at their ends.

use super::node::signed;
use super::*;
use crate::codec::put;
use crate::signature::{self, Verdict};

const SEED: [u8; 32] = [7; 32];

/// Bytes that look like terms often enough: small numbers in the first bytes of each unit.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64: Marsaglia, 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn unit(&mut self) -> Unit {
        let mut unit = [0; 64];
        for (at, byte) in unit.iter_mut().enumerate() {
            let chance = if at < 4 { 2 } else { 40 };
            if self.roll(chance) == 0 {
                *byte = self.roll(if at < 4 { 21 } else { 256 }) as u8;
            }
        }
        unit
    }
}

fn plan(shares: u8, nodes: u8) -> Unit {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, [OP_PLAN, 0, shares, nodes]);
    unit
}

fn release() -> Release {
    Release {
        chain_id: [1; 32],
        terms_hash: [2; 32],
        institution: 3,
        id: [4; 16],
        opened_ns: 5,
        payer: [6; 20],
        payee: [7; 20],
        escrow_minor: u128::MAX,
        released_minor: u128::MAX,
        now_ns: u64::MAX,
        asked_by: [6; 20],
        names_terms: true,
        to: [7; 20],
        to_category: 8,
        amount_minor: u128::MAX,
    }
}

#[test]
fn reading_and_evaluating_end_on_any_bytes() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let rounds = if cfg!(miri) { 300 } else { 200_000 };
    let mut taken = 0;
    for _ in 0..rounds {
        let nodes: Vec<Unit> = (0..dice.roll(5)).map(|_| dice.unit()).collect();
        let mut units = vec![plan(0, nodes.len() as u8)];
        units.extend(&nodes);
        let witnesses: Vec<Unit> = (0..dice.roll(4)).map(|_| dice.unit()).collect();
        let _ = witness::check(&witnesses);
        let Ok(terms) = Terms::parse(&units) else { continue };
        taken += 1;
        let Ok(found) = Witnesses::of_terms(&terms, &witnesses) else { continue };
        assert_eq!(evaluate(&terms, &release(), &found).as_slice().len(), nodes.len());
    }
    assert!(taken > rounds / 10, "{taken}");
}

#[test]
fn every_byte_of_a_unit_counts() {
    let mut node = [0; 64];
    put::<0, _, _>(&mut node, [11]);
    for is_node in [false, true] {
        for at in 0..64 {
            let mut units = [plan(0, 1), node];
            units[usize::from(is_node)][at] ^= 1;
            // A flag or a time is another contract; with any other byte there is none.
            let is_other = if is_node { (8..16).contains(&at) } else { at == 1 };
            assert_eq!(Terms::parse(&units).is_ok(), is_other, "{is_node} {at}");
        }
    }
}

#[test]
fn a_stream_is_exact_to_the_end_of_its_numbers() {
    let whole = u128::MAX;
    for (rate, streamed, period, accrued) in [
        (10, 25, 10, 25),
        (1, 9, 10, 0),
        (u128::MAX, 1, 1, u128::MAX),
        (u128::MAX, u64::MAX, 1, u128::MAX),
        (u128::MAX, u64::MAX, u64::MAX, u128::MAX),
        (u128::MAX, 1, u64::MAX, u128::MAX / u128::from(u64::MAX)),
        ((1 << 127) + 1, 3, 4, 3 * (1 << 125)),
    ] {
        let mut unit = plan(0, 0);
        put::<8, _, _>(&mut unit, 7_u64.to_le_bytes());
        put::<16, _, _>(&mut unit, u64::to_le_bytes(period));
        put::<24, _, _>(&mut unit, u128::to_le_bytes(rate));
        let units = [unit];
        let terms = Terms::parse(&units).unwrap();
        assert_eq!(terms.accrued_minor(whole, 6), 0);
        let found = terms.accrued_minor(whole, 7_u64.saturating_add(streamed));
        if streamed < u64::MAX {
            assert_eq!(found, accrued, "{rate} {streamed} {period}");
        }
        assert!(terms.accrued_minor(1, u64::MAX) <= 1);
    }
}

#[test]
fn signatures_verified_together_answer_as_one_by_one() {
    let mut node = [0; 64];
    put::<0, _, _>(&mut node, [14]);
    put::<16, _, _>(&mut node, signature::public_key(&SEED));
    let units = [plan(0, 1), node];
    let terms = Terms::parse(&units).unwrap();
    let one = Release { released_minor: 0, amount_minor: 5, ..release() };
    let tried: &[u128] = if cfg!(miri) { &[4, 5] } else { &[4, 5, 6] };
    for &up_to_minor in tried {
        for is_forged in [false, true] {
            let mut head = [0; 64];
            put::<0, _, _>(&mut head, [2, 0]);
            put::<16, _, _>(&mut head, up_to_minor.to_le_bytes());
            let digest = node::approval_digest(&one, up_to_minor);
            let mut signed_by = signature::sign(&SEED, &digest);
            signed_by[0] ^= u8::from(is_forged);
            let shown = [head, signed_by];
            let alone = Witnesses::of_terms(&terms, &shown).unwrap();
            let verdicts: Vec<Verdict> = signed(&terms, &one, &alone)
                .map(|signed| Verdict { signed, is_valid: signed.verify(&[]) })
                .collect();
            let together = alone.with(&verdicts);
            let expected = up_to_minor >= 5 && !is_forged;
            assert_eq!(verdicts[0].is_valid, !is_forged);
            assert_eq!(evaluate(&terms, &one, &alone).are_met(), expected);
            assert_eq!(evaluate(&terms, &one, &together).are_met(), expected);
            // A verdict of another release is not looked at.
            let other = Release { to: [9; 20], ..one };
            assert!(!evaluate(&terms, &other, &together).are_met());
        }
    }
}
