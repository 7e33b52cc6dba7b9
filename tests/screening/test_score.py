"""When two names are one name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.screening import pair_probability, parse_name
from clearway.screening.score import LISTED, PAIR, Evidence, Weights, compare

NAMES = st.text(alphabet="abcdeiklmnorsu ABJM-'.,", min_size=1, max_size=30)


def same(one: str, other: str) -> float:
    return pair_probability(parse_name(one), parse_name(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Usama bin Ladin", "Osama bin Laden"),
        ("Wolodymyr Selenskyj", "Volodymyr Zelenskyy"),
        ("Moammar Qaddafi", "Muammar Gaddafi"),
        ("Putin, Vladimir", "Vladimir Putin"),
        ("V. Putin", "Vladimir Putin"),
        ("VladimirPutin", "Vladimir Putin"),
        ("Nikolai Patr ushev", "Nikolai Platonovich Patrushev"),
        ("vanderbilt corp", "van der bilt corp"),
        ("Sergey Sergey Shoigu", "Sergey Shoigu"),
        ("SiemensAG", "Siemens AG"),
        ("OAO Gazprom", "Open Joint Stock Company Gazprom"),
        ("Ben Netanyahu", "Benjamin Netanyahu"),
        ("Barack Obama", "Барак Обама"),
    ],
)
def test_spellings_of_one_name_match(one: str, other: str) -> None:
    assert same(one, other) > 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Deutsche Bank AG", "Deutsche Bank GmbH"),
        ("Bashar al-Assad", "Hafez al-Assad"),
        ("Government of Estonia", "Government of Ethiopia"),
        ("Barack Obama", "Michelle Obama"),
        ("A. Nazarbayev", "Nursultan Nazarbayev"),
        ("习近朋", "习近平"),
        ("Mette Henriksen", "Mette Frederiksen"),
        ("Volkswagen AG", "Siemens AG"),
        ("", "Vladimir Putin"),
    ],
)
def test_names_with_a_word_in_common_do_not_match(one: str, other: str) -> None:
    assert same(one, other) < 0.5


@given(NAMES, NAMES)
def test_the_order_of_the_two_names_does_not_matter(one: str, other: str) -> None:
    assert same(one, other) == pytest.approx(same(other, one), abs=1e-9)


@given(NAMES)
def test_a_score_is_a_probability_and_a_name_is_most_like_itself(text: str) -> None:
    itself = same(text, text)
    assert 0.0 <= same(text, "Zimurinda Mwangachuchu") <= 1.0
    if parse_name(text).tokens:
        assert itself > 0.5
        assert itself >= same(text, f"{text} Mwangachuchu")


@pytest.mark.parametrize("weights", [PAIR, LISTED])
def test_every_weight_has_the_sign_that_a_person_would_expect(weights: Weights) -> None:
    assert weights.per.shared >= 0
    against = weights.per._replace(shared=0.0)
    assert max(against) <= 0


def test_equal_names_differ_in_nothing() -> None:
    evidence = compare(parse_name("Ramzan Kadyrov"), parse_name("KADYROV, Ramzan"))
    assert evidence._replace(shared=0.0) == Evidence(*[0.0] * len(evidence))


@pytest.mark.shared
def test_the_labelled_pairs_are_told_apart_better_than_by_logic_v2(shared: Path) -> None:
    path = shared / "data" / "sanctions" / "name_pairs_nomenklatura.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    said = [same(row["name1"], row["name2"]) >= 0.7 for row in rows]
    true = [row["is_match"] == "true" for row in rows]
    right = sum(s and t for s, t in zip(said, true, strict=True))
    # logic-v2 at the same threshold: 0.790. Cross-validated this is 0.89, in-sample 0.90.
    assert 2 * right / (sum(said) + sum(true)) > 0.88


@pytest.mark.shared
def test_names_in_two_scripts_reach_the_similarity_that_is_asked_of_them(shared: Path) -> None:
    path = shared / "data" / "sanctions" / "cross_script_pairs.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if len(row) == 4 and not row[0].startswith("#")]
    assert len(rows) == 22
    below = [row for row in rows if same(row[0], row[1]) < float(row[2])]
    assert below == []
