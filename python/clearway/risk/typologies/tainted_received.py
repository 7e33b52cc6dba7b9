"""Proceeds received."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_VIRTUAL_ASSETS, PAY_UK_TRACING

TYPOLOGY: Final = Typology(
    bit=19,
    code="laundering.tainted_received",
    name="Proceeds received",
    side="payee",
    sources=(
        FATF_VIRTUAL_ASSETS.says(
            "funds that are suspected to be stolen or fraudulent are accepted",
            at="indicators related to transactions",
        ),
        PAY_UK_TRACING.says(
            "suspicious payments followed from account to account, also when they are split"
        ),
    ),
    why=(
        "A third or more of what the payer got in a month came from accounts that were reported, "
        "and this is where it goes."
    ),
    advice="Hold what is left, and tell the bank of the victim.",
    conditions=(
        at_least("payer_taint", 0.3, "shops, who are paid by everybody, stay far below"),
        yes("payee_new", "mules pay whom they are told to"),
        at_least("amount_log", eur(100), "small change is not worth tracing"),
        at_least(
            "payer_got_sum_1d", eur(100), "it has just got money: later it is mixed with wages"
        ),
    ),
)
