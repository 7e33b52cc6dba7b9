"""`clearway bench pipeline`: the whole journey of individually signed payments, durable.

Every payment is signed by its payer's own Ed25519 key before the clock starts. Timed is what the
node does: verify each signature, screen both parties (cached, as they are once everybody was seen),
compute features, score, decide, keep the decision, seal, order, book with one fsync a block, and
answer. The payments are those of the simulated world, in its order and with its times, so that the
model meets the mix it would meet; the projections follow meanwhile.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import load_config
from clearway.app.genesis import NOSTRO
from clearway.ledger.crypto import hash_rows, public_key, sign_rows
from clearway.lifecycle.parcels import Share
from clearway.payment.batch import BATCH_ROWS_MAX, VALID_NS, Columns, Submission
from clearway.payment.errors import ClearwayError
from clearway.payment.ids import account_address
from clearway.payment.records import (
    HEAD,
    INSTRUCTION_BYTES,
    VERSION,
    Flag,
    Heads,
    Kind,
    Outcome,
    pack_account_units,
    pack_head,
)
from clearway.risk.worlds.flows import PURPOSES
from clearway.risk.worlds.population import ASSETS, COUNTRIES
from clearway.risk.worlds.world import World
from clearway.store.vault import AccountRecord

CUSTOMERS, MERCHANTS, DAYS = 9_000, 1_000, 24
BATCHES: Final = 36
WARM_UP_BATCHES: Final = 4
IN_FLIGHT_MAX: Final = 3
SETUP_ROWS: Final = 1_000
SIGNED_VALID_NS: Final = 23 * 3_600 * 10**9
CATCH_UP_S: Final = 120.0
LAG_BLOCKS_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Town:
    """Self-custody accounts: addresses uint8[n, 20], seeds uint8[n, 32], by world number."""

    world: World
    addresses: npt.NDArray[np.uint8]
    seeds: npt.NDArray[np.uint8]
    assets: npt.NDArray[np.uint32]


def run(*, as_json: bool, projections: str = "follow") -> dict[str, Any]:
    """rate_per_s: payments from the first submission to the last answer, warm-up left out.

    projections: "follow" as they can, or "keep-up": a batch waits until they are within
    LAG_BLOCKS_MAX of the ledger, and the clock stops when they show the last payment.
    """
    with tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder:
        database = f"sqlite:///{folder}/projections.sqlite"  # whatever the environment says
        node = build_node(load_config(dev=True, data=Path(folder), database=database))
        node.start()
        try:
            town = _town(node)
            _open_accounts(node, town)
            _fund(node, town)
            found = _measure(node, _signed_batches(node, town), keep_up=projections == "keep-up")
        finally:
            node.stop()
    if not as_json:
        _show(found)
    return found


def _measure(node: Node, batches: list[Columns], *, keep_up: bool) -> dict[str, Any]:
    _play(node, batches[:WARM_UP_BATCHES], keep_up=True)
    node.projections.wait_for(node.book.height, CATCH_UP_S)
    node.phases.reset()
    timed = batches[WARM_UP_BATCHES:]
    began, began_cpu = time.perf_counter(), time.process_time()
    latencies_ms, outcomes = _play(node, timed, keep_up=keep_up)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    lag_blocks = node.projections.lag()
    node.projections.wait_for(node.book.height, CATCH_UP_S)
    behind_s = time.perf_counter() - began - seconds
    payments = sum(len(batch) for batch in timed)
    p50, p99, most = np.percentile(latencies_ms, (50, 99, 100))
    return {
        "bench": "pipeline",
        "rate_per_s": round(payments / seconds),
        "latency_ms": {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(most, 1)},
        "phases_us": {
            name: round(micros, 3) for name, micros in sorted(node.phases.us_per_payment().items())
        },
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "durable": True,
            "batch": BATCH_ROWS_MAX,
            "in_flight": IN_FLIGHT_MAX,
            "accounts": node.book.accounts_count,
            "payments": payments,
            "cpu_us_per_payment": round(cpu_s * 1e6 / payments, 1),  # all threads together
            "projections": "keeping up" if keep_up else "following",
            "projections_lag_blocks": lag_blocks,
            "projections_behind_s": round(behind_s, 2),
            "presigned": True,
            "signed_payments": True,
            "screened": "party cache warm",
            "accepted": outcomes[Outcome.ACCEPT],
            "declined": outcomes[Outcome.DECLINE],
        },
        "peers": [],
    }


def _play(
    node: Node, batches: list[Columns], *, keep_up: bool
) -> tuple[list[float], dict[Outcome, int]]:
    """Milliseconds from handing a batch in to its durable answers, and what became of the rows."""
    flying: deque[tuple[float, Future[Share]]] = deque()
    latencies_ms: list[float] = []
    outcomes = dict.fromkeys(Outcome, 0)

    def land() -> None:
        began, future = flying.popleft()
        share = future.result()
        latencies_ms.append((time.perf_counter() - began) * 1e3)
        if share.answers.left:
            raise next(e for e in share.answers.left.values() if isinstance(e, ClearwayError))
        counts = np.bincount(share.answers.heads["outcome"], minlength=len(Outcome))
        for outcome in Outcome:
            outcomes[outcome] += int(counts[outcome])
        moved = share.answers.results["code"][share.answers.heads["outcome"] == Outcome.ACCEPT]
        assert not moved.any(), f"invariant: accepted payments settle, {np.unique(moved)}"

    for batch in batches:
        while len(flying) >= IN_FLIGHT_MAX:
            land()
        if keep_up:
            node.projections.wait_for(node.book.height - LAG_BLOCKS_MAX, CATCH_UP_S)
        flying.append((time.perf_counter(), node.batcher.submit_columns(batch)))
    while flying:
        land()
    if keep_up:
        node.projections.wait_for(node.book.height, CATCH_UP_S)
    return latencies_ms, outcomes


def _show(found: dict[str, Any]) -> None:
    latency, conditions = found["latency_ms"], found["conditions"]
    print(f"pipeline: {found['rate_per_s']:,} signed payments per second, durable")
    print(f"  a batch of {conditions['batch']:,}: p50 {latency['p50']} ms, p99 {latency['p99']} ms")
    for phase, micros in found["phases_us"].items():
        print(f"  {phase:<18} {micros:8.3f} us per payment")
    print(f"  {'all threads, CPU':<18} {conditions['cpu_us_per_payment']:8.3f} us per payment")
    print(f"  projections {conditions['projections_behind_s']} s behind at the end")


# --- a node to measure --------------------------------------------------------------------------


def _town(node: Node) -> Town:
    world = World(1, CUSTOMERS, MERCHANTS, DAYS)
    count = len(world.population)
    addresses = b"".join(account_address(node.secret, f"b{number}") for number in range(count))
    numbers = {asset.code: asset.number for asset in node.book.assets()}
    seeds = np.zeros((count, 32), np.uint8)
    seeds[:, :8] = np.arange(1, count + 1, dtype="<u8").view(np.uint8).reshape(count, 8)
    return Town(
        world=world,
        addresses=np.frombuffer(addresses, np.uint8).reshape(count, 20),
        seeds=seeds,
        assets=np.array([numbers[code] for code in ASSETS], np.uint32),
    )


def _open_accounts(node: Node, town: Town) -> None:
    """Everybody holds every asset, so that each payment is one transfer in the payer's asset."""
    now_ns = node.clock()
    names, country = town.world.names(), town.world.population.country
    records, submissions = [], []
    for number, row in enumerate(town.addresses):
        owner = {"name": names[number], "country": COUNTRIES[country[number]].code}
        address = row.tobytes()
        records.append(AccountRecord(address, f"b{number}", msgspec.json.encode(owner), None))
        units = pack_account_units(
            owner=public_key(town.seeds[number]), assets=town.assets.tolist()
        )
        head = pack_head(
            kind=Kind.OPEN_ACCOUNT,
            id=_id("open", number),
            payer=address,
            created_ns=now_ns,
            valid_until_ns=now_ns + VALID_NS,
        )
        submissions.append(Submission(head, bytes(32), units=units))
    for start in range(0, len(records), SETUP_ROWS):
        node.vault.save_accounts(records[start : start + SETUP_ROWS])
        _place(node, Columns.of(submissions[start : start + SETUP_ROWS]))


