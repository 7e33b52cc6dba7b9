//! Strictness: what is not exactly a record of the format does not decode.

use super::*;
use crate::town::*;

fn refuses(bytes: &[u8]) -> bool {
    !matches!(read_entry(bytes), Ok((_, [])))
}

fn drafts() -> Vec<Draft> {
    let plain = |kind| Draft::new(kind).id(7);
    let mut drafts = vec![
        payment(1, "ann", "bob", 5).sign(&OWNER_SEED, &[0; 32]),
        payment(2, "ann", "bob", 5).leg("ann", "bob", EUR, Role::Principal, 5),
        open("ann", [7; 32], 1, &[1, 2, 3, 4, 5, 6, 7, 8]),
        register_asset(1, "EUR/2", 2),
        register_key([7; 32], 1, 1, 1),
        name_key(14, [7; 32]),
        set_limit([7; 32], EUR, 1, 2),
    ];
    drafts.extend([3, 4, 5, 6, 7, 9, 10, 11].map(plain));
    drafts
}

#[test]
fn every_kind_is_read_to_its_last_byte() {
    for draft in drafts() {
        let bytes = draft.bytes();
        let (entry, rest) = read_entry(&bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!(entry.units, draft.units);
        assert_eq!(entry.signatures, draft.signatures);
        for length in 0..bytes.len() {
            assert!(refuses(&bytes[..length]));
        }
    }
}

#[test]
fn bytes_without_a_name_are_zero() {
    for draft in drafts() {
        for at in 196..224 {
            let mut bytes = draft.bytes();
            bytes[at] = 1;
            assert!(refuses(&bytes), "byte {at}");
        }
    }
    let padding: [(Draft, std::ops::Range<usize>); 5] = [
        (register_asset(1, "EUR/2", 2), 17..20),
        (register_asset(1, "EUR/2", 2), 28..64),
        (register_key([7; 32], 1, 1, 1), 48..64),
        (name_key(14, [7; 32]), 32..64),
        (payment(2, "a", "b", 5).leg("a", "b", EUR, Role::Fee, 5), 45..48),
    ];
    for (draft, range) in padding {
        for at in range {
            let mut bytes = draft.bytes();
            bytes[256 + at] = 1;
            assert!(refuses(&bytes), "unit byte {at}");
        }
    }
}

#[test]
fn a_signature_follows_for_each_signer() {
    let one = payment(1, "ann", "bob", 5).sign(&OWNER_SEED, &[0; 32]);
    let entry = |signers: u16, signatures: usize| {
        let mut draft = one.clone();
        put::<194, _, 256>(&mut draft.head, signers.to_le_bytes());
        draft.signatures = vec![[7; 64]; signatures];
        draft.bytes()
    };
    for (signers, count) in [(0, 1), (1, 1), (2, 1), (3, 2), (0x7fff, 15), (0x4001, 2)] {
        let bytes = entry(signers, count);
        let (read, rest) = read_entry(&bytes).unwrap();
        assert_eq!((read.signers(), read.signatures.len(), rest), (signers, count, &[][..]));
        assert_eq!(read.signature().is_some(), signers == 0);
        assert!(refuses(&entry(signers, count - 1)) && refuses(&entry(signers, count + 1)));
    }
    assert!(refuses(&entry(0x8000, 1)));
    let mut unsigned = payment(1, "ann", "bob", 5);
    put::<194, _, 256>(&mut unsigned.head, [1]);
    assert!(refuses(&unsigned.bytes()));
}

#[test]
fn numbers_outside_their_range_do_not_decode() {
    let draft = payment(2, "a", "b", 5).leg("a", "b", EUR, Role::Fee, 5);
    for (at, value) in [
        (0, 0),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 19),
        (3, 2),
        (63, 0x40),
        (79, 0x40),
        (95, 0x40),
        (192, 4),
        (193, 0),
        (193, 2),
        (193, 17),
        (256 + 44, 3),
        (256 + 63, 0x40),
    ] {
        let mut bytes = draft.bytes();
        bytes[at] = value;
        assert!(refuses(&bytes), "{value} at {at}");
    }
    let most = payment(2, "a", "b", AMOUNT_MINOR_MAX).bytes();
    assert!(!refuses(&most));
}

