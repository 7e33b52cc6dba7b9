"""How many receipts a second are proven and checked. Prints JSON.

    python -m benchmarks.proofs [BLOCKS]

BLOCKS full blocks of 8,190 transfers on disk; a proof is everything that a receipt of one payment
needs: entry, result, both paths, header and finality, as bytes. Built: a block is read from the
log, hashed, and every part of every proof is taken into Python. Checked: both leaves, both paths,
header and the sequencer's signature; with the proofs of a block together, as an auditor has them,
and with neighbours from different blocks, where each brings a signature of its own. Beside them the
receipt as people send it, JSON of 3 kB told in words, one at a time. Signatures are spread over the
cores, everything else has one thread.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from clearway.app.bench.chain import Chain, genesis
from clearway.ledger.book import Proof
from clearway.ledger.receipt import check_proofs, check_receipt, make_receipt, parse_receipt

ACCOUNTS: Final = 10_000
BLOCKS: Final = 20
TEXTS: Final = 200

Parts = tuple[bytes, bytes, int, int, bytes, bytes, bytes, bytes]


def main() -> None:
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    with tempfile.TemporaryDirectory(prefix="clearway-proofs-") as folder:
        chain = Chain.create(Path(folder), ACCOUNTS)
        try:
            random = np.random.default_rng(1)
            heights = [
                chain.append(chain.seal(chain.transfers(random, zipf=0))).height
                for _ in range(blocks)
            ]
            figures = measure(chain, heights)
        finally:
            chain.book.close()
    print(
        json.dumps(
            {
                "bench": "proofs",
                **figures,
                "conditions": {
                    "cores": len(os.sched_getaffinity(0)),
                    "blocks": blocks,
                    "page_cache": "warm",
                },
            }
        )
    )


def measure(chain: Chain, heights: list[int]) -> dict[str, object]:
    book, trusted = chain.book, genesis()
    proofs: list[Proof] = []

    def build() -> int:
        parts = 0
        for height in heights:
            made = book.proofs(height)
            parts += len([parts_of(proof) for proof in made])
            proofs.extend(made)
        return parts

    built = timed(build)

    def check() -> int:
        holds = check_proofs(proofs, trusted)
        assert all(holds), "invariant: a proof that was built holds"
        return len(holds)

    together = timed(check)
    # One proof after another from another block.
    rows = len(proofs) // len(heights)
    proofs[:] = [proofs[at * rows + row] for row in range(rows) for at in range(len(heights))]
    apart = timed(check)

    texts = [json.dumps(make_receipt(book, heights[0], 1 + at)).encode() for at in range(TEXTS)]

    def check_texts() -> int:
        return len([check_receipt(parse_receipt(text), trusted) for text in texts])

    return {
        "built": built,
        "checked": together,
        "checked_one_signature_each": apart,
        "receipts_as_json_checked": timed(check_texts),
        "bytes_a_proof": sum(len(part) for part in parts_of(proofs[1]) if isinstance(part, bytes)),
    }


def parts_of(proof: Proof) -> Parts:
    return (
        proof.entry,
        proof.result,
        proof.index,
        proof.size,
        proof.entry_path,
        proof.result_path,
        proof.header,
        proof.finality,
    )


def timed(work: Callable[[], int]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    count = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"rate_per_s": round(count / wall), "cpu_us_each": round(cpu * 1e6 / count, 2)}


if __name__ == "__main__":
    main()
