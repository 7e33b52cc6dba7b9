"""`clearway verify`, `clearway verify-receipt` and `clearway verify-blocks`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from clearway.app.config import load_config
from clearway.ledger.block_range import RANGE_BYTES_MAX, check_range
from clearway.ledger.genesis import load_genesis
from clearway.ledger.receipt import ReceiptError, check_receipt, parse_receipt
from clearway.ledger.terms import describe_terms
from clearway.ledger.verify import verify_chain

NO_TRUST: Final = "no trusted genesis was given (--trust GENESIS.json)"
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


def verify_data(data: Path | None, *, trust: Path | None) -> tuple[dict[str, Any], str]:
    """Recomputes the chain of a data folder. trust: the genesis to believe, the folder's own when
    it is not given."""
    config = load_config(data=data)
    genesis = load_genesis(trust or config.data / "genesis.json")
    found = verify_chain(config.data / "chain", genesis)
    answer: dict[str, Any] = {
        "ok": found.ok,
        "height": found.height,
        "root": found.root.hex(),
        "entries": found.entries,
    }
    if found.ok:
        words = f"verified from genesis: height {found.height}, {found.entries:,} entries"
        return answer, f"{words}, root {found.root.hex()}"
    answer |= {"first_bad": found.first_bad, "what": found.what}
    return answer, f"BAD at height {found.first_bad}: {found.what}"


def verify_receipt(file: Path, *, trust: Path | None) -> tuple[dict[str, Any], str]:
    """One line: what the receipt proves, or why it proves nothing."""
    if trust is None:
        why = f"{NO_TRUST}; a receipt proves nothing alone"
        return {"ok": False, "what": why}, f"NOT VERIFIED: {why}"
    try:
        receipt, genesis = parse_receipt(file.read_bytes()), load_genesis(trust)
        checked = check_receipt(receipt, genesis)
    except (ReceiptError, ValueError, OSError) as error:
        return {"ok": False, "what": str(error)}, f"NOT VERIFIED: {error}"
    answer = {
        "ok": True,
        "height": checked.height,
        "index": checked.index,
        "block": checked.block_hash.hex(),
        "entry": checked.entry,
        "result": checked.result,
    }
    assets = {asset.number: asset for asset in genesis.assets}
    terms = describe_terms(bytes.fromhex(receipt["entry"]), assets)
    if terms is None:
        return answer, f"VERIFIED: {checked.tell()}"
    return answer | {"terms": terms}, f"VERIFIED: {checked.tell()}. {terms}"


def verify_blocks(
    file: Path, *, trust: Path | None, trust_block: str | None, trust_keys: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """One line: what the range of blocks proves, or the first height that is bad and why."""
    if trust is None:
        why = f"{NO_TRUST}; a range of blocks proves nothing alone"
        return {"ok": False, "what": why}, f"NOT VERIFIED: {why}"
    try:
        genesis = load_genesis(trust)
        with file.open("rb") as source:
            data = source.read(RANGE_BYTES_MAX + 1)
        found = check_range(
            data,
            genesis,
            trusted_block=None if trust_block is None else _hash(trust_block, "--trust-block"),
            trusted_keys=[_hash(key, "--trust-key") for key in trust_keys],
        )
    except (ValueError, OSError) as error:
        answer = {"ok": False, "first_bad": getattr(error, "height", None), "what": str(error)}
        return answer, f"NOT VERIFIED: {error}"
    answer = {
        "ok": True,
        "first": found.first,
        "last": found.last,
        "entries": found.entries,
        "block": found.block_hash.hex(),
        "anchored": found.anchored,
    }
    return answer, f"VERIFIED: {found.tell()}"


def _hash(text: str, option: str) -> bytes:
    if _HASH.fullmatch(text) is None:
        raise ValueError(f"{option}: is not 64 lower-case hex digits")
    return bytes.fromhex(text)
