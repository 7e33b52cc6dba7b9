"""The ledger's records as NumPy types: docs/format.md, field by field.

A u128 is two u64 fields, `_lo` and `_hi`; `u128` and `set_u128` convert. Addresses, ids and hashes
are byte columns (uint8[n, k]), because NumPy's S type drops trailing zeros.
"""

from __future__ import annotations

import enum
import struct
from typing import Any

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


class Flag(enum.IntFlag):
    PENDING = 1
    SIGNED = 2


class Outcome(enum.IntEnum):
    NONE = 0
    ACCEPT = 1
    REVIEW = 2
    DECLINE = 3


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


class AccountFlag(enum.IntFlag):
    NOSTRO = 1
    OPERATING = 2
    FROZEN = 256
    CLOSED = 512


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
        ("zero", "u1", 30),
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
assert (HEAD.itemsize, LEG.itemsize, RESULT.itemsize) == (256, 64, 32)

INSTRUCTION_BYTES = 192
HEAD_BYTES = 256
RESULT_DUPLICATE = 1

Heads = npt.NDArray[np.void]
Legs = npt.NDArray[np.void]
Results = npt.NDArray[np.void]

# One call packs an instruction and its empty decision part; a third of the time of NumPy fields.
_PACK = struct.Struct("<BBHIII16s16sQQQQQQ20s20sQQQ32sBB30s32s")
_ZERO16, _ZERO20, _ZERO30, _ZERO32 = bytes(16), bytes(20), bytes(30), bytes(32)
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
    commitment: bytes = _ZERO32,
) -> bytes:
    """The 256 bytes of one entry's head. Ids 16, addresses 20, commitments 32 bytes; times in ns."""
    return _PACK.pack(
        VERSION, kind, flags, asset, to_asset, purpose, id, target,
        amount_minor & _LOW, amount_minor >> 64,
        to_amount_minor & _LOW, to_amount_minor >> 64,
        bound_minor & _LOW, bound_minor >> 64,
        payer, payee, created_ns, valid_until_ns, expires_ns, details,
        outcome, units, _ZERO30, commitment,
    )  # fmt: skip


_LEG_PACK = struct.Struct("<20s20sIB3xQQ")


def pack_leg(*, payer: bytes, payee: bytes, asset: int, role: Role, amount_minor: int) -> bytes:
    """The 64 bytes of one leg."""
    return _LEG_PACK.pack(payer, payee, asset, role, amount_minor & _LOW, amount_minor >> 64)


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


def view_results(buffer: bytes | bytearray | memoryview) -> Results:
    return np.frombuffer(buffer, dtype=RESULT)
