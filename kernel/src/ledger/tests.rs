//! The life of a block: staged, committed or discarded, replayed, exported; and what money does.

use super::*;
use crate::codec::{End, Ended, Role};
use crate::proof::{Claim, Proof, Proofs, check_claims};
use crate::town::*;

#[test]
fn a_payment_moves_money_once() {
    let mut town = Town::new();
    let pay = payment(100, "ann", "bob", 300);
    assert_eq!(town.apply(&[pay.clone(), pay.clone()]), [0, 0]);
    assert_eq!(town.apply(std::slice::from_ref(&pay)), [0]);
    let block = town.ledger.history.read(town.ledger.tip.height).unwrap().unwrap();
    let result = block.body.results.as_chunks::<32>().0[1];
    let first = EntryResult { kind: 2, duplicate_of_height: Some(2), ..EntryResult::default() };
    assert_eq!(result, first.write());
    assert_eq!(town.balance("ann", EUR).0, 9_700);
    assert_eq!(town.balance("bob", EUR).0, 300);
}

#[test]
fn a_refusal_is_remembered_and_leaves_no_trace() {
    let mut town = Town::new();
    let before = town.ledger.state.balances.table.root();
    let poor = payment(100, "poor", "bob", 300);
    assert_eq!(town.apply(std::slice::from_ref(&poor)), [Rejection::ExceedsAvailable.code()]);
    assert_eq!(town.ledger.state.balances.table.root(), before);
    let funded = payment(101, "ann", "poor", 300);
    let codes = town.apply(&[funded, poor]);
    assert_eq!(codes, [0, Rejection::ExceedsAvailable.code()]);
}

#[test]
fn a_conversion_books_all_its_legs_or_none() {
    let mut town = Town::new();
    let convert = |number, dollars| {
        payment(number, "ann", "bob", 900)
            .paid_in(USD, dollars)
            .bound(9)
            .leg("ann", "desk", EUR, Role::Exchange, 900)
            .leg("ann", "fees", EUR, Role::Fee, 9)
            .leg("desk", "bob", USD, Role::Exchange, dollars)
    };
    let before = town.ledger.state.balances.table.root();
    let dry = town.apply(&[convert(100, 10_001)]);
    assert_eq!(dry, [Rejection::ExceedsAvailable.code()]);
    assert_eq!(town.ledger.state.balances.table.root(), before);
    assert_eq!(town.apply(&[convert(101, 1_000)]), [0]);
    assert_eq!(town.balance("ann", EUR).0, 10_000 - 909);
    assert_eq!(town.balance("desk", EUR).0, 900);
    assert_eq!(town.balance("fees", EUR).0, 9);
    assert_eq!(town.balance("desk", USD).0, 9_000);
    assert_eq!(town.balance("bob", USD).0, 1_000);
}

#[test]
fn a_hold_is_posted_in_part_and_the_rest_is_released() {
    let mut town = Town::new();
    let hold = payment(100, "ann", "bob", 500).pending(START_NS + HOUR_NS);
    assert_eq!(town.apply(&[hold]), [0]);
    assert_eq!(town.balance("ann", EUR), (10_000, 0, 500));
    assert_eq!(town.balance("bob", EUR), (0, 500, 0));
    let post = Draft::new(3).id(101).target(100).asset(EUR).amount(200).outcome(1);
    let post = post.payer("ann").payee("bob");
    assert_eq!(town.apply(&[post.clone(), post.id(102)]), [0, Rejection::HoldUnknown.code()]);
    assert_eq!(town.balance("ann", EUR), (9_800, 0, 0));
    assert_eq!(town.balance("bob", EUR), (200, 0, 0));
    assert_eq!(town.ledger.state.holds.slots.count(), 0);
}

#[test]
fn a_posted_hold_may_give_less_in_every_leg() {
    let mut town = Town::new();
    let hold = payment(100, "ann", "bob", 500).bound(10).pending(START_NS + HOUR_NS);
    let hold =
        hold.leg("ann", "bob", EUR, Role::Principal, 500).leg("ann", "fees", EUR, Role::Fee, 10);
    assert_eq!(town.apply(&[hold]), [0]);
    let post = Draft::new(3).id(101).target(100).asset(EUR).amount(300).outcome(1);
    let post = post.payer("ann").payee("bob").leg("ann", "bob", EUR, Role::Principal, 300).leg(
        "ann",
        "fees",
        EUR,
        Role::Fee,
        6,
    );
    assert_eq!(town.apply(&[post]), [0]);
    assert_eq!(town.balance("ann", EUR), (9_694, 0, 0));
    assert_eq!(town.balance("fees", EUR), (6, 0, 0));
}

