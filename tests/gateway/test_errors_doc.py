"""docs/errors.md is held to the catalogue: every code, its status, its retry, a true example."""

import re
import string
from pathlib import Path

import pytest

from clearway.payment.errors import CATALOGUE, ErrorKind

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(r"^\| `([a-z_.]+)` \| (\d{3}) \| (yes|no) \| (.+) \|$", re.MULTILINE)
ROWS = {row[0]: row for row in ROW.findall(PAGE.read_text("utf-8"))}


def test_the_page_lists_the_codes_of_the_catalogue_and_no_others() -> None:
    assert list(ROWS) == sorted(ROWS, key=list(ROWS).index)
    assert set(ROWS) == set(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_a_row_says_what_the_catalogue_says(kind: ErrorKind) -> None:
    _, status, retry, example = ROWS[kind.code]
    assert int(status) == kind.status
    assert (retry == "yes") == kind.retryable
    assert _pattern(kind.detail).fullmatch(example), example


def _pattern(detail: str) -> re.Pattern[str]:
    parts = (
        re.escape(text) + ("" if name is None else ".+")
        for text, name, _, _ in string.Formatter().parse(detail)
    )
    return re.compile("".join(parts))
