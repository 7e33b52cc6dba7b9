//! Every refusal in its order. An entry is given all the faults from one row of a table to its end;
//! the answer must be the first of them.

use super::*;
use crate::codec::Role;
use crate::rejection::Rejection;
use crate::signature;
use crate::town::*;

pub type Fault = (Rejection, fn(Draft) -> Draft);

/// Applies the faults from the last to the first, so that where two touch one field the first wins.
pub fn check_order(town: &mut Town, seed: &[u8; 32], valid: &Draft, faults: &[Fault]) {
    assert_eq!(town.try_by(seed, valid), 0, "the valid entry");
    for first in 0..faults.len() {
        let faulty = faults[first..].iter().rev().fold(valid.clone(), |draft, (_, add)| add(draft));
        let rejection = faults[first].0;
        let code = town.try_by(seed, &faulty);
        assert_eq!(code, rejection.code(), "{} expected", rejection.name());
    }
}

#[test]
fn a_payment_is_refused_in_the_order_of_the_codes() {
    let mut town = Town::new();
    town.apply_by(&LIMITED, &[payment(900, "ann", "bob", 540)]);
    let valid = payment(100, "ann", "bob", 900).bound(50);
    let valid =
        valid.leg("ann", "bob", EUR, Role::Principal, 900).leg("ann", "fees", EUR, Role::Fee, 50);
    let faults: &[Fault] = &[
        (Rejection::Expired, |e| e.valid_until(START_NS)),
        (Rejection::ValidTooLong, |e| e.valid_until(START_NS + 25 * HOUR_NS)),
        (Rejection::IdReused, |e| e.id(900)),
        (Rejection::Declined, |e| e.outcome(3)),
        (Rejection::Inconsistent, |e| e.outcome(0)),
        (Rejection::UnknownAsset, |e| e.asset(9)),
        (Rejection::AmountZero, |e| e.amount(0)),
        (Rejection::SameAccount, |e| e.payer("nobody").payee("nobody")),
        (Rejection::UnknownPayer, |e| e.payer("nobody")),
        (Rejection::UnknownPayee, |e| e.payee("noone").payer("eve")),
        (Rejection::NotCustodian, |e| e.payer("eve").payee("frozen")),
        (Rejection::PayerClosed, |e| e.payer("closed").payee("frozen")),
        (Rejection::PayeeClosed, |e| e.payer("frozen").payee("closed")),
        (Rejection::PayerFrozen, |e| e.payer("frozen").payee("nostro")),
        (Rejection::PayeeFrozen, |e| e.payer("self").payee("frozen")),
        (Rejection::NostroMisused, |e| e.payer("self").payee("nostro")),
        (Rejection::BadAuthorisation, |e| e.payer("self").payee("bob")),
        (Rejection::LimitPayment, |e| e.payer("ann").payee("bob").amount(1_001)),
        (Rejection::LimitDay, |e| e.amount(990)),
        (Rejection::LegsDiffer, |e| e.leg("ann", "bob", EUR, Role::Principal, 1)),
        (Rejection::LegUnauthorised, |e| {
            let e = e.legs_none().leg("ann", "bob", EUR, Role::Principal, 900);
            e.leg("eve", "bob", USD, Role::Fee, 1)
        }),
        (Rejection::AssetNotHeld, |e| {
            let e = e.legs_none().leg("ann", "bob", EUR, Role::Principal, 900);
            e.leg("desk", "yen", EUR, Role::Fee, 1)
        }),
        (Rejection::ExceedsAvailable, |e| {
            let e = e.legs_none().leg("ann", "bob", EUR, Role::Principal, 900);
            e.leg("desk", "fees", EUR, Role::Fee, 1)
        }),
    ];
    check_order(&mut town, &LIMITED, &valid, faults);
}

#[test]
fn a_refund_is_refused_in_the_order_of_the_codes() {
    let mut town = Town::new();
    town.apply(&[payment(100, "ann", "bob", 500)]);
    let first = Draft::new(5).id(101).target(100).asset(EUR).amount(300).bound(500);
    assert_eq!(town.apply(&[first.clone().payer("bob").payee("ann")]), [0]);
    let valid = first.id(102).amount(200).payer("bob").payee("ann");
    let faults: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.target(0)),
        (Rejection::UnknownAsset, |e| e.asset(9)),
        (Rejection::BadAuthorisation, |e| e.payer("self")),
        (Rejection::RefundDiffers, |e| e.bound(600).amount(201)),
        (Rejection::RefundExceedsPayment, |e| e.amount(201)),
        (Rejection::LegsDiffer, |e| e.leg("bob", "ann", EUR, Role::Principal, 199)),
    ];
    check_order(&mut town, &ALL, &valid, faults);
}

