"""Reading list files, and refusing bad ones."""

from __future__ import annotations

import hashlib
import json
import lzma
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from clearway.payment.errors import Refusal
from clearway.screening import BadList, BirthDate, Watchlist, parse_birth_date
from clearway.screening.lists import EntityKind, NameQuality, load_folder

SDN = (
    '7,"DOE, Jane","individual","SDGT] [IFSR",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 05 May 1971;'
    " POB Cairo, Egypt; nationality Yemen; a.k.a. 'THE WEAK ONE'; Gender Female.\"\r\n"
    '8,"ACME SHIPPING CO.",-0- ,"IRAN",-0- ,-0- ,-0- ,-0- ,-0- ,"Panama",-0- ,-0- \r\n\x1a'
)
UNNAMED = (
    b"<CONSOLIDATED_LIST><ENTITY><REFERENCE_NUMBER>X</REFERENCE_NUMBER></ENTITY>"
    b"</CONSOLIDATED_LIST>"
)
ALT = '7,1,"aka","ROE, Jane",-0- \r\n9,2,"aka","NOBODY",-0- \r\n\x1a'
ADD = '8,1,"1 Main Street","Tehran","Iran",-0- \r\n\x1a'


def folder_with(tmp_path: Path, **contents: str) -> Path:
    for name, text in contents.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8", newline="")
    return tmp_path


def test_an_ofac_folder_is_read_with_everything_it_says(tmp_path: Path) -> None:
    (ofac,) = load_folder(folder_with(tmp_path, sdn=SDN, alt=ALT, add=ADD))
    jane, acme = ofac.entities
    assert (jane.entity_id, jane.kind, jane.programmes) == (
        "OFAC-7",
        EntityKind.INDIVIDUAL,
        ("SDGT", "IFSR"),
    )
    assert [(name.text, name.quality) for name in jane.names] == [
        ("DOE, Jane", NameQuality.PRIMARY),
        ("ROE, Jane", NameQuality.ALIAS),
        ("THE WEAK ONE", NameQuality.WEAK),
    ]
    assert jane.birth_dates == (BirthDate(date(1971, 5, 5), date(1971, 5, 5)),)
    assert jane.countries == {"EG", "YE"}
    assert acme.kind is EntityKind.ENTITY
    assert acme.countries == {"PA", "IR"}
    assert ofac.orphans == 1


def test_file_names_of_either_form_headings_and_compression_make_no_difference(
    tmp_path: Path,
) -> None:
    heading = ",".join(f"C{n}" for n in range(12)) + "\r\n"
    (tmp_path / "ofac_sdn.csv.xz").write_bytes(lzma.compress((heading + SDN).encode()))
    (ofac,) = load_folder(tmp_path)
    assert [entity.entity_id for entity in ofac.entities] == ["OFAC-7", "OFAC-8"]


def test_the_version_is_of_the_content_alone(tmp_path: Path) -> None:
    for name, text in (("a", SDN), ("b", SDN), ("c", SDN.replace("DOE", "DOO"))):
        (tmp_path / name).mkdir()
        folder_with(tmp_path / name, sdn=text)
    a, b, c = (Watchlist.from_folder(tmp_path / name).version for name in "abc")
    assert len(a) == 32
    assert a == b != c


