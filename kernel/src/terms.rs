//! Terms: under which conditions, when and to whom the money of an escrow is released.
//!
//! A plan, shares and a tree of conditions in at most 16 units. There are no loops, no calls and no
//! state of its own: whatever the bytes are, reading and evaluating them ends after one pass over
//! the units, and at most eight signatures. `node` has the conditions, `witness` what proves them.

pub mod node;
pub mod witness;

pub use node::{Delivery, Node, Party, Release, Truths, evaluate, signed};
pub use witness::{Proof, Witness, Witnesses};

use crate::codec::{
    Address, DecodeError, UNITS_MAX, Unit, field, u32_at, u64_at, u128_at, zero_at,
};
use crate::hash::{Domain, Hash};

/// A plan takes one of the units.
pub const NODES_MAX: usize = UNITS_MAX - 1;

const OP_PLAN: u8 = 1;
const OP_SHARE: u8 = 2;
const PAY_AT_DEADLINE: u8 = 1;
const PAYER_MAY_CANCEL: u8 = 2;
const FREE_PAYEE: u8 = 4;

/// Units that are no terms, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTerms(pub &'static str);

impl From<DecodeError> for BadTerms {
    fn from(error: DecodeError) -> Self {
        Self(error.0)
    }
}

impl BadTerms {
    fn unless(what: &'static str, holds: bool) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self(what)) }
    }
}

/// A checked view of the units of an escrow.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    plan: Plan,
    shares: &'a [Unit],
    nodes: &'a [Unit],
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    flags: u8,
    shares: u8,
    nodes: u8,
    /// 0: the shares are a waterfall.
    whole: u32,
    start_ns: u64,
    /// 0: not a stream.
    period_ns: u64,
    rate_minor: u128,
}

/// One who gets a part of what is released, before the payee gets the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub to: Address,
    part: u32,
    cap_minor: u128,
}

impl<'a> Terms<'a> {
    pub fn parse(units: &'a [Unit]) -> Result<Self, BadTerms> {
        let (plan, rest) = units.split_first().ok_or(BadTerms("there is no plan"))?;
        let plan = Plan::read(plan)?;
        let (shares, nodes) = rest
            .split_at_checked(usize::from(plan.shares))
            .ok_or(BadTerms("the units are not those of the plan"))?;
        let is_whole = nodes.len() == usize::from(plan.nodes) && units.len() <= UNITS_MAX;
        BadTerms::unless("the units are not those of the plan", is_whole)?;
        check_shares(&plan, shares)?;
        node::check(nodes)?;
        Ok(Self { plan, shares, nodes })
    }

    /// How many units begin with this plan, as it says itself.
    pub fn units_of(plan: &Unit) -> usize {
        let [shares, nodes] = field::<2, 2, _>(plan);
        usize::from(shares).saturating_add(usize::from(nodes)).saturating_add(1)
    }

    pub fn hash(units: &[Unit]) -> Hash {
        Domain::Terms.hash(units.as_flattened())
    }

    pub fn pays_at_deadline(&self) -> bool {
        self.plan.flags & PAY_AT_DEADLINE != 0
    }

    pub fn payer_may_cancel(&self) -> bool {
        self.plan.flags & PAYER_MAY_CANCEL != 0
    }

    pub fn is_payee_free(&self) -> bool {
        self.plan.flags & FREE_PAYEE != 0
    }

    pub fn is_stream(&self) -> bool {
        self.plan.period_ns != 0
    }

