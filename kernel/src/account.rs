//! Accounts: an address, who keeps it, and which balance rows are its own.

use crate::codec::{Address, PublicKey};
use crate::index::{Index, address_hash};
use crate::table::{Row, Table};
use crate::width::at;

pub const NOSTRO: u32 = 1;
pub const OPERATING: u32 = 2;
pub const SUB: u32 = 4;
pub const FROZEN: u32 = 256;
pub const CLOSED: u32 = 512;
pub const POLICY: u32 = 1_024;

#[derive(Clone, Copy, Debug)]
pub struct Account {
    pub address: Address,
    pub institution: u32,
    pub flags: u32,
    /// What trade it is, a merchant category code; 0 none.
    pub category: u32,
    /// Zero when the institution keeps the account for its owner; with POLICY the hash of one.
    pub owner: PublicKey,
    pub opened_ns: u64,
    /// Of a sub-account the number of its parent, plus 1; 0 none.
    pub parent: u32,
    /// A sub-account has those of its parent. Balance rows are made when the account is opened and
    /// never later, so they are neighbours.
    pub balances_first: u32,
    pub balances_count: u32,
}

impl Account {
    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The number of the account whose balances move, of the account with this number.
    pub fn settles_at(&self, number: u32) -> u32 {
        self.parent.checked_sub(1).unwrap_or(number)
    }

    pub fn owner(&self) -> Option<&PublicKey> {
        (self.owner != [0; 32]).then_some(&self.owner)
    }
}

impl Row for Account {
    const LEAF_BYTES: usize = 128;

    fn write_leaf(&self, out: &mut Vec<u8>) {
        out.extend(self.address);
        out.extend(self.institution.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend(self.category.to_le_bytes());
        out.extend(self.owner);
        out.extend(self.opened_ns.to_le_bytes());
        out.extend(self.parent.to_le_bytes());
        out.extend([0; 52]);
    }
}

#[derive(Default)]
pub struct Accounts {
    pub table: Table<Account>,
    index: Index,
}

impl Accounts {
    #[inline]
    pub fn find(&self, address: &Address) -> Option<u32> {
        self.find_hashed(address_hash(address), address)
    }

    /// `hash` is that of the address.
    #[inline]
    pub fn find_hashed(&self, hash: u64, address: &Address) -> Option<u32> {
        let rows = self.table.rows();
        self.index
            .find(hash, |number| rows.get(at(number)).is_some_and(|row| row.address == *address))
    }

    /// Asks for the place in the index of an address with this hash.
    #[inline]
    pub fn fetch_place(&self, hash: u64) {
        self.index.fetch(hash);
    }

    /// Asks for the row that most likely has an address with this hash.
    #[inline]
    pub fn fetch(&self, hash: u64) {
        if let Some(number) = self.index.find(hash, |_| true) {
            self.table.fetch(number);
        }
    }

    #[inline]
    pub fn find_row(&self, address: &Address) -> Option<(u32, Account)> {
        self.find(address).map(|number| (number, self.seen(number)))
    }

    /// The account as rules see it: a sub-account belongs to its parent's owner, and is frozen or
    /// closed also when its parent is.
    #[inline]
    pub fn seen(&self, number: u32) -> Account {
        let mut account = *self.table.row(number);
        if let Some(parent) = account.parent.checked_sub(1) {
            let parent = self.table.row(parent);
            account.flags |= parent.flags & (FROZEN | CLOSED | POLICY);
            account.owner = parent.owner;
        }
        account
    }

    pub fn settle_alike(&self, one: u32, other: u32) -> bool {
        self.table.row(one).settles_at(one) == self.table.row(other).settles_at(other)
    }

    pub fn open(&mut self, account: Account) -> u32 {
        let number = self.table.push(account);
        self.index(number);
        number
    }

    /// Makes the index of rows that were put into the table without it.
    pub fn index_all(&mut self) {
        self.index = Index::with_room(self.table.rows().length());
        (0..self.table.next_number()).for_each(|number| self.index(number));
    }

    fn index(&mut self, number: u32) {
        let rows = self.table.rows();
        let hash_of = |number| rows.get(at(number)).map_or(0, |row| address_hash(&row.address));
        self.index.insert(hash_of(number), number, hash_of);
    }

    /// Undoes the last `open`.
    pub fn forget_last(&mut self) -> Account {
        let account = self.table.pop().expect("invariant: an account was opened");
        self.index.remove(address_hash(&account.address), self.table.next_number());
        account
    }
}
