//! Laws that hold whatever is asked of a ledger, tried on random acts (proptest shrinks what breaks one).

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::ledger::{Ledger, Recorded, Trust};
use crate::town::*;

/// ann has 10,000 EUR, the others none; `frozen` is frozen, `closed` closed.
const NAMES: [&str; 6] = ["ann", "bob", "poor", "fees", "frozen", "closed"];

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
    /// The n-th act so far, once more.
    Again {
        act: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let who = 0..NAMES.len();
    let amount = prop_oneof![0..2_u128, 1..3_000_u128, 9_000..20_000_u128];
    let act = prop_oneof![
        4 => (who.clone(), who.clone(), amount.clone())
            .prop_map(|(payer, payee, amount_minor)| Act::Pay { payer, payee, amount_minor }),
        4 => (who.clone(), who.clone(), amount.clone(), 1..6_u64).prop_map(
            |(payer, payee, amount_minor, blocks)| Act::Hold { payer, payee, amount_minor, blocks }
        ),
        3 => (0..20_usize, amount.clone())
            .prop_map(|(hold, amount_minor)| Act::Post { hold, amount_minor }),
        2 => (0..20_usize).prop_map(|hold| Act::Void { hold }),
        1 => (who.clone(), amount.clone())
            .prop_map(|(payee, amount_minor)| Act::Issue { payee, amount_minor }),
        1 => (who, amount).prop_map(|(payer, amount_minor)| Act::Redeem { payer, amount_minor }),
        2 => (0..60_usize).prop_map(|act| Act::Again { act }),
    ];
    prop::collection::vec(prop::collection::vec(act, 1..8), 1..10)
}

/// Acts as entries: which hold an act means is known only as they come.
#[derive(Default)]
struct Scribe {
    written: Vec<Draft>,
    holds: Vec<(u64, usize, usize)>,
}

impl Scribe {
    fn write(&mut self, act: &Act, now_ns: u64) -> Draft {
        let number = 100 + self.written.len() as u64;
        let of = |holds: &[(u64, usize, usize)], at: usize| {
            holds.get(at % holds.len().max(1)).copied().unwrap_or((99, 0, 1))
        };
        let draft = match *act {
            Act::Pay { payer, payee, amount_minor } => {
                payment(number, NAMES[payer], NAMES[payee], amount_minor)
            }
            Act::Hold { payer, payee, amount_minor, blocks } => {
                self.holds.push((number, payer, payee));
                payment(number, NAMES[payer], NAMES[payee], amount_minor).pending(now_ns + blocks)
            }
            Act::Post { hold, amount_minor } => {
                let (target, payer, payee) = of(&self.holds, hold);
                let post = Draft::new(3).id(number).target(target).asset(EUR).outcome(1);
                post.amount(amount_minor).payer(NAMES[payer]).payee(NAMES[payee])
            }
            Act::Void { hold } => Draft::new(4).id(number).target(of(&self.holds, hold).0),
            Act::Issue { payee, amount_minor } => {
                let issue = Draft::new(6).id(number).asset(EUR).amount(amount_minor);
                issue.payer("nostro").payee(NAMES[payee])
            }
            Act::Redeem { payer, amount_minor } => {
                let redeem = Draft::new(7).id(number).asset(EUR).amount(amount_minor);
                redeem.payer(NAMES[payer]).payee("nostro")
            }
            Act::Again { act } => match self.written.get(act) {
                Some(draft) => draft.clone(),
                None => payment(number, "ann", "bob", 1),
            },
        };
        self.written.push(draft.clone());
        draft
    }
}

fn check_balances(ledger: &Ledger) -> Result<(), TestCaseError> {
    for sums in ledger.trial_balance() {
        prop_assert_eq!(sums.positive_minor, sums.negative_minor, "value is conserved");
        prop_assert_eq!(sums.pending_in_minor, sums.pending_out_minor, "what leaves arrives");
    }
    for row in ledger.state.balances.table.rows() {
        let account = ledger.state.accounts.table.row(row.account);
        if account.flags & crate::account::NOSTRO == 0 {
            let pending_out = i128::try_from(row.pending_out).unwrap();
            prop_assert!(row.posted - pending_out >= 0, "available is below zero");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn value_is_conserved_and_nothing_is_spent_twice(blocks in acts()) {
        let mut town = Town::new();
        let mut scribe = Scribe::default();
        let mut first: BTreeMap<[u8; 16], u16> = BTreeMap::new();
        let mut ended: BTreeMap<[u8; 16], u32> = BTreeMap::new();
        for acts in &blocks {
            let now_ns = town.now_ns;
            let drafts: Vec<Draft> = acts.iter().map(|act| scribe.write(act, now_ns)).collect();
            let codes = town.apply(&drafts);
            check_balances(&town.ledger)?;
            for (draft, code) in drafts.iter().zip(codes) {
                let id: [u8; 16] = draft.head[16..32].try_into().unwrap();
                if let Some(first) = first.get(&id) {
                    prop_assert_eq!(code, *first, "an id has one answer");
                    continue;
                }
                if !(20..=23).contains(&code) {
                    first.insert(id, code);
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
        let holds_due = town.ledger.state.holds.next_expiry_ns().is_some_and(|due| due <= town.now_ns);
        prop_assert!(!holds_due);
        // A hold that fell due meanwhile gives money back; nothing else may have changed.
        check_balances(&town.ledger)?;
        if !town.ledger.history.read(town.ledger.tip.height).unwrap().unwrap().records().unwrap().has_sweep {
            prop_assert_eq!(town.ledger.state.balances.table.root(), root);
        }
    }

    #[test]
    fn a_discarded_block_leaves_no_trace_and_a_replayed_one_is_the_same(blocks in acts()) {
        let mut town = Town::new();
        let mut other = Town::new();
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
            prop_assert_eq!(town.stage(&[&envelope]), codes);
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
