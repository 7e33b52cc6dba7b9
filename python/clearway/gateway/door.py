"""What every request passes: key, scope, bounded body, idempotency, and the way to the ledger.

A handler gets an Ask and returns an Answer. A POST that makes a ledger entry is a Move: `prepare`
checks and builds the instruction, `answer` renders what ordering placed. A repeated request whose
`prepare` is refused (the account was closed meanwhile, the hold is gone) is answered from the
ledger: the first answer stands for ever.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from starlette.types import Message, Receive, Scope, Send

from clearway.gateway.auth import Authenticator
from clearway.gateway.directory import Directory
from clearway.gateway.metrics import Metrics
from clearway.gateway.news import News
from clearway.gateway.node import Node
from clearway.gateway.pace import Pace
from clearway.gateway.problems import problem, problem_headers
from clearway.gateway.render import result_code, to_json
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.payment.ids import payment_id
from clearway.payment.records import created_ns_of_head
from clearway.store.vault import ApiKey

BODY_BYTES_MAX = 65_536
READERS_MAX = 4
CATCH_UP_S_MAX = 10.0
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_canonical = msgspec.json.Encoder(order="deterministic")
Result = TypeVar("Result")
Headers = list[tuple[bytes, bytes]]


class Ask(msgspec.Struct):
    """One authenticated request. idempotency_key, op_id and request_hash only where a key is asked.
    is_draft: it is prepared for a signature, and writes nothing. is_simulation: a signature that
    it lacks is presumed."""

    door: Door
    key: ApiKey
    request_id: str
    params: dict[str, str] = {}
    body: Any = None
    query: Any = None
    op_id: bytes = b""
    request_hash: bytes = b""
    claimed: bytes = b""
    idempotency_key: str = ""
    is_draft: bool = False
    is_simulation: bool = False

    @property
    def now_ns(self) -> int:
        """When this was asked: now, unless it was prepared before."""
        prepared = getattr(self.body, "prepared", UNSET)
        if prepared is UNSET:
            return self.door.node.clock()
        return created_ns_of_head(bytes.fromhex(prepared.instruction))

    @property
    def salt(self) -> str | None:
        """Of what is kept private; None for a new one."""
        prepared = getattr(self.body, "prepared", UNSET)
        return None if prepared is UNSET else str(prepared.salt)

    @property
    def decisions(self) -> bool:
        return "decisions:read" in self.key.scopes


@dataclass(frozen=True, slots=True)
class Answer:
    """body: a struct to encode, or bytes that are JSON already."""

    status: int
    body: object


@dataclass(frozen=True, slots=True)
class Move:
    """A POST that makes one ledger entry. governs: under the key that registers things."""

    prepare: Callable[[Ask], Awaitable[Submission]]
    answer: Callable[[Ask, Placed], Awaitable[Answer]]
    governs: bool = False


class Door:
    def __init__(self, node: Node, directory: Directory) -> None:
        self.node = node
        self.directory = directory
        self.metrics = Metrics()
        self.news = News()
        self.simulations = Pace()
        self.stopping = False
        self.authenticate = Authenticator(node.vault).authenticate
        self._readers = ThreadPoolExecutor(READERS_MAX, thread_name_prefix="reader")
        self._request_ids = count()
        self._request_prefix = f"req_{os.urandom(6).hex()}"
        self._running: set[bytes] = set()
        self._claims: set[bytes] = set()
        self._doubtful: dict[bytes, bytes] = {}  # address → id whose outcome was unknown

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self.news.listen(loop)
        self.node.projections.listeners.append(self.news.tell)
        self.node.queue.listeners.append(self.news.tell)

    def stop(self) -> None:
        """Refuses new requests and ends the event streams; what runs is finished."""
        self.stopping = True
        self.news.tell()

    def close(self) -> None:
        self._readers.shutdown(wait=True, cancel_futures=True)

    def next_request_id(self) -> str:
        return f"{self._request_prefix}{next(self._request_ids):08x}"

    # --- the door's checks, in their order ------------------------------------------------------

    def check_ready(self) -> None:
        """For whatever writes. Faults: node.stopping, node.starting, node.disk_full,
        node.disk_failed."""
        if self.stopping:
            raise Fault("node.stopping")
        missing = self.node.readiness()
        if missing:
            raise self.node.disk_fault() or Fault("node.starting", what="; ".join(missing))

    def check_readable(self) -> None:
        """For whatever only reads, which goes on while the disk takes nothing. Faults:
        node.stopping, node.starting."""
        if self.stopping or self.node.disk_fault() is None:
            self.check_ready()

    def op_id(self, key: ApiKey, idempotency_key: bytes | None, *, space: str = "") -> bytes:
        """The id of what this request makes. Refuses idempotency.missing, idempotency.malformed.

        space: quotes make no entry, so their keys are counted apart.
        """
        return payment_id(
            self.node.secret,
            principal=key.principal + space,
            idempotency_key=parse_key(idempotency_key),
        )

    # --- the way to the ledger ------------------------------------------------------------------

    async def run_move(self, ask: Ask, move: Move) -> Answer:
        try:
            try:
                submission = await move.prepare(ask)
            except Refusal:
                placed = await self.node.replay(ask.op_id, ask.request_hash)
                if placed is None:
                    raise
            else:
                place = self.node.govern if move.governs else self.node.batcher.submit
                placed = await place(submission)
        finally:
            self._let_go(ask)
        # A refusal by the ledger is part of the answer that must stay the same for ever.
        ask.request_id = "req_" + ask.op_id.hex()
        return await move.answer(ask, placed)

    def claim(self, ask: Ask, address: bytes) -> None:
        """One request at a time may open an account of this name: two at once would overwrite each
        other's owner. Who claims looks at the ledger afterwards: another may have opened it just
        before. Refuses idempotency.in_progress."""
        doubtful = self._doubtful.get(address)
        if address in self._claims or (doubtful and self.node.batcher.unknown(doubtful)):
            raise Refusal("idempotency.in_progress")
        self._doubtful.pop(address, None)
        self._claims.add(address)
        ask.claimed = address

    def _let_go(self, ask: Ask) -> None:
        """Of the name that was claimed; not while the envelope that opens it may still come."""
        if ask.claimed:
            self._claims.discard(ask.claimed)
            if self.node.batcher.unknown(ask.op_id):
                self._doubtful[ask.claimed] = ask.op_id

    async def run_once(self, ask: Ask, make: Callable[[], Answer]) -> Answer:
        """A POST that makes no entry: its answer is kept in the vault."""
        if ask.op_id in self._running:
            raise Refusal("idempotency.in_progress")
        self._running.add(ask.op_id)
        try:
            return await self.read(self._make_once, ask, make)
        finally:
            self._running.discard(ask.op_id)

    def _make_once(self, ask: Ask, make: Callable[[], Answer]) -> Answer:
        vault = self.node.vault
        kept = vault.answer(ask.op_id)
        if kept is not None:
            request_hash, body = kept
            if request_hash != ask.request_hash:
                raise Refusal("idempotency.body_differs")
            return Answer(201, body)
        answer = make()
        body = to_json(answer.body)
        vault.save_answer(ask.op_id, ask.request_hash, body)
        return Answer(answer.status, body)

    async def read(self, ask_store: Callable[..., Result], *args: object) -> Result:
        """Runs a query beside the loop, so that no reader holds up a payment."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, ask_store, *args)

    async def record(self, ask: Ask, act: str, **facts: str) -> None:
        """Writes an administrative act to the audit log before it happens."""
        if ask.is_draft:
            return
        who = f"{ask.key.principal} ({ask.key.id})"
        await self.read(lambda: self.node.audit.append(who=who, what=act, facts=facts))

    def catch_up(self) -> None:
        """Waits until the projections show every block that was acknowledged before this call."""
        height = self.node.book.height
        if not self.node.projections.wait_for(height, CATCH_UP_S_MAX):
            if self.node.projections.is_full:
                raise Fault("node.disk_full")
            raise Fault("node.starting", what=f"the projections have not reached block {height}")


