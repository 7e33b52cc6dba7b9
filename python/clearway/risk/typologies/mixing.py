"""Mixing in equal parts."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_VIRTUAL_ASSETS

TYPOLOGY: Final = Typology(
    bit=14,
    code="laundering.mixing",
    name="Mixing in equal parts",
    side="payer",
    sources=(
        FATF_VIRTUAL_ASSETS.says(
            "mixing and tumbling services", at="indicators related to anonymity"
        ),
    ),
    why="Soon after money came, it leaves in exactly equal parts to payees that are all new.",
    advice="Group what left by amount: who gets the same sum at the same time is one party.",
    conditions=(
        at_least("payer_same_1d", 1.8, "the third part or later of the same amount"),
        at_least("payer_new_1d", 1.8, "each to another payee"),
        between(
            "payer_got_idle", days(0), days(2), "who pays equal wages has not just got the money"
        ),
        between("amount_of_got_1d", 0.02, 0.5, "each is a part of what came"),
        at_least(
            "payer_surge",
            0.5,
            "half of the month's money or more: a business pays like this every day",
        ),
        yes("payee_new", "a payroll's payees are known"),
        at_least("amount_log", eur(50), "equal small prices are shops"),
    ),
)
