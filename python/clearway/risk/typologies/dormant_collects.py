"""Dormant account collects."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=8,
    code="laundering.dormant_collects",
    name="Dormant account collects",
    side="payee",
    sources=(
        FFIEC_MANUAL.says(
            "an account with little activity suddenly has large deposits",
            at="Appendix F, Other Unusual or Suspicious Customer Activity",
        ),
    ),
    why=(
        "An account that neither got nor sent anything for months gets a large sum from a stranger."
    ),
    advice="See what leaves next; ask the payer what it was for.",
    conditions=(
        at_least(
            "payee_sent_idle",
            days(90),
            "a savings account is fed, not emptied, so both have to be silent",
        ),
        at_least("payee_idle", days(90), "a quarter of a year"),
        yes("payee_new", "a parent who saves for a child has paid before"),
        at_least("amount_log", eur(2_000), "less is a birthday"),
    ),
)
