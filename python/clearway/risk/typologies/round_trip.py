"""Round-tripping."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)
from clearway.risk.typologies.sources import AMLSIM, FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=6,
    code="laundering.round_trip",
    name="Round-tripping",
    side="payer",
    sources=(
        FFIEC_MANUAL.says(
            "funds go from one bank to another and back to the first",
            at="Appendix F, Other Unusual or Suspicious Customer Activity",
        ),
        AMLSIM.says("cycle: the money comes back to where it started"),
    ),
    why="The money comes back to where it started by way of two other accounts.",
    advice="Draw the circle, and ask for the contract behind each of its payments.",
    conditions=(
        between("cycle", 3, 3, "between two it may be a loan paid back"),
        between("amount_of_got_1d", 0.4, 0.8, "about as much as just came: the same money"),
        yes("payee_new", "suppliers who buy from each other have paid each other before"),
        at_least("amount_log", eur(1_000), "friends go round with smaller sums"),
        at_least(
            "payer_surge", 0.5, "half of the month's money or more: a treasurer does it every week"
        ),
    ),
)
