"""Layering in round sums."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
)

TYPOLOGY: Final = Typology(
    bit=15,
    code="laundering.round_layering",
    name="Layering in round sums",
    side="payer",
    source=(
        "FFIEC, BSA/AML Examination Manual (2014), Appendix F: Money Laundering and Terrorist "
        "Financing Red Flags (many transfers in large, round amounts)"
    ),
    why="The account passes on what it gets, in whole thousands, again and again.",
    advice="Ask for what was paid: invoices are rarely round.",
    conditions=(
        at_least("payer_rounds_7d", 2.5, "the fourth round sum or so within days"),
        between("amount_round", 3, 3, "whole thousands"),
        at_least("payer_passed_share", 0.3, "it keeps little of what it gets longer than an hour"),
        between("payer_got_idle", days(0), days(1), "it has just got some"),
    ),
)
