"""Address farm."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)

TYPOLOGY: Final = Typology(
    bit=17,
    code="laundering.address_farm",
    name="Address farm",
    side="payer",
    source=(
        "FinCEN Advisory FIN-2016-A005, Cyber-Events and Cyber-Enabled Crime (October 2016); FATF, "
        "Virtual Assets: Red Flag Indicators of Money Laundering and Terrorist Financing "
        "(September 2020)"
    ),
    why=(
        "From one network address many payments leave within the hour, this one of an account that "
        "is days old."
    ),
    advice=(
        "Compare with the address's other accounts; a mobile carrier's address has old ones as "
        "well."
    ),
    conditions=(
        at_least("address_count_1h", 7, "many more than a household"),
        between(
            "payer_age", days(0), days(7), "opened days ago: an office's staff have old accounts"
        ),
        yes("payee_new", "to somebody new"),
        at_least("amount_log", eur(50), "sums that are worth it"),
    ),
)
