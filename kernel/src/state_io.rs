//! The state from rows, for snapshots: every table as its leaves, and what the leaves only commit to
//! (the legs of holds, the remembered ids), as `image` gives them. Indexes are derived again.
//!
//! What comes back is trusted only when its state root is the header's, which the reader of the
//! snapshot checks. The legs and ids are under that root only in part, so a snapshot file has a
//! checksum of its own.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in a buffer, not money; overflow checks stay on"
)]

use std::thread;

use crate::account::{Account, POLICY};
use crate::apply::held_units;
use crate::asset::Asset;
use crate::balance::Balance;
use crate::codec::{Unit, field, put, u32_at, u64_at, u128_at};
use crate::escrow::Escrow;
use crate::hash::Domain;
use crate::hold::Hold;
use crate::key::Key;
use crate::limit::Limit;
use crate::mandate::{Mandate, Used};
use crate::policy::{MemberRole, Policy, PolicyRow, Recovery, Spend};
use crate::refund::Refund;
use crate::state::State;
use crate::table::Row;
use crate::terms::Terms;
use crate::width::{count, row};
use crate::window::{Remembered, Segment};

impl State {
    /// Reads what an image gave: tables in its order, each in any number of chunks of whole rows.
    pub fn import(chunks: &mut dyn Iterator<Item = (String, Vec<u8>)>) -> Result<Self, String> {
        let mut import = Import::default();
        for (table, rows) in chunks {
            import.read(&table, &rows)?;
        }
        import.finish()
    }
}

const REMEMBERED_BYTES: usize = 64;

pub fn write_remembered(height: u64, one: &Remembered) -> [u8; REMEMBERED_BYTES] {
    let mut row = [0; REMEMBERED_BYTES];
    put::<0, _, _>(&mut row, one.institution.to_le_bytes());
    put::<4, _, _>(&mut row, one.code.to_le_bytes());
    put::<8, _, _>(&mut row, height.to_le_bytes());
    put::<16, _, _>(&mut row, one.id);
    put::<32, _, _>(&mut row, one.instruction);
    row
}

#[derive(Default)]
struct Import {
    state: State,
    /// By slot, until their legs come.
    holds: Vec<Option<(Hold, u8)>>,
    legs: Vec<Unit>,
    /// By slot, until their terms come.
    escrows: Vec<Option<Escrow>>,
    terms: Vec<Unit>,
    mandates: Vec<Option<Mandate>>,
    /// By slot, until their units come.
    policies: Vec<Option<PolicyRow>>,
    policy_units: Vec<Unit>,
    spends: Vec<Option<Spend>>,
    segments: Vec<Option<Segment>>,
    remembered: Vec<(u64, Remembered)>,
}