#[test]
fn a_due_hold_is_swept_first_and_can_be_voided_before() {
    let mut town = Town::new();
    let hold = |number| payment(number, "ann", "bob", 500).pending(START_NS + 1_000);
    assert_eq!(town.apply(&[hold(100), hold(101)]), [0, 0]);
    assert_eq!(town.apply(&[Draft::new(4).id(102).target(100)]), [0]);
    town.now_ns = START_NS + 1_000;
    let pay = town.seal(&ALL, &[payment(103, "ann", "bob", 9_999)]);
    assert_eq!(town.stage(&[&pay]), [0, 0, 0]);
    let block = town.ledger.staged().unwrap();
    let records = block.records().unwrap();
    assert!(records.has_sweep && records.all[0][32] == 1 && records.all[0][48] == 101);
    assert_eq!(block.body.results.as_chunks::<32>().0[0], EntryResult::sweep(1).write());
    assert_eq!(town.balance("ann", EUR), (1, 0, 0));
    assert_eq!(town.ledger.state.holds.next_expiry_ns(), None);
}

#[test]
fn self_custody_moves_by_the_owners_signature() {
    let mut town = Town::new();
    let chain_id = town.ledger.chain_id;
    let pay = payment(100, "self", "bob", 5);
    let signed = pay.clone().sign(&OWNER_SEED, &chain_id);
    let forged = pay.id(101).sign(&[78; 32], &chain_id);
    let refused = Rejection::BadAuthorisation.code();
    assert_eq!(town.apply(&[signed, forged]), [0, refused]);
    let needless = payment(102, "ann", "bob", 5).sign(&OWNER_SEED, &chain_id);
    assert_eq!(town.apply(&[needless]), [refused]);
    // The owner is opened in the same block, and so is not known before it is applied.
    let owner = signature::public_key(&[79; 32]);
    let fresh = payment(104, "fresh", "bob", 5).sign(&[79; 32], &chain_id);
    let codes = town.apply(&[
        open("fresh", owner, 0, &[EUR]).id(103),
        payment(105, "ann", "fresh", 9),
        fresh,
        payment(106, "fresh", "bob", 4).sign(&[80; 32], &chain_id),
    ]);
    assert_eq!(codes, [0, 0, 0, refused]);
}

#[test]
fn a_revoking_envelope_is_applied_whole_and_may_be_final() {
    let mut town = Town::new();
    let revoke = name_key(14, signature::public_key(&ALL));
    let codes = town.apply(&[revoke, payment(100, "ann", "bob", 5)]);
    assert_eq!(codes, [0, 0]);
    let next = town.seal(&ALL, &[payment(101, "ann", "bob", 5)]);
    let code = Rejection::KeyRevoked.code();
    assert_eq!(town.stage(&[&next]), [code, code]);
    let block = town.ledger.staged().unwrap();
    let finality = Finality {
        key: signature::public_key(&ALL),
        signature: signature::sign(&ALL, &block.hash),
    };
    let refused = town.ledger.commit(&finality.write());
    assert!(matches!(refused, Err(CommitError::BadFinality)));
}

#[test]
fn the_window_forgets_what_cannot_come_back() {
    let mut town = Town::new();
    let short = payment(100, "ann", "bob", 5).valid_until(START_NS + 100);
    town.apply(std::slice::from_ref(&short));
    let long = payment(101, "ann", "bob", 5);
    town.apply(std::slice::from_ref(&long));
    let slots = |town: &Town| town.ledger.state.window.segments.slots().length();
    assert_eq!(slots(&town), 3);
    town.now_ns = START_NS + HOUR_NS - 1;
    assert_eq!(town.apply(&[payment(102, "ann", "bob", 5).valid_until(u64::MAX)]), [22]);
    // The first block is still valid, and so keeps those after it.
    assert_eq!(slots(&town), 3);
    town.now_ns = START_NS + HOUR_NS + 10;
    town.apply(&[payment(100, "ann", "bob", 7).valid_until(START_NS + 2 * HOUR_NS)]);
    assert_eq!(slots(&town), 1);
    assert_eq!(town.balance("bob", EUR).0, 17);
}