def parse_key(idempotency_key: str | bytes | None) -> str:
    """Refuses idempotency.missing, idempotency.malformed."""
    if not idempotency_key:
        raise Refusal("idempotency.missing")
    if isinstance(idempotency_key, bytes):
        idempotency_key = idempotency_key.decode("latin-1")
    if _IDEMPOTENCY_KEY.fullmatch(idempotency_key) is None:
        raise Refusal("idempotency.malformed")
    return idempotency_key


def check_accepted(ask: Ask, placed: Placed, **facts: object) -> None:
    """Refuses what the ledger refused, with these facts."""
    code = result_code(placed.result)
    if code:
        raise Refusal(ask.door.directory.refusal(code), **facts)


def request_hash(route: bytes, *parts: object) -> bytes:
    """32 bytes over what was asked, the same however the client wrote its JSON."""
    return hashlib.sha256(request_message(route, parts)).digest()


def request_message(route: bytes, parts: tuple[object, ...]) -> bytes:
    """What is hashed: for many at once."""
    return route + b"\n" + _canonical.encode(parts)


# --- HTTP, at its plainest ----------------------------------------------------------------------


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Refuses request.too_large above BODY_BYTES_MAX."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        _check_size(len(body))
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal("request.malformed", what="the connection ended within the body")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        _check_size(size)
    return b"".join(chunks)


def _check_size(size: int) -> None:
    if size > BODY_BYTES_MAX:
        raise Refusal("request.too_large", limit_bytes=BODY_BYTES_MAX)


def start_message(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def credentials(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, bytes | None]:
    """The values of Authorization and Idempotency-Key; names are in lower case."""
    authorization = idempotency_key = None
    for name, value in headers:
        if name == b"authorization":
            authorization = value
        elif name == b"idempotency-key":
            idempotency_key = value
    return authorization, idempotency_key


_JSON_TYPE = (b"content-type", b"application/json")


def json_headers(body: bytes, request_id: str) -> Headers:
    length = (b"content-length", b"%d" % len(body))
    return [_JSON_TYPE, length, (b"x-request-id", request_id.encode())]


def problem_reply(error: ClearwayError, request_id: str) -> tuple[Headers, bytes]:
    """What the error is as an answer: headers and body."""
    body = to_json(problem(error, request_id))
    headers = [(name.encode(), value.encode()) for name, value in problem_headers(error)]
    headers.append((b"content-length", b"%d" % len(body)))
    headers.append((b"x-request-id", request_id.encode()))
    if error.kind.status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    return headers, body


async def send_answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send(start_message(status, headers))
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, body: bytes, request_id: str) -> None:
    await send_answer(send, status, json_headers(body, request_id), body)


async def send_problem(
    send: Send,
    error: ClearwayError,
    request_id: str,
    *,
    allow: str | None = None,
    challenge: str | None = None,
) -> None:
    """challenge: beside Bearer, what the caller may prove itself by."""
    headers, body = problem_reply(error, request_id)
    if challenge is not None and error.kind.status == 401:
        headers.append((b"www-authenticate", challenge.encode()))
    if allow is not None:
        headers.append((b"allow", allow.encode()))
    await send_answer(send, error.kind.status, headers, body)
