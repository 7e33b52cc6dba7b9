"""Server-sent events: every change of a payment's state, in the order of the chain, resumable.

An event's id is its place on the chain, `<height>-<index>-<n>`, and its body is the payment as of
that place; so a stream that is followed again from any id says the same again, for ever. Nothing
is kept per client: the projections are the queue.
"""

from __future__ import annotations

import asyncio
import re

from starlette.types import Message, Receive, Scope, Send

from clearway.gateway import instructions
from clearway.gateway.door import Ask, start_message
from clearway.gateway.payment_schemas import Event, EventData, Payment
from clearway.gateway.queueing import render_queued
from clearway.gateway.render import render_payment, to_json, view_row
from clearway.gateway.times import format_time
from clearway.payment.errors import Refusal
from clearway.payment.records import Kind
from clearway.payment.state import Status
from clearway.store.queue import QueueChange
from clearway.store.rows import Change

STREAMS_MAX = 64
CHANGES_PER_READ_MAX = 500
KEEP_ALIVE_S = 15.0

Place = tuple[int, int, int]
BEFORE_ALL: Place = (0, 0, 0)  # genesis makes no payment
INDEX_MAX = 2**20 - 1  # more than a block can hold
_PLACE = re.compile(r"(\d{1,18})-(\d{1,9})-(\d{1,9})", re.ASCII)
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def parse_place(last_event_id: str | None, *, height_now: int, queue_now: int) -> Place:
    """Where to go on: after the event named, at the beginning for "0", from now for none.
    queue_now: number of the queue's last change.

    Refuses event.unknown.
    """
    if last_event_id is None:
        return (height_now, INDEX_MAX, queue_now)
    if last_event_id == "0":
        return BEFORE_ALL
    match = _PLACE.fullmatch(last_event_id)
    if match is None:
        raise Refusal("event.unknown", event=last_event_id)
    height, index, number = (int(part) for part in match.groups())
    if height > height_now + 1 or index > INDEX_MAX:
        raise Refusal("event.unknown", event=last_event_id)
    return (height, index, number)


async def follow(ask: Ask, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses event.unknown, capacity.events."""
    door = ask.door
    place = await door.read(_first_place, ask, _last_event_id(scope))
    if door.metrics.streams >= STREAMS_MAX:
        raise Refusal("capacity.events", limit=STREAMS_MAX)
    door.metrics.streams += 1
    gone = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        await send(start_message(200, [*_HEADERS, (b"x-request-id", ask.request_id.encode())]))
        await send(_part(b": following\n\n"))
        while not gone.done() and not door.stopping:
            news = door.news.next()
            place, text = await door.read(_read_events, ask, place)
            if text:
                await send(_part(text))
            elif not await _wait(news, gone):
                await send(_part(b": still here\n\n"))
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        door.metrics.streams -= 1


def _first_place(ask: Ask, last_event_id: str | None) -> Place:
    queue = ask.door.node.vault.queue
    with queue.news:
        height, change = ask.door.node.book.height, queue.last_change()
    return parse_place(last_event_id, height_now=height, queue_now=change)


def _last_event_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            text: str = value.decode("latin-1")
            return text
    return None


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait(news: asyncio.Event, gone: asyncio.Task[None]) -> bool:
    """False when nothing happened for a while."""
    waiting = asyncio.create_task(news.wait())
    done, _ = await asyncio.wait(
        (waiting, gone), timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED
    )
    waiting.cancel()
    return bool(done)


def _read_events(ask: Ask, place: Place) -> tuple[Place, bytes]:
    """The next events after `place` that the key's institution may see, as SSE text."""
    changes = _changes(ask, place)
    if not changes:
        return place, b""
    node, institution = ask.door.node, ask.key.institution
    rows = [change.payment for _, change in changes]
    ask.door.directory.load_names(address for row in rows for address in (row.payer, row.payee))
    texts: dict[Place, bytes] = {}
    booked = [
        (at, change)
        for at, change in changes
        if isinstance(change, Change) and change.payment.institution == institution
    ]
    places = [
        (one.payment.key, one.payment.sequence, one.payment.envelope_index) for _, one in booked
    ]
    for (at, change), private in zip(booked, node.vault.privates(places), strict=True):
        texts[at] = _event_text(ask, at, change, instructions.parse_private(private))
    for at, queued in changes:
        if isinstance(queued, QueueChange) and institution == node.institution:
            texts[at] = _queue_text(ask, at, queued)
    return changes[-1][0], b"".join(texts[at] for at, _ in changes if at in texts)


def _changes(ask: Ask, place: Place) -> list[tuple[Place, Change | QueueChange]]:
    """The next ones of the ledger and of the queue, whose place is behind the last block that the
    ledger had then."""
    node = ask.door.node
    projections, queue = node.projections, node.vault.queue
    height, index, n = place
    after = (height, n) if index == INDEX_MAX else (height, 0)
    with queue.news:
        upto = projections.height
        booked = projections.changes(place, limit=CHANGES_PER_READ_MAX, upto=upto)
        queued = queue.changes(after, upto, CHANGES_PER_READ_MAX) if queue.in_use else []
    found: list[tuple[Place, Change | QueueChange]] = [
        ((change.height, change.index, change.n), change) for change in booked
    ]
    found += [((change.height, INDEX_MAX, change.n), change) for change in queued]
    found.sort(key=lambda pair: pair[0])
    return found[:CHANGES_PER_READ_MAX]


def _event_text(ask: Ask, place: Place, change: Change, private: instructions.Private) -> bytes:
    view = view_row(change.payment, private)
    payment = render_payment(view, ask.door.directory, decisions=False)
    # A part of conditional money leaves the payment held, and is news all the same.
    part = change.kind == Kind.RELEASE and change.status is Status.HELD
    return _text(place, "released" if part else change.status, change.time_ns, payment)


def _queue_text(ask: Ask, place: Place, change: QueueChange) -> bytes:
    payment = render_queued(ask, change.payment, decisions=False)
    return _text(place, payment.status, change.time_ns, payment)


def _text(place: Place, what: str, time_ns: int, payment: Payment) -> bytes:
    id, kind = "{}-{}-{}".format(*place), f"payment.{what}"
    event = Event(id, "event", kind, format_time(time_ns), EventData(payment))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (id.encode(), kind.encode(), to_json(event))


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}