#[test]
fn limits_start_anew_each_day() {
    let mut town = Town::new();
    let day_ns = 24 * HOUR_NS;
    let pay = |number, at_ns| payment(number, "ann", "bob", 900).valid_until(at_ns + HOUR_NS);
    let codes = town.apply_by(&LIMITED, &[pay(100, START_NS), pay(101, START_NS)]);
    assert_eq!(codes, [0, Rejection::LimitDay.code()]);
    town.now_ns = START_NS + day_ns;
    assert_eq!(town.apply_by(&LIMITED, &[pay(102, town.now_ns)]), [0]);
}

#[test]
fn what_is_discarded_was_never_there() {
    let mut town = busy_town();
    let before = (town.ledger.state.root(), town.ledger.tip.height);
    let envelope = busy_envelope(&mut town, 500);
    town.now_ns = START_NS + 2_000;
    let codes = town.stage(&[&envelope]);
    let staged = town.ledger.staged().unwrap().hash;
    assert!(codes.contains(&0) && codes.contains(&Rejection::ExceedsAvailable.code()));
    assert!(town.ledger.discard());
    assert!(!town.ledger.discard());
    assert_eq!((town.ledger.state.root(), town.ledger.tip.height), before);
    assert!(town.ledger.state.window.find(1, &id(500)).is_none());
    town.now_ns = START_NS + 2_000;
    assert_eq!(town.stage(&[&envelope]), codes);
    assert_eq!(town.ledger.staged().unwrap().hash, staged);
}

#[test]
fn checkpoints_nest() {
    let mut town = busy_town();
    let state = &mut town.ledger.state;
    let root_outer = state.root();
    let outer = state.checkpoint();
    state.transfer(0, 6, 5, true).unwrap();
    state.set_account_flags(3, 256);
    let root_inner = state.root();
    let inner = state.checkpoint();
    state.transfer(6, 4, 3, true).unwrap();
    let slot = state.holds.find(1, &id(202)).unwrap();
    state.end_hold(slot);
    state.drop_oldest_segment();
    assert_ne!(state.root(), root_inner);
    state.rollback(inner);
    assert_eq!(state.root(), root_inner);
    state.rollback(outer);
    assert_eq!(state.root(), root_outer);
}

/// Read back from its stored form.
fn recorded(block: &Block, change: impl FnOnce(&mut Vec<u8>)) -> Recorded {
    let mut stored = block.with_payload(|parts| parts.concat());
    change(&mut stored);
    Recorded::of(Block::decode_payload(&stored).unwrap()).unwrap()
}

#[test]
fn a_replay_gives_the_same_blocks_and_finds_what_was_changed() {
    let mut town = busy_town();
    let envelope = busy_envelope(&mut town, 500);
    town.stage(&[&envelope]);
    town.commit();
    let chain_id = town.ledger.chain_id;
    // An owner's signature that holds, one that does not, and an envelope that nobody signed.
    let signed = payment(600, "self", "bob", 5).sign(&OWNER_SEED, &chain_id);
    let forged = payment(601, "self", "bob", 5).sign(&ALL, &chain_id);
    let good = town.seal(&ALL, &[signed, forged]);
    let mut bad = town.seal(&ALL, &[payment(602, "ann", "bob", 5)]);
    bad[128..192].fill(1);
    let codes = town.stage(&[&good, &bad]);
    town.commit();
    let (authorisation, signature) =
        (Rejection::BadAuthorisation.code(), Rejection::BadSignature.code());
    assert_eq!(codes, [0, 0, authorisation, signature, signature]);
    let blocks: Vec<Block> = (0..=town.ledger.tip.height)
        .map(|height| town.ledger.history.read(height).unwrap().unwrap())
        .collect();
    let at_start = |blocks: &[Block]| {
        let genesis = &blocks[0].body.entries;
        let mut ledger = Ledger::create(START_NS, genesis, History::Memory(Vec::new())).unwrap();
        for block in &blocks[1..blocks.len() - 1] {
            ledger.replay(&recorded(block, |_| {}), Trust::Nothing).unwrap();
        }
        ledger
    };
    let last = blocks.last().unwrap();
    for trust in [Trust::Nothing, Trust::Finality] {
        let mut ledger = at_start(&blocks);
        // The last five results, of which the third is of the forged signature.
        for from_end in [5 * 32, 3 * 32, 2 * 32] {
            let changed = recorded(last, |stored| {
                let code = stored.len() - from_end + 2;
                stored[code] ^= if from_end == 5 * 32 { signature as u8 } else { stored[code] };
            });
            assert_eq!(ledger.replay(&changed, trust), Err("results differ".to_owned()));
        }
        let unsigned = recorded(last, |stored| stored[200] ^= 1);
        let what = Err("finality signature is wrong".to_owned());
        assert_eq!(ledger.replay(&unsigned, trust), what);
        assert_eq!(ledger.replay(&recorded(last, |_| {}), trust), Ok(()));
        assert_eq!(ledger.tip.hash, town.ledger.tip.hash);
        assert_eq!(ledger.state.root(), town.ledger.state.root());
    }
}

