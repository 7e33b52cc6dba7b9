"""Safe-account scam."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    events,
)
from clearway.risk.typologies.sources import UK_FINANCE_2020, UK_FINANCE_2024

TYPOLOGY: Final = Typology(
    bit=24,
    code="fraud.account_drained",
    name="Safe-account scam",
    side="payer",
    sources=(
        UK_FINANCE_2020.says("victims are told that their money has to go to a safe account"),
        UK_FINANCE_2024.says("criminals who pose as bank or police, and a safe account"),
    ),
    why=(
        "Within the hour, the account sends sum after sum to somebody new: most of all that it "
        "sent in the month."
    ),
    advice=(
        "Call the owner, who may still be on the telephone with the impostor; ask who told them to "
        "pay."
    ),
    conditions=(
        at_least("payer_sum_1h", eur(400), "this is not the first large sum within the hour"),
        at_least("payer_surge", 0.7, "most of what it sent in 30 days, today"),
        at_least("payer_new_1d", 0.7, "to payees that it never paid"),
        at_least("payer_sent_n", events(20), "an owner with habits"),
        at_least("amount_log", eur(500), "and this is one more"),
        between(
            "payer_count_5m", 0, 1, "a person on the telephone needs minutes; a program does not"
        ),
    ),
)
