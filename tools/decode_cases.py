"""Entries and envelopes at the edge of what decodes, on both sides of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from spec import compose
from spec.records import (
    AMOUNT_MINOR_MAX,
    ENTRIES_MAX,
    ENVELOPE_BYTES,
    HEAD_BYTES,
    NAMES_KEY,
    UNITS_OF_KIND,
    WITH_LEGS,
    WITH_TERMS_HASH,
    Entry,
    Flag,
    Kind,
    Leg,
    Outcome,
    Role,
)

OPAQUE: Final = b"\xff" * 64
LEG: Final = Leg(b"a" * 20, b"b" * 20, 1, Role.EXCHANGE, AMOUNT_MINOR_MAX).encode()
KEY_NAME: Final = b"\xff" * 32 + bytes(32)
DELIVER: Final = bytes([4]) + bytes(63)
SEED: Final = b"seed of the bank".ljust(32, b".")
UNIT_OF_KIND: Final = {
    Kind.REGISTER_ASSET: compose.asset_unit(b"\xff" * 16, 255, controls=2**32 - 1, issuer=7)[0],
    Kind.REGISTER_KEY: compose.key_unit(b"k" * 32, institution=1, purposes=2**32 - 1)[0],
    Kind.MANDATE: compose.mandate_unit(period_ns=0, start_ns=0, flags=2**32 - 1)[0],
    Kind.RELEASE: DELIVER,
    **dict.fromkeys(NAMES_KEY, KEY_NAME),
    **dict.fromkeys(WITH_LEGS, LEG),
    **dict.fromkeys((Kind.OPEN_ACCOUNT, Kind.ESCROW, Kind.SET_AUTHORITY), OPAQUE),
}


def decode_cases() -> list[dict[str, Any]]:
    """name, decodes; envelope: its 192 bytes; entry: what follows it, so many `times`."""
    rows = [*good_entries(), *bad_entries()]
    head = seal(1)
    cases = [row_of(name, head, data, decodes=decodes) for name, data, decodes in rows]
    return [*cases, *envelopes()]


def row_of(
    name: str, envelope: bytes, entry: bytes, *, decodes: bool, times: int = 1
) -> dict[str, Any]:
    return {
        "name": name,
        "decodes": decodes,
        "envelope": envelope.hex(),
        "entry": entry.hex(),
        "times": times,
    }


def seal(count: int) -> bytes:
    """An envelope's own bytes; whose digest and signature are of something else decodes too."""
    void = compose.entry(Kind.VOID)
    sealed = compose.seal(
        chain_id=bytes(range(32)),
        institution=1,
        seed=SEED,
        sequence=1,
        valid_until_ns=0,
        entries=(void,),
    ).encode()
    return put(sealed[:ENVELOPE_BYTES], 4, count.to_bytes(4, "little"))


def put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def of_kind(kind: Kind, units: int) -> Entry:
    """With so many units that decode one by one."""
    return compose.entry(kind, units=(UNIT_OF_KIND.get(kind, OPAQUE),) * units)


# --- entries --------------------------------------------------------------------------------------


def good_entries() -> Iterator[tuple[str, bytes, bool]]:
    for kind, (fewest, most) in UNITS_OF_KIND.items():
        if kind in UNIT_OF_KIND:
            for units in sorted({fewest, most}):
                name = f"kind {kind} with {units} units"
                yield name, of_kind(Kind(kind), units).encode(), True
    full: dict[str, Any] = dict.fromkeys(
        ("amount_minor", "to_amount_minor", "bound_minor"), AMOUNT_MINOR_MAX
    )
    yield "the largest amounts", compose.entry(Kind.PAYMENT, **full).encode(), True
    for kind in WITH_TERMS_HASH:
        named = replace(of_kind(kind, 1), to_amount_minor=2**128 - 1, bound_minor=2**128 - 1)
        yield f"kind {int(kind)} with any terms_hash", named.encode(), True
    flagged = compose.entry(Kind.PAYMENT, flags=sum(Flag), signature=OPAQUE)
    yield "every flag, and a signature", flagged.encode(), True
    for signers in (1, 0b1000, 0b101, 2**15 - 1):
        yield f"signers {signers}, each with a signature", signed_by(signers), True
    declined = compose.entry(Kind.VOID, outcome=Outcome.DECLINE)
    yield "a field that the kind does not use", declined.encode(), True
    yield "a key in place of the leg of an issue", key_in_issue().encode(), True
    for size in (0, 60):
        secret = bytes([1, 255, size, 0]) + b"\xff" * size + bytes(60 - size)
        yield f"a preimage of {size} bytes", release(secret), True
    signed = release(approval(), OPAQUE, said(), bytes(64), DELIVER)
    yield "two witnesses, each with its signature", signed, True