def _fund(node: Node, town: Town) -> None:
    """Also screens everybody: money may not go to who was not screened."""
    now_ns = node.clock()
    balances = town.world.opening_balances()
    heads = _blank(len(balances), Kind.ISSUE)
    heads["payer"] = np.frombuffer(account_address(node.secret, NOSTRO), np.uint8)
    heads["payee"] = town.addresses[balances["account"]]
    heads["asset"] = town.assets[balances["asset"]]
    heads["amount_lo"] = balances["amount_minor"]
    heads["id"] = _ids("fund", len(balances))
    heads["created_ns"], heads["valid_until_ns"] = now_ns, now_ns + VALID_NS
    columns = _columns(heads, np.zeros((len(heads), 64), np.uint8))
    for start in range(0, len(columns), SETUP_ROWS):
        _place(node, columns.take(start, min(start + SETUP_ROWS, len(columns))))


def _signed_batches(node: Node, town: Town) -> list[Columns]:
    payments = town.world.payments()[: (BATCHES + WARM_UP_BATCHES) * BATCH_ROWS_MAX]
    heads = _blank(len(payments), Kind.PAYMENT)
    heads["flags"] = Flag.SIGNED
    heads["payer"] = town.addresses[payments["payer"]]
    heads["payee"] = town.addresses[payments["payee"]]
    heads["asset"] = town.assets[payments["asset"]]
    heads["amount_lo"] = payments["amount_minor"]
    purposes = [int.from_bytes(code.encode("ascii"), "little") for code in PURPOSES]
    heads["purpose"] = np.array(purposes, np.uint32)[payments["purpose"]]
    heads["id"] = _ids("pay", len(payments))
    heads["created_ns"] = payments["time_ns"]
    heads["valid_until_ns"] = node.clock() + SIGNED_VALID_NS
    hashes = hash_rows("instruction", _instructions(heads), INSTRUCTION_BYTES)
    asked = np.empty((len(heads), 64), np.uint8)
    asked[:, :32] = np.frombuffer(node.book.chain_id, np.uint8)
    asked[:, 32:] = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
    digests = hash_rows("authorise", asked, 64)
    signed = sign_rows(town.seeds[payments["payer"]], digests)
    columns = _columns(heads, np.frombuffer(signed, np.uint8).reshape(-1, 64))
    return [
        columns.take(start, start + BATCH_ROWS_MAX)
        for start in range(0, len(columns), BATCH_ROWS_MAX)
    ]


