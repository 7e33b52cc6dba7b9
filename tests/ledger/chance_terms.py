"""Random terms, and witnesses that mostly prove them: what conditional money is tested with."""

from __future__ import annotations

from hashlib import sha256
from random import Random
from typing import Any, Final

from spec import compose, terms
from spec.hashing import hash_bytes
from spec.records import AMOUNT_MINOR_MAX, pack
from spec.terms import (
    FACT_MESSAGE,
    FREE_PAYEE,
    PAY_AT_DEADLINE,
    PAYER_MAY_CANCEL,
    Node,
    Release,
    Terms,
    approval_message,
)
from tests.ledger.town import ACCOUNTS, EURO, HOUR, SECOND, address, private, public

Units = tuple[bytes, ...]
SECRETS: Final = [b"secret", b"s", b"x" * 60]
SIGNERS: Final = ["root1", "root2"]
SUBJECTS: Final = [b"s" * 16, b"t" * 16]
NAMES: Final = [*ACCOUNTS, "zoe", "nobody"]
CATEGORIES: Final = [5_411, 5_812]
LEAVES: Final = [
    *[terms.AFTER] * 6,
    terms.BEFORE,
    *[terms.PREIMAGE] * 3,
    *[terms.APPROVER] * 2,
    *[terms.FACT] * 2,
    terms.DELIVERY,
    terms.PAYEE_IS,
    terms.PAYEE_CATEGORY,
    *[terms.ASKED_BY] * 2,
    terms.UP_TO,
]


class ChanceTerms:
    def __init__(self, random: Random, *, payer: str, payee: str, at_ns: int, assets: int) -> None:
        self.random = random
        self.payer = payer
        self.payee = payee
        self.at_ns = at_ns
        self.assets = assets
        self.left = 0  # nodes that may still come

    def percent(self, chance: int) -> bool:
        return self.random.randrange(100) < chance

    def units(self) -> Units:
        """Mostly terms that the ledger takes."""
        made = self.sound()
        if self.percent(8):
            at = self.random.randrange(len(made))
            changed = bytearray(made[at])
            changed[self.random.randrange(64)] = self.random.choice([0, 1, 2, 16, 255])
            made = (*made[:at], bytes(changed), *made[at + 1 :])
        if self.percent(3):
            made = (*made, made[-1])
        if self.percent(3):
            made = made[:-1] or made
        return made[:16]

    def sound(self) -> Units:
        plan: dict[str, int] = {
            "flags": PAY_AT_DEADLINE * self.percent(40) | PAYER_MAY_CANCEL * self.percent(40)
        }
        shares: Units = ()
        if self.percent(20):
            plan["flags"] |= FREE_PAYEE
        elif self.percent(45):
            plan["whole"], shares = self.shares()
        if self.percent(25):
            plan |= {
                "start_ns": max(self.at_ns + self.random.choice([-HOUR, 0, 0, SECOND]), 0),
                "period_ns": self.random.choice([1, 3, SECOND, HOUR]),
                "rate_minor": self.random.choice([1, 7, EURO, AMOUNT_MINOR_MAX, 2**128 - 1]),
            }
        self.left = 15 - len(shares)
        nodes = () if self.percent(10) else self.tree(0)
        return compose.terms(shares=shares, nodes=nodes, **plan)

    def shares(self) -> tuple[int, Units]:
        others = [name for name in ACCOUNTS if name not in (self.payer, self.payee)]
        usual = [name for name in others if not name.startswith(("nostro", "odd", "new"))]
        names = self.random.sample(usual, self.random.randint(1, 3))
        if self.percent(6):
            names[0] = self.random.choice([*others, "nobody", self.payer, self.payee])
        units: Units = ()
        if self.percent(50):
            parts = [self.random.choice([1, 1, 2, 33, 2**31]) for _ in names]
            for name, part in zip(names, parts, strict=True):
                units += compose.share(address(name), part=part)
            whole = sum(parts) + self.random.choice([0, 0, 1, 5, -1])
            return max(whole, 1) % 2**32, units
        for name in names:
            cap_minor = self.random.choice([1, 10, EURO, 2**128 - 1])
            units += compose.share(address(name), cap_minor=cap_minor)
        return 0, units

    def tree(self, depth: int) -> Units:
        self.left -= 1
        if self.left < 2 or not self.percent(45 - 10 * depth):
            return self.leaf()
        count = self.random.randint(1, min(3, self.left))
        self.left -= count
        children = []
        for _ in range(count):
            self.left += 1
            children.append(self.tree(depth + 1))
        return compose.threshold(self.random.randint(1, count), *children)

    def leaf(self) -> Units:
        random, op = self.random, self.random.choice(LEAVES)
        moments = [0, 0, 0, self.at_ns, self.at_ns + 1, self.at_ns + HOUR, 2**64 - 1]
        secret = random.choice(SECRETS)
        giver, getter = random.choice([(self.payee, self.payer)] * 4 + [("ann", "dee")])
        amounts = [1, EURO, 10 * EURO, 2**128 - 1]
        fields: dict[int, dict[str, Any]] = {
            terms.AFTER: {"time_ns": random.choice(moments)},
            terms.BEFORE: {"time_ns": random.choice(moments)},
            terms.PREIMAGE: {
                "length": len(secret),
                "digest": sha256(secret).digest(),
            },
            terms.APPROVER: {"key": public(random.choice(SIGNERS))},
            terms.FACT: {
                "comparison": random.randint(1, 3),
                "value": random.choice([0, -1, 5, 2**63 - 1, -(2**63)]),
                "oracle": public(random.choice(SIGNERS)),
                "subject": random.choice(SUBJECTS),
            },
            terms.DELIVERY: {
                "asset": random.randint(1, self.assets),
                "amount_minor": random.choice([1, EURO, EURO, 200 * EURO]),
                "giver": address(giver),
                "getter": address(getter),
            },
            terms.PAYEE_IS: {"address": address(random.choice([self.payee, "bob", "dee"]))},
            terms.PAYEE_CATEGORY: {"category": random.choice(CATEGORIES)},
            terms.ASKED_BY: {"party": random.randint(1, 2)},
            terms.UP_TO: {"amount_minor": random.choice(amounts)},
        }
        return compose.node(op, **fields[op])


