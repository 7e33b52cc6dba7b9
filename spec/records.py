"""The bytes of the records, field by field in the order of docs/format.md.

A layout is a table of names and sizes. Integers are little endian and say so by their type
(u8 to u128, i128); a bare number is that many bytes as they are; `zero` has no name and is zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

VERSION: Final = 1


class Kind(IntEnum):
    ENVELOPE = 0
    SWEEP = 1
    PAYMENT = 2
    POST = 3
    VOID = 4
    REFUND = 5
    ISSUE = 6
    REDEEM = 7
    OPEN_ACCOUNT = 8
    CLOSE_ACCOUNT = 9
    FREEZE = 10
    UNFREEZE = 11
    REGISTER_ASSET = 12
    REGISTER_KEY = 13
    REVOKE_KEY = 14
    SET_LIMIT = 15
    ESCROW = 16
    RELEASE = 17
    CANCEL = 18
    MANDATE = 19
    REVOKE_MANDATE = 20
    PULL = 21
    SET_AUTHORITY = 22
    PROPOSE_RECOVERY = 23
    FINISH_RECOVERY = 24
    STOP_RECOVERY = 25
    CONTROL_ASSET = 26
    CLAWBACK = 27


# The units of these are their owner's will too. (An escrow's terms are in its instruction, as a
# hash; legs, witnesses and second persons are not the owner's.)
SIGNED_WITH_UNITS: Final = (Kind.MANDATE, Kind.SET_AUTHORITY, Kind.PROPOSE_RECOVERY)


class Flag(IntEnum):
    PENDING = 1
    SIGNED = 2
    LINKED = 4
    BALANCING_PAYER = 8
    BALANCING_PAYEE = 16
    CLOSING_PAYER = 32
    CLOSING_PAYEE = 64
    IMPORTED = 128
    NET = 256


CLOSING: Final = Flag.CLOSING_PAYER | Flag.CLOSING_PAYEE


class ResultFlag(IntEnum):
    DUPLICATE = 1


class Outcome(IntEnum):
    NONE = 0
    ACCEPT = 1
    REVIEW = 2
    DECLINE = 3


class End(IntEnum):
    """What became of a row whose time was over."""

    HOLD_RELEASED = 0
    ESCROW_RETURNED = 1
    ESCROW_PAID = 2
    MANDATE_ENDED = 3


class Role(IntEnum):
    PRINCIPAL = 0
    FEE = 1
    EXCHANGE = 2


class Purpose(IntEnum):
    PAY = 1
    ISSUE = 2
    COMPLIANCE = 4
    GOVERN = 8
    SEQUENCE = 16
    IMPORT = 32


class AccountFlag(IntEnum):
    NOSTRO = 1
    OPERATING = 2
    SUB = 4
    FROZEN = 256
    CLOSED = 512
    POLICY = 1024


class Control(IntEnum):
    """What the issuer of an asset may do."""

    MINT_BURN = 1
    FREEZE = 2
    ALLOW_LIST = 4
    CLAWBACK = 8
    PAUSE = 16
    TWO_PERSON = 32


class ControlAct(IntEnum):
    PAUSE = 1
    RESUME = 2
    HOLD_BACK = 3
    LET_GO = 4
    ALLOW = 5
    DISALLOW = 6


class AssetFlag(IntEnum):
    PAUSED = 1


class BalanceFlag(IntEnum):
    ALLOWED = 1
    HELD_BACK = 2


AMOUNT_MINOR_MAX: Final = 2**126 - 1
UNITS_MAX: Final = 16
SIGNERS_MAX: Final = 15  # bits of `signers`
ENTRIES_MAX: Final = 16_384
INSTRUCTION_BYTES: Final = 192
HEAD_BYTES: Final = 256
UNIT_BYTES: Final = 64
SIGNATURE_BYTES: Final = 64
ENVELOPE_BYTES: Final = 192
ENVELOPE_SIGNED_BYTES: Final = 128

WITH_LEGS: Final = (Kind.PAYMENT, Kind.POST, Kind.REFUND, Kind.ISSUE, Kind.REDEEM)
UNITS_OF_KIND: Final[dict[int, tuple[int, int]]] = {  # fewest and most
    Kind.PAYMENT: (0, UNITS_MAX),
    Kind.POST: (0, UNITS_MAX),
    Kind.VOID: (0, 0),
    Kind.REFUND: (0, UNITS_MAX),
    Kind.ISSUE: (0, UNITS_MAX),
    Kind.REDEEM: (0, UNITS_MAX),
    Kind.OPEN_ACCOUNT: (1, 4),
    Kind.CLOSE_ACCOUNT: (0, 0),
    Kind.FREEZE: (0, 0),
    Kind.UNFREEZE: (0, 0),
    Kind.REGISTER_ASSET: (1, 1),
    Kind.REGISTER_KEY: (1, 1),
    Kind.REVOKE_KEY: (1, 1),
    Kind.SET_LIMIT: (1, 1),
    Kind.ESCROW: (1, UNITS_MAX),
    Kind.RELEASE: (0, UNITS_MAX),
    Kind.CANCEL: (0, 0),
    Kind.MANDATE: (1, 1),
    Kind.REVOKE_MANDATE: (0, 0),
    Kind.PULL: (0, 0),
    Kind.SET_AUTHORITY: (1, UNITS_MAX),
    Kind.PROPOSE_RECOVERY: (1, 1),
    Kind.FINISH_RECOVERY: (0, 0),
    Kind.STOP_RECOVERY: (0, 0),
    Kind.CONTROL_ASSET: (0, 1),
    Kind.CLAWBACK: (0, 1),
}
NAMES_KEY: Final = (
    Kind.REVOKE_KEY,
    Kind.SET_LIMIT,
    Kind.CONTROL_ASSET,
    Kind.CLAWBACK,
    Kind.PROPOSE_RECOVERY,
)
WITH_TERMS_HASH: Final = (Kind.ESCROW, Kind.RELEASE)  # where others have to_amount and bound


class DecodeError(ValueError):
    """Bytes that are no record. They are never part of a block."""


# --- layouts --------------------------------------------------------------------------------

Layout = tuple[tuple[str, str], ...]


def layout(text: str) -> Layout:
    fields = []
    for line in text.strip().splitlines():
        name, kind = line.split()
        fields.append((name, kind))
    return tuple(fields)


def size_of(kind: str) -> int:
    return int(kind[1:]) // 8 if kind[0] in "ui" else int(kind)


def bytes_of(fields: Layout) -> int:
    return sum(size_of(kind) for _, kind in fields)


def pack(fields: Layout, values: dict[str, Any]) -> bytes:
    """The bytes of a record. A value that does not fit its field is a bug of the caller."""
    out = b""
    for name, kind in fields:
        size = size_of(kind)
        if name == "zero":
            out += bytes(size)
        elif kind[0] in "ui":
            out += int(values[name]).to_bytes(size, "little", signed=kind[0] == "i")
        else:
            assert len(values[name]) == size, f"invariant: {name} has {size} bytes"
            out += values[name]
    return out


def unpack(fields: Layout, data: bytes) -> dict[str, Any]:
    """The named values of a record of exactly this size."""
    if len(data) != bytes_of(fields):
        raise DecodeError(f"{len(data)} bytes where {bytes_of(fields)} are due")
    values: dict[str, Any] = {}
    offset = 0
    for name, kind in fields:
        part = data[offset : offset + size_of(kind)]
        offset += size_of(kind)
        if name == "zero":
            if any(part):
                raise DecodeError("a byte without a name is not zero")
        elif kind[0] in "ui":
            values[name] = int.from_bytes(part, "little", signed=kind[0] == "i")
        else:
            values[name] = part
    return values


HEAD: Final = layout("""
    version u8
    kind u8
    flags u16
    asset u32
    to_asset u32
    purpose u32
    id 16
    target 16
    amount_minor u128
    to_amount_minor u128
    bound_minor u128
    payer 20
    payee 20
    created_ns u64
    valid_until_ns u64
    expires_ns u64
    details 32
    outcome u8
    units u8
    signers u16
    zero 28
    commitment 32