def _place(node: Node, columns: Columns) -> None:
    """Whoever of the world is called like a listed person gets no money."""
    share = node.batcher.submit_columns(columns).result()
    for answer in share.answers.left.values():
        if isinstance(answer, ClearwayError) and answer.code != "policy.sanctions":
            raise answer
    codes = share.answers.results["code"]
    assert not codes.any(), f"invariant: a benchmark's set-up is accepted, {np.unique(codes)}"


def _blank(rows: int, kind: Kind) -> Heads:
    heads = np.zeros(rows, HEAD)
    heads["version"], heads["kind"] = VERSION, kind
    return heads


def _instructions(heads: Heads) -> npt.NDArray[np.uint8]:
    rows = heads.view(np.uint8).reshape(len(heads), HEAD.itemsize)
    return np.ascontiguousarray(rows[:, :INSTRUCTION_BYTES])


def _columns(heads: Heads, signatures: npt.NDArray[np.uint8]) -> Columns:
    hashes = hash_rows("details", _instructions(heads), INSTRUCTION_BYTES)
    return Columns(heads, np.frombuffer(hashes, np.uint8).reshape(-1, 32), signatures)


def _id(series: str, number: int) -> bytes:
    return series.encode().ljust(8, b"\0") + number.to_bytes(8, "little")


def _ids(series: str, count: int) -> npt.NDArray[np.uint8]:
    rows = b"".join(_id(series, number) for number in range(count))
    return np.frombuffer(rows, np.uint8).reshape(count, 16)
