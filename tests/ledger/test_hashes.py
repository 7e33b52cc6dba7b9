"""Many hashes in one call are those that the standard library, or one call each, would give."""

import hashlib
import hmac
from itertools import chain

import pytest

from clearway.ledger.crypto import hash_bytes, hash_each, hmac_each, sha256_each
from clearway.payment.ids import ID_BYTES, payment_id, payment_message

# Around SHA-256's block and padding, BLAKE3's chunk, and where the interpreter's lock is let go.
INPUTS = [bytes([n % 251]) * n for n in chain(range(200), (1_023, 1_024, 1_025, 20_000))]


def test_sha256_of_many() -> None:
    assert sha256_each(INPUTS) == [hashlib.sha256(one).digest() for one in INPUTS]
    assert sha256_each([]) == []


def test_a_domain_of_many() -> None:
    assert hash_each("details", INPUTS) == [hash_bytes("details", one) for one in INPUTS]
    with pytest.raises(ValueError, match="no domain"):
        hash_each("no domain", INPUTS)


@pytest.mark.parametrize("secret_bytes", [0, 1, 32, 63, 64, 65, 200])
def test_keyed_hashes_of_many(secret_bytes: int) -> None:
    secret = b"s" * secret_bytes
    assert hmac_each(secret, INPUTS) == [hmac.digest(secret, one, "sha256") for one in INPUTS]


@pytest.mark.parametrize(("principal", "key"), [("p", "k"), ("", "k" * 255), ("é", "~")])
def test_ids_of_many_are_the_ids_of_each(principal: str, key: str) -> None:
    secret = b"s" * 32
    [hash] = hmac_each(secret, [payment_message(principal, key)])
    assert hash[:ID_BYTES] == payment_id(secret, principal=principal, idempotency_key=key)
