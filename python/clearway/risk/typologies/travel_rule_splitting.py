"""Splitting below the travel rule."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
)
from clearway.risk.typologies.sources import FATF_RECOMMENDATION_16, FATF_VIRTUAL_ASSETS

TYPOLOGY: Final = Typology(
    bit=2,
    code="laundering.travel_rule_splitting",
    name="Splitting below the travel rule",
    side="payer",
    sources=(
        FATF_RECOMMENDATION_16.says(
            "names and numbers travel with payments from 1,000 USD or EUR on"
        ),
        FATF_VIRTUAL_ASSETS.says(
            "small amounts, below the limits from which records are kept",
            at="indicators related to transactions",
        ),
    ),
    why=(
        "A sum is sent in parts just below 1,000, from which on names have to travel with a "
        "payment."
    ),
    advice="Add the parts up by payee; compare with what the account usually sends.",
    conditions=(
        at_least(
            "payer_travel_7d", 2.4, "the fourth within the week or so: rent comes once a month"
        ),
        between("amount_log", eur(850), eur(999.99), "just below 1,000, the threshold of the rule"),
    ),
)
