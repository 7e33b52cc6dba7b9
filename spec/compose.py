"""Records with defaults for what does not matter, and envelopes signed: for vectors and tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spec.ed25519 import public_key, sign
from spec.hashing import ZERO32, hash_bytes
from spec.ledger import digest_of
from spec.records import (
    ASSET,
    ENVELOPE_SIGNED_BYTES,
    KEY,
    KEY_NAME,
    OPENING,
    UNIT_BYTES,
    Entry,
    Envelope,
    Flag,
    Kind,
    Outcome,
    pack,
)

ZERO16 = bytes(16)
ZERO20 = bytes(20)


def entry(kind: Kind, **fields: Any) -> Entry:
    """An entry of this kind; fields that are not named are zero."""
    empty = Entry(
        kind=kind,
        flags=0,
        asset=0,
        to_asset=0,
        purpose=0,
        id=ZERO16,
        target=ZERO16,
        amount_minor=0,
        to_amount_minor=0,
        bound_minor=0,
        payer=ZERO20,
        payee=ZERO20,
        created_ns=0,
        valid_until_ns=0,
        expires_ns=0,
        details=ZERO32,
        outcome=Outcome.ACCEPT if kind in (Kind.PAYMENT, Kind.POST) else Outcome.NONE,
        commitment=ZERO32,
        units=(),
        signature=b"",
    )
    return replace(empty, **fields)


def authorise(unsigned: Entry, *, chain_id: bytes, seed: bytes) -> Entry:
    """The entry with the signature of a self-custody account's owner."""
    flagged = replace(unsigned, flags=unsigned.flags | Flag.SIGNED)
    instruction_hash = hash_bytes("instruction", flagged.instruction())
    message = hash_bytes("authorise", chain_id + instruction_hash)
    return replace(flagged, signature=sign(seed, message))


def opening_units(*, assets: list[int], owner: bytes = ZERO32, flags: int = 0) -> tuple[bytes, ...]:
    numbers = b"".join(number.to_bytes(4, "little") for number in assets)
    first, rest = numbers[:28].ljust(28, b"\0"), numbers[28:]
    further = [
        rest[at : at + UNIT_BYTES].ljust(UNIT_BYTES, b"\0")
        for at in range(0, len(rest), UNIT_BYTES)
    ]
    return (pack(OPENING, {"owner": owner, "flags": flags, "assets": first}), *further)


def asset_unit(code: bytes, scale: int, *, controls: int = 0, issuer: int = 0) -> tuple[bytes, ...]:
    values = {"code": code.ljust(16, b"\0"), "scale": scale}
    return (pack(ASSET, values | {"controls": controls, "issuer": issuer}),)


def key_unit(
    key: bytes, *, institution: int, purposes: int, activation_height: int = 0
) -> tuple[bytes, ...]:
    values = {"key": key, "institution": institution, "purposes": purposes}
    return (pack(KEY, values | {"activation_height": activation_height}),)


def key_name_unit(key: bytes) -> tuple[bytes, ...]:
    return (pack(KEY_NAME, {"key": key}),)


def seal(
    *,
    chain_id: bytes,
    institution: int,
    seed: bytes,
    sequence: int,
    valid_until_ns: int,
    entries: tuple[Entry, ...],
) -> Envelope:
    """The envelope of these entries, signed."""
    unsigned = Envelope(
        institution=institution,
        sequence=sequence,
        valid_until_ns=valid_until_ns,
        chain_id=chain_id,
        key=public_key(seed),
        digest=digest_of(entries),
        signature=bytes(64),
        entries=entries,
    )
    message = hash_bytes("envelope", unsigned.head()[:ENVELOPE_SIGNED_BYTES])
    return replace(unsigned, signature=sign(seed, message))
