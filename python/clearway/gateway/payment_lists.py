"""Payments seen and listed: those of the ledger, and those that wait in the queue, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clearway.gateway.door import Answer, Ask
from clearway.gateway.payment_schemas import Payment
from clearway.gateway.payments import find_queued, find_row, render_row
from clearway.gateway.queueing import render_queued
from clearway.gateway.schemas import Listing
from clearway.gateway.searches import find_by_metadata, heights_of
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment, parse_payment, payment_id
from clearway.payment.state import Status
from clearway.store.queue import STATUSES, Queued
from clearway.store.rows import PaymentRow

Row = PaymentRow | Queued
_LAST_NS: Final = 2**63 - 1

# --- one ------------------------------------------------------------------------------------------


def see(ask: Ask) -> Answer:
    """Refuses payment.unknown."""
    try:
        return Answer(200, render_row(ask, find_row(ask)))
    except Refusal:
        found = _elsewhere(ask, parse_payment(ask.params["payment"]))
        if found is None:
            raise
        return Answer(200, found)


def _elsewhere(ask: Ask, id: bytes) -> Payment | dict[str, str] | None:
    """A payment that was sent to ordering and not answered, which is known only by its id; or one
    that waits."""
    if ask.door.node.batcher.unknown(id):
        return {"id": format_payment(id), "object": "payment", "status": Status.UNKNOWN.value}
    row = find_queued(ask, id)
    return None if row is None else _show(ask, [row])[0]


def _show(ask: Ask, rows: Sequence[Row]) -> list[Payment]:
    waits = any(isinstance(row, Queued) for row in rows)
    positions = ask.door.node.queue.positions() if waits else {}
    return [
        render_queued(ask, row, position=positions.get(row.id))
        if isinstance(row, Queued)
        else render_row(ask, row)
        for row in rows
    ]


# --- many -----------------------------------------------------------------------------------------


def list_payments(ask: Ask) -> Answer:
    query = ask.query
    ask.door.catch_up()
    account = None if query.account is None else _known_address(ask, query.account)
    if query.idempotency_key is not None:
        rows = _of_key(ask, account)
    elif query.metadata:
        rows = list[Row](find_by_metadata(ask, account or b""))
    else:
        rows = _page(ask, account, query.limit + 1)
    shown = rows[: query.limit]
    ask.door.directory.load_names(address for row in shown for address in (row.payer, row.payee))
    return Answer(200, Listing("list", _show(ask, shown), len(rows) > query.limit))


def _known_address(ask: Ask, account: str) -> bytes:
    address = ask.door.directory.address(account)
    if ask.door.node.book.account(address) is None:
        raise Refusal("account.unknown", account=account)
    return address


def _of_key(ask: Ask, account: bytes | None) -> list[Row]:
    query, node = ask.query, ask.door.node
    id = payment_id(node.secret, principal=ask.key.principal, idempotency_key=query.idempotency_key)
    queued = find_queued(ask, id)
    ask.door.catch_up()
    row = node.projections.payment(ask.key.institution, id) or queued
    fits = row is not None and query.status in (None, row.status)
    if row is None or not fits or (account is not None and account not in (row.payer, row.payee)):
        return []
    return [row]


def _page(ask: Ask, account: bytes | None, limit: int) -> list[Row]:
    """The newest first: by when a payment was asked or, once the ledger has it, booked. The queue
    is read first, and what leaves it meanwhile is found on the ledger."""
    query, node = ask.query, ask.door.node
    institution, heights = ask.key.institution, heights_of(ask)
    cursor = None if query.starting_after is None else parse_payment(query.starting_after)
    before_ns, last = _LAST_NS, None
    if cursor is not None:
        last = find_queued(ask, cursor)
        row = last or node.projections.payment(institution, cursor)
        before_ns = 0 if row is None else row.created_ns
    queued: list[Queued] = []
    if node.vault.queue.in_use and query.from_ is None and query.to is None:
        queued = _queued(ask, account, before_ns, limit)
        ask.door.catch_up()
    if last is not None:
        heights = _below(heights, node.projections.height_from(before_ns))
    rows: list[Row] = list(
        node.projections.payments(
            institution=institution,
            account=account,
            heights=heights,
            status=query.status,
            limit=limit,
            starting_after=cursor if last is None else None,
        )
    )
    booked = node.projections.payments_by_id(institution, [row.id for row in queued])
    rows += [row for row in queued if row.id not in booked]
    rows.sort(key=lambda row: row.created_ns, reverse=True)
    return rows[:limit]


def _below(heights: range | None, stop: int) -> range:
    return range(stop) if heights is None else range(heights.start, min(heights.stop, stop))


def _queued(ask: Ask, account: bytes | None, before_ns: int, limit: int) -> list[Queued]:
    """What waits, or ended waiting: it is in no block, so that lists of blocks do not have it."""
    node, status = ask.door.node, ask.query.status
    states = [state for state, one in STATUSES.items() if status in (None, one)]
    if not states or ask.key.institution != node.institution:
        return []
    return node.vault.queue.page(states=states, account=account, before_ns=before_ns, limit=limit)
