"""`clearway backup` and `clearway restore`: a consistent set of files, and a node made of it.

A backup may be taken of a running node. The order makes it consistent: `head` before the segments,
which may then only be longer than it says; the chain before the vault and the audit log, which are
written before the blocks they belong to. Cases follow the chain, and find their place in it again.
The copied chain is recomputed from genesis, a record that was being written is cut, and every file
is listed with its hash.

Left out is what is made again from the chain: projections, and the risk room's memory; and what a
challenger said of past payments.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from clearway.app.config import load_config
from clearway.ledger.book import Book
from clearway.ledger.cut import cut_chain, records
from clearway.ledger.genesis import load_genesis
from clearway.ledger.verify import verify_chain
from clearway.risk.models.registry import FILE as REGISTRY
from clearway.store.audit import Audit

FORMAT: Final = "clearway backup 1"
LIST: Final = "backup.json"
RESTORED: Final = "restored.json"
TAR: Final = ".tar"
SECRETS: Final = ("keys.json", "genesis.json", "dev-passphrase", "dev-api-key")
VAULT, CASES, AUDIT, CHAIN = "vault.sqlite", "cases.sqlite", "audit.log", "chain"
MODELS: Final = "models"
LEVELS: Final = "typologies"


# --- backup -------------------------------------------------------------------------------------


def back_up(data: Path | None, *, to: Path) -> tuple[dict[str, Any], str]:
    """to: a file that ends in .tar, or a folder; neither may be there yet. Raises ValueError,
    FileExistsError, CorruptBook."""
    source = load_config(data=data).data
    if not (source / CHAIN).is_dir():
        raise ValueError(f"there is no node in {source}")
    _check_new(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as place:
        folder = Path(place) / "backup"
        folder.mkdir(mode=0o700)
        listed = _gather(source, folder)
        if to.suffix == TAR:
            packed = Path(place) / "packed"
            with tarfile.open(packed, "w") as tar:
                tar.add(folder, arcname=".")
            packed.chmod(0o600)
            _sync(packed)
            packed.rename(to)
        else:
            _sync_all(folder)
            folder.rename(to)
    _sync(to.parent)
    words = f"height {listed['height']}, root {listed['root']}, {len(listed['files'])} files: {to}"
    return listed, words


def _gather(source: Path, folder: Path) -> dict[str, Any]:
    for name in SECRETS:
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)
    height, root = _copy_chain(source, folder)
    for name in (VAULT, CASES):
        if (source / name).exists():
            _copy_database(source / name, folder / name)
    _copy_models(source / MODELS, folder / MODELS)
    if (source / LEVELS).exists():
        shutil.copytree(source / LEVELS, folder / LEVELS, ignore=shutil.ignore_patterns("*.part"))
    for name in (AUDIT + ".head", AUDIT):
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)
    listed: dict[str, Any] = {
        "format": FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "height": height,
        "root": root,
        "files": _list(folder),
    }
    (folder / LIST).write_text(json.dumps(listed, indent=1) + "\n", "utf-8")
    for path in sorted(folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return listed


def _copy_database(source: Path, to: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as database,
        closing(sqlite3.connect(to)) as copy,
    ):
        database.backup(copy)


def _copy_models(source: Path, to: Path) -> None:
    """The roles first: a model is there before it has one, and is never deleted."""
    roles = source / REGISTRY
    if not roles.exists():
        return
    to.mkdir()
    shutil.copyfile(roles, to / REGISTRY)
    for folder in filter(Path.is_dir, sorted(source.iterdir())):
        shutil.copytree(folder, to / folder.name)


def _copy_chain(source: Path, folder: Path) -> tuple[int, str]:
    """Height and root of the copy, which is recomputed from genesis and gets a snapshot."""
    chain = folder / CHAIN
    chain.mkdir()
    shutil.copyfile(source / CHAIN / "head", chain / "head")
    for segment in sorted((source / CHAIN).glob("*.log")):
        shutil.copyfile(segment, chain / segment.name)
    book = Book.open(chain, load_genesis(folder / "genesis.json"))
    try:
        book.snapshot()
        return book.height, book.state_root.hex()
    finally:
        book.close()


def _list(folder: Path) -> list[dict[str, Any]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LIST)
    return [
        {
            "name": str(path.relative_to(folder)),
            "bytes": path.stat().st_size,
            "sha256": _hash(path),
        }
        for path in paths
    ]


# --- restore ------------------------------------------------------------------------------------


def restore(
    source: Path, *, data: Path | None, height: int | None, at: str | None
) -> tuple[dict[str, Any], str]:
    """Makes a data folder of a backup, whole or up to a height or a time (RFC 3339). Raises
    ValueError, FileExistsError, CorruptBook; then nothing is left in the new folder's place."""
    target = load_config(data=data).data
    _check_new(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".restore-") as place:
        folder = Path(place) / "node"
        _unpack(source, folder)
        listed = _check(folder, source)
        chain = folder / CHAIN
        until = _height_at(chain, at) if at is not None else height
        if until is not None and until != listed["height"]:
            cut_chain(chain, until)
        found = verify_chain(chain, load_genesis(folder / "genesis.json"))
        if not found.ok:
            raise ValueError(f"{source}: block {found.first_bad}: {found.what}")
        answer = {
            "height": found.height,
            "root": found.root.hex(),
            "backup_height": listed["height"],
            "backup_made": listed["made"],
            "abandoned": listed["height"] - found.height,
        }
        _note(folder, answer)
        folder.chmod(0o700)
        _sync_all(folder)
        folder.rename(target)
    _sync(target.parent)
    return answer, _words(target, answer)


