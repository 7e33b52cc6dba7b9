//! What ZIP 215 accepts and refuses, and that a batch never disagrees with single verification.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::arithmetic_side_effects)]
#![allow(clippy::cast_possible_truncation, clippy::type_complexity)]

use super::*;

struct Case {
    id: String,
    valid: bool,
    key: [u8; 32],
    message: Vec<u8>,
    signature: Vec<u8>,
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn wycheproof() -> Vec<Case> {
    let lines = include_str!("wycheproof.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            Case {
                id: fields[0].to_owned(),
                valid: fields[1] == "valid" || LAXER.contains(&fields[0]),
                key: hex(fields[2]).try_into().unwrap(),
                message: hex(fields[3]),
                signature: hex(fields[4]),
            }
        })
        .collect()
}

/// `count` rows of distinct keys, all valid.
fn rows(count: u64) -> (Vec<[u8; 32]>, Vec<[u8; 32]>, Vec<[u8; 64]>) {
    let (mut keys, mut digests, mut signatures) = (vec![], vec![], vec![]);
    for index in 0..count {
        let seed = *blake3::hash(&index.to_le_bytes()).as_bytes();
        let digest = *blake3::hash(&seed).as_bytes();
        keys.push(public_key(&seed));
        signatures.push(sign(&seed, &digest));
        digests.push(digest);
    }
    (keys, digests, signatures)
}

/// The eight points of small order and the six non-canonical encodings of some of them, from the
/// ZIP 215 test vectors ("It's 255:19AM", Henry de Valence, 2020).
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Every ordered pair as (key, R) with `s` = 0: valid under ZIP 215 whatever the message.
fn small_order_rows() -> (Vec<[u8; 32]>, Vec<[u8; 64]>) {
    let points = SMALL_ORDER.map(|point| <[u8; 32]>::try_from(hex(point)).unwrap());
    let pairs = points.iter().flat_map(|key| points.iter().map(move |r| (*key, *r)));
    pairs
        .map(|(key, r)| {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&r);
            (key, signature)
        })
        .unzip()
}

/// Where ZIP 215 is meant to be laxer than RFC 8032, whose verdict Wycheproof gives.
/// 151: R encodes y = 1 with the sign of x set. RFC 8032 5.1.3 refuses to decode it; ZIP 215 accepts
/// every encoding of a point, this one as (0, 1), and the equation holds.
const LAXER: [&str; 1] = ["151"];

#[test]
fn single_agrees_with_wycheproof() {
    let cases = wycheproof();
    assert_eq!(cases.len(), 151);
    for case in cases {
        let verdict = match <[u8; 64]>::try_from(case.signature) {
            Ok(signature) => verify(&case.key, &case.message, &signature),
            Err(_) => false,
        };
        assert_eq!(verdict, case.valid, "wycheproof {}", case.id);
    }
}

#[test]
fn batch_agrees_with_single_on_wycheproof() {
    let mut cases = wycheproof();
    cases.retain(|case| case.signature.len() == 64);
    let signatures: Vec<[u8; 64]> =
        cases.iter().map(|case| case.signature.clone().try_into().unwrap()).collect();
    let rows: Vec<Row> = cases
        .iter()
        .zip(&signatures)
        .map(|(case, signature)| Row { key: &case.key, message: &case.message, signature })
        .collect();
    let valid: Vec<bool> = cases.iter().map(|case| case.valid).collect();
    assert_eq!(verify_all(&rows, 1), valid);
    assert_eq!(verify_all(&rows, 2), valid);

    let good: Vec<Row> =
        rows.iter().zip(&valid).filter(|(_, valid)| **valid).map(|(row, _)| *row).collect();
    assert!(batch_holds(&good));
    for (row, valid) in rows.iter().zip(&valid) {
        assert_eq!(batch_holds(&[*row]), *valid);
        let among: Vec<Row> = good.iter().take(20).chain([row]).copied().collect();
        assert_eq!(batch_holds(&among), *valid);
    }
}

#[test]
fn points_of_small_order_verify_alone_and_in_batches() {
    let (keys, signatures) = small_order_rows();
    assert_eq!(keys.len(), 14 * 14);
    for message in [&b"Zcash"[..], &[], &[7; 32]] {
        let rows: Vec<Row> = keys
            .iter()
            .zip(&signatures)
            .map(|(key, signature)| Row { key, message, signature })
            .collect();
        assert!(rows.iter().all(|row| verify(row.key, row.message, row.signature)));
        assert!(rows.iter().all(|row| batch_holds(&[*row])));
        assert!(batch_holds(&rows));
    }
}

