"""Writes docs/vectors/format-v1.json from spec/: what every implementation of the format must give.

Run `python -m tools.write_vectors` after a change of the format, and only then:
tests/ledger/test_vectors.py holds both the specification and the kernel to the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from spec import compose
from spec.ed25519 import public_key, sign
from spec.hashing import DOMAINS, hash_bytes, leaf, tree_path, tree_root
from spec.ledger import Ledger, genesis
from spec.records import AccountFlag, Entry, Flag, Kind, Leg, Outcome, Purpose, Role
from spec.state import subroots

FILE: Final = Path(__file__).parent.parent / "docs" / "vectors" / "format-v1.json"
START_NS: Final = 1_735_689_600 * 10**9
HOUR_NS: Final = 3_600 * 10**9
TREE_SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 31, 33)
EUR, USD = 1, 2

BANK: Final = b"seed of the bank".ljust(32, b".")
SEQUENCER: Final = b"seed of the sequencer".ljust(32, b".")
OWNER: Final = b"seed of an owner".ljust(32, b".")
SPARE: Final = b"seed of a spare key".ljust(32, b".")


def vectors() -> dict[str, Any]:
    return {
        "format": 1,
        "domains": {
            domain: {text: hash_bytes(domain, text.encode()).hex() for text in ("", "clearway")}
            for domain in DOMAINS
        },
        "trees": [tree_vector(size) for size in TREE_SIZES],
        "chain": chain_vector(),
    }


def tree_vector(size: int) -> dict[str, Any]:
    """A tree whose leaf i is `H[leaf]` of i as u64, with the path of its last leaf."""
    leaves = [leaf(index.to_bytes(8, "little")) for index in range(size)]
    path = [one.hex() for one in tree_path(leaves, size - 1)] if size else []
    return {"size": size, "root": tree_root(leaves).hex(), "path_of_last": path}


# --- a chain in which every kind of entry, a sweep, a duplicate and refusals occur -----------


def address(name: str) -> bytes:
    return name.encode().ljust(20, b"\0")


def genesis_entries() -> bytes:
    accounts = {"nostro": AccountFlag.NOSTRO, "fees": AccountFlag.OPERATING, "ann": 0, "bob": 0}
    entries = [
        compose.entry(Kind.REGISTER_ASSET, asset=EUR, units=compose.asset_unit(b"EUR/2", 2)),
        compose.entry(Kind.REGISTER_ASSET, asset=USD, units=compose.asset_unit(b"USD/2", 2)),
        compose.entry(
            Kind.REGISTER_KEY,
            units=compose.key_unit(public_key(BANK), institution=1, purposes=15),
        ),
        compose.entry(
            Kind.REGISTER_KEY,
            units=compose.key_unit(public_key(SEQUENCER), institution=1, purposes=Purpose.SEQUENCE),
        ),
        *(
            compose.entry(
                Kind.OPEN_ACCOUNT,
                payer=address(name),
                purpose=1,
                units=compose.opening_units(assets=[EUR, USD], flags=flags),
            )
            for name, flags in accounts.items()
        ),
        compose.entry(
            Kind.SET_LIMIT,
            asset=EUR,
            amount_minor=10**6,
            to_amount_minor=10**9,
            units=compose.key_name_unit(public_key(BANK)),
        ),
    ]
    return b"".join(entry.encode() for entry in entries)


@dataclass
class Story:
    """The chain as it grows. Ids and sequences count up."""

    ledger: Ledger
    ids: int = 0
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def entry(self, kind: Kind, payer: str = "", payee: str = "", **fields: Any) -> Entry:
        self.ids += 1
        usual: dict[str, Any] = {
            "id": self.ids.to_bytes(16, "little"),
            "payer": address(payer),
            "payee": address(payee),
            "asset": EUR if payer else 0,
            "created_ns": START_NS,
            "valid_until_ns": START_NS + 2 * HOUR_NS,
        }
        return compose.entry(kind, **(usual | fields))

    def block(self, *entries: Entry, after_ns: int = 10**9) -> None:
        header = self.ledger.block.header
        envelope = compose.seal(
            chain_id=self.ledger.chain_id,
            institution=1,
            seed=BANK,
            sequence=header.height + 1,
            valid_until_ns=START_NS + 9 * HOUR_NS,
            entries=entries,
        ).encode()
        time_ns = header.time_ns + after_ns
        self.ledger = self.ledger.stage(time_ns=time_ns, envelopes=[envelope])
        self.blocks.append(
            {
                "time_ns": time_ns,
                "envelopes": [envelope.hex()],
                **block_vector(self.ledger),
                "finality": (
                    b"\1\1" + public_key(SEQUENCER) + sign(SEQUENCER, self.ledger.block.hash())
                ).hex(),
            }
        )


def block_vector(ledger: Ledger) -> dict[str, Any]:
    block = ledger.block
    return {
        "entries": [entry.hex() for entry in block.entries],
        "results": [result.encode().hex() for result in block.results],
        "header": block.header.encode().hex(),
        "hash": block.hash().hex(),
        "subroots": [[name, rows, root.hex()] for name, rows, root in subroots(ledger.state)],
    }


def chain_vector() -> dict[str, Any]:
    entries = genesis_entries()
    story = Story(genesis(time_ns=START_NS, entries=entries))
    start = block_vector(story.ledger)
    tell(story)
    return {
        "time_ns": START_NS,
        "genesis": entries.hex(),
        "chain_id": story.ledger.chain_id.hex(),
        "block_0": start,
        "blocks": story.blocks,
    }


def tell(story: Story) -> None:
    chain_id, make = story.ledger.chain_id, story.entry
    opening = compose.opening_units(assets=[EUR], owner=public_key(OWNER))
    story.block(
        make(Kind.ISSUE, "nostro", "ann", amount_minor=10_000),
        make(Kind.ISSUE, "nostro", "fees", amount_minor=10_000, asset=USD),
        make(Kind.OPEN_ACCOUNT, "own", asset=0, units=opening),
    )
    paid = make(Kind.PAYMENT, "ann", "bob", amount_minor=1_234)
    exchange = [
        Leg(address("ann"), address("fees"), EUR, Role.EXCHANGE, 1_000),
        Leg(address("ann"), address("fees"), EUR, Role.FEE, 5),
        Leg(address("fees"), address("bob"), USD, Role.EXCHANGE, 1_100),
    ]
    story.block(
        paid,
        replace(paid, amount_minor=1_235),
        make(Kind.PAYMENT, "bob", "ann", amount_minor=99_999),
        make(
            Kind.PAYMENT,
            "ann",
            "bob",
            amount_minor=1_000,
            to_asset=USD,
            to_amount_minor=1_100,
            bound_minor=5,
            units=tuple(leg.encode() for leg in exchange),
        ),
        make(Kind.PAYMENT, "ann", "own", amount_minor=500),
        make(Kind.PAYMENT, "own", "ann", amount_minor=1),
        compose.authorise(
            make(Kind.PAYMENT, "own", "ann", amount_minor=100), chain_id=chain_id, seed=OWNER
        ),
    )
    held = [
        make(
            Kind.PAYMENT,
            "ann",
            "bob",
            amount_minor=700,
            flags=Flag.PENDING,
            expires_ns=START_NS + HOUR_NS,
            outcome=Outcome.REVIEW if number else Outcome.ACCEPT,
        )
        for number in range(3)
    ]
    story.block(paid, *held)
    story.block(
        make(Kind.POST, "ann", "bob", target=held[0].id, amount_minor=650, outcome=Outcome.ACCEPT),
        make(Kind.VOID, target=held[1].id),
        make(Kind.REFUND, "bob", "ann", target=paid.id, amount_minor=234, bound_minor=1_234),
        make(Kind.REDEEM, "ann", "nostro", amount_minor=50),
        make(Kind.FREEZE, "bob", asset=0),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=1),
        make(Kind.UNFREEZE, "bob", asset=0),
        make(Kind.OPEN_ACCOUNT, "gone", asset=0, units=compose.opening_units(assets=[USD])),
        make(Kind.CLOSE_ACCOUNT, "gone", asset=0),
    )
    story.block(
        make(Kind.REGISTER_ASSET, asset=3, units=compose.asset_unit(b"XAU/4", 4)),
        make(
            Kind.REGISTER_KEY,
            units=compose.key_unit(
                public_key(SPARE), institution=2, purposes=Purpose.PAY, activation_height=9
            ),
        ),
        make(Kind.REVOKE_KEY, units=compose.key_name_unit(public_key(SPARE))),
        make(
            Kind.SET_LIMIT,
            asset=EUR,
            amount_minor=10,
            to_amount_minor=100,
            units=compose.key_name_unit(public_key(BANK)),
        ),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=11),
        after_ns=HOUR_NS,
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n")
