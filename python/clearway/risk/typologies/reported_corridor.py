"""Way on which much is stolen."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)
from clearway.risk.typologies.sources import EU_AUTHENTICATION, FATF_CYBER_FRAUD

TYPOLOGY: Final = Typology(
    bit=40,
    code="fraud.reported_corridor",
    name="Way on which much is stolen",
    side="payer",
    sources=(
        EU_AUTHENTICATION.says("high-risk location of the payee", at="Article 18(2)(c)(vi)"),
        FATF_CYBER_FRAUD.says(
            "sudden international transfers that do not fit the account",
            at="Annex A, transaction patterns",
        ),
    ),
    why=(
        "On a way with many reported frauds, and new to the account, a considerable sum goes to "
        "somebody new."
    ),
    advice="Ask what ties the owner to that country; recalls from there seldom succeed.",
    conditions=(
        at_least("corridor_report_share_30d", 0.03, "thirty times what is usual for all payments"),
        yes("corridor_new", "the owner never paid on it"),
        yes("payee_new", "to somebody new"),
        at_least("amount_log", eur(500), "a considerable sum"),
    ),
)
