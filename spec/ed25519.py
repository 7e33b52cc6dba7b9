"""Ed25519 (RFC 8032), verified under the rules of ZIP 215.

ZIP 215 says which signatures are good when implementations might differ: encodings of points need
not be canonical, S must be below the order, and the equation is checked times the cofactor 8.
Nothing here is fast or hides a secret from a stopwatch; `sign` is for vectors and tests only.
"""

from __future__ import annotations

from hashlib import sha512
from typing import Final

P: Final = 2**255 - 19  # the field
ORDER: Final = 2**252 + 27742317777372353535851937790883648493  # of the base point
D: Final = -121665 * pow(121666, -1, P) % P
SQRT_OF_MINUS_1: Final = pow(2, (P - 1) // 4, P)

# A point of −x² + y² = 1 + d x² y², as (X, Y, Z, T) with x = X/Z, y = Y/Z and x y = T/Z.
Point = tuple[int, int, int, int]
NEUTRAL: Final[Point] = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    """RFC 8032, 5.1.4. The formula is complete: it also doubles, and it takes any two points."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar: int, point: Point) -> Point:
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def is_neutral(p: Point) -> bool:
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0


def decode_point(data: bytes) -> Point | None:
    """The point of 32 bytes, or None when there is none. ZIP 215: y at or above P counts modulo P,
    and a sign bit on x = 0 is allowed."""
    bits = int.from_bytes(data, "little")
    y, sign = bits & (2**255 - 1), bits >> 255
    y %= P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    square = u * pow(v, -1, P) % P  # v is never 0, because −1/d is no square
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * SQRT_OF_MINUS_1 % P
    if x * x % P != square:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def encode_point(p: Point) -> bytes:
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def base_point() -> Point:
    point = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert point is not None, "invariant: the base point is on the curve"
    return point


BASE: Final = base_point()


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(r + key + message).digest(), "little") % ORDER


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64 bytes are a signature of `message` by `key`."""
    a, r = decode_point(key), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = challenge(signature[:32], key, message)
    minus_a = (-a[0] % P, a[1], a[2], -a[3] % P)
    minus_r = (-r[0] % P, r[1], r[2], -r[3] % P)
    difference = add(add(multiply(s, BASE), multiply(k, minus_a)), minus_r)
    return is_neutral(multiply(8, difference))


def expand(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of a seed of 32 bytes."""
    digest = sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & (2**254 - 8) | 2**254, digest[32:]


def public_key(seed: bytes) -> bytes:
    return encode_point(multiply(expand(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    scalar, prefix = expand(seed)
    nonce = int.from_bytes(sha512(prefix + message).digest(), "little") % ORDER
    r = encode_point(multiply(nonce, BASE))
    s = (nonce + challenge(r, public_key(seed), message) * scalar) % ORDER
    return r + s.to_bytes(32, "little")
