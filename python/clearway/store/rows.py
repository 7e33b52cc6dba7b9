"""What queries give: one frozen row for each kind of thing that the projections know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from clearway.payment.state import Status


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment, refund, issuance, redemption or escrow.

    status, captured_minor, refunded_minor: as asked, now or as of a change. code: the ledger's
    result of its entry, 0 or a refusal. created_ns: time of its block. legs: 64-byte units, empty
    for the one leg from payer to payee; of an escrow its terms, whose hash is terms_hash. target:
    what it refunds, or its quote. key, sequence, envelope_index: where the vault keeps what
    belongs to it. last_height, last_index: its latest change.
    """

    id: bytes
    institution: int
    kind: int
    status: Status
    first_status: Status
    code: int
    payer: bytes
    payee: bytes
    asset: int
    to_asset: int
    amount_minor: int
    to_amount_minor: int
    captured_minor: int
    refunded_minor: int
    target: bytes | None
    refund_of: bytes | None
    purpose: int
    outcome: int
    created_ns: int
    expires_ns: int
    height: int
    index: int
    key: bytes
    sequence: int
    envelope_index: int
    last_height: int
    last_index: int
    legs: bytes
    terms_hash: bytes


class FlowRow(NamedTuple):
    """A payment as a line between two accounts (their numbers, -1 for an address that is none).
    A tuple, because a network looks at thousands. status: a Status as text."""

    id: bytes
    payer: int
    payee: int
    asset: int
    amount_minor: int
    captured_minor: int
    status: str
    height: int


@dataclass(frozen=True, slots=True)
class Found:
    """Where an id was first used, by an entry of whatever kind."""

    height: int
    index: int
    kind: int


@dataclass(frozen=True, slots=True)
class ActRow:
    """Any other entry: a capture, a void, a release, an opened account; or a hold or escrow that a
    sweep ended (n from 1, id None).

    target: the hold or escrow. account: address of the account opened, closed, frozen, or that
    asked for a release or cancel. payment: id of the payment it changed, status: what to; both
    None when it was refused. captured_minor: all that was captured of it by then.
    """

    height: int
    index: int
    n: int
    time_ns: int
    id: bytes | None
    institution: int
    kind: int
    code: int
    target: bytes | None
    account: bytes | None
    amount_minor: int
    captured_minor: int
    payment: bytes | None
    status: Status | None
    key: bytes
    sequence: int
    envelope_index: int


@dataclass(frozen=True, slots=True)
class Change:
    """A payment got a status at (height, index, n), by an entry of this kind; `payment` is as of
    then, so that what is told of a change never depends on when it is told."""

    height: int
    index: int
    n: int
    time_ns: int
    status: Status
    kind: int
    payment: PaymentRow


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One movement on an account. number: counts the chain's movements and is the cursor; role as
    in records.Role; payment: id; sub: address of the sub-account that it was for."""

    number: int
    asset: int
    amount_minor: int
    balance_after_minor: int
    role: int
    time_ns: int
    height: int
    index: int
    payment: bytes
    sub: bytes | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What an account held of an asset, and what was pending, after the entry at (height, index)
    changed one of them."""

    height: int
    index: int
    time_ns: int
    asset: int
    posted_minor: int
    pending_in_minor: int
    pending_out_minor: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """flags as in records.AccountFlag; opened_ns: time of its block; parent: number of the account
    that a sub-account settles to; assets are the parent's then."""

    number: int
    address: bytes
    institution: int
    owner: bytes | None
    flags: int
    assets: tuple[int, ...]
    opened_ns: int
    height: int
    index: int
    parent: int | None


@dataclass(frozen=True, slots=True)
class MandateRow:
    """status: active, revoked or ended."""

    id: bytes
    institution: int
    payer: bytes
    payee: bytes
    asset: int
    payment_minor_max: int
    period_minor_max: int
    total_minor_max: int
    period_ns: int
    start_ns: int
    expires_ns: int
    payments_max: int
    flags: int
    status: Literal["active", "revoked", "ended"]
    created_ns: int


@dataclass(frozen=True, slots=True)
class BlockRow:
    height: int
    time_ns: int
    count: int
    hash: bytes
    previous: bytes
    transactions_root: bytes
    results_root: bytes
    state_root: bytes
