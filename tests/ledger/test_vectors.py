"""The vectors of docs/vectors: the specification wrote them, and the kernel must give them too."""

from __future__ import annotations

import json
from typing import Any, Final

import clearway_kernel

from tools.write_vectors import FILE, vectors

VECTORS: Final[dict[str, Any]] = json.loads(FILE.read_text())


def test_the_file_is_what_the_specification_gives() -> None:
    assert vectors() == VECTORS


def test_domains() -> None:
    for domain, examples in VECTORS["domains"].items():
        for text, expected in examples.items():
            assert clearway_kernel.hash_bytes(domain, text.encode()).hex() == expected


def test_trees() -> None:
    for tree in VECTORS["trees"]:
        size, root = tree["size"], bytes.fromhex(tree["root"])
        rows = b"".join(index.to_bytes(8, "little") for index in range(size))
        leaves = clearway_kernel.hash_rows("leaf", rows, 8)
        assert clearway_kernel.tree_root(leaves) == root
        if size:
            path = bytes.fromhex("".join(tree["path_of_last"]))
            assert clearway_kernel.check_path(leaves[-32:], size - 1, size, path, root)


def test_the_chain() -> None:
    chain = VECTORS["chain"]
    ledger = clearway_kernel.Ledger.create(
        None, time_ns=chain["time_ns"], genesis=bytes.fromhex(chain["genesis"])
    )
    assert ledger.chain_id.hex() == chain["chain_id"]
    check_block(ledger, chain["block_0"])
    for block in chain["blocks"]:
        envelopes = [bytes.fromhex(envelope) for envelope in block["envelopes"]]
        staged = ledger.stage(time_ns=block["time_ns"], envelopes=envelopes)
        assert staged.results.hex() == "".join(block["results"])
        ledger.commit(bytes.fromhex(block["finality"]))
        check_block(ledger, block)


def check_block(ledger: clearway_kernel.Ledger, expected: dict[str, Any]) -> None:
    found = ledger.block(ledger.height)
    assert [found.entry(index).hex() for index in range(found.count)] == expected["entries"]
    assert found.results.hex() == "".join(expected["results"])
    assert [[name, rows, root.hex()] for name, rows, root in ledger.subroots()] == expected[
        "subroots"
    ]
    assert found.header.hex() == expected["header"]
    assert found.hash.hex() == expected["hash"]
