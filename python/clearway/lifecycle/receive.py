"""receive: what the door checked is checked again now that the payment's turn has come.

Time has passed since, and the door looked at one payment at a time. A row leaves here answered
(its id was used before) or refused, and leaves no trace.
"""

from __future__ import annotations

import numpy as np

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.chains import leave_whole, refuse_priced_sweeps
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.ids import ID_BYTES, split_ids
from clearway.payment.records import Flag, Kind, u128
from clearway.routing.quotes import Quote

# Kinds whose payer and payee must be accounts of the book before anything is decided about them: a
# party that nobody knows could not be screened.
NAMES_PARTIES = (Kind.PAYMENT, Kind.REFUND, Kind.ESCROW, Kind.RELEASE, Kind.PULL)
NO_QUOTE = bytes(ID_BYTES)


def receive(batch: PaymentBatch, rooms: Rooms, *, queued: bool = False) -> None:
    """Fills `payer`, `payee` and `quotes`; rows that cannot go on leave. queued: this batch comes
    from the queue."""
    batch.payer = rooms.book.account_numbers(np.ascontiguousarray(batch.heads["payer"]))
    batch.payee = rooms.book.account_numbers(np.ascontiguousarray(batch.heads["payee"]))
    steps = [
        _answer_used_ids,
        _refuse_unknown,
        refuse_priced_sweeps,
        _refuse_low_bounds,
        _fetch_quotes,
    ]
    if rooms.vault.queue.in_use and not queued:
        steps.insert(0, _refuse_queued)
    for step in steps:
        step(batch, rooms)
        leave_whole(batch, rooms)
        batch.drop_left()


def _refuse_queued(batch: PaymentBatch, rooms: Rooms) -> None:
    """Whoever asked for this id to wait did so in other words."""
    ids = split_ids(batch.heads["id"].tobytes())
    queued = rooms.vault.queue.known(ids)
    for row in [row for row, id in enumerate(ids) if id in queued]:
        batch.leave(row, Refusal("idempotency.body_differs"))


def _answer_used_ids(batch: PaymentBatch, rooms: Rooms) -> None:
    ids = batch.heads["id"].tobytes()
    places = rooms.replay.find_many(ids)
    if not places:
        return
    for row, id in enumerate(split_ids(ids)):
        if id in places:
            request_hash = batch.columns.request_hashes[batch.origin[row]].tobytes()
            try:
                batch.leave(row, rooms.replay.answer(places[id], request_hash))
            except ClearwayError as error:
                batch.leave(row, error)


def _refuse_unknown(batch: PaymentBatch, rooms: Rooms) -> None:
    named = batch.rows_of(*NAMES_PARTIES)
    for role, numbers in (("payer", batch.payer), ("payee", batch.payee)):
        for row in named[numbers[named] == NOT_AN_ACCOUNT].tolist():
            address = batch.heads[role][row].tobytes()
            batch.leave(row, Refusal("account.unknown", account=address.hex()))
    assets = batch.heads["asset"][named].tolist()
    if rooms.assets.keys() >= set(assets):
        return
    rooms.learn_assets()
    for row, asset in zip(named.tolist(), assets, strict=True):
        if asset not in rooms.assets:
            batch.leave(row, Refusal("asset.unknown", asset=asset))


def _refuse_low_bounds(batch: PaymentBatch, rooms: Rooms) -> None:
    if not rooms.fees.domestic_bps:
        return
    heads = batch.heads
    signed = (heads["kind"] == Kind.PAYMENT) & ((heads["flags"] & Flag.SIGNED) != 0)
    for row in np.flatnonzero(signed & (heads["to_asset"] == 0)).tolist():
        try:
            check_bound(batch.heads[row], rooms)
        except Refusal as refusal:
            batch.leave(row, refusal)


def check_bound(head: np.void, rooms: Rooms) -> None:
    """The most that fees may take, as the owner of a payment in one asset has signed it, is enough
    for what the institution charges. Refuses authorisation.differs."""
    fee_minor = rooms.fees.fee_minor(u128(head, "amount"), cross=False)
    if u128(head, "bound") < fee_minor:
        what = f"the fee is {fee_minor} minor units, and {u128(head, 'bound')} at most are signed"
        raise Refusal("authorisation.differs", what=what)


def _fetch_quotes(batch: PaymentBatch, rooms: Rooms) -> None:
    crosses = batch.rows_of(Kind.PAYMENT)
    for row in crosses[batch.heads["to_asset"][crosses] != 0].tolist():
        try:
            batch.quotes[row] = _claim_quote(batch.heads[row], rooms)
        except Refusal as refusal:
            batch.leave(row, refusal)


def _claim_quote(head: np.void, rooms: Rooms) -> Quote:
    """As `quote_of`; a quote that was named is this payment's from here on.

    Refuses quote.used, quote.in_use too.
    """
    quote = quote_of(head, rooms)
    if head["target"].tobytes() != NO_QUOTE:
        rooms.quote_uses.claim(quote, head["id"].tobytes())
    return quote


def quote_of(head: np.void, rooms: Rooms) -> Quote:
    """The quote that the payment names, or without one the price of this moment.

    Refuses quote.unknown, quote.expired, quote.differs, rate.unknown, asset.unknown. An owner who
    signs has signed the payee's amount and a bound for fees: they must be the quote's.
    """
    asset, to_asset = int(head["asset"]), int(head["to_asset"])
    for number in (asset, to_asset):
        if number not in rooms.assets:
            rooms.learn_assets()
        if number not in rooms.assets:
            raise Refusal("asset.unknown", asset=number)
    from_, to, amount_minor = rooms.assets[asset], rooms.assets[to_asset], u128(head, "amount")
    named = head["target"].tobytes()
    if named == NO_QUOTE:
        quote = rooms.quotes.price(named, asset=from_, to_asset=to, amount_minor=amount_minor)
    else:
        quote = rooms.quotes.get(named)
        rooms.quotes.check(quote, asset=from_.code, to_asset=to.code, amount_minor=amount_minor)
    if head["flags"] & Flag.SIGNED:
        signed = (u128(head, "to_amount"), u128(head, "bound"))
        if signed[0] > quote.to_amount_minor or signed[1] < quote.fee_minor:
            what = f"{quote.to_amount_minor} minor units for the payee and {quote.fee_minor} of fee"
            raise Refusal("quote.differs", quote=named.hex(), what=what)
    return quote
