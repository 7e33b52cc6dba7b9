"""`clearway export-blocks` and `verify-blocks`: a range leaves a node and is checked elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clearway.app.cli import main
from clearway.ledger.block_range import find_records, pack_record
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import dump_genesis
from tests.chains import SEQUENCER_SEED, Chain, busy_chain


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Chain]:
    """A data folder with a chain of 23 blocks, and the chain, which still writes there."""
    data = tmp_path_factory.mktemp("data")
    chain = busy_chain(data / "chain")
    (data / "genesis.json").write_text(dump_genesis(chain.genesis), "utf-8")
    return data, chain


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and last line."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, (said.out or said.err).splitlines()[-1]


def export(node: tuple[Path, Chain], out: Path, *words: str) -> list[object]:
    return ["export-blocks", "--data", node[0], "--out", out, *words]


def check(node: tuple[Path, Chain], file: Path, *words: str) -> list[object]:
    return ["verify-blocks", file, "--trust", node[0] / "genesis.json", *words]


def test_a_whole_chain(node: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, book = tmp_path / "blocks", node[1].book
    code, said = run(capsys, *export(node, file, "--json"))
    assert (code, json.loads(said)["last"]) == (0, book.height)
    code, said = run(capsys, *check(node, file))
    assert code == 0
    assert said == (
        f"VERIFIED: blocks 0 to {book.height}, 102 entries, last hash {book.head_hash.hex()}; "
        "nothing was executed again"
    )


def test_a_part_under_a_trusted_block(
    node: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, book = tmp_path / "blocks", node[1].book
    assert run(capsys, *export(node, file, "--from", "3", "--to", "7"))[0] == 0
    assert "; what came before them is not checked;" in run(capsys, *check(node, file))[1]
    first = book.block(3).hash.hex()
    code, said = run(capsys, *check(node, file, "--trust-block", first, "--json"))
    assert code == 0
    assert json.loads(said) == {
        "ok": True,
        "first": 3,
        "last": 7,
        "entries": 17,
        "block": book.block(7).hash.hex(),
        "anchored": True,
    }
    key = public_key(SEQUENCER_SEED).hex()
    assert run(capsys, *check(node, file, "--trust-key", key))[0] == 0
    code, said = run(capsys, *check(node, file, "--trust-key", key.upper()))
    assert (code, said) == (
        1, "NOT VERIFIED: --trust-key: is not 64 lower-case hex digits"
    )  # fmt: skip


def test_a_changed_byte_is_reported_with_its_height(
    node: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "blocks"
    run(capsys, *export(node, file, "--from", "3", "--to", "7"))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    code, said = run(capsys, *check(node, file, "--json"))
    assert code == 1
    assert json.loads(said) == {
        "ok": False,
        "first_bad": 7,
        "what": "block 7: checksum: is not that of the record",
    }


def test_nothing_is_trusted_by_itself(
    node: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "blocks"
    run(capsys, *export(node, file))
    code, said = run(capsys, "verify-blocks", file)
    assert code == 1
    assert said.startswith("NOT VERIFIED: no trusted genesis was given")


@pytest.mark.parametrize("words", [("--from", "98"), ("--to", "99"), ("--from", "-1"),
                                   ("--from", "5", "--to", "4")])  # fmt: skip
def test_blocks_that_are_not_there_are_not_exported(
    node: Any, words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *export(node, tmp_path / "blocks", *words))[0] == 1
    assert not (tmp_path / "blocks").exists()


def test_a_block_packed_alone_is_what_the_log_has(node: Any) -> None:
    blocks = node[1].book.blocks(0)
    assert [pack_record(block) for block in blocks] == [*find_records(node[0] / "chain", 0, None)]
