"""`POST /v1/payments` from bytes to bytes without a coroutine: the door's busiest request.

It passes the checks of every other route, by the same functions and in the same order; only a
payment that is asked about again, or that may wait, needs a task, because it reads from the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec

from clearway.gateway.auth import require_scope
from clearway.gateway.door import (
    Ask,
    Door,
    Headers,
    credentials,
    json_headers,
    parse_key,
    problem_reply,
)
from clearway.gateway.payment_checks import identify_payments, prepare_payments
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.payments import render_placed
from clearway.gateway.problems import UNREADABLE, invalid_body
from clearway.gateway.queueing import pay_or_wait
from clearway.gateway.render import to_json
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import ClearwayError, Fault, Refusal

PATH = "/v1/payments"
Reply = Callable[[int, Headers, bytes], None]
"""Status, headers and body; called once, on the loop's thread."""
Parts = tuple[int, Headers, bytes]

log = logging.getLogger("clearway.gateway")
_decoder = msgspec.json.Decoder(PaymentRequest)


class SinglePayments:
    """What comes in one round of the loop is checked together, and what is told in one is answered
    together: the same steps in a row are faster than all of them for each."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.tasks: set[asyncio.Task[None]] = set()
        self._asked: list[_Payment] = []
        self._told: list[tuple[_Payment, Placed | Exception]] = []

    def pay(
        self, headers: Iterable[tuple[bytes, bytes]], body: bytes | Refusal, reply: Reply
    ) -> None:
        """headers: of the request, names in lower case. body: or why it could not be read."""
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._check)
        self._asked.append(_Payment(self, headers, body, reply))

    def _check(self) -> None:
        asked, self._asked = self._asked, []
        admitted = [payment for payment in asked if payment.admit()]
        identify_payments([payment.ask for payment in admitted])
        going = [payment for payment in admitted if not payment.waits()]
        fates = prepare_payments([payment.ask for payment in going])
        for payment, fate in zip(going, fates, strict=True):
            payment.submit(fate)

    def tell(self, payment: _Payment, answer: Placed | Exception) -> None:
        """What ordering placed, or why it did not."""
        if not self._told:
            asyncio.get_running_loop().call_soon(self._answer)
        self._told.append((payment, answer))

    def _answer(self) -> None:
        told, self._told = self._told, []
        answers = [payment.render(answer) for payment, answer in told]
        for (payment, _), answer in zip(told, answers, strict=True):
            try:
                payment.end(*answer)
            except Exception:
                log.exception("one of several could not be answered")


class _Payment:
    """One request on its way."""

    __slots__ = ("_body", "_headers", "_reply", "_request_id", "_single", "_started", "ask")
    ask: Ask

    def __init__(
        self,
        single: SinglePayments,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes | Refusal,
        reply: Reply,
    ) -> None:
        self._started = time.perf_counter()
        self._single = single
        self._headers = headers
        self._body = body
        self._reply = reply
        self._request_id = single.door.next_request_id()

    def admit(self) -> bool:
        """Whether it was read; else it was refused."""
        try:
            self.ask = self._admit(self._headers, self._body)
        except Exception as error:
            self.end(*self._problem(error))
            return False
        return True

    def waits(self) -> bool:
        """Whether it goes by the queue; else it goes on with the others."""
        if self.ask.body.when_short != "queue":
            return False
        self._begin(self._pay_or_wait())
        return True

    def submit(self, fate: Submission | Exception) -> None:
        if isinstance(fate, Refusal):
            self._begin(self._answer_again(fate))
            return
        try:
            if isinstance(fate, Exception):
                raise fate
            batcher = self._single.door.node.batcher
            batcher.submit_told(fate, partial(self._single.tell, self))
        except Exception as error:
            self.end(*self._problem(error))

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
        named = parse_key(idempotency_key)
        try:
            asked = _decoder.decode(body)
        except UNREADABLE as error:
            raise invalid_body(error, PaymentRequest) from None
        return Ask(door, key, self._request_id, body=asked, idempotency_key=named)

    async def _answer_again(self, refusal: Refusal) -> None:
        """What is refused now may have been paid before: the first answer stands for ever."""
        answer: Placed | Exception | None
        try:
            answer = await self.ask.door.node.replay(self.ask.op_id, self.ask.request_hash)
        except Exception as error:
            answer = error
        self._single.tell(self, refusal if answer is None else answer)

    async def _pay_or_wait(self) -> None:
        try:
            answer = self._accepted(await pay_or_wait(self.ask))
        except Exception as error:
            answer = self._problem(error)
        self.end(*answer)

    def render(self, answer: Placed | Exception) -> Parts:
        if isinstance(answer, Exception):
            return self._problem(answer)
        try:
            return self._accepted(to_json(render_placed(self.ask, answer)))
        except Exception as error:
            return self._problem(error)

    def _accepted(self, body: bytes) -> Parts:
        # A refusal by the ledger is part of the answer that must stay the same for ever.
        return 201, json_headers(body, "req_" + self.ask.op_id.hex()), body

    def _problem(self, error: Exception) -> Parts:
        if not isinstance(error, ClearwayError):
            log.error("request %s", self._request_id, exc_info=error)
            error = Fault("node.bug")
        return error.kind.status, *problem_reply(error, self._request_id)

    def end(self, status: int, headers: Headers, body: bytes) -> None:
        self._reply(status, headers, body)
        metrics = self._single.door.metrics
        metrics.count("POST", PATH, status)
        metrics.observe_payment(time.perf_counter() - self._started)
