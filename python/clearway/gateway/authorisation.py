"""What somebody outside the node signs: an owner's will over a self-custody account, and the second
person's over an asset of two.

Two steps. `draft` builds the instruction that the request would make, and tells what is signed; it
writes nothing. The same request then comes again with `prepared` and the signatures: the door
builds the instruction once more, `authorise` holds it to the one that was signed, byte by byte, and
checks the signatures before anything is ordered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from clearway.gateway.door import Answer, Ask
from clearway.gateway.fields import KeySignature, Prepared
from clearway.gateway.instructions import NO_OWNER, parse_private
from clearway.gateway.payment_schemas import LinkedRequest
from clearway.gateway.schemas import PREPARED_S_MAX, Preparation
from clearway.gateway.times import SECOND_NS, format_time
from clearway.ledger.authorise import authorisation_digest, tell_instruction
from clearway.ledger.crypto import verify
from clearway.payment.batch import SIGNATURE_BYTES, Submission
from clearway.payment.errors import Refusal
from clearway.payment.money import AMOUNT_MINOR_MAX
from clearway.payment.policy import MemberRole, Policy, lack_of, may_sign, parse_policy
from clearway.payment.records import (
    HEAD,
    HEAD_BYTES,
    INSTRUCTION_BYTES,
    AccountFlag,
    Control,
    Flag,
    Kind,
    Purpose,
    created_ns_of_head,
    flags_of_head,
    pack_key_reference,
    u128,
    valid_until_ns_of_head,
    view_heads,
    with_flags,
    with_signers,
    with_valid_until_ns,
)

# Kinds that the payer's owner signs (docs/format.md, Flags). A pull is signed by nobody: the owner
# has signed its mandate.
BY_OWNER: Final = frozenset(
    int(kind)
    for kind in (
        Kind.PAYMENT, Kind.REFUND, Kind.REDEEM, Kind.ESCROW, Kind.RELEASE, Kind.CANCEL,
        Kind.MANDATE, Kind.REVOKE_MANDATE, Kind.SET_AUTHORITY, Kind.PROPOSE_RECOVERY,
        Kind.STOP_RECOVERY,
    )
)  # fmt: skip
BY_SECOND_PERSON: Final = frozenset((Kind.ISSUE, Kind.CONTROL_ASSET, Kind.CLAWBACK))
SKEW_NS: Final = 60 * SECOND_NS  # by which the clocks of an institution's nodes may differ
_PRICE_AT: Final = slice(64, 96)  # what the payee gets, and the bound for fees
_PAYER_AT: Final = slice(116 - 20, 116)


class Signer(NamedTuple):
    """Who must sign an instruction. account: whose owner it is, and owner its key, or policy the
    keys that act for it together; None, empty and None for a second person of the asset's
    issuer."""

    account: str | None
    owner: bytes = b""
    policy: Policy | None = None


# --- the second step ------------------------------------------------------------------------------


def authorise(ask: Ask, submission: Submission) -> Submission:
    """The submission as it was prepared, with its signatures, where it needs any.

    Refuses authorisation.missing, authorisation.needless, authorisation.differs,
    authorisation.expired, authorisation.key, authorisation.wrong, authorisation.not_enough,
    asset.second_person, request.invalid.
    """
    if ask.is_draft:
        return submission
    signer = signer_of(ask, submission.head)
    prepared = getattr(ask.body, "prepared", UNSET)
    if signer is None:
        if prepared is not UNSET:
            raise Refusal("authorisation.needless")
        return submission
    if signer.account is None:
        return _seconded(ask, submission, prepared)
    if ask.is_simulation and prepared is UNSET:
        return _presumed(ask, submission, signer)
    signatures = ask.body.signatures
    if prepared is UNSET or signatures is UNSET:
        raise Refusal("authorisation.missing", account=signer.account)
    head = _as_prepared(ask, submission.head, prepared)
    digest = _digest(ask, head, submission.units)
    if signer.policy is not None:
        return _signed_together(ask, submission._replace(head=head), signer, digest)
    for alone in signatures:
        if bytes.fromhex(alone.key) != signer.owner:
            raise Refusal("authorisation.key", key=alone.key, account=signer.account)
        _check_signature(alone, digest)
    if len(signatures) != 1:
        what = f"{len(signatures)} signatures of one key"
        raise Refusal("request.invalid", field="signatures", what=what)
    return submission._replace(head=head, signature=bytes.fromhex(signatures[0].signature))


def _presumed(ask: Ask, submission: Submission, signer: Signer) -> Submission:
    """As it would come with its signatures, of all who sign for the account; zeros stand for
    them."""
    head, count = submission.head, 1
    if head[1] == Kind.PAYMENT:
        head = ask.door.node.price(head)
    head = with_flags(head, flags_of_head(head) | Flag.SIGNED)
    if signer.policy is not None:
        now_ns = ask.door.node.clock()
        places = [
            place
            for place, one in enumerate(signer.policy.members)
            if one.role == MemberRole.SIGNER and not one.has_expired(now_ns)
        ]
        head, count = with_signers(head, sum(1 << place for place in places)), len(places)
    return submission._replace(head=head, signature=bytes(SIGNATURE_BYTES * count))


def _signed_together(ask: Ask, submission: Submission, signer: Signer, digest: bytes) -> Submission:
    """With a head that names the members who signed, and their signatures in its order."""
    head, account, policy = submission.head, signer.account, signer.policy
    assert policy is not None
    keys = [member.key for member in policy.members]
    signed: dict[int, bytes] = {}
    for one in ask.body.signatures:
        key = bytes.fromhex(one.key)
        if key not in keys:
            raise Refusal("authorisation.key", key=one.key, account=account)
        place = keys.index(key)
        if place in signed:
            what = f"{one.key} stands in it twice"
            raise Refusal("request.invalid", field="signatures", what=what)
        _check_signature(one, digest)
        signed[place] = bytes.fromhex(one.signature)
    row = view_heads(head)[0]
    lacking = lack_of(
        policy,
        sorted(signed),
        kind=int(row["kind"]),
        asset=int(row["asset"]),
        flags=int(row["flags"]),
        now_ns=ask.door.node.clock(),
    )
    if lacking is not None:
        raise Refusal("authorisation.not_enough", account=account, what=lacking)
    signers = sum(1 << place for place in signed)
    joined = b"".join(signed[place] for place in sorted(signed))
    return submission._replace(head=with_signers(head, signers), signature=joined)


def signer_of(ask: Ask, head: bytes) -> Signer | None:
    """Who must sign; None when the institution's own signature is enough."""
    kind = head[1]
    if kind in BY_OWNER:
        book, address = ask.door.node.book, head[_PAYER_AT]
        row = book.account(address)
        if row is None or row.owner == NO_OWNER:
            return None
        name = ask.door.directory.name(address)
        found = book.policy(address) if row.flags & AccountFlag.POLICY else None
        policy = None if found is None else parse_policy(found.units)
        if kind == Kind.PROPOSE_RECOVERY and (policy is None or not policy.guardians_threshold):
            return None  # the ledger says that nobody can
        return Signer(name, row.owner) if policy is None else Signer(name, b"", policy)
    if kind in BY_SECOND_PERSON:
        asset = ask.door.directory.asset(int(view_heads(head)[0]["asset"]))
        return Signer(None) if asset.controls & Control.TWO_PERSON else None
    return None