@pytest.mark.parametrize(
    ("contents", "where", "what"),
    [
        ({"sdn": SDN.replace(',"IRAN"', "")}, "sdn.csv, line 2", "12 columns"),
        ({"sdn": SDN.replace("8,", "x,")}, "sdn.csv, line 2", "not an entity number"),
        ({"sdn": SDN.replace("8,", "7,")}, "sdn.csv, line 2", "there twice"),
        ({"sdn": SDN.replace('"ACME SHIPPING CO."', "-0- ")}, "sdn.csv, line 2", "name is empty"),
        ({"sdn": SDN.replace('"individual"', '"person"')}, "sdn.csv, line 1", "not a kind"),
        ({"sdn": SDN.replace('"DOE, Jane"', '"DOE" Jane')}, "sdn.csv, line 1", "not csv"),
        ({"sdn": ""}, "sdn.csv", "no entity"),
        ({"sdn": SDN, "alt": "7,1,aka\r\n"}, "alt.csv, line 1", "5 columns"),
        ({"sdn": SDN, "alt": "7,1,aka,,-0- \r\n"}, "alt.csv, line 1", "alias is empty"),
        ({"sdn": SDN, "ofac_sdn": SDN}, "", "both there"),
        ({"alt": ALT}, "", "sdn.csv is not"),
        ({}, "", "neither"),
    ],
)
def test_a_bad_folder_is_refused_with_the_place_and_the_reason(
    tmp_path: Path, contents: dict[str, str], where: str, what: str
) -> None:
    with pytest.raises(BadList, match=what) as refused:
        load_folder(folder_with(tmp_path, **contents))
    assert isinstance(refused.value, Refusal)
    assert refused.value.code == "request.invalid"
    assert where in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("sdn.csv", b"7,\xff\xfe", "not UTF-8"),
        ("sdn.csv.xz", b"7,DOE", "not an xz file"),
        ("un.xml", b"<CONSOLIDATED_LIST>", "not xml"),
        ("un.xml", b"<html/>", "not CONSOLIDATED_LIST"),
        ("un.xml", b"<CONSOLIDATED_LIST/>", "no entity"),
        ("un.xml", b"<CONSOLIDATED_LIST><ENTITY/></CONSOLIDATED_LIST>", "no REFERENCE_NUMBER"),
        (
            "un.xml",
            UNNAMED,
            "has no name",
        ),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadList, match=what):
        load_folder(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="no such folder"):
        load_folder(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1971-05-05", date(1971, 5, 5), date(1971, 5, 5)),
        ("1971-02", date(1971, 2, 1), date(1971, 2, 28)),
        ("1971", date(1971, 1, 1), date(1971, 12, 31)),
        ("05 May 1971", date(1971, 5, 5), date(1971, 5, 5)),
        ("Dec 1971", date(1971, 12, 1), date(1971, 12, 31)),
        ("circa 1971", date(1969, 1, 1), date(1973, 12, 31)),
        ("1960 to 1964", date(1960, 1, 1), date(1964, 12, 31)),
        ("01 Jan 1960 to 31 Dec 1964", date(1960, 1, 1), date(1964, 12, 31)),
    ],
)
def test_birth_dates_are_as_exact_as_they_are_written(text: str, first: date, last: date) -> None:
    assert parse_birth_date(text) == BirthDate(first, last)


@pytest.mark.parametrize("text", ["", "1971-02-30", "05 Foo 1971", "yesterday", "0000", "12/05/71"])
def test_what_is_not_a_birth_date_gives_none(text: str) -> None:
    assert parse_birth_date(text) is None


def test_the_shipped_list_is_the_published_one() -> None:
    folder = files("clearway.screening") / "data"
    origin = json.loads((folder / "origin.json").read_text("utf-8"))
    for name, digest in origin["sha256"].items():
        content = lzma.decompress((folder / f"{name}.xz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest
    (ofac,) = Watchlist.shipped().lists
    assert (len(ofac.entities), ofac.published) == (11_443, "2023-02")


@pytest.mark.shared
def test_the_un_list_is_read_whole(shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "sanctions" / "un_consolidated.xml"
    (tmp_path / "un.xml").write_bytes(source.read_bytes())
    (un,) = load_folder(tmp_path)
    assert (un.name, un.published, len(un.entities)) == ("UN Consolidated", "2026-02-27", 1003)
    badege = next(entity for entity in un.entities if entity.entity_id == "UN-CDi.001")
    assert badege.names[0].text == "ERIC BADEGE"
    assert badege.programmes == ("DRC",)
    assert badege.countries == {"CD", "RW"}
    assert badege.birth_dates == (BirthDate(date(1971, 1, 1), date(1971, 12, 31)),)
