"""API keys: `cwk_<id>_<secret>`. The vault keeps a hash, the institution, the scopes, a revocation.

A key that was just looked up is believed for KEY_FRESH_S, which is all the time that a revocation
takes, also one by another process. A key carries 32 random bytes, and therefore a plain SHA-256 is
enough: there is nothing to guess, and a slow hash would only slow the door.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import time
from typing import Final

from clearway.payment.errors import Refusal
from clearway.store.vault import ApiKey, Vault

SCOPES: Final[dict[str, str]] = {
    "accounts:read": "see accounts, their balances and entries",
    "accounts:write": "open and close accounts",
    "payments:read": "see payments, receipts, explanations and quotes",
    "payments:write": "pay, capture, void, refund, quote",
    "issuances:write": "let money in and out against a nostro account; the faucet of a dev node",
    "decisions:read": "see scores, reasons, models, matched names and feedback",
    "feedback:write": "confirm frauds and honest payments, report chargebacks",
    "reviews:decide": "approve and reject payments under review",
    "compliance:write": "freeze and unfreeze accounts",
    "cases:read": "see cases, their evidence, pages and report drafts, with owners' names",
    "cases:write": "assign cases, write notes, propose how they end",
    "cases:decide": "confirm or return what another person proposed; reopen",
    "assets:control": "pause an asset as its issuer, freeze or allow a holder, claw back",
    "ledger:govern": "register assets, nostro and operating accounts, signing keys and limits",
    "ledger:read": "see blocks, genesis, the trial balance",
    "ledger:import": "record payments that happened in another system, with their times",
    "events:read": "follow the event stream",
}
KEY_FRESH_S: Final = 0.02
KEYS_FRESH_MAX: Final = 1_024
_PRINCIPAL = re.compile(r"[A-Za-z0-9_.@-]{1,64}", re.ASCII)


class Authenticator:
    """Finds the key behind an Authorization header. Used on the loop's thread alone."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._fresh: dict[bytes, tuple[ApiKey, float]] = {}

    def authenticate(self, authorization: bytes | None) -> ApiKey:
        """Refuses auth.missing, auth.invalid, auth.revoked."""
        if authorization is None:
            raise Refusal("auth.missing")
        now = time.monotonic()
        known = self._fresh.get(authorization)
        if known is not None and now < known[1]:
            return known[0]
        key = self._look_up(authorization)
        if len(self._fresh) >= KEYS_FRESH_MAX:
            self._fresh.clear()
        self._fresh[authorization] = (key, now + KEY_FRESH_S)
        return key

    def _look_up(self, authorization: bytes) -> ApiKey:
        scheme, _, text = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not text:
            raise Refusal("auth.missing")
        key = self._vault.api_key(hashlib.sha256(text.strip()).digest())
        if key is None:
            raise Refusal("auth.invalid")
        if key.revoked_ns:
            raise Refusal("auth.revoked")
        return key


CHALLENGE: Final = 'Basic realm="Clearway: any name, and an API key as password"'


def password_as_bearer(authorization: bytes | None) -> bytes | None:
    """The API key that a browser sends as password of Basic (RFC 7617), as a client would send it;
    anything else as it is. Only for pages that are read: a browser adds it by itself to whatever
    another site makes it ask for, so what changes something must not take it.

    >>> password_as_bearer(b"Basic YW5uOmN3a18xXzI=")
    b'Bearer cwk_1_2'
    """
    scheme, _, text = (authorization or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return authorization
    try:
        _, _, password = base64.b64decode(text, validate=True).partition(b":")
    except binascii.Error:
        return authorization
    return b"Bearer " + password


def require_scope(key: ApiKey, scope: str) -> None:
    """Refuses auth.scope. An empty scope is any key."""
    if scope and scope not in key.scopes:
        raise Refusal("auth.scope", scope=scope)


def create_api_key(
    vault: Vault, *, principal: str, name: str, institution: int, scopes: list[str], now_ns: int
) -> tuple[str, ApiKey]:
    """A new key; its text is returned once and kept nowhere.

    principal: who pays. Keys of one principal share idempotency keys, so that a rotated key may
    repeat what the old one sent. Refuses request.invalid for an unknown scope.
    """
    for scope in scopes:
        if scope not in SCOPES:
            what = f"{scope!r} is not a scope; allowed: {', '.join(SCOPES)}"
            raise Refusal("request.invalid", field="scopes", what=what)
    if _PRINCIPAL.fullmatch(principal) is None:
        raise Refusal("request.invalid", field="principal", what="1 to 64 of A-Z a-z 0-9 _ . @ -")
    id = secrets.token_hex(6)
    text = f"cwk_{id}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=id,
        principal=principal,
        institution=institution,
        scopes=frozenset(scopes),
        created_ns=now_ns,
        revoked_ns=0,
        name=name,
    )
    vault.add_api_key(hashlib.sha256(text.encode()).digest(), key)
    return text, key
