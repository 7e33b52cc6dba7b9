"""An upload: a payment a line in, an answer a line out, in the same order, of any length.

Answers flow while lines still arrive. Many clients send everything before they read anything, so
answers that nobody takes yet wait in a temporary file: a client that only writes is never stuck,
and memory stays bounded.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

import msgspec
from starlette.types import Receive, Scope, Send

from clearway.gateway import payments
from clearway.gateway.door import BODY_BYTES_MAX, Ask, start_message
from clearway.gateway.problems import UNREADABLE, invalid_body, problem
from clearway.gateway.render import to_json
from clearway.gateway.schemas import UploadAnswer, UploadLine
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import ClearwayError, Refusal

LINES_WAITING_MAX = 16_384
ANSWERS_IN_MEMORY_BYTES_MAX = 1_048_576
SEND_BYTES_MAX = 65_536
FULL_PAUSE_S = 0.005

_line = msgspec.json.Decoder(UploadLine)
_NDJSON = [(b"content-type", b"application/x-ndjson")]


@dataclass(frozen=True, slots=True)
class Line:
    """A line on its way: what it asked, and what is known or will be known of it."""

    number: int
    ask: Ask
    fate: asyncio.Future[Placed] | Placed | ClearwayError


Lines = asyncio.Queue[Line | None]


async def upload(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    """Three tasks in a line: lines → ledger, ledger → spool, spool → client."""
    waiting: Lines = asyncio.Queue(LINES_WAITING_MAX)
    with Spool() as spool:
        await send(start_message(200, [*_NDJSON, (b"x-request-id", ask.request_id.encode())]))
        tasks = (
            asyncio.create_task(_take_lines(ask, receive, waiting)),
            asyncio.create_task(_render_answers(waiting, spool)),
            asyncio.create_task(_send_answers(spool, send)),
        )
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()


async def _take_lines(ask: Ask, receive: Receive, waiting: Lines) -> None:
    number = 0
    async for texts in _chunks_of_lines(receive):
        for text in texts:
            number += 1
            if text is None or text.strip():
                line_ask = Ask(ask.door, ask.key, ask.door.next_request_id())
                await waiting.put(Line(number, line_ask, await _submit_line(line_ask, text)))
        await asyncio.sleep(0)  # other clients are served between two chunks
    await waiting.put(None)


async def _submit_line(
    ask: Ask, text: bytes | None
) -> asyncio.Future[Placed] | Placed | ClearwayError:
    """The door's checks for one line, and its way into a batch; as Door.run_move, without waiting
    for the ledger."""
    try:
        _parse_line(ask, text)
    except ClearwayError as error:
        return error
    try:
        return await _submit(ask, payments.prepare_payment(ask))
    except ClearwayError as error:
        return await _replayed(ask) or error


def _parse_line(ask: Ask, text: bytes | None) -> None:
    """Refuses request.too_large (text is None), request.malformed, request.invalid,
    idempotency.missing, idempotency.malformed."""
    if text is None:
        raise Refusal("request.too_large", limit_bytes=BODY_BYTES_MAX)
    try:
        ask.body = _line.decode(text)
    except UNREADABLE as error:
        raise invalid_body(error) from None
    ask.op_id = ask.door.op_id(ask.key, (ask.body.idempotency_key or "").encode())
    ask.request_hash = payments.payment_hash(ask.body)


async def _submit(ask: Ask, submission: Submission) -> asyncio.Future[Placed] | ClearwayError:
    """An upload waits for room; a single payment would be told to come again. A key that is still
    running is kept as a refusal: its answer is asked for when this line's turn comes."""
    while True:
        try:
            return ask.door.node.batcher.submit(submission)
        except ClearwayError as error:
            if error.code == "idempotency.in_progress":
                return error
            if error.code != "capacity.full":
                raise
            await asyncio.sleep(FULL_PAUSE_S)


async def _replayed(ask: Ask) -> Placed | ClearwayError | None:
    try:
        return await ask.door.node.replay(ask.op_id, ask.request_hash)
    except Refusal as refusal:
        return refusal


async def _render_answers(waiting: Lines, spool: Spool) -> None:
    while (line := await waiting.get()) is not None:
        spool.write(to_json(await _answer(line)) + b"\n")
    spool.end()


async def _answer(line: Line) -> UploadAnswer:
    fate = line.fate
    if isinstance(fate, ClearwayError) and fate.code == "idempotency.in_progress":
        # An earlier line had the key, and was answered by now.
        fate = await _replayed(line.ask) or fate
    try:
        if isinstance(fate, ClearwayError):
            raise fate
        placed = fate if isinstance(fate, Placed) else await fate
        payment = payments.render_placed(line.ask, placed)
        return UploadAnswer(line=line.number, status=201, payment=payment)
    except ClearwayError as error:
        shown = problem(error, line.ask.request_id)
        return UploadAnswer(line=line.number, status=shown.status, error=shown)


async def _send_answers(spool: Spool, send: Send) -> None:
    async for chunk in spool.chunks():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _chunks_of_lines(receive: Receive) -> AsyncIterator[list[bytes | None]]:
    """Whole lines as they arrive; None stands for one that was longer than a body may be."""
    rest = b""
    skipping = False
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return  # what was ordered stands; the keys answer for it
        more = message.get("more_body", False)
        parts = (rest + message.get("body", b"")).split(b"\n")
        rest = parts.pop()
        lines: list[bytes | None] = []
        for part in parts:
            lines.append(None if skipping or len(part) > BODY_BYTES_MAX else part)
            skipping = False
        if len(rest) > BODY_BYTES_MAX:
            rest, skipping = b"", True
        if not more and (rest or skipping):
            lines.append(None if skipping else rest)
        yield lines


class Spool:
    """Bytes from one task to another; beyond a bound they wait in a temporary file."""

    def __init__(self) -> None:
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._file: IO[bytes] | None = None
        self._read_at = self._written = 0
        self._ended = False
        self._more = asyncio.Event()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, data: bytes) -> None:
        # Once the file holds something, later bytes must follow there to keep their order.
        if self._written == 0 and self._memory_bytes + len(data) <= ANSWERS_IN_MEMORY_BYTES_MAX:
            self._memory.append(data)
            self._memory_bytes += len(data)
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by __exit__
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
        self._more.set()

    def end(self) -> None:
        self._ended = True
        self._more.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            chunk = self._take()
            if chunk:
                yield chunk
            elif self._ended:
                return
            else:
                self._more.clear()
                await self._more.wait()

    def _take(self) -> bytes:
        if self._memory:
            chunk = b"".join(self._memory)
            self._memory.clear()
            self._memory_bytes = 0
            return chunk
        if self._file is None or self._read_at == self._written:
            return b""
        self._file.seek(self._read_at)
        chunk = self._file.read(SEND_BYTES_MAX)
        self._read_at += len(chunk)
        if self._read_at == self._written:
            self._file.truncate(0)
            self._read_at = self._written = 0
        return chunk
