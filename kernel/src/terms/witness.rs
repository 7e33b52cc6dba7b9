//! Witnesses: what a release brings to prove the conditions that time and names do not.

use super::node::Node;
use super::{NODES_MAX, Terms};
use crate::codec::{DecodeError, Signature, Unit, field, u64_at, u128_at, zero_at};
use crate::signature::Verdict;

/// The longest preimage that fits beside what says whose it is.
pub const PREIMAGE_BYTES_MAX: usize = 60;

/// A proof and the node that it is for, counted in preorder from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness<'a> {
    pub node: u8,
    pub proof: Proof<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    Preimage(&'a [u8]),
    Approval { up_to_minor: u128, signature: &'a Signature },
    Fact { value: i64, time_ns: u64, signature: &'a Signature },
    Deliver,
}

/// Whether the units of a release decode.
pub fn check(units: &[Unit]) -> Result<(), DecodeError> {
    let mut rest = units;
    while !rest.is_empty() {
        (_, rest) = read(rest)?;
    }
    Ok(())
}

/// The witness at the start of `units`; returns it with the units after it.
pub fn read(units: &[Unit]) -> Result<(Witness<'_>, &[Unit]), DecodeError> {
    let (unit, rest) = units.split_first().ok_or(DecodeError("there is no witness"))?;
    let [op, node] = field::<0, _, _>(unit);
    let signed = || {
        let cut = DecodeError("the signature of a witness is missing");
        rest.split_first().ok_or(cut)
    };
    let (proof, rest) = match op {
        1 => (read_preimage(unit)?, rest),
        2 => {
            zero_at::<2, 14, _>(unit)?;
            zero_at::<32, 32, _>(unit)?;
            let (signature, rest) = signed()?;
            (Proof::Approval { up_to_minor: u128_at::<16, _>(unit), signature }, rest)
        }
        3 => {
            zero_at::<2, 6, _>(unit)?;
            zero_at::<24, 40, _>(unit)?;
            let (signature, rest) = signed()?;
            let value = i64::from_le_bytes(field::<8, _, _>(unit));
            (Proof::Fact { value, time_ns: u64_at::<16, _>(unit), signature }, rest)
        }
        4 => {
            zero_at::<2, 62, _>(unit)?;
            (Proof::Deliver, rest)
        }
        _ => return Err(DecodeError("a witness is of an unknown kind")),
    };
    Ok((Witness { node, proof }, rest))
}

/// Whether a signature follows, if this unit is a witness and no signature itself.
pub fn may_be_signed(unit: &Unit) -> bool {
    matches!(field::<0, 1, _>(unit), [2 | 3])
}

fn read_preimage(unit: &Unit) -> Result<Proof<'_>, DecodeError> {
    let [length, zero] = field::<2, _, _>(unit);
    let bytes = unit.get(4..).unwrap_or_default();
    let (preimage, padding) = bytes
        .split_at_checked(usize::from(length))
        .ok_or(DecodeError("a preimage has more than 60 bytes"))?;
    if zero != 0 || padding.iter().any(|byte| *byte != 0) {
        return Err(DecodeError("bytes without a name are not zero"));
    }
    Ok(Proof::Preimage(preimage))
}

/// A witness for a node that is not there, or of another kind, or the second for one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadWitness;

/// At most one proof for each node, of the node's kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Witnesses<'a> {
    by_node: [Option<Proof<'a>>; NODES_MAX],
    /// Of signatures that were verified together; they change no answer.
    pub(super) verdicts: &'a [Verdict],
}

impl<'a> Witnesses<'a> {
    /// `units` decode.
    pub fn of_terms(terms: &Terms<'_>, units: &'a [Unit]) -> Result<Self, BadWitness> {
        let mut witnesses = Self::default();
        let mut rest = units;
        while !rest.is_empty() {
            let (witness, after) = read(rest).map_err(|_| BadWitness)?;
            rest = after;
            witnesses.add(terms, &witness)?;
        }
        Ok(witnesses)
    }

    fn add(&mut self, terms: &Terms<'_>, witness: &Witness<'a>) -> Result<(), BadWitness> {
        let place = usize::from(witness.node);
        let node = terms.nodes().nth(place).ok_or(BadWitness)?;
        let is_of_kind = matches!(
            (node, witness.proof),
            (Node::Preimage { .. }, Proof::Preimage(_))
                | (Node::Approver(_), Proof::Approval { .. })
                | (Node::Fact(_), Proof::Fact { .. })
                | (Node::Delivery(_), Proof::Deliver)
        );
        match self.by_node.get_mut(place) {
            Some(empty @ None) if is_of_kind => *empty = Some(witness.proof),
            _ => return Err(BadWitness),
        }
        Ok(())
    }

    /// With what is known of their signatures.
    pub fn with(self, verdicts: &'a [Verdict]) -> Self {
        Self { verdicts, ..self }
    }

    pub fn of(&self, place: usize) -> Option<&Proof<'a>> {
        self.by_node.get(place).and_then(Option::as_ref)
    }
}
