"""Cases beside 1,000,000 payments: how long their questions take over HTTP. JSON on the last line.

A real node in this process: its payments go through every room and are booked durably. A hundred
thousand accounts pay each other over 60 days; some are paid by everybody (shops), and a few are
mules that many pay and that send on what they got. One in two hundred payments, and every payment
to a mule, is set to review, about 10,000 alerts; who decides so is the bench, not the model.
Questions come one at a time over one connection: of the cases with most alerts, and of the last.

    python -m benchmarks.cases --payments 1000000
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import parse_config
from clearway.app.genesis import NOSTRO
from clearway.app.serve import GC_THRESHOLDS, ServerThread, dev_api_key
from clearway.lifecycle.watch import Watch
from clearway.payment.batch import VALID_NS, Columns
from clearway.payment.ids import account_address
from clearway.payment.records import (
    HEAD,
    VERSION,
    Heads,
    Kind,
    Outcome,
    pack_account_units,
)
from clearway.risk.decide import Scorer
from clearway.risk.facts import Facts
from clearway.risk.scores import Scores
from clearway.store.cases import CaseStore
from clearway.store.vault import AccountRecord

SEED: Final = 21
ACCOUNTS: Final = 100_000
SHOPS: Final = 200
MULES: Final = 40
FUNDS_MINOR: Final = 10**9
BATCH_ROWS: Final = 4_096
DAYS: Final = 60
ASKED: Final = 100
_SMALL_LIST = '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'


class Clock:
    """Real time, and what the bench lets pass."""

    def __init__(self) -> None:
        self.added_ns = 0

    def __call__(self) -> int:
        return time.time_ns() + self.added_ns


class Drawn:
    """The real scorer, with the bench's own outcome: `stop` says which rows of a batch."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.stop = np.zeros(0, np.bool_)

    def score(self, facts: Facts, reviewable: npt.NDArray[np.bool_]) -> Scores:
        scores = self._scorer.score(facts, reviewable)
        stop = self.stop[: len(facts)]
        scores.outcome[:] = np.where(stop, Outcome.REVIEW, Outcome.ACCEPT)
        scores.score_bps[:] = np.where(stop, 500 + facts["payer"] % 9_000, 0)
        scores.reasons[:] = np.where(stop, np.uint64(1 << 15 | 1 << 2), np.uint64(0))
        return scores

    def __getattr__(self, name: str) -> object:
        return getattr(self._scorer, name)


