"""Structuring by the payer."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
)
from clearway.risk.typologies.sources import CFR_STRUCTURING, FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=0,
    code="laundering.structuring_payer",
    name="Structuring by the payer",
    side="payer",
    sources=(
        CFR_STRUCTURING.says("nobody may break up a transaction to keep it from being reported"),
        FFIEC_MANUAL.says(
            "a sum above 10,000 USD broken into parts of at most that", at="Appendix G, Structuring"
        ),
    ),
    why=(
        "Within days, the account sends several payments that each stay just below the amount that "
        "is reported to the authority."
    ),
    advice="Add the payments up, and ask what single debt or purchase they pay for.",
    conditions=(
        at_least(
            "payer_limit_7d",
            1.2,
            "the third within the week: two can be an invoice and its repetition",
        ),
        between(
            "amount_log",
            eur(8_500),
            eur(9_999.99),
            "just below 10,000, which many countries have reported",
        ),
    ),
)
