"""Screening files from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clearway.payment.errors import Refusal
from clearway.screening import Screener, screen_file, screen_name, screen_pairs


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_name_gets_its_nearest_entity_and_a_decision(
    screener: Screener, tmp_path: Path
) -> None:
    source, target = tmp_path / "q.csv", tmp_path / "h.csv"
    source.write_text(
        "reference,name,birth_date,country\n"
        'a,"Ramzan Kadirov",1976-10-05,RU\n'
        "b,Alice Example,,\n"
        "c,Mohammed Ali,1999-09-09,\n",
        "utf-8",
    )
    done = screen_file(screener, source, target)
    assert (done.rows, done.hits) == (3, 1)
    kadyrov, alice, ali = written(target)
    assert kadyrov["reference"] == "a"
    assert kadyrov["entity_id"] == "OFAC-23343"
    assert kadyrov["decision"] == "hit"
    assert float(kadyrov["score"]) > 0.9
    assert alice == {
        "reference": "b",
        "name": "Alice Example",
        "birth_date": "",
        "country": "",
        "entity_id": "",
        "matched_name": "",
        "score": "0.000000",
        "decision": "clear",
    }
    assert ali["decision"] == "clear"
    assert ali["entity_id"]


def test_each_pair_gets_a_probability(tmp_path: Path) -> None:
    source, target = tmp_path / "p.csv", tmp_path / "s.csv"
    source.write_text(
        "name1,name2\nUsama bin Ladin,Osama bin Laden\nBarack Obama,Michelle Obama\n", "utf-8"
    )
    assert screen_pairs(source, target).hits == 1
    same, other = (float(row["score"]) for row in written(target))
    assert same > 0.9
    assert other < 0.5


def test_a_file_that_was_screened_can_be_screened_again(screener: Screener, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    (tmp_path / "q.csv").write_text("name\nRamzan Kadirov\n", "utf-8")
    screen_file(screener, tmp_path / "q.csv", once)
    screen_file(screener, once, twice)
    assert once.read_bytes() == twice.read_bytes()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no column 'name'"),
        (b"names\nBob\n", "no column 'name'"),
        (b"name,country\nBob\n", "line 2: the row has other columns"),
        (b"name\nBob,Alice\n", "line 2: the row has other columns"),
        (b"name,birth_date\nBob,yesterday\n", "line 2: 'yesterday' is not a birth date"),
        (b'name\n"Bob" x\n', "not csv"),
        (b"name\n\xff\n", "not csv"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_written(
    screener: Screener, tmp_path: Path, content: bytes, what: str
) -> None:
    source, target = tmp_path / "q.csv", tmp_path / "h.csv"
    source.write_bytes(content)
    with pytest.raises(Refusal, match=what):
        screen_file(screener, source, target)
    assert list(tmp_path.iterdir()) == [source]


def test_a_bad_birth_date_is_refused(screener: Screener) -> None:
    with pytest.raises(Refusal, match="not a birth date"):
        screen_name(screener, "Bob", birth_date="32 May 1970")