#[test]
fn kinds_have_their_own_number_of_units() {
    for (kind, allowed) in [
        (2, 0..=16),
        (3, 0..=16),
        (5, 0..=16),
        (6, 0..=16),
        (7, 0..=16),
        (8, 1..=4),
        (12, 1..=1),
        (13, 1..=1),
        (14, 1..=1),
        (15, 1..=1),
    ] {
        for count in 0..=17_usize {
            let draft = (0..count).fold(Draft::new(kind), |draft, _| draft.unit([0; 64]));
            assert_eq!(refuses(&draft.bytes()), !allowed.contains(&count), "{kind} {count}");
        }
    }
    for kind in [4, 9, 10, 11] {
        assert!(refuses(&Draft::new(kind).unit([0; 64]).bytes()));
    }
}

#[test]
fn envelopes_and_sweeps_are_strict() {
    let head = EnvelopeHead {
        count: 1,
        institution: 2,
        sequence: 3,
        valid_until_ns: 4,
        chain_id: [5; 32],
        key: [6; 32],
        digest: [7; 32],
    };
    let bytes = [head.write().as_slice(), &[8; 64]].concat();
    let (envelope, rest) = Envelope::read(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!((envelope.count(), envelope.institution(), envelope.sequence()), (1, 2, 3));
    assert_eq!((envelope.valid_until_ns(), envelope.chain_id()), (4, [5; 32]));
    assert_eq!((envelope.key(), envelope.digest()), ([6; 32], [7; 32]));
    assert_eq!(envelope.signature(), [8; 64]);
    for (at, value) in [(0, 2), (1, 1), (2, 1), (3, 1), (4, 0), (6, 1), (12, 1), (15, 1)] {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        assert!(Envelope::read(&bytes).is_err(), "{value} at {at}");
    }
    let sweep = write_sweep(&[
        Ended { institution: 1, end: End::HoldReleased, id: [2; 16] },
        Ended { institution: 3, end: End::EscrowPaid, id: [4; 16] },
    ]);
    assert_eq!(sweep_bytes(&sweep), Ok(96));
    for (at, value) in [(2, 1), (4, 0), (4, 3), (5, 5), (8, 1), (31, 1), (36, 4), (37, 1), (47, 1)]
    {
        let mut sweep = sweep.clone();
        sweep[at] = value;
        assert!(sweep_bytes(&sweep).is_err(), "{value} at {at}");
    }
}

#[test]
fn headers_results_and_finality_come_back_as_they_were_written() {
    let header = Header {
        count: 1,
        height: 2,
        time_ns: 3,
        chain_id: [4; 32],
        previous: [5; 32],
        transactions_root: [6; 32],
        results_root: [7; 32],
        state_root: [8; 32],
    };
    assert_eq!(Header::read(&header.write()), Ok(header));
    for at in [0, 1, 24, 31] {
        let mut bytes = header.write();
        bytes[at] ^= 2;
        assert!(Header::read(&bytes).is_err());
    }
    let finality = Finality { key: [1; 32], signature: [2; 64] };
    assert_eq!(Finality::read(&finality.write()), Ok(finality));
    assert!(Finality::read(&[]).is_err());
    assert!(Finality::read(&[[1, 2].as_slice(), &[0; 96]].concat()).is_err());
    let result =
        EntryResult { kind: 2, code: 0x0102, duplicate_of_height: Some(3), amount_minor: 4 };
    let bytes = result.write();
    assert_eq!(&bytes[..10], &[1, 2, 2, 1, 1, 0, 0, 0, 3, 0]);
    assert_eq!(bytes[16], 4);
}
