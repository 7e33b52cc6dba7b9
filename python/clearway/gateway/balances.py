"""What accounts hold and held, and what went through them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from clearway.gateway.account_schemas import Balance, Entry, PastBalance
from clearway.gateway.accounts import find_account
from clearway.gateway.door import Answer, Ask
from clearway.gateway.schemas import Listing
from clearway.gateway.searches import height_at, heights_of
from clearway.gateway.times import format_time
from clearway.ledger.book import Account
from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment
from clearway.payment.money import Asset, format_amount
from clearway.payment.records import BalanceFlag, Control

Row = TypeVar("Row")
_HISTORY_ID: Final = re.compile(r"bal_([0-9]{1,12})_([0-9]{1,7})_([0-9]{1,10})")


def list_balances(ask: Ask) -> Answer:
    row = find_account(ask)
    if ask.query.at is not None:
        return _balances_at(ask, row)
    data = []
    for number, *balance in ask.door.node.book.balances(row.address):
        asset = ask.door.directory.asset(number)
        shown = Balance(asset.code, *_amounts(asset, *balance))
        data.append(_with_issuer_flags(ask, row.address, asset, shown))
    return Answer(200, Listing("list", data, False))


def _with_issuer_flags(ask: Ask, address: bytes, asset: Asset, shown: Balance) -> Balance:
    """With what the asset's issuer says of this holder, where it may say something."""
    flags = ask.door.node.book.balance_flags(address, asset.number) if asset.controls else None
    if flags is None:
        return shown
    lists, freezes = asset.controls & Control.ALLOW_LIST, asset.controls & Control.FREEZE
    return replace(
        shown,
        allowed=BalanceFlag.ALLOWED in flags if lists else UNSET,
        frozen=BalanceFlag.HELD_BACK in flags if freezes else UNSET,
    )


def _balances_at(ask: Ask, row: Account) -> Answer:
    ask.door.catch_up()
    height = height_at(ask, ask.query.at)
    data = []
    for number, *balance in ask.door.node.projections.balances_at(row.address, height):
        asset = ask.door.directory.asset(number)
        data.append(Balance(asset.code, *_amounts(asset, *balance)))
    return Answer(200, Listing("list", data, False))


def _amounts(
    asset: Asset, posted_minor: int, pending_in_minor: int, pending_out_minor: int
) -> tuple[str, str, str, str]:
    """As Balance and PastBalance have them."""
    available_minor = posted_minor - pending_out_minor
    amounts_minor = (posted_minor, pending_in_minor, pending_out_minor, available_minor)
    posted, pending_in, pending_out, available = (
        format_amount(amount_minor, asset) for amount_minor in amounts_minor
    )
    return posted, pending_in, pending_out, available


def list_history(ask: Ask) -> Answer:
    rows, has_more = _page(ask, ask.door.node.projections.balances, _history_cursor)
    data = []
    for row in rows:
        asset = ask.door.directory.asset(row.asset)
        amounts = _amounts(asset, row.posted_minor, row.pending_in_minor, row.pending_out_minor)
        data.append(
            PastBalance(
                f"bal_{row.height}_{row.index}_{row.asset}",
                "balance",
                format_time(row.time_ns),
                asset.code,
                *amounts,
                block=row.height,
            )
        )
    return Answer(200, Listing("list", data, has_more))


def _history_cursor(text: str | None) -> tuple[int, int, int] | None:
    """(height, index, asset)."""
    if text is None:
        return None
    match = _HISTORY_ID.fullmatch(text)
    if match is None:
        raise Refusal("request.invalid", field="starting_after", what="not a past balance's id")
    height, index, asset = match.groups()
    return int(height), int(index), int(asset)


def list_entries(ask: Ask) -> Answer:
    directory = ask.door.directory
    rows, has_more = _page(ask, ask.door.node.projections.entries, _entry_number)
    data = []
    for entry in rows:
        asset = directory.asset(entry.asset)
        data.append(
            Entry(
                id=f"ent_{entry.number}",
                object="entry",
                created=format_time(entry.time_ns),
                payment=None if entry.payment is None else format_payment(entry.payment),
                asset=asset.code,
                amount=format_amount(entry.amount_minor, asset),
                balance_after=format_amount(entry.balance_after_minor, asset),
                block=entry.height,
                sub_account=UNSET if entry.sub is None else directory.name(entry.sub),
            )
        )
    return Answer(200, Listing("list", data, has_more))


def _entry_number(text: str | None) -> int | None:
    if text is None:
        return None
    number = text.removeprefix("ent_")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Refusal("request.invalid", field="starting_after", what="not an entry's id")
    return int(number)


def _page(
    ask: Ask, read: Callable[..., list[Row]], read_cursor: Callable[[str | None], object]
) -> tuple[list[Row], bool]:
    """What the projections have of the account that is asked for, and whether there is more."""
    query = ask.query
    account = find_account(ask)
    ask.door.catch_up()
    cursor = read_cursor(query.starting_after)
    asset = None if query.asset is None else ask.door.directory.asset_of_code(query.asset).number
    rows = read(
        account.address,
        limit=query.limit + 1,
        starting_after=cursor,
        asset=asset,
        heights=heights_of(ask),
    )
    return rows[: query.limit], len(rows) > query.limit
