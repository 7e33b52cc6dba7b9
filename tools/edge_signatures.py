"""Ed25519 signatures on which verifiers differ, and what ZIP 215 says of each.

Source: ZIP 215 and its test cases (the 14 encodings of the points of small order, as keys and as R
with S = 0, all valid); de Valence, "It's 255:19AM. Do you know what your validation criteria are?".
"""

from __future__ import annotations

from hashlib import sha512
from typing import Any, Final

from spec.ed25519 import (
    BASE,
    ORDER,
    P,
    add,
    challenge,
    decode_point,
    encode_point,
    expand,
    multiply,
    public_key,
    sign,
    verify,
)

SEED: Final = b"seed of a mixed key".ljust(32, b".")
MESSAGE: Final = bytes(range(32))


def _small_order() -> list[bytes]:
    """All encodings of the eight points of small order: with y below and, where 255 bits allow it,
    at or above the field's prime, and with either sign bit where x is 0."""
    found = []
    for y in _small_order_ys():
        for encoded_y in (y, y + P):
            for bit in (0, 1):
                if encoded_y < 2**255:
                    data = (encoded_y | bit << 255).to_bytes(32, "little")
                    point = decode_point(data)
                    if point is not None:
                        found.append(data)
    assert len(found) == 14
    return found


def _small_order_ys() -> list[int]:
    """The y of the points whose eightfold is neutral: found from a point times the order."""
    for start in range(2, 100):
        point = decode_point(start.to_bytes(32, "little"))
        if point is None:
            continue
        torsion = multiply(ORDER, point)
        multiples = [multiply(number, torsion) for number in range(8)]
        if len({encode_point(one) for one in multiples}) == 8:
            encoded = {encode_point(one) for one in multiples}
            return sorted({int.from_bytes(one, "little") & (2**255 - 1) for one in encoded})
    raise AssertionError("invariant: some point has a part of order 8")


SMALL_ORDER: Final = _small_order()


def _order_eight() -> bytes:
    """A point of order 8 itself."""
    for data in SMALL_ORDER:
        point = decode_point(data)
        assert point is not None
        if encode_point(multiply(4, point)) != (1).to_bytes(32, "little"):
            return data
    raise AssertionError("invariant: some point has order 8")


def _mixed_key() -> bytes:
    torsion = decode_point(_order_eight())
    assert torsion is not None
    return encode_point(add(multiply(expand(SEED)[0], BASE), torsion))


MIXED_KEY: Final = _mixed_key()


def sign_mixed(message: bytes) -> bytes:
    """Good only when the equation is multiplied by the cofactor: the key has a part of order 8, and
    the challenge is no multiple of 8."""
    scalar, prefix = expand(SEED)
    for tries in range(100):
        nonce = int.from_bytes(sha512(prefix + bytes([tries]) + message).digest(), "little") % ORDER
        r = encode_point(multiply(nonce, BASE))
        k = challenge(r, MIXED_KEY, message)
        if k % 8:
            return r + ((nonce + k * scalar) % ORDER).to_bytes(32, "little")
    raise AssertionError("invariant: seven challenges of eight are no multiple of 8")


def sign_with(r: bytes, message: bytes) -> bytes:
    """By the ordinary key, with an R of small order: good only under the challenge of these bytes,
    and not of the shortest encoding of the same point."""
    s = challenge(r, public_key(SEED), message) * expand(SEED)[0] % ORDER
    return r + s.to_bytes(32, "little")


def edge_signatures() -> list[dict[str, Any]]:
    """key, message, signature in hex, and whether ZIP 215 accepts it, which spec/ is asked."""
    good = sign(SEED, MESSAGE)
    key = public_key(SEED)
    above = (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    rows = [
        ("an ordinary one", key, good),
        ("another message's", key, sign(SEED, bytes(32))),
        ("a key with a part of small order", MIXED_KEY, sign_mixed(MESSAGE)),
        ("S above the order", key, good[:32] + above),
        ("S with its highest bit", key, good[:63] + bytes([good[63] | 128])),
        ("R that is no point", SMALL_ORDER[0], (2).to_bytes(32, "little") + bytes(32)),
        ("a key that is no point", (2).to_bytes(32, "little"), SMALL_ORDER[0] + bytes(32)),
    ]
    for number, small in enumerate(SMALL_ORDER):
        rows.append((f"an ordinary key, R {number}", key, sign_with(small, MESSAGE)))
        for other, r in enumerate(SMALL_ORDER):
            rows.append((f"small order {number}, R {other}", small, r + bytes(32)))
    return [
        {
            "name": name,
            "key": key.hex(),
            "message": MESSAGE.hex(),
            "signature": signature.hex(),
            "valid": verify(key, MESSAGE, signature),
        }
        for name, key, signature in rows
    ]
