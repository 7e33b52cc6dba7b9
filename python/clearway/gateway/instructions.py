"""From what a client asked to the entry that says it: one function per act.

Clearing adds what is the institution's (outcome, legs, fees, a quote's amounts); here stands the
client's will alone.
"""

from __future__ import annotations

import os

import msgspec

from clearway.ledger.book import Book
from clearway.ledger.crypto import hash_bytes
from clearway.payment.batch import VALID_NS
from clearway.payment.errors import Refusal
from clearway.payment.money import div_ceil, div_floor
from clearway.payment.records import (
    AccountFlag,
    ControlAct,
    Kind,
    pack_account_units,
    pack_head,
)
from clearway.store.rows import PaymentRow

SALT_BYTES = 16
SALTS_AT_ONCE = 1_024
UNIT_BYTES = 64
NO_OWNER = bytes(32)  # of an account that its institution keeps


class Private(msgspec.Struct, omit_defaults=True, frozen=True):
    """What belongs to an entry and never enters a block; the entry holds a commitment to it.

    salt: hex, so that nobody can guess the reference behind a commitment. by, note: who decided.
    """

    reference: str | None = None
    metadata: dict[str, str] | None = None
    purpose: str | None = None
    by: str | None = None
    api_key: str | None = None
    note: str | None = None
    salt: str = ""


_salts: list[str] = []
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Private)
NOTHING_PRIVATE = Private()


def parse_private(data: bytes | None) -> Private:
    return _decoder.decode(data) if data else NOTHING_PRIVATE


def new_salt() -> str:
    """Hex. Many are fetched at once: os.urandom costs a change of threads."""
    try:
        return _salts.pop()
    except IndexError:
        fetched = os.urandom(SALT_BYTES * SALTS_AT_ONCE).hex()
        salts = [fetched[at : at + 2 * SALT_BYTES] for at in range(0, len(fetched), 2 * SALT_BYTES)]
        salt = salts.pop()
        _salts.extend(salts)
        return salt


def encode_private(private: Private) -> bytes:
    """The bytes to keep in the vault; `H[details]` of them stands in the entry."""
    return _encoder.encode(private)


def seal_private(
    *,
    reference: str | None = None,
    metadata: dict[str, str] | None = None,
    purpose: str | None = None,
    by: str | None = None,
    api_key: str | None = None,
    note: str | None = None,
    salt: str | None = None,
) -> tuple[bytes, bytes]:
    """The bytes to keep in the vault, and the commitment to them for the entry. salt: a new one
    unless it was made when the entry was prepared."""
    said = Private(reference, metadata, purpose, by, api_key, note, salt or new_salt())
    private = encode_private(said)
    return private, hash_bytes("details", private)


def purpose_number(purpose: str | None) -> int:
    """Four letters as the ledger keeps them, 0 for none."""
    return int.from_bytes(purpose.encode("ascii"), "little") if purpose else 0


def capture(
    *, id: bytes, payment: PaymentRow, amount_minor: int, now_ns: int, details: bytes
) -> bytes:
    """Also what approves a payment under review: the whole amount."""
    return pack_head(
        kind=Kind.POST,
        id=id,
        target=payment.id,
        asset=payment.asset,
        amount_minor=amount_minor,
        payer=payment.payer,
        payee=payment.payee,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )


def void(*, id: bytes, payment: PaymentRow, now_ns: int, details: bytes) -> bytes:
    """Also what rejects a payment under review."""
    return pack_head(
        kind=Kind.VOID,
        id=id,
        target=payment.id,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )


def refund(
    *,
    id: bytes,
    payment: PaymentRow,
    amount_minor: int,
    book: Book,
    now_ns: int,
    details: bytes,
) -> bytes:
    """amount_minor: in the payer's asset, as it was paid.

    A payment that changed currency goes back at its own rate: the payee gives its part of what he
    got, rounded up, so that the liquidity account never pays for a refund; the last part gives
    exactly the rest.
    """
    if not payment.to_asset:
        asset, to_asset, to_amount_minor = payment.asset, 0, 0
        given_minor = amount_minor
        bound_minor = payment.captured_minor
    else:
        asset, to_asset, to_amount_minor = payment.to_asset, payment.asset, amount_minor
        bound_minor = div_floor(
            payment.to_amount_minor * payment.captured_minor, payment.amount_minor
        )
        refunded = book.refunded(payment.institution, payment.id)
        left_minor = bound_minor - (refunded[1] if refunded else 0)
        given_minor = div_ceil(amount_minor * bound_minor, payment.captured_minor)
        if amount_minor == payment.captured_minor - payment.refunded_minor:
            given_minor = left_minor
        elif amount_minor < payment.captured_minor - payment.refunded_minor:
            given_minor = min(given_minor, left_minor)
    return pack_head(
        kind=Kind.REFUND,
        id=id,
        target=payment.id,
        asset=asset,
        to_asset=to_asset,
        amount_minor=given_minor,
        to_amount_minor=to_amount_minor,
        bound_minor=bound_minor,
        payer=payment.payee,
        payee=payment.payer,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )


def fund(
    kind: Kind,
    *,
    id: bytes,
    payer: bytes,
    payee: bytes,
    asset: int,
    amount_minor: int,
    now_ns: int,
    details: bytes,
) -> bytes:
    """kind: ISSUE, REDEEM or CLAWBACK."""
    return pack_head(
        kind=kind,
        id=id,
        asset=asset,
        amount_minor=amount_minor,
        payer=payer,
        payee=payee,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )


def control_asset(
    *, id: bytes, asset: int, act: ControlAct, holder: bytes, now_ns: int, details: bytes
) -> bytes:
    """holder: 20 zero bytes for an act on the asset as a whole."""
    return pack_head(
        kind=Kind.CONTROL_ASSET,
        id=id,
        asset=asset,
        purpose=act,
        payer=holder,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )


def open_account(
    *,
    id: bytes,
    address: bytes,
    assets: list[int],
    now_ns: int,
    category: int = 0,
    parent: bytes | None = None,
    owner: bytes = NO_OWNER,
    flags: int = 0,
) -> tuple[bytes, bytes]:
    """Head and units. category: the account's trade, 0 none. parent: of a sub-account, which has no
    assets of its own. owner: the key that signs for it. flags: those
    of an account that governance opens.

    Refuses request.invalid for an asset named twice."""
    if len(set(assets)) != len(assets):
        raise Refusal("request.invalid", field="assets", what="an asset stands twice")
    flags |= 0 if parent is None else AccountFlag.SUB
    units = pack_account_units(owner=owner, assets=assets, flags=flags)
    head = pack_head(
        kind=Kind.OPEN_ACCOUNT,
        id=id,
        to_asset=category,
        payer=address,
        payee=bytes(20) if parent is None else parent,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        units=len(units) // UNIT_BYTES,
    )
    return head, units


def on_account(kind: Kind, *, id: bytes, address: bytes, now_ns: int, details: bytes) -> bytes:
    """kind: CLOSE_ACCOUNT, FREEZE or UNFREEZE."""
    return pack_head(
        kind=kind,
        id=id,
        payer=address,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        details=details,
    )