/// The rest of the non-canonical encodings: what decodes as a point passes, in both ways alike.
#[test]
fn non_canonical_encodings_get_one_verdict() {
    let (mut passed, mut refused) = (0, 0);
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (low, high);
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&point);
            let key = public_key(&[1; 32]);
            for key in [&key, &point] {
                let row = Row { key, message: b"x", signature: &signature };
                let single = verify(row.key, row.message, row.signature);
                assert_eq!(single, batch_holds(&[row]));
                if single { passed += 1 } else { refused += 1 }
            }
        }
    }
    // y = 0 and y = 1, each with both signs, as key and R: the rest is of large order.
    assert_eq!((passed, refused), (4, 72));
}

#[test]
fn s_must_be_canonical() {
    let seed = [3; 32];
    let mut signature = sign(&seed, b"message");
    let key = public_key(&seed);
    assert!(verify(&key, b"message", &signature));
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    let row = Row { key: &key, message: b"message", signature: &signature };
    assert!(!verify(&key, b"message", &signature));
    assert!(!batch_holds(&[row]));
}

#[test]
fn bad_rows_are_found_wherever_they_stand() {
    let (keys, digests, good) = rows(600);
    assert_eq!(verify_rows(&keys, &digests, &good), vec![true; 600]);
    let patterns: [&dyn Fn(usize) -> bool; 6] = [
        &|row| row == 0,
        &|row| row == 599,
        &|row| row % 97 == 5,
        &|row| row % 2 == 0,
        &|row| row > 300,
        &|_| true,
    ];
    for bad in patterns {
        let (mut keys, mut digests, mut signatures) = (keys.clone(), digests.clone(), good.clone());
        for row in (0..600).filter(|row| bad(*row)) {
            match row % 4 {
                0 => signatures[row][3] ^= 1,
                1 => signatures[row][40] ^= 1,
                2 => digests[row][31] ^= 128,
                _ => keys[row][9] ^= 4,
            }
        }
        let expected: Vec<bool> = (0..600).map(|row| !bad(row)).collect();
        assert_eq!(verify_rows(&keys, &digests, &signatures), expected);
    }
}

/// Two signatures whose errors cancel in a sum without coefficients.
#[test]
fn errors_that_cancel_are_found() {
    let (keys, digests, mut signatures) = rows(20);
    signatures[4][32] = signatures[4][32].wrapping_add(1);
    signatures[5][32] = signatures[5][32].wrapping_sub(1);
    let verdicts = verify_rows(&keys, &digests, &signatures);
    assert_eq!(verdicts.iter().filter(|good| !**good).count(), 2);
}

#[test]
fn few_rows_and_repeated_keys_agree_with_single() {
    assert!(verify_rows(&[], &[], &[]).is_empty());
    for count in [1, 2, 15, 16, 17, 511, 513] {
        let (mut keys, mut digests, mut signatures) = rows(count);
        for row in 0..keys.len() {
            if row % 3 == 1 {
                (keys[row], digests[row], signatures[row]) = (keys[0], digests[0], signatures[0]);
            }
        }
        let last = keys.len() - 1;
        signatures[last][63] |= 0x80;
        let verdicts = verify_rows(&keys, &digests, &signatures);
        for row in 0..keys.len() {
            assert_eq!(verdicts[row], verify(&keys[row], &digests[row], &signatures[row]));
        }
        assert!(!verdicts[last]);
    }
}

/// `cargo test --release -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let (keys, digests, signatures) = rows(8_192);
    let rows: Vec<Row> = (0..8_192)
        .map(|i| Row { key: &keys[i], message: &digests[i], signature: &signatures[i] })
        .collect();
    let time = |name: &str, count: usize, work: &dyn Fn() -> bool| {
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                assert!(work());
                start.elapsed()
            })
            .min();
        println!("{name}: {:.2} us", best.unwrap().as_secs_f64() * 1e6 / count as f64);
    };
    time("single", 1_024, &|| {
        rows[..1_024].iter().all(|row| verify(row.key, row.message, row.signature))
    });
    for size in [16, 64, 512, 4_096, 8_192] {
        for threads in [1, 2] {
            let name = format!("{size} rows, {threads} threads");
            time(&name, size, &|| verify_all(&rows[..size], threads).iter().all(|good| *good));
        }
    }
    let mut bad = signatures.clone();
    bad[77][0] ^= 1;
    time("4096 rows, one bad", 4_096, &|| {
        !verify_rows(&keys[..4_096], &digests[..4_096], &bad[..4_096])[77]
    });
    bad.iter_mut().for_each(|signature| signature[33] ^= 1);
    time("4096 rows, all bad, default threads", 4_096, &|| {
        !verify_rows(&keys[..4_096], &digests[..4_096], &bad[..4_096])[78]
    });
}
