"""The terms of conditional money: a small closed language, as frozen data and as canonical bytes.

docs/format.md says what each op means and the kernel evaluates; here terms are only written and
read, every byte accounted for. `render_terms` (terms_text.py) says them in English.

    terms = Terms(release=Approver(key), payer_may_cancel=True)
    assert parse_terms(pack_terms(terms)) == terms
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from clearway.payment.money import AMOUNT_MINOR_MAX, div_floor

UNIT_BYTES: Final = 64
UNITS_MAX: Final = 16  # the plan, the shares and the nodes together
CHILDREN_MAX: Final = 15
PREIMAGE_BYTES_MAX: Final = 60


class TermsError(ValueError):
    """Terms that the ledger would refuse with escrow.bad_terms."""


class Comparison(enum.IntEnum):
    """How a fact's value is compared with the one that the terms name."""

    EQUAL = 1
    AT_LEAST = 2
    AT_MOST = 3


class Party(enum.IntEnum):
    PAYER = 1
    PAYEE = 2


# --- conditions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Threshold:
    """True when at least `at_least` of the conditions are: all of them, any of them, k of n."""

    at_least: int
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class After:
    time_ns: int


@dataclass(frozen=True, slots=True)
class Before:
    time_ns: int


@dataclass(frozen=True, slots=True)
class Preimage:
    """A secret of `length` bytes whose SHA-256 is `sha256` is shown."""

    sha256: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Approver:
    """The owner of an Ed25519 key signs the release (witnesses.pack_approval_message)."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Fact:
    """An oracle's signed value on a subject (16 bytes) compares so with `value`, an i64."""

    oracle: bytes
    subject: bytes
    comparison: Comparison
    value: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """`from_` gives `to` this much of another asset in the same entry."""

    asset: int
    amount_minor: int
    from_: bytes
    to: bytes


@dataclass(frozen=True, slots=True)
class PayeeIs:
    address: bytes


@dataclass(frozen=True, slots=True)
class PayeeCategory:
    category: int


@dataclass(frozen=True, slots=True)
class AskedBy:
    party: Party


@dataclass(frozen=True, slots=True)
class UpTo:
    """All that is released stays within this amount."""

    amount_minor: int


Condition: TypeAlias = (
    Threshold | After | Before | Preimage | Approver | Fact | Delivery
    | PayeeIs | PayeeCategory | AskedBy | UpTo
)  # fmt: skip