fn next_piece(ledger: &mut Ledger) -> Option<(String, Vec<u8>)> {
    let mut rows = Vec::new();
    let table = ledger.state.piece(&mut rows).expect("there is an image")?;
    Some((table.to_owned(), rows))
}

/// Between any two pieces a block comes, which changes, ends and adds rows of every kind.
#[test]
fn an_image_is_of_its_block_whatever_comes_meanwhile() {
    for pieces_at_once in [1, 2, 5] {
        let mut town = busy_town();
        let root = town.ledger.tip.state_root;
        town.ledger.want_image();
        assert_eq!(town.ledger.image_height(), Some(town.ledger.tip.height));
        let (mut rows, mut number) = (Vec::new(), 500);
        'read: loop {
            for _ in 0..pieces_at_once {
                match next_piece(&mut town.ledger) {
                    Some(piece) => rows.push(piece),
                    None => break 'read,
                }
            }
            let envelope = busy_envelope(&mut town, number);
            town.stage(&[&envelope]);
            if number % 3 == 0 {
                town.ledger.discard();
            } else {
                town.commit();
            }
            // After four of them holds and ids end, and what comes is too late.
            town.now_ns += HOUR_NS / 4;
            number += 101;
        }
        let mut state = State::import(&mut rows.into_iter()).unwrap();
        assert_eq!(state.root(), root);
        town.ledger.end_image();
        assert!(town.ledger.state.piece(&mut Vec::new()).is_err());
    }
}

/// As when the sequencer stages the next block while the one before is written.
#[test]
fn an_image_waits_until_a_block_is_complete_and_then_until_it_is_durable() {
    let mut town = busy_town();
    let height = town.ledger.tip.height;
    let envelope = busy_envelope(&mut town, 500);
    town.stage(&[&envelope]);
    let root = town.ledger.staged().unwrap().header.state_root;
    town.ledger.want_image();
    assert!(town.ledger.state.piece(&mut Vec::new()).is_err());
    town.hand_over();
    let above = busy_envelope(&mut town, 600);
    town.stage(&[&above]);
    assert_eq!(town.ledger.image_height(), None);
    town.ledger.write().unwrap();
    assert_eq!(town.ledger.image_height(), Some(height + 1));
    let pieces = std::iter::from_fn(|| next_piece(&mut town.ledger));
    let mut state = State::import(&mut pieces.collect::<Vec<_>>().into_iter()).unwrap();
    assert_eq!(state.root(), root);
}

#[test]
fn an_image_is_made_while_a_block_is_written_or_when_the_next_is_discarded() {
    for is_staged_on_top in [false, true] {
        let mut town = busy_town();
        let envelope = busy_envelope(&mut town, 500);
        town.stage(&[&envelope]);
        let (root, height) = (town.ledger.state.root(), town.ledger.tip.height + 1);
        town.hand_over();
        if is_staged_on_top {
            let above = busy_envelope(&mut town, 600);
            town.stage(&[&above]);
        }
        town.ledger.want_image();
        assert_eq!(town.ledger.discard(), is_staged_on_top);
        town.ledger.write().unwrap();
        assert_eq!(town.ledger.image_height(), Some(height));
        let pieces = std::iter::from_fn(|| next_piece(&mut town.ledger));
        let mut state = State::import(&mut pieces.collect::<Vec<_>>().into_iter()).unwrap();
        assert_eq!(state.root(), root);
    }
}

