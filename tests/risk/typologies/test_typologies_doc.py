"""docs/typologies.md says what the files say; its figures are of the last `make typologies`."""

import re
from pathlib import Path

import pytest

from clearway.risk.typologies.registry import TYPOLOGIES
from clearway.risk.typologies.rule import Typology
from clearway.risk.worlds.wide.world import ALL_SCHEMES
from tools.typology_glossary import glossary
from tools.write_typologies import MEANT, details

PAGE = (Path(__file__).parents[3] / "docs/typologies.md").read_text("utf-8")


@pytest.mark.parametrize("typology", TYPOLOGIES, ids=lambda one: one.code)
def test_each_typology_is_told_as_it_is(typology: Typology) -> None:
    assert details(typology) in PAGE, "run `make typologies`"


def test_the_table_has_every_typology_once_and_finds_each_ones_stories() -> None:
    rows = re.findall(r"^\| \[([\w.]+)\]\(#\w+\) \|.*\| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    assert [code for code, _, _ in rows] == [typology.code for typology in TYPOLOGIES]
    assert all(int(found) > 0 for _, found, _ in rows)


def test_the_world_has_something_of_every_typology() -> None:
    assert set(MEANT) == {typology.code.partition(".")[2] for typology in TYPOLOGIES}
    assert set(MEANT.values()) <= set(ALL_SCHEMES)
    rates = re.findall(r"^\| \[[\w.]+\]\(#\w+\) \| ([\d.]+) \|", PAGE, re.MULTILINE)
    assert len(rates) == len(TYPOLOGIES)
    assert all(float(rate) > 0 for rate in rates)


def test_the_page_says_what_each_feature_is_that_is_asked() -> None:
    assert glossary() in PAGE, "run `make typologies`"
    asked = {each.feature for one in TYPOLOGIES for each in one.conditions}
    assert set(re.findall(r"^\| `(\w+)` \|", glossary(), re.MULTILINE)) == asked
