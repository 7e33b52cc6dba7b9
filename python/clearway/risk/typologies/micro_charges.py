"""Micro-charges."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
)
from clearway.risk.typologies.sources import FTC_API_TRADE

TYPOLOGY: Final = Typology(
    bit=33,
    code="fraud.micro_charges",
    name="Micro-charges",
    side="payee",
    sources=(
        FTC_API_TRADE.says(
            "charges below 10 USD on more than a million cards, too small to be noticed"
        ),
    ),
    why="A young payee takes the same trifle from many people who never paid it.",
    advice="Look the merchant up; ask some payers whether they know what they bought.",
    conditions=(
        at_least("payee_same_1d", 8, "the same trifle again and again"),
        at_least("payee_trifles_1d", 10, "all of them small enough to be overlooked"),
        at_least("payee_new_share", 0.6, "from people who never paid it"),
        between("payee_age", days(0), days(60), "opened for it: a car park's machine is old"),
        between("amount_log", eur(0.01), eur(5), "and this is one more"),
        at_least("payee_count_1h", 4, "within the hour: a collection takes days"),
    ),
)