def signed_by(signers: int, signatures: int | None = None, flags: int = Flag.SIGNED) -> bytes:
    """With a signature for each bit of `signers`, or so many."""
    count = signers.bit_count() if signatures is None else signatures
    entry = compose.entry(Kind.PAYMENT, flags=flags, signers=signers, signature=OPAQUE * count)
    return entry.encode()


def key_in_issue() -> Entry:
    return compose.entry(Kind.ISSUE, units=(KEY_NAME,))


def release(*units: bytes) -> bytes:
    return compose.entry(Kind.RELEASE, units=units).encode()


def approval() -> bytes:
    return bytes([2]) + bytes(15) + b"\xff" * 16 + bytes(32)


def said() -> bytes:
    return bytes([3]) + bytes(7) + b"\xff" * 16 + bytes(40)


def bad_entries() -> Iterator[tuple[str, bytes, bool]]:
    for name, data in (*bad_heads(), *bad_units(), *bad_witnesses(), *bad_lengths()):
        yield name, data, False


def bad_heads() -> Iterator[tuple[str, bytes]]:
    void = compose.entry(Kind.VOID).encode()
    for name, at, new in (
        ("version 0", 0, b"\0"),
        ("version 2", 0, b"\2"),
        ("kind 0 inside an envelope", 1, b"\0"),
        ("kind 1 inside an envelope", 1, b"\1"),
        ("the kind above the highest", 1, bytes([max(Kind) + 1])),
        ("kind 255", 1, b"\xff"),
        ("the lowest flag without a name", 2, (sum(Flag) + 1).to_bytes(2, "little")),
        ("the highest flag without a name", 3, b"\x80"),
        ("an outcome of 4", 192, b"\4"),
        ("a last byte without a name", 223, b"\1"),
    ):
        yield name, put(void, at, new)
    over = AMOUNT_MINOR_MAX + 1
    for kind in (Kind.PAYMENT, Kind.VOID, Kind.OPEN_ACCOUNT, Kind.PULL):
        units = UNITS_OF_KIND[kind][0]
        for field in ("amount_minor", "to_amount_minor", "bound_minor"):
            changed: dict[str, Any] = {field: over}
            entry = replace(of_kind(kind, units), **changed)
            yield f"{field} of kind {int(kind)} at 2^126", entry.encode()
    for kind in WITH_TERMS_HASH:
        entry = replace(of_kind(kind, 1), amount_minor=over)
        yield f"amount_minor of kind {int(kind)} at 2^126", entry.encode()


def bad_units() -> Iterator[tuple[str, bytes]]:
    for kind, (fewest, most) in UNITS_OF_KIND.items():
        for units in (fewest - 1, most + 1):
            if units >= 0 and (kind in UNIT_OF_KIND or most == 0):
                yield f"kind {kind} with {units} units", of_kind(Kind(kind), units).encode()
    for kind, at, new in (
        (Kind.PAYMENT, 44, b"\3"),
        (Kind.PAYMENT, 45, b"\1"),
        (Kind.POST, 47, b"\1"),
        (Kind.REFUND, 63, b"\x40"),
        (Kind.ISSUE, 44, b"\3"),
        (Kind.REDEEM, 63, b"\x40"),
        (Kind.REGISTER_ASSET, 17, b"\1"),
        (Kind.REGISTER_ASSET, 28, b"\1"),
        (Kind.REGISTER_ASSET, 63, b"\1"),
        (Kind.REGISTER_KEY, 48, b"\1"),
        (Kind.REVOKE_KEY, 32, b"\1"),
        (Kind.SET_LIMIT, 63, b"\1"),
        (Kind.MANDATE, 24, b"\1"),
        (Kind.CONTROL_ASSET, 32, b"\1"),
        (Kind.CLAWBACK, 63, b"\1"),
        (Kind.PROPOSE_RECOVERY, 32, b"\1"),
    ):
        data = put(of_kind(kind, 1).encode(), HEAD_BYTES + at, new)
        yield f"kind {int(kind)}, byte {at} of its unit", data


