//! Every refusal of an escrow, a release and a cancel, in the order of docs/format.md.

use super::tests::{Fault, check_order};
use crate::codec::{Unit, put};
use crate::rejection::Rejection;
use crate::town::*;

const DEADLINE_NS: u64 = START_NS + HOUR_NS;

fn plan(flags: u8, shares: u8, nodes: u8) -> Unit {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, [1, flags, shares, nodes]);
    unit
}

fn share(name: &str, cap_minor: u128) -> Unit {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, [2]);
    put::<20, _, _>(&mut unit, address(name));
    put::<48, _, _>(&mut unit, cap_minor.to_le_bytes());
    unit
}

/// A node of these first bytes: after 0, before 0 (never), a threshold.
fn node(op: u8, a: u8, b: u8) -> Unit {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, [op, a, b]);
    unit
}

fn delivery(from: &str, to: &str, amount_minor: u128) -> Unit {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, [16]);
    put::<4, _, _>(&mut unit, USD.to_le_bytes());
    put::<8, _, _>(&mut unit, amount_minor.to_le_bytes());
    put::<24, _, _>(&mut unit, address(from));
    put::<44, _, _>(&mut unit, address(to));
    unit
}

fn escrow(number: u64, payer: &str, payee: &str, terms: &[Unit]) -> Draft {
    let draft = Draft::new(16).id(number).asset(EUR).amount(500).payer(payer).payee(payee);
    draft.outcome(1).expires(DEADLINE_NS).terms(terms)
}

fn release(number: u64, target: u64, amount_minor: u128) -> Draft {
    let draft = Draft::new(17).id(number).target(target).purpose(1).asset(EUR);
    draft.amount(amount_minor).payer("bob").payee("bob").outcome(1)
}

fn cancel(number: u64, target: u64, asker: &str) -> Draft {
    Draft::new(18).id(number).target(target).purpose(1).payer(asker)
}

fn freeze(number: u64, name: &str) -> Draft {
    Draft::new(10).id(number).payer(name)
}

#[test]
fn an_escrow_is_refused_in_the_order_of_the_page() {
    let mut town = Town::new();
    let always = [plan(0, 0, 1), node(11, 0, 0)];
    assert_eq!(town.apply(&[escrow(90, "ann", "bob", &always)]), [0]);
    let used = escrow(91, "ann", "bob", &always).amount(600);
    assert_eq!(town.apply_by(&LIMITED, &[used]), [0]);
    let valid = escrow(100, "ann", "bob", &always);
    let faults: &[Fault] = &[
        (Rejection::Expired, |e| e.valid_until(START_NS)),
        (Rejection::IdReused, |e| e.id(90)),
        (Rejection::Declined, |e| e.outcome(3)),
        (Rejection::Inconsistent, |e| e.target(7)),
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
        (Rejection::BadAuthorisation, |e| e.payer("self").payee("yen")),
        (Rejection::LimitPayment, |e| e.payer("ann").payee("yen").amount(1_001)),
        (Rejection::LimitDay, |e| e.payee("yen").amount(901)),
        (Rejection::EscrowBadTerms, |e| e.payee("bob").terms(&[plan(0, 1, 0), share("bob", 1)])),
        (Rejection::EscrowTermsDiffer, |e| {
            e.terms(&[plan(0, 1, 0), share("nostro", 1)]).terms_hash([0; 32])
        }),
        (Rejection::EscrowBadShare, |e| e.terms(&[plan(0, 1, 0), share("nostro", 1)])),
        (Rejection::AssetNotHeld, |e| e.payee("yen").terms(&[plan(0, 0, 0)])),
        (Rejection::ExceedsAvailable, |e| e.payer("poor").payee("bob").terms(&[plan(0, 0, 0)])),
    ];
    check_order(&mut town, &LIMITED, &valid, faults);
}

