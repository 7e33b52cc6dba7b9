"""The queue's payments on their way to the ledger: what their payers have, and why a set stayed.

lifecycle/queue.py decides when; here stands how a waiting payment is counted, made an entry of now,
and judged by what the ledger would have answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from clearway.clearing.offsetting import Waiting, missing_minor
from clearway.ledger.book import Account, Book
from clearway.lifecycle.covered import CODE_BROKEN, CODE_SHORT
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import BATCH_ROWS_MAX, VALID_NS, Columns, Placed, Submission
from clearway.payment.errors import ClearwayError
from clearway.payment.records import Flag, view_results
from clearway.store.queue import Queued, QueueTable

_NET, _LINKED = np.uint16(Flag.NET), np.uint16(Flag.LINKED)
_ASSET_BITS: Final = 32


@dataclass(slots=True)
class Entry:
    """A waiting payment. due: its purses are number of the account it settles to << 32 | asset."""

    row: Queued
    due: Waiting

    @property
    def rank(self) -> tuple[int, int]:
        return (self.row.priority, self.row.number)


@dataclass(frozen=True, slots=True)
class QueueTotals:
    """What waits in one asset. missing_minor: what its payers lack, all together, so that all of it
    could go as one net."""

    asset: int
    count: int
    amount_minor: int
    missing_minor: int
    oldest_ns: int


Chains = Sequence[Sequence[Entry]]
"""Payments by themselves, and those that go together."""


def entry_of(row: Queued, rooms: Rooms) -> Entry:
    asset, amount_minor = row.asset, row.amount_minor
    fee_minor = rooms.fees.fee_minor(amount_minor, cross=False)
    payer, payee = (
        settles_at(rooms.book, address).number << _ASSET_BITS | asset
        for address in (row.payer, row.payee)
    )
    return Entry(row, Waiting(payer, payee, amount_minor + fee_minor, amount_minor))


def settles_at(book: Book, address: bytes) -> Account:
    """The account whose money it is: of a sub-account its parent."""
    account = book.account(address)
    if account is not None and account.parent is not None:
        account = book.account_at(account.parent)
    assert account is not None, "invariant: the parties of a queued payment are accounts"
    return account


def available_minor(book: Book, entries: Iterable[Entry]) -> dict[int, int]:
    """What is available, by purse of a payer or payee."""
    found = {}
    for purse in sorted({end for one in entries for end in (one.due.payer, one.due.payee)}):
        number, asset = divmod(purse, 1 << _ASSET_BITS)
        account = book.account_at(number)
        assert account is not None, "invariant: a purse is of an account"
        balance = book.balance(account.address, asset)
        found[purse] = balance[0] - balance[2] if balance else 0
    return found


def positions_of(entries: Iterable[Entry]) -> dict[bytes, int]:
    """By id: which of its payer's payments in its asset it is, from 1."""
    counts: dict[int, int] = {}
    found = {}
    for entry in sorted(entries, key=lambda one: one.rank):
        counts[entry.due.payer] = counts.get(entry.due.payer, 0) + 1
        found[entry.row.id] = counts[entry.due.payer]
    return found


def totals_of(book: Book, entries: Iterable[Entry]) -> list[QueueTotals]:
    """Per asset, in the order of their numbers."""
    by_asset: dict[int, list[Entry]] = {}
    for entry in entries:
        by_asset.setdefault(entry.row.asset, []).append(entry)
    totals = []
    for asset, group in sorted(by_asset.items()):
        missing = missing_minor(available_minor(book, group), [one.due for one in group])
        totals.append(
            QueueTotals(
                asset=asset,
                count=len(group),
                amount_minor=sum(one.due.credit_minor for one in group),
                missing_minor=sum(missing.values()),
                oldest_ns=min(one.row.created_ns for one in group),
            )
        )
    return totals


def first_chains(chains: Sequence[list[Entry]]) -> list[list[Entry]]:
    """As many chains as a batch has room for."""
    rows, taken = 0, []
    for chain in chains:
        rows += len(chain)
        if rows > BATCH_ROWS_MAX:
            break
        taken.append(chain)
    return taken


def payments_of_now(chains: Chains, table: QueueTable, now_ns: int) -> Columns:
    """Their entries: asked now, since times count for limits and for what risk remembers. What is
    private comes from the table, where it may have been erased; of the newest it stands in the row.
    """
    rows = [entry.row for chain in chains for entry in chain]
    kept = table.many([one.id for one in rows])
    rows = [kept.get(one.id, one) for one in rows]
    columns = Columns.of(
        [
            Submission(
                one.head, one.request_hash, one.private, marks=one.marks, context=one.context
            )
            for one in rows
        ]
    )
    heads = columns.heads.copy()
    heads["created_ns"], heads["valid_until_ns"] = now_ns, now_ns + VALID_NS
    at = 0
    for chain in chains:
        if len(chain) > 1:
            heads["flags"][at : at + len(chain)] |= _NET
            heads["flags"][at : at + len(chain) - 1] |= _LINKED
        at += len(chain)
    return replace(columns, heads=heads)


def code_of(answer: Placed | ClearwayError) -> int | None:
    """The ledger's code; None for what did not come as far as the ledger."""
    if isinstance(answer, ClearwayError):
        return CODE_BROKEN if answer.code == "chain.broken" else None
    return int(view_results(answer.result)[0]["code"])


def blame(chains: Chains, answers: Sequence[Placed | ClearwayError]) -> tuple[set[int], set[bytes]]:
    """Why chains were not ordered: the purses in which money was not there after all, and the ids
    of which the ledger must be asked (such as one that was used in another way).

    A payment of a net with a refusal of its own (a review cannot be netted, a closed account not
    be paid) is tried by itself from now on.
    """
    short: set[int] = set()
    unclear: set[bytes] = set()
    at = 0
    for chain in chains:
        codes = [code_of(answer) for answer in answers[at : at + len(chain)]]
        at += len(chain)
        for entry, code in zip(chain, codes, strict=True):
            if code is None:
                unclear.add(entry.row.id)
            elif len(chain) > 1 and code not in (0, CODE_SHORT, CODE_BROKEN):
                entry.due = entry.due._replace(alone=True)
        if CODE_SHORT in codes or None in codes:
            short.update(entry.due.payer for entry in chain)
    return short, unclear
