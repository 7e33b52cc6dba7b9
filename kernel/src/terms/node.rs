//! Conditions: a tree in preorder, each node one unit, each true or false.

use super::witness::{PREIMAGE_BYTES_MAX, Proof, Witnesses};
use super::{BadTerms, NODES_MAX, Terms};
use crate::codec::{
    AMOUNT_MINOR_MAX, Address, Id, PublicKey, Unit, field, put, u32_at, u64_at, u128_at, zero_at,
};
use crate::hash::{Domain, Hash};
use crate::sha256::sha256;
use crate::signature::{Signed, Verdict};

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// True when at least `needed` of its children are.
    Threshold {
        needed: u8,
        children: u8,
    },
    After(u64),
    Before(u64),
    Preimage {
        length: u8,
        digest: Hash,
    },
    Approver(PublicKey),
    Fact(Fact),
    Delivery(Delivery),
    PayeeIs(Address),
    PayeeCategory(u32),
    AskedBy(Party),
    UpTo(u128),
}

/// What an oracle must have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    pub oracle: PublicKey,
    pub subject: Id,
    pub comparison: Comparison,
    pub value: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    AtLeast,
    AtMost,
}

/// What is booked together with the release: the other side of a delivery against payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub asset: u32,
    pub amount_minor: u128,
    pub from: Address,
    pub to: Address,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Payer,
    Payee,
}

impl Node {
    pub fn read(unit: &Unit) -> Result<Self, BadTerms> {
        let [op, a, b, zero] = field::<0, 4, _>(unit);
        BadTerms::unless("bytes without a name are not zero", zero == 0)?;
        BadTerms::unless("a node has a number too many", b == 0 || op == 10)?;
        BadTerms::unless(
            "a node has a number too many",
            a == 0 || matches!(op, 10 | 13 | 15 | 19),
        )?;
        match op {
            10 => {
                zero_at::<4, 60, _>(unit)?;
                let is_counted = 1 <= a && a <= b && usize::from(b) <= NODES_MAX;
                BadTerms::unless("a threshold cannot be met or has no children", is_counted)?;
                Ok(Self::Threshold { needed: a, children: b })
            }
            11 | 12 => {
                zero_at::<4, 4, _>(unit)?;
                zero_at::<16, 48, _>(unit)?;
                let time_ns = u64_at::<8, _>(unit);
                Ok(if op == 11 { Self::After(time_ns) } else { Self::Before(time_ns) })
            }
            13 => {
                zero_at::<4, 12, _>(unit)?;
                zero_at::<48, 16, _>(unit)?;
                let fits = (1..=PREIMAGE_BYTES_MAX).contains(&usize::from(a));
                BadTerms::unless("a preimage has 1 to 60 bytes", fits)?;
                Ok(Self::Preimage { length: a, digest: field::<16, _, _>(unit) })
            }
            14 => {
                zero_at::<4, 12, _>(unit)?;
                zero_at::<48, 16, _>(unit)?;
                Ok(Self::Approver(field::<16, _, _>(unit)))
            }
            15 => Fact::read(unit).map(Self::Fact),
            16 => Delivery::read(unit).map(Self::Delivery),
            17 => {
                zero_at::<4, 16, _>(unit)?;
                zero_at::<40, 24, _>(unit)?;
                Ok(Self::PayeeIs(field::<20, _, _>(unit)))
            }
            18 => {
                zero_at::<4, 36, _>(unit)?;
                zero_at::<44, 20, _>(unit)?;
                let category = u32_at::<40, _>(unit);
                BadTerms::unless("a category is 0", category != 0)?;
                Ok(Self::PayeeCategory(category))
            }
            19 => {
                zero_at::<4, 60, _>(unit)?;
                match a {
                    1 => Ok(Self::AskedBy(Party::Payer)),
                    2 => Ok(Self::AskedBy(Party::Payee)),
                    _ => Err(BadTerms("one who asks is neither payer nor payee")),
                }
            }
            20 => {
                zero_at::<4, 44, _>(unit)?;
                Ok(Self::UpTo(u128_at::<48, _>(unit)))
            }
            _ => Err(BadTerms("a node is of an unknown kind")),
        }
    }
}

impl Node {
    pub fn delivery(self) -> Option<Delivery> {
        match self {
            Self::Delivery(delivery) => Some(delivery),
            _ => None,
        }
    }
}

