"""Burst while its owner sleeps."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    events,
    yes,
)
from clearway.risk.typologies.sources import EU_AUTHENTICATION

TYPOLOGY: Final = Typology(
    bit=36,
    code="fraud.night_burst",
    name="Burst while its owner sleeps",
    side="payer",
    sources=(
        EU_AUTHENTICATION.says(
            "abnormal spending or behaviour of the payer", at="Articles 2 and 18(2)(c)(i)"
        ),
    ),
    why="At an hour at which the owner never pays, payment follows payment to somebody new.",
    advice="Call the owner in the morning at the latest; block the account until then.",
    conditions=(
        at_least("payer_count_1h", 2.5, "the fourth within the hour or so"),
        between(
            "payer_hour_share", 0, 0.15, "hardly ever at this time of day, but for this very night"
        ),
        yes("payee_new", "to somebody new"),
        at_least("payer_new_1d", 1.7, "as the ones before"),
        at_least("payer_sent_n", events(20), "an owner with habits"),
        at_least("amount_log", eur(100), "a traveller's small purchases are at odd hours too"),
        between("payer_same_1d", 0, 0.5, "who pays out equal shares is no thief"),
    ),
)
