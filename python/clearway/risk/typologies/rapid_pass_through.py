"""Rapid pass-through."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    hours,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=5,
    code="laundering.rapid_pass_through",
    name="Rapid pass-through",
    side="payer",
    sources=(
        FATF_CYBER_FRAUD.says(
            "large sums leave at once after they came, and empty the account",
            at="Annex A, transaction patterns",
        ),
        FFIEC_MANUAL.says(
            "what comes in is wired on almost immediately", at="Appendix F, Funds Transfers"
        ),
    ),
    why=(
        "What the account got from a stranger within the hour goes on nearly whole to somebody it "
        "never paid."
    ),
    advice="Find out whose money it was before; ask the account's owner what it was paid for.",
    conditions=(
        between(
            "payer_got_idle",
            hours(0),
            hours(1),
            "most mules forward within the hour, before the victim notices",
        ),
        between(
            "amount_of_got_1h", 0.41, 0.75, "70 % or more of what came: the rest is the mule's wage"
        ),
        yes("payee_new", "wages moved to savings go to a payee that is known"),
        at_least("payer_got_new_1d", 0.5, "an employer is no stranger"),
        at_least("amount_log", eur(500), "below it friends settle a dinner"),
    ),
)
