"""One large in, many small out."""

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
    bit=10,
    code="laundering.one_in_many_out",
    name="One large in, many small out",
    side="payer",
    sources=(
        FFIEC_MANUAL.says(
            "unusually many and various beneficiaries are paid by one company",
            at="Appendix F, Shell Company Activity",
        ),
        AMLSIM.says("fan-out: a large amount is distributed to many accounts"),
    ),
    why="One large payment comes, and leaves in many parts to new payees within the day.",
    advice="Find out where the large payment came from; the parts show where it goes.",
    conditions=(
        at_least("payer_new_1d", 3.5, "four or more new payees within hours"),
        between("payer_got_count_1d", 0.2, 1.6, "it came at once"),
        at_least(
            "payer_got_sum_1d", eur(2_000), "a wage of this size goes to payees that are known"
        ),
        between("amount_of_got_1d", 0.02, 0.3, "each part is small beside it"),
        at_least(
            "payer_surge",
            0.5,
            "half of the month's money or more: a business pays like this every day",
        ),
        yes("payee_new", "the next part goes to another one"),
    ),
)