#[test]
fn issues_and_redemptions_need_the_nostro_on_the_right_side() {
    let mut town = Town::new();
    let issue = Draft::new(6).id(100).asset(EUR).amount(5).payer("nostro").payee("bob");
    let faults: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.leg("nostro", "bob", EUR, Role::Principal, 5)),
        (Rejection::AmountZero, |e| e.legs_none().amount(0)),
        (Rejection::NostroMisused, |e| e.payer("ann")),
    ];
    check_order(&mut town, &ALL, &issue, faults);
    let redeem = Draft::new(7).id(101).asset(EUR).amount(5).payer("ann").payee("nostro");
    let faults: &[Fault] = &[
        (Rejection::NotCustodian, |e| e.payer("ann").payee("eve")),
        (Rejection::NostroMisused, |e| e.payee("bob")),
        (Rejection::BadAuthorisation, |e| e.payer("self").payee("nostro")),
        (Rejection::ExceedsAvailable, |e| e.payer("poor")),
    ];
    check_order(&mut town, &ALL, &redeem, faults);
}

#[test]
fn a_post_is_refused_in_the_order_of_the_page() {
    let mut town = Town::new();
    let held = payment(100, "ann", "bob", 500).bound(10).pending(START_NS + HOUR_NS);
    let held =
        held.leg("ann", "bob", EUR, Role::Principal, 500).leg("ann", "fees", EUR, Role::Fee, 10);
    let short = payment(101, "ann", "bob", 5).pending(START_NS + 1_000);
    let frozen = payment(102, "bob", "poor", 5).pending(START_NS + HOUR_NS);
    assert_eq!(town.apply(&[held, short, payment(99, "ann", "bob", 5), frozen]), [0; 4]);
    assert_eq!(town.apply(&[Draft::new(10).id(98).payer("poor")]), [0]);
    let post = |number| Draft::new(3).id(number).asset(EUR).amount(500).outcome(1);
    let valid = post(103).target(100).payer("ann").payee("bob");
    let faults: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.outcome(2)),
        (Rejection::HoldUnknown, |e| e.target(77)),
        (Rejection::HoldDiffers, |e| e.payee("fees").amount(0)),
        (Rejection::AmountZero, |e| e.amount(0)),
        (Rejection::HoldExceeded, |e| e.payee("bob").amount(501)),
        (Rejection::HoldLegsDiffer, |e| e.amount(499)),
    ];
    check_order(&mut town, &ALL, &valid, faults);
    let frozen = post(104).target(102).amount(5).payer("bob").payee("poor");
    assert_eq!(town.try_by(&ALL, &frozen), Rejection::PayeeFrozen.code());
    // The sweep takes what is due before any entry is applied, so that a hold which is expired and
    // still there needs more than 1,024 that are due before it; the rule is asked directly.
    let expired = post(105).target(101).amount(5).payer("ann").payee("bob").bytes();
    let (entry, _) = crate::codec::read_entry(&expired).unwrap();
    let scope = Scope { chain_id: [0; 32], height: 9, now_ns: START_NS + 1_000 };
    let signer = Signer { key: [0; 32], institution: 1, purposes: key::PAY };
    let refused = hold::post_hold(&mut town.ledger.state, &scope, &signer, &entry);
    assert_eq!(refused, Err(Rejection::HoldExpired));
}

#[test]
fn accounts_are_refused_in_the_order_of_the_codes() {
    let mut town = Town::new();
    let opening: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.expires(1)),
        (Rejection::UnknownAsset, |e| Draft {
            units: open("x", [0; 32], 0, &[EUR, 9]).units,
            ..e.expires(0)
        }),
        (Rejection::AccountExists, |e| Draft {
            units: open("x", [0; 32], 0, &[EUR]).units,
            ..e.payer("ann")
        }),
    ];
    check_order(&mut town, &ALL, &open("new", [0; 32], 0, &[EUR]), opening);
    for assets in [&[EUR, EUR][..], &[0, EUR], &[1, 2, 3, 0, 0, 0, 0, 1]] {
        let code = town.try_by(&ALL, &open("new", [0; 32], 0, assets));
        assert_eq!(code, Rejection::Inconsistent.code(), "{assets:?}");
    }
    let flagged = open("new", [0; 32], 4, &[EUR]);
    assert_eq!(town.try_by(&ALL, &flagged), Rejection::Inconsistent.code());

    let closing: &[Fault] = &[
        (Rejection::UnknownPayer, |e| e.payer("nobody")),
        (Rejection::NotCustodian, |e| e.payer("eve")),
        (Rejection::PayerClosed, |e| e.payer("closed")),
        (Rejection::AccountNotEmpty, |e| e.payer("ann")),
    ];
    check_order(&mut town, &ALL, &Draft::new(9).id(50).payer("poor"), closing);
    let freezing: &[Fault] = &[
        (Rejection::NotCustodian, |e| e.payer("eve")),
        (Rejection::AccountAlreadyClosed, |e| e.payer("closed")),
        (Rejection::AccountAlreadyFrozen, |e| e.payer("frozen")),
    ];
    check_order(&mut town, &FREEZER, &Draft::new(10).id(51).payer("poor"), freezing);
    let thawing: &[Fault] = &[
        (Rejection::AccountAlreadyClosed, |e| e.payer("closed")),
        (Rejection::AccountNotFrozen, |e| e.payer("ann")),
    ];
    check_order(&mut town, &FREEZER, &Draft::new(11).id(52).payer("frozen"), thawing);
}

