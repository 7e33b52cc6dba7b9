"""The verdicts of docs/vectors/verdicts-v1.json, which every verifier must give: here in Python.

JavaScript and Go are held to the same file by their own tests, run from tests/verify.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import clearway_kernel
from clearway.ledger.crypto import hash_bytes
from spec.ed25519 import verify
from tools.write_verdicts import FILE, bytes_of, flipped, verdict_on, verdicts

VECTORS: Final[dict[str, Any]] = json.loads(FILE.read_text())


def test_the_file_is_what_its_generator_writes() -> None:
    assert verdicts() == VECTORS, "run `make vectors`"


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=lambda case: case["name"])
def test_a_receipt_gets_its_verdict(case: dict[str, Any]) -> None:
    assert verdict_on(case, VECTORS) == case["verdict"]


@pytest.mark.parametrize("case", VECTORS["ranges"], ids=lambda case: case["name"])
def test_a_range_gets_its_verdict(case: dict[str, Any]) -> None:
    assert verdict_on(case, VECTORS) == case["verdict"]


@pytest.mark.parametrize("row", VECTORS["signatures"], ids=lambda row: row["name"])
def test_kernel_and_specification_agree_on_a_signature(row: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(row[name]) for name in ("key", "message", "signature"))
    assert clearway_kernel.verify(key, message, signature) is row["valid"]
    assert verify(key, message, signature) is row["valid"]
    rows = clearway_kernel.verify_rows(key * 2, message * 2, signature * 2)
    assert rows == bytes([row["valid"]] * 2)


def test_something_is_accepted_and_something_refused() -> None:
    """The flips are all refusals; the file must not be."""
    for part, least in (("receipts", 40), ("ranges", 7)):
        accepted = [case for case in VECTORS[part] if case["verdict"].startswith("VERIFIED: ")]
        assert len(accepted) >= least
        assert len(VECTORS[part]) - len(accepted) >= 40
    assert {row["valid"] for row in VECTORS["signatures"]} == {True, False}


# --- the kernel, which executes, on the same ranges ----------------------------------------------


def kernel_verdict(folder: Path, data: bytes, base: bytes) -> clearway_kernel.Verification:
    """A range from block 0 is a segment of a log; head says that all of `base` was acknowledged."""
    folder.mkdir(exist_ok=True)
    (folder / "0000000000000000.log").write_bytes(data)
    *_, (height, payload) = split_records(base)
    block_hash = hash_bytes("header", payload[:192])
    named = [height.to_bytes(8, "little") + bytes([n] + [0] * 7) + block_hash for n in (1, 2)]
    slots = b"".join(slot + hash_bytes("log", slot)[:16] for slot in named)
    (folder / "head").write_bytes(slots)
    return clearway_kernel.verify_log(str(folder))


def split_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        end = 48 + int.from_bytes(data[4:8], "little")
        yield int.from_bytes(data[8:16], "little"), data[48:end]
        data = data[end:]


def base_of(name: str) -> bytes:
    return bytes.fromhex(VECTORS["bases"]["ranges"][name])


@pytest.mark.parametrize("name", ["main", "small"])
def test_the_kernel_verifies_the_ranges_that_start_at_genesis(name: str, tmp_path: Path) -> None:
    found = kernel_verdict(tmp_path, base_of(name), base_of(name))
    assert found.ok, found.what
    assert found.height == list(split_records(base_of(name)))[-1][0]


@pytest.mark.parametrize(
    "case",
    # A torn tail behind what head covers is no damage to a log, only to a range.
    [
        row
        for row in VECTORS["ranges"]
        if row.get("edits") and row["name"] != "a byte behind" and row["verdict"].startswith("NOT")
    ],
    ids=lambda case: case["name"],
)
def test_the_kernel_refuses_what_the_verifiers_refuse(case: dict[str, Any], tmp_path: Path) -> None:
    """At that height or before, since it executes and looks at more."""
    data = bytes_of(case, VECTORS["bases"]["ranges"], is_hex=True)
    found = kernel_verdict(tmp_path, data, base_of(case["base"]))
    said = re.match("NOT VERIFIED: block ([0-9]+): ", case["verdict"])
    assert not found.ok
    assert found.first_bad is not None
    assert found.first_bad <= (int(said[1]) if said else 0)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["byte", "resealed"])
def test_the_kernel_finds_every_changed_byte_of_a_log(rule: str, tmp_path: Path) -> None:
    small = base_of("small")
    for data in flipped(rule, small):
        assert not kernel_verdict(tmp_path, data, small).ok
