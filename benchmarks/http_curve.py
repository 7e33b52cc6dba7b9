"""Latency of single payments against load, open loop, to the point where the curve bends.

    python -m benchmarks.http_curve [--svg FILE] [--seconds S]

Payments are due at random times (Poisson) that do not depend on the answers, and a latency counts
from when the payment was due: a node that falls behind makes all who come after it wait, and the
figures say so (no coordinated omission). 256 connections carry one payment each; one that finds
them all taken waits for the next. The client's timer is coarse, so up to a millisecond is its own.
The node has one core and the client another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from benchmarks.picture import Axis, draw_lines
from benchmarks.upload import cpu_seconds
from clearway.app.bench.http import ACCOUNTS, Client, Connection, connect, node_of_its_own
from clearway.app.bench.http import open_accounts as open_bench_accounts

LOADS_PER_S = (250, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 5_000, 5_500,
               6_000, 6_500, 7_000)  # fmt: skip
SECONDS = 5.0
WARM_UP_S = 2.0
CONNECTIONS = 256
DRAIN_S_MAX = 10.0
BEND_P99_MS = 250.0  # beyond it the node is not keeping up
PERCENTILES = (50, 95, 99, 100)


class OpenLoop:
    """One load: payments sent when they are due, whatever became of those before."""

    def __init__(self, client: Client, connections: list[Connection], name: str) -> None:
        self._client = client
        self._free = deque(connections)
        self._late: deque[tuple[int, float]] = deque()
        self._name = name
        self._pairs = np.random.default_rng(len(name)).integers(0, ACCOUNTS, (1 << 14, 2)).tolist()
        self.latencies_s: list[float] = []
        self.failed = 0

    async def run(self, load_per_s: float, seconds: float, seed: int) -> bool:
        """False when not every payment was answered within DRAIN_S_MAX of the last one's time."""
        gaps = np.random.default_rng(seed).exponential(1 / load_per_s, round(load_per_s * seconds))
        due = (time.perf_counter() + 0.05 + np.cumsum(gaps)).tolist()
        for number, at in enumerate(due):
            wait_s = at - time.perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            elif number % 32 == 0:
                await asyncio.sleep(0)  # behind: answers are read all the same
            if self._free:
                self._send(self._free.popleft(), number, at)
            else:
                self._late.append((number, at))
        give_up = due[-1] + DRAIN_S_MAX
        while len(self.latencies_s) + self.failed < len(due) and time.perf_counter() < give_up:
            await asyncio.sleep(0.01)
        return len(self.latencies_s) == len(due)

    def _send(self, connection: Connection, number: int, due: float) -> None:
        payer, payee = self._pairs[number & 0x3FFF]
        if payer == payee:
            payee = (payee + 1) % ACCOUNTS
        body = b'{"from":"a%d","to":"a%d","amount":"%d.25","asset":"EUR/2","reference":"r"}' % (
            payer, payee, number % 90 + 1,
        )  # fmt: skip
        answer = connection.ask(self._client.post("/v1/payments", body, f"{self._name}-{number}"))
        answer.add_done_callback(lambda done: self._answered(done, connection, due))

    def _answered(
        self, done: asyncio.Future[tuple[int, bytes]], connection: Connection, due: float
    ) -> None:
        if done.result()[0] == 201:
            self.latencies_s.append(time.perf_counter() - due)
        else:
            self.failed += 1
        if self._late:
            self._send(connection, *self._late.popleft())
        else:
            self._free.append(connection)


async def _measure(port: int, key: str, pid: int, seconds: float) -> list[dict[str, Any]]:
    client, connections = Client(port, key), await connect(port, CONNECTIONS)
    await OpenLoop(client, connections, "warm").run(1_000, WARM_UP_S, seed=0)
    points: list[dict[str, Any]] = []
    for load_per_s in LOADS_PER_S:
        loop = OpenLoop(client, connections, f"load{load_per_s}")
        began, began_cpu_s = time.perf_counter(), cpu_seconds(pid)
        kept_up = await loop.run(load_per_s, seconds, seed=load_per_s)
        took_s = time.perf_counter() - began
        if loop.latencies_s:
            values = np.percentile(np.array(loop.latencies_s) * 1e3, PERCENTILES)
            answered = len(loop.latencies_s)
            points.append(
                {
                    "load_per_s": load_per_s,
                    "answered_per_s": round(answered / took_s),
                    "refused": loop.failed,
                    "latency_ms": dict(
                        zip(("p50", "p95", "p99", "max"), np.round(values, 2).tolist(), strict=True)
                    ),
                    "cpu_us_per_payment": round(
                        (cpu_seconds(pid) - began_cpu_s) * 1e6 / answered, 1
                    ),
                }
            )
        if not kept_up or points[-1]["latency_ms"]["p99"] > BEND_P99_MS:
            break
    return points


def run(*, seconds: float) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder,
        node_of_its_own(Path(folder), {cores[-1]}) as node,
    ):
        uvloop.run(open_bench_accounts(node.port, node.key))
        os.sched_setaffinity(0, {cores[0]})
        try:
            points = uvloop.run(_measure(node.port, node.key, node.pid, seconds))
        finally:
            os.sched_setaffinity(0, set(cores))
    kept = [point["load_per_s"] for point in points if point["latency_ms"]["p99"] <= BEND_P99_MS]
    return {
        "bench": "http_curve",
        "bends_above_per_s": max(kept, default=0),
        "points": points,
        "conditions": {
            "durable": True,
            "arrivals": "Poisson, latency from the time each was due",
            "connections": CONNECTIONS,
            "accounts": ACCOUNTS,
            "seconds_a_load": seconds,
            "cores": {"server": 1, "client": 1 if len(cores) > 1 else "shared"},
            "bend": f"p99 above {BEND_P99_MS:.0f} ms, or payments left unanswered",
        },
    }


# --- the picture ----------------------------------------------------------------------------------

MS_MIN, MS_MAX = 1.0, 1_000.0


def draw(points: list[dict[str, Any]]) -> str:
    """Load along the bottom, latency on a logarithmic side: one line a percentile."""
    most = max(point["load_per_s"] for point in points)
    lines = {
        name: [(point["load_per_s"], point["latency_ms"][name]) for point in points]
        for name in ("p50", "p95", "p99")
    }
    loads = [(load, f"{load}") for load in range(0, most + 1, 1_000)]
    times = [(ms, f"{ms}") for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)]
    return draw_lines(
        "Latency of POST /v1/payments against load, open loop",
        lines,
        x=Axis(0, most, loads, "payments a second, one server core"),
        y=Axis(MS_MIN, MS_MAX, times, "milliseconds to a durable answer", is_log=True),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    found = run(seconds=asked.seconds)
    if asked.svg is not None:
        asked.svg.parent.mkdir(parents=True, exist_ok=True)
        asked.svg.write_text(draw(found["points"]))
    print(json.dumps(found))
