"""Dormant account wakes up."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_TERRORISM, FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=7,
    code="laundering.dormant_wake_up",
    name="Dormant account wakes up",
    side="payer",
    sources=(
        FATF_TERRORISM.says(
            "a dormant account with little on it suddenly gets deposits, and is emptied",
            at="Annex 1, accounts",
        ),
        FFIEC_MANUAL.says(
            "little activity, and suddenly large deposits and withdrawals",
            at="Appendix F, Other Unusual or Suspicious Customer Activity",
        ),
    ),
    why="An account that had been silent for months gets money and sends it away at once.",
    advice="Check whether it is still its owner who acts: telephone, device, address.",
    conditions=(
        at_least(
            "payer_idle", days(90), "a quarter of a year; quieter accounts are common below it"
        ),
        between("payer_got_idle", days(0), days(2), "the money has only just come"),
        at_least("amount_of_got_1d", 0.3, "most of it leaves"),
        yes("payee_new", "to somebody it never paid"),
        at_least("amount_log", eur(500), "less is an owner who came back"),
    ),
)
