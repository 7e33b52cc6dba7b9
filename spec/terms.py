"""Terms: under which conditions, when and to whom the money of an escrow is released.

At most 16 units: the plan, then the shares, then a tree of conditions in preorder. Read `evaluate`
for what a condition means and `allocate` for who gets how much. Nothing here knows the ledger: the
answers follow from the terms, the escrow, the release and the time alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from spec.ed25519 import verify
from spec.hashing import hash_bytes
from spec.records import (
    AMOUNT_MINOR_MAX,
    PREIMAGE_BYTES_MAX,
    UNITS_MAX,
    DecodeError,
    Layout,
    Witness,
    layout,
    pack,
    unpack,
)

PLAN_OP: Final = 1
SHARE_OP: Final = 2
PAY_AT_DEADLINE: Final = 1
PAYER_MAY_CANCEL: Final = 2
FREE_PAYEE: Final = 4

THRESHOLD: Final = 10
AFTER: Final = 11
BEFORE: Final = 12
PREIMAGE: Final = 13
APPROVER: Final = 14
FACT: Final = 15
DELIVERY: Final = 16
PAYEE_IS: Final = 17
PAYEE_CATEGORY: Final = 18
ASKED_BY: Final = 19
UP_TO: Final = 20

CHILDREN_MAX: Final = 15
EQUAL, AT_LEAST, AT_MOST = 1, 2, 3
BY_PAYER, BY_PAYEE = 1, 2

PLAN: Final = layout("""
    op u8
    flags u8
    shares u8
    nodes u8
    whole u32
    start_ns u64
    period_ns u64
    rate_minor u128
    zero 24
""")
SHARE: Final = layout("op u8\nzero 19\nto 20\npart u32\nzero 4\ncap_minor u128")
NODES: Final[dict[int, Layout]] = {
    THRESHOLD: layout("op u8\nneeded u8\nchildren u8\nzero 61"),
    AFTER: layout("op u8\nzero 7\ntime_ns u64\nzero 48"),
    BEFORE: layout("op u8\nzero 7\ntime_ns u64\nzero 48"),
    PREIMAGE: layout("op u8\nlength u8\nzero 14\ndigest 32\nzero 16"),
    APPROVER: layout("op u8\nzero 15\nkey 32\nzero 16"),
    FACT: layout("op u8\ncomparison u8\nzero 6\nvalue i64\noracle 32\nsubject 16"),
    DELIVERY: layout("op u8\nzero 3\nasset u32\namount_minor u128\ngiver 20\ngetter 20"),
    PAYEE_IS: layout("op u8\nzero 19\naddress 20\nzero 24"),
    PAYEE_CATEGORY: layout("op u8\nzero 39\ncategory u32\nzero 20"),
    ASKED_BY: layout("op u8\nparty u8\nzero 62"),
    UP_TO: layout("op u8\nzero 47\namount_minor u128"),
}
APPROVAL_MESSAGE: Final = layout("""
    chain_id 32
    terms_hash 32
    institution u32
    zero 4
    opened_ns u64
    id 16
    up_to_minor u128
    to 20
    zero 12