impl Import {
    fn read(&mut self, table: &str, rows: &[u8]) -> Result<(), String> {
        match table {
            "accounts" => self.state.accounts.table.extend(each(table, rows, read_account)?),
            "assets" => {
                for asset in each(table, rows, read_asset)? {
                    self.state.assets.register(asset);
                }
            }
            "balances" => self.state.balances.table.extend(each(table, rows, read_balance)?),
            "holds" => self.holds.extend(each(table, rows, |row| taken(row, read_hold))?),
            "hold_legs" => self.legs.extend(each(table, rows, |unit: &Unit| *unit)?),
            "escrows" => self.escrows.extend(each(table, rows, |row| taken(row, read_escrow))?),
            "mandates" => self.mandates.extend(each(table, rows, |row| taken(row, read_mandate))?),
            "escrow_terms" => self.terms.extend(each(table, rows, |unit: &Unit| *unit)?),
            "policies" => self.policies.extend(each(table, rows, |row| taken(row, read_policy))?),
            "policy_units" => self.policy_units.extend(each(table, rows, |unit: &Unit| *unit)?),
            "spends" => self.spends.extend(each(table, rows, |row| taken(row, read_spend))?),
            "keys" => {
                for key in each(table, rows, read_key)? {
                    self.state.keys.register(key);
                }
            }
            "limits" => {
                for limit in each(table, rows, read_limit)? {
                    self.state.limits.add(limit);
                }
            }
            "refunds" => {
                for refund in each(table, rows, read_refund)? {
                    self.state.refunds.add(refund);
                }
            }
            "window" => self.segments.extend(each(table, rows, |row| taken(row, read_segment))?),
            "remembered" => self.remembered.extend(each(table, rows, read_remembered)?),
            _ => return Err(format!("unknown table {table:?}")),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<State, String> {
        self.load_accounts()?;
        self.load_holds()?;
        self.load_escrows()?;
        self.load_mandates()?;
        self.load_policies()?;
        self.load_spends()?;
        self.load_window()?;
        Ok(self.state)
    }

    /// The balances of an account stand side by side, in the order of the accounts.
    fn load_accounts(&mut self) -> Result<(), String> {
        let State { accounts, balances, .. } = &mut self.state;
        let mut first = 0;
        for number in 0..accounts.table.next_number() {
            let rest = balances.table.rows().iter_from(first);
            let own = rest.take_while(|balance| balance.account == number).count();
            let parent = accounts.table.row(number).parent.checked_sub(1);
            let rows = match parent.map(|parent| (parent < number, accounts.table.get(parent))) {
                Some((true, Some(parent))) => (parent.balances_first, parent.balances_count),
                Some(_) => return Err("a sub-account comes before its parent".to_owned()),
                None => (row(first), row(own)),
            };
            let account = accounts.table.row_mut(number);
            (account.balances_first, account.balances_count) = rows;
            first += own;
        }
        if first != balances.table.rows().length() {
            return Err("a balance is of no account".to_owned());
        }
        // Most of the work of a start: names are found again, and every row is hashed.
        thread::scope(|scope| {
            scope.spawn(|| balances.table.root());
            accounts.index_all();
            accounts.table.root();
        });
        Ok(())
    }

    fn load_holds(&mut self) -> Result<(), String> {
        let mut legs = self.legs.as_slice();
        for (slot, hold) in self.holds.drain(..).enumerate() {
            let Some((mut hold, count)) = hold else { continue };
            let (own, rest) = legs
                .split_at_checked(usize::from(count))
                .ok_or("the legs of a hold are missing")?;
            legs = rest;
            hold.legs_hash = Domain::Leaf.hash(own.as_flattened());
            let accounts = self.state.accounts.table.next_number();
            if hold.payer >= accounts || hold.payee >= accounts || own.is_empty() {
                return Err("a hold is of no account".to_owned());
            }
            if held_units(&self.state.accounts, &hold) != own {
                hold.legs = Some(own.into());
            }
            self.state.holds.put_back(row(slot), hold);
        }
        match legs {
            [] => Ok(()),
            _ => Err("legs are of no hold".to_owned()),
        }
    }

    fn load_mandates(&mut self) -> Result<(), String> {
        let accounts = self.state.accounts.table.next_number();
        for (slot, mandate) in self.mandates.drain(..).enumerate() {
            let Some(mandate) = mandate else { continue };
            if mandate.payer >= accounts || mandate.payee >= accounts {
                return Err("a mandate is of no account".to_owned());
            }
            self.state.mandates.put_back(row(slot), mandate);
        }
        Ok(())
    }

    /// Each is of an account that names it as its owner.
    fn load_policies(&mut self) -> Result<(), String> {
        let mut units = self.policy_units.as_slice();
        for (slot, policy) in self.policies.drain(..).enumerate() {
            let Some(mut policy) = policy else { continue };
            let (own, rest) = units
                .first()
                .and_then(|head| units.split_at_checked(Policy::units_of(head)))
                .ok_or("the units of a policy are missing")?;
            units = rest;
            let account = self.state.accounts.table.get(policy.account);
            let is_named = account
                .is_some_and(|account| account.is(POLICY) && account.owner == policy.policy_hash);
            let is_known = self.state.policies.find(policy.account).is_some();
            let is_hashed = Policy::hash(own) == policy.policy_hash;
            if !is_named || is_known || !is_hashed || Policy::parse(own).is_err() {
                return Err("a policy is not that of its account".to_owned());
            }
            policy.units = own.into();
            self.state.policies.put_back(row(slot), policy);
        }
        let accounts = self.state.accounts.table.rows().iter();
        let with_policy = accounts.filter(|account| account.is(POLICY)).count();
        match units {
            [] if count(with_policy) == self.state.policies.slots.taken() => Ok(()),
            _ => Err("policies and accounts do not agree".to_owned()),
        }
    }

    /// One for each spend key of a policy.
    fn load_spends(&mut self) -> Result<(), String> {
        for (slot, spend) in self.spends.drain(..).enumerate() {
            let Some(spend) = spend else { continue };
            let policies = &self.state.policies;
            let found = policies.find(spend.account).map(|slot| policies.slots.row(slot).policy());
            let is_spend_key = found
                .and_then(|policy| policy.at_unit(spend.unit))
                .is_some_and(|member| member.role == MemberRole::SpendKey);
            let is_known = self.state.spends.find(spend.account, spend.unit).is_some();
            if !is_spend_key || is_known {
                return Err("what was spent is of no spend key".to_owned());
            }
            self.state.spends.put_back(row(slot), spend);
        }
        let policies = self.state.policies.slots.slots().iter().flatten();
        let keys = policies.map(|row| row.policy().spend_keys().count()).sum();
        if count(keys) == self.state.spends.slots.taken() {
            Ok(())
        } else {
            Err("what was spent is missing".to_owned())
        }
    }

    fn load_escrows(&mut self) -> Result<(), String> {
        let mut terms = self.terms.as_slice();
        let accounts = self.state.accounts.table.next_number();
        for (slot, escrow) in self.escrows.drain(..).enumerate() {
            let Some(mut escrow) = escrow else { continue };
            let (own, rest) = terms
                .first()
                .and_then(|plan| terms.split_at_checked(Terms::units_of(plan)))
                .ok_or("the terms of an escrow are missing")?;
            terms = rest;
            if Terms::hash(own) != escrow.terms_hash || Terms::parse(own).is_err() {
                return Err("the terms of an escrow are other ones".to_owned());
            }
            if escrow.payer >= accounts || escrow.payee >= accounts {
                return Err("an escrow is of no account".to_owned());
            }
            escrow.terms = own.into();
            self.state.escrows.put_back(row(slot), escrow);
        }
        match terms {
            [] => Ok(()),
            _ => Err("terms are of no escrow".to_owned()),
        }
    }

    /// Segments by age, each with as many ids as it says.
    fn load_window(&mut self) -> Result<(), String> {
        let mut segments: Vec<(u32, Segment)> = (0..)
            .zip(self.segments.drain(..))
            .filter_map(|(slot, segment)| Some((slot, segment?)))
            .collect();
        segments.sort_by_key(|(_, segment)| segment.height);
        let mut remembered = self.remembered.drain(..);
        for (slot, segment) in segments {
            let count = usize::try_from(segment.recorded).map_err(|error| error.to_string())?;
            let own: Vec<(u64, Remembered)> = remembered.by_ref().take(count).collect();
            if own.len() != count || own.iter().any(|(height, _)| *height != segment.height) {
                return Err("the remembered ids are not those of the window".to_owned());
            }
            let ids = own.into_iter().map(|(_, one)| one).collect();
            self.state.window.load(slot, segment, ids);
        }
        match remembered.next() {
            None => Ok(()),
            Some(_) => Err("remembered ids are of no segment".to_owned()),
        }
    }
}

fn each<const N: usize, T>(
    table: &str,
    rows: &[u8],
    read: impl Fn(&[u8; N]) -> T,
) -> Result<Vec<T>, String> {
    match rows.as_chunks() {
        (rows, []) => Ok(rows.iter().map(read).collect()),
        _ => Err(format!("a row of {table} is cut short")),
    }
}

fn taken<const N: usize, T>(row: &[u8; N], read: impl Fn(&[u8; N]) -> T) -> Option<T> {
    (*row != [0; N]).then(|| read(row))
}

fn read_account(row: &[u8; Account::LEAF_BYTES]) -> Account {
    Account {
        address: field::<0, _, _>(row),
        institution: u32_at::<20, _>(row),
        flags: u32_at::<24, _>(row),
        category: u32_at::<28, _>(row),
        owner: field::<32, _, _>(row),
        opened_ns: u64_at::<64, _>(row),
        parent: u32_at::<72, _>(row),
        balances_first: 0,
        balances_count: 0,
    }
}

fn read_asset(row: &[u8; Asset::LEAF_BYTES]) -> Asset {
    let [scale, flags] = field::<4, _, _>(row);
    Asset {
        number: u32_at::<0, _>(row),
        scale,
        flags,
        code: field::<8, _, _>(row),
        controls: u32_at::<24, _>(row),
        issuer: u32_at::<28, _>(row),
    }
}

fn read_balance(row: &[u8; Balance::LEAF_BYTES]) -> Balance {
    Balance {
        account: u32_at::<0, _>(row),
        asset: u32_at::<4, _>(row),
        flags: u32_at::<56, _>(row),
        posted: i128::from_le_bytes(field::<8, _, _>(row)),
        pending_in: u128_at::<24, _>(row),
        pending_out: u128_at::<40, _>(row),
    }
}

/// The hold without its legs, and how many it has.
fn read_hold(row: &[u8; Hold::LEAF_BYTES]) -> (Hold, u8) {
    let [outcome, legs_count, closes] = field::<56, _, _>(row);
    let hold = Hold {
        id: field::<0, _, _>(row),
        institution: u32_at::<16, _>(row),
        asset: u32_at::<20, _>(row),
        payer: u32_at::<24, _>(row),
        payee: u32_at::<28, _>(row),
        amount_minor: u128_at::<32, _>(row),
        expires_ns: u64_at::<48, _>(row),
        outcome,
        closes,
        legs: None,
        legs_hash: field::<64, _, _>(row),
    };
    (hold, legs_count)
}

fn read_mandate(row: &[u8; Mandate::LEAF_BYTES]) -> Mandate {
    Mandate {
        id: field::<0, _, _>(row),
        institution: u32_at::<16, _>(row),
        asset: u32_at::<20, _>(row),
        payer: u32_at::<24, _>(row),
        payee: u32_at::<28, _>(row),
        payment_minor_max: u128_at::<32, _>(row),
        period_minor_max: u128_at::<48, _>(row),
        total_minor_max: u128_at::<64, _>(row),
        period_ns: u64_at::<112, _>(row),
        start_ns: u64_at::<120, _>(row),
        expires_ns: u64_at::<128, _>(row),
        payments_max: u32_at::<144, _>(row),
        flags: u32_at::<152, _>(row),
        used: Used {
            total_minor: u128_at::<80, _>(row),
            period_minor: u128_at::<96, _>(row),
            period: u64_at::<136, _>(row),
            payments: u32_at::<148, _>(row),
        },
    }
}

/// The policy without its units.
fn read_policy(row: &[u8; PolicyRow::LEAF_BYTES]) -> PolicyRow {
    PolicyRow {
        account: u32_at::<0, _>(row),
        policy_hash: field::<8, _, _>(row),
        units: Box::default(),
        recovery: Recovery { key: field::<40, _, _>(row), recover_at_ns: u64_at::<72, _>(row) },
    }
}

fn read_spend(row: &[u8; Spend::LEAF_BYTES]) -> Spend {
    Spend {
        account: u32_at::<0, _>(row),
        unit: u32_at::<4, _>(row),
        used_minor: u128_at::<8, _>(row),
        day: u64_at::<24, _>(row),
    }
}

/// The escrow without its terms.
fn read_escrow(row: &[u8; Escrow::LEAF_BYTES]) -> Escrow {
    Escrow {
        id: field::<0, _, _>(row),
        institution: u32_at::<16, _>(row),
        asset: u32_at::<20, _>(row),
        payer: u32_at::<24, _>(row),
        payee: u32_at::<28, _>(row),
        amount_minor: u128_at::<32, _>(row),
        released_minor: u128_at::<48, _>(row),
        expires_ns: u64_at::<64, _>(row),
        opened_ns: u64_at::<72, _>(row),
        terms_hash: field::<80, _, _>(row),
        terms: Box::default(),
    }
}

fn read_key(row: &[u8; Key::LEAF_BYTES]) -> Key {
    Key {
        key: field::<0, _, _>(row),
        institution: u32_at::<32, _>(row),
        purposes: u32_at::<36, _>(row),
        activation_height: u64_at::<40, _>(row),
        revoked_height: u64_at::<48, _>(row),
        sequence: u64_at::<56, _>(row),
        imported_ns: u64_at::<64, _>(row),
    }
}

fn read_limit(row: &[u8; Limit::LEAF_BYTES]) -> Limit {
    Limit {
        key: field::<0, _, _>(row),
        asset: u32_at::<32, _>(row),
        payment_minor_max: u128_at::<48, _>(row),
        day_minor_max: u128_at::<64, _>(row),
        used_minor: u128_at::<80, _>(row),
        day: u64_at::<96, _>(row),
    }
}

fn read_refund(row: &[u8; Refund::LEAF_BYTES]) -> Refund {
    Refund {
        institution: u32_at::<0, _>(row),
        target: field::<16, _, _>(row),
        amount_minor: u128_at::<32, _>(row),
        refunded_minor: u128_at::<48, _>(row),
    }
}

fn read_segment(row: &[u8; Segment::LEAF_BYTES]) -> Segment {
    Segment {
        height: u64_at::<0, _>(row),
        valid_until_ns_max: u64_at::<8, _>(row),
        recorded: u64_at::<16, _>(row),
        transactions_root: field::<32, _, _>(row),
        results_root: field::<64, _, _>(row),
    }
}

fn read_remembered(row: &[u8; REMEMBERED_BYTES]) -> (u64, Remembered) {
    let remembered = Remembered {
        institution: u32_at::<0, _>(row),
        code: u16::from_le_bytes(field::<4, _, _>(row)),
        id: field::<16, _, _>(row),
        instruction: field::<32, _, _>(row),
    };
    (u64_at::<8, _>(row), remembered)
}
