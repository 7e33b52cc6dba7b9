"""`clearway verify` and `clearway verify-receipt`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clearway.app.config import load_config
from clearway.ledger.genesis import load_genesis
from clearway.ledger.receipt import ReceiptError, check_receipt, parse_receipt
from clearway.ledger.verify import verify_chain


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
        why = "no trusted genesis was given (--trust GENESIS.json); a receipt proves nothing alone"
        return {"ok": False, "what": why}, f"NOT VERIFIED: {why}"
    try:
        checked = check_receipt(parse_receipt(file.read_bytes()), load_genesis(trust))
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
    return answer, f"VERIFIED: {checked.tell()}"