def _words(target: Path, answer: dict[str, Any]) -> str:
    words = f"restored to height {answer['height']}, root {answer['root']}: {target}\n"
    if answer["abandoned"]:
        words += f"FORKED: {answer['abandoned']} blocks of the backup are abandoned.\n"
    return words + (
        "Any block above this height that was ever acknowledged is not part of this chain. Read "
        "docs/operations.md, Restoring, before this node accepts payments, and never run the other."
    )


def _note(folder: Path, answer: dict[str, Any]) -> None:
    """For whoever looks at the node later: the audit log, and a file that `up` and /readyz tell."""
    (folder / RESTORED).write_text(json.dumps(answer, indent=1) + "\n", "utf-8")
    (folder / LIST).unlink()
    audit = Audit(folder / AUDIT)
    facts = {name: str(value) for name, value in answer.items()}
    audit.append(who="clearway restore", what="node.restore", facts=facts)
    audit.close()


def _height_at(chain: Path, at: str) -> int:
    """The last block that is not after this time."""
    when = datetime.fromisoformat(at)
    if when.tzinfo is None:
        raise ValueError(f"{at}: say the time zone, such as 2026-11-24T18:00:00Z")
    time_ns = (when - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1_000
    heights = [record.height for record in records(chain) if record.time_ns <= time_ns]
    if not heights:
        raise ValueError(f"{at} is before the chain began")
    return heights[-1]


def _unpack(source: Path, folder: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, folder)
        return
    with tarfile.open(source) as tar:
        tar.extractall(folder, filter="data")


def _check(folder: Path, source: Path) -> dict[str, Any]:
    """Every file is as it was written, and there is no other."""
    listed: dict[str, Any] = json.loads((folder / LIST).read_text("utf-8"))
    if listed["format"] != FORMAT:
        raise ValueError(f"{source} is not a {FORMAT}")
    found = {row["name"]: row for row in _list(folder)}
    expected = {row["name"]: row for row in listed["files"]}
    wrong = sorted(
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    )
    if wrong:
        raise ValueError(f"{source}: {', '.join(wrong)} is not what was backed up")
    return listed


# --- files --------------------------------------------------------------------------------------


def _check_new(path: Path) -> None:
    if path.exists() and (path.is_file() or any(path.iterdir())):
        raise FileExistsError(f"{path} is there already")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_all(folder: Path) -> None:
    """Before a folder gets its name: what stands under it must be what a power cut leaves."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
