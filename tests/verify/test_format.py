"""What docs/format.md says of files that are checked is what the vectors hold the verifiers to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from clearway.ledger.entry import SENTENCES
from clearway.payment.records import ControlAct, Kind
from tests.conftest import ROOT
from tools.write_verdicts import FILE

FORMAT: Final = (ROOT / "docs/format.md").read_text()
VECTORS: Final[dict[str, Any]] = json.loads(FILE.read_text())
REFUSED: Final = "NOT VERIFIED: "
WORDS: Final = {
    "FIELD": r"[a-z_.]+(\[[0-9]+\])?",
    "HEX": "[0-9a-f]{64}",
    "NAMES": r"[a-z_]+(, [a-z_]+)*",
    "CODE": "[a-z_]+",
    "KEY": "[a-z_]+",
    **dict.fromkeys(("N", "M", "I", "S", "MAX"), "[0-9]+"),
}


def section(title: str) -> str:
    return FORMAT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def lines_of(title: str) -> dict[str, re.Pattern[str]]:
    """The lines in the last column of a section's tables of checks, each as a pattern."""
    found = {}
    for head, rows in re.findall(r"^(\|.*\|)\n\| --- .*\n((?:\|.*\n)+)", section(title), re.M):
        if not re.search(r"\| (line|lines, in this order|WHAT) \|$", head):
            continue
        for row in rows.splitlines():
            for line in re.findall(r"`([^`]+)`", row.rsplit(" | ", 1)[1]):
                known = re.escape(line)
                pattern = re.sub("|".join(rf"\b{word}\b" for word in WORDS), put_word, known)
                found[line] = re.compile(pattern)
    return found


def put_word(match: re.Match[str]) -> str:
    return WORDS[match[0]]


def refusals(part: str) -> Iterator[str]:
    for case in VECTORS[part]:
        if case["verdict"].startswith(REFUSED):
            yield case["verdict"].removeprefix(REFUSED)


def refused_geneses() -> set[str]:
    """The WHAT of each, whose WHERE has no colon."""
    lines = [line for line in refusals("receipts") if line.startswith("genesis: ")]
    return {line.split(": ", 2)[2] for line in lines}


def refused_receipts() -> set[str]:
    return {line for line in refusals("receipts") if not line.startswith("genesis: ")}


def refused_ranges() -> set[str]:
    return {re.sub("^block [0-9]+: ", "", line) for line in refusals("ranges")}


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Genesis file", refused_geneses()),
        ("Receipt", refused_receipts()),
        ("Block range", refused_ranges()),
    ],
    ids=["genesis", "receipt", "range"],
)
def test_the_refusals_of_the_vectors_are_the_lines_of_the_format(
    title: str, found: set[str]
) -> None:
    """Each is one of the lines, and each line is shown; but for a file of 1 GiB."""
    lines = lines_of(title)
    assert len(found) > 10
    assert [
        what for what in found if not any(line.fullmatch(what) for line in lines.values())
    ] == []


def test_the_sentences_are_those_of_the_format() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| `(.+)` \|$", section("Receipt"), re.M)
    told = [(str(int(kind)), name := kind.name.lower(), SENTENCES[name]) for kind in Kind]
    assert rows == told


def test_every_fact_of_a_sentence_is_in_the_format() -> None:
    table = section("Receipt").split("| fact | is |")[1].split("\n\n")[0]
    named = {
        fact
        for row in table.splitlines()[2:]
        for fact in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }
    assert named == {fact for told in SENTENCES.values() for fact in re.findall(r"\{(\w+)\}", told)}


def test_the_acts_of_an_issuer_are_those_of_the_format() -> None:
    text = FORMAT.split("\nThe acts are ")[1].split(".")[0]
    assert text.split(", ") == [f"{int(act)} {act.name}" for act in ControlAct]
