"""Records with defaults for what does not matter, and envelopes signed: for vectors and tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spec.ed25519 import public_key, sign
from spec.hashing import ZERO32, hash_bytes
from spec.ledger import digest_of
from spec.policy import OP as POLICY_OP
from spec.policy import MemberRole, message_of
from spec.records import (
    ASSET,
    ENVELOPE_SIGNED_BYTES,
    KEY,
    KEY_NAME,
    MANDATE,
    MEMBER,
    OPENING,
    POLICY,
    UNIT_BYTES,
    WITNESSES,
    Entry,
    Envelope,
    Flag,
    Kind,
    Outcome,
    pack,
)
from spec.terms import (
    APPROVER,
    DELIVERY,
    FACT,
    FACT_MESSAGE,
    NODES,
    PLAN,
    PLAN_OP,
    PREIMAGE,
    PROVED_BY,
    SHARE,
    SHARE_OP,
    THRESHOLD,
    Release,
    approval_message,
    terms_hash,
)

ZERO16 = bytes(16)
ZERO20 = bytes(20)
ACCEPTED_KINDS = (Kind.PAYMENT, Kind.POST, Kind.ESCROW, Kind.RELEASE)
Units = tuple[bytes, ...]


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
        outcome=Outcome.ACCEPT if kind in ACCEPTED_KINDS else Outcome.NONE,
        commitment=ZERO32,
        units=(),
        signature=b"",
    )
    return replace(empty, **fields)


def authorise(unsigned: Entry, *, chain_id: bytes, seed: bytes) -> Entry:
    """The entry with the signature of a self-custody account's owner."""
    flagged = replace(unsigned, flags=unsigned.flags | Flag.SIGNED)
    return replace(flagged, signature=sign(seed, message_of(flagged, chain_id)))


def authorise_together(unsigned: Entry, *, chain_id: bytes, seeds: dict[int, bytes]) -> Entry:
    """The entry with a signature of each of these members of a policy, by their places in it."""
    signers = sum(1 << place for place in seeds)
    signed = [authorise(unsigned, chain_id=chain_id, seed=seeds[place]) for place in sorted(seeds)]
    joined = b"".join(one.signature for one in signed)
    return replace(signed[0], signers=signers, signature=joined)


def policy_units(
    *members: bytes, threshold: int = 1, guardians_threshold: int = 0, recovery_delay_ns: int = 0
) -> Units:
    head = {
        "op": POLICY_OP,
        "members": len(members),
        "guardians_threshold": guardians_threshold,
        "threshold": threshold,
        "recovery_delay_ns": recovery_delay_ns,
    }
    return (pack(POLICY, head), *members)


def member(
    role: MemberRole, key: bytes, *, value: int = 0, asset: int = 0, expires_ns: int = 0
) -> bytes:
    values = {"key": key, "role": role, "asset": asset, "expires_ns": expires_ns}
    return pack(MEMBER, values | {"value": value})


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


def mandate_unit(
    *, period_ns: int, start_ns: int, payments_max: int = 0, flags: int = 0
) -> tuple[bytes, ...]:
    values = {"period_ns": period_ns, "start_ns": start_ns}
    return (pack(MANDATE, values | {"payments_max": payments_max, "flags": flags}),)


def key_name_unit(key: bytes) -> tuple[bytes, ...]:
    return (pack(KEY_NAME, {"key": key}),)


# --- terms ----------------------------------------------------------------------------------


def terms(*, shares: Units = (), nodes: Units = (), **plan: int) -> Units:
    """The units of an escrow; fields of the plan that are not named are zero."""
    usual = {"flags": 0, "whole": 0, "start_ns": 0, "period_ns": 0, "rate_minor": 0}
    counts = {"op": PLAN_OP, "shares": len(shares), "nodes": len(nodes)}
    return (pack(PLAN, usual | counts | plan), *shares, *nodes)


def share(to: bytes, *, part: int = 0, cap_minor: int = 0) -> Units:
    values = {"op": SHARE_OP, "to": to, "part": part, "cap_minor": cap_minor}
    return (pack(SHARE, values),)


def node(op: int, **fields: Any) -> Units:
    return (pack(NODES[op], {"op": op} | fields),)


def threshold(needed: int, *children: Units) -> Units:
    """At least so many of the children, each with what is below it."""
    below = tuple(unit for child in children for unit in child)
    return node(THRESHOLD, needed=needed, children=len(children)) + below


def terms_fields(units: Units) -> dict[str, int]:
    """The hash of the terms, as the two amounts of an entry in whose place it stands."""
    found = terms_hash(units)
    halves = (int.from_bytes(half, "little") for half in (found[:16], found[16:]))
    return dict(zip(("to_amount_minor", "bound_minor"), halves, strict=True))


# --- witnesses ------------------------------------------------------------------------------


def witness(proves: int, number: int, **fields: Any) -> Units:
    """For the node of this number and kind, unsigned."""
    op = PROVED_BY[proves]
    return (pack(WITNESSES[op], {"op": op, "node": number} | fields),)


def preimage(number: int, secret: bytes) -> Units:
    return witness(PREIMAGE, number, length=len(secret), preimage=secret.ljust(60, b"\0"))


def approval(number: int, release: Release, *, up_to_minor: int, seed: bytes) -> Units:
    message = hash_bytes("approve", approval_message(release, up_to_minor))
    return (*witness(APPROVER, number, up_to_minor=up_to_minor), sign(seed, message))


def fact(number: int, *, subject: bytes, value: int, time_ns: int, seed: bytes) -> Units:
    said = {"value": value, "time_ns": time_ns}
    message = hash_bytes("fact", pack(FACT_MESSAGE, said | {"subject": subject}))
    return (*witness(FACT, number, **said), sign(seed, message))


def deliver(number: int) -> Units:
    return witness(DELIVERY, number)


# --- envelopes ------------------------------------------------------------------------------


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
