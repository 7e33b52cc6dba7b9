"""`clearway bench ledger`: unsigned transfers in full blocks, durable, with hash chain and roots.

One envelope of 8,190 transfers is one block, staged, signed and committed with its own fsync. The
heads are packed before the clock starts; sealing the envelope (the institution's signature and the
hash over its entries) is inside.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from clearway.app.bench.chain import (
    BLOCK_NS,
    SEQUENCER_SEED,
    Chain,
    check_settled,
)
from clearway.app.bench.peers import find_peers, measure_peer
from clearway.ledger.book import sign_finality
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.records import Heads

ACCOUNTS = 10_000
BLOCKS = 120
WARM_UP_BLOCKS = 10


def run(
    *,
    as_json: bool,
    accounts: int = ACCOUNTS,
    zipf: float = 0.0,
    two_phase: bool = False,
    due_per_s: float = 0.0,
    peers: str | None = None,
) -> dict[str, Any]:
    """rate_per_s: transfers that became durable per second; latency_ms: of a block, from when the
    ledger takes its envelope until it is durable. zipf: the exponent of the accounts' popularity,
    0 for none; two_phase: every second block captures the one before; due_per_s: blocks are due at
    this rate of transfers, and latency_ms counts from when one was due, whether the ledger was
    ready for it or not; 0: the next is taken as soon as it can be; peers: the
    program of another ledger, which is measured after it. Raises PeerError when it is not there."""
    programs = [] if peers is None else find_peers(peers)
    with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
        chain = Chain.create(Path(folder), accounts)
        try:
            blocks = _blocks(chain, zipf=zipf, two_phase=two_phase)
            found = _measure(chain, blocks, due_per_s=due_per_s)
        finally:
            chain.book.close()
    found["conditions"] |= {"zipf": zipf, "two_phase": two_phase, "due_per_s": due_per_s}
    found["peers"] = [measure_peer(program, accounts=accounts) for program in programs]
    if not as_json:
        print(f"ledger: {found['rate_per_s']:,} transfers per second")
        for phase, micros in found["phases_us"].items():
            print(f"  {phase:<12} {micros:8.3f} us per transfer")
        for peer in found["peers"]:
            if "error" in peer:
                print(f"{peer['name']} was not measured: {peer['error']}")
            else:
                print(f"{peer['name']}: {peer['rate_per_s']:,} transfers per second")
    return found


def _blocks(chain: Chain, *, zipf: float, two_phase: bool) -> list[Heads]:
    random = np.random.default_rng(1)
    blocks: list[Heads] = []
    while len(blocks) < WARM_UP_BLOCKS + BLOCKS:  # two at a time where there are two phases
        blocks.append(chain.transfers(random, zipf=zipf, pending=two_phase))
        if two_phase:
            blocks.append(chain.posts(blocks[-1]))
    return blocks


def _measure(chain: Chain, blocks: list[Heads], *, due_per_s: float = 0.0) -> dict[str, Any]:
    """Three hands work on three blocks, each on its own: the institution seals, the ledger stages
    and signs, the log writes. Each waits for the next, so that nothing piles up."""
    run = _Run(chain, due_per_s)
    began_cpu_s = 0.0
    with ThreadPoolExecutor(1) as institution, ThreadPoolExecutor(1) as log:
        writing = log.submit(lambda: None)
        sealing = institution.submit(run.seal, blocks[0])
        for number in range(len(blocks)):
            if number == WARM_UP_BLOCKS:
                began_cpu_s = time.process_time()
            envelope = sealing.result()
            if number + 1 < len(blocks):
                sealing = institution.submit(run.seal, blocks[number + 1])
            run.wait_until_due()
            finality = run.stage(envelope)
            writing.result()
            chain.book.hand_over(finality)
            writing = log.submit(run.write)
        writing.result()
    return run.found(cpu_s=time.process_time() - began_cpu_s)


class _Run:
    """What each hand does, and how long it took it, in ns by block."""

    def __init__(self, chain: Chain, due_per_s: float) -> None:
        self.chain = chain
        self.pause_ns = round(BATCH_ROWS_MAX * 1e9 / due_per_s) if due_per_s else 0
        self.due: list[int] = []
        self.durable: list[int] = []
        self.spent: dict[str, list[int]] = {}
        self.time_ns = chain.book.time_ns

    def wait_until_due(self) -> None:
        """A block is due one pause after the one before it was due, however late that was taken.
        The schedule begins with the first block that is measured."""
        now = time.perf_counter_ns()
        is_scheduled = self.pause_ns > 0 and len(self.due) > WARM_UP_BLOCKS
        due = self.due[-1] + self.pause_ns if is_scheduled else now
        self.due.append(due)
        time.sleep(max(due - now, 0) / 1e9)

    def seal(self, heads: Heads) -> bytes:
        began = time.perf_counter_ns()
        envelope = self.chain.seal(heads)
        self._took("seal", began)
        return envelope

    def stage(self, envelope: bytes) -> bytes:
        """The finality of the staged block."""
        book = self.chain.book
        began = time.perf_counter_ns()
        self.time_ns += BLOCK_NS
        block = book.stage(time_ns=self.time_ns, envelopes=[envelope])
        self._took("stage", began)
        for part in ("signatures", "apply", "roots"):
            self.spent.setdefault(f"stage.{part}", []).append(getattr(block, f"{part}_ns"))
        began = time.perf_counter_ns()
        finality = sign_finality(SEQUENCER_SEED, block.hash)
        self._took("finality", began)
        check_settled(block)
        return finality

    def write(self) -> None:
        began = time.perf_counter_ns()
        self.chain.book.write()
        self.durable.append(time.perf_counter_ns())
        self._took("write", began)

    def _took(self, phase: str, began: int) -> None:
        self.spent.setdefault(phase, []).append(time.perf_counter_ns() - began)

    def found(self, *, cpu_s: float) -> dict[str, Any]:
        transfers = BLOCKS * BATCH_ROWS_MAX
        elapsed_ns = self.durable[-1] - self.durable[WARM_UP_BLOCKS - 1]
        latencies_ms = [
            (durable - due) / 1e6 for due, durable in zip(self.due, self.durable, strict=True)
        ][WARM_UP_BLOCKS:]
        p50, p99, most = np.percentile(latencies_ms, (50, 99, 100)).tolist()
        return {
            "bench": "ledger",
            "rate_per_s": round(transfers * 1e9 / elapsed_ns),
            "latency_ms": {"p50": round(p50, 2), "p99": round(p99, 2), "max": round(most, 2)},
            "phases_us": {
                phase: round(sum(spent[WARM_UP_BLOCKS:]) / 1e3 / transfers, 4)
                for phase, spent in self.spent.items()
            },
            "conditions": {
                "cores": len(os.sched_getaffinity(0)),
                "durable": True,
                "batch": BATCH_ROWS_MAX,
                "accounts": self.chain.accounts,
                "projections": False,
                "presigned": False,
                "signed_payments": False,
                "roots": True,
                "transfers": transfers,
                "cpu_us_per_transfer": round(cpu_s * 1e6 / transfers, 3),  # all threads together
            },
        }
