"""Victim robbed again."""

from typing import Final

from clearway.risk.typologies.rule import (
    NEVER,
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FTC_RECOVERY

TYPOLOGY: Final = Typology(
    bit=38,
    code="fraud.repeat_victim",
    name="Victim robbed again",
    side="payer",
    sources=(
        FTC_RECOVERY.says(
            "who was deceived once stands on lists that are sold, and is deceived again"
        ),
        FATF_CYBER_FRAUD.says(
            "an account known as that of a victim", at="Annex A, adverse information"
        ),
    ),
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
        between(
            "payee_age", NEVER, days(60), "the helper's account is new too: a landlord's is not"
        ),
    ),
)
