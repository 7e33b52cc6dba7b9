"""What an owner signs, for whoever signs: its digest, its words, and whether it is what was meant.

An owner who does not trust the node makes nothing of the node's words: `check_preparation` reads
the bytes that are signed, and compares them with what the owner wants to pay.

    digest = check_preparation(answer, meant, chain_id=chain_id, now_ns=time.time_ns())
    signature = sign(seed, digest)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clearway.ledger.crypto import hash_bytes
from clearway.ledger.entry import describe_entry, tell_will
from clearway.ledger.terms import describe_terms, tell_money
from clearway.payment.money import Asset
from clearway.payment.policy import MemberRole, parse_policy
from clearway.payment.records import (
    HEAD_BYTES,
    INSTRUCTION_BYTES,
    Flag,
    Kind,
    flags_of_head,
    u128,
    view_heads,
    with_flags,
)

UNIT_BYTES: Final = 64
UNITS_AT: Final = 193
VALID_NS_MAX: Final = 86_400 * 10**9


# Of these the units are signed with the instruction (docs/format.md, authorise).
WITH_UNITS: Final = (Kind.MANDATE, Kind.SET_AUTHORITY, Kind.PROPOSE_RECOVERY)


def authorisation_digest(chain_id: bytes, instruction: bytes, units: bytes) -> bytes:
    """`H[authorise]`: what the owner of a self-custody account signs, and the second person of an
    issuer. chain_id 32, instruction 192 bytes; units: of the entry."""
    signed = units if instruction[1] in WITH_UNITS else b""
    return hash_bytes("authorise", chain_id + hash_bytes("instruction", instruction) + signed)


def tell_instruction(instruction: bytes, units: bytes, assets: Mapping[int, Asset]) -> str:
    """192 bytes, and what their entry carries beside them, in English.

    assets: by number, as for `describe_entry`.
    """
    head = with_flags(instruction, flags_of_head(instruction) & ~Flag.SIGNED)
    count = len(units) // UNIT_BYTES
    entry = head + bytes((0, count)) + bytes(HEAD_BYTES - UNITS_AT - 1) + units
    said = describe_entry(entry, assets)
    text = tell_will(said)
    row = view_heads(entry[:HEAD_BYTES])[0]
    if row["kind"] == Kind.PAYMENT and u128(row, "bound"):
        fee = tell_money(int(row["asset"]), u128(row, "bound"), assets)
        text += f", and at most {fee} of fees"
    if row["kind"] == Kind.MANDATE:
        text += f", {said['period_max']} in {int(str(said['period_ns'])) // 10**9} s"
        text += f", {said['total_max']} in all"
    if row["kind"] == Kind.SET_AUTHORITY and count > 1:
        text += f". {_tell_policy(units, assets)}"
    terms = describe_terms(entry, assets)
    return text if terms is None else f"{text}. {terms}"


def _tell_policy(units: bytes, assets: Mapping[int, Asset]) -> str:
    """Every key with what it may do. Units that the ledger would refuse are told as they are."""
    policy = parse_policy(units)
    told = [f"Needed of the signers' weights: {policy.threshold}"]
    for one in policy.members:
        does = {
            int(MemberRole.SIGNER): f"signs, weight {one.value}",
            int(MemberRole.GUARDIAN): "is a guardian",
            int(MemberRole.SPEND_KEY): f"spends {tell_money(one.asset, one.value, assets)} a day",
        }.get(one.role, f"has role {one.role}")
        until = f" until {one.expires_ns} ns" if one.expires_ns else ""
        told.append(f"{one.key.hex()} {does}{until}")
    if policy.guardians_threshold:
        delay_s = policy.recovery_delay_ns // 10**9
        told.append(f"{policy.guardians_threshold} guardians may name a new key, after {delay_s} s")
    return "; ".join(told)


@dataclass(frozen=True, slots=True)
class Meant:
    """A payment as its payer means it. Addresses of 20 bytes; assets by number, amounts in minor
    units.

    fee_minor_max: what it may cost beside the amount. to_asset, to_amount_minor_min: of a payment
    into another asset, what the payee must get at least. expires_ns_max: of a hold, until when; 0
    for a payment at once. flags: those beside SIGNED and PENDING, such as LINKED.
    """

    payer: bytes
    payee: bytes
    asset: int
    amount_minor: int
    reference: str | None = None
    metadata: Mapping[str, str] | None = None
    purpose: int = 0
    fee_minor_max: int = 0
    to_asset: int = 0
    to_amount_minor_min: int = 0
    expires_ns_max: int = 0
    flags: int = 0


def check_preparation(
    answer: Mapping[str, Any], meant: Meant, *, chain_id: bytes, now_ns: int
) -> bytes:
    """The digest to sign, made here from the bytes that the node sent.

    answer: of `POST /v1/payments/prepare`. chain_id: of the genesis that the owner trusts. Raises
    ValueError naming what is not as it was meant. What is left to the node (the id, the time of
    asking, the quote) moves no money.
    """
    try:
        instruction = bytes.fromhex(answer["prepared"]["instruction"])
        private = answer["private"]
        kept = json.loads(private)
        row = view_heads(instruction + bytes(HEAD_BYTES - INSTRUCTION_BYTES))[0]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not an answer to a preparation: {error}") from error
    hold = Flag.PENDING if meant.expires_ns_max else 0
    valid_ns = int(row["valid_until_ns"])
    checks = {
        "version": row["version"] == 1,
        "kind": row["kind"] == Kind.PAYMENT,
        "flags": row["flags"] == Flag.SIGNED | hold | meant.flags,
        "asset": row["asset"] == meant.asset,
        "to_asset": row["to_asset"] == meant.to_asset,
        "purpose": row["purpose"] == meant.purpose,
        "target": bool(meant.to_asset) or not row["target"].any(),
        "amount": u128(row, "amount") == meant.amount_minor,
        "to_amount": u128(row, "to_amount") >= meant.to_amount_minor_min,
        "fee": u128(row, "bound") <= meant.fee_minor_max,
        "payer": row["payer"].tobytes() == meant.payer,
        "payee": row["payee"].tobytes() == meant.payee,
        "valid_until": now_ns < valid_ns <= now_ns + VALID_NS_MAX,
        "expires": int(row["expires_ns"]) <= meant.expires_ns_max,
        "details": row["details"].tobytes() == hash_bytes("details", private.encode()),
        "reference": kept.get("reference") == meant.reference,
        "metadata": (kept.get("metadata") or {}) == dict(meant.metadata or {}),
        "chain_id": answer.get("chain_id") == chain_id.hex(),
    }
    for name, is_right in checks.items():
        if not is_right:
            raise ValueError(f"{name}: is not what was meant")
    digest = authorisation_digest(chain_id, instruction, b"")
    if answer.get("digest") != digest.hex():
        raise ValueError("digest: is not that of the instruction")
    return digest
