"""A receipt: one entry and its result, proven offline under a genesis that the reader trusts.

The chain of reasons, each step checked:
genesis → its chain id and its SEQUENCE keys → signature over the block's hash → header →
transactions root → entry, and results root → result. Block 0 carries no signature; its header is
trusted only if it is the one that the trusted genesis makes, which is recomputed.

Strict on purpose: unknown, missing or doubled keys, upper-case hex, other types and other lengths
are refused, so that no byte of a receipt can change without notice. A key that the chain registered
after genesis, or revoked, is not known here: whoever rotates the sequencer's key hands out a new
trusted file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

import clearway_kernel as kernel
from clearway.ledger.book import FINALITY, FINALITY_SEQUENCER, Book
from clearway.ledger.crypto import check_path, hash_bytes, verify
from clearway.ledger.entry import describe_entry, describe_result, tell_entry
from clearway.ledger.genesis import Genesis
from clearway.ledger.strict_json import parse_strict
from clearway.payment.records import HEADER, RESULT

RECEIPT_BYTES_MAX = 1024 * 1024
VERSION = 1
PATH_HASHES_MAX = 32
ENTRY_BYTES_MAX = 64 * 1024  # the longest is a sweep of 1,024 holds, 32,800 bytes
# docs/format.md: a result is padded to 64 bytes in its leaf.
RESULT_LEAF_PADDING = bytes(32)
_KEYS = (
    "object", "version", "chain_id", "entry", "result", "index", "size",
    "entry_path", "result_path", "header", "finality",
)  # fmt: skip
_FINALITY_KEYS = ("kind", "key", "signature")
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


class ReceiptError(ValueError):
    """A receipt that proves nothing. field: what of it differs; what: from what."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field
        self.what = what


@dataclass(frozen=True, slots=True)
class Checked:
    """What a valid receipt proves. entry, result: in words, decoded from the proven bytes."""

    height: int
    index: int
    time_ns: int
    block_hash: bytes
    entry: dict[str, object]
    result: dict[str, object]

    def tell(self) -> str:
        """One sentence for people, such as `block 5, entry 1: payment … of 10.00 EUR/2 …`."""
        return f"block {self.height}, entry {self.index}: {tell_entry(self.entry, self.result)}"


def make_receipt(book: Book, height: int, index: int) -> dict[str, Any]:
    """The receipt of one entry. Raises IndexError when it is not there."""
    proof = book.proof(height, index)
    return {
        "object": "receipt",
        "version": VERSION,
        "chain_id": book.chain_id.hex(),
        "entry": proof.entry.hex(),
        "result": proof.result.hex(),
        "index": proof.index,
        "size": proof.size,
        "entry_path": _path_rows(proof.entry_path),
        "result_path": _path_rows(proof.result_path),
        "header": proof.header.hex(),
        "finality": _finality_fields(proof.finality),
    }


def _path_rows(path: bytes) -> list[str]:
    return [path[at : at + 32].hex() for at in range(0, len(path), 32)]


def _finality_fields(finality: bytes) -> dict[str, str] | None:
    if not finality:
        return None
    _version, kind, key, signature = FINALITY.unpack(finality)
    assert kind == FINALITY_SEQUENCER, "invariant: the kernel accepts one kind of finality"
    return {"kind": "sequencer", "key": key.hex(), "signature": signature.hex()}


def check_proofs(proofs: Sequence[kernel.ProofParts], genesis: Genesis) -> list[bool]:
    """Whether each proof, as `Book.proof` gives it, holds under the trusted genesis: the same
    reasons as a receipt's, without its text. Signatures of many blocks are checked together. Block
    0 is nobody's word, and its proofs do not hold here.

    >>> empty = Genesis("none", 0, institutions=(), assets=(), keys=(), accounts=())
    >>> check_proofs([], empty)
    []
    """
    holds = kernel.check_proofs(genesis.chain_id(), proofs)
    trusted: dict[tuple[bytes, bytes], bool] = {}
    answers = []
    for proof, is_proven in zip(proofs, holds, strict=True):
        block = proof.header, proof.finality
        if is_proven and block not in trusted:
            _version, _kind, key, _signature = FINALITY.unpack(proof.finality)
            height = int(np.frombuffer(proof.header, HEADER)[0]["height"])
            trusted[block] = genesis.sequence_key(key, height)
        answers.append(bool(is_proven) and trusted[block])
    return answers


# --- checking -----------------------------------------------------------------------------------


def parse_receipt(data: bytes) -> dict[str, Any]:
    """The text of a receipt → its object. Raises ReceiptError."""
    if len(data) > RECEIPT_BYTES_MAX:
        raise ReceiptError("receipt", f"has more than {RECEIPT_BYTES_MAX} bytes")
    try:
        value = parse_strict(data)
    except ValueError as error:
        raise ReceiptError("receipt", str(error)) from error
    if not isinstance(value, dict):
        raise ReceiptError("receipt", "is not an object")
    return value


