"""The tables that blocks become: all SQL of the projections that writes, in one place.

Standard SQL as far as it goes. An amount is an INTEGER while it fits 64 bits and decimal text
beyond (columns without a type keep what they are given); `sql_minor` writes and `int` reads it.

place = height × 2²⁴ + index in the block: one number that orders all entries of the chain.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION = 10
INDEX_BITS = 24
INT64_MAX = 2**63 - 1

# Codes of docs/format.md after which the ledger does not remember the id: refused envelopes and
# 20 to 23. A payment refused so has a row while nothing else has its id, and gives way to the
# first that is remembered. After the ledger's window an institution may use an id again: a second
# payment then, with a row of its own; asked for by id, the first answers.
FORGOTTEN_CODE_MAX: Final = 23

TABLES: Final = """
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    schema_version INTEGER NOT NULL,
    height INTEGER NOT NULL,
    hash BLOB NOT NULL,
    entries INTEGER NOT NULL
);
CREATE TABLE blocks (
    height INTEGER PRIMARY KEY,
    time_ns INTEGER NOT NULL,
    count INTEGER NOT NULL,
    hash BLOB NOT NULL,
    header BLOB NOT NULL,
    entries INTEGER NOT NULL
);
CREATE INDEX blocks_time ON blocks (time_ns);
CREATE TABLE envelopes (
    place INTEGER PRIMARY KEY,
    institution INTEGER NOT NULL,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    code INTEGER NOT NULL
);
CREATE TABLE assets (
    number INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    scale INTEGER NOT NULL,
    controls INTEGER NOT NULL
);
CREATE TABLE controls (
    account INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    PRIMARY KEY (account, asset)
) WITHOUT ROWID;
CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    address BLOB NOT NULL UNIQUE,
    institution INTEGER NOT NULL,
    owner BLOB,
    flags INTEGER NOT NULL,
    assets TEXT NOT NULL,
    place INTEGER NOT NULL,
    parent INTEGER
);
CREATE TABLE payments (
    place INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    institution INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    payer INTEGER NOT NULL,
    payee INTEGER NOT NULL,
    strangers BLOB,
    asset INTEGER NOT NULL,
    to_asset INTEGER,
    amount NOT NULL,
    to_amount,
    target BLOB,
    purpose INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    expires_ns INTEGER,
    code INTEGER NOT NULL,
    first_status TEXT,
    status TEXT NOT NULL,
    captured,
    refunded,
    last INTEGER,
    legs BLOB,
    terms_hash BLOB,
    closes INTEGER
);
CREATE INDEX payments_id ON payments (id, institution);
CREATE INDEX payments_forgotten ON payments (place) WHERE code BETWEEN 1 AND 23;
CREATE INDEX payments_open ON payments (status, place) WHERE status <> 'settled';
CREATE INDEX payments_target ON payments (target) WHERE target IS NOT NULL;
CREATE TABLE parties (
    account INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (account, place)
) WITHOUT ROWID;
CREATE TABLE entries (
    asset INTEGER NOT NULL,
    account INTEGER NOT NULL,
    number INTEGER NOT NULL,
    amount NOT NULL,
    balance NOT NULL,
    role INTEGER,
    place INTEGER NOT NULL,
    payment INTEGER,
    sub INTEGER,
    PRIMARY KEY (asset, account, number)
) WITHOUT ROWID;
CREATE TABLE pending (
    account INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    place INTEGER NOT NULL,
    number INTEGER NOT NULL,
    pending_in NOT NULL,
    pending_out NOT NULL,
    PRIMARY KEY (account, asset, place)
) WITHOUT ROWID;
CREATE TABLE mandates (
    place INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    institution INTEGER NOT NULL,
    payer BLOB NOT NULL,
    payee BLOB NOT NULL,
    asset INTEGER NOT NULL,
    payment_max NOT NULL,
    period_max NOT NULL,
    total_max NOT NULL,
    period_ns INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    expires_ns INTEGER NOT NULL,
    payments_max INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    status TEXT NOT NULL
);
CREATE INDEX mandates_id ON mandates (id, institution);
CREATE INDEX mandates_institution ON mandates (institution, place);
CREATE TABLE acts (
    place INTEGER NOT NULL,
    n INTEGER NOT NULL,
    id BLOB,
    institution INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    envelope INTEGER NOT NULL,
    target BLOB,
    account INTEGER,
    amount,
    captured,
    code INTEGER NOT NULL,
    status TEXT,
    payment INTEGER,
    PRIMARY KEY (place, n)
);
CREATE INDEX acts_id ON acts (id, institution) WHERE id IS NOT NULL;
"""
# What each table holds, where its name does not say it:
# blocks    entries: how many movements the chain had before the block.
# payments  entries of kinds payment, refund, issue, redeem, escrow. payer, payee: account numbers,
#           -1 for an address that is no account (strangers: the two addresses then). target: the
#           refunded payment or the quote. to_asset: where it is another; expires_ns: where it
#           does. first_status: as its own entry left it, NULL while nothing changed it; captured:
#           NULL is all of a settled payment and nothing of another; last: place of the latest
#           change. Its envelope is the last one before it.
#           legs: the explicit ones; of an escrow its terms, whose hash is terms_hash. closes: of a
#           hold that closed an account, the CLOSING flags.
# controls  what the issuer of an asset said of a holder, where it said anything (BalanceFlag).
# parties   which payments an account, or a sub-account of it, is payer or payee of, in whatever
#           state.
# entries   what moved on an account. number counts movements of the whole chain; balance is the
#           posted balance after it; role: NULL for the principal; payment: the place of the
#           payment where that is not the place it was booked at, as for a captured hold; sub: the
#           sub-account that it came to or went from; account is its parent then, whose money it
#           is.
# pending   what is pending in and out of an account after the entry at this place, which changed
#           it. number: of the first movement after that entry. A sub-account's is its parent's.
# acts      every other entry, and each hold or escrow that a sweep ended (n from 1). payment,
#           status: which payment it changed and to what; captured: all that was captured by then,
#           where that is not its own amount.

TABLE_NAMES: Final = (
    "progress", "blocks", "envelopes", "assets", "controls", "accounts", "payments", "parties",
    "entries", "pending", "acts", "mandates",
)  # fmt: skip

ACT_COLUMNS: Final = (
    "place", "n", "id", "institution", "kind", "envelope", "target", "account", "amount",
    "captured", "code", "status", "payment",
)  # fmt: skip


def insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


INSERT_ACT: Final = insert("acts", ACT_COLUMNS)
INSERT_BLOCK: Final = "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)"
INSERT_ENVELOPE: Final = "INSERT INTO envelopes VALUES (?, ?, ?, ?, ?)"
INSERT_ASSET: Final = "INSERT INTO assets VALUES (?, ?, ?, ?)"
INSERT_ACCOUNT: Final = "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
UPDATE_FLAGS: Final = "UPDATE accounts SET flags = (flags | ?) & ~? WHERE number = ?"
UPDATE_PAYMENT: Final = (
    "UPDATE payments SET status = ?, captured = ?, refunded = ?, last = ?,"
    " first_status = coalesce(first_status, status) WHERE place = ?"
)
UPDATE_PROGRESS: Final = "UPDATE progress SET height = ?, hash = ?, entries = ?"
SELECT_PARENTS: Final = "SELECT number, parent FROM accounts WHERE parent IS NOT NULL"
COUNT_ACCOUNTS: Final = "SELECT coalesce(max(number) + 1, 0) FROM accounts"
SELECT_BALANCE: Final = (
    "SELECT balance FROM entries WHERE account = ? AND asset = ? ORDER BY number DESC LIMIT 1"
)
SELECT_PENDING: Final = (
    "SELECT pending_in, pending_out FROM pending WHERE account = ? AND asset = ?"
    " ORDER BY place DESC LIMIT 1"
)
SELECT_AIMED: Final = (
    "SELECT id, institution, place, amount, status, kind, captured, refunded, last, legs, payer,"
    " payee, closes, asset FROM payments WHERE id IN ({marks}) ORDER BY place"
)
SELECT_CONTRACT: Final = (
    "SELECT a.address, b.address, p.asset, p.terms_hash FROM payments p"
    " JOIN accounts a ON a.number = p.payer JOIN accounts b ON b.number = p.payee"
    " WHERE p.place = ?"
)
UPDATE_CONTROLS: Final = (
    "INSERT INTO controls VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET flags = (flags | ?3) & ~?4"
)
SELECT_STANDING: Final = (
    "SELECT a.flags | coalesce(p.flags, 0), s.controls, coalesce(c.flags, 0)"
    " FROM accounts a JOIN assets s LEFT JOIN accounts p ON p.number = a.parent"
    " LEFT JOIN controls c ON c.account = coalesce(a.parent, a.number) AND c.asset = s.number"
    " WHERE a.address = ? AND s.number = ?"
)
SELECT_IDS: Final = "SELECT id, institution FROM payments WHERE id IN ({marks})"
ANY_FORGOTTEN: Final = "SELECT EXISTS (SELECT 1 FROM payments WHERE code BETWEEN 1 AND 23)"
SELECT_FORGOTTEN: Final = (
    "SELECT place, id, institution, payer, payee FROM payments WHERE code BETWEEN 1 AND 23"
)
DELETE_PAYMENT: Final = "DELETE FROM payments WHERE place = ?"
DELETE_PARTY: Final = "DELETE FROM parties WHERE account = ? AND place = ?"


def sql_minor(amount_minor: int) -> int | str:
    """An amount as its column keeps it."""
    return amount_minor if -INT64_MAX <= amount_minor <= INT64_MAX else str(amount_minor)


def place_of(height: int, index: int) -> int:
    return height << INDEX_BITS | index


def height_of(place: int) -> int:
    return place >> INDEX_BITS


def index_of(place: int) -> int:
    return place & (1 << INDEX_BITS) - 1
