"""Writes docs/vectors/format-v1.json from spec/: what every implementation of the format must give.

Run `python -m tools.write_vectors` after a change of the format, and only then:
tests/ledger/test_vectors.py holds both the specification and the kernel to the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from spec import compose
from spec.ed25519 import public_key
from spec.hashing import DOMAINS, domain_key, hash_bytes, leaf, result_leaf, tree_path, tree_root
from spec.records import (
    ENVELOPE_HEAD,
    ENVELOPE_SIGNED_BYTES,
    HEAD,
    HEADER,
    RESULT,
    Kind,
    Result,
    ResultFlag,
    decode_entries,
)
from tools.decode_cases import decode_cases
from tools.vector_cast import BANK, SEEDS, START_NS
from tools.vector_records import entry_vector, fields_of, one_of_each
from tools.vector_story import Story, chain_vector

FILE: Final = Path(__file__).parent.parent / "docs" / "vectors" / "format-v1.json"
ALL_PATHS_SIZE_MAX: Final = 9
TREE_SIZES: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 31, 33)


def vectors() -> dict[str, Any]:
    chain, story = chain_vector()
    return {
        "format": 1,
        "domains": {
            domain: {
                "key": domain_key(domain).hex(),
                **{text: hash_bytes(domain, text.encode()).hex() for text in ("", "clearway")},
            }
            for domain in DOMAINS
        },
        "trees": [tree_vector(size) for size in TREE_SIZES],
        "seeds": {
            name: {"seed": seed.hex(), "key": public_key(seed).hex()}
            for name, seed in SEEDS.items()
        },
        "entries": [entry_vector(entry) for entry in one_of_each()],
        "envelope": envelope_vector(),
        "decode": decode_cases(),
        "result": result_vector(),
        "chain": chain,
        "proof": proof_vector(story),
    }


def tree_vector(size: int) -> dict[str, Any]:
    """A tree whose leaf i is `H[leaf]` of i as u64, with paths: of every leaf when it is small, of
    the last leaf otherwise."""
    leaves = [leaf(index.to_bytes(8, "little")) for index in range(size)]
    shown = range(size) if size <= ALL_PATHS_SIZE_MAX else [size - 1]
    paths = {str(index): [one.hex() for one in tree_path(leaves, index)] for index in shown}
    return {"size": size, "root": tree_root(leaves).hex(), "paths": paths}


def envelope_vector() -> dict[str, Any]:
    """The entries above in one envelope, signed with the bank's seed."""
    entries = tuple(one_of_each())
    envelope = compose.seal(
        chain_id=bytes(range(32)),
        institution=7,
        seed=BANK,
        sequence=2**40,
        valid_until_ns=START_NS,
        entries=entries,
    )
    return {
        "fields": fields_of(ENVELOPE_HEAD, envelope.head()),
        "signed": hash_bytes("envelope", envelope.head()[:ENVELOPE_SIGNED_BYTES]).hex(),
        "bytes": envelope.encode().hex(),
    }


def result_vector() -> dict[str, Any]:
    result = Result(Kind.POST, 53, ResultFlag.DUPLICATE, height=2**40, amount_minor=2**100)
    data = result.encode()
    return {
        "fields": fields_of(RESULT, data),
        "bytes": data.hex(),
        "leaf": result_leaf(data).hex(),
    }


def proof_vector(story: Story) -> dict[str, Any]:
    """What a receipt holds: that the second entry of the second block is in it with its result, up
    to the block hash, which the sequencer signed."""
    height, index = 2, 1
    told = story.blocks[height - 1]
    entries = [bytes.fromhex(entry) for entry in told["entries"]]
    results = [bytes.fromhex(result) for result in told["results"]]
    entry_path = tree_path([leaf(entry) for entry in entries], index)
    result_path = tree_path([result_leaf(result) for result in results], index)
    (entry,) = decode_entries(entries[index])
    return {
        "height": height,
        "index": index,
        "size": len(entries),
        "entry": entries[index].hex(),
        "entry_fields": fields_of(HEAD, entry.head()),
        "entry_path": [one.hex() for one in entry_path],
        "result": results[index].hex(),
        "result_fields": fields_of(RESULT, results[index]),
        "result_path": [one.hex() for one in result_path],
        "header": told["header"],
        "header_fields": fields_of(HEADER, bytes.fromhex(told["header"])),
        "hash": told["hash"],
        "finality": told["finality"],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n")
