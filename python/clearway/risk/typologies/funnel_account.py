"""Funnel account."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
)
from clearway.risk.typologies.sources import FINCEN_FUNNEL

TYPOLOGY: Final = Typology(
    bit=11,
    code="laundering.funnel_account",
    name="Funnel account",
    side="payee",
    sources=(
        FINCEN_FUNNEL.says(
            "deposits below the reporting limit in one region, taken out in another a little later"
        ),
    ),
    why=(
        "Strangers from several places pay in below the reporting limit, and it is taken out "
        "elsewhere within the hour."
    ),
    advice="Compare where the payers are with where the money leaves.",
    conditions=(
        at_least("payee_ways_7d", 2.0, "three ways within days, each new to who paid on it"),
        at_least("payee_passed_share", 0.3, "what came goes on within the hour"),
        at_least("payee_new_1d", 1.5, "the payers are strangers"),
        between("amount_log", eur(200), eur(9_999.99), "below the limit, above a purchase"),
    ),
)