def prove(random: Random, found: Terms, release: Release) -> Units:
    """Witnesses for a release under these terms: mostly sound, and mostly for all that need one."""
    units: Units = ()
    for node in found.nodes():
        if node.op in PROVERS and random.randrange(100) < 85 and len(units) < 14:
            number = node.number if random.randrange(100) < 97 else random.randrange(16)
            units += PROVERS[node.op](random, node, number, release)
    if units and random.randrange(100) < 3:
        units += units[-1:]
    return units[:16]


def prove_preimage(random: Random, node: Node, number: int, release: Release) -> Units:
    right = [one for one in SECRETS if sha256(one).digest() == node.fields["digest"]]
    wrong = random.randrange(100) < 10
    return compose.preimage(number, random.choice(SECRETS if wrong or not right else right))


def prove_approval(random: Random, node: Node, number: int, release: Release) -> Units:
    total_minor = release.total_minor()
    up_to_minor = random.choice([total_minor] * 6 + [2**128 - 1, max(total_minor - 1, 0)])
    message = hash_bytes("approve", approval_message(release, up_to_minor))
    signature = signer(random, node.fields["key"]).sign(message)
    unsigned = compose.witness(terms.APPROVER, number, up_to_minor=up_to_minor)
    return (*unsigned, signature)


def prove_fact(random: Random, node: Node, number: int, release: Release) -> Units:
    near = node.fields["value"] + random.choice([0, 0, 0, 1, -1])
    value = min(max(near, -(2**63)), 2**63 - 1)
    times = [release.opened_ns, release.now_ns, release.opened_ns - 1, release.now_ns + 1]
    time_ns = min(max(random.choice(times[:2] * 4 + times), 0), 2**64 - 1)
    said = {"value": value, "time_ns": time_ns}
    message = pack(FACT_MESSAGE, said | {"subject": node.fields["subject"]})
    signature = signer(random, node.fields["oracle"]).sign(hash_bytes("fact", message))
    return (*compose.witness(terms.FACT, number, **said), signature)


def prove_delivery(random: Random, node: Node, number: int, release: Release) -> Units:
    return compose.deliver(number)


def signer(random: Random, key: bytes) -> Any:
    right = [name for name in SIGNERS if public(name) == key]
    wrong = random.randrange(100) < 8
    return private(random.choice(SIGNERS if wrong or not right else right))


PROVERS: Final = {
    terms.PREIMAGE: prove_preimage,
    terms.APPROVER: prove_approval,
    terms.FACT: prove_fact,
    terms.DELIVERY: prove_delivery,
}
