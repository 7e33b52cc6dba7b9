"""What earlier releases wrote opens in this one: tools/write_golden.py makes the folders here.

A change of the format before the release: `make golden` writes this version's folder again. After
it, a folder never changes.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from clearway.ledger.book import Book
from clearway.ledger.genesis import load_genesis
from clearway.ledger.verify import verify_chain
from clearway.store import schema
from clearway.store.projections import Projections
from clearway.store.vault import Vault
from tools.write_golden import VAULT_KEY, tables

RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/expected.json"))


@pytest.fixture(params=RELEASES, ids=[path.name for path in RELEASES])
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """(an unpacked copy, what it has to give)."""
    release: Path = request.param
    with tarfile.open(release / "data.tar.xz") as tar:
        tar.extractall(tmp_path, filter="data")
    return tmp_path, json.loads((release / "expected.json").read_text("utf-8"))


def test_there_is_a_release_to_open() -> None:
    assert RELEASES


def check_book(book: Book, expected: dict[str, Any]) -> None:
    found = {
        "height": book.height,
        "root": book.state_root.hex(),
        "head": book.head_hash.hex(),
        "subroots": [[name, rows, root.hex()] for name, rows, root in book.subroots()],
        "trial_balance": [list(row) for row in book.trial_balance().rows],
    }
    assert found == {name: expected[name] for name in found}


def test_a_log_opens_from_its_snapshot_and_without_it(golden: tuple[Path, dict[str, Any]]) -> None:
    place, expected = golden
    genesis = load_genesis(place / "genesis.json")
    found = verify_chain(place / "chain", genesis)
    assert (found.ok, found.height, found.root.hex()) == (
        True,
        expected["height"],
        expected["root"],
    )
    book = Book.open(place / "chain", genesis)
    assert book.snapshot_height == expected["snapshot_height"]
    check_book(book, expected)
    book.close()
    for snapshot in (place / "chain").glob("snapshot-*"):
        snapshot.unlink()
    book = Book.open(place / "chain", genesis)
    assert book.snapshot_height == 0
    check_book(book, expected)
    book.close()


def test_projections_are_read_and_made_again_alike(golden: tuple[Path, dict[str, Any]]) -> None:
    place, expected = golden
    book = Book.open(place / "chain", load_genesis(place / "genesis.json"))
    found = []
    for name in ("projections.sqlite", "made-again.sqlite"):
        projections = Projections(place / name, book.account_numbers)
        projections.start(book)
        assert projections.wait_for(book.height, 60)
        projections.stop()
        found.append(tables(place / name))
    book.close()
    assert found[0] == found[1]
    if expected["schema_version"] == schema.SCHEMA_VERSION:
        assert found[0] == expected["tables"]


def test_what_the_vault_keeps_is_read(golden: tuple[Path, dict[str, Any]]) -> None:
    place, _ = golden
    shutil.copy(place / "vault.sqlite", place / "copy.sqlite")
    vault = Vault(place / "copy.sqlite", VAULT_KEY)
    assert vault.setting("golden") == b"kept"
    genesis = load_genesis(place / "genesis.json")
    book = Book.open(place / "chain", genesis)
    accounts = [book.account_at(number) for number in range(book.accounts_count)]
    found = vault.accounts([account.address for account in accounts if account is not None])
    [record] = found.values()
    assert (record.id, record.owner) == ("ann", b'{"name":"Ann"}')
    vault.close()
    book.close()