""")
LEG: Final = layout("""
    payer 20
    payee 20
    asset u32
    role u8
    zero 3
    amount_minor u128
""")
OPENING: Final = layout("owner 32\nflags u32\nassets 28")
MANDATE: Final = layout("period_ns u64\nstart_ns u64\npayments_max u32\nflags u32\nzero 40")
ASSET: Final = layout("code 16\nscale u8\nzero 3\ncontrols u32\nissuer u32\nzero 36")
KEY: Final = layout("key 32\ninstitution u32\npurposes u32\nactivation_height u64\nzero 16")
KEY_NAME: Final = layout("key 32\nzero 32")
POLICY: Final = layout(
    "op u8\nmembers u8\nguardians_threshold u8\nzero 1\n"
    "threshold u32\nrecovery_delay_ns u64\nzero 48"
)
MEMBER: Final = layout("key 32\nrole u8\nzero 3\nasset u32\nexpires_ns u64\nvalue u128")
ENVELOPE_HEAD: Final = layout("""
    version u8
    kind u8
    flags u16
    count u32
    institution u32
    zero 4
    sequence u64
    valid_until_ns u64
    chain_id 32
    key 32
    digest 32
    signature 64
""")
SWEEP_HEAD: Final = layout("version u8\nkind u8\nflags u16\ncount u32\nzero 24")
SWEPT: Final = layout("institution u32\nend u8\nzero 11\nid 16")
RESULT: Final = layout("""
    version u8
    kind u8
    code u16
    flags u16
    zero 2
    height u64
    amount_minor u128
