"""Writes tests/golden/<version>/: a small chain as this release keeps it, for later ones to open.

    python -m tools.write_golden            # once a release; an existing folder stays
    python -m tools.write_golden --again    # before the release, after a change of the format

What is in it is what a release must go on reading: block log, head, snapshot and projections, each
byte as it was; the vault, sealed under a key that is written here; and what all of it has to give.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from clearway.ledger.genesis import dump_genesis
from clearway.payment.records import Kind
from clearway.store import schema
from clearway.store.projections import Projections
from clearway.store.vault import AccountRecord, Vault
from tests.chains import Chain

ROOT = Path(__file__).resolve().parents[1]
VAULT_KEY = bytes(range(32))
BYTES_MAX = 200_000


def main() -> None:
    folder = ROOT / "tests" / "golden" / version("clearway")
    if "--again" in sys.argv:
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise SystemExit(f"{folder} is there; --again writes what was never released")
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        expected = write(Path(place))
        with tarfile.open(folder / "data.tar.xz", "w:xz") as tar:
            tar.add(place, arcname=".")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert size < BYTES_MAX, f"{size} bytes are too many to keep for ever"
    print(f"{folder}: {size:,} bytes, height {expected['height']}")


def write(place: Path) -> dict[str, object]:
    """A chain with something of every plain kind: paid, held, posted, voided, refunded, refused."""
    chain = Chain(place / "chain")
    (place / "genesis.json").write_text(dump_genesis(chain.genesis), "utf-8")
    ann, bob, eve = chain.open("ann", "bob", "eve")
    chain.order(chain.issue(ann, 100_000), chain.issue(bob, 50_000))
    paid = chain.pay(ann, bob, 1_250)
    holds = [chain.hold(ann, bob, 300 + n) for n in range(4)]
    chain.order(paid, *holds, chain.pay(eve, ann, 9))
    chain.order(chain.post(holds[0], ann, bob, 200), chain.void(holds[1]))
    chain.order(chain.refund(paid, bob, ann, 250, bound_minor=1_250))
    chain.order(chain.entry(Kind.FREEZE, payer=eve))
    chain.book.snapshot()
    for number in range(20):
        chain.order(chain.pay(ann, bob, number + 1), chain.pay(bob, ann, number + 2))
    expected = {
        "height": chain.book.height,
        "root": chain.book.state_root.hex(),
        "head": chain.book.head_hash.hex(),
        "snapshot_height": 6,
        "subroots": [[name, rows, root.hex()] for name, rows, root in chain.book.subroots()],
        "trial_balance": [list(row) for row in chain.book.trial_balance().rows],
    }
    projections = Projections(place / "projections.sqlite", chain.book.account_numbers)
    projections.start(chain.book)
    assert projections.wait_for(chain.book.height, 60)
    projections.stop()
    expected["schema_version"] = schema.SCHEMA_VERSION
    expected["tables"] = tables(place / "projections.sqlite")
    vault = Vault(place / "vault.sqlite", VAULT_KEY)
    vault.save_account(AccountRecord(address=ann, id="ann", owner=b'{"name":"Ann"}', metadata=None))
    vault.save_setting("golden", b"kept")
    vault.close()
    chain.book.close()
    return expected


def tables(path: Path) -> dict[str, list[list[object]]]:
    """Every row of the projections, bytes as hex."""
    found: dict[str, list[list[object]]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for name in schema.TABLE_NAMES:
            rows = connection.execute(f"SELECT * FROM {name}").fetchall()
            plain = [[v.hex() if isinstance(v, bytes) else v for v in row] for row in rows]
            found[name] = sorted(plain, key=json.dumps)
    return found


if __name__ == "__main__":
    main()