#[test]
fn assets_keys_and_limits_are_refused_in_the_order_of_the_codes() {
    let mut town = Town::new();
    let code = |text: &str| register_asset(4, text, 0).units;
    for (units, rejection) in [
        (code("EUR/2"), Rejection::AssetCodeTaken),
        (code("eur"), Rejection::AssetBadCode),
        (code(""), Rejection::AssetBadCode),
        (code("A\0B"), Rejection::AssetBadCode),
        (register_asset(4, "X", 31).units, Rejection::AssetBadCode),
    ] {
        let draft = Draft { units, ..register_asset(4, "X", 0) };
        assert_eq!(town.try_by(&ALL, &draft), rejection.code());
        let early = Draft { units: draft.units, ..register_asset(5, "X", 0) };
        assert_eq!(town.try_by(&ALL, &early), Rejection::AssetOutOfOrder.code());
    }
    assert_eq!(town.apply(&[register_asset(4, "ABCDEFGH/01.3456", 30)]), [0]);

    let known = signature::public_key(&ALL);
    for (draft, code) in [
        (register_key(known, 1, 0, 0), Rejection::KeyExists.code()),
        (register_key([9; 32], 1, 0, 0), Rejection::KeyBadPurpose.code()),
        (register_key([9; 32], 1, 64, 0), Rejection::KeyBadPurpose.code()),
        (register_key([9; 32], 7, 1, 0), Rejection::KeyOtherInstitution.code()),
        (register_key([9; 32], 1, 1, 0), 0),
        (name_key(14, [9; 32]), Rejection::KeyUnknown.code()),
        (set_limit([9; 32], 9, 1, 1), Rejection::UnknownAsset.code()),
        (set_limit([9; 32], EUR, 1, 1), Rejection::KeyUnknown.code()),
        (set_limit(known, EUR, 1, 1), 0),
    ] {
        assert_eq!(town.try_by(&ALL, &draft), code);
    }
    let revoke = name_key(14, signature::public_key(&LIMITED));
    assert_eq!(
        town.apply(&[revoke.clone(), revoke.id(3001)]),
        [0, Rejection::KeyAlreadyRevoked.code()]
    );
}

#[test]
fn a_key_needs_the_purpose_of_the_kind() {
    let mut town = Town::new();
    for (draft, wrong) in [
        (payment(100, "ann", "bob", 5), true),
        (open("new", [0; 32], 0, &[]), true),
        (Draft::new(6).id(101), true),
        (name_key(14, [0; 32]), true),
        (Draft::new(10).id(102).payer("ann"), false),
    ] {
        let code = town.try_by(&FREEZER, &draft);
        assert_eq!(code == Rejection::WrongPurpose.code(), wrong);
    }
}

#[test]
fn an_envelope_is_refused_in_the_order_of_the_codes() {
    let mut town = Town::new();
    let valid = town.seal(&ALL, &[payment(100, "ann", "bob", 5)]);
    let later = signature::public_key(&LATER);
    type Change = Box<dyn Fn(&mut [u8])>;
    let put_at = |at: usize, bytes: Vec<u8>| -> Change {
        Box::new(move |envelope| envelope[at..at + bytes.len()].copy_from_slice(&bytes))
    };
    let known = signature::public_key(&ALL);
    let faults: Vec<(Rejection, Change)> = vec![
        (Rejection::WrongChain, put_at(32, vec![9])),
        (Rejection::UnknownKey, put_at(64, vec![9; 32])),
        (Rejection::WrongInstitution, put_at(8, vec![2])),
        (Rejection::KeyNotActive, put_at(64, later.to_vec())),
        (Rejection::EnvelopeExpired, put_at(24, vec![0; 8])),
        (Rejection::SequenceUsed, put_at(16, vec![0; 8])),
        (Rejection::DigestDiffers, put_at(96, vec![9; 32])),
        (Rejection::BadSignature, put_at(128, vec![0; 64])),
    ];
    for first in 0..faults.len() {
        let mut envelope = valid.clone();
        put_at(64, known.to_vec())(&mut envelope);
        faults[first..].iter().rev().for_each(|(_, change)| change(&mut envelope));
        if first > 3 {
            put_at(64, known.to_vec())(&mut envelope);
        }
        let code = faults[first].0.code();
        assert_eq!(town.stage(&[&envelope]), [code, code], "{}", faults[first].0.name());
        town.ledger.discard();
    }
    assert_eq!(town.stage(&[&valid]), [0, 0]);
    town.ledger.discard();
    let again = town.seal(&LIMITED, &[payment(101, "ann", "bob", 5)]);
    town.apply(&[name_key(14, signature::public_key(&LIMITED))]);
    let code = Rejection::KeyRevoked.code();
    assert_eq!(town.stage(&[&again]), [code, code]);
}

#[test]
fn codes_are_distinct_and_ascend() {
    let codes: Vec<u16> = Rejection::ALL.iter().map(|rejection| rejection.code()).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
}
