//! Laws that hold whatever is asked of a ledger, tried on random acts (proptest shrinks what breaks one).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::account;
use crate::codec::{Role, Unit};
use crate::ledger::{Recorded, Trust};
use crate::town::*;

/// ann has 10,000 EUR, the others none; `frozen` is frozen, `closed` closed.
const NAMES: [&str; 6] = ["ann", "bob", "poor", "fees", "frozen", "closed"];

/// What institution 1 issues and may take back from whoever holds it.
const GOLD: u32 = 4;
const GOLD_HOLDERS: [&str; 2] = ["gold ann", "gold bob"];

#[derive(Clone, Debug)]
enum Act {
    Pay {
        payer: usize,
        payee: usize,
        amount_minor: u128,
    },
    Hold {
        payer: usize,
        payee: usize,
        amount_minor: u128,
        blocks: u64,
    },
    /// Of the n-th hold so far, by its own parties.
    Post {
        hold: usize,
        amount_minor: u128,
    },
    Void {
        hold: usize,
    },
    Issue {
        payee: usize,
        amount_minor: u128,
    },
    Redeem {
        payer: usize,
        amount_minor: u128,
    },
    /// Of the n-th payment so far.
    Refund {
        payment: usize,
        amount_minor: u128,
    },
    /// Euros for dollars, by way of the desk.
    Exchange {
        payer: usize,
        payee: usize,
        amount_minor: u128,
        got_minor: u128,
    },
    Escrow {
        payer: usize,
        payee: usize,
        amount_minor: u128,
        blocks: u64,
        flags: u8,
    },
    Release {
        escrow: usize,
        amount_minor: u128,
        by_payer: bool,
    },
    Cancel {
        escrow: usize,
        by_payer: bool,
    },
    Mandate {
        payer: usize,
        payee: usize,
        amount_minor: u128,
        blocks: u64,
    },
    Pull {
        mandate: usize,
        amount_minor: u128,
    },
    Clawback {
        holder: usize,
        amount_minor: u128,
    },
    /// The n-th act so far, once more.
    Again {
        act: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    // Most of what is asked is of those who have money, or little would ever succeed.
    let who = prop_oneof![6 => Just(0_usize), 3 => Just(1), 2 => 0..NAMES.len()];
    let amount = prop_oneof![1 => 0..2_u128, 8 => 1..2_000_u128, 1 => 9_000..20_000_u128];
    let act = prop_oneof![
        4 => (who.clone(), who.clone(), amount.clone())
            .prop_map(|(payer, payee, amount_minor)| Act::Pay { payer, payee, amount_minor }),
        4 => (who.clone(), who.clone(), amount.clone(), 1..15_u64).prop_map(
            |(payer, payee, amount_minor, blocks)| Act::Hold { payer, payee, amount_minor, blocks }
        ),
        3 => (0..20_usize, amount.clone())
            .prop_map(|(hold, amount_minor)| Act::Post { hold, amount_minor }),
        2 => (0..20_usize).prop_map(|hold| Act::Void { hold }),
        1 => (who.clone(), amount.clone())
            .prop_map(|(payee, amount_minor)| Act::Issue { payee, amount_minor }),
        1 => (who.clone(), amount.clone())
            .prop_map(|(payer, amount_minor)| Act::Redeem { payer, amount_minor }),
        2 => (0..20_usize, amount.clone())
            .prop_map(|(payment, amount_minor)| Act::Refund { payment, amount_minor }),
        2 => (who.clone(), who.clone(), amount.clone(), 1..4_000_u128).prop_map(
            |(payer, payee, amount_minor, got_minor)| {
                Act::Exchange { payer, payee, amount_minor, got_minor }
            }
        ),
        4 => (who.clone(), who.clone(), amount.clone(), 1..15_u64, 0..4_u8).prop_map(
            |(payer, payee, amount_minor, blocks, flags)| {
                Act::Escrow { payer, payee, amount_minor, blocks, flags }
            }
        ),
        3 => (0..20_usize, amount.clone(), any::<bool>()).prop_map(
            |(escrow, amount_minor, by_payer)| Act::Release { escrow, amount_minor, by_payer }
        ),
        2 => (0..20_usize, any::<bool>())
            .prop_map(|(escrow, by_payer)| Act::Cancel { escrow, by_payer }),
        2 => (who.clone(), who, amount.clone(), 2..15_u64).prop_map(
            |(payer, payee, amount_minor, blocks)| {
                Act::Mandate { payer, payee, amount_minor, blocks }
            }
        ),
        3 => (0..20_usize, amount.clone())
            .prop_map(|(mandate, amount_minor)| Act::Pull { mandate, amount_minor }),
        1 => (0..GOLD_HOLDERS.len(), amount)
            .prop_map(|(holder, amount_minor)| Act::Clawback { holder, amount_minor }),
        2 => (0..60_usize).prop_map(|act| Act::Again { act }),
    ];
    prop::collection::vec(prop::collection::vec(act, 2..8), 3..10)
}

/// What an act may come back to: its id, parties and amount.
type Made = (u64, usize, usize, u128);

/// Acts as entries: which hold an act means is known only as they come.
#[derive(Default)]
struct Scribe {
    written: Vec<Draft>,
    payments: Vec<Made>,
    holds: Vec<Made>,
    escrows: Vec<Made>,
    mandates: Vec<Made>,
}

/// Mostly what there is at most, and sometimes more than that.
fn at_most(amount_minor: u128, most_minor: u128) -> u128 {
    if amount_minor.is_multiple_of(4) { amount_minor } else { amount_minor.min(most_minor) }
}

fn pick(made: &[Made], at: usize) -> Made {
    made.get(at % made.len().max(1)).copied().unwrap_or((99, 0, 1, 1))
}

impl Scribe {
    fn write(&mut self, act: &Act, now_ns: u64) -> Draft {
        let number = 100 + self.written.len() as u64;
        let draft = match *act {
            Act::Pay { payer, payee, amount_minor } => {
                self.payments.push((number, payer, payee, amount_minor));
                payment(number, NAMES[payer], NAMES[payee], amount_minor)
            }
            Act::Hold { payer, payee, amount_minor, blocks } => {
                self.holds.push((number, payer, payee, amount_minor));
                payment(number, NAMES[payer], NAMES[payee], amount_minor).pending(now_ns + blocks)
            }
            Act::Post { hold, amount_minor } => {
                let (target, payer, payee, most_minor) = pick(&self.holds, hold);
                let amount_minor = at_most(amount_minor, most_minor);
                let post = Draft::new(3).id(number).target(target).asset(EUR).outcome(1);
                post.amount(amount_minor).payer(NAMES[payer]).payee(NAMES[payee])
            }
            Act::Void { hold } => Draft::new(4).id(number).target(pick(&self.holds, hold).0),
            Act::Issue { payee, amount_minor } => {
                let issue = Draft::new(6).id(number).asset(EUR).amount(amount_minor);
                issue.payer("nostro").payee(NAMES[payee])
            }
            Act::Redeem { payer, amount_minor } => {
                let redeem = Draft::new(7).id(number).asset(EUR).amount(amount_minor);
                redeem.payer(NAMES[payer]).payee("nostro")
            }
            Act::Refund { payment, amount_minor } => {
                let (target, payer, payee, bound_minor) = pick(&self.payments, payment);
                let amount_minor = at_most(amount_minor, bound_minor);
                let refund = Draft::new(5).id(number).target(target).asset(EUR).bound(bound_minor);
                refund.amount(amount_minor).payer(NAMES[payee]).payee(NAMES[payer])
            }
            Act::Exchange { payer, payee, amount_minor, got_minor } => {
                let (payer, payee) = (NAMES[payer], NAMES[payee]);
                let paid = payment(number, payer, payee, amount_minor).paid_in(USD, got_minor);
                let paid = paid.leg(payer, "desk", EUR, Role::Exchange, amount_minor);
                paid.leg("desk", payee, USD, Role::Exchange, got_minor)
            }
            Act::Escrow { payer, payee, amount_minor, blocks, flags } => {
                self.escrows.push((number, payer, payee, amount_minor));
                let escrow = Draft::new(16).id(number).asset(EUR).amount(amount_minor).outcome(1);
                let escrow = escrow.payer(NAMES[payer]).payee(NAMES[payee]);
                escrow.expires(now_ns + blocks).terms(&always(flags))
            }
            Act::Release { escrow, amount_minor, by_payer } => {
                let (target, payer, payee, most_minor) = pick(&self.escrows, escrow);
                let amount_minor = at_most(amount_minor, most_minor);
                let asks = if by_payer { payer } else { payee };
                let release = Draft::new(17).id(number).target(target).purpose(1).asset(EUR);
                let release = release.amount(amount_minor).outcome(1);
                release.payer(NAMES[asks]).payee(NAMES[payee])
            }
            Act::Cancel { escrow, by_payer } => {
                let (target, payer, payee, _) = pick(&self.escrows, escrow);
                let asks = if by_payer { payer } else { payee };
                Draft::new(18).id(number).target(target).purpose(1).payer(NAMES[asks])
            }
            Act::Mandate { payer, payee, amount_minor, blocks } => {
                self.mandates.push((number, payer, payee, amount_minor));
                let mandate = Draft::new(19).id(number).asset(EUR).amount(amount_minor);
                let mandate = mandate.paid_in(0, 2 * amount_minor).bound(3 * amount_minor);
                let mandate = mandate.payer(NAMES[payer]).payee(NAMES[payee]);
                mandate.expires(now_ns + blocks).unit(a_block_each())
            }
            Act::Pull { mandate, amount_minor } => {
                let (target, payer, payee, most_minor) = pick(&self.mandates, mandate);
                let pull = Draft::new(21).id(number).target(target).purpose(1).asset(EUR);
                let pull = pull.amount(at_most(amount_minor, most_minor)).outcome(1);
                pull.payer(NAMES[payer]).payee(NAMES[payee])
            }
            Act::Clawback { holder, amount_minor } => {
                let clawback = Draft::new(27).id(number).asset(GOLD).amount(amount_minor);
                clawback.payer(GOLD_HOLDERS[holder]).payee("vault")
            }
            Act::Again { act } => match self.written.get(act) {
                Some(draft) => draft.clone(),
                None => payment(number, "ann", "bob", 1),
            },
        };
        self.written.push(draft.clone());
        draft
    }

