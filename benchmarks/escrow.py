"""Conditional money: escrows opened and released a second, durable, with hash chain and state root.

    python -m benchmarks.escrow [BLOCKS]

One envelope of 8,190 entries is one block, staged, signed and committed with its own fsync. First
all escrows are opened, then each is released in full, by its own witness. Entries are packed and
approvals signed before the clock starts; sealing the envelope is inside. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clearway.app.bench.chain import (
    BLOCK_NS,
    SECOND_NS,
    SEQUENCER_SEED,
    Chain,
    check_settled,
)
from clearway.ledger.book import sign_finality
from clearway.ledger.crypto import hash_rows, public_key, sign_rows
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.records import HEAD_BYTES, Heads, Kind, pack_head, view_heads
from clearway.payment.terms import After, Approver, Preimage, Terms, pack_terms
from clearway.payment.witnesses import Secret, pack_witnesses

Bytes2D = npt.NDArray[np.uint8]

ACCOUNTS: Final = 10_000
BLOCKS: Final = 30
WARM_UP_BLOCKS: Final = 3
HOUR_NS: Final = 3_600 * SECOND_NS
SECRET_BYTES: Final = 32
APPROVER_SEED: Final = b"\x03" * 32
TERMS_HASH: Final = slice(64, 96)  # in a head


@dataclass(frozen=True, slots=True)
class Contract:
    """terms: units of a block of escrows, uint8[n, bytes]; witnesses: of their releases, made when
    they are open."""

    name: str
    terms: Callable[[int], Bytes2D]
    witnesses: Callable[[Chain, int, Heads, int], Bytes2D]


def main() -> None:
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    found = [measure(contract, blocks) for contract in CONTRACTS]
    print(
        json.dumps(
            {
                "bench": "escrow",
                "rate_per_s": min(one["releases_per_s"] for one in found[:2]),
                "contracts": found,
                "conditions": {
                    "cores": len(os.sched_getaffinity(0)),
                    "durable": True,
                    "batch": BATCH_ROWS_MAX,
                    "accounts": ACCOUNTS,
                    "projections": False,
                    "presigned": True,
                    "roots": True,
                    "escrows": blocks * BATCH_ROWS_MAX,
                },
            }
        )
    )


def measure(contract: Contract, blocks: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
        chain = Chain.create(Path(folder), ACCOUNTS)
        try:
            return _measure(chain, contract, WARM_UP_BLOCKS + blocks)
        finally:
            chain.book.close()


def _measure(chain: Chain, contract: Contract, blocks: int) -> dict[str, Any]:
    opened, opening = [], []
    for number in range(blocks):
        units = contract.terms(number)
        heads = open_heads(chain, number, units)
        opening.append(play(chain, heads, units.tobytes()))
        opened.append((heads, chain.book.time_ns))
    releasing = []
    for number, (heads, opened_ns) in enumerate(opened):
        witnesses = contract.witnesses(chain, number, heads, opened_ns)
        releases = release_heads(heads, number, witnesses)
        releasing.append(play(chain, releases, witnesses.tobytes()))
    assert chain.book.escrows_count == 0, "invariant: every escrow was released"
    return {
        "name": contract.name,
        "opens_per_s": rate(opening),
        "releases_per_s": rate(releasing),
        "release_us": {
            phase: round(float(np.mean([one[phase] for one in releasing[WARM_UP_BLOCKS:]])), 3)
            for phase in releasing[0]
        },
    }


def play(chain: Chain, heads: Heads, units: bytes) -> dict[str, float]:
    """One block; microseconds an entry, by phase."""
    book, cpu_s = chain.book, time.process_time()
    marks = [time.perf_counter_ns()]
    envelope = chain.seal(heads, units)
    marks.append(time.perf_counter_ns())
    block = book.stage(time_ns=book.time_ns + BLOCK_NS, envelopes=[envelope])
    marks.append(time.perf_counter_ns())
    book.commit(sign_finality(SEQUENCER_SEED, block.hash))
    marks.append(time.perf_counter_ns())
    check_settled(block)
    each = 1e3 * len(heads)
    spent = dict(zip(("seal", "stage", "commit"), np.diff(marks) / each, strict=True))
    return spent | {
        "stage.signatures": block.signatures_ns / each,
        "stage.apply": block.apply_ns / each,
        "stage.roots": block.roots_ns / each,
        "cpu": (time.process_time() - cpu_s) * 1e6 / len(heads),
    }


def rate(blocks: list[dict[str, float]]) -> int:
    micros = [one["seal"] + one["stage"] + one["commit"] for one in blocks[WARM_UP_BLOCKS:]]
    return round(1e6 / float(np.mean(micros)))


# --- entries --------------------------------------------------------------------------------


def open_heads(chain: Chain, number: int, units: Bytes2D) -> Heads:
    """Escrows between random pairs of accounts; all ids and parties are a transfer's."""
    random = np.random.default_rng(number)
    heads = chain.transfers(random, zipf=0.0)
    heads["kind"], heads["units"] = Kind.ESCROW, units.shape[1] // 64
    heads["expires_ns"] = chain.book.time_ns + HOUR_NS
    raw(heads)[:, TERMS_HASH] = rows(hash_rows("terms", units, units.shape[1]), 32)
    return heads