impl Fact {
    fn read(unit: &Unit) -> Result<Self, BadTerms> {
        zero_at::<4, 4, _>(unit)?;
        let comparison = match field::<1, 1, _>(unit) {
            [1] => Comparison::Equal,
            [2] => Comparison::AtLeast,
            [3] => Comparison::AtMost,
            _ => return Err(BadTerms("a fact is compared in an unknown way")),
        };
        Ok(Self {
            oracle: field::<16, _, _>(unit),
            subject: field::<48, _, _>(unit),
            comparison,
            value: i64::from_le_bytes(field::<8, _, _>(unit)),
        })
    }

    fn holds(&self, release: &Release, said: i64, time_ns: u64) -> bool {
        let is_so = match self.comparison {
            Comparison::Equal => said == self.value,
            Comparison::AtLeast => said >= self.value,
            Comparison::AtMost => said <= self.value,
        };
        is_so && release.opened_ns <= time_ns && time_ns <= release.now_ns
    }
}

impl Delivery {
    fn read(unit: &Unit) -> Result<Self, BadTerms> {
        let delivery = Self {
            asset: u32_at::<4, _>(unit),
            amount_minor: u128_at::<8, _>(unit),
            from: field::<24, _, _>(unit),
            to: field::<44, _, _>(unit),
        };
        let is_amount = (1..=AMOUNT_MINOR_MAX).contains(&delivery.amount_minor);
        BadTerms::unless("a delivery is of no amount", is_amount)?;
        BadTerms::unless("a delivery goes nowhere", delivery.from != delivery.to)?;
        Ok(delivery)
    }
}

/// One tree and nothing else, with at most one delivery. Read from the end, as for `evaluate`.
pub fn check(nodes: &[Unit]) -> Result<(), BadTerms> {
    let (mut trees, mut deliveries): (usize, usize) = (0, 0);
    for unit in nodes.iter().rev() {
        match Node::read(unit)? {
            Node::Threshold { children, .. } => {
                trees = trees
                    .checked_sub(usize::from(children))
                    .ok_or(BadTerms("a threshold lacks children"))?;
            }
            Node::Delivery(_) => deliveries = deliveries.saturating_add(1),
            _ => {}
        }
        trees = trees.saturating_add(1);
    }
    BadTerms::unless("the nodes are not one tree", trees <= 1)?;
    BadTerms::unless("there are two deliveries", deliveries <= 1)
}

/// A release as the conditions see it: which escrow, when, by whom, to whom, how much.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    pub chain_id: Hash,
    pub terms_hash: Hash,
    pub institution: u32,
    pub id: Id,
    pub opened_ns: u64,
    pub payer: Address,
    pub payee: Address,
    pub escrow_minor: u128,
    /// Before this release.
    pub released_minor: u128,
    pub now_ns: u64,
    pub asked_by: Address,
    /// The entry names these terms, so that who delivers has signed for them.
    pub names_terms: bool,
    pub to: Address,
    pub to_category: u32,
    pub amount_minor: u128,
}

impl Release {
    /// What will have been released in all; the sum of two amounts fits.
    fn total_minor(&self) -> u128 {
        self.released_minor.saturating_add(self.amount_minor)
    }
}

/// Which nodes are true, in preorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truths {
    values: [bool; NODES_MAX],
    count: usize,
}

impl Truths {
    pub fn as_slice(&self) -> &[bool] {
        self.values.get(..self.count).unwrap_or_default()
    }

    /// Terms without nodes are never met.
    pub fn are_met(&self) -> bool {
        self.as_slice().first().is_some_and(|root| *root)
    }
}

/// Every node, from the last to the first, so that the values of a threshold's children lie on top
/// of a stack when its turn comes.
pub fn evaluate(terms: &Terms<'_>, release: &Release, witnesses: &Witnesses<'_>) -> Truths {
    let mut truths = Truths { count: terms.nodes.len(), ..Truths::default() };
    let mut stack = [false; NODES_MAX];
    let mut height: usize = 0;
    for (place, unit) in terms.nodes.iter().enumerate().rev() {
        let node = Node::read(unit).expect("invariant: terms were checked when they were parsed");
        let value = if let Node::Threshold { needed, children } = node {
            let bottom = height.saturating_sub(usize::from(children));
            let own = stack.get(bottom..height).unwrap_or_default();
            let met = own.iter().filter(|child| **child).count();
            height = bottom;
            met >= usize::from(needed)
        } else {
            is_true(&node, release, witnesses.of(place), witnesses.verdicts)
        };
        for place in [truths.values.get_mut(place), stack.get_mut(height)].into_iter().flatten() {
            *place = value;
        }
        height = height.saturating_add(1);
    }
    truths
}

