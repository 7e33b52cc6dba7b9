//! A small town for tests: two institutions, a few accounts, and entries with readable defaults.

use crate::codec::{Address, Id, Leg, Role, Unit, put};
use crate::hash::{Domain, Hash};
use crate::history::History;
use crate::ledger::{CommitError, Ledger};
use crate::seal::{Seal, seal_envelope};
use crate::signature;
use crate::{account, key};

pub const EUR: u32 = 1;
pub const USD: u32 = 2;
pub const JPY: u32 = 3;
pub const START_NS: u64 = 1_700_000_000_000_000_000;
pub const HOUR_NS: u64 = 3_600_000_000_000;
pub const OWNER_SEED: [u8; 32] = [77; 32];

/// Keys of institution 1 by what they may do; institution 2 has `OTHER`.
pub const ALL: [u8; 32] = [1; 32];
pub const LIMITED: [u8; 32] = [2; 32];
pub const FREEZER: [u8; 32] = [3; 32];
pub const LATER: [u8; 32] = [4; 32];
pub const OTHER: [u8; 32] = [5; 32];

pub fn address(name: &str) -> Address {
    let mut address = [0; 20];
    address[..name.len()].copy_from_slice(name.as_bytes());
    address
}

pub fn id(number: u64) -> Id {
    u128::from(number).to_le_bytes()
}

/// An entry in the making.
#[derive(Clone)]
pub struct Draft {
    pub head: [u8; 256],
    pub units: Vec<Unit>,
    pub signatures: Vec<[u8; 64]>,
}

impl Draft {
    pub fn new(kind: u8) -> Self {
        let mut head = [0; 256];
        put::<0, _, _>(&mut head, [1, kind]);
        let draft = Self { head, units: Vec::new(), signatures: Vec::new() };
        draft.valid_until(START_NS + HOUR_NS)
    }

    fn with<const AT: usize, const N: usize>(mut self, value: [u8; N]) -> Self {
        put::<AT, N, 256>(&mut self.head, value);
        self
    }

    pub fn pending(self, expires_ns: u64) -> Self {
        let signed = self.head[2] & 2;
        self.with::<2, 1>([1 | signed]).with::<152, 8>(expires_ns.to_le_bytes())
    }

    pub fn asset(self, asset: u32) -> Self {
        self.with::<4, 4>(asset.to_le_bytes())
    }

    pub fn paid_in(self, asset: u32, amount_minor: u128) -> Self {
        self.with::<8, 4>(asset.to_le_bytes()).with::<64, 16>(amount_minor.to_le_bytes())
    }

    pub fn purpose(self, purpose: u32) -> Self {
        self.with::<12, 4>(purpose.to_le_bytes())
    }

    pub fn id(self, number: u64) -> Self {
        self.with::<16, 16>(id(number))
    }

    pub fn target(self, number: u64) -> Self {
        self.with::<32, 16>(id(number))
    }

    pub fn amount(self, amount_minor: u128) -> Self {
        self.with::<48, 16>(amount_minor.to_le_bytes())
    }

    pub fn bound(self, bound_minor: u128) -> Self {
        self.with::<80, 16>(bound_minor.to_le_bytes())
    }

    pub fn payer(self, name: &str) -> Self {
        self.with::<96, 20>(address(name))
    }

    pub fn payee(self, name: &str) -> Self {
        self.with::<116, 20>(address(name))
    }

    pub fn valid_until(self, time_ns: u64) -> Self {
        self.with::<144, 8>(time_ns.to_le_bytes())
    }

    pub fn expires(self, time_ns: u64) -> Self {
        self.with::<152, 8>(time_ns.to_le_bytes())
    }

    pub fn outcome(self, outcome: u8) -> Self {
        self.with::<192, 1>([outcome])
    }

    pub fn unit(mut self, unit: Unit) -> Self {
        self.units.push(unit);
        let count = [self.units.len() as u8];
        self.with::<193, 1>(count)
    }

    pub fn leg(self, from: &str, to: &str, asset: u32, role: Role, amount_minor: u128) -> Self {
        let (from, to) = (address(from), address(to));
        self.unit(Leg { from, to, asset, role, amount_minor }.write())
    }

    /// These units, and their hash as terms.
    pub fn terms(self, units: &[Unit]) -> Self {
        let none = self.legs_none().with::<64, 32>(crate::terms::Terms::hash(units));
        units.iter().fold(none, |draft, unit| draft.unit(*unit))
    }

    pub fn terms_hash(self, hash: Hash) -> Self {
        self.with::<64, 32>(hash)
    }

    pub fn legs_none(mut self) -> Self {
        self.units.clear();
        self.with::<193, 1>([0])
    }