#[test]
fn a_release_is_refused_in_the_order_of_the_page() {
    let mut town = Town::new();
    // Free to any payee but by a share's rule; a delivery that the desk can make; one that never is.
    let any_of = [plan(4, 0, 3), node(10, 1, 2), node(11, 0, 0), delivery("desk", "ann", 10_001)];
    let mut streaming = plan(4, 0, 1);
    put::<16, _, _>(&mut streaming, u64::MAX.to_le_bytes());
    put::<24, _, _>(&mut streaming, 1_u128.to_le_bytes());
    let shared = [plan(0, 1, 1), share("fees", 1), node(11, 0, 0)];
    let entries = [
        escrow(90, "ann", "bob", &any_of),
        escrow(91, "ann", "bob", &[streaming, node(11, 0, 0)]),
        escrow(92, "ann", "bob", &[plan(0, 0, 1), node(12, 0, 0)]),
        escrow(93, "ann", "bob", &shared),
        escrow(94, "poor", "bob", &any_of).amount(5),
    ];
    assert_eq!(town.apply(&[payment(89, "ann", "poor", 5)]), [0]);
    assert_eq!(town.apply(&entries), [0; 5]);
    assert_eq!(town.apply(&[freeze(95, "poor"), freeze(96, "fees")]), [0; 2]);
    let valid = release(100, 90, 500).terms_hash(crate::terms::Terms::hash(&any_of));
    let faults: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.outcome(2)),
        (Rejection::AmountZero, |e| e.amount(0)),
        (Rejection::UnknownPayer, |e| e.payer("nobody")),
        (Rejection::NotCustodian, |e| e.payer("eve")),
        (Rejection::PayerClosed, |e| e.payer("closed")),
        (Rejection::PayerFrozen, |e| e.payer("frozen")),
        (Rejection::BadAuthorisation, |e| e.payer("self")),
        (Rejection::EscrowUnknown, |e| e.payer("bob").target(7)),
        (Rejection::EscrowDiffers, |e| e.target(90).asset(USD)),
        (Rejection::EscrowExceeded, |e| e.target(90).asset(EUR).amount(501)),
        (Rejection::UnknownPayee, |e| e.target(90).amount(500).payee("nobody")),
        (Rejection::SameAccount, |e| e.target(90).amount(500).payee("ann")),
        (Rejection::PayeeClosed, |e| e.target(90).amount(500).payee("closed")),
        (Rejection::PayeeFrozen, |e| e.target(90).amount(500).payee("frozen")),
        (Rejection::NostroMisused, |e| e.target(90).amount(500).payee("nostro")),
        (Rejection::PayerFrozen, |e| e.payee("bob").target(94).amount(5)),
        (Rejection::EscrowNotAccrued, |e| e.target(91).terms_hash([0; 32]).amount(1)),
        (Rejection::EscrowBadWitness, |e| e.target(92).unit(node(4, 9, 0))),
        (Rejection::EscrowUnmet, |e| e.target(92)),
        (Rejection::PayeeFrozen, |e| e.target(93).payee("bob").legs_none().terms_hash([0; 32])),
        (Rejection::ExceedsAvailable, |e| {
            let e = e.target(90).amount(500).payer("desk").payee("yen").unit(node(4, 2, 0));
            e.terms_hash(crate::terms::Terms::hash(&[
                plan(4, 0, 3),
                node(10, 1, 2),
                node(11, 0, 0),
                delivery("desk", "ann", 10_001),
            ]))
        }),
        (Rejection::AssetNotHeld, |e| e.target(90).payee("yen")),
    ];
    check_order(&mut town, &ALL, &valid, faults);
}

#[test]
fn a_cancel_is_refused_in_the_order_of_the_page() {
    let mut town = Town::new();
    let entries =
        [escrow(90, "ann", "bob", &[plan(2, 0, 0)]), escrow(91, "ann", "bob", &[plan(0, 0, 0)])];
    assert_eq!(town.apply(&entries), [0; 2]);
    let valid = cancel(100, 90, "ann");
    let faults: &[Fault] = &[
        (Rejection::Inconsistent, |e| e.expires(1)),
        (Rejection::UnknownPayer, |e| e.payer("nobody")),
        (Rejection::NotCustodian, |e| e.payer("eve")),
        (Rejection::PayerClosed, |e| e.payer("closed")),
        (Rejection::PayerFrozen, |e| e.payer("frozen")),
        (Rejection::BadAuthorisation, |e| e.payer("self")),
        (Rejection::EscrowUnknown, |e| e.payer("poor").target(7)),
        (Rejection::EscrowNotCancellable, |e| e.payer("poor").target(91)),
    ];
    check_order(&mut town, &ALL, &valid, faults);
}

#[test]
fn the_sweep_ends_holds_before_escrows_of_one_moment() {
    let mut town = Town::new();
    let paid = escrow(101, "ann", "bob", &[plan(1, 0, 0)]);
    let returned = escrow(102, "ann", "bob", &[plan(0, 0, 0)]);
    let held = payment(103, "ann", "bob", 500).pending(DEADLINE_NS);
    assert_eq!(town.apply(&[returned, paid, held]), [0; 3]);
    assert_eq!(town.ledger.state.next_expiry_ns(), Some(DEADLINE_NS));
    town.now_ns = DEADLINE_NS;
    use crate::codec::End::{EscrowPaid, EscrowReturned, HoldReleased};
    let ended = super::find_due(&town.ledger.state, DEADLINE_NS);
    let ends: Vec<_> = ended.iter().map(|row| (row.end, row.id)).collect();
    assert_eq!(ends, [(HoldReleased, id(103)), (EscrowPaid, id(101)), (EscrowReturned, id(102))]);
    assert_eq!(town.stage(&[]), [0]);
    town.commit();
    assert_eq!(town.balance("ann", EUR), (9_500, 0, 0));
    assert_eq!(town.balance("bob", EUR), (500, 0, 0));
}
