"""Tested, then used."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    events,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, MASTERCARD_TESTING

TYPOLOGY: Final = Typology(
    bit=30,
    code="fraud.tested_then_used",
    name="Tested, then used",
    side="payer",
    sources=(
        MASTERCARD_TESTING.says(
            "numbers are validated by small authorizations before they are used for larger frauds"
        ),
        FATF_CYBER_FRAUD.says("small payments as tests before larger ones", at="section 2.3"),
    ),
    why="After a trifle somewhere new, a large sum goes to somebody new within the day.",
    advice="Ask the owner about the trifle: they will not know it.",
    conditions=(
        at_least("payer_trifles_1d", 0.5, "a trifle within hours"),
        at_least("payer_new_1d", 0.5, "to somebody new"),
        yes("payee_new", "and now to somebody else"),
        at_least("amount_deviation", 2.5, "rare among this owner's amounts"),
        at_least("payer_sent_n", events(10), "before ten payments nobody knows what is usual"),
        at_least("amount_log", eur(200), "worth the trial"),
    ),
)