#[test]
fn the_image_of_a_block_that_cannot_be_written_is_gone() {
    let mut town = busy_town();
    let envelope = busy_envelope(&mut town, 500);
    town.stage(&[&envelope]);
    town.ledger.want_image();
    town.hand_over();
    let (_, history) = town.ledger.begin_write().unwrap();
    let full = Fault::Full(std::io::Error::other("no room"));
    assert!(town.ledger.end_write(history, Err(full)).is_err());
    assert_eq!(town.ledger.image_height(), None);
    assert!(town.ledger.state.piece(&mut Vec::new()).is_err());
}

#[test]
fn a_state_comes_back_from_its_rows() {
    let mut town = busy_town();
    town.ledger.want_image();
    let mut rows = Vec::new();
    while let Some(piece) = next_piece(&mut town.ledger) {
        rows.push(piece);
    }
    let mut state = State::import(&mut rows.into_iter()).unwrap();
    assert_eq!(state.root(), town.ledger.state.root());
    let tip = town.ledger.history.read(town.ledger.tip.height).unwrap().unwrap();
    let mut restored = Ledger::at(state, &tip, History::Memory(Vec::new()));
    let envelope = busy_envelope(&mut town, 500);
    town.stage(&[&envelope]);
    let block = restored.stage(town.now_ns, &[&envelope], &mut |_| {}).unwrap();
    assert_eq!(block.hash, town.ledger.staged().unwrap().hash);
}

#[test]
fn proofs_hold_for_every_record() {
    let mut town = busy_town();
    let envelope = busy_envelope(&mut town, 500);
    town.stage(&[&envelope]);
    town.commit();
    let height = town.ledger.tip.height;
    let block = town.ledger.history.read(height).unwrap().unwrap();
    let (header, finality) = (block.header.write(), block.finality.clone());
    let proofs = Proofs::of(block).unwrap();
    let made: Vec<Proof> = (0..proofs.count()).map(|at| proofs.proof(at).unwrap()).collect();
    assert!(made.len() > 8 && proofs.proof(made.len()).is_none());
    let claims = || -> Vec<Claim> {
        let mut claims = Vec::new();
        for (index, proof) in (0..).zip(&made) {
            claims.push(Claim {
                entry: &proof.entry,
                result: &proof.result,
                index,
                size: made.len() as u64,
                entry_path: proof.entry_path.as_flattened(),
                result_path: proof.result_path.as_flattened(),
                header: &header,
                finality: &finality,
            });
        }
        claims
    };
    let chain_id = town.ledger.chain_id;
    assert!(check_claims(&chain_id, &claims()).iter().all(|holds| *holds));
    assert!(!check_claims(&[0; 32], &claims()).iter().any(|holds| *holds));

    // One part of one claim is changed at a time; the others beside it still hold.
    let turned = |bytes: &[u8]| [&[bytes[0] ^ 1], &bytes[1..]].concat();
    let changes: [for<'a> fn(&mut Claim<'a>, &'a [u8]); 6] = [
        |claim, bytes| claim.entry = bytes,
        |claim, bytes| claim.result = bytes,
        |claim, bytes| claim.entry_path = bytes,
        |claim, bytes| claim.result_path = bytes,
        |claim, bytes| claim.header = bytes,
        |claim, bytes| claim.finality = bytes,
    ];
    let first = &made[7];
    let parts = [
        &first.entry[..],
        &first.result,
        first.entry_path.as_flattened(),
        first.result_path.as_flattened(),
        &header,
        &finality,
    ];
    for (change, part) in changes.into_iter().zip(parts) {
        for other in [turned(part), part[1..].to_vec(), Vec::new()] {
            let mut claims = claims();
            change(&mut claims[7], &other);
            let holds = check_claims(&chain_id, &claims);
            assert!(holds.iter().enumerate().all(|(at, holds)| *holds == (at != 7)));
        }
    }
    let mut claims = claims();
    (claims[3].index, claims[4].size) = (4, 1);
    let holds = check_claims(&chain_id, &claims);
    assert!(holds.iter().enumerate().all(|(at, holds)| *holds == (at != 3 && at != 4)));
}