def bad_witnesses() -> Iterator[tuple[str, bytes]]:
    secret = bytes([1, 0, 6, 0]) + b"secret" + bytes(54)
    for name, units in (
        ("a witness of op 0", (bytes(64),)),
        ("a witness of op 5", (bytes([5]) + bytes(63),)),
        ("a preimage of 61 bytes", (put(secret, 2, b"\x3d"),)),
        ("a byte behind a preimage", (put(secret, 10, b"\1"),)),
        ("the byte before a preimage", (put(secret, 3, b"\1"),)),
        ("an approval without its signature", (approval(),)),
        ("a fact without its signature", (DELIVER, said())),
        ("a byte of an approval", (put(approval(), 2, b"\1"), OPAQUE)),
        ("the last byte of an approval", (put(approval(), 63, b"\1"), OPAQUE)),
        ("a byte of a fact", (put(said(), 2, b"\1"), OPAQUE)),
        ("the last byte of a fact", (put(said(), 63, b"\1"), OPAQUE)),
        ("a byte of a delivery", (put(DELIVER, 2, b"\1"),)),
        ("a signature without its witness", (DELIVER, OPAQUE)),
    ):
        yield name, release(*units)


def bad_lengths() -> Iterator[tuple[str, bytes]]:
    paid = of_kind(Kind.PAYMENT, 1).encode()
    yield "nothing", b""
    yield "a head cut short", paid[:255]
    yield "a unit cut short", paid[:-1]
    signed = compose.entry(Kind.PAYMENT, flags=Flag.SIGNED, signature=OPAQUE).encode()
    yield "a signature cut short", signed[:-1]
    yield "a byte left over", paid + b"\0"
    yield "the sixteenth signer", signed_by(2**15)
    yield "signers who did not sign", signed_by(0b11, 0, flags=0)
    yield "signatures of signers who did not sign", signed_by(0b11, flags=0)
    yield "a signature of two too few", signed_by(0b11, 1)
    yield "a signature of two too many", signed_by(0b11, 3)
    yield "two signatures and no signers", signed_by(0, 2)


# --- envelopes ------------------------------------------------------------------------------------


def envelopes() -> Iterator[dict[str, Any]]:
    void = compose.entry(Kind.VOID).encode()
    head = seal(1)
    for name, at, new in (
        ("an envelope of version 2", 0, b"\2"),
        ("an envelope of kind 1", 1, b"\1"),
        ("an envelope with a flag", 2, b"\1"),
        ("an envelope with another flag", 3, b"\x80"),
        ("a byte of an envelope without a name", 12, b"\1"),
        ("an envelope of 0 entries with one", 4, b"\0"),
        ("an envelope of 2 entries with one", 4, b"\2"),
    ):
        yield row_of(name, put(head, at, new), void, decodes=False)
    yield row_of("an envelope of no entries", seal(0), b"", decodes=False)
    yield row_of("an envelope of 1 entry with two", head, void, decodes=False, times=2)
    yield row_of("an envelope cut short", head[:-1], b"", decodes=False)
    for count in (ENTRIES_MAX, ENTRIES_MAX + 1):
        name, decodes = f"an envelope of {count} entries", count <= ENTRIES_MAX
        yield row_of(name, seal(count), void, decodes=decodes, times=count)
