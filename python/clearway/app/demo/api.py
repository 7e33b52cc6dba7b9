"""A client of the node's REST interface, as small as the demonstration needs it."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 30.0
TRIES_MAX: Final = 5
PAUSE_S: Final = 0.2


class ApiError(Exception):
    """An answer that is not the wanted one."""

    def __init__(self, method: str, path: str, status: int, body: Any) -> None:
        code = body.get("code", "") if isinstance(body, dict) else ""
        super().__init__(f"{method} {path} answered {status} {code}".strip())
        self.status, self.body = status, body


class Api:
    def __init__(self, url: str, key: str) -> None:
        self._address = urlsplit(url).netloc
        self._key = key

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None, None)

    def post(self, path: str, body: dict[str, Any], *, key: str) -> Any:
        """key: the Idempotency-Key, which makes it safe to ask again."""
        return self._ask("POST", path, body, key)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> Any:
        for last in range(TRIES_MAX):
            status, answer = self._send(method, path, body, key)
            retryable = isinstance(answer, dict) and answer.get("retryable") is True
            if status >= 400 and retryable and last < TRIES_MAX - 1:
                time.sleep(PAUSE_S)
                continue
            if status >= 400:
                raise ApiError(method, path, status, answer)
            return answer
        raise AssertionError("invariant: the last try answers or raises")

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, key: str | None
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