    pub fn sign(self, seed: &[u8; 32], chain_id: &Hash) -> Self {
        self.sign_as(0, &[*seed], chain_id)
    }

    /// By the members of a policy that `signers` names, in this order.
    pub fn sign_as(self, signers: u16, seeds: &[[u8; 32]], chain_id: &Hash) -> Self {
        let flags = self.head[2] | 2;
        let mut signed = self.with::<2, 1>([flags]).with::<194, 2>(signers.to_le_bytes());
        let instruction = Domain::Instruction.hash(&signed.head[..192]);
        let units: &[Unit] =
            if matches!(signed.head[1], 19 | 22 | 23) { &signed.units } else { &[] };
        let digest = crate::apply::payment_digest(chain_id, &instruction, units);
        signed.signatures = seeds.iter().map(|seed| signature::sign(seed, &digest)).collect();
        signed
    }

    pub fn bytes(&self) -> Vec<u8> {
        [&self.head, self.units.as_flattened(), self.signatures.as_flattened()].concat()
    }
}

pub fn payment(number: u64, payer: &str, payee: &str, amount_minor: u128) -> Draft {
    let draft = Draft::new(2).id(number).asset(EUR).amount(amount_minor).outcome(1);
    draft.payer(payer).payee(payee)
}

pub fn open(name: &str, owner: [u8; 32], flags: u32, assets: &[u32]) -> Draft {
    let mut units = vec![[0; 64]; 1 + assets.len().saturating_sub(7).div_ceil(16)];
    let bytes = units.as_flattened_mut();
    bytes[..32].copy_from_slice(&owner);
    bytes[32..36].copy_from_slice(&flags.to_le_bytes());
    for (place, asset) in bytes[36..].chunks_mut(4).zip(assets) {
        place.copy_from_slice(&asset.to_le_bytes());
    }
    let draft = Draft::new(8).payer(name).id(Domain::Leaf.hash(name.as_bytes())[0].into());
    units.into_iter().fold(draft, Draft::unit)
}

pub fn register_asset(number: u32, code: &str, scale: u8) -> Draft {
    let mut unit = [0; 64];
    unit[..code.len()].copy_from_slice(code.as_bytes());
    unit[16] = scale;
    Draft::new(12).id(1000 + u64::from(number)).asset(number).unit(unit)
}

pub fn register_key(key: [u8; 32], institution: u32, purposes: u32, height: u64) -> Draft {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, key);
    put::<32, _, _>(&mut unit, institution.to_le_bytes());
    put::<36, _, _>(&mut unit, purposes.to_le_bytes());
    put::<40, _, _>(&mut unit, height.to_le_bytes());
    Draft::new(13).id(2000).unit(unit)
}

pub fn name_key(kind: u8, key: [u8; 32]) -> Draft {
    let mut unit = [0; 64];
    put::<0, _, _>(&mut unit, key);
    Draft::new(kind).id(3000).unit(unit)
}

pub fn set_limit(key: [u8; 32], asset: u32, payment_max: u128, day_max: u128) -> Draft {
    let draft = name_key(15, key).asset(asset).amount(payment_max);
    draft.paid_in(0, day_max)
}

fn genesis() -> Vec<u8> {
    let public = |seed: [u8; 32]| signature::public_key(&seed);
    let everything = &[EUR, USD];
    let mut drafts = vec![
        register_asset(EUR, "EUR/2", 2),
        register_asset(USD, "USD/2", 2),
        register_asset(JPY, "JPY/0", 0),
        register_key(public(ALL), 1, key::PURPOSES, 0),
        register_key(public(LIMITED), 1, key::PURPOSES, 0),
        register_key(public(FREEZER), 1, key::COMPLIANCE, 0),
        register_key(public(LATER), 1, key::PAY, 50),
        register_key(public(OTHER), 2, key::PURPOSES, 0),
        set_limit(public(LIMITED), EUR, 1_000, 1_500),
    ];
    for (name, owner, flags, institution) in [
        ("nostro", [0; 32], account::NOSTRO, 1),
        ("fees", [0; 32], account::OPERATING, 1),
        ("desk", [0; 32], account::OPERATING, 1),
        ("ann", [0; 32], 0, 1),
        ("bob", [0; 32], 0, 1),
        ("eve", [0; 32], 0, 2),
        ("self", public(OWNER_SEED), 0, 1),
        ("closed", [0; 32], 0, 1),
        ("frozen", [0; 32], 0, 1),
        ("poor", [0; 32], 0, 1),
    ] {
        drafts.push(open(name, owner, flags, everything).purpose(institution));
    }
    drafts.push(open("yen", [0; 32], 0, &[JPY]).purpose(1));
    drafts.iter().flat_map(Draft::bytes).collect()
}

