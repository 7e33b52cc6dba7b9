"""The state: twelve tables of rows, and the root over them, computed from scratch each time.

Rows never change; a table gets a new row in the place of the old one. So a copy of the tables is a
copy of the state, and a refused entry is undone by forgetting the copy that it was tried on.
A dict keeps the order in which its keys first came, which is the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, TypeVar

from spec.hashing import ZERO32, hash_bytes, leaf, tree_root
from spec.records import AccountFlag, Layout, Leg, bytes_of, layout, pack

STATE_VERSION: Final = 1
U32_MAX: Final = 2**32 - 1
U64_MAX: Final = 2**64 - 1
U128_MAX: Final = 2**128 - 1
I128_MAX: Final = 2**127 - 1
I128_MIN: Final = -(2**127)


# --- rows -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    number: int
    address: bytes
    institution: int
    flags: int
    category: int
    owner: bytes
    opened_ns: int
    parent: int = 0  # its number + 1; 0 none

    def has(self, flag: int) -> bool:
        return self.flags & flag != 0

    def settles_at(self) -> int:
        """The number of the account whose balances move: a sub-account has none of its own."""
        return self.parent - 1 if self.parent else self.number


@dataclass(frozen=True, slots=True)
class Asset:
    number: int
    scale: int
    flags: int
    code: bytes
    controls: int
    issuer: int

    def has(self, control: int) -> bool:
        return self.controls & control != 0


@dataclass(frozen=True, slots=True)
class Balance:
    account: int
    asset: int
    posted_minor: int = 0
    pending_in_minor: int = 0
    pending_out_minor: int = 0
    flags: int = 0

    def available_minor(self) -> int:
        return self.posted_minor - self.pending_out_minor


@dataclass(frozen=True, slots=True)
class Hold:
    id: bytes
    institution: int
    asset: int
    payer: int
    payee: int
    amount_minor: int
    expires_ns: int
    outcome: int
    closes: int
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Escrow:
    id: bytes
    institution: int
    asset: int
    payer: int
    payee: int
    amount_minor: int
    released_minor: int
    expires_ns: int
    opened_ns: int
    terms_hash: bytes
    terms: tuple[bytes, ...]

    def left_minor(self) -> int:
        return self.amount_minor - self.released_minor


@dataclass(frozen=True, slots=True)
class Mandate:
    """`period`: the one that the used amount and number of payments are of."""

    id: bytes
    institution: int
    asset: int
    payer: int
    payee: int
    payment_minor_max: int
    period_minor_max: int
    total_minor_max: int
    period_ns: int
    start_ns: int
    expires_ns: int
    payments_max: int
    flags: int
    used_total_minor: int = 0
    used_period_minor: int = 0
    period: int = 0
    payments_used: int = 0


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """Who may act for an account; and the key that guardians propose for it, zero when none."""

    account: int
    policy_hash: bytes
    units: tuple[bytes, ...]
    recovery_key: bytes = ZERO32
    recover_at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Spend:
    """What a spend key moved on a day; `unit` is its own in the policy, whose head is unit 0."""

    account: int
    unit: int
    used_minor: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    key: bytes
    institution: int
    purposes: int
    activation_height: int
    revoked_height: int = 0
    sequence: int = 0
    imported_ns: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    key: bytes
    asset: int
    payment_minor_max: int
    day_minor_max: int
    used_minor: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    institution: int
    target: bytes
    amount_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One block of the window."""

    height: int
    valid_until_ns_max: int
    recorded: int
    transactions_root: bytes
    results_root: bytes


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an id of the window stands for. Derived from the blocks, so in no table."""

    instruction_hash: bytes
    code: int
    height: int
    valid_until_ns: int


@dataclass(slots=True)
class State:
    accounts: dict[bytes, Account] = field(default_factory=dict)
    assets: dict[int, Asset] = field(default_factory=dict)
    balances: dict[tuple[int, int], Balance] = field(default_factory=dict)
    holds: list[Hold | None] = field(default_factory=list)  # None is a free slot
    escrows: list[Escrow | None] = field(default_factory=list)  # the same
    mandates: list[Mandate | None] = field(default_factory=list)  # the same
    policies: list[PolicyRow | None] = field(default_factory=list)  # the same
    spends: list[Spend | None] = field(default_factory=list)  # the same
    keys: dict[bytes, Key] = field(default_factory=dict)
    limits: dict[tuple[bytes, int], Limit] = field(default_factory=dict)
    refunds: dict[tuple[int, bytes], Refund] = field(default_factory=dict)
    window: list[Segment | None] = field(default_factory=list)  # the same
    remembered: dict[tuple[int, bytes], Remembered] = field(default_factory=dict)

    def copy(self) -> State:
        return State(**{table.name: getattr(self, table.name).copy() for table in fields(self)})

    def account(self, address: bytes) -> Account | None:
        """The account as rules see it: a sub-account belongs to its parent's owner, and is frozen
        or closed also when its parent is."""
        row = self.accounts.get(address)
        return None if row is None else self.seen(row)

    def account_at(self, number: int) -> Account:
        """The same, of an account that is there."""
        return self.seen(list(self.accounts.values())[number])

    def seen(self, row: Account) -> Account:
        if row.parent == 0:
            return row
        parent = list(self.accounts.values())[row.parent - 1]
        shared = parent.flags & (AccountFlag.FROZEN | AccountFlag.CLOSED | AccountFlag.POLICY)
        return replace(row, flags=row.flags | shared, owner=parent.owner)

    def find_policy(self, account: int) -> PolicyRow | None:
        for row in self.policies:
            if row is not None and row.account == account:
                return row
        return None

    def spends_of(self, account: int) -> list[Spend]:
        """One for each spend key of the account's policy, in the policy's order."""
        rows = [row for row in self.spends if row is not None and row.account == account]
        return sorted(rows, key=lambda row: row.unit)


Named = TypeVar("Named", Hold, Escrow, Mandate)


def row_named(slots: list[Named | None], institution: int, id: bytes) -> Named | None:
    for row in slots:
        if row is not None and (row.institution, row.id) == (institution, id):
            return row
    return None


def put_in_slot(slots: list[Any], row: Any) -> None:
    """Into the lowest free slot."""
    if None in slots:
        slots[slots.index(None)] = row
    else:
        slots.append(row)


def change_slot(slots: list[Any], row: Any, changed: Any) -> None:
    slots[slots.index(row)] = changed


def free_slot(slots: list[Any], row: Any) -> None:
    """The slot becomes free; free slots at the end are dropped."""
    slots[slots.index(row)] = None
    while slots and slots[-1] is None:
        slots.pop()


# --- leaves ---------------------------------------------------------------------------------

ACCOUNT_ROW: Final = layout(
    "address 20\ninstitution u32\nflags u32\ncategory u32\nowner 32\nopened_ns u64\nparent u32"
)
ASSET_ROW: Final = layout(
    "number u32\nscale u8\nflags u8\nzero 2\ncode 16\ncontrols u32\nissuer u32"
)
BALANCE_ROW: Final = layout("""
    account u32
    asset u32
    posted_minor i128
    pending_in_minor u128
    pending_out_minor u128
    flags u32