def _seconded(ask: Ask, submission: Submission, prepared: Any) -> Submission:
    """The ledger looks at all of it again."""
    second = getattr(ask.body, "second", UNSET)
    if second is UNSET or prepared is UNSET:
        raise Refusal("asset.second_person")
    head = _as_prepared(ask, submission.head, prepared)
    _check_signature(second, _digest(ask, head, b""))
    key = bytes.fromhex(second.key)
    if key not in _second_keys(ask):
        raise Refusal("asset.second_person")
    return submission._replace(
        head=head, units=pack_key_reference(key), signature=bytes.fromhex(second.signature)
    )


def _second_keys(ask: Ask) -> list[bytes]:
    """The keys that a second person may sign with: of the institution, with ISSUE, in force, and
    none that this node has."""
    node = ask.door.node
    return [
        key
        for key, owner, purposes, active, revoked, *_ in node.book.keys()  # noqa: SIM118
        if owner == ask.key.institution
        and purposes & Purpose.ISSUE
        and active <= node.book.height + 1
        and not revoked
        and key not in node.own_keys
    ]


def _as_prepared(ask: Ask, head: bytes, prepared: Prepared) -> bytes:
    """The head that was built now with what was left open when it was prepared: until when it is
    valid, and the price, which the journey holds to the quote."""
    instruction, now_ns = bytes.fromhex(prepared.instruction), ask.door.node.clock()
    valid_until_ns = valid_until_ns_of_head(instruction)
    head = with_flags(head, flags_of_head(head) | Flag.SIGNED)
    head = with_valid_until_ns(head, valid_until_ns)
    if head[1] == Kind.PAYMENT:
        head = head[: _PRICE_AT.start] + instruction[_PRICE_AT] + head[_PRICE_AT.stop :]
        _check_price(head)
    if head[:INSTRUCTION_BYTES] != instruction:
        raise Refusal("authorisation.differs", what=_difference(head, instruction))
    if valid_until_ns < now_ns:
        raise Refusal("authorisation.expired", time=format_time(valid_until_ns))
    if created_ns_of_head(instruction) > now_ns + SKEW_NS:
        raise Refusal("authorisation.differs", what="created_ns is later than now")
    if valid_until_ns > now_ns + PREPARED_S_MAX * SECOND_NS:
        raise Refusal("authorisation.differs", what="valid_until_ns is more than a day away")
    return head