class Town:
    def __init__(self, node: Node, clock: Clock) -> None:
        self.node, self.clock = node, clock
        self.chance = np.random.default_rng(SEED)
        names = [f"c{number}" for number in range(ACCOUNTS)]
        packed = b"".join(account_address(node.secret, name) for name in names)
        self.addresses = np.frombuffer(packed, np.uint8).reshape(ACCOUNTS, 20)
        self.names = names
        self._id = 0

    def open(self) -> None:
        """Every account with an owner's name in the vault, and with money."""
        nostro = np.frombuffer(account_address(self.node.secret, NOSTRO), np.uint8)
        for start in range(0, ACCOUNTS, BATCH_ROWS):
            rows = self.addresses[start : start + BATCH_ROWS]
            self.node.vault.save_accounts(
                [
                    AccountRecord(
                        row.tobytes(),
                        self.names[start + at],
                        json.dumps({"name": f"Person {start + at}", "country": "DE"}).encode(),
                        None,
                    )
                    for at, row in enumerate(rows)
                ]
            )
            opened = self._heads(Kind.OPEN_ACCOUNT, len(rows))
            opened["payer"] = rows
            self._place(opened, units=pack_account_units(assets=[1]))
            funded = self._heads(Kind.ISSUE, len(rows))
            funded["payer"], funded["payee"] = nostro, rows
            funded["asset"], funded["amount_lo"] = 1, FUNDS_MINOR
            self._place(funded)

    def pay(self, payments: int, drawn: Drawn) -> int:
        """Returns how many were stopped."""
        stopped = 0
        step_ns = DAYS * 86_400 * 10**9 // -(-payments // BATCH_ROWS)
        for start in range(0, payments, BATCH_ROWS):
            count = min(BATCH_ROWS, payments - start)
            payer, payee, to_mule = self._parties(count)
            heads = self._heads(Kind.PAYMENT, count)
            heads["payer"], heads["payee"] = self.addresses[payer], self.addresses[payee]
            heads["asset"] = 1
            heads["amount_lo"] = self.chance.lognormal(8.5, 1.2, count).astype(np.uint64) + 1
            drawn.stop = to_mule | (self.chance.random(count) < 0.005)
            stopped += int(drawn.stop.sum())
            self._place(heads)
            self.clock.added_ns += step_ns
        return stopped

    def _parties(self, count: int) -> tuple[Any, Any, npt.NDArray[np.bool_]]:
        """Who pays whom: a quarter goes to shops, a hundredth to and from mules."""
        chance = self.chance
        payer = chance.integers(SHOPS + MULES, ACCOUNTS, count)
        payee = chance.integers(SHOPS + MULES, ACCOUNTS, count)
        kind = chance.random(count)
        shop = kind < 0.25
        payee[shop] = chance.integers(0, SHOPS, int(shop.sum()))
        to_mule = (kind > 0.25) & (kind < 0.255)
        payee[to_mule] = chance.integers(SHOPS, SHOPS + MULES, int(to_mule.sum()))
        from_mule = (kind > 0.255) & (kind < 0.26)
        payer[from_mule] = chance.integers(SHOPS, SHOPS + MULES, int(from_mule.sum()))
        same = payer == payee
        payee[same] = (payee[same] + 1) % ACCOUNTS
        return payer, payee, to_mule

    def _heads(self, kind: Kind, count: int) -> Heads:
        now_ns = self.clock()
        heads = np.zeros(count, HEAD)
        heads["version"], heads["kind"] = VERSION, kind
        heads["id"] = self.chance.integers(0, 256, (count, 16), np.uint8)
        heads["created_ns"], heads["valid_until_ns"] = now_ns, now_ns + VALID_NS
        return heads

    def _place(self, heads: Heads, *, units: bytes = b"") -> None:
        columns = Columns(
            heads=heads,
            request_hashes=np.zeros((len(heads), 32), np.uint8),
            signatures=np.zeros((len(heads), 64), np.uint8),
            privates=None,
            units=dict.fromkeys(range(len(heads)), units) if units else {},
            marks={},
            together={},
        )
        share = self.node.batcher.submit_columns(columns).result()
        for answer in share.answers.left.values():
            raise SystemExit(f"not placed: {answer}")
        codes = share.answers.results["code"]
        if codes.any():
            raise SystemExit(f"refused: {np.unique(codes)}")


def measure_following(node: Node, folder: Path) -> dict[str, Any]:
    """A new file of cases takes in the whole chain, alone."""
    store = CaseStore(folder / "again.sqlite")
    watch = Watch(node.rooms, store, deadline_ns=10**18)
    began, began_cpu = time.perf_counter(), time.thread_time()
    watch.look()
    seconds, cpu_s = time.perf_counter() - began, time.thread_time() - began_cpu
    acts = store.verify().acts
    began = time.perf_counter()
    checked = store.verify()
    check_s = time.perf_counter() - began
    store.close()
    if not checked.ok:
        raise SystemExit(f"the log is not whole: {checked}")
    return {
        "alerts": acts,
        "seconds": round(seconds, 2),
        "alerts_per_s": round(acts / seconds),
        "cpu_us_per_alert": round(cpu_s / acts * 1e6, 1),
        "log_check_s": round(check_s, 2),
        "bytes_per_alert": round((folder / "again.sqlite").stat().st_size / acts),
    }


def measure_questions(http: httpx.Client, cases: list[str], drawn: list[str]) -> dict[str, Any]:
    """cases: the largest ones; drawn: others."""
    both = cases + drawn
    asked: dict[str, list[str]] = {
        "list_50": ["/v1/cases?limit=50"] * 20,
        "list_of_a_family": ["/v1/cases?limit=50&typology=laundering&status=open"] * 20,
        "list_of_an_account": [f"/v1/cases?account=c{SHOPS + at}" for at in range(MULES)],
        "case": [f"/v1/cases/{case}" for case in both],
        "timeline": [f"/v1/cases/{case}/timeline" for case in both],
        **{
            f"network_{hops}_hops": [f"/v1/cases/{case}/network?hops={hops}" for case in both]
            for hops in (1, 2, 3, 4)
        },
        "report": [f"/v1/cases/{case}/report" for case in both],
        "page": [f"/v1/cases/{case}/page" for case in both],
    }
    return {name: _timed(http, paths) for name, paths in asked.items()}