""")
HOLD_ROW: Final = layout("""
    id 16
    institution u32
    asset u32
    payer u32
    payee u32
    amount_minor u128
    expires_ns u64
    outcome u8
    legs_count u8
    closes u8
    zero 5
    legs_hash 32
""")
ESCROW_ROW: Final = layout("""
    id 16
    institution u32
    asset u32
    payer u32
    payee u32
    amount_minor u128
    released_minor u128
    expires_ns u64
    opened_ns u64
    terms_hash 32
""")
MANDATE_ROW: Final = layout("""
    id 16
    institution u32
    asset u32
    payer u32
    payee u32
    payment_minor_max u128
    period_minor_max u128
    total_minor_max u128
    used_total_minor u128
    used_period_minor u128
    period_ns u64
    start_ns u64
    expires_ns u64
    period u64
    payments_max u32
    payments_used u32
    flags u32
""")
POLICY_ROW: Final = layout(
    "account u32\nzero 4\npolicy_hash 32\nrecovery_key 32\nrecover_at_ns u64"
)
SPEND_ROW: Final = layout("account u32\nunit u32\nused_minor u128\nday u64")
KEY_ROW: Final = layout("""
    key 32
    institution u32
    purposes u32
    activation_height u64
    revoked_height u64
    sequence u64
    imported_ns u64