#[test]
fn a_buffer_is_exactly_one_envelope() {
    let mut town = Town::new();
    let one = town.seal(&ALL, &[payment(100, "ann", "bob", 5)]);
    let two = town.seal(&ALL, &[payment(101, "ann", "bob", 5)]);
    let root = town.ledger.state.root();
    let sweep = write_sweep(&[Ended { institution: 1, end: End::HoldReleased, id: id(1) }]);
    let now_ns = town.now_ns + 1;
    let (head, tail) = one.split_at(300);
    for envelopes in [
        vec![[one.as_slice(), &two].concat()],
        vec![head.to_vec(), tail.to_vec()],
        vec![head.to_vec()],
        vec![Vec::new()],
        vec![sweep.clone()],
        vec![[sweep.as_slice(), &one].concat()],
        vec![sweep, one.clone()],
    ] {
        let envelopes: Vec<&[u8]> = envelopes.iter().map(Vec::as_slice).collect();
        let refused = town.ledger.stage(now_ns, &envelopes, &mut |_| {});
        assert!(matches!(refused, Err(StageError::Decode(_))));
    }
    assert_eq!(town.ledger.state.root(), root);
    assert_eq!(town.stage(&[&one, &two]), [0; 4]);
    let twice = town.ledger.stage(now_ns + 9, &[], &mut |_| {});
    assert!(matches!(twice, Err(StageError::AlreadyStaged)));
    town.commit();
    let late = town.ledger.stage(town.ledger.tip.time_ns, &[], &mut |_| {});
    assert!(matches!(late, Err(StageError::TimeNotGrowing)));
}

/// Holds of one leg and of two, one posted so that a slot is free, a refund, a frozen account.
fn busy_town() -> Town {
    let mut town = Town::new();
    let hold = |number| payment(number, "ann", "bob", 50).pending(START_NS + 1_000 + number);
    let legs = hold(201).bound(1).leg("ann", "bob", EUR, Role::Principal, 50);
    let post = Draft::new(3).id(203).target(200).asset(EUR).amount(20).outcome(1);
    let refund = Draft::new(5).id(204).target(200).asset(EUR).amount(5).bound(20);
    let codes = town.apply(&[
        hold(200),
        legs.leg("ann", "fees", EUR, Role::Fee, 1),
        hold(202),
        post.payer("ann").payee("bob"),
        refund.payer("bob").payee("ann"),
    ]);
    assert_eq!(codes, [0; 5]);
    town.apply_by(&LIMITED, &[payment(205, "ann", "bob", 700)]);
    town
}

/// Something of every kind, numbered from `first`; some of it is refused.
fn busy_envelope(town: &mut Town, first: u64) -> Vec<u8> {
    let refund = Draft::new(5).target(200).asset(EUR).amount(5).bound(20);
    let known = signature::public_key(&LIMITED);
    let drafts = [
        payment(0, "ann", "bob", 70),
        payment(0, "poor", "bob", 70),
        payment(0, "ann", "bob", 9).pending(START_NS + HOUR_NS),
        Draft::new(4).target(202),
        refund.clone().payer("bob").payee("ann"),
        refund.target(777).payer("bob").payee("ann"),
        Draft::new(7).asset(EUR).amount(5).payer("ann").payee("nostro"),
        open("new", [0; 32], 0, &[EUR, JPY]),
        Draft::new(10).payer("bob"),
        Draft::new(11).payer("bob"),
        Draft::new(9).payer("poor"),
        register_asset(4, "XAU/4", 4),
        register_key([9; 32], 3, 1, 0),
        set_limit(known, EUR, 5, 5),
        set_limit(known, USD, 5, 5),
        name_key(14, known),
    ];
    let drafts: Vec<Draft> =
        drafts.into_iter().zip(first..).map(|(draft, number)| draft.id(number)).collect();
    town.seal(&ALL, &drafts)
}

