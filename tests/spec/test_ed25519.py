"""The specification's signatures: RFC 8032, and where ZIP 215 differs from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import ed25519

# RFC 8032, 7.1: secret key, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]
MESSAGE = bytes(range(32))
LAXER_THAN_RFC_8032 = {151}  # R is y = 1 with the sign bit set, which ZIP 215 decodes


def torsion_points() -> list[ed25519.Point]:
    """The eight points whose order divides the cofactor."""
    for byte in range(1, 255):
        point = ed25519.decode_point(bytes([byte]) * 32)
        if point is None:
            continue
        generator = ed25519.multiply(ed25519.ORDER, point)
        if not ed25519.is_neutral(ed25519.multiply(4, generator)):
            return [ed25519.multiply(times, generator) for times in range(8)]
    raise AssertionError("no point of order 8")


def encodings(point: ed25519.Point) -> set[bytes]:
    """Every string of 32 bytes that ZIP 215 takes for the point."""
    canonical = int.from_bytes(ed25519.encode_point(point), "little")
    y, sign = canonical & (2**255 - 1), canonical >> 255
    signs = {sign} if ed25519.encode_point(point) != encode_negative(point) else {0, 1}
    ys = {y, y + ed25519.P} if y + ed25519.P < 2**255 else {y}
    return {(y | sign << 255).to_bytes(32, "little") for y in ys for sign in signs}


def encode_negative(point: ed25519.Point) -> bytes:
    return ed25519.encode_point((-point[0], point[1], point[2], -point[3]))


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_reproduces_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    seed, data = bytes.fromhex(secret), bytes.fromhex(message)
    assert ed25519.public_key(seed).hex() == public
    assert ed25519.sign(seed, data).hex() == signature
    assert ed25519.verify(bytes.fromhex(public), data, bytes.fromhex(signature))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_agrees_with_another_implementation(seed: bytes, message: bytes, bit: int) -> None:
    other = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = other.public_key().public_bytes_raw(), other.sign(message)
    assert ed25519.public_key(seed) == key
    assert ed25519.sign(seed, message) == signature
    assert ed25519.verify(key, message, signature)
    flipped = int.from_bytes(signature, "little") ^ 1 << bit
    assert not ed25519.verify(key, message, flipped.to_bytes(64, "little"))
    assert not ed25519.verify(key, message + b"\0", signature)


def test_points_of_small_order_verify_in_every_encoding() -> None:
    rows = sorted(set().union(*(encodings(point) for point in torsion_points())))
    assert len(rows) == 14  # as ZIP 215 counts them
    for key in rows:
        for r in rows:
            assert ed25519.verify(key, MESSAGE, r + bytes(32))


def test_the_equation_is_checked_times_the_cofactor() -> None:
    torsion = torsion_points()[1]
    key = ed25519.public_key(bytes(32))
    scalar, _ = ed25519.expand(bytes(32))
    r = ed25519.encode_point(ed25519.add(ed25519.multiply(5, ed25519.BASE), torsion))
    s = (5 + ed25519.challenge(r, key, MESSAGE) * scalar) % ed25519.ORDER
    assert ed25519.verify(key, MESSAGE, r + s.to_bytes(32, "little"))


def test_s_must_be_below_the_order() -> None:
    key, signature = ed25519.public_key(bytes(32)), ed25519.sign(bytes(32), MESSAGE)
    s = int.from_bytes(signature[32:], "little") + ed25519.ORDER
    assert not ed25519.verify(key, MESSAGE, signature[:32] + s.to_bytes(32, "little"))


def test_bytes_that_are_no_point_do_not_verify() -> None:
    nowhere = (2).to_bytes(32, "little")
    key, signature = ed25519.public_key(bytes(32)), ed25519.sign(bytes(32), MESSAGE)
    assert ed25519.decode_point(nowhere) is None
    assert not ed25519.verify(nowhere, MESSAGE, signature)
    assert not ed25519.verify(key, MESSAGE, nowhere + signature[32:])


@pytest.mark.shared
def test_agrees_with_wycheproof(shared: Path) -> None:
    suite = json.loads((shared / "suites/crypto/ed25519_test.json").read_text())
    checked = 0
    for group in suite["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            signature = bytes.fromhex(case["sig"])
            if len(signature) != 64:
                continue  # the ledger's signatures have a fixed size
            valid = case["result"] == "valid" or case["tcId"] in LAXER_THAN_RFC_8032
            assert ed25519.verify(key, bytes.fromhex(case["msg"]), signature) == valid, case
            checked += 1
    assert checked > 100