    /// What was refused is nothing that an act can come back to.
    fn forget_refused(&mut self, drafts: &[Draft], codes: &[u16]) {
        let refused = drafts.iter().zip(codes).filter(|(_, code)| **code != 0);
        let refused: BTreeSet<u64> = refused.map(|(draft, _)| number_of(draft)).collect();
        for made in [&mut self.payments, &mut self.holds, &mut self.escrows, &mut self.mandates] {
            made.retain(|(number, ..)| !refused.contains(number));
        }
    }
}

fn number_of(draft: &Draft) -> u64 {
    u64::from_le_bytes(draft.head[16..24].try_into().unwrap())
}

/// Terms that are met at any time.
fn always(flags: u8) -> [Unit; 2] {
    let (mut plan, mut after) = ([0; 64], [0; 64]);
    (plan[0], plan[1], plan[3]) = (1, flags, 1);
    after[0] = 11;
    [plan, after]
}

/// A mandate's period is as long as the time between two blocks.
fn a_block_each() -> Unit {
    let mut unit = [0; 64];
    unit[0] = 1;
    unit
}

/// A town with an asset whose issuer may take it back.
fn golden_town() -> Town {
    let mut town = Town::new();
    let mut gold = register_asset(GOLD, "XAU/4", 4);
    gold.units[0][20] = 8; // CLAWBACK
    gold.units[0][24] = 1;
    let mut drafts = vec![gold, open("gold nostro", [0; 32], account::NOSTRO, &[GOLD])];
    drafts.extend(["vault", "gold ann", "gold bob"].map(|name| open(name, [0; 32], 0, &[GOLD])));
    drafts.extend(
        GOLD_HOLDERS
            .map(|name| Draft::new(6).asset(GOLD).amount(9_000).payer("gold nostro").payee(name)),
    );
    let drafts: Vec<Draft> = (20..).zip(drafts).map(|(number, draft)| draft.id(number)).collect();
    assert!(town.apply(&drafts).iter().all(|code| *code == 0));
    town
}

/// What went out of something, which may give so much and no more.
#[derive(Default)]
struct Spent(BTreeMap<(u8, u128), u128>);

impl Spent {
    /// Of the payment, escrow or mandate that an entry names. A refund may name a payment that the
    /// ledger does not remember, and says itself how much that was.
    fn count(&mut self, draft: &Draft, scribe: &Scribe) -> Result<(), TestCaseError> {
        let number = |at: usize| u128::from_le_bytes(draft.head[at..at + 16].try_into().unwrap());
        let (kind, target) = (draft.head[1], number(32));
        let made_minor =
            |all: &[Made]| all.iter().find(|one| u128::from(one.0) == target).unwrap().3;
        let bound_minor = match kind {
            5 => number(80),
            17 => made_minor(&scribe.escrows),
            21 => 3 * made_minor(&scribe.mandates),
            _ => return Ok(()),
        };
        let spent_minor = self.0.entry((kind, target)).or_default();
        *spent_minor += number(48);
        prop_assert!(*spent_minor <= bound_minor, "more went out than there was");
        Ok(())
    }
}

const CASES: u32 = 512;
/// How often each kind has to succeed for the laws to say something of it; it is about four times that.
const ACCEPTED_MIN: u32 = 16;
/// A payment in two assets, which is of kind 2 like any.
const EXCHANGE: u8 = 0;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

/// Each kind is not only tried but also succeeds, often enough to mean something.
#[test]
fn value_is_conserved_and_nothing_is_spent_twice() {
    let accepted: RefCell<BTreeMap<u8, u32>> = RefCell::default();
    let ran = TestRunner::new(config()).run(&acts(), |blocks| play(&blocks, &accepted));
    ran.unwrap_or_else(|error| panic!("{error}"));
    let accepted = accepted.into_inner();
    for kind in [EXCHANGE, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 21, 27] {
        let times = accepted.get(&kind).copied().unwrap_or(0);
        assert!(times >= ACCEPTED_MIN, "kind {kind} succeeded {times} times: {accepted:?}");
    }
}

fn play(blocks: &[Vec<Act>], accepted: &RefCell<BTreeMap<u8, u32>>) -> Result<(), TestCaseError> {
    let mut town = golden_town();
    let mut scribe = Scribe::default();
    let mut first: BTreeMap<[u8; 16], u16> = BTreeMap::new();
    let mut ended: BTreeMap<[u8; 16], u32> = BTreeMap::new();
    let mut spent = Spent::default();
    for acts in blocks {
        let now_ns = town.now_ns;
        let drafts: Vec<Draft> = acts.iter().map(|act| scribe.write(act, now_ns)).collect();
        let codes = town.apply(&drafts);
        town.check_balances();
        scribe.forget_refused(&drafts, &codes);
        for (draft, code) in drafts.iter().zip(codes) {
            let id: [u8; 16] = draft.head[16..32].try_into().unwrap();
            if let Some(first) = first.get(&id) {
                prop_assert_eq!(code, *first, "an id has one answer");
                continue;
            }
            if !(20..=23).contains(&code) {
                first.insert(id, code);
            }
            if code == 0 {
                let is_exchange = draft.head[1] == 2 && draft.head[8] != 0;
                let kind = if is_exchange { EXCHANGE } else { draft.head[1] };
                *accepted.borrow_mut().entry(kind).or_default() += 1;
                spent.count(draft, &scribe)?;
            }
            if code == 0 && matches!(draft.head[1], 3 | 4) {
                let target: [u8; 16] = draft.head[32..48].try_into().unwrap();
                let times = ended.entry(target).or_default();
                *times += 1;
                prop_assert_eq!(*times, 1, "a hold ends once");
            }
        }
    }
    // All of it once more moves nothing, whatever it did the first time.
    let root = town.ledger.state.balances.table.root();
    let again = scribe.written.iter().filter(|draft| first.contains_key(&draft.head[16..32]));
    let again: Vec<Draft> = again.cloned().collect();
    let codes = town.apply(&again);
    prop_assert_eq!(codes, again.iter().map(|d| first[&d.head[16..32]]).collect::<Vec<_>>());
    let is_due = town.ledger.state.next_expiry_ns().is_some_and(|due| due <= town.now_ns);
    prop_assert!(!is_due);
    // What fell due meanwhile ended; nothing else may have changed.
    town.check_balances();
    if !town
        .ledger
        .history
        .read(town.ledger.tip.height)
        .unwrap()
        .unwrap()
        .records()
        .unwrap()
        .has_sweep
    {
        prop_assert_eq!(town.ledger.state.balances.table.root(), root);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_discarded_block_leaves_no_trace_and_a_replayed_one_is_the_same(blocks in acts()) {
        let mut town = golden_town();
        let mut other = golden_town();
        let mut scribe = Scribe::default();
        for acts in &blocks {
            let now_ns = town.now_ns;
            let drafts: Vec<Draft> = acts.iter().map(|act| scribe.write(act, now_ns)).collect();
            let (root, tip) = (town.ledger.state.root(), town.ledger.tip.hash);
            let envelope = town.seal(&ALL, &drafts);
            let codes = town.stage(&[&envelope]);
            let staged = town.ledger.staged().unwrap().hash;
            prop_assert!(town.ledger.discard());
            prop_assert_eq!(town.ledger.state.root(), root);
            prop_assert_eq!(town.ledger.tip.hash, tip);
            // At the same time it comes out the same, as if it had never been staged.
            town.now_ns -= 1;
            prop_assert_eq!(town.stage(&[&envelope]), codes.as_slice());
            scribe.forget_refused(&drafts, &codes[codes.len() - drafts.len()..]);
            prop_assert_eq!(town.ledger.staged().unwrap().hash, staged);
            town.commit();
            let block = town.ledger.history.read(town.ledger.tip.height).unwrap().unwrap();
            let is_even = block.header.height.is_multiple_of(2);
            let trust = if is_even { Trust::Nothing } else { Trust::Finality };
            let recorded = Recorded::of(block).unwrap();
            prop_assert_eq!(other.ledger.replay(&recorded, trust), Ok(()));
            prop_assert_eq!(other.ledger.tip.hash, town.ledger.tip.hash);
            prop_assert_eq!(other.ledger.state.root(), town.ledger.state.root());
        }
    }

    /// Of several things that are wrong, the one with the lowest number is the answer.
    #[test]
    fn refusals_have_an_order(wrong in prop::collection::btree_set(0..FAULTS.len(), 0..FAULTS.len())) {
        let mut town = Town::new();
        let draft = wrong.iter().fold(payment(100, "ann", "bob", 5), |draft, at| FAULTS[*at].1(draft));
        let expected = wrong.iter().map(|at| FAULTS[*at].0).min().unwrap_or(0);
        prop_assert_eq!(town.try_by(&ALL, &draft), expected);
    }
}

/// One thing that is wrong with a payment, and its code; none of them touches what another sets, or
/// the one with the lower number decides which is looked at.
type Wrong = fn(Draft) -> Draft;
const FAULTS: [(u16, Wrong); 8] = [
    (21, |draft| draft.valid_until(START_NS - 1)),
    (24, |draft| draft.outcome(3)),
    (25, |draft| draft.expires(START_NS + HOUR_NS)),
    (26, |draft| draft.asset(9)),
    (27, |draft| draft.amount(0)),
    (30, |draft| draft.payer("nobody")),
    (31, |draft| draft.payee("nobody else")),
    (43, |draft| draft.leg("ann", "ann", EUR, crate::codec::Role::Principal, 1)),
];