""")
HEADER: Final = layout("""
    version u32
    count u32
    height u64
    time_ns u64
    zero 8
    chain_id 32
    previous_hash 32
    transactions_root 32
    results_root 32
    state_root 32
""")


# --- units ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer of a payment. `payer` and `payee` are from and to."""

    payer: bytes
    payee: bytes
    asset: int
    role: int
    amount_minor: int

    def encode(self) -> bytes:
        return pack(LEG, {name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Opening:
    """What open_account says beyond its head. `assets` has zeros where nothing is named."""

    owner: bytes
    flags: int
    assets: tuple[int, ...]


def decode_leg(unit: bytes) -> Leg:
    leg = Leg(**unpack(LEG, unit))
    if leg.role > Role.EXCHANGE:
        raise DecodeError(f"role {leg.role}")
    if leg.amount_minor > AMOUNT_MINOR_MAX:
        raise DecodeError("the amount of a leg is too large")
    return leg


def decode_opening(units: tuple[bytes, ...]) -> Opening:
    first = unpack(OPENING, units[0])
    numbers = first["assets"] + b"".join(units[1:])
    assets = tuple(
        int.from_bytes(numbers[at : at + 4], "little") for at in range(0, len(numbers), 4)
    )
    return Opening(owner=first["owner"], flags=first["flags"], assets=assets)


# --- entries --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an envelope. The first fields are the client's instruction, those from
    `outcome` on are the institution's."""

    kind: int
    flags: int
    asset: int
    to_asset: int
    purpose: int
    id: bytes
    target: bytes
    amount_minor: int
    to_amount_minor: int
    bound_minor: int
    payer: bytes
    payee: bytes
    created_ns: int
    valid_until_ns: int
    expires_ns: int
    details: bytes
    outcome: int
    commitment: bytes
    units: tuple[bytes, ...]
    signature: bytes  # of several signers one after another, in the order of their bits
    signers: int = 0

    def head(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return pack(HEAD, values | {"version": VERSION, "units": len(self.units)})

    def encode(self) -> bytes:
        return self.head() + b"".join(self.units) + self.signature

    def instruction(self) -> bytes:
        return self.head()[:INSTRUCTION_BYTES]

    def signed_units(self) -> bytes:
        """The units that are signed with the instruction, because nothing in it commits to them."""
        return b"".join(self.units) if self.kind in SIGNED_WITH_UNITS else b""

    def legs(self) -> tuple[Leg, ...]:
        return tuple(decode_leg(unit) for unit in self.units)


def decode_entries(data: bytes) -> tuple[Entry, ...]:
    """Entries, one after another, to the last byte."""
    entries = []
    at = 0
    while at < len(data):
        entry = decode_entry_at(data, at)
        entries.append(entry)
        at += len(entry.encode())
    return tuple(entries)


def decode_entry_at(data: bytes, start: int) -> Entry:
    values = unpack(HEAD, data[start : start + HEAD_BYTES])
    kind, units = values["kind"], values.pop("units")
    if values.pop("version") != VERSION:
        raise DecodeError("the version of an entry")
    if kind not in UNITS_OF_KIND:
        raise DecodeError(f"kind {kind} inside an envelope")
    if values["flags"] & ~sum(Flag):
        raise DecodeError("unknown flags")
    if values["outcome"] > Outcome.DECLINE:
        raise DecodeError(f"outcome {values['outcome']}")
    for name in ("amount_minor", "to_amount_minor", "bound_minor"):
        is_amount = name == "amount_minor" or kind not in WITH_TERMS_HASH
        if is_amount and values[name] > AMOUNT_MINOR_MAX:
            raise DecodeError(f"{name} is too large")
    fewest, most = UNITS_OF_KIND[kind]
    if not fewest <= units <= most:
        raise DecodeError(f"{units} units in kind {kind}")
    units_at = start + HEAD_BYTES
    units_end = units_at + units * UNIT_BYTES
    end = units_end + SIGNATURE_BYTES * signatures_of(values["flags"], values["signers"])
    if len(data) < end:
        raise DecodeError("the entry is cut off")
    rows = tuple(data[at : at + UNIT_BYTES] for at in range(units_at, units_end, UNIT_BYTES))
    check_units(kind, rows)
    return Entry(**values, units=rows, signature=data[units_end:end])


def signatures_of(flags: int, signers: int) -> int:
    """How many signatures follow the units: one for each signer; one alone when none is named."""
    is_signed = bool(flags & Flag.SIGNED)
    if signers >> SIGNERS_MAX or (signers and not is_signed):
        raise DecodeError(f"signers {signers}")
    return max(signers.bit_count(), 1) if is_signed else 0


def check_units(kind: int, units: tuple[bytes, ...]) -> None:
    """Decodes the units by the layout of their kind, for the sake of its errors."""
    if kind in WITH_LEGS:
        for unit in units:
            decode_leg(unit)
    elif kind == Kind.OPEN_ACCOUNT:
        decode_opening(units)
    elif kind == Kind.REGISTER_ASSET:
        unpack(ASSET, units[0])
    elif kind == Kind.REGISTER_KEY:
        unpack(KEY, units[0])
    elif kind in NAMES_KEY:
        for unit in units:
            unpack(KEY_NAME, unit)
    elif kind == Kind.MANDATE:
        unpack(MANDATE, units[0])
    elif kind == Kind.RELEASE:
        decode_witnesses(units)


# --- witnesses ------------------------------------------------------------------------------

PREIMAGE_BYTES_MAX: Final = 60
SECRET: Final = layout("op u8\nnode u8\nlength u8\nzero 1\npreimage 60")
APPROVAL: Final = layout("op u8\nnode u8\nzero 14\nup_to_minor u128\nzero 32")
SAID: Final = layout("op u8\nnode u8\nzero 6\nvalue i64\ntime_ns u64\nzero 40")
DELIVER: Final = layout("op u8\nnode u8\nzero 62")
WITNESSES: Final[dict[int, Layout]] = {1: SECRET, 2: APPROVAL, 3: SAID, 4: DELIVER}
SIGNED_WITNESSES: Final = (2, 3)


@dataclass(frozen=True, slots=True)
class Witness:
    """What a release brings to prove a condition, which is named by its number."""

    op: int
    node: int
    fields: dict[str, Any]
    signature: bytes


def decode_witnesses(units: tuple[bytes, ...]) -> list[Witness]:
    """The units of a release: a witness each, a signed one with its signature after it."""
    rest = list(units)
    witnesses = []
    while rest:
        unit = rest.pop(0)
        op = unit[0]
        if op not in WITNESSES:
            raise DecodeError(f"a witness of kind {op}")
        fields = unpack(WITNESSES[op], unit)
        if op in SIGNED_WITNESSES and not rest:
            raise DecodeError("a witness without its signature")
        signature = rest.pop(0) if op in SIGNED_WITNESSES else b""
        if op == 1:
            fields["preimage"] = cut_preimage(fields["preimage"], fields["length"])
        witnesses.append(Witness(op, fields["node"], fields, signature))
    return witnesses


def cut_preimage(padded: bytes, length: int) -> bytes:
    if length > PREIMAGE_BYTES_MAX or any(padded[length:]):
        raise DecodeError("a preimage is longer than it says")
    return padded[:length]


# --- envelopes ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Envelope:
    institution: int
    sequence: int
    valid_until_ns: int
    chain_id: bytes
    key: bytes
    digest: bytes
    signature: bytes
    entries: tuple[Entry, ...]

    def head(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        fixed = {"version": VERSION, "kind": Kind.ENVELOPE, "flags": 0, "count": len(self.entries)}
        return pack(ENVELOPE_HEAD, values | fixed)

    def encode(self) -> bytes:
        return self.head() + b"".join(entry.encode() for entry in self.entries)


def decode_envelope(data: bytes) -> Envelope:
    """One envelope with all of its entries, to the last byte."""
    values = unpack(ENVELOPE_HEAD, data[:ENVELOPE_BYTES])
    if (
        values.pop("version") != VERSION
        or values.pop("kind") != Kind.ENVELOPE
        or values.pop("flags")
    ):
        raise DecodeError("this is no envelope of version 1")
    count = values.pop("count")
    if not 1 <= count <= ENTRIES_MAX:
        raise DecodeError(f"{count} entries in an envelope")
    entries = decode_entries(data[ENVELOPE_BYTES:])
    if len(entries) != count:
        raise DecodeError(f"{len(entries)} entries follow an envelope of {count}")
    return Envelope(**values, entries=entries)


# --- what the ledger writes -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    kind: int
    code: int = 0
    flags: int = 0
    height: int = 0
    amount_minor: int = 0

    def encode(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return pack(RESULT, values | {"version": VERSION})


@dataclass(frozen=True, slots=True)
class Header:
    count: int
    height: int
    time_ns: int
    chain_id: bytes
    previous_hash: bytes
    transactions_root: bytes
    results_root: bytes
    state_root: bytes

    def encode(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return pack(HEADER, values | {"version": VERSION})


def encode_sweep(ended: list[tuple[int, End, bytes]]) -> bytes:
    """The entry that says what ended: (institution, how, id) each."""
    head = {"version": VERSION, "kind": Kind.SWEEP, "flags": 0, "count": len(ended)}
    rows = (
        pack(SWEPT, {"institution": institution, "end": end, "id": id})
        for institution, end, id in ended
    )
    return pack(SWEEP_HEAD, head) + b"".join(rows)