def check_receipt(receipt: dict[str, Any], genesis: Genesis) -> Checked:
    """What the receipt proves under the trusted genesis.

    Raises ReceiptError naming the first field that differs, in the order of the chain of reasons.
    """
    _check_keys(receipt, _KEYS, "receipt")
    if receipt["object"] != "receipt":
        raise ReceiptError("object", "is not 'receipt'")
    if type(receipt["version"]) is not int or receipt["version"] != VERSION:
        raise ReceiptError("version", f"is not {VERSION}")
    chain_id = genesis.chain_id()
    if _hex(receipt["chain_id"], "chain_id", 32) != chain_id:
        raise ReceiptError("chain_id", f"is not that of the trusted genesis, {chain_id.hex()}")

    header, block_hash = _check_header(receipt, chain_id)
    _check_finality(receipt["finality"], genesis, height=int(header["height"]), hash=block_hash)

    size = _integer(receipt["size"], "size")
    if size != int(header["count"]):
        raise ReceiptError("size", f"is not the header's count, {int(header['count'])}")
    index = _integer(receipt["index"], "index")
    if index >= size:
        raise ReceiptError("index", f"is not below size, {size}")
    entry = _hex(receipt["entry"], "entry", None)
    result = _hex(receipt["result"], "result", RESULT.itemsize)
    leaves = {
        "entry": hash_bytes("leaf", entry),
        "result": hash_bytes("leaf", result + RESULT_LEAF_PADDING),
    }
    for name, root in (("entry", "transactions_root"), ("result", "results_root")):
        path = _path(receipt[f"{name}_path"], f"{name}_path", index=index, size=size)
        if not check_path(
            leaf=leaves[name], index=index, size=size, path=path, root=bytes(header[root])
        ):
            raise ReceiptError(name, f"it, its index and {name}_path do not lead to the {root}")
    told, ended = _in_words(entry, result, genesis)
    return Checked(
        height=int(header["height"]),
        index=index,
        time_ns=int(header["time_ns"]),
        block_hash=block_hash,
        entry=told,
        result=ended,
    )


def _check_header(receipt: dict[str, Any], chain_id: bytes) -> tuple[Any, bytes]:
    data = _hex(receipt["header"], "header", HEADER.itemsize)
    header = np.frombuffer(data, HEADER)[0]
    if header["version"] != 1 or header["zero"].any():
        raise ReceiptError("header", "is not a header of version 1")
    if bytes(header["chain_id"]) != chain_id:
        raise ReceiptError("header", "belongs to another chain")
    return header, hash_bytes("header", data)


def _check_finality(value: object, genesis: Genesis, *, height: int, hash: bytes) -> None:
    if value is None:
        # Only the genesis block stands without a signature, and only if it is this genesis's.
        if height != 0:
            raise ReceiptError("finality", f"is missing, and block {height} needs it")
        if hash != Book.create(None, genesis).block(0).hash:
            raise ReceiptError("header", "is not the block that the trusted genesis makes")
        return
    if height == 0:
        raise ReceiptError("finality", "stands on the genesis block, which carries none")
    if not isinstance(value, dict):
        raise ReceiptError("finality", "is not an object")
    fields = cast(dict[str, Any], value)
    _check_keys(fields, _FINALITY_KEYS, "finality")
    if fields["kind"] != "sequencer":
        raise ReceiptError("finality.kind", "is not 'sequencer'")
    key = _hex(fields["key"], "finality.key", 32)
    if not genesis.sequence_key(key, height):
        raise ReceiptError("finality.key", "is not a sequencer of the trusted genesis")
    signature = _hex(fields["signature"], "finality.signature", 64)
    if not verify(key, hash, signature):
        raise ReceiptError("finality.signature", "is not over this header by this key")


def _path(value: object, field: str, *, index: int, size: int) -> bytes:
    if not isinstance(value, list) or len(value) > PATH_HASHES_MAX:
        raise ReceiptError(field, f"is not a list of at most {PATH_HASHES_MAX} hashes")
    needed = _path_length(index, size)
    if len(value) != needed:
        raise ReceiptError(field, f"has {len(value)} hashes, leaf {index} of {size} has {needed}")
    return b"".join(_hex(row, f"{field}[{place}]", 32) for place, row in enumerate(value))


def _path_length(index: int, size: int) -> int:
    """Siblings of a leaf: one a level, none where an odd last node moves up."""
    count = 0
    while size > 1:
        if index ^ 1 < size:
            count += 1
        index, size = index >> 1, (size + 1) >> 1
    return count


def _in_words(
    entry: bytes, result: bytes, genesis: Genesis
) -> tuple[dict[str, object], dict[str, object]]:
    """What was proven, decoded. A kind that is not known here is shown as bytes, never refused."""
    try:
        told = describe_entry(entry, {asset.number: asset for asset in genesis.assets})
    except ValueError as error:
        raise ReceiptError("entry", str(error)) from error
    try:
        return told, describe_result(result, Book.refusal_codes())
    except ValueError as error:
        raise ReceiptError("result", str(error)) from error


def _check_keys(value: dict[str, Any], keys: tuple[str, ...], field: str) -> None:
    for key in keys:
        if key not in value:
            raise ReceiptError(field, f"{key!r} is missing")
    for key in value:
        if key not in keys:
            raise ReceiptError(field, "has a key that does not belong there")


def _integer(value: object, field: str) -> int:
    if type(value) is not int or not 0 <= value < 2**32:
        raise ReceiptError(field, "is not a whole number")
    return value


def _hex(value: object, field: str, size: int | None) -> bytes:
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        raise ReceiptError(field, "is not lower-case hex")
    if len(value) > 2 * ENTRY_BYTES_MAX:
        raise ReceiptError(field, f"has more than {ENTRY_BYTES_MAX} bytes")
    if size is not None and len(value) != 2 * size:
        raise ReceiptError(field, f"has {len(value) // 2} bytes, not {size}")
    return bytes.fromhex(value)
