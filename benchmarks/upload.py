"""How many payments a second an upload carries: `POST /v1/payments/batch`, every answer durable.

    python -m benchmarks.upload [--lines N] [--cores 1|2]

One client sends N lines of NDJSON over one connection and reads the answers while it sends. The
clock runs from the first byte sent to the last byte of the last answer. The client is plain
sockets with prepared bytes; it counts answers and looks at each one's status.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from clearway.app.bench.http import ACCOUNTS, node_of_its_own, open_accounts

LINES = 300_000
WARM_UP_LINES = 30_000
SEND_BYTES = 262_144


def run(*, lines: int, cores: int) -> dict[str, Any]:
    """cores: that the node may use, 1 or 2; the client takes what is left, or a share."""
    allowed = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="clearway-bench-") as folder,
        node_of_its_own(Path(folder), set(allowed[-cores:])) as node,
    ):
        uvloop.run(open_accounts(node.port, node.key))
        _upload(node.port, node.key, _lines("warm", WARM_UP_LINES))
        seconds, cpu_s, counted = _timed(node.port, node.key, node.pid, lines)
    return {
        "bench": "upload",
        "rate_per_s": round(lines / seconds),
        "conditions": {
            "durable": True,
            "lines": lines,
            "accounts": ACCOUNTS,
            "connections": 1,
            "projections": "following",
            "presigned": False,
            "cores": {"server": cores, "machine": len(allowed)},
            "cpu_us_per_payment": round(cpu_s * 1e6 / lines, 1),  # of the node, all threads
            "answers": dict(counted),
        },
        "peers": [],
    }


def _timed(port: int, key: str, pid: int, lines: int) -> tuple[float, float, Counter[str]]:
    content = _lines("timed", lines)
    began, began_cpu_s = time.perf_counter(), cpu_seconds(pid)
    counted = _upload(port, key, content)
    return time.perf_counter() - began, cpu_seconds(pid) - began_cpu_s, counted


def cpu_seconds(pid: int) -> float:
    """Of all threads of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _lines(name: str, count: int) -> bytes:
    pairs = np.random.default_rng(len(name)).integers(0, ACCOUNTS, (count, 2)).tolist()
    rows = []
    for number, (payer, payee) in enumerate(pairs):
        if payer == payee:
            payee = (payee + 1) % ACCOUNTS
        rows.append(
            b'{"from":"a%d","to":"a%d","amount":"%d.25","asset":"EUR/2","reference":"r",'
            b'"idempotency_key":"%b-%d"}\n' % (payer, payee, number % 90 + 1, name.encode(), number)
        )
    return b"".join(rows)


def _upload(port: int, key: str, content: bytes) -> Counter[str]:
    head = (
        f"POST /v1/payments/batch HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        f"authorization: Bearer {key}\r\ncontent-type: application/x-ndjson\r\n"
        f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        sender = threading.Thread(target=_send, args=(connection, head, content))
        sender.start()
        parts = []
        while part := connection.recv(1 << 20):
            parts.append(part)
        sender.join()
    return _count(b"".join(parts), content.count(b"\n"))


def _send(connection: socket.socket, head: bytes, content: bytes) -> None:
    connection.sendall(head)
    for start in range(0, len(content), SEND_BYTES):
        connection.sendall(content[start : start + SEND_BYTES])


def _count(response: bytes, lines: int) -> Counter[str]:
    """Status of every answer, in order; the chunks' framing is taken away first."""
    body = bytearray()
    at = response.index(b"\r\n\r\n") + 4
    while True:
        end = response.index(b"\r\n", at)
        size = int(response[at:end], 16)
        if size == 0:
            break
        body += response[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
    counted: Counter[str] = Counter()
    answers = bytes(body).splitlines()
    for number, answer in enumerate(answers, 1):
        assert answer.startswith(b'{"line":%d,' % number), answer[:100]
        status = answer.find(b'"status":"') + 10
        counted[answer[status : answer.find(b'"', status)].decode()] += 1
    assert len(answers) == lines, f"{len(answers)} answers to {lines} lines"
    return counted


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--cores", type=int, default=2, choices=(1, 2))
    asked = parser.parse_args()
    print(json.dumps(run(lines=asked.lines, cores=asked.cores)))
