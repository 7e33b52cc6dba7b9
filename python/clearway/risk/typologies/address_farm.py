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
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FATF_VIRTUAL_ASSETS, FINCEN_CYBER

TYPOLOGY: Final = Typology(
    bit=17,
    code="laundering.address_farm",
    name="Address farm",
    side="payer",
    sources=(
        FATF_CYBER_FRAUD.says(
            "one device or address that goes with accounts of different holders",
            at="Annex A, identity of the user",
        ),
        FATF_VIRTUAL_ASSETS.says(
            "several users from the same address", at="indicators related to anonymity"
        ),
        FINCEN_CYBER.says("network addresses with times are to be reported"),
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
        at_least("address_count_1h", 4, "more than a household"),
        between(
            "payer_age", days(0), days(7), "opened days ago: an office's staff have old accounts"
        ),
        yes("payee_new", "to somebody new"),
        at_least("amount_log", eur(50), "sums that are worth it"),
    ),
)
