"""The ledger's records as NumPy types: docs/format.md, field by field.

A u128 is two u64 fields, `_lo` and `_hi`; `u128` and `set_u128` convert. Addresses, ids and hashes
are byte columns (uint8[n, k]), because NumPy's S type drops trailing zeros.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

VERSION = 1


class Kind(enum.IntEnum):
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


class End(enum.IntEnum):
    """What became of a row that a sweep ended."""

    HOLD_RELEASED = 0
    ESCROW_RETURNED = 1
    ESCROW_PAID = 2
    MANDATE_ENDED = 3


class Flag(enum.IntFlag):
    PENDING = 1
    SIGNED = 2
    LINKED = 4
    BALANCING_PAYER = 8
    BALANCING_PAYEE = 16
    CLOSING_PAYER = 32
    CLOSING_PAYEE = 64
    IMPORTED = 128
    NET = 256


class Outcome(enum.IntEnum):
    NONE = 0
    ACCEPT = 1
    REVIEW = 2
    DECLINE = 3


# As plain numbers: NumPy asks an enum's member for its number anew each time, for 5 µs.
ACCEPT, REVIEW, DECLINE = (
    np.uint8(outcome) for outcome in (Outcome.ACCEPT, Outcome.REVIEW, Outcome.DECLINE)
)


class Role(enum.IntEnum):
    PRINCIPAL = 0
    FEE = 1
    EXCHANGE = 2


class Purpose(enum.IntFlag):
    PAY = 1
    ISSUE = 2
    COMPLIANCE = 4
    GOVERN = 8
    SEQUENCE = 16
    IMPORT = 32


class AccountFlag(enum.IntFlag):
    NOSTRO = 1
    OPERATING = 2
    SUB = 4
    FROZEN = 256
    CLOSED = 512
    POLICY = 1024


class Control(enum.IntFlag):
    """What the issuer of an asset may do, declared when it is registered."""

    MINT_BURN = 1
    FREEZE = 2
    ALLOW_LIST = 4
    CLAWBACK = 8
    PAUSE = 16
    TWO_PERSON = 32


class ControlAct(enum.IntEnum):
    PAUSE = 1
    RESUME = 2
    HOLD_BACK = 3
    LET_GO = 4
    ALLOW = 5
    DISALLOW = 6


class BalanceFlag(enum.IntFlag):
    ALLOWED = 1
    HELD_BACK = 2


def flag_names(known: Iterable[enum.IntFlag], flags: int) -> list[str]:
    """Of those known that are set, in lower case.

    >>> flag_names(Purpose, Purpose.PAY | Purpose.GOVERN)
    ['pay', 'govern']
    """
    return [flag.name.lower() for flag in known if flag.name and flags & flag.value]


HEAD = np.dtype(
    [
        ("version", "u1"),
        ("kind", "u1"),
        ("flags", "<u2"),
        ("asset", "<u4"),
        ("to_asset", "<u4"),
        ("purpose", "<u4"),
        ("id", "u1", 16),
        ("target", "u1", 16),
        ("amount_lo", "<u8"),
        ("amount_hi", "<u8"),
        ("to_amount_lo", "<u8"),
        ("to_amount_hi", "<u8"),
        ("bound_lo", "<u8"),
        ("bound_hi", "<u8"),
        ("payer", "u1", 20),
        ("payee", "u1", 20),
        ("created_ns", "<u8"),
        ("valid_until_ns", "<u8"),
        ("expires_ns", "<u8"),
        ("details", "u1", 32),
        ("outcome", "u1"),
        ("units", "u1"),
        ("signers", "<u2"),
        ("zero", "u1", 28),
        ("commitment", "u1", 32),
    ]
)
LEG = np.dtype(
    [
        ("from", "u1", 20),
        ("to", "u1", 20),
        ("asset", "<u4"),
        ("role", "u1"),
        ("zero", "u1", 3),
        ("amount_lo", "<u8"),
        ("amount_hi", "<u8"),
    ]
)
RESULT = np.dtype(
    [
        ("version", "u1"),
        ("kind", "u1"),
        ("code", "<u2"),
        ("flags", "<u2"),
        ("zero", "u1", 2),
        ("height", "<u8"),
        ("amount_lo", "<u8"),
        ("amount_hi", "<u8"),
    ]
)
ENVELOPE = np.dtype(
    [
        ("version", "u1"),
        ("kind", "u1"),
        ("flags", "<u2"),
        ("count", "<u4"),
        ("institution", "<u4"),
        ("zero", "u1", 4),
        ("sequence", "<u8"),
        ("valid_until_ns", "<u8"),
        ("chain_id", "u1", 32),
        ("key", "u1", 32),
        ("digest", "u1", 32),
        ("signature", "u1", 64),
    ]
)
HEADER = np.dtype(
    [
        ("version", "<u4"),
        ("count", "<u4"),
        ("height", "<u8"),
        ("time_ns", "<u8"),
        ("zero", "u1", 8),
        ("chain_id", "u1", 32),
        ("previous", "u1", 32),
        ("transactions_root", "u1", 32),
        ("results_root", "u1", 32),
        ("state_root", "u1", 32),
    ]
)
assert (HEAD.itemsize, LEG.itemsize, RESULT.itemsize) == (256, 64, 32)
assert (ENVELOPE.itemsize, HEADER.itemsize) == (192, 192)

INSTRUCTION_BYTES = 192
HEAD_BYTES = 256
RESULT_DUPLICATE = 1

Heads = npt.NDArray[np.void]
Legs = npt.NDArray[np.void]
Results = npt.NDArray[np.void]

# One call packs an instruction and its empty decision part; a third of the time of NumPy fields.
_PACK = struct.Struct("<BBHIII16s16sQQQQQQ20s20sQQQ32sBBH28x32s")
_ZERO16, _ZERO20, _ZERO32 = bytes(16), bytes(20), bytes(32)
_LOW = 2**64 - 1


def pack_head(
    *,
    kind: Kind,
    id: bytes,
    valid_until_ns: int,
    created_ns: int = 0,
    flags: int = 0,
    asset: int = 0,
    to_asset: int = 0,
    purpose: int = 0,
    target: bytes = _ZERO16,
    amount_minor: int = 0,
    to_amount_minor: int = 0,
    bound_minor: int = 0,
    payer: bytes = _ZERO20,
    payee: bytes = _ZERO20,
    expires_ns: int = 0,
    details: bytes = _ZERO32,
    outcome: int = 0,
    units: int = 0,
    signers: int = 0,
    commitment: bytes = _ZERO32,
) -> bytes:
    """The 256 bytes of one entry's head. Ids 16, addresses 20, commitments 32 bytes; times ns."""
    return _PACK.pack(
        VERSION, kind, flags, asset, to_asset, purpose, id, target,
        amount_minor & _LOW, amount_minor >> 64,
        to_amount_minor & _LOW, to_amount_minor >> 64,
        bound_minor & _LOW, bound_minor >> 64,
        payer, payee, created_ns, valid_until_ns, expires_ns, details,
        outcome, units, signers, commitment,
    )  # fmt: skip


