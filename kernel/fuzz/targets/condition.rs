//! Terms: whatever the bytes are, reading and evaluating them ends, gives no more than there is, and
//! comes out the same again.

use _native::codec::Unit;
use _native::terms::{Release, Terms, Witnesses, evaluate, signed, witness};

/// One byte says how many witnesses there are, 48 of them are the release; then come the units of
/// the terms, and last the witnesses.
pub fn run(data: &[u8]) {
    let Some((count, rest)) = data.split_first() else { return };
    let Some((numbers, rest)) = rest.split_first_chunk::<48>() else { return };
    let units: &[Unit] = rest.as_chunks().0;
    let witnesses_count = usize::from(*count % 5).min(units.len());
    let (units, shown) = units.split_at(units.len() - witnesses_count);
    let Ok(terms) = Terms::parse(units) else { return };
    assert!(Terms::parse(units).is_ok() && units.len() <= 16);
    assert_eq!(Terms::units_of(&units[0]), units.len());
    assert!(terms.nodes().count() + terms.shares().count() < units.len());

    let number = |at: usize| u128::from_le_bytes(*numbers[at..].first_chunk().unwrap());
    let (released, amount) = (number(0) >> 1, number(16) >> 1);
    let now_ns = number(32) as u64;
    check_amounts(&terms, released, amount, now_ns);
    if witness::check(shown).is_err() {
        return;
    }
    let Ok(found) = Witnesses::of_terms(&terms, shown) else { return };
    let release = Release {
        chain_id: [1; 32],
        terms_hash: Terms::hash(units),
        institution: 1,
        id: [2; 16],
        opened_ns: 5,
        payer: [3; 20],
        payee: [4; 20],
        escrow_minor: released + amount,
        released_minor: released,
        now_ns,
        asked_by: [3 + count / 128; 20],
        names_terms: count & 64 != 0,
        to: [4; 20],
        to_category: 5411,
        amount_minor: amount,
    };
    let truths = evaluate(&terms, &release, &found);
    assert_eq!(truths.as_slice().len(), terms.nodes().count());
    assert_eq!(truths, evaluate(&terms, &release, &found));
    assert!(signed(&terms, &release, &found).count() <= shown.len());
    if let Some(delivery) = terms.delivered(&truths) {
        assert_eq!(Some(delivery), terms.delivery());
    }
}

/// Shares get no more than is released, whether it comes at once or in two.
fn check_amounts(terms: &Terms<'_>, released: u128, amount: u128, now_ns: u64) {
    let all = released + amount;
    let given =
        |before, after| -> u128 { terms.allocate(before, after).map(|(_, part)| part).sum() };
    assert!(given(released, all) <= amount);
    assert_eq!(given(0, released) + given(released, all), given(0, all));
    let accrued = terms.accrued_minor(all, now_ns);
    assert!(accrued <= all);
    assert!(accrued <= terms.accrued_minor(all, now_ns.saturating_add(1)));
}
