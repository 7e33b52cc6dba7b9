"""A real `clearway up --dev` in a process of its own, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CLEARWAY = Path(sys.executable).parent / "clearway"
START_S_MAX = 60.0

_SMALL_LIST = '36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'

# Risk stops nothing, so that a test says itself what is unusual.
ACCEPT_ALL = {"CLEARWAY_REVIEW_BPS_MIN": "10000", "CLEARWAY_DECLINE_BPS_MIN": "10000"}


def small_list(folder: Path) -> dict[str, str]:
    """The environment of a node that screens against one name, written in `folder`: it starts in
    less time than with the shipped lists."""
    lists = folder / "lists"
    lists.mkdir()
    (lists / "sdn.csv").write_text(_SMALL_LIST)
    return {"CLEARWAY_LISTS": str(lists)}


class Served:
    """One start of a node; `kill` is what a power cut does to the process."""

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        environment: dict[str, str] | None = None,
        clearway: Path = CLEARWAY,
    ):
        self.data = data
        self.log = data.with_name(data.name + ".log").open("ab")
        self.process = subprocess.Popen(
            [clearway, "up", "--dev", "--data", data, "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.url = self._read_url()
        self.key = (data / "dev-api-key").read_text().strip()
        self._wait_ready()

    def _read_url(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                return line.removeprefix("listening on ").strip()
        raise AssertionError(f"clearway up ended with {self.process.wait()}")

    def _wait_ready(self) -> None:
        client = Client(self)
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "clearway up ended while it was starting"
            if client.send("GET", "/readyz")[0] == 200:
                client.close()
                return
            time.sleep(0.02)
        raise AssertionError("clearway up did not become ready")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self) -> int:
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()
        return code


class Client:
    """One kept connection. Raises OSError or HTTPException when the node is gone."""

    def __init__(self, served: Served) -> None:
        self._headers = {
            "Authorization": f"Bearer {served.key}",
            "Content-Type": "application/json",
        }
        self._connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)

    def send(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, Any]:
        status, data = self.send_raw(method, path, body, key=key)
        return status, json.loads(data)

    def send_raw(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, bytes]:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._connection.close()
