"""Bust-out."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    days,
    events,
    times,
    yes,
)
from clearway.risk.typologies.sources import FED_SYNTHETIC

TYPOLOGY: Final = Typology(
    bit=31,
    code="fraud.bust_out",
    name="Bust-out",
    side="payer",
    sources=(
        FED_SYNTHETIC.says("credit is built up, then used up at once, and nobody is there to pay"),
    ),
    why=(
        "After months of quiet life, the account spends in a day what it spent in the month, at "
        "many new places."
    ),
    advice="Check whether the person exists; credit that was granted meanwhile is at risk.",
    conditions=(
        at_least("payer_new_1d", 3.5, "many new payees within hours"),
        at_least("payer_surge", 0.75, "the month's spending in a day"),
        at_least("payer_age", days(60), "after a time of quiet life"),
        at_least("payer_sent_n", events(15), "with a history that looks good"),
        at_least("amount_over_usual", times(3), "in sums that are not its own"),
        yes("payee_new", "another one again"),
    ),
)
