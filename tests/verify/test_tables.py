"""The tables that the other verifiers read are the Python ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.ledger.entry import SENTENCES
from clearway.payment.records import Kind
from spec import codes, records
from tools.write_tables import files, tables


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_table_is_what_its_generator_writes(path: Path) -> None:
    assert path.read_text() == files()[path], "run `make vectors`"


def test_every_kind_has_a_sentence() -> None:
    assert set(SENTENCES) == {kind.name.lower() for kind in Kind}


def test_the_specification_has_the_same_names() -> None:
    found = tables()
    assert found["CODES"] == {str(number): name for number, name in codes.CODES.items()}
    assert found["KINDS"] == {str(int(kind)): kind.name.lower() for kind in records.Kind}