""")
FACT_MESSAGE: Final = layout("subject 16\nvalue i64\ntime_ns u64")


class BadTerms(Exception):
    """Units that are no terms: code 80."""


def need(holds: bool, what: str) -> None:
    if not holds:
        raise BadTerms(what)


# --- reading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    to: bytes
    part: int
    cap_minor: int


@dataclass(frozen=True, slots=True)
class Node:
    """A condition: its kind, its named fields, its children, and its number in preorder."""

    op: int
    number: int
    fields: dict[str, Any]
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    flags: int
    whole: int
    start_ns: int
    period_ns: int
    rate_minor: int
    shares: tuple[Share, ...]
    root: Node | None  # None: nothing is released before the deadline

    def has(self, flag: int) -> bool:
        return self.flags & flag != 0

    def nodes(self) -> list[Node]:
        """In preorder."""
        return [] if self.root is None else walk(self.root)

    def delivery(self) -> Node | None:
        return next((node for node in self.nodes() if node.op == DELIVERY), None)


def walk(node: Node) -> list[Node]:
    return [node] + [below for child in node.children for below in walk(child)]


def terms_hash(units: tuple[bytes, ...]) -> bytes:
    return hash_bytes("terms", b"".join(units))


def parse_terms(units: tuple[bytes, ...]) -> Terms:
    """BadTerms for units that are no terms, whoever the parties are."""
    try:
        return read_terms(units)
    except DecodeError as error:
        raise BadTerms(str(error)) from error


def read_terms(units: tuple[bytes, ...]) -> Terms:
    need(1 <= len(units) <= UNITS_MAX, "there is no plan, or there are too many units")
    plan = unpack(PLAN, units[0])
    need(plan["op"] == PLAN_OP, "the first unit is not a plan")
    need(plan["flags"] <= PAY_AT_DEADLINE | PAYER_MAY_CANCEL | FREE_PAYEE, "unknown flags")
    need(len(units) == 1 + plan["shares"] + plan["nodes"], "the units are not those of the plan")
    streams = plan["period_ns"] != 0
    need((plan["rate_minor"] != 0) == streams, "a stream has a rate, and nothing else has one")
    need(streams or plan["start_ns"] == 0, "only a stream starts")
    nodes_at = 1 + plan["shares"]
    shares = tuple(read_share(unit, plan["whole"]) for unit in units[1:nodes_at])
    need(len({share.to for share in shares}) == len(shares), "two shares have one account")
    need(sum(share.part for share in shares) <= plan["whole"], "the parts exceed the whole")
    need(bool(shares) or plan["whole"] == 0, "a whole without shares")
    need(not shares or not plan["flags"] & FREE_PAYEE, "what any payee may get is not shared")
    rest = list(enumerate(units[nodes_at:]))
    root = read_node(rest) if rest else None
    need(not rest, "nodes are left over")
    terms = Terms(
        flags=plan["flags"],
        whole=plan["whole"],
        start_ns=plan["start_ns"],
        period_ns=plan["period_ns"],
        rate_minor=plan["rate_minor"],
        shares=shares,
        root=root,
    )
    deliveries = [node for node in terms.nodes() if node.op == DELIVERY]
    need(len(deliveries) <= 1, "there are two deliveries")
    return terms


def read_share(unit: bytes, whole: int) -> Share:
    fields = unpack(SHARE, unit)
    need(fields.pop("op") == SHARE_OP, "a unit is not a share")
    share = Share(**fields)
    if whole != 0:
        need(share.part > 0 and share.cap_minor == 0, "a split has parts and no caps")
    else:
        need(share.part == 0 and share.cap_minor > 0, "a waterfall has caps and no parts")
    return share


def read_node(rest: list[tuple[int, bytes]]) -> Node:
    """Takes the first node, and below a threshold its children, from what is left."""
    need(bool(rest), "a threshold lacks children")
    number, unit = rest.pop(0)
    need(unit[0] in NODES, "a node of an unknown kind")
    fields = unpack(NODES[unit[0]], unit)
    op = fields.pop("op")
    check_node(op, fields)
    count = fields["children"] if op == THRESHOLD else 0
    return Node(op, number, fields, tuple(read_node(rest) for _ in range(count)))


def check_node(op: int, fields: dict[str, Any]) -> None:
    if op == THRESHOLD:
        asked = 1 <= fields["needed"] <= fields["children"] <= CHILDREN_MAX
        need(asked, "a threshold that cannot be met, or without children")
    elif op == PREIMAGE:
        need(1 <= fields["length"] <= PREIMAGE_BYTES_MAX, "a preimage has 1 to 60 bytes")
    elif op == FACT:
        need(fields["comparison"] in (EQUAL, AT_LEAST, AT_MOST), "an unknown comparison")
    elif op == DELIVERY:
        need(1 <= fields["amount_minor"] <= AMOUNT_MINOR_MAX, "a delivery of no amount")
        need(fields["giver"] != fields["getter"], "a delivery that goes nowhere")
    elif op == PAYEE_CATEGORY:
        need(fields["category"] != 0, "category 0 is none")
    elif op == ASKED_BY:
        need(fields["party"] in (BY_PAYER, BY_PAYEE), "an unknown party")


# --- amounts --------------------------------------------------------------------------------


def accrued_minor(terms: Terms, amount_minor: int, now_ns: int) -> int:
    """How much of an escrow may have been released in all by now."""
    if terms.period_ns == 0:
        return amount_minor
    streamed_ns = max(now_ns - terms.start_ns, 0)
    return min(terms.rate_minor * streamed_ns // terms.period_ns, amount_minor)


def allocate(terms: Terms, before_minor: int, after_minor: int) -> list[tuple[bytes, int]]:
    """What each share gets of a release that brings what is released from `before` to `after`. The
    payee gets the rest. Because a share has been given a function of all that was released, the
    outcome does not depend on how many releases there were."""
    before, after = given(terms, before_minor), given(terms, after_minor)
    return [(share.to, after[at] - before[at]) for at, share in enumerate(terms.shares)]


def given(terms: Terms, released_minor: int) -> list[int]:
    """What each share has got once this much is released: in a split, its part of what the shares
    before it left; in a waterfall, what they left up to its cap."""
    left_minor, left_parts = released_minor, terms.whole
    amounts = []
    for share in terms.shares:
        if terms.whole != 0:
            amount_minor = left_minor * share.part // left_parts
        else:
            amount_minor = min(left_minor, share.cap_minor)
        amounts.append(amount_minor)
        left_minor -= amount_minor
        left_parts -= share.part
    return amounts


# --- witnesses ------------------------------------------------------------------------------

PROVED_BY: Final = {PREIMAGE: 1, APPROVER: 2, FACT: 3, DELIVERY: 4}  # by which op of a witness


def are_for(witnesses: list[Witness], terms: Terms) -> bool:
    """Whether each is for a node of its kind, and no two for one node."""
    wanted = {node.number: PROVED_BY.get(node.op) for node in terms.nodes()}
    numbers = [witness.node for witness in witnesses]
    fit = all(wanted.get(witness.node) == witness.op for witness in witnesses)
    return fit and len(set(numbers)) == len(numbers)


# --- evaluation -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    """A release as the conditions see it: which escrow, when, by whom, to whom, how much."""

    chain_id: bytes
    terms_hash: bytes
    institution: int
    id: bytes
    opened_ns: int
    payer: bytes
    payee: bytes
    escrow_minor: int
    released_minor: int
    now_ns: int
    asked_by: bytes
    names_terms: bool
    to: bytes
    to_category: int
    amount_minor: int

    def total_minor(self) -> int:
        return self.released_minor + self.amount_minor


def is_met(terms: Terms, release: Release, witnesses: list[Witness]) -> bool:
    return terms.root is not None and evaluate(terms.root, release, witnesses)


def evaluate(node: Node, release: Release, witnesses: list[Witness]) -> bool:
    """Whether a condition is true for a release."""
    fields = node.fields
    if node.op == THRESHOLD:
        met = sum(evaluate(child, release, witnesses) for child in node.children)
        return met >= int(fields["needed"])
    if node.op == AFTER:
        return bool(release.now_ns >= fields["time_ns"])
    if node.op == BEFORE:
        return bool(release.now_ns < fields["time_ns"])
    if node.op == PAYEE_IS:
        return bool(release.to == fields["address"])
    if node.op == PAYEE_CATEGORY:
        return bool(release.to_category == fields["category"])
    if node.op == ASKED_BY:
        party = release.payer if fields["party"] == BY_PAYER else release.payee
        return release.asked_by == party
    if node.op == UP_TO:
        return bool(release.total_minor() <= fields["amount_minor"])
    for witness in witnesses:
        if witness.node == node.number:
            return PROOFS[node.op](fields, release, witness)
    return False


def shows_preimage(fields: dict[str, Any], release: Release, witness: Witness) -> bool:
    preimage = witness.fields["preimage"]
    fits = len(preimage) == fields["length"]
    return bool(fits and sha256(preimage).digest() == fields["digest"])


def is_approved(fields: dict[str, Any], release: Release, witness: Witness) -> bool:
    up_to_minor = witness.fields["up_to_minor"]
    message = hash_bytes("approve", approval_message(release, up_to_minor))
    within = release.total_minor() <= up_to_minor
    return within and verify(fields["key"], message, witness.signature)


def approval_message(release: Release, up_to_minor: int) -> bytes:
    """What an approver says: so much of this escrow in all, to this payee."""
    values = {
        name: getattr(release, name) for name, _ in APPROVAL_MESSAGE if hasattr(release, name)
    }
    return pack(APPROVAL_MESSAGE, values | {"up_to_minor": up_to_minor})


def is_fact(fields: dict[str, Any], release: Release, witness: Witness) -> bool:
    value, time_ns = witness.fields["value"], witness.fields["time_ns"]
    said = {"subject": fields["subject"], "value": value, "time_ns": time_ns}
    holds = {
        EQUAL: value == fields["value"],
        AT_LEAST: value >= fields["value"],
        AT_MOST: value <= fields["value"],
    }[fields["comparison"]]
    in_time = release.opened_ns <= time_ns <= release.now_ns
    message = hash_bytes("fact", pack(FACT_MESSAGE, said))
    return holds and in_time and verify(fields["oracle"], message, witness.signature)


def is_delivered(fields: dict[str, Any], release: Release, witness: Witness) -> bool:
    """Whoever delivers asks, for all of it at once, and has named the terms that say what."""
    whole = release.released_minor == 0 and release.amount_minor == release.escrow_minor
    return bool(whole and release.names_terms and release.asked_by == fields["giver"])


PROOFS: Final = {
    PREIMAGE: shows_preimage,
    APPROVER: is_approved,
    FACT: is_fact,
    DELIVERY: is_delivered,
}
