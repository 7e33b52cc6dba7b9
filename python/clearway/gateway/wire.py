"""HTTP/1.1 connections: uvicorn's, with a short way for single payments.

For `POST /v1/payments` the way through ASGI (a task, an event, a scope and two messages for each
request) would cost as much as everything else that the door does. What is unusual in any way (a
request behind one that is not answered yet, `Expect`, HTTP/1.0, a client that does not read) goes
through ASGI like every other route, to the same functions.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from clearway.gateway.app import Gateway
from clearway.gateway.door import BODY_BYTES_MAX, Headers
from clearway.gateway.single import PATH
from clearway.payment.errors import Refusal

_PATH = PATH.encode()


class Wire(HttpToolsProtocol):
    """uvicorn makes one for each connection."""

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if self._is_single_payment():
            self.cycle = cast(RequestResponseCycle, _Exchange(self))
            return
        url, expects, headers = self.url, self.expect_100_continue, self.headers
        super().on_message_begin()  # makes the scope, which single payments do without
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _is_single_payment(self) -> bool:
        return (
            self.url == _PATH
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and (self.cycle is None or self.cycle.response_complete)
        )

    def on_body(self, body: bytes) -> None:
        if isinstance(self.cycle, _Exchange):
            self.cycle.take(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if isinstance(self.cycle, _Exchange):
            self.cycle.end_of_body()
        else:
            super().on_message_complete()


class _Exchange:
    """One single payment and its answer; to uvicorn, one of its own cycles."""

    __slots__ = (
        "_asked",
        "_parts",
        "_size",
        "_wire",
        "disconnected",
        "keep_alive",
        "response_complete",
    )
    message_event = asyncio.Event()  # uvicorn sets it when the connection is lost; nobody waits

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._parts: list[bytes] = []
        self._size = 0
        self._asked = False
        self.disconnected = False
        self.response_complete = False
        self.keep_alive = True

    def take(self, body: bytes) -> None:
        if self._asked:
            return  # it is too large
        self._size += len(body)
        if self._size <= BODY_BYTES_MAX:
            self._parts.append(body)
        else:
            self._pay(Refusal("request.too_large", limit_bytes=BODY_BYTES_MAX))

    def end_of_body(self) -> None:
        if not self._asked:
            self._pay(b"".join(self._parts))

    def _pay(self, body: bytes | Refusal) -> None:
        self._asked = True
        gateway: Gateway = self._wire.config.app  # type: ignore[assignment]
        gateway.single.pay(self._wire.headers, body, self._reply)

    def _reply(self, status: int, headers: Headers, body: bytes) -> None:
        self.response_complete = True
        wire: Any = self._wire
        if self.disconnected or wire.transport.is_closing():
            return  # what was ordered stands; the key answers for it
        head = [STATUS_LINE[status]]
        for name, value in headers:
            if name == b"connection":
                self.keep_alive = False
            head += (name, b": ", value, b"\r\n")
        if not self.keep_alive and headers[-1][0] != b"connection":
            head.append(b"connection: close\r\n")
        head += (b"\r\n", body)
        wire.transport.write(b"".join(head))
        if not self.keep_alive:
            wire.transport.close()
        wire.on_response_complete()
