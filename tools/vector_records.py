"""One entry of each kind, each field with a value of its own, and records taken apart by name."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from spec import compose, terms
from spec.ed25519 import public_key
from spec.hashing import hash_bytes, leaf
from spec.policy import MemberRole
from spec.records import (
    ASSET,
    HEAD,
    KEY,
    KEY_NAME,
    LEG,
    MANDATE,
    MEMBER,
    NAMES_KEY,
    OPENING,
    POLICY,
    WITH_LEGS,
    WITH_TERMS_HASH,
    WITNESSES,
    AccountFlag,
    Control,
    Entry,
    Flag,
    Kind,
    Layout,
    Leg,
    Outcome,
    Purpose,
    Role,
    layout,
    unpack,
)
from spec.terms import DELIVERY, NODES, PLAN, PLAN_OP, SHARE, SHARE_OP, THRESHOLD
from tools.vector_cast import (
    BANK,
    EUR,
    HOUR_NS,
    OWNER,
    SECOND,
    SECRET,
    SPARE,
    START_NS,
    SUBJECT,
    USD,
    address,
)

SIGNATURE: Final = layout("signature 64")
MORE_ASSETS: Final = layout("assets 64")
HASHED_HEAD: Final = tuple(
    ("terms_hash", "32") if name == "to_amount_minor" else (name, kind)
    for name, kind in HEAD
    if name != "bound_minor"
)
# Names of docs/format.md that spec/ has otherwise: `from` is a word of Python.
FORMAT_NAMES: Final = (
    (LEG, {"payer": "from", "payee": "to"}),
    (NODES[DELIVERY], {"giver": "from", "getter": "to"}),
    (NODES[THRESHOLD], {"needed": "k", "children": "n"}),
)


def fields_of(layout: Layout, data: bytes) -> dict[str, str]:
    """The named fields: numbers as decimal text, because JSON has no large ones; bytes as hex."""
    names = next((names for known, names in FORMAT_NAMES if known == layout), {})
    return {
        names.get(name, name): value.hex() if isinstance(value, bytes) else str(value)
        for name, value in unpack(layout, data).items()
    }


def entry_vector(entry: Entry) -> dict[str, Any]:
    """`units` are shown by their layout."""
    kind = Kind(entry.kind)
    return {
        "name": kind.name.lower(),
        "fields": fields_of(HASHED_HEAD if kind in WITH_TERMS_HASH else HEAD, entry.head()),
        "units": [
            fields_of(layout_of(kind, unit, at), unit) for at, unit in enumerate(entry.units)
        ],
        "bytes": entry.encode().hex(),
        "instruction_hash": hash_bytes("instruction", entry.instruction()).hex(),
        "leaf": leaf(entry.encode()).hex(),
    }


def layout_of(kind: Kind, unit: bytes, at: int) -> Layout:
    """Of a unit in an entry of this kind; `at` is its place."""
    if kind in WITH_LEGS:
        return LEG
    if kind in NAMES_KEY:
        return KEY_NAME
    if kind == Kind.ESCROW:
        return {PLAN_OP: PLAN, SHARE_OP: SHARE}.get(unit[0]) or NODES[unit[0]]
    if kind == Kind.RELEASE:
        return WITNESSES.get(unit[0], SIGNATURE)
    if kind == Kind.SET_AUTHORITY:
        return MEMBER if at else POLICY
    return {
        Kind.OPEN_ACCOUNT: MORE_ASSETS if at else OPENING,
        Kind.REGISTER_ASSET: ASSET,
        Kind.REGISTER_KEY: KEY,
        Kind.MANDATE: MANDATE,
    }[kind]


def one_of_each() -> list[Entry]:
    """An entry of each kind in which no two fields have the same bytes; they need not succeed."""
    legs = (
        Leg(address("ann"), address("bob"), EUR, Role.PRINCIPAL, 2**126 - 1),
        Leg(address("ann"), address("fees"), EUR, Role.FEE, 5),
        Leg(address("fees"), address("bob"), USD, Role.EXCHANGE, 2**64),
    )
    units: dict[Kind, tuple[bytes, ...]] = {
        Kind.PAYMENT: tuple(leg.encode() for leg in legs),
        Kind.POST: tuple(leg.encode() for leg in legs[:1]),
        Kind.OPEN_ACCOUNT: compose.opening_units(
            assets=[*range(1, 10)], owner=public_key(OWNER), flags=AccountFlag.OPERATING
        ),
        Kind.REGISTER_ASSET: compose.asset_unit(b"XAU/4", 4, controls=Control.PAUSE, issuer=2),
        Kind.REGISTER_KEY: compose.key_unit(
            public_key(SPARE), institution=2, purposes=Purpose.PAY, activation_height=9
        ),
        Kind.REVOKE_KEY: compose.key_name_unit(public_key(SPARE)),
        Kind.SET_LIMIT: compose.key_name_unit(public_key(BANK)),
        Kind.MANDATE: compose.mandate_unit(
            period_ns=HOUR_NS, start_ns=START_NS + 4, payments_max=0x0D0E0F10, flags=1
        ),
        Kind.ESCROW: terms_with_every_node(),
        Kind.RELEASE: (
            *compose.preimage(2, SECRET),
            *compose.witness(terms.APPROVER, 3, up_to_minor=2**100),
            bytes([0xA5]) * 64,
            *compose.fact(5, subject=SUBJECT, value=-7, time_ns=START_NS + 3, seed=SPARE),
            *compose.deliver(6),
        ),
        Kind.SET_AUTHORITY: policy_of_everyone(),
        Kind.PROPOSE_RECOVERY: compose.key_name_unit(public_key(SPARE)),
        Kind.CONTROL_ASSET: compose.key_name_unit(public_key(BANK)),
    }
    kinds = [kind for kind in Kind if kind >= Kind.PAYMENT]
    entries = [distinct_entry(kind, units.get(kind, ())) for kind in kinds]
    chain_id, members = bytes(range(32)), {0: OWNER, 9: SPARE, 14: SECOND}
    return [
        *entries,
        compose.authorise(entries[0], chain_id=chain_id, seed=OWNER),
        compose.authorise_together(entries[0], chain_id=chain_id, seeds=members),
    ]


def policy_of_everyone() -> tuple[bytes, ...]:
    """Two of two signers; a guardian, who waits for ten minutes; a spend key for 100 a day, which
    expires a day after the start."""
    return compose.policy_units(
        compose.member(MemberRole.SIGNER, public_key(OWNER), value=2),
        compose.member(MemberRole.SIGNER, public_key(SPARE), value=3),
        compose.member(MemberRole.GUARDIAN, public_key(SECOND)),
        compose.member(
            MemberRole.SPEND_KEY,
            public_key(BANK),
            value=100,
            asset=EUR,
            expires_ns=START_NS + 24 * HOUR_NS,
        ),
        threshold=5,
        guardians_threshold=1,
        recovery_delay_ns=HOUR_NS // 6,
    )


def terms_with_every_node() -> tuple[bytes, ...]:
    node, names = compose.node, (address("ann"), address("bob"))
    leaves = [
        node(terms.PREIMAGE, length=len(SECRET), digest=sha256(SECRET).digest()),
        node(terms.APPROVER, key=public_key(SPARE)),
        node(terms.AFTER, time_ns=START_NS),
        node(terms.FACT, comparison=2, value=-7, oracle=public_key(SPARE), subject=SUBJECT),
        node(terms.DELIVERY, asset=USD, amount_minor=9, giver=names[1], getter=names[0]),
        node(terms.PAYEE_IS, address=names[1]),
        node(terms.PAYEE_CATEGORY, category=5_411),
        node(terms.ASKED_BY, party=2),
        node(terms.UP_TO, amount_minor=2**100),
        node(terms.BEFORE, time_ns=START_NS + HOUR_NS),
    ]
    return compose.terms(
        flags=terms.PAY_AT_DEADLINE | terms.PAYER_MAY_CANCEL,
        whole=7,
        start_ns=START_NS + 5,
        period_ns=10**9,
        rate_minor=2**90,
        shares=compose.share(address("fees"), part=2) + compose.share(address("own"), part=3),
        nodes=compose.threshold(2, compose.threshold(1, *leaves[:2]), *leaves[2:]),
    )


def distinct_entry(kind: Kind, units: tuple[bytes, ...]) -> Entry:
    return Entry(
        kind=kind,
        flags=Flag.PENDING,
        asset=0x01020304,
        to_asset=0x05060708,
        purpose=0x090A0B0C,
        id=bytes(range(16, 32)),
        target=bytes(range(32, 48)),
        amount_minor=2**126 - 1,
        to_amount_minor=2**64,
        bound_minor=2**63 + kind,
        payer=address("ann"),
        payee=address("bob"),
        created_ns=START_NS + 1,
        valid_until_ns=START_NS + 2,
        expires_ns=2**64 - 1,
        details=bytes(range(64, 96)),
        outcome=Outcome.REVIEW,
        commitment=bytes(range(96, 128)),
        units=units,
        signature=b"",
    )
