"""Way on which much is stolen."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)

TYPOLOGY: Final = Typology(
    bit=40,
    code="fraud.reported_corridor",
    name="Way on which much is stolen",
    side="payer",
    source=(
        "FATF, Egmont Group and INTERPOL, Illicit Financial Flows from Cyber-Enabled Fraud "
        "(November 2023), cross-border flows"
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
