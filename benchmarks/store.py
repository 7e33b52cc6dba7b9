"""The store's figures: blocks into tables, ids found again, batches saved. Prints one JSON object.

    python -m benchmarks.store [--payments 245700] [--accounts 10000] [--folder DIR]

The blocks are made by the kernel beforehand and read back from its log while they are applied.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from clearway.ledger.book import Book, sign_finality
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import Genesis, GenesisAccount, GenesisInstitution, GenesisKey
from clearway.payment.decision import DECISION_BYTES
from clearway.payment.money import Asset
from clearway.payment.records import (
    HEAD,
    AccountFlag,
    Heads,
    Kind,
    Outcome,
    Purpose,
    pack_account_units,
)
from clearway.store.projections import Projections
from clearway.store.vault import Vault

SEED = bytes([7]) * 32
START_NS = 1_767_225_600_000_000_000
BLOCK_ROWS = 8_190
FUNDS_MINOR = 10**12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=30 * BLOCK_ROWS)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--block-rows", type=int, default=BLOCK_ROWS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        town = Town(folder / "chain", given.accounts)
        first = town.book.height + 1
        town.pay(given.payments, given.block_rows)
        figures = {
            "bench": "store",
            "projections": measure_projections(folder, town, first, given.payments),
            "vault": measure_vault(folder),
            "conditions": {
                "cores": os.cpu_count(),
                "accounts": given.accounts,
                "payments": given.payments,
                "block": given.block_rows,
                "projections_durable": "rebuildable: synchronous=NORMAL",
                "vault_durable": "one fsync a batch",
            },
        }
    print(json.dumps(figures))


class Town:
    """A chain of one institution with funded accounts."""

    def __init__(self, folder: Path, accounts: int) -> None:
        self.random = np.random.default_rng(1)
        self.addresses = self.random.integers(0, 256, (accounts, 20), np.uint8)
        self._sequence = 0
        self._id = 0
        key = public_key(SEED)
        nostro = GenesisAccount("nostro", b"n" * 20, 1, AccountFlag.NOSTRO, ("EUR/2",))
        genesis = Genesis(
            name="bench",
            time_ns=START_NS,
            institutions=(GenesisInstitution(1, "Bench"),),
            assets=(Asset(1, "EUR/2", 2),),
            keys=(GenesisKey(key, 1, Purpose(31), 0),),
            accounts=(nostro,),
        )
        self.book = Book.create(folder, genesis)
        for start in range(0, accounts, BLOCK_ROWS):
            rows = self.addresses[start : start + BLOCK_ROWS]
            opened = self._heads(Kind.OPEN_ACCOUNT, len(rows))
            opened["payer"], opened["units"] = rows, 1
            self._order(opened, pack_account_units(assets=[1]) * len(rows))
            funded = self._heads(Kind.ISSUE, len(rows))
            funded["payer"], funded["payee"] = np.frombuffer(b"n" * 20, np.uint8), rows
            funded["asset"], funded["amount_lo"] = 1, FUNDS_MINOR
            self._order(funded)

    def pay(self, count: int, block_rows: int) -> None:
        for start in range(0, count, block_rows):
            rows = min(block_rows, count - start)
            payer = self.random.integers(0, len(self.addresses), rows)
            step = self.random.integers(1, len(self.addresses), rows)
            heads = self._heads(Kind.PAYMENT, rows)
            heads["payer"] = self.addresses[payer]
            heads["payee"] = self.addresses[(payer + step) % len(self.addresses)]
            heads["asset"] = 1
            heads["amount_lo"] = self.random.integers(1, 10_000, rows)
            heads["outcome"] = Outcome.ACCEPT
            self._order(heads)

    def _heads(self, kind: Kind, count: int) -> Heads:
        heads = np.zeros(count, HEAD)
        heads["version"], heads["kind"] = 1, kind
        # Ids look random, as keyed hashes do: neighbours in time are far apart in the index.
        heads["id"] = self.random.integers(0, 256, (count, 16), np.uint8)
        heads["valid_until_ns"] = self.book_time() + 10**12 if self._sequence else START_NS + 10**12
        return heads

    def book_time(self) -> int:
        return self.book.time_ns

    def _order(self, heads: Heads, units: bytes = b"") -> None:
        self._sequence += 1
        envelope = self.book.seal(
            institution=1,
            seed=SEED,
            sequence=self._sequence,
            valid_until_ns=self.book.time_ns + 10**12,
            heads=heads,
            units=units,
        )
        block = self.book.stage(time_ns=self.book.time_ns + 10**6, envelopes=[envelope])
        self.book.commit(sign_finality(SEED, block.hash))


def measure_projections(folder: Path, town: Town, first: int, payments: int) -> dict[str, Any]:
    projections = Projections(folder / "projections.db", town.book.account_numbers)
    projections.start(town.book)
    _wait(projections, first - 1)
    projections.stop()

    projections = Projections(folder / "projections.db", town.book.account_numbers)
    before_ns, cpu_before_ns = time.perf_counter_ns(), time.process_time_ns()
    projections.start(town.book)
    _wait(projections, town.book.height)
    spent_ns = time.perf_counter_ns() - before_ns
    cpu_ns = time.process_time_ns() - cpu_before_ns
    figures = {
        "rate_per_s": round(payments / spent_ns * 1e9),
        "us_per_payment": round(spent_ns / payments / 1e3, 2),
        "cpu_us_per_payment": round(cpu_ns / payments / 1e3, 2),
        "bytes_per_payment": round((folder / "projections.db").stat().st_size / payments),
        "find_known_us_per_id": _find(projections, town, known=True),
        "find_unknown_us_per_id": _find(projections, town, known=False),
        "payment_us": _median_us(lambda row: projections.payment(1, row), _some_ids(town, 500)),
        "list_of_20_us": _median_us(
            lambda row: projections.payments(institution=1, account=row, limit=20),
            [bytes(row) for row in town.addresses[:300]],
        ),
        "entries_20_us": _median_us(
            lambda row: projections.entries(row, limit=20),
            [bytes(row) for row in town.addresses[:300]],
        ),
    } | _measure_spans(projections, town, first)
    projections.stop()
    return figures


def _measure_spans(projections: Projections, town: Town, first: int) -> dict[str, Any]:
    """Questions about ten blocks in the middle of the chain."""
    middle = (first + town.book.height) // 2
    span, addresses = range(middle, middle + 10), [bytes(row) for row in town.addresses[:300]]
    time_ns = town.book.block(middle).time_ns
    return {
        "payments_of_a_span_us": _median_us(
            lambda row: projections.payments(institution=1, account=row, heights=span, limit=20),
            addresses,
        ),
        "entries_of_a_span_us": _median_us(
            lambda row: projections.entries(row, heights=span, limit=20), addresses
        ),
        "balances_at_us": _median_us(
            lambda row: projections.balances_at(row, projections.height_from(time_ns)), addresses
        ),
    }


def _wait(projections: Projections, height: int) -> None:
    # The whole chain is announced at once, so this waits for its last block, or for `height`.
    if not projections.wait_for(height, 600):
        raise SystemExit(f"the projections stopped: {projections.failure}")


def _some_ids(town: Town, count: int) -> list[bytes]:
    ids = town.book.block(town.book.height).heads["id"][1 : 1 + count]
    return [bytes(row) for row in ids]


def _find(projections: Projections, town: Town, *, known: bool) -> float:
    """A whole batch of ids, as every batch asks before it is ordered."""
    spent = []
    for height in range(town.book.height - 8, town.book.height):
        heads = town.book.block(height).heads[1:]
        ids = heads["id"].tobytes() if known else os.urandom(16 * len(heads))
        before_ns = time.perf_counter_ns()
        found = projections.find_many(1, ids)
        spent.append((time.perf_counter_ns() - before_ns) / len(heads) / 1e3)
        assert len(found) == (len(heads) if known else 0)
    return round(float(np.median(spent)), 2)


def _median_us(ask: Any, keys: list[bytes]) -> float:
    spent = []
    for key in keys:
        before_ns = time.perf_counter_ns()
        ask(key)
        spent.append((time.perf_counter_ns() - before_ns) / 1e3)
    return round(float(np.median(spent)), 1)


def measure_vault(folder: Path) -> dict[str, Any]:
    vault = Vault(folder / "vault.db", bytes(32))
    private = b'{"reference":"invoice 4711","metadata":{"order":"12345"},"salt":"0123456789abcdef"}'
    figures: dict[str, Any] = {}
    sequence = 0
    for name, rows, with_privates, marked in (
        ("batch_of_8190", BLOCK_ROWS, False, False),
        ("batch_of_8190_with_private_data", BLOCK_ROWS, True, False),
        ("batch_of_8190_that_is_found_by_metadata", BLOCK_ROWS, True, True),
        ("batch_of_16_with_private_data", 16, True, False),
    ):
        decisions, hashes = os.urandom(rows * DECISION_BYTES), os.urandom(rows * 32)
        # Payers come from the same accounts again and again.
        persons = b"".join((i % 1_000).to_bytes(20, "big") for i in range(rows))
        spent = []
        for _ in range(20 if rows == BLOCK_ROWS else 200):
            sequence += 1
            before_ns = time.perf_counter_ns()
            vault.save_batch(
                key=bytes(32),
                sequence=sequence,
                decisions=decisions,
                request_hashes=hashes,
                privates=[private] * rows if with_privates else None,
                persons=persons if with_privates else b"",
                marks={row: _marks(row) for row in range(rows)} if marked else None,
            )
            spent.append(time.perf_counter_ns() - before_ns)
        figures[name] = {
            "us_per_payment": round(float(np.median(spent)) / rows / 1e3, 2),
            "ms_p50": round(float(np.median(spent)) / 1e6, 2),
            "ms_max": round(max(spent) / 1e6, 2),
        }
    figures["found_by_metadata_us"] = _median_us(
        lambda mark: vault.marked(mark, limit=51), [_marks(row)[:16] for row in range(300)]
    )
    vault.close()
    return figures


def _marks(row: int) -> bytes:
    """Of one field: a value that every thousandth payment has, and it with either party."""
    return (row % 1_000).to_bytes(16, "big") + os.urandom(32)


if __name__ == "__main__":
    main()