/// A ledger with money in it, and the sequences of its keys.
pub struct Town {
    pub ledger: Ledger,
    pub now_ns: u64,
    sequence: u64,
}

impl Town {
    /// ann and self have 10,000 EUR, the desk 10,000 USD; `closed` and `frozen` are what they say.
    pub fn new() -> Self {
        let ledger = Ledger::create(START_NS, &genesis(), History::Memory(Vec::new())).unwrap();
        let mut town = Self { ledger, now_ns: START_NS, sequence: 0 };
        let issue = |number, payee, asset, amount| {
            let draft = Draft::new(6).id(number).asset(asset).amount(amount);
            draft.payer("nostro").payee(payee)
        };
        let codes = town.apply(&[
            issue(1, "ann", EUR, 10_000),
            issue(2, "self", EUR, 10_000),
            issue(3, "desk", USD, 10_000),
            Draft::new(9).id(4).payer("closed"),
            Draft::new(10).id(5).payer("frozen"),
        ]);
        assert_eq!(codes, [0; 5]);
        town
    }

    pub fn seal(&mut self, seed: &[u8; 32], drafts: &[Draft]) -> Vec<u8> {
        self.sequence += 1;
        let seal = Seal {
            chain_id: self.ledger.chain_id,
            institution: if *seed == OTHER { 2 } else { 1 },
            seed,
            sequence: self.sequence,
            valid_until_ns: START_NS + 100 * HOUR_NS,
        };
        let heads: Vec<u8> = drafts.iter().flat_map(|draft| draft.head).collect();
        let units: Vec<Unit> = drafts.iter().flat_map(|draft| draft.units.clone()).collect();
        let signatures: Vec<u8> =
            drafts.iter().flat_map(|draft| draft.signatures.clone()).flatten().collect();
        seal_envelope(&seal, &heads, units.as_flattened(), &signatures).unwrap()
    }

    /// Stages a block and answers with the code of every record.
    pub fn stage(&mut self, envelopes: &[&[u8]]) -> Vec<u16> {
        self.now_ns += 1;
        let block = self.ledger.stage(self.now_ns, envelopes, &mut |_| {}).unwrap();
        let results = block.body.results.as_chunks::<32>().0;
        results.iter().map(|result| u16::from_le_bytes([result[2], result[3]])).collect()
    }

    pub fn commit(&mut self) {
        self.hand_over();
        self.ledger.write().unwrap();
    }

    pub fn hand_over(&mut self) {
        self.try_hand_over().unwrap();
    }

    pub fn try_hand_over(&mut self) -> Result<(), CommitError> {
        let hash = self.ledger.staged().unwrap().hash;
        let finality = crate::codec::Finality {
            key: signature::public_key(&ALL),
            signature: signature::sign(&ALL, &hash),
        };
        self.ledger.hand_over(&finality.write())
    }

    /// The codes of entries in a block of their own, which is committed.
    pub fn apply(&mut self, drafts: &[Draft]) -> Vec<u16> {
        self.apply_by(&ALL, drafts)
    }

    pub fn apply_by(&mut self, seed: &[u8; 32], drafts: &[Draft]) -> Vec<u16> {
        let envelope = self.seal(seed, drafts);
        let mut codes = self.stage(&[&envelope]);
        self.commit();
        codes.split_off(codes.len() - drafts.len())
    }

    /// The code of one entry; nothing of it stays.
    pub fn try_by(&mut self, seed: &[u8; 32], draft: &Draft) -> u16 {
        let envelope = self.seal(seed, std::slice::from_ref(draft));
        let code = *self.stage(&[&envelope]).last().unwrap();
        self.ledger.discard();
        code
    }

    /// (posted, pending in, pending out)
    pub fn balance(&self, name: &str, asset: u32) -> (i128, u128, u128) {
        let state = &self.ledger.state;
        let (_, account) = state.accounts.find_row(&address(name)).unwrap();
        let row = state.balances.table.row(state.balances.find(&account, asset).unwrap());
        (row.posted, row.pending_in, row.pending_out)
    }

    /// Laws that hold after every block.
    pub fn check_balances(&self) {
        for sums in self.ledger.trial_balance() {
            assert_eq!(sums.positive_minor, sums.negative_minor, "value is conserved");
            assert_eq!(sums.pending_in_minor, sums.pending_out_minor, "what leaves arrives");
        }
        for row in self.ledger.state.balances.table.rows().iter() {
            let owner = self.ledger.state.accounts.table.row(row.account);
            let pending_out = i128::try_from(row.pending_out).expect("below 2^127");
            let is_covered = row.posted.checked_sub(pending_out).is_some_and(|free| free >= 0);
            assert!(is_covered || owner.is(account::NOSTRO), "available is below zero");
        }
    }
}
