"""Ids: 16 bytes on the ledger, a prefix and hex outside.

`pay_…` a payment, `qte_…` a quote, `evt_…` an event, `cas_…` a case, `alt_…` an alert. Ids of
payments and addresses are keyed hashes under the institution's secret, so that the shared ledger
tells nothing about client names and keys.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

import numpy as np

from clearway.payment.errors import Refusal

ID_BYTES = 16
ADDRESS_BYTES = 20
PAYMENT_PREFIX: Final = "pay_"
QUOTE_PREFIX: Final = "qte_"
ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_DIGITS = re.compile(r"[0-9a-f]{32}", re.ASCII)

_SHA256_BLOCK_BYTES: Final = 64
BEGUN_KEPT_MAX: Final = 256


def _framed(*parts: bytes) -> bytes:
    # Length prefixes keep ("ab", "c") and ("a", "bc") apart.
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


@lru_cache(BEGUN_KEPT_MAX)
def _begun(secret: bytes, *parts: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """HMAC's two hashes (RFC 2104) with the secret and what many messages begin with taken in, to
    be copied for each message: less than half of what hmac.new costs, and every payment asks."""
    if len(secret) > _SHA256_BLOCK_BYTES:
        secret = hashlib.sha256(secret).digest()
    block = secret.ljust(_SHA256_BLOCK_BYTES, b"\0")
    inner, outer = bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
    return hashlib.sha256(inner + _framed(*parts)), hashlib.sha256(outer)


def _keyed(begun: tuple[hashlib._Hash, hashlib._Hash], *parts: bytes) -> bytes:
    """HMAC-SHA256 of the parts, with those of `_begun` before them; the very first says what the
    id is for."""
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(_framed(*parts))
    outer.update(inner.digest())
    return outer.digest()


def payment_id(secret: bytes, *, principal: str, idempotency_key: str) -> bytes:
    """16 bytes, the same on every node of an institution and across rotated API keys."""
    begun = _begun(secret, b"payment", principal.encode())
    return _keyed(begun, idempotency_key.encode())[:ID_BYTES]


def payment_message(principal: str, idempotency_key: str) -> bytes:
    """What a payment's id is the HMAC of, cut to ID_BYTES: for many at once (ledger/crypto.py)."""
    key = idempotency_key.encode()
    return _payments_of(principal) + len(key).to_bytes(4, "big") + key


@lru_cache(BEGUN_KEPT_MAX)
def _payments_of(principal: str) -> bytes:
    return _framed(b"payment", principal.encode())


def member_id(secret: bytes, request_id: bytes, number: int) -> bytes:
    """16 bytes for one of several payments that came under one Idempotency-Key, whose own id is
    `request_id`; counted from 0."""
    return _keyed(_begun(secret, b"member"), request_id, number.to_bytes(8, "little"))[:ID_BYTES]


def standing_id(secret: bytes, mandate: bytes, period: int) -> bytes:
    """16 bytes for the payment of a standing order in one of its periods."""
    return _keyed(_begun(secret, b"standing"), mandate, period.to_bytes(8, "little"))[:ID_BYTES]


def split_ids(packed: bytes) -> list[bytes]:
    """n × 16 bytes → n ids.

    >>> split_ids(bytes(16) + b"0123456789abcdef")[1]
    b'0123456789abcdef'
    """
    ids: list[bytes] = np.frombuffer(packed, f"V{ID_BYTES}").tolist()
    return ids


def parse_prefixed(text: str, prefix: str) -> bytes | None:
    """The id in such a text; None for another text."""
    digits = text.removeprefix(prefix)
    if not text.startswith(prefix) or _DIGITS.fullmatch(digits) is None:
        return None
    return bytes.fromhex(digits)


MARK_BYTES: Final = 16


def metadata_mark(
    secret: bytes, institution: int, field: str, value: str, account: bytes = b""
) -> bytes:
    """What stands for `metadata[field] = value` in an index, so that the index holds no clear text;
    with an account's address: of the payments from or to it."""
    begun = _begun(secret, b"metadata", institution.to_bytes(4, "little"))
    return _keyed(begun, field.encode(), value.encode(), account)[:MARK_BYTES]


def account_address(secret: bytes, account_id: str) -> bytes:
    """20 bytes; the client's name for an account never stands on the ledger."""
    return _keyed(_begun(secret, b"account"), account_id.encode())[:ADDRESS_BYTES]


def operating_account(role: str, asset: int) -> str:
    """The id of an institution's own account for an asset that its genesis does not have. role:
    fees or liquidity."""
    return f"{role}-{asset}"


def format_payment(id: bytes) -> str:
    return PAYMENT_PREFIX + id.hex()


def parse_payment(text: str) -> bytes:
    """Refuses payment.unknown."""
    id = parse_prefixed(text, PAYMENT_PREFIX)
    if id is None:
        raise Refusal("payment.unknown", payment=text)
    return id


def format_quote(id: bytes) -> str:
    return QUOTE_PREFIX + id.hex()


def parse_quote(text: str) -> bytes:
    """Refuses quote.unknown."""
    id = parse_prefixed(text, QUOTE_PREFIX)
    if id is None:
        raise Refusal("quote.unknown", quote=text)
    return id


CASE_PREFIX: Final = "cas_"
ALERT_PREFIX: Final = "alt_"


def case_id(first_alert: bytes) -> bytes:
    """16 bytes for the case that an alert opens."""
    return hashlib.sha256(b"case\0" + first_alert).digest()[:ID_BYTES]


def format_case(id: bytes) -> str:
    return CASE_PREFIX + id.hex()


def format_alert(id: bytes) -> str:
    return ALERT_PREFIX + id.hex()


def parse_case(text: str) -> bytes:
    """Refuses case.unknown."""
    id = parse_prefixed(text, CASE_PREFIX)
    if id is None:
        raise Refusal("case.unknown", case=text)
    return id