#[test]
fn a_block_is_staged_while_the_one_below_is_written() {
    let (mut one_by_one, mut together) = (Town::new(), Town::new());
    let blocks = [
        vec![payment(100, "ann", "bob", 5).pending(START_NS + HOUR_NS)],
        vec![Draft::new(4).id(101).target(100), payment(102, "ann", "bob", 7)],
    ];
    for drafts in &blocks {
        one_by_one.apply(drafts);
    }
    let envelopes = blocks.map(|drafts| together.seal(&ALL, &drafts));
    together.stage(&[&envelopes[0]]);
    together.hand_over();
    assert_eq!(together.stage(&[&envelopes[1]]), [0, 0, 0]);
    assert!(matches!(together.try_hand_over(), Err(CommitError::AlreadyWriting)));
    together.ledger.write().unwrap();
    together.hand_over();
    together.ledger.write().unwrap();
    assert_eq!(together.ledger.tip.hash, one_by_one.ledger.tip.hash);
    assert!(together.ledger.staged.is_none() && together.ledger.writing.is_none());
}

#[test]
fn what_is_on_top_may_be_discarded_while_the_block_below_is_written() {
    let mut town = Town::new();
    let first = town.seal(&ALL, &[payment(100, "ann", "bob", 5)]);
    let second = town.seal(&ALL, &[payment(101, "ann", "bob", 7)]);
    town.stage(&[&first]);
    town.hand_over();
    let root = town.ledger.state.root();
    town.stage(&[&second]);
    let (block, mut history) = town.ledger.begin_write().unwrap();
    town.ledger.discard();
    let written = history.append(&block);
    town.ledger.end_write(history, written).unwrap();
    assert_eq!((town.ledger.tip.state_root, town.ledger.state.root()), (root, root));
    assert_eq!(town.apply(&[payment(101, "ann", "bob", 7)]), [0]);
}

#[test]
fn a_block_that_cannot_be_written_takes_the_one_on_top_with_it() {
    let mut town = Town::new();
    let hold = payment(99, "ann", "bob", 3).pending(START_NS + HOUR_NS);
    assert_eq!(town.apply(&[hold]), [0]);
    let before = town.ledger.tip;
    let first = town.seal(&ALL, &[payment(100, "ann", "bob", 5)]);
    let second =
        town.seal(&ALL, &[Draft::new(4).id(101).target(99), payment(102, "bob", "ann", 5)]);
    town.stage(&[&first]);
    town.hand_over();
    assert_eq!(town.stage(&[&second]), [0, 0, 0]);
    let (_, history) = town.ledger.begin_write().unwrap();
    let failed = Err(std::io::Error::other("the disk is full").into());
    let ended = town.ledger.end_write(history, failed);
    assert!(matches!(ended, Err(CommitError::History(_))));
    assert!(town.ledger.discard());
    assert_eq!(town.ledger.tip.hash, before.hash);
    assert_eq!(town.ledger.state.root(), before.state_root);
    assert!(town.ledger.state.window.find(1, &id(100)).is_none());
    assert!(town.ledger.state.window.find(1, &id(102)).is_none());
    let stopped = town.ledger.stage(START_NS + HOUR_NS, &[], &mut |_| {});
    assert!(matches!(stopped, Err(StageError::Stopped)));
}

#[test]
fn a_block_without_room_is_staged_again_and_the_one_on_top_is_gone() {
    let mut town = Town::new();
    let first = town.seal(&ALL, &[payment(100, "ann", "bob", 5)]);
    let second = town.seal(&ALL, &[payment(101, "bob", "ann", 5)]);
    town.stage(&[&first]);
    town.hand_over();
    let root = town.ledger.state.root();
    town.stage(&[&second]);
    let (_, history) = town.ledger.begin_write().unwrap();
    let full = Err(Fault::Full(std::io::ErrorKind::StorageFull.into()));
    assert!(town.ledger.end_write(history, full).is_err());
    assert_eq!(town.ledger.state.root(), root);
    town.commit();
    assert_eq!((town.ledger.tip.state_root, town.balance("bob", EUR).0), (root, 5));
    assert_eq!(town.apply(&[payment(101, "bob", "ann", 5)]), [0]);
}