_LEG_PACK = struct.Struct("<20s20sIB3xQQ")


def pack_leg(*, payer: bytes, payee: bytes, asset: int, role: Role, amount_minor: int) -> bytes:
    """The 64 bytes of one leg."""
    return _LEG_PACK.pack(payer, payee, asset, role, amount_minor & _LOW, amount_minor >> 64)


ENDED_BYTES = 32
_ENDED = struct.Struct("<IB11x16s")


def parse_sweep(entry: bytes) -> list[tuple[int, int, bytes]]:
    """(institution, what as in End, id) of each row of a sweep, in its order."""
    return list(_ENDED.iter_unpack(entry[ENDED_BYTES:]))


def as_amounts(hash: bytes) -> tuple[int, int]:
    """A hash of 32 bytes as the two amounts, to_amount_minor and bound_minor, whose place it takes
    in the heads of escrows and releases."""
    return int.from_bytes(hash[:16], "little"), int.from_bytes(hash[16:], "little")


_HASH_AT = 64  # of that hash in such a head


def terms_hash_of(head: Any) -> bytes:
    """Of the head of an escrow or a release, as a record."""
    packed: bytes = head.tobytes()
    return packed[_HASH_AT : _HASH_AT + 32]


UNIT_ASSETS_FIRST = 7
UNIT_ASSETS = 16
ACCOUNT_ASSETS_MAX = UNIT_ASSETS_FIRST + 3 * UNIT_ASSETS