/// What signatures a release needs, as far as they are there.
pub fn signed<'a>(
    terms: &Terms<'a>,
    release: &Release,
    witnesses: &Witnesses<'a>,
) -> impl Iterator<Item = Signed> {
    let proofs = terms.nodes().enumerate().map(|(place, node)| (node, witnesses.of(place)));
    proofs.filter_map(|(node, proof)| signed_for(&node, release, proof?))
}

fn signed_for(leaf: &Node, release: &Release, proof: &Proof<'_>) -> Option<Signed> {
    match (leaf, proof) {
        (Node::Approver(key), Proof::Approval { up_to_minor, signature }) => Some(Signed {
            key: *key,
            digest: approval_digest(release, *up_to_minor),
            signature: **signature,
        }),
        (Node::Fact(fact), Proof::Fact { value, time_ns, signature }) => Some(Signed {
            key: fact.oracle,
            digest: fact_digest(&fact.subject, *value, *time_ns),
            signature: **signature,
        }),
        _ => None,
    }
}

fn is_true(
    leaf: &Node,
    release: &Release,
    proof: Option<&Proof<'_>>,
    verdicts: &[Verdict],
) -> bool {
    let is_signed = || {
        let signed = proof.and_then(|proof| signed_for(leaf, release, proof));
        signed.is_some_and(|signed| signed.verify(verdicts))
    };
    match (leaf, proof) {
        (Node::After(time_ns), _) => release.now_ns >= *time_ns,
        (Node::Before(time_ns), _) => release.now_ns < *time_ns,
        (Node::PayeeIs(address), _) => release.to == *address,
        (Node::PayeeCategory(category), _) => release.to_category == *category,
        (Node::AskedBy(Party::Payer), _) => release.asked_by == release.payer,
        (Node::AskedBy(Party::Payee), _) => release.asked_by == release.payee,
        (Node::UpTo(most_minor), _) => release.total_minor() <= *most_minor,
        (Node::Preimage { length, digest }, Some(Proof::Preimage(bytes))) => {
            bytes.len() == usize::from(*length) && sha256(bytes) == *digest
        }
        (Node::Approver(_), Some(Proof::Approval { up_to_minor, .. })) => {
            release.total_minor() <= *up_to_minor && is_signed()
        }
        (Node::Fact(fact), Some(Proof::Fact { value, time_ns, .. })) => {
            fact.holds(release, *value, *time_ns) && is_signed()
        }
        (Node::Delivery(delivery), Some(Proof::Deliver)) => {
            release.names_terms
                && release.asked_by == delivery.from
                && release.released_minor == 0
                && release.amount_minor == release.escrow_minor
        }
        // A proof is matched to its node's kind, so that what is left lacks one.
        (Node::Preimage { .. } | Node::Approver(_) | Node::Fact(_) | Node::Delivery(_), _)
        | (Node::Threshold { .. }, _) => false,
    }
}

/// What an approver signs: so much of this escrow in all, to this payee.
pub fn approval_digest(release: &Release, up_to_minor: u128) -> Hash {
    let mut bytes = [0; 144];
    put::<0, _, _>(&mut bytes, release.chain_id);
    put::<32, _, _>(&mut bytes, release.terms_hash);
    put::<64, _, _>(&mut bytes, release.institution.to_le_bytes());
    put::<72, _, _>(&mut bytes, release.opened_ns.to_le_bytes());
    put::<80, _, _>(&mut bytes, release.id);
    put::<96, _, _>(&mut bytes, up_to_minor.to_le_bytes());
    put::<112, _, _>(&mut bytes, release.to);
    Domain::Approve.hash(&bytes)
}

/// What an oracle signs.
pub fn fact_digest(subject: &Id, value: i64, time_ns: u64) -> Hash {
    let mut bytes = [0; 32];
    put::<0, _, _>(&mut bytes, *subject);
    put::<16, _, _>(&mut bytes, value.to_le_bytes());
    put::<24, _, _>(&mut bytes, time_ns.to_le_bytes());
    Domain::Fact.hash(&bytes)
}
