"""Layering in round sums."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
)
from clearway.risk.typologies.sources import FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=15,
    code="laundering.round_layering",
    name="Layering in round sums",
    side="payer",
    sources=(
        FFIEC_MANUAL.says(
            "many transfers in large amounts of whole hundreds or thousands",
            at="Appendix F, Funds Transfers",
        ),
    ),
    why="The account passes on what it gets, in whole thousands, again and again.",
    advice="Ask for what was paid: invoices are rarely round.",
    conditions=(
        at_least("payer_rounds_7d", 2.5, "the fourth round sum or so within days"),
        between("amount_round", 3, 3, "whole thousands"),
        at_least("payer_passed_share", 0.3, "it keeps little of what it gets longer than an hour"),
        between("payer_got_idle", days(0), days(1), "it has just got some"),
        between("payer_count_1h", 0, 2, "programs that pay programs do so by the minute"),
    ),
)
