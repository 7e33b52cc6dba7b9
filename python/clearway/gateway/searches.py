"""Which payments, entries and balances a list shows: of which blocks, with which metadata."""

from __future__ import annotations

from clearway.gateway.door import Ask
from clearway.gateway.times import parse_time
from clearway.payment.errors import Refusal
from clearway.payment.ids import metadata_mark, parse_payment
from clearway.store.rows import PaymentRow

HEIGHT_DIGITS_MAX = 12
# Matches that are looked at for one page: an id may have been saved for an envelope that never
# came, and then for another one.
MATCHES_PER_PAYMENT_MAX = 2


def heights_of(ask: Ask) -> range | None:
    """The blocks from `from` to `to`, both inclusive; None when neither is given. Each is a height
    or a time. Refuses request.invalid."""
    query = ask.query
    if query.from_ is None and query.to is None:
        return None
    start = 0 if query.from_ is None else _height(ask, query.from_, "from", after=False)
    stop = ask.door.node.book.height + 1
    if query.to is not None:
        stop = _height(ask, query.to, "to", after=True)
    return range(start, max(start, stop))


def height_at(ask: Ask, text: str) -> int:
    """The last block at a time, or not after a height. Refuses request.invalid."""
    return _height(ask, text, "at", after=True) - 1


def _height(ask: Ask, text: str, field: str, *, after: bool) -> int:
    """The first height that is not before the time or height said; `after`: that is after it."""
    if text.isascii() and text.isdigit():
        if len(text) > HEIGHT_DIGITS_MAX:
            raise Refusal("request.invalid", field=field, what="neither a height nor a time")
        return int(text) + after
    return ask.door.node.projections.height_from(parse_time(text, field) + after)


def marks_of(ask: Ask, metadata: dict[str, str] | None, payer: bytes, payee: bytes) -> bytes:
    """What a payment with this metadata is found by."""
    if not metadata:
        return b""
    secret, institution = ask.door.node.secret, ask.key.institution
    return b"".join(
        metadata_mark(secret, institution, field, value, account)
        for field, value in metadata.items()
        for account in (b"", payer, payee)
    )


def find_by_metadata(ask: Ask, account: bytes) -> list[PaymentRow]:
    """A page of payments with `metadata`, and one more; account: an address, or empty for all.

    Refuses request.invalid: with one field of metadata go `account`, `limit`, `starting_after`.
    """
    query, node = ask.query, ask.door.node
    if any(one is not None for one in (query.from_, query.to, query.status)):
        what = "goes with account, limit and starting_after alone"
        raise Refusal("request.invalid", field="metadata", what=what)
    [(field, value)] = query.metadata.items()
    institution = ask.key.institution
    mark = metadata_mark(node.secret, institution, field, value, account)
    found: dict[bytes, PaymentRow] = {}
    limit, before = query.limit + 1, _cursor(ask)
    seen: set[bytes] = set()
    while len(found) < limit:
        matches = node.vault.marked(mark, limit=limit, before=before)
        ids = [id for _, id in matches if id not in seen]
        seen.update(ids)
        rows = node.projections.payments_by_id(institution, ids) if ids else {}
        found |= {id: rows[id] for id in ids if id in rows}
        if len(matches) < limit or len(seen) > limit * MATCHES_PER_PAYMENT_MAX:
            break
        before = matches[-1][0]
    return list(found.values())[:limit]


def _cursor(ask: Ask) -> tuple[int, int] | None:
    after = ask.query.starting_after
    if after is None:
        return None
    node = ask.door.node
    row = node.projections.payment(ask.key.institution, parse_payment(after))
    return (0, 0) if row is None else node.vault.mark_cursor(*place_of(row))


def place_of(row: PaymentRow) -> tuple[bytes, int, int]:
    return row.key, row.sequence, row.envelope_index