def _timed(http: httpx.Client, paths: list[str]) -> dict[str, Any]:
    spent, sizes = [], []
    for path in paths:
        began = time.perf_counter()
        answer = http.get(path)
        spent.append((time.perf_counter() - began) * 1e3)
        sizes.append(len(answer.content))
        if answer.status_code != 200:
            raise SystemExit(answer.text)
    return _figures(spent) | {"bytes_max": max(sizes)}


def measure_acts(http: httpx.Client, cases: list[str]) -> dict[str, Any]:
    """Each durable when it is answered."""

    def send(what: str, body: Any) -> list[float]:
        spent = []
        for case in cases:
            key = {"Idempotency-Key": os.urandom(8).hex()}
            began = time.perf_counter()
            answer = http.post(f"/v1/cases/{case}/{what}", json=body, headers=key)
            spent.append((time.perf_counter() - began) * 1e3)
            if answer.status_code != 200:
                raise SystemExit(answer.text)
        return spent

    return {
        "assign": _figures(send("assign", {"assignee": "dev"})),
        "notes": _figures(send("notes", {"text": "called"})),
        "propose": _figures(send("propose", {"decision": "fraud", "note": "it is"})),
    }


def _figures(spent_ms: list[float]) -> dict[str, Any]:
    p50, p99, most = np.percentile(spent_ms, (50, 99, 100))
    return {
        "asked": len(spent_ms),
        "ms_p50": round(float(p50), 1),
        "ms_p99": round(float(p99), 1),
        "ms_max": round(float(most), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        (folder / "lists").mkdir()
        (folder / "lists" / "sdn.csv").write_text(_SMALL_LIST)
        clock = Clock()
        settings = {"CLEARWAY_LISTS": str(folder / "lists")}
        node = build_node(parse_config(settings, dev=True, data=folder / "node"), clock=clock)
        token = dev_api_key(node)
        drawn = Drawn(node.scorer)
        node.rooms.scorer = drawn  # type: ignore[assignment]
        node.start()
        try:
            print(json.dumps(run(node, clock, drawn, token, folder, given.payments)))
        finally:
            node.stop()


def run(
    node: Node, clock: Clock, drawn: Drawn, token: str, folder: Path, payments: int
) -> dict[str, Any]:
    said: Callable[[str], None] = lambda text: print(text, flush=True)  # noqa: E731
    town = Town(node, clock)
    town.open()
    said(f"{ACCOUNTS:,} accounts")
    began = time.perf_counter()
    stopped = town.pay(payments, drawn)
    paid_s = time.perf_counter() - began
    said(f"{payments:,} payments in {paid_s:.0f} s, {stopped:,} stopped")
    began = time.perf_counter()
    node.projections.wait_for(node.book.height, 600)
    node.cases.catch_up(node.book.height, 600)
    behind_s = time.perf_counter() - began
    following = measure_following(node, folder)
    gc.collect()  # as `clearway up` does once it is ready
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    headers = {"Authorization": f"Bearer {token}"}
    with ServerThread(node) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        everything = node.cases.store.cases(node.institution, limit=1_000)
        by_alerts = sorted(everything, key=lambda case: -case.alerts)
        ids = [f"cas_{case.id.hex()}" for case in by_alerts]
        largest, others = ids[: ASKED // 2], ids[-(ASKED // 2) :]
        questions = measure_questions(http, largest, others)
        acts = measure_acts(http, largest + others)
    return {
        "bench": "cases",
        "questions": questions,
        "acts": acts,
        "following": following,
        "behind_payments_s": round(behind_s, 2),
        "conditions": {
            "cores": os.cpu_count(),
            "payments": payments,
            "accounts": ACCOUNTS,
            "alerts": stopped,
            "cases": node.cases.store.queue_length(node.institution),
            "alerts_of_the_largest_asked": by_alerts[0].alerts,
            "payments_per_s_meanwhile": round(payments / paid_s),
            "durable": True,
            "over": "HTTP, one connection, server and client in one process",
        },
    }


if __name__ == "__main__":
    main()