def release_heads(opened: Heads, number: int, witnesses: Bytes2D) -> Heads:
    """Each escrow in full, asked for by its payee."""
    head = pack_head(kind=Kind.RELEASE, id=bytes(16), valid_until_ns=HOUR_NS, outcome=1, asset=1)
    heads = view_heads(head * len(opened)).copy()
    heads["valid_until_ns"] = opened["valid_until_ns"]
    heads["id"] = opened["id"]
    heads["id"][:, 15] = 1
    heads["target"], heads["purpose"] = opened["id"], 1
    heads["payer"], heads["payee"] = opened["payee"], opened["payee"]
    heads["amount_lo"] = opened["amount_lo"]
    heads["units"] = witnesses.shape[1] // 64
    return heads


def raw(heads: Heads) -> Bytes2D:
    return heads.view(np.uint8).reshape(len(heads), HEAD_BYTES)


def rows(data: bytes, size: int) -> Bytes2D:
    return np.frombuffer(data, np.uint8).reshape(-1, size)


def alike(units: bytes) -> Bytes2D:
    return rows(units * BATCH_ROWS_MAX, len(units))


# --- contracts ------------------------------------------------------------------------------


def secrets(number: int) -> list[bytes]:
    return [f"{number} {row}".encode().ljust(SECRET_BYTES, b".") for row in range(BATCH_ROWS_MAX)]


def hash_locks(number: int) -> Bytes2D:
    """A secret of its own for each."""
    packed = [
        pack_terms(Terms(release=Preimage(sha256(secret).digest(), SECRET_BYTES)))
        for secret in secrets(number)
    ]
    return rows(b"".join(packed), len(packed[0]))


def preimages(chain: Chain, number: int, opened: Heads, opened_ns: int) -> Bytes2D:
    return rows(pack_witnesses(Secret(0, secret) for secret in secrets(number)), 64)


def no_witnesses(chain: Chain, number: int, opened: Heads, opened_ns: int) -> Bytes2D:
    return np.zeros((len(opened), 0), np.uint8)


def approvals(chain: Chain, number: int, opened: Heads, opened_ns: int) -> Bytes2D:
    """Of each escrow whole, to its payee."""
    count = len(opened)
    message = np.zeros((count, 144), np.uint8)
    message[:, :32] = rows(chain.book.chain_id, 32)
    message[:, 32:64] = raw(opened)[:, TERMS_HASH]
    message[:, 64] = 1
    message[:, 72:80] = rows(opened_ns.to_bytes(8, "little"), 8)
    message[:, 80:96] = opened["id"]
    message[:, 96:104] = rows(opened["amount_lo"].tobytes(), 8)
    message[:, 112:132] = opened["payee"]
    digests = hash_rows("approve", message, 144)
    units = np.zeros((count, 128), np.uint8)
    units[:, 0] = 2
    units[:, 16:24] = message[:, 96:104]
    units[:, 64:] = rows(sign_rows(APPROVER_SEED * count, digests), 64)
    return units


CONTRACTS: Final = (
    Contract("hash lock", hash_locks, preimages),
    Contract("time lock", lambda _: alike(pack_terms(Terms(release=After(1)))), no_witnesses),
    Contract(
        "approval",
        lambda _: alike(pack_terms(Terms(release=Approver(public_key(APPROVER_SEED))))),
        approvals,
    ),
)


if __name__ == "__main__":
    main()
