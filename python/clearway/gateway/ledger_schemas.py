"""The shapes of what everybody may see: blocks, the trial balance, receipts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from clearway.gateway.fields import Hash, Request, Time


class ReceiptQuery(Request, frozen=True):
    """`act`: 0 for the payment's own entry, n for the n-th that changed it (capture, release …)."""

    act: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class BlockInfo(Struct, frozen=True):
    height: int
    time: Time
    hash: Hash
    previous: Hash
    transactions_root: Hash
    results_root: Hash
    state_root: Hash
    count: int


class AssetTotals(Struct, frozen=True):
    asset: str
    credit: str
    debit: str
    total: str
    pending_in: str
    pending_out: str


class TrialBalance(Struct, frozen=True):
    """Per asset the sum of all balances above zero, of all below, and both together: zero."""

    object: Literal["trial_balance"]
    height: int
    state_root: Hash
    balanced: bool
    data: list[AssetTotals]


class Finality(Struct, frozen=True):
    kind: str
    key: str
    signature: str


class Receipt(Struct, frozen=True):
    object: Literal["receipt"]
    version: int
    chain_id: Hash
    entry: str
    result: str
    index: int
    size: int
    entry_path: list[str]
    result_path: list[str]
    header: str
    finality: Finality | None


RawBlock = Annotated[
    str,
    Meta(
        description="Bytes: a record of the block log, docs/format.md.",
        extra_json_schema={"format": "binary"},
    ),
]
