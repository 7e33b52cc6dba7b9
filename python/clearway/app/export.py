"""`clearway export-blocks`: records of the block log as one file that anyone can check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clearway.app.config import load_config
from clearway.ledger.block_range import RANGE_BYTES_MAX, find_records


def export_blocks(
    data: Path | None, *, first: int, last: int | None, out: Path
) -> tuple[dict[str, Any], str]:
    """Copies the blocks from `first` to `last`, or to the newest, beside a node that writes.

    Raises ValueError when a height is not there or the range is too large.
    """
    if first < 0 or (last is not None and last < first):
        raise ValueError("--from is a height, and --to is not below it")
    config = load_config(data=data)
    partial = out.with_name(out.name + ".part")
    try:
        blocks, size = _copy(find_records(config.data / "chain", first, last), partial)
        if blocks == 0 or (last is not None and blocks != last - first + 1):
            raise ValueError(f"the chain ends before block {first if last is None else last}")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    found = {"ok": True, "first": first, "last": first + blocks - 1, "bytes": size}
    return found, f"blocks {first} to {first + blocks - 1}, {size:,} bytes, in {out}"


def _copy(records: Iterator[bytes], out: Path) -> tuple[int, int]:
    """Number and bytes of the records written."""
    blocks = size = 0
    with out.open("wb") as target:
        for record in records:
            size += len(record)
            if size > RANGE_BYTES_MAX:
                raise ValueError(f"the range has more than {RANGE_BYTES_MAX} bytes: ask for less")
            target.write(record)
            blocks += 1
    return blocks, size
