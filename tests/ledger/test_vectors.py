"""The vectors of docs/vectors: the specification wrote them, and the kernel must give them too.

So must the NumPy types of `clearway.payment.records`, which read the same bytes a third way.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

import clearway_kernel
from clearway.payment import records
from spec.records import DecodeError, decode_envelope
from tools.write_vectors import FILE, vectors

VECTORS: Final[dict[str, Any]] = json.loads(FILE.read_text())


def test_the_file_is_what_the_specification_gives() -> None:
    assert vectors() == VECTORS


def test_domains() -> None:
    for domain, examples in VECTORS["domains"].items():
        key = bytes.fromhex(examples["key"])
        for text in ("", "clearway"):
            data = text.encode()
            assert clearway_kernel.hash_bytes(domain, data).hex() == examples[text]
            if data:
                assert clearway_kernel.prf_rows(key, data, len(data)).hex() == examples[text]


def test_trees() -> None:
    for tree in VECTORS["trees"]:
        size, root = tree["size"], bytes.fromhex(tree["root"])
        rows = b"".join(index.to_bytes(8, "little") for index in range(size))
        leaves = clearway_kernel.hash_rows("leaf", rows, 8)
        assert clearway_kernel.tree_root(leaves) == root
        for index, siblings in tree["paths"].items():
            at, path = int(index), bytes.fromhex("".join(siblings))
            one = leaves[at * 32 : at * 32 + 32]
            assert clearway_kernel.check_path(one, at, size, path, root)
            assert not clearway_kernel.check_path(one, at, size, path + bytes(32), root)
            assert size == 1 or not clearway_kernel.check_path(one, at ^ 1, size, path, root)


def test_keys() -> None:
    for pair in VECTORS["seeds"].values():
        assert clearway_kernel.public_key(bytes.fromhex(pair["seed"])).hex() == pair["key"]


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda vector: vector["name"])
def test_each_kind_of_entry(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    instruction = data[: records.INSTRUCTION_BYTES]
    assert (
        clearway_kernel.hash_bytes("instruction", instruction).hex() == vector["instruction_hash"]
    )
    assert clearway_kernel.hash_bytes("leaf", data).hex() == vector["leaf"]
    head = records.view_heads(data[: records.HEAD_BYTES])[0]
    assert {name: shown(head, name) for name in vector["fields"]} == vector["fields"]
    assert records.Kind(head["kind"]).name.lower() == vector["name"]
    if head["kind"] in (records.Kind.PAYMENT, records.Kind.POST):
        units = data[records.HEAD_BYTES :][: 64 * len(vector["units"])]
        for leg, fields in zip(records.view_legs(units), vector["units"], strict=True):
            assert shown(leg, "from") == fields["from"]
            assert shown(leg, "to") == fields["to"]
            assert shown(leg, "amount_minor") == fields["amount_minor"]


def shown(row: Any, name: str) -> str:
    """A field of a NumPy record as the vectors show it."""
    if name == "terms_hash":
        amounts = (records.u128(row, field) for field in ("to_amount", "bound"))
        return b"".join(amount.to_bytes(16, "little") for amount in amounts).hex()
    if name.endswith("minor"):
        return str(records.u128(row, name.removesuffix("_minor")))
    value = row[name]
    return value.tobytes().hex() if isinstance(value, np.ndarray) else str(value)


def test_the_envelope() -> None:
    """Sealed by the kernel from heads, units and signatures, it has the same bytes."""
    vector, fields = VECTORS["envelope"], VECTORS["envelope"]["fields"]
    entries = [bytes.fromhex(entry["bytes"]) for entry in VECTORS["entries"]]
    heads = [records.view_heads(entry[:256])[0] for entry in entries]
    ends = [256 + 64 * int(head["units"]) for head in heads]
    parts = {
        "heads": b"".join(entry[:256] for entry in entries),
        "units": b"".join(entry[256:end] for entry, end in zip(entries, ends, strict=True)),
        "signatures": b"".join(entry[end:] for entry, end in zip(entries, ends, strict=True)),
    }
    sealed = clearway_kernel.seal_envelope(
        chain_id=bytes.fromhex(fields["chain_id"]),
        institution=int(fields["institution"]),
        seed=bytes.fromhex(VECTORS["seeds"]["bank"]["seed"]),
        sequence=int(fields["sequence"]),
        valid_until_ns=int(fields["valid_until_ns"]),
        **parts,
    )
    assert sealed.hex() == vector["bytes"]
    signed = clearway_kernel.hash_bytes("envelope", sealed[:128])
    assert signed.hex() == vector["signed"]
    key, signature = bytes.fromhex(fields["key"]), bytes.fromhex(fields["signature"])
    assert clearway_kernel.verify(key, signed, signature)


@pytest.mark.parametrize("case", VECTORS["decode"], ids=lambda case: case["name"])
def test_what_decodes_and_what_does_not(case: dict[str, Any]) -> None:
    """In the specification and in the kernel, which then refuses the envelope for its key."""
    data = bytes.fromhex(case["envelope"]) + bytes.fromhex(case["entry"]) * case["times"]
    ledger = clearway_kernel.Ledger.create(None, time_ns=1, genesis=b"")
    if case["decodes"]:
        assert decode_envelope(data).encode() == data
        assert len(ledger.stage(time_ns=2, envelopes=[data]).results) == 32 * (1 + case["times"])
        return
    with pytest.raises(DecodeError):
        decode_envelope(data)
    with pytest.raises(clearway_kernel.DecodeError):
        ledger.stage(time_ns=2, envelopes=[data])


def test_the_result() -> None:
    vector = VECTORS["result"]
    data = bytes.fromhex(vector["bytes"])
    row = records.view_results(data)[0]
    assert {name: shown(row, name) for name in vector["fields"]} == vector["fields"]
    assert clearway_kernel.hash_bytes("leaf", data + bytes(32)).hex() == vector["leaf"]


def test_the_proof() -> None:
    vector = VECTORS["proof"]
    found = tell_the_chain().proof(vector["height"], vector["index"])
    assert (found.index, found.size) == (vector["index"], vector["size"])
    assert found.entry.hex() == vector["entry"]
    assert found.result.hex() == vector["result"]
    assert found.entry_path.hex() == "".join(vector["entry_path"])
    assert found.result_path.hex() == "".join(vector["result_path"])
    assert (found.header.hex(), found.finality.hex()) == (vector["header"], vector["finality"])
    for record, path, name in [
        (found.entry, found.entry_path, "transactions_root"),
        (found.result + bytes(32), found.result_path, "results_root"),
    ]:
        leaf = clearway_kernel.hash_bytes("leaf", record)
        root = bytes.fromhex(vector["header_fields"][name])
        assert clearway_kernel.check_path(leaf, found.index, found.size, path, root)
    signed = clearway_kernel.hash_bytes("header", found.header)
    assert signed.hex() == vector["hash"]
    assert clearway_kernel.verify(found.finality[2:34], signed, found.finality[34:])


def test_the_chain() -> None:
    tell_the_chain()


def tell_the_chain() -> clearway_kernel.Ledger:
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
    return ledger


def check_block(ledger: clearway_kernel.Ledger, expected: dict[str, Any]) -> None:
    found = ledger.block(ledger.height)
    assert [found.entry(index).hex() for index in range(found.count)] == expected["entries"]
    assert found.results.hex() == "".join(expected["results"])
    assert [[name, rows, root.hex()] for name, rows, root in ledger.subroots()] == expected[
        "subroots"
    ]
    assert found.header.hex() == expected["header"]
    assert found.hash.hex() == expected["hash"]
    assert ledger.state_root.hex() == expected["state_root"]
