"""`POST /v1/payments` from bytes to bytes without a coroutine: the door's busiest request.

It passes the checks of every other route, by the same functions and in the same order; only a
payment that is asked about again, or that may wait, needs a task, because it reads from the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec

from clearway.gateway.auth import require_scope
from clearway.gateway.door import Ask, Door, Headers, credentials, json_headers, problem_reply
from clearway.gateway.payment_checks import payment_hash, prepare_payment
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.payments import render_placed
from clearway.gateway.problems import UNREADABLE, invalid_body
from clearway.gateway.queueing import pay_or_wait
from clearway.gateway.render import to_json
from clearway.payment.batch import Placed
from clearway.payment.errors import ClearwayError, Fault, Refusal

PATH = "/v1/payments"
Reply = Callable[[int, Headers, bytes], None]
"""Status, headers and body; called once, on the loop's thread."""

log = logging.getLogger("clearway.gateway")
_decoder = msgspec.json.Decoder(PaymentRequest)


class SinglePayments:
    def __init__(self, door: Door) -> None:
        self.door = door
        self.tasks: set[asyncio.Task[None]] = set()

    def pay(
        self, headers: Iterable[tuple[bytes, bytes]], body: bytes | Refusal, reply: Reply
    ) -> None:
        """headers: of the request, names in lower case. body: or why it could not be read."""
        _Payment(self, reply).start(headers, body)


class _Payment:
    """One request on its way."""

    __slots__ = ("_ask", "_reply", "_request_id", "_single", "_started")

    def __init__(self, single: SinglePayments, reply: Reply) -> None:
        self._started = time.perf_counter()
        self._single = single
        self._reply = reply
        self._request_id = single.door.next_request_id()

    def start(self, headers: Iterable[tuple[bytes, bytes]], body: bytes | Refusal) -> None:
        try:
            self._ask = ask = self._admit(headers, body)
            if ask.body.when_short == "queue":
                self._begin(self._pay_or_wait())
                return
            try:
                submission = prepare_payment(ask)
            except Refusal as refusal:
                self._begin(self._answer_again(refusal))
            else:
                self._single.door.node.batcher.submit_told(submission, self._told)
        except Exception as error:
            self._refuse(error)

    def _begin(self, way: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(way)
        self._single.tasks.add(task)
        task.add_done_callback(self._single.tasks.discard)

    def _admit(self, headers: Iterable[tuple[bytes, bytes]], body: bytes | Refusal) -> Ask:
        door = self._single.door
        door.check_ready()
        authorization, idempotency_key = credentials(headers)
        key = door.authenticate(authorization)
        require_scope(key, "payments:write")
        if isinstance(body, Refusal):
            raise body
        op_id = door.op_id(key, idempotency_key)
        try:
            asked = _decoder.decode(body)
        except UNREADABLE as error:
            raise invalid_body(error) from None
        return Ask(
            door, key, self._request_id, body=asked, op_id=op_id, request_hash=payment_hash(asked)
        )

    async def _answer_again(self, refusal: Refusal) -> None:
        """What is refused now may have been paid before: the first answer stands for ever."""
        ask = self._ask
        try:
            placed = await ask.door.node.replay(ask.op_id, ask.request_hash)
            self._told(refusal if placed is None else placed)
        except Exception as error:
            self._refuse(error)

    async def _pay_or_wait(self) -> None:
        try:
            body = await pay_or_wait(self._ask)
        except Exception as error:
            self._refuse(error)
        else:
            self._end(201, json_headers(body, "req_" + self._ask.op_id.hex()), body)

    def _told(self, answer: Placed | ClearwayError) -> None:
        """What ordering placed, or why it did not."""
        if isinstance(answer, ClearwayError):
            self._refuse(answer)
            return
        try:
            body = to_json(render_placed(self._ask, answer))
        except Exception as error:
            self._refuse(error)
            return
        # A refusal by the ledger is part of the answer that must stay the same for ever.
        self._end(201, json_headers(body, "req_" + self._ask.op_id.hex()), body)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, ClearwayError):
            log.error("request %s", self._request_id, exc_info=error)
            error = Fault("node.bug")
        headers, body = problem_reply(error, self._request_id)
        self._end(error.kind.status, headers, body)

    def _end(self, status: int, headers: Headers, body: bytes) -> None:
        self._reply(status, headers, body)
        metrics = self._single.door.metrics
        metrics.count("POST", PATH, status)
        metrics.observe_payment(time.perf_counter() - self._started)
