"""The shared ledger: assets, blocks, genesis, the trial balance, receipts."""

from __future__ import annotations

import json

import numpy as np
from starlette.types import Receive, Scope, Send

from clearway.gateway.door import Answer, Ask, send_answer
from clearway.gateway.govern import show_asset
from clearway.gateway.ledger_schemas import AssetTotals, BlockInfo, TrialBalance
from clearway.gateway.payments import find_row
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time
from clearway.ledger.block_range import pack_record
from clearway.ledger.book import Block
from clearway.ledger.genesis import dump_genesis
from clearway.ledger.receipt import make_receipt
from clearway.payment.errors import Refusal
from clearway.payment.money import format_amount
from clearway.payment.records import HEADER

HEIGHT_DIGITS_MAX = 18


def receipt(ask: Ask) -> Answer:
    """The proof of the entry that made the payment, or of the one that changed it n-th.

    Refuses payment.unknown, act.unknown.
    """
    row, number = find_row(ask), ask.query.act
    height, index = row.height, row.index
    if number:
        acts = ask.door.node.projections.acts_on(row.institution, row.id)
        if number > len(acts):
            raise Refusal("act.unknown", act=number, count=len(acts))
        height, index = acts[number - 1].height, acts[number - 1].index
    return Answer(200, make_receipt(ask.door.node.book, height, index))


def list_assets(ask: Ask) -> Answer:
    paused = ask.door.node.book.paused_assets()
    data = [
        show_asset(asset, paused=asset.number in paused) for asset in ask.door.directory.assets()
    ]
    return Answer(200, Listing("list", data, False))


def list_blocks(ask: Ask) -> Answer:
    """Newest first; starting_after is a height."""
    book, limit = ask.door.node.book, ask.query.limit
    newest = book.height
    if ask.query.starting_after is not None:
        newest = min(newest, _height(ask.query.starting_after) - 1)
    oldest = max(0, newest - limit + 1)
    data = [_render(book.block(height)) for height in range(newest, oldest - 1, -1)]
    return Answer(200, Listing("list", data, oldest > 0 and bool(data)))


def see_block(ask: Ask) -> Answer:
    """Refuses block.unknown."""
    return Answer(200, _render(_block(ask)))


async def raw_block(ask: Ask, _scope: Scope, _receive: Receive, send: Send) -> None:
    """The block as a record of the log: several, one behind another, are a range that anyone can
    check (docs/format.md, Block range). Refuses block.unknown."""
    body = await ask.door.read(lambda: pack_record(_block(ask)))
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", ask.request_id.encode()),
    ]
    await send_answer(send, 200, headers, body)


def _block(ask: Ask) -> Block:
    book, height = ask.door.node.book, _height(ask.params["height"])
    if height > book.height:
        raise Refusal("block.unknown", height=height)
    return book.block(height)


def _height(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > HEIGHT_DIGITS_MAX:
        raise Refusal("block.unknown", height=text)
    return int(text)


def _render(block: Block) -> BlockInfo:
    header = np.frombuffer(block.header, HEADER)[0]
    return BlockInfo(
        height=block.height,
        time=format_time(block.time_ns),
        hash=block.hash.hex(),
        previous=header["previous"].tobytes().hex(),
        transactions_root=header["transactions_root"].tobytes().hex(),
        results_root=header["results_root"].tobytes().hex(),
        state_root=header["state_root"].tobytes().hex(),
        count=block.count,
    )


def see_genesis(ask: Ask) -> Answer:
    """The trusted file that receipts and chains are verified against, as `genesis.json` has it."""
    return Answer(200, json.loads(dump_genesis(ask.door.node.genesis)))


def trial_balance(ask: Ask) -> Answer:
    """Money enters against nostro accounts, so every asset sums to zero, or the book is wrong."""
    book, directory = ask.door.node.book, ask.door.directory
    height, state_root, rows = book.trial_balance()
    data = []
    for number, credit, debit, pending_in, pending_out in rows:
        asset = directory.asset(number)
        amounts = (credit, debit, credit + debit, pending_in, pending_out)
        texts = [format_amount(amount, asset) for amount in amounts]
        data.append(AssetTotals(asset.code, *texts))
    balanced = all(credit + debit == 0 for _, credit, debit, *_ in rows)
    answer = TrialBalance("trial_balance", height, state_root.hex(), balanced, data)
    return Answer(200, answer)
