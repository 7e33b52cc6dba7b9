"""An upload: a payment a line in, an answer a line out, in the same order, of any length.

Lines travel in chunks, as they come from the socket: each is checked as a single payment is, by the
same functions, and what passes goes to the batcher as columns. Answers flow while lines still
arrive. Many clients send everything before they read anything, so answers that nobody takes yet
wait in a temporary file: a client that only writes is never stuck, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import count

import msgspec
from starlette.types import Receive, Scope, Send

from clearway.gateway.door import BODY_BYTES_MAX, Ask, parse_key, start_message
from clearway.gateway.payment_checks import identify_payments, prepare_payments
from clearway.gateway.payment_schemas import UploadAnswer, UploadLine
from clearway.gateway.payments import render_all
from clearway.gateway.problems import UNREADABLE, invalid_body, problem
from clearway.gateway.render import to_lines
from clearway.gateway.spool import Spool
from clearway.lifecycle.parcels import Share
from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import ClearwayError, Refusal

CHUNK_LINES_MAX = 512  # a few milliseconds of the loop; other clients are served in between
CHUNKS_WAITING_MAX = 32
FULL_PAUSE_S = 0.005

Fate = Submission | asyncio.Future[Placed] | Placed | ClearwayError | None
_line = msgspec.json.Decoder(UploadLine)
_NDJSON = [(b"content-type", b"application/x-ndjson")]


class Line(msgspec.Struct):
    """A line on its way: what it asked, and what is known or will be known of it."""

    number: int
    ask: Ask
    fate: Fate = None


class Chunk(msgspec.Struct):
    """Lines in order. share: the answers to those whose fate is a Submission, in order."""

    lines: list[Line]
    share: asyncio.Future[Share] | None


Chunks = asyncio.Queue[Chunk | None]


async def upload(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    """Three tasks in a line: lines → ledger, ledger → spool, spool → client."""
    waiting: Chunks = asyncio.Queue(CHUNKS_WAITING_MAX)
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


# --- lines → ledger -------------------------------------------------------------------------------


async def _take_lines(ask: Ask, receive: Receive, waiting: Chunks) -> None:
    numbers = count(1)
    async for texts in _chunks_of_lines(receive):
        for start in range(0, len(texts), CHUNK_LINES_MAX):
            part = zip(texts[start : start + CHUNK_LINES_MAX], numbers, strict=False)
            lines = _check_lines(ask, part)
            await waiting.put(Chunk(lines, await _submit(ask, lines)))
            await asyncio.sleep(0)  # other clients are served between two chunks
    await waiting.put(None)


def _check_lines(upload: Ask, part: Iterable[tuple[bytes | None, int]]) -> list[Line]:
    """The door's checks for the lines that are not blank; the fate of each is what to submit, or
    why there is nothing."""
    lines = [
        _read_line(Line(number, Ask(upload.door, upload.key, "")), text)
        for text, number in part
        if text is None or text.strip()
    ]
    read = [line for line in lines if line.fate is None]
    asks = [line.ask for line in read]
    identify_payments(asks)
    for line, fate in zip(read, prepare_payments(asks), strict=True):
        if not isinstance(fate, Submission | ClearwayError):
            raise fate
        line.fate = fate
    return lines


def _read_line(line: Line, text: bytes | None) -> Line:
    """With its key and body, or with a fate: request.too_large (text is None), request.malformed,
    request.invalid, idempotency.missing, idempotency.malformed."""
    try:
        if text is None:
            raise Refusal("request.too_large", limit_bytes=BODY_BYTES_MAX)
        try:
            body = _line.decode(text)
        except UNREADABLE as error:
            raise invalid_body(error, UploadLine) from None
        line.ask.idempotency_key = parse_key(body.idempotency_key)
        line.ask.body = body
    except ClearwayError as error:
        line.fate = error
    return line


async def _submit(ask: Ask, lines: Sequence[Line]) -> asyncio.Future[Share] | None:
    """What passed goes together; where a key is still running, each line by itself."""
    passed: dict[bytes, Submission] = {}
    for line in lines:
        if isinstance(line.fate, ClearwayError):
            line.fate = await _replayed(line.ask) or line.fate
        elif line.ask.op_id in passed:
            line.fate = Refusal("idempotency.in_progress")  # an earlier line has the key
        elif isinstance(line.fate, Submission):
            passed[line.ask.op_id] = line.fate
    while passed:
        try:
            return ask.door.node.batcher.submit_share(Columns.of(list(passed.values())))
        except ClearwayError as error:
            if error.code != "capacity.full":
                break
        await asyncio.sleep(FULL_PAUSE_S)  # an upload waits; a single payment would come again
    for line in lines:
        if isinstance(line.fate, Submission):
            line.fate = await _submit_alone(line.ask, line.fate)
    return None


async def _submit_alone(ask: Ask, submission: Submission) -> Fate:
    """A key that is still running is kept as a refusal: its answer is asked for when this line's
    turn comes."""
    while True:
        try:
            return ask.door.node.batcher.submit(submission)
        except ClearwayError as error:
            if error.code == "idempotency.in_progress":
                return error
            if error.code != "capacity.full":
                return await _replayed(ask) or error
        await asyncio.sleep(FULL_PAUSE_S)


async def _replayed(ask: Ask) -> Placed | ClearwayError | None:
    """The first answer under the line's key, where the line has one that was used."""
    if not ask.op_id:
        return None
    try:
        return await ask.door.node.replay(ask.op_id, ask.request_hash)
    except Refusal as refusal:
        return refusal


# --- ledger → spool → client ----------------------------------------------------------------------


async def _render_answers(waiting: Chunks, spool: Spool) -> None:
    while (chunk := await waiting.get()) is not None:
        if chunk.share is not None:
            await _share_out(chunk.lines, chunk.share)
        for line in chunk.lines:
            if not isinstance(line.fate, Placed):
                line.fate = await _end_of(line)
        spool.write(to_lines(_answers(chunk.lines)))
    spool.end()


async def _share_out(lines: Sequence[Line], share: asyncio.Future[Share]) -> None:
    asked = [line for line in lines if isinstance(line.fate, Submission)]
    answers: Sequence[Placed | ClearwayError]
    try:
        answers = (await share).to_list()
    except ClearwayError as error:
        answers = [error] * len(asked)
    for line, answer in zip(asked, answers, strict=True):
        line.fate = answer


async def _end_of(line: Line) -> Fate:
    """What became of a line that did not go with its chunk."""
    fate = line.fate
    if isinstance(fate, ClearwayError) and fate.code == "idempotency.in_progress":
        # An earlier line had the key, and was answered by now.
        fate = await _replayed(line.ask) or fate
    try:
        return await fate if isinstance(fate, asyncio.Future) else fate
    except ClearwayError as error:
        return error


def _answers(lines: Sequence[Line]) -> list[UploadAnswer]:
    placed = [(line.ask, line.fate) for line in lines if isinstance(line.fate, Placed)]
    payments = iter(render_all(placed))
    return [
        UploadAnswer(line.number, 201, next(payments))
        if isinstance(line.fate, Placed)
        else _refused(line)
        for line in lines
    ]


def _refused(line: Line) -> UploadAnswer:
    assert isinstance(line.fate, ClearwayError), "invariant: every line was shared out"
    shown = problem(line.fate, line.ask.door.next_request_id())
    return UploadAnswer(line.number, shown.status, error=shown)


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
