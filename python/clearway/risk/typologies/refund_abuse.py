"""Refund abuse."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)
from clearway.risk.typologies.sources import MRC_SURVEY

TYPOLOGY: Final = Typology(
    bit=32,
    code="fraud.refund_abuse",
    name="Refund abuse",
    side="payee",
    sources=(MRC_SURVEY.says("abuse of refunds is the fraud that merchants name first"),),
    why="A customer is paid back again and again by merchants that sell to many.",
    advice="Compare what was sent back with what was refunded, merchant by merchant.",
    conditions=(
        at_least("payee_refunds_30d", 3.5, "the fifth within a month"),
        yes("pair_reverse", "by somebody whom the customer had paid"),
        at_least("payer_got_count_1d", 4, "a merchant who sells to many, not a friend"),
        at_least("amount_log", eur(40), "a purchase"),
    ),
)