# --- terms --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stream:
    """At most floor(rate_minor × (now − start_ns) / period_ns) may have been released."""

    rate_minor: int
    period_ns: int
    start_ns: int


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody beside the payee who gets a part. Of a split: `part` of Terms.whole; of a waterfall:
    everything until it has `cap_minor`, in order."""

    to: bytes
    part: int = 0
    cap_minor: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """release None: nothing is released before the deadline. whole: 0 without a split."""

    release: Condition | None = None
    pay_at_deadline: bool = False
    payer_may_cancel: bool = False
    free_payee: bool = False
    stream: Stream | None = None
    whole: int = 0
    shares: tuple[Share, ...] = ()


def walk(condition: Condition | None) -> Iterator[Condition]:
    """The nodes in preorder, as the ledger numbers them from 0.

    >>> [type(node).__name__ for node in walk(Threshold(1, (After(1), UpTo(2))))]
    ['Threshold', 'After', 'UpTo']
    """
    if condition is None:
        return
    yield condition
    if isinstance(condition, Threshold):
        for child in condition.of:
            yield from walk(child)


def share_out(
    terms: Terms, *, released_minor: int, amount_minor: int
) -> tuple[tuple[int, ...], int]:
    """What each share and the payee get of a release of `amount_minor` after `released_minor`.

    A share has been given a function of all that was released, so the outcome does not depend on
    how many releases there were; the payee gets the rest.

    >>> share_out(Terms(whole=3, shares=(Share(b"c" * 20, part=1),)),
    ...           released_minor=1, amount_minor=2)
    ((1,), 1)
    """
    before = _given(terms, released_minor)
    after = _given(terms, released_minor + amount_minor)
    parts = tuple(new - old for old, new in zip(before, after, strict=True))
    return parts, amount_minor - sum(parts)


def _given(terms: Terms, released_minor: int) -> list[int]:
    """What each share has got once this much is released.

    A split takes part by part from what is left: floor(R × part / whole) of each share alone would
    sometimes add up to more than one of one unit, and the payee would have to give back.
    """
    given, left_minor, left_parts = [], released_minor, terms.whole
    for share in terms.shares:
        if terms.whole == 0:
            given.append(min(left_minor, share.cap_minor))
        else:
            given.append(div_floor(left_minor * share.part, left_parts))
        left_minor -= given[-1]
        left_parts -= share.part
    return given


# --- bytes --------------------------------------------------------------------------------------

_PLAN: Final = struct.Struct("<BBBBIQQ16s24x")
_SHARE: Final = struct.Struct("<B19x20sI4x16s")
_NODE_HEAD: Final = struct.Struct("<BBBx")
_PLAN_OP: Final = 1
_SHARE_OP: Final = 2
_PAY_AT_DEADLINE, _PAYER_MAY_CANCEL, _FREE_PAYEE = 1, 2, 4


class Op(enum.IntEnum):
    """The first byte of a node."""

    THRESHOLD = 10
    AFTER = 11
    BEFORE = 12
    PREIMAGE = 13
    APPROVER = 14
    FACT = 15
    DELIVERY = 16
    PAYEE_IS = 17
    PAYEE_CATEGORY = 18
    ASKED_BY = 19
    UP_TO = 20


def pack_terms(terms: Terms) -> bytes:
    """The units, one after another. Raises TermsError for what no unit can say."""
    check_terms(terms)
    nodes = list(walk(terms.release))
    stream = terms.stream or Stream(0, 0, 0)
    flags = (
        _PAY_AT_DEADLINE * terms.pay_at_deadline
        | _PAYER_MAY_CANCEL * terms.payer_may_cancel
        | _FREE_PAYEE * terms.free_payee
    )
    try:
        plan = _PLAN.pack(
            _PLAN_OP, flags, len(terms.shares), len(nodes), terms.whole, stream.start_ns,
            stream.period_ns, _u128(stream.rate_minor),
        )  # fmt: skip
        shares = [
            _SHARE.pack(_SHARE_OP, share.to, share.part, _u128(share.cap_minor))
            for share in terms.shares
        ]
        return b"".join((plan, *shares, *map(_pack_node, nodes)))
    except (struct.error, OverflowError) as error:
        raise TermsError(f"a number does not fit its field: {error}") from error


def parse_terms(units: bytes) -> Terms:
    """The reverse of `pack_terms`, and of nothing else. Raises TermsError."""
    if not units or len(units) % UNIT_BYTES or len(units) > UNITS_MAX * UNIT_BYTES:
        raise TermsError(f"{len(units)} bytes are not 1 to {UNITS_MAX} units")
    op, flags, shares, nodes, whole, start_ns, period_ns, rate = _PLAN.unpack_from(units)
    if op != _PLAN_OP or len(units) != UNIT_BYTES * (1 + shares + nodes):
        raise TermsError("the units are not a plan, its shares and its nodes")
    rows = [units[at : at + UNIT_BYTES] for at in range(UNIT_BYTES, len(units), UNIT_BYTES)]
    left = rows[shares:]
    release = _take_node(left) if left else None
    if left:
        raise TermsError("nodes are left over")
    terms = Terms(
        release=release,
        pay_at_deadline=bool(flags & _PAY_AT_DEADLINE),
        payer_may_cancel=bool(flags & _PAYER_MAY_CANCEL),
        free_payee=bool(flags & _FREE_PAYEE),
        stream=Stream(_int(rate), period_ns, start_ns) if period_ns else None,
        whole=whole,
        shares=tuple(_parse_share(row) for row in rows[:shares]),
    )
    # Written again it gives the same bytes, so no byte can mean nothing.
    if pack_terms(terms) != units:
        raise TermsError("a byte without a name is not zero")
    return terms


def _parse_share(unit: bytes) -> Share:
    _op, to, part, cap = _SHARE.unpack(unit)
    return Share(to, part, _int(cap))


def _take_node(rows: list[bytes]) -> Condition:
    """Takes the first node and, of a threshold, its children from `rows`."""
    if not rows:
        raise TermsError("a threshold has fewer children than it says")
    unit = rows.pop(0)
    op, a, b = _NODE_HEAD.unpack_from(unit)
    if op == Op.THRESHOLD:
        return Threshold(a, tuple(_take_node(rows) for _ in range(b)))
    read = _READ.get(op)
    if read is None:
        raise TermsError(f"there is no op {op}")
    return read(a, unit)


def _enum(kind: Callable[[int], Any], value: int) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise TermsError(str(error)) from error


_READ: Final[dict[int, Callable[[int, bytes], Condition]]] = {
    Op.AFTER: lambda a, u: After(_int(u[8:16])),
    Op.BEFORE: lambda a, u: Before(_int(u[8:16])),
    Op.PREIMAGE: lambda a, u: Preimage(u[16:48], a),
    Op.APPROVER: lambda a, u: Approver(u[16:48]),
    Op.FACT: lambda a, u: Fact(
        u[16:48], u[48:64], _enum(Comparison, a), int.from_bytes(u[8:16], "little", signed=True)
    ),
    Op.DELIVERY: lambda a, u: Delivery(_int(u[4:8]), _int(u[8:24]), u[24:44], u[44:64]),
    Op.PAYEE_IS: lambda a, u: PayeeIs(u[20:40]),
    Op.PAYEE_CATEGORY: lambda a, u: PayeeCategory(_int(u[40:44])),
    Op.ASKED_BY: lambda a, u: AskedBy(_enum(Party, a)),
    Op.UP_TO: lambda a, u: UpTo(_int(u[48:64])),
}


def _pack_node(node: Condition) -> bytes:
    match node:
        case Threshold():
            return _unit(Op.THRESHOLD, node.at_least, len(node.of))
        case After():
            return _unit(Op.AFTER, at8=struct.pack("<Q", node.time_ns))
        case Before():
            return _unit(Op.BEFORE, at8=struct.pack("<Q", node.time_ns))
        case Preimage():
            return _unit(Op.PREIMAGE, node.length, at16=node.sha256)
        case Approver():
            return _unit(Op.APPROVER, at16=node.key)
        case Fact():
            value = struct.pack("<q", node.value)
            return _unit(Op.FACT, node.comparison, at8=value, at16=node.oracle + node.subject)
        case Delivery():
            return struct.pack(
                "<B3xI16s20s20s",
                Op.DELIVERY, node.asset, _u128(node.amount_minor), node.from_, node.to,
            )  # fmt: skip
        case PayeeIs():
            return _unit(Op.PAYEE_IS, at16=bytes(4) + node.address)
        case PayeeCategory():
            return _unit(Op.PAYEE_CATEGORY, at16=bytes(24) + struct.pack("<I", node.category))
        case AskedBy():
            return _unit(Op.ASKED_BY, node.party)
        case UpTo():
            return _unit(Op.UP_TO, at16=bytes(32) + _u128(node.amount_minor))


def _unit(op: Op, a: int = 0, b: int = 0, *, at8: bytes = bytes(8), at16: bytes = b"") -> bytes:
    return struct.pack("<BBB5x8s48s", op, a, b, at8, at16)


def _u128(value: int) -> bytes:
    return value.to_bytes(16, "little")


def _int(data: bytes) -> int:
    return int.from_bytes(data, "little")


# --- what terms must be -------------------------------------------------------------------------


def check_terms(terms: Terms) -> None:
    """Raises TermsError, with the reason, for terms that are wrong whoever the parties are."""
    nodes = list(walk(terms.release))
    if 1 + len(terms.shares) + len(nodes) > UNITS_MAX:
        raise TermsError(f"there may be {UNITS_MAX - 1} shares and conditions together")
    _check_shares(terms)
    if terms.stream is not None and not (terms.stream.period_ns and terms.stream.rate_minor):
        raise TermsError("a stream needs a rate and a period")
    for node in nodes:
        _check_node(node)
    if sum(isinstance(node, Delivery) for node in nodes) > 1:
        raise TermsError("there may be one delivery")


def _check_shares(terms: Terms) -> None:
    shares = terms.shares
    if shares and terms.free_payee:
        raise TermsError("what any payee may get is not shared")
    if len({share.to for share in shares}) < len(shares):
        raise TermsError("an account shares twice")
    if any(len(share.to) != 20 for share in shares):
        raise TermsError("an address has 20 bytes")
    if terms.whole:
        if not shares or not all(share.part for share in shares):
            raise TermsError("a split has shares, each with a part above zero")
        if sum(share.part for share in shares) > terms.whole:
            raise TermsError("the parts are more than the whole")
        if any(share.cap_minor for share in shares):
            raise TermsError("the shares of a split have no cap")
    elif any(share.part or not share.cap_minor for share in shares):
        raise TermsError("the shares of a waterfall have a cap above zero and no part")


_SIZES: Final[dict[type, tuple[tuple[str, int], ...]]] = {
    Preimage: (("sha256", 32),),
    Approver: (("key", 32),),
    Fact: (("oracle", 32), ("subject", 16)),
    Delivery: (("from_", 20), ("to", 20)),
    PayeeIs: (("address", 20),),
}


def _check_node(node: Condition) -> None:
    for name, size in _SIZES.get(type(node), ()):
        if len(getattr(node, name)) != size:
            raise TermsError(f"{name.rstrip('_')} has {size} bytes")
    match node:
        case Threshold():
            if not 1 <= node.at_least <= len(node.of) <= CHILDREN_MAX:
                raise TermsError(f"at least {node.at_least} of {len(node.of)} cannot be asked")
        case Preimage() if not 1 <= node.length <= PREIMAGE_BYTES_MAX:
            raise TermsError(f"a secret has 1 to {PREIMAGE_BYTES_MAX} bytes")
        case Delivery() if not 1 <= node.amount_minor <= AMOUNT_MINOR_MAX:
            raise TermsError("a delivery is of an amount from 1 to 2^126 - 1")
        case Delivery() if node.from_ == node.to:
            raise TermsError("a delivery goes from one account to another")
        case PayeeCategory() if node.category == 0:
            raise TermsError("category 0 is that of accounts without one")
        case _:
            pass
