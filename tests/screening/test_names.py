"""What a name is read as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.screening.names import TOKENS_MAX, Kind, identifying_words, parse_name, readings_of


def words_of(text: str) -> list[str]:
    return [token.text for token in parse_name(text).tokens]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PUTIN, Vladimir Vladimirovich", ["vladimir", "vladimirovich", "putin"]),
        ("Recep Tayyip ERDOĞAN", ["recep", "tayyip", "erdogan"]),
        ("Margarita-Simonyan", ["margarita", "simonyan"]),
        ("ABU-'UMAR", ["abu", "umar"]),
        ("Ig0r Sech1n", ["igor", "sechin"]),
        ("Brigade Forty-Four", ["brigade", "44"]),
        ("1st International Bank", ["1", "international", "bank"]),
        ("First Bank Int'l", ["1", "bank", "international"]),
        ("A.B.C. Trading", ["abc", "trading"]),
        ("Procter & Gamble", ["procter", "and", "gamble"]),
        ("Владимир Путин", ["vladimir", "putin"]),
        ("Νικόλαος", ["nikolaos"]),
        ("バラク・オバマ", ["baraku", "obama"]),
        ("김정은", ["kim", "jeong", "eun"]),
        ("", []),
        ("?!", []),
    ],
)
def test_any_script_and_spelling_is_read_as_latin_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "words", "forms"),
    [
        ("Deutsche Bank AG", ["deutsche", "bank"], {"stock"}),
        ("Deutsche Bank GmbH", ["deutsche", "bank"], {"private"}),
        ("OOO Oboronnye Initsiativy", ["oboronnye", "initsiativy"], {"private"}),
        ('ООО "БАЙ"', ["bay"], {"private"}),
        ("TACTICAL MISSILES JOINT STOCK COMPANY", ["tactical", "missiles"], {"stock"}),
        ("FABERLIC EUROPE Sp. z o.o.", ["faberlic", "europe"], {"private"}),
        ("GRUPO X S.A. DE C.V.", ["grupo", "x"], {"stock"}),
        ("11420 CORP.", ["11420"], set()),
        ("Sa Nguyen", ["sa", "nguyen"], set()),
    ],
)
def test_legal_forms_are_told_apart_from_the_name(
    text: str, words: list[str], forms: set[str]
) -> None:
    assert words_of(text) == words
    assert parse_name(text).forms == forms


def test_a_name_that_is_only_a_legal_form_keeps_it() -> None:
    assert words_of("CORP") == ["corp"]


def test_han_characters_are_read_in_mandarin_korean_and_japanese() -> None:
    readings = [[t.text for t in r.tokens] for r in readings_of(parse_name("金正恩"))]
    assert readings == [["jin", "zheng", "en"], ["kim", "jong", "un"]]
    assert ["yamada", "taro"] in [
        [t.text for t in r.tokens] for r in readings_of(parse_name("山田太郎"))
    ]


def test_a_script_without_vowels_is_compared_by_its_consonants() -> None:
    written, spoken = parse_name("محمد"), parse_name("Mohamed")
    assert written.vowelless
    assert written.tokens[0].bones == spoken.tokens[0].bones


def test_titles_and_particles_do_not_identify() -> None:
    name = parse_name("Dr. Usama bin Laden")
    assert [token.kind for token in name.tokens] == [
        Kind.TITLE,
        Kind.WORD,
        Kind.PARTICLE,
        Kind.WORD,
    ]
    assert identifying_words(name) == 2


def test_a_common_word_is_less_rare_than_a_rare_one() -> None:
    muhammad, zimurinda = parse_name("Muhammad Zimurinda").tokens
    assert muhammad.rarity < zimurinda.rarity


@given(st.text(max_size=600))
def test_every_text_is_a_name_and_reading_it_again_changes_nothing(text: str) -> None:
    name = parse_name(text)
    assert len(name.tokens) <= TOKENS_MAX
    assert all(token.text.isascii() and token.text.isalnum() for token in name.tokens)
    assert words_of(text) == [token.text for token in name.tokens]
