"""Victim robbed again."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)

TYPOLOGY: Final = Typology(
    bit=38,
    code="fraud.repeat_victim",
    name="Victim robbed again",
    side="payer",
    source="FTC Consumer Advice, Refund and Recovery Scams",
    why=(
        "An owner who was robbed within the month pays an unusual sum to somebody new: who "
        "promises to get money back takes more."
    ),
    advice="Call the owner: victims are sold on as leads.",
    conditions=(
        at_least("payer_reports_30d", 0.4, "a report within the month"),
        yes("payee_new", "a helper who is new too"),
        at_least("amount_deviation", 2.0, "more than the owner usually pays"),
        at_least("amount_log", eur(250), "a fee for the recovery"),
    ),
)