def _check_price(head: bytes) -> None:
    """It is the client's. An entry with an amount above the largest would not decode, and would
    take its envelope with it."""
    row = view_heads(head)[0]
    if max(u128(row, "to_amount"), u128(row, "bound")) > AMOUNT_MINOR_MAX:
        what = "has an amount above 2^126 - 1 minor units"
        raise Refusal("request.invalid", field="prepared", what=what)


def _difference(head: bytes, instruction: bytes) -> str:
    """The first field in which the two differ, for whoever has to find out why."""
    ours = view_heads(head)[0]
    theirs = view_heads(instruction + bytes(HEAD_BYTES - INSTRUCTION_BYTES))[0]
    names = HEAD.names or ()
    name = next(name for name in names if ours[name].tobytes() != theirs[name].tobytes())
    if name == "id":
        return "it was prepared under another Idempotency-Key or by another API key's principal"
    if name.endswith(("_lo", "_hi")):
        name = name[:-3]
        return f"{name}_minor was {u128(theirs, name)} and would be {u128(ours, name)}"
    return f"{name} was {_text(theirs[name])} and would be {_text(ours[name])}"


def _text(value: Any) -> str:
    return str(value) if value.ndim == 0 else value.tobytes().hex()


def _digest(ask: Ask, head: bytes, units: bytes) -> bytes:
    return authorisation_digest(ask.door.node.book.chain_id, head[:INSTRUCTION_BYTES], units)


def _check_signature(one: KeySignature, digest: bytes) -> None:
    if not verify(bytes.fromhex(one.key), digest, bytes.fromhex(one.signature)):
        raise Refusal("authorisation.wrong", key=one.key, digest=digest.hex())


def without_signatures(body: Any) -> Any:
    """What was asked, whoever signed it: a request is the same with another valid signature."""
    if isinstance(body, LinkedRequest):
        return replace(body, payments=[without_signatures(one) for one in body.payments])
    given = [name for name in ("signatures", "second") if hasattr(body, name)]
    return replace(body, **dict.fromkeys(given, UNSET)) if given else body


# --- the first step -------------------------------------------------------------------------------


async def draft(ask: Ask, prepare: Callable[[Ask], Awaitable[Submission]]) -> Answer:
    """What is to be signed. Refuses as the request itself does before ordering, and
    authorisation.needless."""
    answer = draft_one(ask, await prepare(ask))
    if answer is None:
        raise Refusal("authorisation.needless")
    return Answer(200, answer)


def draft_one(ask: Ask, submission: Submission) -> Preparation | None:
    """None for a request that nobody has to sign."""
    if getattr(ask.body, "prepared", UNSET) is not UNSET:
        raise Refusal("request.invalid", field="prepared", what="is prepared already")
    signer = signer_of(ask, submission.head)
    if signer is None:
        return None
    node, head = ask.door.node, submission.head
    if head[1] == Kind.PAYMENT:
        head = node.price(head)
    head = with_flags(head, flags_of_head(head) | Flag.SIGNED)
    expires_ns = node.clock() + ask.query.valid_for_s * SECOND_NS
    instruction = with_valid_until_ns(head, expires_ns)[:INSTRUCTION_BYTES]
    assets = {asset.number: asset for asset in ask.door.directory.assets()}
    private = submission.private or b""
    return Preparation(
        object="preparation",
        idempotency_key=ask.idempotency_key,
        account=signer.account,
        keys=[key.hex() for key in _keys(ask, signer, head)],
        expires=format_time(expires_ns),
        chain_id=node.book.chain_id.hex(),
        digest=_digest(ask, instruction, submission.units).hex(),
        prepared=Prepared(instruction=instruction.hex(), salt=parse_private(private).salt),
        private=private.decode(),
        units=submission.units.hex(),
        text=tell_instruction(instruction, submission.units, assets),
    )


def _keys(ask: Ask, signer: Signer, head: bytes) -> list[bytes]:
    """Who may sign, alone or with others."""
    if signer.policy is None:
        return [signer.owner] if signer.owner else _second_keys(ask)
    kind, asset = head[1], int(view_heads(head)[0]["asset"])
    return [one.key for one in signer.policy.members if may_sign(one, kind, asset)]