def pack_account_units(
    *, owner: bytes = _ZERO32, flags: int = 0, assets: Sequence[int] = ()
) -> bytes:
    """The units of an open_account entry. assets: distinct numbers, at most 55."""
    if len(assets) > ACCOUNT_ASSETS_MAX:
        raise ValueError(f"an account opens with at most {ACCOUNT_ASSETS_MAX} assets")
    more = -(-max(0, len(assets) - UNIT_ASSETS_FIRST) // UNIT_ASSETS)
    slots = UNIT_ASSETS_FIRST + more * UNIT_ASSETS
    numbers = [*assets, *[0] * (slots - len(assets))]
    return struct.pack(f"<32sI{slots}I", owner, flags, *numbers)


def parse_account_units(units: bytes) -> tuple[bytes, int, tuple[int, ...]]:
    """(owner, flags, asset numbers) of an open_account entry."""
    owner, flags, *numbers = struct.unpack(f"<32sI{(len(units) - 36) // 4}I", units)
    return owner, flags, tuple(number for number in numbers if number)


MANDATE_FIXED = 1


class MandateTerms(NamedTuple):
    """The unit of a mandate: how long a period is, when the first begins, how many payments one
    may have (0: any number), and whether each is exactly the most that one may be."""

    period_ns: int
    start_ns: int
    payments_max: int
    flags: int


_MANDATE = struct.Struct("<QQII40x")


def pack_mandate_unit(terms: MandateTerms) -> bytes:
    return _MANDATE.pack(*terms)


def parse_mandate_unit(unit: bytes) -> MandateTerms:
    return MandateTerms(*_MANDATE.unpack(unit))


_ASSET = struct.Struct("<16sB3xII36x")


def pack_asset_unit(code: str, scale: int, *, controls: int = 0, issuer: int = 0) -> bytes:
    return _ASSET.pack(code.encode("ascii"), scale, controls, issuer)


def parse_asset_unit(unit: bytes) -> tuple[str, int, int, int]:
    """(code, scale, controls, issuer) of a register_asset entry."""
    code, scale, controls, issuer = _ASSET.unpack(unit)
    return code.rstrip(b"\0").decode("ascii"), scale, controls, issuer


_KEY = struct.Struct("<32sIIQ16x")


def pack_key_unit(*, key: bytes, institution: int, purposes: int, activation_height: int) -> bytes:
    return _KEY.pack(key, institution, purposes, activation_height)


def parse_key_unit(unit: bytes) -> tuple[bytes, int, int, int]:
    """(key, institution, purposes, activation_height) of a register_key entry."""
    return _KEY.unpack(unit)


def pack_key_reference(key: bytes) -> bytes:
    """The unit of revoke_key and set_limit, and of an act that a second person signs."""
    return struct.pack("<32s32x", key)


_FLAGS_AT = 2


def flags_of_head(head: bytes) -> int:
    return int.from_bytes(head[_FLAGS_AT : _FLAGS_AT + 2], "little")


def with_flags(head: bytes, flags: int) -> bytes:
    """The head with these flags, and no others."""
    return head[:_FLAGS_AT] + flags.to_bytes(2, "little") + head[_FLAGS_AT + 2 :]


_SIGNERS_AT = 194


def with_signers(head: bytes, signers: int) -> bytes:
    """The head that says which members of a policy signed, a bit each."""
    return head[:_SIGNERS_AT] + signers.to_bytes(2, "little") + head[_SIGNERS_AT + 2 :]


_CREATED_AT = 136
_VALID_UNTIL_AT = 144


def created_ns_of_head(head: bytes) -> int:
    return int.from_bytes(head[_CREATED_AT : _CREATED_AT + 8], "little")


def valid_until_ns_of_head(head: bytes) -> int:
    return int.from_bytes(head[_VALID_UNTIL_AT : _VALID_UNTIL_AT + 8], "little")


def with_valid_until_ns(head: bytes, valid_until_ns: int) -> bytes:
    return (
        head[:_VALID_UNTIL_AT] + valid_until_ns.to_bytes(8, "little") + head[_VALID_UNTIL_AT + 8 :]
    )


def u128(row: Any, name: str) -> int:
    """The u128 field `name` of one record, as an int."""
    return int(row[name + "_lo"]) | int(row[name + "_hi"]) << 64


def set_u128(row: Any, name: str, value: int) -> None:
    row[name + "_lo"] = value & _LOW
    row[name + "_hi"] = value >> 64


def view_heads(buffer: bytes | bytearray | memoryview) -> Heads:
    return np.frombuffer(buffer, dtype=HEAD)


def view_legs(buffer: bytes | bytearray | memoryview) -> Legs:
    return np.frombuffer(buffer, dtype=LEG)


def opaque(records: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The same records as bytes without fields. Of a record NumPy copies field by field, which
    takes eight times as long.

    >>> opaque(np.zeros(3, HEAD))[[0, 2]].view(HEAD).shape
    (2,)
    """
    return records.view(np.dtype((np.void, records.itemsize)))


def view_results(buffer: bytes | bytearray | memoryview) -> Results:
    return np.frombuffer(buffer, dtype=RESULT)
