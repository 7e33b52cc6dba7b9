"""What the state root costs for each account that a block touches. Prints JSON.

    python -m benchmarks.state_root [--svg FILE] [--accounts MOST]

One ledger grows from 10,000 accounts of one asset to MOST. At each power of ten, blocks of 8,190
issues are booked: to as many accounts drawn at random, and all to one account, by turns. Entries,
results and their trees cost the same in both, so that the difference is what the touched rows cost:
their leaves, and every node above them. Time of the phase, the least of BLOCKS each, since
neighbours disturb.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.picture import Axis, draw_lines
from clearway.app.bench.chain import NOSTRO, SECOND_NS, Chain, addresses
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.records import Kind, pack_head, view_heads

LEAST: Final = 10_000
MOST: Final = 10_000_000
BLOCKS: Final = 15


def run(*, most: int = MOST) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="clearway-root-") as folder:
        chain = Chain.create(Path(folder), 0)
        points = []
        try:
            accounts = LEAST
            while accounts <= most:
                chain.grow(accounts)
                points.append({"accounts": accounts, **measure(chain)})
                accounts *= 10
        finally:
            chain.book.close()
    return {
        "bench": "state_root",
        "points": points,
        "conditions": {
            "cores": len(os.sched_getaffinity(0)),
            "threads": 1,
            "touched_rows": BATCH_ROWS_MAX,
            "blocks": BLOCKS,
        },
    }


def measure(chain: Chain) -> dict[str, float]:
    random = np.random.default_rng(1)
    many, one = [], []
    for _ in range(BLOCKS):
        many.append(roots_ns(chain, random.choice(chain.accounts, BATCH_ROWS_MAX, replace=False)))
        one.append(roots_ns(chain, np.zeros(BATCH_ROWS_MAX, np.int64)))
    touched_ns = (min(many) - min(one)) / BATCH_ROWS_MAX
    return {
        "us_per_touched_account": round(touched_ns / 1e3, 4),
        "us_per_entry_of_its_block": round(min(one) / 1e3 / BATCH_ROWS_MAX, 4),
    }


def roots_ns(chain: Chain, payees: npt.NDArray[np.int64]) -> int:
    """The time of the roots of one block of issues."""
    head = pack_head(
        kind=Kind.ISSUE,
        id=bytes(16),
        valid_until_ns=chain.book.time_ns + SECOND_NS,
        asset=1,
        amount_minor=1,
        payer=NOSTRO,
    )
    heads = view_heads(head * len(payees)).copy()
    heads["id"][:, :8] = np.arange(len(payees), dtype="<u8").view(np.uint8).reshape(-1, 8)
    heads["payee"] = addresses(payees)
    # The next block is past the ids of this one, which may then be the same.
    return chain.append(chain.seal(heads), after_ns=SECOND_NS).roots_ns


def draw(points: list[dict[str, Any]]) -> str:
    """Accounts along the bottom, logarithmic; microseconds on the side."""
    costs = [(point["accounts"], point["us_per_touched_account"]) for point in points]
    most = max(cost for _, cost in costs)
    ticks = [(10**power, f"{10**power:,}") for power in range(4, 8)]
    step = 0.1 if most < 1 else 0.5
    return draw_lines(
        "State root: cost of a touched account",
        {"": costs},
        x=Axis(LEAST, MOST, ticks, "accounts", is_log=True),
        y=Axis(0, most * 1.1, _ticks(most * 1.1, step), "microseconds a touched account"),
    )


def _ticks(most: float, step: float) -> list[tuple[float, str]]:
    return [(step * at, f"{step * at:.1f}") for at in range(int(most / step) + 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--accounts", type=int, default=MOST)
    asked = parser.parse_args()
    found = run(most=asked.accounts)
    if asked.svg is not None:
        asked.svg.write_text(draw(found["points"]))
    print(json.dumps(found))
