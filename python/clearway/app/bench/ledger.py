"""`clearway bench ledger`: unsigned transfers in full blocks, durable, with hash chain and roots.

One envelope of 8,190 transfers is one block, staged, signed and committed with its own fsync. The
heads are packed before the clock starts; sealing the envelope (the institution's signature and the
hash over its entries) is inside.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearway.ledger.book import Book, sign_finality
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import Genesis, GenesisAccount, GenesisInstitution, GenesisKey
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.money import Asset
from clearway.payment.records import AccountFlag, Heads, Kind, Purpose, pack_head, view_heads

ACCOUNTS = 10_000
BLOCKS = 120
WARM_UP_BLOCKS = 10
SECOND_NS = 1_000_000_000
AMOUNT_MINOR_MAX = 1_000
FUNDING_MINOR = 10**12
_SEED, _SEQUENCER_SEED = b"\x01" * 32, b"\x02" * 32


def run(*, as_json: bool) -> dict[str, Any]:
    """rate_per_s: transfers over the whole of seal, stage, sign and commit."""
    with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
        book = Book.create(Path(folder), _genesis())
        try:
            _fund(book)
            found = _measure(book)
        finally:
            book.close()
    if not as_json:
        print(f"ledger: {found['rate_per_s']:,} transfers per second")
        for phase, micros in found["phases_us"].items():
            print(f"  {phase:<12} {micros:8.3f} us per transfer")
    return found


def _measure(book: Book) -> dict[str, Any]:
    random = np.random.default_rng(1)
    blocks = [_transfers(random, number) for number in range(WARM_UP_BLOCKS + BLOCKS)]
    spent = dict.fromkeys(("seal", "stage", "finality", "commit"), 0)
    latencies: list[float] = []
    parts = {"signatures": 0, "apply": 0, "roots": 0}
    sequence = 10
    for number, heads in enumerate(blocks):
        if number == WARM_UP_BLOCKS:
            spent = dict.fromkeys(spent, 0)
            parts = dict.fromkeys(parts, 0)
            latencies.clear()
        sequence += 1
        marks = [time.perf_counter_ns()]
        envelope = book.seal(
            institution=1,
            seed=_SEED,
            sequence=sequence,
            valid_until_ns=book.time_ns + 60 * SECOND_NS,
            heads=heads,
        )
        marks.append(time.perf_counter_ns())
        block = book.stage(time_ns=book.time_ns + 1_000_000, envelopes=[envelope])
        marks.append(time.perf_counter_ns())
        finality = sign_finality(_SEQUENCER_SEED, block.hash)
        marks.append(time.perf_counter_ns())
        book.commit(finality)
        marks.append(time.perf_counter_ns())
        for phase, start, stop in zip(spent, marks[:-1], marks[1:], strict=True):
            spent[phase] += stop - start
        latencies.append((marks[-1] - marks[0]) / 1e6)
        parts["signatures"] += block.signatures_ns
        parts["apply"] += block.apply_ns
        parts["roots"] += block.roots_ns
        refused = int((block.results["code"] != 0).sum())
        assert refused == 0, f"invariant: a benchmark's transfers settle, {refused} did not"
    transfers = BLOCKS * BATCH_ROWS_MAX
    phases = {name: ns / 1e3 / transfers for name, ns in spent.items()}
    phases |= {f"stage.{name}": ns / 1e3 / transfers for name, ns in parts.items()}
    p50, p99, most = np.percentile(latencies, (50, 99, 100))
    return {
        "bench": "ledger",
        "rate_per_s": round(transfers * 1e9 / sum(spent.values())),
        "latency_ms": {
            "p50": round(float(p50), 2),
            "p99": round(float(p99), 2),
            "max": round(float(most), 2),
        },
        "phases_us": {name: round(micros, 4) for name, micros in phases.items()},
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "durable": True,
            "batch": BATCH_ROWS_MAX,
            "accounts": ACCOUNTS,
            "projections": False,
            "presigned": False,
            "signed_payments": False,
            "roots": True,
            "transfers": transfers,
        },
        "peers": [],
    }


# --- a chain to measure -------------------------------------------------------------------------


def _addresses() -> npt.NDArray[np.uint8]:
    """uint8[ACCOUNTS, 20]: the numbers, little endian."""
    rows = np.zeros((ACCOUNTS, 20), np.uint8)
    rows[:, :8] = np.arange(1, ACCOUNTS + 1, dtype="<u8").view(np.uint8).reshape(-1, 8)
    return rows


def _genesis() -> Genesis:
    asset = Asset(1, "EUR/2", 2)
    purposes = Purpose.PAY | Purpose.ISSUE
    accounts = [
        GenesisAccount(f"a{number}", row.tobytes(), 1, AccountFlag(0), (asset.code,))
        for number, row in enumerate(_addresses())
    ]
    nostro = GenesisAccount("nostro", b"\xff" * 20, 1, AccountFlag.NOSTRO, (asset.code,))
    return Genesis(
        name="bench",
        time_ns=SECOND_NS,
        institutions=(GenesisInstitution(1, "bench"),),
        assets=(asset,),
        keys=(
            GenesisKey(public_key(_SEED), 1, purposes, 0),
            GenesisKey(public_key(_SEQUENCER_SEED), 1, Purpose.SEQUENCE, 0),
        ),
        accounts=(nostro, *accounts),
        limits=(),
    )


def _fund(book: Book) -> None:
    addresses = _addresses()
    for part, start in enumerate(range(0, ACCOUNTS, BATCH_ROWS_MAX), start=1):
        rows = addresses[start : start + BATCH_ROWS_MAX]
        head = pack_head(
            kind=Kind.ISSUE,
            id=bytes(16),
            valid_until_ns=book.time_ns + 3_600 * SECOND_NS,
            asset=1,
            amount_minor=FUNDING_MINOR,
            payer=b"\xff" * 20,
        )
        heads = view_heads(head * len(rows)).copy()
        heads["payee"] = rows
        heads["id"] = _ids(2**32 + part, len(rows))
        envelope = book.seal(
            institution=1,
            seed=_SEED,
            sequence=part,
            valid_until_ns=book.time_ns + 60 * SECOND_NS,
            heads=heads,
        )
        block = book.stage(time_ns=book.time_ns + 1_000_000, envelopes=[envelope])
        book.commit(sign_finality(_SEQUENCER_SEED, block.hash))


def _transfers(random: np.random.Generator, number: int) -> Heads:
    """HEAD[BATCH_ROWS_MAX] between random pairs of distinct accounts."""
    head = pack_head(
        kind=Kind.PAYMENT,
        id=bytes(16),
        valid_until_ns=3_600 * SECOND_NS,
        asset=1,
        payer=bytes(20),
        outcome=1,
    )
    heads = view_heads(head * BATCH_ROWS_MAX).copy()
    payer = random.integers(0, ACCOUNTS, BATCH_ROWS_MAX)
    payee = (payer + random.integers(1, ACCOUNTS, BATCH_ROWS_MAX)) % ACCOUNTS
    addresses = _addresses()
    heads["payer"], heads["payee"] = addresses[payer], addresses[payee]
    heads["amount_lo"] = random.integers(1, AMOUNT_MINOR_MAX, BATCH_ROWS_MAX)
    heads["id"] = _ids(number, BATCH_ROWS_MAX)
    return heads


def _ids(series: int, count: int) -> npt.NDArray[np.uint8]:
    rows = np.zeros((count, 2), "<u8")
    rows[:, 0], rows[:, 1] = series, np.arange(count)
    return rows.view(np.uint8).reshape(count, 16)
