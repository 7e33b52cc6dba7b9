//! Policies: who may act for an account that has more than one key, what its spend keys used of a
//! day, and the key that guardians propose.

use std::collections::BTreeMap;

use crate::codec::{
    AMOUNT_MINOR_MAX, DecodeError, PublicKey, SIGNERS_MAX, Unit, field, u32_at, u64_at, u128_at,
    zero_at,
};
use crate::hash::{Domain, Hash};
use crate::table::{Row, Slots};
use crate::width::at;

const OP: u8 = 1;
const DELAY_NS_MAX: u64 = 366 * 86_400 * 1_000_000_000;

/// Units that are no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPolicy(pub &'static str);

impl From<DecodeError> for BadPolicy {
    fn from(error: DecodeError) -> Self {
        Self(error.0)
    }
}

fn bad_if(is_broken: bool, what: &'static str) -> Result<(), BadPolicy> {
    if is_broken { Err(BadPolicy(what)) } else { Ok(()) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberRole {
    Signer,
    Guardian,
    SpendKey,
}

#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub key: PublicKey,
    pub role: MemberRole,
    /// The one that a spend key moves; 0 of others.
    pub asset: u32,
    /// 0: never.
    pub expires_ns: u64,
    /// A signer's weight; the most that a spend key may move on a day.
    pub value: u128,
}

impl Member {
    fn read(unit: &Unit) -> Result<Self, BadPolicy> {
        let [role, zeros @ ..] = field::<32, 4, _>(unit);
        let role = match role {
            1 => MemberRole::Signer,
            2 => MemberRole::Guardian,
            3 => MemberRole::SpendKey,
            _ => return Err(BadPolicy("a member has an unknown role")),
        };
        bad_if(zeros != [0; 3], "bytes without a name are not zero")?;
        Ok(Self {
            key: field::<0, _, _>(unit),
            role,
            asset: u32_at::<36, _>(unit),
            expires_ns: u64_at::<40, _>(unit),
            value: u128_at::<48, _>(unit),
        })
    }

    pub fn has_expired(&self, now_ns: u64) -> bool {
        self.expires_ns != 0 && self.expires_ns <= now_ns
    }

    fn check(&self) -> Result<(), BadPolicy> {
        bad_if(self.key == [0; 32], "a key is zero")?;
        let is_valued = match self.role {
            MemberRole::Signer => (1..=u128::from(u32::MAX)).contains(&self.value),
            MemberRole::Guardian => self.value == 0,
            MemberRole::SpendKey => (1..=AMOUNT_MINOR_MAX).contains(&self.value),
        };
        bad_if(!is_valued, "the value of a member is not of its role")?;
        let has_asset = self.asset != 0;
        bad_if(has_asset != (self.role == MemberRole::SpendKey), "a spend key alone has an asset")
    }
}

/// Units that are a policy: a head and its members.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    head: &'a Unit,
    members: &'a [Unit],
}

impl<'a> Policy<'a> {
    pub fn parse(units: &'a [Unit]) -> Result<Self, BadPolicy> {
        let (head, members) = units.split_first().ok_or(BadPolicy("a policy has no head"))?;
        let policy = Self { head, members };
        let [op, _, _, zero] = field::<0, 4, _>(head);
        zero_at::<16, 48, _>(head)?;
        let is_head = op == OP && zero == 0 && Self::units_of(head) == units.len();
        bad_if(!is_head, "the first unit is not the head of these members")?;
        bad_if(members.is_empty() || members.len() > SIGNERS_MAX, "not 1 to 15 members")?;
        members.iter().try_for_each(|unit| Member::read(unit)?.check())?;
        policy.check_keys()?;
        policy.check_thresholds()?;
        Ok(policy)
    }

    /// How many units a policy with this head has.
    pub fn units_of(head: &Unit) -> usize {
        let [members] = field::<1, 1, _>(head);
        usize::from(members).saturating_add(1)
    }

    pub fn hash(units: &[Unit]) -> Hash {
        Domain::Policy.hash(units.as_flattened())
    }

    pub fn threshold(&self) -> u128 {
        u128::from(u32_at::<4, _>(self.head))
    }

    pub fn guardians_threshold(&self) -> usize {
        let [threshold] = field::<2, 1, _>(self.head);
        usize::from(threshold)
    }

    pub fn recovery_delay_ns(&self) -> u64 {
        u64_at::<8, _>(self.head)
    }

    pub fn members(&self) -> impl Iterator<Item = Member> {
        self.members.iter().filter_map(|unit| Member::read(unit).ok())
    }

    pub fn member(&self, place: usize) -> Option<Member> {
        self.members.get(place).and_then(|unit| Member::read(unit).ok())
    }

    /// The units of its spend keys.
    pub fn spend_keys(&self) -> impl Iterator<Item = u32> {
        let units = (1..).zip(self.members());
        units.filter(|(_, one)| one.role == MemberRole::SpendKey).map(|(unit, _)| unit)
    }

    /// A member by its unit, of which 0 is the head.
    pub fn at_unit(&self, unit: u32) -> Option<Member> {
        self.member(at(unit.checked_sub(1)?))
    }