    pub fn shares(&self) -> impl Iterator<Item = Share> + use<'a> {
        self.shares.iter().map(Share::read)
    }

    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + use<'a> {
        self.nodes.iter().filter_map(|unit| Node::read(unit).ok())
    }

    /// The one delivery that may be among the conditions.
    pub fn delivery(&self) -> Option<Delivery> {
        self.nodes().find_map(Node::delivery)
    }

    /// The delivery, when it is among what is true.
    pub fn delivered(&self, truths: &Truths) -> Option<Delivery> {
        let true_nodes = self.nodes().zip(truths.as_slice()).filter(|(_, is_true)| **is_true);
        true_nodes.map(|(node, _)| node).find_map(Node::delivery)
    }

    /// How much of `amount_minor` may have been released at this time.
    pub fn accrued_minor(&self, amount_minor: u128, now_ns: u64) -> u128 {
        let Plan { start_ns, period_ns, rate_minor, .. } = self.plan;
        if !self.is_stream() {
            return amount_minor;
        }
        let streamed_ns = now_ns.saturating_sub(start_ns);
        // A product that does not fit is above every amount.
        mul_div_floor(rate_minor, streamed_ns, period_ns)
            .map_or(amount_minor, |accrued_minor| accrued_minor.min(amount_minor))
    }

    /// What each share gets of a release that brings what is released from `before_minor` to
    /// `after_minor`; the payee gets the rest. What all have in the end follows from the end alone,
    /// not from the number of releases.
    pub fn allocate(
        &self,
        before_minor: u128,
        after_minor: u128,
    ) -> impl Iterator<Item = (Address, u128)> + use<'a> {
        let (before, after) = (self.given(before_minor), self.given(after_minor));
        before.zip(after).map(|((to, before_minor), (_, after_minor))| {
            (to, after_minor.checked_sub(before_minor).expect("invariant: what is given grows"))
        })
    }

    /// What each share has got once this much is released: its part of what the shares before it
    /// left. (Parts of the whole alone would not add up: of 2 of 2, two halves get 1 each, and
    /// whoever got the 1 of 1 would have to give it back.)
    fn given(&self, released_minor: u128) -> impl Iterator<Item = (Address, u128)> + use<'a> {
        let (mut left_minor, mut left_parts) = (released_minor, self.plan.whole);
        let is_split = self.plan.whole != 0;
        self.shares().map(move |share| {
            let given_minor = if is_split {
                mul_div_floor(left_minor, u64::from(share.part), u64::from(left_parts))
                    .expect("invariant: a part is of the parts that are left")
            } else {
                left_minor.min(share.cap_minor)
            };
            left_minor = left_minor.saturating_sub(given_minor);
            left_parts = left_parts.saturating_sub(share.part);
            (share.to, given_minor)
        })
    }
}

impl Plan {
    fn read(unit: &Unit) -> Result<Self, BadTerms> {
        let [op, flags, shares, nodes] = field::<0, _, _>(unit);
        BadTerms::unless("the first unit is not a plan", op == OP_PLAN)?;
        zero_at::<40, 24, _>(unit)?;
        let plan = Self {
            flags,
            shares,
            nodes,
            whole: u32_at::<4, _>(unit),
            start_ns: u64_at::<8, _>(unit),
            period_ns: u64_at::<16, _>(unit),
            rate_minor: u128_at::<24, _>(unit),
        };
        let flags_known = flags & !(PAY_AT_DEADLINE | PAYER_MAY_CANCEL | FREE_PAYEE) == 0;
        BadTerms::unless("the plan has unknown flags", flags_known)?;
        let is_stream = plan.period_ns != 0;
        let streams_well = is_stream == (plan.rate_minor != 0) && (is_stream || plan.start_ns == 0);
        BadTerms::unless("the plan is half a stream", streams_well)?;
        let is_shared = plan.shares != 0;
        BadTerms::unless("a whole without shares", is_shared || plan.whole == 0)?;
        let is_free = plan.flags & FREE_PAYEE != 0;
        BadTerms::unless("a free payee with shares", !is_shared || !is_free)?;
        Ok(plan)
    }
}

fn check_shares(plan: &Plan, shares: &[Unit]) -> Result<(), BadTerms> {
    let mut parts: u64 = 0;
    for (place, unit) in shares.iter().enumerate() {
        BadTerms::unless("a unit is not a share", field::<0, 1, _>(unit) == [OP_SHARE])?;
        zero_at::<1, 19, _>(unit)?;
        zero_at::<44, 4, _>(unit)?;
        let share = Share::read(unit);
        let is_one = match plan.whole {
            0 => share.part == 0 && share.cap_minor > 0,
            _ => share.part > 0 && share.cap_minor == 0,
        };
        BadTerms::unless("a share is neither a part nor a cap, or both", is_one)?;
        parts = parts.saturating_add(u64::from(share.part));
        let earlier = shares.get(..place).unwrap_or_default();
        let is_new = earlier.iter().all(|other| Share::read(other).to != share.to);
        BadTerms::unless("two shares have one account", is_new)?;
    }
    BadTerms::unless("the parts are more than the whole", parts <= u64::from(plan.whole))
}

impl Share {
    fn read(unit: &Unit) -> Self {
        Self {
            to: field::<20, _, _>(unit),
            part: u32_at::<40, _>(unit),
            cap_minor: u128_at::<48, _>(unit),
        }
    }
}

/// Exactly floor(value × by / over); None when that leaves 128 bits, or `over` is 0.
fn mul_div_floor(value: u128, by: u64, over: u64) -> Option<u128> {
    let (by, over) = (u128::from(by), u128::from(over));
    let (quotient, rest) = (value.checked_div(over)?, value.checked_rem(over)?);
    // rest < over < 2^64, so that the second product fits.
    let below = rest.checked_mul(by)?.checked_div(over)?;
    quotient.checked_mul(by)?.checked_add(below)
}

#[cfg(test)]
mod tests;
