"""Pyramid of equal contributions."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
)
from clearway.risk.typologies.sources import SEC_PONZI

TYPOLOGY: Final = Typology(
    bit=35,
    code="fraud.equal_contributions",
    name="Pyramid of equal contributions",
    side="payee",
    sources=(SEC_PONZI.says("earlier investors are paid from what new ones contribute"),),
    why=("Many strangers pay the same sum, and what comes is paid out to others within the hour."),
    advice="Compare what members paid in with what they got out, by the day they joined.",
    conditions=(
        at_least("payee_same_1d", 2.5, "the fourth equal sum or later"),
        at_least("payee_new_1d", 2.5, "of people who never paid it"),
        at_least(
            "payee_passed_share",
            0.25,
            "and it goes out as fast: a box office keeps its takings for the evening",
        ),
        at_least("amount_log", eur(50), "a contribution"),
    ),
)