""")
LIMIT_ROW: Final = layout("""
    key 32
    asset u32
    zero 12
    payment_minor_max u128
    day_minor_max u128
    used_minor u128
    day u64
""")
REFUND_ROW: Final = layout("""
    institution u32
    zero 12
    target 16
    amount_minor u128
    refunded_minor u128
""")
SEGMENT_ROW: Final = layout("""
    height u64
    valid_until_ns_max u64
    recorded u64
    zero 8
    transactions_root 32
    results_root 32
""")
TABLE_ROW: Final = layout("name 16\nversion u64\nrows u64\nroot 32")


def row_leaf(row: Any, fields: Layout, size: int) -> bytes:
    """The leaf hash of a row, padded with zeros to the size of its table; zeros of a free slot."""
    if row is None:
        return ZERO32
    values = {name: getattr(row, name) for name, _ in fields if name != "zero"}
    assert bytes_of(fields) <= size
    return leaf(pack(fields, values).ljust(size, b"\0"))


def hold_leaf(hold: Hold | None) -> bytes:
    if hold is None:
        return ZERO32
    values = {name: getattr(hold, name) for name in hold.__slots__}
    values["legs_count"] = len(hold.legs)
    values["legs_hash"] = leaf(b"".join(leg.encode() for leg in hold.legs))
    return leaf(pack(HOLD_ROW, values).ljust(128, b"\0"))


def table_leaves(state: State) -> list[tuple[str, list[bytes]]]:
    """The leaf hashes of each table, in the order of the state root."""
    return [
        ("accounts", [row_leaf(row, ACCOUNT_ROW, 128) for row in state.accounts.values()]),
        ("assets", [row_leaf(row, ASSET_ROW, 32) for row in state.assets.values()]),
        ("balances", [row_leaf(row, BALANCE_ROW, 64) for row in state.balances.values()]),
        ("holds", [hold_leaf(slot) for slot in state.holds]),
        ("escrows", [row_leaf(slot, ESCROW_ROW, 128) for slot in state.escrows]),
        ("mandates", [row_leaf(slot, MANDATE_ROW, 192) for slot in state.mandates]),
        ("policies", [row_leaf(slot, POLICY_ROW, 128) for slot in state.policies]),
        ("spends", [row_leaf(slot, SPEND_ROW, 64) for slot in state.spends]),
        ("keys", [row_leaf(row, KEY_ROW, 128) for row in state.keys.values()]),
        ("limits", [row_leaf(row, LIMIT_ROW, 128) for row in state.limits.values()]),
        ("refunds", [row_leaf(row, REFUND_ROW, 64) for row in state.refunds.values()]),
        ("window", [row_leaf(slot, SEGMENT_ROW, 128) for slot in state.window]),
    ]


def subroots(state: State) -> list[tuple[str, int, bytes]]:
    """(table, rows, root) in the order of the state root."""
    return [(name, len(leaves), tree_root(leaves)) for name, leaves in table_leaves(state)]


def state_root(state: State) -> bytes:
    rows = b""
    for name, count, root in subroots(state):
        padded = name.encode().ljust(16, b"\0")
        values = {"name": padded, "version": STATE_VERSION, "rows": count, "root": root}
        rows += pack(TABLE_ROW, values)
    return hash_bytes("state", rows)