    fn check_keys(&self) -> Result<(), BadPolicy> {
        let mut keys: Vec<PublicKey> = self.members().map(|member| member.key).collect();
        keys.sort_unstable();
        let is_twice = keys.windows(2).any(|pair| pair.first() == pair.last());
        bad_if(is_twice, "a key stands twice")
    }

    /// Only who does not expire counts here, or an account could be left to nobody by time alone.
    fn check_thresholds(&self) -> Result<(), BadPolicy> {
        let lasting = |role| {
            self.members().filter(move |member| member.role == role && member.expires_ns == 0)
        };
        let weight = sum(lasting(MemberRole::Signer).map(|member| member.value));
        let guardians = lasting(MemberRole::Guardian).count();
        let has_guardians = self.members().any(|member| member.role == MemberRole::Guardian);
        let (threshold, delay_ns) = (self.threshold(), self.recovery_delay_ns());
        bad_if(threshold == 0 || threshold > weight, "the signers do not reach the threshold")?;
        bad_if(self.guardians_threshold() > guardians, "the guardians do not reach theirs")?;
        let recovers = self.guardians_threshold() > 0;
        bad_if(recovers != has_guardians, "guardians and their threshold go together")?;
        bad_if((delay_ns > 0) != has_guardians, "guardians and a delay go together")?;
        bad_if(delay_ns > DELAY_NS_MAX, "the delay of a recovery is above 366 days")
    }
}

/// Of at most 15 weights below 2^32, so that nothing is cut.
pub fn sum(weights: impl Iterator<Item = u128>) -> u128 {
    weights.fold(0, u128::saturating_add)
}

// --- rows ------------------------------------------------------------------------------------

/// The policy of an account.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    pub account: u32,
    pub policy_hash: Hash,
    pub units: Box<[Unit]>,
    pub recovery: Recovery,
}

/// The key that guardians proposed, zero when none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    pub key: PublicKey,
    pub recover_at_ns: u64,
}

impl PolicyRow {
    pub fn policy(&self) -> Policy<'_> {
        let parts = self.units.split_first();
        let (head, members) = parts.expect("invariant: a policy was checked when it was set");
        Policy { head, members }
    }
}

impl Row for PolicyRow {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.account.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.policy_hash);
        out.extend(self.recovery.key);
        out.extend(self.recovery.recover_at_ns.to_le_bytes());
        out.extend([0; 48]);
    }
}

/// What a spend key moved on a day; `unit` is its own in the policy, whose head is unit 0.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    pub account: u32,
    pub unit: u32,
    pub used_minor: u128,
    pub day: u64,
}

impl Spend {
    pub fn used_minor_on(&self, day: u64) -> u128 {
        if self.day == day { self.used_minor } else { 0 }
    }
}

impl Row for Spend {
    const LEAF_BYTES: usize = 64;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.account.to_le_bytes());
        out.extend(self.unit.to_le_bytes());
        out.extend(self.used_minor.to_le_bytes());
        out.extend(self.day.to_le_bytes());
        out.extend([0; 32]);
    }
}

/// Found by the number of their account.
#[derive(Default)]
pub struct Policies {
    pub slots: Slots<PolicyRow>,
    numbers: BTreeMap<u32, u32>,
}

impl Policies {
    pub fn find(&self, account: u32) -> Option<u32> {
        self.numbers.get(&account).copied()
    }

    pub fn place(&mut self, row: PolicyRow) -> u32 {
        let account = row.account;
        let slot = self.slots.place(row);
        self.numbers.insert(account, slot);
        slot
    }

    pub fn end(&mut self, slot: u32) -> PolicyRow {
        let row = self.slots.end(slot);
        self.numbers.remove(&row.account);
        row
    }

    /// Undoes `end`.
    pub fn put_back(&mut self, slot: u32, row: PolicyRow) {
        self.numbers.insert(row.account, slot);
        self.slots.put_back(slot, row);
    }
}

/// Found by account and unit.
#[derive(Default)]
pub struct Spends {
    pub slots: Slots<Spend>,
    numbers: BTreeMap<(u32, u32), u32>,
}

impl Spends {
    pub fn find(&self, account: u32, unit: u32) -> Option<u32> {
        self.numbers.get(&(account, unit)).copied()
    }

    /// The slots of an account's spend keys, in the order of its policy.
    pub fn of(&self, account: u32) -> impl Iterator<Item = u32> {
        self.numbers.range((account, 0)..=(account, u32::MAX)).map(|(_, slot)| *slot)
    }

    pub fn place(&mut self, row: Spend) -> u32 {
        let slot = self.slots.place(row);
        self.numbers.insert((row.account, row.unit), slot);
        slot
    }

    pub fn end(&mut self, slot: u32) -> Spend {
        let row = self.slots.end(slot);
        self.numbers.remove(&(row.account, row.unit));
        row
    }

    /// Undoes `end`.
    pub fn put_back(&mut self, slot: u32, row: Spend) {
        self.numbers.insert((row.account, row.unit), slot);
        self.slots.put_back(slot, row);
    }
}
