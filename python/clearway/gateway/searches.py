"""Which payments, entries and balances a list shows: of which blocks, with which metadata."""

from __future__ import annotations

from clearway.gateway.door import Ask
from clearway.gateway.times import parse_time
from clearway.payment.errors import Refusal
from clearway.payment.ids import metadata_mark, parse_payment
from clearway.store.rows import PaymentRow

HEIGHT_DIGITS_MAX = 12
MATCHES_AT_ONCE = 500
MATCHES_MAX = 10_000  # that are looked at for one page


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
    owners = dict.fromkeys((b"", *_lines(ask, payer), *_lines(ask, payee)))
    return b"".join(
        metadata_mark(secret, institution, field, value, owner)
        for field, value in metadata.items()
        for owner in owners
    )


def _lines(ask: Ask, address: bytes) -> tuple[bytes, ...]:
    """The account, and its parent if it is a sub-account: both are asked for its payments."""
    book = ask.door.node.book
    account = book.account(address)
    parent = None if account is None or account.parent is None else book.account_at(account.parent)
    return (address,) if parent is None else (address, parent.address)


def find_by_metadata(ask: Ask, account: bytes) -> list[PaymentRow]:
    """A page of payments that have all of `metadata`, and one more; account: an address, or empty
    for all. Refuses request.invalid when more than MATCHES_MAX would have to be looked at."""
    query, node = ask.query, ask.door.node
    institution, heights = ask.key.institution, heights_of(ask)
    marks = [
        metadata_mark(node.secret, institution, field, value, account)
        for field, value in query.metadata.items()
    ]
    found: dict[bytes, PaymentRow] = {}
    limit, before = query.limit + 1, _cursor(ask)
    for _ in range(0, MATCHES_MAX, MATCHES_AT_ONCE):
        matches = node.vault.marked(marks, limit=MATCHES_AT_ONCE, before=before)
        # An id may have been saved for an envelope that never came, and then for another one.
        ids = list(dict.fromkeys(id for _, id in matches))
        rows = node.projections.payments_by_id(institution, ids) if ids else {}
        for id in ids:
            if id in rows and _fits(rows[id], query.status, heights):
                found.setdefault(id, rows[id])
        if len(found) >= limit or len(matches) < MATCHES_AT_ONCE:
            return list(found.values())[:limit]
        before = matches[-1][0]
    what = f"more than {MATCHES_MAX} payments have it; ask for another field, or an account"
    raise Refusal("request.invalid", field="metadata", what=what)


def _fits(row: PaymentRow, status: str | None, heights: range | None) -> bool:
    return status in (None, row.status) and (heights is None or row.height in heights)


def _cursor(ask: Ask) -> tuple[int, int] | None:
    after = ask.query.starting_after
    if after is None:
        return None
    node = ask.door.node
    row = node.projections.payment(ask.key.institution, parse_payment(after))
    if row is None:
        return (0, 0)
    return node.vault.mark_cursor(row.key, row.sequence, row.envelope_index)
