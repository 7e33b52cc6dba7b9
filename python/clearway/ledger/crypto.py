"""Hashes and signatures of docs/format.md for the rooms above, by the kernel.

Rows may be bytes or any C-contiguous NumPy array; they are read in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

import clearway_kernel as kernel

HASH_BYTES = 32
SIGNATURE_BYTES = 64

# NumPy's arrays have the buffer protocol; only the type checker cannot see it before Python 3.12.
Rows: TypeAlias = Buffer | npt.NDArray[Any]


def as_buffer(rows: Rows) -> Buffer:
    """The same bytes, contiguous."""
    if isinstance(rows, np.ndarray):
        return cast(Buffer, np.ascontiguousarray(rows))
    return rows


def hash_bytes(domain: str, data: Rows) -> bytes:
    """`H[domain](data)`, 32 bytes."""
    return kernel.hash_bytes(domain, as_buffer(data))


def hash_rows(domain: str, rows: Rows, row_bytes: int) -> bytes:
    """`H[domain]` of each row; 32 bytes a row."""
    return kernel.hash_rows(domain, as_buffer(rows), row_bytes)


def hash_each(domain: str, inputs: Sequence[bytes]) -> list[bytes]:
    """`H[domain]` of each input, of any length."""
    return kernel.hash_each(domain, inputs)


def sha256_each(inputs: Sequence[bytes]) -> list[bytes]:
    return kernel.sha256_each(inputs)


def hmac_each(secret: bytes, inputs: Sequence[bytes]) -> list[bytes]:
    """HMAC-SHA-256 of each input; 32 bytes each."""
    return kernel.hmac_each(secret, inputs)


def prf_rows(key: Rows, rows: Rows, row_bytes: int) -> bytes:
    """A keyed hash of each row under a secret of 32 bytes, for salts; 32 bytes a row."""
    return kernel.prf_rows(as_buffer(key), as_buffer(rows), row_bytes)


def tree_root(leaves: Rows) -> bytes:
    return kernel.tree_root(as_buffer(leaves))


def check_path(*, leaf: bytes, index: int, size: int, path: bytes, root: bytes) -> bool:
    """Whether `leaf` is leaf `index` of the `size` leaves under `root`."""
    return kernel.check_path(leaf, index, size, path, root)


def public_key(seed: Rows) -> bytes:
    return kernel.public_key(as_buffer(seed))


def sign(seed: Rows, digest: Rows) -> bytes:
    return kernel.sign(as_buffer(seed), as_buffer(digest))


def sign_rows(seeds: Rows, digests: Rows) -> bytes:
    """64 bytes a row; rows of 32 and 32."""
    return kernel.sign_rows(as_buffer(seeds), as_buffer(digests))


def verify(key: Rows, digest: Rows, signature: Rows) -> bool:
    return kernel.verify(as_buffer(key), as_buffer(digest), as_buffer(signature))


def verify_rows(keys: Rows, digests: Rows, signatures: Rows) -> bytes:
    """One byte a row, 1 where valid; rows of 32, 32 and 64."""
    return kernel.verify_rows(as_buffer(keys), as_buffer(digests), as_buffer(signatures))
