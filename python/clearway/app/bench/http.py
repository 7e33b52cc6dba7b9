"""`clearway bench http`: single POST /v1/payments over 64 open connections.

A real node (`clearway up --dev` in its own process, pinned to one core) is driven from another
core. Each connection sends its next payment when the last is answered; an answer is sent after the
block that holds the payment is on disk. The client is plain asyncio on sockets with prepared
bytes, because a comfortable one would measure itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import uvloop

CONNECTIONS = 64
ACCOUNTS = 1_000
WARM_UP_S = 4.0
MEASURE_S = 10.0
START_S_MAX = 120.0
FUNDING = "1000000.00"
PERCENTILES = (50, 99, 100)


def run(*, as_json: bool) -> dict[str, Any]:
    """rate_per_s: answers with status 201 per second over MEASURE_S."""
    cores = sorted(os.sched_getaffinity(0))
    server_core, client_core = cores[-1], cores[0]
    with (
        tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder,
        node_of_its_own(Path(folder), {server_core}) as node,
    ):
        os.sched_setaffinity(0, {client_core})
        try:
            found = uvloop.run(_measure(node.port, node.key))
        finally:
            os.sched_setaffinity(0, set(cores))
    found["conditions"]["cores"] = {"server": 1, "client": 1 if len(cores) > 1 else "shared"}
    if not as_json:
        latency = found["latency_ms"]
        print(f"http: {found['rate_per_s']:,} payments per second, {CONNECTIONS} connections")
        print(f"  p50 {latency['p50']} ms, p99 {latency['p99']} ms, max {latency['max']} ms")
        print(f"  answers: {found['conditions']['answers']}")
    return found


class OwnNode(NamedTuple):
    """A node in a process of its own."""

    port: int
    key: str
    pid: int


@contextlib.contextmanager
def node_of_its_own(folder: Path, cores: set[int]) -> Iterator[OwnNode]:
    """On a free port, bound to these cores."""
    command = [sys.executable, "-m", "clearway", "up", "--dev", "--data", str(folder)]
    process = subprocess.Popen(
        [*command, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    try:
        port = _wait_until_ready(process)
        key = (folder / "dev-api-key").read_text("utf-8").strip()
        yield OwnNode(port, key, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_until_ready(process: subprocess.Popen[str]) -> int:
    from http.client import HTTPConnection

    assert process.stdout is not None
    line = ""
    while not line.startswith("listening on "):
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the node ended before it listened")
    port = int(line.rsplit(":", 1)[1])
    give_up = time.monotonic() + START_S_MAX
    while time.monotonic() < give_up:
        with contextlib.suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return port
        time.sleep(0.1)
    raise RuntimeError("the node was not ready in time")


class Connection(asyncio.Protocol):
    """One request at a time; `ask` gives status and body. HTTP/1.1 with a content-length."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed by the node"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.find(b"content-length: ", 0, end) + 16
        length = int(self._buffer[at : self._buffer.find(b"\r", at)])
        stop = end + 4 + length
        if len(self._buffer) < stop:
            return
        status, body = int(self._buffer[9:12]), self._buffer[end + 4 : stop]
        self._buffer = self._buffer[stop:]
        assert self._answer is not None
        self._answer.set_result((status, body))


class Client:
    """Writes requests for one key."""

    def __init__(self, port: int, key: str) -> None:
        self._head = (
            f"host: 127.0.0.1:{port}\r\nauthorization: Bearer {key}\r\n"
            "content-type: application/json\r\n"
        ).encode()

    def post(self, path: str, body: bytes, key: str) -> bytes:
        return b"POST %s HTTP/1.1\r\n%sidempotency-key: %s\r\ncontent-length: %d\r\n\r\n%s" % (
            path.encode(), self._head, key.encode(), len(body), body,
        )  # fmt: skip


async def connect(port: int, count: int) -> list[Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]


async def open_accounts(port: int, key: str) -> None:
    """Opens and funds the accounts that benchmarks pay between."""
    connections = await connect(port, CONNECTIONS)
    await _open_accounts(Client(port, key), connections)
    for connection in connections:
        connection.close()


async def _measure(port: int, key: str) -> dict[str, Any]:
    client = Client(port, key)
    connections = await connect(port, CONNECTIONS)
    await _open_accounts(client, connections)
    counted: Counter[str] = Counter()
    latencies: list[float] = []
    start = time.perf_counter() + WARM_UP_S
    tasks = [
        _pay(client, connection, number, start, latencies, counted)
        for number, connection in enumerate(connections)
    ]
    await asyncio.gather(*tasks)
    percentiles = np.percentile(np.array(latencies) * 1e3, PERCENTILES)
    p50, p99, most = (round(float(value), 2) for value in percentiles)
    return {
        "bench": "http",
        "rate_per_s": round(len(latencies) / MEASURE_S),
        "latency_ms": {"p50": p50, "p99": p99, "max": most},
        "phases_us": {},
        "conditions": {
            "durable": True,
            "connections": CONNECTIONS,
            "batch": "as it comes",
            "accounts": ACCOUNTS,
            "projections": True,
            "presigned": False,
            "seconds": MEASURE_S,
            "answers": dict(counted),
        },
        "peers": [],
    }


async def _open_accounts(client: Client, connections: list[Connection]) -> None:
    """Opens and funds the accounts, spread over the connections."""

    async def open_some(first: int) -> None:
        connection = connections[first]
        for number in range(first, ACCOUNTS, CONNECTIONS):
            account = {"id": f"a{number}", "assets": ["EUR/2"]}
            money = {"account": f"a{number}", "amount": FUNDING, "asset": "EUR/2"}
            for path, body in (("/v1/accounts", account), ("/v1/faucet", money)):
                request = client.post(path, json.dumps(body).encode(), f"{path[4:]}-{number}")
                status, answer = await connection.ask(request)
                if status != 201:
                    raise RuntimeError(f"{path}: {status} {answer.decode()}")

    await asyncio.gather(*(open_some(first) for first in range(len(connections))))


async def _pay(
    client: Client,
    connection: Connection,
    number: int,
    start: float,
    latencies: list[float],
    counted: Counter[str],
) -> None:
    random = np.random.default_rng(number)
    pairs = random.integers(0, ACCOUNTS, (1 << 16, 2))
    end = start + MEASURE_S
    for turn in range(1 << 30):
        payer, payee = pairs[turn & 0xFFFF].tolist()
        if payer == payee:
            payee = (payee + 1) % ACCOUNTS
        body = b'{"from":"a%d","to":"a%d","amount":"%d.25","asset":"EUR/2","reference":"r"}' % (
            payer, payee, turn % 90 + 1,
        )  # fmt: skip
        sent = time.perf_counter()
        if sent > end:
            return
        status, answer = await connection.ask(
            client.post("/v1/payments", body, f"p{number}-{turn}")
        )
        if sent >= start:
            latencies.append(time.perf_counter() - sent)
            counted[_outcome(status, answer)] += 1


def _outcome(status: int, answer: bytes) -> str:
    if status != 201:
        return str(status)
    at = answer.find(b'"status":"') + 10
    return answer[at : answer.find(b'"', at)].decode()
