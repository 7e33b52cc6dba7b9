"""The verifiers in JavaScript and Go: their own tests, and their command lines beside Python's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verify.tools import VERIFY, go_program, javascript, need, run
from tools.write_verdicts import FILE, bytes_of

VECTORS: dict[str, Any] = json.loads(FILE.read_text())
Command = tuple[str | Path, ...]


def test_javascript_gives_every_verdict() -> None:
    """verify/js/test: the vectors, every digit of a receipt, every byte of a range."""
    folder = javascript()
    done = run(need("node"), "--test", "test/verdicts.test.js", folder=folder)
    assert done.returncode == 0, done.stdout
    assert "# skipped 0" in done.stdout


def test_go_gives_every_verdict() -> None:
    """verify/go: the same."""
    folder = VERIFY / "go"
    done = run(need("go", major=1, minor=19), "test", "-count=1", "-v", "./...", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--- SKIP" not in done.stdout
    for name in ("TestReceipts", "TestRanges", "TestEachDigitAndByteCounts"):
        assert f"--- PASS: {name}" in done.stdout


def test_the_lock_file_of_javascript_has_hashes_and_no_addresses() -> None:
    lock = json.loads((VERIFY / "js/package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert name == "" or package["integrity"].startswith("sha512-")


# --- the command lines ----------------------------------------------------------------------


def python_command(_tmp_path: Path, what: str) -> Command:
    return (sys.executable, "-m", "clearway", f"verify-{what}")


def javascript_command(_tmp_path: Path, what: str) -> Command:
    return (need("node"), javascript() / "cli.js", what)


def go_command(tmp_path: Path, what: str) -> Command:
    return (go_program(tmp_path), what)


COMMANDS = [python_command, javascript_command, go_command]


@pytest.fixture(scope="module", params=COMMANDS, ids=lambda make: make.__name__.split("_")[0])
def command(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Command]:
    folder = tmp_path_factory.mktemp("program")
    return lambda what: request.param(folder, what)


def write(folder: Path, case: dict[str, Any], what: str) -> tuple[Path, Path]:
    """(file, genesis) of a case of the vectors."""
    bases = VECTORS["bases"]
    file, genesis = folder / "file", folder / "genesis.json"
    is_range = what == "blocks"
    part = "ranges" if is_range else "receipts"
    file.write_bytes(bytes_of(case, bases[part], is_hex=is_range))
    genesis.write_bytes(bytes_of(VECTORS["geneses"][case["genesis"]], bases["geneses"]))
    return file, genesis


def find(part: str, name: str) -> dict[str, Any]:
    return next(case for case in VECTORS[part] if case["name"] == name)


@pytest.mark.parametrize(
    ("what", "part", "name"),
    [
        ("receipt", "receipts", "a small one"),
        ("receipt", "receipts", "swapped paths"),
        ("receipt", "receipts", "under a genesis with no name"),
        ("receipt", "receipts", "bytes that are no UTF-8"),
        ("blocks", "ranges", "all of main"),
        ("blocks", "ranges", "with its first block named"),
        ("blocks", "ranges", "after the rotation, with its key named"),
        ("blocks", "ranges", "after the rotation, with nobody named"),
        ("blocks", "ranges", "a changed entry"),
    ],
)
def test_a_command_says_one_line_and_exits_0_or_1(
    command: Callable[[str], Command], what: str, part: str, name: str, tmp_path: Path
) -> None:
    case = find(part, name)
    file, genesis = write(tmp_path, case, what)
    block, keys = case.get("trust_block"), case.get("trust_keys", ())
    more = [] if block is None else ["--trust-block", block]
    more += [word for key in keys for word in ("--trust-key", key)]
    done = run(*command(what), file, "--trust", genesis, *more)
    assert done.stdout == case["verdict"] + "\n"
    assert done.returncode == (0 if case["verdict"].startswith("VERIFIED: ") else 1)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("receipt", "a receipt proves nothing alone"),
        ("blocks", "a range of blocks proves nothing alone"),
    ],
)
def test_nothing_is_verified_without_a_trusted_genesis(
    command: Callable[[str], Command], what: str, line: str, tmp_path: Path
) -> None:
    name = "a small one" if what == "receipt" else "all of small"
    file, _ = write(tmp_path, find("receipts" if what == "receipt" else "ranges", name), what)
    done = run(*command(what), file)
    no_genesis = "NOT VERIFIED: no trusted genesis was given (--trust GENESIS.json); "
    assert (done.returncode, done.stdout) == (1, f"{no_genesis}{line}\n")


def test_a_file_that_is_not_there_is_said(
    command: Callable[[str], Command], tmp_path: Path
) -> None:
    _, genesis = write(tmp_path, find("receipts", "a small one"), "receipt")
    done = run(*command("receipt"), tmp_path / "nothing.json", "--trust", genesis)
    assert done.returncode == 1
    assert done.stdout.startswith("NOT VERIFIED: ")
    assert len(done.stdout.splitlines()) == 1


def test_a_wrong_call_shows_the_usage(command: Callable[[str], Command]) -> None:
    done = run(*command("receipt"))
    assert done.returncode == 2
    assert "usage: " in done.stderr
