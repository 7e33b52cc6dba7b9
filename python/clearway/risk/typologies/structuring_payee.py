"""Structuring towards the payee."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=1,
    code="laundering.structuring_payee",
    name="Structuring towards the payee",
    side="payee",
    sources=(
        FFIEC_MANUAL.says(
            "alone or together with others, at one bank or several, on one day or several",
            at="Appendix G, Structuring",
        ),
    ),
    why=(
        "Several payers new to the account each pay it just less than the amount that is reported."
    ),
    advice="Look for one origin behind the payers: a common device, funder or time.",
    conditions=(
        at_least("payee_limit_7d", 1.2, "the third within the week"),
        yes("payee_new", "each part comes from another hand"),
        between(
            "amount_log",
            eur(8_500),
            eur(9_999.99),
            "just below 10,000, which many countries have reported",
        ),
    ),
)
