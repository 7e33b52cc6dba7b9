"""What a release shows to make conditions true, as frozen data and as canonical bytes.

`node` is the number of the condition in preorder (terms.walk). Approvals and facts are signed with
Ed25519 over a hash of the messages that are packed here: `H[approve]`, `H[fact]` (docs/format.md).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from clearway.payment.terms import PREIMAGE_BYTES_MAX, UNIT_BYTES

SIGNATURE_BYTES: Final = 64


class WitnessError(ValueError):
    """Units that are no witnesses."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The preimage of a hash lock."""

    node: int
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Approval:
    """An approver's signature under a release of up to `up_to_minor` in all."""

    node: int
    up_to_minor: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedFact:
    """An oracle's signature under a value as of a time."""

    node: int
    value: int
    time_ns: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """Whoever asks delivers, in the same entry."""

    node: int


Witness: TypeAlias = Secret | Approval | SignedFact | Deliver

_SECRET: Final = struct.Struct("<BBBx60s")
_APPROVAL: Final = struct.Struct("<BB14x16s32x")
_FACT: Final = struct.Struct("<BB6xqQ40x")
_DELIVER: Final = struct.Struct("<BB62x")


def pack_witnesses(witnesses: Iterable[Witness]) -> bytes:
    """Units, one or two a witness. Raises WitnessError for what no unit can say."""
    try:
        return b"".join(map(_pack, witnesses))
    except (struct.error, OverflowError) as error:
        raise WitnessError(f"a number does not fit its field: {error}") from error


def _pack(witness: Witness) -> bytes:
    match witness:
        case Secret():
            if len(witness.preimage) > PREIMAGE_BYTES_MAX:
                raise WitnessError(f"a secret has at most {PREIMAGE_BYTES_MAX} bytes")
            return _SECRET.pack(1, witness.node, len(witness.preimage), witness.preimage)
        case Approval():
            up_to = witness.up_to_minor.to_bytes(16, "little")
            return _APPROVAL.pack(2, witness.node, up_to) + _signature(witness.signature)
        case SignedFact():
            head = _FACT.pack(3, witness.node, witness.value, witness.time_ns)
            return head + _signature(witness.signature)
        case Deliver():
            return _DELIVER.pack(4, witness.node)


def _signature(data: bytes) -> bytes:
    if len(data) != SIGNATURE_BYTES:
        raise WitnessError(f"a signature has {SIGNATURE_BYTES} bytes")
    return data


def parse_witnesses(units: bytes) -> tuple[Witness, ...]:
    """The reverse of `pack_witnesses`, and of nothing else. Raises WitnessError."""
    if len(units) % UNIT_BYTES:
        raise WitnessError(f"{len(units)} bytes are not units")
    found: list[Witness] = []
    at = 0
    while at < len(units):
        unit, after = units[at : at + UNIT_BYTES], units[at + UNIT_BYTES : at + 2 * UNIT_BYTES]
        found.append(_parse(unit, after))
        at += UNIT_BYTES * (2 if isinstance(found[-1], Approval | SignedFact) else 1)
    if pack_witnesses(found) != units:
        raise WitnessError("a byte without a name is not zero")
    return tuple(found)


def _parse(unit: bytes, after: bytes) -> Witness:
    op, node = unit[0], unit[1]
    if op == 1:
        return Secret(node, unit[4 : 4 + unit[2]])
    if op == 2:
        return Approval(node, int.from_bytes(unit[16:32], "little"), after)
    if op == 3:
        _op, _node, value, time_ns = _FACT.unpack(unit)
        return SignedFact(node, value, time_ns, after)
    if op == 4:
        return Deliver(node)
    raise WitnessError(f"there is no witness {op}")


# --- what is signed -----------------------------------------------------------------------------

_APPROVE: Final = struct.Struct("<32s32sI4xQ16s16s20s12x")
_STATEMENT: Final = struct.Struct("<16sqQ")
APPROVAL_MESSAGE_BYTES: Final = _APPROVE.size


@dataclass(frozen=True, slots=True)
class ApprovalMessage:
    """What an approver agrees to: this escrow, this payee, this much in all.

    institution, id, opened_ns (the time of its block) and terms_hash name the escrow.
    """

    chain_id: bytes
    terms_hash: bytes
    institution: int
    opened_ns: int
    id: bytes
    up_to_minor: int
    to: bytes


def pack_approval_message(message: ApprovalMessage) -> bytes:
    """144 bytes. The signature is over `H[approve]` of them."""
    return _APPROVE.pack(
        message.chain_id, message.terms_hash, message.institution, message.opened_ns, message.id,
        message.up_to_minor.to_bytes(16, "little"), message.to,
    )  # fmt: skip


def parse_approval_message(data: bytes) -> ApprovalMessage:
    """Raises WitnessError."""
    if len(data) != APPROVAL_MESSAGE_BYTES:
        raise WitnessError(f"an approval's message has {APPROVAL_MESSAGE_BYTES} bytes")
    chain_id, terms_hash, institution, opened_ns, id, up_to, to = _APPROVE.unpack(data)
    up_to_minor = int.from_bytes(up_to, "little")
    message = ApprovalMessage(chain_id, terms_hash, institution, opened_ns, id, up_to_minor, to)
    if pack_approval_message(message) != data:
        raise WitnessError("a byte without a name is not zero")
    return message


def pack_fact_message(*, subject: bytes, value: int, time_ns: int) -> bytes:
    """32 bytes. The oracle's signature is over `H[fact]` of them."""
    return _STATEMENT.pack(subject, value, time_ns)
