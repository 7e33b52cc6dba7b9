"""Card testing."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)
from clearway.risk.typologies.sources import EUROPOL_ONLINE_FRAUD, VISA_ACQUIRERS

TYPOLOGY: Final = Typology(
    bit=29,
    code="fraud.card_testing",
    name="Card testing",
    side="payee",
    sources=(
        EUROPOL_ONLINE_FRAUD.says(
            "series of attempts that show which stolen numbers can be used", at="key terms, carding"
        ),
        VISA_ACQUIRERS.lists("chapter 5, Account Testing"),
    ),
    why="Within the hour many accounts that never paid there each pay a trifle.",
    advice="Block the merchant's small amounts, and watch the accounts that passed.",
    conditions=(
        at_least("payee_trifles_1d", 6, "more trifles than the merchant ever sees in an hour"),
        at_least("payee_count_1h", 5, "within the hour"),
        at_least("payee_new_share", 0.6, "from accounts that never bought there"),
        yes("payee_new", "as this one"),
        between("amount_log", eur(0.01), eur(5), "a trifle, which nobody notices"),
        at_least(
            "payee_rush",
            4.0,
            "sixteen times the merchant's usual pace: a vending machine is always busy",
        ),
    ),
)
